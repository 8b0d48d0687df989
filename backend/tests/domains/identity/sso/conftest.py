"""An organization with an owner, identity providers, and a browser that keeps its cookies."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.redis import close_redis
from app.domains.identity import service
from app.domains.identity.service.sso import provider as published
from app.domains.identity.service.sso import use_cases as sso
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from tests.domains.identity.conftest import MakePerson, Person, SignIn, bearer
from tests.support.oidc_attacker import ScriptedProvider

BASE = "http://localhost:8000"
API = "/api/v1"
DOMAIN_SUFFIX = "proven.example"


@pytest.fixture
async def settings(redis_url: str) -> AsyncIterator[Settings]:
    made = Settings(redis_url=SecretStr(redis_url), public_url=BASE, allowed_endpoints=("http://127.0.0.1:*",))
    service.use_settings(made)
    yield made
    service.use_settings(None)
    await close_redis()


class Dns:
    """TXT records as a test wants them."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.is_down = False

    async def read(self, name: str) -> Sequence[str]:
        if self.is_down:
            raise OSError("no name server answered")
        return self.records.get(name, [])

    def put(self, record: str) -> None:
        """Publish a record as the product shows it."""
        name, _, value = record.partition(' TXT "')
        self.records.setdefault(name, []).append(value.rstrip('"'))


@pytest.fixture
def dns() -> Iterator[Dns]:
    made = Dns()
    sso.use_resolver(made.read)
    yield made
    sso.use_resolver(None)


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[ScriptedProvider]:
    made = ScriptedProvider()
    yield made
    made.close()


@pytest.fixture
def scripted(scripted_server: ScriptedProvider) -> ScriptedProvider:
    """The scripted provider, honest at first; nothing of it is cached."""
    published.forget_providers()
    scripted_server.reset()
    return scripted_server


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at our address: cookies, and a preference for pages."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url=BASE, headers={"Accept": "text/html,application/xhtml+xml"}
    ) as opened:
        yield opened


class Keeper:
    """An organization's owner with a fresh session, and what they do with identity providers."""

    def __init__(self, client: httpx.AsyncClient, person: Person, token: str, dns: Dns) -> None:
        self.client, self.person, self.token, self.dns = client, person, token, dns

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.token)

    async def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = await self.client.request(method, f"{API}{path}", headers=self.headers, **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def connect(self, body: dict[str, Any], *domains: str) -> dict[str, Any]:
        """A connection, switched on, with proven domains."""
        made = await self.call("POST", "/identity-providers", 201, json={"enabled": True, "jit": True} | body)
        for domain in domains:
            made = await self.prove(made["id"], domain)
        return dict(made)

    async def prove(self, connection_id: str, domain: str) -> dict[str, Any]:
        added = await self.call("POST", f"/identity-providers/{connection_id}/domains", 201, json={"domain": domain})
        record = next(row["record"] for row in added["domains"] if row["domain"] == domain)
        self.dns.put(record)
        return dict(await self.call("POST", f"/identity-providers/{connection_id}/domains/{domain}/verify"))

    async def causes(self) -> list[str]:
        """Why sign-ins were refused, as the audit log says, oldest first."""
        async with tenant_session(self.person.organization_id) as session:
            rows = await session.execute(
                text("SELECT payload->>'cause' FROM events WHERE name = :name ORDER BY position"),
                {"name": "session.provider_sign_in_refused"},
            )
            return [str(row[0]) for row in rows]

    async def count(self, query: str) -> int:
        async with tenant_session(self.person.organization_id) as session:
            return int((await session.execute(text(query))).scalar_one())

    async def provider_sessions(self) -> int:
        """Sessions that live through a provider."""
        return await self.count("SELECT count(*) FROM sessions WHERE connection_id IS NOT NULL AND revoked_at IS NULL")

    async def people(self) -> int:
        return await self.count("SELECT count(*) FROM memberships")


MakeKeeper = Callable[[UUID], Awaitable[Keeper]]


@pytest.fixture
async def make_keeper(client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, dns: Dns) -> MakeKeeper:
    async with (
        directory_session() as session
    ):  # a proven domain is one organization's: and a name one person's: those of earlier tests go
        await session.execute(text("DELETE FROM directory.entries WHERE kind IN ('domain', 'login')"))

    async def make(organization_id: UUID) -> Keeper:
        person = await make_person("owner", organization_id=organization_id)
        return Keeper(client, person, (await sign_in(person))["access_token"], dns)

    return make


@pytest.fixture
async def keeper(make_keeper: MakeKeeper, organization: UUID) -> Keeper:
    return await make_keeper(organization)


@pytest.fixture
async def rival(make_keeper: MakeKeeper, other_organization: UUID) -> Keeper:
    """The owner of another organization on the same installation."""
    return await make_keeper(other_organization)


def oidc_body(issuer: str, **changes: Any) -> dict[str, Any]:
    """The body of a connection to an OpenID provider."""
    config = {"issuer": issuer, "client_id": "cloudops", "signing_algorithm": "RS256"} | changes.pop("config", {})
    return {"kind": "oidc", "name": "Example ID", "config": config, "secret": "a client secret", **changes}


def query_of(location: str) -> dict[str, str]:
    """The query of an address, each name once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
