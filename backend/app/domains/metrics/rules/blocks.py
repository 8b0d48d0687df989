"""The samples of requests that were committed together, as bytes: columns of series, times and values.

Layout, little-endian: version, width of series, width of times (one byte each), a byte of nothing, samples (4), first
series (8), first time (8), then, in zstd: differences of series, differences of times, bits of the values.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam
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
_HEAD = struct.Struct("<BBBxIqq")


@dataclass(frozen=True, slots=True)
class Samples:
    """Columns of equal length: the store's ids of series, Unix milliseconds, values."""

    series: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.series)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Samples":
        """Those samples, by a mask or by positions."""
        return Samples(self.series[chosen], self.at_ms[chosen], self.values[chosen])

    @staticmethod
    def join(parts: Sequence["Samples"]) -> "Samples":
        """All of them, one after the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Samples(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
        return Samples(
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.at_ms for part in parts]),
            np.concatenate([part.values for part in parts]),
        )


def encode_block(samples: Samples) -> bytes:
    """The payload of at least one sample, in the order given."""
    series, at_ms = np.diff(samples.series), np.diff(samples.at_ms)
    series_width = width_of(int(series.min()), int(series.max())) if len(series) else 1
    time_width = width_of(int(at_ms.min()), int(at_ms.max())) if len(at_ms) else 1
    head = _HEAD.pack(VERSION, series_width, time_width, len(samples), int(samples.series[0]), int(samples.at_ms[0]))
    bits = np.ascontiguousarray(samples.values, np.float64).view(np.uint64)
    body = pack_integers(series, series_width) + pack_integers(at_ms, time_width) + pack_bits(bits)
    return head + bytes(cramjam.zstd.compress(body, level=1))


def decode_block(payload: bytes) -> Samples:
    """The samples of a payload. Raises DamagedPayload."""
    try:
        version, series_width, time_width, count, first_series, first_ms = _HEAD.unpack_from(payload)
        if version != VERSION or not count:
            raise DamagedPayload(f"a block of version {version}")
        body = bytes(cramjam.zstd.decompress(payload[_HEAD.size :]))
    except (struct.error, cramjam.DecompressionError) as failure:
        raise DamagedPayload("a block that cannot be read") from failure
    middle = series_width * (count - 1)
    end = middle + time_width * (count - 1)
    if len(body) != end + 8 * count:
        raise DamagedPayload("a block with samples missing")
    return Samples(
        _sums(first_series, unpack_integers(body[:middle], series_width)),
        _sums(first_ms, unpack_integers(body[middle:end], time_width)),
        unpack_bits(body[end:]).view(np.float64),
    )


def latest_of_each(samples: Samples) -> Samples:
    """By series and time; of samples with the same series and time the one that stands last in `samples`."""
    order = np.lexsort((samples.at_ms, samples.series))  # stable: equal ones keep their order
    ordered = samples.take(order)
    if len(ordered) < 2:
        return ordered
    last = np.ones(len(ordered), np.bool_)
    last[:-1] = (ordered.series[1:] != ordered.series[:-1]) | (ordered.at_ms[1:] != ordered.at_ms[:-1])
    return ordered if last.all() else ordered.take(last)


def _sums(first: int, differences: NDArray[np.int64]) -> NDArray[np.int64]:
    made = np.empty(len(differences) + 1, np.int64)
    made[0] = first
    np.cumsum(differences, out=made[1:])
    made[1:] += first
    return made
