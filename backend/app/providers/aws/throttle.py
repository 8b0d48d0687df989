"""One token bucket per (account, region, service): AWS counts calls exactly there."""

import threading
import time
from collections.abc import Callable

_FLOOR_PER_SECOND = 0.5
_GROWTH_PER_SECOND = 0.02  # of the opening rate: about a minute from half to whole
_HALVINGS_APART_SECONDS = 1.0


class TokenBucket:
    """Calls per second, with a burst. Halved when the vendor throttles, grown back slowly while it does not."""

    def __init__(
        self,
        rate: float,
        burst: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ceiling, self._burst, self._clock, self._sleep = rate, burst, clock, sleep
        self._lock = threading.Lock()
        self._rate, self._tokens = rate, float(burst)
        self._filled_at = clock()
        self._halved_at = float("-inf")

    @property
    def rate(self) -> float:
        """Calls per second now."""
        return self._rate

    def acquire(self, deadline: float) -> bool:
        """Wait for a call's turn. False, with none taken, when it would come after `deadline` (of the clock)."""
        with self._lock:
            now = self._refill()
            wait_seconds = max(0.0, (1 - self._tokens) / self._rate)
            if now + wait_seconds > deadline:
                return False
            self._tokens -= 1  # below zero: callers queue by the length of the debt
        if wait_seconds:
            self._sleep(wait_seconds)
        return True

    def slow_down(self) -> None:
        """The vendor throttled. Several refusals of one moment count once."""
        with self._lock:
            now = self._refill()
            if now - self._halved_at < _HALVINGS_APART_SECONDS:
                return
            self._halved_at = now
            self._rate = max(_FLOOR_PER_SECOND, self._rate / 2)
            self._tokens = min(self._tokens, 0.0)

    def _refill(self) -> float:
        now = self._clock()
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = now
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._rate = min(self._ceiling, self._rate + elapsed * self._ceiling * _GROWTH_PER_SECOND)
        return now


class Throttles:
    """The buckets of a process. Connections to one account share them, as AWS counts them together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def bucket(self, account: str, region: str, service: str, *, rate: float, burst: float) -> TokenBucket:
        """The bucket of one account, region and service, made at first use."""
        key = (account, region, service)
        with self._lock:
            bucket = self._buckets.get(key)
            if bucket is None:
                bucket = self._buckets[key] = TokenBucket(rate, burst)
            return bucket

    def rate(self, account: str, region: str, service: str) -> float | None:
        """Calls per second of a bucket; None where there is none yet."""
        with self._lock:
            bucket = self._buckets.get((account, region, service))
        return None if bucket is None else bucket.rate
