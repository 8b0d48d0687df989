"""Structured logs: one JSON object (or text line) a record, only fields of a list, token shapes scrubbed.

Code logs through `logging.getLogger(__name__)`; everything, structlog included, ends in the one handler here.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

import orjson
import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars

from app.core.config import Settings

WITHHELD = "(withheld)"
ALLOWED_FIELDS = frozenset(
    {
        "event", "level", "logger", "timestamp", "exception", "error", "reason",
        "request_id", "organization_id", "principal", "session_id", "client",
        "method", "route", "status", "duration_ms", "service", "version", "pid", "port",
        "job_id", "task", "queue", "attempt", "state", "done", "total",
        "account_id", "resource_id", "alert_id", "import_id", "delivery_id", "channel_id", "region", "provider",
        "unit", "count", "size_bytes", "rows", "seconds", "limit_class", "kind",
    }
)  # fmt: skip
MAX_TEXT = 16_384

_NAMED_VALUE = (
    r"([\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization|credential|cookie|private[_-]?key)[\w-]*"
    r"[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}\])]+)"
)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), "[key]"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*"), "[token]"),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{12,}\b"), "[access key]"),
    (re.compile(r"\bcok_[\w-]{6,}"), "[api key]"),
    (re.compile(r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,})"), "[token]"),
    (re.compile(r"\b(?:xox[a-z]-[\w-]{10,}|sk-[\w-]{16,})"), "[token]"),
    (re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}", re.I), r"\1[redacted]"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/]+@", re.I), r"\1:[redacted]@"),
    (re.compile(r"(/ingest/hooks/[^/\s]+/)[^\s/?\"']+"), r"\1[redacted]"),
    (re.compile(r"(\bhttps?://[^\s?\"'<>]+)\?[^\s\"'<>]*", re.I), r"\1?[redacted]"),
    (re.compile(_NAMED_VALUE, re.I), r"\1[redacted]"),
)
# One look decides whether the shapes above need to be tried: most texts hold none of their beginnings.
_SUSPICIOUS = re.compile(
    r"-----BEGIN|eyJ|AKIA|ASIA|AROA|AIDA|ABIA|ACCA|cok_|gh[pousr]_|github_pat_|glpat-|xox|sk-|bearer\s|basic\s|://"
    r"|/ingest/hooks/|passw|secret|token|api[_-]?key|authorization|credential|cookie|private[_-]?key",
    re.I,
)
_OUR_OWN = frozenset(
    {
        "timestamp",
        "level",
        "logger",
        "method",
        "route",
        "status",
        "client",
        "request_id",
        "organization_id",
        "principal",
    }
)
"""Fields that the kernel itself fills with ids and templates: escaped, not scrubbed."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_BREAK = re.compile(r"[\t\n]")


def scrub(text: str) -> str:
    """The text without anything that has the shape of a token, key, password or query string."""
    if _SUSPICIOUS.search(text):
        for pattern, replacement in _SHAPES:
            text = pattern.sub(replacement, text)
    return text


def escape_control(text: str, *, keep_lines: bool = False) -> str:
    """Control, direction and broken characters as `\\xNN`; line breaks too, unless the text is a traceback of ours."""
    if text.isascii() and text.isprintable():
        return text
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return text if keep_lines else _LINE_BREAK.sub(lambda found: "\\t" if found[0] == "\t" else "\\n", text)


def bind_log_context(**fields: str | UUID | None) -> None:
    """Add fields (`request_id`, `organization_id`, `principal`, `job_id`, …) to every record of this task."""
    bind_contextvars(**{name: str(value) for name, value in fields.items() if value is not None})


def clear_log_context() -> None:
    """Forget what `bind_log_context` added; at the start of each request and job."""
    clear_contextvars()


def _clean(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict) and depth < 4:
        return {
            escape_control(str(key)): _clean(item, depth + 1) if key in ALLOWED_FIELDS else WITHHELD
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset) and depth < 4:
        return [_clean(item, depth + 1) for item in list(value)[:100]]
    return escape_control(scrub(str(value)[:MAX_TEXT]))


def _redact(_: Any, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep listed fields, withhold the values of others, clean every text."""
    cleaned: dict[str, Any] = {}
    for name, value in record.items():
        if name.startswith("_"):
            cleaned[name] = value
        elif name in _OUR_OWN and isinstance(value, str):
            cleaned[name] = escape_control(value[:MAX_TEXT])
        elif name == "exception":
            cleaned[name] = escape_control(scrub(str(value)[-MAX_TEXT:]), keep_lines=True)
        else:
            cleaned[name] = _clean(value) if name in ALLOWED_FIELDS else WITHHELD
    return cleaned


def _format_exception(_: Any, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    found = record.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, BaseException):
        found = (type(found), found, found.__traceback__)
    if isinstance(found, tuple) and found[0] is not None:
        record["exception"] = "".join(traceback.format_exception(*found)).rstrip()
    record.pop("stack_info", None)
    return record


def _to_json(_: Any, __: str, record: MutableMapping[str, Any]) -> str:
    return orjson.dumps(dict(record), default=str).decode()


def _to_text(_: Any, __: str, record: MutableMapping[str, Any]) -> str:
    fields = dict(record)
    head = f"{fields.pop('timestamp', '')} {str(fields.pop('level', '')).upper():8}{fields.pop('event', '')}"
    exception = fields.pop("exception", None)
    line = " ".join([head, *(f"{name}={value}" for name, value in fields.items())])
    if exception:
        line += "".join(f"\n  | {part}" for part in str(exception).splitlines())
    return line


def configure_logging(settings: Settings) -> None:
    """Route structlog and the standard library's logging to standard output, in the settings' format and level."""
    shared: list[Any] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _format_exception,
    ]
    structlog.configure(
        processors=[
            *[step for step in shared if not isinstance(step, structlog.stdlib.ExtraAdder)],
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _redact,
            _to_json if settings.log_format == "json" else _to_text,
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"  # its lines hold query strings; ours do not
    for name in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "asyncio", "s3transfer"):
        logging.getLogger(name).setLevel(logging.WARNING)
