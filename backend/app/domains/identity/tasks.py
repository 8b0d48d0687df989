"""Upkeep by the clock: the next signing key in time, and tables that do not grow for ever."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.tasks import installation_schedule, schedule
from app.core.tickets import forget_expired_tickets
from app.domains.identity import service


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
