"""Signing in with a password or a passkey. Use cases open their own transactions: a refused try must stay on record."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, set_user, tenant_session
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import open_installation, seal_installation
from app.core.tickets import withdraw_tickets
from app.domains.identity import passwords, queries
from app.domains.identity.errors import LoginFailed, PasskeyFailed
from app.domains.identity.events import SignInFailed
from app.domains.identity.models import Membership, User
from app.domains.identity.queries import factors as factor_reads
from app.domains.identity.rules import Client, first_password_expiry
from app.domains.identity.service import second_factor, throttle
from app.domains.identity.service.entering import enter
from app.domains.identity.service.factors import passkeys, resets
from app.domains.identity.service.factors.checking import AMR, Challenged, Proof
from app.domains.identity.service.factors.passkeys import PasskeyOptions
from app.domains.identity.service.sessions import Origin, SignedIn
from app.domains.identity.service.sso.restrictions import password_allowed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Who signs in with a name, if anybody, and where to."""

    user: User | None
    phc: str | None
    memberships: Sequence[Membership]


async def sign_in(
    settings: Settings, *, email: str, password: str, client: Client, origin: Origin, otp: str | None = None
) -> SignedIn:
    """Check name and password, and the code where one is given, and start a session in the person's organization.

    Raises LoginFailed for everything that is wrong, MfaRequired when only the factor is missing, RateLimited, and
    Unavailable when too many sign in at once.
    """
    await throttle.begin_attempt(email, origin.client_address)
    found = await _find(email)
    right, renewed = await passwords.verify_password(password, found.phc)
    organization_id = await _choose_organization(found.memberships) if right else None
    user = found.user
    if user is None or organization_id is None or not right or user.disabled_at is not None or _has_expired(user):
        await _record_failure(found, right=right, origin=origin)
        raise LoginFailed
    await throttle.forgive_attempt(email, origin.client_address)
    if renewed is not None:
        async with tenant_session(organization_id) as session:
            await store_password(session, user.id, renewed)
    if user.mfa_enrolled_at is None:
        return await enter(settings, organization_id, user, client=client, amr=["pwd"], origin=origin)
    async with tenant_session(organization_id) as session:
        await set_user(session, user.id)
        cleared = await resets.use_due_reset(session, settings, organization_id, user, origin)
    if cleared:
        return await enter(settings, organization_id, user, client=client, amr=["pwd"], origin=origin)
    return await _enter_with_code(settings, organization_id, user, otp, client=client, origin=origin)


async def _enter_with_code(
    settings: Settings, organization_id: UUID, user: User, otp: str | None, *, client: Client, origin: Origin
) -> SignedIn:
    """The second half where the person has a factor: their code, or a token to bring the factor with."""
    async with tenant_session(organization_id) as session:
        await set_user(session, user.id)
        with_code = otp is not None and bool(await factor_reads.list_totp(session, user.id))
    if not with_code:
        raise await second_factor.ask_for_factor(organization_id, user.id, client=client, origin=origin)
    given = Challenged(proof=Proof(otp=otp))
    signed_in = await second_factor.try_factor(settings, organization_id, user.id, given, client=client, origin=origin)
    if signed_in is None:
        raise LoginFailed
    return signed_in


async def start_passkey_sign_in(settings: Settings) -> PasskeyOptions:
    """Options for signing in without a name."""
    async with directory_session() as session:
        return await passkeys.issue_request(session, settings, "sign-in", user_id=None, bound_to="")


async def sign_in_with_passkey(
    settings: Settings, *, ticket: str, credential: dict[str, Any], client: Client, origin: Origin
) -> SignedIn:
    """Sign in with a passkey alone: it is something one has and, as the person is verified, a second factor in one.

    Raises PasskeyFailed for everything that is wrong.
    """
    challenge = await passkeys.take_challenge("sign-in", ticket, user_id=None, bound_to="")
    answer = passkeys.read_credential(credential)
    if challenge is None or answer is None:
        raise PasskeyFailed
    async with directory_session() as session:
        user_id = await factor_reads.find_passkey_owner(session, answer.raw_id)
        user = await _read_user(session, user_id or new_id())
        memberships = await queries.list_memberships_of(session, user.id if user else new_id())
    organization_id = await _choose_organization(memberships)
    if user is None or organization_id is None or user.disabled_at is not None:
        raise PasskeyFailed
    async with tenant_session(organization_id) as session:
        await set_user(session, user.id)
        right = await passkeys.use_passkey(session, settings, user.id, challenge, answer, name_required=True)
        if right:
            await resets.cancel_resets(session, organization_id, user.id, origin)
        else:
            await _publish_failure(session, organization_id, user.id, "passkey", origin)
    if not right:
        raise PasskeyFailed
    return await enter(settings, organization_id, user, client=client, amr=AMR["passkey"], origin=origin)


