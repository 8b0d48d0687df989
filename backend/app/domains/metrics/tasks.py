"""Background work of the metrics."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import handles
from app.core.tasks import TaskContext, installation_schedule, schedule, task
from app.domains.inventory.events import SyncFinished
from app.domains.metrics import service


@task("metrics.compact", retries=5, timeout_seconds=900, per_organization=1, announce=False)
async def compact(context: TaskContext) -> None:
    """Move samples from blocks into chunks. Safe to repeat and to be killed: each step is one transaction."""
    await service.compact(context.organization_id)


@task("metrics.roll_up", retries=5, timeout_seconds=3_600, per_organization=1, announce=False)
async def roll_up(context: TaskContext) -> None:
    """Roll up closed windows. Safe to repeat and to be killed: each step is one transaction."""
    await service.roll_up(context.organization_id)


@task("metrics.link_series", retries=3, timeout_seconds=900, per_organization=1, announce=False)
async def link_series(context: TaskContext, again: bool = False) -> None:
    """Join series to their resources. Safe to repeat."""
    await service.link_series(context.organization_id, again=again)


@task("metrics.clean", retries=3, timeout_seconds=3_600, per_organization=1, announce=False)
async def clean(context: TaskContext) -> None:
    """Remove what the organization keeps no longer. Safe to repeat."""
    await service.clean(context.organization_id)


@handles(SyncFinished)
async def look_for_resources(session: AsyncSession, event: SyncFinished) -> None:
    """New resources may be what series already speak of."""
    await service.enqueue_linking(session, event.organization_id)


@schedule("metrics.clean", cron="41 2 * * *")
async def clean_daily(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the daily removal."""
    await service.enqueue_cleaning(session, organization_id)


@installation_schedule("metrics.keep_partitions", cron="11 1 * * *")
async def keep_partitions(session: AsyncSession) -> None:
    """Make the partitions of the weeks to come and drop those that nobody may keep."""
    await service.keep_partitions(session)


@schedule("metrics.move_blocks", cron="* * * * *")
async def move_blocks(session: AsyncSession, organization_id: UUID) -> None:
    """Queue a compaction where one is due."""
    await service.enqueue_compaction(session, organization_id)


@schedule("metrics.close_windows", cron="*/15 * * * *")
async def close_windows(session: AsyncSession, organization_id: UUID) -> None:
    """Queue a roll-up where windows have closed."""
    await service.enqueue_rolling(session, organization_id)


@task("metrics.poll_source", retries=0, timeout_seconds=600, queue="collect", announce=False)
async def poll_source(context: TaskContext, source_id: UUID) -> None:
    """Fetch what a cloud has measured since the last time. Safe to repeat: the store takes a sample once."""
    await service.poll_source(context.organization_id, source_id)


@schedule("metrics.poll_due", cron="* * * * *")
async def poll_due(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the polls that are due."""
    await service.enqueue_polls(session, organization_id)


@task("metrics.detect", retries=2, timeout_seconds=3_600, per_organization=1, announce=False)
async def detect(context: TaskContext, choose: bool = False) -> None:
    """Judge what has come for the watched series. Safe to repeat and to be killed: each step is one transaction."""
    await service.detect(context.organization_id, choose=choose)


@schedule("metrics.detect_anomalies", cron="1-59/5 * * * *")
async def detect_anomalies(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the detector a minute after each five: what the minute before brought is there then."""
    await service.enqueue_detection(session, organization_id)
