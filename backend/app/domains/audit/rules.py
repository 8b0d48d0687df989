"""How a row becomes bytes and a chain, and what of a change may be written down."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

GENESIS = bytes(32)
MASK = "(set)"
MAX_TEXT = 500
MAX_ITEMS = 50
_SECRET_NAME = re.compile(
    r"password|passwd|secret|token|credential|private|api[_-]?key|access[_-]?key|authorization|cookie|otp|seed", re.I
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRecord:
    """An event as it is stored; what the hash is over."""

    organization_id: UUID
    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_kind: str
    action: str
    subject_type: str
    subject_id: str
    client_address: str
    user_agent: str
    request_id: str
    changes: dict[str, Any]
    outcome: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """One link of the chain."""

    number: int
    event_id: UUID
    hash: bytes
    previous_hash: bytes


def canonical(record: AuditRecord) -> bytes:
    """The row as JSON with sorted names and the instant in UTC microseconds: the same bytes on every reading."""
    content = {name: getattr(record, name) for name in AuditRecord.__slots__}
    content["at"] = record.at.astimezone(UTC).isoformat(timespec="microseconds")
    return orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS)  # default: the driver's own UUIDs


def seal(number: int, previous_hash: bytes, record: AuditRecord) -> Seal:
    """The next link: SHA-256 over the previous hash, the number and the row."""
    digest = hashlib.sha256(previous_hash + number.to_bytes(8) + canonical(record)).digest()
    return Seal(number=number, event_id=record.id, hash=digest, previous_hash=previous_hash)


def find_break(expected_number: int, previous_hash: bytes, link: Seal, record: AuditRecord | None) -> str | None:
    """What is wrong with one link, given the one before; None when it holds."""
    if link.number != expected_number:
        return f"number {expected_number} is missing"
    if link.previous_hash != previous_hash:
        return f"number {link.number} does not follow the one before"
    if record is None:
        return f"the event of number {link.number} is missing"
    if seal(link.number, previous_hash, record).hash != link.hash:
        return f"the event of number {link.number} was altered"
    return None


def mask(value: Any, name: str = "", depth: int = 0) -> Any:
    """A value that may be kept: secrets as "(set)", long texts cut, floats as text so that reading changes nothing."""
    if _SECRET_NAME.search(name) and value is not None and not isinstance(value, bool):
        return MASK
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, Mapping) and depth < 5:
        items = list(value.items())[:MAX_ITEMS]
        return {clean(str(key)): mask(item, str(key), depth + 1) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset) and depth < 5:
        return [mask(item, name, depth + 1) for item in list(value)[:MAX_ITEMS]]
    return clean(value.isoformat() if isinstance(value, datetime) else str(value))


def clean(text: str, length: int = MAX_TEXT) -> str:
    """Without control characters and broken ones, at most `length` characters."""
    return _CONTROL.sub("?", text[:length])
