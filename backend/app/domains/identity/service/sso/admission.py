"""From a checked assertion to a session: the one place where a provider's word lets somebody in.

Everything happens in the connection's own organization: its transaction sees no other one.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.directory import DirectoryEntry, directory_hash
from app.core.errors import AppError, NotFound, RateLimited, Unavailable
from app.core.events import publish
from app.core.ids import new_id
from app.domains.identity import queries
from app.domains.identity.errors import LoginTaken, ProviderSignInFailed
from app.domains.identity.events import IdentityLinked, ProviderSignInRefused
from app.domains.identity.models import ExternalIdentity, IdentityConnection, Session
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules import STEP_UP_AGE
from app.domains.identity.rules.sso import LEAST_ROLE, LOGOUT_SUBJECT, Assertion, Refused, domain_of, logout_subject_key
from app.domains.identity.service import people, sessions
from app.domains.identity.service.entering import open_session
from app.domains.identity.service.sessions import Origin, SignedIn
from app.domains.identity.service.sso.roles import apply_groups
from app.domains.identity.service.sso.tickets import SignInState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a sign-in at a provider ended; `signed_in` is None where an identity was linked."""

    signed_in: SignedIn | None
    return_to: str


async def find_connection(connection_id: UUID, kind: str) -> IdentityConnection:
    """A usable connection by its id alone. Raises ProviderSignInFailed, also for one that is switched off."""
    async with directory_session() as session:
        entry = await reads.find_entry(session, "connection", str(connection_id))
    if entry is None:
        raise ProviderSignInFailed
    async with tenant_session(entry[0]) as session:
        try:
            row = await reads.get_connection(session, entry[0], connection_id)
        except NotFound:
            raise ProviderSignInFailed from None
    if not row.enabled or row.kind != kind:
        raise ProviderSignInFailed
    return row


