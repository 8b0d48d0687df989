"""A Prometheus-compatible server is asked: by whom it may be, in its own protocol, with its faults said."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
import pytest
from app.core.config import Settings, get_settings
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.secrets import create_organization_key, seal
from app.domains.metrics import service
from app.domains.metrics.api import routers
from app.domains.metrics.models import MetricSource
from tests.domains.metrics.conftest import Sender
from tests.support.clouds import make_caller, make_client

FROM = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
START = int(FROM.timestamp())


class Server:
    """Answers each request with `status` and `body`; keeps what it was sent."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.requests: list[tuple[str, dict[str, str], dict[str, list[str]]]] = []
        self.url = ""

    def tell(self, *series: tuple[dict[str, str], list[tuple[float, str]]]) -> None:
        result = [{"metric": labels, "values": points} for labels, points in series]
        self.body = orjson.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})

    def tell_now(self) -> None:
        result = [{"metric": {}, "value": [START, "1"]}]
        self.body = orjson.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((head[0], headers, parse_qs(content.decode())))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (self.status, len(self.body)) + self.body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    made = Server()
    running = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    allowed: Settings = get_settings().model_copy(update={"allowed_endpoints": (made.url,)})
    for module in ("asking", "sources"):
        monkeypatch.setattr(f"app.domains.metrics.service.{module}.get_settings", lambda: allowed)
    yield made
    running.close()


async def make_source(sender: Sender, url: str, *, secret: bytes = b"", **settings: str) -> UUID:
    source_id = new_id()
    organization_id = sender.organization_id
    async with tenant_session(organization_id) as session:
        source = MetricSource(
            organization_id=organization_id,
            id=source_id,
            name="p",
            kind="prometheus",
            url=url,
            settings=settings,
            interval_seconds=300,
        )
        if secret:
            if not await sender.rows("SELECT id FROM organization_keys"):
                await create_organization_key(session, organization_id)
            source.credentials = await seal(
                session, organization_id, "metric_sources", "credentials", source_id, secret
            )
        session.add(source)
    return source_id


async def ask(sender: Sender, source_id: UUID, **changes: Any) -> Any:
    params: dict[str, Any] = {
        "selector": 'up{job="api"}',
        "from": FROM.isoformat(),
        "to": "2026-11-20T12:05:00Z",
        "step": 60,
    } | changes
    async with make_client(routers, make_caller(sender.organization_id, {"metrics:read"})) as client:
        return await client.get(f"/metrics/sources/{source_id}/query", params=params)


async def test_points_are_those_of_the_server_on_our_grid(sender: Sender, server: Server) -> None:
    source_id = await make_source(sender, server.url)
    points = [(START + 60.0, "1"), (START + 180.0, "2.5"), (START + 240.0, "NaN"), (START + 300.0, "+Inf")]
    server.tell(({"job": "api", "instance": "a"}, points))
    answer = await ask(sender, source_id)
    assert answer.status_code == 200, answer.text
    [series] = answer.json()["series"]
    assert series["values"] == [1.0, None, 2.5, None, None]
    assert (series["name"], series["labels"]) == ("up", {"job": "api", "instance": "a"})
    [(line, _, form)] = server.requests
    assert line == "POST /api/v1/query_range HTTP/1.1"
    assert form["query"] == ['avg_over_time(up{job="api"}[60s])']
    assert (form["start"], form["end"], form["step"]) == ([f"{START + 60}.000"], [f"{START + 300}.000"], ["60"])


@pytest.mark.parametrize(
    ("function", "expression"),
    [("rate", "rate(up[60s])"), ("p95", "quantile_over_time(0.95, up[60s])"), ("last", "last_over_time(up[60s])")],
)
async def test_functions_are_those_of_the_server(
    sender: Sender, server: Server, function: str, expression: str
) -> None:
    source_id = await make_source(sender, server.url)
    server.tell()
    assert (await ask(sender, source_id, selector="up", function=function)).status_code == 200
    assert server.requests[0][2]["query"] == [expression]


@pytest.mark.parametrize("selector", ["up) or vector(1", "up[5m]", "up offset 1d", "sum(up)", '{job="a'])
async def test_nothing_but_a_selector_reaches_the_server(sender: Sender, server: Server, selector: str) -> None:
    source_id = await make_source(sender, server.url)
    assert (await ask(sender, source_id, selector=selector)).status_code == 422
    assert not server.requests


async def test_the_secret_is_a_bearer_token_or_a_password(sender: Sender, server: Server) -> None:
    server.tell()
    bearer = await make_source(sender, server.url, secret=b"token", tenant="team")
    basic = await make_source(sender, server.url, secret=b"pass", username="me")
    for source_id in (bearer, basic):
        await ask(sender, source_id)
    (_, first, _), (_, second, _) = server.requests
    assert (first["authorization"], first["x-scope-orgid"]) == ("Bearer token", "team")
    assert second["authorization"] == "Basic " + base64.b64encode(b"me:pass").decode()


def matrix(series: bytes) -> bytes:
    return b'{"status":"success","data":{"resultType":"matrix","result":[' + series + b"]}}"


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (400, b'{"status":"error","errorType":"bad_data","error":"parse error"}', 422, "parse error"),
        (422, b'{"status":"error","errorType":"execution","error":"too many samples"}', 503, "too many samples"),
        (503, b"<html>", 503, "503"),
        (200, b"[]", 503, "not as Prometheus"),
        (200, matrix(b'{"metric":{}}, 5'), 503, "cannot be read"),
        (200, matrix(b'{"metric":{},"values":[["a","b"]]}'), 503, "cannot be read"),
        (200, b'{"status":"success","data":{"resultType":"streams","result":[]}}', 503, "no series"),
    ],
)  # fmt: skip
async def test_a_server_that_fails_is_said_in_its_words(
    sender: Sender, server: Server, status: int, body: bytes, code: int, words: str
) -> None:
    source_id = await make_source(sender, server.url)
    server.status, server.body = status, body
    answer = await ask(sender, source_id)
    assert answer.status_code == code
    assert words in answer.text


async def test_an_answer_without_end_is_cut(sender: Sender, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.domains.metrics.service.asking.MAX_ANSWER_BYTES", 1_000)
    source_id = await make_source(sender, server.url)
    server.tell(({"job": "a" * 2_000}, []))
    answer = await ask(sender, source_id)
    assert answer.status_code == 422
    assert "too large" in answer.text


async def test_an_address_that_is_not_allowed_is_not_asked(sender: Sender, server: Server) -> None:
    source_id = await make_source(sender, "http://127.0.0.1:1")
    answer = await ask(sender, source_id)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("address-not-allowed")


async def test_a_trial_tells_whether_the_server_answers(sender: Sender, server: Server) -> None:
    source_id = await make_source(sender, server.url)
    server.tell_now()
    tried = await service.test_source(sender.organization_id, source_id)
    assert (tried["ok"], tried["error"]) == (True, None)
    server.status, server.body = 401, b"who are you"
    tried = await service.test_source(sender.organization_id, source_id)
    assert tried["ok"] is False
    assert "401" in tried["error"]


async def test_another_organization_may_not_ask(sender: Sender, server: Server) -> None:
    source_id = await make_source(sender, server.url)
    async with make_client(routers, make_caller(new_id(), {"metrics:read"})) as client:
        answer = await client.get(f"/metrics/sources/{source_id}/query", params={"selector": "up"})
    assert answer.status_code == 404
    assert not server.requests
