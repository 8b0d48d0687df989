"""A rule over stored samples before it is switched on: the readings, conditions and states that run live."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldProblem, InvalidInput
from app.domains.alerts.queries import KnownSeries
from app.domains.alerts.rules.backtest import MAX_STEPS, Backtest, Replay
from app.domains.alerts.rules.form import Condition, readings_of
from app.domains.alerts.rules.observing import Wording
from app.domains.alerts.rules.states import Timing
from app.domains.alerts.service.evaluating import judge_frames
from app.domains.alerts.service.rule_frames import Frames, read_frames
from app.domains.alerts.service.rule_series import SeriesBook
from app.domains.metrics import service as metrics
from app.domains.metrics.rules.selectors import SelectorError, parse_selector

MAX_SERIES = 2_000
SLICE_CELLS = 500_000
"""Series times steps that are read at once; a matrix of this size is 4 MB."""
MILLISECOND = timedelta(milliseconds=1)
Progress = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A backtest, over how many steps and series it went, and the first step at which there was a sample."""

    backtest: Backtest
    steps: int
    series: int
    history_from_ms: int | None


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
    offset: timedelta = timedelta(0),
    progress: Progress | None = None,
) -> Replayed:
    """What the rule would have done at each interval from `from_at` to `to_at` (inside).

    Times are whole intervals since 1970, as live; with an `offset` each asks of an earlier time. The caller's scope
    decides which series are seen. `progress` is told how many steps were done since it was told last. Raises
    InvalidInput where it is too much.
    """
    times = times_between(from_at, to_at, interval)
    readings = list(readings_of(condition))
    book = await visible_series(session, organization_id, [reading.selector for reading in readings], MAX_SERIES)
    replay = Replay(wording, timing)
    history_from_ms: int | None = None
    at_once = max(1, SLICE_CELLS // max(1, len(book.series)))
    for start in range(0, len(times), at_once):
        part = times[start : start + at_once]
        frames = await read_frames(session, organization_id, book, readings, part - offset // MILLISECOND)
        if history_from_ms is None:
            history_from_ms = _first_known(frames, part)
        await asyncio.to_thread(lambda: replay.feed(judge_frames(condition, frames), part.tolist()))  # noqa: B023
        if progress is not None:
            await progress(len(part))
    return Replayed(replay.result(), len(times), len(book.series), history_from_ms)


def times_between(from_at: datetime, to_at: datetime, interval: timedelta) -> NDArray[np.int64]:
    """The steps of a backtest in milliseconds. Raises InvalidInput for none or too many."""
    step_ms = int(interval.total_seconds()) * 1000
    first = -(-int(from_at.timestamp() * 1000) // step_ms) * step_ms
    count = (int(to_at.timestamp() * 1000) - first) // step_ms + 1
    if not 0 < count <= MAX_STEPS:
        raise refuse("from", f"must leave 1 to {MAX_STEPS:,} steps of the rule's interval")
    return first + np.arange(count, dtype=np.int64) * step_ms


async def visible_series(
    session: AsyncSession, organization_id: UUID, selectors: Sequence[str], most: int
) -> SeriesBook:
    """The series that selectors mean and the caller may see. Raises InvalidInput where one means more than `most`."""
    found: dict[int, KnownSeries] = {}
    for selector in dict.fromkeys(selectors):
        try:
            matchers = parse_selector(selector)
        except SelectorError as failure:
            raise refuse("rule/condition", str(failure)) from None
        rows = await metrics.select_series(session, organization_id, matchers, most + 1)
        if len(rows) > most:
            raise refuse("rule/condition", f"{selector[:100]} means more than {most:,} series")
        found |= {row.id: KnownSeries(row.id, row.name, row.labels, row.resource_id) for row in rows}
    return book_of_series([found[series_id] for series_id in sorted(found)])


def book_of_series(series: list[KnownSeries]) -> SeriesBook:
    """A book of these series, which stand by their ids."""
    by_name: dict[str, list[int]] = {}
    for place, one in enumerate(series):
        by_name.setdefault(one.name, []).append(place)
    ids = np.array([one.id for one in series], np.int64)
    return SeriesBook(series, ids, by_name, None, (0, 0), 0.0)


def refuse(field: str, detail: str) -> InvalidInput:
    """What a body gets that asks for too much, or for what cannot be."""
    return InvalidInput(errors=[FieldProblem(pointer=f"#/{field}", detail=detail)])


def _first_known(frames: Frames, times: NDArray[np.int64]) -> int | None:
    known = np.zeros(len(times), np.bool_)
    for frame in frames.frames.values():
        if len(frame.values):
            known |= ~np.isnan(frame.values).all(axis=0)
    return int(times[np.argmax(known)]) if known.any() else None
