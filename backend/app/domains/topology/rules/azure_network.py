"""Azure networks: user-defined and system routes, network security groups in order of priority.

Shapes are those of Microsoft.Network 2024-03-01, as Azure Resource Graph gives them. Sources: learn.microsoft.com,
"Network security groups", "Virtual network service tags", "Virtual network traffic routing".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Resource, arm, dig, each, texts
from app.domains.topology.rules.exposure import ChainStep, Exposure
from app.domains.topology.rules.traffic import Addresses, Flow, Rule

ANY = ("*", "any")
# Tags of Azure's own probes and management: no customer's machine sends from these addresses.
_PLATFORM = ("azureloadbalancer", "gatewaymanager")
EVERYTHING = traffic.evaluate([Rule(allow=True, sources=traffic.ANYWHERE)])
NOBODY = Addresses()


@dataclass(frozen=True, kw_only=True)
class Interface:
    """One IP configuration as firewalls see it. `addresses` are private ones, none where they are not known.

    `id` is the configuration's, in lower case; empty where it stands for those of many machines.
    """

    subnet_id: str
    id: str = ""
    group_id: str = ""
    addresses: Sequence[str] = ()
    application_groups: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Door:
    """What gets to an interface. `doubtful`: what else might, by rules for addresses that are not read."""

    flows: Sequence[Flow] = ()
    doubtful: Sequence[Flow] = ()
    route: ChainStep | None = None
    evidence: Mapping[str, Resource] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def steps(self, flows: Iterable[Flow]) -> list[ChainStep]:
        """The route, and each security group with the rules that let these flows in."""
        named: dict[str, dict[str, None]] = {}
        resources: dict[str, Resource] = {}
        for label in dict.fromkeys(label for flow in flows for label in flow.rules):
            group = self.evidence[label]
            resources[group.native_id] = group
            named.setdefault(group.native_id, {})[label.partition("/")[2]] = None
        made = [] if self.route is None else [self.route]
        for native_id, rules in named.items():
            group = resources[native_id]
            made.append(ChainStep(kind="firewall_rule", resource=group, detail=f"Allowed by {', '.join(rules)}"))
        return made


def application_groups(configuration: Mapping[str, Any]) -> frozenset[str]:
    """The application security groups of an IP configuration's properties, in lower case."""
    return frozenset(ids_of(configuration, "applicationSecurityGroups"))


def ids_of(value: Any, *path: str) -> list[str]:
    """The ids of a list of references, in lower case."""
    return [str(one["id"]).lower() for one in each(value, *path) if one.get("id")]


def owner_of(native_id: str, part: str) -> str:
    """The id before a part of a resource: `…/networkInterfaces/n` of `…/networkInterfaces/n/ipConfigurations/c`."""
    position = native_id.lower().find(f"/{part.lower()}/")
    return native_id[:position] if position > 0 else native_id


def network_of(subnet_id: str) -> str:
    """The network of a subnet, by id."""
    return owner_of(subnet_id, "subnets")


def prefixes_of(subnet: Resource) -> list[str]:
    """The address prefixes of a subnet."""
    inner = arm(subnet)
    return texts(inner.get("addressPrefixes")) or texts(inner.get("addressPrefix"))


def open_door(
    interface: Interface, estate: Estate, found: Exposure, *, is_open_without_group: bool, near: Addresses = NOBODY
) -> Door:
    """Routes, the subnet's security group and the interface's: a packet must pass both.

    `is_open_without_group`: what has no group at all is open, as behind a Basic address; Standard ones are closed.
    `near`: what `VirtualNetwork` stands for; nobody where the question is the internet.
    """
    subnet = estate.get(interface.subnet_id)
    if subnet is None:
        found.doubt(f"The subnet {interface.subnet_id} was not read.")
        return Door()
    routed, route = (traffic.ANYWHERE, None) if near != NOBODY else _routed(subnet, estate, found)
    if not (routed.v4 or routed.v6):
        return Door()
    flows, doubtful = traffic.evaluate([Rule(allow=True, sources=routed)]), None
    evidence: dict[str, Resource] = {}
    tags: dict[str, None] = {}
    group_ids = [str(one) for one in (dig(arm(subnet), "networkSecurityGroup", "id"), interface.group_id) if one]
    if not group_ids and not is_open_without_group:
        return Door()
    for group_id in group_ids:
        group = estate.get(group_id)
        if group is None:
            found.doubt(f"The network security group {group_id} was not read.")
            return Door()
        rules = _read_rules(group, interface, subnet, near)
        evidence |= {rule.label: group for rule in rules.sure}
        tags |= dict.fromkeys(rules.tags)
        doubtful = traffic.both(flows if doubtful is None else doubtful, traffic.evaluate(rules.generous))
        flows = traffic.both(flows, traffic.evaluate(rules.sure))
    return Door(flows=flows, doubtful=doubtful or (), route=route, evidence=evidence, tags=list(tags))


def doubt_tags(found: Exposure, door: Door, flows: Sequence[Flow], name: str) -> None:
    """Note service tags that may let the internet in where nothing else does."""
    if flows and door.tags:
        found.doubt(f"{name} is open to {', '.join(door.tags)}, whose addresses are not read.")


