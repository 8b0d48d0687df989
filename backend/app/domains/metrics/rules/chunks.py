"""The samples of one series and window as bytes, exact to the last bit of every value.

Layout, little-endian: version, kind, width of times, width of values (one byte each), points (4), first time (8), then
the body. Times are regular (one step) or differences of differences. Values are constant (8 bytes), integers after a
shift of the decimal point (differences; most counters, and gauges of few digits), or bits XORed with the value before.
A body that gains by it is deflated: zstd packs better, but its binding sets up a context of 190 µs for every call,
and there is one call a series here.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.packing import (
    DamagedPayload,
    pack_bits,
    pack_integers,
    unpack_bits,
    unpack_integers,
    width_of,
)

VERSION = 1
MAX_POINTS = 1_000_000
_HEAD = struct.Struct("<BBBBIq")
_INTEGER = struct.Struct("<q")
_REGULAR, _CONSTANT, _SHIFTED, _DEFLATED = 1, 2, 4, 8  # bits of the kind; the upper four bits are the shift
_SHIFTS = 4
_EXACT = float(1 << 53)  # integers up to here are exact as floats
_WORTH_DEFLATING = 96  # bytes


class Points(NamedTuple):
    """Times in Unix milliseconds and values, of equal length, in the order of time."""

    at_ms: NDArray[np.int64]
    values: NDArray[np.float64]


class _Shapes(NamedTuple):
    """What was found out of all pieces at once; one element a piece."""

    step_equal: NDArray[np.bool_]
    constant: NDArray[np.bool_]
    shift: NDArray[np.int8]  # -1: none
    integers: NDArray[np.int64]  # one element a sample; valid where the piece has a shift


def encode_chunks(at_ms: NDArray[np.int64], values: NDArray[np.float64], starts: NDArray[np.int64]) -> list[bytes]:
    """A payload for each piece; piece i reaches from `starts[i]` to before `starts[i + 1]` and is never empty.

    Within a piece times do not go back. The samples of many series are looked at together, because a call of numpy
    costs as much as a hundred samples.
    """
    if not len(starts):
        return []
    bits = np.ascontiguousarray(values, np.float64).view(np.uint64)
    ends = np.append(starts[1:], len(at_ms))
    shapes = _find_shapes(at_ms, values, bits, starts, ends)
    steps = np.diff(at_ms, prepend=at_ms[:1])
    xored = bits.copy()
    xored[1:] ^= bits[:-1]
    chosen = zip(
        starts.tolist(), ends.tolist(), shapes.step_equal.tolist(), shapes.constant.tolist(), shapes.shift.tolist(),
        strict=True,
    )  # fmt: skip
    made = []
    for start, end, regular, constant, shift in chosen:
        time_width, times = _pack_times(steps[start + 1 : end], regular)
        if constant:
            kind, value_width, body = _CONSTANT, 0, bits[start : start + 1].tobytes()
        elif shift >= 0:
            whole = shapes.integers[start:end]
            differences = np.diff(whole)
            value_width = width_of(int(differences.min()), int(differences.max()))
            kind = _SHIFTED | (shift << 4)
            body = _INTEGER.pack(int(whole[0])) + pack_integers(differences, value_width)
        else:
            kind, value_width = 0, 8
            body = bits[start : start + 1].tobytes() + pack_bits(xored[start + 1 : end])
        body = times + body
        if len(body) >= _WORTH_DEFLATING and len(packed := zlib.compress(body, 1)) < len(body):
            body, kind = packed, kind | _DEFLATED
        kind |= _REGULAR if regular else 0
        made.append(_HEAD.pack(VERSION, kind, time_width, value_width, end - start, int(at_ms[start])) + body)
    return made


def decode_chunk(payload: bytes) -> Points:
    """The points of one payload. Raises DamagedPayload."""
    try:
        version, kind, time_width, value_width, count, first_ms = _HEAD.unpack_from(payload)
        if version != VERSION or not 0 < count <= MAX_POINTS:
            raise DamagedPayload(f"a chunk of version {version} with {count} points")
        body = zlib.decompress(payload[_HEAD.size :]) if kind & _DEFLATED else payload[_HEAD.size :]
        at_ms, used = _read_times(body, kind, time_width, count, first_ms)
        values = _read_values(body[used:], kind, value_width, count)
    except (struct.error, zlib.error, ValueError, OverflowError) as failure:
        raise DamagedPayload("a chunk that cannot be read") from failure
    if len(values) != count or len(at_ms) != count:
        raise DamagedPayload("a chunk with points missing")
    return Points(at_ms, values)


def decode_chunks(payloads: Sequence[bytes]) -> tuple[NDArray[np.int64], Points]:
    """How many points each payload has, and all of them one after the other. Raises DamagedPayload."""
    decoded = [decode_chunk(payload) for payload in payloads]
    counts = np.fromiter((len(points.at_ms) for points in decoded), np.int64, len(decoded))
    if not decoded:
        return counts, Points(np.empty(0, np.int64), np.empty(0, np.float64))
    return counts, Points(
        np.concatenate([points.at_ms for points in decoded]), np.concatenate([points.values for points in decoded])
    )


def _find_shapes(
    at_ms: NDArray[np.int64],
    values: NDArray[np.float64],
    bits: NDArray[np.uint64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> _Shapes:
    sizes = ends - starts
    first = np.zeros(len(at_ms), np.bool_)
    first[starts] = True
    same_value = np.ones(len(at_ms), np.bool_)
    same_value[1:] = bits[1:] == bits[:-1]
    constant = np.logical_and.reduceat(same_value | first, starts)
    steps = np.diff(at_ms, prepend=at_ms[:1])
    same_step = np.ones(len(at_ms), np.bool_)
    same_step[1:] = steps[1:] == steps[:-1]
    second = np.zeros(len(at_ms), np.bool_)
    second[starts[sizes > 1] + 1] = True
    regular = np.logical_and.reduceat(same_step | first | second, starts)
    shift = np.full(len(starts), -1, np.int8)
    integers = np.zeros(len(at_ms), np.int64)
    open_pieces = ~constant
    for power in range(_SHIFTS + 1):
        if not open_pieces.any():
            break
        fits, whole = _shifted(values, bits, np.repeat(open_pieces, sizes), power)
        found = np.logical_and.reduceat(fits, starts) & open_pieces
        chosen = np.repeat(found, sizes)
        integers[chosen] = whole[chosen]
        shift[found] = power
        open_pieces &= ~found
    return _Shapes(regular, constant, shift, integers)


def _shifted(
    values: NDArray[np.float64], bits: NDArray[np.uint64], wanted: NDArray[np.bool_], power: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which wanted values are, to the bit, an integer divided by 10 to the power; and these integers."""
    scale = 10.0**power
    fits = np.zeros(len(values), np.bool_)
    whole = np.zeros(len(values), np.int64)
    with np.errstate(all="ignore"):
        shifted = np.rint(values[wanted] * scale)
        exact = np.abs(shifted) < _EXACT  # also false for NaN
        shifted = np.where(exact, shifted, 0.0)
        integers = shifted.astype(np.int64)
        exact &= (integers.astype(np.float64) / scale).view(np.uint64) == bits[wanted]  # -0.0 differs here
    fits[wanted] = exact
    whole[wanted] = integers
    return fits, whole


