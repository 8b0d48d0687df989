"""Histograms with exponential or custom buckets as a count, a sum and a few quantiles.

The quantiles are those of Prometheus' histogram_quantile over all observations that the histogram holds: since the
start of the process for one that counts on, of the interval for a gauge or a delta. Inside a bucket observations are
taken to lie evenly on a logarithmic scale; in the zero bucket and in custom buckets evenly on a linear one.
(Prometheus, promql/quantile.go; 3.14.)
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.batch import STALE, SeriesText
from app.domains.metrics.rules.builder import BatchBuilder
from app.domains.metrics.rules.series import NAME_LABEL, SEPARATOR, SeriesCache, series_key, series_text

QUANTILES = (0.5, 0.9, 0.99)
_QUANTILE_LABEL, _MOVED_LABEL = b"quantile", b"exported_quantile"
_MARK = b"\x01"  # first byte of the cache's spellings of derived series
_LEAST_EXPONENT, _GREATEST_EXPONENT = -1074.0, 1024.0


class Buckets(NamedTuple):
    """Buckets in ascending order: observations in (lower, upper], `linear` where they lie evenly."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    counts: NDArray[np.float64]
    linear: NDArray[np.bool_]


class Distribution(NamedTuple):
    """What is kept of a histogram. `quantiles` are those of QUANTILES, as far as they can be told."""

    observations: float
    total: float
    quantiles: Sequence[tuple[float, float]]


STALE_DISTRIBUTION = Distribution(STALE, STALE, [(quantile, STALE) for quantile in QUANTILES])
"""The histogram's series end here."""


def exponential_buckets(
    *,
    scale: int,
    positive: tuple[Sequence[int], Sequence[float]],
    negative: tuple[Sequence[int], Sequence[float]],
    zero_count: float,
    zero_threshold: float,
) -> Buckets:
    """Buckets of powers of 2^(2^-scale). `positive` and `negative` are indices and counts; index i is (base^(i-1),
    base^i], as Prometheus counts, which is i-1 in OTLP."""
    width = 2.0**-scale
    upper, lower = _powers(positive[0], width)
    far, near = _powers(negative[0], width)
    # The zero bucket reaches to the side on which there are others, or to both.
    least = 0.0 if len(upper) and not len(far) else -zero_threshold
    greatest = 0.0 if len(far) and not len(upper) else zero_threshold
    far_counts = np.array(negative[1], np.float64)[::-1]
    return Buckets(
        lower=np.concatenate((-far[::-1], [least], lower)),
        upper=np.concatenate((-near[::-1], [greatest], upper)),
        counts=np.concatenate((far_counts, [zero_count], np.array(positive[1], np.float64))),
        linear=np.concatenate((np.zeros(len(far), np.bool_), [True], np.zeros(len(upper), np.bool_))),
    )


def _powers(indices: Sequence[int], width: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """base^i and base^(i-1) for each index, at most the greatest number."""
    exponents = np.array(indices, np.float64) * width
    outer = np.exp2(np.clip(exponents, _LEAST_EXPONENT, _GREATEST_EXPONENT))
    inner = np.exp2(np.clip(exponents - width, _LEAST_EXPONENT, _GREATEST_EXPONENT))
    most = np.finfo(np.float64).max
    return np.minimum(outer, most), np.minimum(inner, most)


def bounded_buckets(bounds: Sequence[float], counts: Sequence[float]) -> Buckets:
    """Buckets between ascending bounds, from minus to plus infinity; there is one count more than bounds."""
    inner = np.array(bounds, np.float64)
    return Buckets(
        lower=np.concatenate(([-np.inf], inner)),
        upper=np.concatenate((inner, [np.inf])),
        counts=np.array(counts, np.float64),
        linear=np.ones(len(inner) + 1, np.bool_),
    )


def quantiles_of(buckets: Buckets, count: float) -> list[tuple[float, float]]:
    """The quantiles that can be told: none of an empty histogram, none beyond the buckets (observations of NaN)."""
    if not count > 0 or math.isinf(count):
        return []
    running = np.cumsum(buckets.counts)
    found = []
    for quantile in QUANTILES:
        rank = quantile * count
        place = int(np.searchsorted(running, rank))
        if place == len(running):
            continue
        below = float(running[place - 1]) if place else 0.0
        value = _inside(
            float(buckets.lower[place]),
            float(buckets.upper[place]),
            (rank - below) / float(buckets.counts[place]),
            linear=bool(buckets.linear[place]),
        )
        if math.isfinite(value):
            found.append((quantile, value))
    return found


def _inside(lower: float, upper: float, fraction: float, *, linear: bool) -> float:
    """The value at a fraction of a bucket. One without an upper bound tells its lower one, one without a lower bound
    starts at zero, or tells its upper one if that is below."""
    if math.isinf(upper):
        return lower
    if math.isinf(lower):
        if upper <= 0:
            return upper
        lower = 0.0
    if linear:
        return lower + (upper - lower) * fraction
    if lower > 0:
        low, high = math.log2(lower), math.log2(upper)
        return float(2.0 ** (low + (high - low) * fraction))
    low, high = math.log2(-upper), math.log2(-lower)
    return -float(2.0 ** (low + (high - low) * (1.0 - fraction)))


def add_distribution(
    builder: BatchBuilder, cache: SeriesCache, form: bytes, at_ms: int, distribution: Distribution
) -> None:
    """Add `name_count`, `name_sum` and `name{quantile}` of a series, whose canonical form this is."""
    builder.add(_index(builder, cache, b"_count", form), at_ms, distribution.observations)
    builder.add(_index(builder, cache, b"_sum", form), at_ms, distribution.total)
    for quantile, value in distribution.quantiles:
        builder.add(_index(builder, cache, str(quantile).encode(), form), at_ms, value)


def _index(builder: BatchBuilder, cache: SeriesCache, part: bytes, form: bytes) -> int:
    spelling = SEPARATOR.join((_MARK + part, form))
    key = cache.get(spelling)
    if key is None:
        key = series_key(_derived_form(spelling))
        cache.add(spelling, key)
    return builder.index_of(key, spelling, _derived_text)


def _derived_text(spelling: bytes) -> SeriesText:
    return series_text(_derived_form(spelling))


def _derived_form(spelling: bytes) -> bytes:
    """The canonical form of a part: a suffix of the name, which starts with _, or a quantile's label."""
    part, *rest = spelling[len(_MARK) :].split(SEPARATOR)
    labels = dict(zip(rest[::2], rest[1::2], strict=True))
    if part.startswith(b"_"):
        labels[NAME_LABEL] += part
    else:
        if _QUANTILE_LABEL in labels:
            labels[_MOVED_LABEL] = labels.pop(_QUANTILE_LABEL)
        labels[_QUANTILE_LABEL] = part
    return SEPARATOR.join([text for label in sorted(labels.items()) for text in label])
