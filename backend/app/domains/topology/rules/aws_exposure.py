"""AWS: machines, interfaces, balancers and databases in networks."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.aws_network import door_of_subnet, group_flows, guarded_by, names_group
from app.domains.topology.rules.estate import Estate, Resource, dig, each, texts
from app.domains.topology.rules.exposure import Chain, ChainStep, Exposure, everywhere, explains
from app.domains.topology.rules.traffic import Flow

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
_TRANSPORT = {"UDP": ("udp",), "TCP_UDP": ("tcp", "udp"), "QUIC": ("udp",), "TCP_QUIC": ("tcp", "udp")}


@explains("AWS::EC2::Instance")
def explain_instance(resource: Resource, estate: Estate) -> Exposure:
    """By public addresses of its interfaces, and through balancers that target it."""
    found = Exposure()
    if resource.status == "terminated":
        return found
    for interface in each({"all": found.read(resource, "NetworkInterfaces")}, "all"):
        _through_interface(resource, interface, estate, found)
    private = [
        str(one.get("PrivateIpAddress"))
        for interface in each(resource.properties, "NetworkInterfaces")
        for one in each(interface, "PrivateIpAddresses") or [interface]
    ]
    group_ids = [
        str(group.get("GroupId"))
        for interface in each(resource.properties, "NetworkInterfaces")
        for group in each(interface, "Groups")
    ]
    ids = {str(resource.properties.get("InstanceId")), *private}
    _through_balancers(resource, ids, list(dict.fromkeys(group_ids)), estate, found)
    return found


@explains("AWS::EC2::NetworkInterface")
def explain_interface(resource: Resource, estate: Estate) -> Exposure:
    """By its public addresses."""
    found = Exposure()
    found.read(resource, "Groups")
    _through_interface(resource, resource.properties, estate, found)
    return found


def _through_interface(target: Resource, interface: Mapping[str, Any], estate: Estate, found: Exposure) -> None:
    v4 = [
        str(address)
        for one in [interface, *each(interface, "PrivateIpAddresses")]
        if (address := dig(one, "Association", "PublicIp"))
    ]
    v6 = [str(one.get("Ipv6Address")) for one in each(interface, "Ipv6Addresses")]
    v6 = [address for address in v6 if traffic.addresses([address]).v6 & traffic.INTERNET.v6]
    if not v4 and not v6:
        return
    door = door_of_subnet(str(interface.get("SubnetId")), target, estate, found)
    if door is None:
        return
    let_in, guards = guarded_by([str(group.get("GroupId")) for group in each(interface, "Groups")], estate, found)
    families = [family for family, there in ((4, v4), (6, v6)) if there]
    flows = traffic.from_internet(traffic.both(door.flows, let_in), families)
    address = ChainStep(
        kind="address",
        resource=estate.get(dig(interface, "Association", "AllocationId")),
        detail=f"Public address {', '.join(dict.fromkeys([*v4, *v6]))}",
    )
    end = ChainStep(kind="target", resource=target, detail=target.name or target.native_id)
    found.add([address, *door.steps, *guards, end], flows)


def _through_balancers(
    target: Resource, ids: set[str], group_ids: Sequence[str], estate: Estate, found: Exposure
) -> None:
    groups = estate.listing(TARGET_GROUP, target.account, target.region)
    if not groups.complete:
        found.doubt(f"Target groups of {target.region} were not all read.")
    for group in groups.resources:
        health = each({"all": found.read(group, "TargetHealthDescriptions")}, "all")
        matching = [one for one in health if dig(one, "Target", "Id") in ids]
        for balancer_id in texts(group.properties.get("LoadBalancerArns")) if matching else ():
            balancer = estate.get(balancer_id)
            if balancer is None:
                found.doubt(f"The load balancer {balancer_id} was not read.")
                continue
            ports = {int(dig(one, "Target", "Port") or group.properties.get("Port") or 0) for one in matching}
            if group_ids and not any(_admits(group_ids, balancer, port, estate) for port in ports):
                continue
            reached = explain_balancer(balancer, estate, only_group=group.native_id)
            for reason in reached.unknown:
                found.doubt(reason)
            for chain in reached.chains:
                end = ChainStep(kind="target", resource=target, detail=f"Target of {group.name}")
                found.add([*chain.steps, ChainStep(kind="target", resource=group, detail=group.name), end], chain.flows)


def _admits(group_ids: Sequence[str], balancer: Resource, port: int, estate: Estate) -> bool:
    """Whether the target's security groups let the balancer in: by its groups, its subnets, or everybody."""
    if names_group(group_ids, texts(balancer.properties.get("SecurityGroups")), port, estate):
        return True
    subnets = [estate.get(str(zone.get("SubnetId"))) for zone in each(balancer.properties, "AvailabilityZones")]
    near = traffic.addresses(
        [str(subnet.properties.get("CidrBlock")) for subnet in subnets if subnet and subnet.properties.get("CidrBlock")]
    )
    keeps_client = balancer.properties.get("Type") == "network"
    for group_id in group_ids:
        group = estate.get(group_id)
        let_in = group_flows(each(group.properties, "IpPermissions")) if group else []
        for flow in traffic.on_ports(let_in, "tcp", port, port):
            if flow.sources.v4 & near.v4 or (keeps_client and traffic.from_internet([flow])):
                return True
    return False


