"""From a cloud's own event to the changed resource and who did it, through the real adapters."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from app.core.config import get_settings
from app.core.database import Database
from app.domains.accounts import service as accounts
from app.domains.inventory import service
from app.domains.inventory.service import polling
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_context, make_organization
from tests.support.eventing import Estate
from tests.support.jobs import run_jobs
from tests.support.three_clouds import (
    ENDPOINTS,
    GCP_LISTS_PER_MINUTE,
    Clouds,
    add_account,
    narrowed,
    running_clouds,
)

WHO = "maya@acme.example"
SECONDS = 5.0  # from the event to the stored change, without the wait for a worker


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with running_clouds() as running:
        yield running


@pytest.fixture
async def listen(
    database: Database, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Any]]:
    """Connect a cloud by an adapter, read it, and listen to it."""
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", ENDPOINTS)
    get_settings.cache_clear()
    organization = await make_organization()
    made: dict[str, Any] = {}
    async with make_client(ROUTERS, make_caller(organization)) as client:

        async def start(name: str, adapter: Any, number: str, **settings: str) -> Estate:
            made[name] = adapter
            accounts.register_provider(name, adapter)
            account_id = await add_account(organization, clouds.connection(name), number)
            await service.sync_account(await make_context(organization, "inventory.sync_account", {}), account_id)
            estate = Estate(organization, client, adapter, account_id)
            answer = await client.put(f"/accounts/{account_id}/events", json=settings)
            assert answer.status_code == 200, answer.text
            estate.hook = (answer.json()["hook_url"] or "").partition("/api/v1")[2]
            return estate

        yield start
    for name, adapter in made.items():
        accounts.register_provider(name, None)
        adapter.close()


async def page_of(estate: Estate, native_id: str) -> dict[str, Any]:
    """The resource's page with its newest change under `last`."""
    rows = await estate.rows(f"SELECT id FROM cloud_resources WHERE native_key ILIKE '{native_id}'")  # noqa: S608
    page: dict[str, Any] = (await estate.client.get(f"/usage/resources/{rows[0]['id']}")).json()
    history = (await estate.client.get(f"/usage/resources/{rows[0]['id']}/history")).json()["items"]
    return page | {"last": history[0]}


async def untouched(estate: Estate, native_id: str) -> list[dict[str, Any]]:
    """Every other row as it is stored."""
    sql = f"SELECT native_id, xmin::text FROM cloud_resources WHERE native_key NOT ILIKE '{native_id}' ORDER BY 1"  # noqa: S608
    return await estate.rows(sql)


