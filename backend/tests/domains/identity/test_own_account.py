"""A person's own name, sessions that end with a changed factor, the first password, and the operator's way back."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from app.core.config import Settings
from app.core.database import set_user, tenant_session
from app.core.errors import NotFound
from app.domains.audit.models import AuditEvent
from app.domains.identity import models, service
from app.domains.identity.rules import FIRST_PASSWORD_LIFETIME
from app.domains.identity.service import operating
from app.domains.notifications import tasks as notifications
from sqlalchemy import select, update
from tests.domains.identity.conftest import PASSWORD, Clock, MakePerson, Person, SignIn, bearer
from tests.support.factors import App, add_passkey, add_totp, login, read_mails

assert notifications  # importing it makes it listen
ME = "/api/v1/auth/me"


async def actions(organization_id: UUID) -> list[str]:
    async with tenant_session(organization_id) as session:
        return list((await session.scalars(select(AuditEvent.action).order_by(AuditEvent.at))).all())


async def test_a_person_changes_their_own_name_and_the_log_does_not_hold_it(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    person = await make_person()
    headers = bearer((await sign_in(person))["access_token"])
    answer = await client.patch(ME, json={"name": "Nadia Öztürk"}, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (200, "Nadia Öztürk")
    assert (await client.get(ME, headers=headers)).json() == answer.json()
    again = await client.patch(ME, json={"name": "Nadia Öztürk"}, headers=headers)
    assert again.status_code == 200
    async with tenant_session(person.organization_id) as session:
        rows = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "profile.changed"))).all()
    assert [row.changes for row in rows] == [{"fields": ["name"], "user_id": str(person.user_id)}]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 300}, {"name": "a\x00b"}, {"email": "a@b.example"}])
async def test_a_bad_name_is_invalid(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, body: dict[str, str]
) -> None:
    headers = bearer((await sign_in(await make_person()))["access_token"])
    assert (await client.patch(ME, json=body, headers=headers)).status_code == 422
    assert (await client.patch(ME, json=body)).status_code == 401


@pytest.mark.parametrize("end_others", [False, True])
async def test_changing_a_factor_ends_the_other_sessions_where_the_person_wants_it(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, end_others: bool
) -> None:
    person = await make_person()
    here = bearer((await sign_in(person))["access_token"])

    async def is_other_alive(token: str) -> bool:
        return (await client.get(ME, headers=bearer(token))).status_code == 200

    other = (await sign_in(person))["access_token"]
    app, _ = await add_totp(client, here, "Spare")
    assert await is_other_alive(other)
    removed = await client.delete(
        f"/api/v1/auth/factors/{app.factor_id}",
        params={"end_other_sessions": str(end_others).lower()},
        headers=here,
    )
    assert removed.status_code == 204, removed.text
    assert await is_other_alive(other) is not end_others
    other = (await sign_in(person))["access_token"]
    started = (await client.post("/api/v1/auth/factors/totp", json={"name": "Phone"}, headers=here)).json()
    confirmed = await client.post(
        f"/api/v1/auth/factors/totp/{started['id']}/confirm",
        json={"otp": App(started["id"], started["secret"]).code(), "end_other_sessions": end_others},
        headers=here,
    )
    assert confirmed.status_code == 200, confirmed.text
    assert await is_other_alive(other) is not end_others
    assert (await client.get(ME, headers=here)).status_code == 200


async def _first_password(person: Person, clock: Clock | None = None) -> None:
    """As the first start leaves it: nobody has chosen the password."""
    async with tenant_session(person.organization_id) as session:
        await set_user(session, person.user_id)
        chosen = update(models.User).where(models.User.id == person.user_id).values(password_changed_at=None)
        await session.execute(chosen)


async def test_a_first_password_ends_after_a_week_and_a_chosen_one_does_not(
    client: httpx.AsyncClient, make_person: MakePerson, moved_clock: Clock
) -> None:
    person, other = await make_person("owner"), await make_person("owner")
    await _first_password(person)
    tokens = (await login(client, person)).json()
    me = (await client.get(ME, headers=bearer(tokens["access_token"]))).json()
    assert me["password_expires_at"] is not None
    chosen = (await client.get(ME, headers=bearer((await login(client, other)).json()["access_token"]))).json()
    assert chosen["password_expires_at"] is None
    moved_clock.advance(seconds=FIRST_PASSWORD_LIFETIME.total_seconds() - 60)
    fresh = (await login(client, person)).json()["access_token"]
    moved_clock.advance(seconds=120)
    refused = await login(client, person)
    assert refused.status_code == 401
    assert refused.json()["type"].endswith("/login-failed")
    assert (await login(client, other)).status_code == 200
    async with tenant_session(person.organization_id) as session:
        causes = await session.scalars(
            select(AuditEvent.changes["cause"].astext).where(AuditEvent.action == "session.sign_in_failed")
        )
        assert causes.all() == ["first_password_expired"]
    changed = await client.post(
        "/api/v1/auth/password",
        json={"current_password": PASSWORD, "new_password": "a longer pass phrase of mine"},
        headers=bearer(fresh),
    )
    assert changed.status_code == 204, changed.text
    moved_clock.advance(seconds=1_000_000)
    assert (await login(client, person, password="a longer pass phrase of mine")).status_code == 200


async def test_the_operator_removes_every_factor_of_a_sole_owner(
    client: httpx.AsyncClient,
    make_person: MakePerson,
    sign_in: SignIn,
    settings: Settings,
    other_organization: UUID,
) -> None:
    person = await make_person("owner")
    async with tenant_session(other_organization) as session:
        await service.add_member(session, other_organization, person.user_id, "viewer")
    headers = bearer((await sign_in(person))["access_token"])
    await add_totp(client, headers)
    await add_passkey(client, headers)
    asked = await login(client, person)
    assert asked.json()["type"].endswith("/mfa-required")
    await client.post("/api/v1/auth/mfa/lost", json={"mfa_token": asked.json()["mfa_token"]})
    done = await operating.remove_factors(settings, person.email.upper())
    assert (done.factors, done.sessions) == (2, 1)
    assert (await client.get(ME, headers=headers)).status_code == 401
    fresh = await login(client, person)
    assert fresh.status_code == 200, fresh.text
    again = bearer(fresh.json()["access_token"])
    factors = (await client.get("/api/v1/auth/factors", headers=again)).json()
    assert (factors["totp"], factors["passkeys"], factors["recovery_codes"]) == ([], [], None)
    assert (await client.get("/api/v1/users/factor-resets", headers=again)).json()["items"] == []
    for organization_id in (person.organization_id, other_organization):
        assert (await actions(organization_id)).count("factor.removed_by_operator") == 1
    async with tenant_session(person.organization_id) as session:
        row = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "factor.removed_by_operator"))).one()
        assert (row.actor_kind, row.actor_id, row.changes["removed"]) == ("operator", None, 2)
    mails = await read_mails(person.organization_id, "factors-removed-by-operator")
    assert [mail.to for mail in mails] == [person.email]
    with pytest.raises(NotFound):
        await operating.remove_factors(settings, "nobody@example.com")


async def test_the_operators_password_link_works_once_and_is_told(
    client: httpx.AsyncClient, make_person: MakePerson, settings: Settings
) -> None:
    person = await make_person("owner")
    first = await operating.make_password_link(settings, person.email)
    link = await operating.make_password_link(settings, person.email)
    assert link.startswith("http://localhost:8000/reset-password#token=")
    reset = "/api/v1/auth/password/reset"
    for given, status in ((first, 400), (link, 204), (link, 400)):
        body = {"token": given.partition("#token=")[2], "new_password": "a longer pass phrase of mine"}
        answer = await client.post(reset, json=body)
        assert answer.status_code == status, answer.text
    assert (await login(client, person, password="a longer pass phrase of mine")).status_code == 200
    assert (await actions(person.organization_id)).count("password.link_made_by_operator") == 2
    assert len(await read_mails(person.organization_id, "password-link-by-operator")) == 2


def test_the_first_password_lives_a_week() -> None:
    assert timedelta(days=1) < FIRST_PASSWORD_LIFETIME <= timedelta(days=7)
