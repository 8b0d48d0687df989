"""Identity and state of an alert."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

Status = Literal["firing", "acknowledged", "snoozed", "suppressed", "resolved"]
STATUSES: tuple[Status, ...] = ("firing", "acknowledged", "snoozed", "suppressed", "resolved")

_FNV_OFFSET, _FNV_PRIME, _MASK = 14695981039346656037, 1099511628211, (1 << 64) - 1


def fingerprint(labels: Mapping[str, str]) -> str:
    """Alertmanager's identity of a label set, as 16 hex digits.

    FNV-1a (64 bit) over each name and value in the order of the names, each followed by the byte 0xff
    (prometheus/common, model/signature.go). Labels with an empty value do not count.
    """
    value = _FNV_OFFSET
    for name in sorted(labels):
        if labels[name] == "":
            continue
        for byte in (*name.encode(), 0xFF, *labels[name].encode(), 0xFF):
            value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return f"{value:016x}"


def effective_status(
    *,
    ended_at: datetime | None,
    suppressed: bool,
    snoozed_until: datetime | None,
    acknowledged_at: datetime | None,
    now: datetime,
) -> Status:
    """What a person sees, the first that holds: resolved, suppressed, snoozed, acknowledged, firing."""
    if ended_at is not None:
        return "resolved"
    if suppressed:
        return "suppressed"
    if snoozed_until is not None and snoozed_until > now:
        return "snoozed"
    return "firing" if acknowledged_at is None else "acknowledged"
