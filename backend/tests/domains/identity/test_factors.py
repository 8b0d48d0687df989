"""One-time codes and recovery codes at sign-in: what is asked, what counts, what is used up."""

import asyncio
from typing import Any

import httpx
import pytest
from app.core.database import directory_session, set_user, tenant_session
from app.domains.identity.models import RecoveryCode, TotpFactor, User
from app.domains.identity.rules import factors as rules
from app.domains.identity.service.factors import recovery, totp
from sqlalchemy import select
from tests.support.counts import RACES, CountCases
from tests.support.factors import V1, add_totp, count, login, read_mails, slug

SPELLINGS = [
    "{0} ", " {0}", "+{0}", "-{0}", "{0}\n", "\t{0}", "0{0}", "{0}0", "{0}.0", "{1} {2}", "{1}-{2}", "0x{0}", "{0}e0",
    "{1}_{2}", "'{0}'", "{0}\u200b", "\ufeff{0}", "{0},", "{1}", "",
]  # fmt: skip
DIGITS = [0x0660, 0x06F0, 0x0966, 0x09E6, 0xFF10, 0x1D7CE, 0x1D7D8, 0x0E50, 0x17E0, 0x1810]


@pytest.fixture
async def enrolled(client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any) -> Any:
    """(person, app, recovery codes, headers of the session that set them up); the clock is past the first code."""
    person = await make_person("operator")
    headers = auth((await sign_in(person))["access_token"])
    app, codes = await add_totp(client, headers)
    moved_clock.advance(minutes=2)
    return person, app, codes, headers


async def test_a_right_password_answers_mfa_required_with_a_token_and_the_methods(
    client: httpx.AsyncClient, enrolled: Any
) -> None:
    person, app, codes, _ = enrolled
    assert len(codes) == len(set(codes)) == 10
    answer = await login(client, person)
    assert (answer.status_code, slug(answer)) == (401, "mfa-required")
    assert answer.json()["methods"] == ["totp", "recovery_code"]
    body = {"mfa_token": answer.json()["mfa_token"], "otp": app.code(), "client": "native"}
    done = await client.post(f"{V1}/auth/mfa", json=body)
    assert done.status_code == 200
    assert done.json()["refresh_token"]
    headers = {"Authorization": f"Bearer {done.json()['access_token']}"}
    me = (await client.get(f"{V1}/auth/me", headers=headers)).json()
    assert me["mfa"] == {"enrolled": True, "required": False, "grace_ends_at": None}
    sessions = (await client.get(f"{V1}/auth/sessions", headers=headers)).json()["items"]
    assert next(one for one in sessions if one["current"])["amr"] == ["pwd", "otp", "mfa"]
    again = await client.post(f"{V1}/auth/mfa", json=body)
    assert (again.status_code, slug(again)) == (401, "mfa-ended")


async def test_the_code_may_come_with_the_password(client: httpx.AsyncClient, enrolled: Any) -> None:
    person, app, _, _ = enrolled
    assert (await login(client, person, otp=app.code())).status_code == 200
    wrong_code = await login(client, person, otp=app.wrong_code())
    wrong_password = await login(client, person, otp=app.code(1), password="not the right one")
    assert [wrong_code.status_code, wrong_password.status_code] == [401, 401]
    assert slug(wrong_code) == slug(wrong_password) == "login-failed"
    assert wrong_code.text == wrong_password.text


async def test_without_the_password_nobody_learns_of_a_factor(client: httpx.AsyncClient, enrolled: Any) -> None:
    person, _, _, _ = enrolled
    answer = await login(client, person, password="not the right one")
    assert slug(answer) == "login-failed"
    assert "methods" not in answer.json()


async def test_a_code_works_once_and_none_before_it(client: httpx.AsyncClient, enrolled: Any) -> None:
    person, app, _, _ = enrolled
    assert (await login(client, person, otp=app.code())).status_code == 200
    assert (await login(client, person, otp=app.code())).status_code == 401
    assert (await login(client, person, otp=app.code(-1))).status_code == 401
    assert (await login(client, person, otp=app.code(1))).status_code == 200  # a clock that is a little fast


async def test_codes_further_away_than_one_step_are_refused(client: httpx.AsyncClient, enrolled: Any) -> None:
    person, app, _, _ = enrolled
    assert (await login(client, person, otp=app.code(2))).status_code == 401
    assert (await login(client, person, otp=app.code(-2))).status_code == 401
    assert (await login(client, person, otp=app.code(-1))).status_code == 200


