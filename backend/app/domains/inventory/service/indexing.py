"""Word bits, tag hashes and zones of resources from before there were any; a migration leaves them to be made here.

Until all are made the nil unit's row of `resource_zones` keeps questions from walks that would not find those
resources (`asking.may_walk`); then the row goes. To be removed together with the migration, at the next squash.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.database import tenant_session
from app.core.tasks import TaskContext, enqueue
from app.domains.inventory import queries, rules
from app.domains.inventory.rules import Terms
from app.domains.inventory.service.before import ANY_WORD
from app.domains.inventory.service.terms import add_terms, drop_terms
from app.domains.inventory.service.zones import add_zones

BATCH = 500
_LEFT = f"""SELECT id, unit_id, name, native_id, native_type, type, region, tags::text, aliases FROM cloud_resources
  WHERE organization_id = $1 AND id > $2 AND word_bits = {ANY_WORD} ORDER BY id LIMIT $3"""  # noqa: S608  # bits are ours
# Rows that a sync holds get theirs from it or at the next try: waiting for one another would end in a deadlock.
_STORE = f"""
WITH free AS MATERIALIZED (
  SELECT id FROM cloud_resources
  WHERE organization_id = $1 AND id = ANY($2::uuid[]) AND word_bits = {ANY_WORD} FOR UPDATE SKIP LOCKED)
UPDATE cloud_resources r SET word_bits = s.bits::bit({rules.WORD_BITS}), tag_hashes = s.hashes::int4[]
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS s (id, bits, hashes) JOIN free USING (id)
WHERE r.organization_id = $1 AND r.id = s.id RETURNING r.id
"""  # noqa: S608  # bits are ours
_DONE = "DELETE FROM resource_zones WHERE organization_id = $1 AND zone = '' AND unit_id = $2"


async def enqueue_indexing(session: AsyncSession, organization_id: UUID) -> None:
    """Queue `index_resources` where an upgrade left something to do."""
    if await _is_left(await open_driver(session), organization_id):
        await enqueue(session, "inventory.index_resources", {}, organization_id=organization_id, dedupe="index")


async def index_resources(context: TaskContext) -> None:
    """Make what is missing, a batch a transaction, from the rows as they are."""
    organization_id, after, done, is_whole = context.organization_id, UUID(int=0), 0, True
    while rows := await _read_left(organization_id, after):
        after = rows[-1]["id"]
        made = {row["id"]: _terms_of(row) for row in rows}
        for unit_id in dict.fromkeys(row["unit_id"] for row in rows):
            await _mark_zones(organization_id, unit_id, [row for row in rows if row["unit_id"] == unit_id], made)
        stored = await _store(organization_id, rows, made)
        is_whole = is_whole and stored == len(rows)
        done += stored
        await context.report_progress(done)
        await context.raise_if_cancelled()
    if is_whole:
        async with tenant_session(organization_id) as session:
            await (await open_driver(session)).execute(_DONE, organization_id, queries.NO_UNIT)


async def _is_left(driver: Driver, organization_id: UUID) -> bool:
    sql, arguments = queries.left_over_statement(organization_id)
    return bool(await driver.fetchval(sql, *arguments))


async def _read_left(organization_id: UUID, after: UUID) -> Sequence[Any]:
    async with tenant_session(organization_id) as session:
        driver = await open_driver(session)
        if not await _is_left(driver, organization_id):
            return []
        rows: Sequence[Any] = await driver.fetch(_LEFT, organization_id, after, BATCH)
        return rows


def _terms_of(row: Any) -> Terms:
    return rules.resource_terms(
        name=row["name"],
        native_id=row["native_id"],
        native_type=row["native_type"],
        kind=row["type"],
        region=row["region"],
        tags=orjson.loads(row["tags"]),
        aliases=row["aliases"],
    )


async def _mark_zones(organization_id: UUID, unit_id: UUID, rows: Sequence[Any], made: Mapping[UUID, Terms]) -> None:
    """Before the rows themselves: marks that promise too much do no harm. Alone with the unit, as a sync is."""
    async with tenant_session(organization_id) as session:
        driver = await open_driver(session)
        await driver.execute(
            "SELECT FROM sync_units WHERE organization_id = $1 AND id = $2 FOR UPDATE", organization_id, unit_id
        )
        named = ((row["name"], made[row["id"]], orjson.loads(row["tags"])) for row in rows)
        await add_zones(driver, organization_id, unit_id, named)


async def _store(organization_id: UUID, rows: Sequence[Any], made: Mapping[UUID, Terms]) -> int:
    """Write bits and hashes; returns of how many rows."""
    hashes = [rules.tag_hashes(orjson.loads(row["tags"])) for row in rows]
    async with tenant_session(organization_id) as session:
        driver = await open_driver(session)
        stored = await driver.fetch(
            _STORE,
            organization_id,
            [row["id"] for row in rows],
            [rules.bits_text(rules.word_bits(made[row["id"]])) for row in rows],
            [None if found is None else f"{{{','.join(map(str, found))}}}" for found in hashes],
        )
        await _list_cut(driver, organization_id, {row["id"]: made[row["id"]] for row in stored})
    return len(stored)


async def _list_cut(driver: Driver, organization_id: UUID, made: Mapping[UUID, Terms]) -> None:
    """Terms beyond the limit were once cut in another order: of resources with so many (none shared) list all anew."""
    for resource_id, terms in made.items():
        if not terms.shared:
            await drop_terms(driver, organization_id, {term: [resource_id] for term in terms.all})
            await add_terms(driver, organization_id, [(resource_id, terms)])
