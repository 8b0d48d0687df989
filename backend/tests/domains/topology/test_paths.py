"""Paths and blast radius beside brute force, and what a scope keeps from both."""

from collections import deque
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.ids import new_id
from app.domains.topology.rules.kinds import NO_THOROUGHFARE, depends_inward, depends_outward
from app.domains.topology.schemas import BlastRadiusRead
from tests.domains.topology.conftest import Edge, World, scoped_client, thing
from tests.domains.topology.test_maps import random_edges


def shortest(edges: Iterable[Edge], start: str, end: str, *, directed: bool) -> int | None:
    """The length of the shortest path by brute force."""
    following: dict[str, set[str]] = {}
    for source, _, target in edges:
        following.setdefault(source, set()).add(target)
        if not directed:
            following.setdefault(target, set()).add(source)
    distances, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for there in following.get(here, set()) - distances.keys():
            distances[there] = distances[here] + 1
            queue.append(there)
    return distances.get(end)


async def find(client: httpx.AsyncClient, world: World, start: str, end: str, **params: Any) -> dict[str, Any]:
    ends = {"from": str(world.ids[start]), "to": str(world.ids[end])}
    answer = await client.get("/topology/path", params=ends | params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def walk_along(path: dict[str, Any], world: World, edges: set[Edge], *, directed: bool) -> list[str]:
    """The names on a path, after checking each of its steps."""
    names = world.names()
    here = names[path["resource_ids"][0]]
    walked = [here]
    for step in path["steps"]:
        source, target = names[step["source_id"]], names[step["target_id"]]
        assert (source, step["kind"], target) in edges
        assert not (directed and step["reverse"])
        assert here == (target if step["reverse"] else source)
        here = source if step["reverse"] else target
        walked.append(here)
    assert [names[id_] for id_ in path["resource_ids"]] == walked
    return walked


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
async def test_paths_are_the_shortest_ones(client: httpx.AsyncClient, world: World, seed: int, directed: bool) -> None:
    names = [f"n{number:02}" for number in range(30)]
    edges = random_edges(names, 45, seed)
    await world.store(map(thing, names), edges)
    for end in names[1:16]:
        expected = shortest(edges, names[0], end, directed=directed)
        body = await find(client, world, names[0], end, directed=directed, max_length=6)
        if expected is None or expected > 6:
            assert body["paths"] == []
            continue
        found = [tuple(walk_along(path, world, set(edges), directed=directed)) for path in body["paths"]]
        assert found
        assert {len(path) for path in found} == {expected + 1}
        assert len(set(found)) == len(found) <= 5
        assert {path[-1] for path in found} == {end}
        assert {node["native_id"] for node in body["nodes"]} == {name for path in found for name in path}
        if expected > 1:
            assert (await find(client, world, names[0], end, directed=directed, max_length=expected - 1))["paths"] == []


async def test_a_path_leads_to_itself_without_steps(client: httpx.AsyncClient, world: World) -> None:
    await world.store([thing("a"), thing("b")], [("a", "uses", "b")])
    body = await find(client, world, "a", "a")
    assert body["paths"] == [{"resource_ids": [str(world.ids["a"])], "steps": []}]
    only = await find(client, world, "a", "b", kind="contains")
    assert only["paths"] == []


@pytest.mark.parametrize("type_", ["account.account", "compute.image"])
async def test_a_path_may_end_at_what_everything_shares_and_not_lead_through_it(
    client: httpx.AsyncClient, world: World, type_: str
) -> None:
    assert type_ in NO_THOROUGHFARE
    await world.store(
        [thing("a"), thing("b"), thing("shared", type_)], [("a", "uses", "shared"), ("b", "uses", "shared")]
    )
    assert (await find(client, world, "a", "b"))["paths"] == []
    assert len((await find(client, world, "a", "shared"))["paths"]) == 1


def dependents(edges: Iterable[Edge], root: str, depth: int) -> dict[str, int]:
    """Distances of what depends on the root, by brute force."""
    distances, frontier = {root: 0}, {root}
    for distance in range(1, depth + 1):
        reached = set()
        for source, kind, target in edges:
            if target in frontier and depends_outward(kind):
                reached.add(source)
            if source in frontier and depends_inward(kind):
                reached.add(target)
        frontier = reached - distances.keys()
        distances |= dict.fromkeys(frontier, distance)
    return distances


async def radius(client: httpx.AsyncClient, world: World, name: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/topology/resources/{world.ids[name]}/blast-radius", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert BlastRadiusRead.model_validate_json(answer.content).model_dump(mode="json") == body
    return body


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_blast_radius_is_what_depends_on_a_resource(
    client: httpx.AsyncClient, world: World, seed: int
) -> None:
    names = [f"n{number:02}" for number in range(40)]
    edges = random_edges(names, 60, seed)
    types = ("compute.instance", "database.instance", "network.subnet")
    await world.store([thing(name, types[number % 3]) for number, name in enumerate(names)], edges)
    for root in names[:5]:
        for depth in (1, 3, 10):
            expected = dependents(edges, root, depth)
            body = await radius(client, world, root, depth=depth)
            assert {node["native_id"]: node["distance"] for node in body["nodes"]} == expected
            assert sum(one["count"] for one in body["by_type"]) == len(expected) - 1
            assert (body["truncated"], body["outside"]) == (False, 0)


async def test_a_scope_hides_nodes_from_paths_counts_and_groups(world: World, organization: UUID) -> None:
    mine, theirs = {"team": "web"}, {"team": "secret"}
    things = [thing(name, tags=mine) for name in ("a", "b", "c")]
    things += [thing(f"hidden-{number}", tags=theirs) for number in range(3)]
    edges = [("a", "uses", "hidden-0"), ("hidden-0", "uses", "b"), ("b", "uses", "c"), ("hidden-1", "uses", "c")]
    edges += [("hidden-2", "uses", "hidden-1"), ("a", "uses", "hidden-2")]
    await world.store(things, edges)
    async with scoped_client(organization, tags=[("team", "web")]) as client:
        assert (await find(client, world, "a", "b"))["paths"] == []
        assert len((await find(client, world, "b", "c"))["paths"]) == 1
        body = await radius(client, world, "c", depth=5)
        assert {node["native_id"] for node in body["nodes"] if node["kind"] == "resource"} == {"b", "c"}
        assert (body["outside"], sum(one["count"] for one in body["by_type"])) == (2, 1)
        assert "hidden" not in str(body)
        for by in ("tag:team", "region", "type", "account", "service", "vpc"):
            groups = (await client.get("/topology", params={"group_by": by})).json()
            assert [node["count"] for node in groups["nodes"]] == [3]
            assert (groups["total_nodes"], "secret" in str(groups)) == (3, False)
        opened = {"group_by": "tag:team", "group": "group:tag:team:secret"}
        listed = (await client.get("/topology", params=opened)).json()
        assert [node for node in listed["nodes"] if node["kind"] == "resource"] == []
        for hidden in ("hidden-0", "hidden-1"):
            ends = {"from": str(world.ids["a"]), "to": str(world.ids[hidden])}
            assert (await client.get("/topology/path", params=ends)).status_code == 404
            for path in ("blast-radius", "exposure"):
                answer = await client.get(f"/topology/resources/{world.ids[hidden]}/{path}")
                assert answer.status_code == 404


async def test_a_hub_of_ten_thousand_is_a_number(client: httpx.AsyncClient, world: World) -> None:
    members = [f"m{number:05}" for number in range(10_001)]
    edges = [("hub", "contains", member) for member in members] + [("root", "uses", "hub"), ("m00000", "uses", "end")]
    await world.store([*map(thing, members), thing("hub"), thing("root"), thing("end")], edges)
    near = (await client.get("/topology", params={"root": str(world.ids["root"]), "depth": "3"})).json()
    group = next(node for node in near["nodes"] if node["kind"] == "group")
    assert (group["count"], near["truncated"]) == (10_000, True)
    assert {node["native_id"] for node in near["nodes"] if node["kind"] == "resource"} == {"root", "hub"}
    body = await find(client, world, "root", "end")
    assert body["paths"] or body["truncated"]  # what a bound left out is said
    blast = await radius(client, world, "hub", depth=2)
    assert blast["truncated"]
    counted = sum(node["count"] for node in blast["nodes"] if node["kind"] == "group")
    assert counted == 10_000


@pytest.mark.parametrize(
    "path",
    [
        "/topology?root={0}&depth=9",
        "/topology?root={0}&at=2099-01-01T00:00:00Z",
        "/topology?root={0}&at=1999-01-01T00:00:00Z",
        "/topology/path?from={0}",
        "/topology/path?from={0}&to=x",
        "/topology/path?from={0}&to={0}&max_length=11",
        "/topology/resources/{0}/blast-radius?depth=11",
        "/topology/resources/x/blast-radius",
        "/topology/exposed?port=65536",
        "/topology/exposed?limit=0",
        "/topology/exposed?cursor=x",
        "/topology/orphans?reason=lonely",
        "/topology/orphans?cursor=x",
    ],
)
async def test_bad_values_are_invalid_input(client: httpx.AsyncClient, world: World, path: str) -> None:
    await world.store([thing("a")])
    answer = await client.get(path.format(world.ids["a"]))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(("query/", "path/"))


async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, world: World) -> None:
    await world.store([thing("a"), thing("gone")])
    await world.store([thing("a")])
    for id_ in (new_id(), world.ids["gone"]):
        paths = [f"/topology?root={id_}", f"/topology?network_id={id_}"]
        paths += [f"/topology/path?from={id_}&to={world.ids['a']}", f"/topology/path?from={world.ids['a']}&to={id_}"]
        paths += [f"/topology/resources/{id_}/blast-radius", f"/topology/resources/{id_}/exposure"]
        assert [(await client.get(path)).status_code for path in paths] == [404] * len(paths)
