"""What people ask of metrics: series, names, labels, and points over a range."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import FieldProblem, InvalidInput
from app.domains.inventory import service as inventory
from app.domains.metrics import queries
from app.domains.metrics.errors import InvalidSelector
from app.domains.metrics.queries import NameRow, SeriesRow
from app.domains.metrics.rules.ranges import Function, Grid
from app.domains.metrics.rules.selectors import Matcher, SelectorError, parse_selector

MAX_SERIES = 500
DEFAULT_SPAN = timedelta(hours=1)
_WANTED_STEPS = 240  # where no step is asked for
_NICE_STEPS = (15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400)


async def list_series(
    session: AsyncSession,
    organization_id: UUID,
    selector: str,
    *,
    resource_id: UUID | None,
    limit: int,
    after_id: int,
) -> list[SeriesRow]:
    """Series by id. Raises InvalidSelector and QueryTooLarge."""
    matchers = _matchers(selector)
    return await queries.select_series(
        session, organization_id, matchers, limit, resource_id=resource_id, after_id=after_id
    )


async def list_names(
    session: AsyncSession, organization_id: UUID, *, text: str | None, limit: int, after: str
) -> list[NameRow]:
    """Names of metrics."""
    return await queries.list_names(session, organization_id, text=text, limit=limit, after=after)


async def list_labels(session: AsyncSession, organization_id: UUID, selector: str) -> list[str]:
    """Names of labels. Raises InvalidSelector and QueryTooLarge."""
    return await queries.list_labels(session, organization_id, _matchers(selector))


async def list_label_values(
    session: AsyncSession,
    organization_id: UUID,
    label: str,
    selector: str,
    *,
    text: str | None,
    limit: int,
    after: str,
) -> list[str]:
    """Values of a label. Raises InvalidSelector and QueryTooLarge."""
    matchers = _matchers(selector)
    return await queries.list_label_values(
        session, organization_id, label, matchers, text=text, limit=limit, after=after
    )


async def query_range(
    session: AsyncSession,
    organization_id: UUID,
    selector: str,
    *,
    resource_id: UUID | None = None,
    from_at: datetime | None,
    to_at: datetime | None,
    step_seconds: int | None,
    function: Function,
    limit: int,
) -> dict[str, Any]:
    """Points of the series that fulfil the selector; see `PointsRead`. Raises InvalidSelector, QueryTooLarge."""
    grid = make_grid(from_at, to_at, step_seconds)
    matchers = _matchers(selector)
    rows = await queries.select_series(session, organization_id, matchers, limit + 1, resource_id=resource_id)
    shown = rows[:limit]
    _, matrix = await queries.read_points(session, organization_id, [row.id for row in shown], grid, function)
    values = known_values(matrix)
    return {
        "from_": to_instant(grid.from_ms),
        "to": to_instant(grid.to_ms),
        "step_seconds": grid.step_ms // 1000,
        "function": function,
        "series": [
            {
                "id": str(row.id),
                "name": row.name,
                "labels": row.labels,
                "type": row.type,
                "unit": row.unit,
                "resource_id": row.resource_id,
                "values": one,
            }
            for row, one in zip(shown, values, strict=True)
        ],
        "truncated": len(rows) > limit,
    }


async def read_resource_metrics(
    session: AsyncSession,
    organization_id: UUID,
    resource_id: UUID,
    *,
    name: str | None,
    from_at: datetime | None,
    to_at: datetime | None,
    step_seconds: int | None,
    function: Function,
) -> dict[str, Any]:
    """A resource's newest values, and points of one metric. Raises NotFound for a resource that one may not see."""
    await inventory.check_resource(session, organization_id, resource_id)
    newest = await queries.list_resource_metrics(session, organization_id, resource_id)
    points = None
    if name is not None:
        points = await query_range(
            session,
            organization_id,
            "{" + f'"{_quoted(name)}"' + "}",
            resource_id=resource_id,
            from_at=from_at,
            to_at=to_at,
            step_seconds=step_seconds,
            function=function,
            limit=MAX_SERIES,
        )
    told = [{"name": row.metric_name, "value": row.value, "timestamp": row.timestamp} for row in newest]
    return {"newest": told, "points": points}


def known_values(matrix: NDArray[np.float64]) -> list[list[float | None]]:
    """The values, None where there is no finite one, which JSON cannot hold."""
    values: list[list[float | None]] = matrix.astype(object).tolist()
    for row, column in zip(*np.nonzero(~np.isfinite(matrix)), strict=True):
        values[row][column] = None
    return values


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _matchers(selector: str) -> tuple[Matcher, ...]:
    try:
        return parse_selector(selector)
    except SelectorError as failure:
        raise InvalidSelector(errors=[FieldProblem(pointer="query/selector", detail=str(failure))]) from None


def make_grid(from_at: datetime | None, to_at: datetime | None, step_seconds: int | None) -> Grid:
    """The grid of a question. Raises InvalidInput when the range is empty or turned round."""
    end = to_at or clock.utc_now()
    start = from_at or end - DEFAULT_SPAN
    if start >= end:
        raise InvalidInput(errors=[FieldProblem(pointer="query/from", detail="must be before `to`")])
    if step_seconds is None:
        wanted = (end - start).total_seconds() / _WANTED_STEPS
        step_seconds = next((step for step in _NICE_STEPS if step >= wanted), _NICE_STEPS[-1])
    return Grid.over(_ms(start), _ms(end), step_seconds * 1000)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def to_instant(ms: int) -> datetime:
    """Of Unix milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC)
