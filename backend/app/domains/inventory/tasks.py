"""Background work of the inventory and what it does when accounts come and go."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.events import handles
from app.core.tasks import TaskContext, enqueue, schedule, task
from app.domains.accounts.events import AccountConnected, AccountRemoved
from app.domains.inventory import service
from app.domains.inventory.events import SyncFinished


@task("inventory.sync_account", retries=3, timeout_seconds=3_600, queue="collect", per_organization=2)
async def sync_account(context: TaskContext, account_id: UUID, is_scheduled: bool = False) -> None:
    """Refresh one account's resources. Safe to repeat: rows are matched by the cloud's own id."""
    await service.sync_account(context, account_id, is_scheduled=is_scheduled)


@task("inventory.sync_units", retries=3, timeout_seconds=1_800, queue="collect", per_organization=2)
async def sync_units(context: TaskContext, account_id: UUID, unit_ids: list[str]) -> None:
    """Refresh some units of an account. Safe to repeat."""
    await service.sync_units(context, account_id, [UUID(unit_id) for unit_id in unit_ids])


@task("inventory.refresh_resources", retries=5, timeout_seconds=900, queue="collect", announce=False)
async def refresh_resources(context: TaskContext, account_id: UUID) -> None:
    """Read resources again that events told about. Safe to repeat: rows stay until they were read."""
    await service.refresh_resources(context, account_id)


@task("inventory.poll_events", retries=0, timeout_seconds=180, queue="collect", announce=False)
async def poll_events(context: TaskContext) -> None:
    """Ask the organization's queues for events. Safe to repeat: events are told apart by their ids."""
    await service.poll_events(context)


@task("inventory.index_resources", retries=3, timeout_seconds=6 * 3_600, per_organization=1, announce=False)
async def index_resources(context: TaskContext) -> None:
    """Make what searches need of resources from before an upgrade. Safe to repeat: what has it is passed by."""
    await service.index_resources(context)


@task("inventory.forget_account", retries=5, timeout_seconds=3_600, queue="collect", per_organization=1)
async def forget_account(context: TaskContext, account_id: UUID) -> None:
    """Delete a removed account's resources. Safe to repeat."""
    await service.forget_account(context, account_id)


@task("inventory.export_resources", retries=2, timeout_seconds=6 * 3_600, per_organization=2)
async def export_resources(context: TaskContext, export_id: UUID) -> None:
    """Write resources to a file. Safe to repeat: it is written under the same key."""
    await service.export_resources(context, export_id, get_settings())


@task("inventory.roll_up", retries=2, timeout_seconds=900, per_organization=1)
async def roll_up(context: TaskContext, account_id: UUID) -> None:
    """Count an account's resources for trends and tag coverage. Safe to repeat."""
    async with tenant_session(context.organization_id) as session:
        await service.roll_up(session, context.organization_id, account_id)


@schedule("inventory.expire_exports", cron="41 * * * *")
async def expire_exports(session: AsyncSession, organization_id: UUID) -> None:
    """Remove the files of exports whose time is over."""
    await service.expire_exports(session, get_settings(), organization_id)


@schedule("inventory.roll_up_all", cron="57 23 * * *")
async def roll_up_all(session: AsyncSession, organization_id: UUID) -> None:
    """As a day (UTC) ends: its counts also where nothing was synced, and with what only events told."""
    await service.roll_up(session, organization_id)


@schedule("inventory.sync_due", cron="* * * * *")
async def sync_due(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the syncs that are due, of accounts and of single units, and what an upgrade left to be done."""
    await service.enqueue_due_syncs(session, organization_id)
    await service.enqueue_indexing(session, organization_id)


@schedule("inventory.listen", cron="* * * * *")
async def listen(session: AsyncSession, organization_id: UUID) -> None:
    """See to it that queues are asked, and that what a dead worker left is read again."""
    await service.enqueue_polls(session, organization_id)
    await service.enqueue_due_refreshes(session, organization_id)


@schedule("inventory.forget_history", cron="47 2 * * *")
async def forget_history(session: AsyncSession, organization_id: UUID) -> None:
    """Every night: history goes when the organization's retention says so."""
    await service.forget_history(session, organization_id)
    await service.forget_events(session, organization_id)


@handles(AccountConnected)
async def sync_connected_account(session: AsyncSession, event: AccountConnected) -> None:
    """Read a new account at once."""
    await service.start_sync(session, event.organization_id, event.account_id, requested_by=event.by)


@handles(SyncFinished)
async def count_synced_account(session: AsyncSession, event: SyncFinished) -> None:
    """Count what a sync found, in the background."""
    await enqueue(
        session,
        "inventory.roll_up",
        {"account_id": str(event.account_id)},
        organization_id=event.organization_id,
        dedupe=f"roll-up:{event.account_id}",
    )


@handles(AccountRemoved)
async def forget_removed_account(session: AsyncSession, event: AccountRemoved) -> None:
    """Stop listening to the account, and let its resources go in the background."""
    await service.forget_event_source(session, event.organization_id, event.account_id)
    await enqueue(
        session,
        "inventory.forget_account",
        {"account_id": str(event.account_id)},
        organization_id=event.organization_id,
        dedupe=f"account:{event.account_id}",
    )
