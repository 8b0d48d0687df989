"""Signing in with a password. The use case opens its own transactions: a refused try must still be on record."""

import logging
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import directory_session, set_user, tenant_session
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import open_installation, seal_installation
from app.domains.identity import passwords, queries, rules
from app.domains.identity.errors import LoginFailed
from app.domains.identity.events import SignInFailed, UserSignedIn
from app.domains.identity.models import Session, User
from app.domains.identity.rules import Client
from app.domains.identity.service import sessions, throttle
from app.domains.identity.service.sessions import Origin, SignedIn

logger = logging.getLogger(__name__)


async def sign_in(
    settings: Settings, *, email: str, password: str, client: Client, origin: Origin, otp: str | None = None
) -> SignedIn:
    """Check name and password and start a session in the person's first organization.

    Raises LoginFailed for everything that is wrong, RateLimited, and Unavailable when too many sign in at once.
    """
    del otp  # looked at once a person can have a second factor
    await throttle.begin_attempt(email, origin.client_address)
    user, phc, organization_id = await _find(email)
    right, renewed = await passwords.verify_password(password, phc)
    if user is None or organization_id is None or not right or user.disabled_at is not None:
        await _record_failure(user, organization_id, right=right, origin=origin)
        raise LoginFailed
    await throttle.forgive_attempt(email, origin.client_address)
    async with tenant_session(organization_id) as session:
        if renewed is not None:
            await store_password(session, user.id, renewed)
        row, refresh_token = await _open_session(
            session, settings, organization_id, user.id, client=client, amr=["pwd"], origin=origin
        )
    return await sessions.issue_tokens(settings, row, refresh_token)


async def step_up(settings: Settings, caller: Caller, password: str, origin: Origin) -> SignedIn:
    """Prove again who the caller is: a new session takes the old one's place. Raises LoginFailed and RateLimited."""
    await check_own_password(caller, password)
    async with tenant_session(caller.organization_id) as session:
        live = await sessions.get_live_session(session, caller)
        client: Client = "native" if live.client == "native" else "web"
        row, refresh_token = await _open_session(
            session, settings, caller.organization_id, caller.user_id, client=client, amr=["pwd"], origin=origin
        )
        await sessions.revoke_sessions(
            session,
            settings,
            caller.organization_id,
            caller.user_id,
            reason="step_up",
            only=[live.id],
            actor_id=caller.user_id,
            origin=origin,
        )
    return await sessions.issue_tokens(settings, row, refresh_token)


async def check_own_password(caller: Caller, password: str) -> None:
    """Check the caller's own password, throttled like a sign-in. Raises LoginFailed and RateLimited."""
    await throttle.begin_attempt(caller.email, caller.client_address)
    async with directory_session() as session:
        user = await _read_user(session, caller.user_id)
        phc = await _open_password(session, user)
    right, _ = await passwords.verify_password(password, phc)
    if not right:
        origin = Origin(client_address=caller.client_address, user_agent=caller.user_agent)
        await _record_failure(user, caller.organization_id, right=False, origin=origin)
        raise LoginFailed
    await throttle.forgive_attempt(caller.email, caller.client_address)


async def store_password(session: AsyncSession, user_id: UUID, phc: str, *, changed_at: datetime | None = None) -> None:
    """Seal a PHC string into the person's row. The transaction must see the person."""
    user = await queries.get_user(session, user_id, lock=True)
    if user is not None:
        user.password = await seal_installation(session, "users", "password", user_id, phc)
        user.password_changed_at = changed_at or user.password_changed_at
        await session.flush()


async def _find(email: str) -> tuple[User | None, str | None, UUID | None]:
    """(person, PHC string, organization to enter). An unknown name takes the same statements."""
    async with directory_session() as session:
        user_id = await queries.find_user_by_login(session, email)
        user = await _read_user(session, user_id or new_id())
        phc = await _open_password(session, user)
        memberships = await queries.list_memberships_of(session, user.id if user else new_id())
    return user, phc, memberships[0].organization_id if memberships else None


async def _read_user(session: AsyncSession, user_id: UUID) -> User | None:
    await set_user(session, user_id)
    return await queries.get_user(session, user_id)


async def _open_password(session: AsyncSession, user: User | None) -> str | None:
    if user is None or user.password is None:
        return None
    return (await open_installation(session, "users", "password", user.id, user.password)).reveal()


async def _open_session(
    session: AsyncSession,
    settings: Settings,
    organization_id: UUID,
    user_id: UUID,
    *,
    client: Client,
    amr: Collection[str],
    origin: Origin,
) -> tuple[Session, str]:
    device = rules.describe_device(origin.user_agent)
    known = await queries.has_used_device(session, organization_id, user_id, device)
    row, refresh_token = await sessions.start_session(
        session, settings, organization_id, user_id, client=client, amr=amr, origin=origin
    )
    await publish(
        session,
        UserSignedIn(
            organization_id=organization_id,
            actor_id=user_id,
            user_id=user_id,
            session_id=row.id,
            device=device,
            new_device=not known,
            amr=tuple(amr),
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )
    return row, refresh_token


async def _record_failure(user: User | None, organization_id: UUID | None, *, right: bool, origin: Origin) -> None:
    if user is None or organization_id is None:
        logger.warning("a sign-in failed for a name without an organization")
        return
    cause = "password" if not right else "disabled"
    async with tenant_session(organization_id) as session:
        await publish(
            session,
            SignInFailed(
                organization_id=organization_id,
                user_id=user.id,
                actor_id=None,
                actor_kind="anonymous",
                cause=cause,
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )
