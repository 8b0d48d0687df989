"""From samples as they came to chunks: by series and window, what came later counts."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.batch import is_stale
from app.domains.metrics.rules.blocks import Samples, latest_of_each
from app.domains.metrics.rules.chunks import encode_chunks
from app.domains.metrics.rules.limits import WINDOW_MS


class Pieces(NamedTuple):
    """Samples by series and time, cut where the series or the window changes; one element a piece."""

    samples: Samples
    starts: NDArray[np.int64]
    series: NDArray[np.int64]
    window_ms: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many samples each piece has."""
        return np.diff(np.append(self.starts, len(self.samples)))


class Extent(NamedTuple):
    """Per series: its first and last time, and the last value that is no end mark (`has_value`, at `value_ms`)."""

    series: NDArray[np.int64]
    first_ms: NDArray[np.int64]
    last_ms: NDArray[np.int64]
    has_value: NDArray[np.bool_]
    value_ms: NDArray[np.int64]
    values: NDArray[np.float64]


def cut(samples: Samples, window_ms: int = WINDOW_MS) -> Pieces:
    """Cut samples that stand by series and time into windows."""
    windows = samples.at_ms - samples.at_ms % window_ms
    if not len(samples):
        return Pieces(samples, np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    changes = (samples.series[1:] != samples.series[:-1]) | (windows[1:] != windows[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    return Pieces(samples, starts, samples.series[starts], windows[starts])


def merge(stored: Samples, arrived: Samples) -> tuple[Pieces, list[bytes]]:
    """The chunks that hold both, and their payloads; of two values for one time the later of `arrived` counts."""
    pieces = cut(latest_of_each(Samples.join([stored, arrived])))
    return pieces, encode_chunks(pieces.samples.at_ms, pieces.samples.values, pieces.starts)


def extent_of(samples: Samples) -> Extent:
    """The extent of each series among samples that stand by series and time; at least one."""
    starts = np.concatenate(([0], np.flatnonzero(samples.series[1:] != samples.series[:-1]) + 1))
    ends = np.append(starts[1:], len(samples)) - 1
    place = np.where(is_stale(samples.values), -1, np.arange(len(samples)))
    newest = np.maximum.reduceat(place, starts)
    return Extent(
        samples.series[starts],
        samples.at_ms[starts],
        samples.at_ms[ends],
        newest >= 0,
        samples.at_ms[newest],
        samples.values[newest],
    )
