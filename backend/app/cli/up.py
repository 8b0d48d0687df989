"""`cloudops up`: embedded servers, a ready database, and every process of the platform under one supervisor."""

import asyncio
import importlib.util
import json
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path

import typer

from app.cli.failures import UsageError
from app.cli.serving import worker_command
from app.core.config import SERVICES, Settings
from app.core.embedded.common import read_text, write_private
from app.core.installation import Installation, check_data_dir, open_installation
from app.core.logfile import log_file_of, log_supervisor_to, make_log_file, turn_over
from app.core.processes import free_port
from app.core.supervisor import STOP_SIGNALS, ChildSpec, Supervisor

DEMO_MODULE = "demo"
DEMO_FILE = "demo.json"
DEMO_PORTS = {"cloud_port": 5650, "mail_port": 5651, "google_port": 5652, "azure_port": 5653}
LOOPBACK_ENDPOINTS = "http://127.0.0.1:*,http://localhost:*"
SLOW_START_SECONDS = 60
HEAD_START_SECONDS = 10


# A later start skips the import of the domains. An expired signing key (after a long pause) needs it all the same.
_NOTHING_TO_PROVISION = """
SELECT EXISTS (SELECT FROM directory.organizations)
   AND EXISTS (SELECT FROM signing_keys WHERE signs_from <= now() AND signs_until > now() + interval '1 hour')
"""


class _Stopped(BaseException):
    """A stop signal that came before the supervisor took over."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run_all(*, host: str, port: int, demo: bool, workers: int, verbose: bool) -> int:
    """Start everything and block until a stop signal. The exit code: 0 after an orderly stop of a ready platform."""
    _check_port(host, port)
    address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0', '::') else host}:{port}"  # noqa: S104
    os.environ.setdefault("CLOUDOPS_PUBLIC_URL", address)
    if sys.stderr.isatty():
        os.environ.setdefault("CLOUDOPS_LOG_FORMAT", "text")
    settings = Settings()
    if demo and importlib.util.find_spec(DEMO_MODULE) is None:
        raise UsageError("The demonstration is not part of this installation; start with --no-demo.")
    check_data_dir(settings.data_dir.absolute())
    log_file = _set_up_logging(settings, verbose=verbose)
    for number in STOP_SIGNALS:
        signal.signal(number, _stop_early)
    typer.echo("CloudOps Pro is starting ...")
    try:
        with open_installation(settings, join=False) as installation:
            login = _first_login(installation)
            environment = installation.environment()
            if demo:
                environment |= _demo_environment(installation.settings.data_dir, port, login)
            announcement = _Announcement(address, host, port, login, log_file)
            specs = _children(environment, announcement, host=host, port=port, demo=demo, workers=workers)

            def tick() -> None:
                installation.mend()
                announcement.look()
                if log_file is not None:
                    turn_over(log_file)

            supervisor = Supervisor(specs, tick=tick, before_stop=announcement.look)
            supervisor.run()
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # the servers' own stop must not be cut short
    except _Stopped as stop:
        typer.echo("Stopped before the start was complete.", err=True)
        return 128 + stop.number
    return _tell_end(supervisor, is_ready=announcement.is_done)


def _tell_end(supervisor: Supervisor, *, is_ready: bool) -> int:
    number = supervisor.stopped_by or 0
    if supervisor.is_hurried:
        typer.echo("Stopped at once; work that was running goes on at the next start.", err=True)
        return 128 + number
    if not is_ready:
        typer.echo("Stopped before the platform was ready.", err=True)
        return 128 + number
    typer.echo("Stopped.")
    return 0


def _set_up_logging(settings: Settings, *, verbose: bool) -> Path | None:
    """All processes write one file, and the terminal stays for a person; None where it shall have every line."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if verbose:
        os.environ.pop("CLOUDOPS_LOG_FILE", None)
        logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s")
        return None
    path = (settings.log_file or log_file_of(settings.data_dir)).absolute()
    try:
        make_log_file(path)
    except OSError as error:
        raise UsageError(f"The log file {path} cannot be written: {error.strerror}.") from error
    os.environ["CLOUDOPS_LOG_FILE"] = str(path)
    log_supervisor_to(path)
    return path


def _stop_early(number: int, _frame: object) -> None:
    raise _Stopped(number)


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"Cannot listen on {host} port {port}: {error.strerror}. Choose another with --port."
            ) from error


