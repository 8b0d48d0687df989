"""Turning what the SDK hands out into plain JSON, and reading tags and instants from it."""

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

REDACTED = "(redacted)"

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|(?<![a-z])pwd|secret|token|api[_-]?key|private[_-]?key|credential", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{36,}|"
    r"\bxox[abp]-[A-Za-z0-9-]{10,}|://[^/\s:@]+:[^/\s:@]+@"
)
_REFERENCE = re.compile(r"^(arn:|\$\{|\{\{resolve:|/?[\w.-]+(/[\w.-]+)+$|true$|false$|\d{1,5}$)", re.IGNORECASE)


def plain(value: Any) -> Any:
    """A deep copy as plain JSON: instants as ISO 8601 UTC, bytes as base64."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return to_utc(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, int | str) else str(value)


def to_utc(moment: datetime) -> datetime:
    """The instant in UTC; one without a zone is taken as UTC, as the vendor documents."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_instant(value: Any) -> datetime | None:
    """From a datetime, ISO text, or an epoch in seconds or milliseconds (also as text); None for anything else."""
    try:
        if isinstance(value, datetime):
            return to_utc(value)
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            return to_utc(datetime.fromisoformat(value))
        if isinstance(value, str | int | float):
            seconds = float(value)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def parse_json(value: Any) -> Any:
    """The document in a JSON text; other values, and text that is no JSON, as they are."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def read_tags(value: Any) -> dict[str, str]:
    """From `[{Key, Value}]`, `[{key, value}]`, `[{TagKey, TagValue}]` or a mapping."""
    if isinstance(value, Mapping):
        return {str(key): "" if text is None else str(text) for key, text in value.items()}
    tags: dict[str, str] = {}
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, Mapping):
            for key, text in (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue")):
                if key in entry:
                    tags[str(entry[key])] = "" if entry.get(text) is None else str(entry[text])
    return tags


def is_secret_like(name: str, value: Any) -> bool:
    """Whether an environment variable looks like a credential in plain text, by its value or by a telling name."""
    if not isinstance(value, str) or not value or value == REDACTED:
        return False
    if _SECRET_VALUE.search(value):
        return True
    return bool(_SECRET_NAME.search(name)) and len(value) >= 6 and not _REFERENCE.match(value)
