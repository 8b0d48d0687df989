"""Google Cloud: forwarding rules, and the machines that they lead to by pools and managed groups.

Shapes are those of the Compute Engine API v1, as Cloud Asset Inventory gives them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Resource, each, texts
from app.domains.topology.rules.exposure import ChainStep, Exposure, everywhere, explains
from app.domains.topology.rules.traffic import Flow

COMPUTE, KIND = "//compute.googleapis.com/", "compute.googleapis.com/"
RULES = (f"{KIND}ForwardingRule", f"{KIND}GlobalForwardingRule")
POOL, SERVICES = f"{KIND}TargetPool", (f"{KIND}BackendService", f"{KIND}RegionBackendService")
MAX_LINKS = 4  # a rule, a proxy, a map, a service


@dataclass(frozen=True, kw_only=True)
class Way:
    """A rule that leads to a machine. `keeps_client`: packets arrive as they came, not from a proxy."""

    name: str
    steps: Sequence[ChainStep]
    flows: Sequence[Flow]
    keeps_client: bool
    is_regional: bool


def full_name(link: object) -> str:
    """The asset's full name of a self link, whatever host and version it has."""
    text = str(link or "")
    position = text.find("projects/")
    return COMPUTE + text[position:] if position >= 0 else text


def project_of(name: str) -> str:
    """The project in a full name."""
    return name.partition("/projects/")[2].partition("/")[0]


@explains("compute.googleapis.com/ForwardingRule", "compute.googleapis.com/GlobalForwardingRule")
def explain_forwarding_rule(resource: Resource, estate: Estate) -> Exposure:
    """An external forwarding rule by its address and ports, with what it leads to."""
    found = Exposure()
    properties = resource.properties
    if not _is_external(resource):
        return found
    found.add([*_steps(resource), *(_step(one) for one, _ in _led_to(resource, estate))], _forwarded(properties))
    return found


def _is_external(rule: Resource) -> bool:
    return str(rule.properties.get("loadBalancingScheme") or "EXTERNAL").startswith("EXTERNAL")


def _steps(rule: Resource) -> list[ChainStep]:
    address = str(rule.properties.get("IPAddress") or "its address")
    return [
        ChainStep(kind="address", resource=rule, detail=f"External address {address}"),
        ChainStep(kind="listener", resource=rule, detail=rule.name),
    ]


def _step(resource: Resource) -> ChainStep:
    return ChainStep(kind="target", resource=resource, detail=resource.name)


def _led_to(rule: Resource, estate: Estate) -> Iterator[tuple[Resource, bool]]:
    """What a rule leads to, each naming the next by its self link, and whether it comes directly after the rule."""
    links = [rule.properties.get("target") or rule.properties.get("backendService")]
    seen: set[str] = set()
    for distance in range(MAX_LINKS):
        following = [estate.get(full_name(link)) for link in links if link]
        links = []
        for one in following:
            if one is None or one.native_id in seen:
                continue
            seen.add(one.native_id)
            yield one, distance == 0
            inner = one.properties
            links += [inner.get("urlMap"), inner.get("service"), inner.get("defaultService")]
            for matcher in each(inner, "pathMatchers"):
                ends = [matcher, *each(matcher, "pathRules"), *each(matcher, "routeRules")]
                links += [end.get("defaultService") or end.get("service") for end in ends]


def _groups_of(machine: Resource) -> set[str]:
    """The managed group that made a machine, as `zones/z/instanceGroups/g`; others do not show in what is collected."""
    items = each(machine.properties, "metadata", "items")
    makers = [str(one.get("value") or "") for one in items if one.get("key") == "created-by"]
    return {_tail(maker).replace("/instanceGroupManagers/", "/instanceGroups/") for maker in makers}


def _tail(link: object) -> str:
    """What follows the project, which has a name in one place and a number in another."""
    return full_name(link).partition("/projects/")[2].partition("/")[2]


def ways_to(machine: Resource, estate: Estate, found: Exposure) -> list[Way]:
    """External rules of the machine's project that lead to a pool with it or to its managed group."""
    project, groups = project_of(machine.native_id), _groups_of(machine)
    behind = {
        pool.native_id
        for pool in _all((POOL,), project, estate, found)
        if any(full_name(link) == machine.native_id for link in texts(pool.properties.get("instances")))
    }
    for service in _all(SERVICES, project, estate, found) if groups else ():
        if any(_tail(one.get("group")) in groups for one in each(service.properties, "backends")):
            behind.add(service.native_id)
    made: list[Way] = []
    for rule in _all(RULES, project, estate, found) if behind else ():
        if not _is_external(rule):
            continue
        for one, is_next in _led_to(rule, estate):
            if one.native_id in behind:
                flows, is_regional = _forwarded(rule.properties), "/regions/" in one.native_id
                steps = [*_steps(rule), _step(one)]
                made.append(
                    Way(name=rule.name, steps=steps, flows=flows, keeps_client=is_next, is_regional=is_regional)
                )
    return made


def _all(native_types: Iterable[str], project: str, estate: Estate, found: Exposure) -> list[Resource]:
    made: list[Resource] = []
    for native_type in native_types:
        listing = estate.listing(native_type, project)
        if not listing.complete:
            found.doubt(f"{native_type.removeprefix(KIND)} of {project} was not listed whole.")
        made += listing.resources
    return made


def _forwarded(properties: Mapping[str, Any]) -> list[Flow]:
    protocol = traffic.protocol_name(str(properties.get("IPProtocol") or "TCP").replace("L3_DEFAULT", "all"))
    if protocol in ("tcp", "udp"):
        ports = [*texts(properties.get("ports")), *texts([properties.get("portRange")])]
        return [
            everywhere(protocol, low, high) for low, high in parse_ports([] if properties.get("allPorts") else ports)
        ]
    names = traffic.PROTOCOLS if protocol is None else (protocol,)
    return [everywhere(name, 0, traffic.MAX_PORT) for name in names]


def parse_ports(ports: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Ranges such as `22` and `8000-8100`; none given means all."""
    spans: list[tuple[int, int]] = []
    for text in ports:
        low, _, high = text.partition("-")
        if low.strip().isdigit():
            spans.append((int(low), int(high) if high.strip().isdigit() else int(low)))
    return tuple(spans) or traffic.ALL_PORTS
