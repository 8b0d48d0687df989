"""Derived facts follow changes: only what a change touches is judged again, and it ends where a full recount does."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.bulk import open_driver
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.ids import new_id
from app.domains.inventory.events import SyncFinished
from app.domains.topology import service
from app.domains.topology.service import exposing, pending
from app.domains.topology.tasks import refresh_after_sync
from app.providers.base import CollectedResource
from tests.domains.topology.conftest import Edge, World, make_account, scoped_client, thing
from tests.domains.topology.test_exposure_aws import ALL, ANY_V4, LOCAL, NAT, SSH
from tests.support.clouds import NUMBER, make_context

TYPES = [
    f"AWS::EC2::{name}" for name in ("Instance", "Subnet", "RouteTable", "NetworkAcl", "SecurityGroup", "Volume", "EIP")
] + [f"AWS::ElasticLoadBalancingV2::{name}" for name in ("LoadBalancer", "Listener", "TargetGroup")]
KINDS = {"Instance": "compute.instance", "SecurityGroup": "network.security_group", "Subnet": "network.subnet"}


def ec2(name: str, native_type: str, properties: Mapping[str, Any], **changes: Any) -> CollectedResource:
    kind = KINDS.get(native_type, f"network.{native_type.lower()}")
    fields = {"native_type": f"AWS::EC2::{native_type}", "properties": properties, "aliases": [f"{name}-id"]}
    made = thing(f"arn:aws:ec2:eu-west-1:{NUMBER}:{name}", kind, **fields)
    return replace(made, name=name, **changes)


class Cloud:
    """A small estate that a test changes and stores again."""

    def __init__(self, machines: int = 6, subnets: int = 2, groups: int = 3) -> None:
        self.routes = {f"subnet-{number}": [LOCAL, ANY_V4] for number in range(subnets)}
        self.groups: dict[str, list[dict[str, Any]]] = {f"sg-{number}": [SSH] for number in range(groups)}
        self.acl: list[dict[str, Any]] = list(ALL)
        self.machines: dict[str, dict[str, Any]] = {
            f"i-{number}": {
                "subnet": f"subnet-{number % subnets}", "group": f"sg-{number % groups}", "public": number % 4 != 3
            }
            for number in range(machines)
        }  # fmt: skip
        self.volumes: dict[str, str | None] = {f"vol-{number}": f"i-{number}" for number in range(3)}

    def resources(self) -> list[CollectedResource]:
        made = [
            ec2(name, "SecurityGroup", {"IpPermissions": rules, "GroupName": name})
            for name, rules in self.groups.items()
        ]
        for name, routes in self.routes.items():
            made.append(ec2(name, "Subnet", {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}))
            table = {"VpcId": "vpc-1", "Routes": routes, "Associations": [{"SubnetId": f"{name}-id"}]}
            made.append(ec2(f"rtb-{name}", "RouteTable", table))
        made.append(ec2("acl", "NetworkAcl", {"VpcId": "vpc-1", "IsDefault": True, "Entries": self.acl}))
        for name, about in self.machines.items():
            interface: dict[str, Any] = {
                "SubnetId": f"{about['subnet']}-id",
                "PrivateIpAddress": "10.0.0.7",
                "Groups": [{"GroupId": f"{about['group']}-id"}],
            }
            if about["public"]:
                interface["Association"] = {"PublicIp": "203.0.113.7"}
            properties = {"InstanceId": f"{name}-id", "NetworkInterfaces": [interface]}
            made.append(ec2(name, "Instance", properties, status="running"))
        for name, owner in self.volumes.items():
            attached = [] if owner is None else [{"InstanceId": owner}]
            made.append(ec2(name, "Volume", {"Attachments": attached}, type="storage.volume"))
        return made

    def edges(self) -> list[Edge]:
        arn = f"arn:aws:ec2:eu-west-1:{NUMBER}:"
        attached = [(arn + name, "attached-to", arn + owner) for name, owner in self.volumes.items() if owner]
        return attached + [(arn + name, "secured-by", arn + about["group"]) for name, about in self.machines.items()]

    def change(self, picks: random.Random) -> None:
        """One change at random."""
        machine = picks.choice(sorted(self.machines))
        what = picks.randrange(8)
        if what == 0:
            self.groups[picks.choice(sorted(self.groups))] = picks.choice([[], [SSH], [SSH | {"ToPort": 25}]])
        elif what == 1:
            self.routes[picks.choice(sorted(self.routes))] = picks.choice([[LOCAL], [LOCAL, NAT], [LOCAL, ANY_V4]])
        elif what == 2:
            self.machines[machine] = self.machines[machine] | {"public": picks.random() < 0.5}
        elif what == 3:
            self.machines[machine] = self.machines[machine] | {"group": picks.choice(sorted(self.groups))}
        elif what == 4:
            self.volumes[picks.choice(sorted(self.volumes))] = picks.choice([None, machine])
        elif what == 5:
            self.acl = picks.choice([list(ALL), []])
        elif what == 6 and len(self.machines) > 3:
            del self.machines[machine]
        else:
            self.machines[f"i-{len(self.machines) + 10}"] = dict(self.machines[machine])


async def put(world: World, cloud: Cloud) -> None:
    await world.store(cloud.resources(), cloud.edges(), types=TYPES)


async def facts(organization_id: UUID) -> dict[str, tuple[Any, ...]]:
    """Every derived fact by the native id of its resource, and the marks that search reads."""
    async with tenant_session(organization_id) as session:
        driver = await open_driver(session)
        rows = await driver.fetch(
            """SELECT r.name, r.closed_at IS NULL AS open, x.exposed, x.ports::text AS ports, x.sources, x.unknown,
                 o.reason,
                 (SELECT array_agg(i.read_key ORDER BY i.read_key) FROM exposure_reads i
                   WHERE i.organization_id = r.organization_id AND i.resource_id = r.id) AS reads
               FROM cloud_resources r
               LEFT JOIN resource_exposures x ON x.organization_id = r.organization_id AND x.resource_id = r.id
               LEFT JOIN resource_orphans o ON o.organization_id = r.organization_id AND o.resource_id = r.id
               WHERE r.organization_id = $1 AND (x.resource_id IS NOT NULL OR o.resource_id IS NOT NULL)""",
            organization_id,
        )
    return {row["name"]: tuple(row.values())[1:] for row in rows}


async def recount(organization_id: UUID) -> None:
    await service.recompute_all(await make_context(organization_id, "topology.recompute", {}))


async def computed_at(organization_id: UUID) -> dict[str, Any]:
    async with tenant_session(organization_id) as session:
        rows = await (await open_driver(session)).fetch(
            """SELECT r.name, x.computed_at FROM resource_exposures x JOIN cloud_resources r
               ON r.organization_id = x.organization_id AND r.id = x.resource_id WHERE x.organization_id = $1""",
            organization_id,
        )
    return {row["name"]: row["computed_at"] for row in rows}


@pytest.mark.parametrize("seed", [1, 2])
async def test_following_changes_ends_where_a_recount_does(world: World, organization: UUID, seed: int) -> None:
    cloud, picks = Cloud(), random.Random(seed)  # noqa: S311
    await put(world, cloud)
    await world.settle()
    seen: set[Any] = set()
    for _ in range(12):
        for _ in range(picks.choice([1, 1, 3])):
            cloud.change(picks)
        await put(world, cloud)
        await world.settle()
        followed = await facts(organization)
        await recount(organization)
        assert await facts(organization) == followed
        seen |= {(row[1], row[5]) for row in followed.values()}
        assert all(row[0] for row in followed.values())  # what is gone has no facts
    assert {(True, None), (False, None)} <= seen
    assert seed != 2 or (None, "unattached-disk") in seen


async def test_only_what_a_change_touches_is_judged_again(world: World, organization: UUID) -> None:
    cloud = Cloud(machines=9, subnets=3, groups=3)
    await put(world, cloud)
    await world.settle()
    before = await computed_at(organization)
    assert len(before) == 9

    async def judged() -> set[str]:
        nonlocal before
        await put(world, cloud)
        await world.settle()
        after = await computed_at(organization)
        changed = {name for name, at in after.items() if before.get(name) != at}
        before = after
        return changed

    assert await judged() == set()
    cloud.groups["sg-1"] = []
    assert await judged() == {"i-1", "i-4"}  # i-7 has no public address, so its group decides nothing
    cloud.machines["i-0"] = cloud.machines["i-0"] | {"public": False}
    assert await judged() == {"i-0"}
    cloud.volumes["vol-0"] = None
    assert await judged() == set()


async def test_a_run_that_was_killed_is_carried_on(
    world: World, organization: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud(machines=8)
    await put(world, cloud)
    monkeypatch.setattr(pending, "BATCH", 4)
    real = exposing.refresh_exposures
    worked: list[Any] = []

    async def fail_later(session: Any, *arguments: Any) -> int:
        if worked and session is not worked[0]:
            raise RuntimeError("killed")
        if (count := await real(session, *arguments)) > 0:
            worked.append(session)
        return count

    monkeypatch.setattr(pending, "refresh_exposures", fail_later)
    with pytest.raises(RuntimeError, match="killed"):
        await world.settle()
    partly = await computed_at(organization)
    monkeypatch.setattr(pending, "refresh_exposures", real)
    await world.settle()
    followed = await facts(organization)
    assert 0 < len(partly) < 8 == len([row for row in followed.values() if row[1] is not None])
    await recount(organization)
    assert await facts(organization) == followed


async def test_a_listing_that_becomes_whole_settles_what_was_not_known(
    client: httpx.AsyncClient, world: World, organization: UUID
) -> None:
    cloud = Cloud(machines=1)
    parts: tuple[Sequence[str], Sequence[str]] = (["RouteTable"], [])
    for without in parts:
        kept = [one for one in cloud.resources() if one.native_type.rpartition("::")[2] not in without]
        types = [name for name in TYPES if name.rpartition("::")[2] not in without]
        await world.store(kept, cloud.edges(), types=types)
        if not without:
            await world.store(kept, cloud.edges(), types=TYPES)
        async with tenant_session(organization) as session:
            event = SyncFinished(
                organization_id=organization, account_id=world.account_id, job_id=new_id(), state="complete"
            )
            await refresh_after_sync(session, event)
        await world.settle()
        answer = await client.get(f"/topology/resources/{world.ids[cloud.resources()[-4].native_id]}/exposure")
        listed = (await client.get("/topology/exposed", params={"unknown": bool(without)})).json()["items"]
        assert [item["name"] for item in listed] == ["i-0"]
        if without:
            assert answer.json()["exposed"] is None
            assert "route table" in answer.json()["unknown"][0]
        else:
            assert (answer.json()["exposed"], answer.json()["unknown"]) == (True, [])


async def test_a_list_names_nothing_beyond_the_scope_as_the_reason(
    client: httpx.AsyncClient, world: World, organization: UUID
) -> None:
    tags = {"team": "web"}
    made = [one for one in Cloud(machines=1).resources() if not one.native_type.endswith("RouteTable")]
    kept = [replace(one, tags=tags) if one.native_type.endswith("Instance") else one for one in made]
    await world.store(kept, [], types=[name for name in TYPES if not name.endswith("RouteTable")])
    await world.settle()
    path = "/topology/exposed?unknown=true"
    whole = (await client.get(path)).json()["items"]
    assert "subnet-0" in whole[0]["unknown"][0]
    async with scoped_client(organization, tags=list(tags.items())) as part:
        item = (await part.get(path)).json()["items"][0]
        one = (await part.get(f"/topology/resources/{item['resource_id']}/exposure")).json()
    assert (item["name"], item["summary"], item["unknown"]) == ("i-0", "Something was not read.", one["unknown"])
    assert "subnet" not in str(item)


async def test_what_is_exposed_is_listed_with_its_evidence(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, world: World, organization: UUID
) -> None:
    cloud = Cloud(machines=4, subnets=1, groups=1)
    await put(world, cloud)
    await world.settle()
    listed = (await client.get("/topology/exposed", params={"limit": 2})).json()
    more = (await client.get("/topology/exposed", params={"limit": 2, "cursor": listed["next_cursor"]})).json()
    items = [*listed["items"], *more["items"]]
    assert {item["name"] for item in items} == {"i-0", "i-1", "i-2"}
    assert {(str(item["ports"]), str(item["sources"])) for item in items} == {
        ("[{'protocol': 'tcp', 'from': 22, 'to': 22}]", "['0.0.0.0/0']")
    }
    for params, count in (({"port": 22}, 3), ({"port": 23}, 0), ({"type": "compute.instance"}, 3), ({"type": "x"}, 0)):
        assert len((await client.get("/topology/exposed", params=params)).json()["items"]) == count
    assert (await stranger.get("/topology/exposed")).json()["items"] == []
    other = await make_account(organization, number="999988887777")
    params = {"account_id": str(other.account_id)}
    assert (await client.get("/topology/exposed", params=params)).json()["items"] == []


async def test_orphans_are_listed_summed_and_forgotten(client: httpx.AsyncClient, world: World) -> None:
    cloud = Cloud()
    cloud.volumes = {"vol-0": None, "vol-1": None, "vol-2": "i-0"}
    await put(world, cloud)
    await world.settle()
    items = (await client.get("/topology/orphans", params={"reason": "unattached-disk"})).json()["items"]
    assert {(item["name"], item["reason"]) for item in items} == {
        ("vol-0", "unattached-disk"),
        ("vol-1", "unattached-disk"),
    }
    summary = (await client.get("/topology/orphans/summary")).json()["items"]
    assert {one["reason"]: one["count"] for one in summary}["unattached-disk"] == 2
    cloud.volumes = {"vol-0": "i-0", "vol-2": "i-0"}
    await put(world, cloud)
    await world.settle()
    assert (await client.get("/topology/orphans", params={"reason": "unattached-disk"})).json()["items"] == []


async def test_since_tells_when_it_began(world: World, organization: UUID) -> None:
    cloud = Cloud(machines=1)
    await put(world, cloud)
    await world.settle()

    async def since() -> tuple[bool, Any]:
        async with tenant_session(organization) as session:
            rows = await (await open_driver(session)).fetch(
                "SELECT exposed, since FROM resource_exposures WHERE organization_id = $1", organization
            )
        return rows[0]["exposed"], rows[0]["since"]

    began = await since()
    cloud.groups["sg-0"] = [SSH | {"ToPort": 25}]
    await put(world, cloud)
    await world.settle()
    assert await since() == began
    cloud.groups["sg-0"] = []
    await put(world, cloud)
    await world.settle()
    ended = await since()
    assert (ended[0], ended[1] > began[1]) == (False, True)
    assert ended[1] <= utc_now() + timedelta(seconds=1)
