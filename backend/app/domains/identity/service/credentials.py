"""Forgotten passwords, and addresses that are proven and changed by a link. Links are tickets: one use, and an end.

A link goes to the address on record, or to the new address that shall be proven, and never says who asked or why not.
"""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, set_user, tenant_session
from app.core.directory import DirectoryEntry, directory_hash
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.tickets import Ticket, issue_ticket, read_ticket, take_ticket, withdraw_tickets
from app.domains.identity import passwords, queries
from app.domains.identity.errors import LinkInvalid
from app.domains.identity.events import EmailChanged, EmailVerified, PasswordChanged, PasswordResetRequested
from app.domains.identity.models import User
from app.domains.identity.queries import factors as reads
from app.domains.identity.rules import factors as rules
from app.domains.identity.rules import normalise_email
from app.domains.identity.service import sessions
from app.domains.identity.service.factors.enrolment import refresh_copies
from app.domains.identity.service.mail import MailKind, queue_mail
from app.domains.identity.service.origin import Origin
from app.domains.identity.service.signing_in import store_password
from app.domains.identity.service.sso.restrictions import require_own_sign_in

RESET, EMAIL = "password-reset", "email"


async def request_reset(email: str, origin: Origin) -> None:
    """Send a link to the verified address on record; nothing, and no word of it, for everybody else.

    At most three links of a person work at a time, so nobody's mailbox can be filled.
    """
    async with directory_session() as session:
        user_id = await queries.find_user_by_login(session, email)
        await set_user(session, user_id or new_id())
        user = await queries.get_user(session, user_id or new_id())
        memberships = await queries.list_memberships_of(session, user.id if user else new_id())
    if user is None or not memberships or user.disabled_at or not user.email_verified_at or user.password is None:
        return
    home = memberships[0].organization_id
    async with tenant_session(home) as session:
        if not await _send_link(
            session, home, user.id, RESET, "password-reset", to=user.email, content={"email": user.email_normalised}
        ):
            return
        await publish(
            session,
            PasswordResetRequested(
                organization_id=home,
                user_id=user.id,
                actor_kind="anonymous",
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )


async def reset_password(settings: Settings, *, token: str, new_password: str, origin: Origin) -> None:
    """Set a new password and end all sessions of the person. Gives no session: a second factor stays due.

    Raises LinkInvalid, InvalidInput (weak password; the link stays good) and Unavailable.
    """
    async with directory_session() as session:
        ticket = await read_ticket(session, RESET, token)
    home, user_id = _places(ticket)
    async with tenant_session(home) as session:
        organization = await queries.get_organization(session, home)
        user = await queries.get_user(session, user_id)
    if user is None:
        raise LinkInvalid
    passwords.check_policy(new_password, [organization.name, user.email, user.name], pointer="#/new_password")
    phc = await passwords.hash_password(new_password)
    async with tenant_session(home) as session:
        taken = await take_ticket(session, RESET, token)
        await set_user(session, user_id)
        user = await queries.get_user(session, user_id, lock=True)
        if taken is None or user is None or user.disabled_at or user.email_normalised != taken.content["email"]:
            raise LinkInvalid
        await withdraw_tickets(session, RESET, user_id)
        await store_password(session, user_id, phc, changed_at=clock.utc_now())
        ended = await sessions.revoke_everywhere(
            session, settings, user_id, reason="password_changed", home=home, actor_id=user_id, origin=origin
        )
        await publish(
            session,
            PasswordChanged(
                organization_id=home,
                user_id=user_id,
                actor_id=user_id,
                ended_sessions=ended,
                by_link=True,
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )


async def request_verification(caller: Caller) -> None:
    """Send a link to the caller's own address, unless it is proven already."""
    async with tenant_session(caller.organization_id) as session:
        user = await queries.get_user(session, caller.user_id)
        if user is not None and user.email_verified_at is None:
            content = {"email": user.email, "session": str(caller.session_id)}
            await _send_link(
                session,
                caller.organization_id,
                caller.user_id,
                EMAIL,
                "email-verification",
                to=user.email,
                content=content,
            )


async def request_email_change(caller: Caller, email: str) -> None:
    """Send a link to the new address; the old one stays until it is opened. A taken address gets nothing, unsaid."""
    async with tenant_session(caller.organization_id) as session:
        await require_own_sign_in(session, caller)
        if await queries.find_user_by_login(session, email) not in (None, caller.user_id):
            return
        content = {"email": email.strip(), "session": str(caller.session_id)}
        await _send_link(
            session, caller.organization_id, caller.user_id, EMAIL, "email-change", to=email.strip(), content=content
        )


async def verify_email(settings: Settings, *, token: str, origin: Origin) -> None:
    """Take the address that a link was sent to as the person's own, and as their name for signing in.

    A change ends all sessions but the one that asked for it. Raises LinkInvalid.
    """
    async with directory_session() as session:
        ticket = await read_ticket(session, EMAIL, token)
    home, user_id = _places(ticket)
    async with tenant_session(home) as session:
        taken = await take_ticket(session, EMAIL, token)
        await set_user(session, user_id)
        user = await queries.get_user(session, user_id, lock=True)
        if taken is None or user is None or user.disabled_at:
            raise LinkInvalid
        email = str(taken.content["email"])
        changed = email != user.email
        old = user.email
        await _take_address(session, user, email)
        await publish(
            session,
            (EmailChanged if changed else EmailVerified)(
                organization_id=home,
                user_id=user_id,
                actor_id=user_id,
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )
        if changed:
            await withdraw_tickets(session, RESET, user_id)
            await withdraw_tickets(session, EMAIL, user_id)
            await queue_mail(session, home, old, "email-changed", {"new": email})
            await sessions.revoke_everywhere(
                session,
                settings,
                user_id,
                reason="email_changed",
                home=home,
                keep=UUID(taken.content["session"]) if taken.content["session"] != "None" else None,
                actor_id=user_id,
                origin=origin,
            )
            await refresh_copies(session, settings, user_id, home)


async def _take_address(session: AsyncSession, user: User, email: str) -> None:
    normalised = normalise_email(email)
    if normalised != user.email_normalised:
        claim = insert(DirectoryEntry).values(
            kind="login", hash=directory_hash("login", normalised), subject_id=user.id
        )
        claimed = await session.execute(claim.on_conflict_do_nothing().returning(DirectoryEntry.subject_id))
        if claimed.first() is None:
            raise LinkInvalid
        before = directory_hash("login", user.email_normalised)
        await session.execute(
            delete(DirectoryEntry).where(
                DirectoryEntry.kind == "login", DirectoryEntry.hash == before, DirectoryEntry.subject_id == user.id
            )
        )
    user.email, user.email_normalised, user.email_verified_at = email, normalised, clock.utc_now()
    await session.flush()


async def _send_link(
    session: AsyncSession,
    organization_id: UUID,
    user_id: UUID,
    kind: str,
    mail: MailKind,
    *,
    to: str,
    content: dict[str, str],
) -> bool:
    """Issue a ticket and mail it; False where three of them are open already."""
    await queries.get_user(session, user_id, lock=True)  # fifty that ask at once are counted one by one
    if await reads.count_open_tickets(session, kind, user_id, clock.utc_now()) >= rules.MAX_OPEN_LINKS:
        return False
    lifetime = rules.RESET_LIFETIME if kind == RESET else rules.EMAIL_LIFETIME
    token = await issue_ticket(
        session, kind, lifetime, subject_id=user_id, organization_id=organization_id, content=content
    )
    minutes = int(lifetime.total_seconds() // 60)
    await queue_mail(
        session, organization_id, to, mail, {"token": token, "minutes": str(minutes), "hours": str(minutes // 60)}
    )
    return True


def _places(ticket: Ticket | None) -> tuple[UUID, UUID]:
    if ticket is None or ticket.organization_id is None or ticket.subject_id is None:
        raise LinkInvalid
    return ticket.organization_id, ticket.subject_id
