"""A rule over stored samples before it is switched on: the readings, conditions and states that run live."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldProblem, InvalidInput
from app.domains.alerts.queries import KnownSeries
from app.domains.alerts.rules.backtest import MAX_STEPS, Backtest, run_backtest
from app.domains.alerts.rules.conditions import Verdict
from app.domains.alerts.rules.form import Condition, readings_of
from app.domains.alerts.rules.observing import Wording
from app.domains.alerts.rules.states import Timing
from app.domains.alerts.service.evaluating import judge_frames
from app.domains.alerts.service.rule_frames import read_frames
from app.domains.alerts.service.rule_series import SeriesBook
from app.domains.metrics import service as metrics
from app.domains.metrics.rules.selectors import SelectorError, parse_selector

MAX_SERIES = 2_000
MAX_CELLS = 4_000_000
"""Series times steps of one reading; a matrix of this size is 32 MB."""


async def backtest(
    session: AsyncSession,
    organization_id: UUID,
    condition: Condition,
    wording: Wording,
    timing: Timing,
    *,
    from_at: datetime,
    to_at: datetime,
    interval: timedelta,
) -> Backtest:
    """What the rule would have done at each interval from `from_at` to `to_at` (inside).

    Times are whole intervals since 1970, as live. The caller's scope decides which series are seen. Raises
    InvalidInput where it is too much, or where the condition cannot be answered here.
    """
    step_ms = int(interval.total_seconds()) * 1000
    first = -(-int(from_at.timestamp() * 1000) // step_ms) * step_ms
    times = np.arange(first, int(to_at.timestamp() * 1000) + 1, step_ms, dtype=np.int64)
    if not 0 < len(times) <= MAX_STEPS:
        raise _refuse("from", f"must leave 1 to {MAX_STEPS:,} steps of the rule's interval")
    readings = list(readings_of(condition))
    book = await _visible_series(session, organization_id, [reading.selector for reading in readings])
    if len(book.series) * len(times) > MAX_CELLS:
        raise _refuse("from", f"{len(book.series):,} series are too many for so long a time")
    frames = await read_frames(session, organization_id, book, readings, times)
    verdict: Verdict | str = judge_frames(condition, frames)
    if isinstance(verdict, str):
        raise _refuse("condition", verdict)
    return await asyncio.to_thread(run_backtest, verdict, times.tolist(), wording, timing)


async def _visible_series(session: AsyncSession, organization_id: UUID, selectors: Sequence[str]) -> SeriesBook:
    found: dict[int, KnownSeries] = {}
    for selector in dict.fromkeys(selectors):
        try:
            matchers = parse_selector(selector)
        except SelectorError as failure:
            raise _refuse("condition", str(failure)) from None
        rows = await metrics.select_series(session, organization_id, matchers, MAX_SERIES + 1)
        if len(rows) > MAX_SERIES:
            raise _refuse("condition", f"{selector[:100]} means more than {MAX_SERIES:,} series")
        found |= {row.id: KnownSeries(row.id, row.name, row.labels, row.resource_id) for row in rows}
    series = [found[series_id] for series_id in sorted(found)]
    by_name: dict[str, list[int]] = {}
    for place, one in enumerate(series):
        by_name.setdefault(one.name, []).append(place)
    ids = np.array([one.id for one in series], np.int64)
    return SeriesBook(series, ids, by_name, None, (0, 0), 0.0)


def _refuse(field: str, detail: str) -> InvalidInput:
    return InvalidInput(errors=[FieldProblem(pointer=f"#/{field}", detail=detail)])
