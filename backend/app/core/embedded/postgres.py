"""An embedded PostgreSQL: own data directory, passwords only, loopback only, never as root.

It outlives a killed parent on purpose (a database wants a clean shutdown); the next start takes it over.
"""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from app.core.embedded.common import (
    DirectoryLock,
    EmbeddedServerError,
    password_of,
    read_port,
    read_text,
    tail,
    write_private,
)
from app.core.embedded.place import Place, find_place, packaged_programs
from app.core.processes import free_port, is_alive, make_folder

logger = logging.getLogger(__name__)

SUPERUSER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 5  # then without the last checkpoint: safe, the next start replays the log
POLL_SECONDS = 0.01
MAX_SOCKET_PATH = 100  # bytes; the system's limit is 107 and the socket's own name needs some
MAX_LOG_BYTES = 20 * 1024 * 1024
SERVER_SETTINGS = {
    "max_connections": "200",
    "autovacuum_naptime": "5s",  # a first sync makes 100,000 rows at once; without statistics filters are slow
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
DISPOSABLE_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Postmaster:
    """What a running server wrote into its pid file."""

    pid: int
    port: int
    state: str


class EmbeddedPostgres:
    """A PostgreSQL of our own for one data directory; a context manager, or `start()` and `stop()`.

    `disposable` is for tests: no durability, and everything is removed at the stop.
    Raises EmbeddedServerError, DataDirectoryInUse when another process holds the directory.
    """

    def __init__(self, data_dir: Path, *, port: int | None = None, disposable: bool = False) -> None:
        self._data_dir = data_dir.absolute()
        self._wanted_port = port
        self._disposable = disposable
        self._lock = DirectoryLock(self._data_dir / "lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._postmaster: Postmaster | None = None
        self._place: Place | None = None
        self._password = ""
        self._log_start = 0  # bytes of log before the last launch

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; kept from start to start while it is free."""
        if self._postmaster is None:
            raise EmbeddedServerError("The embedded PostgreSQL is not started.")
        return self._postmaster.port

    @property
    def superuser_url(self) -> str:
        """Address of the superuser's database. Contains the password."""
        return f"postgresql://{SUPERUSER}:{quote(self._password)}@127.0.0.1:{self.port}/postgres"

    @property
    def is_running(self) -> bool:
        """Whether the server still lives."""
        if self._process is not None:
            return self._process.poll() is None
        return self._postmaster is not None and is_alive(self._postmaster.pid)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start the server, or take over the one that a killed predecessor left running here."""
        make_folder(self._data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        self._lock.acquire()
        try:
            self._place = place = find_place(self._data_dir)
            self._make_cluster(place)
            self._password = password_of(self._data_dir)
            self._postmaster = self._take_over(place) or self._launch(place)
            write_private(self._data_dir / "port", f"{self._postmaster.port}\n")
        except BaseException:
            self._lock.release()
            raise
        return self

    def stop(self) -> None:
        """Shut down fast: clients are cut, everything committed is on disk. Safe to repeat."""
        if self._postmaster is not None:
            self._end(self._postmaster.pid)
            self._postmaster, self._process = None, None
        if self._disposable and self._place is not None:
            shutil.rmtree(self._place.home, ignore_errors=True)
            shutil.rmtree(self._data_dir, ignore_errors=True)
        self._place = None
        self._lock.release()

    def restart(self) -> None:
        """Start a server that has died again, on the same port; it recovers what was committed."""
        if self._place is None or self._postmaster is None:
            raise EmbeddedServerError("The embedded PostgreSQL is not started.")
        self._process = None
        self._postmaster = self._launch(self._place, self._postmaster.port)

    @staticmethod
    def running_url(data_dir: Path) -> str | None:
        """The superuser's address of a server that another process runs on this directory now, or None."""
        password, port = read_text(data_dir / "password"), read_port(data_dir / "port")
        if password is None or port is None or not DirectoryLock(data_dir / "lock").is_held():
            return None
        return f"postgresql://{SUPERUSER}:{quote(password)}@127.0.0.1:{port}/postgres"

    def _options(self, place: Place) -> dict[str, Any]:
        options: dict[str, Any] = {
            "cwd": "/",
            "stdin": subprocess.DEVNULL,
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        }
        return options | (place.account.popen_options() if place.account else {})

    def _make_cluster(self, place: Place) -> None:
        """initdb into a folder aside, renamed when whole, so that a kill in between leaves nothing half-made."""
        if place.cluster.exists():
            self._check_version(place)
            if not (self._data_dir / "password").exists():
                raise EmbeddedServerError(
                    f"{self._data_dir / 'password'} is missing, so nobody can sign in to the database beside it. "
                    "Put the file back, or restore a backup into an empty data directory."
                )
            return
        (self._data_dir / "password").unlink(missing_ok=True)
        password = password_of(self._data_dir)
        new = place.run / "cluster.new"
        shutil.rmtree(new, ignore_errors=True)
        password_file = place.run / "initial-password"
        write_private(password_file, password + "\n")
        if place.account is not None:
            os.chown(password_file, place.account.uid, place.account.gid)
        try:
            result = subprocess.run(
                [
                    str(place.programs / "initdb"),
                    f"--pgdata={new}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-instructions",
                    *(["--no-sync"] if self._disposable else []),
                ],
                capture_output=True,
                text=True,
                check=False,
                **self._options(place),
            )
        finally:
            password_file.unlink(missing_ok=True)
        if result.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise EmbeddedServerError(f"The database cannot be made in {place.home}: {result.stderr.strip()[-1500:]}")
        new.rename(place.cluster)

    def _check_version(self, place: Place) -> None:
        here = read_text(place.cluster / "PG_VERSION")
        programs = subprocess.run(
            [str(place.programs / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        if here != programs.partition(".")[0]:
            raise EmbeddedServerError(
                f"{place.cluster} was made by PostgreSQL {here} and this release has {programs}. "
                "Make a backup with the former release and restore it with this one."
            )

    def _take_over(self, place: Place) -> Postmaster | None:
        """The server that already runs on this cluster, once it is ready and accepts our password; else None."""
        pid_file = place.cluster / "postmaster.pid"
        deadline = time.monotonic() + START_SECONDS
        while (found := _read_postmaster(pid_file)) is not None and is_alive(found.pid):
            if not _works_in(found.pid, place.cluster):
                # The id now belongs to something else, and PostgreSQL would refuse to start because of it.
                pid_file.unlink(missing_ok=True)
                return None
            if found.state == "ready":
                break
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The PostgreSQL of {place.cluster} (process {found.pid}) does not get ready."
                )
            time.sleep(POLL_SECONDS)
        if found is None or not is_alive(found.pid):
            return None  # a pid file left by a dead server: the start itself checks and replaces it
        self._check_login(found, place)
        if self._wanted_port not in (None, found.port):
            self._end(found.pid)
            return None
        logger.info("Took over the PostgreSQL that was still running as process %d.", found.pid)
        return found

    def _check_login(self, found: Postmaster, place: Place) -> None:
        result = subprocess.run(
            [
                *(str(packaged_programs() / "psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--no-password"),
                f"--dbname=host=127.0.0.1 port={found.port} user={SUPERUSER} dbname=postgres connect_timeout=10",
                "--command=SHOW data_directory",
            ],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.defpath, "PGPASSWORD": self._password},
        )
        if result.returncode != 0 or Path(result.stdout.strip()) != place.cluster:
            raise EmbeddedServerError(
                f"A PostgreSQL (process {found.pid}) runs on {place.cluster} but does not accept our password: "
                f"{result.stderr.strip()[-300:]} Stop that process and start again."
            )

    def _launch(self, place: Place, fixed_port: int | None = None) -> Postmaster:
        port = fixed_port or self._wanted_port or free_port(read_port(self._data_dir / "port"))
        deadline = time.monotonic() + START_SECONDS
        while True:
            started = self._try_launch(place, port, deadline)
            if started is not None:
                return started
            problem = tail(place.run / "server.log", after=self._log_start)
            if "Address already in use" in problem and not (fixed_port or self._wanted_port):
                port = free_port()
            elif "pre-existing shared memory block" in problem:
                time.sleep(0.2)  # children of a killed server are still ending
            else:
                raise EmbeddedServerError(f"The embedded PostgreSQL does not start: {problem}")
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"The embedded PostgreSQL does not start: {problem}")

    def _try_launch(self, place: Place, port: int, deadline: float) -> Postmaster | None:
        log_path = place.run / "server.log"
        if log_path.exists() and log_path.stat().st_size > MAX_LOG_BYTES:
            log_path.replace(log_path.with_suffix(".log.old"))
        socket_dir = str(place.run) if len(os.fsencode(place.run)) <= MAX_SOCKET_PATH else ""
        settings = SERVER_SETTINGS | (DISPOSABLE_SETTINGS if self._disposable else {})
        command = [str(place.programs / "postgres"), "-D", str(place.cluster), "-h", "127.0.0.1", "-p", str(port)]
        command += ["-k", socket_dir, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]
        self._log_start = log_path.stat().st_size if log_path.exists() else 0
        with log_path.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **self._options(place))
        log_path.chmod(0o600)
        try:
            return self._wait_until_ready(process, place, deadline)
        except BaseException:  # also a signal: the caller could not stop a server that it was never given
            process.send_signal(signal.SIGINT)
            process.wait()
            raise

    def _wait_until_ready(self, process: subprocess.Popen[bytes], place: Place, deadline: float) -> Postmaster | None:
        while process.poll() is None:
            found = _read_postmaster(place.cluster / "postmaster.pid")
            if found is not None and found.pid == process.pid and found.state == "ready":
                self._process = process
                return found
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The embedded PostgreSQL does not get ready: {tail(place.run / 'server.log')}"
                )
            time.sleep(POLL_SECONDS)
        return None

    def _end(self, pid: int) -> None:
        for signal_number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self._process is not None and self._process.pid == pid:
                    self._process.poll()  # reaps it, or it would stay a zombie
                if not is_alive(pid):
                    return
                time.sleep(POLL_SECONDS)
        raise EmbeddedServerError(f"The embedded PostgreSQL (process {pid}) cannot be stopped.")


def _read_postmaster(path: Path) -> Postmaster | None:
    """The pid file's lines: id, folder, start time, port, socket folder, address, shared memory, state."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return None
    try:
        return Postmaster(int(lines[0]), int(lines[3]), lines[7].strip() if len(lines) > 7 else "starting")
    except (IndexError, ValueError):
        return None  # caught while it is being written


def _works_in(pid: int, cluster: Path) -> bool:
    """Whether the process is a PostgreSQL of this cluster: it works inside PGDATA, or names it on its command line."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == cluster.resolve()
    except OSError:
        command = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return str(cluster) in command
