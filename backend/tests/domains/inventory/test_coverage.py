"""What is read of an account and what is not, and the policy or role that gives what is missing."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from app.domains.inventory.service.granting import make_document
from app.providers.base import CallError, ErrorKind, Unit, UnitResult, UnitState
from tests.domains.inventory.conftest import Sync
from tests.support.clouds import EC2, NUMBER, S3, FakeProvider, bucket, complete, denied, instance

US = Unit(account=NUMBER, region="us-east-1", service="ec2")
KMS = Unit(account=NUMBER, region="us-east-1", service="kms")
INSTANCES, BUCKETS = ("AWS::EC2::Instance",), ("AWS::S3::Bucket",)


async def coverage(client: httpx.AsyncClient, account_id: UUID) -> dict[str, dict[str, Any]]:
    answer = await client.get(f"/accounts/{account_id}/coverage")
    assert answer.status_code == 200, answer.text
    return {item["native_type"] or item["service"]: item for item in answer.json()["items"]}


async def test_each_type_says_how_its_units_ended(
    client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    assert await coverage(client, account_id) == {}
    provider.holds(
        complete(EC2, [instance(1)], types=INSTANCES), complete(US, [instance(2, region="us-east-1")], types=INSTANCES),
        complete(S3, [bucket("logs")], types=BUCKETS),
    )  # fmt: skip
    await sync()
    provider.holds(
        complete(EC2, [instance(1)], types=INSTANCES), denied(US), denied(KMS, "kms:ListKeys"),
        complete(S3, [], types=BUCKETS),
    )  # fmt: skip
    await sync()
    found = await coverage(client, account_id)
    assert set(found) == {"AWS::EC2::Instance", "AWS::S3::Bucket", "kms"}
    instances = found["AWS::EC2::Instance"]
    assert instances["units"] == {"complete": 1, "partial": 0, "failed": 1}
    assert (instances["resources"], instances["stale"], instances["type"]) == (2, 1, "compute.instance")
    assert instances["missing_permissions"] == ["ec2:DescribeInstances"]
    assert instances["error"] == "Missing permission ec2:DescribeInstances."
    assert instances["last_complete_at"] is not None  # of the region that failed, the last time it did not
    buckets = found["AWS::S3::Bucket"]  # a type that has nothing is still one that was read
    assert (buckets["units"]["complete"], buckets["resources"], buckets["error"]) == (1, 0, None)
    keys = found["kms"]  # never read, so nobody knows which types it would have
    assert (keys["native_type"], keys["units"]["failed"], keys["last_complete_at"]) == (None, 1, None)
    assert keys["missing_permissions"] == ["kms:ListKeys"]


async def test_a_type_that_could_not_be_listed_in_a_unit_that_read_others_is_partial(
    client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1), bucket("volume")], types=(*INSTANCES, *BUCKETS)))
    await sync()
    error = CallError(kind=ErrorKind.TIMED_OUT, call="s3:ListBuckets", message="no answer")
    partial = UnitResult(
        unit=EC2, state=UnitState.PARTIAL, resources=[instance(1)], complete_types=frozenset(INSTANCES), errors=[error]
    )
    provider.holds(partial)
    await sync()
    found = await coverage(client, account_id)
    assert found["AWS::EC2::Instance"]["units"] == {"complete": 1, "partial": 0, "failed": 0}
    assert found["AWS::S3::Bucket"]["units"] == {"complete": 0, "partial": 1, "failed": 0}
    assert (found["AWS::S3::Bucket"]["stale"], found["AWS::S3::Bucket"]["error"]) == (1, "s3:ListBuckets: no answer")


async def test_the_grant_names_what_is_missing_and_how_to_give_it(
    client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    path = f"/accounts/{account_id}/grant"
    provider.holds(complete(EC2, []), complete(S3, []))
    await sync()
    nothing: dict[str, Any] = {"provider": "aws", "format": "json", "document": None, "permissions": []}
    assert (await client.get(path)).json() == nothing
    provider.holds(denied(EC2), denied(S3, "s3:ListAllMyBuckets"))
    with pytest.raises(Exception, match="Missing permissions"):
        await sync()
    grant = (await client.get(path)).json()
    assert grant["permissions"] == ["ec2:DescribeInstances", "s3:ListAllMyBuckets"]
    statement = grant["document"]["Statement"][0]
    assert (statement["Effect"], statement["Action"]) == ("Allow", grant["permissions"])
    provider.holds(complete(EC2, []), complete(S3, []))
    await sync()
    assert (await client.get(path)).json() == nothing


@pytest.mark.parametrize(
    ("provider_name", "permission", "places", "expected"),
    [
        ("aws", "ec2:DescribeVolumes", [], "ec2:DescribeVolumes"),
        ("gcp", "cloudasset.assets.listResource", ["organizations/1"], "organizations/1"),
        ("gcp", "cloudasset.assets.listResource", ["projects/p"], "cloudasset.assets.listResource"),
        ("azure", "Microsoft.Compute/disks/read", ["/subscriptions/s"], "/subscriptions/s"),
    ],
)
def test_every_cloud_has_a_grant_of_its_own(
    provider_name: str, permission: str, places: list[str], expected: str
) -> None:
    document = make_document(provider_name, [permission], places, "reader@p.iam.gserviceaccount.com")
    assert permission in str(document)
    assert expected in str(document) or f"{expected.rpartition('/')[2]}" in str(document)


@pytest.mark.parametrize("path", ["coverage", "grant", "schedule", "units", "events"])
async def test_an_unknown_account_is_the_same_404_as_anothers(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, account_id: UUID, path: str
) -> None:
    def seen(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
        body = answer.json()
        return answer.status_code, {name: body[name] for name in ("type", "title", "status")}

    unknown = seen(await client.get(f"/accounts/00000000-0000-7000-8000-000000000000/{path}"))
    assert unknown[0] == 404
    assert seen(await stranger.get(f"/accounts/{account_id}/{path}")) == unknown
