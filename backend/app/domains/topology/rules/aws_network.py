"""AWS networks: routes to an internet gateway, network ACLs in rule order, security groups.

Shapes are those of EC2's DescribeRouteTables, DescribeNetworkAcls and DescribeSecurityGroups.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Resource, dig, each, texts
from app.domains.topology.rules.exposure import ChainStep, Exposure
from app.domains.topology.rules.traffic import Addresses, Flow, IntervalSet, Rule

ROUTE_TABLE, NETWORK_ACL = "AWS::EC2::RouteTable", "AWS::EC2::NetworkAcl"
EPHEMERAL = (1_024, traffic.MAX_PORT)  # ports that answers go to
_RANGES = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"))


@dataclass(frozen=True, kw_only=True)
class Door:
    """What gets into a subnet from outside of its network, and by which evidence."""

    flows: Sequence[Flow]
    steps: Sequence[ChainStep]


def door_of_subnet(subnet_id: str, place: Resource, estate: Estate, found: Exposure) -> Door | None:
    """Routes and network ACL of a subnet in the account and region of `place`; None where nothing gets in."""
    subnet = estate.get(subnet_id)
    if subnet is None:
        found.doubt(f"The subnet {subnet_id} was not read.")
        return None
    vpc_id = dig(subnet.properties, "VpcId")
    table = _of_subnet(ROUTE_TABLE, subnet_id, vpc_id, subnet, estate)
    acl = _of_subnet(NETWORK_ACL, subnet_id, vpc_id, subnet, estate)
    if table is None:
        found.doubt(f"The route table of {subnet_id} was not read.")
        return None
    routed, route_text = _routed_to_internet(each(table.properties, "Routes"))
    if not (routed.v4 or routed.v6):
        return None
    if acl is None:
        found.doubt(f"The network ACL of {subnet_id} was not read.")
        return None
    flows = acl_flows(each(acl.properties, "Entries"), within=routed)
    if not flows:
        return None
    rules = dict.fromkeys(label for flow in flows for label in flow.rules)
    return Door(
        flows=flows,
        steps=[
            ChainStep(kind="route", resource=table, detail=route_text),
            ChainStep(kind="firewall_rule", resource=acl, detail=f"Allowed by {', '.join(rules)}"),
        ],
    )


def _of_subnet(native_type: str, subnet_id: str, vpc_id: Any, place: Resource, estate: Estate) -> Resource | None:
    """The route table or ACL that is associated with the subnet, else the network's own."""
    listing = estate.listing(native_type, place.account, place.region)
    of_network: Resource | None = None
    for resource in listing.resources:
        associations = each(resource.properties, "Associations")
        if any(one.get("SubnetId") == subnet_id for one in associations):
            return resource
        is_default = resource.properties.get("IsDefault") or any(one.get("Main") for one in associations)
        if is_default and resource.properties.get("VpcId") == vpc_id:
            of_network = resource
    # Where some could not be read, one of them may be associated with the subnet.
    return of_network if listing.complete else None


def _routed_to_internet(routes: Iterable[Mapping[str, Any]]) -> tuple[Addresses, str]:
    """The addresses to which answers leave through an internet gateway: the longest prefix decides."""
    by_family: dict[int, IntervalSet] = {}
    gateways: dict[str, None] = {}
    for family, key in ((4, "DestinationCidrBlock"), (6, "DestinationIpv6CidrBlock")):
        prefixes: list[tuple[int, IntervalSet, Mapping[str, Any]]] = []
        for route in routes:
            try:
                network = ip_network(str(route.get(key)), strict=False)
            except ValueError:
                continue
            span = IntervalSet([(int(network.network_address), int(network.broadcast_address))])
            prefixes.append((network.prefixlen, span, route))
        decided, out = traffic.NOTHING, traffic.NOTHING
        for _, span, route in sorted(prefixes, key=lambda one: -one[0]):
            gateway = str(route.get("GatewayId") or "")
            if gateway.startswith("igw-") and route.get("State") != "blackhole":
                out |= span - decided
                gateways[f"{route[key]} to {gateway}"] = None
            decided |= span
        by_family[family] = out
    return Addresses(by_family[4], by_family[6]), ", ".join(gateways)


