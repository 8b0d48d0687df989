"""How many jobs of a kind run at once in an organization, counted under a lock; a free place wakes one parked job.

The places are the running rows themselves, so a place is taken and given back in the transaction that changes the job,
and one whose worker died stays taken until its job runs again.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.tasks.models import Job
from app.core.tasks.registry import Task

_CHANGED = (
    "SELECT pg_notify('ch_pgqueuer', json_build_object('channel', 'ch_pgqueuer', 'operation', 'update', "
    "'sent_at', now(), 'table', 'pgqueuer', 'type', 'table_changed_event')::text)"
)
_WAKE = text(
    """
    UPDATE pgqueuer SET execute_after = now(), updated = now(), headers = headers - 'parked'
    WHERE id = (
        SELECT id FROM pgqueuer
        WHERE status = 'queued' AND entrypoint = :kind AND execute_after > now()
          AND headers @> jsonb_build_object('org', CAST(:org AS text), 'parked', true)
        ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    """
)
_REQUEUE = text(
    """
    UPDATE pgqueuer
    SET status = 'queued', queue_manager_id = NULL, updated = now(), attempts = attempts + 1,
        execute_after = now() + CAST(:delay AS interval),
        headers = CASE WHEN :parked THEN headers || '{"parked": true}' ELSE headers - 'parked' END
    WHERE id = :id AND queue_manager_id = ANY(:managers)
    """
)


async def lock_places(session: AsyncSession, organization_id: UUID, task: Task) -> None:
    """Let nobody else take or give back a place of this kind until the transaction ends."""
    if task.per_organization is not None:
        key = f"jobs:{organization_id}:{task.name}"
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def has_place(session: AsyncSession, organization_id: UUID, task: Task, but: UUID) -> bool:
    """Whether one more job may run; call after `lock_places`. `but` is the job itself, whose last run may have died."""
    if task.per_organization is None:
        return True
    running = select(func.count()).where(
        Job.organization_id == organization_id, Job.kind == task.name, Job.state == "running", Job.id != but
    )
    return (await session.execute(running)).scalar_one() < task.per_organization


async def wake_parked(session: AsyncSession, organization_id: UUID, kind: str) -> None:
    """Let the first parked job of this kind try again as soon as the transaction commits."""
    found = await session.execute(_WAKE, {"kind": kind, "org": str(organization_id)})
    if found.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has it
        await session.execute(text(_CHANGED))


async def requeue_ticket(
    session: AsyncSession, ticket: int, managers: list[UUID], delay: timedelta, *, parked: bool
) -> None:
    """Put a ticket that this process holds back into the queue."""
    await session.execute(_REQUEUE, {"id": ticket, "managers": managers, "delay": delay, "parked": parked})
    if not parked:  # an update makes no notice of its own, and a sleeping consumer must learn of the new due time
        await session.execute(text(_CHANGED))
