"""Edges: each unit's are compared with what it reported before; ends are found by id or by an unambiguous alias."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, array_literal, open_driver
from app.core.ids import new_id
from app.domains.inventory import rules
from app.domains.inventory.rules import PreparedResource
from app.providers.base import UnitResult, UnitState

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


async def store_relations(
    driver: Driver,
    organization_id: UUID,
    unit_id: UUID,
    result: UnitResult,
    resources: Mapping[str, PreparedResource],
    ids: Mapping[str, UUID],
    types_by_id: Mapping[UUID, str],
    *,
    is_new_unit: bool,
    now: datetime,
) -> None:
    """Make the unit's edges those of the result. An edge goes only when its source was read completely."""
    stored = {} if is_new_unit else await _read_edges(driver, organization_id, unit_id)
    wanted: set[Edge] = {
        (rules.clean_text(edge.source), edge.kind, rules.clean_text(edge.target)) for edge in result.relations
    }
    unread = {ids[native_id] for native_id, resource in resources.items() if resource.unread_fields}

    def may_go(source_id: UUID | None) -> bool:
        if source_id in unread:
            return False
        return result.state is UnitState.COMPLETE or (
            source_id is not None and types_by_id.get(source_id) in result.complete_types
        )

    gone = [e for e, source in stored.items() if e not in wanted and may_go(source)]
    await _close(driver, organization_id, unit_id, gone, now)
    await _insert(driver, organization_id, unit_id, sorted(wanted - stored.keys()), ids, now)


async def _read_edges(driver: Driver, organization_id: UUID, unit_id: UUID) -> dict[Edge, UUID | None]:
    """Each edge with its source's resource id."""
    rows = await driver.fetch(
        """SELECT source_native_id, kind, target_native_id, source_id FROM resource_relations
           WHERE organization_id = $1 AND unit_id = $2""",
        organization_id,
        unit_id,
    )
    return {(source, kind, target): source_id for source, kind, target, source_id in rows}


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


async def _insert(
    driver: Driver, organization_id: UUID, unit_id: UUID, edges: Sequence[Edge], ids: Mapping[str, UUID], now: datetime
) -> None:
    """`ids`: those of the unit by native id; only other ends are looked up."""
    if not edges:
        return
    others = {end for edge in edges for end in (edge[0], edge[2]) if end not in ids}
    found = {**await find_resources(driver, organization_id, others), **ids} if others else ids
    texts = {native_id: str(id_) for native_id, id_ in found.items()}
    rows = [(*edge, texts.get(edge[0]), texts.get(edge[2])) for edge in edges]
    await driver.execute(
        """INSERT INTO resource_relations
             (organization_id, unit_id, first_seen_at, source_native_id, kind, target_native_id, source_id, target_id)
           SELECT $1, $2, $3, * FROM unnest($4::text::text[], $5::text::text[], $6::text::text[], $7::text::uuid[],
             $8::text::uuid[])
           ON CONFLICT DO NOTHING""",
        organization_id,
        unit_id,
        now,
        *map(array_literal, zip(*rows, strict=True)),
    )
