"""Readings of rules over stored samples: one question for all rules with windows of a length, and numpy from there."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.alerts.rules.conditions import Frame, Labels, label_key
from app.domains.alerts.rules.form import Reading
from app.domains.alerts.rules.windows import fold_rows, read_windows
from app.domains.alerts.service.rule_series import SeriesBook
from app.domains.metrics import service as metrics
from app.domains.metrics.errors import QueryTooLarge
from app.domains.metrics.rules.batch import is_stale
from app.domains.metrics.rules.blocks import Samples
from app.domains.metrics.rules.selectors import SelectorError, parse_selector

SERIES_A_QUESTION = 5_000
Times = NDArray[np.int64]


@dataclass(slots=True)
class Frames:
    """Frames of readings, or why there is none. `resources` has those of rows that are one series."""

    frames: dict[Reading, Frame] = field(default_factory=dict)
    resources: dict[Reading, Sequence[UUID | None]] = field(default_factory=dict)
    errors: dict[Reading, str] = field(default_factory=dict)


async def read_frames(
    session: AsyncSession, organization_id: UUID, book: SeriesBook, readings: Collection[Reading], times_ms: Times
) -> Frames:
    """All readings at these times. What fails is told for its readings and does not disturb others."""
    made = Frames()
    by_window: dict[int, list[tuple[Reading, NDArray[np.int64]]]] = {}
    for reading in dict.fromkeys(readings):
        try:
            by_window.setdefault(reading.window_seconds, []).append((reading, book.find(reading.selector)))
        except SelectorError as failure:
            made.errors[reading] = str(failure)
    for window_seconds, group in by_window.items():
        places = np.unique(np.concatenate([found for _, found in group]))
        try:
            samples = await _read(session, organization_id, book.ids[places], times_ms, window_seconds * 1000)
        except QueryTooLarge as failure:
            made.errors |= dict.fromkeys((reading for reading, _ in group), str(failure))
            continue
        await asyncio.to_thread(_lay, made, book, group, places, samples, times_ms)
    return made


def lay_frames(book: SeriesBook, samples: Samples, readings: Collection[Reading], times_ms: Times) -> Frames:
    """All readings at these times, of samples that are there already, by series and time."""
    made = Frames()
    places = np.arange(len(book.series))
    for reading in dict.fromkeys(readings):
        try:
            found = book.find(reading.selector)
        except SelectorError as failure:
            made.errors[reading] = str(failure)
        else:
            _lay(made, book, [(reading, found)], places, samples, times_ms)
    return made


def absent_labels(selectors: Iterable[str]) -> dict[str, Labels]:
    """What each selector's own equalities say of a series that is missing, as `absent()` has it."""
    made: dict[str, Labels] = {}
    for selector in selectors:
        matchers = parse_selector(selector)
        labels = {one.label: one.value for one in matchers if one.operator == "=" and one.label != "__name__"}
        for one in matchers:
            if one.operator != "=" or sum(other.label == one.label for other in matchers) > 1:
                labels.pop(one.label, None)
        made[selector] = labels
    return made


async def _read(
    session: AsyncSession, organization_id: UUID, ids: NDArray[np.int64], times_ms: Times, window_ms: int
) -> Samples:
    first, last = int(times_ms.min()) - window_ms + 1, int(times_ms.max())
    parts = [
        await metrics.read_samples(session, organization_id, ids[start : start + SERIES_A_QUESTION], first, last)
        for start in range(0, len(ids), SERIES_A_QUESTION)
    ]
    return Samples.join(parts)


def _lay(
    made: Frames,
    book: SeriesBook,
    group: Sequence[tuple[Reading, NDArray[np.int64]]],
    places: NDArray[np.int64],
    samples: Samples,
    times_ms: Times,
) -> None:
    rows = np.searchsorted(book.ids[places], samples.series)
    stale = is_stale(samples.values)
    matrices: dict[tuple[str, int], NDArray[np.float64]] = {}
    for reading, found in group:
        key = (reading.function, reading.ahead_seconds)
        if key not in matrices:
            matrices[key] = read_windows(
                rows,
                samples.at_ms,
                samples.values,
                stale,
                len(places),
                times_ms,
                reading.function,
                reading.window_seconds * 1000,
                reading.ahead_seconds * 1000,
            )
        values = matrices[key][np.searchsorted(places, found)]
        series = [book.series[place] for place in found.tolist()]
        if reading.aggregate is None:
            made.frames[reading] = Frame([one.labels for one in series], values)
            made.resources[reading] = [one.resource_id for one in series]
        else:
            made.frames[reading] = _fold(reading, [one.labels for one in series], values)


def _fold(reading: Reading, labels: Sequence[Mapping[str, str]], values: NDArray[np.float64]) -> Frame:
    assert reading.aggregate is not None  # noqa: S101  # asked by the caller
    groups: dict[tuple[tuple[str, str], ...], int] = {}
    of_row = np.array([groups.setdefault(label_key(one, reading.by), len(groups)) for one in labels], np.int64)
    if not groups:
        return Frame([], np.empty((0, values.shape[1])))
    return Frame([dict(key) for key in groups], fold_rows(values, of_row, len(groups), reading.aggregate))
