"""Deleting what was collected from a removed account, a batch a transaction."""

from uuid import UUID

import orjson

from app.core.bulk import Driver, open_driver
from app.core.database import tenant_session
from app.core.tasks import TaskContext
from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.service.terms import drop_terms

BATCH = 2_000


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


async def _forget_batch(driver: Driver, organization_id: UUID, account_id: UUID) -> int:
    rows = await driver.fetch(
        """SELECT id, name, native_id, native_type, type, region, tags::text, aliases FROM cloud_resources
           WHERE organization_id = $1 AND account_id = $2 ORDER BY id LIMIT $3 FOR UPDATE""",
        organization_id,
        account_id,
        BATCH,
    )
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
    for end in ("source", "target"):
        await driver.execute(
            f"UPDATE resource_relations SET {end}_id = NULL"  # noqa: S608  # `end` is ours
            f" WHERE organization_id = $1 AND {end}_id = ANY($2::uuid[])",
            organization_id,
            ids,
        )
    await driver.execute(
        "DELETE FROM cloud_resources WHERE organization_id = $1 AND id = ANY($2::uuid[])", organization_id, ids
    )
    return len(ids)
