"""From verdicts to episodes: consecutive anomalous points of a series are one anomaly. Pure, and causal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.anomalies import KIND_NAMES, Leaning, Sensitivity
from app.domains.metrics.rules.detector import DetectorState, Verdicts, step
from app.domains.metrics.rules.detector_pages import Page

QUIET_STEPS = 3
"""So many ordinary points in a row end an episode."""
SILENT_STEPS = 6
"""A step without samples is judged as missing when it is so many steps ago: clouds tell late."""
_GAP, _FLAT = "gap", "flat_line"

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Episode:
    """An anomaly of one series; times are starts of steps in Unix milliseconds. `is_changed`: since it was read.

    `score`, `value`, `low` and `high` are those of the most surprising point; None where not known.
    """

    series: int
    kind: str
    started_ms: int
    last_ms: int
    score: float
    value: float | None
    low: float | None
    high: float | None
    points: int = 1
    ended_ms: int | None = None
    is_changed: bool = True
    key: object = None  # the stored row's id


@dataclass(slots=True)
class Watch:
    """What is told of whom: leanings by series, and episodes that are open."""

    sensitivity: Sensitivity
    leanings: Mapping[int, Leaning]
    open: dict[int, Episode] = field(default_factory=dict)
    ended: list[Episode] = field(default_factory=list)


def judge_steps(page: Page, places: NDArray[np.intp], starts_ms: NDArray[np.int64], values: Floats, watch: Watch,
                step_ms: int, settled_ms: int) -> None:  # fmt: skip
    """Judge the steps that the series in `places` have not been judged at; `values` has a row a place, NaN for none.

    A series is judged up to its newest value; beyond it up to `settled_ms`, before which nothing more is waited for.
    The page's states and `watch` are changed.
    """
    columns = np.arange(len(starts_ms))
    newest = np.where(np.isfinite(values), columns, -1).max(axis=1, initial=-1)
    settled = int(np.searchsorted(starts_ms, settled_ms)) - 1
    last = np.maximum(newest, settled)
    wanted = (columns[None, :] <= last[:, None]) & (starts_ms[None, :] > page.judged_ms[places][:, None])
    bars = np.array([watch.leanings.get(one, _PLAIN).bar(watch.sensitivity) for one in page.series[places].tolist()])
    thresholds = 1.0 - 10.0**-bars
    for column in columns:
        rows = np.flatnonzero(wanted[:, column])
        if not len(rows):
            continue
        at_ms = int(starts_ms[column])
        index = places[rows]
        given = values[rows, column]
        found = step(page.state, index, given, np.full(len(rows), at_ms / 1000.0))
        reached = (found.score >= thresholds[rows]) & (at_ms >= page.told_ms[index])
        _follow(page, index, given, found, reached, watch, at_ms, step_ms)
        page.judged_ms[index] = at_ms


_PLAIN = Leaning()


def _follow(page: Page, index: NDArray[np.intp], values: Floats, found: Verdicts, reached: NDArray[np.bool_],
            watch: Watch, at_ms: int, step_ms: int) -> None:  # fmt: skip
    """Begin, go on with and end episodes at one step."""
    for row in np.flatnonzero(reached).tolist():
        series = int(page.series[index[row]])
        episode = watch.open.get(series)
        if episode is not None:
            _go_on(episode, values, found, row, at_ms)
        elif found.leads[row]:
            kind = KIND_NAMES[found.kind[row]]
            if watch.leanings.get(series, _PLAIN).tells(kind, at_ms):
                watch.open[series] = _begin(series, kind, values, found, row, at_ms)
    if not watch.open:
        return
    for row, series in enumerate(page.series[index].tolist()):
        episode = watch.open.get(series)
        if episode is None or reached[row]:
            continue
        if _lasts(episode, page.state, int(index[row]), float(values[row])):
            episode.last_ms, episode.is_changed = at_ms, True
        elif at_ms - episode.last_ms >= QUIET_STEPS * step_ms:
            episode.ended_ms, episode.is_changed = episode.last_ms + step_ms, True
            watch.ended.append(watch.open.pop(series))


def _begin(series: int, kind: str, values: Floats, found: Verdicts, row: int, at_ms: int) -> Episode:
    return Episode(series, kind, at_ms, at_ms, float(found.score[row]), *_point(values, found, row))


def _go_on(episode: Episode, values: Floats, found: Verdicts, row: int, at_ms: int) -> None:
    episode.last_ms, episode.points, episode.is_changed = at_ms, episode.points + 1, True
    if found.score[row] > episode.score:
        episode.score = float(found.score[row])
        episode.value, episode.low, episode.high = _point(values, found, row)


def _point(values: Floats, found: Verdicts, row: int) -> tuple[float | None, float | None, float | None]:
    return _known(values[row]), _known(found.low[row]), _known(found.high[row])


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _lasts(episode: Episode, state: DetectorState, place: int, value: float) -> bool:
    """Gaps and flat lines are told once by the detector, and last until a value comes or changes."""
    if episode.kind == _GAP:
        return not np.isfinite(value)
    return episode.kind == _FLAT and (not np.isfinite(value) or bool(state.floats("flat_run")[place] > 0))