def _pack_times(steps: NDArray[np.int64], regular: bool) -> tuple[int, bytes]:
    if not len(steps):
        return 0, b""
    first = _INTEGER.pack(int(steps[0]))
    if regular:
        return 0, first
    changes = np.diff(steps)
    width = width_of(int(changes.min()), int(changes.max()))
    return width, first + pack_integers(changes, width)


def _read_times(body: bytes, kind: int, width: int, count: int, first_ms: int) -> tuple[NDArray[np.int64], int]:
    if count == 1:
        return np.array([first_ms], np.int64), 0
    (step,) = _INTEGER.unpack_from(body)
    if kind & _REGULAR:
        return first_ms + step * np.arange(count, dtype=np.int64), _INTEGER.size
    used = _INTEGER.size + width * (count - 2)
    steps = np.empty(count - 1, np.int64)
    steps[0] = step
    steps[1:] = unpack_integers(body[_INTEGER.size : used], width)
    at_ms = np.empty(count, np.int64)
    at_ms[0] = first_ms
    at_ms[1:] = first_ms + np.cumsum(np.cumsum(steps))
    return at_ms, used


def _read_values(body: bytes, kind: int, width: int, count: int) -> NDArray[np.float64]:
    if kind & _CONSTANT:
        return np.repeat(np.frombuffer(body, np.float64, 1), count)
    if kind & _SHIFTED:
        whole = np.empty(count, np.int64)
        (whole[0],) = _INTEGER.unpack_from(body)
        whole[1:] = unpack_integers(body[_INTEGER.size :], width)
        values: NDArray[np.float64] = np.cumsum(whole).astype(np.float64) / 10.0 ** (kind >> 4)
        return values
    bits = np.empty(count, np.uint64)
    bits[0] = np.frombuffer(body, np.uint64, 1)[0]
    bits[1:] = unpack_bits(body[8:])
    return np.bitwise_xor.accumulate(bits).view(np.float64)
