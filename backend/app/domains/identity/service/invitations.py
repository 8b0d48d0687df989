"""Asking people in: a link of 256 random bits to one address, good once and for seven days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, set_organization, set_user, tenant_session
from app.core.errors import Conflict, FieldProblem, Forbidden, InvalidInput, NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.quotas import take_quota
from app.core.scope import read_scope
from app.core.tickets import Ticket, issue_ticket, read_ticket, take_ticket, withdraw_tickets
from app.domains.identity import passwords
from app.domains.identity import queries as people_queries
from app.domains.identity.errors import AlreadyInvited, AlreadyMember, InvitationGone, LoginTaken, SignInToAccept
from app.domains.identity.events import InvitationAccepted, InvitationRevoked, InvitationSent
from app.domains.identity.models import Invitation
from app.domains.identity.queries import access as access_queries
from app.domains.identity.queries import invitations as queries
from app.domains.identity.rules import Client, normalise_email, permissions_of
from app.domains.identity.rules.access import CUSTOM, granted, may_hand_out
from app.domains.identity.schemas.access import scope_of_body
from app.domains.identity.schemas.invitations import InvitationAccept, InvitationCreate
from app.domains.identity.service import sessions, signing_in
from app.domains.identity.service.access import actor_of, check_hand_out, permissions_of_choice
from app.domains.identity.service.entering import open_session
from app.domains.identity.service.mail import queue_mail
from app.domains.identity.service.people import add_member, create_user
from app.domains.identity.service.policy import get_policy
from app.domains.identity.service.sessions import Origin, SignedIn

KIND = "invitation"
LIFETIME = timedelta(days=7)
MAX_OPEN = 500
_TOO_MUCH = "You cannot invite somebody to more than you hold."


class TooManyInvitations(Conflict):
    slug, title = "too-many-invitations", "There are as many open invitations as allowed"


@dataclass(frozen=True, kw_only=True)
class InvitationView:
    """An open invitation as pages show it."""

    invitation: Invitation
    role: str
    role_name: str
    invited_by_name: str | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.invitation, name)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the link's holder sees first."""

    organization: str
    email: str
    role: str
    needs_account: bool


async def list_invitations(
    session: AsyncSession, organization_id: UUID, invitation_id: UUID | None = None
) -> list[InvitationView]:
    """Invitations that nobody has answered, the newest first."""
    rows = await queries.list_open_invitations(session, organization_id, invitation_id=invitation_id)
    return [
        InvitationView(invitation=one, role=one.role or CUSTOM, role_name=role_name, invited_by_name=inviter)
        for one, role_name, inviter in rows
    ]


async def create_invitation(session: AsyncSession, caller: Caller, body: InvitationCreate) -> InvitationView:
    """Ask somebody in and send them the link.

    Raises Forbidden, InvalidInput (unknown role), AlreadyMember, AlreadyInvited, TooManyInvitations, and QuotaExceeded
    where there is no room for one more member: whoever accepts must find a place.
    """
    permissions = await permissions_of_choice(session, caller.organization_id, body.role, body.role_id)
    scope = scope_of_body(body)
    check_hand_out(caller, permissions, scope, _TOO_MUCH)
    if body.role == "owner" and scope is not None:
        problem = FieldProblem(pointer="#/scope", detail="an owner's access is the whole organization")
        raise InvalidInput(errors=[problem])
    now, email = clock.utc_now(), normalise_email(body.email)
    await _check_free(session, caller, email, now)
    await take_quota(session, caller.organization_id, "users")
    invitation = Invitation(
        organization_id=caller.organization_id,
        id=new_id(),
        email=body.email,
        email_normalised=email,
        role=body.role,
        role_id=body.role_id,
        scope=scope.to_json() if scope else None,
        invited_by=caller.user_id,
        created_at=now,
        sent_at=now,
        expires_at=now + LIFETIME,
        accepted_at=None,
        accepted_by=None,
        revoked_at=None,
    )
    try:
        async with session.begin_nested():
            session.add(invitation)
            await session.flush()
    except IntegrityError:  # somebody invited them at the same moment
        raise AlreadyInvited from None
    return await _send(session, caller, invitation, repeated=False)


