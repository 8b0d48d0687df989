"""How an organization's samples are taken: its own choice."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import publish
from app.domains.metrics import queries
from app.domains.metrics.events import MetricSettingsChanged
from app.domains.metrics.models import MetricSettings
from app.domains.metrics.rules.limits import IntakeRules


async def read_settings(session: AsyncSession, organization_id: UUID) -> IntakeRules:
    """What holds for the organization."""
    return await queries.read_intake_rules(session, organization_id)


async def replace_settings(
    session: AsyncSession, organization_id: UUID, actor_id: UUID, chosen: IntakeRules
) -> IntakeRules:
    """Store the organization's choice, whose bounds the caller has checked. Processes go by it within a minute."""
    before = await queries.read_intake_rules(session, organization_id)
    changed = tuple(
        name for name in ("last_write_wins", "out_of_order") if getattr(before, name) != getattr(chosen, name)
    )
    if changed:
        row = insert(MetricSettings).values(
            organization_id=organization_id,
            last_write_wins=chosen.last_write_wins,
            out_of_order_seconds=int(chosen.out_of_order.total_seconds()),
        )
        taken = {
            "last_write_wins": row.excluded.last_write_wins,
            "out_of_order_seconds": row.excluded.out_of_order_seconds,
            "updated_at": func.now(),
        }
        await session.execute(row.on_conflict_do_update(index_elements=["organization_id"], set_=taken))
        await publish(
            session, MetricSettingsChanged(organization_id=organization_id, actor_id=actor_id, fields=changed)
        )
    return chosen