async def test_a_used_code_in_another_spelling_stays_used(enrolled: Any, count_cases: CountCases) -> None:
    """OpenBao CVE-2025-55000: the same digits, written differently, passed as another code."""
    person, app, _, _ = enrolled
    right = app.code()
    spelled = [shape.format(right, right[:3], right[3:]) for shape in SPELLINGS]
    spelled += ["".join(chr(start + int(digit)) for digit in right) for start in DIGITS]
    for code in spelled:
        async with directory_session() as session:
            await set_user(session, person.user_id)
            assert not await totp.use_code(session, person.user_id, code), ascii(code)
    async with directory_session() as session:
        await set_user(session, person.user_id)
        assert await totp.use_code(session, person.user_id, right)
        assert not await totp.use_code(session, person.user_id, right)
    count_cases("a used code in other spellings", len(spelled))


async def test_of_fifty_with_one_code_one_gets_in(enrolled: Any, count_cases: CountCases) -> None:
    person, app, _, _ = enrolled
    code = app.code()

    async def use() -> bool:
        async with directory_session() as session:
            await set_user(session, person.user_id)
            return await totp.use_code(session, person.user_id, code)

    results = await asyncio.gather(*(use() for _ in range(50)))
    assert sum(results) == 1
    count_cases(RACES, {"code of an app": 50}, accepted=sum(results))


async def test_of_fifty_with_one_recovery_code_one_gets_in(enrolled: Any, count_cases: CountCases) -> None:
    person, _, codes, _ = enrolled

    async def use() -> bool:
        async with directory_session() as session:
            await set_user(session, person.user_id)
            return await recovery.use_code(session, person.user_id, codes[3])

    results = await asyncio.gather(*(use() for _ in range(50)))
    assert sum(results) == 1
    count_cases(RACES, {"recovery code": 50}, accepted=sum(results))


async def test_fifty_at_once_over_http_make_one_session(
    client: httpx.AsyncClient, enrolled: Any, count_cases: CountCases
) -> None:
    person, app, _, _ = enrolled
    token = (await login(client, person)).json()["mfa_token"]
    body = {"mfa_token": token, "otp": app.code(), "client": "native"}
    answers = await asyncio.gather(*(client.post(f"{V1}/auth/mfa", json=body) for _ in range(50)))
    assert count(answers)[200] == 1
    assert set(count(answers)) <= {200, 401, 429}
    count_cases(RACES, {"factor over HTTP": 50}, accepted=1)


async def test_a_recovery_code_stands_in_once_and_the_person_hears_of_it(
    client: httpx.AsyncClient, enrolled: Any
) -> None:
    person, _, codes, _ = enrolled
    for given, status in ((codes[0].lower().replace("-", " "), 200), (codes[0], 401), ("AAAA-" * 5 + "AAAA", 401)):
        token = (await login(client, person)).json()["mfa_token"]
        body = {"mfa_token": token, "recovery_code": given, "client": "native"}
        assert (await client.post(f"{V1}/auth/mfa", json=body)).status_code == status
    [mail] = await read_mails(person.organization_id, "recovery-code-used")
    assert "9 are left" in mail.body
    assert mail.to == person.email


async def test_new_recovery_codes_end_the_earlier_ones(client: httpx.AsyncClient, enrolled: Any) -> None:
    person, _, codes, headers = enrolled
    answer = await client.post(f"{V1}/auth/factors/recovery-codes", headers=headers)
    assert answer.status_code == 200
    assert len(answer.json()["codes"]) == 10
    assert not set(answer.json()["codes"]) & set(codes)
    token = (await login(client, person)).json()["mfa_token"]
    body = {"mfa_token": token, "recovery_code": codes[5], "client": "native"}
    assert (await client.post(f"{V1}/auth/mfa", json=body)).status_code == 401


async def test_five_tries_end_a_token(client: httpx.AsyncClient, enrolled: Any, moved_clock: Any) -> None:
    person, app, _, _ = enrolled
    token = (await login(client, person)).json()["mfa_token"]
    slugs = []
    for _ in range(6):
        body = {"mfa_token": token, "otp": app.wrong_code(), "client": "native"}
        slugs.append(slug(await client.post(f"{V1}/auth/mfa", json=body)))
        moved_clock.advance(seconds=11)
    assert slugs == ["mfa-failed"] * 5 + ["mfa-ended"]


