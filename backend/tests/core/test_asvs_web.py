"""What browsers, other origins and intermediaries may do, asked of every route of the OpenAPI document."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from app.core.config import SERVICES, Settings
from app.core.database import Database
from app.core.ids import new_id
from app.core.openapi import routes_of
from app.core.secrets import use_root_key
from app.domains.identity import service
from app.main import create_app
from fastapi import FastAPI
from tests.domains.conftest import FixedRootKey
from tests.support.counts import CountCases

OWN = "https://ops.example.com"
LISTED = "https://console.example.com"
STRANGE_ORIGINS = (
    "null", "*", "", "https://", "console.example.com", "//console.example.com", "http://console.example.com",
    "https://console.example.com.", "https://console.example.com/", "https://console.example.com/x",
    "https://console.example.com?", "https://console.example.com#", "https://console.example.com:443",
    "https://console.example.com:8443", "https://CONSOLE.example.com", "HTTPS://console.example.com",
    "https://console.example.com.evil.example", "https://evil-console.example.com", "https://evil.example.com",
    "https://example.com", "https://sub.console.example.com", "https://consoleXexample.com",
    "https://console.example.com@evil.example", "https://evil.example@console.example.com",
    "https://console.example.com%00.evil.example", "https://console.example.com%2eevil.example",
    "https://console.example.com, https://evil.example", "https://evil.example, https://console.example.com",
    "https://console.example.com https://evil.example", "https://console.example.co", "https://onsole.example.com",
    "https://localhost", "http://127.0.0.1:8000", "file://", "data:text/html,x", "chrome-extension://abcdef",
    "wss://console.example.com", "https://xn--console-.example.com", "https://[::1]", "https://evil.example",
)  # fmt: skip
FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Prefix": "/api/v1/auth",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=http",
    "X-Real-IP": "203.0.113.9",
    "X-Client-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9",
    "CF-Connecting-IP": "203.0.113.9",
    "X-Original-URL": "/healthz",
    "X-Rewrite-URL": "/healthz",
    "X-HTTP-Method-Override": "GET",
    "X-User-Id": str(new_id()),
    "X-Organization-Id": str(new_id()),
    "X-Forwarded-User": "admin@localhost",
    "X-Remote-User": "admin@localhost",
}


@pytest.fixture(autouse=True)
def _root_key() -> Iterator[None]:
    """The key that all tests of this database have; reading the key set makes one that later tests must open."""
    use_root_key(FixedRootKey())
    service.get_key_ring().clear()
    yield
    use_root_key(None)


def made_app(database: Database, **settings: Any) -> FastAPI:
    chosen = Settings(public_url=OWN, allowed_origins=(LISTED,), rate_limit_scale=10_000, **settings)
    return create_app(chosen, SERVICES, database=database)


def browser(app: FastAPI, client: tuple[str, int] = ("198.51.100.7", 4711)) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=client)
    return httpx.AsyncClient(transport=transport, base_url=OWN)


@pytest.fixture
async def app(database: Database, tmp_path: Path) -> AsyncIterator[FastAPI]:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Page</title>")
    (folder / "assets" / "app-1a2b.js").write_text("export {}")
    (tmp_path / "outside.txt").write_text("planted-outside")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("planted-outside")
    yield made_app(database, web_dir=folder)
    service.use_settings(None)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as opened:
        yield opened


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def missing_headers(answer: httpx.Response) -> list[str]:
    """What an answer lacks of the headers that every answer has."""
    found, policy = answer.headers, directives(answer.headers.get("content-security-policy", ""))
    parts = dict(part.strip().partition("=")[::2] for part in found.get("strict-transport-security", "").split(";"))
    checks = {
        "hsts for a year and all below": int(parts.get("max-age", 0)) >= 31_536_000 and "includeSubDomains" in parts,
        "nosniff": found.get("x-content-type-options") == "nosniff",
        "referrer": found.get("referrer-policy") in ("no-referrer", "strict-origin-when-cross-origin"),
        "nothing by default": policy.get("default-src") == "'none'",
        "no plug-ins": policy.get("object-src", "'none'") == "'none'",
        "no other base": policy.get("base-uri") == "'none'",
        "no frame": policy.get("frame-ancestors") == "'none'",
        "opener": found.get("cross-origin-opener-policy") == "same-origin",
        "resource": found.get("cross-origin-resource-policy") == "same-origin",
        "no server": "server" not in found and "x-powered-by" not in found,
        "type": "content-type" in found or not answer.content,
    }
    kind = found.get("content-type", "")
    if kind.startswith("text/") or "xml" in kind:
        checks["charset"] = "charset=utf-8" in kind.lower()
    return [name for name, holds in checks.items() if not holds]


def requests_of(app: FastAPI) -> list[tuple[str, str]]:
    """(method, address) of every operation, with an id that exists nowhere."""
    found = []
    for path, operations in app.openapi()["paths"].items():
        address = path
        for name in {part[1:-1] for part in path.split("/") if part.startswith("{")}:
            address = address.replace(f"{{{name}}}", str(new_id()))
        found += [(method.upper(), address) for method in operations]
    return found


PAGES_AND_FAULTS = (
    ("GET", "/"), ("GET", "/resources"), ("GET", "/assets/app-1a2b.js"), ("GET", "/assets/nope.js"), ("GET", "/docs"),
    ("GET", "/docs/start.js"), ("GET", "/openapi.json"), ("GET", "/metrics"), ("GET", "/api/v1/nope"),
    ("PUT", "/healthz"), ("TRACE", "/healthz"), ("GET", "/api/v1/alerts?limit=x"), ("GET", "/api/v1/" + "a" * 9_000),
    ("OPTIONS", "/api/v1/alerts"), ("HEAD", "/"), ("GET", "/.well-known/jwks.json"), ("POST", "/nope"),
)  # fmt: skip


async def test_every_route_page_and_refusal_carries_the_headers(
    app: FastAPI, client: httpx.AsyncClient, count_cases: CountCases
) -> None:
    wrong, asked = [], [*requests_of(app), *PAGES_AND_FAULTS]
    for method, address in asked:
        answer = await client.request(method, address)
        assert answer.status_code < 500, (method, address, answer.text)
        if lacks := missing_headers(answer):
            wrong.append((method, address, answer.status_code, lacks))
        is_for_all = address.startswith("/api/v1/branding")  # what the sign-in page shows to everybody
        if address.startswith("/api/") and not is_for_all and "no-store" not in answer.headers.get("cache-control", ""):
            wrong.append((method, address, answer.status_code, ["no-store"]))
    assert not wrong
    assert len(asked) > 80
    count_cases("answers with every header (accepted: have them)", len(asked), accepted=len(asked))


async def test_no_origin_but_the_listed_one_may_read_or_ask(client: httpx.AsyncClient, count_cases: CountCases) -> None:
    paths = ("/api/v1/auth/me", "/api/v1/auth/refresh", "/api/v1/alerts", "/healthz", "/.well-known/jwks.json")
    assert len(STRANGE_ORIGINS) >= 40
    granted = []
    for origin in STRANGE_ORIGINS:
        for path in paths:
            plain = await client.get(path, headers={"Origin": origin})
            ask = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            preflight = await client.options(path, headers=ask)
            granted += [
                (origin, path, name)
                for answer in (plain, preflight)
                for name in answer.headers
                if name.startswith("access-control-allow")
            ]
            assert "Origin" in plain.headers["vary"]
    assert not granted
    for path in paths:
        answer = await client.get(path, headers={"Origin": LISTED})
        assert answer.headers["access-control-allow-origin"] == LISTED
        allows = answer.headers.get("access-control-allow-credentials") == "true"
        assert allows is (path == "/api/v1/auth/refresh")
    count_cases("strange origins × paths", len(STRANGE_ORIGINS) * len(paths))


async def test_the_cookie_is_of_no_use_to_forty_origins(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "X-CloudOps-Client": "web", "Cookie": "__Host-refresh=" + "a" * 43}
    for origin in STRANGE_ORIGINS:
        answer = await client.post("/api/v1/auth/refresh", content=b"{}", headers={**headers, "Origin": origin})
        assert answer.status_code == 403, origin
    for without in ("X-CloudOps-Client", "Origin"):
        sent = {name: value for name, value in {**headers, "Origin": OWN}.items() if name != without}
        assert (await client.post("/api/v1/auth/refresh", content=b"{}", headers=sent)).status_code == 403
    own = await client.post("/api/v1/auth/refresh", content=b"{}", headers={**headers, "Origin": OWN})
    assert own.status_code == 401, "our own page may ask; this cookie is nobody's"


async def test_no_request_that_needs_no_preflight_changes_anything(app: FastAPI, client: httpx.AsyncClient) -> None:
    """A form or an image of another site can send these without asking the browser first."""
    accepted = []
    document = app.openapi()["paths"]
    for method, address in requests_of(app):
        if method not in ("POST", "PUT", "PATCH", "DELETE"):
            continue
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            headers = {"Content-Type": kind, "Origin": "https://evil.example", "Cookie": "__Host-refresh=" + "a" * 43}
            answer = await client.request(method, address, content=b"a=1", headers=headers)
            if answer.status_code < 400:
                accepted.append((method, address, kind, answer.status_code))
    assert not accepted
    assert len(document) > 40


async def test_headers_of_an_intermediary_that_we_do_not_know_change_nothing(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="app.access"):
        for method, path, expected in (
            ("GET", "/api/v1/auth/me", 401),
            ("GET", "/metrics", 404),
            ("DELETE", f"/api/v1/auth/sessions/{new_id()}", 401),
        ):
            plain = await client.request(method, path)
            forged = await client.request(method, path, headers=FORWARDED)
            assert plain.status_code == forged.status_code == expected
            same = {"request_id"}
            left, right = plain.json(), forged.json()
            assert {k: v for k, v in left.items() if k not in same} == {k: v for k, v in right.items() if k not in same}
            assert "evil.example" not in str(forged.headers) + forged.text
    clients = {record.__dict__["client"] for record in caplog.records if record.name == "app.access"}
    assert clients == {"198.51.100.7"}


async def test_a_proxy_on_this_machine_does_not_open_the_metrics(app: FastAPI) -> None:
    async with browser(app, ("127.0.0.1", 4711)) as local:
        assert (await local.get("/metrics")).status_code == 200
        assert (await local.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status_code == 404


async def test_only_a_known_proxy_names_the_client(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    app = made_app(database, trusted_proxies=("10.0.0.0/8",))
    cases = (
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what the client put before is not believed
        ("10.0.0.1", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("192.0.2.5", "203.0.113.9", "192.0.2.5"),
        ("10.0.0.1", "evil\tname", "10.0.0.1"),
    )
    for socket, forwarded, expected in cases:
        caplog.clear()
        with caplog.at_level("INFO", logger="app.access"):
            async with browser(app, (socket, 4711)) as opened:
                await opened.get("/api/v1/auth/me", headers={"X-Forwarded-For": forwarded})
        assert [r.__dict__["client"] for r in caplog.records if r.name == "app.access"] == [expected]
    service.use_settings(None)


OUTSIDE = (
    "/../outside.txt", "/..%2foutside.txt", "/%2e%2e/outside.txt", "/%2e%2e%2foutside.txt", "/..%5coutside.txt",
    "/....//outside.txt", "/assets/../../outside.txt", "/assets/..%2f..%2foutside.txt", "/%252e%252e%252foutside.txt",
    "/assets/%2e%2e/%2e%2e/.git/config", "/../.git/config", "/.git/config", "/.git/HEAD", "/.env", "/.svn/entries",
    "//outside.txt", "/outside.txt%00.js", "/assets/x%00.js", "/docs/files/%00", "/%ff", "/a%0d%0ab",
    "/docs/files/../../outside.txt", "/docs/files/..%2f..%2foutside.txt",
)  # fmt: skip


LONG = ("/" + "a" * 300, "/assets/" + "a" * 300, "/" + "a/" * 2_000)


@pytest.mark.parametrize("address", [*OUTSIDE, *LONG], ids=lambda address: address[:40])
async def test_nothing_outside_of_the_web_folder_is_served(app: FastAPI, address: str) -> None:
    sent: list[Any] = []
    # The client library would tidy the address, so the scope is built by hand.
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
        "path": unquote(address), "raw_path": address.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"ops.example.com")], "client": ("198.51.100.7", 1), "server": ("ops.example.com", 443),
    }  # fmt: skip

    async def receive() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] in (200, 404)
    assert b"planted-outside" not in b"".join(message.get("body", b"") for message in sent)


@pytest.mark.parametrize("folder", ["/assets/", "/assets", "/docs/files/", "/docs/files", "/api/v1/", "/api/"])
async def test_folders_are_not_listed(client: httpx.AsyncClient, folder: str) -> None:
    answer = await client.get(folder, follow_redirects=True)
    assert answer.status_code in (200, 404)
    assert "app-1a2b.js" not in answer.text
    assert "Index of" not in answer.text


async def test_pages_of_an_https_address_may_open_encrypted_sockets_only(client: httpx.AsyncClient) -> None:
    policy = directives((await client.get("/")).headers["content-security-policy"])
    assert policy["connect-src"] == "'self' wss://ops.example.com"


async def test_provisioning_without_its_own_token_is_401_on_every_route(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    """Its routes check a token of their own, outside of the permissions that the start looks at."""
    wrong, asked = [], 0
    described = {"read_scim_configuration", "list_scim_resource_types", "read_scim_resource_type"}
    described |= {"list_scim_schemas", "read_scim_schema"}  # the same for everybody, nothing of an organization
    for route in routes_of(app):
        if "_scim_" not in route.name:
            continue
        address = re.sub(r"\{[^}]*\}", str(new_id()), route.path)
        for token in (None, "x", "cok_" + "0" * 32 + "_" + "0" * 64 + "_00000000", f"{'a' * 40}.{'b' * 40}.{'c' * 86}"):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            (method,) = route.methods - {"HEAD"}
            answer = await client.request(method, address, headers=headers, json=None if method == "GET" else {})
            asked += 1
            expected = (401, 200, 404) if route.name in described else (401,)
            if answer.status_code not in expected:
                wrong.append((method, address, token, answer.status_code, answer.text[:200]))
    assert not wrong
    assert asked > 40


@pytest.mark.parametrize(
    "page", ["sign-in", "sign-in/complete", "reset-password", "verify-email", "invitation", "device"]
)
async def test_pages_that_links_lead_to_are_told_to_nobody(client: httpx.AsyncClient, page: str) -> None:
    answer = await client.get(f"/{page}?token=single-use")
    assert (answer.status_code, answer.headers["referrer-policy"]) == (200, "no-referrer")
    assert (await client.get("/resources")).headers["referrer-policy"] == "strict-origin-when-cross-origin"
