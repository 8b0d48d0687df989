"""First-party clients: a code or a device code becomes a session, once, for the right program only."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from app.core.database import directory_session
from app.core.tickets import TicketRow
from app.domains.identity.rules import clients as rules
from sqlalchemy import delete
from tests.support.counts import RACES, CountCases

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LOOPBACK = "http://127.0.0.1:53211/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Someone:
    """A signed-in person and what they can do here."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def authorize(self, **changes: str) -> httpx.Response:
        body = {
            "client_id": "cloudops-cli", "redirect_uri": LOOPBACK, "code_challenge": CHALLENGE,
            "code_challenge_method": "S256", "state": "s" * 16,
        } | changes  # fmt: skip
        return await self.client.post("/api/v1/auth/authorize", json=body, headers=self.headers)

    async def code(self, **changes: str) -> str:
        answer = await self.authorize(**changes)
        assert answer.status_code == 200, answer.text
        query = parse_qs(urlsplit(answer.json()["redirect_to"]).query)
        assert query["state"] == ["s" * 16]
        return str(query["code"][0])

    async def exchange(self, code: str, *, form: bool = True, **changes: str) -> httpx.Response:
        body = {
            "grant_type": "authorization_code", "client_id": "cloudops-cli", "redirect_uri": LOOPBACK, "code": code,
            "code_verifier": VERIFIER,
        } | changes  # fmt: skip
        given: dict[str, Any] = {"data": body} if form else {"json": body}
        return await self.client.post("/api/v1/auth/token", **given)

    async def me(self, token: str) -> int:
        answer = await self.client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code


@pytest.fixture
async def someone(client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any) -> Someone:
    person = await make_person()
    return Someone(client, auth((await sign_in(person))["access_token"]))


@pytest.mark.parametrize("form", [True, False])
async def test_a_code_becomes_a_native_session_that_is_listed(someone: Someone, form: bool) -> None:
    answer = await someone.exchange(await someone.code(), form=form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert await someone.me(tokens["access_token"]) == 200
    listed = (await someone.client.get("/api/v1/auth/sessions", headers=someone.headers)).json()["items"]
    assert len(listed) == 2
    made = next(item for item in listed if not item["current"])
    assert (made["client"], made["amr"]) == ("native", ["pwd"])
    renewed = await someone.client.post(
        "/api/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    )
    assert renewed.status_code == 200
    assert renewed.json()["refresh_token"] != tokens["refresh_token"]


REDIRECTS = {
    "http://127.0.0.1:1/callback": True, "http://127.0.0.1:65535/callback": True, LOOPBACK: True,
    "http://127.0.0.1/callback": False, "http://127.0.0.1:0/callback": False, "http://127.0.0.1:70000/callback": False,
    "http://localhost:53211/callback": False, "http://[::1]:53211/callback": False,
    "https://127.0.0.1:53211/callback": False, "http://127.0.0.1:53211/": False,
    "http://127.0.0.1:53211/callback/": False, "http://127.0.0.1:53211/callback?x=1": False,
    "http://127.0.0.1:53211/callback#x": False, "http://evil@127.0.0.1:53211/callback": False,
    "http://127.0.0.1:53211@evil.example/callback": False, "http://127.0.0.1.evil.example:53211/callback": False,
    "HTTP://127.0.0.1:53211/callback": False, "http://127.0.0.1:053211/callback": False,
    "http://127.0.0.1:5321a/callback": False, "http://0x7f000001:53211/callback": False,
    "http://127.0.0.1:53211/../callback": False, "cloudops://auth/callback": False, "": False,
    "javascript:alert(1)": False, " http://127.0.0.1:53211/callback": False,
}  # fmt: skip


async def test_a_code_is_sent_to_listed_addresses_only(someone: Someone) -> None:
    for uri, allowed in REDIRECTS.items():
        answer = await someone.authorize(redirect_uri=uri)
        assert answer.status_code == (200 if allowed else 422), (uri, answer.text)
    mobile = {"client_id": "cloudops-mobile"}
    assert (await someone.authorize(**mobile, redirect_uri="cloudops://auth/callback")).status_code == 200
    for uri in (LOOPBACK, "cloudops://auth/callback/", "cloudops://auth/callback?a", "cloudops://evil/callback"):
        assert (await someone.authorize(**mobile, redirect_uri=uri)).status_code == 422, uri


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"}, {"client_id": ""}, {"code_challenge": ""}, {"code_challenge": CHALLENGE + "x"},
        {"code_challenge": VERIFIER[:42]}, {"code_challenge_method": "plain"}, {"state": "short"},
    ],
)  # fmt: skip
async def test_an_incomplete_request_gets_no_code(someone: Someone, changes: dict[str, str]) -> None:
    assert (await someone.authorize(**changes)).status_code == 422