def _children(
    environment: dict[str, str], announcement: "_Announcement", *, host: str, port: int, demo: bool, workers: int
) -> list[ChildSpec]:
    """The page comes first: the others would take the processors from it while all of them import."""
    http = [sys.executable, "-m", "app.cli", "serve", *SERVICES, "--host", host, "--port", str(port)]
    specs = [ChildSpec("http", http, environment)]
    specs += [
        ChildSpec(f"worker {number + 1}", worker_command(), environment, may_start=announcement.has_had_its_time)
        for number in range(workers)
    ]
    if demo:
        command = [sys.executable, "-m", DEMO_MODULE]
        specs.append(ChildSpec("demo", command, environment, until_done=True, may_start=announcement.has_had_its_time))
    return specs


def _first_login(installation: Installation) -> tuple[str, str] | None:
    """The administrator made by the first start, as (e-mail, password); None at every later one."""
    return asyncio.run(_provision(installation))


async def _provision(installation: Installation) -> tuple[str, str] | None:
    import asyncpg

    connection = await asyncpg.connect(installation.addresses.app)
    try:
        if await connection.fetchval(_NOTHING_TO_PROVISION):
            return None
    finally:
        await connection.close()
    from app.core.database import Database, use_database
    from app.domains import load_domains
    from app.domains.identity.service import ensure_first_administrator

    load_domains()
    database = Database(installation.addresses.app, pool_size=2)
    use_database(database)
    try:
        return await ensure_first_administrator(installation.settings)
    finally:
        use_database(None)
        await database.close()


def _demo_environment(data_dir: Path, port: int, login: tuple[str, str] | None) -> dict[str, str]:
    """What the demonstration needs. Its ports and its login stay the same from start to start.

    The estate's address is stored with the connected account, hence the fixed port; the login is kept, readable for us
    only, because the demonstration must sign in again after an interrupted first start.
    """
    path = data_dir / DEMO_FILE
    kept = json.loads(read_text(path) or "{}")
    settings = Settings()
    if login is None and settings.admin_email and settings.admin_password:
        login = settings.admin_email, settings.admin_password.get_secret_value()
    if login is not None:
        kept |= {"email": login[0], "password": login[1]}
    if (data_dir / DEMO_MODULE / "loaded").exists():  # written by the demonstration at the end of its first run
        kept = {name: value for name, value in kept.items() if name not in ("email", "password")}
    for name, usual in DEMO_PORTS.items():
        kept[name] = kept.get(name) or free_port(usual)
    write_private(path, json.dumps(kept))
    environment = {
        "CLOUDOPS_DEMO_API": f"http://127.0.0.1:{port}",
        **{f"CLOUDOPS_DEMO_{name.upper()}": str(kept[name]) for name in DEMO_PORTS},
    }
    if "email" in kept:
        environment |= {"CLOUDOPS_DEMO_EMAIL": kept["email"], "CLOUDOPS_DEMO_PASSWORD": kept["password"]}
    if "CLOUDOPS_ALLOWED_ENDPOINTS" not in os.environ:
        environment["CLOUDOPS_ALLOWED_ENDPOINTS"] = LOOPBACK_ENDPOINTS
    if "CLOUDOPS_SMTP_URL" not in os.environ:
        environment["CLOUDOPS_SMTP_URL"] = f"smtp://127.0.0.1:{kept['mail_port']}?starttls=no"
    return environment


class _Announcement:
    """Says once that the platform answers, with the login of a first start."""

    def __init__(
        self, address: str, host: str, port: int, login: tuple[str, str] | None, log_file: Path | None
    ) -> None:
        self._address, self._login, self._log_file = address, login, log_file
        self._target = ("127.0.0.1" if host in ("0.0.0.0", "::") else host, port)  # noqa: S104
        self.is_done = False
        self._started_at = time.monotonic()
        self._warned = False

    def has_had_its_time(self) -> bool:
        """Whether the page answers, or has had a head start that should have been enough."""
        return self.is_done or time.monotonic() - self._started_at > HEAD_START_SECONDS

    def look(self) -> None:
        """Ask whether the process answers; cheap, and silent once it did."""
        if self.is_done:
            return
        if not self._answers():
            if not self._warned and time.monotonic() - self._started_at > SLOW_START_SECONDS:
                self._warned = True
                typer.echo("The platform does not answer yet; its log may say why. `cloudops doctor` helps.")
            return
        self.is_done = True
        lines = ["CloudOps Pro is ready.", "", f"  Address   {self._address}"]
        if self._log_file is not None:
            lines.append(f"  Log       {self._log_file}")
        if self._login is not None:
            email, password = self._login
            lines += [
                f"  E-mail    {email}",
                f"  Password  {password}",
                "",
                "The password is shown this once and works for seven days: change it under Profile, Security.",
            ]
        width = max(len(line) for line in lines)
        typer.echo("\n".join(["", "─" * width, *lines, "─" * width, ""]))
        sys.stdout.flush()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(self._target, timeout=1) as connection:
                host = self._target[0].encode()
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False
