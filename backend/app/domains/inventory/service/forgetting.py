"""Deleting what was collected from a removed account, a batch a transaction."""

from uuid import UUID

import orjson

from app.core.bulk import Driver, open_driver, stage_rows
from app.core.database import tenant_session
from app.core.tasks import TaskContext
from app.domains.accounts import service as accounts
from app.domains.inventory import rules

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
    terms = [
        (kind, term, row["id"])
        for row in rows
        for kind, term in rules.resource_terms(
            name=row["name"],
            native_id=row["native_id"],
            native_type=row["native_type"],
            kind=row["type"],
            region=row["region"],
            tags=orjson.loads(row["tags"]),
            aliases=row["aliases"],
        )
    ]
    columns = {"kind": "text", "term": 'text COLLATE "C"', "resource_id": "uuid"}
    await stage_rows(driver, "staged_terms", columns, terms)
    ids = [row["id"] for row in rows]
    await driver.execute(
        """DELETE FROM resource_terms t USING pg_temp.staged_terms s WHERE t.organization_id = $1
             AND t.kind = s.kind AND t.term = s.term AND t.resource_id = s.resource_id""",
        organization_id,
    )
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
