"""The log file of a whole installation: one bounded file that all its processes write, one process turns over.

Each record is one write to a file opened for appending, so the processes' lines do not mix; after a turn-over a writer
notices that the file has another name and opens the new one.
"""

import contextlib
import json
import logging
import logging.handlers
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from app.core.scrubbing import escape_control, scrub

MAX_BYTES = 20 * 1024 * 1024
KEPT = 4  # older files beside the present one
REPEAT_SECONDS = 30.0
_REMEMBERED = 500
_TOLD = "app.core.embedded"  # a server taken over, files kept elsewhere: an operator wants to know


def log_file_of(data_dir: Path) -> Path:
    """Where `cloudops up` lets all its processes write."""
    return data_dir.absolute() / "logs" / "cloudops.log"


def make_log_file(path: Path) -> None:
    """Make the folder and the file, readable by ourselves only; what exists is kept."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


def turn_over(path: Path) -> None:
    """Begin a new file when the present one is large; the oldest goes. One process of an installation calls this."""
    try:
        if path.stat().st_size < MAX_BYTES:
            return
    except FileNotFoundError:
        pass
    else:
        for number in range(KEPT, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
    make_log_file(path)


def file_handler(path: Path) -> logging.Handler:
    """Writes to the file, also after it was turned over. A full disk costs records, never the caller."""
    return _SharedFile(path, encoding="utf-8", delay=True)


def terminal_handler(log_file: Path, level: int = logging.WARNING) -> logging.Handler:
    """Shows a person at the terminal what went wrong, in one line and not again and again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    handler.setFormatter(_Brief(log_file))
    handler.addFilter(_NotAgain())
    return handler


def log_supervisor_to(path: Path) -> None:
    """Logging of the process that supervises: all to the file, what a person should know to the terminal."""
    root = logging.getLogger()
    to_file = file_handler(path)
    to_file.setFormatter(_Json())
    to_terminal = terminal_handler(path, logging.INFO)
    to_terminal.addFilter(lambda record: record.levelno >= logging.WARNING or record.name.startswith(_TOLD))
    root.handlers[:] = [to_file, to_terminal]
    root.setLevel(logging.INFO)


class _SharedFile(logging.handlers.WatchedFileHandler):
    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):  # the folder may be gone
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        """Say nothing: a trace a record would flood the terminal."""


class _Json(logging.Formatter):
    """The fields that every record of the platform has; `core/logs.py` writes the records of requests and jobs."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields)


class _Brief(logging.Formatter):
    def __init__(self, log_file: Path) -> None:
        super().__init__()
        self._log_file = log_file

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        words = escape_control(scrub(_words_of(record)))
        if record.exc_info and record.exc_info[0] is not None:
            words += f" ({record.exc_info[0].__name__}; more in {self._log_file})"
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        return f"{at}  {level}{words}"


def _words_of(record: logging.LogRecord) -> str:
    if isinstance(record.msg, dict):  # from structlog, not rendered yet
        return str(record.msg.get("event", ""))
    return record.getMessage()


def _template_of(record: logging.LogRecord) -> str:
    return _words_of(record) if isinstance(record.msg, dict) else str(record.msg)


class _NotAgain(logging.Filter):
    """Lets a message pass once in 30 s, whatever its values: an outage is one thing to tell, not one a request."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, _template_of(record)[:200])
        now = time.monotonic()
        if now - self._told_at.get(key, float("-inf")) < REPEAT_SECONDS:
            return False
        if len(self._told_at) >= _REMEMBERED:
            self._told_at.clear()
        self._told_at[key] = now
        return True
