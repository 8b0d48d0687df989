"""The shell around requests: what bad input gets, and what every answer carries."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from app.core import middleware, request_checks
from app.core.config import Settings
from app.core.handlers import install_error_handlers
from app.core.middleware import install_middleware
from app.core.schemas import RequestModel
from fastapi import APIRouter, Body, FastAPI, Query, Request
from fastapi.responses import HTMLResponse

ORIGIN = "https://console.example.com"


class Note(RequestModel):
    text: str
    items: list[Any] = []


class Filters(RequestModel):
    kind: str | None = None


def make_app(**settings: Any) -> FastAPI:
    router = APIRouter(prefix="/notes")

    @router.post("")
    async def create_note(body: Note) -> dict[str, str]:
        return {"text": body.text}

    @router.get("/{note_id}")
    async def read_note(note_id: UUID, limit: int = 50, kind: str | None = None) -> dict[str, Any]:
        return {"id": str(note_id), "limit": limit}

    @router.get("/by/filter")
    async def list_notes(filters: Annotated[Filters, Query()]) -> dict[str, Any]:
        return filters.model_dump()

    @router.get("/costs/breakdown", openapi_extra={"x-query-prefixes": ["filter."]})
    async def read_breakdown(request: Request) -> dict[str, str]:
        return dict(request.query_params)

    @router.post("/file", openapi_extra={"requestBody": {"content": {"multipart/form-data": {}}}})
    async def create_file(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.post("/boom")
    async def explode() -> None:
        raise ZeroDivisionError("the secret is hunter2")

    @router.get("/slow/sleep")
    async def sleep() -> None:
        await asyncio.sleep(60)

    intake = APIRouter()

    @intake.post("/ingest/hooks/{provider}/{token}")
    async def take_hook(provider: str, token: str, body: Annotated[bytes, Body()] = b"") -> dict[str, int]:
        return {"bytes": len(body)}

    app = FastAPI()
    app.include_router(router, prefix="/api/v1")
    app.include_router(intake, prefix="/api/v1")

    @app.get("/page", response_class=HTMLResponse)
    async def read_page() -> str:
        return "<h1>Page</h1>"

    install_error_handlers(app)
    install_middleware(app, Settings(allowed_origins=(ORIGIN,), **settings))
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def post(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
    return await client.post("/api/v1/notes", content=content, headers={"content-type": "application/json"})


MALFORMED = [
    b"{",
    b"\xff\xfe{}",
    b'{"text": "a", "text": "b"}',
    b'{"text": "a", "items": [{"a": 1, "a": 1}]}',
    b'{"text": "a", "items": ' + b"[" * 70 + b"]" * 70 + b"}",
    b"[" * 100_000,
    b"\xef\xbb\xbf{}",
    b'{"text": "\xc3"}',
    b'{"text": "a"} trailing',
]


@pytest.mark.parametrize("body", MALFORMED)
async def test_an_unreadable_body_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await post(client, body)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (400, "malformed-body")
    assert answer.headers["content-type"] == "application/problem+json"


INVALID = [
    b"[]",
    b'{"text": 5}',
    b'{"text": "a", "extra": 1}',
    b'{"text": "\\u0000"}',
    b'{"text": "\\ud800"}',
    b'{"text": "a", "items": [NaN]}',
    b'{"text": "a", "items": [' + b"9" * 5000 + b"]}",
    b'{"text": "' + b"[" * 3 + b"\\u0007" + b'"}',
]


@pytest.mark.parametrize("body", [body for body in INVALID if b"NaN" not in body])
async def test_an_invalid_value_is_422(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await post(client, body)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (422, "invalid-input")


async def test_brackets_inside_of_strings_do_not_count_as_depth(client: httpx.AsyncClient) -> None:
    body = json.dumps({"text": '["' * 500 + '\\"{'}).encode()
    assert (await post(client, body)).status_code == 200


async def test_a_body_of_exactly_64_levels_is_read(client: httpx.AsyncClient) -> None:
    answer = await post(client, b'{"text": "a", "items": ' + b"[" * 63 + b"]" * 63 + b"}")
    assert answer.status_code == 200


@pytest.mark.parametrize("declared", [True, False])
async def test_a_large_body_is_413_declared_or_not(client: httpx.AsyncClient, declared: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(1100):
            yield b" " * 1024

    content: Any = b" " * (1024 * 1100) if declared else parts()
    answer = await client.post("/api/v1/notes", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (413, "body-too-large")


async def test_an_array_of_too_many_items_is_413(client: httpx.AsyncClient) -> None:
    answer = await post(client, json.dumps({"text": "a", "items": [0] * 10_001}).encode())
    assert answer.status_code == 413


async def test_a_stream_past_the_limit_is_413_also_when_the_route_reads_it(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_checks, "UPLOAD_BYTES", 10_000)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert (await client.post("/api/v1/notes/file", content=parts(), headers=kind)).status_code == 413
    assert (await client.post("/api/v1/notes/file", content=b"x" * 9000, headers=kind)).json() == {"bytes": 9000}


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": ""},
    ],
)
async def test_a_wrong_media_type_or_encoding_is_415(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/api/v1/notes", content=b'{"text": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (415, "unsupported-media-type")


async def test_intake_paths_take_foreign_bodies(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/ingest/hooks/github/t?a=1&a=2",
        content=b"\xff{",
        headers={"content-type": "application/octet-stream", "content-encoding": "gzip"},
    )
    assert answer.json() == {"bytes": 2}


async def test_a_long_address_is_414_and_long_headers_are_431(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/notes/" + "a" * 9000)).status_code == 414
    assert (await client.get("/page", headers={"x-filler": "a" * 17_000})).status_code == 431


NOTE = "/api/v1/notes/00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("nope=1", "query/nope"),
        ("limit=1&limit=2", "query/limit"),
        ("limit=1&%6cimit=2", "query/limit"),
        ("kind=a%00b", "query/kind"),
        ("kind=%ff", "query/kind"),
        ("kind=%ed%a0%80", "query/kind"),
        ("=1", "query/"),
        ("&".join(f"p{n}=1" for n in range(51)), None),
        ("limit=abc", "query/limit"),
    ],
)
async def test_a_wrong_query_is_422(client: httpx.AsyncClient, query: str, pointer: str | None) -> None:
    answer = await client.get(f"{NOTE}?{query}")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (422, "invalid-input")
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_known_query_names_and_prefixes_pass(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{NOTE}?limit=5&kind=a")).json()["limit"] == 5
    assert (await client.get("/api/v1/notes/by/filter?kind=a")).json() == {"kind": "a"}
    assert (await client.get("/api/v1/notes/by/filter?nope=a")).status_code == 422
    assert (await client.get("/api/v1/notes/costs/breakdown?filter.region=x")).json() == {"filter.region": "x"}
    assert (await client.get("/api/v1/notes/costs/breakdown?region=x")).status_code == 422
    assert (await client.get("/page?utm=x")).status_code == 200


async def test_a_bad_path_id_is_422(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/notes/not-an-id")).status_code == 422


API_HEADERS = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"
    ),
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", NOTE, 200),
        ("GET", "/api/v1/notes/x", 422),
        ("GET", "/api/v1/nope", 404),
        ("PUT", NOTE, 405),
        ("POST", "/api/v1/notes/boom", 500),
        ("POST", "/api/v1/notes", 422),
        ("GET", f"{NOTE}?x=1", 422),
    ],
)
async def test_every_answer_of_the_api_carries_the_headers(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in API_HEADERS} == API_HEADERS
    assert len(answer.headers["x-request-id"]) == 32
    assert "server" not in answer.headers
    if status >= 400:
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_pages_carry_the_page_policy(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/page")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src-elem 'self'")
    assert "connect-src 'self' wss://test ws://test;" in policy
    assert "frame-ancestors 'none'" in policy
    strange = await client.get("/page", headers={"host": "a.example; script-src *"})
    assert "script-src *" not in strange.headers["content-security-policy"]


async def test_a_failure_shows_nothing_of_its_cause(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/notes/boom")
    assert answer.json().keys() == {"type", "title", "status", "instance", "request_id"}
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("given", "kept"), [("abcd-1234.EFGH", True), ("short", False), ("a" * 65, False), ("bad id!!!", False)]
)
async def test_a_sane_request_id_is_kept(client: httpx.AsyncClient, given: str, kept: bool) -> None:
    answer = await client.get(NOTE, headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept


async def test_only_listed_origins_may_read(client: httpx.AsyncClient) -> None:
    allowed = await client.get(NOTE, headers={"origin": ORIGIN})
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in allowed.headers
    for origin in (
        "https://evil.example",
        "null",
        ORIGIN + ".evil.example",
        ORIGIN.upper(),
        "http://console.example.com",
    ):
        refused = await client.get(NOTE, headers={"origin": origin})
        assert "access-control-allow-origin" not in refused.headers
        preflight = await client.options(NOTE, headers={"origin": origin, "access-control-request-method": "GET"})
        assert "access-control-allow-origin" not in preflight.headers
    preflight = await client.options(NOTE, headers={"origin": ORIGIN, "access-control-request-method": "GET"})
    assert (preflight.status_code, preflight.headers["access-control-max-age"]) == (204, "600")


async def test_a_request_that_takes_too_long_is_503(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "REQUEST_SECONDS", 0.05)
    answer = await client.get("/api/v1/notes/slow/sleep")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_body_that_trickles_is_408_and_the_connection_closes(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_checks, "BODY_START_SECONDS", 0.05)

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" "
            await asyncio.sleep(0.03)

    answer = await client.post("/api/v1/notes", content=trickle(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")


async def test_the_access_log_names_the_template_and_no_query(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="app.access"):
        await client.get(f"{NOTE}?kind=planted")
    record: Any = next(record for record in caplog.records if record.name == "app.access")
    assert (record.route, record.status, record.method) == ("/api/v1/notes/{note_id}", 200, "GET")
    assert "planted" not in str(vars(record))


async def test_metrics_count_by_template(client: httpx.AsyncClient) -> None:
    def count() -> Any:
        return middleware.REQUESTS.labels("GET", "/api/v1/notes/{note_id}", "200")._value.get()

    before = count()
    await client.get(NOTE)
    assert count() == before + 1