async def test_a_token_is_bound_to_client_device_and_five_minutes(
    client: httpx.AsyncClient, enrolled: Any, moved_clock: Any
) -> None:
    person, app, _, _ = enrolled
    body = {"mfa_token": (await login(client, person)).json()["mfa_token"], "otp": app.code(), "client": "native"}
    for change, headers in (({"client": "web"}, {}), ({}, {"User-Agent": "somebody else"}), ({"mfa_token": "x"}, {})):
        answer = await client.post(f"{V1}/auth/mfa", json=body | change, headers=headers)
        assert slug(answer) == "mfa-ended"
    moved_clock.advance(minutes=5, seconds=1)
    assert slug(await client.post(f"{V1}/auth/mfa", json=body | {"otp": app.code()})) == "mfa-ended"


async def test_a_failed_factor_after_the_right_password_is_told(client: httpx.AsyncClient, enrolled: Any) -> None:
    person, app, _, _ = enrolled
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    await client.post(
        f"{V1}/auth/login",
        json={"email": person.email, "password": person.password, "otp": app.wrong_code()},
        headers=agent,
    )
    [mail] = await read_mails(person.organization_id, "factor-failed")
    assert mail.to == person.email
    assert "Firefox on Linux" in mail.body
    assert "127.0.0.1" in mail.body


async def test_seeds_and_codes_are_stored_so_that_a_reader_cannot_use_them(enrolled: Any) -> None:
    person, app, codes, _ = enrolled
    async with directory_session() as session:
        await set_user(session, person.user_id)
        [factor] = (await session.scalars(select(TotpFactor).where(TotpFactor.user_id == person.user_id))).all()
        stored = (await session.scalars(select(RecoveryCode).where(RecoveryCode.user_id == person.user_id))).all()
    assert app.seed not in factor.seed
    assert len(stored) == 10
    assert all(len(row.hash) == 32 for row in stored)
    assert {row.hash for row in stored} == {rules.recovery_hash(code) for code in codes}


async def test_factors_are_seen_by_their_person_only(enrolled: Any) -> None:
    person, _, _, _ = enrolled
    async with tenant_session(person.organization_id) as session:
        assert (await session.scalars(select(TotpFactor))).all() == []
        assert (await session.scalars(select(RecoveryCode))).all() == []
        user = await session.get_one(User, person.user_id)
    assert user.mfa_enrolled_at is not None


