"""Google Cloud: machines and forwarding rules, by routes, firewall rules in order of priority and firewall policies.

Shapes are those of the Compute Engine API v1, as Cloud Asset Inventory gives them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Resource, dig, each, texts
from app.domains.topology.rules.exposure import ChainStep, Exposure, explains
from app.domains.topology.rules.gcp_balancers import Way, full_name, parse_ports, project_of, ways_to
from app.domains.topology.rules.traffic import Addresses, Flow, Rule

FIREWALL, ROUTE = "compute.googleapis.com/Firewall", "compute.googleapis.com/Route"
POLICIES = ("compute.googleapis.com/FirewallPolicy", "compute.googleapis.com/NetworkFirewallPolicy")
# Cloud Load Balancing, "Firewall rules": where global proxies and health checks come from.
PROXIES = traffic.addresses(("35.191.0.0/16", "130.211.0.0/22", "2600:2d00:1:b029::/64", "2600:2d00:1:1::/64"))
_OPAQUE = ("srcAddressGroups", "srcFqdns", "srcRegionCodes", "srcThreatIntelligences", "srcSecureTags")


@explains("compute.googleapis.com/Instance")
def explain_instance(resource: Resource, estate: Estate) -> Exposure:
    """By external addresses of its interfaces, and through what balances to the first of them."""
    found = Exposure()
    for number, interface in enumerate(each({"all": found.read(resource, "networkInterfaces")}, "all")):
        v4 = [str(one["natIP"]) for one in each(interface, "accessConfigs") if one.get("natIP")]
        v6 = [str(one["externalIpv6"]) for one in each(interface, "ipv6AccessConfigs") if one.get("externalIpv6")]
        ways = ways_to(resource, estate, found) if number == 0 else []
        if not v4 and not v6 and not ways:
            continue
        network = full_name(interface.get("network"))
        tags = texts(dig(resource.properties, "tags", "items"))
        routed, route = _routed(network, tags, estate, found)
        stages, evidence = _stages(resource, interface, network, tags, estate, found)
        if not (routed.v4 or routed.v6) or not estate.listing(FIREWALL, project_of(network)).complete:
            continue  # a rule that was not read may refuse before one that allows
        let_in = traffic.evaluate_stages(stages, within=routed)
        flows = traffic.from_internet(let_in, [family for family, there in ((4, v4), (6, v6)) if there])
        end = ChainStep(kind="target", resource=resource, detail=resource.name)
        out = ChainStep(kind="route", resource=route, detail="To the default internet gateway")
        address = ChainStep(kind="address", detail=f"External address {', '.join([*v4, *v6])}")
        found.add([address, out, *_allowing(flows, evidence), end], flows)
        for way in ways:
            flows = _behind(way, resource, let_in, stages, found)
            found.add([*way.steps, *([out] if way.keeps_client else []), *_allowing(flows, evidence), end], flows)
    return found


def _allowing(flows: Iterable[Flow], evidence: Mapping[str, Resource]) -> list[ChainStep]:
    named = dict.fromkeys(label for flow in flows for label in flow.rules)
    return [
        ChainStep(kind="firewall_rule", resource=evidence.get(label), detail=f"Allowed by {label}") for label in named
    ]


def _behind(
    way: Way, resource: Resource, let_in: Sequence[Flow], stages: Sequence[Sequence[Rule]], found: Exposure
) -> list[Flow]:
    """What a balancer's clients get to: their own packets, or what a proxy that the machine lets in asks for them."""
    if way.keeps_client:
        return traffic.both(way.flows, traffic.from_internet(let_in))
    if way.is_regional:  # its proxies are in a subnet of the network that is set aside for them
        found.doubt(f"Whether {resource.name} lets in the proxies of {way.name} is not read.")
        return []
    asked = traffic.evaluate_stages(stages, within=PROXIES)
    rules = tuple(dict.fromkeys(label for flow in asked if flow.protocol == "tcp" for label in flow.rules))
    return [flow._replace(rules=rules) for flow in way.flows] if rules else []


