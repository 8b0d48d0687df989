"""A provider that lies: every wrong answer ends without a session and with one text; the cause is in the audit log."""

import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from app.domains.identity.service.sso import provider as published
from tests.domains.identity.conftest import Clock, MakePerson, SignIn, bearer
from tests.domains.identity.sso.conftest import API, BASE, Dns, Keeper, oidc_body, query_of
from tests.domains.identity.sso.oidc_cases import Wrong, cases, lies_in_discovery
from tests.domains.identity.sso.oidc_journey import CLIENT_ID, answer_honestly, begin, come_back
from tests.support.counts import CountCases
from tests.support.oidc_attacker import Answer, ScriptedProvider


def answer_wrongly(scripted: ScriptedProvider, sent: dict[str, str], case: Wrong) -> None:
    key: Any = getattr(scripted, case.key)
    options = dict(case.sign)
    content: Any = options.pop("raw", None) or scripted.claims(CLIENT_ID, sent["nonce"], **case.claims)
    token = scripted.sign(content, key=key() if callable(key) else key, **options)
    changed = case.change(token) if case.change else token
    answer = case.token(changed) if case.token else Answer({"access_token": "access", "id_token": changed})
    scripted.token = lambda: answer
    if case.keys is not None:
        scripted.keys = case.keys(scripted)


async def try_case(
    app_browser: Callable[[], httpx.AsyncClient], scripted: ScriptedProvider, connection: dict[str, Any], case: Wrong
) -> httpx.Response:
    """One sign-in with one lie, in a browser of its own."""
    published.forget_providers()
    scripted.reset()
    scripted.discovery |= case.discovery
    async with app_browser() as browser:
        sent = await begin(browser, connection, fresh=case.fresh)
        answer_wrongly(scripted, sent, case)
        if case.cookie == "none":
            browser.cookies.clear()
        elif case.cookie == "other":
            browser.cookies.clear()
            browser.cookies.set("sso-oidc", "y" * 43, domain="localhost.local")
        query = {"state": sent["state"], "code": "a-code"}
        return await come_back(browser, connection, case.query(query) if case.query else query)


@pytest.fixture
def app_browser(browser: httpx.AsyncClient) -> Callable[[], httpx.AsyncClient]:
    transport = browser._transport
    return lambda: httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Accept": "text/html"})


async def test_no_wrong_answer_of_a_provider_becomes_a_session(
    keeper: Keeper, scripted: ScriptedProvider, app_browser: Callable[[], httpx.AsyncClient], count_cases: CountCases
) -> None:
    plain = await keeper.connect(oidc_body(scripted.issuer), "proven.example")
    await keeper.call("POST", f"/identity-providers/{plain['id']}/domains", 201, json={"domain": "asked.example"})
    strict = await keeper.connect(oidc_body(scripted.issuer, name="With a factor", require_mfa=True))
    people = await keeper.people()
    wrong = []
    every = cases(scripted, CLIENT_ID)
    for case in every:
        before = len(await keeper.causes())
        answer = await try_case(app_browser, scripted, strict if case.mfa else plain, case)
        causes = (await keeper.causes())[before:]
        refused = answer.status_code == 400 and answer.json()["type"].endswith("/sign-in-failed")
        if not refused or causes != [case.cause] or "set-cookie" in answer.headers:
            wrong.append((case.name, case.cause, answer.status_code, causes))
        elif any(word in answer.text for word in ("nonce", "issuer", "audience", case.cause)):
            wrong.append((case.name, "tells the cause", answer.status_code, [answer.text]))
    assert not wrong, "\n".join(map(str, wrong))
    assert await keeper.provider_sessions() == 0
    assert await keeper.people() == people
    # The same road with nothing wrong leads in, so every case above failed for its own reason.
    for connection, claims in ((plain, {}), (strict, {"amr": ["mfa"], "auth_time": int(time.time())})):
        right = await try_case(
            app_browser, scripted, connection, Wrong("nothing", "", claims, mfa=connection is strict)
        )
        expected = 302 if connection is plain else 400  # the address is the first one's by now: nobody is linked
        assert right.status_code == expected, right.text
    assert (await keeper.causes())[-1] == "domain"
    assert await keeper.provider_sessions() == 1
    assert len(every) >= 60
    count_cases("wrong OpenID answers", Counter(case.cause for case in every))


async def test_a_provider_that_lies_about_itself_is_not_asked(
    keeper: Keeper, scripted: ScriptedProvider, browser: httpx.AsyncClient, count_cases: CountCases
) -> None:
    connection = await keeper.connect(oidc_body(scripted.issuer))
    every = lies_in_discovery(scripted)
    for name, cause, changes, whole in every:
        published.forget_providers()
        scripted.reset()
        scripted.discovery |= changes
        scripted.discovery_answer = whole
        answer = await browser.get(f"{API}/auth/oidc/{connection['id']}/start", headers={"Accept": "application/json"})
        assert (name, answer.status_code) == (name, 400), answer.text
        assert (await keeper.causes())[-1] == cause, name
        assert not browser.cookies
    published.forget_providers()
    scripted.reset()
    assert (await browser.get(f"{API}/auth/oidc/{connection['id']}/start")).status_code == 302
    count_cases("lies in OpenID discovery", Counter(cause for _, cause, _, _ in every))


