"""OTLP's histograms, exponential histograms and summaries as series of numbers.

A histogram becomes `name_bucket{le}`, `name_sum` and `name_count`, as Prometheus' own do; an exponential one
`name_count`, `name_sum` and `name{quantile}`, see `distributions`; a summary `name{quantile}`, `name_sum` and
`name_count`. Counts and sums of deltas are increments; quantiles of deltas are those of the interval. Smallest and
greatest values are not kept: for a running histogram they are those since the start, which tells nothing of now.
"""

import math
from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise
from typing import Any

from app.domains.metrics.rules.batch import STALE
from app.domains.metrics.rules.builder import OTHER_VALUE, BatchBuilder
from app.domains.metrics.rules.derived import DerivedSeries, bound_text
from app.domains.metrics.rules.distributions import QUANTILES, add_quantiles, exponential_buckets, quantiles_of
from app.domains.metrics.rules.otlp_family import Family, Series
from app.domains.metrics.rules.otlp_messages import MESSAGES, NO_RECORDED_VALUE
from app.domains.metrics.rules.series import SeriesRefused
from app.domains.metrics.rules.wire import parse

_NS_IN_MS = 1_000_000
_MAX_POINT_BYTES = 256 * 1024
_MAX_BUCKETS = 5_000
_LEAST_SCALE, _GREATEST_SCALE = -10, 52
_STALE = float(STALE)


class DistributionPoints:
    """Adds the points of metrics that are no plain numbers."""

    def __init__(self, builder: BatchBuilder, derived: DerivedSeries) -> None:
        self._builder, self._derived = builder, derived
        self._adders: Mapping[str, Callable[[Any, Series, bool], None]] = {
            "Histogram": self._add_histogram,
            "Exponential": self._add_exponential,
            "Summary": self._add_summary,
        }

    def add(self, family: Family, kind: str, raws: list[bytes], *, is_delta: bool) -> None:
        """Add points of a metric; `kind` is the name of their message. Raises MalformedBody and TooLarge."""
        for raw in raws:
            try:
                if len(raw) > _MAX_POINT_BYTES:
                    raise SeriesRefused("a point with too many buckets")
                point = parse(MESSAGES[kind], raw)
                series = family.series(point.attributes)
                at_ms = point.time_ns // _NS_IN_MS
                if not self._builder.takes_time(at_ms, 1, family.name):
                    continue
                twin = self._builder.histograms.setdefault((series.key, at_ms), raw)
                if twin is raw:
                    try:
                        self._adders[kind](point, series, is_delta)
                    except SeriesRefused:
                        del self._builder.histograms[series.key, at_ms]
                        raise
                elif twin != raw:
                    raise SeriesRefused(OTHER_VALUE)
                self._builder.counts.histograms += 1
            except SeriesRefused as refusal:
                self._builder.refuse(str(refusal), 1, family.name)

    def _put(self, point: Any, series: Series, suffix: bytes, value: float, *, is_delta: bool, le: bytes = b"") -> None:
        index = self._derived.index(*series, suffix, b"le" if le else b"", le)
        at_ms = point.time_ns // _NS_IN_MS
        if is_delta and not point.flags & NO_RECORDED_VALUE:
            self._builder.add_increment(index, point.start_ns // _NS_IN_MS, at_ms, value)
        else:
            self._builder.add(index, at_ms, value)

    def _add_totals(self, point: Any, series: Series, is_delta: bool) -> None:
        ended = bool(point.flags & NO_RECORDED_VALUE)
        self._put(point, series, b"_count", _STALE if ended else float(point.count), is_delta=is_delta)
        if point.HasField("total") or ended:  # a histogram with negative values has no sum
            self._put(point, series, b"_sum", _STALE if ended else point.total, is_delta=is_delta)

    def _add_histogram(self, point: Any, series: Series, is_delta: bool) -> None:
        bounds, counts = list(point.bounds), list(point.counts)
        if bounds and bounds[-1] == math.inf and len(counts) == len(bounds):  # some senders name the last bound
            bounds.pop()
        if len(counts) != len(bounds) + 1 and (counts or bounds):
            raise SeriesRefused("a histogram whose bounds do not fit its buckets")
        if any(math.isnan(bound) for bound in bounds) or any(low >= high for low, high in pairwise(bounds)):
            raise SeriesRefused("a histogram whose bounds do not ascend")
        if len(counts) > _MAX_BUCKETS:
            raise SeriesRefused("a point with too many buckets")
        ended = bool(point.flags & NO_RECORDED_VALUE)
        if counts and sum(counts) != point.count and not ended:
            raise SeriesRefused("a histogram whose buckets do not add up to its count")
        self._builder.spend_elements(len(counts))  # each becomes a sample
        self._add_totals(point, series, is_delta)
        for bound, below in zip([*bounds, math.inf], accumulate(counts), strict=False):
            value = _STALE if ended else float(below)
            self._put(point, series, b"_bucket", value, is_delta=is_delta, le=bound_text(bound))

    def _add_exponential(self, point: Any, series: Series, is_delta: bool) -> None:
        at_ms = point.time_ns // _NS_IN_MS
        if point.flags & NO_RECORDED_VALUE:
            self._add_totals(point, series, is_delta)
            self._add_quantiles(series, at_ms, [(quantile, _STALE) for quantile in QUANTILES])
            return
        positive, negative = list(point.positive.counts), list(point.negative.counts)
        if len(positive) + len(negative) > _MAX_BUCKETS:
            raise SeriesRefused("a point with too many buckets")
        if not _LEAST_SCALE <= point.scale <= _GREATEST_SCALE or not 0 <= point.zero_threshold < math.inf:
            raise SeriesRefused("an exponential histogram with an unknown scale or zero threshold")
        if sum(positive) + sum(negative) + point.zero_count != point.count:
            raise SeriesRefused("a histogram whose buckets do not add up to its count")
        # Bucket i is (base^i, base^(i+1)] here, and (base^(i-1), base^i] there.
        first, first_negative = point.positive.offset + 1, point.negative.offset + 1
        buckets = exponential_buckets(
            scale=point.scale,
            positive=(range(first, first + len(positive)), positive),
            negative=(range(first_negative, first_negative + len(negative)), negative),
            zero_count=float(point.zero_count),
            zero_threshold=point.zero_threshold,
        )
        self._add_totals(point, series, is_delta)
        self._add_quantiles(series, at_ms, quantiles_of(buckets, float(point.count)))

    def _add_summary(self, point: Any, series: Series, is_delta: bool) -> None:
        ended = bool(point.flags & NO_RECORDED_VALUE)
        quantiles = {one.quantile: _STALE if ended else one.value for one in point.quantiles}
        if len(quantiles) != len(point.quantiles) or not all(0 <= quantile <= 1 for quantile in quantiles):
            raise SeriesRefused("a summary with quantiles outside of 0 to 1, or one of them twice")
        if len(quantiles) > _MAX_BUCKETS:
            raise SeriesRefused("a point with too many buckets")
        self._builder.spend_elements(len(quantiles))
        self._put(point, series, b"_count", _STALE if ended else float(point.count), is_delta=is_delta)
        self._put(point, series, b"_sum", _STALE if ended else point.total, is_delta=is_delta)
        self._add_quantiles(series, point.time_ns // _NS_IN_MS, list(quantiles.items()))

    def _add_quantiles(self, series: Series, at_ms: int, quantiles: list[tuple[float, float]]) -> None:
        add_quantiles(self._builder, self._derived, *series, at_ms, quantiles)