def _routed(network: str, tags: Sequence[str], estate: Estate, found: Exposure) -> tuple[Addresses, Resource | None]:
    """The addresses to which answers leave through the default internet gateway: longest prefix, then priority."""
    listing = estate.listing(ROUTE, project_of(network))
    candidates: list[tuple[int, int, Addresses, Resource]] = []
    for route in listing.resources:
        properties = route.properties
        if full_name(properties.get("network")) != network:
            continue
        if texts(properties.get("tags")) and not set(texts(properties.get("tags"))) & set(tags):
            continue
        destination = str(properties.get("destRange"))
        prefix = (
            int(destination.partition("/")[2] or 32)
            if destination.partition("/")[2].isdigit() or "/" not in destination
            else 0
        )
        priority = properties.get("priority")
        candidates.append(
            (prefix, 1000 if priority is None else int(priority), traffic.addresses([destination]), route)
        )
    if not listing.complete:
        found.doubt(f"Routes of {project_of(network)} were not all read.")
        return Addresses(), None
    decided, out = Addresses(), Addresses()
    through: Resource | None = None
    for _, _, span, route in sorted(candidates, key=lambda one: (-one[0], one[1])):
        if str(route.properties.get("nextHopGateway") or "").endswith("default-internet-gateway"):
            out = Addresses(out.v4 | (span.v4 - decided.v4), out.v6 | (span.v6 - decided.v6))
            through = route
        decided = Addresses(decided.v4 | span.v4, decided.v6 | span.v6)
    return out, through


def _stages(
    resource: Resource,
    interface: Mapping[str, Any],
    network: str,
    tags: Sequence[str],
    estate: Estate,
    found: Exposure,
) -> tuple[list[list[Rule]], dict[str, Resource]]:
    """The firewalls a packet asks in turn, and the resource behind each rule's label."""
    project, evidence = project_of(network), dict[str, Resource]()
    accounts = {str(one.get("email")) for one in each(resource.properties, "serviceAccounts")}
    listing = estate.listing(FIREWALL, project)
    if not listing.complete:
        found.doubt(f"Firewall rules of {project} were not all read.")
    classic: list[tuple[int, bool, Rule]] = []
    for firewall in listing.resources:
        if full_name(firewall.properties.get("network")) != network:
            continue
        rule = _firewall_rule(firewall, tags, accounts, str(interface.get("networkIP") or ""))
        for one in rule:
            classic.append((_priority(firewall.properties), one.allow, one))
            evidence[one.label] = firewall
    # Of equal priority, the one that denies wins.
    rules = [rule for _, _, rule in sorted(classic, key=lambda one: (one[0], one[1]))]
    above, beside = _policies(network, project, accounts, estate, found, evidence)
    about = estate.get(network)
    order = dig(about.properties, "networkFirewallPolicyEnforcementOrder") if about else None
    middle = [*beside, rules] if order == "BEFORE_CLASSIC_FIREWALL" else [rules, *beside]
    return [*above, *middle], evidence


def _priority(properties: Mapping[str, Any]) -> int:
    value = properties.get("priority")
    return 1000 if value is None else int(value)


def _firewall_rule(firewall: Resource, tags: Sequence[str], accounts: set[str], address: str) -> list[Rule]:
    """An ingress rule as it applies to one interface; several where it allows and names several protocols."""
    properties = firewall.properties
    if properties.get("disabled") or str(properties.get("direction", "INGRESS")) != "INGRESS":
        return []
    targets, target_accounts = texts(properties.get("targetTags")), texts(properties.get("targetServiceAccounts"))
    if (targets and not set(targets) & set(tags)) or (target_accounts and not set(target_accounts) & accounts):
        return []
    destinations = texts(properties.get("destinationRanges"))
    if destinations and address and not (traffic.addresses(destinations).v4 & traffic.addresses([address]).v4):
        return []
    ranges = texts(properties.get("sourceRanges"))
    by_name = texts(properties.get("sourceTags")) or texts(properties.get("sourceServiceAccounts"))
    sources = traffic.addresses(ranges) if ranges else Addresses() if by_name else traffic.ANYWHERE
    allowed, denied = each(properties, "allowed"), each(properties, "denied")
    return [
        _rule(one.get("IPProtocol"), texts(one.get("ports")), sources, allow=one in allowed, label=firewall.name)
        for one in [*allowed, *denied]
    ]