async def _check_free(session: AsyncSession, caller: Caller, email: str, now: datetime) -> None:
    if await queries.is_member_address(session, caller.organization_id, email):
        raise AlreadyMember
    earlier = await queries.find_open_invitation(session, caller.organization_id, email)
    if earlier is not None:
        if earlier.expires_at > now:
            raise AlreadyInvited("Send that one again, or revoke it first.")
        earlier.revoked_at = now
        await session.flush()
    if await queries.count_open_invitations(session, caller.organization_id, now) >= MAX_OPEN:
        raise TooManyInvitations(f"There are {MAX_OPEN} already. Revoke some first.")


async def resend_invitation(session: AsyncSession, caller: Caller, invitation_id: UUID) -> InvitationView:
    """Send a new link, good for another seven days; the old one is worthless. Raises NotFound and Forbidden."""
    invitation = await _invitation_to_change(session, caller, invitation_id)
    now = clock.utc_now()
    invitation.sent_at, invitation.expires_at, invitation.invited_by = now, now + LIFETIME, caller.user_id
    await session.flush()
    return await _send(session, caller, invitation, repeated=True)


async def revoke_invitation(session: AsyncSession, caller: Caller, invitation_id: UUID) -> None:
    """Make an invitation worthless. Raises NotFound and Forbidden."""
    invitation = await _invitation_to_change(session, caller, invitation_id)
    invitation.revoked_at = clock.utc_now()
    await withdraw_tickets(session, KIND, invitation.id)
    await session.flush()
    await publish(session, InvitationRevoked(**actor_of(caller), invitation_id=invitation.id, email=invitation.email))


async def _invitation_to_change(session: AsyncSession, caller: Caller, invitation_id: UUID) -> Invitation:
    invitation = await queries.get_invitation(session, caller.organization_id, invitation_id, lock=True)
    permissions = await permissions_of_choice(session, caller.organization_id, invitation.role, invitation.role_id)
    check_hand_out(caller, permissions, read_scope(invitation.scope), _TOO_MUCH)
    return invitation


async def _send(session: AsyncSession, caller: Caller, invitation: Invitation, *, repeated: bool) -> InvitationView:
    organization_id = caller.organization_id
    await withdraw_tickets(session, KIND, invitation.id)
    token = await issue_ticket(session, KIND, LIFETIME, subject_id=invitation.id, organization_id=organization_id)
    organization = await people_queries.get_organization(session, organization_id)
    view = (await list_invitations(session, organization_id, invitation.id))[0]
    values = {
        "organization": organization.name,
        "inviter": view.invited_by_name or caller.email,
        "role": view.role_name,
        "token": token,
        "days": str(LIFETIME.days),
    }
    await queue_mail(session, organization_id, invitation.email, "invitation", values)
    await publish(
        session,
        InvitationSent(
            **actor_of(caller),
            invitation_id=invitation.id,
            email=invitation.email,
            role=view.role_name,
            repeated=repeated,
        ),
    )
    return view


