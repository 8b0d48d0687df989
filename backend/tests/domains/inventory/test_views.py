"""Saved views: one's own, shared ones, other people's, other organizations'."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.database import Database
from app.core.ids import new_id
from app.core.scope import Scope
from app.domains.inventory.service import viewing
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization

BODY: dict[str, Any] = {"name": "Dear ones", "search": "cost>100 tag:env=prod", "columns": ["name", "tag:env", "cost"]}


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


def person(organization: UUID) -> httpx.AsyncClient:
    """Somebody of the organization, another one each time."""
    return make_client(ROUTERS, make_caller(organization))


async def save(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/usage/views", json=BODY | changes)
    assert answer.status_code == 201, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


async def listed(client: httpx.AsyncClient) -> list[tuple[str, bool]]:
    answer = await client.get("/usage/views")
    assert answer.status_code == 200, answer.text
    return [(view["name"], view["own"]) for view in answer.json()["items"]]


async def test_a_view_comes_back_as_it_was_saved(organization: UUID) -> None:
    async with person(organization) as client:
        saved = await save(client, sort="-cost", shared=True)
        assert {name: saved[name] for name in ("name", "search", "columns", "sort", "shared", "own")} == {
            **BODY,
            "sort": "-cost",
            "shared": True,
            "own": True,
        }
        assert (await client.get(f"/usage/views/{saved['id']}")).json() == saved
        assert (await client.get("/usage/views")).json()["items"] == [saved]


async def test_a_change_leaves_absent_members_and_removal_is_final(organization: UUID) -> None:
    async with person(organization) as client:
        saved = await save(client)
        path = f"/usage/views/{saved['id']}"
        changed = (await client.patch(path, json={"name": "Dearer ones", "columns": ["name"]})).json()
        assert changed == saved | {
            "name": "Dearer ones",
            "columns": ["name"],
            "updated_at": changed["updated_at"],
        }
        assert changed["updated_at"] > saved["updated_at"]
        assert (await client.delete(path)).status_code == 204
        for method in ("GET", "PATCH", "DELETE"):
            assert (await client.request(method, path, json={} if method == "PATCH" else None)).status_code == 404
        assert await listed(client) == []


async def test_others_see_shared_views_only_and_change_none(organization: UUID) -> None:
    async with person(organization) as owner, person(organization) as other:
        own, shared = await save(owner, name="own"), await save(owner, name="shared", shared=True)
        await save(other, name="zebra")
        assert await listed(owner) == [("own", True), ("shared", True)]
        assert await listed(other) == [("zebra", True), ("shared", False)]
        path = f"/usage/views/{shared['id']}"
        assert (await other.get(path)).json() == shared | {"own": False}
        assert (await other.get(f"/usage/views/{own['id']}")).status_code == 404
        for view in (own, shared):
            assert (await other.patch(f"/usage/views/{view['id']}", json={"name": "mine"})).status_code == 404
            assert (await other.delete(f"/usage/views/{view['id']}")).status_code == 404
        assert (await owner.get(path)).json() == shared
        await owner.patch(path, json={"shared": False})
        assert (await other.get(path)).status_code == 404


async def test_another_organizations_view_is_answered_like_an_unknown_one(organization: UUID) -> None:
    async with person(organization) as owner, person(await make_organization()) as stranger:
        view = await save(owner, shared=True)
        assert await listed(stranger) == []
        for method in ("GET", "PATCH", "DELETE"):
            told = []
            for view_id in (view["id"], new_id()):
                json = {"name": "x"} if method == "PATCH" else None
                answer = await stranger.request(method, f"/usage/views/{view_id}", json=json)
                assert answer.status_code == 404
                told.append({k: v for k, v in answer.json().items() if k not in ("instance", "request_id")})
            assert told[0] == told[1]
        assert await listed(owner) == [("Dear ones", True)]


async def test_a_name_is_taken_once_for_each_person(organization: UUID) -> None:
    async with person(organization) as client, person(organization) as other:
        await save(client, shared=True)
        await save(other)
        second = await save(client, name="second")
        for answer in (
            await client.post("/usage/views", json=BODY),
            await client.patch(f"/usage/views/{second['id']}", json={"name": BODY["name"]}),
        ):
            assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (409, "view-name-taken")
        assert await listed(client) == [("Dear ones", True), ("second", True), ("Dear ones", False)][:2]


async def test_a_person_keeps_a_bounded_number(organization: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "MAX_VIEWS", 2)
    async with person(organization) as client, person(organization) as other:
        await save(client, name="1")
        await save(client, name="2")
        answer = await client.post("/usage/views", json=BODY)
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (409, "too-many-views")
        await save(other)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"search": "cost>x"}, "/search"),
        ({"search": "x" * 2_001}, "/search"),
        ({"search": "a\x00"}, "#"),
        ({"columns": []}, "/columns"),
        ({"columns": ["password"]}, "/columns"),
        ({"columns": ["name", "name"]}, "/columns"),
        ({"columns": ["tag:"]}, "/columns"),
        ({"columns": [f"tag:{number}" for number in range(31)]}, "/columns"),
        ({"columns": ["tag:a\x00"]}, "#"),
        ({"sort": "password"}, "/sort"),
        ({"name": ""}, "/name"),
        ({"name": "a\x00"}, "#"),
        ({"owner_id": "00000000-0000-0000-0000-000000000000"}, "/owner_id"),
    ],
)
async def test_a_bad_view_is_refused_with_its_place(organization: UUID, changes: dict[str, Any], pointer: str) -> None:
    async with person(organization) as client:
        answer = await client.post("/usage/views", json=BODY | changes)
        assert answer.status_code == 422, answer.text
        assert pointer in answer.json()["errors"][0]["pointer"], answer.text
        if changes.get("search") == "cost>x":
            assert "(at character 6)" in answer.json()["errors"][0]["detail"]
        saved = await save(client)
        assert (await client.patch(f"/usage/views/{saved['id']}", json=changes)).status_code == 422


async def test_a_scoped_persons_view_is_theirs_like_anybodys(organization: UUID) -> None:
    caller = replace(make_caller(organization), scope=Scope(tags=(("env", "prod"),)))
    async with make_client(ROUTERS, caller) as client:
        await save(client)
        assert await listed(client) == [("Dear ones", True)]


async def test_views_ask_for_a_sign_in_and_the_permission(organization: UUID) -> None:
    async with make_client(ROUTERS, None) as anonymous:
        for method, path in (("GET", "/usage/views"), ("POST", "/usage/views"), ("GET", f"/usage/views/{new_id()}")):
            assert (await anonymous.request(method, path, json=BODY if method == "POST" else None)).status_code == 401
    async with make_client(ROUTERS, make_caller(organization, ["profile:read"])) as powerless:
        for method, path in (("GET", "/usage/views"), ("POST", "/usage/views"), ("DELETE", f"/usage/views/{new_id()}")):
            assert (await powerless.request(method, path, json=BODY if method == "POST" else None)).status_code == 403
