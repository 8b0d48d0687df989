"""Derived facts follow changes: changed resources are marked, a job takes them with all that was computed from them."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.tasks import TaskContext
from app.domains.inventory import service as inventory
from app.domains.topology import queries
from app.domains.topology.rules.estate import Estate, reads_of
from app.domains.topology.rules.exposure import examined_types, is_examined
from app.domains.topology.rules.inputs import INPUT_TYPES
from app.domains.topology.rules.orphans import may_be_orphan, orphan_types
from app.domains.topology.service.exposing import refresh_exposures
from app.domains.topology.service.orphaning import refresh_orphans

BATCH = 500
RECENT = timedelta(hours=6)  # edges that ended within it lead to what may have become an orphan


def concerns(native_types: Iterable[str]) -> bool:
    """Whether changes of these types can change a derived fact."""
    return any(is_examined(name) or may_be_orphan(name) or name.lower() in INPUT_TYPES for name in native_types)


async def mark_changed(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> None:
    """Note resources whose derived facts are due."""
    driver = await open_driver(session)
    await driver.execute(
        """INSERT INTO pending_topology (organization_id, resource_id) SELECT $1, unnest($2::uuid[])
           ON CONFLICT DO NOTHING""",
        organization_id,
        sorted(ids),
    )


async def refresh_pending(context: TaskContext) -> None:
    """Take what is due, a batch a transaction. Safe to repeat: what was taken comes back unless its batch commits."""
    done = 0
    while True:
        async with tenant_session(context.organization_id) as session:
            taken = await _take(session, context.organization_id)
            if not taken:
                break
            done += await _refresh_around(session, context.organization_id, taken)
        await context.report_progress(done)
        await context.raise_if_cancelled()
    async with tenant_session(context.organization_id) as session:
        for mark in ("public", "orphan"):  # worked out, even where no resource has it
            await inventory.record_marks(session, context.organization_id, mark, {})


async def _take(session: AsyncSession, organization_id: UUID) -> list[UUID]:
    driver = await open_driver(session)
    # An array is worked out once. Joined, the subquery may run again for each row and so pass its limit.
    rows = await driver.fetch(
        """DELETE FROM pending_topology WHERE organization_id = $1 AND resource_id = ANY(ARRAY(
             SELECT resource_id FROM pending_topology WHERE organization_id = $1
             ORDER BY resource_id LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING resource_id""",
        organization_id,
        BATCH,
    )
    return sorted(row["resource_id"] for row in rows)


async def _refresh_around(session: AsyncSession, organization_id: UUID, taken: list[UUID]) -> int:
    """Compute changed resources and those that were computed from them."""
    keys: set[UUID] = set(taken)
    for row in await queries.list_touched(session, organization_id, taken):
        keys |= reads_of(row["native_type"], row["native_account"], row["region"], row["ids"])
    readers = await queries.list_readers(session, organization_id, keys)
    affected, estate = sorted(readers | set(taken)), Estate()
    for start in range(0, len(affected), BATCH):
        await refresh_exposures(session, organization_id, affected[start : start + BATCH], estate)
    connected = await queries.list_connected(session, organization_id, taken, since=utc_now() - RECENT)
    around = sorted(connected | set(taken))
    for start in range(0, len(around), BATCH):
        await refresh_orphans(session, organization_id, around[start : start + BATCH])
    return len(affected)


async def recompute_all(context: TaskContext) -> None:
    """Compute every derived fact of the organization anew, a batch a transaction. Safe to repeat."""
    organization_id, after, done = context.organization_id, None, 0
    types = sorted(examined_types() | orphan_types())
    estate = Estate()
    while True:
        async with tenant_session(organization_id) as session:
            ids = await queries.list_ids_of_types(session, organization_id, types, after=after, limit=BATCH)
            await refresh_exposures(session, organization_id, ids, estate)
            await refresh_orphans(session, organization_id, ids)
        done += len(ids)
        await context.report_progress(done)
        await context.raise_if_cancelled()
        if len(ids) < BATCH:
            break
        after = ids[-1]


async def mark_unknown(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    """Note what could not be told, of the connection that has just been read."""
    driver = await open_driver(session)
    await driver.execute(
        """INSERT INTO pending_topology (organization_id, resource_id)
           SELECT $1, x.resource_id FROM resource_exposures x
             JOIN cloud_resources r ON r.organization_id = $1 AND r.id = x.resource_id
             JOIN sync_units u ON u.organization_id = $1 AND u.id = r.unit_id
           WHERE x.organization_id = $1 AND x.exposed IS NULL AND u.account_id = $2
           ORDER BY x.resource_id ON CONFLICT DO NOTHING""",
        organization_id,
        account_id,
    )
