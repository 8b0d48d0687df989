"""Prometheus' native histograms: the message of both versions of Remote-Write, checked and made a distribution."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from app.domains.metrics.rules.batch import STALE_BITS
from app.domains.metrics.rules.distributions import (
    STALE_DISTRIBUTION,
    Buckets,
    Distribution,
    bounded_buckets,
    exponential_buckets,
    quantiles_of,
)
from app.domains.metrics.rules.wire import message_classes, parse

_MESSAGES = message_classes(
    "cloudops.histogram",
    {
        "Span": "1:sint32 offset, 2:uint32 length",
        "Histogram": "1:uint64 count_int, 2:double count_float, 3:double total, 4:sint32 schema, "
        "5:double zero_threshold, 6:uint64 zero_count_int, 7:double zero_count_float, "
        "8:Span* negative_spans, 9:sint64* negative_deltas, 10:double* negative_counts, "
        "11:Span* positive_spans, 12:sint64* positive_deltas, 13:double* positive_counts, "
        "14:int32 reset_hint, 15:int64 at_ms, 16:double* custom_values",
    },
)
_CUSTOM_SCHEMA = -53
_LEAST_SCHEMA, _GREATEST_SCHEMA = -9, 52  # the reserved range; finer ones than 8 are read as they are
_MAX_BYTES = 64 * 1024
_MAX_BUCKETS = 5_000


class HistogramRefused(Exception):
    """A histogram that is not taken; its text is the reason for the sender."""


class TimedDistribution(NamedTuple):
    """A distribution and its time in Unix milliseconds."""

    at_ms: int
    distribution: Distribution


def read_histogram(raw: bytes) -> TimedDistribution:
    """Read a Histogram message. Raises MalformedBody, and HistogramRefused for one that contradicts itself."""
    if len(raw) > _MAX_BYTES:
        raise HistogramRefused("a native histogram with too many buckets")
    message = parse(_MESSAGES["Histogram"], raw)
    if np.float64(message.total).view(np.uint64) == STALE_BITS:
        return TimedDistribution(message.at_ms, STALE_DISTRIBUTION)
    is_integer = message.HasField("count_int") or not message.HasField("count_float")
    count = message.count_int if is_integer else message.count_float
    zero = message.zero_count_int if is_integer else message.zero_count_float
    positive = _counts(message.positive_spans, message.positive_deltas, message.positive_counts, is_integer)
    negative = _counts(message.negative_spans, message.negative_deltas, message.negative_counts, is_integer)
    _check_counts(count, zero, [*positive[1], *negative[1]], message.total, is_integer)
    buckets = (
        _custom(message, positive, negative, zero)
        if message.schema == _CUSTOM_SCHEMA
        else _exponential(message, positive, negative, zero)
    )
    return TimedDistribution(
        message.at_ms, Distribution(float(count), message.total, quantiles_of(buckets, float(count)))
    )


def _counts(spans: Any, deltas: Any, counts: Any, is_integer: bool) -> tuple[list[int], Sequence[float]]:
    """Indices and counts of one side's buckets."""
    if (counts if is_integer else deltas) or len(deltas) + len(counts) > _MAX_BUCKETS:
        raise HistogramRefused("a native histogram that mixes integers and floats, or has too many buckets")
    found: Sequence[float] = list(accumulate(deltas)) if is_integer else list(counts)
    if sum(span.length for span in spans) != len(found):
        raise HistogramRefused("a native histogram whose spans do not fit its buckets")
    indices: list[int] = []
    following = 0
    for number, span in enumerate(spans):
        if number and span.offset < 0:
            raise HistogramRefused("a native histogram whose spans overlap")
        following += span.offset
        indices.extend(range(following, following + span.length))
        following += span.length
    return indices, found


def _check_counts(count: float, zero: float, buckets: Sequence[float], total: float, is_integer: bool) -> None:
    if not (count >= 0 and zero >= 0 and all(one >= 0 for one in buckets)):
        raise HistogramRefused("a native histogram with a negative count")
    if is_integer:  # sums of floats are not exact
        inside = zero + sum(buckets)
        # Observations of NaN are in the count and in no bucket.
        if inside > count or (inside != count and not math.isnan(total)):
            raise HistogramRefused("a native histogram whose buckets do not add up to its count")


def _exponential(
    message: Any, positive: tuple[list[int], Sequence[float]], negative: tuple[list[int], Sequence[float]], zero: float
) -> Buckets:
    if not _LEAST_SCHEMA <= message.schema <= _GREATEST_SCHEMA:
        raise HistogramRefused("a native histogram with an unknown schema")
    if message.custom_values or not 0 <= message.zero_threshold < math.inf:
        raise HistogramRefused("a native histogram with bounds that its schema has not")
    return exponential_buckets(
        scale=message.schema,
        positive=positive,
        negative=negative,
        zero_count=float(zero),
        zero_threshold=message.zero_threshold,
    )


def _custom(
    message: Any, positive: tuple[list[int], Sequence[float]], negative: tuple[list[int], Sequence[float]], zero: float
) -> Buckets:
    bounds = list(message.custom_values)
    ascending = all(low < high for low, high in pairwise(bounds))
    if not ascending or not all(map(math.isfinite, bounds)) or negative[0] or zero:
        raise HistogramRefused("a native histogram whose custom bounds do not ascend, or with buckets beside them")
    if positive[0] and not 0 <= positive[0][0] <= positive[0][-1] <= len(bounds):
        raise HistogramRefused("a native histogram whose spans do not fit its buckets")
    counts = [0.0] * (len(bounds) + 1)
    for index, one in zip(positive[0], positive[1], strict=True):
        counts[index] = float(one)
    return bounded_buckets(bounds, counts)
