"""Organizations: policy, creating, switching, leaving, handing on."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest
from app.core.config import Settings
from app.core.database import tenant_session
from app.domains.identity import models, service
from fastapi import FastAPI
from sqlalchemy import select, update
from tests.domains.identity.conftest import Clock, MakePerson, Person, SignIn, bearer
from tests.support.counts import RACES, CountCases

POLICY = {
    "mfa_required_roles": [],
    "mfa_grace_days": 7,
    "web_idle_minutes": 720,
    "web_absolute_hours": 168,
    "native_idle_days": 30,
    "sso_required": False,
}


async def _join(person: Person, organization_id: UUID, role: str = "viewer") -> None:
    async with tenant_session(organization_id) as session:
        await service.add_member(session, organization_id, person.user_id, role)


async def _headers(sign_in: SignIn, person: Person) -> dict[str, str]:
    return bearer((await sign_in(person))["access_token"])


async def test_the_policy_is_the_products_until_somebody_sets_it(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    headers = await _headers(sign_in, await make_person("admin"))
    answer = await client.get("/api/v1/organizations/current/policy", headers=headers)
    assert answer.json() == POLICY | {"mfa_required_since": None}


async def test_the_grace_starts_anew_where_a_role_is_added_and_not_where_one_is_taken(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, moved_clock: Clock
) -> None:
    person = await make_person("owner")
    headers = await _headers(sign_in, person)

    async def put(*roles: str) -> str | None:
        body = POLICY | {"mfa_required_roles": list(roles)}
        answer = await client.put("/api/v1/organizations/current/policy", headers=headers, json=body)
        assert answer.status_code == 200, answer.text
        since: str | None = answer.json()["mfa_required_since"]
        return since

    first = await put("admin", "operator")
    moved_clock.advance(minutes=2)
    assert first is not None
    assert await put("operator") == first
    second = await put("operator", "auditor")
    assert second is not None
    assert second > first
    assert await put() is None


async def test_a_shorter_policy_ends_sessions_that_live_already(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, moved_clock: Clock
) -> None:
    owner, other = await make_person("owner"), await make_person("viewer")
    headers, others = await _headers(sign_in, owner), await _headers(sign_in, other)
    answer = await client.put(
        "/api/v1/organizations/current/policy", headers=headers, json=POLICY | {"native_idle_days": 1}
    )
    assert answer.status_code == 200
    async with tenant_session(owner.organization_id) as session:
        rows = (await session.execute(select(models.Session).where(models.Session.user_id == other.user_id))).scalars()
        assert [(row.expires_at - row.last_seen_at).days for row in rows] == [1]
    assert (await client.get("/api/v1/auth/me", headers=others)).status_code == 200


async def test_requiring_the_identity_provider_ends_sessions_without_it_and_spares_owners(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, other_organization: UUID
) -> None:
    owner, admin = await make_person("owner"), await make_person("admin")
    stranger = await make_person("viewer", organization_id=other_organization)
    headers, theirs = await _headers(sign_in, owner), await _headers(sign_in, stranger)
    password, provided = await sign_in(admin), await sign_in(admin)
    through_provider = models.Session.id == await _newest_session(admin)
    async with tenant_session(owner.organization_id) as session:
        await session.execute(update(models.Session).where(through_provider).values(connection_id=uuid4()))

    path = "/api/v1/organizations/current/policy"
    assert (await client.get("/api/v1/auth/me", headers=bearer(password["access_token"]))).status_code == 200
    assert (await client.put(path, headers=headers, json=POLICY | {"sso_required": True})).status_code == 200
    for token, status in ((password, 401), (provided, 200)):
        answer = await client.get("/api/v1/auth/me", headers=bearer(token["access_token"]))
        assert answer.status_code == status
        answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": token["refresh_token"]})
        assert answer.status_code == status
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 200
    assert (await client.get("/api/v1/auth/me", headers=theirs)).status_code == 200
    async with tenant_session(owner.organization_id) as session:
        ended = select(models.Session.reason).where(models.Session.revoked_at.is_not(None))
        assert list((await session.scalars(ended)).all()) == ["sso_required"]

    # What has ended stays so when the provider is not required any more.
    assert (await client.put(path, headers=headers, json=POLICY)).status_code == 200
    assert (await client.get("/api/v1/auth/me", headers=bearer(password["access_token"]))).status_code == 401


async def _newest_session(person: Person) -> UUID:
    async with tenant_session(person.organization_id) as session:
        query = select(models.Session.id).where(models.Session.user_id == person.user_id)
        return (await session.scalars(query.order_by(models.Session.id.desc()))).all()[0]


async def test_who_is_no_owner_any_more_needs_the_identity_provider_at_once(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    owner, other = await make_person("owner"), await make_person("owner")
    headers, token = await _headers(sign_in, owner), await sign_in(other)
    path = "/api/v1/organizations/current/policy"
    assert (await client.put(path, headers=headers, json=POLICY | {"sso_required": True})).status_code == 200
    assert (await client.get("/api/v1/auth/me", headers=bearer(token["access_token"]))).status_code == 200
    changed = await client.patch(f"/api/v1/users/{other.user_id}", headers=headers, json={"role": "admin"})
    assert changed.status_code == 200, changed.text
    assert (await client.get("/api/v1/auth/me", headers=bearer(token["access_token"]))).status_code == 401
    refused = await client.post("/api/v1/auth/refresh", json={"refresh_token": token["refresh_token"]})
    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("web_idle_minutes", 4), ("web_idle_minutes", 721), ("web_absolute_hours", 0), ("web_absolute_hours", 169),
        ("native_idle_days", 31), ("mfa_grace_days", -1), ("mfa_grace_days", 31), ("mfa_required_roles", ["king"]),
        ("sso_required", "yes"), ("web_idle_minutes", 1.5), ("web_idle_minutes", None), ("unknown", 1),
    ],
)  # fmt: skip
async def test_a_policy_outside_its_bounds_is_refused_with_a_pointer(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, field: str, value: object
) -> None:
    headers = await _headers(sign_in, await make_person("owner"))
    answer = await client.put("/api/v1/organizations/current/policy", headers=headers, json=POLICY | {field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"#/{field}")


async def test_a_policy_needs_a_head_and_a_fresh_proof(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, moved_clock: Clock
) -> None:
    viewer = await _headers(sign_in, await make_person("viewer"))
    refused = await client.put("/api/v1/organizations/current/policy", headers=viewer, json=POLICY)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (403, "forbidden")
    tokens = await sign_in(await make_person("owner"))
    moved_clock.advance(minutes=11)
    later = await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    headers = bearer(later.json()["access_token"])
    refused = await client.put("/api/v1/organizations/current/policy", headers=headers, json=POLICY)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (403, "step-up-required")


async def test_a_person_creates_as_many_organizations_as_the_installation_allows(
    client: httpx.AsyncClient, app: FastAPI, settings: Settings, make_person: MakePerson, sign_in: SignIn
) -> None:
    person = await make_person("viewer")
    headers = await _headers(sign_in, person)
    app.state.settings = settings.model_copy(update={"organizations_per_person": 3})
    answers = await asyncio.gather(
        *(client.post("/api/v1/organizations", headers=headers, json={"name": f"New {n}"}) for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["type"].endswith("/too-many-organizations")
    mine = (await client.get("/api/v1/organizations", headers=headers)).json()
    assert sorted((item["role"], item["current"]) for item in mine) == [("owner", False)] * 3 + [("viewer", True)]


async def test_switching_gives_a_session_of_the_other_organization_that_proves_no_more_than_the_first(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, other_organization: UUID, moved_clock: Clock
) -> None:
    person = await make_person("owner")
    await _join(person, other_organization, "viewer")
    headers = await _headers(sign_in, person)
    async with tenant_session(person.organization_id) as session:
        before = (
            await session.execute(select(models.Session).where(models.Session.user_id == person.user_id))
        ).scalar()
    assert before is not None
    moved_clock.advance(minutes=5)
    answer = await client.post(
        "/api/v1/auth/switch", headers=headers, json={"organization_id": str(other_organization)}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["refresh_token"]
    there = bearer(answer.json()["access_token"])
    me = (await client.get("/api/v1/auth/me", headers=there)).json()
    assert (me["organization"]["id"], me["role"]) == (str(other_organization), "viewer")
    async with tenant_session(other_organization) as session:
        row = (await session.execute(select(models.Session).where(models.Session.user_id == person.user_id))).scalar()
    assert row is not None
    assert (row.client, row.amr, row.authenticated_at) == (before.client, before.amr, before.authenticated_at)
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401


async def test_switching_to_a_foreign_organization_answers_like_an_unknown_one(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, other_organization: UUID
) -> None:
    headers = await _headers(sign_in, await make_person("owner"))
    bodies = []
    for wanted in (other_organization, uuid4()):
        answer = await client.post("/api/v1/auth/switch", headers=headers, json={"organization_id": str(wanted)})
        assert answer.status_code == 404
        bodies.append({name: value for name, value in answer.json().items() if name not in ("request_id", "instance")})
    assert bodies[0] == bodies[1]
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 200


async def test_a_session_of_an_identity_provider_cannot_leave_its_organization(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, other_organization: UUID
) -> None:
    person = await make_person("owner")
    await _join(person, other_organization, "owner")
    headers = await _headers(sign_in, person)
    async with tenant_session(person.organization_id) as session:
        await session.execute(
            update(models.Session).where(models.Session.user_id == person.user_id).values(connection_id=uuid4())
        )
    for answer in (
        await client.post("/api/v1/auth/switch", headers=headers, json={"organization_id": str(other_organization)}),
        await client.post("/api/v1/organizations", headers=headers, json={"name": "Mine"}),
    ):
        assert answer.status_code == 403, answer.text
    mine = (await client.get("/api/v1/organizations", headers=headers)).json()
    assert [item["id"] for item in mine] == [str(person.organization_id)]


async def test_an_organization_that_wants_its_provider_is_not_entered_by_switching(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, other_organization: UUID
) -> None:
    person = await make_person("owner")
    await _join(person, other_organization, "admin")
    async with tenant_session(other_organization) as session:
        session.add(models.OrganizationPolicy(organization_id=other_organization, **POLICY | {"sso_required": True}))
    headers = await _headers(sign_in, person)
    answer = await client.post(
        "/api/v1/auth/switch", headers=headers, json={"organization_id": str(other_organization)}
    )
    assert answer.status_code == 403


async def test_of_two_owners_who_leave_at_once_one_stays(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    owners = [await make_person("owner") for _ in range(2)]
    headers = [await _headers(sign_in, owner) for owner in owners]
    answers = await asyncio.gather(
        *(client.post("/api/v1/organizations/current/leave", headers=found) for found in headers)
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    alive = [(await client.get("/api/v1/auth/me", headers=found)).status_code for found in headers]
    assert sorted(alive) == [200, 401]


async def test_ownership_goes_to_an_active_member_and_the_old_owner_stays_as_administrator(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    owner, member = await make_person("owner"), await make_person("viewer")
    headers, others = await _headers(sign_in, owner), await _headers(sign_in, member)
    for wrong, status in ((uuid4(), 404), (owner.user_id, 409)):
        answer = await client.post("/api/v1/organizations/current/owner", headers=headers, json={"user_id": str(wrong)})
        assert answer.status_code == status
    answer = await client.post(
        "/api/v1/organizations/current/owner", headers=headers, json={"user_id": str(member.user_id)}
    )
    assert answer.status_code == 204, answer.text
    roles = [(await client.get("/api/v1/auth/me", headers=found)).json()["role"] for found in (headers, others)]
    assert roles == ["admin", "owner"]


async def test_only_one_of_fifty_transfers_by_one_owner_takes_place(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, count_cases: CountCases
) -> None:
    owner = await make_person("owner")
    heirs = [await make_person("viewer") for _ in range(5)]
    headers = await _headers(sign_in, owner)
    answers = await asyncio.gather(
        *(
            client.post(
                "/api/v1/organizations/current/owner",
                headers=headers,
                json={"user_id": str(heirs[n % len(heirs)].user_id)},
            )
            for n in range(50)
        )
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(204) == 1, statuses
    assert set(statuses) <= {204, 403, 503}
    count_cases(RACES, {"ownership": 50}, accepted=1)
    async with tenant_session(owner.organization_id) as session:
        query = select(models.Membership).where(models.Membership.role == "owner")
        assert len((await session.execute(query)).scalars().all()) == 1
