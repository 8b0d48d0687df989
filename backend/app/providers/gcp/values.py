"""Instants and labels from the several forms in which Google's services write them."""

from datetime import UTC, datetime
from sys import intern
from typing import Any

from app.providers.gcp.paths import find

_LABELS = ("labels", "userLabels", "resourceLabels", "settings.userLabels", "metadata.labels", "instanceLabels")
_CREATED = ("creationTimestamp", "createTime", "timeCreated", "creationTime", "metadata.creationTimestamp", "createdAt")
_STATES = ("status", "state", "lifecycleState", "status.state", "status.phase")


def parse_instant(value: Any) -> datetime | None:
    """From RFC 3339 text (nanoseconds are cut), or milliseconds since 1970 as a number or text; None for others."""
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if abs(number) > 1e11 else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def labels_of(data: dict[str, Any], path: str = "") -> dict[str, str]:
    """Labels as tags; values that are no text are written out."""
    for candidate in (path,) if path else _LABELS:
        value = find(data, candidate)
        if isinstance(value, dict):
            # A few values on very many resources: one text for all of them, while they wait to be stored.
            return {str(key): "" if text is None else intern(str(text)) for key, text in value.items()}
        if isinstance(value, list):  # some older services give pairs
            pairs = [entry for entry in value if isinstance(entry, dict) and "key" in entry]
            return {str(entry["key"]): str(entry.get("value", "")) for entry in pairs}
    return {}


def created_of(data: dict[str, Any], path: str = "") -> datetime | None:
    """When the resource was made, as far as its data say."""
    for candidate in (path,) if path else _CREATED:
        value = find(data, candidate)
        if value is not None:
            return parse_instant(value)
    return None


def status_of(data: dict[str, Any], path: str = "") -> str | None:
    """The state in the service's own words, also words that are new to us."""
    for candidate in (path,) if path else _STATES:
        value = find(data, candidate)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, bool):
            return "ENABLED" if value else "DISABLED"
    return None
