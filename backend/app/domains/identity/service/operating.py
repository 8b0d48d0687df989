"""What whoever runs the installation may do for a person whom no owner can help: the way in of a sole owner.

Nothing here is a route. Everything is on record in every organization of the person, and the person gets a mail.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import directory_session, set_organization, set_user, tenant_session
from app.core.errors import NotFound
from app.core.events import publish
from app.core.tickets import issue_ticket, withdraw_tickets
from app.domains.identity import queries
from app.domains.identity.events import FactorsRemovedByOperator, IdentityEvent, PasswordLinkMadeByOperator
from app.domains.identity.models import User
from app.domains.identity.queries import factors as reads
from app.domains.identity.queries.organizations import get_directory
from app.domains.identity.rules.factors import RESET_LIFETIME
from app.domains.identity.service import sessions
from app.domains.identity.service.credentials import RESET
from app.domains.identity.service.factors import enrolment, resets
from app.domains.identity.service.mail import queue_mail


@dataclass(frozen=True, kw_only=True)
class FactorsRemoved:
    """How many factors were taken, and how many sessions ended."""

    factors: int
    sessions: int


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A person and where they belong; `home` is the first organization that does not wait for its end."""

    user_id: UUID
    organizations: list[UUID]
    home: UUID
    has_keys: bool  # no mail can be sealed for an organization whose keys were destroyed


async def remove_factors(settings: Settings, email: str) -> FactorsRemoved:
    """Take all factors and recovery codes of a person and end their sessions everywhere; the password stays.

    One transaction. Raises NotFound.
    """
    place = await _find(email)
    async with tenant_session(place.home) as session:
        user = await _lock(session, place)
        count = len(await reads.list_totp(session, user.id)) + len(await reads.list_passkeys(session, user.id))
        await resets.close_by_operator(session, user.id)
        await enrolment.remove_all(session, settings, user, place.home)
        ended = await sessions.revoke_everywhere(
            session, settings, user.id, reason="factors_removed", home=place.home, keep=None
        )
        await _announce(session, place, FactorsRemovedByOperator, removed=count, ended_sessions=ended)
        if place.has_keys:
            await queue_mail(session, place.home, user.email, "factors-removed-by-operator")
    return FactorsRemoved(factors=count, sessions=ended)


async def make_password_link(settings: Settings, email: str) -> str:
    """The address of a page that sets a new password, good once and for half an hour. Raises NotFound."""
    place = await _find(email)
    async with tenant_session(place.home) as session:
        user = await _lock(session, place)
        await withdraw_tickets(session, RESET, user.id)
        token = await issue_ticket(
            session,
            RESET,
            RESET_LIFETIME,
            subject_id=user.id,
            organization_id=place.home,
            content={"email": user.email_normalised},
        )
        await _announce(session, place, PasswordLinkMadeByOperator)
        if place.has_keys:
            await queue_mail(session, place.home, user.email, "password-link-by-operator")
    return f"{settings.public_url.rstrip('/')}/reset-password#token={token}"


async def _find(email: str) -> _Place:
    async with directory_session() as session:
        user_id = await queries.find_user_by_login(session, email)
        if user_id is None:
            raise NotFound("Nobody signs in with this address.")
        await set_user(session, user_id)
        organizations = [row.organization_id for row in await queries.list_memberships_of(session, user_id)]
        if not organizations:
            raise NotFound("This person belongs to no organization.")
        alive = [one for one in organizations if (await get_directory(session, one)).deleted_at is None]
    home = (alive or organizations)[0]
    return _Place(user_id=user_id, organizations=organizations, home=home, has_keys=bool(alive))


async def _lock(session: AsyncSession, place: _Place) -> User:
    await set_user(session, place.user_id)
    user = await queries.get_user(session, place.user_id, lock=True)
    if user is None:
        raise NotFound
    return user


async def _announce(session: AsyncSession, place: _Place, fact: type[IdentityEvent], **values: Any) -> None:
    for organization_id in place.organizations:
        await set_organization(session, organization_id)
        await publish(
            session,
            fact(organization_id=organization_id, user_id=place.user_id, actor_kind="operator", **values),
        )
        await session.flush()
    await set_organization(session, place.home)
