"""Sessions: made at sign-in, kept in PostgreSQL, copied to Redis, ended everywhere at once."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import set_organization, set_user
from app.core.directory import DirectoryEntry, directory_hash
from app.core.errors import NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.identity import queries, rules, tokens
from app.domains.identity.errors import SessionEnded
from app.domains.identity.events import SessionRevoked
from app.domains.identity.models import RefreshToken, Session
from app.domains.identity.rules import Client
from app.domains.identity.service import cache
from app.domains.identity.service.keys import get_key_ring
from app.domains.identity.service.origin import Origin as Origin
from app.domains.identity.service.policy import get_policy


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Tokens for a client. `ends_at` bounds the cookie."""

    access_token: str
    expires_in: int
    refresh_token: str
    client: Client
    ends_at: datetime
    session_id: UUID


async def start_session(
    session: AsyncSession,
    settings: Settings,
    organization_id: UUID,
    user_id: UUID,
    *,
    client: Client,
    amr: Collection[str],
    origin: Origin,
) -> tuple[Session, str]:
    """A new session and its first refresh token; the person's oldest ones end where there are more than 20."""
    now = clock.utc_now()
    live = await queries.list_live_sessions(session, organization_id, user_id, now)
    surplus = [row.id for row in live[rules.MAX_SESSIONS - 1 :]]
    if surplus:
        await revoke_sessions(session, settings, organization_id, user_id, reason="limit", only=surplus, origin=origin)
    policy = await get_policy(session, organization_id)
    absolute = now + policy.absolute_lifetime(client)
    row = Session(
        organization_id=organization_id,
        id=new_id(),
        user_id=user_id,
        client=client,
        device=rules.describe_device(origin.user_agent),
        client_address=origin.client_address,
        amr=list(amr),
        authenticated_at=now,
        created_at=now,
        last_seen_at=now,
        expires_at=rules.idle_expiry(now, policy.idle_lifetime(client), absolute),
        absolute_expires_at=absolute,
    )
    session.add(row)
    await session.flush()
    _, token = add_refresh_token(session, organization_id, row.id, now)
    await session.flush()
    return row, token


def add_refresh_token(
    session: AsyncSession, organization_id: UUID, session_id: UUID, now: datetime
) -> tuple[RefreshToken, str]:
    """A token of 256 random bits, its hash in the family and in the directory. The token itself is kept nowhere."""
    token = secrets.token_urlsafe(32)
    token_hash = directory_hash("refresh", token)
    row = RefreshToken(
        organization_id=organization_id, id=new_id(), session_id=session_id, hash=token_hash, created_at=now
    )
    session.add(row)
    session.add(DirectoryEntry(kind="refresh", hash=token_hash, subject_id=session_id, organization_id=organization_id))
    return row, token


async def issue_tokens(settings: Settings, row: Session, refresh_token: str) -> SignedIn:
    """What the client gets for a session that was started or refreshed."""
    now = clock.utc_now()
    key = await get_key_ring().signing_key(now)
    access_token = tokens.issue(
        key,
        issuer=settings.public_url,
        user_id=row.user_id,
        organization_id=row.organization_id,
        session_id=row.id,
        authenticated_at=row.authenticated_at,
        amr=row.amr,
        now=now,
    )
    client: Client = "native" if row.client == "native" else "web"
    return SignedIn(
        access_token=access_token,
        expires_in=int(rules.ACCESS_TOKEN_LIFETIME.total_seconds()),
        refresh_token=refresh_token,
        client=client,
        ends_at=row.absolute_expires_at,
        session_id=row.id,
    )


