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

from app.domains.metrics.rules.batch import STALE
from app.domains.metrics.rules.builder import BatchBuilder
from app.domains.metrics.rules.derived import DerivedSeries, bound_text

QUANTILES = (0.5, 0.9, 0.99)
_OVER = 1024.0  # 2 to this is more than a double holds
_LEAST_EXPONENT, _GREATEST_EXPONENT = -1074.0, math.nextafter(_OVER, 0)


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
    return _power(exponents), _power(exponents - width)


def _power(exponents: NDArray[np.float64]) -> NDArray[np.float64]:
    inside: NDArray[np.float64] = np.exp2(np.clip(exponents, _LEAST_EXPONENT, _GREATEST_EXPONENT))
    return np.where(exponents < _OVER, inside, np.finfo(np.float64).max)


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
        return _between(lower, upper, fraction)
    return -_between(-upper, -lower, 1.0 - fraction)


def _between(lower: float, upper: float, fraction: float) -> float:
    """The number at a fraction of the way between two positive ones on a logarithmic scale."""
    low, high = math.log2(lower), math.log2(upper)
    return float(2.0 ** min(low + (high - low) * fraction, _GREATEST_EXPONENT))


def add_distribution(
    builder: BatchBuilder, derived: DerivedSeries, key: bytes, form: bytes, at_ms: int, distribution: Distribution
) -> None:
    """Add `name_count`, `name_sum` and `name{quantile}` of a series that was sent with this key and form."""
    builder.add(derived.index(key, form, b"_count"), at_ms, distribution.observations)
    builder.add(derived.index(key, form, b"_sum"), at_ms, distribution.total)
    add_quantiles(builder, derived, key, form, at_ms, distribution.quantiles)


def add_quantiles(
    builder: BatchBuilder,
    derived: DerivedSeries,
    key: bytes,
    form: bytes,
    at_ms: int,
    quantiles: Sequence[tuple[float, float]],
) -> None:
    """Add `name{quantile}` for pairs of a quantile and its value."""
    for quantile, value in quantiles:
        builder.add(derived.index(key, form, b"", b"quantile", bound_text(quantile)), at_ms, value)
