"""Answers of a cloud in a form of their own: whoever they concern is doubted, everybody else is judged as before."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.domains.topology.rules.orphans import Surroundings, find_orphan
from tests.domains.topology.conftest import World
from tests.domains.topology.telling import resource, told
from tests.domains.topology.test_derived import Cloud, facts, put

TEXT = "has properties of a form that is not known"


@pytest.mark.parametrize(
    ("native_type", "properties"),
    [
        ("storage.googleapis.com/Bucket", {"iamConfiguration": [5]}),
        ("sqladmin.googleapis.com/Instance", {"settings": "x"}),
        ("container.googleapis.com/Cluster", {"endpoint": "203.0.113.9", "privateClusterConfig": ["x"]}),
        ("Microsoft.DBforPostgreSQL/flexibleServers", {"properties": {"network": "x"}}),
        ("Microsoft.ContainerService/managedClusters", {"properties": {"apiServerAccessProfile": 5}}),
    ],
)
def test_a_property_of_another_form_is_a_doubt(native_type: str, properties: dict[str, Any]) -> None:
    found = told(resource("some/thing", native_type, properties))
    assert (found.exposed, TEXT in found.unknown[0]) == (None, True)


def test_a_property_of_another_form_makes_no_orphan() -> None:
    odd = resource("some/disk", "Microsoft.Compute/disks", {"properties": {"diskState": ["Unattached"]}})
    broken = replace(odd, native_type="AWS::EC2::Volume", properties=5)  # type: ignore[arg-type]
    for one in (odd, broken):
        assert find_orphan(one, Surroundings(neighbours=(), listed=frozenset())) is None


async def test_one_odd_resource_does_not_keep_the_others_from_being_judged(
    client: httpx.AsyncClient, world: World, organization: UUID
) -> None:
    cloud = Cloud(machines=2)
    right = list(cloud.acl)
    cloud.acl = [*right, {"RuleNumber": {"x": 1}, "RuleAction": "allow", "Egress": False, "CidrBlock": "0.0.0.0/0"}]
    cloud.volumes["vol-2"] = None
    await put(world, cloud)
    await world.settle()
    found = await facts(organization)
    assert [found[name][1] for name in ("i-0", "i-1")] == [None, None]
    machine = next(id_ for native_id, id_ in world.ids.items() if native_id.endswith(":i-0"))
    answer = await client.get(f"/topology/resources/{machine}/exposure")
    assert (answer.status_code, TEXT in answer.json()["unknown"][0]) == (200, True)
    assert "unattached-disk" in found["vol-2"]

    cloud.acl = right
    await put(world, cloud)
    await world.settle()
    assert [(await facts(organization))[name][1] for name in ("i-0", "i-1")] == [True, True]
