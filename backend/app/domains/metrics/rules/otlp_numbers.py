"""OTLP's points of gauges and sums, taken in columns over a whole request.

Nearly every point is, byte for byte: [11 start(8)] 19 time(8) 21|31 value(8), then its attributes. What comes behind
the value, and behind exemplars, is looked up as it is, together with the metric it stands under, and was found before
to be attributes only. Points with flags or in another order are taken one after the other.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.batch import STALE, SeriesText
from app.domains.metrics.rules.builder import MAX_ELEMENTS, BatchBuilder
from app.domains.metrics.rules.otlp_family import CONTEXT_BYTES, Family
from app.domains.metrics.rules.otlp_messages import MESSAGES, NO_RECORDED_VALUE
from app.domains.metrics.rules.series import SeriesCache, SeriesRefused, series_text
from app.domains.metrics.rules.wire import check_element_count, parse, read_varint

_NS_IN_MS = 1_000_000
_ATTRIBUTES = 7  # number of the field
_EXEMPLAR = 0x2A  # tag
_PADDING = bytes(32)  # so that looking past the end of a short point stays inside the array


class _Values(NamedTuple):
    """Columns over points; meaningless where `good` is not."""

    good: NDArray[np.bool_]
    start_ms: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    cuts: NDArray[np.int64]  # where the attributes begin


class NumberPoints:
    """Collects the points of one request, then adds them to the builder."""

    def __init__(self, builder: BatchBuilder, cache: SeriesCache) -> None:
        self._builder, self._cache = builder, cache
        self._raws: list[bytes] = []
        self._families: list[Family] = []
        self._is_delta: list[bool] = []
        self._by_context: dict[bytes, Family] = {}

    def collect(self, family: Family, raws: list[bytes], *, is_delta: bool) -> None:
        """Remember points of a metric."""
        self._raws += raws
        self._families += [family] * len(raws)
        self._is_delta += [is_delta] * len(raws)
        self._by_context[family.context] = family

    def add_all(self) -> None:
        """Add what was collected. Raises MalformedBody."""
        if not self._raws:
            return
        values = _read_values(self._raws)
        cuts, good = values.cuts.tolist(), values.good.tolist()
        spellings = [
            family.context + raw[cut:] if is_good else b""
            for family, raw, cut, is_good in zip(self._families, self._raws, cuts, good, strict=True)
        ]
        keys = [
            self._learn(spelling) if key is None and spelling else key
            for spelling, key in zip(spellings, self._cache.find(spellings), strict=True)
        ]
        reader = self._text
        deltas = np.array(self._is_delta, np.bool_)
        for is_delta in (False, True):
            chosen = np.flatnonzero(deltas == is_delta)
            if len(chosen):
                places = chosen.tolist()
                self._builder.take_columns(
                    [keys[place] for place in places],
                    [spellings[place] for place in places],
                    reader,
                    values.at_ms[chosen],
                    values.values[chosen],
                    values.start_ms[chosen] if is_delta else None,
                )
        for raw, family, is_delta, key in zip(self._raws, self._families, self._is_delta, keys, strict=True):
            if key is None:
                self._add_one(raw, family, is_delta=is_delta)

    def _learn(self, spelling: bytes) -> bytes | None:
        """The key of a series that is new to the cache, if nothing but good attributes is there."""
        point = parse(MESSAGES["Number"], spelling[CONTEXT_BYTES:])
        if any(field.number != _ATTRIBUTES for field, _ in point.ListFields()):
            return None
        try:
            key = self._by_context[spelling[:CONTEXT_BYTES]].series(point.attributes).key
        except SeriesRefused:
            return None
        self._cache.add(spelling, key)
        return key

    def _text(self, spelling: bytes) -> SeriesText:
        attributes = parse(MESSAGES["Number"], spelling[CONTEXT_BYTES:]).attributes
        return series_text(self._by_context[spelling[:CONTEXT_BYTES]].series(attributes).form)

    def _add_one(self, raw: bytes, family: Family, *, is_delta: bool) -> None:
        """Take a point of any shape."""
        check_element_count(raw, MAX_ELEMENTS)
        point = parse(MESSAGES["Number"], raw)
        at_ms = point.time_ns // _NS_IN_MS
        try:
            series = family.series(point.attributes)
            has_no_value = bool(point.flags & NO_RECORDED_VALUE)
            if not (has_no_value or point.HasField("as_double") or point.HasField("as_int")):
                raise SeriesRefused("a point without a value")
        except SeriesRefused as refusal:
            self._builder.refuse(str(refusal), 1, family.name)
            return
        if not self._builder.takes_time(at_ms, 1, family.name):
            return
        self._builder.counts.samples += 1
        value = point.as_double if point.HasField("as_double") else float(point.as_int)
        index = self._builder.index_of(series.key, series.form)
        if has_no_value:
            self._builder.add(index, at_ms, float(STALE))
        elif is_delta:
            self._builder.add_increment(index, point.start_ns // _NS_IN_MS, at_ms, value)
        else:
            self._builder.add(index, at_ms, value)


def _behind_exemplars(raw: bytes, position: int) -> int:
    """Where the exemplars end that stand between the value and the attributes."""
    while position < len(raw) and raw[position] == _EXEMPLAR:
        length, position = read_varint(raw, position + 1)
        position += length
    return position


def _read_values(raws: list[bytes]) -> _Values:
    lengths = np.fromiter(map(len, raws), np.int64, len(raws))
    content = np.frombuffer(b"".join((*raws, _PADDING)), np.uint8)
    starts = np.cumsum(lengths) - lengths
    has_start = content[starts] == 0x11
    time_tag = starts + 9 * has_start
    value_tag = content[time_tag + 9]
    is_int = value_tag == 0x31
    cuts = 18 + 9 * has_start
    good = (content[time_tag] == 0x19) & (is_int | (value_tag == 0x21)) & (lengths >= cuts)
    for place in np.flatnonzero(good & (content[starts + cuts] == _EXEMPLAR) & (lengths > cuts)).tolist():
        cuts[place] = _behind_exemplars(raws[place], int(cuts[place]))
    start_ns = np.where(has_start, _eight_bytes(content, np.minimum(starts + 1, time_tag)), np.uint64(0))
    bits = _eight_bytes(content, time_tag + 10)
    return _Values(
        good=good,
        start_ms=(start_ns // np.uint64(_NS_IN_MS)).astype(np.int64),
        at_ms=(_eight_bytes(content, time_tag + 1) // np.uint64(_NS_IN_MS)).astype(np.int64),
        values=np.where(is_int, bits.view(np.int64).astype(np.float64), bits.view(np.float64)),
        cuts=cuts,
    )


def _eight_bytes(content: NDArray[np.uint8], position: NDArray[np.int64]) -> NDArray[np.uint64]:
    numbers: NDArray[np.uint64] = content[position[:, None] + np.arange(8)].view("<u8")[:, 0]
    return numbers