async def test_a_state_counts_once_and_only_for_its_connection_and_ten_minutes(
    keeper: Keeper, scripted: ScriptedProvider, browser: httpx.AsyncClient, moved_clock: Clock
) -> None:
    connection = await keeper.connect(oidc_body(scripted.issuer), "proven.example")
    second = await keeper.connect(oidc_body(scripted.issuer, name="Second"))
    sent = await begin(browser, connection)
    answer_honestly(scripted, sent)
    query = {"state": sent["state"], "code": "a-code"}
    assert (await come_back(browser, connection, query)).status_code == 302
    assert (await come_back(browser, connection, query)).status_code == 400
    sent = await begin(browser, connection)
    answer_honestly(scripted, sent)
    assert (await come_back(browser, second, {"state": sent["state"], "code": "c"})).status_code == 400
    assert (await come_back(browser, connection, {"state": sent["state"], "code": "c"})).status_code == 400
    sent = await begin(browser, connection)
    answer_honestly(scripted, sent)
    moved_clock.advance(minutes=10, seconds=1)
    assert (await come_back(browser, connection, {"state": sent["state"], "code": "c"})).status_code == 400
    assert await keeper.causes() == ["state", "state-connection", "state", "state"]


async def test_the_request_has_pkce_and_exact_addresses_and_the_code_is_traded_with_the_verifier(
    keeper: Keeper, scripted: ScriptedProvider, browser: httpx.AsyncClient
) -> None:
    from app.domains.identity.rules.sso import challenge_of

    connection = await keeper.connect(oidc_body(scripted.issuer), "proven.example")
    sent = await begin(browser, connection)
    assert sent["response_type"] == "code"
    assert sent["code_challenge_method"] == "S256"
    assert len(sent["state"]) >= 43
    assert len(sent["nonce"]) >= 43
    assert sent["redirect_uri"] == connection["addresses"]["redirect_uri"]
    answer_honestly(scripted, sent)
    await come_back(browser, connection, {"state": sent["state"], "code": "a-code"})
    form = query_of("?" + scripted.requests[-2][3].decode())  # the last one fetched the keys
    assert challenge_of(form["code_verifier"]) == sent["code_challenge"]
    assert form["redirect_uri"] == sent["redirect_uri"]
    assert scripted.requests[-2][2]["Authorization"].startswith("Basic ")


async def test_a_rivals_provider_that_names_a_victim_gets_nothing(
    keeper: Keeper,
    rival: Keeper,
    scripted: ScriptedProvider,
    browser: httpx.AsyncClient,
    make_person: MakePerson,
    sign_in: SignIn,
    client: httpx.AsyncClient,
    count_cases: CountCases,
) -> None:
    """The rival controls a provider, a proven domain, and everything that it says about the victim."""
    victim = await make_person("admin")
    trusted = await keeper.connect(oidc_body(scripted.issuer, name="The victim's"), "proven.example")
    evil = await rival.connect(oidc_body(scripted.issuer, name="The rival's"), "rival.example")
    tries = 0
    claims: list[dict[str, Any]] = [
        {"sub": "x", "email": victim.email},
        {"sub": str(victim.user_id), "email": victim.email},
        {"sub": victim.email, "email": victim.email},
        {"sub": "x", "email": victim.email.upper()},
        {"sub": "x", "email": f" {victim.email}"},
        {"sub": "x", "email": keeper.person.email},
        {"sub": "x", "email": rival.person.email},
        {"sub": "x", "email": "kim@proven.example"},
        {"sub": "x", "email": victim.email, "preferred_username": victim.email, "groups": ["owner", "admin"]},
    ]
    for said in claims:
        sent = await begin(browser, evil)
        answer_honestly(scripted, sent, **said)
        assert (await come_back(browser, evil, {"state": sent["state"], "code": "c"})).status_code == 400, said
        tries += 1
    # The rival's state and answer at the victim's callback, and the other way round.
    for begun, ended in ((evil, trusted), (trusted, evil)):
        sent = await begin(browser, begun)
        answer_honestly(scripted, sent, email="kim@proven.example")
        assert (await come_back(browser, ended, {"state": sent["state"], "code": "c"})).status_code == 400
        tries += 1
    # A domain that the other organization has proven cannot be proven again, whatever the DNS says.
    added = await rival.call(
        "POST", f"/identity-providers/{evil['id']}/domains", 201, json={"domain": "proven.example"}
    )
    rival.dns.put(next(row["record"] for row in added["domains"] if row["domain"] == "proven.example"))
    taken = await rival.call("POST", f"/identity-providers/{evil['id']}/domains/proven.example/verify", 409)
    assert taken["type"].endswith("/domain-taken")
    sent = await begin(browser, evil)
    answer_honestly(scripted, sent, email="kim@proven.example")
    assert (await come_back(browser, evil, {"state": sent["state"], "code": "c"})).status_code == 400
    # Linking somebody else's account needs that person's session.
    token = (await sign_in(victim))["access_token"]
    other = await client.post(f"{API}/identity-providers/{evil['id']}/link", headers=bearer(token))
    assert other.status_code == 404
    assert await keeper.provider_sessions() == await rival.provider_sessions() == 0
    assert (await client.get(f"{API}/auth/me", headers=bearer(token))).json()["organization"]["id"] == str(
        victim.organization_id
    )
    count_cases("a rival's provider naming a victim", tries + 2)