async def preview_invitation(token: str) -> Preview:
    """What a link is for. Raises InvitationGone."""
    async with directory_session() as session:
        ticket = await read_ticket(session, KIND, token)
    found = await _look(ticket)
    async with directory_session() as session:
        account = await people_queries.find_user_by_login(session, found.view.email)
    return Preview(
        organization=found.organization,
        email=found.view.email,
        role=found.view.role_name,
        needs_account=account is None,
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    organization_id: UUID
    organization: str
    sso_required: bool
    view: InvitationView


async def _look(ticket: Ticket | None) -> _Found:
    """The open invitation of a ticket. Raises InvitationGone."""
    if ticket is None or ticket.organization_id is None or ticket.subject_id is None:
        raise InvitationGone
    async with tenant_session(ticket.organization_id) as session:
        views = await list_invitations(session, ticket.organization_id, ticket.subject_id)
        if not views or views[0].invitation.expires_at <= clock.utc_now():
            raise InvitationGone
        organization = await people_queries.get_organization(session, ticket.organization_id)
        policy = await get_policy(session, ticket.organization_id)
        return _Found(
            organization_id=ticket.organization_id,
            organization=organization.name,
            sso_required=policy.sso_required,
            view=views[0],
        )


async def accept_invitation(
    settings: Settings, body: InvitationAccept, caller: Caller | None, origin: Origin
) -> SignedIn | None:
    """Join: as the signed-in person whose address it is (None), or as a new person, who is signed in then.

    Own transactions, because a password is hashed in between. Raises InvitationGone, SignInToAccept, Forbidden,
    InvalidInput, AlreadyMember and Unavailable.
    """
    async with directory_session() as session:
        ticket = await read_ticket(session, KIND, body.token)
    found = await _look(ticket)
    if caller is not None:
        await _join(body.token, found, caller)
        return None
    async with directory_session() as session:
        if await people_queries.find_user_by_login(session, found.view.email) is not None:
            raise SignInToAccept
    return await _begin(settings, body, found, origin)


async def _join(token: str, found: _Found, caller: Caller) -> None:
    if caller.kind != "user" or normalise_email(caller.email) != found.view.email_normalised:
        raise Forbidden("This invitation is for another address.")
    async with directory_session() as session:
        invitation = await _take(session, token, found)
        await set_user(session, caller.user_id)
        try:
            async with session.begin_nested():
                await _add(session, invitation, caller.user_id)
        except IntegrityError:
            raise AlreadyMember from None
        await _accepted(session, invitation, caller.user_id, Origin.of(caller))


async def _begin(settings: Settings, body: InvitationAccept, found: _Found, origin: Origin) -> SignedIn:
    if found.sso_required:
        raise Forbidden("This organization signs in through its identity provider. Sign in there to join.")
    missing = [name for name in ("name", "password") if getattr(body, name) is None]
    if missing or body.name is None or body.password is None:
        raise InvalidInput(errors=[FieldProblem(pointer=f"#/{name}", detail="is needed") for name in missing])
    passwords.check_policy(body.password, [body.name, found.view.email, found.organization])
    phc = await passwords.hash_password(body.password)
    async with directory_session() as session:
        invitation = await _take(session, body.token, found)
        try:
            user = await create_user(
                session,
                found.organization_id,
                email=invitation.email,
                name=body.name,
                role=invitation.role or CUSTOM,
                role_id=invitation.role_id,
                scope=invitation.scope,
            )
        except LoginTaken:
            raise SignInToAccept from None
        await signing_in.store_password(session, user.id, phc, changed_at=clock.utc_now())
        await _accepted(session, invitation, user.id, origin)
        signed_in = await _sign_in(session, settings, found.organization_id, user.id, body.client, origin)
    return signed_in


async def _take(session: AsyncSession, token: str, found: _Found) -> Invitation:
    """The invitation, used up: of fifty takers one comes through, and only if its sender could still send it."""
    if await take_ticket(session, KIND, token) is None:
        raise InvitationGone
    await set_organization(session, found.organization_id)
    try:
        invitation = await queries.get_invitation(session, found.organization_id, found.view.invitation.id, lock=True)
        inviter = await people_queries.get_membership(session, found.organization_id, invitation.invited_by)
    except NotFound:
        raise InvitationGone from None
    rights = await access_queries.rights_of(session, inviter)
    given = permissions_of(invitation.role or "")
    if invitation.role_id is not None:
        role = await access_queries.get_role(session, found.organization_id, invitation.role_id)
        given = granted(CUSTOM, tuple(role.permissions))
    held = may_hand_out(rights.permissions, rights.scope, given, read_scope(invitation.scope))
    if inviter.disabled_at is not None or not held:
        raise InvitationGone("Whoever sent it cannot invite you any more. Ask for a new invitation.")
    return invitation


async def _add(session: AsyncSession, invitation: Invitation, user_id: UUID) -> None:
    await add_member(
        session,
        invitation.organization_id,
        user_id,
        invitation.role or CUSTOM,
        role_id=invitation.role_id,
        scope=invitation.scope,
        actor_id=user_id,
    )


async def _accepted(session: AsyncSession, invitation: Invitation, user_id: UUID, origin: Origin) -> None:
    """Note who accepted; the link came by mail, so the address is theirs."""
    now = clock.utc_now()
    invitation.accepted_at, invitation.accepted_by = now, user_id
    user = await people_queries.get_user(session, user_id, lock=True)
    if user is not None and user.email_verified_at is None:
        user.email_verified_at = now
    await session.flush()
    await publish(
        session,
        InvitationAccepted(
            organization_id=invitation.organization_id,
            actor_id=user_id,
            invitation_id=invitation.id,
            user_id=user_id,
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )


async def _sign_in(
    session: AsyncSession, settings: Settings, organization_id: UUID, user_id: UUID, client: Client, origin: Origin
) -> SignedIn:
    row, refresh_token = await open_session(
        session, settings, organization_id, user_id, client=client, amr=["pwd"], origin=origin, is_first=True
    )
    return await sessions.issue_tokens(settings, row, refresh_token)
