"""Azure load balancers, which hand packets on as they came, and application gateways, which answer for what is behind.

Shapes are those of Microsoft.Network 2024-03-01.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.azure_gateways import listeners_of, pools_behind
from app.domains.topology.rules.azure_interfaces import (
    configurations_of,
    configurations_of_scale_set,
    public_address,
    unwrap,
)
from app.domains.topology.rules.azure_network import Interface, doubt_tags, ids_of, network_of, open_door, owner_of
from app.domains.topology.rules.estate import Estate, Resource, arm, dig, each
from app.domains.topology.rules.exposure import ChainStep, Exposure, explains
from app.domains.topology.rules.traffic import Flow

BALANCER, GATEWAY = "Microsoft.Network/loadBalancers", "Microsoft.Network/applicationGateways"
MAX_MEMBERS = 100  # of a pool that are asked whether they let the balancer's packets in


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to a target: its evidence, and what gets in by it."""

    steps: Sequence[ChainStep]
    flows: Sequence[Flow]


@dataclass(frozen=True, kw_only=True)
class _Forward:
    """A rule of a balancer with a public frontend: ports of `front` go to those of `back` at each member."""

    protocols: tuple[str, ...]
    front: tuple[int, int]
    back: tuple[int, int]
    family: int
    pools: frozenset[str]
    member: str  # the only IP configuration that it leads to, for a NAT rule
    steps: tuple[ChainStep, ...]


@explains(BALANCER)
def explain_balancer(resource: Resource, estate: Estate) -> Exposure:
    """By its public frontends, where a member of a pool lets the packets in: a balancer has no firewall of its own."""
    found = Exposure()
    for forward in _forwards(resource, estate, found):
        for member in _members(resource, forward, estate, found):
            way = _way(resource, forward, member, estate, found)
            if way is not None:
                found.add(way.steps, way.flows)
                break  # one member is evidence enough
    return found


@explains(GATEWAY)
def explain_gateway(resource: Resource, estate: Estate) -> Exposure:
    """By listeners at public frontends, through its subnet's security group."""
    found = Exposure()
    for listening in listeners_of(resource, estate, found):
        found.add(listening.steps, listening.flows)
    return found


def ways_to(
    target: Resource, member_id: str, interfaces: Sequence[Interface], estate: Estate, found: Exposure
) -> list[Way]:
    """Ways through balancers and gateways of the target's subscription and region. `member_id`: what pools name."""
    ways: list[Way] = []
    balancers = estate.listing(BALANCER, target.account, target.region)
    gateways = estate.listing(GATEWAY, target.account, target.region)
    for listing, name in ((balancers, "Load balancers"), (gateways, "Application gateways")):
        if not listing.complete and interfaces:
            found.doubt(f"{name} of {target.region} were not all read.")
    for balancer in balancers.resources:
        for forward in _forwards(balancer, estate, found):
            for interface in _joining(balancer, forward, member_id, interfaces):
                way = _way(balancer, forward, interface, estate, found)
                if way is not None:
                    ways.append(way)
                    break
    for gateway in gateways.resources:
        behind = pools_behind(gateway, member_id, interfaces, estate, found)
        if behind:
            ways += [
                Way(steps=one.steps, flows=one.flows)
                for one in listeners_of(gateway, estate, found)
                if one.id in behind
            ]
    return ways


def _forwards(balancer: Resource, estate: Estate, found: Exposure) -> Iterator[_Forward]:
    inner = arm(balancer)
    fronts: dict[str, tuple[int, ChainStep]] = {}
    for one in each(inner, "frontendIPConfigurations"):
        family, _, step = public_address(dig(unwrap(one), "publicIPAddress", "id"), estate, found)
        if family is not None and step is not None:
            fronts[str(one.get("id")).lower()] = (family, step)
    for one in (*each(inner, "loadBalancingRules"), *each(inner, "inboundNatRules")):
        rule = unwrap(one)
        front = fronts.get(str(dig(rule, "frontendIPConfiguration", "id")).lower())
        if front is None:
            continue
        pools = [*ids_of(rule, "backendAddressPools"), str(dig(rule, "backendAddressPool", "id") or "").lower()]
        protocol = str(rule.get("protocol") or "All").lower()
        yield _Forward(
            protocols=("tcp", "udp") if protocol == "all" else (protocol,),
            front=_span(
                rule.get("frontendPortRangeStart") or rule.get("frontendPort"), rule.get("frontendPortRangeEnd")
            ),
            back=_span(rule.get("backendPort"), None),
            family=front[0],
            pools=frozenset(filter(None, pools)),
            member=str(dig(rule, "backendIPConfiguration", "id") or "").lower(),
            steps=(front[1], ChainStep(kind="listener", resource=balancer, detail=f"Rule {one.get('name')}")),
        )


