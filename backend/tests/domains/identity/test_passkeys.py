"""Passkeys, with an authenticator in software: registered, used, and every wrong turn refused."""

from typing import Any

import httpx
import pytest
from app.core.database import directory_session
from app.domains.identity.queries import factors as reads
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.authenticator import Authenticator, encode
from tests.support.counts import CountCases
from tests.support.factors import V1, add_passkey, add_totp, login, read_mails, slug


@pytest.fixture
async def keeper(client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any) -> Any:
    """(person, authenticator, headers) of somebody with a passkey."""
    person = await make_person("operator")
    headers = auth((await sign_in(person))["access_token"])
    authenticator, answer = await add_passkey(client, headers)
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["recovery_codes"]) == 10
    return person, authenticator, headers


async def sign_in_by_passkey(
    client: httpx.AsyncClient, authenticator: Authenticator, **wrong: Any
) -> tuple[httpx.Response, dict[str, Any]]:
    options = (await client.post(f"{V1}/auth/passkey/options", json={})).json()
    body = {"ticket": options["ticket"], "credential": authenticator.get(options["public_key"], **wrong)}
    body["client"] = "native"
    return await client.post(f"{V1}/auth/passkey", json=body), body


async def test_a_passkey_alone_signs_in(client: httpx.AsyncClient, keeper: Any, auth: Any) -> None:
    person, authenticator, _ = keeper
    answer, body = await sign_in_by_passkey(client, authenticator)
    assert answer.status_code == 200, answer.text
    headers = auth(answer.json()["access_token"])
    assert (await client.get(f"{V1}/auth/me", headers=headers)).json()["id"] == str(person.user_id)
    sessions = (await client.get(f"{V1}/auth/sessions", headers=headers)).json()["items"]
    assert next(one for one in sessions if one["current"])["amr"] == ["pop", "user", "mfa"]
    again = await client.post(f"{V1}/auth/passkey", json=body)
    assert (again.status_code, slug(again)) == (401, "passkey-failed")  # the challenge is used up


async def test_the_options_ask_for_what_the_design_asks(client: httpx.AsyncClient, keeper: Any) -> None:
    person, authenticator, headers = keeper
    made = (await client.post(f"{V1}/auth/factors/passkeys/options", headers=headers)).json()["public_key"]
    assert made["rp"] == {"id": "localhost", "name": "CloudOps Pro"}
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["excludeCredentials"][0]["id"] == encode(authenticator.credential_id)
    assert made["user"]["name"] == person.email
    assert made["user"]["id"] == encode(person.user_id.bytes)
    asked = (await client.post(f"{V1}/auth/passkey/options", json={})).json()["public_key"]
    assert (asked["rpId"], asked["userVerification"], asked["allowCredentials"]) == ("localhost", "required", [])
    other = (await client.post(f"{V1}/auth/passkey/options", json={})).json()["public_key"]
    assert other["challenge"] != asked["challenge"]


async def test_a_passkey_is_a_second_factor(client: httpx.AsyncClient, keeper: Any) -> None:
    person, authenticator, _ = keeper
    asked = await login(client, person)
    assert asked.json()["methods"] == ["passkey", "recovery_code"]
    token = asked.json()["mfa_token"]
    options = (await client.post(f"{V1}/auth/mfa/passkey-options", json={"mfa_token": token})).json()
    assert options["public_key"]["allowCredentials"][0]["id"] == encode(authenticator.credential_id)
    passkey = {"ticket": options["ticket"], "credential": authenticator.get(options["public_key"])}
    body = {"mfa_token": token, "passkey": passkey, "client": "native"}
    assert (await client.post(f"{V1}/auth/mfa", json=body)).status_code == 200


async def test_a_code_with_the_password_is_asked_again_of_who_has_only_a_passkey(
    client: httpx.AsyncClient, keeper: Any
) -> None:
    person, _, _ = keeper
    assert slug(await login(client, person, otp="123456")) == "mfa-required"


WRONG_USES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://localhost:8000"},
    "a rival's origin": {"origin": "https://ops.example.net"},
    "an origin that begins like ours": {"origin": "http://localhost:8000.example.net"},
    "another port": {"origin": "http://localhost:8001"},
    "another rp id": {"rp_id": "example.net"},
    "a parent rp id": {"rp_id": "host"},
    "no verification of the person": {"verified": False},
    "nobody present": {"absent": True},
    "another challenge": {"challenge": encode(bytes(32))},
    "an empty challenge": {"challenge": ""},
    "an answer to something else": {"kind": "webauthn.create"},
    "another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "an unknown credential": {"credential_id": b"nobody's"},
    "no person named": {"user_handle": b""},
    "another person named": {"user_handle": bytes(16)},
}


