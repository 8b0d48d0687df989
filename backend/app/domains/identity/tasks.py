"""Upkeep by the clock: the next signing key in time, and tables that do not grow for ever."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, rotation
from app.core.config import get_settings
from app.core.tasks import TaskContext, installation_schedule, schedule, task
from app.core.tickets import forget_expired_tickets
from app.domains.identity import service
from app.domains.identity.service import usage
from app.domains.identity.service.organizations import exporting, removing
from app.domains.identity.service.sso import upkeep


@installation_schedule("identity.rotate_signing_keys", cron="17 * * * *")
async def rotate_signing_keys(session: AsyncSession) -> None:
    """Hourly, so that a missed hour costs nothing of the day between publishing and signing."""
    await service.rotate_signing_keys(session, clock.utc_now())


@installation_schedule("identity.forget_old_attempts", cron="43 3 * * *")
async def forget_old_attempts(session: AsyncSession) -> None:
    """Remove throttle counters that have run out."""
    await service.forget_old_attempts(session)


@installation_schedule("identity.forget_expired_tickets", cron="27 * * * *")
async def remove_expired_tickets(session: AsyncSession) -> None:
    """Remove reset links, sign-in states and codes that nobody can use any more."""
    await forget_expired_tickets(session)


@schedule("identity.remove_ended_sessions", cron="13 3 * * *")
async def remove_ended_sessions(session: AsyncSession, organization_id: UUID) -> None:
    """Remove sessions that ended a month ago; one bounded batch a night and organization."""
    await service.remove_ended_sessions(session, organization_id)


@task("identity.reencrypt_organization", retries=5, timeout_seconds=3_600, per_organization=1)
async def reencrypt_organization(context: TaskContext) -> None:
    """Seal the organization's stored secrets anew. Safe to repeat: each value says which key version it needs."""
    made = await rotation.reencrypt_organization(context.organization_id, progress=context.report_progress)
    if made.unreadable:
        context.mark_partial(f"{made.unreadable} stored secrets cannot be opened; they were left as they are.")


@schedule("identity.keep_key_young", cron="29 2 * * *")
async def keep_key_young(session: AsyncSession, organization_id: UUID) -> None:
    """Every night: a key of 90 days is replaced, and a replacement that was cut off goes on."""
    await service.keep_key_young(session, organization_id)


@installation_schedule("identity.keep_installation_key_young", cron="*/5 * * * *")
async def keep_installation_key_young(session: AsyncSession) -> None:
    """In turns of a few hundred people, so that no turn lasts long."""
    await service.keep_installation_key_young(session)


@installation_schedule("identity.start_removals", cron="11 * * * *")
async def start_removals(session: AsyncSession) -> None:
    """Hourly: organizations whose grace is over are removed, and the last rows of removed ones swept away."""
    await removing.start_removals(session)
    await removing.sweep_removed(session)


@task(removing.REMOVE_TASK, retries=20, timeout_seconds=6 * 3_600, per_organization=1, announce=False)
async def remove_organization(context: TaskContext) -> None:
    """Delete everything of an organization. Safe to repeat: each batch takes what is still there."""
    await removing.remove_organization(context, get_settings())


@task(exporting.EXPORT_TASK, retries=2, timeout_seconds=6 * 3_600, per_organization=1)
async def export_organization(context: TaskContext, export_id: UUID) -> None:
    """Write everything of an organization into one file. Safe to repeat: it is written under the same key."""
    await exporting.export_organization(context, export_id, get_settings())


@schedule("identity.expire_exports", cron="37 * * * *", while_deleted=True)
async def expire_exports(session: AsyncSession, organization_id: UUID) -> None:
    """Remove the files of exports that are a week old."""
    await exporting.expire_exports(session, get_settings(), organization_id)


@schedule("identity.forget_old_usage", cron="7 2 * * *", while_deleted=True)
async def forget_old_usage(session: AsyncSession, organization_id: UUID) -> None:
    """Every night: counts and keys of 90 days go."""
    await usage.forget_old_usage(session, organization_id)


@schedule("identity.forget_used_assertions", cron="53 * * * *")
async def forget_used_assertions(session: AsyncSession, organization_id: UUID) -> None:
    """Remove replay records and announced logouts that have expired by themselves."""
    await upkeep.forget_used_assertions(session, organization_id)
