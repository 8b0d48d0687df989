"""Lost factors: asked for with the right password, approved by owners, in force 24 hours later at the next sign-in.

Every organization of the person has to approve on its own. Signing in with a factor cancels what is open: the factor
is not lost, or somebody else asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import set_organization
from app.core.errors import Conflict, NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.identity import queries
from app.domains.identity.errors import OwnReset
from app.domains.identity.events import FactorResetApproved, FactorResetEnded, FactorResetRequested
from app.domains.identity.models import FactorReset, User
from app.domains.identity.queries import factors as reads
from app.domains.identity.queries.factors import ResetRow
from app.domains.identity.rules import factors as rules
from app.domains.identity.service.factors import enrolment
from app.domains.identity.service.origin import Origin


@dataclass(frozen=True, kw_only=True)
class OpenReset:
    """A request as an owner sees it."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    client_address: str
    requested_at: datetime
    approvals: int
    needed: int
    approved_by_me: bool
    due_at: datetime | None
    expires_at: datetime


async def request_reset(session: AsyncSession, home: UUID, user_id: UUID, origin: Origin) -> None:
    """Ask every organization of the person; nothing where a request is open. The session must be bound to the person.

    Afterwards it is bound to `home`.
    """
    now = clock.utc_now()
    user = await queries.get_user(session, user_id, lock=True)
    if user is None or await reads.list_open_resets(session, user_id, now):
        return
    await _close_expired(session, user_id, now)
    request_id = new_id()
    for membership in await queries.list_memberships_of(session, user_id):
        await set_organization(session, membership.organization_id)
        row = FactorReset(
            organization_id=membership.organization_id,
            id=new_id(),
            request_id=request_id,
            user_id=user_id,
            client_address=origin.client_address,
            approved_by=[],
            requested_at=now,
            due_at=None,
            expires_at=now + rules.FACTOR_RESET_LIFETIME,
        )
        session.add(row)
        await session.flush()
        await publish(
            session,
            FactorResetRequested(
                organization_id=membership.organization_id,
                user_id=user_id,
                actor_kind="anonymous",
                reset_id=row.id,
                client_address=origin.client_address,
                user_agent=origin.user_agent,
            ),
        )
        await session.flush()
    await set_organization(session, home)


async def list_resets(session: AsyncSession, caller: Caller) -> list[OpenReset]:
    """The organization's open requests."""
    rows = await reads.list_organization_resets(session, caller.organization_id, clock.utc_now())
    owners = await reads.list_owners(session, caller.organization_id)
    return [_shown(row, caller, owners) for row in rows]


async def approve_reset(session: AsyncSession, caller: Caller, reset_id: UUID) -> None:
    """Approve a request; with the last approval that is needed its 24 hours begin.

    Raises NotFound and OwnReset (one's own, or a second time).
    """
    now = clock.utc_now()
    row = await reads.find_reset(session, caller.organization_id, reset_id, now)
    if row is None:
        raise NotFound
    others = [owner for owner, _ in await reads.list_owners(session, caller.organization_id) if owner != row.user_id]
    if caller.user_id not in others or caller.user_id in row.approved_by:
        raise OwnReset
    if row.due_at is not None:
        raise Conflict("It was approved already.")
    row.approved_by = [*row.approved_by, caller.user_id]
    if len(set(row.approved_by) & set(others)) >= rules.approvals_needed(len(others)):
        row.due_at = now + rules.FACTOR_RESET_DELAY
        row.expires_at = row.due_at + rules.FACTOR_RESET_LIFETIME
    await session.flush()
    await publish(
        session,
        FactorResetApproved(
            organization_id=caller.organization_id,
            user_id=row.user_id,
            actor_id=caller.user_id,
            reset_id=row.id,
            approvals=len(row.approved_by),
            due_at=row.due_at.isoformat() if row.due_at else None,
            client_address=caller.client_address,
            user_agent=caller.user_agent,
        ),
    )


