"""Azure application gateways: listeners at public frontends, and the pools that their rules lead to.

Shapes are those of Microsoft.Network/applicationGateways 2024-03-01.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.azure_interfaces import public_address, unwrap
from app.domains.topology.rules.azure_network import Interface, doubt_tags, ids_of, network_of, open_door, prefixes_of
from app.domains.topology.rules.estate import Estate, Resource, arm, dig, each
from app.domains.topology.rules.exposure import ChainStep, Exposure
from app.domains.topology.rules.traffic import Flow

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Listening:
    """A listener that the internet reaches; `id` in lower case."""

    id: str
    steps: Sequence[ChainStep]
    flows: Sequence[Flow]


def listeners_of(gateway: Resource, estate: Estate, found: Exposure) -> list[Listening]:
    """What the internet reaches of a gateway that runs."""
    inner = arm(gateway)
    if inner.get("operationalState") in ("Stopped", "Stopping"):
        return []
    fronts: dict[str, tuple[int, ChainStep]] = {}
    for one in each(inner, "frontendIPConfigurations"):
        family, _, step = public_address(dig(unwrap(one), "publicIPAddress", "id"), estate, found)
        if family is not None and step is not None:
            fronts[str(one.get("id")).lower()] = (family, step)
    subnet_id = _subnet_of(gateway)
    if not fronts or not subnet_id:
        return []
    door = open_door(Interface(subnet_id=subnet_id), estate, found, is_open_without_group=True)
    ports = {str(one.get("id")).lower(): unwrap(one).get("port") for one in each(inner, "frontendPorts")}
    made: list[Listening] = []
    for one in (*each(inner, "httpListeners"), *each(inner, "listeners")):
        listener = unwrap(one)
        port = ports.get(str(dig(listener, "frontendPort", "id")).lower())
        port = port or _PORTS.get(str(listener.get("protocol")).lower())
        front = fronts.get(str(dig(listener, "frontendIPConfiguration", "id")).lower())
        if front is None or not isinstance(port, int):
            continue
        family, address = front
        flows = traffic.on_ports(traffic.from_internet(door.flows, [family]), "tcp", port, port)
        name = listener.get("hostName") or one.get("name")
        step = ChainStep(kind="listener", resource=gateway, detail=f"Listener {name} on port {port}")
        if flows:
            id_ = str(one.get("id")).lower()
            made.append(Listening(id=id_, steps=[address, *door.steps(flows), step], flows=flows))
        else:
            doubtful = traffic.on_ports(traffic.from_internet(door.doubtful, [family]), "tcp", port, port)
            doubt_tags(found, door, doubtful, gateway.name)
    return made


def pools_behind(
    gateway: Resource, member_id: str, interfaces: Sequence[Interface], estate: Estate, found: Exposure
) -> set[str]:
    """The listeners, by id in lower case, whose pools hold one of these interfaces where that lets the gateway in."""
    subnet_id, inner = _subnet_of(gateway), arm(gateway)
    if not subnet_id or not interfaces:
        return set()
    holding: dict[str, list[Interface]] = {}
    for pool in each(inner, "backendAddressPools"):
        if members := [one for one in interfaces if _holds(unwrap(pool), one, member_id, subnet_id, estate)]:
            holding[str(pool.get("id")).lower()] = members
    subnet = estate.get(subnet_id) if holding else None
    if subnet is None:
        return set()
    near = traffic.addresses(prefixes_of(subnet))
    reached: set[str] = set()
    for listener_id, pool_id, port in _leads(inner):
        for interface in holding.get(pool_id, ()):
            door = open_door(interface, estate, found, is_open_without_group=True, near=near)
            admitted = traffic.on_ports(door.flows, "tcp", port, port)
            if any(flow.sources.v4 & near.v4 or flow.sources.v6 & near.v6 for flow in admitted):
                reached.add(listener_id)
    return reached


def _subnet_of(gateway: Resource) -> str:
    found = each(arm(gateway), "gatewayIPConfigurations")
    return str(dig(unwrap(found[0]), "subnet", "id") or "") if found else ""


def _holds(pool: Mapping[str, Any], one: Interface, member_id: str, subnet_id: str, estate: Estate) -> bool:
    ids = ids_of(pool, "backendIPConfigurations")
    if one.id in ids or (not one.id and any(id_.startswith(f"{member_id.lower()}/") for id_ in ids)):
        return True
    named = {str(entry.get("ipAddress")) for entry in each(pool, "backendAddresses")}
    return bool(named & set(one.addresses)) and _is_near(network_of(subnet_id), network_of(one.subnet_id), estate)


def _is_near(network_id: str, other_id: str, estate: Estate) -> bool:
    """Whether two networks are one or peers: addresses of others may be the same and are other machines."""
    if network_id.lower() == other_id.lower():
        return True
    network = estate.get(network_id)
    peers = each(arm(network), "virtualNetworkPeerings") if network else ()
    return any(str(dig(unwrap(one), "remoteVirtualNetwork", "id")).lower() == other_id.lower() for one in peers)


def _leads(inner: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """(listener, pool, port of the pool's members) of every routing rule, by ids in lower case."""
    settings = [*each(inner, "backendHttpSettingsCollection"), *each(inner, "backendSettingsCollection")]
    ports = {str(one.get("id")).lower(): unwrap(one).get("port") for one in settings}
    maps = {str(one.get("id")).lower(): unwrap(one) for one in each(inner, "urlPathMaps")}
    for one in (*each(inner, "requestRoutingRules"), *each(inner, "routingRules")):
        rule = unwrap(one)
        listener = str(dig(rule, "httpListener", "id") or dig(rule, "listener", "id")).lower()
        paths = maps.get(str(dig(rule, "urlPathMap", "id")).lower(), {})
        ends = [(rule, "backendAddressPool", "backendHttpSettings"), (rule, "backendAddressPool", "backendSettings")]
        ends.append((paths, "defaultBackendAddressPool", "defaultBackendHttpSettings"))
        ends += [(unwrap(path), "backendAddressPool", "backendHttpSettings") for path in each(paths, "pathRules")]
        for place, pool_name, setting_name in ends:
            pool, setting = dig(place, pool_name, "id"), dig(place, setting_name, "id")
            port = ports.get(str(setting).lower())
            if pool and isinstance(port, int):
                yield listener, str(pool).lower(), port
