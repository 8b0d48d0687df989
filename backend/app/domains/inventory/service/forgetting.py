"""Deleting what was collected from a removed account, and history that is old enough, a batch a transaction."""

import itertools
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.keeping import kept_for
from app.core.tasks import TaskContext
from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.service.terms import drop_terms
from app.domains.inventory.service.zones import drop_zones

BATCH = 2_000
HISTORY_BATCH = 50_000
_COLUMNS = "id, name, native_id, native_type, type, region, tags::text, aliases"


async def forget_account(context: TaskContext, account_id: UUID) -> None:
    """Delete a removed account's resources, then the account. Resources that another account reads by now stay."""
    organization_id = context.organization_id
    forgotten = 0
    while True:
        await context.raise_if_cancelled()
        async with tenant_session(organization_id) as session:
            driver = await open_driver(session)
            count = await _forget_batch(driver, organization_id, account_id)
        forgotten += count
        await context.report_progress(forgotten)
        if count < BATCH:
            break
    async with tenant_session(organization_id) as session:
        await accounts.erase_account(session, organization_id, account_id)
        await drop_zones(await open_driver(session), organization_id)


async def forget_history(session: AsyncSession, organization_id: UUID) -> None:
    """Delete changes, and resources that have been gone, for longer than the organization keeps its history.

    One batch of each: the next night takes the rest.
    """
    before = utc_now() - await kept_for(session, organization_id, "history")
    driver = await open_driver(session)
    await driver.execute(
        """DELETE FROM resource_versions WHERE organization_id = $1 AND id IN (
             SELECT id FROM resource_versions WHERE organization_id = $1 AND at < $2 LIMIT $3)""",
        organization_id,
        before,
        HISTORY_BATCH,
    )
    await driver.execute(
        """DELETE FROM past_relations WHERE organization_id = $1 AND id IN (
             SELECT id FROM past_relations WHERE organization_id = $1 AND closed_at < $2 LIMIT $3)""",
        organization_id,
        before,
        HISTORY_BATCH,
    )
    rows = await driver.fetch(
        f"""SELECT {_COLUMNS} FROM cloud_resources
           WHERE organization_id = $1 AND closed_at < $2 ORDER BY id LIMIT $3 FOR UPDATE""",  # noqa: S608
        organization_id,
        before,
        BATCH,
    )
    await _forget_rows(driver, organization_id, rows)


async def _forget_batch(driver: Driver, organization_id: UUID, account_id: UUID) -> int:
    rows = await driver.fetch(
        f"""SELECT {_COLUMNS} FROM cloud_resources
           WHERE organization_id = $1 AND account_id = $2 ORDER BY id LIMIT $3 FOR UPDATE""",  # noqa: S608
        organization_id,
        account_id,
        BATCH,
    )
    return await _forget_rows(driver, organization_id, rows)


async def _forget_rows(driver: Driver, organization_id: UUID, rows: Sequence[Any]) -> int:
    """Delete locked resources with what leads to them."""
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    terms: dict[rules.Term, list[UUID]] = {}
    for row in rows:
        for term in rules.resource_terms(
            name=row["name"],
            native_id=row["native_id"],
            native_type=row["native_type"],
            kind=row["type"],
            region=row["region"],
            tags=orjson.loads(row["tags"]),
            aliases=row["aliases"],
        ).all:
            terms.setdefault(term, []).append(row["id"])
    await drop_terms(driver, organization_id, terms)
    for table, end in itertools.product(("resource_relations", "past_relations"), ("source", "target")):
        await driver.execute(
            f"UPDATE {table} SET {end}_id = NULL"  # noqa: S608  # names are ours
            f" WHERE organization_id = $1 AND {end}_id = ANY($2::uuid[])",
            organization_id,
            ids,
        )
    await driver.execute(
        "DELETE FROM resource_marks WHERE organization_id = $1 AND resource_id = ANY($2::uuid[])", organization_id, ids
    )
    await driver.execute(
        "DELETE FROM cloud_resources WHERE organization_id = $1 AND id = ANY($2::uuid[])", organization_id, ids
    )
    return len(ids)
