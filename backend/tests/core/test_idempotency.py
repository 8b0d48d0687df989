"""Idempotency keys: a repeat gets the first answer, and the work happens once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from app.core.config import Settings
from app.core.database import Database, tenant_session
from app.core.errors import Conflict
from app.core.handlers import install_error_handlers
from app.core.http import Caller, DbSession, allow
from app.core.idempotency import Once
from app.core.ids import new_id
from app.core.middleware import install_middleware
from app.core.schemas import ReadModel, RequestModel
from fastapi import Depends, FastAPI, Request
from sqlalchemy import text


class ThingCreate(RequestModel):
    name: str


class ThingRead(ReadModel):
    id: UUID
    name: str


class Works:
    """Counts how often the work behind the route began and ended."""

    def __init__(self) -> None:
        self.started = self.done = 0
        self.fail = False

    async def create(self, name: str) -> ThingRead:
        self.started += 1
        await asyncio.sleep(0.02)
        if self.fail:
            raise Conflict("not now")
        self.done += 1
        return ThingRead(id=new_id(), name=name)


@pytest.fixture
def works() -> Works:
    return Works()


@pytest.fixture
async def client(database: Database, organization_id: UUID, works: Works) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    users = {"a": new_id(), "b": new_id()}

    async def authenticate(request: Request) -> Caller:
        return Caller(
            user_id=users[request.headers.get("x-user", "a")],
            organization_id=organization_id,
            email="a@example.com",
            role="admin",
            permissions=frozenset({"things:write"}),
        )

    @app.post("/api/v1/things", status_code=201)
    async def create_thing(
        body: ThingCreate, session: DbSession, caller: Annotated[Caller, Depends(allow("things:write"))], once: Once
    ) -> ThingRead:
        return await once(lambda: works.create(body.name), ThingRead)

    app.state.authenticate = authenticate
    install_error_handlers(app)
    install_middleware(app, Settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


async def create(client: httpx.AsyncClient, key: str | None, name: str = "x", user: str = "a") -> httpx.Response:
    sent = {"x-user": user} | ({"idempotency-key": key} if key else {})
    return await client.post("/api/v1/things", json={"name": name}, headers=sent)


async def test_a_repeat_gets_the_same_answer(client: httpx.AsyncClient, works: Works) -> None:
    first, second = await create(client, "key-1"), await create(client, "key-1")
    assert (first.status_code, second.status_code, works.done) == (201, 201, 1)
    assert first.content == second.content


async def test_without_a_key_each_request_creates(client: httpx.AsyncClient, works: Works) -> None:
    assert (await create(client, None)).json() != (await create(client, None)).json()
    assert works.done == 2


async def test_another_body_under_the_key_is_a_named_conflict(client: httpx.AsyncClient, works: Works) -> None:
    await create(client, "key-1")
    answer = await create(client, "key-1", name="y")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (409, "idempotency-key-reused")
    assert works.done == 1


async def test_another_person_may_use_the_same_key(client: httpx.AsyncClient, works: Works) -> None:
    assert (await create(client, "key-1")).json() != (await create(client, "key-1", user="b")).json()
    assert works.done == 2


async def test_a_failure_is_not_kept(client: httpx.AsyncClient, works: Works) -> None:
    works.fail = True
    assert (await create(client, "key-1")).status_code == 409
    works.fail = False
    assert (await create(client, "key-1")).status_code == 201


async def test_twenty_at_once_create_one_thing(client: httpx.AsyncClient, works: Works) -> None:
    answers = await asyncio.gather(*(create(client, "key-race") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert works.done == 1


async def test_a_key_is_forgotten_after_a_day(client: httpx.AsyncClient, works: Works, organization_id: UUID) -> None:
    await create(client, "key-1")
    await create(client, "key-2")
    async with tenant_session(organization_id) as session:
        await session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"))
    await create(client, "key-1", name="y")
    assert works.done == 3
    async with tenant_session(organization_id) as session:
        count: Any = (await session.execute(text("SELECT count(*) FROM idempotency_keys"))).scalar_one()
    assert count == 1


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 201, "a\tb"])
async def test_an_odd_key_is_422(client: httpx.AsyncClient, key: str) -> None:
    headers = httpx.Headers({"idempotency-key": key}, encoding="utf-8")
    answer = await client.post("/api/v1/things", json={"name": "x"}, headers=headers)
    assert answer.status_code == 422
