"""What both embedded servers need: their errors, the lock of a data directory, and small private files."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot be started or reached; the text says why and what helps."""


class DataDirectoryInUse(EmbeddedServerError):
    """Another running process holds this data directory."""


class DirectoryLock:
    """An exclusive lock on a data directory. The system frees it when the holder ends, even by kill -9."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock at once or raise DataDirectoryInUse."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            who = f" (process {holder})" if holder else ""
            raise DataDirectoryInUse(
                f"Another CloudOps Pro{who} already uses {self._path.parent}. "
                "Stop it first, or give this one another data directory."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would let two processes lock different files."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def is_held(self) -> bool:
        """Whether some process, this one included, holds the lock now."""
        try:
            with self._path.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False


def write_private(path: Path, text: str) -> None:
    """Replace a small file in one step; only its owner may read it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_text(path: Path) -> str | None:
    """The file's text without the line end; None when there is no such file."""
    try:
        return path.read_text().strip() or None
    except FileNotFoundError:
        return None


def read_port(path: Path) -> int | None:
    """The port that the last start used, if it left one."""
    text = read_text(path)
    return int(text) if text and text.isdigit() else None


def password_of(folder: Path) -> str:
    """The server's password: made at the first start and kept in `folder` for the next one."""
    path = folder / "password"
    password = read_text(path)
    if password is None:
        password = secrets.token_urlsafe(32)
        write_private(path, password + "\n")
    return password


def tail(path: Path, *, after: int = 0, characters: int = 1500) -> str:
    """The end of a log, for an error message; nothing from before byte `after`."""
    try:
        with path.open("rb") as file:
            file.seek(after)
            return file.read().decode(errors="replace")[-characters:].strip()
    except OSError:
        return ""