async def refuse_reset(session: AsyncSession, caller: Caller, reset_id: UUID) -> None:
    """An owner refuses a request, which ends it: it needs every organization. Raises NotFound."""
    row = await reads.find_reset(session, caller.organization_id, reset_id, clock.utc_now())
    if row is None:
        raise NotFound
    await _end(session, row, "cancelled", actor_id=caller.user_id, origin=Origin.of(caller))


async def cancel_resets(session: AsyncSession, home: UUID, user_id: UUID, origin: Origin) -> None:
    """The person proved a factor: what is open ends. The session must be bound to the person."""
    await _end_all(session, home, user_id, "cancelled", origin)


async def use_due_reset(session: AsyncSession, settings: Settings, home: UUID, user: User, origin: Origin) -> bool:
    """Remove the factors where all organizations have approved and waited. The password was right before this.

    The session must be bound to the person.
    """
    now = clock.utc_now()
    rows = await reads.list_open_resets(session, user.id, now)
    if not is_due(
        [(row.organization_id, row.due_at) for row in rows], await _organizations(session, user.id, rows), now
    ):
        return False
    await _end_all(session, home, user.id, "used", origin)
    await enrolment.remove_all(session, settings, user, home)
    return True


def is_due(approvals: Sequence[tuple[UUID, datetime | None]], organizations: Sequence[UUID], now: datetime) -> bool:
    """Whether each organization that was asked has approved at least 24 hours ago."""
    due = {organization_id for organization_id, due_at in approvals if due_at is not None and due_at <= now}
    return bool(approvals) and set(organizations) <= due and len(due) == len({place for place, _ in approvals})


async def _organizations(session: AsyncSession, user_id: UUID, rows: Sequence[FactorReset]) -> list[UUID]:
    """Organizations whose word counts: those the person was in when they asked. A later one cannot add itself."""
    asked_at = min((row.requested_at for row in rows), default=None)
    if asked_at is None:
        return []
    memberships = await queries.list_memberships_of(session, user_id)
    return [one.organization_id for one in memberships if one.created_at <= asked_at]


async def _end_all(session: AsyncSession, home: UUID, user_id: UUID, reason: str, origin: Origin) -> None:
    rows = await reads.list_open_resets(session, user_id, clock.utc_now())
    for row in rows:
        await set_organization(session, row.organization_id)
        await _end(session, row, reason, actor_id=user_id, origin=origin)
        await session.flush()
    if rows:
        await set_organization(session, home)


async def close_by_operator(session: AsyncSession, user_id: UUID) -> None:
    """End what is open: whoever runs the installation has done what it asked for. Bound to the person."""
    await session.execute(
        update(FactorReset)
        .where(FactorReset.user_id == user_id, FactorReset.ended_at.is_(None))
        .values(ended_at=clock.utc_now(), outcome="operator")
        .execution_options(synchronize_session=False)
    )


async def _close_expired(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Make room for a new request where an old one ran out."""
    await session.execute(
        update(FactorReset)
        .where(FactorReset.user_id == user_id, FactorReset.ended_at.is_(None), FactorReset.expires_at <= now)
        .values(ended_at=now, outcome="expired")
        .execution_options(synchronize_session=False)
    )


async def _end(session: AsyncSession, row: FactorReset, reason: str, *, actor_id: UUID, origin: Origin) -> None:
    row.ended_at, row.outcome = clock.utc_now(), reason
    await session.flush()
    await publish(
        session,
        FactorResetEnded(
            organization_id=row.organization_id,
            user_id=row.user_id,
            actor_id=actor_id,
            reset_id=row.id,
            reason=reason,
            client_address=origin.client_address,
            user_agent=origin.user_agent,
        ),
    )


def _shown(row: ResetRow, caller: Caller, owners: Sequence[tuple[UUID, str]]) -> OpenReset:
    others = [owner for owner, _ in owners if owner != row.user_id]
    return OpenReset(
        id=row.id,
        user_id=row.user_id,
        email=row.email,
        name=row.name,
        client_address=row.client_address,
        requested_at=row.requested_at,
        approvals=len(row.approved_by),
        needed=rules.approvals_needed(len(others)),
        approved_by_me=caller.user_id in row.approved_by,
        due_at=row.due_at,
        expires_at=row.expires_at,
    )
