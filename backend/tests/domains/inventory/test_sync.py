"""Syncs of an account against a cloud in memory."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.database import tenant_session
from app.core.tasks import PermanentFailure
from app.domains.inventory import service
from app.providers.base import CallError, CollectedRelation, ErrorKind, ProviderError, Unit, UnitResult, UnitState
from sqlalchemy import text
from tests.domains.inventory.conftest import Sync
from tests.support.clouds import EC2, NUMBER, S3, FakeProvider, bucket, complete, denied, instance, make_context


async def rows(organization_id: UUID, sql: str) -> list[dict[str, Any]]:
    async with tenant_session(organization_id) as session:
        return [dict(row) for row in (await session.execute(text(sql))).mappings()]


async def versions(organization_id: UUID) -> list[str]:
    return [row["kind"] for row in await rows(organization_id, "SELECT kind FROM resource_versions ORDER BY id")]


async def events(organization_id: UUID, name: str) -> list[dict[str, Any]]:
    sql = f"SELECT payload FROM events WHERE name = '{name}' ORDER BY position"  # noqa: S608
    return [row["payload"] for row in await rows(organization_id, sql)]


async def resources_of(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/usage/resources", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_first_sync_stores_what_the_cloud_has(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1), instance(2)]), complete(S3, [bucket("logs")]))
    context = await sync()
    assert [item["name"] for item in await resources_of(client)] == ["logs", "web-1", "web-2"]
    assert await versions(organization) == ["created"] * 3
    account = (await client.get(f"/accounts/{account_id}")).json()
    assert (account["status"], account["last_job_id"]) == ("connected", str(context.job_id))
    assert account["last_synced_at"] is not None
    changed = await events(organization, "resource.changed")
    assert sorted(len(event["created"]) for event in changed) == [1, 2]
    assert {event["unit"]["service"] for event in changed} == {"ec2", "s3"}
    assert [event["state"] for event in await events(organization, "sync.finished")] == ["complete"]
    assert not context.has_incomplete_units


async def test_an_unchanged_estate_writes_no_row_of_resources_or_history(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    relation = CollectedRelation(source="i-00000001", kind="uses", target="logs")
    provider.holds(complete(EC2, [instance(n) for n in range(50)], [relation]), complete(S3, [bucket("logs")]))
    await sync()
    # The first sync left an edge open if the instances came before the bucket; its end connected it.
    tables = ("cloud_resources", "resource_versions", "resource_terms", "resource_relations")
    query = " UNION ALL ".join(
        f"SELECT '{table}' AS name, xmin::text AS version, ctid::text AS place FROM {table}"  # noqa: S608
        for table in tables
    )
    before = await rows(organization, f"{query} ORDER BY 1, 3")
    seen_before = (await resources_of(client, q="logs"))[0]["last_seen_at"]
    await sync()
    assert await rows(organization, f"{query} ORDER BY 1, 3") == before
    assert (await resources_of(client, q="logs"))[0]["last_seen_at"] > seen_before
    assert len(await events(organization, "resource.changed")) == 2


async def test_a_change_is_told_by_its_difference(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1)]))
    await sync()
    changed = instance(1, name="renamed", tags={"env": "dev"}, properties={"InstanceType": "m5.large"})
    provider.holds(complete(EC2, [changed]))
    await sync()
    item = (await resources_of(client, q="renamed"))[0]
    history = (await client.get(f"/usage/resources/{item['id']}/history")).json()["items"]
    assert [entry["kind"] for entry in history] == ["updated", "created"]
    assert history[0]["changes"] == [
        {"op": "replace", "path": "/name", "old": "web-1", "new": "renamed"},
        {"op": "remove", "path": "/properties/Position", "old": 1, "new": None},
        {"op": "replace", "path": "/properties/InstanceType", "old": "t3.micro", "new": "m5.large"},
        {"op": "replace", "path": "/tags/env", "old": "prod", "new": "dev"},
        {"op": "remove", "path": "/tags/team", "old": "team-1", "new": None},
    ] or sorted(change["path"] for change in history[0]["changes"]) == [
        "/name",
        "/properties/InstanceType",
        "/properties/Position",
        "/tags/env",
        "/tags/team",
    ]
    assert await resources_of(client, q="web") == []
    assert await resources_of(client, tag="env:prod") == []
    assert len(await resources_of(client, tag="env:dev")) == 1


async def test_only_a_complete_listing_closes(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1), instance(2)]))
    await sync()
    partial = UnitResult(unit=EC2, state=UnitState.PARTIAL, resources=[instance(1)], complete_types=frozenset())
    provider.holds(partial)
    await sync()
    listed = {item["name"]: item["stale"] for item in await resources_of(client)}
    assert listed == {"web-1": False, "web-2": True}
    provider.holds(complete(EC2, [instance(1)]))
    await sync()
    assert [item["name"] for item in await resources_of(client)] == ["web-1"]
    assert await versions(organization) == ["created", "created", "deleted"]
    deleted = (await events(organization, "resource.changed"))[-1]
    assert (len(deleted["deleted"]), deleted["native_types"]) == (1, ["AWS::EC2::Instance"])
    gone = await rows(organization, "SELECT id FROM cloud_resources WHERE closed_at IS NOT NULL")
    page = (await client.get(f"/usage/resources/{gone[0]['id']}")).json()
    assert page["closed_at"] is not None
    provider.holds(complete(EC2, [instance(1), instance(2)]))
    await sync()
    assert len(await resources_of(client)) == 2
    assert await versions(organization) == ["created", "created", "deleted", "created"]


async def test_a_denied_unit_keeps_its_rows_stale_and_names_the_permission(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    provider.holds(denied(EC2), complete(S3, [bucket("logs")]))
    context = await sync()
    assert context.has_incomplete_units
    assert {item["name"]: item["stale"] for item in await resources_of(client)} == {"logs": False, "web-1": True}
    stale = (await resources_of(client, stale="true"))[0]
    page = (await client.get(f"/usage/resources/{stale['id']}")).json()
    assert page["stale_reason"] == "Missing permission ec2:DescribeInstances."
    units = (await client.get(f"/accounts/{account_id}/units")).json()["items"]
    assert [(unit["service"], unit["state"], unit["missing_permissions"]) for unit in units] == [
        ("ec2", "failed", ["ec2:DescribeInstances"]),
        ("s3", "complete", []),
    ]
    assert (units[0]["account"], units[0]["resources"]) == (NUMBER, 1)
    assert (await client.get(f"/accounts/{account_id}")).json()["status"] == "degraded"
    state = (await client.get("/usage/sync-state")).json()
    assert (state["stale_resources"], state["items"][0]["state"], state["items"][0]["failed"]) == (1, "partial", 1)
    summary = (await client.get("/usage/summary")).json()
    assert (summary["total"], summary["stale"]) == (2, 1)
    assert await versions(organization) == ["created", "created"]
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    assert not any(item["stale"] for item in await resources_of(client))
    assert (await client.get("/usage/sync-state")).json()["stale_resources"] == 0
    assert await versions(organization) == ["created", "created"]


async def test_an_unread_property_keeps_its_last_good_value(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    relation = CollectedRelation(source="arn:aws:s3:::b", kind="logs-to", target="arn:aws:s3:::logs")
    provider.holds(complete(S3, [bucket("b", properties={"A": 1, "Logging": {"T": "logs"}})], [relation]))
    await sync()
    unread = bucket("b", properties={"A": 2}, unread_fields={"Logging": "Missing permission s3:GetBucketLogging."})
    provider.holds(complete(S3, [unread]))
    await sync()
    item = (await resources_of(client))[0]
    page = (await client.get(f"/usage/resources/{item['id']}")).json()
    assert page["properties"] == {"A": 2, "Logging": {"T": "logs"}}
    assert page["unread_fields"] == {"Logging": "Missing permission s3:GetBucketLogging."}
    assert [edge["kind"] for edge in page["relations"]] == ["logs-to"]
    history = (await client.get(f"/usage/resources/{item['id']}/history")).json()["items"]
    assert [change["path"] for change in history[0]["changes"]] == ["/properties/A"]
    provider.holds(complete(S3, [bucket("b", properties={"A": 2, "Logging": {"T": "logs"}})]))
    await sync()
    assert len(await events(organization, "resource.changed")) == 3  # what can be read matters to others
    assert await versions(organization) == ["created", "updated"]


async def test_relations_go_both_ways_and_find_their_ends_across_units(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    edges = [
        CollectedRelation(source="i-00000001", kind="uses", target="LOGS"),
        CollectedRelation(source="i-00000001", kind="member-of", target="vpc-outside"),
    ]

    async def bucket_comes_last(unit: Unit) -> None:
        await asyncio.sleep(0.3 if unit == S3 else 0)

    provider.before_collect = bucket_comes_last
    provider.holds(complete(EC2, [instance(1)], edges), complete(S3, [bucket("logs")]))
    await sync()
    items = {item["name"]: item["id"] for item in await resources_of(client)}
    page = (await client.get(f"/usage/resources/{items['web-1']}")).json()
    assert page["relations"] == [
        {
            "kind": "member-of",
            "direction": "out",
            "resource_id": None,
            "native_id": "vpc-outside",
            "name": None,
            "type": None,
        },
        {
            "kind": "uses",
            "direction": "out",
            "resource_id": items["logs"],
            "native_id": "arn:aws:s3:::logs",
            "name": "logs",
            "type": "storage.bucket",
        },
    ]
    back = (await client.get(f"/usage/resources/{items['logs']}")).json()["relations"]
    assert [(edge["direction"], edge["resource_id"]) for edge in back] == [("in", items["web-1"])]
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    assert (await client.get(f"/usage/resources/{items['web-1']}")).json()["relations"] == []


async def test_a_resource_that_moves_keeps_its_row(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    other = Unit(account=NUMBER, region="us-east-1", service="ec2")
    provider.holds(complete(EC2, [instance(1)]), complete(other, []))
    await sync()
    first = (await resources_of(client))[0]
    moved = instance(1, native_id=first["native_id"], region="us-east-1")

    async def new_home_first(unit: Unit) -> None:
        await asyncio.sleep(0.3 if unit == EC2 else 0)

    provider.before_collect = new_home_first
    provider.holds(complete(EC2, []), complete(other, [moved]))
    await sync()
    items = await resources_of(client)
    assert [(item["id"], item["region"]) for item in items] == [(first["id"], "us-east-1")]
    assert await versions(organization) == ["created", "updated"]
    summary = (await client.get("/usage/summary")).json()
    assert (summary["total"], summary["by_region"]) == (1, [{"key": "us-east-1", "count": 1}])


async def test_a_region_that_is_no_longer_planned_leaves_stale_rows(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    provider.holds(complete(S3, [bucket("logs")]))
    await sync()
    stale = await resources_of(client, stale="true")
    assert [item["name"] for item in stale] == ["web-1"]
    assert len((await client.get(f"/accounts/{account_id}/units")).json()["items"]) == 1
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    assert await resources_of(client, stale="true") == []


async def test_a_killed_job_resumes_without_doubles(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    units = [Unit(account=NUMBER, region=f"eu-west-{n}", service="ec2") for n in range(1, 13)]
    provider.holds(*(complete(unit, [instance(n, region=unit.region)]) for n, unit in enumerate(units)))
    context = await make_context(organization, "inventory.sync_account", {})

    async def hang_after_eight(unit: Unit) -> None:
        if unit in units[8:]:
            await asyncio.sleep(3_600)

    provider.before_collect = hang_after_eight
    first_run = asyncio.create_task(service.sync_account(context, account_id))
    for _ in range(200):
        done = await rows(organization, "SELECT count(*) AS n FROM sync_units WHERE state = 'complete'")
        if done[0]["n"] == 8:
            break
        await asyncio.sleep(0.05)
    first_run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first_run
    provider.before_collect = None
    provider.collected.clear()
    await sync(context)
    assert sorted(provider.collected, key=str) == sorted(units[8:], key=str)
    assert len(await resources_of(client)) == 12
    assert await versions(organization) == ["created"] * 12
    assert not context.has_incomplete_units


async def test_two_syncs_of_one_account_do_not_run_at_once(
    organization: UUID, provider: FakeProvider, account_id: UUID, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domains.inventory.service.syncing.LOCK_POLL_SECONDS", 0.05)
    running = most = 0

    async def count(_: Unit) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1

    provider.before_collect = count
    provider.holds(complete(EC2, [instance(1)]))
    await asyncio.gather(sync(), sync())
    assert (most, len(provider.collected)) == (1, 2)
    assert await versions(organization) == ["created"]


async def test_bad_credentials_keep_everything_and_say_so(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1)]))
    await sync()
    before = (await client.get(f"/accounts/{account_id}")).json()
    provider.failure = ProviderError(ErrorKind.BAD_CREDENTIALS, "The key was revoked.", call="sts:GetCallerIdentity")
    with pytest.raises(PermanentFailure, match="revoked"):
        await sync()
    account = (await client.get(f"/accounts/{account_id}")).json()
    assert (account["status"], account["last_synced_at"]) == ("failed", before["last_synced_at"])
    assert "revoked" in account["status_detail"]
    assert [item["stale"] for item in await resources_of(client)] == [True]
    assert [event["state"] for event in await events(organization, "sync.finished")] == ["complete", "failed"]
    provider.failure = None
    await sync()
    assert [item["stale"] for item in await resources_of(client)] == [False]


async def test_garbage_from_one_unit_costs_only_that_unit(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    nul = bucket("nul", properties={"k\x00": "\ud800", "big": 2**80}, tags={"a\x00": "b"})
    provider.holds(complete(EC2, []), complete(S3, [nul]))
    provider.results[EC2] = RuntimeError("a defect")
    context = await sync()
    assert context.partial_reason is not None
    assert [item["tags"] for item in await resources_of(client)] == [{"a\ufffd": "b"}]


async def test_a_resource_listed_twice_is_stored_once(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1), instance(1, name="last")]))
    await sync()
    assert [item["name"] for item in await resources_of(client)] == ["last"]


async def test_all_units_failing_fails_the_job(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    error = CallError(kind=ErrorKind.UNREACHABLE, call="ec2:DescribeInstances", message="no route")
    provider.holds(UnitResult(unit=EC2, state=UnitState.FAILED, errors=[error]))
    with pytest.raises(PermanentFailure):
        await sync()
    assert (await client.get(f"/accounts/{account_id}")).json()["status"] == "failed"


async def test_removing_an_account_forgets_what_it_collected(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    edge = CollectedRelation(source="i-00000001", kind="uses", target="i-00000002")
    provider.holds(complete(EC2, [instance(1), instance(2)], [edge]))
    await sync()
    assert (await client.delete(f"/accounts/{account_id}")).status_code == 204
    assert (await client.get(f"/accounts/{account_id}")).status_code == 404
    queued = await rows(organization, "SELECT kind FROM jobs WHERE state = 'queued' ORDER BY created_at")
    assert queued[-1]["kind"] == "inventory.forget_account"
    context = await make_context(organization, "inventory.forget_account", {})
    await service.forget_account(context, account_id)
    await service.forget_account(context, account_id)
    for table in ("cloud_resources", "resource_terms", "resource_versions", "resource_relations", "sync_units"):
        assert (await rows(organization, f"SELECT count(*) AS n FROM {table}"))[0]["n"] == 0  # noqa: S608
    assert (await rows(organization, "SELECT count(*) AS n FROM accounts"))[0]["n"] == 0
    await sync()  # a job that comes too late ends quietly


async def test_due_accounts_are_queued_once(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    count = "SELECT count(*) AS n FROM jobs WHERE kind = 'inventory.sync_account' AND state = 'queued'"
    assert (await rows(organization, count))[0]["n"] == 1  # connecting queued the first
    first = await client.post(f"/accounts/{account_id}/sync")
    assert first.status_code == 202
    async with tenant_session(organization) as session:
        await service.enqueue_due_syncs(session, organization)
    assert (await rows(organization, count))[0]["n"] == 1
    assert (await client.post(f"/accounts/{account_id}/sync")).json() == first.json()
