"""Range questions: which roll-up answers them, and what buckets come to on the grid that was asked for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.batch import is_stale
from app.domains.metrics.rules.blocks import Samples
from app.domains.metrics.rules.rollups import STEPS, Buckets, growth

Function = Literal["avg", "min", "max", "sum", "count", "last", "increase", "rate", "p50", "p90", "p95", "p99"]
MAX_STEPS = 11_000  # as Prometheus
MAX_CELLS = 2_000_000
LOOKBACK_MS = 300_000
"""How long a value holds when nothing newer comes, as in Prometheus: for `last`, and between two samples of a counter,
whose growth counts when they are not further apart (or in neighbouring cells)."""
_NEEDED: dict[str, tuple[str, ...]] = {
    "avg": ("count", "sum"),
    "min": ("min",),
    "max": ("max",),
    "sum": ("sum",),
    "count": ("count",),
    "last": ("last",),
    "increase": ("first", "last", "increase"),
    "rate": ("first", "last", "increase"),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of `step_ms`, the first at `from_ms` (inside), the last ending at `to_ms` (outside)."""

    from_ms: int
    to_ms: int
    step_ms: int

    @staticmethod
    def over(from_ms: int, to_ms: int, step_ms: int) -> "Grid":
        """The grid of whole steps since 1970 that covers the range, so that equal questions have equal cells."""
        return Grid(from_ms - from_ms % step_ms, to_ms + -to_ms % step_ms, step_ms)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return (self.to_ms - self.from_ms) // self.step_ms

    @property
    def at_ms(self) -> NDArray[np.int64]:
        """The start of each cell."""
        return self.from_ms + self.step_ms * np.arange(self.cells, dtype=np.int64)


def rollup_for(step_ms: int, function: str) -> int | None:
    """Seconds of the coarsest roll-up that serves the step; None where only samples do (fine steps, percentiles)."""
    if function not in _NEEDED:
        return None
    return next((step for step in STEPS if step_ms % (step * 1000) == 0), None)


def columns_for(function: str) -> tuple[str, ...]:
    """The columns of buckets that a function needs."""
    return _NEEDED[function]


def reads_before(function: str, step_ms: int) -> int:
    """Milliseconds before the range that are read too: for growth into the first cell, or its value."""
    if function in ("increase", "rate"):
        return max(LOOKBACK_MS, step_ms)
    return LOOKBACK_MS if carries(function, step_ms) else 0


def carries(function: str, step_ms: int) -> bool:
    """Whether empty cells show the value before them: a cell as long as the look-back is empty for good reason."""
    return function == "last" and step_ms < LOOKBACK_MS