@pytest.mark.parametrize("case", WRONG_USES)
async def test_a_wrong_use_is_refused_with_one_answer(client: httpx.AsyncClient, keeper: Any, case: str) -> None:
    _, authenticator, _ = keeper
    answer, _ = await sign_in_by_passkey(client, authenticator, **WRONG_USES[case])
    assert (answer.status_code, slug(answer)) == (401, "passkey-failed")
    right, _ = await sign_in_by_passkey(client, authenticator)
    assert right.status_code == 200  # the same authenticator, used rightly


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://ops.example.net"},
        {"rp_id": "example.net"},
        {"verified": False},
        {"challenge": encode(bytes(32))},
    ],
)
async def test_a_wrong_registration_is_refused(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, wrong: dict[str, Any]
) -> None:
    headers = auth((await sign_in(await make_person()))["access_token"])
    _, answer = await add_passkey(client, headers, **wrong)
    assert (answer.status_code, slug(answer)) == (422, "passkey-refused")
    assert (await client.get(f"{V1}/auth/factors", headers=headers)).json()["passkeys"] == []


async def test_a_count_that_goes_back_is_a_copy(client: httpx.AsyncClient, keeper: Any) -> None:
    _, authenticator, _ = keeper
    authenticator.counter = 40
    assert (await sign_in_by_passkey(client, authenticator))[0].status_code == 200
    authenticator.counter = 12
    assert slug((await sign_in_by_passkey(client, authenticator))[0]) == "passkey-failed"
    authenticator.counter = 41
    assert (await sign_in_by_passkey(client, authenticator))[0].status_code == 200  # the true one goes on


