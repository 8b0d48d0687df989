"""Refresh tokens: single use, the grace for lost answers, and the end of a family that was used twice."""

import asyncio
from typing import Any

import httpx
import pytest
from app.core.database import tenant_session
from app.domains.audit.models import AuditEvent
from app.domains.identity.models import RefreshToken
from sqlalchemy import func, select
from tests.support.counts import RACES, CountCases

REFRESH, ME = "/api/v1/auth/refresh", "/api/v1/auth/me"
BROWSER = {
    "Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin", "X-CloudOps-Client": "web",
    "Content-Type": "application/json",
}  # fmt: skip


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post(REFRESH, json={"refresh_token": token})


async def test_a_refresh_gives_new_tokens_of_the_same_session(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    first = await sign_in(await make_person())
    answer = await refresh(client, first["refresh_token"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != first["refresh_token"]
    for token in (first["access_token"], answer.json()["access_token"]):
        assert (await client.get(ME, headers=auth(token))).status_code == 200
    sessions = (await client.get("/api/v1/auth/sessions", headers=auth(answer.json()["access_token"]))).json()
    assert len(sessions["items"]) == 1
    assert sessions["items"][0]["current"] is True


async def test_a_reused_token_ends_the_family(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person = await make_person()
    first = await sign_in(person)
    second = (await refresh(client, first["refresh_token"])).json()
    moved_clock.advance(seconds=21)
    answer = await refresh(client, first["refresh_token"])
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("/session-ended")
    assert (await refresh(client, second["refresh_token"])).status_code == 401
    assert (await client.get(ME, headers=auth(second["access_token"]))).status_code == 401
    async with tenant_session(person.organization_id) as session:
        actions = (await session.execute(select(AuditEvent.action))).scalars().all()
    assert actions.count("session.refresh_reused") == 1
    assert actions.count("session.revoked") == 1


async def test_a_lost_answer_is_forgiven_for_twenty_seconds(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, moved_clock: Any
) -> None:
    first = await sign_in(await make_person())
    lost = (await refresh(client, first["refresh_token"])).json()
    moved_clock.advance(seconds=19)
    again = await refresh(client, first["refresh_token"])
    assert again.status_code == 200
    assert again.json()["refresh_token"] != lost["refresh_token"]
    moved_clock.advance(seconds=30)
    assert (await refresh(client, again.json()["refresh_token"])).status_code == 200


async def test_the_killed_successor_is_dead(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, moved_clock: Any
) -> None:
    first = await sign_in(await make_person())
    killed = (await refresh(client, first["refresh_token"])).json()["refresh_token"]
    live = (await refresh(client, first["refresh_token"])).json()["refresh_token"]
    moved_clock.advance(seconds=30)
    assert (await refresh(client, killed)).status_code == 401
    assert (await refresh(client, live)).status_code == 401  # the family ended: one of the two was a thief


async def test_no_grace_once_the_successor_was_used(client: httpx.AsyncClient, make_person: Any, sign_in: Any) -> None:
    first = await sign_in(await make_person())
    second = (await refresh(client, first["refresh_token"])).json()
    third = (await refresh(client, second["refresh_token"])).json()
    assert (await refresh(client, first["refresh_token"])).status_code == 401
    assert (await refresh(client, third["refresh_token"])).status_code == 401


async def test_fifty_at_once_leave_one_live_token(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, count_cases: CountCases
) -> None:
    person = await make_person()
    first = await sign_in(person)
    answers = await asyncio.gather(*[refresh(client, first["refresh_token"]) for _ in range(50)])
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) >= 1
    async with tenant_session(person.organization_id) as session:
        unused = await session.execute(select(func.count()).where(RefreshToken.used_at.is_(None)))
        assert unused.scalar_one() == 1  # whoever was answered within the grace shares the family's one live token
    count_cases(RACES, {"refresh (live tokens)": 50}, accepted=1)


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 200, "null", "' OR 1=1"])
async def test_an_unknown_token_has_no_session(client: httpx.AsyncClient, token: str) -> None:
    answer = await refresh(client, token)
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("/session-ended")


@pytest.mark.parametrize(
    "body", [{"refresh_token": ["a"]}, {"refresh_token": ""}, {"refresh_token": "a" * 201}, {"x": 1}, []]
)
async def test_a_malformed_refresh_is_invalid(client: httpx.AsyncClient, body: Any) -> None:
    assert (await client.post(REFRESH, json=body)).status_code == 422


@pytest.fixture
async def browser(client: httpx.AsyncClient, make_person: Any) -> httpx.AsyncClient:
    person = await make_person()
    await client.post("/api/v1/auth/login", json={"email": person.email, "password": person.password})
    return client


async def test_a_browser_refreshes_by_its_cookie(browser: httpx.AsyncClient) -> None:
    before = browser.cookies["refresh"]
    answer = await browser.post(REFRESH, content=b"{}", headers=BROWSER)
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] is None
    assert browser.cookies["refresh"] != before
    assert (await browser.post(REFRESH, headers=BROWSER)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Origin": None}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost:8000"}, 403),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Origin": "http://localhost:8000.evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://user@localhost:8000"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"X-CloudOps-Client": None}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": None}, 415),
        ({"Sec-Fetch-Site": None}, 200),
        ({"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}, 200),
    ],
)
async def test_the_cookie_counts_only_for_our_own_pages(
    browser: httpx.AsyncClient, changes: dict[str, str | None], status: int
) -> None:
    headers = {name: value for name, value in (BROWSER | changes).items() if value is not None}
    headers["Cookie"] = f"refresh={browser.cookies['refresh']}"
    answer = await browser.post(REFRESH, headers=headers)
    assert answer.status_code == status, answer.text


async def test_without_cookie_and_body_nobody_is_signed_in(client: httpx.AsyncClient) -> None:
    answer = await client.post(REFRESH, content=b"{}", headers=BROWSER)
    assert answer.status_code == 401


async def test_idle_and_absolute_expiry(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, moved_clock: Any
) -> None:
    token = (await sign_in(await make_person()))["refresh_token"]
    for _ in range(3):
        moved_clock.advance(days=29)
        answer = await refresh(client, token)
        assert answer.status_code == 200
        token = answer.json()["refresh_token"]
    moved_clock.advance(days=4)  # day 91 of at most 90
    assert (await refresh(client, token)).status_code == 401
    idle = (await sign_in(await make_person()))["refresh_token"]
    moved_clock.advance(days=30, seconds=1)
    assert (await refresh(client, idle)).status_code == 401


async def test_web_sessions_end_after_twelve_idle_hours(browser: httpx.AsyncClient, moved_clock: Any) -> None:
    moved_clock.advance(hours=11, minutes=59)
    assert (await browser.post(REFRESH, headers=BROWSER)).status_code == 200
    moved_clock.advance(hours=12, seconds=1)
    assert (await browser.post(REFRESH, headers=BROWSER)).status_code == 401
