"""Logout tokens of a provider: a right one ends its sessions once, a wrong one ends none."""

import os
import time
from collections import Counter
from typing import Any

import httpx
import pytest
from app.core.database import tenant_session
from app.domains.identity.service.sso.upkeep import forget_used_assertions
from tests.domains.identity.sso.conftest import API, Keeper, oidc_body
from tests.domains.identity.sso.oidc_journey import CLIENT_ID, answer_honestly, begin, come_back
from tests.support.counts import CountCases
from tests.support.oidc_attacker import ScriptedProvider

LOGOUT: dict[str, Any] = {
    "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    "nonce": None,
    "exp": None,
}


@pytest.mark.parametrize(
    ("token_type", "status"),
    [
        ("logout+jwt", 200),
        ("application/logout+jwt", 200),
        ("LOGOUT+JWT", 200),
        (None, 400),
        ("", 400),
        ("JWT", 400),
        ("at+jwt", 400),
        ("logout", 400),
        ("logout+jwt ", 400),
        (["logout+jwt"], 400),
    ],
)
async def test_a_logout_token_has_to_say_that_it_is_one(
    keeper: Keeper, scripted: ScriptedProvider, client: httpx.AsyncClient, token_type: Any, status: int
) -> None:
    connection = await keeper.connect(oidc_body(scripted.issuer), "proven.example")
    claims = {
        name: value for name, value in (scripted.claims(CLIENT_ID, "n") | LOGOUT).items() if value is not None
    } | {"jti": os.urandom(8).hex(), "sid": "their session"}
    token = scripted.sign(claims, header={"typ": token_type})
    answer = await client.post(f"{API}/auth/oidc/{connection['id']}/back-channel-logout", data={"logout_token": token})
    assert answer.status_code == status, await keeper.causes()
    if status != 200:
        assert (await keeper.causes())[-1] in ("token-type", "token")


WRONG_LOGOUTS: list[tuple[str, dict[str, Any]]] = [
    ("issuer", {"iss": "https://elsewhere.example"}),
    ("audience", {"aud": "another client"}),
    ("audience", {"aud": [CLIENT_ID, "another client"]}),
    ("audience", {"aud": None}),
    ("issued-at", {"iat": 1}),
    ("issued-at", {"iat": 4_000_000_000}),
    ("iat-unreadable", {"iat": None}),
    ("iat-unreadable", {"iat": "now"}),
    ("expired", {"exp": 1}),
    ("events", {"events": None}),
    ("events", {"events": {}}),
    ("events", {"events": ["http://schemas.openid.net/event/backchannel-logout"]}),
    ("events", {"events": {"http://schemas.openid.net/event/backchannel-logout": True}}),
    ("nonce", {"nonce": "n"}),
    ("token-id", {"jti": None}),
    ("token-id", {"jti": 7}),
    ("subject", {"sub": None, "sid": None}),
    ("subject", {"sid": {"a": 1}}),
    ("subject", {"sid": 7}),
    ("subject", {"sid": "their session\x00"}),
    ("subject", {"sid": "x" * 256}),
    ("subject", {"sub": ["kim"]}),
]


async def test_no_wrong_logout_token_ends_a_session(
    keeper: Keeper,
    scripted: ScriptedProvider,
    browser: httpx.AsyncClient,
    client: httpx.AsyncClient,
    count_cases: CountCases,
) -> None:
    connection = await keeper.connect(oidc_body(scripted.issuer), "proven.example")
    sent = await begin(browser, connection)
    answer_honestly(scripted, sent, sid="their session", email="kim@proven.example")
    assert (await come_back(browser, connection, {"state": sent["state"], "code": "c"})).status_code == 302

    async def log_out(**changes: Any) -> tuple[int, str]:
        claims = scripted.claims(CLIENT_ID, "n") | LOGOUT | {"jti": os.urandom(8).hex(), "sid": "their session"}
        token = scripted.sign(
            {name: value for name, value in (claims | changes).items() if value is not None},
            header={"typ": "logout+jwt"},
        )
        path = f"{API}/auth/oidc/{connection['id']}/back-channel-logout"
        answer = await client.post(path, data={"logout_token": token})
        return answer.status_code, "" if answer.status_code == 200 else (await keeper.causes())[-1]

    for cause, changes in WRONG_LOGOUTS:
        assert await log_out(**changes) == (400, cause), changes
    assert await keeper.provider_sessions() == 1
    assert await log_out(jti="once") == (200, "")
    assert await log_out(jti="once") == (400, "replayed")
    assert await keeper.provider_sessions() == 0
    count_cases("wrong logout tokens", Counter(cause for cause, _ in WRONG_LOGOUTS) + Counter(replayed=1))


async def test_a_provider_whose_people_have_another_subject_logs_them_out_by_its_own(
    keeper: Keeper, scripted: ScriptedProvider, browser: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    """Entra ID: people are known by `oid`, which all its applications see; logout tokens carry `sub`."""
    body = oidc_body(scripted.issuer, config={"subject_claim": "oid"})
    connection = await keeper.connect(body, "proven.example")

    async def enter(**claims: Any) -> int:
        sent = await begin(browser, connection)
        answer_honestly(scripted, sent, **claims)
        return (await come_back(browser, connection, {"state": sent["state"], "code": "c"})).status_code

    async def log_out(subject: str, **changes: Any) -> None:
        claims = scripted.claims(CLIENT_ID, "n") | LOGOUT | {"jti": os.urandom(8).hex(), "sub": subject} | changes
        token = scripted.sign(
            {name: value for name, value in claims.items() if value is not None}, header={"typ": "logout+jwt"}
        )
        path = f"{API}/auth/oidc/{connection['id']}/back-channel-logout"
        assert (await client.post(path, data={"logout_token": token})).status_code == 200

    kim = {"sub": "kim, to this application", "oid": "kim", "email": "kim@proven.example"}
    lee = {"sub": "lee, to this application", "oid": "lee", "email": "lee@proven.example"}
    assert [await enter(**kim), await enter(**kim), await enter(**lee)] == [302, 302, 302]
    for nobody in ("kim", "somebody else"):
        await log_out(nobody)
    assert await keeper.provider_sessions() == 3
    await log_out(kim["sub"])
    assert await keeper.provider_sessions() == 1
    # An answer that the provider gave before it told of the end does not come back in.
    assert (await enter(**kim), (await keeper.causes())[-1]) == (400, "logged-out")
    assert await enter(**kim, iat=int(time.time()) + 5) == 302
    assert await keeper.provider_sessions() == 2

    organization_id = keeper.person.organization_id
    entries = f"SELECT count(*) FROM directory.entries WHERE kind = 'logout_subject' AND organization_id = '{organization_id}'"  # noqa: E501, S608
    await keeper.call("DELETE", f"/identity-providers/{connection['id']}", 204)
    assert await keeper.count(entries) == 2
    async with tenant_session(organization_id) as session:
        await forget_used_assertions(session, organization_id)
    assert await keeper.count(entries) == 0
