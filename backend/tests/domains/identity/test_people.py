"""Organizations, members, passwords, signing keys and the first start."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.directory import DirectoryOrganization
from app.core.errors import Forbidden, InvalidInput, NotFound
from app.core.http import Caller
from app.domains.identity import queries, rules, service
from app.domains.identity.errors import LastOwner, LoginTaken
from app.domains.identity.models import Membership, Organization, SigningKey, User
from app.domains.identity.schemas.access import MemberUpdate
from pydantic import SecretStr
from sqlalchemy import delete, select, text

NEW_PASSWORD = "seven quiet herons at dawn"


def caller_of(person: Any, role: str | None = None) -> Caller:
    wanted = role or person.role
    return Caller(
        user_id=person.user_id,
        organization_id=person.organization_id,
        email=person.email,
        role=wanted,
        permissions=rules.permissions_of(wanted),
        authenticated_at=clock.utc_now().timestamp(),
        is_stepped_up=True,
    )


ROUTES = [
    ("GET", "/auth/me", "profile:read"),
    ("GET", "/auth/sessions", "profile:read"),
    ("GET", "/users", "members:read"),
    ("GET", "/organizations/current", "organization:read"),
    ("PATCH", "/organizations/current", "organization:write"),
    ("GET", "/audit-log", "audit:read"),
]


@pytest.mark.parametrize("role", rules.ROLES)
async def test_routes_admit_the_roles_of_the_table(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, role: str
) -> None:
    headers = auth((await sign_in(await make_person(role)))["access_token"])
    for method, path, permission in ROUTES:
        body = {"name": "Example"} if method == "PATCH" else None
        assert (await client.request(method, f"/api/v1{path}", json=body)).status_code == 401
        answer = await client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code == (200 if permission in rules.permissions_of(role) else 403), (path, answer.text)


async def test_members_are_listed_page_by_page(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, other_organization: UUID
) -> None:
    people = [await make_person("admin") for _ in range(5)]
    await make_person("owner", organization_id=other_organization)
    headers = auth((await sign_in(people[0]))["access_token"])
    seen, cursor = [], None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/v1/users", params=params, headers=headers)).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [item["email"] for item in seen] == sorted(person.email for person in people)
    assert {item["role"] for item in seen} == {"admin"}
    assert sum(item["last_seen_at"] is not None for item in seen) == 1


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "WyJcdTAwMDAiLCAieCJd", "e30"])
async def test_a_foreign_cursor_is_invalid(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, cursor: str
) -> None:
    headers = auth((await sign_in(await make_person("owner")))["access_token"])
    for path in ("users", "audit-log"):
        answer = await client.get(f"/api/v1/{path}", params={"cursor": cursor}, headers=headers)
        assert answer.status_code == 422, path


async def test_renaming_the_organization(client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any) -> None:
    headers = auth((await sign_in(await make_person("admin")))["access_token"])
    before = (await client.get("/api/v1/organizations/current", headers=headers)).json()
    answer = await client.patch("/api/v1/organizations/current", json={"name": " Globex "}, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == before | {"name": "Globex"}
    log = (await client.get("/api/v1/audit-log?action=organization.changed", headers=headers)).json()["items"]
    assert [item["changes"] for item in log] == [{"before": {"name": "Example"}, "after": {"name": "Globex"}}]
    for body in ({}, {"name": ""}, {"name": " "}, {"name": "a\nb"}, {"name": "x" * 201}, {"name": "x", "slug": "y"}):
        answer = await client.patch("/api/v1/organizations/current", json=body, headers=headers)
        assert answer.status_code == 422, body


async def test_changing_the_password_ends_the_other_sessions(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person = await make_person()
    mine, other = await sign_in(person), await sign_in(person)
    body = {"current_password": person.password, "new_password": NEW_PASSWORD}
    answer = await client.post("/api/v1/auth/password", json=body, headers=auth(mine["access_token"]))
    assert answer.status_code == 204, answer.text
    assert (await client.get("/api/v1/auth/me", headers=auth(mine["access_token"]))).status_code == 200
    assert (await client.get("/api/v1/auth/me", headers=auth(other["access_token"]))).status_code == 401
    old = await client.post("/api/v1/auth/login", json={"email": person.email, "password": person.password})
    new = await client.post("/api/v1/auth/login", json={"email": person.email, "password": NEW_PASSWORD})
    assert (old.status_code, new.status_code) == (401, 200)


async def test_a_bad_password_change_changes_nothing(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    person = await make_person()
    headers = auth((await sign_in(person))["access_token"])
    cases: list[tuple[str, str, int]] = [
        ("wrong password here", NEW_PASSWORD, 401),
        (person.password, "short", 422),
        (person.password, "password1234", 422),
        (person.password, "Kim Tester 2026", 422),
        (person.password, person.password, 422),
    ]
    for current, new, status in cases:
        body = {"current_password": current, "new_password": new}
        answer = await client.post("/api/v1/auth/password", json=body, headers=headers)
        assert answer.status_code == status, answer.text
    await sign_in(person)


async def test_sensitive_acts_need_a_recent_sign_in(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    person = await make_person()
    tokens = await sign_in(person)
    moved_clock.advance(minutes=9)
    refreshed = (await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).json()
    moved_clock.advance(minutes=2)
    headers = auth(refreshed["access_token"])
    body = {"current_password": person.password, "new_password": NEW_PASSWORD}
    answer = await client.post("/api/v1/auth/password", json=body, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/step-up-required")
    moved_clock.advance(minutes=11)
    refreshed = (await client.post("/api/v1/auth/refresh", json={"refresh_token": refreshed["refresh_token"]})).json()
    headers = auth(refreshed["access_token"])
    wrong = await client.post("/api/v1/auth/step-up", json={"password": "wrong password here"}, headers=headers)
    assert wrong.status_code == 401
    right = await client.post("/api/v1/auth/step-up", json={"password": person.password}, headers=headers)
    assert right.status_code == 200
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401  # a new session took its place
    fresh = auth(right.json()["access_token"])
    assert (await client.post("/api/v1/auth/password", json=body, headers=fresh)).status_code == 204


async def test_a_password_change_reaches_sessions_in_other_organizations(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, other_organization: UUID, settings: Settings
) -> None:
    person = await make_person()
    async with tenant_session(other_organization) as session:
        await service.add_member(session, other_organization, person.user_id, "viewer")
        row, _ = await service.sessions.start_session(
            session, settings, other_organization, person.user_id, client="web", amr=["pwd"], origin=service.Origin()
        )
    there = await service.sessions.issue_tokens(settings, row, "unused")
    headers = auth(there.access_token)
    assert (await client.get("/api/v1/auth/me", headers=headers)).json()["organization"]["name"] == "Another"
    here = await sign_in(person)
    body = {"current_password": person.password, "new_password": NEW_PASSWORD}
    answer = await client.post("/api/v1/auth/password", json=body, headers=auth(here["access_token"]))
    assert answer.status_code == 204
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401


async def test_login_names_are_unique_over_the_installation(make_person: Any, other_organization: UUID) -> None:
    person = await make_person()
    with pytest.raises(LoginTaken):
        async with tenant_session(other_organization) as session:
            await service.create_user(
                session, other_organization, email=person.email.upper(), name="Other", role="viewer"
            )


async def test_rows_of_people_are_seen_by_their_organizations_only(make_person: Any, other_organization: UUID) -> None:
    person = await make_person()
    stranger = await make_person(organization_id=other_organization)
    async with tenant_session(person.organization_id) as session:
        assert [user.id for user in (await session.execute(select(User))).scalars()] == [person.user_id]
        assert [row.id for row in (await session.execute(select(Organization))).scalars()] == [person.organization_id]
        found = (await session.execute(select(Membership.user_id))).scalars().all()
        assert stranger.user_id not in found
        with pytest.raises(NotFound):
            await queries.get_membership(session, person.organization_id, stranger.user_id)
    async with directory_session() as session:
        for model in (User, Organization, Membership):
            assert (await session.execute(select(model))).first() is None


async def test_roles_are_granted_within_ones_own(make_person: Any, settings: Settings) -> None:
    owner, admin, viewer = await make_person("owner"), await make_person("admin"), await make_person("viewer")
    async with tenant_session(owner.organization_id) as session:

        async def change(caller: Caller, user_id: UUID, **wanted: Any) -> Any:
            return await service.update_member(session, settings, caller, user_id, MemberUpdate(**wanted))

        for target, role in ((viewer, "owner"), (owner, "viewer")):
            with pytest.raises(Forbidden):
                await change(caller_of(admin), target.user_id, role=role)
        with pytest.raises(Forbidden):  # nobody changes their own role
            await change(caller_of(owner), owner.user_id, role="admin")
        for wanted in ({"role": "admin"}, {"disabled": True}):
            with pytest.raises(LastOwner):  # somebody who was an owner when their request began
                await change(caller_of(viewer, "owner"), owner.user_id, **wanted)
        with pytest.raises(NotFound):
            await change(caller_of(owner), uuid4(), role="viewer")
        await change(caller_of(owner), viewer.user_id, role="owner")
        changed = await change(caller_of(viewer, "owner"), owner.user_id, role="admin")
        assert changed.role == "admin"


async def test_the_first_start_makes_one_administrator(app: Any, client: httpx.AsyncClient, settings: Settings) -> None:
    async with directory_session() as session:
        kept = (await session.execute(select(DirectoryOrganization.id))).scalars().all()
        await session.execute(delete(DirectoryOrganization))
    email = f"{uuid4().hex}@example.com"
    given = settings.model_copy(update={"admin_email": email})
    made = await asyncio.gather(*[service.ensure_first_administrator(given) for _ in range(4)])
    assert sum(item is not None for item in made) == 1
    name, password = next(item for item in made if item)
    assert name == email
    assert len(password) == 24
    assert await service.ensure_first_administrator(given) is None
    answer = await client.post("/api/v1/auth/login", json={"email": email, "password": password})
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get("/api/v1/auth/me", headers=headers)).json()["role"] == "owner"
    async with directory_session() as session:
        session.add_all([DirectoryOrganization(id=organization_id) for organization_id in kept])


async def test_a_weak_administrator_password_stops_the_first_start(app: Any, settings: Settings) -> None:
    async with directory_session() as session:
        kept = (await session.execute(select(DirectoryOrganization.id))).scalars().all()
        await session.execute(delete(DirectoryOrganization))
    weak = settings.model_copy(update={"admin_password": SecretStr("password1234")})
    with pytest.raises(InvalidInput):
        await service.ensure_first_administrator(weak)
    strong = settings.model_copy(
        update={"admin_password": SecretStr(NEW_PASSWORD), "admin_email": f"{uuid4().hex}@example.com"}
    )
    assert await service.ensure_first_administrator(strong) is None  # the operator knows it already
    async with directory_session() as session:
        assert await queries.has_organizations(session)
        session.add_all([DirectoryOrganization(id=organization_id) for organization_id in kept])


async def test_keys_rotate_a_day_before_they_are_due(
    app: Any, client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    async with directory_session() as session:
        await session.execute(delete(SigningKey))
    person = await make_person()
    first = await sign_in(person)

    async def keys() -> list[str]:
        service.get_key_ring().clear()
        return [key["kid"] for key in (await client.get("/.well-known/jwks.json")).json()["keys"]]

    async def rotate() -> None:
        async with directory_session() as session:
            await service.rotate_signing_keys(session, clock.utc_now())

    [old] = await keys()
    moved_clock.advance(days=28, hours=23)
    await rotate()
    assert await keys() == [old]
    moved_clock.advance(hours=2)
    await rotate()
    await rotate()
    published = await keys()
    assert len(published) == 2
    assert old in published
    signing = await service.get_key_ring().signing_key(clock.utc_now())
    assert signing.id == old  # published a day before it signs
    moved_clock.advance(hours=23)
    service.get_key_ring().clear()
    signing = await service.get_key_ring().signing_key(clock.utc_now())
    assert signing.id != old
    assert old in await keys()
    moved_clock.advance(hours=2)
    await rotate()
    assert old not in await keys()
    assert (await client.get("/api/v1/auth/me", headers=auth(first["access_token"]))).status_code == 401


async def test_deleting_a_key_kills_its_tokens_and_refresh_goes_on(
    app: Any, client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    tokens = await sign_in(await make_person())
    signing = await service.get_key_ring().signing_key(clock.utc_now())
    async with directory_session() as session:
        await service.forget_signing_key(session, UUID(signing.id))
    service.get_key_ring().clear()
    assert (await client.get("/api/v1/auth/me", headers=auth(tokens["access_token"]))).status_code == 401
    answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200
    assert (await client.get("/api/v1/auth/me", headers=auth(answer.json()["access_token"]))).status_code == 200


async def test_ended_sessions_are_removed_after_a_month(make_person: Any, sign_in: Any, moved_clock: Any) -> None:
    person = await make_person()
    await sign_in(person)
    async with tenant_session(person.organization_id) as session:
        assert await service.remove_ended_sessions(session, person.organization_id) == 0
    moved_clock.advance(days=121)
    async with tenant_session(person.organization_id) as session:
        assert await service.remove_ended_sessions(session, person.organization_id) == 1
        left = await session.execute(
            text("SELECT count(*) FROM directory.entries WHERE kind = 'refresh' AND organization_id = :o"),
            {"o": person.organization_id},
        )
        assert left.scalar_one() == 0


def test_spans_of_keys_fit_the_tokens() -> None:
    assert timedelta(hours=1) < rules.KEY_STAYS_PUBLISHED - rules.CLOCK_SKEW