async def refuse(connection: IdentityConnection, cause: str, origin: Origin) -> ProviderSignInFailed:
    """Write the cause down for the organization; returns the one error that the browser gets."""
    logger.info("an identity provider's answer was refused")
    async with tenant_session(connection.organization_id) as session:
        await publish(
            session,
            ProviderSignInRefused(
                organization_id=connection.organization_id,
                connection_id=connection.id,
                connection_name=connection.name,
                actor_kind="anonymous",
                cause=cause,
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )
    return ProviderSignInFailed()


async def admit(
    settings: Settings,
    connection: IdentityConnection,
    assertion: Assertion,
    state: SignInState,
    origin: Origin,
    *,
    used: tuple[bytes, datetime] | None = None,
) -> Finished:
    """Sign the person in, or link them. `used` is (hash, expiry) of an assertion that may count only once.

    Raises Refused, and Unavailable when the product itself cannot go on.
    """
    try:
        async with tenant_session(connection.organization_id) as session:
            if used is not None:
                await _use_once(session, connection, *used)
            if await reads.was_logged_out(
                session,
                connection.organization_id,
                connection.id,
                provider_session=assertion.provider_session,
                subject=assertion.logout_subject or assertion.subject,
                issued_at=datetime.fromtimestamp(assertion.issued_at, UTC),
            ):
                raise Refused("logged-out")
            if state.link_user_id is not None:
                await _link(session, connection, assertion, state, origin)
                return Finished(signed_in=None, return_to=state.return_to)
            identity = await _find_or_make(session, connection, assertion, origin)
            row, refresh_token = await _open_session(session, settings, connection, identity, assertion, origin)
    except (Unavailable, RateLimited, ProviderSignInFailed):
        raise
    except AppError as error:  # quotas and the like: an answer of the product, not of the provider
        raise Refused(error.slug) from None
    signed_in = await sessions.issue_tokens(settings, row, refresh_token)
    return Finished(signed_in=signed_in, return_to=state.return_to)


async def _use_once(session: AsyncSession, connection: IdentityConnection, used_hash: bytes, until: datetime) -> None:
    if not await reads.mark_used(session, connection.organization_id, connection.id, used_hash, until):
        raise Refused("replayed")


async def _find_or_make(
    session: AsyncSession, connection: IdentityConnection, assertion: Assertion, origin: Origin
) -> ExternalIdentity:
    organization_id = connection.organization_id
    found = await reads.find_identity(session, organization_id, connection.id, assertion.subject)
    if found is not None:
        return found
    if not connection.jit:
        raise Refused("unknown-person")
    domain = domain_of(assertion.email or "")
    if assertion.email is None or domain is None or not assertion.email_verified:
        raise Refused("email")
    await reads.get_connection(session, organization_id, connection.id, lock=True)  # one newcomer at a time
    found = await reads.find_identity(session, organization_id, connection.id, assertion.subject)
    if found is not None:
        return found
    if not await reads.is_proven(session, organization_id, connection.id, domain):
        raise Refused("domain")
    name = assertion.name.strip()[:200] or assertion.email
    try:
        user = await people.create_user(session, organization_id, email=assertion.email, name=name, role=LEAST_ROLE)
    except LoginTaken:
        raise Refused("login-taken") from None
    return await add_identity(session, connection, assertion.subject, user.id, "jit", origin)


async def add_identity(
    session: AsyncSession,
    connection: IdentityConnection,
    subject: str,
    user_id: UUID,
    source: str,
    origin: Origin,
    *,
    actor_id: UUID | None = None,
) -> ExternalIdentity:
    """Remember that this subject of the connection is this member."""
    row = ExternalIdentity(
        organization_id=connection.organization_id,
        id=new_id(),
        connection_id=connection.id,
        subject=subject,
        user_id=user_id,
        origin=source,
        last_used_at=None,
    )
    session.add(row)
    await session.flush()
    await publish(
        session,
        IdentityLinked(
            organization_id=connection.organization_id,
            connection_id=connection.id,
            connection_name=connection.name,
            user_id=user_id,
            origin=source,
            actor_id=actor_id,
            actor_kind="user" if actor_id else "provider",
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )
    return row


async def _link(
    session: AsyncSession, connection: IdentityConnection, assertion: Assertion, state: SignInState, origin: Origin
) -> None:
    """Link the provider's subject to the person who asked for it in a session that still lives."""
    organization_id, user_id = connection.organization_id, UUID(state.link_user_id or "")
    live = await queries.list_live_sessions(session, organization_id, user_id, clock.utc_now())
    if state.link_session_id not in {str(row.id) for row in live}:
        raise Refused("link-session")
    taken = await reads.find_identity(session, organization_id, connection.id, assertion.subject)
    own = await reads.find_identity_of_user(session, organization_id, connection.id, user_id)
    if taken is not None and taken.user_id == user_id:
        return
    if taken is not None or own is not None:
        raise Refused("link-taken")
    await add_identity(session, connection, assertion.subject, user_id, "link", origin, actor_id=user_id)


async def _open_session(
    session: AsyncSession,
    settings: Settings,
    connection: IdentityConnection,
    identity: ExternalIdentity,
    assertion: Assertion,
    origin: Origin,
) -> tuple[Session, str]:
    organization_id, user_id, now = connection.organization_id, identity.user_id, clock.utc_now()
    membership = await queries.get_membership(session, organization_id, user_id, lock=True)
    user = await queries.get_user(session, user_id)
    if user is None or user.disabled_at is not None or membership.disabled_at is not None:
        raise Refused("disabled")
    provisioned = await reads.list_provisioned_groups(session, organization_id, connection.id, user_id)
    groups = (
        None if assertion.groups is None and provisioned is None else {*(assertion.groups or ()), *(provisioned or ())}
    )
    await apply_groups(session, settings, connection, membership, groups)
    amr = ["sso", "mfa"] if assertion.mfa else ["sso"]
    row, refresh_token = await open_session(
        session, settings, organization_id, user_id, client="web", amr=amr, origin=origin
    )
    row.connection_id, row.provider_session = connection.id, assertion.provider_session
    # Sensitive routes look at when the person proved who they are; a provider that does not say so proved nothing.
    row.authenticated_at = (
        min(now, datetime.fromtimestamp(assertion.authenticated_at, UTC))
        if assertion.authenticated_at is not None
        else now - STEP_UP_AGE - timedelta(minutes=1)
    )
    identity.last_used_at = now
    await session.flush()
    if assertion.logout_subject is not None:
        await _remember_logout_subject(session, identity, assertion.logout_subject)
    return row, refresh_token


async def _remember_logout_subject(session: AsyncSession, identity: ExternalIdentity, logout_subject: str) -> None:
    """Whom a logout token will mean: it carries `sub`, and the connection knows its people by another claim."""
    key = logout_subject_key(identity.connection_id, logout_subject)
    values = {"subject_id": identity.id, "organization_id": identity.organization_id}
    statement = insert(DirectoryEntry).values(kind=LOGOUT_SUBJECT, hash=directory_hash(LOGOUT_SUBJECT, key), **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["kind", "hash"], set_=values))
