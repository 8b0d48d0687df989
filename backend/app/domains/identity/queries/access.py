"""Reads of custom roles and of who has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.scope import Scope, read_scope
from app.domains.identity.models import CustomRole, Invitation, Membership, ServiceIdentity
from app.domains.identity.rules.access import granted


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """What somebody may do now, and where."""

    role: str
    permissions: frozenset[str]
    scope: Scope | None


async def get_role(
    session: AsyncSession, organization_id: UUID, role_id: UUID, *, lock: bool = False, use: bool = False
) -> CustomRole:
    """A custom role, locked to change it (`lock`) or to point at it (`use`). Raises NotFound."""
    query = select(CustomRole).where(CustomRole.organization_id == organization_id, CustomRole.id == role_id)
    if lock or use:
        query = query.with_for_update(read=use).execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def list_roles(session: AsyncSession, organization_id: UUID) -> Sequence[CustomRole]:
    """The organization's custom roles by name; as few as people can tell apart."""
    query = select(CustomRole).where(CustomRole.organization_id == organization_id)
    return (await session.execute(query.order_by(CustomRole.name_normalised))).scalars().all()


async def count_holders(session: AsyncSession, organization_id: UUID) -> dict[UUID | str, int]:
    """How many members and service identities have each role; keys are built-in names and custom roles' ids."""
    counts: dict[UUID | str, int] = {}
    for model in (Membership, ServiceIdentity):
        query = (
            select(model.role, model.role_id, func.count())
            .where(model.organization_id == organization_id)
            .group_by(model.role, model.role_id)
        )
        for role, role_id, count in (await session.execute(query)).all():
            if key := role_id or role:
                counts[key] = counts.get(key, 0) + count
    return counts


async def touch_holders(
    session: AsyncSession, organization_id: UUID, role_id: UUID
) -> tuple[Sequence[UUID], Sequence[UUID]]:
    """Count up the versions of everybody who has the role; (members' user ids, service identities' ids)."""
    found: list[Sequence[UUID]] = []
    for model, column in ((Membership, Membership.user_id), (ServiceIdentity, ServiceIdentity.id)):
        changed = await session.execute(
            update(model)
            .where(model.organization_id == organization_id, model.role_id == role_id)
            .values(version=model.version + 1)
            .returning(column)
            .execution_options(synchronize_session=False)
        )
        found.append(changed.scalars().all())
    return found[0], found[1]


async def has_open_invitations(session: AsyncSession, organization_id: UUID, role_id: UUID) -> bool:
    """Whether somebody is asked in with the role."""
    query = select(Invitation.id).where(
        Invitation.organization_id == organization_id,
        Invitation.role_id == role_id,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    return (await session.execute(query.limit(1))).first() is not None


async def forget_role_of_closed_invitations(session: AsyncSession, organization_id: UUID, role_id: UUID) -> None:
    """A role that is going away leaves invitations that nobody can answer any more."""
    await session.execute(
        update(Invitation)
        .where(Invitation.organization_id == organization_id, Invitation.role_id == role_id)
        .values(role_id=None)
        .execution_options(synchronize_session=False)
    )


async def rights_of(session: AsyncSession, holder: Membership | ServiceIdentity) -> Rights:
    """What a member or a service identity may do now."""
    custom: Any = getattr(holder, "permissions", None)
    if holder.role_id is not None:
        custom = (await get_role(session, holder.organization_id, holder.role_id)).permissions
    role = holder.role or "custom"
    permissions = granted(role, None if custom is None else tuple(custom))
    return Rights(role=role, permissions=permissions, scope=read_scope(holder.scope))