async def test_nobody_gets_a_code_without_signing_in(client: httpx.AsyncClient) -> None:
    assert (await Someone(client, {}).authorize()).status_code == 401


WRONG = (
    {"code_verifier": "x" * 43}, {"code_verifier": ""}, {"code_verifier": CHALLENGE}, {"code_verifier": VERIFIER + "x"},
    {"client_id": "cloudops-mobile"}, {"client_id": ""}, {"redirect_uri": "http://127.0.0.1:53212/callback"},
    {"redirect_uri": ""}, {"redirect_uri": "cloudops://auth/callback"},
)  # fmt: skip


async def test_a_code_with_anything_wrong_is_refused_and_used_up(someone: Someone) -> None:
    for changes in WRONG:
        code = await someone.code()
        answer = await someone.exchange(code, form=True, **changes)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), changes
        assert (await someone.exchange(code)).status_code == 400, changes
    for code in ("", "x", "A" * 43):
        assert (await someone.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_code_ends_after_a_minute(someone: Someone, moved_clock: Any) -> None:
    code = await someone.code()
    moved_clock.advance(seconds=59)
    assert (await someone.exchange(code)).status_code == 200
    code = await someone.code()
    moved_clock.advance(seconds=61)
    assert (await someone.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_code_used_twice_ends_the_session_made_from_it(someone: Someone) -> None:
    code = await someone.code()
    first = (await someone.exchange(code)).json()
    assert await someone.me(first["access_token"]) == 200
    assert (await someone.exchange(code)).json()["error"] == "invalid_grant"
    assert await someone.me(first["access_token"]) == 401
    refused = await someone.client.post(
        "/api/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    )
    assert refused.json()["error"] == "invalid_grant"


async def test_of_fifty_at_once_one_gets_tokens_and_they_are_worthless(
    someone: Someone, count_cases: CountCases
) -> None:
    code = await someone.code()
    answers = await asyncio.gather(*[someone.exchange(code) for _ in range(50)])
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.status_code for answer in answers} == {200, 400}
    count_cases(RACES, {"authorization code": 50}, accepted=1)
    assert await someone.me(good[0].json()["access_token"]) == 401  # the others proved that somebody copied the code


async def test_the_approving_session_must_still_be_alive(someone: Someone) -> None:
    code = await someone.code()
    assert (await someone.client.post("/api/v1/auth/logout", headers=someone.headers)).status_code == 204
    assert (await someone.exchange(code)).json()["error"] == "invalid_grant"


async def test_a_new_session_is_as_old_in_proof_as_the_one_that_approved(someone: Someone, moved_clock: Any) -> None:
    moved_clock.advance(minutes=9)
    tokens = (await someone.exchange(await someone.code())).json()
    moved_clock.advance(minutes=2)
    answer = await someone.client.post(
        "/api/v1/auth/password", json={"current_password": "x", "new_password": "y"},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )  # fmt: skip
    assert answer.json()["type"].endswith("/step-up-required")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("grant_type=password&username=a&password=b", "application/x-www-form-urlencoded"),
        ("grant_type=client_credentials", "application/x-www-form-urlencoded"),
        ("grant_type=authorization_code&grant_type=refresh_token", "application/x-www-form-urlencoded"),
        ("", "application/x-www-form-urlencoded"),
        ("&&&", "application/x-www-form-urlencoded"),
        ("grant_type=%ff%fe", "application/x-www-form-urlencoded"),
        ("grant_type=refresh_token&refresh_token=%00", "application/x-www-form-urlencoded"),
        ("grant_type=refresh_token&scope=all", "application/x-www-form-urlencoded"),
        ("&".join(f"a{n}=1" for n in range(50)), "application/x-www-form-urlencoded"),
        ("{}", "application/json"),
        ("[]", "application/json"),
        ('{"grant_type": 1}', "application/json"),
        ('{"grant_type": "implicit"}', "application/json"),
        ("nonsense", "application/json"),
    ],
)
async def test_a_bad_token_request_is_answered_in_oauths_words(
    client: httpx.AsyncClient, content: str, media_type: str
) -> None:
    answer = await client.post("/api/v1/auth/token", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")


StartDevice = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
def start(client: httpx.AsyncClient) -> StartDevice:
    async def run() -> dict[str, Any]:
        answer = await client.post("/api/v1/auth/device", json={"client_id": "cloudops-cli"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return run


async def poll(client: httpx.AsyncClient, device_code: str, client_id: str = "cloudops-cli") -> dict[str, Any]:
    body = {"grant_type": DEVICE_GRANT, "client_id": client_id, "device_code": device_code}
    found: dict[str, Any] = (await client.post("/api/v1/auth/token", data=body)).json()
    return found


async def decide(someone: Someone, user_code: str, approve: bool = True) -> int:
    body = {"user_code": user_code, "approve": approve}
    return (await someone.client.post("/api/v1/auth/device/approve", json=body, headers=someone.headers)).status_code


async def test_a_device_gets_its_tokens_once_the_person_agrees(
    someone: Someone, start: StartDevice, moved_clock: Any
) -> None:
    begun = await start()
    assert begun["interval"] == 5
    assert begun["verification_uri_complete"].endswith(begun["user_code"])
    assert (await poll(someone.client, begun["device_code"]))["error"] == "authorization_pending"
    assert (await poll(someone.client, begun["device_code"]))["error"] == "slow_down"
    typed = begun["user_code"].lower().replace("-", " ")
    shown = await someone.client.post("/api/v1/auth/device/read", json={"user_code": typed}, headers=someone.headers)
    assert shown.json()["client_name"] == "CloudOps command line"
    assert await decide(someone, typed) == 200
    assert await decide(someone, typed) == 404
    moved_clock.advance(seconds=6)
    tokens = await poll(someone.client, begun["device_code"])
    assert await someone.me(tokens["access_token"]) == 200
    moved_clock.advance(seconds=6)
    assert (await poll(someone.client, begun["device_code"]))["error"] == "expired_token"


async def test_a_refusal_reaches_the_device(someone: Someone, start: StartDevice, moved_clock: Any) -> None:
    begun = await start()
    assert await decide(someone, begun["user_code"], approve=False) == 200
    assert (await poll(someone.client, begun["device_code"]))["error"] == "access_denied"


async def test_codes_of_a_device_end(someone: Someone, start: StartDevice, moved_clock: Any) -> None:
    begun = await start()
    assert (await poll(someone.client, begun["device_code"], "cloudops-mobile"))["error"] == "expired_token"
    moved_clock.advance(minutes=10, seconds=1)
    assert (await poll(someone.client, begun["device_code"]))["error"] == "expired_token"
    assert await decide(someone, begun["user_code"]) == 404


async def test_of_fifty_polls_at_once_one_gets_the_tokens(
    someone: Someone, start: StartDevice, count_cases: CountCases
) -> None:
    begun = await start()
    assert await decide(someone, begun["user_code"]) == 200
    answers = await asyncio.gather(*[poll(someone.client, begun["device_code"]) for _ in range(50)])
    assert sum("access_token" in answer for answer in answers) == 1
    count_cases(RACES, {"device code": 50}, accepted=1)


async def test_only_the_command_line_signs_in_by_device(client: httpx.AsyncClient) -> None:
    for client_id in ("cloudops-mobile", "other", ""):
        answer = await client.post("/api/v1/auth/device", json={"client_id": client_id})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


async def test_guessing_letters_finds_nothing(someone: Someone, start: StartDevice) -> None:
    await start()
    async with directory_session() as session:
        await session.execute(delete(TicketRow).where(TicketRow.kind == "oauth.user_code"))
    for _ in range(100):
        assert await decide(someone, rules.new_user_code()) == 404
    for typed in ("", "AEIOUAEI", "12345678", "BCDF", "B" * 9, "ＢＣＤＦＧＨＪＫ", "'; --"):
        assert await decide(someone, typed) in (404, 422), typed


def test_letters_to_type_have_no_vowels_and_no_pattern() -> None:
    made = {rules.new_user_code() for _ in range(2_000)}
    assert len(made) == 2_000
    assert not set("".join(made)) & set("AEIOUY0123456789")
    assert rules.read_user_code(rules.show_user_code("BCDFGHJK")) == "BCDFGHJK"