def feed(clouds: Clouds, asset: Any, number: int, **more: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    message = clouds.gcp.feed_message(replace(asset, updated_at=now), **more)
    message["message"]["messageId"] = str(number)
    return message


@pytest.mark.timeout(600)
async def test_a_google_feed_brings_one_change_and_the_log_says_who(listen: Callable[..., Any], clouds: Clouds) -> None:
    from app.providers.gcp import GcpProvider

    adapter = narrowed(GcpProvider, ("storage",), lists_per_minute=GCP_LISTS_PER_MINUTE)
    estate = await listen("gcp", adapter, "google")
    bucket = next(asset for asset in clouds.gcp.estate if asset.asset_type == "storage.googleapis.com/Bucket")
    others = await untouched(estate, bucket.name)
    assert len(others) > 3
    changed = clouds.gcp.estate.change(bucket.name, labels={"team": "events"})
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    clouds.gcp.audit(changed, "storage.buckets.patch", WHO, now)
    message = feed(clouds, changed, 1, prior=bucket)
    started = time.monotonic()
    assert (await estate.push(message)).status_code == 200
    await estate.refresh()
    page = await page_of(estate, bucket.name)
    assert time.monotonic() - started < SECONDS
    assert page["tags"] == {"team": "events"}
    assert (page["last"]["kind"], page["last"]["actor"], page["last"]["action"]) == (
        "updated", WHO, "storage.buckets.patch",
    )  # fmt: skip
    assert await untouched(estate, bucket.name) == others
    calls = len(clouds.gcp.calls.all())
    assert (await estate.push(message)).status_code == 200  # replayed
    await estate.refresh()
    assert len(clouds.gcp.calls.all()) == calls
    # Forged: it says that the bucket is gone, and the cloud says that it is there.
    forged = feed(clouds, changed, 2, deleted=True)
    assert (await estate.push(forged)).status_code == 200
    await estate.refresh()
    assert (await page_of(estate, bucket.name))["closed_at"] is None
    clouds.gcp.estate.delete(bucket.name)
    await estate.push(feed(clouds, changed, 3, deleted=True))
    await estate.refresh()
    assert (await page_of(estate, bucket.name))["closed_at"] is not None
    # Of another organization: the cloud does not have it for us.
    stranger = clouds.gcp.feed_message(changed)
    text = orjson.dumps(stranger)
    assert (await estate.client.post(estate.hook, content=text)).status_code == 200
    await estate.refresh()
    assert await untouched(estate, bucket.name) == others
    for content in ({"message": {"data": "!!!", "messageId": "9"}}, {"hello": "world"}):
        assert (await estate.push(content)).status_code == 422
    welcome = {"message": {"data": "WW91IGhhdmUgc3Vic2NyaWJlZA==", "messageId": "10"}}
    assert (await estate.push(welcome)).status_code == 200


@pytest.mark.timeout(600)
async def test_an_event_grid_event_brings_one_change_with_who_did_it(
    listen: Callable[..., Any], clouds: Clouds
) -> None:
    from app.providers.azure import AzureProvider

    estate = await listen("azure", narrowed(AzureProvider, ("compute",)), "azure")
    row = next(row for row in clouds.azure.estate.rows() if row.template.type == "microsoft.compute/disks")
    native_id = row.template.body["id"]
    others = await untouched(estate, native_id)
    clouds.azure.estate.change(native_id, {"tags": {"team": "events"}})
    event = {
        "id": "4f4b8f3c", "topic": "/subscriptions/x", "subject": native_id.upper(),
        "eventTime": datetime.now(UTC).isoformat(), "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "dataVersion": "2", "metadataVersion": "1",
        "data": {
            "resourceUri": native_id.upper(), "operationName": "Microsoft.Compute/disks/write", "status": "Succeeded",
            "subscriptionId": native_id.split("/")[2], "claims": {"name": WHO},
        },
    }  # fmt: skip
    started = time.monotonic()
    assert (await estate.client.post(estate.hook, json=[event])).status_code == 200
    await estate.refresh()
    page = await page_of(estate, native_id)
    assert time.monotonic() - started < SECONDS
    assert page["native_id"] == native_id  # as it was spelled first
    assert page["tags"]["team"] == "events"
    assert (page["last"]["kind"], page["last"]["actor"], page["last"]["action"]) == (
        "updated", WHO, "Microsoft.Compute/disks/write",
    )  # fmt: skip
    assert await untouched(estate, native_id) == others
    clouds.azure.estate.remove(native_id)
    gone = event | {"id": "5", "eventType": "Microsoft.Resources.ResourceDeleteSuccess"}
    assert (await estate.client.post(estate.hook, json=[gone, event])).status_code == 200
    await estate.refresh()
    assert (await page_of(estate, native_id))["closed_at"] is not None
    assert (await estate.client.post(estate.hook, json=[{"id": 1}])).status_code == 422


@pytest.mark.timeout(600)
async def test_a_message_of_an_aws_queue_brings_one_change_with_who_did_it(
    listen: Callable[..., Any], clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.providers.aws import AwsProvider

    monkeypatch.setattr(polling, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(polling, "WAIT_SECONDS", 0.0)
    sqs = clouds.aws.client("sqs")
    events = sqs.create_queue(QueueName="cloudops-events")["QueueUrl"]
    orders = sqs.get_queue_url(QueueName="orders-0")["QueueUrl"]
    number = clouds.aws.keys.account
    estate = await listen("aws", narrowed(AwsProvider, ("sqs",)), number, queue_url=events)
    native_id = f"arn:aws:sqs:us-east-1:{number}:orders-0"
    others = await untouched(estate, native_id)
    sqs.set_queue_attributes(QueueUrl=orders, Attributes={"VisibilityTimeout": "99"})
    arn, now = f"arn:aws:iam::{number}:user/maya", datetime.now(UTC).isoformat()
    message = {
        "version": "0", "id": "e-1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.sqs",
        "account": number, "time": now, "region": "us-east-1", "resources": [],
        "detail": {
            "eventVersion": "1.08", "eventID": "c-1", "eventTime": now, "awsRegion": "us-east-1",
            "eventSource": "sqs.amazonaws.com", "eventName": "SetQueueAttributes", "readOnly": False,
            "recipientAccountId": number, "userIdentity": {"type": "IAMUser", "arn": arn, "accountId": number},
            "requestParameters": {"queueUrl": orders, "attributes": {"VisibilityTimeout": "99"}},
        },
    }  # fmt: skip
    for body in (orjson.dumps(message).decode(), orjson.dumps(message).decode(), "no JSON", '{"other": 1}'):
        sqs.send_message(QueueUrl=events, MessageBody=body)
    started = time.monotonic()
    await service.poll_events(await make_context(estate.organization, "inventory.poll_events", {}))
    assert len(await run_jobs(estate.organization, "inventory.refresh_resources")) == 1
    page = await page_of(estate, native_id)
    assert time.monotonic() - started < SECONDS
    assert (page["last"]["kind"], page["last"]["actor"], page["last"]["action"]) == (
        "updated", arn, "sqs:SetQueueAttributes",
    )  # fmt: skip
    assert [part["new"] for part in page["last"]["changes"] if "VisibilityTimeout" in part["path"]] in (["99"], [99])
    assert await untouched(estate, native_id) == others
    left = sqs.get_queue_attributes(QueueUrl=events, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"
    source = await estate.source()
    assert (source["events"], source["error"]) == (1, None)
    assert isinstance(UUID(page["id"]), UUID)
    assert isinstance(estate.client, httpx.AsyncClient)