async def revoke_sessions(
    session: AsyncSession,
    settings: Settings,
    organization_id: UUID,
    user_id: UUID,
    *,
    reason: str,
    only: Collection[UUID] | None = None,
    keep: UUID | None = None,
    actor_id: UUID | None = None,
    origin: Origin | None = None,
) -> list[UUID]:
    """End a person's sessions in one organization (all, or `only` these, but never `keep`); returns their ids."""
    statement = (
        update(Session)
        .where(Session.organization_id == organization_id, Session.user_id == user_id, Session.revoked_at.is_(None))
        .values(revoked_at=clock.utc_now(), reason=reason)
        .returning(Session.id)
        .execution_options(synchronize_session=False)
    )
    if only is not None:
        statement = statement.where(Session.id.in_(only))
    if keep is not None:
        statement = statement.where(Session.id != keep)
    ended = list((await session.execute(statement)).scalars().all())
    await cache.mark_sessions(session, settings, organization_id, ended)
    origin = origin or Origin()
    for session_id in ended:
        await publish(
            session,
            SessionRevoked(
                organization_id=organization_id,
                actor_id=actor_id,
                actor_kind="user" if actor_id else "system",
                user_id=user_id,
                session_id=session_id,
                reason=reason,
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )
    return ended


async def revoke_everywhere(
    session: AsyncSession,
    settings: Settings,
    user_id: UUID,
    *,
    reason: str,
    home: UUID,
    keep: UUID | None = None,
    actor_id: UUID | None = None,
    origin: Origin | None = None,
) -> int:
    """End a person's sessions in every organization they belong to, then return the session to `home`."""
    await set_user(session, user_id)
    memberships = await queries.list_memberships_of(session, user_id)
    ended = 0
    for organization_id in {home, *(membership.organization_id for membership in memberships)}:
        await set_organization(session, organization_id)
        ended += len(
            await revoke_sessions(
                session, settings, organization_id, user_id, reason=reason, keep=keep, actor_id=actor_id, origin=origin
            )
        )
        await session.flush()
    await set_organization(session, home)
    return ended


async def get_live_session(session: AsyncSession, caller: Caller) -> Session:
    """The session that the caller's token belongs to. Raises SessionEnded."""
    now = clock.utc_now()
    live = await queries.list_live_sessions(session, caller.organization_id, caller.user_id, now)
    found = next((row for row in live if row.id == caller.session_id), None)
    if found is None:
        raise SessionEnded
    return found


@dataclass(frozen=True, kw_only=True)
class OwnSession:
    """A session as its person sees it in the list."""

    id: UUID
    device: str
    client: str
    client_address: str
    amr: list[str]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


async def list_own_sessions(session: AsyncSession, caller: Caller) -> list[OwnSession]:
    """The caller's live sessions in this organization, newest use first."""
    rows = await queries.list_live_sessions(session, caller.organization_id, caller.user_id, clock.utc_now())
    return [
        OwnSession(
            id=row.id,
            device=row.device,
            client=row.client,
            client_address=row.client_address,
            amr=row.amr,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            current=row.id == caller.session_id,
        )
        for row in rows
    ]


async def end_session(session: AsyncSession, settings: Settings, caller: Caller, session_id: UUID) -> None:
    """End one of the caller's own sessions. Raises NotFound, also for another person's or organization's."""
    ended = await revoke_sessions(
        session,
        settings,
        caller.organization_id,
        caller.user_id,
        reason="signed_out" if session_id == caller.session_id else "ended_by_user",
        only=[session_id],
        actor_id=caller.user_id,
        origin=Origin.of(caller),
    )
    if not ended:
        raise NotFound


async def end_other_sessions(
    session: AsyncSession, settings: Settings, caller: Caller, *, reason: str = "ended_by_user"
) -> int:
    """End all of the caller's sessions but this one; how many. A provider's session reaches its organization only."""
    origin = Origin.of(caller)
    present = await get_live_session(session, caller)
    if present.connection_id is None:
        return await revoke_everywhere(
            session,
            settings,
            caller.user_id,
            reason=reason,
            home=caller.organization_id,
            keep=present.id,
            actor_id=caller.user_id,
            origin=origin,
        )
    ended = await revoke_sessions(
        session,
        settings,
        caller.organization_id,
        caller.user_id,
        reason=reason,
        keep=present.id,
        actor_id=caller.user_id,
        origin=origin,
    )
    return len(ended)
