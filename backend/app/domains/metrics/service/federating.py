"""Our question answered by a Prometheus-compatible server, in the same form as from our own store."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import tenant_session
from app.core.errors import FieldProblem, InvalidInput
from app.domains.metrics import queries
from app.domains.metrics.errors import InvalidSelector
from app.domains.metrics.rules.promql import name_of, range_expression
from app.domains.metrics.rules.ranges import Function, Grid
from app.domains.metrics.rules.selectors import SelectorError, parse_selector
from app.domains.metrics.rules.series import series_key
from app.domains.metrics.service.asking import AskedSeries, Server, ask_range, open_server
from app.domains.metrics.service.reading import make_grid, to_instant


async def query_server(
    organization_id: UUID,
    source_id: UUID,
    selector: str,
    *,
    from_at: datetime | None,
    to_at: datetime | None,
    step_seconds: int | None,
    function: Function,
    limit: int,
) -> dict[str, Any]:
    """Points of the server's series; see `PointsRead`. No transaction is open while the server works.

    Raises UnknownSource, InvalidInput for a source that is polled, InvalidSelector, QueryTooLarge and SourceFailed.
    """
    grid = make_grid(from_at, to_at, step_seconds)
    try:
        matchers = parse_selector(selector)
    except SelectorError as failure:
        raise InvalidSelector(errors=[FieldProblem(pointer="query/selector", detail=str(failure))]) from None
    async with tenant_session(organization_id) as session:
        server = await connect_server(session, organization_id, source_id)
    step = grid.step_ms // 1000
    # A step's value is what its samples come to, so it is asked for where the step ends.
    found = await ask_range(
        server,
        range_expression(selector, function, step),
        from_s=grid.from_ms / 1000 + step,
        to_s=grid.from_ms / 1000 + grid.cells * step,
        step_s=step,
    )
    name = name_of(matchers)
    return {
        "from_": to_instant(grid.from_ms),
        "to": to_instant(grid.to_ms),
        "step_seconds": step,
        "function": function,
        "series": [_shown(one, one.name or name, grid) for one in found[:limit]],
        "truncated": len(found) > limit,
    }


async def connect_server(session: AsyncSession, organization_id: UUID, source_id: UUID) -> Server:
    """A server that may be asked once the session is closed. Raises UnknownSource, InvalidInput for what is polled."""
    source = await queries.get_source(session, organization_id, source_id)
    if source.kind != "prometheus":
        raise InvalidInput("This source is polled: its series are among the others, ask without it.")
    return await open_server(session, organization_id, source)


def _shown(series: AskedSeries, name: str, grid: Grid) -> dict[str, Any]:
    values: list[float | None] = [None] * grid.cells
    for at, value in series.points:
        cell = round((at * 1000 - grid.from_ms) / grid.step_ms) - 1
        if 0 <= cell < grid.cells and abs(value) < float("inf"):  # NaN is not below it either
            values[cell] = value
    words = sorted({"__name__": name, **series.labels}.items())
    form = b"\xff".join(text.encode("utf-8", "replace") for pair in words for text in pair)
    return {
        "id": series_key(form).hex(),
        "name": name,
        "labels": series.labels,
        "type": "unknown",
        "unit": "",
        "resource_id": None,
        "values": values,
    }
