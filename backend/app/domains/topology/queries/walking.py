"""Steps over edges: a frontier of resources to their neighbours in one statement, hubs counted instead of listed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import scope_of
from app.domains.topology.queries.sql import Statement, fetch

MAX_COUNTED = 10_000  # edges of one kind at one hub; more are "at least"
MAX_ROWS = 100_000
SHOWN = """r.id, r.native_id, r.name, r.type, r.native_type, r.provider, r.account_id, r.region, r.service,
  r.cost::text AS cost, r.stale_since IS NOT NULL AS stale"""


class Step(NamedTuple):
    """One edge as it was walked from `origin`; `reverse`: against its direction. No neighbour: it was not collected."""

    origin: UUID
    kind: str
    reverse: bool
    neighbour: UUID | None


class Hub(NamedTuple):
    """Too many edges of one kind at one resource. `edges` is at most MAX_COUNTED + 1, which means more."""

    origin: UUID
    kind: str
    reverse: bool
    edges: int


@dataclass(frozen=True, kw_only=True)
class Way:
    """Which edges to follow. `kinds`: these only; `without`: not these. `at`: the edges of then."""

    outward: bool = True
    inward: bool = True
    outward_kinds: Sequence[str] | None = None
    outward_without: Sequence[str] = ()
    inward_kinds: Sequence[str] | None = None
    inward_without: Sequence[str] = ()
    at: datetime | None = None

    def reversed(self) -> "Way":
        """The same edges from their other end."""
        return Way(
            outward=self.inward,
            inward=self.outward,
            outward_kinds=self.inward_kinds,
            outward_without=self.inward_without,
            inward_kinds=self.outward_kinds,
            inward_without=self.outward_without,
            at=self.at,
        )

    def branches(self) -> list[tuple[bool, str, str, Sequence[str] | None, Sequence[str]]]:
        """(reverse, the column to start from, the column to arrive at, kinds, without) of each direction."""
        made: list[tuple[bool, str, str, Sequence[str] | None, Sequence[str]]] = []
        if self.outward:
            made.append((False, "source_id", "target_id", self.outward_kinds, self.outward_without))
        if self.inward:
            made.append((True, "target_id", "source_id", self.inward_kinds, self.inward_without))
        return made


@dataclass(kw_only=True)
class Reached:
    """What a frontier leads to."""

    steps: list[Step] = field(default_factory=list)
    hubs: list[Hub] = field(default_factory=list)
    truncated: bool = False


async def expand(
    session: AsyncSession, organization_id: UUID, frontier: Collection[UUID], way: Way, *, fan_out: int
) -> Reached:
    """The edges of these resources. A kind with more than `fan_out` of them at one resource becomes a hub."""
    reached = Reached()
    if not frontier:
        return reached
    for reverse, here, there, kinds, without in way.branches():
        made = Statement(organization_id)
        ids, cap = made.bind(list(frontier), "uuid[]"), made.bind(fan_out + 1)
        sql = f"""SELECT f.id AS origin, e.kind, e.{there} AS neighbour FROM unnest({ids}) AS f (id)
          CROSS JOIN LATERAL (SELECT e.kind, e.{there} FROM {made.edges(way.at)} AS e
            WHERE e.{here} = f.id {_kinds(made, kinds, without)} LIMIT {cap}) AS e
          LIMIT {made.bind(MAX_ROWS + 1)}"""  # noqa: S608  # names are ours
        rows = await fetch(session, sql, made.arguments)
        reached.truncated |= len(rows) > MAX_ROWS
        by_origin: dict[UUID, list[Step]] = {}
        for row in rows[:MAX_ROWS]:
            step = Step(row["origin"], row["kind"], reverse, row["neighbour"])
            by_origin.setdefault(step.origin, []).append(step)
        crowded = [origin for origin, steps in by_origin.items() if len(steps) > fan_out]
        for origin in crowded:
            del by_origin[origin]
        reached.steps += [step for steps in by_origin.values() for step in steps]
        if crowded:
            await _sort_out(session, organization_id, crowded, way, reverse, fan_out, reached)
    return reached


def _kinds(made: Statement, kinds: Sequence[str] | None, without: Sequence[str]) -> str:
    only = "" if kinds is None else f" AND e.kind = ANY({made.bind(list(kinds), 'text[]')})"
    return only + (f" AND e.kind <> ALL({made.bind(list(without), 'text[]')})" if without else "")


async def _sort_out(
    session: AsyncSession,
    organization_id: UUID,
    crowded: Sequence[UUID],
    way: Way,
    reverse: bool,
    fan_out: int,
    reached: Reached,
) -> None:
    """Count each kind at crowded resources; list the kinds that are few."""
    _, here, there, kinds, without = next(branch for branch in way.branches() if branch[0] is reverse)
    made = Statement(organization_id)
    ids = made.bind(list(crowded), "uuid[]")
    edges = made.edges(way.at)
    # From one kind to the next through the index, instead of reading every edge of the hub to learn its kinds.
    sql = f"""SELECT f.id AS origin, k.kind, n.found FROM unnest({ids}) AS f (id)
      CROSS JOIN LATERAL (
        WITH RECURSIVE k AS (
          (SELECT min(e.kind) AS kind FROM {edges} AS e WHERE e.{here} = f.id)
          UNION ALL
          SELECT (SELECT min(e.kind) FROM {edges} AS e WHERE e.{here} = f.id AND e.kind > k.kind) FROM k
            WHERE k.kind IS NOT NULL)
        SELECT kind FROM k WHERE kind IS NOT NULL) AS k
      CROSS JOIN LATERAL (SELECT count(*) AS found FROM (SELECT FROM {edges} AS e
        WHERE e.{here} = f.id AND e.kind = k.kind LIMIT {made.bind(MAX_COUNTED + 1)}) AS counted) AS n
      WHERE true {_kinds(made, kinds, without).replace("e.kind", "k.kind")}"""  # noqa: S608  # names are ours
    few: list[tuple[UUID, str]] = []
    for row in await fetch(session, sql, made.arguments):
        if row["found"] > fan_out:
            reached.hubs.append(Hub(row["origin"], row["kind"], reverse, row["found"]))
        else:
            few.append((row["origin"], row["kind"]))
    if not few:
        return
    made = Statement(organization_id)
    origins = made.bind([origin for origin, _ in few], "uuid[]")
    names = made.bind([kind for _, kind in few], "text[]")
    sql = f"""SELECT f.id AS origin, e.kind, e.{there} AS neighbour FROM unnest({origins}, {names}) AS f (id, kind)
      JOIN LATERAL (SELECT e.kind, e.{there} FROM {made.edges(way.at)} AS e
        WHERE e.{here} = f.id AND e.kind = f.kind LIMIT {made.bind(fan_out + 1)}) AS e ON true"""  # noqa: S608
    for row in await fetch(session, sql, made.arguments):
        reached.steps.append(Step(row["origin"], row["kind"], reverse, row["neighbour"]))


async def list_hub_members(
    session: AsyncSession,
    organization_id: UUID,
    hub: UUID,
    kind: str,
    *,
    reverse: bool,
    at: datetime | None,
    limit: int,
) -> list[Step]:
    """The edges of one kind at one resource, at most `limit`."""
    here, there = ("target_id", "source_id") if reverse else ("source_id", "target_id")
    made = Statement(organization_id)
    sql = f"""SELECT e.{there} AS neighbour FROM {made.edges(at)} AS e
      WHERE e.{here} = {made.bind(hub)} AND e.kind = {made.bind(kind, "text")} ORDER BY 1
      LIMIT {made.bind(limit)}"""  # noqa: S608  # names are ours
    return [Step(hub, kind, reverse, row["neighbour"]) for row in await fetch(session, sql, made.arguments)]


async def read_nodes(
    session: AsyncSession, organization_id: UUID, ids: Collection[UUID], *, at: datetime | None = None
) -> dict[UUID, Mapping[Any, Any]]:
    """Resources that are there; of those outside of the session's scope `visible` is false and nothing else counts."""
    if not ids:
        return {}
    made = Statement(organization_id)
    sql = f"""SELECT {SHOWN}, {made.scope(scope_of(session), "r")} AS visible, x.exposed
      FROM cloud_resources r
      LEFT JOIN resource_exposures x ON x.organization_id = r.organization_id AND x.resource_id = r.id
      WHERE r.organization_id = $1 AND r.id = ANY({made.bind(list(ids), "uuid[]")}) AND {made.alive("r", at)}"""  # noqa: S608
    return {row["id"]: row for row in await fetch(session, sql, made.arguments)}


