"""Neighbourhoods, groups, time and what a scope hides, beside a brute-force reading of the same edges."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.ids import new_id
from app.domains.topology.schemas import TopologyRead
from tests.domains.topology.conftest import PERMISSIONS, Edge, World, make_account, scoped_client, thing
from tests.support.clouds import make_caller, make_client

KINDS = ("contains", "uses", "attached-to", "routes-to", "peers-with", "monitors")


def random_edges(names: list[str], count: int, seed: int) -> list[Edge]:
    picks = random.Random(seed)  # noqa: S311
    made = {(picks.choice(names), picks.choice(KINDS), picks.choice(names)) for _ in range(count)}
    return sorted(edge for edge in made if edge[0] != edge[2])


def reach(edges: Iterable[Edge], root: str, depth: int, direction: str) -> dict[str, int]:
    """Distances by brute force."""
    distances, frontier = {root: 0}, {root}
    for distance in range(1, depth + 1):
        following = set()
        for source, _, target in edges:
            if direction in ("both", "out") and source in frontier:
                following.add(target)
            if direction in ("both", "in") and target in frontier:
                following.add(source)
        frontier = following - distances.keys()
        distances |= dict.fromkeys(frontier, distance)
    return distances


async def draw(client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get("/topology", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert TopologyRead.model_validate_json(answer.content).model_dump(mode="json") == body
    return body


def edges_of(body: dict[str, Any], world: World) -> set[Edge]:
    names = world.names()
    return {
        (names.get(edge["source"], edge["source"]), edge["kind"], names.get(edge["target"], edge["target"]))
        for edge in body["edges"]
    }


@pytest.mark.parametrize("direction", ["both", "in", "out"])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_neighbourhood_is_what_brute_force_finds(
    client: httpx.AsyncClient, world: World, seed: int, direction: str
) -> None:
    names = [f"n{number:02}" for number in range(40)]
    edges = random_edges(names, 70, seed)
    await world.store(map(thing, names), edges)
    for depth in (1, 2, 3, 4):
        root = names[seed]
        body = await draw(client, root=str(world.ids[root]), depth=depth, direction=direction)
        expected = reach(edges, root, depth, direction)
        assert {node["native_id"]: node["distance"] for node in body["nodes"]} == expected
        assert not body["truncated"]
        among = {edge for edge in edges if edge[0] in expected and edge[2] in expected}
        assert edges_of(body, world) <= among
        if direction == "both":
            assert edges_of(body, world) == among


async def test_a_hub_is_counted_and_opens_on_request(client: httpx.AsyncClient, world: World) -> None:
    members = [f"m{number:04}" for number in range(300)]
    edges = [("vpc", "contains", member) for member in members]
    edges += [("root", "attached-to", "vpc"), ("table", "uses", "vpc")]
    await world.store([*map(thing, members), thing("vpc"), thing("root"), thing("table")], edges)
    root = str(world.ids["root"])
    body = await draw(client, root=root, depth=3)
    hub = next(node for node in body["nodes"] if node["kind"] == "group")
    assert (hub["count"], hub["label"], hub["distance"]) == (300, "contains", 2)
    assert {node["native_id"] for node in body["nodes"] if node["kind"] == "resource"} == {"root", "vpc", "table"}
    assert ("vpc", "contains", hub["id"]) in edges_of(body, world)
    assert body["total_nodes"] == 303
    opened = await draw(client, root=root, depth=2, group=hub["id"])
    assert len([node for node in opened["nodes"] if node["kind"] == "resource"]) == 303
    assert not [node for node in opened["nodes"] if node["kind"] == "group"]
    few = await draw(client, root=root, depth=2, group=hub["id"], limit=50)
    assert len(few["nodes"]) == 50
    assert few["truncated"]


async def test_what_was_not_collected_is_shown_by_its_id(client: httpx.AsyncClient, world: World) -> None:
    await world.store([thing("role")], [("role", "trusts", "arn:aws:iam::999:root"), ("<b>x</b>", "uses", "role")])
    body = await draw(client, root=str(world.ids["role"]), depth=1)
    outside = {node["native_id"]: node for node in body["nodes"] if node["kind"] == "external"}
    assert outside.keys() == {"arn:aws:iam::999:root", "<b>x</b>"}
    assert {(edge["kind"], edge["count"]) for edge in body["edges"]} == {("trusts", 1), ("uses", 1)}


async def test_what_lies_outside_of_a_scope_is_a_number(world: World, organization: UUID) -> None:
    other = await make_account(organization, number="999988887777")
    await other.store([thing("secret-1"), thing("secret-2"), thing("far")], [("secret-1", "uses", "far")])
    await world.store(
        [thing("mine"), thing("also-mine")],
        [("mine", "uses", "secret-1"), ("secret-2", "uses", "mine"), ("mine", "uses", "also-mine")],
    )
    async with scoped_client(organization, accounts=[world.account_id]) as client:
        body = await draw(client, root=str(world.ids["mine"]), depth=3)
        text = str(body)
        assert not [word for word in ("secret", "far", str(other.ids["secret-1"])) if word in text]
        outside = [node for node in body["nodes"] if node["kind"] == "external"]
        assert [(node["label"], node["count"]) for node in outside] == [("Outside of your access", 2)]
        assert {node["native_id"] for node in body["nodes"] if node["kind"] == "resource"} == {"mine", "also-mine"}
        whole = await draw(client, group_by="account")
        assert [node["count"] for node in whole["nodes"]] == [2]
        answer = await client.get("/topology", params={"root": str(other.ids["far"])})
        assert answer.status_code == 404


async def test_another_organization_finds_nothing(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, world: World
) -> None:
    await world.store([thing("a"), thing("b")], [("a", "uses", "b")])
    known, unknown = str(world.ids["a"]), str(new_id())
    for path in ("/topology?root={0}", "/topology/path?from={0}&to={0}", "/topology?network_id={0}"):
        theirs = await stranger.get(path.format(known))
        nobody = await stranger.get(path.format(unknown))
        assert (theirs.status_code, theirs.json()["type"]) == (404, nobody.json()["type"])
    for path in ("blast-radius", "exposure"):
        assert (await stranger.get(f"/topology/resources/{known}/{path}")).status_code == 404
    assert (await draw(stranger))["nodes"] == []


async def test_everything_is_grouped_with_counts_and_summed_edges(client: httpx.AsyncClient, world: World) -> None:
    things = [
        thing("web-1", region="eu-west-1", tags={"team": "web"}),
        thing("web-2", region="eu-west-1", tags={"team": "web"}),
        thing("db", "database.instance", region="us-east-1", tags={"team": "data"}),
        thing("lone", "storage.bucket", region="us-east-1"),
    ]
    edges = [("web-1", "uses", "db"), ("web-2", "uses", "db"), ("web-1", "uses", "web-2"), ("lone", "logs-to", "db")]
    await world.store(things, edges)
    by_region = await draw(client, group_by="region")
    assert {node["id"]: node["count"] for node in by_region["nodes"]} == {
        "group:region:eu-west-1": 2,
        "group:region:us-east-1": 2,
    }
    assert by_region["edges"] == [
        {"source": "group:region:eu-west-1", "target": "group:region:us-east-1", "kind": "uses", "count": 2}
    ]
    assert by_region["total_nodes"] == 4
    by_team = await draw(client, group_by="tag:team")
    assert {node["label"]: node["count"] for node in by_team["nodes"]} == {"web": 2, "data": 1, "No team": 1}
    opened = await draw(client, group_by="tag:team", group="group:tag:team:web")
    shown = {node["native_id"] or node["id"]: node["group"] for node in opened["nodes"]}
    assert shown == {
        "web-1": "group:tag:team:web",
        "web-2": "group:tag:team:web",
        "group:tag:team:data": None,
        "group:tag:team:": None,
    }
    assert edges_of(opened, world) == {
        ("web-1", "uses", "group:tag:team:data"),
        ("web-2", "uses", "group:tag:team:data"),
        ("web-1", "uses", "web-2"),
        ("group:tag:team:", "logs-to", "group:tag:team:data"),
    }
    one_by_one = await draw(client, type="compute.*")
    assert {node["native_id"] for node in one_by_one["nodes"]} == {"web-1", "web-2"}
    assert edges_of(one_by_one, world) == {("web-1", "uses", "web-2")}
    assert {node["label"] for node in (await draw(client, group_by="type"))["nodes"]} >= {"storage.bucket"}
    for by in ("account", "service"):
        assert sum(node["count"] for node in (await draw(client, group_by=by))["nodes"]) == 4


async def test_networks_hold_what_lies_in_them_and_in_their_subnets(client: httpx.AsyncClient, world: World) -> None:
    things = [thing("vpc-1", "network.vpc"), thing("vpc-2", "network.vpc"), thing("sub", "network.subnet")]
    things += [thing("web"), thing("gateway", "network.gateway"), thing("bucket", "storage.bucket")]
    edges = [("vpc-1", "contains", "sub"), ("sub", "contains", "web"), ("gateway", "attached-to", "vpc-1")]
    await world.store(things, [*edges, ("vpc-1", "peers-with", "vpc-2"), ("web", "uses", "bucket")])
    body = await draw(client, group_by="vpc")
    assert {node["label"]: node["count"] for node in body["nodes"]} == {"vpc-1": 4, "vpc-2": 1, "No network": 1}
    inside = await draw(client, network_id=str(world.ids["vpc-1"]))
    assert {node["native_id"] for node in inside["nodes"]} == {"vpc-1", "sub", "web", "gateway"}
    around = await draw(client, root=str(world.ids["bucket"]), depth=3, group_by="vpc")
    assert [node["count"] for node in around["nodes"] if node["label"] == "vpc-1"] == [3]


async def test_the_map_of_then_has_the_resources_and_edges_of_then(client: httpx.AsyncClient, world: World) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    day = timedelta(days=1)
    await world.store([thing("a"), thing("b")], [("a", "uses", "b")], now=start)
    await world.store([thing("a"), thing("b"), thing("c")], [("a", "uses", "c")], now=start + day)
    await world.store([thing("a"), thing("c")], [("a", "uses", "c")], now=start + 2 * day)
    await world.store([thing("a"), thing("b"), thing("c")], [("a", "uses", "b")], now=start + 3 * day)

    async def at(days: float) -> tuple[set[str], set[Edge]]:
        when = (start + days * day).isoformat()
        body = await draw(client, root=str(world.ids["a"]), depth=2, at=when)
        whole = await draw(client, at=when)
        assert edges_of(whole, world) == edges_of(body, world)
        return {node["native_id"] for node in whole["nodes"]}, edges_of(body, world)

    assert await at(0.5) == ({"a", "b"}, {("a", "uses", "b")})
    assert await at(1.5) == ({"a", "b", "c"}, {("a", "uses", "c")})
    assert await at(2.5) == ({"a", "c"}, {("a", "uses", "c")})
    assert await at(3.5) == ({"a", "b", "c"}, {("a", "uses", "b")})
    early = await client.get("/topology", params={"root": str(world.ids["a"]), "at": (start - day).isoformat()})
    assert early.status_code == 404


async def test_several_groups_are_opened_whatever_their_values_are(client: httpx.AsyncClient, world: World) -> None:
    key, values = "team,50%2C", ("a,b", "a%2Cb", " %, ", "c")
    await world.store([thing(f"web-{number}", tags={key: value}) for number, value in enumerate(values)], [])
    groups = {node["label"]: node["id"] for node in (await draw(client, group_by=f"tag:{key}"))["nodes"]}
    assert set(groups) == set(values)
    for count in range(1, 5):
        opened = await draw(client, group_by=f"tag:{key}", group=",".join(groups[value] for value in values[:count]))
        shown = {node["native_id"]: node["group"] for node in opened["nodes"] if node["kind"] == "resource"}
        assert shown == {f"web-{number}": groups[value] for number, value in enumerate(values[:count])}


@pytest.mark.parametrize(
    "params",
    [
        {"depth": "5"},
        {"depth": "0"},
        {"root": "x"},
        {"group_by": "colour"},
        {"group_by": "tag:"},
        {"direction": "up"},
        {"limit": "10001"},
        {"at": "yesterday"},
        {"group": "group:region:x"},
        {"group_by": "region", "group": "x\x00"},
        {"group_by": "region", "group": "group:region:a,hub:b,x"},
        {"group_by": "region", "group": ",".join(f"group:region:{number}" for number in range(21))},
        {"group_by": "region", "group": "x" * 6_001},
    ],
)
async def test_bad_values_are_invalid_input(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await client.get("/topology", params=params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("query/")


async def test_the_map_asks_for_its_permission(organization: UUID) -> None:
    async with make_client_without(organization) as client:
        assert (await client.get("/topology")).status_code == 403
    async with make_client([], None) as nobody:
        assert (await nobody.get("/topology")).status_code in (401, 404)


def make_client_without(organization: UUID) -> httpx.AsyncClient:
    from app.domains.topology.api import router

    return make_client([router], make_caller(organization, set(PERMISSIONS) - {"topology:read"}))


async def test_edges_of_the_last_ring_that_a_bound_leaves_out_are_told(client: httpx.AsyncClient, world: World) -> None:
    ring = ("a", "b", "c")
    edges: list[Edge] = [("root", "uses", name) for name in ring]
    edges += [(one, f"kind-{kind}", other) for kind in range(14) for one in ring for other in ring if one != other]
    await world.store([thing(name) for name in ("root", *ring)], edges)
    whole = await draw(client, root=world.ids["root"], depth=1, limit=10)
    assert (len(whole["edges"]), whole["truncated"]) == (len(edges), False)
    bounded = await draw(client, root=world.ids["root"], depth=1, limit=4)
    assert (len(bounded["edges"]) < len(edges), bounded["truncated"]) == (True, True)
