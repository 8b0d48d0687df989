"""Whether somebody has to have a second factor, and from when on."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.http import Caller
from app.domains.identity import queries
from app.domains.identity.rules import first_password_expiry
from app.domains.identity.service.policy import get_policy


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """`enrolled`: the person has a factor. `grace_ends_at` is there while `required` and not yet enrolled."""

    enrolled: bool
    required: bool
    grace_ends_at: datetime | None
    email_verified: bool
    password_expires_at: datetime | None = None  # of a first password that nobody has changed


async def read_requirement(session: AsyncSession, organization_id: UUID, user_id: UUID) -> Requirement:
    """What the organization wants of this member. Raises NotFound."""
    membership = await queries.get_membership(session, organization_id, user_id)
    policy = await get_policy(session, organization_id)
    user = await queries.get_user(session, user_id)
    enrolled = user is not None and user.mfa_enrolled_at is not None
    required = policy.requires_mfa(str(membership.role_id or membership.role))
    return Requirement(
        enrolled=enrolled,
        required=required,
        grace_ends_at=policy.grace_ends_at(membership.created_at) if required and not enrolled else None,
        email_verified=user is not None and user.email_verified_at is not None,
        password_expires_at=first_password_expiry(
            has_password=user.password is not None, changed_at=user.password_changed_at, created_at=user.created_at
        )
        if user is not None
        else None,
    )


async def read_own_requirement(session: AsyncSession, caller: Caller) -> Requirement:
    """What the organization wants of the caller; nothing of a machine."""
    if caller.session_id is None:
        return Requirement(enrolled=False, required=False, grace_ends_at=None, email_verified=False)
    return await read_requirement(session, caller.organization_id, caller.user_id)
