"""Routes of background work. Jobs belong to no domain, so their routes stand in the core, like `http.py` itself."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, FieldProblem, InvalidInput, NotFound, problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, invalid_cursor
from app.core.schemas import ReadModel
from app.core.tasks.control import cancel_job
from app.core.tasks.models import FINAL_STATES, STATES, Job, JobUnit
from app.core.tasks.queueing import enqueue_again

router = APIRouter(prefix="/jobs", tags=["jobs"])
_NAMES = r"^[a-z0-9_.,]+$"
_STATES_TEXT = f"States, comma-separated: {', '.join(STATES)}."


class JobAlreadyFinished(Conflict):
    slug, title = "job-already-finished", "The job has already ended"


class JobNotReplayable(Conflict):
    slug, title = "job-not-replayable", "Only a job that ended without full success can be run again"


class JobProgress(ReadModel):
    """`total` is null until the job knows it."""

    done: int
    total: int | None


class JobUnitRead(ReadModel):
    """A part of the job's work; `state` is queued, running, complete, partial or failed."""

    service: str
    region: str
    account: str | None = None
    state: str
    resources: int | None
    error: str | None = None


class JobSummary(ReadModel):
    """A job without its units; `state` is queued, running, succeeded, partial, failed or cancelled."""

    id: UUID
    kind: str
    state: str
    progress: JobProgress
    attempt: int
    cancel_requested: bool
    requested_by: UUID | None
    replay_of: UUID | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None = None


class JobRead(JobSummary):
    """A job with its units."""

    units: list[JobUnitRead]


class JobStarted(ReadModel):
    """The job that was queued."""

    job_id: UUID


@router.get("")
async def list_jobs(
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("jobs:read"))],
    kind: Annotated[str | None, Query(pattern=_NAMES, max_length=500, description="Kinds, comma-separated.")] = None,
    state: Annotated[str | None, Query(pattern=_NAMES, max_length=200, description=_STATES_TEXT)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[JobSummary]:
    """List jobs, newest first; `state=failed` are the dead ones, which can be replayed."""
    wanted = select(Job).where(Job.organization_id == caller.organization_id, *_visible(caller))
    if kind:
        wanted = wanted.where(Job.kind.in_(kind.split(",")))
    if state:
        wanted = wanted.where(Job.state.in_(_states(state)))
    if (key := decode_cursor(cursor, 2)) is not None:
        wanted = wanted.where(tuple_(Job.created_at, Job.id) < tuple_(*_key(key)))
    wanted = wanted.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit + 1)
    jobs = list((await session.execute(wanted)).scalars())
    last = jobs[limit - 1] if len(jobs) > limit else None
    return Page(
        items=[JobSummary(**_summary(job)) for job in jobs[:limit]],
        next_cursor=encode_cursor(last.created_at, last.id) if last else None,
    )


@router.get("/{job_id}")
async def get_job(job_id: UUID, session: DbSession, caller: Annotated[Caller, Depends(allow("jobs:read"))]) -> JobRead:
    """Read one job with the state of each of its units."""
    return await _read(session, await _find(session, caller, job_id))


@router.post("/{job_id}/cancel", responses=problems(JobAlreadyFinished))
async def cancel_job_by_id(
    job_id: UUID, session: DbSession, caller: Annotated[Caller, Depends(allow("jobs:write"))]
) -> JobRead:
    """Cancel a job: a queued one ends at once, a running one when it notices; until then it is safe to repeat."""
    job = await _find(session, caller, job_id, lock=True)
    if job.state in FINAL_STATES:
        raise JobAlreadyFinished(f"It ended as {job.state}.")
    await cancel_job(session, job)
    await session.flush()
    await session.refresh(job)
    return await _read(session, job)


@router.post("/{job_id}/replay", status_code=202, responses=problems(JobNotReplayable))
async def replay_job(
    job_id: UUID, session: DbSession, caller: Annotated[Caller, Depends(allow("jobs:write"))]
) -> JobStarted:
    """Queue a new job with the kind and arguments of one that failed, was cancelled or ended partially."""
    job = await _find(session, caller, job_id, lock=True)
    if job.state not in ("failed", "cancelled", "partial"):
        raise JobNotReplayable(f"It is {job.state}.")
    return JobStarted(job_id=await enqueue_again(session, job, requested_by=caller.user_id))


def _visible(caller: Caller) -> list[ColumnElement[bool]]:
    """A scoped caller sees jobs of their own and, unless tags narrow them, those of an account in their scope."""
    if caller.scope is None:
        return []
    own = Job.requested_by == caller.user_id
    accounts = caller.scope.account_ids
    if caller.scope.has_tags or accounts is None:
        return [own]
    return [or_(own, Job.arguments["account_id"].astext.in_(sorted(map(str, accounts))))]


async def _find(session: AsyncSession, caller: Caller, job_id: UUID, *, lock: bool = False) -> Job:
    wanted = select(Job).where(Job.organization_id == caller.organization_id, Job.id == job_id, *_visible(caller))
    job = (await session.execute(wanted.with_for_update() if lock else wanted)).scalar_one_or_none()
    if job is None:
        raise NotFound
    return job


async def _read(session: AsyncSession, job: Job) -> JobRead:
    wanted = (
        select(JobUnit)
        .where(JobUnit.organization_id == job.organization_id, JobUnit.job_id == job.id)
        .order_by(JobUnit.account, JobUnit.service, JobUnit.region)
    )
    units = [
        JobUnitRead(
            service=unit.service,
            region=unit.region,
            account=unit.account or None,
            state=unit.state,
            resources=unit.resources,
            error=unit.error,
        )
        for unit in (await session.execute(wanted)).scalars()
    ]
    return JobRead(**_summary(job), units=units)


def _summary(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": JobProgress(done=job.progress_done, total=job.progress_total),
        "attempt": job.attempt,
        "cancel_requested": job.cancel_requested,
        "requested_by": job.requested_by,
        "replay_of": job.replay_of,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "error": job.error,
    }


def _states(text: str) -> list[str]:
    states = text.split(",")
    if not set(states) <= set(STATES):
        raise InvalidInput(errors=[FieldProblem(pointer="query/state", detail=f"must be among {', '.join(STATES)}")])
    return states


def _key(key: list[Any]) -> tuple[datetime, UUID]:
    try:
        return datetime.fromisoformat(key[0]).astimezone(UTC), UUID(key[1])
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise invalid_cursor() from None
