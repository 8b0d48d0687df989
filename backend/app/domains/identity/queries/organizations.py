"""Reads of organizations as such."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.directory import DirectoryOrganization
from app.core.errors import NotFound
from app.domains.identity.models import (
    Membership,
    Organization,
    OrganizationBranding,
    OrganizationDeletion,
    OrganizationExport,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnOrganization:
    """An organization and what the person is there."""

    id: UUID
    name: str
    role: str
    deleted_at: datetime | None


async def list_own_organizations(session: AsyncSession, user_id: UUID) -> list[OwnOrganization]:
    """Where the person is an active member, by name. The transaction must be bound to the person."""
    query = (
        select(Organization.id, Organization.name, Membership.role, DirectoryOrganization.deleted_at)
        .join(Membership, Membership.organization_id == Organization.id)
        .join(DirectoryOrganization, DirectoryOrganization.id == Organization.id)
        .where(Membership.user_id == user_id, Membership.disabled_at.is_(None))
        .order_by(func.lower(Organization.name), Organization.id)
    )
    return [OwnOrganization(**row._mapping) for row in (await session.execute(query)).all()]


async def get_own_membership(session: AsyncSession, organization_id: UUID, user_id: UUID) -> Membership:
    """The person's active membership in any organization. Raises NotFound."""
    query = select(Membership).where(
        Membership.organization_id == organization_id,
        Membership.user_id == user_id,
        Membership.disabled_at.is_(None),
    )
    found = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def get_directory(session: AsyncSession, organization_id: UUID, *, lock: bool = False) -> DirectoryOrganization:
    """The organization's line in the directory. Raises NotFound."""
    query = select(DirectoryOrganization).where(DirectoryOrganization.id == organization_id)
    query = query.execution_options(populate_existing=True)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_deletion(session: AsyncSession, organization_id: UUID) -> OrganizationDeletion | None:
    """The deletion that was asked for, if any."""
    query = select(OrganizationDeletion).where(OrganizationDeletion.organization_id == organization_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def get_export(
    session: AsyncSession, organization_id: UUID, export_id: UUID, *, lock: bool = False
) -> OrganizationExport:
    """One export. Raises NotFound."""
    query = select(OrganizationExport).where(
        OrganizationExport.organization_id == organization_id, OrganizationExport.id == export_id
    )
    query = query.execution_options(populate_existing=True)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def list_exports(session: AsyncSession, organization_id: UUID, limit: int) -> Sequence[OrganizationExport]:
    """The newest exports."""
    query = (
        select(OrganizationExport)
        .where(OrganizationExport.organization_id == organization_id)
        .order_by(OrganizationExport.created_at.desc(), OrganizationExport.id.desc())
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def find_branding(
    session: AsyncSession, organization_id: UUID, *, lock: bool = False
) -> OrganizationBranding | None:
    """The organization's own look, if any."""
    query = select(OrganizationBranding).where(OrganizationBranding.organization_id == organization_id)
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
