"""Secrets go through the product in every way they can come; then the log, Redis, the files and all tables are read.

One application in this process over the real database and a real Valkey, logging to a file as an installation does.
"""

import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
from app.core.config import SERVICES, get_settings
from app.core.database import Database, directory_session, tenant_session
from app.core.embedded.valkey import EmbeddedValkey
from app.core.logfile import make_log_file
from app.core.logs import configure_logging
from app.core.redis import close_redis, get_redis
from app.core.secrets import use_root_key
from app.domains.accounts import service as accounts
from app.domains.identity import service
from app.domains.identity.models import LoginThrottle
from app.main import create_app
from app.providers.base import ErrorKind, ProviderError
from sqlalchemy import delete
from tests.domains.conftest import FixedRootKey
from tests.support.clouds import FakeProvider
from tests.support.counts import CountCases

pytestmark = pytest.mark.timeout(120)
MARK = "pl4nted"
PASSWORD = f"{MARK} first harbour lantern"
NEW_PASSWORD = f"{MARK} second harbour lantern"
KEY = {"kind": "access_key", "access_key_id": "AKIAEXAMPLE1234", "secret_access_key": f"{MARK}/SecretKey+0001"}


@dataclass
class Site:
    """The application, and every secret that went through it by what it is."""

    http: httpx.AsyncClient
    log: Path
    data: Path
    email: str
    secrets: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        return await self.http.request(method, f"/api/v1{path}", headers=headers, **options)

    async def sign_in(self, password: str, client: str = "native") -> httpx.Response:
        return await self.send(
            "POST", "/auth/login", json={"email": self.email, "password": password, "client": client}
        )


