"""Reads of sign-in policies."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.identity.models.policy import OrganizationPolicy


async def find_policy(session: AsyncSession, organization_id: UUID, *, lock: bool = False) -> OrganizationPolicy | None:
    """The organization's own policy; None where it set nothing."""
    query = select(OrganizationPolicy).where(OrganizationPolicy.organization_id == organization_id)
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
