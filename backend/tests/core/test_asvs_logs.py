"""What is on record, where records go, and that a failing check fails closed."""

import ast
import json
import logging
import logging.handlers
import stat
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
import structlog
from app.core.config import Settings
from app.core.errors import Unauthenticated
from app.core.handlers import install_error_handlers
from app.core.http import Caller, allow_detached
from app.core.ids import new_id
from app.core.logfile import make_log_file
from app.core.logs import configure_logging
from app.core.middleware import install_middleware
from app.core.schemas import RequestModel
from fastapi import Depends, FastAPI, Request

APP = Path(__file__).resolve().parents[2] / "app"


class Note(RequestModel):
    text: str


def caller(*permissions: str) -> Caller:
    return Caller(
        user_id=new_id(), organization_id=new_id(), email="a@example.org", role="custom",
        permissions=frozenset(permissions),
    )  # fmt: skip


class Site:
    """A few routes behind the product's own shell, logging to a file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.reached: list[str] = []
        self.app = FastAPI()

        @self.app.post("/api/v1/notes")
        async def create_note(body: Note) -> dict[str, str]:
            return {"text": body.text}

        @self.app.post("/api/v1/auth/login")
        async def sign_in(body: Note) -> dict[str, str]:
            return {"text": body.text}

        @self.app.get("/api/v1/boom")
        async def explode() -> None:
            raise ZeroDivisionError("password=pl4nted-0001 at /srv/data")

        @self.app.get("/api/v1/closed")
        async def read_closed(asker: Annotated[Caller, Depends(allow_detached("alerts:read"))]) -> dict[str, str]:
            self.reached.append(asker.email)
            return {"secret": "shown"}

        install_error_handlers(self.app)
        install_middleware(self.app, Settings(rate_limit_scale=0.4))
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log = tmp_path / "logs" / "cloudops.log"
    make_log_file(log)
    configure_logging(Settings(log_file=log))
    made = Site(log)
    async with made.http:
        yield made
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


async def test_times_are_utc_with_their_zone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        await site.http.get("/api/v1/boom")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert site.records()
    now = time.strftime("%Y-%m-%dT%H", time.gmtime())
    assert all(one["timestamp"].startswith(now) and one["timestamp"].endswith("Z") for one in site.records())


async def test_refused_input_and_limits_are_on_record(site: Site) -> None:
    json_type = {"content-type": "application/json"}
    await site.http.post("/api/v1/notes", content=b'{"text": "a", "text": "b"}', headers=json_type)
    await site.http.post("/api/v1/notes", json={"text": "a", "role": "owner"})
    await site.http.post("/api/v1/notes", content=b" " * 1_100_000, headers=json_type)
    await site.http.post("/api/v1/notes", content=b"a=1", headers={"content-type": "text/plain"})
    await site.http.get("/api/v1/closed?x=%27+OR+1%3D1")
    for _ in range(12):
        last = await site.http.post("/api/v1/auth/login", json={"text": "a"})
    assert last.status_code == 429
    seen = [one for one in site.records() if one["event"] == "request"]
    assert {one["status"] for one in seen} >= {400, 413, 415, 422, 429}
    for one in seen:
        assert {"timestamp", "client", "method", "route", "status", "request_id", "duration_ms"} <= one.keys()
    assert "OR 1" not in site.log.read_text(), "what was sent is not repeated"


async def test_an_unexpected_failure_is_on_record_and_not_in_the_answer(site: Site) -> None:
    answer = await site.http.get("/api/v1/boom")
    assert answer.status_code == 500
    assert answer.json().keys() == {"type", "title", "status", "instance", "request_id"}
    failure = next(one for one in site.records() if one["level"] == "error")
    assert failure["request_id"] == answer.json()["request_id"]
    assert "ZeroDivisionError" in failure["exception"]
    assert "pl4nted" not in site.log.read_text()


def failing(error: Exception) -> Callable[[Request], Awaitable[Caller]]:
    async def authenticate(_: Request) -> Caller:
        raise error

    return authenticate


FAILURES = (
    Unauthenticated(), RuntimeError("x"), ConnectionError("x"), TimeoutError("x"), KeyError("x"), MemoryError("x"),
    ValueError("x"), PermissionError("x"), AssertionError("x"), OSError(28, "No space left on device"),
)  # fmt: skip


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_a_failing_check_lets_nobody_through(site: Site, error: Exception) -> None:
    site.app.state.authenticate = failing(error)
    answer = await site.http.get("/api/v1/closed")
    assert answer.status_code in (401, 500, 503)
    assert not site.reached
    assert "shown" not in answer.text


async def test_a_refusal_stands_also_when_it_cannot_be_written_down(site: Site) -> None:
    async def authenticate(_: Request) -> Caller:
        return caller("costs:read")

    async def record_refusal(_: Request, __: str) -> None:
        raise ConnectionError("the database is away")

    site.app.state.authenticate, site.app.state.record_refusal = authenticate, record_refusal
    answer = await site.http.get("/api/v1/closed")
    assert (answer.status_code, site.reached) == (403, [])
    assert any("could not be written" in one["event"] for one in site.records())


async def test_the_right_permission_does_get_through(site: Site) -> None:
    async def authenticate(_: Request) -> Caller:
        return caller("alerts:read")

    site.app.state.authenticate = authenticate
    assert (await site.http.get("/api/v1/closed")).json() == {"secret": "shown"}


def test_the_log_file_is_its_owners_alone(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "cloudops.log"
    make_log_file(log)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700


HANDLERS_THAT_SEND = {"SysLogHandler", "SMTPHandler", "HTTPHandler", "SocketHandler", "DatagramHandler"}


def test_logging_opens_no_other_way_out(site: Site) -> None:
    root = logging.getLogger().handlers
    streams = [one for one in root if type(one) is logging.StreamHandler]
    files = [one for one in root if isinstance(one, logging.handlers.WatchedFileHandler)]
    assert [one.baseFilename for one in files] == [str(site.log)]
    assert [one.stream for one in streams] == [sys.stderr]
    others = {type(one).__module__.partition(".")[0] for one in root if one not in (*streams, *files)}
    assert others <= {"_pytest"}
    assert not [
        (path.name, node.lineno)
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
        and getattr(node, "attr", getattr(node, "id", "")) in HANDLERS_THAT_SEND
    ]
