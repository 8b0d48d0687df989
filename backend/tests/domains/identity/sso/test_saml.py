"""SAML sign-in: the happy road, and wrong answers of every kind, none of which becomes a session."""

from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.domains.identity.conftest import MakePerson, SignIn, bearer
from tests.domains.identity.sso.conftest import API, BASE, Keeper
from tests.domains.identity.sso.saml_cases import CASES, EVIL, Pairs, Wrong, build
from tests.support.counts import CountCases
from tests.support.saml_provider import Pair, Said, encode, make_pair, request_of, signed_response

ENTITY = "https://saml.example/entity"


@pytest.fixture(scope="session")
def pairs() -> Pairs:
    return Pairs(make_pair(), make_pair(), make_pair(days=-1, starts=-30))


def saml_body(*certificates: Pair, **changes: Any) -> dict[str, Any]:
    config = {
        "entity_id": ENTITY,
        "sso_url": "http://127.0.0.1:9/sso",
        "certificates": [pair.pem for pair in certificates],
    }
    return {"kind": "saml", "name": "Example SAML", "config": config | changes.pop("config", {}), **changes}


async def begin(browser: httpx.AsyncClient, connection: dict[str, Any], query: str = "") -> tuple[Said, dict[str, str]]:
    """Start a sign-in: what a right answer would say, and the request."""
    answer = await browser.get(f"{API}/auth/saml/{connection['id']}/start{query}")
    assert answer.status_code == 302, answer.text
    request = request_of(answer.headers["location"])
    said = Said(
        issuer=ENTITY,
        audience=request["issuer"],
        recipient=request["consumer"],
        destination=request["consumer"],
        request_id=request["id"],
    )
    return said, request


async def post(
    browser: httpx.AsyncClient, connection: dict[str, Any], response: str, relay: str, accept: str = "application/json"
) -> httpx.Response:
    return await browser.post(
        f"{API}/auth/saml/{connection['id']}/acs",
        data={"SAMLResponse": response, "RelayState": relay},
        headers={"Accept": accept},
    )


async def test_no_wrong_saml_answer_becomes_a_session(
    keeper: Keeper, browser: httpx.AsyncClient, pairs: Pairs, count_cases: CountCases
) -> None:
    connection = await keeper.connect(saml_body(pairs.own, pairs.expired), "proven.example")
    people = await keeper.people()
    wrong = []
    for case in CASES:
        before = len(await keeper.causes())
        browser.cookies.clear()
        said, request = await begin(browser, connection)
        if not case.cookie:
            browser.cookies.clear()
        relay = {"own": request["relay_state"], "none": "", "other": "x" * 43}[case.relay]
        answer = await post(browser, connection, build(case, said, pairs), relay)
        causes = (await keeper.causes())[before:]
        refused = answer.status_code == 400 and answer.json()["type"].endswith("/sign-in-failed")
        if not refused or causes != [case.cause] or EVIL in answer.text:
            wrong.append((case.name, case.cause, answer.status_code, causes))
    assert not wrong, "\n".join(map(str, wrong))
    assert await keeper.provider_sessions() == 0
    assert await keeper.people() == people
    said, request = await begin(browser, connection)
    right = await post(browser, connection, build(Wrong("nothing", ""), said, pairs), request["relay_state"])
    assert right.status_code == 303, await keeper.causes()
    assert await keeper.provider_sessions() == 1
    assert len(CASES) >= 60
    count_cases("wrong SAML answers", Counter(case.cause for case in CASES))


@pytest.mark.parametrize("whole", [False, True])
async def test_a_right_answer_signs_in_with_the_role_of_the_group(
    keeper: Keeper, browser: httpx.AsyncClient, client: httpx.AsyncClient, pairs: Pairs, whole: bool
) -> None:
    connection = await keeper.connect(saml_body(pairs.other, pairs.own), "proven.example")
    await keeper.call(
        "PUT",
        f"/identity-providers/{connection['id']}/group-mappings",
        json={"group_mappings": [{"group": "Ops", "role": "operator"}, {"group": "Money", "role": "finance"}]},
    )
    said, request = await begin(browser, connection, "?return_to=/alerts%3Fstatus%3Dfiring")
    said = replace(said, groups=("Money", "Ops"), email=f"kim-{whole}@proven.example".lower())
    xml = signed_response(said, pairs.own, whole=whole)
    answer = await post(browser, connection, encode(xml), request["relay_state"], accept="text/html")
    assert answer.status_code == 303, await keeper.causes()
    assert answer.headers["location"] == "/sign-in/complete?return_to=%2Falerts%3Fstatus%3Dfiring"
    tokens = await browser.post(f"{API}/auth/refresh", json={}, headers={"Origin": BASE, "X-CloudOps-Client": "web"})
    assert tokens.status_code == 200, tokens.text
    me = (await client.get(f"{API}/auth/me", headers=bearer(tokens.json()["access_token"]))).json()
    assert (me["email"], me["role"]) == (said.email, "operator")
    # The same answer again, even with a state of its own, is old news.
    _, again = await begin(browser, connection)
    assert (await post(browser, connection, encode(xml), again["relay_state"])).status_code == 400


