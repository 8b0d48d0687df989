"""One run of one job: claim, call, record the end."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from pgqueuer.domain.models import Job as Ticket
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import tenant_session
from app.core.errors import AppError
from app.core.ids import new_id
from app.core.logs import bind_log_context, clear_log_context
from app.core.tasks.context import MAX_ERROR_LENGTH, LeaseLost, TaskContext
from app.core.tasks.errors import PermanentFailure
from app.core.tasks.limits import has_place, lock_places, wake_parked
from app.core.tasks.models import FINAL_STATES, Job
from app.core.tasks.queueing import announce
from app.core.tasks.registry import Task, get_task

logger = logging.getLogger(__name__)

JOBS_ENDED = Counter("cloudops_job_runs_total", "Runs of background jobs that ended, by how.", ["kind", "outcome"])
JOBS_RUNNING = Gauge("cloudops_jobs_running", "Background jobs that this process runs now.")
JOB_SECONDS = Histogram(
    "cloudops_job_run_seconds", "Time of one run.", ["kind"], buckets=(0.01, 0.1, 1, 5, 15, 60, 300, 900, 3600)
)

MAX_CRASHES = 5  # a job that takes its worker down with it must not do so for ever
LONGEST_BACKOFF_SECONDS = 300.0
REPORT_SECONDS = 1.0
_FIRST_PARK_SECONDS, _LONGEST_PARK_SECONDS = 1.0, 30.0
_LOCKED_DELAY = timedelta(seconds=0.5)
_RECORD_PAUSES_SECONDS = (0.2, 0.5, 1, 2, 4, 4, 4)

StopReason = Literal["cancelled", "shutdown", "lost"]


@dataclass(frozen=True)
class Done:
    """Nothing is left to do: the ticket goes."""


@dataclass(frozen=True)
class Requeue:
    """The ticket goes back. With `task` the job waits for a place, and is woken when one becomes free."""

    delay: timedelta
    task: Task | None = None


@dataclass(frozen=True)
class Leave:
    """The ticket stays as it is: another run has it, or its lease must run out so that it runs again."""


Decision = Done | Requeue | Leave


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `state` "queued" is another try after `delay`; `failed` counts against the retries."""

    state: str
    error: str | None = None
    delay: timedelta = timedelta()
    failed: bool = False


@dataclass
class Run:
    """A job that this process runs now."""

    task: Task
    context: TaskContext
    arguments: dict[str, Any]
    ticket: int
    failures: int  # before this run
    inner: "asyncio.Task[None] | None" = None
    reason: StopReason | None = None
    stopped_at: float = float("-inf")

    def stop(self, reason: StopReason) -> None:
        """Ask the task to end. Repeated calls interrupt it again, should it have carried on."""
        self.reason = self.reason or reason
        self.context.is_cancelled = True
        if self.inner is not None and time.monotonic() - self.stopped_at > 5:
            self.stopped_at = time.monotonic()
            self.inner.cancel()