async def test_the_setup_shows_a_picture_and_a_key_uri(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person = await make_person()
    headers = auth((await sign_in(person))["access_token"])
    body = (await client.post(f"{V1}/auth/factors/totp", json={"name": "Phone"}, headers=headers)).json()
    assert body["qr_svg"].startswith("<svg")
    assert "<script" not in body["qr_svg"]
    assert body["uri"].startswith(f"otpauth://totp/CloudOps%20Pro:{person.email}?secret={body['secret']}&issuer=")
    assert len(body["secret"]) == 32
    listed = (await client.get(f"{V1}/auth/factors", headers=headers)).json()
    assert listed["totp"] == []  # not before its first code
    assert listed["recovery_codes"] is None
    assert "mfa_token" not in (await login(client, person)).text


async def test_a_setup_ends_by_itself_and_by_the_next_one(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person = await make_person()
    headers = auth((await sign_in(person))["access_token"])
    first = (await client.post(f"{V1}/auth/factors/totp", json={}, headers=headers)).json()
    second = (await client.post(f"{V1}/auth/factors/totp", json={}, headers=headers)).json()
    confirm = f"{V1}/auth/factors/totp/{first['id']}/confirm"
    assert (await client.post(confirm, json={"otp": "123456"}, headers=headers)).status_code == 404
    moved_clock.advance(minutes=16)
    headers = auth((await sign_in(person))["access_token"])
    confirm = f"{V1}/auth/factors/totp/{second['id']}/confirm"
    assert (await client.post(confirm, json={"otp": "123456"}, headers=headers)).status_code == 404


async def test_factors_are_renamed_listed_and_removed(client: httpx.AsyncClient, enrolled: Any) -> None:
    person, app, _, headers = enrolled
    place = f"{V1}/auth/factors/{app.factor_id}"
    assert (await client.patch(place, json={"name": "Old phone"}, headers=headers)).status_code == 204
    [shown] = (await client.get(f"{V1}/auth/factors", headers=headers)).json()["totp"]
    assert shown["name"] == "Old phone"
    assert shown["last_used_at"] is not None
    assert (await client.delete(place, headers=headers)).status_code == 204
    assert (await client.delete(place, headers=headers)).status_code == 404
    assert (await client.get(f"{V1}/auth/factors", headers=headers)).json()["recovery_codes"] is None
    assert (await login(client, person)).status_code == 200
    kinds = {mail.kind for mail in await read_mails(person.organization_id)}
    assert {"factor-added", "factor-removed", "new-device"} <= kinds


async def test_another_persons_factor_is_not_there(
    client: httpx.AsyncClient, enrolled: Any, make_person: Any, sign_in: Any, auth: Any
) -> None:
    _, app, _, _ = enrolled
    headers = auth((await sign_in(await make_person("owner")))["access_token"])
    place = f"{V1}/auth/factors/{app.factor_id}"
    assert (await client.patch(place, json={"name": "Mine"}, headers=headers)).status_code == 404
    assert (await client.delete(place, headers=headers)).status_code == 404


async def test_factor_changes_need_a_fresh_proof_with_the_factor(
    client: httpx.AsyncClient, enrolled: Any, auth: Any, moved_clock: Any
) -> None:
    person, app, _, headers = enrolled
    moved_clock.advance(minutes=9)
    stale = await client.post(f"{V1}/auth/factors/totp", json={}, headers=headers)
    assert slug(stale) in ("step-up-required", "unauthenticated")
    token = (await login(client, person, otp=app.code())).json()["access_token"]
    headers = auth(token)
    moved_clock.advance(minutes=9, seconds=50)
    assert (await client.post(f"{V1}/auth/factors/totp", json={}, headers=headers)).status_code == 201
    moved_clock.advance(seconds=15)
    stale = await client.post(f"{V1}/auth/factors/totp", json={}, headers=headers)
    assert slug(stale) == "step-up-required"


async def test_step_up_asks_for_the_factor_of_whoever_has_one(
    client: httpx.AsyncClient, enrolled: Any, auth: Any, moved_clock: Any
) -> None:
    person, app, codes, _ = enrolled
    headers = auth((await login(client, person, otp=app.code())).json()["access_token"])
    moved_clock.advance(seconds=60)
    step_up = f"{V1}/auth/step-up"
    only_password = await client.post(step_up, json={"password": person.password}, headers=headers)
    assert slug(only_password) == "mfa-required"
    assert only_password.json()["methods"] == ["totp", "recovery_code"]
    only_code = await client.post(step_up, json={"otp": app.code()}, headers=headers)
    assert (only_code.status_code, slug(only_code)) == (422, "invalid-input")
    wrong = await client.post(step_up, json={"password": person.password, "otp": app.wrong_code()}, headers=headers)
    assert slug(wrong) == "mfa-failed"
    body = {"password": person.password, "recovery_code": codes[1]}
    fresh = await client.post(step_up, json=body, headers=headers)
    assert fresh.status_code == 200
    assert (await client.get(f"{V1}/auth/me", headers=headers)).status_code == 401  # the old session is over
    assert (await client.post(step_up, json={}, headers=auth(fresh.json()["access_token"]))).status_code == 422


async def test_a_session_from_before_the_factor_is_not_stepped_up_any_more(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person = await make_person()
    one, two = auth((await sign_in(person))["access_token"]), auth((await sign_in(person))["access_token"])
    assert (await client.get(f"{V1}/auth/me", headers=two)).status_code == 200  # fills the cache
    await add_totp(client, one)
    assert slug(await client.post(f"{V1}/auth/factors/totp", json={}, headers=two)) == "step-up-required"
    assert (await client.post(f"{V1}/auth/factors/totp", json={}, headers=one)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"mfa_token": "x"},
        {"mfa_token": "x", "otp": "1", "recovery_code": "2"},
        {"mfa_token": ["x"], "otp": "123456"},
        {"mfa_token": "x", "otp": 123456},
        {"mfa_token": "x", "otp": "1" * 65},
        {"mfa_token": "x", "passkey": {"ticket": "x"}},
        {"mfa_token": "x", "passkey": {"ticket": "x", "credential": "x"}},
        {"mfa_token": "x", "otp": "123456", "user_id": "x"},
        {"mfa_token": "x", "otp": "12\u000034"},
        [],
        None,
    ],
)
async def test_a_malformed_second_factor_is_invalid_input(client: httpx.AsyncClient, body: Any) -> None:
    answer = await client.post(f"{V1}/auth/mfa", json=body)
    assert (answer.status_code, slug(answer)) == (422, "invalid-input")


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238 appendix B, the last six of its eight digits."""
    seed = b"12345678901234567890"
    times = {59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"}
    assert {at: rules.totp_code(seed, at // 30) for at in times} == times
