"""Objectives as they are stored."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics.errors import ObjectiveNotFound
from app.domains.metrics.models import MetricObjective


async def list_objectives(
    session: AsyncSession,
    organization_id: UUID,
    *,
    limit: int,
    after: str = "",
    resource_id: UUID | None = None,
    service: str | None = None,
) -> Sequence[MetricObjective]:
    """By name, those of a resource or of a service if one is given."""
    query = select(MetricObjective).where(
        MetricObjective.organization_id == organization_id, MetricObjective.name > after
    )
    if resource_id is not None:
        query = query.where(MetricObjective.resource_id == resource_id)
    if service is not None:
        query = query.where(MetricObjective.service == service)
    return (await session.execute(query.order_by(MetricObjective.name).limit(limit))).scalars().all()


async def get_objective(session: AsyncSession, organization_id: UUID, objective_id: UUID) -> MetricObjective:
    """One of them. Raises ObjectiveNotFound."""
    query = select(MetricObjective).where(
        MetricObjective.organization_id == organization_id, MetricObjective.id == objective_id
    )
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise ObjectiveNotFound
    return found
