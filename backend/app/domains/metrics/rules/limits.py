"""Bounds of the intake and of the store, and the times that follow from them."""

from dataclasses import dataclass
from datetime import timedelta

from app.core.keeping import BOUNDS
from app.domains.metrics.rules.batch import TimeBounds

NEWEST_AHEAD = timedelta(minutes=10)
OUT_OF_ORDER = timedelta(hours=2)
"""How far behind the newest sample of its series a sample may come, where the organization chose nothing."""
OUT_OF_ORDER_MOST = timedelta(days=1)
"""The most that may be chosen: what comes so late opens chunks and roll-ups again."""
RAW_KEPT = timedelta(days=14)
ROLLUP_KEPT = {60: timedelta(days=30), 300: timedelta(days=180), 3600: timedelta(days=BOUNDS["metrics"].most)}
"""Seconds of a step: how long its buckets are kept at most; the organization's own choice may be shorter."""
WINDOW = timedelta(hours=2)
WINDOW_MS = 7_200_000
BLOCK_SAMPLES = 500_000
"""The most that one block holds."""

OUT_OF_WINDOW = "a time too far behind the newest of its series"
TOO_MANY_SERIES = "a new series above the organization's limit"


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """What an organization chose. `last_write_wins`: another value for a stored time replaces it and is not refused."""

    last_write_wins: bool = False
    out_of_order: timedelta = OUT_OF_ORDER


def time_bounds(now_ms: int) -> TimeBounds:
    """Which times are taken at all: what would be removed at once is refused."""
    return TimeBounds(
        oldest_ms=now_ms - int(RAW_KEPT.total_seconds() * 1000) + WINDOW_MS,
        newest_ms=now_ms + int(NEWEST_AHEAD.total_seconds() * 1000),
    )
