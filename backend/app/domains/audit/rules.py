"""How a row becomes bytes and a chain, and what of a change may be written down."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

GENESIS = bytes(32)
PRUNED = "audit_log.pruned"
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


def head_bytes(
    *,
    organization_id: UUID,
    position: int,
    number: int,
    chain_hash: bytes,
    signed_at: datetime,
    previous_signature: bytes,
) -> bytes:
    """What a head's signature is over: a fixed name, then each value, lengths fixed or given by the value before."""
    instant = signed_at.astimezone(UTC).isoformat(timespec="microseconds").encode()
    return b"".join(
        (
            b"cloudops audit head 1\0",
            organization_id.bytes,
            position.to_bytes(8),
            number.to_bytes(8),
            chain_hash,
            len(instant).to_bytes(1),
            instant,
            hashlib.sha256(previous_signature).digest(),
        )
    )


def pruning_bytes(
    organization_id: UUID, number: int, chain_hash: bytes, retention_days: int, pruned_at: datetime
) -> bytes:
    """What the signature of a removal is over; built like `head_bytes`, with a name of its own."""
    instant = pruned_at.astimezone(UTC).isoformat(timespec="microseconds").encode()
    fixed = organization_id.bytes + number.to_bytes(8) + chain_hash + retention_days.to_bytes(8)
    return b"cloudops audit pruning 1\0" + fixed + len(instant).to_bytes(1) + instant


def csv_cell(value: object) -> str:
    """One quoted cell; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if value is None:
        return '""'
    if isinstance(value, int) and not isinstance(value, bool):
        return f'"{value}"'
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    if text.startswith(("=", "+", "-", "@", "\t", "\r")):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def csv_line(values: Iterable[object]) -> str:
    """One line of RFC 4180."""
    return ",".join(csv_cell(value) for value in values) + "\r\n"


def retry_delay(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 5 s, doubled each time, at most an hour."""
    return timedelta(seconds=min(5 * 2.0 ** min(failures - 1, 20), 3600))


# RFC 5424: facility 13 is "log audit", severity 5 notice and 4 warning.
_NOTICE, _WARNING = 13 * 8 + 5, 13 * 8 + 4
_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")


def syslog_message(event: Mapping[str, Any], host: str) -> bytes:
    """One RFC 5424 message in octet-counting framing (RFC 6587, RFC 5425); the event itself is JSON in UTF-8."""
    priority = _NOTICE if event.get("outcome") == "success" else _WARNING
    header = f"<{priority}>1 {event['at']} {_sd_name(host, 255)} cloudops - {_sd_name(str(event['action']), 32)}"
    data = {"number": event.get("number"), "id": event["id"], "organization": event["organization_id"]}
    quoted = " ".join(f'{name}="{_sd_value(str(value))}"' for name, value in data.items())
    # 32473 is the enterprise number for examples (RFC 5612): structured data of a private kind needs one.
    body = f"{header} [audit@32473 {quoted}] ".encode() + b"\xef\xbb\xbf" + orjson.dumps(event)
    return str(len(body)).encode() + b" " + body


def _sd_name(text: str, length: int) -> str:
    return _NOT_PRINTABLE.sub("_", text)[:length] or "-"


def _sd_value(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
