"""Running what was queued, without a worker: the queue of a test's database holds other tests' jobs as well."""

from datetime import UTC, datetime
from uuid import UUID

from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.tasks import Job, TaskContext
from app.core.tasks.registry import get_task
from sqlalchemy import or_, select


async def queued(organization_id: UUID, kind: str, *, due_only: bool = False) -> list[Job]:
    """The organization's waiting jobs of a kind, oldest first."""
    query = select(Job).where(Job.organization_id == organization_id, Job.kind == kind, Job.state == "queued")
    if due_only:
        query = query.where(or_(Job.due_at.is_(None), Job.due_at <= datetime.now(UTC)))
    async with tenant_session(organization_id) as session:
        return list((await session.execute(query.order_by(Job.id))).scalars())


async def run_jobs(organization_id: UUID, *kinds: str, most: int = 50) -> list[TaskContext]:
    """Run what is due of these kinds as a worker does, until nothing is; failures rise."""
    ran: list[TaskContext] = []
    while True:
        waiting = [job for kind in kinds for job in await queued(organization_id, kind, due_only=True)]
        if not waiting:
            return ran
        for job in waiting:
            assert len(ran) < most, f"more and more jobs of {kinds}"
            ran.append(await _run(organization_id, job))


async def _run(organization_id: UUID, job: Job) -> TaskContext:
    lease, task = new_id(), get_task(job.kind)
    await _note(organization_id, job.id, state="running", lease=lease, attempt=1)
    context = TaskContext(
        organization_id=organization_id, job_id=job.id, kind=job.kind, attempt=1, lease=lease, announce=task.announce
    )
    try:
        await task.function(context, **task.bind(job.arguments))
    except BaseException:
        await _note(organization_id, job.id, state="failed")
        raise
    await context.flush()
    await _note(organization_id, job.id, state="succeeded")
    return context


async def _note(organization_id: UUID, job_id: UUID, **values: object) -> None:
    async with tenant_session(organization_id) as session:
        job = await session.get(Job, (organization_id, job_id))
        assert job is not None
        for name, value in values.items():
            setattr(job, name, value)