def acl_flows(entries: Sequence[Mapping[str, Any]], *, within: Addresses = traffic.ANYWHERE) -> list[Flow]:
    """What gets in by an ACL and gets its answers out: ACLs keep no state, so both directions count."""
    inward = traffic.evaluate(_acl_rules(entries, egress=False), within=within)
    outward = traffic.evaluate(_acl_rules(entries, egress=True))
    made: list[Flow] = []
    for flow in inward:
        if flow.protocol in ("tcp", "udp"):
            answers = traffic.all_sources(traffic.on_ports(outward, flow.protocol, *EPHEMERAL))
        else:
            answers = traffic.all_sources(one for one in outward if one.protocol == flow.protocol)
        sources = Addresses(flow.sources.v4 & answers.v4, flow.sources.v6 & answers.v6)
        if sources.v4 or sources.v6:
            made.append(flow._replace(sources=sources))
    return made


def _acl_rules(entries: Sequence[Mapping[str, Any]], *, egress: bool) -> list[Rule]:
    wanted = [entry for entry in entries if bool(entry.get("Egress")) is egress]
    made: list[Rule] = []
    for entry in sorted(wanted, key=lambda entry: int(entry.get("RuleNumber") or 0)):
        protocol = traffic.protocol_name(entry.get("Protocol", "-1"))
        ports = dig(entry, "PortRange")
        limits = ((int(ports.get("From", 0)), int(ports.get("To", traffic.MAX_PORT))),) if ports else traffic.ALL_PORTS
        made.append(
            Rule(
                allow=entry.get("RuleAction") == "allow",
                sources=traffic.addresses(texts([entry.get("CidrBlock"), entry.get("Ipv6CidrBlock")])),
                protocols=None if protocol is None else frozenset({protocol}),
                ports=limits if protocol in ("tcp", "udp") else traffic.ALL_PORTS,
                label=f"rule {entry.get('RuleNumber')}",
            )
        )
    return made


def group_flows(permissions: Iterable[Mapping[str, Any]], label: str = "") -> list[Flow]:
    """What a security group's IpPermissions let in by address; rules that name other groups let in no address."""
    rules: list[Rule] = []
    for permission in permissions:
        ranges = [text for name, key in _RANGES for one in each(permission, name) for text in texts(one.get(key))]
        protocol = traffic.protocol_name(permission.get("IpProtocol", "-1"))
        ports = _ports(permission) if protocol in ("tcp", "udp") else traffic.ALL_PORTS
        rules.append(
            Rule(
                allow=True,
                sources=traffic.addresses(ranges),
                protocols=None if protocol is None else frozenset({protocol}),
                ports=ports,
                label=label,
            )
        )
    return traffic.evaluate(rules)


def _ports(permission: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if not isinstance(low, int) or not isinstance(high, int) or low < 0:
        return traffic.ALL_PORTS
    return ((low, high),)


def guarded_by(group_ids: Sequence[str], estate: Estate, found: Exposure) -> tuple[list[Flow], list[ChainStep]]:
    """What several security groups let in together, and the groups that do."""
    flows: list[Flow] = []
    steps: list[ChainStep] = []
    for group_id in group_ids:
        group = estate.get(group_id)
        if group is None:
            found.doubt(f"The security group {group_id} was not read.")
            continue
        permissions = each({"IpPermissions": found.read(group, "IpPermissions")}, "IpPermissions")
        if any(each(permission, "PrefixListIds") for permission in permissions):
            found.doubt(f"{group_id} names prefix lists, whose addresses are not read.")
        let_in = traffic.from_internet(group_flows(permissions, group_id))
        if let_in:
            flows += let_in
            detail = f"Lets in {traffic.port_text(traffic.port_ranges(let_in))}"
            steps.append(ChainStep(kind="firewall_rule", resource=group, detail=detail))
    return flows, steps


def names_group(group_ids: Sequence[str], named: Sequence[str], port: int, estate: Estate) -> bool:
    """Whether one of these groups lets in one of the `named` groups on a TCP port."""
    for group_id in group_ids:
        group = estate.get(group_id)
        for permission in each(group.properties, "IpPermissions") if group else ():
            protocol = traffic.protocol_name(permission.get("IpProtocol", "-1"))
            if protocol not in (None, "tcp") or (protocol and not _has_port(permission, port)):
                continue
            if {pair.get("GroupId") for pair in each(permission, "UserIdGroupPairs")} & set(named):
                return True
    return False


def _has_port(permission: Mapping[str, Any], port: int) -> bool:
    return any(low <= port <= high for low, high in _ports(permission))