async def test_a_provider_cannot_reach_past_its_organization(
    keeper: Keeper,
    rival: Keeper,
    scripted: ScriptedProvider,
    browser: httpx.AsyncClient,
    client: httpx.AsyncClient,
) -> None:
    """Somebody of two organizations comes through one's provider: the session is good there only."""
    from app.core.database import tenant_session
    from app.domains.identity import service

    connection = await keeper.connect(oidc_body(scripted.issuer), "proven.example")
    sent = await begin(browser, connection)
    email = f"{os.urandom(5).hex()}@proven.example"
    answer_honestly(scripted, sent, email=email, auth_time=int(time.time()))
    answer = await come_back(browser, connection, {"state": sent["state"], "code": "c"})
    assert answer.headers["location"] == "/sign-in/complete?return_to=%2F"
    tokens = await browser.post(
        f"{API}/auth/refresh", json={}, headers={"Origin": BASE, "X-CloudOps-Client": "web", "Accept": "*/*"}
    )
    assert tokens.status_code == 200, tokens.text
    headers = bearer(tokens.json()["access_token"])
    me = (await client.get(f"{API}/auth/me", headers=headers)).json()
    assert (me["email"], me["role"]) == (email, "viewer")
    async with tenant_session(rival.person.organization_id) as session:
        await service.add_member(session, rival.person.organization_id, me["id"], "admin")
    for method, path, body in (
        ("POST", "/auth/switch", {"organization_id": str(rival.person.organization_id)}),
        ("POST", "/auth/password", {"current_password": "x" * 12, "new_password": "y" * 16}),
        ("POST", "/auth/email/change", {"email": "other@example.com"}),
        ("POST", "/auth/factors/totp", {"name": "Phone"}),
        ("POST", "/auth/factors/passkeys/options", None),
        ("POST", "/organizations", {"name": "Mine"}),
    ):
        refused = await client.request(method, f"{API}{path}", json=body, headers=headers)
        assert refused.status_code == 403, (path, refused.text)


async def test_sign_in_methods_say_the_same_of_every_address(
    keeper: Keeper, scripted: ScriptedProvider, client: httpx.AsyncClient, dns: Dns
) -> None:
    connection = await keeper.connect(oidc_body(scripted.issuer), "proven.example")

    async def methods(email: str) -> Any:
        answer = await client.get(f"{API}/auth/methods", params={"email": email})
        assert answer.status_code == 200, answer.text
        return answer.json()

    known = await methods("anybody@proven.example")
    assert known["connections"] == [
        {
            "id": connection["id"],
            "name": "Example ID",
            "kind": "oidc",
            "start_url": f"{API}/auth/oidc/{connection['id']}/start",
        }
    ]
    nothing = {"password": True, "passkey": True, "connections": []}
    for email in (keeper.person.email, "nobody@unknown.example", "no address", "a@b@c", "kim@asked.example"):
        assert await methods(email) == nothing
    await keeper.call("PATCH", f"/identity-providers/{connection['id']}", json={"enabled": False})
    assert await methods("anybody@proven.example") == nothing


async def test_a_person_sees_which_providers_they_are_linked_to(
    keeper: Keeper,
    rival: Keeper,
    scripted: ScriptedProvider,
    browser: httpx.AsyncClient,
    client: httpx.AsyncClient,
    make_person: MakePerson,
    sign_in: SignIn,
) -> None:
    """From the list of their own page through the provider and back, with a password that keeps working."""
    connection = await keeper.connect(oidc_body(scripted.issuer), "proven.example")
    await keeper.connect(oidc_body(scripted.issuer, name="Switched off", enabled=False))
    await rival.connect(oidc_body(scripted.issuer, name="Theirs"))
    person = await make_person("viewer")
    headers = bearer((await sign_in(person))["access_token"])
    assert (await client.get(f"{API}/auth/identities")).status_code == 401

    async def mine() -> list[dict[str, Any]]:
        answer = await client.get(f"{API}/auth/identities", headers=headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    assert await mine() == [{"id": connection["id"], "name": "Example ID", "kind": "oidc", "linked_at": None}]
    link = f"{API}/identity-providers/{connection['id']}/link?return_to=/profile/security"
    started = await browser.post(link, headers=headers)
    assert started.status_code == 200, started.text
    sent = query_of(started.json()["start_url"])
    answer_honestly(scripted, sent, email="somebody@else.example", sub="their subject", auth_time=int(time.time()))
    back = await come_back(browser, connection, {"state": sent["state"], "code": "c"})
    assert (back.status_code, back.headers["location"]) == (302, "/profile/security"), await keeper.causes()
    assert [row["linked_at"] is not None for row in await mine()] == [True]
