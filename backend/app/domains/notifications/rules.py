"""Which channels a notification goes to, and what an SMTP answer means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITY_ORDER: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
DELIVERY_ATTEMPTS = 6


@dataclass(frozen=True, kw_only=True)
class RouteMatch:
    """What a route asks for: a minimum severity, kinds (empty: all), and equal labels."""

    minimum_severity: Severity
    kinds: Sequence[str]
    labels: Mapping[str, str]


def matches(route: RouteMatch, *, severity: str, kind: str, labels: Mapping[str, Any]) -> bool:
    """Whether a notification takes the route. An unknown severity counts as the lowest; a missing label as empty."""
    rank = SEVERITY_ORDER.index(severity) if severity in SEVERITY_ORDER else len(SEVERITY_ORDER) - 1
    if rank > SEVERITY_ORDER.index(route.minimum_severity):
        return False
    if route.kinds and kind not in route.kinds:
        return False
    return all(str(labels.get(name, "")) == value for name, value in route.labels.items())


def retry_delay(attempt: int) -> timedelta:
    """The pause after the given failed attempt (1, 2, …): 10 s, doubling, at most 15 minutes."""
    return timedelta(seconds=min(10 * 2 ** (attempt - 1), 900))
