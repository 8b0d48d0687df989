"""The whole platform as its own processes, and a cloud beside it, for tests that use nothing but HTTP."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

BACKEND = Path(__file__).parents[2]
REPOSITORY = BACKEND.parent
START_SECONDS, STOP_SECONDS, JOB_SECONDS = 120, 25, 120
LIMIT_SCALE = "1000"
_LOGIN = re.compile(r"E-mail +(\S+)\n +Password +(\S+)")


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def any_address() -> str:
    """Another client's address each time: sign-ins from one address are delayed after failures."""
    return ".".join(["10", *(str(part) for part in secrets.token_bytes(3))])


def wait_until(answers: Any, seconds: float, what: str) -> Any:
    """The first true answer of `answers()`."""
    deadline = time.monotonic() + seconds
    while not (answer := answers()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)
    return answer


@dataclass
class Platform:
    """`cloudops up --no-demo` on a data directory of its own. The login is the one that the first start printed."""

    folder: Path
    port: int = field(default_factory=free_port)
    email: str = ""
    password: str = ""
    smtp_url: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    def start(self) -> None:
        """Start and wait until everything answers; again on the same data after a stop."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDOPS_", "AWS_"))}
        environment |= {
            "CLOUDOPS_ALLOWED_ENDPOINTS": "http://127.0.0.1:*",
            "CLOUDOPS_TRUSTED_PROXIES": "127.0.0.1/32",
            "CLOUDOPS_RATE_LIMIT_SCALE": LIMIT_SCALE,
            "CLOUDOPS_ORGANIZATIONS_PER_PERSON": "1000",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self.smtp_url:
            environment["CLOUDOPS_SMTP_URL"] = self.smtp_url
        command = [sys.executable, "-m", "app.cli", "up", "--no-demo", "--port", str(self.port)]
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(self.folder / "data")],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
            )
        wait_until(self._is_ready, START_SECONDS, "the platform's start")
        if not self.email:
            login = wait_until(lambda: _LOGIN.search(self.output), 10, "the printed login")
            self.email, self.password = login[1], login[2]

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output[-4000:]
        with contextlib.suppress(httpx.HTTPError):
            return bool(httpx.get(f"{self.url}/readyz", timeout=5).json()["status"] == "ok")
        return False

    def stop(self) -> float:
        """Ask it to stop; the seconds that it took."""
        assert self.process is not None
        started_at = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS + 5)
        return time.monotonic() - started_at

    def processes(self) -> list[str]:
        """Command lines of every live process that works on this data directory."""
        found = []
        mark = str(self.folder)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                    continue
                line = " ".join(process.cmdline())
                if mark in line or process.environ().get("CLOUDOPS_DATA_DIR", "").startswith(mark):
                    found.append(f"{process.pid} {line[:200]}")
        return found

    def remove(self) -> None:
        """End what is left and delete the data."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tokens(self, email: str = "", password: str = "") -> dict[str, Any]:
        """A new native session's tokens."""
        body = {"email": email or self.email, "password": password or self.password, "client": "native"}
        answer = httpx.post(f"{self.api}/auth/login", json=body, headers={"X-Forwarded-For": any_address()}, timeout=30)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def client(self, token: str = "") -> httpx.Client:
        """A client signed in as the owner, or with the given token."""
        return httpx.Client(
            base_url=self.api, headers={"Authorization": f"Bearer {token or self.tokens()['access_token']}"}, timeout=60
        )


def make_platform() -> Platform:
    """An empty installation, not started. Its folder is one that the database's own user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="cloudops-system-"))
    folder.chmod(0o711)
    return Platform(folder)


def follow_job(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""

    def ended() -> dict[str, Any] | None:
        answer = client.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job if job["state"] not in ("queued", "running") else None

    found: dict[str, Any] = wait_until(ended, JOB_SECONDS, f"job {job_id}")
    return found


def all_items(client: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        parameters = query | {"limit": "500"} | ({"cursor": cursor} if cursor else {})
        answer = client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@contextlib.contextmanager
def running_moto() -> Iterator[str]:
    """An empty AWS in a process of its own; its address."""
    port = free_port()
    environment = os.environ | {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_IAM_LOAD_MANAGED_POLICIES": "false"}
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, "moto's server ended"
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{url}/moto-api/data.json", timeout=5).status_code == 200
        return False

    try:
        wait_until(answers, START_SECONDS, "moto's start")
        yield url
    finally:
        process.kill()  # it holds nothing that must be kept
        process.wait(10)