async def check_own_password(caller: Caller, password: str) -> None:
    """Check the caller's own password, throttled like a sign-in. Raises LoginFailed and RateLimited."""
    await throttle.begin_attempt(caller.email, caller.client_address)
    async with directory_session() as session:
        user = await _read_user(session, caller.user_id)
        phc = await _open_password(session, user)
    right, _ = await passwords.verify_password(password, phc)
    if not right:
        async with tenant_session(caller.organization_id) as session:
            await _publish_failure(session, caller.organization_id, caller.user_id, "password", Origin.of(caller))
        raise LoginFailed
    await throttle.forgive_attempt(caller.email, caller.client_address)


async def store_password(session: AsyncSession, user_id: UUID, phc: str, *, changed_at: datetime | None = None) -> None:
    """Seal a PHC string into the person's row. The transaction must see the person.

    `changed_at`: it is another password, so sign-ins that wait for a factor after the old one begin anew.
    """
    user = await queries.get_user(session, user_id, lock=True)
    if user is not None:
        if changed_at is not None:
            await withdraw_tickets(session, second_factor.KIND, user_id)
        user.password = await seal_installation(session, "users", "password", user_id, phc)
        user.password_changed_at = changed_at or user.password_changed_at
        await session.flush()


async def _find(email: str) -> _Found:
    """The person of a name. An unknown name takes the same statements."""
    async with directory_session() as session:
        user_id = await queries.find_user_by_login(session, email)
        user = await _read_user(session, user_id or new_id())
        phc = await _open_password(session, user)
        memberships = await queries.list_memberships_of(session, user.id if user else new_id())
    return _Found(user=user, phc=phc, memberships=memberships)


async def _choose_organization(memberships: Sequence[Membership]) -> UUID | None:
    """The oldest membership whose organization lets people in without its identity provider."""
    for membership in memberships:
        async with tenant_session(membership.organization_id) as session:
            if await password_allowed(session, membership):
                return membership.organization_id
    return None


async def _read_user(session: AsyncSession, user_id: UUID) -> User | None:
    await set_user(session, user_id)
    return await queries.get_user(session, user_id)


async def _open_password(session: AsyncSession, user: User | None) -> str | None:
    if user is None or user.password is None:
        return None
    return (await open_installation(session, "users", "password", user.id, user.password)).reveal()


def _has_expired(user: User) -> bool:
    """Whether the password is one that the first start printed a week ago, and nobody has changed."""
    ends_at = first_password_expiry(
        has_password=user.password is not None, changed_at=user.password_changed_at, created_at=user.created_at
    )
    return ends_at is not None and ends_at <= clock.utc_now()


async def _record_failure(found: _Found, *, right: bool, origin: Origin) -> None:
    if found.user is None or not found.memberships:
        logger.warning("a sign-in failed for a name without an organization")
        return
    cause = "password"
    if right:
        cause = "disabled" if found.user.disabled_at is not None else "identity_provider"
        cause = "first_password_expired" if _has_expired(found.user) else cause
    organization_id = found.memberships[0].organization_id
    async with tenant_session(organization_id) as session:
        await _publish_failure(session, organization_id, found.user.id, cause, origin)


async def _publish_failure(
    session: AsyncSession, organization_id: UUID, user_id: UUID, cause: str, origin: Origin
) -> None:
    await publish(
        session,
        SignInFailed(
            organization_id=organization_id,
            user_id=user_id,
            actor_id=None,
            actor_kind="anonymous",
            cause=cause,
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )
