"""How fast we ask: Resource Graph's quota per caller as its headers tell it, a bucket per subscription for reads."""

import threading
import time
from collections.abc import Callable

QUERIES, WINDOW_SECONDS = 15, 5.0  # "Guidance for throttled requests in Azure Resource Graph", Microsoft Learn
# The vendor refills 25 a second per subscription and caller, 250 deep; the caller is ours alone.
_READS_PER_SECOND, _READ_BURST = 22.0, 220.0
_FLOOR_PER_SECOND = 0.5


class QueryQuota:
    """Queries left in the running window. What the headers say counts; without headers 15 in five seconds."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._limit = QUERIES
        self._left, self._resets_at = QUERIES, clock() + WINDOW_SECONDS
        self._in_flight = 0

    def acquire(self, deadline: float) -> bool:
        """Wait for a query's turn. False when it would come after `deadline` (of the clock)."""
        while True:
            with self._lock:
                now = self._clock()
                if now >= self._resets_at:
                    self._left, self._resets_at = max(1, self._limit - self._in_flight), now + WINDOW_SECONDS
                if self._left > 0:
                    self._left -= 1
                    self._in_flight += 1
                    return True
                wait_seconds = self._resets_at - now
            if now + wait_seconds > deadline:
                return False
            self._sleep(max(0.01, wait_seconds))

    def observe(self, remaining: int | None, resets_after_seconds: float | None) -> None:
        """An answer came, with what its headers say of the quota."""
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)
            if remaining is None:
                return
            self._left = max(0, remaining - self._in_flight)
            self._limit = max(self._limit, remaining)
            if resets_after_seconds is not None:
                self._resets_at = self._clock() + resets_after_seconds

    def refused(self, retry_after_seconds: float | None) -> None:
        """The service throttled: nothing until it says, and half of the pace after that."""
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)
            now = self._clock()
            self._left = 0
            self._limit = max(1, min(self._limit, QUERIES * 2) // 2)
            pause = WINDOW_SECONDS if retry_after_seconds is None else retry_after_seconds
            self._resets_at = max(self._resets_at if self._resets_at < now + pause else 0.0, now + pause)


class ReadBucket:
    """Reads per second of one subscription. Halved when throttled, grown back slowly."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self.rate, self._tokens, self._filled_at = _READS_PER_SECOND, _READ_BURST, clock()

    def acquire(self, deadline: float) -> bool:
        """Wait for a read's turn. False, with none taken, when it would come after `deadline`."""
        with self._lock:
            now = self._refill()
            wait_seconds = max(0.0, (1 - self._tokens) / self.rate)
            if now + wait_seconds > deadline:
                return False
            self._tokens -= 1
        if wait_seconds:
            self._sleep(wait_seconds)
        return True

    def refused(self, retry_after_seconds: float | None) -> None:
        """The service throttled."""
        with self._lock:
            self._refill()
            self.rate = max(_FLOOR_PER_SECOND, self.rate / 2)
            self._tokens = min(0.0, self._tokens) - self.rate * (retry_after_seconds or 0.0)

    def _refill(self) -> float:
        now = self._clock()
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = now
        self._tokens = min(_READ_BURST, self._tokens + elapsed * self.rate)
        self.rate = min(_READS_PER_SECOND, self.rate + elapsed * _READS_PER_SECOND * 0.02)
        return now


class Throttles:
    """Quotas and buckets of a process, by caller: connections that sign in alike share them, as Azure counts them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._quotas: dict[str, QueryQuota] = {}
        self._buckets: dict[tuple[str, str], ReadBucket] = {}

    def quota(self, caller: str) -> QueryQuota:
        """The caller's quota of Resource Graph."""
        with self._lock:
            return self._quotas.setdefault(caller, QueryQuota())

    def bucket(self, caller: str, subscription: str) -> ReadBucket:
        """The caller's bucket in one subscription; empty for reads above all of them."""
        with self._lock:
            return self._buckets.setdefault((caller, subscription), ReadBucket())
