"""When accounts and single units are read: schedules, slower and faster types, another try after a failure."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.domains.inventory import rules, service
from app.domains.inventory.service.syncing import start_unit_sync
from app.providers.base import CallError, ErrorKind, UnitResult, UnitState
from sqlalchemy import text
from tests.domains.inventory.conftest import Sync
from tests.support.clouds import EC2, S3, FakeProvider, bucket, complete, denied, instance
from tests.support.jobs import queued, run_jobs

Pass = Callable[[float], Awaitable[None]]


@pytest.fixture
def minutes_pass(organization: UUID) -> Pass:
    """Everything that was noted lies so many minutes further back; then the schedule looks."""

    async def move(minutes: float) -> None:
        async with tenant_session(organization) as session:
            by = {"by": timedelta(minutes=minutes)}
            await session.execute(
                text("UPDATE accounts SET last_attempt_at = last_attempt_at - CAST(:by AS interval)"), by
            )
            await session.execute(
                text(
                    "UPDATE sync_units SET last_attempt_at = last_attempt_at - CAST(:by AS interval),"
                    " retry_at = retry_at - CAST(:by AS interval)"
                ),
                by,
            )
        async with tenant_session(organization) as session:
            await service.enqueue_due_syncs(session, organization)

    return move


@pytest.fixture
async def synced(organization: UUID, provider: FakeProvider, account_id: UUID, sync: Sync) -> UUID:
    """Two units, read just now; nothing waits."""
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    async with tenant_session(organization) as session:
        await session.execute(text("UPDATE jobs SET state = 'succeeded' WHERE state = 'queued'"))
    provider.collected.clear()
    return account_id


async def test_an_account_is_read_at_its_own_interval(
    organization: UUID, client: httpx.AsyncClient, synced: UUID, minutes_pass: Pass
) -> None:
    path = f"/accounts/{synced}/schedule"
    assert (await client.get(path)).json() == {"interval_minutes": 360, "is_default": True, "type_groups": {}}
    await minutes_pass(359)
    assert await queued(organization, "inventory.sync_account") == []
    put = await client.put(path, json={"interval_minutes": 1_000})
    assert put.json() == {"interval_minutes": 1_000, "is_default": False, "type_groups": {}}
    await minutes_pass(640)
    assert await queued(organization, "inventory.sync_account") == []
    await minutes_pass(2)
    await minutes_pass(0)
    assert len(await queued(organization, "inventory.sync_account")) == 1


async def test_types_with_a_faster_schedule_are_read_alone(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, synced: UUID, minutes_pass: Pass
) -> None:
    body = {"type_groups": {"ec2": 15}}
    assert (await client.put(f"/accounts/{synced}/schedule", json=body)).json()["type_groups"] == {"ec2": 15}
    await minutes_pass(14)
    assert await queued(organization, "inventory.sync_units") == []
    await minutes_pass(2)
    assert await queued(organization, "inventory.sync_account") == []
    assert len(await run_jobs(organization, "inventory.sync_units")) == 1
    assert provider.collected == [EC2]
    await minutes_pass(1)
    assert await queued(organization, "inventory.sync_units") == []


async def test_types_with_a_slower_schedule_are_left_out_until_it_is_time(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, synced: UUID, minutes_pass: Pass
) -> None:
    await client.put(f"/accounts/{synced}/schedule", json={"interval_minutes": 60, "type_groups": {"s3": 600}})
    await minutes_pass(61)
    await run_jobs(organization, "inventory.sync_account")
    assert provider.collected == [EC2]
    listed = {item["name"]: item["stale"] for item in (await client.get("/usage/resources")).json()["items"]}
    assert listed == {"logs": False, "web-1": False}
    await client.post(f"/accounts/{synced}/sync")  # somebody asks: everything is read
    await run_jobs(organization, "inventory.sync_account")
    assert sorted(unit.service for unit in provider.collected) == ["ec2", "ec2", "s3"]


@pytest.mark.parametrize(
    "body",
    [
        {"interval_minutes": 4}, {"interval_minutes": 10_081}, {"interval_minutes": "x"}, {"type_groups": {"ec2": 1}},
        {"type_groups": {"": 10}}, {"type_groups": {f"g{n}": 10 for n in range(201)}}, {"more": 1},
    ],
)  # fmt: skip
async def test_a_schedule_out_of_bounds_is_invalid(
    client: httpx.AsyncClient, synced: UUID, body: dict[str, Any]
) -> None:
    assert (await client.put(f"/accounts/{synced}/schedule", json=body)).status_code == 422


def failed(kind: ErrorKind) -> UnitResult:
    error = CallError(kind=kind, call="ec2:DescribeInstances", message="no")
    return UnitResult(unit=EC2, state=UnitState.FAILED, errors=[error])


async def units(client: httpx.AsyncClient, account_id: UUID) -> dict[str, dict[str, Any]]:
    items = (await client.get(f"/accounts/{account_id}/units")).json()["items"]
    return {item["service"]: item for item in items}


async def test_a_unit_that_failed_is_read_again_alone_later_and_later(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, synced: UUID, sync: Sync, minutes_pass: Pass
) -> None:
    provider.holds(failed(ErrorKind.THROTTLED), complete(S3, [bucket("logs")]))
    await sync()
    provider.collected.clear()
    for minutes in rules.RETRY_MINUTES:
        retry_at = datetime.fromisoformat((await units(client, synced))["ec2"]["retry_at"])
        assert abs((retry_at - utc_now()).total_seconds() - minutes * 60) < 10
        await minutes_pass(minutes - 0.5)
        assert await queued(organization, "inventory.sync_units") == []
        await minutes_pass(1)
        assert len(await run_jobs(organization, "inventory.sync_units")) == 1
    assert provider.collected == [EC2] * len(rules.RETRY_MINUTES)
    assert (await units(client, synced))["ec2"]["retry_at"] is None  # the next whole sync takes it along
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    assert (await units(client, synced))["ec2"]["state"] == "complete"


async def test_a_missing_permission_is_not_tried_again_by_itself(
    client: httpx.AsyncClient, provider: FakeProvider, synced: UUID, sync: Sync
) -> None:
    provider.holds(denied(EC2), complete(S3, [bucket("logs")]))
    await sync()
    assert (await units(client, synced))["ec2"]["retry_at"] is None


async def test_one_unit_is_read_again_when_somebody_asks(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, synced: UUID, sync: Sync,
    stranger: httpx.AsyncClient,
) -> None:  # fmt: skip
    provider.holds(denied(EC2), complete(S3, [bucket("logs")]))
    await sync()
    provider.collected.clear()
    unit_id = (await units(client, synced))["ec2"]["id"]
    path = f"/accounts/{synced}/units/{unit_id}/retry"
    first = await client.post(path)
    assert (first.status_code, (await client.post(path)).json()) == (202, first.json())
    provider.holds(complete(EC2, [instance(1), instance(2)]), complete(S3, []))
    await run_jobs(organization, "inventory.sync_units")
    assert provider.collected == [EC2]
    items = (await client.get("/usage/resources")).json()["items"]
    assert {item["name"]: item["stale"] for item in items} == {"logs": False, "web-1": False, "web-2": False}
    account = (await client.get(f"/accounts/{synced}")).json()
    assert (account["status"], account["coverage"]["units"]["complete"]) == ("connected", 2)
    assert (await stranger.post(path)).status_code == 404
    assert (await client.post(f"/accounts/{synced}/units/{synced}/retry")).status_code == 404
    other = (await client.get(f"/accounts/{synced}/units")).json()["items"][0]["id"]
    assert (await client.post(f"/accounts/{other}/units/{unit_id}/retry")).status_code == 404


async def test_a_unit_of_an_account_without_credentials_cannot_be_read(
    client: httpx.AsyncClient, synced: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.core.config import get_settings

    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", "http://127.0.0.1:5999")
    get_settings.cache_clear()
    await client.patch(f"/accounts/{synced}", json={"endpoint_url": "http://127.0.0.1:5999"})
    unit_id = (await units(client, synced))["ec2"]["id"]
    answer = await client.post(f"/accounts/{synced}/units/{unit_id}/retry")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "account-not-ready")


async def test_units_that_fail_at_other_times_do_not_wait_for_each_other(
    organization: UUID, client: httpx.AsyncClient, synced: UUID
) -> None:
    ids = sorted([UUID(unit["id"]) for unit in (await units(client, synced)).values()] + [UUID(int=2**128 - 1)])
    async with tenant_session(organization) as session:  # two of three, with the same first, are another two
        for chosen in (ids[:2], [ids[0], ids[2]], ids[:2]):
            await start_unit_sync(session, organization, synced, chosen)
    assert len(await queued(organization, "inventory.sync_units")) == 2


async def test_a_removed_accounts_failed_units_do_not_keep_others_from_their_schedule(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, synced: UUID, sync: Sync, minutes_pass: Pass
) -> None:
    provider.holds(failed(ErrorKind.THROTTLED), complete(S3, [bucket("logs")]))
    await sync()
    assert (await client.delete(f"/accounts/{synced}")).status_code == 204
    await minutes_pass(60)  # nothing is raised, so what else was found to be due is queued
    assert await queued(organization, "inventory.sync_units") == []


def test_the_waits_grow() -> None:
    assert list(rules.RETRY_MINUTES) == sorted(rules.RETRY_MINUTES)
    assert datetime.now(UTC).tzinfo is UTC
