"""One token bucket per caller and kind of call: Google counts calls per minute of the project that pays the quota."""

import threading
import time
from collections.abc import Callable

_FLOOR_PER_SECOND = 0.05
_GROWTH_PER_SECOND = 0.02  # of the opening rate: about a minute from half to whole
_HALVINGS_APART_SECONDS = 1.0


class TokenBucket:
    """Calls per second, with a burst. Halved and held when Google throttles, grown back slowly while it does not."""

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
        self._halved_at = self._held_until = float("-inf")

    @property
    def rate(self) -> float:
        """Calls per second now."""
        return self._rate

    def acquire(self, deadline: float) -> bool:
        """Wait for a call's turn. False, with none taken, when it would come after `deadline` (of the clock)."""
        with self._lock:
            now = self._refill()
            wait_seconds = max(0.0, (1 - self._tokens) / self._rate, self._held_until - now)
            if now + wait_seconds > deadline:
                return False
            self._tokens -= 1  # below zero: callers queue by the length of the debt
        if wait_seconds:
            self._sleep(wait_seconds)
        return True

    def slow_down(self, retry_after: float) -> None:
        """Google throttled: nobody calls for so many seconds. Several refusals of one moment count once."""
        with self._lock:
            now = self._refill()
            self._held_until = max(self._held_until, now + retry_after)
            if now - self._halved_at < _HALVINGS_APART_SECONDS:
                return
            self._halved_at = now
            self._rate = max(_FLOOR_PER_SECOND, self._rate / 2)
            self._tokens = min(self._tokens, 1.0)

    def _refill(self) -> float:
        now = self._clock()
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = now
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._rate = min(self._ceiling, self._rate + elapsed * self._ceiling * _GROWTH_PER_SECOND)
        return now


class Throttles:
    """The buckets of a process. Connections with one identity share them, as Google counts them together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], TokenBucket] = {}

    def bucket(self, caller: str, kind: str, *, per_minute: float, burst: float) -> TokenBucket:
        """The bucket of one caller and kind of call, made at first use."""
        with self._lock:
            bucket = self._buckets.get((caller, kind))
            if bucket is None:
                bucket = self._buckets[caller, kind] = TokenBucket(per_minute / 60, burst)
            return bucket
