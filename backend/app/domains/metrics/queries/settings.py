"""What an organization chose for its intake."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics.models import MetricSettings
from app.domains.metrics.rules.limits import IntakeRules


async def read_intake_rules(session: AsyncSession, organization_id: UUID) -> IntakeRules:
    """The organization's choice, else the product's."""
    query = select(MetricSettings.last_write_wins, MetricSettings.out_of_order_seconds).where(
        MetricSettings.organization_id == organization_id
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return IntakeRules()
    return IntakeRules(last_write_wins=row.last_write_wins, out_of_order=timedelta(seconds=row.out_of_order_seconds))
