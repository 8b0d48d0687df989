"""A ticket is good once, for its kind, until it ends."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from app.core import clock
from app.core.database import Database, directory_session
from app.core.tickets import forget_expired_tickets, issue_ticket, read_ticket, take_ticket, withdraw_tickets
from tests.domains.conftest import root_key

assert root_key  # the fixture that gives the process its root key


async def issue(kind: str = "reset", lifetime: timedelta = timedelta(minutes=5), **more: object) -> str:
    async with directory_session() as session:
        return await issue_ticket(session, kind, lifetime, content={"a": 1}, **more)  # type: ignore[arg-type]  # per test


async def take(kind: str, token: str) -> object:
    async with directory_session() as session:
        found = await take_ticket(session, kind, token)
        return found.content if found else None


async def test_one_of_fifty_takers_gets_it(database: Database) -> None:
    token = await issue()
    found = await asyncio.gather(*(take("reset", token) for _ in range(50)))
    assert sorted(item is not None for item in found) == [False] * 49 + [True]
    assert {"a": 1} in found


async def test_another_kind_does_not_find_it(database: Database) -> None:
    token = await issue()
    assert await take("verify", token) is None
    assert await take("reset", token + "x") is None
    async with directory_session() as session:
        assert (found := await read_ticket(session, "reset", token)) is not None
        assert found.content == {"a": 1}
    assert await take("reset", token) == {"a": 1}


async def test_it_ends_by_itself_and_by_withdrawal(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = uuid4()
    late, withdrawn = await issue(), await issue(subject_id=subject)
    async with directory_session() as session:
        assert await withdraw_tickets(session, "reset", subject) == 1
    assert await take("reset", withdrawn) is None
    now = clock.utc_now()
    monkeypatch.setattr(clock, "utc_now", lambda: now + timedelta(hours=2))
    async with directory_session() as session:
        assert await read_ticket(session, "reset", late) is None
        assert await forget_expired_tickets(session) >= 1
