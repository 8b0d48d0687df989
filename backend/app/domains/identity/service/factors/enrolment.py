"""Whether a person has a factor, kept in their row for all organizations and in every cached session."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import set_organization
from app.domains.identity import queries
from app.domains.identity.models import RecoveryCode, Session, TotpFactor, User
from app.domains.identity.queries import factors as reads
from app.domains.identity.service import cache
from app.domains.identity.service.factors import passkeys


async def update_enrolment(session: AsyncSession, settings: Settings, user: User, home: UUID) -> None:
    """Set `mfa_enrolled_at` to what the person's factors say, and send readers of their sessions to the table.

    The session must be bound to the person; afterwards it is bound to `home`.
    """
    enrolled = bool(await reads.list_totp(session, user.id)) or bool(await reads.list_passkeys(session, user.id))
    if enrolled == (user.mfa_enrolled_at is not None):
        return
    user.mfa_enrolled_at = clock.utc_now() if enrolled else None
    await session.flush()
    if not enrolled:
        await remove_codes(session, user.id)
    await refresh_copies(session, settings, user.id, home)


async def refresh_copies(session: AsyncSession, settings: Settings, user_id: UUID, home: UUID) -> None:
    """Send readers of all the person's sessions to the table, in every organization."""
    memberships = await queries.list_memberships_of(session, user_id)
    for organization_id in {home, *(membership.organization_id for membership in memberships)}:
        await set_organization(session, organization_id)
        live = await queries.list_live_sessions(session, organization_id, user_id, clock.utc_now())
        await cache.mark_changed(settings, organization_id, user_id, [row.id for row in live])
    await set_organization(session, home)


async def note_proof(
    session: AsyncSession, settings: Settings, organization_id: UUID, session_id: UUID | None, amr: Iterable[str]
) -> None:
    """Add to the `amr` of the session in which a factor was just set up: it was proven by that."""
    row = await session.get(Session, (organization_id, session_id)) if session_id else None
    if row is None:
        return
    await cache.mark_changed(settings, organization_id, row.user_id, [row.id])
    together = list(dict.fromkeys([*row.amr, *amr]))
    await session.execute(
        update(Session)
        .where(Session.organization_id == organization_id, Session.id == session_id)
        .values(amr=together)
        .execution_options(synchronize_session=False)
    )


async def remove_codes(session: AsyncSession, user_id: UUID) -> None:
    """Recovery codes go with the last factor: they would stand in for nothing."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


async def remove_all(session: AsyncSession, settings: Settings, user: User, home: UUID) -> None:
    """Take every factor of a person. The session must be bound to the person."""
    for row in await reads.list_passkeys(session, user.id):
        await passkeys.remove_passkey(session, row)
    await session.execute(delete(TotpFactor).where(TotpFactor.user_id == user.id))
    await update_enrolment(session, settings, user, home)