def _routed(subnet: Resource, estate: Estate, found: Exposure) -> tuple[Addresses, ChainStep | None]:
    """The addresses to which answers leave for the internet: the longest prefix decides, own routes before Azure's."""
    table_id = dig(arm(subnet), "routeTable", "id")
    table = estate.get(table_id)
    if table_id and table is None:
        found.doubt(f"The route table {table_id} was not read.")
        return NOBODY, None
    routes: list[tuple[int, Addresses, bool, str]] = []
    for route in each(arm(table), "routes") if table else ():
        inner = route.get("properties") or {}
        prefix = str(inner.get("addressPrefix") or "")
        bits = prefix.partition("/")[2]
        if bits.isdigit():  # others are service tags, of addresses in Azure
            is_out = str(inner.get("nextHopType") or "").lower() == "internet"
            routes.append((int(bits), traffic.addresses([prefix]), is_out, f"{prefix} to the internet"))
    routes += [(0, traffic.ANYWHERE, True, "Azure's default route to the internet")]
    decided, out = NOBODY, NOBODY
    texts_: dict[str, None] = {}
    for _, span, is_out, text in sorted(routes, key=lambda one: -one[0]):
        left = Addresses(span.v4 - decided.v4, span.v6 - decided.v6)
        if is_out and (left.v4 & traffic.INTERNET.v4 or left.v6 & traffic.INTERNET.v6):
            out = Addresses(out.v4 | left.v4, out.v6 | left.v6)
            texts_[text] = None
        decided = Addresses(decided.v4 | span.v4, decided.v6 | span.v6)
    return out, ChainStep(kind="route", resource=table, detail=", ".join(texts_))


@dataclass(kw_only=True)
class _Rules:
    """A group's inbound rules in order. `generous` takes tags that are not read for the internet where they allow."""

    sure: list[Rule] = field(default_factory=list)
    generous: list[Rule] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def _read_rules(group: Resource, interface: Interface, subnet: Resource, near: Addresses) -> _Rules:
    made = _Rules()
    listed = [*each(arm(group), "securityRules"), *each(arm(group), "defaultSecurityRules")]
    inward = [one for one in listed if str(dig(one, "properties", "direction")).lower() == "inbound"]
    for one in sorted(inward, key=lambda one: int(one["properties"].get("priority") or 0)):
        rule = one["properties"]
        is_allow = str(rule.get("access")).lower() == "allow"
        if not is_allow and _names_source_ports(rule):
            continue  # who sends chooses the port to send from, and passes by
        families = _families(rule, interface, subnet)
        sources, tags = _sources(rule, near)
        protocol = traffic.protocol_name(rule.get("protocol") or "*")
        protocols = None if protocol is None else frozenset({protocol})
        label = f"{group.name}/{one.get('name')}"
        for rules, given in ((made.sure, sources), (made.generous, _or_internet(sources, is_allow and bool(tags)))):
            rules.append(
                Rule(
                    allow=is_allow,
                    sources=Addresses(
                        given.v4 if 4 in families else traffic.NOTHING, given.v6 if 6 in families else traffic.NOTHING
                    ),
                    protocols=protocols,
                    ports=_ports(rule),
                    label=label,
                )
            )
        made.tags += tags if is_allow else []
    return made


def _or_internet(sources: Addresses, is_internet: bool) -> Addresses:
    return _join(sources, traffic.INTERNET) if is_internet else sources


def _join(one: Addresses, other: Addresses) -> Addresses:
    return Addresses(one.v4 | other.v4, one.v6 | other.v6)


def _values(rule: Mapping[str, Any], name: str) -> list[str]:
    """An augmented rule has a list; a plain one a single value."""
    many = [text for text in texts(rule.get(f"{name}es" if name.endswith("x") else f"{name}s")) if text]
    return many or [text for text in texts(rule.get(name)) if text]


def _names_source_ports(rule: Mapping[str, Any]) -> bool:
    return not any(text in ANY or text == "0-65535" for text in _values(rule, "sourcePortRange") or ["*"])


def _sources(rule: Mapping[str, Any], near: Addresses) -> tuple[Addresses, list[str]]:
    """Who a rule is for, and the tags of whose addresses nothing is known. Application groups are not the internet."""
    if each(rule, "sourceApplicationSecurityGroups"):
        return NOBODY, []
    prefixes, tags, made = [], [], NOBODY
    for text in _values(rule, "sourceAddressPrefix"):
        word = text.lower()
        if word in ANY:
            made = traffic.ANYWHERE
        elif word == "internet":
            made = _join(made, traffic.INTERNET)
        elif word == "virtualnetwork":
            made = _join(made, near)
        elif word[0].isdigit() or ":" in word:
            prefixes.append(text)
        elif word not in _PLATFORM:
            tags.append(text)
    return _join(made, traffic.addresses(prefixes)), tags


def _families(rule: Mapping[str, Any], interface: Interface, subnet: Resource) -> set[int]:
    """The families of the interface's addresses that the rule's destination covers."""
    named = ids_of(rule, "destinationApplicationSecurityGroups")
    if named:
        return {4, 6} if set(named) & interface.application_groups else set()
    words = [text.lower() for text in _values(rule, "destinationAddressPrefix")]
    if not words or any(word in ANY or word == "virtualnetwork" for word in words):
        return {4, 6}
    own = traffic.addresses(interface.addresses or prefixes_of(subnet))
    covered = traffic.addresses(words)
    return {family for family in (4, 6) if covered.of(family) & own.of(family)}


def _ports(rule: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for text in _values(rule, "destinationPortRange"):
        low, _, high = text.partition("-")
        if text in ANY:
            return traffic.ALL_PORTS
        if low.strip().isdigit():
            spans.append((int(low), int(high) if high.strip().isdigit() else int(low)))
    return tuple(spans) or traffic.ALL_PORTS
