"""Signing in: what the answer holds, what a failure says, and what is written down."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core import clock
from app.core.database import Database, directory_session, tenant_session
from app.domains.audit.models import AuditEvent
from app.domains.identity import queries, service
from sqlalchemy import select, text

LOGIN = "/api/v1/auth/login"


async def audit_rows(organization_id: UUID, action: str) -> list[AuditEvent]:
    async with tenant_session(organization_id) as session:
        query = select(AuditEvent).where(AuditEvent.organization_id == organization_id, AuditEvent.action == action)
        return list((await session.execute(query)).scalars().all())


async def test_native_sign_in_answers_with_both_tokens(client: httpx.AsyncClient, make_person: Any, auth: Any) -> None:
    person = await make_person("operator")
    answer = await client.post(
        LOGIN, json={"email": person.email.upper(), "password": person.password, "client": "native", "otp": None}
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 600
    assert len(body["refresh_token"]) == 43
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    me = (await client.get("/api/v1/auth/me", headers=auth(body["access_token"]))).json()
    assert me["id"] == str(person.user_id)
    assert me["email"] == person.email
    assert me["role"] == "operator"
    assert me["organization"] == {"id": str(person.organization_id), "name": "Example"}
    assert "alerts:write" in me["permissions"]
    assert me["permissions"] == sorted(me["permissions"])


async def test_browser_sign_in_keeps_the_refresh_token_in_a_cookie(client: httpx.AsyncClient, make_person: Any) -> None:
    person = await make_person()
    answer = await client.post(LOGIN, json={"email": person.email, "password": person.password})
    assert answer.json()["refresh_token"] is None
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("refresh=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


async def test_cookie_has_the_host_prefix_over_https(app: Any, client: httpx.AsyncClient, make_person: Any) -> None:
    person = await make_person()
    app.state.settings = app.state.settings.model_copy(update={"public_url": "https://ops.example.com"})
    answer = await client.post(LOGIN, json={"email": person.email, "password": person.password})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-refresh=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


async def test_every_failure_has_one_text(client: httpx.AsyncClient, make_person: Any, app: Any) -> None:
    known, disabled, homeless = await make_person(), await make_person(), await make_person()
    async with tenant_session(disabled.organization_id) as session:
        await service.disable_user(session, app.state.settings, disabled.organization_id, disabled.user_id)
    async with tenant_session(homeless.organization_id) as session:
        await session.execute(
            text("UPDATE memberships SET disabled_at = now() WHERE user_id = :u"), {"u": homeless.user_id}
        )
    tries = [
        (known.email, "wrong password here"),
        ("nobody@example.com", known.password),
        (disabled.email, disabled.password),
        (homeless.email, homeless.password),
    ]
    answers = [await client.post(LOGIN, json={"email": email, "password": word}) for email, word in tries]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert len({answer.text for answer in answers}) == 1
    problem = answers[0].json()
    assert problem["type"].endswith("/login-failed")
    assert "set-cookie" not in answers[0].headers


@pytest.mark.full_password_cost
async def test_similar_time_for_unknown_and_known_names(client: httpx.AsyncClient, make_person: Any) -> None:
    from time import perf_counter

    person = await make_person()
    spans = {}
    for email in (person.email, "nobody@example.com"):
        best = 9.9
        for _ in range(2):
            start = perf_counter()
            await client.post(LOGIN, json={"email": email, "password": "wrong password here"})
            best = min(best, perf_counter() - start)
        spans[email] = best
    # Both hash once; a missing hash would be faster by a factor of ten or more.
    assert 0.3 < spans[person.email] / spans["nobody@example.com"] < 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b.c"},
        {"email": ["a@b.c"], "password": "x"},
        {"email": "a@b.c", "password": 1},
        {"email": "a@b.c", "password": ""},
        {"email": "", "password": "x"},
        {"email": "a@b.c", "password": "x" * 1_025},
        {"email": "a@b.c", "password": "ü" * 600},
        {"email": "a@b.c", "password": "x", "organization_id": "1"},
        {"email": "a@b.c", "password": "x", "client": "desktop"},
        {"email": "a\u0000b", "password": "x"},
        {"email": "a@b.c", "password": "x", "otp": "1" * 65},
        [],
        "x",
        None,
    ],
)
async def test_a_malformed_body_is_invalid_input(client: httpx.AsyncClient, body: Any) -> None:
    answer = await client.post(LOGIN, json=body)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/invalid-input")


async def test_signing_in_is_audited_in_the_same_transaction(client: httpx.AsyncClient, make_person: Any) -> None:
    person = await make_person()
    headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    await client.post(LOGIN, json={"email": person.email, "password": person.password}, headers=headers)
    [row] = await audit_rows(person.organization_id, "session.started")
    assert row.actor_id == person.user_id
    assert row.outcome == "success"
    assert row.subject_type == "session"
    assert row.changes["device"] == "Firefox on Linux"
    assert row.changes["new_device"] is True
    assert row.user_agent == headers["User-Agent"]
    assert row.client_address == "127.0.0.1"
    await client.post(LOGIN, json={"email": person.email, "password": person.password}, headers=headers)
    rows = await audit_rows(person.organization_id, "session.started")
    assert sorted(row.changes["new_device"] for row in rows) == [False, True]


async def test_a_failed_sign_in_of_a_known_person_is_audited(client: httpx.AsyncClient, make_person: Any) -> None:
    person = await make_person()
    await client.post(LOGIN, json={"email": person.email, "password": "wrong password here"})
    [row] = await audit_rows(person.organization_id, "session.sign_in_failed")
    assert row.outcome == "failure"
    assert row.actor_id is None
    assert row.actor_kind == "anonymous"
    assert row.subject_id == str(person.user_id)
    assert row.changes["cause"] == "password"


async def test_twenty_sessions_at_most(client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any) -> None:
    person = await make_person()
    first = await sign_in(person)
    async with tenant_session(person.organization_id) as session:
        for _ in range(21):
            await service.sessions.start_session(
                session, client._transport.app.state.settings, person.organization_id, person.user_id,  # type: ignore[attr-defined]
                client="web", amr=["pwd"], origin=service.Origin(),
            )  # fmt: skip
    assert (await client.get("/api/v1/auth/me", headers=auth(first["access_token"]))).status_code == 401
    async with tenant_session(person.organization_id) as session:
        now = clock.utc_now()
        live = await queries.list_live_sessions(session, person.organization_id, person.user_id, now)
    assert len(live) == 20


@pytest.mark.full_password_cost
async def test_parameters_that_changed_are_rehashed_at_sign_in(
    make_person: Any, sign_in: Any, database: Database
) -> None:
    from app.domains.identity.service import signing_in as use_case
    from pwdlib.hashers.argon2 import Argon2Hasher

    person = await make_person()
    weak = Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(person.password)
    async with tenant_session(person.organization_id) as session:
        await use_case.store_password(session, person.user_id, weak)
    await sign_in(person)
    async with directory_session() as session:
        user = await use_case._read_user(session, person.user_id)
        phc = await use_case._open_password(session, user)
    assert phc is not None
    assert phc.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert user is not None
    assert user.password is not None
    assert b"argon2" not in user.password
    await sign_in(person)
