"""Upkeep: old tickets' log, finished jobs, past schedules and events are deleted; lost tickets are restored."""

import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.events import EventRow
from app.core.keeping import kept_days
from app.core.tasks.models import OPEN_STATES, Job, ScheduleRun, WorkerRow
from app.core.tasks.queueing import restore_ticket
from app.core.tasks.registry import installation_schedule, schedule

logger = logging.getLogger(__name__)

FAILED_JOBS_FACTOR = 3  # failed jobs are kept so many times longer than others, to be replayed
KEEP_SCHEDULE_RUNS = timedelta(days=7)
KEEP_WORKERS = timedelta(days=1)
_TICKET_LOST_AFTER = timedelta(minutes=5)
_ROWS_A_TURN = 10_000  # keeps the transaction short; the next turn takes the rest


@installation_schedule("core.keep_queue_small", cron="*/5 * * * *")
async def keep_queue_small(session: AsyncSession) -> None:
    """Delete pgqueuer's own log, which grows by three rows a job and which nothing reads, and what is long past."""
    for statement in (
        "DELETE FROM pgqueuer_log WHERE created < now() - interval '10 minutes'",
        "DELETE FROM pgqueuer_statistics WHERE created < now() - interval '1 day'",
    ):
        await session.execute(text(statement))
    newer = aliased(ScheduleRun)  # the newest row stays: it says which due times are over
    has_newer = select(newer.name).where(newer.name == ScheduleRun.name, newer.due_at > ScheduleRun.due_at).exists()
    await session.execute(delete(ScheduleRun).where(ScheduleRun.due_at < func.now() - KEEP_SCHEDULE_RUNS, has_newer))
    await session.execute(delete(WorkerRow).where(WorkerRow.seen_at < func.now() - KEEP_WORKERS))


@schedule("core.keep_jobs_in_order", cron="*/5 * * * *", while_deleted=True)
async def keep_jobs_in_order(session: AsyncSession, organization_id: UUID) -> None:
    """Give jobs whose ticket is gone a new one; a restored backup or a hand in the table can lose it."""
    lost = (
        select(Job)
        .where(
            Job.organization_id == organization_id,
            Job.state.in_(OPEN_STATES),
            func.coalesce(Job.heartbeat_at, Job.started_at, Job.created_at) < func.now() - _TICKET_LOST_AFTER,
            text("NOT EXISTS (SELECT FROM pgqueuer WHERE pgqueuer.id = jobs.ticket)"),
        )
        .limit(1_000)
        .with_for_update(skip_locked=True)
    )
    for job in (await session.execute(lost)).scalars():
        logger.warning("job %s had lost its ticket", job.id)
        await restore_ticket(session, job)
    await session.flush()


@schedule("core.delete_old_rows", cron="17 * * * *")
async def delete_old_rows(session: AsyncSession, organization_id: UUID) -> None:
    """Delete an organization's finished jobs and old events by its retention; failed jobs stay longer."""
    kept = await kept_days(session, organization_id)
    jobs = timedelta(days=kept["jobs"])
    for states, age in ((("succeeded", "partial", "cancelled"), jobs), (("failed",), jobs * FAILED_JOBS_FACTOR)):
        old = (
            select(Job.id)
            .where(Job.organization_id == organization_id, Job.state.in_(states), Job.finished_at < func.now() - age)
            .limit(_ROWS_A_TURN)
        )
        await session.execute(
            delete(Job).where(Job.organization_id == organization_id, Job.id.in_(old.scalar_subquery()))
        )
    events = (
        select(EventRow.organization_id, EventRow.position)
        .where(EventRow.organization_id == organization_id, EventRow.at < func.now() - timedelta(days=kept["events"]))
        .limit(_ROWS_A_TURN)
    )
    await session.execute(delete(EventRow).where(tuple_(EventRow.organization_id, EventRow.position).in_(events)))