@pytest.fixture
async def site(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """A fresh organization with one owner, a cloud in memory, and a log file."""
    data, log = tmp_path / "var", tmp_path / "cloudops.log"
    make_log_file(log)
    monkeypatch.setenv("CLOUDOPS_DATA_DIR", str(data))
    monkeypatch.setenv("CLOUDOPS_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("CLOUDOPS_LOG_FILE", str(log))
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        monkeypatch.setenv("CLOUDOPS_REDIS_URL", server.url)
        get_settings.cache_clear()
        use_root_key(FixedRootKey())
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        configure_logging(get_settings())
        provider = FakeProvider()
        accounts.register_provider("aws", provider)
        app = create_app(get_settings(), SERVICES, database=database)
        service.get_key_ring().clear()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
            yield Site(http, log, data, await _make_owner())
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
        accounts.register_provider("aws", None)
        use_root_key(None)
        service.use_settings(None)
        await close_redis()
        get_settings.cache_clear()


async def _make_owner() -> str:
    email = f"{os.urandom(6).hex()}@example.com"
    async with directory_session() as session:
        await session.execute(delete(LoginThrottle))
        organization = (await service.create_organization(session, "Planted")).id
    async with tenant_session(organization) as session:
        await service.create_user(session, organization, email=email, name="Kim", role="owner", password=PASSWORD)
    return email


async def use_identity(site: Site) -> str:
    """Passwords, tokens and cookies, right and wrong; the last access token."""
    kept = site.secrets
    kept["password"] = PASSWORD
    kept["wrong password"] = f"{MARK} wrong harbour lantern"
    assert (await site.sign_in(kept["wrong password"])).status_code == 401
    first = (await site.sign_in(PASSWORD)).json()
    kept["access token"], kept["refresh token"] = first["access_token"], first["refresh_token"]
    renewed = await site.send("POST", "/auth/refresh", json={"refresh_token": first["refresh_token"]})
    kept["second refresh token"] = renewed.json()["refresh_token"]
    browser = await site.sign_in(PASSWORD, "web")
    kept["cookie"] = browser.cookies["refresh"]
    kept["new password"] = NEW_PASSWORD
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await site.send("POST", "/auth/password", token=first["access_token"], json=change)
    assert answer.status_code == 204, answer.text
    last = (await site.sign_in(NEW_PASSWORD)).json()
    kept["last access token"] = last["access_token"]
    return str(last["access_token"])


async def use_accounts(site: Site, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cloud credentials: kept, refused, repeated under a key, and named by a failure of the cloud."""
    site.secrets["cloud key"] = KEY["secret_access_key"]
    body = {"provider": "aws", "name": "Production", "credentials": KEY}
    for _ in range(2):
        answer = await site.send("POST", "/accounts", token=token, json=body, headers={"Idempotency-Key": "once-only"})
        assert answer.status_code == 201, answer.text
    site.secrets["refused cloud key"] = f"{MARK}/RefusedKey+0002"
    refused = {**KEY, "secret_access_key": site.secrets["refused cloud key"], "session_token": f"{MARK}/Session=="}
    site.secrets["cloud session token"] = refused["session_token"]
    failing = FakeProvider()
    failing.failure = ProviderError(ErrorKind.BAD_CREDENTIALS, "the cloud said no")
    accounts.register_provider("aws", failing)
    answer = await site.send("POST", "/accounts", token=token, json={**body, "credentials": refused})
    assert answer.status_code in (409, 422), answer.text


async def use_factors(site: Site, token: str) -> None:
    """The seed of an authenticator app, and the secret of a place that the audit log is sent to."""
    answer = await site.send("POST", "/auth/factors/totp", token=token, json={"name": "Phone"})
    assert answer.status_code in (200, 201), answer.text
    site.secrets["one-time code seed"] = answer.json()["secret"]
    site.secrets["log destination"] = f"{MARK}-sink-secret-00000000000000000009"
    body = {
        "name": "Archive",
        "kind": "syslog",
        "url": "tls://192.0.2.1:6514",
        "secret": site.secrets["log destination"],
    }
    await site.send("POST", "/audit-log/sinks", token=token, json=body)
    forgot = await site.send("POST", "/auth/password/forgot", json={"email": site.email})
    assert forgot.status_code == 202, forgot.text


async def use_machines(site: Site, token: str) -> None:
    """An API key, where it is made and where it is sent."""
    body = {"name": "Pipeline", "permissions": ["inventory:read"], "expires_at": "2026-12-30T00:00:00Z"}
    answer = await site.send("POST", "/api-keys", token=token, json=body)
    assert answer.status_code == 201, answer.text
    key = answer.json()["key"]
    site.secrets["API key"] = key
    assert (await site.send("GET", "/usage/resources", token=key)).status_code == 200


async def use_wrong_places(site: Site) -> None:
    """Secrets where nobody should put them: the address, headers that nobody reads, a body that is refused."""
    kept = site.secrets
    kept["token in a query"] = f"{MARK}-query-0003"
    kept["hook token"] = f"{MARK}-hook-0004"
    kept["forged bearer"] = f"{MARK}-bearer-0005"
    kept["basic"] = f"{MARK}-basic-0006"
    kept["foreign cookie"] = f"{MARK}-cookie-0007"
    kept["refused body"] = f"{MARK}-body-0008"
    await site.send("GET", f"/alerts?access_token={kept['token in a query']}")
    await site.send("POST", f"/ingest/hooks/github/{kept['hook token']}", json={})
    await site.send("GET", "/auth/me", token=kept["forged bearer"])
    await site.send("GET", "/auth/me", headers={"Authorization": f"Basic {kept['basic']}"})
    await site.send("GET", "/auth/me", headers={"Cookie": f"refresh={kept['foreign cookie']}"})
    await site.send("POST", "/auth/login", json={"email": "x", "password": kept["refused body"], "extra": True})
    await site.send("POST", "/auth/login", content=f'{{"password": "{kept["refused body"]}'.encode())


async def tables_of(owner_url: str) -> AsyncIterator[tuple[str, str]]:
    """(table, row as text) of everything in the database, seen past every policy."""
    connection = await asyncpg.connect(owner_url)
    try:
        query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'directory', 'app')"
        for schema, table in await connection.fetch(query):
            for row in await connection.fetch(f'SELECT t::text AS row FROM "{schema}"."{table}" t'):  # noqa: S608  # names of the catalogue
                yield f"{schema}.{table}", row["row"]
    finally:
        await connection.close()


async def test_no_planted_secret_is_found_in_log_cache_files_or_tables(
    site: Site, database_urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch, count_cases: CountCases
) -> None:
    token = await use_identity(site)
    await use_accounts(site, token, monkeypatch)
    await use_factors(site, token)
    await use_machines(site, token)
    await use_wrong_places(site)
    assert len(site.secrets) >= 12
    assert all(len(secret) > 12 for secret in site.secrets.values())

    written = site.log.read_text()
    assert written.count('"event":"request"') > 10, "the log was written, so that its silence means something"
    cached: list[str] = []
    redis = get_redis(get_settings())
    for name in await redis.keys("*"):
        is_text = await redis.type(name) in (b"string", "string")  # `dump` may pack what it gives
        cached.append(f"{name!r} {await redis.get(name) if is_text else await redis.dump(name)!r}")
    assert cached
    places: list[tuple[str, str]] = [("log", written), *(("redis", one) for one in cached)]
    places += [(str(path), path.read_bytes().decode("latin-1")) for path in site.data.rglob("*") if path.is_file()]
    rows = [one async for one in tables_of(database_urls[0])]
    assert any(site.email in text for _, text in rows), "the tables were read, past every policy"
    found = [
        (what, place)
        for what, secret in site.secrets.items()
        for place, text in [*places, *rows]
        if secret in text or secret.encode().hex() in text
    ]
    assert not found
    count_cases("planted secrets × places (accepted: found)", len(site.secrets) * (len(places) + len(rows)))
