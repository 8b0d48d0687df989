"""What every decoder of samples returns: columns over all samples of a request, and each distinct series once.

Samples stay in arrays from the request to the table, because an object a sample costs ten times what its parsing does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STALE_BITS = 0x7FF0000000000002
"""The NaN that says a series ended at this time (Prometheus, model/value). An end mark, never a value."""
STALE = np.array([STALE_BITS], np.uint64).view(np.float64)[0]


@dataclass(frozen=True, slots=True)
class SeriesText:
    """A series in words; `labels` are those without the name, sorted by their names."""

    name: str
    labels: dict[str, str]


class Metadata(NamedTuple):
    """What a sender says of a family of series. `type` is unknown, counter, gauge, histogram, gaugehistogram, summary,
    info or stateset; `unit` is in the sender's spelling; each may be empty, the type excepted."""

    type: str = "unknown"
    unit: str = ""
    help: str = ""


@dataclass(slots=True)
class WrittenCounts:
    """What was accepted, in the sender's own counting: a histogram is one, whatever it is stored as.

    For OTLP `samples` are data points of numbers and `histograms` all others.
    """

    samples: int = 0
    histograms: int = 0
    exemplars: int = 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """How many samples, histograms or exemplars were refused for one reason, which the answer tells the sender.

    `example` is the name of one metric that it befell, as far as it can be shown.
    """

    reason: str
    count: int
    example: str = ""


@dataclass(slots=True)
class Refused:
    """What the store did not take, in the sender's counting: a histogram of which any part is refused is one."""

    rejections: list[Rejection] = field(default_factory=list)
    samples: int = 0
    histograms: set[tuple[int, int]] = field(default_factory=set)  # (owner, Unix milliseconds)

    def add(
        self, reason: str, series: NDArray[np.int32], at_ms: NDArray[np.int64], owners: NDArray[np.int32] | None
    ) -> None:
        """Count samples that are refused for a reason. `series` index the batch's keys."""
        if not len(series):
            return
        parts: set[tuple[int, int]] = set()
        samples = len(series)
        if owners is not None:
            owner = owners[series]
            is_part = owner >= 0
            parts = set(zip(owner[is_part].tolist(), at_ms[is_part].tolist(), strict=True))
            samples -= int(is_part.sum())
        self.rejections.append(Rejection(reason, samples + len(parts)))
        self.samples += samples
        self.histograms |= parts


class TimeBounds(NamedTuple):
    """Samples outside of it are refused; both ends, in Unix milliseconds, are inside."""

    oldest_ms: int
    newest_ms: int


@dataclass(frozen=True, slots=True)
class Increments:
    """What was counted between two instants, to be added to the series' running sum. Columns of equal length.

    A repeated (series, start, end) is a repeated request and must not be added again. `start_ms` is 0 where the sender
    does not know it.
    """

    series: NDArray[np.int32]  # index into the batch's keys
    start_ms: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.series)


@dataclass(slots=True)
class SampleBatch:
    """The samples of one request. `series`, `at_ms` and `values` have one element a sample, in no particular order.

    (series, at_ms) occurs once: of twins with equal values one is kept and both count as written; a twin with another
    value is rejected. The same holds for the increments.
    """

    keys: list[bytes]
    """One for each distinct series: 16 bytes of blake2b over the name and the sorted labels, see `series.series_key`;
    the identity of the series inside an organization."""
    series: NDArray[np.int32]  # index into keys
    at_ms: NDArray[np.int64]  # Unix milliseconds
    values: NDArray[np.float64]  # the stale marker keeps its bits: ask is_stale
    increments: Increments
    texts: Callable[[int], SeriesText]
    """The words of key i; they are decoded when asked for, so ask only for series that the store does not know."""
    owners: NDArray[np.int32] | None = None
    """Per key: which histogram's or summary's series it is a part of, -1 for a series of its own. None: all are."""
    metadata: dict[str, Metadata] = field(default_factory=dict)  # by the name of the family
    counts: WrittenCounts = field(default_factory=WrittenCounts)
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def rejected_count(self) -> int:
        """How many samples, histograms or exemplars were refused."""
        return sum(rejection.count for rejection in self.rejections)

    def __len__(self) -> int:
        return len(self.series)


def is_stale(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values are the stale marker; other NaN are values."""
    stale: NDArray[np.bool_] = np.ascontiguousarray(values).view(np.uint64) == STALE_BITS
    return stale


def no_increments() -> Increments:
    """For protocols that send running sums only."""
    whole = np.empty(0, np.int64)
    return Increments(series=np.empty(0, np.int32), start_ms=whole, at_ms=whole, values=np.empty(0, np.float64))
