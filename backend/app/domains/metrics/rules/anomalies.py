"""What the detector watches, from when on a point is told, and what people's feedback changes: pure.

A point is told when it is rare enough. Rarity is counted in tenfolds: the shipped 2.2 are shares of 1 in 158. The
organization's sensitivity moves that bar for all series, feedback moves it for one.
"""

import fnmatch
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.domains.metrics.rules.detector import KINDS, REACHED

Kind = Literal["spike", "dip", "level_shift", "trend", "unusual_variance", "flat_line", "gap", "burst"]
Verdict = Literal["expected", "wrong", "useful"]
Sensitivity = Literal["low", "normal", "high"]

KIND_NAMES = tuple(kind.replace(" ", "_") for kind in KINDS)
"""By the detector's number; the first is none."""
STEP_SECONDS = 300
"""Points are means of five minutes: so a series says as much to the detector whether it comes each second or not, and
its figures, which were measured on such points, hold."""
BARS: dict[Sensitivity, float] = {"low": REACHED + 0.4, "normal": REACHED, "high": REACHED - 0.2}
"""High ends where the benchmark's figures still hold: from 2.0 to 2.4 they hardly differ."""
MOST_SERIES = 20_000
MUTED_FOR = timedelta(days=7)
COUNTED_FOR = timedelta(days=90)
RAISED_EACH = 0.2
RAISED_MOST = 5

DEFAULT_NAMES = (
    "*utilization*", "*utilisation*", "node_load5", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes",
    "container_cpu_usage_seconds_total", "container_memory_working_set_bytes", "*freestorage*", "*freeablememory*",
    "*latency*", "*responsetime*", "*response_time*", "*replicalag*", "*queue*depth*", "*queue*length*",
    "*error*", "*5xx*", "*fault*", "*failed*", "*throttl*", "*dropped*",
    "*request*count*", "*requests_total", "*connectioncount*", "*connections*", "*networkin_*", "*networkout_*",
    "*network_receive_bytes_total", "*network_transmit_bytes_total", "*received_bytes_count", "*sent_bytes_count",
)  # fmt: skip
"""How full, how slow, how often wrong, how busy: in the names of clouds, node exporter and OpenTelemetry."""
NEVER_NAMES = ("*_bucket", "*_created", "*_info", "*_maximum", "*_minimum", "*_samplecount")
"""Parts of histograms, and what says the same as the average beside it."""


@dataclass(frozen=True, slots=True)
class DetectorChoice:
    """What an organization chose. `names` are patterns with `*` and `?`, whatever their case."""

    enabled: bool = True
    names: tuple[str, ...] = DEFAULT_NAMES
    linked_only: bool = True
    max_series: int = 2_000
    sensitivity: Sensitivity = "normal"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said of an anomaly of a series, and when."""

    series_id: int
    kind: str
    verdict: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Leaning:
    """What feedback comes to for a series: steps by which its bar is raised, and until when kinds are not told."""

    raised: int = 0
    muted: tuple[tuple[str, datetime], ...] = ()

    def bar(self, sensitivity: Sensitivity) -> float:
        """The rarity, in tenfolds, from which a point is told."""
        return BARS[sensitivity] + RAISED_EACH * self.raised

    def tells(self, kind: str, at_ms: int) -> bool:
        """Whether a kind is told at a time, in Unix milliseconds."""
        return all(kind != muted or at_ms >= until.timestamp() * 1000 for muted, until in self.muted)


def choose_names(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The names that a pattern means, those of earlier patterns first; parts of histograms only where named whole."""
    wanted = [re.compile(fnmatch.translate(pattern.lower())) for pattern in patterns]
    never = [re.compile(fnmatch.translate(pattern)) for pattern in NEVER_NAMES]
    whole = {pattern.lower() for pattern in patterns if "*" not in pattern and "?" not in pattern}
    placed = []
    for name in names:
        lower = name.lower()
        if lower not in whole and any(pattern.match(lower) for pattern in never):
            continue
        place = next((place for place, pattern in enumerate(wanted) if pattern.match(lower)), None)
        if place is not None:
            placed.append((place, name))
    return [name for _, name in sorted(placed)]


def is_counter(name: str, family_type: str) -> bool:
    """Whether a series is watched as its rate: what its sender says, else the endings that Prometheus asks for."""
    if family_type in ("counter", "histogram", "summary"):
        return family_type == "counter" or name.endswith(("_count", "_sum", "_total"))
    return family_type in ("", "unknown") and name.endswith("_total")


def weigh_feedback(given: Collection[Feedback], now: datetime) -> dict[int, Leaning]:
    """By series, from the feedback of the last 90 days.

    `expected` mutes this kind of this series for seven days. Each `wrong` raises the series' bar by one step (its
    points have to be 1.6 times as rare), at most five; each `useful` takes one step back.
    """
    steps: dict[int, int] = {}
    muted: dict[int, dict[str, datetime]] = {}
    for one in sorted(given, key=lambda one: one.at):
        if one.at <= now - COUNTED_FOR:
            continue
        held = muted.setdefault(one.series_id, {})
        if one.verdict == "expected":
            held[one.kind] = one.at + MUTED_FOR
            continue
        change = 1 if one.verdict == "wrong" else -1
        steps[one.series_id] = min(RAISED_MOST, max(0, steps.get(one.series_id, 0) + change))
        if one.verdict == "useful":
            held.pop(one.kind, None)
    return {
        series: Leaning(steps.get(series, 0), tuple(sorted((kind, at) for kind, at in held.items() if at > now)))
        for series, held in muted.items()
    }