async def test_an_assertion_counts_once_whatever_carries_it(
    keeper: Keeper, browser: httpx.AsyncClient, pairs: Pairs
) -> None:
    connection = await keeper.connect(saml_body(pairs.own), "proven.example")
    said, request = await begin(browser, connection)
    said = replace(said, email="once@proven.example")
    first = await post(browser, connection, encode(signed_response(said, pairs.own)), request["relay_state"])
    assert first.status_code == 303
    again, request = await begin(browser, connection)
    again = replace(again, assertion_id=said.assertion_id, email=said.email)
    second = await post(browser, connection, encode(signed_response(again, pairs.own)), request["relay_state"])
    assert second.status_code == 400
    assert (await keeper.causes())[-1] == "replayed"


async def test_linking_needs_the_person_and_a_fresh_proof(
    keeper: Keeper,
    browser: httpx.AsyncClient,
    client: httpx.AsyncClient,
    make_person: MakePerson,
    sign_in: SignIn,
    pairs: Pairs,
) -> None:
    """A member whose address the provider names is not linked by that, but by asking for it."""
    connection = await keeper.connect(saml_body(pairs.own), "proven.example", "example.com")
    member = await make_person("operator")
    said, request = await begin(browser, connection)
    xml = signed_response(replace(said, email=member.email, subject="member-7"), pairs.own)
    assert (await post(browser, connection, encode(xml), request["relay_state"])).status_code == 400
    assert (await keeper.causes())[-1] == "login-taken"
    headers = bearer((await sign_in(member))["access_token"])

    async def link(**changes: Any) -> httpx.Response:
        begun = await browser.post(
            f"{API}/identity-providers/{connection['id']}/link", params={"return_to": "/profile"}, headers=headers
        )
        assert begun.status_code == 200, begun.text
        asked = request_of(begun.json()["start_url"])
        assert asked["force"] == "true"
        told = Said(
            issuer=ENTITY,
            audience=asked["issuer"],
            recipient=asked["consumer"],
            destination=asked["consumer"],
            request_id=asked["id"],
            subject="member-7",
        )
        told = replace(told, **changes)
        return await post(browser, connection, encode(signed_response(told, pairs.own)), asked["relay_state"])

    assert (await link(authenticated=-600)).status_code == 400
    assert (await keeper.causes())[-1] == "not-fresh"
    linked = await link()
    assert (linked.status_code, linked.headers["location"]) == (303, "/profile")
    assert "refresh=" not in linked.headers.get("set-cookie", "")
    said, request = await begin(browser, connection)
    said = replace(said, subject="member-7", email="somebody@else.example")
    entered = await post(browser, connection, encode(signed_response(said, pairs.own)), request["relay_state"])
    assert entered.status_code == 303
    assert await keeper.provider_sessions() == 1
    # The same subject cannot be somebody else's too.
    other = await make_person("viewer")
    headers = bearer((await sign_in(other))["access_token"])
    assert (await link()).status_code == 400
    assert (await keeper.causes())[-1] == "link-taken"


async def test_metadata_names_our_addresses_and_nothing_of_a_missing_connection(
    keeper: Keeper, client: httpx.AsyncClient, pairs: Pairs
) -> None:
    connection = await keeper.connect(saml_body(pairs.own))
    answer = await client.get(f"{API}/auth/saml/{connection['id']}/metadata")
    assert answer.status_code == 200
    for name in ("acs_url", "entity_id"):
        assert connection["addresses"][name] in answer.text
    missing = await client.get(f"{API}/auth/saml/{keeper.person.user_id}/metadata")
    assert missing.status_code == 400
    off = await keeper.connect(saml_body(pairs.own, name="Off", enabled=False))
    assert (await client.get(f"{API}/auth/saml/{off['id']}/start")).status_code == 400