def _rule(
    protocol: object, ports: Sequence[str], sources: Addresses, *, allow: bool, label: str, passes: bool = False
) -> Rule:
    name = traffic.protocol_name(protocol)
    return Rule(
        allow=allow,
        passes=passes,
        sources=sources,
        protocols=None if name is None else frozenset({name}),
        ports=parse_ports(ports) if name in ("tcp", "udp") else traffic.ALL_PORTS,
        label=label,
    )


def _policies(
    network: str,
    project: str,
    accounts: set[str],
    estate: Estate,
    found: Exposure,
    evidence: dict[str, Resource],
) -> tuple[list[list[Rule]], list[list[Rule]]]:
    """Rules of firewall policies: of the organization and folders, which come first, and of the network."""
    about = estate.get(f"//cloudresourcemanager.googleapis.com/projects/{project}")
    ancestors = texts(about.properties.get("ancestors")) if about else []
    above: list[tuple[bool, list[Rule]]] = []
    beside: list[list[Rule]] = []
    for native_type in POLICIES:
        policies = estate.listing(native_type)
        if not policies.complete:
            found.doubt("Firewall policies were not all read.")
        for policy in policies.resources:
            targets = [str(one.get("attachmentTarget") or "") for one in each(policy.properties, "associations")]
            if any(full_name(target) == network for target in targets if "/networks/" in target):
                beside.append(_policy_rules(policy, network, accounts, found, evidence))
            for target in targets:
                place = "/".join(target.rsplit("/", 2)[-2:])
                if place.startswith(("folders/", "organizations/")) and (not ancestors or place in ancestors):
                    rules = _policy_rules(policy, network, accounts, found, evidence)
                    above.append((place.startswith("folders/"), rules))
    return [rules for _, rules in sorted(above, key=lambda one: one[0])], beside


def _policy_rules(
    policy: Resource, network: str, accounts: set[str], found: Exposure, evidence: dict[str, Resource]
) -> list[Rule]:
    made: list[Rule] = []
    for rule in sorted(each(policy.properties, "rules"), key=_priority):
        if rule.get("disabled") or str(rule.get("direction", "INGRESS")) != "INGRESS":
            continue
        only = [full_name(target) for target in texts(rule.get("targetResources"))]
        to_accounts = texts(rule.get("targetServiceAccounts"))
        if (only and network not in only) or (to_accounts and not set(to_accounts) & accounts):
            continue
        if each(rule, "targetSecureTags"):
            found.doubt(f"{policy.name} has rules for secure tags, which are not read.")
            continue
        match = rule.get("match") or {}
        ranges = texts(match.get("srcIpRanges"))
        opaque = any(match.get(name) for name in _OPAQUE)
        sources = traffic.addresses(ranges) if ranges else Addresses() if opaque else traffic.ANYWHERE
        action, label = str(rule.get("action")), f"{policy.name} rule {_priority(rule)}"
        evidence[label] = policy
        layers = each(match, "layer4Configs") or [{"ipProtocol": "all"}]
        made += [
            _rule(
                layer.get("ipProtocol"),
                texts(layer.get("ports")),
                sources,
                allow=action in ("allow", "apply_security_profile_group"),
                passes=action == "goto_next",
                label=label,
            )
            for layer in layers
        ]
    return made
