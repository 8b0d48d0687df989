"""Reads of invitations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.domains.identity.models import CustomRole, Invitation, Membership, User

_OPEN = (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))


async def list_open_invitations(
    session: AsyncSession, organization_id: UUID, *, invitation_id: UUID | None = None
) -> Sequence[tuple[Invitation, str, str | None]]:
    """(invitation, role's name, inviter's name), the newest first; expired ones too, they can be sent again."""
    query = (
        select(Invitation, func.coalesce(CustomRole.name, Invitation.role), User.name)
        .outerjoin(
            CustomRole,
            and_(CustomRole.organization_id == Invitation.organization_id, CustomRole.id == Invitation.role_id),
        )
        .outerjoin(User, User.id == Invitation.invited_by)
        .where(Invitation.organization_id == organization_id, *_OPEN)
        .order_by(Invitation.created_at.desc(), Invitation.id.desc())
    )
    if invitation_id is not None:
        query = query.where(Invitation.id == invitation_id)
    return [(one, role_name, inviter) for one, role_name, inviter in (await session.execute(query)).all()]


async def get_invitation(
    session: AsyncSession, organization_id: UUID, invitation_id: UUID, *, lock: bool = False
) -> Invitation:
    """An open invitation. Raises NotFound."""
    query = select(Invitation).where(
        Invitation.organization_id == organization_id, Invitation.id == invitation_id, *_OPEN
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_open_invitation(session: AsyncSession, organization_id: UUID, email: str) -> Invitation | None:
    """The open invitation of a normalised address."""
    query = select(Invitation).where(
        Invitation.organization_id == organization_id, Invitation.email_normalised == email, *_OPEN
    )
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def count_open_invitations(session: AsyncSession, organization_id: UUID, now: datetime) -> int:
    """Invitations that somebody may still accept."""
    query = select(func.count()).where(
        Invitation.organization_id == organization_id, *_OPEN, Invitation.expires_at > now
    )
    return int((await session.execute(query)).scalar_one())


async def is_member_address(session: AsyncSession, organization_id: UUID, email: str) -> bool:
    """Whether a member has this normalised address."""
    query = (
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organization_id == organization_id, User.email_normalised == email)
    )
    return (await session.execute(query.limit(1))).first() is not None
