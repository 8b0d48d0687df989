"""Factors that an organization requires, lost ones, and lifetimes that it shortens."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core import clock
from app.core.database import tenant_session
from app.domains.identity import service
from app.domains.identity.models import Session
from app.domains.identity.models.policy import OrganizationPolicy
from sqlalchemy import select, update
from tests.support.factors import V1, add_totp, login, read_mails, slug

OPEN_TO_ALL = ["/auth/me", "/auth/sessions", "/auth/factors"]


async def set_policy(organization_id: UUID, **values: Any) -> None:
    """The organization's policy as a row, in force from now on."""
    row = {
        "mfa_required_roles": [],
        "mfa_grace_days": 7,
        "mfa_required_since": clock.utc_now(),
        "web_idle_minutes": 720,
        "web_absolute_hours": 168,
        "native_idle_days": 30,
        "sso_required": False,
    } | values
    async with tenant_session(organization_id) as session:
        session.add(OrganizationPolicy(organization_id=organization_id, **row))


async def test_during_the_grace_everything_works_and_the_profile_says_until_when(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person = await make_person("admin")
    await set_policy(person.organization_id, mfa_required_roles=["owner", "admin"])
    headers = auth((await sign_in(person))["access_token"])
    me = (await client.get(f"{V1}/auth/me", headers=headers)).json()
    assert (me["mfa"]["enrolled"], me["mfa"]["required"]) == (False, True)
    assert me["mfa"]["grace_ends_at"] is not None
    assert (await client.get(f"{V1}/users", headers=headers)).status_code == 200


async def test_after_the_grace_a_session_without_a_factor_reaches_the_profile_only(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person, viewer = await make_person("admin"), await make_person("viewer")
    await set_policy(person.organization_id, mfa_required_roles=["owner", "admin"])
    moved_clock.advance(days=7, minutes=1)
    headers = auth((await sign_in(person))["access_token"])
    for path in OPEN_TO_ALL:
        assert (await client.get(f"{V1}{path}", headers=headers)).status_code == 200
    assert (await client.get(f"{V1}/auth/me", headers=headers)).json()["permissions"] == ["profile:read"]
    for path in ("/users", "/organizations/current", "/audit-log"):
        answer = await client.get(f"{V1}{path}", headers=headers)
        assert (answer.status_code, slug(answer)) == (403, "factor-required")
    not_required = auth((await sign_in(viewer))["access_token"])
    assert (await client.get(f"{V1}/organizations/current", headers=not_required)).status_code == 200
    await add_totp(client, headers)
    assert (await client.get(f"{V1}/users", headers=headers)).status_code == 200  # the same session, at once
    assert (await client.post(f"{V1}/auth/logout", headers=headers)).status_code == 204


async def test_a_session_that_runs_meets_the_end_of_the_grace(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person = await make_person("admin")
    await set_policy(person.organization_id, mfa_required_roles=["admin"], mfa_grace_days=0)
    async with tenant_session(person.organization_id) as session:
        soon = clock.utc_now() + timedelta(minutes=2)
        await session.execute(update(OrganizationPolicy).values(mfa_required_since=soon))
    headers = auth((await sign_in(person))["access_token"])
    assert (await client.get(f"{V1}/users", headers=headers)).status_code == 200
    moved_clock.advance(minutes=2, seconds=1)
    assert slug(await client.get(f"{V1}/users", headers=headers)) == "factor-required"


async def test_the_last_factor_stays_where_it_is_required(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person = await make_person("admin")
    await set_policy(person.organization_id, mfa_required_roles=["admin"])
    headers = auth((await sign_in(person))["access_token"])
    app, _ = await add_totp(client, headers)
    answer = await client.delete(f"{V1}/auth/factors/{app.factor_id}", headers=headers)
    assert (answer.status_code, slug(answer)) == (409, "last-factor")


async def test_a_shorter_lifetime_holds_at_sign_in_and_at_refresh(
    client: httpx.AsyncClient, make_person: Any, moved_clock: Any
) -> None:
    person = await make_person()
    await set_policy(person.organization_id, web_idle_minutes=15, web_absolute_hours=8, native_idle_days=2)
    await login(client, person, client="web")
    native = (await login(client, person)).json()["refresh_token"]
    async with tenant_session(person.organization_id) as session:
        rows = {
            row.client: row for row in (await session.scalars(select(Session).where(Session.user_id == person.user_id)))
        }
    assert rows["web"].expires_at - rows["web"].created_at == timedelta(minutes=15)
    assert rows["web"].absolute_expires_at - rows["web"].created_at == timedelta(hours=8)
    assert rows["native"].expires_at - rows["native"].created_at == timedelta(days=2)
    moved_clock.advance(days=1)
    answer = await client.post(f"{V1}/auth/refresh", json={"refresh_token": native})
    assert answer.status_code == 200
    moved_clock.advance(days=2, seconds=1)
    late = await client.post(f"{V1}/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    assert slug(late) == "session-ended"


async def test_a_password_does_not_open_an_organization_that_wants_its_provider(
    client: httpx.AsyncClient, make_person: Any
) -> None:
    owner, viewer = await make_person("owner"), await make_person("viewer")
    await set_policy(owner.organization_id, sso_required=True)
    assert (await login(client, owner)).status_code == 200  # somebody has to get in when the provider is broken
    assert slug(await login(client, viewer)) == "login-failed"


@pytest.fixture
async def lost(client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any) -> Any:
    """(person with a factor, two owners' people)."""
    person, first, second = await make_person("operator"), await make_person("owner"), await make_person("owner")
    app, _ = await add_totp(client, auth((await sign_in(person))["access_token"]))
    moved_clock.advance(minutes=2)
    return person, app, first, second


async def report(client: httpx.AsyncClient, person: Any) -> None:
    token = (await login(client, person)).json()["mfa_token"]
    assert (await client.post(f"{V1}/auth/mfa/lost", json={"mfa_token": token})).status_code == 202


async def open_requests(client: httpx.AsyncClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = await client.get(f"{V1}/users/factor-resets", headers=headers)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def approve(client: httpx.AsyncClient, headers: dict[str, str], reset_id: str) -> httpx.Response:
    return await client.post(f"{V1}/users/factor-resets/{reset_id}/approve", headers=headers)


async def test_two_owners_and_a_day_remove_lost_factors(
    client: httpx.AsyncClient, lost: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person, _, first, second = lost
    await report(client, person)
    await report(client, person)  # a second request is the first
    one, two = auth((await sign_in(first))["access_token"]), auth((await sign_in(second))["access_token"])
    [shown] = await open_requests(client, one)
    assert (shown["email"], shown["approvals"], shown["needed"], shown["due_at"]) == (person.email, 0, 2, None)
    assert (await approve(client, one, shown["id"])).status_code == 204
    again = await approve(client, one, shown["id"])
    assert (again.status_code, slug(again)) == (409, "approval-not-possible")
    moved_clock.advance(days=2)
    assert slug(await login(client, person)) == "mfa-required"  # one owner is not two
    two = auth((await sign_in(second))["access_token"])
    assert (await approve(client, two, shown["id"])).status_code == 204
    moved_clock.advance(hours=23, minutes=59)
    assert slug(await login(client, person)) == "mfa-required"
    moved_clock.advance(minutes=2)
    assert slug(await login(client, person, password="not the right one")) == "login-failed"
    done = await login(client, person)
    assert done.status_code == 200
    listed = (await client.get(f"{V1}/auth/factors", headers=auth(done.json()["access_token"]))).json()
    assert (listed["totp"], listed["passkeys"], listed["recovery_codes"]) == ([], [], None)
    kinds = [mail.kind for mail in await read_mails(person.organization_id) if mail.to == person.email]
    assert [kind for kind in kinds if kind.startswith("factor-reset")] == [
        "factor-reset-requested",
        "factor-reset-approved",
        "factor-reset-done",
    ]
    waiting = await read_mails(person.organization_id, "factor-reset-waiting")
    assert {mail.to for mail in waiting} == {first.email, second.email}


async def test_signing_in_with_a_factor_cancels_the_request(
    client: httpx.AsyncClient, lost: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person, app, first, second = lost
    await report(client, person)
    headers = [auth((await sign_in(one))["access_token"]) for one in (first, second)]
    [shown] = await open_requests(client, headers[0])
    for one in headers:
        await approve(client, one, shown["id"])
    assert (await login(client, person, otp=app.code())).status_code == 200
    moved_clock.advance(days=2)
    assert slug(await login(client, person)) == "mfa-required"


async def test_an_owner_may_refuse(
    client: httpx.AsyncClient, lost: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person, _, first, second = lost
    await report(client, person)
    headers = [auth((await sign_in(one))["access_token"]) for one in (first, second)]
    [shown] = await open_requests(client, headers[0])
    await approve(client, headers[0], shown["id"])
    await approve(client, headers[1], shown["id"])
    assert (await client.delete(f"{V1}/users/factor-resets/{shown['id']}", headers=headers[1])).status_code == 204
    moved_clock.advance(days=2)
    assert slug(await login(client, person)) == "mfa-required"
    assert (await approve(client, headers[0], shown["id"])).status_code in (401, 404)


async def test_a_single_owner_is_enough_where_there_is_one(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person, owner = await make_person("operator"), await make_person("owner")
    await add_totp(client, auth((await sign_in(person))["access_token"]))
    moved_clock.advance(minutes=2)
    await report(client, person)
    headers = auth((await sign_in(owner))["access_token"])
    [shown] = await open_requests(client, headers)
    assert shown["needed"] == 1
    assert (await approve(client, headers, shown["id"])).status_code == 204
    assert slug(await login(client, person)) == "mfa-required"
    moved_clock.advance(hours=24, seconds=1)
    assert (await login(client, person)).status_code == 200


async def test_nobody_approves_their_own(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person = await make_person("owner")
    headers = auth((await sign_in(person))["access_token"])
    await add_totp(client, headers)
    moved_clock.advance(minutes=2)
    await report(client, person)
    [shown] = await open_requests(client, headers)
    assert slug(await approve(client, headers, shown["id"])) == "approval-not-possible"


async def test_owners_of_another_organization_cannot_open_the_way(
    client: httpx.AsyncClient,
    lost: Any,
    make_person: Any,
    other_organization: UUID,
    sign_in: Any,
    auth: Any,
    moved_clock: Any,
) -> None:
    """A rival invites the victim and knows the password; the victim's own organization has not approved."""
    person, _, first, _ = lost
    rival = await make_person("owner", organization_id=other_organization)
    async with tenant_session(other_organization) as session:
        await service.add_member(session, other_organization, person.user_id, "viewer")
    moved_clock.advance(seconds=5)
    await report(client, person)
    theirs = auth((await sign_in(rival))["access_token"])
    [shown] = await open_requests(client, theirs)
    assert (await approve(client, theirs, shown["id"])).status_code == 204
    moved_clock.advance(days=2)
    assert slug(await login(client, person)) == "mfa-required"
    mine = auth((await sign_in(first))["access_token"])
    [other] = await open_requests(client, mine)
    assert other["id"] != shown["id"]
    unseen = await approve(client, mine, shown["id"])
    assert (unseen.status_code, slug(unseen)) == (404, "not-found")


async def test_only_owners_see_and_approve(
    client: httpx.AsyncClient, lost: Any, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person, _, first, _ = lost
    await report(client, person)
    admin = auth((await sign_in(await make_person("admin")))["access_token"])
    assert (await client.get(f"{V1}/users/factor-resets", headers=admin)).status_code == 403
    owner = auth((await sign_in(first))["access_token"])
    [shown] = await open_requests(client, owner)
    assert (await approve(client, admin, shown["id"])).status_code == 403
    moved_clock.advance(minutes=10, seconds=20)
    assert slug(await approve(client, owner, shown["id"])) == "step-up-required"


async def test_a_request_that_nobody_approves_ends_after_a_week(
    client: httpx.AsyncClient, lost: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person, _, first, _ = lost
    await report(client, person)
    moved_clock.advance(days=7, seconds=1)
    assert await open_requests(client, auth((await sign_in(first))["access_token"])) == []
    await report(client, person)  # a new one may be made
    assert len(await open_requests(client, auth((await sign_in(first))["access_token"]))) == 1
