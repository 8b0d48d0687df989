"""Single-use refresh tokens: a second use is either a client that lost our answer, or a thief."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.directory import directory_hash
from app.core.events import publish
from app.domains.identity import queries, rules
from app.domains.identity.errors import SessionEnded
from app.domains.identity.events import RefreshReused
from app.domains.identity.models import RefreshToken, Session
from app.domains.identity.service import sessions
from app.domains.identity.service.policy import get_policy
from app.domains.identity.service.sessions import Origin, SignedIn


async def refresh(settings: Settings, token: str, *, origin: Origin) -> SignedIn:
    """Trade a refresh token for new tokens of the same session.

    Own transaction, because a reused token revokes its family and answers with an error. Raises SessionEnded.
    """
    token_hash = directory_hash("refresh", token)
    async with directory_session() as session:
        family = await queries.find_refresh_family(session, token_hash)
    if family is None:
        raise SessionEnded
    organization_id, session_id = family
    async with tenant_session(organization_id) as session:
        found = await _use(session, settings, organization_id, session_id, token_hash, origin)
    if found is None:
        raise SessionEnded
    row, successor = found
    return await sessions.issue_tokens(settings, row, successor)


async def _use(
    session: AsyncSession,
    settings: Settings,
    organization_id: UUID,
    session_id: UUID,
    token_hash: bytes,
    origin: Origin,
) -> tuple[Session, str] | None:
    """The session and its new token, or None when it has ended, also by this very use."""
    now = clock.utc_now()
    row = await _lock_session(session, organization_id, session_id)
    if row is None or not rules.is_session_alive(now, row.expires_at, row.absolute_expires_at, row.revoked_at):
        return None
    state = await queries.get_snapshot(session, organization_id, session_id)
    if state is None or state.disabled:
        return None
    successor, token = sessions.add_refresh_token(session, organization_id, session_id, now)
    used = await session.execute(
        update(RefreshToken)
        .where(
            RefreshToken.organization_id == organization_id,
            RefreshToken.hash == token_hash,
            RefreshToken.used_at.is_(None),
        )
        .values(used_at=now, replaced_by=successor.id)
        .returning(RefreshToken.id)
        .execution_options(synchronize_session=False)
    )
    if used.first() is None and not await _use_again(session, organization_id, token_hash, successor.id, now):
        session.expunge_all()  # the successor is not wanted any more
        await _revoke_family(session, settings, row, origin)
        return None
    row.last_seen_at = now
    idle = (await get_policy(session, organization_id)).idle_lifetime(row.client)
    row.expires_at = rules.idle_expiry(now, idle, row.absolute_expires_at)
    await session.flush()
    return row, token


async def _lock_session(session: AsyncSession, organization_id: UUID, session_id: UUID) -> Session | None:
    """The session's row, locked: uses of one family follow each other."""
    query = select(Session).where(Session.organization_id == organization_id, Session.id == session_id)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def _use_again(
    session: AsyncSession, organization_id: UUID, token_hash: bytes, successor_id: UUID, now: datetime
) -> bool:
    """Whether a second use is within its grace; then the earlier successor counts as used and leads to the new one."""
    query = select(RefreshToken).where(RefreshToken.organization_id == organization_id)
    first = (await session.execute(query.where(RefreshToken.hash == token_hash))).scalar_one_or_none()
    if first is None or first.used_at is None:
        return False
    earlier = (await session.execute(query.where(RefreshToken.id == first.replaced_by))).scalar_one_or_none()
    if earlier is None or not rules.is_grace_use(first.used_at, earlier.used_at is not None, now):
        return False
    earlier.used_at, earlier.replaced_by = now, successor_id
    first.replaced_by = successor_id
    return True


async def _revoke_family(session: AsyncSession, settings: Settings, row: Session, origin: Origin) -> None:
    await sessions.revoke_sessions(
        session, settings, row.organization_id, row.user_id, reason="refresh_reused", only=[row.id], origin=origin
    )
    await publish(
        session,
        RefreshReused(
            organization_id=row.organization_id,
            user_id=row.user_id,
            session_id=row.id,
            actor_kind="anonymous",
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )
