"""Functions over windows of samples at given times, for all series at once, as Prometheus computes them.

A window is open at its start and closed at its end. `last` is Prometheus' instant vector: an end mark means no value.
The other functions look past end marks.
"""

import numpy as np
from numpy.typing import NDArray

from app.domains.alerts.rules.form import Aggregate, ReadFunction

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NEAR = 1.1  # how many mean distances a border may be away for a growth to reach it (promql/functions.go)


def read_windows(
    rows: Ints,
    at_ms: Ints,
    values: Floats,
    stale: NDArray[np.bool_],
    size: int,
    times_ms: Ints,
    function: ReadFunction,
    window_ms: int,
    ahead_ms: int = 0,
) -> Floats:
    """A row for each of `size` series, a column for each time; NaN where there is no value.

    `rows` says whose each sample is; samples stand by row and time.
    """
    made = np.full((size, len(times_ms)), np.nan)
    if not len(rows) or not made.size:
        return made
    if function != "last":
        rows, at_ms, values = rows[~stale], at_ms[~stale], values[~stale]
        if not len(rows):
            return made
    first_ms = min(int(at_ms.min()), int(times_ms.min()) - window_ms) - 1
    stride = max(int(at_ms.max()), int(times_ms.max())) - first_ms + 2
    keys = rows * stride + (at_ms - first_ms)
    wanted = np.arange(size, dtype=np.int64)[:, None] * stride + (times_ms - first_ms)[None, :]
    ends = np.searchsorted(keys, wanted, side="right").ravel()
    starts = np.searchsorted(keys, wanted - window_ms, side="right").ravel()
    # a window never reaches into the row before, because no sample of a row lies that early in its stride
    cells = np.flatnonzero(ends - starts >= (2 if function in ("rate", "increase", "forecast") else 1))
    if not len(cells):
        return made
    starts, ends = starts[cells], ends[cells]
    ending = np.tile(times_ms, size)[cells]
    with np.errstate(all="ignore"):
        if function == "last":
            found = np.where(stale[ends - 1], np.nan, values[ends - 1])
        elif function in ("rate", "increase"):
            found = _growth(rows, at_ms, values, starts, ends, ending, window_ms)
            found = found / (window_ms / 1000) if function == "rate" else found
        elif function == "forecast":
            found = _forecast(at_ms, values, starts, ends, ending, ahead_ms)
        else:
            found = _fold(values, starts, ends, function)
    made.reshape(-1)[cells] = found
    return made


def _segments(ufunc: np.ufunc, values: Floats, starts: Ints, ends: Ints) -> Floats:
    """The ufunc over values[start:end] of each window; no window is empty."""
    borders = np.column_stack((starts, ends)).ravel()
    return np.asarray(ufunc.reduceat(np.append(values, 0.0), borders)[::2])


def _fold(values: Floats, starts: Ints, ends: Ints, function: str) -> Floats:
    if function == "count":
        return (ends - starts).astype(np.float64)
    if function == "min":
        return _segments(np.fmin, values, starts, ends)
    if function == "max":
        return _segments(np.fmax, values, starts, ends)
    total = _segments(np.add, values, starts, ends)
    return total / (ends - starts) if function == "avg" else total


def _growth(rows: Ints, at_ms: Ints, values: Floats, starts: Ints, ends: Ints, ending: Ints, window_ms: int) -> Floats:
    """Growth of counters, reached out to the window's borders as `extrapolatedRate` does."""
    steps = np.zeros(len(values))
    steps[1:] = np.where(values[1:] < values[:-1], values[1:], values[1:] - values[:-1])
    grown = _segments(np.add, steps, starts + 1, ends)
    first, last = at_ms[starts], at_ms[ends - 1]
    span = (last - first) / 1000
    between = span / (ends - starts - 1)
    to_start = (first - (ending - window_ms)) / 1000
    to_end = (ending - last) / 1000
    to_start = np.where(to_start >= between * _NEAR, between / 2, to_start)
    to_end = np.where(to_end >= between * _NEAR, between / 2, to_end)
    to_zero = np.where((grown > 0) & (values[starts] >= 0), span * (values[starts] / grown), to_start)
    return grown * ((span + np.minimum(to_start, to_zero) + to_end) / span)


def _forecast(at_ms: Ints, values: Floats, starts: Ints, ends: Ints, ending: Ints, ahead_ms: int) -> Floats:
    """The value of the line of least squares `ahead_ms` behind the window's end; a constant stays what it is."""
    counts = ends - starts
    offsets = np.concatenate(([0], np.cumsum(counts)))
    index = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - starts, counts)
    x = (at_ms[index] - np.repeat(ending, counts)) / 1000
    y = values[index]
    begin = offsets[:-1]
    mean_x, mean_y = np.add.reduceat(x, begin) / counts, np.add.reduceat(y, begin) / counts
    dx, dy = x - np.repeat(mean_x, counts), y - np.repeat(mean_y, counts)
    slope = np.add.reduceat(dx * dy, begin) / np.add.reduceat(dx * dx, begin)
    constant = np.maximum.reduceat(y, begin) == np.minimum.reduceat(y, begin)
    line = mean_y + slope * (ahead_ms / 1000 - mean_x)
    return np.asarray(np.where(constant, y[begin], line))


def fold_rows(values: Floats, groups: Ints, size: int, aggregate: Aggregate) -> Floats:
    """Rows of the same group as one; NaN where none of them has a value. `groups[i]` is row i's, below `size`."""
    known = ~np.isnan(values)
    counts = np.zeros((size, values.shape[1]))
    np.add.at(counts, groups, known)
    if aggregate in ("min", "max"):
        made = np.full(counts.shape, np.nan)
        (np.fmin if aggregate == "min" else np.fmax).at(made, groups, values)
        return made
    total = np.zeros(counts.shape)
    np.add.at(total, groups, np.where(known, values, 0.0))
    with np.errstate(all="ignore"):
        folded = {"sum": total, "avg": total / counts, "count": counts}[aggregate]
    return np.where(counts > 0, folded, np.nan)
