"""Events of a cloud in memory: from the hook to the changed resource."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.core.database import tenant_session
from app.domains.inventory import service
from app.domains.inventory.service import refreshing
from app.providers.base import (
    CallError,
    CloudEvent,
    DiscoveredAccount,
    ErrorKind,
    ReadBack,
    ResourceTarget,
)
from tests.support.clouds import complete, make_context
from tests.support.eventing import UNIT, WHO, Estate, found, thing, told
from tests.support.jobs import queued, run_jobs


async def test_a_push_becomes_one_read_and_a_change_with_its_actor(estate: Estate) -> None:
    places = "SELECT name, xmin::text AS writer FROM cloud_resources WHERE name = 'bills'"
    before = await estate.rows(places)
    changed = thing("logs", properties={"Versioning": "Suspended"})
    estate.cloud.reads = {changed.native_id: found(changed)}
    assert (await estate.push(told())).status_code == 200
    stored = await estate.rows("SELECT event_id, actor, action, native_keys FROM cloud_events")
    assert stored == [{"event_id": "e1", "actor": WHO, "action": "storage.update", "native_keys": [changed.native_id]}]
    jobs = await queued(estate.organization, "inventory.refresh_resources")
    assert [job.priority for job in jobs] == [10]
    await estate.refresh()
    change = (await estate.history("logs"))[0]
    assert (change["kind"], change["actor"], change["action"], change["event_id"]) == (
        "updated", WHO, "storage.update", "e1",
    )  # fmt: skip
    assert [(part["path"], part["new"]) for part in change["changes"]] == [("/properties/Versioning", "Suspended")]
    assert [target.native_id for target in estate.cloud.read] == [changed.native_id]
    assert await estate.rows(places) == before
    assert await estate.rows("SELECT id FROM due_refreshes") == []
    source = await estate.source()
    assert (source["events"], source["error"]) == (1, None)
    assert source["last_event_at"] is not None


async def test_an_event_and_its_due_read_are_one_transaction(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the worker's power is cut")

    monkeypatch.setattr("app.domains.inventory.service.listening.start_refreshes", fail)
    with pytest.raises(RuntimeError):
        await estate.push(told())
    assert await estate.rows("SELECT id FROM cloud_events") == await estate.rows("SELECT id FROM due_refreshes") == []


async def test_a_replayed_event_is_passed_over(estate: Estate) -> None:
    estate.cloud.reads = {thing("logs").native_id: found(thing("logs"))}
    message = told()
    for _ in range(3):
        assert (await estate.push(message)).status_code == 200
        await estate.refresh()
    assert len(estate.cloud.read) == 1
    assert (await estate.source())["events"] == 1


async def test_events_about_one_resource_that_come_together_are_one_read_under_the_latest(estate: Estate) -> None:
    changed = thing("logs", tags={"a": "b"})
    estate.cloud.reads = {changed.native_id: found(changed)}
    now = datetime.now(UTC)
    await estate.push(told(event="late", at=now, actor="late"))
    await estate.push(told(event="early", at=now - timedelta(seconds=30), actor="early"))
    await estate.push(
        told(event="first", at=now - timedelta(seconds=20), actor="first"),
        told(event="second", at=now - timedelta(seconds=10), actor="second"),
    )
    await estate.refresh()
    assert len(estate.cloud.read) == 1
    assert [(one["event_id"], one["actor"]) for one in await estate.history("logs")][:1] == [("late", "late")]


async def test_an_event_older_than_what_was_read_only_names_who_did_it(estate: Estate) -> None:
    await estate.make_old(20)
    estate.cloud.holds(complete(UNIT, [thing("logs", tags={"a": "b"}), thing("bills")]))
    context = await make_context(estate.organization, "inventory.sync_account", {})
    await service.sync_account(context, estate.account_id)
    assert (await estate.history("logs"))[0]["actor"] is None
    await estate.push(told(at=datetime.now(UTC) - timedelta(minutes=10)))
    assert await queued(estate.organization, "inventory.refresh_resources") == []
    assert await estate.refresh() == 0
    first, created = await estate.history("logs")
    assert (first["kind"], first["actor"], first["event_id"]) == ("updated", WHO, "e1")
    assert created["actor"] is None


async def test_a_sync_names_who_did_it_where_an_event_came_before(estate: Estate) -> None:
    estate.cloud.reads = {thing("logs").native_id: found(thing("logs"))}
    await estate.push(told())
    await estate.refresh()  # too early: the cloud still showed the old state
    estate.cloud.holds(complete(UNIT, [thing("logs", tags={"a": "b"}), thing("bills")]))
    context = await make_context(estate.organization, "inventory.sync_account", {})
    await service.sync_account(context, estate.account_id)
    assert [one["actor"] for one in await estate.history("logs")] == [WHO, None]


async def test_a_change_whose_event_names_nobody_takes_the_actor_of_the_clouds_log(estate: Estate) -> None:
    changed = thing("logs", tags={"a": "b"})
    estate.cloud.reads = {changed.native_id: found(changed)}
    estate.cloud.actors = [
        CloudEvent(
            id="log-1", at=datetime.now(UTC), action="storage.buckets.patch", actor=WHO,
            targets=[ResourceTarget(native_id=changed.native_id)],
        )
    ]  # fmt: skip
    await estate.push(told(actor=None))
    await estate.refresh()
    first = (await estate.history("logs"))[0]
    assert (first["actor"], first["action"], first["event_id"]) == (WHO, "storage.buckets.patch", "log-1")
    assert estate.cloud.asked_for_actors == [UNIT]


async def test_a_deleted_resource_is_closed_by_whom(estate: Estate) -> None:
    native_id = thing("logs").native_id
    estate.cloud.reads = {native_id: found(gone=frozenset({native_id}))}
    await estate.push(told())
    await estate.refresh()
    assert set(await estate.listed()) == {"bills"}
    assert [(one["kind"], one["actor"]) for one in await estate.history("logs")] == [
        ("deleted", WHO),
        ("created", None),
    ]


async def test_a_new_resource_appears_with_who_made_it(estate: Estate) -> None:
    estate.cloud.reads = {thing("new").native_id: found(thing("new"))}
    await estate.push(told("new"))
    await estate.refresh()
    assert set(await estate.listed()) == {"bills", "logs", "new"}
    assert [(one["kind"], one["actor"]) for one in await estate.history("new")] == [("created", WHO)]
    coverage = (await estate.client.get(f"/accounts/{estate.account_id}/coverage")).json()["items"]
    assert [item["resources"] for item in coverage if item["resources"]] == [3]


async def test_an_event_from_a_clock_ahead_of_ours_does_not_silence_later_ones(estate: Estate) -> None:
    native_id = thing("logs").native_id
    estate.cloud.reads = {native_id: found(thing("logs"))}
    await estate.push(told(event="ahead", at=datetime.now(UTC) + timedelta(days=900)))
    later = told(event="later")

    async def tell_of_a_change_meanwhile(_: ResourceTarget) -> None:
        estate.cloud.before_read = None
        await estate.push(later)

    estate.cloud.before_read = tell_of_a_change_meanwhile
    await estate.refresh()
    assert len(estate.cloud.read) == 2  # the second event came while the first one's read was under way
    stored = await estate.rows("SELECT max(at) <= now() AS is_past FROM cloud_events")
    assert stored == [{"is_past": True}]


async def test_a_read_that_began_before_a_newer_one_does_not_overwrite_it(estate: Estate) -> None:
    native_id = thing("logs").native_id
    old, new = thing("logs", tags={"v": "1"}), thing("logs", tags={"v": "2"})
    estate.cloud.reads = {native_id: found(old)}

    async def sync_meanwhile(_: ResourceTarget) -> None:
        estate.cloud.holds(complete(UNIT, [new, thing("bills")]))
        context = await make_context(estate.organization, "inventory.sync_account", {})
        await service.sync_account(context, estate.account_id)

    estate.cloud.before_read = sync_meanwhile
    await estate.push(told())
    await estate.refresh()
    assert (await estate.listed())["logs"]["tags"] == {"v": "2"}


@pytest.fixture
async def unread(estate: Estate) -> Estate:
    error = CallError(kind=ErrorKind.THROTTLED, call="assets.get", message="slow down")
    estate.cloud.reads = {thing("logs").native_id: ReadBack(unit=UNIT, errors=[error])}
    return estate


async def test_a_read_that_fails_is_tried_again_and_then_said(unread: Estate) -> None:
    await unread.push(told())
    for attempt in range(4):
        assert not (await unread.listed())["logs"]["stale"]
        await unread.refresh()
        assert len(unread.cloud.read) == attempt + 1
        await unread.rows("UPDATE due_refreshes SET due_at = now() RETURNING id")
        await unread.rows("UPDATE jobs SET due_at = now() WHERE state = 'queued' RETURNING id")
    item = (await unread.listed())["logs"]
    page = (await unread.client.get(f"/usage/resources/{item['id']}")).json()
    assert (item["stale"], page["stale_reason"]) == (True, "assets.get: slow down")
    assert page["properties"] == {"Versioning": "Enabled"}
    assert await unread.rows("SELECT id FROM due_refreshes") == []


async def test_a_read_that_fails_is_also_said_of_what_an_event_names_by_an_alias(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domains.inventory.rules.REREAD_SECONDS", ())
    error = CallError(kind=ErrorKind.THROTTLED, call="assets.get", message="slow down")
    estate.cloud.reads = {"logs": ReadBack(unit=UNIT, errors=[error])}
    await estate.push(told(targets=[{"native_id": "logs", "native_type": "AWS::S3::Bucket"}]))
    await estate.refresh()
    assert {name: item["stale"] for name, item in (await estate.listed()).items()} == {"logs": True, "bills": False}


async def test_an_adapter_that_breaks_costs_only_its_own_resource(estate: Estate) -> None:
    bills = thing("bills", tags={"a": "b"})
    estate.cloud.reads = {thing("logs").native_id: RuntimeError("a defect"), bills.native_id: found(bills)}
    await estate.push(told(event="a"), told("bills", event="b"))
    await estate.refresh()
    assert (await estate.listed())["bills"]["tags"] == {"a": "b"}
    assert (await estate.listed())["logs"]["tags"] == {}


async def test_what_cannot_be_stored_costs_only_its_own_resource(estate: Estate) -> None:
    name = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(5_000))
    endless = replace(thing("logs"), name=name)
    bills = thing("bills", tags={"a": "b"})
    estate.cloud.reads = {endless.native_id: found(endless), bills.native_id: found(bills)}
    await estate.push(told(event="a"), told("bills", event="b"))
    await estate.refresh()
    listed = await estate.listed()
    assert listed["bills"]["tags"] == {"a": "b"}
    page = (await estate.client.get(f"/usage/resources/{listed['logs']['id']}")).json()
    assert page["stale_reason"] == "The answer could not be stored."
    assert await estate.rows("SELECT id FROM due_refreshes") == []


async def test_a_dead_workers_reads_are_taken_over(estate: Estate) -> None:
    estate.cloud.reads = {thing("logs").native_id: found(thing("logs", tags={"a": "b"}))}
    await estate.push(told())
    await estate.rows("UPDATE due_refreshes SET claimed_until = now() - interval '1 s' RETURNING id")
    await estate.rows("UPDATE jobs SET state = 'failed' WHERE kind = 'inventory.refresh_resources' RETURNING id")
    async with tenant_session(estate.organization) as session:
        await service.enqueue_due_refreshes(session, estate.organization)
    await estate.refresh()
    assert (await estate.listed())["logs"]["tags"] == {"a": "b"}


async def test_two_readers_share_the_work(estate: Estate) -> None:
    names = [f"b{number}" for number in range(30)]
    estate.cloud.reads = {thing(name).native_id: found(thing(name)) for name in names}

    async def take_time(_: ResourceTarget) -> None:
        await asyncio.sleep(0.01)

    estate.cloud.before_read = take_time
    await estate.push(*(told(name, event=name) for name in names))
    contexts = [await make_context(estate.organization, "inventory.refresh_resources", {}) for _ in range(2)]
    await asyncio.gather(*(service.refresh_resources(context, estate.account_id) for context in contexts))
    assert sorted(target.native_id for target in estate.cloud.read) == sorted(estate.cloud.reads)
    assert len(await estate.listed()) == 32


async def test_a_burst_becomes_one_read_of_the_unit(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "BURST", 5)
    names = [f"b{number}" for number in range(8)]
    await estate.push(*(told(name, event=name) for name in names))
    await estate.refresh()
    assert estate.cloud.read == []
    assert await estate.rows("SELECT id FROM due_refreshes") == []
    estate.cloud.holds(complete(UNIT, [thing(name) for name in ("logs", "bills", *names)]))
    assert len(await run_jobs(estate.organization, "inventory.sync_units")) == 1
    assert len(await estate.listed()) == 10
    assert (await estate.history("b3"))[0]["actor"] == WHO


async def test_a_burst_leaves_types_that_no_unit_lists_to_be_read_one_by_one(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "BURST", 5)
    names = [f"b{number}" for number in range(8)]
    other = {"native_id": thing("point").native_id, "native_type": "AWS::S3::AccessPoint"}
    await estate.push(*(told(name, event=name) for name in names), told(event="point", targets=[other]))
    await estate.refresh()
    assert [target.native_id for target in estate.cloud.read] == [other["native_id"]]


async def test_events_of_accounts_that_are_not_read_are_left_out(estate: Estate) -> None:
    estate.cloud.children_sync_alone = False  # this cloud reads projects along
    estate.cloud.accounts = [
        DiscoveredAccount(native_account="p-live", name="Live", kind="project"),
        DiscoveredAccount(native_account="p-off", name="Off", kind="project", is_active=False),
    ]
    context = await make_context(estate.organization, "inventory.sync_account", {})
    await service.sync_account(context, estate.account_id)
    estate.cloud.reads = {thing(name).native_id: found(thing(name)) for name in ("live", "off")}
    await estate.push(told("live", event="1", account="p-live"), told("off", event="2", account="p-off"))
    await estate.refresh()
    assert [target.native_id for target in estate.cloud.read] == [thing("live").native_id]


async def test_events_are_forgotten_after_a_week(estate: Estate) -> None:
    await estate.push(told(event="old"))
    await estate.rows("UPDATE cloud_events SET received_at = now() - interval '8 days' RETURNING id")
    await estate.push(told(event="new"))
    async with tenant_session(estate.organization) as session:
        await service.forget_events(session, estate.organization)
    assert await estate.rows("SELECT event_id FROM cloud_events") == [{"event_id": "new"}]
