"""Custom roles, members, and the owner who stays."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from app.core.database import tenant_session
from app.domains.identity.models import Membership
from app.domains.identity.rules import PERMISSION_TABLE
from sqlalchemy import select
from tests.support.counts import RACES, CountCases

ROLES, USERS, INVITATIONS = "/api/v1/roles", "/api/v1/users", "/api/v1/users/invitations"
DESK = {"name": "Desk", "description": "Answers the phone", "permissions": ["alerts:read", "inventory:read"]}


@pytest.fixture
def enter(make_person: Any, sign_in: Any, auth: Any) -> Any:
    async def run(role: str, **where: Any) -> tuple[Any, dict[str, str]]:
        person = await make_person(role, **where)
        return person, auth((await sign_in(person))["access_token"])

    return run


async def test_every_permission_is_listed_with_its_roles(client: httpx.AsyncClient, enter: Any) -> None:
    _, headers = await enter("viewer")
    listed = (await client.get("/api/v1/permissions", headers=headers)).json()
    assert {item["name"]: tuple(item["roles"]) for item in listed} == PERMISSION_TABLE
    assert all(item["assignable"] is (item["roles"] != ["owner"]) for item in listed)


async def test_a_role_is_made_changed_and_removed(client: httpx.AsyncClient, enter: Any) -> None:
    _, headers = await enter("admin")
    made = (await client.post(ROLES, json=DESK, headers=headers)).json()
    assert made == DESK | {"id": made["id"], "built_in": False, "members": 0, "version": 1}
    listed = (await client.get(ROLES, headers=headers)).json()["items"]
    assert [role["name"] for role in listed] == ["owner", "admin", "operator", "finance", "auditor", "viewer", "Desk"]
    place = f"{ROLES}/{made['id']}"
    changed = await client.patch(place, json={"name": "Front desk", "version": 1}, headers=headers)
    assert (changed.json()["name"], changed.json()["version"]) == ("Front desk", 2)
    stale = await client.patch(place, json={"name": "Other", "version": 1}, headers=headers)
    assert stale.status_code == 412
    assert (await client.delete(place, headers=headers)).status_code == 204
    assert (await client.get(place, headers=headers)).status_code == 404


@pytest.mark.parametrize("name", ["desk", "DESK", "Owner", "custom"])
async def test_a_role_needs_a_name_of_its_own(client: httpx.AsyncClient, enter: Any, name: str) -> None:
    _, headers = await enter("admin")
    assert (await client.post(ROLES, json=DESK, headers=headers)).status_code == 201
    answer = await client.post(ROLES, json=DESK | {"name": name}, headers=headers)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/name-taken")


async def test_nobody_puts_into_a_role_what_they_do_not_hold(client: httpx.AsyncClient, enter: Any) -> None:
    _, owner = await enter("owner")
    _, admin = await enter("admin")
    limited = {"name": "Role writer", "permissions": ["roles:write", "members:read", "members:write", "alerts:read"]}
    role = (await client.post(ROLES, json=limited, headers=owner)).json()
    person, headers = await enter("viewer")
    assert (await client.patch(f"{USERS}/{person.user_id}", json={"role_id": role["id"]}, headers=owner)).is_success
    assert (await client.post(ROLES, json=DESK, headers=headers)).status_code == 403
    own = await client.post(ROLES, json=DESK | {"permissions": ["alerts:read"]}, headers=headers)
    assert own.status_code == 201
    wide = (await client.post(ROLES, json=DESK | {"name": "Wide"}, headers=admin)).json()
    for change in ({"permissions": ["alerts:read"]}, {"name": "Taken over"}):  # neither widen nor cut what is beyond
        assert (await client.patch(f"{ROLES}/{wide['id']}", json=change, headers=headers)).status_code == 403
    assert (await client.delete(f"{ROLES}/{wide['id']}", headers=headers)).status_code == 403
    for kept in ("ownership:write", "identity-providers:write"):
        answer = await client.post(ROLES, json=DESK | {"name": kept, "permissions": [kept]}, headers=owner)
        assert answer.status_code == 422


async def test_nobody_edits_or_invites_somebody_beyond_themselves(client: httpx.AsyncClient, enter: Any) -> None:
    owner_person, owner = await enter("owner")
    admin_person, admin = await enter("admin")
    other, _ = await enter("admin")
    place = f"{USERS}/{owner_person.user_id}"
    for method, path, body in (
        ("PATCH", place, {"role": "viewer"}), ("PATCH", place, {"disabled": True}), ("DELETE", place, None),
        ("GET", f"{place}/sessions", None), ("DELETE", f"{place}/sessions", None),
        ("PATCH", f"{USERS}/{other.user_id}", {"role": "owner"}),
        ("PATCH", f"{USERS}/{admin_person.user_id}", {"role": "viewer"}),  # nobody changes themselves
        ("DELETE", f"{USERS}/{admin_person.user_id}", None),
        ("POST", INVITATIONS, {"email": "x@example.com", "role": "owner"}),
    ):  # fmt: skip
        answer = await client.request(method, path, json=body, headers=admin)
        assert answer.status_code == 403, (method, path, answer.text)
    assert (await client.patch(f"{USERS}/{other.user_id}", json={"role": "owner"}, headers=owner)).status_code == 200


async def test_a_scoped_head_reaches_no_further_than_their_scope(client: httpx.AsyncClient, enter: Any) -> None:
    _, owner = await enter("owner")
    head, scoped = await enter("admin")
    inside, _ = await enter("viewer")
    outside, _ = await enter("viewer")
    mine, foreign = str(uuid4()), str(uuid4())
    scope = {"accounts": [mine], "tags": []}
    for person in (head, inside):
        answer = await client.patch(f"{USERS}/{person.user_id}", json={"scope": scope}, headers=owner)
        assert answer.json()["scope"] == scope
    narrower = {"accounts": [mine], "tags": [{"key": "a", "value": "b"}]}
    cases = (
        (inside, {"role": "operator"}, 200), (inside, {"scope": narrower}, 200),
        (inside, {"scope": {"accounts": [mine, foreign], "tags": []}}, 403), (inside, {"scope": None}, 403),
        (outside, {"role": "operator"}, 403),
    )  # fmt: skip
    for person, body, expected in cases:
        answer = await client.patch(f"{USERS}/{person.user_id}", json=body, headers=scoped)
        assert answer.status_code == expected, (body, answer.text)
    assert (await client.post(ROLES, json=DESK, headers=scoped)).status_code == 403
    invite = {"email": "new@example.com", "role": "viewer"}
    assert (await client.post(INVITATIONS, json=invite, headers=scoped)).status_code == 403
    assert (await client.post(INVITATIONS, json=invite | {"scope": scope}, headers=scoped)).status_code == 201
    answer = await client.patch(f"{USERS}/{head.user_id}", json={"role": "owner"}, headers=owner)
    assert (answer.json()["role"], answer.json()["scope"]) == ("owner", None)


async def test_a_members_sessions_are_listed_and_ended(client: httpx.AsyncClient, enter: Any) -> None:
    _, owner = await enter("owner")
    person, headers = await enter("viewer")
    place = f"{USERS}/{person.user_id}/sessions"
    assert len((await client.get(place, headers=owner)).json()["items"]) == 1
    assert (await client.delete(place, headers=owner)).json() == {"ended": 1}
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401
    assert (await client.get(place, headers=owner)).json()["items"] == []


async def test_a_removed_member_is_out_at_once_and_on_record(client: httpx.AsyncClient, enter: Any) -> None:
    _, owner = await enter("owner")
    person, headers = await enter("operator")
    assert (await client.delete(f"{USERS}/{person.user_id}", headers=owner)).status_code == 204
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401
    assert (await client.get(f"{USERS}/{person.user_id}", headers=owner)).status_code == 404
    log = (await client.get("/api/v1/audit-log?action=member.removed", headers=owner)).json()["items"]
    assert [item["subject_id"] for item in log] == [str(person.user_id)]


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
async def test_of_fifty_owners_who_remove_each_other_at_once_one_stays(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, method: str, count_cases: CountCases
) -> None:
    people = [await make_person("owner") for _ in range(10)]
    tokens = [auth((await sign_in(person))["access_token"]) for person in people]
    body = {"role": "viewer"} if method == "PATCH" else None

    async def turn(number: int) -> int:
        target = people[(number + 1 + number // 10) % 10]
        place = f"{USERS}/{target.user_id}"
        return (await client.request(method, place, json=body, headers=tokens[number % 10])).status_code

    answers = await asyncio.gather(*(turn(number) for number in range(50)))
    async with tenant_session(people[0].organization_id) as session:
        roles = (await session.execute(select(Membership.role))).scalars().all()
    assert roles.count("owner") >= 1
    assert set(answers) <= {200, 204, 401, 403, 404, 409, 503}  # 503: fifty at once wait for five connections
    taken = sum(answer in (200, 204) for answer in answers)
    assert taken
    count_cases(RACES, {f"last owner, {method}": 50}, accepted=taken)


async def test_another_organizations_members_and_roles_are_not_found(
    client: httpx.AsyncClient, enter: Any, other_organization: Any
) -> None:
    _, owner = await enter("owner")
    stranger, theirs = await enter("owner", organization_id=other_organization)
    role = (await client.post(ROLES, json=DESK, headers=theirs)).json()
    for path in (f"{USERS}/{stranger.user_id}", f"{ROLES}/{role['id']}"):
        assert (await client.get(path, headers=owner)).status_code == 404
        assert (await client.patch(path, json={}, headers=owner)).status_code == 404
        assert (await client.delete(path, headers=owner)).status_code == 404
    person, _ = await enter("viewer")
    answer = await client.patch(f"{USERS}/{person.user_id}", json={"role_id": role["id"]}, headers=owner)
    unknown = await client.patch(f"{USERS}/{person.user_id}", json={"role_id": str(uuid4())}, headers=owner)
    assert answer.status_code == unknown.status_code == 422
    assert answer.json()["errors"] == unknown.json()["errors"]