@explains(BALANCER)
def explain_balancer(resource: Resource, estate: Estate, only_group: str | None = None) -> Exposure:
    """An internet-facing balancer by its listeners; `only_group`: by those that lead to this target group."""
    found = Exposure()
    properties = resource.properties
    if properties.get("Scheme") != "internet-facing":
        return found
    listeners = estate.listing(LISTENER, resource.account, resource.region)
    if not listeners.complete:
        found.doubt(f"Listeners of {resource.region} were not all read.")
    own = [one for one in listeners.resources if one.properties.get("LoadBalancerArn") == resource.native_id]
    leading = [one for one in own if _leads_to(one, only_group)] if only_group else own
    # Rules of a listener besides its default are not listed: a group that no default names is led to by one of them.
    listening = leading or own
    group_ids = texts(properties.get("SecurityGroups"))
    dual = str(properties.get("IpAddressType", "ipv4")).startswith("dualstack")
    for zone in each(properties, "AvailabilityZones"):
        door = door_of_subnet(str(zone.get("SubnetId")), resource, estate, found)
        if door is None:
            continue
        let_in, guards = guarded_by(group_ids, estate, found) if group_ids else (list(door.flows), [])
        behind = traffic.from_internet(traffic.both(door.flows, let_in), (4, 6) if dual else (4,))
        for listener in listening:
            flows = traffic.both(behind, _listener_flows(listener))
            found.add(
                [
                    ChainStep(
                        kind="address", resource=resource, detail=str(properties.get("DNSName") or resource.name)
                    ),
                    *door.steps,
                    *guards,
                    ChainStep(kind="listener", resource=listener, detail=listener.name),
                ],
                flows,
            )
    _keep_one_each(found)
    return found


def _keep_one_each(found: Exposure) -> None:
    """One chain a listener is evidence enough: the zones differ by their subnet only."""
    by_listener: dict[str, Chain] = {}
    for chain in found.chains:
        listener = chain.steps[-1].resource
        known = by_listener.setdefault(listener.native_id if listener else "", chain)
        if len(chain.cidrs) < len(known.cidrs):
            by_listener[listener.native_id if listener else ""] = chain
    found.chains = list(by_listener.values())


def _leads_to(listener: Resource, group: str) -> bool:
    for action in each(listener.properties, "DefaultActions"):
        named = [action.get("TargetGroupArn")]
        named += [one.get("TargetGroupArn") for one in each(action, "ForwardConfig", "TargetGroups")]
        if group in named:
            return True
    return False


def _listener_flows(listener: Resource) -> list[Flow]:
    port = listener.properties.get("Port")
    if not isinstance(port, int):
        return []
    protocols = _TRANSPORT.get(str(listener.properties.get("Protocol")), ("tcp",))
    return [everywhere(protocol, port, label=listener.name) for protocol in protocols]


@explains("AWS::RDS::DBInstance")
def explain_database(resource: Resource, estate: Estate) -> Exposure:
    """A database that asks for a public address, in a subnet with a way out, by its groups on its port."""
    found = Exposure()
    properties = resource.properties
    if not found.read(resource, "PubliclyAccessible"):
        return found
    port = dig(properties, "Endpoint", "Port") or properties.get("DbInstancePort")
    group_ids = [str(one.get("VpcSecurityGroupId")) for one in each(properties, "VpcSecurityGroups")]
    let_in, guards = guarded_by(group_ids, estate, found)
    if isinstance(port, int) and port > 0:
        let_in = traffic.on_ports(let_in, "tcp", port, port)
    for subnet in each(properties, "DBSubnetGroup", "Subnets"):
        door = door_of_subnet(str(subnet.get("SubnetIdentifier")), resource, estate, found)
        if door is None:
            continue
        flows = traffic.from_internet(traffic.both(door.flows, let_in), (4,))
        address = str(dig(properties, "Endpoint", "Address") or resource.name)
        end = ChainStep(kind="target", resource=resource, detail=resource.name)
        first = ChainStep(kind="address", resource=resource, detail=f"Publicly accessible at {address}")
        found.add([first, *door.steps, *guards, end], flows)
    if len(found.chains) > 1:  # its subnets differ by name only
        found.chains = [min(found.chains, key=lambda chain: len(chain.cidrs))]
    return found
