"""Delays after failed sign-ins, by a clock that tests move."""

import asyncio
from typing import Any

import httpx
import pytest
from app.core.database import directory_session
from app.core.errors import RateLimited
from app.domains.identity import service
from app.domains.identity.models import LoginThrottle
from app.domains.identity.service import throttle
from sqlalchemy import select

LOGIN = "/api/v1/auth/login"
WRONG = "wrong password here"


async def attempt(client: httpx.AsyncClient, email: str, password: str = WRONG) -> httpx.Response:
    return await client.post(LOGIN, json={"email": email, "password": password})


async def wait_of(name: str, address: str) -> int:
    """Tries once; how many seconds the answer says to wait, 0 when the try was admitted."""
    try:
        await throttle.begin_attempt(name, address)
    except RateLimited as refused:
        return int(refused.headers["Retry-After"])
    return 0


@pytest.mark.parametrize("known", [True, False])
async def test_after_five_failures_a_name_waits_longer_and_longer(
    client: httpx.AsyncClient, make_person: Any, moved_clock: Any, known: bool
) -> None:
    email = (await make_person()).email if known else "nobody-at-all@example.com"
    for _ in range(5):
        assert (await attempt(client, email)).status_code == 401
    for delay in (1, 2, 4, 8):
        refused = await attempt(client, email)
        assert refused.status_code == 429
        assert refused.json()["type"].endswith("/rate-limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= delay + 1
        moved_clock.advance(seconds=delay + 0.01)
        assert (await attempt(client, email.upper())).status_code == 401  # another spelling is the same name
    assert (await attempt(client, f" {email}")).status_code == 429


async def test_the_right_password_waits_too_and_then_clears_the_name(
    client: httpx.AsyncClient, make_person: Any, moved_clock: Any
) -> None:
    person = await make_person()
    for _ in range(5):
        await attempt(client, person.email)
    assert (await attempt(client, person.email, person.password)).status_code == 429
    moved_clock.advance(seconds=2)
    assert (await attempt(client, person.email, person.password)).status_code == 200
    async with directory_session() as session:
        rows = (await session.execute(select(LoginThrottle))).scalars().all()
    assert {row.kind: round(row.failures) for row in rows} == {"network": 5, "overall": 0}


async def test_a_network_waits_for_all_its_names(client: httpx.AsyncClient, make_person: Any, moved_clock: Any) -> None:
    person = await make_person()
    for index in range(5):
        assert (await attempt(client, f"name{index}@example.com")).status_code == 401
    assert (await attempt(client, person.email, person.password)).status_code == 429
    await throttle.begin_attempt(person.email, "203.0.113.9")  # from elsewhere the name is free
    moved_clock.advance(seconds=60)
    assert (await attempt(client, person.email, person.password)).status_code == 200


async def test_nobody_is_locked_out_for_good(app: Any, moved_clock: Any) -> None:
    for _ in range(30):
        wait = await wait_of("victim@example.com", "203.0.113.1")
        assert wait <= 901
        moved_clock.advance(seconds=wait)
    moved_clock.advance(seconds=901)
    await throttle.begin_attempt("victim@example.com", "198.51.100.1")


async def test_fifty_tries_at_once_count_as_fifty(app: Any) -> None:
    waits = await asyncio.gather(*[wait_of("race@example.com", "203.0.113.2") for _ in range(50)])
    assert waits.count(0) == 5


async def test_names_and_addresses_are_kept_as_hashes_only(app: Any) -> None:
    await throttle.begin_attempt("somebody@example.com", "203.0.113.3")
    async with directory_session() as session:
        rows = (await session.execute(select(LoginThrottle))).scalars().all()
    assert {row.kind for row in rows} == {"name", "network", "overall"}
    assert all(len(row.hash) == 32 for row in rows)


async def test_old_counters_are_removed(app: Any, moved_clock: Any) -> None:
    await throttle.begin_attempt("somebody@example.com", "203.0.113.3")
    moved_clock.advance(days=3)
    async with directory_session() as session:
        await service.forget_old_attempts(session)
        assert (await session.execute(select(LoginThrottle))).first() is None
