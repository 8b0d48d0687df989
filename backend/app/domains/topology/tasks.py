"""Derived facts as background work: after changes, after a sync, and every night as a whole."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import handles
from app.core.tasks import TaskContext, enqueue, schedule, task
from app.domains.inventory.events import ResourceChanged, SyncFinished
from app.domains.topology import service


@handles(ResourceChanged)
async def remember_changes(session: AsyncSession, event: ResourceChanged) -> None:
    """What was computed from changed resources is computed anew by the next job."""
    ids = [*event.created, *event.updated, *event.deleted]
    if ids and service.concerns(event.native_types):
        await service.mark_changed(session, event.organization_id, ids)
        await _enqueue(session, event.organization_id)


@handles(SyncFinished)
async def refresh_after_sync(session: AsyncSession, event: SyncFinished) -> None:
    """A listing that became whole settles what was not known, although no resource changed."""
    await service.mark_unknown(session, event.organization_id, event.account_id)
    await _enqueue(session, event.organization_id)


async def _enqueue(session: AsyncSession, organization_id: UUID) -> None:
    await enqueue(session, "topology.refresh_pending", {}, organization_id=organization_id, dedupe="pending")


@task(
    "topology.refresh_pending", retries=5, timeout_seconds=1_800, queue="evaluate", per_organization=1, announce=False
)
async def refresh_pending(context: TaskContext) -> None:
    """Compute what is due. Safe to repeat."""
    await service.refresh_pending(context)


@task("topology.recompute", retries=3, timeout_seconds=3_600, queue="evaluate", per_organization=1, announce=False)
async def recompute(context: TaskContext) -> None:
    """Compute every derived fact anew. Safe to repeat."""
    await service.recompute_all(context)


@schedule("topology.recompute_daily", cron="50 3 * * *")
async def recompute_daily(session: AsyncSession, organization_id: UUID) -> None:
    """Every night: what a lost mark or a new rule would leave behind."""
    await enqueue(session, "topology.recompute", {}, organization_id=organization_id, dedupe="daily")
