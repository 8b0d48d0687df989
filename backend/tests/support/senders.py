"""Real senders of metrics: Prometheus and node exporter as processes, something to scrape, and our server for them.

The configurations are those of `docs/agents.md`, with the test's own addresses in the place of the documented ones.
"""

import asyncio
import contextlib
import hashlib
import http.server
import json
import math
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml
from app.core.http_protocol import ProblemProtocol
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

DOCUMENT = Path(__file__).parents[3] / "docs" / "agents.md"
DOCUMENTED_HOST, DOCUMENTED_KEY, DOCUMENTED_TARGET = (
    "https://cloudops.example.com",
    "/etc/prometheus/cloudops.key",
    "localhost:9100",
)
START_SECONDS = 30
TEXT_LABEL = 'text="ä \\"x\\" 数"'


def program(name: str) -> str:
    """A program's path; the test is reported as not run where it is absent."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"not run: Debian's {name} is not installed")
    return found


def documented_blocks() -> list[Any]:
    """Every YAML block of the document, in its order."""
    return [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.S)]


def documented(*, has: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first documented configuration of that kind."""
    found: dict[str, Any] = next(block for block in documented_blocks() if has(block))
    return found


@dataclass
class Seen:
    """One request to the intake and its answer."""

    path: str
    headers: dict[str, str]
    body: str  # its SHA-256
    status: int
    answer: str


class Intake:
    """The application served by uvicorn; keeps what the intake was sent and answered. `lose` swallows answers."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.seen: list[Seen] = []
        self.lose: Callable[[int], bool] = lambda _number: False
        config = uvicorn.Config(
            self._serve, interface="asgi3", port=0, log_config=None, lifespan="off", ws="none", http=ProblemProtocol
        )
        self._server = uvicorn.Server(config)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def statuses(self) -> list[int]:
        return [one.status for one in self.seen]

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Intake"]:
        """Answers until the end of the block."""
        task = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110  # uvicorn has only this flag
            await asyncio.sleep(0.01)
        try:
            yield self
        finally:
            self._server.should_exit = True
            await task

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        digest, parts = hashlib.sha256(), []
        seen = Seen(scope["path"], {name.decode(): value.decode() for name, value in scope["headers"]}, "", 0, "")

        async def take() -> Message:
            message = await receive()
            digest.update(message.get("body", b""))
            return message

        async def give(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                if self.lose(len(self.seen)):  # stored, but the sender does not learn it
                    message = {**message, "status": 503, "headers": [(b"content-length", b"0")]}
            elif message.get("body"):
                parts.append(message["body"])
                if self.lose(len(self.seen)):
                    message = {**message, "body": b""}
            await send(message)

        await self.app(scope, take, give)
        seen.body, seen.answer = digest.hexdigest(), b"".join(parts).decode(errors="replace")
        self.seen.append(seen)


def wave(number: int, shard: int) -> float:
    """What the exporter's gauge says at a scrape: known from the number of the scrape alone."""
    return math.sin(number / 3) * 10.0 ** (shard - 3) + shard


class Exporter:
    """Something to scrape. Scrape n says so in `test_scrapes_total`; all else follows from n."""

    SHARDS = 8
    SERIES = SHARDS + 9 + 5  # with five that Prometheus adds about the scrape

    def __init__(self) -> None:
        self.scrapes = 0
        self.extra = ""
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = exporter.page().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):  # the scrape took too long for Prometheus
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def page(self) -> str:
        """The next scrape's text."""
        self.scrapes += 1
        number = self.scrapes
        lines = [
            "# HELP test_scrapes_total Scrapes so far.",
            "# TYPE test_scrapes_total counter",
            f"test_scrapes_total {number}",
            "# TYPE test_wave gauge",
            *(
                f'test_wave{{shard="{shard}",text="ä \\"x\\" 数"}} {wave(number, shard)!r}'
                for shard in range(self.SHARDS)
            ),
            "test_endless +Inf",
            "test_odd NaN",
            "# TYPE test_seconds histogram",
            *(f'test_seconds_bucket{{le="{bound}"}} {number * bound}' for bound in (1, 2, 5)),
            f'test_seconds_bucket{{le="+Inf"}} {number * 6}',
            f"test_seconds_sum {number * 7.5}",
            f"test_seconds_count {number * 6}",
        ]
        return "\n".join([*lines, self.extra]).strip() + "\n"

    def close(self) -> None:
        """Nobody answers at the address from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def start_program(log: Path, command: list[str]) -> "subprocess.Popen[bytes]":
    """A process whose output goes to the end of a file."""
    with log.open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Prometheus:
    """Debian's Prometheus with a documented configuration, in server or agent mode; its data outlives its restarts."""

    folder: Path
    configuration: dict[str, Any]
    is_agent: bool
    port: int = field(default_factory=free_port)
    flags: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        path = self.folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(self.configuration))
        data = self.folder / "data"
        mode = (
            ["--enable-feature=agent", f"--storage.agent.path={data}"]
            if self.is_agent
            else [f"--storage.tsdb.path={data}"]
        )
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        self.process = start_program(
            self.folder / "log", [program("prometheus"), f"--config.file={path}", listen, *mode, *self.flags]
        )
        await until(self._is_ready, "Prometheus' start", START_SECONDS)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()[-4_000:]
        with contextlib.suppress(OSError):
            return bool(self._get("/-/ready"))
        return False

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            found: bytes = answer.read()
            return found

    async def samples(self, selector: str) -> dict[tuple[tuple[str, str], ...], dict[int, str]]:
        """Its own raw samples of the last hour (server mode): labels → {Unix milliseconds: value as it writes it}."""
        path = "/api/v1/query?query=" + urllib.request.quote(f"{selector}[1h]")  # type: ignore[attr-defined]
        found = json.loads(await asyncio.to_thread(self._get, path))["data"]["result"]
        return {
            tuple(sorted(one["metric"].items())): {round(float(at) * 1000): value for at, value in one["values"]}
            for one in found
        }

    async def ask(self, path: str, **query: str | float) -> Any:
        """What its API answers, without the envelope."""
        parameters = urllib.parse.urlencode(query)
        return json.loads(await asyncio.to_thread(self._get, f"{path}?{parameters}"))["data"]

    async def own_metric(self, name: str) -> float:
        """The sum of one of its own metrics."""
        page = (await asyncio.to_thread(self._get, "/metrics")).decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if re.match(rf"{name}[{{ ]", line))

    async def stop(self) -> None:
        """As a service manager stops it: what it scraped is flushed to us first."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            await asyncio.to_thread(self.process.wait, 70)

    async def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        await asyncio.to_thread(self.process.wait, 10)


def configured(block: dict[str, Any], *, server: str, key_file: Path, target: str) -> dict[str, Any]:
    """A documented configuration with the test's addresses, scraping twice a second."""
    text = yaml.safe_dump(block)
    for documented_text, own in (
        (DOCUMENTED_HOST, server),
        (DOCUMENTED_KEY, str(key_file)),
        (DOCUMENTED_TARGET, target),
    ):
        text = text.replace(documented_text, own)
    made: dict[str, Any] = yaml.safe_load(text)
    made["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
    return made


async def until(is_so: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Wait for a true answer; it is asked in a thread, because the server shares the loop."""
    deadline = time.monotonic() + seconds
    while not (answer := await asyncio.to_thread(is_so)):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        await asyncio.sleep(0.05)
    return answer
