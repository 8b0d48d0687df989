"""Remote-Write 1.0 taken apart (`wire_formats.md`, section 3.1).

Prometheus sends each series with one sample, so that nearly the whole body is labels that were there a minute ago. The
bytes in front of the sample are therefore looked up as they are; only those that are new are taken apart. A match of
a remembered beginning is exact: it was found to be whole label fields, so what follows it is the next field.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.batch import SeriesText
from app.domains.metrics.rules.builder import MAX_ELEMENTS, BatchBuilder
from app.domains.metrics.rules.derived import DerivedSeries
from app.domains.metrics.rules.series import (
    MAX_LABELS,
    NAME_LABEL,
    SEPARATOR,
    SeriesCache,
    SeriesRefused,
    canonical_form,
    series_key,
    series_text,
)
from app.domains.metrics.rules.wire import check_element_count, message_classes, parse, read_varint
from app.domains.metrics.rules.write_parts import add_contents, add_metadata, type_name

_MESSAGES = message_classes(
    "cloudops.write1",
    {
        "Request": "1:bytes* series, 3:bytes* metadata",
        "Label": "1:bytes name, 2:bytes value",
        "Sample": "1:double value, 2:int64 at_ms",
        "Series": "1:Label* labels, 2:Sample* samples, 3:bytes* exemplars, 4:bytes* histograms",
        "Exemplar": "1:Label* labels, 2:double value, 3:int64 at_ms",
        "Metadata": "1:int32 type, 2:bytes family, 4:bytes help, 5:bytes unit",
    },
)
# A sample as every encoder writes it: 12 10 09 value(8) 10 time(6), or without the value when that is zero:
# 12 07 10 time(6). Six bytes of time reach from 1971 to 2109.
_WITH_VALUE, _WITHOUT_VALUE = 18, 9
_LABEL, _NAME, _VALUE = 0x0A, 0x0A, 0x12  # tags


def read_v1(body: bytes, builder: BatchBuilder, cache: SeriesCache) -> None:
    """Read a WriteRequest into the builder. Raises MalformedBody and TooLarge."""
    check_element_count(body, MAX_ELEMENTS)
    request = parse(_MESSAGES["Request"], body)
    series: list[bytes] = list(request.series)
    derived = DerivedSeries(builder, cache)
    for raw in _read_columns(series, builder, cache) if series else ():
        _read_series(raw, builder, cache, derived)
    for raw in request.metadata:
        told = parse(_MESSAGES["Metadata"], raw)
        add_metadata(builder, told.family, (type_name(told.type), told.unit, told.help))


def _read_columns(raws: list[bytes], builder: BatchBuilder, cache: SeriesCache) -> Sequence[bytes]:
    """Take the good series with one sample; the others are returned."""
    lengths = np.fromiter(map(len, raws), np.int64, len(raws))
    content = np.frombuffer(b"".join((bytes(_WITH_VALUE), *raws)), np.uint8)
    ends = np.cumsum(lengths) + _WITH_VALUE
    tails = content[ends[:, None] + np.arange(-_WITH_VALUE, 0)]
    in_time = (tails[:, 12:17] >= 0x80).all(axis=1) & (tails[:, 17] < 0x80) & (tails[:, 11] == 0x10)
    full = _begins(tails, 0, b"\x12\x10\x09") & in_time & (lengths >= _WITH_VALUE)
    zero = _begins(tails, 9, b"\x12\x07") & in_time & (lengths >= _WITHOUT_VALUE) & ~full
    label_bytes = np.where(full, lengths - _WITH_VALUE, np.where(zero, lengths - _WITHOUT_VALUE, 0))
    heads = [raw[:length] for raw, length in zip(raws, label_bytes.tolist(), strict=True)]
    keys = [
        _learn(head, cache) if key is None and head else key for head, key in zip(heads, cache.find(heads), strict=True)
    ]

    digits = (tails[:, 12:18] & 0x7F).astype(np.int64)
    at_ms = (digits << np.arange(0, 42, 7)).sum(axis=1)
    doubles: NDArray[np.float64] = np.ascontiguousarray(tails[:, 3:11]).view("<f8")[:, 0]
    values = np.where(full, doubles, 0.0)
    builder.take_columns(keys, heads, _head_text, at_ms, values)
    return [raw for raw, key in zip(raws, keys, strict=True) if key is None] if None in keys else ()


def _learn(head: bytes, cache: SeriesCache) -> bytes | None:
    """The key of a new series, if its labels are good and nothing else is there; what is wrong is told elsewhere."""
    parts, end = _plain_labels(head)
    if end != len(head):
        return None
    try:
        key = series_key(canonical_form(parts, plain_names=True))
    except SeriesRefused:
        return None
    cache.add(head, key)
    return key


def _begins(tails: NDArray[np.uint8], column: int, pattern: bytes) -> NDArray[np.bool_]:
    wanted = np.frombuffer(pattern, np.uint8)
    same: NDArray[np.bool_] = (tails[:, column : column + len(pattern)] == wanted).all(axis=1)
    return same


def _read_series(raw: bytes, builder: BatchBuilder, cache: SeriesCache, derived: DerivedSeries) -> None:
    """Take one series of any shape."""
    check_element_count(raw, MAX_ELEMENTS)
    parts, end = _plain_labels(raw)
    series = parse(_MESSAGES["Series"], raw[end:])
    if series.labels:  # labels behind samples, or labels that are written in another way
        end = 0
        series = parse(_MESSAGES["Series"], raw)
        labels = series.labels[: MAX_LABELS + 1]
        parts = [part for label in labels for part in (label.name, label.value)]
    contents = len(series.samples) + len(series.exemplars) + len(series.histograms)
    builder.spend_elements(contents)
    exemplar_times = [parse(_MESSAGES["Exemplar"], exemplar).at_ms for exemplar in series.exemplars]
    example = dict(zip(parts[::2], parts[1::2], strict=True)).get(NAME_LABEL, b"")
    try:
        form = canonical_form(parts, plain_names=True)
    except SeriesRefused as refusal:
        builder.refuse(str(refusal), max(1, contents), example)
        return
    key = series_key(form)
    if end:
        cache.add(raw[:end], key)
    add_contents(builder, derived, key, form, series, exemplar_times, example)


def _plain_labels(raw: bytes) -> tuple[list[bytes], int]:
    """Names and values, alternating, of the labels at the start, and where they end: as long as each label is written
    as a name and then a value."""
    parts: list[bytes] = []
    position, length = 0, len(raw)
    try:
        while position < length and raw[position] == _LABEL and len(parts) <= 2 * MAX_LABELS:
            size, start = raw[position + 1], position + 2
            if size >= 0x80:
                size, start = read_varint(raw, position + 1)
            stop = start + size
            if stop > length or raw[start] != _NAME:
                break
            size, start = raw[start + 1], start + 2
            if size >= 0x80:
                size, start = read_varint(raw, start - 1)
            middle = start + size
            if middle >= stop or raw[middle] != _VALUE:
                break
            size, after = raw[middle + 1], middle + 2
            if size >= 0x80:
                size, after = read_varint(raw, middle + 1)
            if after + size != stop:
                break
            parts += (raw[start:middle], raw[after:stop])
            position = stop
    except IndexError:  # cut off
        pass
    return parts, position


def _head_text(head: bytes) -> SeriesText:
    """The words of labels that `_learn` found good."""
    return series_text(SEPARATOR.join(_plain_labels(head)[0]))
