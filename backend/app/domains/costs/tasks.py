"""Background work of costs, and what it does when the inventory changes."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import handles
from app.core.tasks import TaskContext, schedule, task
from app.domains.costs import service
from app.domains.inventory.events import ResourceChanged


@task("costs.import_file", retries=3, timeout_seconds=6 * 3600, queue="import", per_organization=1)
async def import_file(context: TaskContext, import_id: UUID) -> None:
    """Import one bill file. Safe to repeat: it counts from one commit on."""
    await service.run_import(context, import_id)


@task("costs.join_resources", retries=3, timeout_seconds=1_800, queue="import", per_organization=1)
async def join_resources(context: TaskContext) -> None:
    """Join costs to resources that were collected after the bill."""
    await service.join_resources(context)


@task("costs.remove_files", retries=3, timeout_seconds=1_800, queue="import", per_organization=1)
async def remove_files(context: TaskContext) -> None:
    """Remove bill files that no longer count."""
    await service.remove_files(context)


@schedule("costs.clean_files", cron="17 3 * * *")
async def clean_files(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the daily removal of bill files that no longer count."""
    await service.enqueue_cleaning(session, organization_id)


@handles(ResourceChanged)
async def join_changed_resources(session: AsyncSession, event: ResourceChanged) -> None:
    """New resources, or new names of known ones, may be what bills already name."""
    if event.created or event.updated:
        await service.enqueue_joining(session, event.organization_id)
