"""An application of the identity and audit routes over the real database and a real Valkey, and people to use it."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import httpx
import pytest
from app.core import clock
from app.core.config import Settings
from app.core.database import Database, directory_session, tenant_session
from app.core.handlers import install_error_handlers
from app.core.redis import close_redis
from app.domains.audit import api as audit_api
from app.domains.audit import service as audit
from app.domains.audit import tasks as audit_tasks
from app.domains.identity import api, models, service
from app.domains.identity.rules import Role
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import delete
from starlette.datastructures import State

PASSWORD = "correct horse battery staple"
assert audit_tasks  # importing it makes the audit log listen


@dataclass(frozen=True)
class Person:
    """Somebody with a known password in one organization."""

    user_id: UUID
    organization_id: UUID
    email: str
    role: str
    password: str = PASSWORD


class Clock:
    """A clock that tests move; everything in the product reads it through `clock.utc_now`."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._real = clock.utc_now

    def now(self) -> datetime:
        return self._real() + self.offset

    def advance(self, **span: float) -> None:
        self.offset += timedelta(**span)


@pytest.fixture
def moved_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The product's clock, under the test's control."""
    moved = Clock()
    monkeypatch.setattr(clock, "utc_now", moved.now)
    return moved


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey that only tests use."""
    if url := os.environ.get("CLOUDOPS_TEST_REDIS_URL"):
        yield url
        return
    from app.core.embedded.valkey import EmbeddedValkey

    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
async def settings(redis_url: str) -> AsyncIterator[Settings]:
    made = Settings(redis_url=SecretStr(redis_url), public_url="http://localhost:8000")
    service.use_settings(made)
    yield made
    service.use_settings(None)
    await close_redis()


@cache
def _application() -> FastAPI:
    """The routes with the product's own error rendering, once: they are compiled at an application's first request."""
    made = FastAPI()
    for router in [*api.routers, audit_api.router]:
        made.include_router(router, prefix="/api/v1")
    made.include_router(api.well_known_router)
    install_error_handlers(made)
    return made


@pytest.fixture
async def app(database: Database, settings: Settings) -> FastAPI:
    """The application with a state of the test's own; throttle counters and keys start afresh."""
    service.get_key_ring().clear()
    async with directory_session() as session:
        await session.execute(delete(models.LoginThrottle))
    made = _application()
    made.state = State()
    made.state.settings = settings
    made.state.authenticate = service.authenticate
    made.state.record_refusal = audit.record_refusal
    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as opened:
        yield opened


MakePerson = Callable[..., Awaitable[Person]]


@pytest.fixture
async def organization(app: FastAPI) -> UUID:
    """A new organization, committed."""
    async with directory_session() as session:
        return (await service.create_organization(session, "Example")).id


@pytest.fixture
async def make_person(organization: UUID) -> MakePerson:
    """`await make_person(role, organization_id=…)` adds somebody with PASSWORD, committed."""
    home = organization

    async def make(role: Role = "viewer", *, organization_id: UUID | None = None) -> Person:
        where = organization_id or home
        email = f"{os.urandom(6).hex()}@example.com"
        async with tenant_session(where) as session:
            user = await service.create_user(
                session, where, email=email, name="Kim Tester", role=role, password=PASSWORD
            )
        return Person(user_id=user.id, organization_id=where, email=email, role=role)

    return make


@pytest.fixture
async def other_organization(app: FastAPI) -> UUID:
    async with directory_session() as session:
        return (await service.create_organization(session, "Another")).id


SignIn = Callable[[Person], Awaitable[dict[str, str]]]


@pytest.fixture
def sign_in(client: httpx.AsyncClient) -> SignIn:
    """`await sign_in(person)` gives the native answer: access_token and refresh_token."""

    async def run(person: Person) -> dict[str, str]:
        answer = await client.post(
            "/api/v1/auth/login", json={"email": person.email, "password": person.password, "client": "native"}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    return run


def bearer(token: str) -> dict[str, str]:
    """The header that carries an access token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def auth() -> Callable[[str], dict[str, str]]:
    return bearer