async def read_types(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> dict[UUID, str]:
    """The types of resources that are there and that the session's scope shows: what a search needs of each."""
    if not ids:
        return {}
    made = Statement(organization_id)
    sql = f"""SELECT r.id, r.type FROM cloud_resources r
      WHERE r.organization_id = $1 AND r.id = ANY({made.bind(list(ids), "uuid[]")}) AND r.closed_at IS NULL
        AND {made.scope(scope_of(session), "r")}"""  # noqa: S608  # names are ours
    return {row["id"]: row["type"] for row in await fetch(session, sql, made.arguments)}


async def list_outside(
    session: AsyncSession, organization_id: UUID, ids: Collection[UUID], way: Way, *, limit: int
) -> list[tuple[UUID, str, bool, str]]:
    """(resource, kind, reverse, native id) of the edges of these resources whose other end was not collected."""
    found: list[tuple[UUID, str, bool, str]] = []
    for reverse, here, there, kinds, without in way.branches() if ids else ():
        made = Statement(organization_id)
        native = there.replace("_id", "_native_id")
        sql = f"""SELECT e.{here} AS origin, e.kind, e.{native} AS native_id FROM {made.edges(way.at)} AS e
          WHERE e.{here} = ANY({made.bind(list(ids), "uuid[]")}) AND e.{there} IS NULL {_kinds(made, kinds, without)}
          LIMIT {made.bind(limit)}"""  # noqa: S608  # names are ours
        found += [
            (row["origin"], row["kind"], reverse, row["native_id"]) for row in await fetch(session, sql, made.arguments)
        ]
    return found


async def list_edges_among(
    session: AsyncSession,
    organization_id: UUID,
    ids: Collection[UUID],
    *,
    at: datetime | None,
    fan_out: int,
    limit: int,
) -> list[tuple[UUID, str, UUID]]:
    """(source, kind, target) of edges between these resources; of a hub among them, those its neighbours have."""
    if not ids:
        return []
    made = Statement(organization_id)
    among, cap = made.bind(list(ids), "uuid[]"), made.bind(fan_out)
    edges = made.edges(at)
    sql = f"""WITH f AS MATERIALIZED (SELECT unnest({among}) AS id)
      SELECT DISTINCT e.source_id, e.kind, e.target_id FROM (
          SELECT e.* FROM f CROSS JOIN LATERAL (SELECT e.source_id, e.kind, e.target_id FROM {edges} AS e
            WHERE e.source_id = f.id LIMIT {cap}) AS e
          UNION ALL
          SELECT e.* FROM f CROSS JOIN LATERAL (SELECT e.source_id, e.kind, e.target_id FROM {edges} AS e
            WHERE e.target_id = f.id LIMIT {cap}) AS e) AS e
        JOIN f AS s ON s.id = e.source_id JOIN f AS t ON t.id = e.target_id
      LIMIT {made.bind(limit)}"""  # noqa: S608  # names are ours
    rows = await fetch(session, sql, made.arguments)
    return [(row["source_id"], row["kind"], row["target_id"]) for row in rows]


async def count_findings(
    session: AsyncSession, organization_id: UUID, ids: Collection[UUID]
) -> dict[UUID, dict[str, int]]:
    """Open findings by resource and severity."""
    if not ids:
        return {}
    made = Statement(organization_id)
    sql = f"""SELECT resource_id, severity, count(*) AS found FROM compliance_issues
      WHERE organization_id = $1 AND resource_id = ANY({made.bind(list(ids), "uuid[]")}) AND status = 'open'
      GROUP BY resource_id, severity"""  # noqa: S608  # names are ours
    counts: dict[UUID, dict[str, int]] = {}
    for row in await fetch(session, sql, made.arguments):
        counts.setdefault(row["resource_id"], {})[row["severity"]] = row["found"]
    return counts
