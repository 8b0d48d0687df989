"""Structured logs: one JSON object (or text line) a record, only fields of a list, token shapes scrubbed.

Code logs through `logging.getLogger(__name__)`; everything, structlog included, ends in the one handler here.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

import orjson
import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars

from app.core.config import Settings
from app.core.logfile import file_handler, terminal_handler
from app.core.scrubbing import escape_control, scrub

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
    """Route structlog and the standard library's logging to standard output, in the settings' format and level.

    Where the settings name a file, all goes there as JSON, and only warnings to the terminal, in words for a person.
    """
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
            _to_text if settings.log_format == "text" and settings.log_file is None else _to_json,
        ],
    )
    handler = logging.StreamHandler(sys.stdout) if settings.log_file is None else file_handler(settings.log_file)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler, *([terminal_handler(settings.log_file)] if settings.log_file is not None else [])]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).setLevel(logging.NOTSET)  # a server in this process may have set its own
        logging.getLogger(name).propagate = name != "uvicorn.access"  # its lines hold query strings; ours do not
    for name in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "asyncio", "s3transfer"):
        logging.getLogger(name).setLevel(logging.WARNING)