def _span(low: Any, high: Any) -> tuple[int, int]:
    """Port 0 means all of them."""
    first = int(low) if isinstance(low, int) else 0
    if first == 0:
        return traffic.ALL_PORTS[0]
    return first, int(high) if isinstance(high, int) and high >= first else first


def _way(balancer: Resource, forward: _Forward, interface: Interface, estate: Estate, found: Exposure) -> Way | None:
    is_basic = str(dig(balancer.properties, "sku", "name") or "Basic") == "Basic"
    door = open_door(interface, estate, found, is_open_without_group=is_basic)
    flows = list(_carried(forward, door.flows))
    if not flows:
        doubt_tags(found, door, list(_carried(forward, door.doubtful)), balancer.name)
        return None
    return Way(steps=[*forward.steps, *door.steps(flows)], flows=flows)


def _carried(forward: _Forward, flows: Iterable[Flow]) -> Iterator[Flow]:
    """What a member lets in on its ports, as the frontend's ports show it to the internet."""
    let_in = traffic.from_internet(flows, [forward.family])
    for protocol in forward.protocols:
        for flow in traffic.on_ports(let_in, protocol, *forward.back):
            if forward.front == forward.back:
                yield flow
            else:
                yield flow._replace(low=forward.front[0], high=forward.front[1])


def _pools(balancer: Resource, forward: _Forward) -> list[Mapping[str, Any]]:
    pools = each(arm(balancer), "backendAddressPools")
    return [unwrap(one) for one in pools if str(one.get("id")).lower() in forward.pools]


def _addresses(pool: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(address, network id in lower case) of members that a pool names by address."""
    for one in each(pool, "loadBalancerBackendAddresses"):
        inner = unwrap(one)
        network = dig(inner, "virtualNetwork", "id") or dig(pool, "virtualNetwork", "id")
        subnet = str(dig(inner, "subnet", "id") or "")
        if inner.get("ipAddress") and not dig(inner, "networkInterfaceIPConfiguration", "id"):
            yield str(inner["ipAddress"]), str(network or network_of(subnet)).lower()


def _member_ids(balancer: Resource, forward: _Forward) -> list[str]:
    """The IP configurations that a rule leads to, in lower case."""
    if forward.member:
        return [forward.member]
    return [id_ for pool in _pools(balancer, forward) for id_ in ids_of(pool, "backendIPConfigurations")]


def _joining(
    balancer: Resource, forward: _Forward, member_id: str, interfaces: Sequence[Interface]
) -> Iterator[Interface]:
    """Those of a target's interfaces that a rule leads to."""
    prefix = f"{member_id.lower()}/"
    named = {id_ for id_ in _member_ids(balancer, forward) if id_.startswith(prefix)}
    by_address = {pair for pool in _pools(balancer, forward) for pair in _addresses(pool)}
    for one in interfaces:
        place = network_of(one.subnet_id).lower()
        if (named and (one.id in named or not one.id)) or any((text, place) in by_address for text in one.addresses):
            yield one


def _members(balancer: Resource, forward: _Forward, estate: Estate, found: Exposure) -> Iterator[Interface]:
    """The interfaces that a rule leads to; of a scale set those of its model."""
    ids = _member_ids(balancer, forward)
    if len(ids) > MAX_MEMBERS:
        found.doubt(f"Of {len(ids)} members of {balancer.name}, {MAX_MEMBERS} were examined.")
    if any(True for pool in _pools(balancer, forward) for _ in _addresses(pool)):
        found.doubt(f"{balancer.name} names members by address; their firewalls are examined at each machine.")
    owners: dict[str, set[str]] = {}
    for id_ in ids[:MAX_MEMBERS]:
        is_scaled = "/virtualmachinescalesets/" in id_
        owners.setdefault(owner_of(id_, "virtualMachines" if is_scaled else "ipConfigurations"), set()).add(id_)
    for owner_id, wanted in owners.items():
        owner = estate.get(owner_id)
        if owner is None:
            found.doubt(f"{owner_id} was not read.")
        elif "/virtualmachinescalesets/" in owner_id:
            yield from (one.interface for one in configurations_of_scale_set(owner))
        else:
            configurations = configurations_of(owner, estate, found)
            yield from (one.interface for one in configurations if one.interface.id in wanted)
