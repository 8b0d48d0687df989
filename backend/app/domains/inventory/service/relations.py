"""Edges: each unit's are compared with what it reported before; ends are found by id or by an unambiguous alias."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, array_literal, open_driver
from app.core.ids import new_id
from app.domains.inventory import rules
from app.domains.inventory.rules import PreparedResource
from app.providers.base import CollectedRelation

CHUNK = 5_000
Edge = tuple[str, str, str]  # source, kind, target


async def find_resources(driver: Driver, organization_id: UUID, native_ids: Collection[str]) -> dict[str, UUID]:
    """Resource ids by native id or alias, closed ones too. An alias that several resources share finds none of them."""
    wanted: dict[str, list[str]] = {}
    for native_id in native_ids:
        wanted.setdefault(rules.id_term(native_id), []).append(native_id)
    by_id: dict[str, UUID] = {}
    by_alias: dict[str, set[UUID]] = {}
    terms = list(wanted)
    for start in range(0, len(terms), CHUNK):
        rows = await driver.fetch(
            """SELECT kind, term, unnest(resource_ids) AS resource_id FROM resource_terms
               WHERE organization_id = $1 AND kind IN ('id', 'alias') AND term = ANY($2::text[])""",
            organization_id,
            terms[start : start + CHUNK],
        )
        for row in rows:
            if row["kind"] == "id":
                by_id[row["term"]] = row["resource_id"]
            else:
                by_alias.setdefault(row["term"], set()).add(row["resource_id"])
    found = {term: next(iter(ids)) for term, ids in by_alias.items() if len(ids) == 1} | by_id
    return {native_id: found[term] for term, native_ids in wanted.items() if term in found for native_id in native_ids}


@dataclass(frozen=True, kw_only=True)
class EdgeSources:
    """Where a unit's edges come from: what was read and what is known, all by native key.

    `left_out`: ids and aliases of resources that another connection reads. `only`: edges of these sources alone.
    """

    organization_id: UUID
    unit_id: UUID
    provider: str
    now: datetime
    is_new_unit: bool
    resources: Mapping[str, PreparedResource]
    ids: Mapping[str, UUID]
    types_by_id: Mapping[UUID, str]
    left_out: Collection[str] = ()
    only: Collection[UUID] | None = None

    def key(self, native_id: str) -> str:
        """What an end is told by."""
        return rules.native_key(self.provider, native_id)


async def store_relations(
    driver: Driver,
    given: EdgeSources,
    relations: Iterable[CollectedRelation],
    *,
    is_complete: bool,
    complete_types: Collection[str],
) -> None:
    """Make the unit's edges those that were read. An edge goes only when its source was read completely."""
    stored = {} if given.is_new_unit else await _read_edges(driver, given)
    wanted: dict[Edge, Edge] = {}
    for relation in relations:
        source, target = rules.clean_text(relation.source), rules.clean_text(relation.target)
        if source not in given.left_out:
            wanted[given.key(source), relation.kind, given.key(target)] = source, relation.kind, target
    unread = {given.ids[key] for key, resource in given.resources.items() if resource.unread_fields}

    def may_go(source_id: UUID | None) -> bool:
        if source_id in unread:
            return False
        return is_complete or (source_id is not None and given.types_by_id.get(source_id) in complete_types)

    gone = [edge for key, (edge, source) in stored.items() if key not in wanted and may_go(source)]
    await _close(driver, given.organization_id, given.unit_id, gone, given.now)
    await _insert(driver, given, sorted(edge for key, edge in wanted.items() if key not in stored))


async def _read_edges(driver: Driver, given: EdgeSources) -> dict[Edge, tuple[Edge, UUID | None]]:
    """Each edge with its source's resource id, by its key."""
    rows = await driver.fetch(
        """SELECT source_native_id, kind, target_native_id, source_id FROM resource_relations
           WHERE organization_id = $1 AND unit_id = $2 AND ($3::uuid[] IS NULL OR source_id = ANY($3::uuid[]))""",
        given.organization_id,
        given.unit_id,
        None if given.only is None else list(given.only),
    )
    return {
        (given.key(source), kind, given.key(target)): ((source, kind, target), source_id)
        for source, kind, target, source_id in rows
    }


