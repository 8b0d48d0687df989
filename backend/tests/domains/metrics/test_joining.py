"""Series find their resources: by ids, names and addresses, when they come first and after a sync."""

from datetime import timedelta
from uuid import UUID

import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.keeping import set_kept_days
from app.core.tasks import Job
from app.domains.inventory.events import SyncFinished
from app.domains.metrics import service, tasks
from sqlalchemy import select
from tests.domains.metrics.conftest import Sender, labels_of
from tests.support.inventory import make_account, make_resource, store

ID = "i-0123456789abcdef0"
ARN = f"arn:aws:ec2:eu-west-1:1:instance/{ID}"


async def resource_id(sender: Sender, native_id: str = ARN) -> UUID:
    [row] = await sender.rows("SELECT id FROM cloud_resources WHERE native_id = :native_id", native_id=native_id)
    found: UUID = row["id"]
    return found


async def links(sender: Sender) -> dict[str, tuple[UUID | None, str]]:
    rows = await sender.rows("SELECT name, resource_id, link_state FROM metric_series")
    return {row["name"]: (row["resource_id"], row["link_state"]) for row in rows}


async def estate(sender: Sender) -> None:
    account = await make_account(sender.organization_id)
    machines = [
        make_resource(
            1,
            native_id=ARN,
            aliases=[ID],
            properties={"PrivateIpAddress": "10.0.0.1", "PrivateDnsName": "ip-10-0-0-1.ec2.internal"},
        ),
        make_resource(2, properties={"PrivateIpAddress": "10.0.0.9"}),
        make_resource(3, properties={"PrivateIpAddress": "10.0.0.9"}),
    ]
    await store(sender.organization_id, account, machines)


@pytest.mark.parametrize(
    "labels",
    [
        {"cloud_resource_id": ARN},
        {"host_id": ID, "cloud_provider": "aws", "cloud_region": "eu-west-1", "cloud_account_id": "1"},
        {"instance": "10.0.0.1:9100", "job": "node"},
        {"instance": "ip-10-0-0-1.ec2.internal:9100", "job": "node"},
    ],
    ids=["resource", "host", "address", "name"],
)
async def test_a_series_finds_its_resource(sender: Sender, labels: dict[str, str]) -> None:
    await estate(sender)
    await sender.write((labels_of("load", **labels), [(1.5, sender.now_ms)]))
    assert await service.link_series(sender.organization_id) == 1
    assert await links(sender) == {"load": (await resource_id(sender), "linked")}


async def test_an_address_of_two_machines_leads_to_none(sender: Sender) -> None:
    await estate(sender)
    await sender.write((labels_of("load", instance="10.0.0.9:9100"), [(1.5, sender.now_ms)]))
    assert await service.link_series(sender.organization_id) == 0
    assert await links(sender) == {"load": (None, "none")}


async def test_a_sync_lets_series_look_again_and_a_gone_resource_keeps_them(sender: Sender) -> None:
    await sender.write((labels_of("load", cloud_resource_id=ARN), [(1.5, sender.now_ms)]))
    assert await service.link_series(sender.organization_id) == 0
    await estate(sender)
    assert await service.link_series(sender.organization_id) == 0  # it does not wait any longer
    event = SyncFinished(organization_id=sender.organization_id, account_id=new_id(), job_id=new_id(), state="complete")
    async with tenant_session(sender.organization_id) as session:
        await tasks.look_for_resources(session, event)
        jobs = (await session.execute(select(Job.arguments).where(Job.kind == "metrics.link_series"))).scalars().all()
    assert {"again": True} in jobs
    assert await service.link_series(sender.organization_id, again=True) == 1
    await sender.rows("UPDATE cloud_resources SET closed_at = now() RETURNING id")
    assert await service.link_series(sender.organization_id, again=True) == 0
    assert await links(sender) == {"load": (await resource_id(sender), "linked")}


async def test_a_resource_shows_the_newest_value_of_each_metric_and_points(sender: Sender) -> None:
    await estate(sender)
    at = sender.now_ms
    await sender.write(
        (labels_of("load", cloud_resource_id=ARN, cpu="0"), [(1.5, at - 15_000), (2.5, at)]),
        (labels_of("load", cloud_resource_id=ARN, cpu="1"), [(9.0, at - 30_000)]),
        (labels_of("temperature", room="north"), [(3.0, at)]),
    )
    await service.link_series(sender.organization_id)
    await service.compact(sender.organization_id)
    resource = await resource_id(sender)
    answer = await sender.client.get(f"/usage/resources/{resource}/metrics", params={"name": "load", "function": "max"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert [(one["name"], one["value"]) for one in body["newest"]] == [("load", 2.5)]
    highest = sorted(max(value or 0 for value in one["values"]) for one in body["points"]["series"])
    assert highest == [2.5, 9.0]
    await sender.write((labels_of("load", cloud_resource_id=ARN, cpu="0"), [(4.5, at + 1_000)]))
    await service.compact(sender.organization_id)
    rows = await sender.rows("SELECT metric_name, value FROM resource_metrics")
    assert rows == [{"metric_name": "load", "value": 4.5}]


async def test_what_is_older_than_the_organization_keeps_is_removed(sender: Sender) -> None:
    day = 86_400_000
    now = sender.now_ms
    await sender.write((labels_of("old"), [(1.0, now - 5 * day)]), (labels_of("new"), [(1.0, now)]))
    await service.compact(sender.organization_id)
    await service.roll_up(sender.organization_id)
    assert len(await sender.stored()) == 2
    async with tenant_session(sender.organization_id) as session:
        await set_kept_days(session, sender.organization_id, {"metrics": 2})
    assert await service.clean(sender.organization_id) > 0
    assert {name for name, _ in await sender.stored()} == {"new"}
    assert (await sender.rows("SELECT count(*) AS left FROM metric_rollups WHERE step_seconds = 60"))[0]["left"] == 0


async def test_partitions_of_weeks_that_nobody_keeps_are_dropped_and_the_next_are_made(sender: Sender) -> None:
    await sender.write((labels_of("new"), [(1.0, sender.now_ms)]))
    await service.compact(sender.organization_id)
    async with tenant_session(sender.organization_id) as session:
        await service.keep_partitions(session)
    rows = await sender.rows(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS safe FROM pg_class"
        " WHERE relkind = 'r' AND relname LIKE 'metric_samples_p%'"
    )
    assert rows
    assert all(row["safe"] for row in rows)
    oldest = (utc_now() - timedelta(days=22)).strftime("metric_samples_p%Y%m%d")
    assert all(row["relname"] >= oldest for row in rows)
    assert max(row["relname"] for row in rows) > utc_now().strftime("metric_samples_p%Y%m%d")
    assert len(await sender.stored()) == 1
