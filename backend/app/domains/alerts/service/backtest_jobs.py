"""Backtests at once where they are short, by a job where they are long; the job's result is kept for a week."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.errors import AppError
from app.core.http import Caller
from app.core.ids import new_id
from app.core.scope import require_whole
from app.core.tasks import Job, TaskContext, enqueue
from app.domains.alerts import queries
from app.domains.alerts.models import AlertBacktest
from app.domains.alerts.rules.form import readings_of
from app.domains.alerts.schemas import BacktestAsk, BacktestResult
from app.domains.alerts.service.backtesting import MAX_SERIES, times_between, visible_series
from app.domains.alerts.service.trying import Candidate, find_candidates, run_backtest

BACKTEST_TASK = "alerts.backtest"
CELLS_AT_ONCE = 400_000
"""Series times steps that are done while the caller waits: about two seconds on one core."""
KEPT = timedelta(days=7)


async def start_backtest(session: AsyncSession, caller: Caller, body: BacktestAsk) -> dict[str, Any]:
    """A backtest as `schemas.BacktestRead`: done, or queued where it is long.

    Raises RuleNotFound, InvalidInput, and OutsideScope for a long one of a scoped caller.
    """
    body.to_at = body.to_at or utc_now()
    tried, in_force = await find_candidates(session, caller.organization_id, body)
    cells = 0
    for candidate in (tried, in_force):
        if candidate is not None:
            cells += await _count_cells(session, caller.organization_id, candidate, body)
    if cells <= CELLS_AT_ONCE:
        result = BacktestResult.model_validate(await run_backtest(session, caller.organization_id, body))
        return {"id": None, "job_id": None, "state": "done", "error": None, "result": result}
    require_whole(caller.scope, "A backtest of this size is made of all series of the organization. Ask for less time.")
    await queries.forget_backtests(session, caller.organization_id, utc_now() - KEPT)
    made = AlertBacktest(
        organization_id=caller.organization_id,
        id=new_id(),
        request=body.model_dump(mode="json", by_alias=True),
        requested_by=caller.user_id,
    )
    made.job_id = await enqueue(
        session,
        BACKTEST_TASK,
        {"backtest_id": made.id},
        organization_id=caller.organization_id,
        requested_by=caller.user_id,
    )
    session.add(made)
    await session.flush()
    return _shown(made)


async def read_backtest(session: AsyncSession, caller: Caller, backtest_id: UUID) -> dict[str, Any]:
    """A backtest that a job works on. Raises BacktestNotFound and OutsideScope."""
    require_whole(caller.scope, "This backtest is of the whole organization.")
    row = await queries.get_backtest(session, caller.organization_id, backtest_id)
    job = await session.get(Job, (caller.organization_id, row.job_id))
    told = _shown(row)
    if told["state"] == "running" and (job is None or job.state in ("failed", "cancelled")):
        return told | {"state": "failed", "error": (job and job.error) or "The job was cancelled or is gone."}
    return told


async def work_on_backtest(context: TaskContext, backtest_id: UUID) -> None:
    """Do a queued backtest, telling the job's progress in steps. What cannot be done is told with the backtest."""
    async with tenant_session(context.organization_id) as session:
        row = await queries.get_backtest(session, context.organization_id, backtest_id)
        body = BacktestAsk.model_validate(row.request)
        try:
            row.result, row.error = await _work(session, context, body), None
        except AppError as failure:
            details = [f"{one.pointer} {one.detail}" for one in failure.errors]
            row.error = "; ".join(details) or failure.detail or failure.title
            context.mark_partial(row.error)


async def _work(session: AsyncSession, context: TaskContext, body: BacktestAsk) -> dict[str, Any]:
    assert body.to_at is not None  # noqa: S101  # set when it was queued
    candidates = await find_candidates(session, context.organization_id, body)
    total = sum(len(times_between(body.from_at, body.to_at, one.interval)) for one in candidates if one is not None)
    done = 0

    async def progress(steps: int) -> None:
        nonlocal done
        done += steps
        await context.report_progress(done, total)
        await context.raise_if_cancelled()

    result = await run_backtest(session, context.organization_id, body, progress=progress)
    return BacktestResult.model_validate(result).model_dump(mode="json")


async def _count_cells(session: AsyncSession, organization_id: UUID, rule: Candidate, body: BacktestAsk) -> int:
    assert body.to_at is not None  # noqa: S101  # set by the caller
    steps = len(times_between(body.from_at, body.to_at, rule.interval))
    selectors = [reading.selector for reading in readings_of(rule.condition)]
    return steps * len((await visible_series(session, organization_id, selectors, MAX_SERIES)).series)


def _shown(row: AlertBacktest) -> dict[str, Any]:
    state = "done" if row.result is not None else "failed" if row.error is not None else "running"
    return {"id": row.id, "job_id": row.job_id, "state": state, "error": row.error, "result": row.result}
