"""Saved views: one's own, shared ones, other people's and other organizations'."""

from uuid import UUID

import httpx
import pytest
from app.core.ids import new_id
from app.domains.topology.api import router
from tests.domains.topology.conftest import PERMISSIONS
from tests.support.clouds import make_caller, make_client

QUERY = {"root": "x", "group_by": "region", "depth": 2}


async def save(client: httpx.AsyncClient, name: str, **changes: object) -> dict[str, object]:
    answer = await client.post("/topology/views", json={"name": name, "query": QUERY} | changes)
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


async def test_a_view_is_saved_read_changed_and_removed(client: httpx.AsyncClient) -> None:
    made = await save(client, "Production")
    path = f"/topology/views/{made['id']}"
    assert (made["name"], made["shared"], made["query"], made["is_own"]) == ("Production", False, QUERY, True)
    assert (await client.get(path)).json() == made
    changed = (await client.patch(path, json={"shared": True, "query": {"at": "now"}})).json()
    assert (changed["name"], changed["shared"], changed["query"]) == ("Production", True, {"at": "now"})
    assert (await client.get("/topology/views")).json()["items"] == [changed]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/topology/views")).json() == {"items": [], "next_cursor": None, "total": None}


async def test_other_people_see_shared_views_and_change_none(client: httpx.AsyncClient, organization: UUID) -> None:
    own, shared = await save(client, "Mine"), await save(client, "Ours", shared=True)
    async with make_client([router], make_caller(organization, PERMISSIONS)) as colleague:
        listed = (await colleague.get("/topology/views")).json()["items"]
        assert [(view["name"], view["is_own"]) for view in listed] == [("Ours", False)]
        for view, status in ((own, 404), (shared, 403)):
            path = f"/topology/views/{view['id']}"
            assert (await colleague.get(path)).status_code == (404 if status == 404 else 200)
            assert (await colleague.patch(path, json={"name": "Theirs"})).status_code == status
            assert (await colleague.delete(path)).status_code == status
        await save(colleague, "Mine")  # names are each person's


async def test_another_organization_finds_no_view(client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    known, unknown = (await save(client, "Ours", shared=True))["id"], new_id()
    for call in ("get", "delete"):
        answers = [await stranger.request(call, f"/topology/views/{id_}") for id_ in (known, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["type"] == answers[1].json()["type"]
    assert (await stranger.get("/topology/views")).json()["items"] == []


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    first = await save(client, "Production")
    second = await save(client, "Staging")
    taken = await client.post("/topology/views", json={"name": "Production", "query": {}})
    assert (taken.status_code, taken.json()["type"].rpartition("/")[2]) == (409, "view-name-taken")
    assert (await client.patch(f"/topology/views/{second['id']}", json={"name": "Production"})).status_code == 409
    assert (await client.patch(f"/topology/views/{first['id']}", json={"name": "Production"})).status_code == 200


async def test_views_come_by_name_a_page_at_a_time(client: httpx.AsyncClient) -> None:
    for name in ("c", "a", "d", "b", "e"):
        await save(client, name)
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/topology/views", params=params)).json()
        names += [view["name"] for view in page["items"]]
        cursor = page["next_cursor"]
    assert names == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    "body",
    [
        {"query": {}},
        {"name": "", "query": {}},
        {"name": "x" * 201, "query": {}},
        {"name": "a\x00b", "query": {}},
        {"name": "x", "query": []},
        {"name": "x", "query": {"": 1}},
        {"name": "x", "query": {"root": "y" * 9_000}},
        {"name": "x", "query": {"root": "\x00"}},
        {"name": "x", "query": {}, "shared": "maybe"},
        {"name": "x", "query": {}, "owner_id": "me"},
    ],
)
async def test_bad_bodies_are_invalid_input(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    answer = await client.post("/topology/views", json=body)
    assert answer.status_code == 422, answer.text
    made = await save(client, "Fine")
    if "query" in body and "name" in body:
        assert (await client.patch(f"/topology/views/{made['id']}", json=body)).status_code == 422


async def test_views_ask_for_the_permission_to_read(organization: UUID) -> None:
    async with make_client([router], make_caller(organization, [])) as client:
        assert (await client.get("/topology/views")).status_code == 403
        assert (await client.post("/topology/views", json={"name": "x", "query": {}})).status_code == 403