class Runner:
    """Runs the jobs whose tickets a worker has taken."""

    def __init__(self, worker_name: str) -> None:
        self.worker_name = worker_name
        self.runs: dict[UUID, Run] = {}
        self.is_stopping: Callable[[], bool] = lambda: False

    async def run(self, ticket: Ticket) -> Decision:
        """Run the ticket's job and record its end. Never raises: a failure of ours leaves the ticket to its lease."""
        organization_id, job_id = UUID(str((ticket.headers or {})["org"])), UUID(str((ticket.headers or {})["job"]))
        if job_id in self.runs:
            return Leave()  # our heartbeat was late and we took our own ticket again
        try:
            claimed = await self._claim(organization_id, job_id, ticket)
        except Exception:  # an edge: the database may be away
            logger.warning("could not claim job %s; it will be tried again", job_id, exc_info=True)
            return Leave()
        if not isinstance(claimed, Run):
            return claimed
        self.runs[job_id] = claimed
        JOBS_RUNNING.inc()
        started = time.monotonic()
        try:
            outcome = await self._call(claimed)
            return await self._record(claimed, outcome)
        finally:
            del self.runs[job_id]
            JOBS_RUNNING.dec()
            JOB_SECONDS.labels(claimed.task.name).observe(time.monotonic() - started)

    def stop_all(self, reason: StopReason) -> None:
        """Ask everything that runs to end."""
        for run in list(self.runs.values()):
            run.stop(reason)

    async def _claim(self, organization_id: UUID, job_id: UUID, ticket: Ticket) -> Run | Decision:
        task = get_task(ticket.entrypoint)
        async with tenant_session(organization_id) as session:
            await lock_places(session, organization_id, task)
            wanted = select(Job).where(Job.organization_id == organization_id, Job.id == job_id)
            job = (await session.execute(wanted.with_for_update(skip_locked=True))).scalar_one_or_none()
            if job is None:
                is_there = (await session.execute(wanted.with_only_columns(Job.id))).scalar_one_or_none()
                return Done() if is_there is None else Requeue(_LOCKED_DELAY)
            if job.state in FINAL_STATES:
                return Done()
            if self.is_stopping():
                return Requeue(timedelta())
            job.crashes += job.state == "running"
            if job.cancel_requested or job.crashes > MAX_CRASHES:
                await _end_unrun(session, task, job)
                return Done()
            if not await has_place(session, organization_id, task, job_id):
                return Requeue(_park_delay(ticket.attempts), task)
            return await self._start(session, task, job, ticket)

    async def _start(self, session: AsyncSession, task: Task, job: Job, ticket: Ticket) -> Run:
        is_new_state = job.state != "running"
        lease = new_id()
        job.state, job.lease, job.worker = "running", lease, self.worker_name
        job.attempt += 1
        if job.started_at is None:
            job.started_at = func.now()
        context = TaskContext(
            organization_id=job.organization_id,
            job_id=job.id,
            kind=job.kind,
            attempt=job.attempt,
            lease=lease,
            requested_by=job.requested_by,
            announce=task.announce,
        )
        run = Run(task=task, context=context, arguments=job.arguments, ticket=ticket.id, failures=job.failures)
        if task.announce and is_new_state:
            await announce(
                session, job.organization_id, job.id, job.kind, "running", (job.progress_done, job.progress_total)
            )
        await session.flush()
        return run

    async def _call(self, run: Run) -> Outcome:
        """Run the task itself, writing its reports as they come, and say how it ended."""
        run.inner = asyncio.create_task(_with_time_limit(run), name=f"job {run.context.job_id}")
        if run.reason is not None:  # asked to stop before it began
            run.inner.cancel()
        reports = asyncio.create_task(_write_reports(run))
        try:
            await asyncio.wait({run.inner})
        except asyncio.CancelledError:  # the worker's own end: the process is going down now
            run.stop("shutdown")
            raise
        finally:
            reports.cancel()
            await asyncio.wait({reports})
        return _outcome_of(run)

    async def _record(self, run: Run, outcome: Outcome) -> Decision:
        """Write the end of the run, through a restart of the database if need be."""
        JOBS_ENDED.labels(run.task.name, outcome.state).inc()
        for pause in (*_RECORD_PAUSES_SECONDS, None):
            if run.reason == "lost":
                return Leave()
            try:
                async with tenant_session(run.context.organization_id) as session:
                    await _write_end(session, run, outcome)
            except LeaseLost:
                logger.warning("job %s was taken over by another worker", run.context.job_id)
                return Leave()
            except Exception:  # the database may be away
                if pause is None:
                    logger.exception("the end of job %s could not be recorded; it will run again", run.context.job_id)
                    return Leave()
                await asyncio.sleep(pause)
            else:
                break
        return Done() if outcome.state in FINAL_STATES else Requeue(outcome.delay)


async def _with_time_limit(run: Run) -> None:
    clear_log_context()
    bind_log_context(job_id=run.context.job_id, organization_id=run.context.organization_id, kind=run.task.name)
    limit = asyncio.timeout(run.task.timeout_seconds)
    try:
        async with limit:
            await run.task.function(run.context, **run.task.bind(run.arguments))
    except TimeoutError as error:
        if limit.expired():
            raise _TimedOut(f"The job did not finish within {run.task.timeout_seconds:g} s.") from error
        raise


