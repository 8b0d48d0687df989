"""Roll-ups: what the samples of a series come to in each bucket of one minute, five minutes and an hour.

A row holds the buckets of one series in one window, seven chunks one behind the other, a column each, with the start
of the bucket as the time. So a question decodes only the columns that its function needs.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.batch import is_stale
from app.domains.metrics.rules.blocks import Samples
from app.domains.metrics.rules.chunks import decode_chunk, encode_chunks
from app.domains.metrics.rules.packing import DamagedPayload

COLUMNS = ("count", "sum", "min", "max", "first", "last", "increase")
WINDOWS_MS = {60: 6 * 3_600_000, 300: 24 * 3_600_000, 3600: 16 * 24 * 3_600_000}
"""Seconds of a step: milliseconds of the window that one row holds."""
STEPS = tuple(sorted(WINDOWS_MS, reverse=True))
_HEAD = struct.Struct("<B7I")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets by series and time, columns of equal length. `at_ms` is the start of a bucket.

    `columns` has those of COLUMNS that were asked for. `increase` is what a counter grew between the samples of its
    own bucket, a fall being a restart from zero; what it grew between two buckets follows from `last` and `first`.
    """

    series: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.series)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Buckets":
        """Those buckets, by a mask or by positions."""
        columns = {name: column[chosen] for name, column in self.columns.items()}
        return Buckets(self.series[chosen], self.at_ms[chosen], columns)

    @staticmethod
    def join(parts: Sequence["Buckets"], columns: Iterable[str] = COLUMNS) -> "Buckets":
        """All of them by series and time; no bucket may be in two parts."""
        series = np.concatenate([np.empty(0, np.int64), *(part.series for part in parts)])
        at_ms = np.concatenate([np.empty(0, np.int64), *(part.at_ms for part in parts)])
        joined = {
            name: np.concatenate([np.empty(0, np.float64), *(part.columns[name] for part in parts)]) for name in columns
        }
        made = Buckets(series, at_ms, joined)
        return made.take(np.lexsort((at_ms, series)))


def growth(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """What counters grew from one value to the next: one that fell began again at zero."""
    grown: NDArray[np.float64] = np.where(after >= before, after - before, after)
    return grown


def make_buckets(samples: Samples, step_ms: int) -> Buckets:
    """The buckets of samples that stand by series and time. End marks are no values and count nowhere."""
    kept = ~is_stale(samples.values)
    samples = samples if kept.all() else samples.take(kept)
    if not len(samples):
        return Buckets.join([])
    at_ms = samples.at_ms - samples.at_ms % step_ms
    changes = (samples.series[1:] != samples.series[:-1]) | (at_ms[1:] != at_ms[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    ends = np.append(starts[1:], len(samples)) - 1
    values = samples.values
    grown = np.zeros(len(values), np.float64)
    with np.errstate(all="ignore"):
        grown[1:] = growth(values[:-1], values[1:])
        grown[starts] = 0.0
        columns = {
            "count": (ends - starts + 1).astype(np.float64),
            "sum": np.add.reduceat(values, starts),
            "min": np.minimum.reduceat(values, starts),
            "max": np.maximum.reduceat(values, starts),
            "first": values[starts],
            "last": values[ends],
            "increase": np.add.reduceat(grown, starts),
        }
    return Buckets(samples.series[starts], at_ms[starts], columns)


def encode_buckets(buckets: Buckets, window_ms: int) -> list[tuple[int, int, int, bytes]]:
    """Rows (series, start of the window in Unix milliseconds, buckets, payload) of buckets by series and time."""
    if not len(buckets):
        return []
    windows = buckets.at_ms - buckets.at_ms % window_ms
    changes = (buckets.series[1:] != buckets.series[:-1]) | (windows[1:] != windows[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    sizes = np.diff(np.append(starts, len(buckets)))
    encoded = [encode_chunks(buckets.at_ms, buckets.columns[name], starts) for name in COLUMNS]
    payloads = (_HEAD.pack(_VERSION, *map(len, parts)) + b"".join(parts) for parts in zip(*encoded, strict=True))
    return list(zip(buckets.series[starts].tolist(), windows[starts].tolist(), sizes.tolist(), payloads, strict=True))


def decode_buckets(rows: Sequence[tuple[int, bytes]], columns: Sequence[str] = COLUMNS) -> Buckets:
    """The buckets of rows (series, payload), in the rows' order, with these columns. Raises DamagedPayload."""
    wanted = [COLUMNS.index(name) for name in columns]
    found: list[list[NDArray[np.float64]]] = [[] for _ in columns]
    times: list[NDArray[np.int64]] = []
    for _, payload in rows:
        try:
            version, *lengths = _HEAD.unpack_from(payload)
        except struct.error as failure:
            raise DamagedPayload("a roll-up that cannot be read") from failure
        if version != _VERSION:
            raise DamagedPayload(f"a roll-up of version {version}")
        places = np.cumsum([_HEAD.size, *lengths]).tolist()
        for column, index in zip(found, wanted, strict=True):
            points = decode_chunk(payload[places[index] : places[index + 1]])
            column.append(points.values)
        times.append(points.at_ms)
    sizes = np.fromiter((len(part) for part in times), np.int64, len(times))
    owners = np.fromiter((series for series, _ in rows), np.int64, len(rows))
    return Buckets(
        np.repeat(owners, sizes),
        np.concatenate([np.empty(0, np.int64), *times]),
        {name: np.concatenate([np.empty(0, np.float64), *parts]) for name, parts in zip(columns, found, strict=True)},
    )


def without_windows(
    buckets: Buckets, series: NDArray[np.int64], window_at_ms: NDArray[np.int64], window_ms: int
) -> Buckets:
    """The buckets that lie in none of these (series, window)."""
    if not len(buckets) or not len(series):
        return buckets
    windows = buckets.at_ms - buckets.at_ms % window_ms
    mine, theirs = _pairs(buckets.series, windows), _pairs(series, window_at_ms)
    return buckets.take(~np.isin(mine, theirs))


def _pairs(series: NDArray[np.int64], window_at_ms: NDArray[np.int64]) -> NDArray[np.uint64]:
    """One number for each pair; ids stay below 2**40 and windows, in seconds / 7200, below 2**24."""
    windows = (window_at_ms // 7_200_000).astype(np.uint64)
    paired: NDArray[np.uint64] = (series.astype(np.uint64) << np.uint64(24)) | windows
    return paired
