"""Service level objectives and how they stand, from the roll-ups."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import FieldProblem
from app.domains.inventory import service as inventory
from app.domains.metrics import queries
from app.domains.metrics.errors import InvalidSelector, ObjectiveExists, QueryTooLarge
from app.domains.metrics.models import MetricObjective
from app.domains.metrics.rules.objectives import Counted, Standing, count_slices, judge, spans_of
from app.domains.metrics.rules.ranges import Function, Grid
from app.domains.metrics.rules.selectors import SelectorError, parse_selector

MAX_SERIES = 200
_PART = timedelta(days=30)  # of a window, read at once


async def create_objective(session: AsyncSession, organization_id: UUID, fields: dict[str, Any]) -> MetricObjective:
    """Store an objective. Raises ObjectiveExists, InvalidSelector and NotFound for the resource."""
    made = MetricObjective(organization_id=organization_id)
    return await _write(session, made, fields)


async def update_objective(
    session: AsyncSession, organization_id: UUID, objective_id: UUID, fields: dict[str, Any]
) -> MetricObjective:
    """Replace an objective. Raises as `create_objective` does, and ObjectiveNotFound."""
    return await _write(session, await queries.get_objective(session, organization_id, objective_id), fields)


async def remove_objective(session: AsyncSession, organization_id: UUID, objective_id: UUID) -> None:
    """Remove an objective. Raises ObjectiveNotFound."""
    await session.delete(await queries.get_objective(session, organization_id, objective_id))


async def read_standing(session: AsyncSession, objective: MetricObjective, now: datetime | None = None) -> Standing:
    """How an objective stands; counted from the start of the minute, five minutes or hour in which a window begins.

    Raises QueryTooLarge.
    """
    window = timedelta(days=objective.window_days)
    end = (now or clock.utc_now()).replace(second=0, microsecond=0)
    counted = {span: await _count(session, objective, end, span) for span in spans_of(window)}
    return judge(objective.target_percent / 100, window, counted)


async def _write(session: AsyncSession, objective: MetricObjective, fields: dict[str, Any]) -> MetricObjective:
    organization_id = objective.organization_id
    if fields["resource_id"] is not None:
        await inventory.check_resource(session, organization_id, fields["resource_id"])
    for name in ("good", "total", "selector"):
        if name in fields["indicator"]:
            _matchers(fields["indicator"][name], f"#/indicator/{name}")
    taken = select(MetricObjective.id).where(
        MetricObjective.organization_id == organization_id, MetricObjective.name == fields["name"]
    )
    other = (await session.execute(taken)).scalar_one_or_none()
    if other is not None and other != objective.id:
        raise ObjectiveExists
    for name, value in fields.items():
        setattr(objective, name, value)
    session.add(objective)
    await session.flush()
    await session.refresh(objective)
    return objective


async def _count(session: AsyncSession, objective: MetricObjective, end: datetime, span: timedelta) -> Counted:
    told = objective.indicator
    is_ratio = told["kind"] == "ratio"
    step_ms = 1_000 * _step(span, coarsest=3_600 if is_ratio else 300)
    end_ms, part_ms = int(end.timestamp()) * 1_000, int(_PART.total_seconds()) * 1_000
    whole = Grid.over(end_ms - int(span.total_seconds()) * 1_000, end_ms, step_ms)
    good = total = 0.0
    for from_ms in range(whole.from_ms, whole.to_ms, part_ms):
        grid = Grid(from_ms, min(whole.to_ms, from_ms + part_ms), step_ms)
        if is_ratio:
            part = Counted(
                float(np.nansum(await _read(session, objective, told["good"], grid, "increase"))),
                float(np.nansum(await _read(session, objective, told["total"], grid, "increase"))),
            )
        else:
            values = await _read(session, objective, told["selector"], grid, told["function"])
            part = count_slices(values, told["operator"], told["threshold"])
        good, total = good + part.good, total + part.total
    return Counted(good, total)


async def _read(
    session: AsyncSession, objective: MetricObjective, selector: str, grid: Grid, function: Function
) -> NDArray[np.float64]:
    matchers = _matchers(selector, "query/selector")
    rows = await queries.select_series(
        session, objective.organization_id, matchers, MAX_SERIES + 1, resource_id=objective.resource_id
    )
    if len(rows) > MAX_SERIES:
        raise QueryTooLarge(f"An objective looks at {MAX_SERIES} series at most. Narrow its selectors.")
    ids = [row.id for row in rows]
    _, matrix = await queries.read_points(session, objective.organization_id, ids, grid, function)
    return matrix


def _step(span: timedelta, *, coarsest: int) -> int:
    """Seconds: fine enough for the span, and one of the roll-ups."""
    if span <= timedelta(hours=6):
        return 60
    return 300 if span <= timedelta(days=3) else coarsest


def _matchers(selector: str, pointer: str) -> Any:
    try:
        return parse_selector(selector)
    except SelectorError as failure:
        raise InvalidSelector(errors=[FieldProblem(pointer=pointer, detail=str(failure))]) from None
