"""Listens to every fact that names an actor; seals, signs and sends the log by the clock."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.events import Event, handles
from app.core.tasks import TaskContext, schedule, task
from app.domains.audit import service


@handles(Event)
async def record_event(session: AsyncSession, event: Event) -> None:
    """The row belongs to the publisher's transaction."""
    await service.record_event(session, event)


@schedule("audit.seal_events", cron="* * * * *", while_deleted=True)
async def seal_events(session: AsyncSession, organization_id: UUID) -> None:
    """Every minute: an edit before its row is sealed goes unseen, so a minute is how long that may last."""
    await service.seal_new_events(session, organization_id)


@schedule("audit.sign_heads", cron="7 * * * *", while_deleted=True)
async def sign_heads(session: AsyncSession, organization_id: UUID) -> None:
    """Every hour: a chain rewritten as a whole shows against the last signed head."""
    await service.sign_head(session, organization_id)


@schedule("audit.prune", cron="23 4 * * *")
async def prune(session: AsyncSession, organization_id: UUID) -> None:
    """Every night: remove what is older than the organization keeps its log."""
    await service.prune(session, organization_id)


@schedule("audit.stream_sinks", cron="* * * * * 20,50")
async def stream_sinks(session: AsyncSession, organization_id: UUID) -> None:
    """Twice a minute, between the sealer's turns; also what makes a failed sink try again."""
    await service.enqueue_sinks(session, organization_id)


@task("audit.stream_sink", retries=3, timeout_seconds=600, queue="notify", announce=False)
async def stream_sink(context: TaskContext, sink_id: UUID) -> None:
    """Send what a sink has not got yet. Safe to repeat: the sink's own position says where to begin."""
    await service.stream_sink(context.organization_id, sink_id)