async def resolve_open_ends(session: AsyncSession, organization_id: UUID) -> None:
    """Connect edges whose ends were collected after them. Once a sync, one at a time: units would wait in circles."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"relations:{organization_id}"}
    )
    driver = await open_driver(session)
    for end in ("source", "target"):
        rows = await driver.fetch(
            f"""SELECT DISTINCT {end}_native_id AS native_id FROM resource_relations
                WHERE organization_id = $1 AND {end}_id IS NULL""",  # noqa: S608  # `end` is ours
            organization_id,
        )
        found = await find_resources(driver, organization_id, [row["native_id"] for row in rows])
        if not found:
            continue
        await driver.execute(
            f"""UPDATE resource_relations r SET {end}_id = f.id
                FROM unnest($2::text[], $3::uuid[]) AS f (native_id, id)
                WHERE r.organization_id = $1 AND r.{end}_id IS NULL AND r.{end}_native_id = f.native_id""",  # noqa: S608
            organization_id,
            list(found),
            list(found.values()),
        )


async def connect_ends(
    driver: Driver, organization_id: UUID, resources: Iterable[PreparedResource], ids: Mapping[str, UUID]
) -> None:
    """Connect open edges to resources that are new, by their ids and by aliases that are theirs alone."""
    names = {name: ids[made.native_key] for made in resources for name in (made.native_id, *made.aliases)}
    found = await find_resources(driver, organization_id, list(names))
    mine = [name for name, resource_id in names.items() if found.get(name) == resource_id]
    for end in ("source", "target"):
        await driver.execute(
            f"""UPDATE resource_relations r SET {end}_id = f.id
                FROM unnest($2::text[], $3::uuid[]) AS f (name, id)
                WHERE r.organization_id = $1 AND r.{end}_id IS NULL AND r.{end}_native_id = f.name""",  # noqa: S608
            organization_id,
            mine,
            [names[name] for name in mine],
        )


async def _close(driver: Driver, organization_id: UUID, unit_id: UUID, edges: Sequence[Edge], now: datetime) -> None:
    """Move edges to the past ones, which maps of the past read."""
    if edges:
        await driver.execute(
            """WITH gone AS (
                 DELETE FROM resource_relations r
                 USING unnest($4::text::text[], $5::text::text[], $6::text::text[], $7::text::uuid[])
                   AS g (source, kind, target, id)
                 WHERE r.organization_id = $1 AND r.unit_id = $2 AND r.source_native_id = g.source
                   AND r.kind = g.kind AND r.target_native_id = g.target
                 RETURNING g.id, r.source_native_id, r.kind, r.target_native_id, r.source_id, r.target_id,
                   r.first_seen_at)
               INSERT INTO past_relations (organization_id, id, source_native_id, kind, target_native_id, source_id,
                   target_id, first_seen_at, closed_at)
                 SELECT $1, gone.*, $3 FROM gone""",
            organization_id,
            unit_id,
            now,
            *map(array_literal, zip(*((*edge, str(new_id())) for edge in edges), strict=True)),
        )


async def _insert(driver: Driver, given: EdgeSources, edges: Sequence[Edge]) -> None:
    """Only ends outside of the unit are looked up."""
    if not edges:
        return
    others = {end for edge in edges for end in (edge[0], edge[2]) if given.key(end) not in given.ids}
    found = await find_resources(driver, given.organization_id, others) if others else {}

    def id_of(end: str) -> str | None:
        resource_id = given.ids.get(given.key(end)) or found.get(end)
        return None if resource_id is None else str(resource_id)

    rows = [(*edge, id_of(edge[0]), id_of(edge[2])) for edge in edges]
    await driver.execute(
        """INSERT INTO resource_relations
             (organization_id, unit_id, first_seen_at, source_native_id, kind, target_native_id, source_id, target_id)
           SELECT $1, $2, $3, * FROM unnest($4::text::text[], $5::text::text[], $6::text::text[], $7::text::uuid[],
             $8::text::uuid[])
           ON CONFLICT DO NOTHING""",
        given.organization_id,
        given.unit_id,
        given.now,
        *map(array_literal, zip(*rows, strict=True)),
    )
