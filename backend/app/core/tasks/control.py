"""Cancelling and replaying jobs."""

from sqlalchemy import func, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.tasks.limits import wake_parked
from app.core.tasks.models import FINAL_STATES, Job
from app.core.tasks.queueing import announce

CONTROL_CHANNEL = "ch_cloudops_jobs"  # payload: the ticket whose job is to stop


async def cancel_job(session: AsyncSession, job: Job) -> None:
    """Cancel a job whose row the caller has locked: a queued one at once, a running one as soon as it notices."""
    if job.state in FINAL_STATES or job.cancel_requested:
        return
    job.cancel_requested = True
    if job.state == "queued":
        job.state, job.finished_at, job.lease = "cancelled", func.now(), None
        await session.flush()
        await session.execute(text("DELETE FROM pgqueuer WHERE id = :id AND status = 'queued'"), {"id": job.ticket})
        await wake_parked(session, job.organization_id, job.kind)  # in case this very job had just been woken
        await announce(
            session, job.organization_id, job.id, job.kind, job.state, (job.progress_done, job.progress_total)
        )
        return
    await session.flush()
    await session.execute(
        text("UPDATE pgqueuer SET headers = headers || '{\"cancel\": true}' WHERE id = :id"), {"id": job.ticket}
    )
    await session.execute(
        text("SELECT pg_notify(:channel, :ticket)"), {"channel": CONTROL_CHANNEL, "ticket": str(job.ticket)}
    )
