"""A walk from one resource over edges, ring by ring, within bounds."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.domains.topology import queries
from app.domains.topology.queries import Hub, Step, Way
from app.domains.topology.service import drawing
from app.domains.topology.service.drawing import Edge, Node

ROOT_FAN_OUT, FAN_OUT = 100, 50  # edges of one resource in one direction that are listed; more are counted by kind
MAX_OUTSIDE = 200
EDGES_A_NODE = 20  # at most, of those between resources of the outermost ring, times the limit
Kept = Callable[[UUID, str], bool]


@dataclass(kw_only=True)
class Walk:
    """What was reached. `edges` are between nodes' ids; `counted` are those to groups, with how many they stand for."""

    root: UUID
    rows: dict[UUID, Mapping[Any, Any]] = field(default_factory=dict)
    distances: dict[UUID, int] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    counted: dict[Edge, int] = field(default_factory=dict)
    others: dict[str, Node] = field(default_factory=dict)  # groups and what lies outside, by their node's id
    hidden: int = 0  # resources beyond the caller's scope, counted for each neighbour
    truncated: bool = False
    total: int = 0

    def nodes(self) -> list[Node]:
        """Resources by distance, then groups and the outside."""
        resources = [
            drawing.resource_node(row, distance=self.distances[resource_id]) for resource_id, row in self.rows.items()
        ]
        return [*resources, *self.others.values()]


async def walk(
    session: AsyncSession,
    organization_id: UUID,
    root: UUID,
    way: Way,
    *,
    depth: int,
    limit: int,
    opened: Collection[str] = (),
    keep: Kept | None = None,
    fan_out: int = FAN_OUT,
    finish: bool = True,
) -> Walk:
    """The neighbourhood of `root`. `opened`: ids of hubs whose members are listed. Raises NotFound.

    `finish` adds the edges between resources of the outermost ring.
    """
    found = Walk(root=root)
    rows = await queries.read_nodes(session, organization_id, [root], at=way.at)
    if root not in rows or not rows[root]["visible"]:
        raise NotFound
    found.rows[root], found.distances[root] = rows[root], 0
    walker = _Walker(session, organization_id, way, found, limit, opened, keep or (lambda account_id, type_: True))
    frontier: list[UUID] = [root]
    for distance in range(1, depth + 1):
        if not frontier:
            break
        frontier = await walker.step(frontier, distance, max(fan_out, ROOT_FAN_OUT if distance == 1 else 0))
    if finish and frontier and len(found.rows) > 2:
        among = await queries.list_edges_among(
            session, organization_id, frontier, at=way.at, fan_out=fan_out, limit=EDGES_A_NODE * limit
        )
        found.truncated |= len(among) >= EDGES_A_NODE * limit
        found.edges |= {
            (str(source), kind, str(target)): None
            for source, kind, target in among
            if kind in (way.outward_kinds or (kind,))
        }
    found.total = len(found.rows) + sum(node["count"] for node in found.others.values())
    return found


