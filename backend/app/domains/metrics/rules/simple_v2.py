"""Finds in a Remote-Write 2.0 request the series with one sample, and decodes their references and samples at once.

Such a series is, byte for byte: 0a length references, 12 length [09 value(8)] 10 time(6) [18 start(6)], and perhaps
2a length metadata. Everything that is written in another way is left to the parser.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.series import MAX_LABELS

_PADDING = bytes(64)  # so that looking past the end of a short series stays inside the array
_LONGEST_REFERENCE = 3  # bytes; two million symbols, more than a request may have

_Ints = NDArray[np.int64]
_Flags = NDArray[np.bool_]


class SimpleSeries(NamedTuple):
    """The series found, in columns. Series i has the references `refs[ref_ends[i-1]:ref_ends[i]]`, all good."""

    places: _Ints  # where they stand in the request
    refs: _Ints
    ref_ends: _Ints
    at_ms: _Ints
    values: NDArray[np.float64]
    metadata: list[bytes]


class _Layout(NamedTuple):
    """Positions in the joined content, an element a series. Meaningless where `good` is not."""

    good: _Flags
    ref_start: _Ints
    ref_stop: _Ints
    has_value: _Flags
    time: _Ints
    metadata: _Ints


def find_simple(raws: list[bytes], good_symbols: _Flags) -> SimpleSeries | None:
    """The series that are simple, and refer to good symbols only; None if there are none."""
    if not raws or not len(good_symbols):
        return None
    content = np.frombuffer(b"".join((*raws, _PADDING)), np.uint8)
    lengths = np.fromiter(map(len, raws), np.int64, len(raws))
    layout = _lay_out(content, lengths)
    found = _references(content, layout, good_symbols)
    if found is None:
        return None
    places, refs, ref_ends = found
    time = layout.time[places]
    digits = (content[time[:, None] + np.arange(6)] & 0x7F).astype(np.int64)
    numbers: NDArray[np.float64] = content[(time - 9)[:, None] + np.arange(8)].view("<f8")[:, 0]
    starts = np.cumsum(lengths) - lengths
    cuts = (layout.metadata - starts)[places].tolist()
    return SimpleSeries(
        places=places,
        refs=refs,
        ref_ends=ref_ends,
        at_ms=(digits << np.arange(0, 42, 7)).sum(axis=1),
        values=np.where(layout.has_value[places], numbers, 0.0),
        metadata=[raws[place][cut:] for place, cut in zip(places.tolist(), cuts, strict=True)],
    )


def _lay_out(content: NDArray[np.uint8], lengths: _Ints) -> _Layout:
    ends = np.cumsum(lengths)
    starts = ends - lengths
    ref_length, ref_start, good = _length_at(content, starts + 1)
    ref_stop = np.minimum(ref_start + ref_length, ends)
    good &= (content[starts] == 0x0A) & (ref_length > 0) & (content[ref_stop - 1] < 0x80)

    sample_length = content[ref_stop + 1].astype(np.int64)
    has_value: _Flags = content[ref_stop + 2] == 0x09
    time_tag = ref_stop + 2 + 9 * has_value
    good &= (content[ref_stop] == 0x12) & (content[time_tag] == 0x10) & _is_time(content, time_tag + 1)
    plain_length = 7 + 9 * has_value
    start_tag = time_tag + 7
    has_start = (content[start_tag] == 0x18) & _is_time(content, start_tag + 1)
    good &= (sample_length == plain_length) | (has_start & (sample_length == plain_length + 7))

    metadata_tag = np.minimum(ref_stop + 2 + sample_length, ends)
    metadata_length, metadata, good_length = _length_at(content, metadata_tag + 1)
    ends_here = ref_stop + 2 + sample_length == ends
    good &= ends_here | ((content[metadata_tag] == 0x2A) & good_length & (metadata + metadata_length == ends))
    return _Layout(good, ref_start, ref_stop, has_value, time_tag + 1, np.where(ends_here, ends, metadata))


def _length_at(content: NDArray[np.uint8], position: _Ints) -> tuple[_Ints, _Ints, _Flags]:
    """Lengths of one or two bytes, where what they measure begins, and whether they are such."""
    first, second = content[position].astype(np.int64), content[position + 1].astype(np.int64)
    is_short = first < 0x80
    length = np.where(is_short, first, (first & 0x7F) | (second << 7))
    return length, position + np.where(is_short, 1, 2), is_short | (second < 0x80)


def _is_time(content: NDArray[np.uint8], position: _Ints) -> _Flags:
    digits = content[position[:, None] + np.arange(6)]
    good: _Flags = (digits[:, :5] >= 0x80).all(axis=1) & (digits[:, 5] < 0x80)
    return good


def _references(content: NDArray[np.uint8], layout: _Layout, good_symbols: _Flags) -> tuple[_Ints, _Ints, _Ints] | None:
    """Places, references and ends of references of the simple series; None if there are none."""
    places = np.flatnonzero(layout.good)
    if not len(places):
        return None
    start, length = layout.ref_start[places], (layout.ref_stop - layout.ref_start)[places]
    chunk_ends = np.cumsum(length)
    packed = content[np.repeat(start - (chunk_ends - length), length) + np.arange(chunk_ends[-1])]
    is_last = packed < 0x80
    last = np.flatnonzero(is_last)
    size = np.diff(last, prepend=-1)
    if size.max() > _LONGEST_REFERENCE:
        return None
    first = last - size + 1
    refs = (packed[first] & 0x7F).astype(np.int64)
    for number in range(1, _LONGEST_REFERENCE):
        longer = size > number
        refs[longer] |= (packed[first[longer] + number] & 0x7F).astype(np.int64) << (7 * number)
    ref_ends = np.cumsum(is_last)[chunk_ends - 1]

    counts = np.diff(ref_ends, prepend=0)
    is_bad = (refs >= len(good_symbols)) | ~good_symbols[np.minimum(refs, len(good_symbols) - 1)]
    good = (counts % 2 == 0) & (counts <= 2 * MAX_LABELS) & (np.add.reduceat(is_bad, ref_ends - counts) == 0)
    if not good.all():
        places, refs, ref_ends = places[good], refs[np.repeat(good, counts)], np.cumsum(counts[good])
    return (places, refs, ref_ends) if len(places) else None
