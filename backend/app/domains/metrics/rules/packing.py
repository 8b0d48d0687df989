"""Integers and floats as few bytes: what blocks and chunks are both made of."""

import numpy as np
from numpy.typing import NDArray

_WIDTHS = ((1, 1 << 7, np.int8), (2, 1 << 15, np.int16), (4, 1 << 31, np.int32))
_TYPES = {width: kind for width, _, kind in _WIDTHS} | {8: np.int64}


class DamagedPayload(Exception):
    """Stored bytes that cannot be read, or that a newer version wrote."""


def width_of(least: int, most: int) -> int:
    """Bytes that an integer of this range takes: 1, 2, 4 or 8."""
    for width, bound, _ in _WIDTHS:
        if -bound <= least and most < bound:
            return width
    return 8


def pack_integers(values: NDArray[np.int64], width: int) -> bytes:
    """The integers in `width` bytes each, equal bytes of all of them together: small ones leave runs of zeros."""
    return _shuffle(values.astype(_TYPES[width]).view(np.uint8), width)


def unpack_integers(packed: bytes, width: int) -> NDArray[np.int64]:
    """What `pack_integers` packed. Raises DamagedPayload."""
    if width not in _TYPES or len(packed) % width:
        raise DamagedPayload("integers of an odd length")
    wide: NDArray[np.int64] = _restore(packed, width).view(_TYPES[width]).astype(np.int64)
    return wide


def pack_bits(values: NDArray[np.uint64]) -> bytes:
    """64 bits each, equal bytes together."""
    return _shuffle(np.ascontiguousarray(values).view(np.uint8), 8)


def unpack_bits(packed: bytes) -> NDArray[np.uint64]:
    """What `pack_bits` packed. Raises DamagedPayload."""
    if len(packed) % 8:
        raise DamagedPayload("values of an odd length")
    return _restore(packed, 8).view(np.uint64)


def _shuffle(raw: NDArray[np.uint8], width: int) -> bytes:
    return raw.tobytes() if width == 1 else raw.reshape(-1, width).T.tobytes()


def _restore(packed: bytes, width: int) -> NDArray[np.uint8]:
    raw = np.frombuffer(packed, np.uint8)
    return raw if width == 1 else np.ascontiguousarray(raw.reshape(width, -1).T).reshape(-1)