def carry_last(made: NDArray[np.float64], told: Samples, series: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
    """Fill empty cells with the newest value of the LOOKBACK_MS before their end, unless an end mark came after it.

    `told` are samples and end marks in any order; of one time the end mark counts.
    """
    told = told.take(np.isin(told.series, series))
    rows, cells = np.nonzero(np.isnan(made))
    if not len(told) or not len(rows):
        return made
    ended = is_stale(told.values)
    told = told.take(np.lexsort((ended, told.at_ms, told.series)))
    base = grid.from_ms - LOOKBACK_MS
    span = grid.to_ms - base + 1  # a series' times and no others lie in its span
    at_ms = np.clip(told.at_ms - base, 0, span - 1)
    keys = np.searchsorted(series, told.series) * span + at_ms
    ends = grid.from_ms + (cells + 1) * grid.step_ms - base
    place = np.searchsorted(keys, rows * span + ends) - 1
    newest = np.maximum(place, 0)
    held = (place >= 0) & (keys[newest] >= rows * span + np.maximum(ends - LOOKBACK_MS, 1))
    held &= ~is_stale(told.values)[newest]
    made[rows[held], cells[held]] = told.values[newest[held]]
    return made


def end_marks(samples: Samples, step_ms: int) -> Samples:
    """The end marks that are the newest of their series in a bucket, at the start of it. `samples` are sorted."""
    at_ms = samples.at_ms - samples.at_ms % step_ms
    is_newest = np.append((samples.series[1:] != samples.series[:-1]) | (at_ms[1:] != at_ms[:-1]), True)[: len(at_ms)]
    chosen = is_newest & is_stale(samples.values)
    return Samples(samples.series[chosen], at_ms[chosen], samples.values[chosen])


def lay_buckets(buckets: Buckets, series: NDArray[np.int64], grid: Grid, function: Function) -> NDArray[np.float64]:
    """A row for each of `series` (ascending), a column for each cell, NaN where nothing is known.

    `buckets` stand by series and time, and fit into the cells.
    """
    made = np.full((len(series), grid.cells), np.nan)
    if not len(buckets) or not len(series) or not grid.cells:
        return made
    columns = buckets.columns
    if function in ("increase", "rate"):
        grown = columns["increase"].copy()
        near = (buckets.series[1:] == buckets.series[:-1]) & (
            buckets.at_ms[1:] - buckets.at_ms[:-1] <= reads_before(function, grid.step_ms)
        )
        with np.errstate(all="ignore"):
            between = growth(columns["last"][:-1], columns["first"][1:])
            grown[1:] += np.where(near, between, 0.0)
        columns = {"increase": grown}
    inside = (buckets.at_ms >= grid.from_ms) & (buckets.at_ms < grid.to_ms) & np.isin(buckets.series, series)
    if not inside.any():
        return made
    columns = {name: column[inside] for name, column in columns.items()}
    row = np.searchsorted(series, buckets.series[inside])
    cell = row * grid.cells + (buckets.at_ms[inside] - grid.from_ms) // grid.step_ms
    starts = np.concatenate(([0], np.flatnonzero(cell[1:] != cell[:-1]) + 1))
    made.reshape(-1)[cell[starts]] = _combine(columns, starts, len(cell), function, grid.step_ms)
    return made


def _combine(
    columns: dict[str, NDArray[np.float64]] | object, starts: NDArray[np.int64], size: int, function: str, step_ms: int
) -> NDArray[np.float64]:
    assert isinstance(columns, dict)  # noqa: S101  # made by the caller
    with np.errstate(all="ignore"):
        if function == "avg":
            total: NDArray[np.float64] = np.add.reduceat(columns["sum"], starts)
            return total / np.add.reduceat(columns["count"], starts)
        if function == "min":
            return np.asarray(np.minimum.reduceat(columns["min"], starts))
        if function == "max":
            return np.asarray(np.maximum.reduceat(columns["max"], starts))
        if function == "last":
            return np.asarray(columns["last"][np.append(starts[1:], size) - 1])
        if function == "rate":
            return np.asarray(np.add.reduceat(columns["increase"], starts) * 1000.0 / step_ms)
        return np.asarray(np.add.reduceat(columns[function], starts))


def lay_percentile(samples: Samples, series: NDArray[np.int64], grid: Grid, percent: int) -> NDArray[np.float64]:
    """Like `lay_buckets` for a percentile of the samples themselves, between two of them by their distance."""
    made = np.full((len(series), grid.cells), np.nan)
    inside = (samples.at_ms >= grid.from_ms) & (samples.at_ms < grid.to_ms) & ~is_stale(samples.values)
    samples = samples.take(inside & np.isin(samples.series, series))
    if not len(samples):
        return made
    row = np.searchsorted(series, samples.series)
    cell = row * grid.cells + (samples.at_ms - grid.from_ms) // grid.step_ms
    order = np.lexsort((samples.values, cell))
    cell, values = cell[order], samples.values[order]
    starts = np.concatenate(([0], np.flatnonzero(cell[1:] != cell[:-1]) + 1))
    sizes = np.diff(np.append(starts, len(cell)))
    place = starts + (sizes - 1) * (percent / 100)
    below = np.floor(place).astype(np.int64)
    above = np.ceil(place).astype(np.int64)
    with np.errstate(all="ignore"):
        made.reshape(-1)[cell[starts]] = values[below] + (values[above] - values[below]) * (place - below)
    return made
