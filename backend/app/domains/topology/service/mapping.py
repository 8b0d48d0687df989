"""The map: a neighbourhood, or everything in groups."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldProblem, InvalidInput, NotFound
from app.core.http import Caller
from app.core.money import format_amount
from app.domains.inventory.service.past import check_moment
from app.domains.topology import queries
from app.domains.topology.queries import Grouping
from app.domains.topology.schemas import MapQuery
from app.domains.topology.service import drawing
from app.domains.topology.service.drawing import Edge, Node
from app.domains.topology.service.walking import Walk, walk

MAX_GROUPS = 1_000
MAX_OPEN_GROUPS = 20
EDGES_PER_NODE = 5
UNGROUPED = {"account": "No account", "vpc": "No network", "type": "No type", "region": "No region"}


async def draw_map(session: AsyncSession, caller: Caller, query: MapQuery) -> bytes:
    """The map as JSON of `TopologyRead`.

    Raises NotFound for a root or network that is not there, InvalidInput for a moment that cannot be answered.
    """
    check_groups(query)
    if query.at is not None:
        await check_moment(session, caller.organization_id, query.at)
    if query.root is not None:
        nodes, edges, truncated, total = await _draw_neighbourhood(session, caller, query, query.root)
    else:
        if query.network_id is not None:
            await _check(session, caller, query, query.network_id)
        nodes, edges, truncated, total = await _draw_whole(session, caller, query)
    if query.at is None:
        await drawing.add_findings(session, caller, nodes)
    else:  # what things cost and which findings they have is known of today only
        for node in nodes:
            node["cost"], node["exposed"] = [], None
    made = {
        "nodes": nodes,
        "edges": drawing.edge_values(edges, {node["id"] for node in nodes}),
        "truncated": truncated,
        "total_nodes": total,
    }
    return orjson.dumps(made)


async def _check(session: AsyncSession, caller: Caller, query: MapQuery, resource_id: UUID) -> None:
    found = await queries.read_nodes(session, caller.organization_id, [resource_id], at=query.at)
    if resource_id not in found or not found[resource_id]["visible"]:
        raise NotFound


def split(text: str | None) -> tuple[str, ...]:
    """The values of a comma-separated parameter."""
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


async def _draw_neighbourhood(
    session: AsyncSession, caller: Caller, query: MapQuery, root: UUID
) -> tuple[list[Node], dict[Edge, int], bool, int]:
    kinds = split(query.kind) or None
    way = queries.Way(
        outward=query.direction in ("both", "out"),
        inward=query.direction in ("both", "in"),
        outward_kinds=kinds,
        inward_kinds=kinds,
        at=query.at,
    )
    opened = {id_ for id_ in open_groups(query) if id_.startswith("hub:")}
    keep = Keep(account_id=query.account_id, types=split(query.type))
    found = await walk(
        session, caller.organization_id, root, way, depth=query.depth, limit=query.limit, opened=opened, keep=keep
    )
    nodes = found.nodes()
    edges = dict.fromkeys(found.edges, 1) | found.counted
    if query.group_by is not None:
        nodes, edges = await _group(session, caller, query, root, found, nodes, edges)
    return nodes, edges, found.truncated, found.total


class Keep:
    """Which resources a neighbourhood keeps besides its root."""

    def __init__(self, *, account_id: UUID | None, types: Sequence[str]) -> None:
        self._account_id = account_id
        self._exact = {name for name in types if not name.endswith("*")}
        self._prefixes = tuple(name.rstrip("*") for name in types if name.endswith("*"))
        self._any_type = not types

    def __call__(self, account_id: UUID, type_: str) -> bool:
        """Whether a resource of this account and type is kept."""
        if self._account_id is not None and account_id != self._account_id:
            return False
        return self._any_type or type_ in self._exact or type_.startswith(self._prefixes or ("\x00",))


async def _group(
    session: AsyncSession,
    caller: Caller,
    query: MapQuery,
    root: UUID,
    found: Walk,
    nodes: list[Node],
    edges: dict[Edge, int],
) -> tuple[list[Node], dict[Edge, int]]:
    """Put the neighbourhood's resources, but not its root, into their groups."""
    by = query.group_by or ""
    organization_id = caller.organization_id
    values = await queries.read_group_values(session, organization_id, by, list(found.rows), at=query.at)
    names = await queries.name_groups(session, organization_id, by, set(values.values()))
    opened = open_groups(query)
    groups: dict[str, list[Node]] = {}
    place: dict[str, str] = {}
    shown: list[Node] = []
    for node in nodes:
        if node["kind"] != "resource":
            shown.append(node)
            continue
        value = values.get(UUID(node["id"]), "")
        group = group_id(by, value)
        node["group"] = group
        if node["id"] == str(root) or group in opened:
            shown.append(node)
        else:
            place[node["id"]] = group
            groups.setdefault(group, []).append(node)
    for group, members in groups.items():
        value = group_value(by, group)
        shown.append(
            drawing.group_node(
                group,
                _label(by, value, names),
                len(members),
                distance=min((member["distance"] for member in members), default=None),
                cost=drawing.sum_money(member["cost"] for member in members),
                stale=any(member["stale"] for member in members),
                exposed=True if any(member["exposed"] for member in members) else None,
            )
        )
    summed: dict[Edge, int] = {}
    for (source, kind, target), count in edges.items():
        ends = place.get(source, source), kind, place.get(target, target)
        if ends[0] != ends[2]:
            summed[ends] = summed.get(ends, 0) + count
    return shown, summed


