"""Listens to every fact that names an actor, and seals the log by the clock."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import Event, handles
from app.core.tasks import schedule
from app.domains.audit import service


@handles(Event)
async def record_event(session: AsyncSession, event: Event) -> None:
    """The row belongs to the publisher's transaction."""
    await service.record_event(session, event)


@schedule("audit.seal_events", cron="* * * * *")
async def seal_events(session: AsyncSession, organization_id: UUID) -> None:
    """Every minute: an edit before its row is sealed goes unseen, so a minute is how long that may last."""
    await service.seal_new_events(session, organization_id)