class _Walker:
    """The steps of one walk."""

    def __init__(
        self,
        session: AsyncSession,
        organization_id: UUID,
        way: Way,
        found: Walk,
        limit: int,
        opened: Collection[str],
        keep: Kept,
    ) -> None:
        self._session, self._organization_id, self._way = session, organization_id, way
        self._found, self._limit, self._opened, self._keep = found, limit, opened, keep

    async def step(self, frontier: Collection[UUID], distance: int, fan_out: int) -> list[UUID]:
        """Go one ring outward; the new resources are returned."""
        found = self._found
        reached = await queries.expand(self._session, self._organization_id, frontier, self._way, fan_out=fan_out)
        found.truncated |= reached.truncated
        steps = list(reached.steps)
        for hub in reached.hubs:
            if hub_id(hub) in self._opened:
                steps += await self._open(hub)
            else:
                self._add_hub(hub, distance)
        new = dict.fromkeys(
            step.neighbour for step in steps if step.neighbour is not None and step.neighbour not in found.rows
        )
        rows = await queries.read_nodes(
            self._session, self._organization_id, [id_ for id_ in new if id_ is not None], at=self._way.at
        )
        added = self._add_rows(rows, distance)
        self._add_edges(steps, rows, distance)
        unnamed = {step.origin for step in steps if step.neighbour is None}
        if unnamed:
            await self._add_outside(unnamed, distance)
        return added

    async def _open(self, hub: Hub) -> list[Step]:
        members = await queries.list_hub_members(
            self._session,
            self._organization_id,
            hub.origin,
            hub.kind,
            reverse=hub.reverse,
            at=self._way.at,
            limit=self._limit,
        )
        self._found.truncated |= hub.edges > len(members)
        return members

    def _add_hub(self, hub: Hub, distance: int) -> None:
        found, id_ = self._found, hub_id(hub)
        count = min(hub.edges, queries.MAX_COUNTED)
        found.truncated |= hub.edges > queries.MAX_COUNTED
        found.others[id_] = drawing.group_node(id_, hub.kind, count, distance=distance)
        origin = str(hub.origin)
        edge = (id_, hub.kind, origin) if hub.reverse else (origin, hub.kind, id_)
        found.counted[edge] = count

    def _add_rows(self, rows: Mapping[UUID, Mapping[Any, Any]], distance: int) -> list[UUID]:
        """Keep what may be seen, by name so that what a bound leaves is the same each time."""
        found = self._found
        visible = [row for row in rows.values() if row["visible"] and self._keep(row["account_id"], row["type"])]
        visible.sort(key=lambda row: (row["name"], row["id"]))
        room = self._limit - len(found.rows)
        found.truncated |= len(visible) > room
        kept = [row["id"] for row in visible[: max(room, 0)]]
        for id_ in kept:
            found.rows[id_], found.distances[id_] = rows[id_], distance
        return kept

    def _add_edges(self, steps: Iterable[Step], rows: Mapping[UUID, Mapping[Any, Any]], distance: int) -> None:
        found = self._found
        hidden: dict[tuple[UUID, str, bool], set[UUID]] = {}
        for step in steps:
            if step.neighbour is None:
                continue
            if step.neighbour in found.rows:
                ends = str(step.origin), str(step.neighbour)
                source, target = reversed(ends) if step.reverse else ends
                found.edges[source, step.kind, target] = None
            elif step.neighbour in rows and not rows[step.neighbour]["visible"]:
                hidden.setdefault((step.origin, step.kind, step.reverse), set()).add(step.neighbour)
        for (origin, kind, reverse), neighbours in hidden.items():
            id_ = f"outside:{origin}"
            node = found.others.setdefault(
                id_, drawing.external_node(id_, "Outside of your access", 0, distance=distance)
            )
            node["count"] += len(neighbours)
            found.hidden += len(neighbours)
            edge = (id_, kind, str(origin)) if reverse else (str(origin), kind, id_)
            found.counted[edge] = len(neighbours)

    async def _add_outside(self, origins: Collection[UUID], distance: int) -> None:
        """What was never collected, by the id that the edge gives."""
        found = self._found
        edges = await queries.list_outside(self._session, self._organization_id, origins, self._way, limit=MAX_OUTSIDE)
        found.truncated |= len(edges) >= MAX_OUTSIDE
        for origin, kind, reverse, native_id in edges:
            id_ = f"external:{hashlib.blake2b(native_id.encode(), digest_size=12).hexdigest()}"
            found.others.setdefault(
                id_, drawing.external_node(id_, native_id, 1, distance=distance, native_id=native_id)
            )
            edge = (id_, kind, str(origin)) if reverse else (str(origin), kind, id_)
            found.counted[edge] = 1


def hub_id(hub: Hub) -> str:
    """The id of the group that stands for a hub's edges of one kind and direction."""
    return f"hub:{hub.origin}:{'in' if hub.reverse else 'out'}:{hub.kind}"
