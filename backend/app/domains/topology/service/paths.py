"""The shortest paths between two resources: a search from both ends, a ring a statement."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.http import Caller
from app.domains.topology import queries
from app.domains.topology.queries import Way
from app.domains.topology.rules.kinds import NO_THOROUGHFARE
from app.domains.topology.schemas import PathsRead, PathStep, TopologyNode, TopologyPath
from app.domains.topology.service import drawing
from app.domains.topology.service.mapping import split

MAX_PATHS = 5
FAN_OUT = 2_000
MAX_RING, MAX_VISITED = 5_000, 40_000
Link = tuple[UUID, str, bool]  # the resource before, the kind, whether the edge is walked against its direction


@dataclass(kw_only=True)
class _Side:
    """One end's search: the distance of each resource reached and every link by which it was reached first."""

    start: UUID
    way: Way
    ring: list[UUID]
    distance: int = 0
    distances: dict[UUID, int] = field(default_factory=dict)
    links: dict[UUID, list[Link]] = field(default_factory=dict)


async def find_paths(
    session: AsyncSession,
    caller: Caller,
    from_id: UUID,
    to_id: UUID,
    *,
    max_length: int,
    directed: bool = False,
    kinds: str | None = None,
) -> PathsRead:
    """The shortest paths, at most MAX_PATHS. Raises NotFound for an end that is not there."""
    organization_id = caller.organization_id
    types = await queries.read_types(session, organization_id, {from_id, to_id})
    if from_id not in types or to_id not in types:
        raise NotFound
    wanted = split(kinds) or None
    forward = Way(inward=not directed, outward_kinds=wanted, inward_kinds=wanted)
    sides = [
        _Side(start=from_id, way=forward, ring=[from_id], distances={from_id: 0}),
        _Side(start=to_id, way=forward.reversed(), ring=[to_id], distances={to_id: 0}),
    ]
    truncated = False
    met = {from_id} if from_id == to_id else set()
    while not met and sides[0].distance + sides[1].distance < max_length and all(side.ring for side in sides):
        side, other = sorted(sides, key=lambda one: len(one.ring))
        truncated |= await _advance(session, organization_id, side, other.start, types)
        met = {id_ for id_ in side.ring if id_ in other.distances}
    paths = _join(sides[0], sides[1], met)
    on_paths = {id_ for path in paths for id_ in path.resource_ids}
    rows = await queries.read_nodes(session, organization_id, on_paths)
    nodes = [drawing.resource_node(rows[id_]) for id_ in sorted(on_paths & rows.keys())]
    await drawing.add_findings(session, caller, nodes)
    return PathsRead(paths=paths, nodes=[TopologyNode.model_validate(node) for node in nodes], truncated=truncated)


async def _advance(
    session: AsyncSession,
    organization_id: UUID,
    side: _Side,
    goal: UUID,
    types: dict[UUID, str],
) -> bool:
    """Search one ring further; returns whether a bound left something out. `types` gains those that were read."""
    passable = [id_ for id_ in side.ring if id_ == side.start or types[id_] not in NO_THOROUGHFARE]
    reached = await queries.expand(session, organization_id, passable, side.way, fan_out=FAN_OUT)
    truncated = reached.truncated or bool(reached.hubs)
    new = {step.neighbour for step in reached.steps if step.neighbour is not None} - side.distances.keys()
    unread = [id_ for id_ in new if id_ not in types]
    types |= await queries.read_types(session, organization_id, unread)
    ring = sorted(new & types.keys())
    if len(ring) > MAX_RING or len(side.distances) + len(ring) > MAX_VISITED:
        truncated = True
        ring = sorted(ring, key=lambda id_: id_ != goal)[:MAX_RING] if len(side.distances) < MAX_VISITED else []
    side.distance += 1
    side.distances |= dict.fromkeys(ring, side.distance)
    side.ring = ring
    kept = set(ring)
    for step in reached.steps:
        if step.neighbour in kept:
            links = side.links.setdefault(step.neighbour, [])
            link = (step.origin, step.kind, step.reverse)
            if link not in links:
                links.append(link)
    return truncated


def _join(start: _Side, end: _Side, met: set[UUID]) -> list[TopologyPath]:
    """Paths through the resources where both searches met; all have the same length."""
    paths: list[TopologyPath] = []
    seen: set[tuple[UUID, ...]] = set()
    for middle in sorted(met):
        for before in _back(start, middle):
            for after in _back(end, middle):
                steps = [
                    *reversed([_step(link[0], here, link[1], link[2]) for here, link in before]),
                    # The second search walked from the end: its steps lead back, so they turn around.
                    *(_step(here, link[0], link[1], not link[2]) for here, link in after),
                ]
                ids = (start.start, *_ends(start.start, steps))
                if ids not in seen:
                    seen.add(ids)
                    paths.append(TopologyPath(resource_ids=list(ids), steps=steps))
                if len(paths) == MAX_PATHS:
                    return paths
    return paths


def _ends(start: UUID, steps: list[PathStep]) -> list[UUID]:
    made: list[UUID] = []
    here = start
    for step in steps:
        here = step.source_id if step.reverse else step.target_id
        made.append(here)
    return made


def _step(walked_from: UUID, walked_to: UUID, kind: str, reverse: bool) -> PathStep:
    source, target = (walked_to, walked_from) if reverse else (walked_from, walked_to)
    return PathStep(source_id=source, target_id=target, kind=kind, reverse=reverse)


def _back(side: _Side, here: UUID, limit: int = MAX_PATHS) -> list[list[tuple[UUID, Link]]]:
    """Ways from a resource back to the side's start, nearest step first; one link for each neighbour."""
    if here == side.start:
        return [[]]
    ways: list[list[tuple[UUID, Link]]] = []
    by_neighbour = {link[0]: link for link in reversed(side.links.get(here, []))}
    for link in by_neighbour.values():
        for rest in _back(side, link[0], limit):
            ways.append([(here, link), *rest])
            if len(ways) == limit:
                return ways
    return ways