class _TimedOut(AppError):
    """Carries the words that the job shows."""


async def _write_reports(run: Run) -> None:
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        if not run.context.is_dirty:
            continue
        try:
            await run.context.flush()
        except LeaseLost:
            run.stop("lost")
        except Exception:  # the reports are kept and written next time
            logger.warning("could not write the progress of job %s", run.context.job_id, exc_info=True)


def _outcome_of(run: Run) -> Outcome:
    """What the ended inner task means for the job."""
    assert run.inner is not None  # noqa: S101  # set before it was awaited
    error = asyncio.CancelledError() if run.inner.cancelled() else run.inner.exception()
    if error is None:
        if run.context.partial_reason is not None or run.context.has_incomplete_units:
            return Outcome("partial", run.context.partial_reason)
        return Outcome("succeeded")
    if run.reason == "cancelled":
        return Outcome("cancelled")
    if run.reason == "shutdown":
        return Outcome("queued")
    if isinstance(error, asyncio.CancelledError):
        error = RuntimeError("the task was interrupted from within")
    logger.error("job %s (%s) failed", run.context.job_id, run.task.name, exc_info=error)
    if isinstance(error, PermanentFailure) or run.failures >= run.task.retries:
        return Outcome("failed", describe_error(error), failed=True)
    return Outcome("queued", describe_error(error), backoff(run.task, run.failures), failed=True)


async def _write_end(session: AsyncSession, run: Run, outcome: Outcome) -> None:
    context, task = run.context, run.task
    await lock_places(session, context.organization_id, task)
    if context.is_dirty:
        await context.write(session)
    is_final = outcome.state in FINAL_STATES
    values: dict[str, Any] = {"state": outcome.state, "lease": None, "error": outcome.error}
    if is_final:
        values["finished_at"] = func.now()
    else:
        values["due_at"] = func.now() + outcome.delay
    if outcome.failed:
        values["failures"] = Job.failures + 1
    statement = update(Job).where(context.this_run()).values(values)
    row = (await session.execute(statement.returning(Job.progress_done, Job.progress_total))).one_or_none()
    if row is None:
        raise LeaseLost
    if task.per_organization is not None:
        await wake_parked(session, context.organization_id, task.name)
    if task.announce:
        await announce(session, context.organization_id, context.job_id, task.name, outcome.state, (row[0], row[1]))


async def _end_unrun(session: AsyncSession, task: Task, job: Job) -> None:
    """End a job that will not be run: cancelled while its worker was dying, or deadly to its workers."""
    if job.cancel_requested:
        job.state = "cancelled"
    else:
        job.state = "failed"
        job.error = f"The worker stopped {job.crashes} times while it ran this job."
    job.finished_at, job.lease = func.now(), None
    await session.flush()
    await wake_parked(session, job.organization_id, job.kind)
    if task.announce:
        await announce(
            session, job.organization_id, job.id, job.kind, job.state, (job.progress_done, job.progress_total)
        )


def backoff(task: Task, failures: int) -> timedelta:
    """The wait before the next run after `failures` earlier failed ones: doubled each time, spread by a tenth."""
    seconds = min(task.backoff_seconds * 2**failures, LONGEST_BACKOFF_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311  # spreads load, guards nothing


def describe_error(error: BaseException) -> str:
    """What a person may read of a failure: our own words in full, of foreign errors only the kind.

    Foreign messages can hold statements with their values, addresses with passwords; the log has them, redacted.
    """
    if type(error).__module__.partition(".")[0] == "app":
        return str(error)[:MAX_ERROR_LENGTH] or type(error).__name__
    return f"Unexpected error ({type(error).__name__}). The log of the worker has the details under the job's id."


def _park_delay(parks: int) -> timedelta:
    """A safety net only: the wake-up is what ends the wait."""
    seconds = min(_FIRST_PARK_SECONDS * 2 ** min(parks, 10), _LONGEST_PARK_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311
