"""Identifiers: UUID version 7 (RFC 9562), made here because PostgreSQL before 18 cannot make them."""

import os
import threading
import time
from uuid import UUID

_RANDOM = (1 << 74) - 1
_lock = threading.Lock()
_last = (0, 0)  # milliseconds and the 74 bits behind them


def new_id() -> UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, then 74 random bits, so that new rows land at the end of an index.

    Ids of one process are in the order they were made, also within a millisecond and when the clock goes back (RFC
    9562, section 6.2, method 2): rows with the same instant keep their order.
    """
    global _last  # the order is of the process
    milliseconds, rest = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10)) & _RANDOM
    with _lock:
        if milliseconds <= _last[0]:
            milliseconds, rest = _last[0], _last[1] + 1 + (rest >> 42)
            if rest > _RANDOM:
                milliseconds, rest = milliseconds + 1, rest & _RANDOM
        _last = milliseconds, rest
    value = milliseconds << 80 | 0x7 << 76 | (rest >> 62) << 64 | 0x2 << 62 | rest & ((1 << 62) - 1)
    return UUID(int=value)