async def _draw_whole(
    session: AsyncSession, caller: Caller, query: MapQuery
) -> tuple[list[Node], dict[Edge, int], bool, int]:
    organization_id, by = caller.organization_id, query.group_by
    opened = tuple(
        group_value(by, id_) for id_ in open_groups(query) if by is not None and id_.startswith(group_id(by, ""))
    )
    wanted = Grouping(
        by=by,
        account_id=query.account_id,
        network_id=query.network_id,
        types=split(query.type),
        opened=opened if by else ("",),
        at=query.at,
    )
    groups = await queries.count_groups(session, organization_id, wanted)
    total = sum(row["found"] for row in groups)
    nodes: list[Node] = []
    truncated = False
    if by is not None:
        closed = [row for row in groups if row["value"] not in opened]
        truncated = len(closed) > MAX_GROUPS
        nodes = await _group_nodes(session, caller, wanted, closed[:MAX_GROUPS])
    if by is None or opened:
        rows = await queries.list_members(session, organization_id, wanted, limit=query.limit)
        nodes += [drawing.resource_node(row, group=group_id(by, row["value"]) if by else None) for row in rows]
        inside = sum(row["found"] for row in groups if by is None or row["value"] in opened)
        truncated |= inside > len(rows)
    shown = [UUID(node["id"]) for node in nodes if node["kind"] == "resource"]
    rows, cut = await queries.list_group_edges(
        session, organization_id, wanted, shown, limit=EDGES_PER_NODE * max(query.limit, MAX_GROUPS)
    )

    def end(text: str) -> str:
        return group_id(by or "", text.removeprefix("group:")) if text.startswith("group:") else text

    kinds = split(query.kind)
    edges = {
        (end(row["source"]), row["kind"], end(row["target"])): row["found"]
        for row in rows
        if not kinds or row["kind"] in kinds
    }
    return nodes, edges, truncated or cut, total


async def _group_nodes(
    session: AsyncSession, caller: Caller, wanted: Grouping, rows: Sequence[Mapping[Any, Any]]
) -> list[Node]:
    by, organization_id = wanted.by or "", caller.organization_id
    found = {row["value"]: row for row in rows}
    names = await queries.name_groups(session, organization_id, by, found)
    nodes = {
        value: drawing.group_node(
            group_id(by, value),
            _label(by, value, names),
            row["found"],
            type=row["type"],
            provider=row["provider"],
            account_id=value if by == "account" else None,
            region=value if by == "region" else None,
            stale=row["stale"],
        )
        for value, row in found.items()
    }
    if wanted.at is not None:
        return list(nodes.values())
    for cost in await queries.sum_group_costs(session, organization_id, wanted):
        if cost["value"] in nodes:
            money = {"amount": format_amount(cost["amount"]), "currency": cost["currency"]}
            nodes[cost["value"]]["cost"].append(money)
    if caller.can("compliance:read"):
        for count in await queries.count_group_findings(session, organization_id, wanted):
            if count["value"] in nodes:
                node = nodes[count["value"]]
                node["findings"] = node["findings"] | {count["severity"]: count["found"]}
    return list(nodes.values())


def group_id(by: str, value: str) -> str:
    """The id of a group's node; it has no comma, so that several fit in one parameter."""
    return f"group:{_escape(by)}:{_escape(value)}"


def group_value(by: str, id_: str) -> str:
    """What the group's members share."""
    return id_.removeprefix(group_id(by, "")).replace("%2C", ",").replace("%25", "%")


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace(",", "%2C")


def open_groups(query: MapQuery) -> tuple[str, ...]:
    """The ids of the groups to open; blanks at their ends are theirs."""
    return tuple(dict.fromkeys(id_ for id_ in (query.group or "").split(",") if id_))


def check_groups(query: MapQuery) -> None:
    """Raises InvalidInput for a group that is not one of the map's, and for too many."""
    groups = open_groups(query)
    if len(groups) > MAX_OPEN_GROUPS:
        raise InvalidInput(
            errors=[FieldProblem(pointer="query/group", detail=f"takes {MAX_OPEN_GROUPS} groups at most")]
        )
    own = group_id(query.group_by, "") if query.group_by else "hub:"
    for id_ in groups:
        if not id_.startswith(("hub:", own)):
            raise InvalidInput(errors=[FieldProblem(pointer="query/group", detail=f"{id_} is no group of this map")])


def _label(by: str, value: str, names: dict[str, str]) -> str:
    if not value:
        return f"No {by.removeprefix('tag:')}" if by.startswith("tag:") else UNGROUPED.get(by, "None")
    return names.get(value, "Another network" if by == "vpc" else value)