async def test_an_authenticator_that_does_not_count_works_twice(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    headers = auth((await sign_in(await make_person()))["access_token"])
    authenticator, _ = await add_passkey(client, headers, Authenticator(counts=False))
    for _ in range(2):
        assert (await sign_in_by_passkey(client, authenticator))[0].status_code == 200


async def test_a_ticket_is_good_for_its_purpose_person_and_session_only(
    client: httpx.AsyncClient, keeper: Any, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person, authenticator, headers = keeper
    registration = (await client.post(f"{V1}/auth/factors/passkeys/options", headers=headers)).json()
    nameless = (await client.post(f"{V1}/auth/passkey/options", json={})).json()
    step_up = (await client.post(f"{V1}/auth/step-up/passkey-options", headers=headers)).json()
    credential = authenticator.get(registration["public_key"])
    body = {"ticket": registration["ticket"], "credential": credential}
    assert slug(await client.post(f"{V1}/auth/passkey", json=body)) == "passkey-failed"
    token = (await login(client, person)).json()["mfa_token"]
    other = (await login(client, person)).json()["mfa_token"]
    for ticket, challenge in ((nameless["ticket"], nameless), (step_up["ticket"], step_up)):
        passkey = {"ticket": ticket, "credential": authenticator.get(challenge["public_key"])}
        answer = await client.post(f"{V1}/auth/mfa", json={"mfa_token": token, "passkey": passkey, "client": "native"})
        assert slug(answer) == "mfa-failed"
    options = (await client.post(f"{V1}/auth/mfa/passkey-options", json={"mfa_token": other})).json()
    passkey = {"ticket": options["ticket"], "credential": authenticator.get(options["public_key"])}
    answer = await client.post(f"{V1}/auth/mfa", json={"mfa_token": token, "passkey": passkey, "client": "native"})
    assert slug(answer) == "mfa-failed"  # another token's challenge
    rival = auth((await sign_in(await make_person()))["access_token"])
    mine = (await client.post(f"{V1}/auth/factors/passkeys/options", headers=headers)).json()
    fresh = Authenticator()
    answer = await client.post(
        f"{V1}/auth/factors/passkeys",
        json={"ticket": mine["ticket"], "credential": fresh.create(mine["public_key"])},
        headers=rival,
    )
    assert slug(answer) == "passkey-refused"


async def test_a_challenge_ends_after_five_minutes(client: httpx.AsyncClient, keeper: Any, moved_clock: Any) -> None:
    _, authenticator, _ = keeper
    options = (await client.post(f"{V1}/auth/passkey/options", json={})).json()
    body = {"ticket": options["ticket"], "credential": authenticator.get(options["public_key"])}
    moved_clock.advance(minutes=5, seconds=1)
    assert slug(await client.post(f"{V1}/auth/passkey", json=body)) == "passkey-failed"


async def test_another_persons_passkey_is_no_factor_of_mine(
    client: httpx.AsyncClient, keeper: Any, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person, _, _ = keeper
    rival = await make_person()
    theirs, _ = await add_passkey(client, auth((await sign_in(rival))["access_token"]))
    token = (await login(client, person)).json()["mfa_token"]
    options = (await client.post(f"{V1}/auth/mfa/passkey-options", json={"mfa_token": token})).json()
    for handle in (theirs.user_handle, person.user_id.bytes):
        passkey = {"ticket": options["ticket"], "credential": theirs.get(options["public_key"], user_handle=handle)}
        body = {"mfa_token": token, "passkey": passkey, "client": "native"}
        assert slug(await client.post(f"{V1}/auth/mfa", json=body)) == "mfa-failed"
        options = (await client.post(f"{V1}/auth/mfa/passkey-options", json={"mfa_token": token})).json()
    assert slug((await sign_in_by_passkey(client, theirs, user_handle=person.user_id.bytes))[0]) == "passkey-failed"


async def test_a_credential_belongs_to_one_person(
    client: httpx.AsyncClient, keeper: Any, make_person: Any, sign_in: Any, auth: Any
) -> None:
    _, authenticator, headers = keeper
    copy = Authenticator()
    copy.credential_id = authenticator.credential_id
    rival = auth((await sign_in(await make_person()))["access_token"])
    assert slug((await add_passkey(client, rival, copy))[1]) == "passkey-refused"
    assert slug((await add_passkey(client, headers, copy))[1]) == "passkey-refused"


async def test_a_removed_passkey_opens_nothing(client: httpx.AsyncClient, keeper: Any) -> None:
    person, authenticator, headers = keeper
    [shown] = (await client.get(f"{V1}/auth/factors", headers=headers)).json()["passkeys"]
    assert shown["backed_up"] is True
    assert (await client.delete(f"{V1}/auth/factors/{shown['id']}", headers=headers)).status_code == 204
    assert slug((await sign_in_by_passkey(client, authenticator))[0]) == "passkey-failed"
    async with directory_session() as session:
        assert await reads.find_passkey_owner(session, authenticator.credential_id) is None
    assert [mail.to for mail in await read_mails(person.organization_id, "factor-removed")] == [person.email]


async def test_step_up_takes_a_passkey_alone(client: httpx.AsyncClient, keeper: Any, auth: Any) -> None:
    _, authenticator, headers = keeper
    options = (await client.post(f"{V1}/auth/step-up/passkey-options", headers=headers)).json()
    passkey = {"ticket": options["ticket"], "credential": authenticator.get(options["public_key"])}
    answer = await client.post(f"{V1}/auth/step-up", json={"passkey": passkey}, headers=headers)
    assert answer.status_code == 200
    fresh = auth(answer.json()["access_token"])
    assert (await client.post(f"{V1}/auth/factors/totp", json={}, headers=fresh)).status_code == 201
    again = await client.post(f"{V1}/auth/step-up", json={"passkey": passkey}, headers=fresh)
    assert slug(again) == "mfa-failed"


def garbage() -> list[Any]:
    """Credentials that are no credentials."""
    rest = {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}
    shapes: list[Any] = [
        {}, {"id": 1}, {"id": "a", "rawId": "a", "type": "public-key", "response": {}},
        {"id": "a", "rawId": "a", "type": "public-key", "response": []},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": rest},
        {"id": "é", "rawId": "é", "type": "public-key", "response": rest},
        {"id": "AA", "rawId": "AA", "type": "else", "response": rest},
        {"id": "AA", "rawId": "BB", "type": "public-key", "response": rest | {"userHandle": 1}},
        {"id": "A" * 4000, "rawId": "A" * 4000, "type": "public-key", "response": rest},
    ]  # fmt: skip
    broken = ["", "!", "W10", "eyJ0eXBlIjoxfQ", "//8", encode(b'{"type":"webauthn.get","challenge":1,"origin":2}')]
    named = {"id": "AA", "rawId": "AA", "type": "public-key"}
    return shapes + [named | {"response": rest | {"clientDataJSON": text}} for text in broken]


async def test_garbage_is_refused_and_never_an_error(
    client: httpx.AsyncClient, keeper: Any, count_cases: CountCases
) -> None:
    _, authenticator, headers = keeper
    for credential in garbage():
        options = (await client.post(f"{V1}/auth/passkey/options", json={})).json()
        real = {"rawId": encode(authenticator.credential_id), "id": encode(authenticator.credential_id)}
        for sent in (credential, credential | real):
            answer = await client.post(f"{V1}/auth/passkey", json={"ticket": options["ticket"], "credential": sent})
            assert answer.status_code == 401
        options = (await client.post(f"{V1}/auth/factors/passkeys/options", headers=headers)).json()
        attested = credential | {"response": {"clientDataJSON": "e30", "attestationObject": "oA"}}
        body = {"ticket": options["ticket"], "name": "x", "credential": attested}
        answer = await client.post(f"{V1}/auth/factors/passkeys", json=body, headers=headers)
        assert answer.status_code == 422
    count_cases("malformed passkey answers", 3 * len(garbage()))


async def test_totp_and_passkey_stand_side_by_side(client: httpx.AsyncClient, keeper: Any) -> None:
    person, _, headers = keeper
    _, codes = await add_totp(client, headers)
    assert codes == []  # there are codes already
    assert (await login(client, person)).json()["methods"] == ["totp", "passkey", "recovery_code"]
