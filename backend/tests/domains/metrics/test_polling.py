"""Clouds are polled: what was measured is stored and joined, what failed is said, and nothing is read twice in vain."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.secrets import create_organization_key
from app.core.tasks import Job
from app.domains.accounts import service as accounts
from app.domains.metrics import service
from app.domains.metrics.api import routers
from app.domains.metrics.models import MetricSource
from app.domains.metrics.rules.polled import is_stale, metrics_per_hour, next_due, window_start
from app.domains.metrics.service import polling
from app.providers.base import (
    CallError,
    Connection,
    ErrorKind,
    MetricTarget,
    MetricWindow,
    PolledMetrics,
    PolledSeries,
)
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from tests.domains.metrics.conftest import Sender
from tests.support.clouds import FakeProvider, make_caller, make_client
from tests.support.inventory import make_account, make_resource, store

DENIED = CallError(kind=ErrorKind.ACCESS_DENIED, call="cloudwatch:GetMetricData", message="no", permission="p:Get")
BROKEN = CallError(kind=ErrorKind.UNREACHABLE, call="cloudwatch:GetMetricData", message="broke off")


class MeasuredProvider(FakeProvider):
    """A cloud whose instances have one metric: minute m of the day is m percent."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[MetricWindow] = []
        self.targets: list[MetricTarget] = []
        self.errors: list[CallError] = []
        self.silent = False

    def metric_types(self) -> frozenset[str]:
        return frozenset({"AWS::EC2::Instance"})

    def count_metrics(self, native_type: str, *, daily: bool) -> int:
        return 2 if daily else 7

    async def read_metrics(
        self, connection: Connection, targets: Sequence[MetricTarget], window: MetricWindow, *, budget_seconds: float
    ) -> PolledMetrics:
        self.windows.append(window)
        self.targets.extend(targets)
        series = [] if self.silent else [self.measure(target, window) for target in targets]
        return PolledMetrics(series=series, errors=self.errors, asked=7 * len(targets), call_count=1)

    def measure(self, target: MetricTarget, window: MetricWindow) -> PolledSeries:
        at = window.start.replace(second=0, microsecond=0)
        points = []
        while at < window.now - timedelta(minutes=2):
            points.append((int(at.timestamp()) * 1000, float(at.hour * 60 + at.minute)))
            at += timedelta(minutes=1)
        labels = {"instance_id": target.native_id.rpartition("/")[2], "region": target.region, "empty": ""}
        return PolledSeries(target=target.key, name="aws_ec2_cpu", labels=labels, unit="%", points=points)


@pytest.fixture
def cloud() -> Iterator[MeasuredProvider]:
    made = MeasuredProvider()
    accounts.register_provider("aws", made)
    yield made
    accounts.register_provider("aws", None)


@pytest.fixture(autouse=True)
def _opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts have a connection without credentials to open."""

    async def open_account(_session: Any, _organization: UUID, account_id: UUID) -> accounts.OpenedAccount:
        return accounts.OpenedAccount(
            account_id=account_id,
            connection_id=account_id,
            provider="aws",
            native_account_id="1",
            connection=Connection(connection_id=str(account_id), credentials={}),
        )

    monkeypatch.setattr("app.domains.metrics.service.polling.accounts.open_account", open_account)


async def make_source(sender: Sender, *, resources: int = 2, number: str = "1", **changes: Any) -> UUID:
    account = await make_account(sender.organization_id, number=number)
    await store(sender.organization_id, account, [make_resource(one) for one in range(1, resources + 1)])
    source_id = new_id()
    fields: dict[str, Any] = {"name": "main", "kind": "cloud", "settings": {}, "interval_seconds": 300}
    async with tenant_session(sender.organization_id) as session:
        row = fields | {"account_id": account} | changes
        session.add(MetricSource(organization_id=sender.organization_id, id=source_id, **row))
    return source_id


async def source_of(sender: Sender, source_id: UUID) -> dict[str, Any]:
    async with tenant_session(sender.organization_id) as session:
        return await service.read_source(session, sender.organization_id, source_id)


async def make_due(sender: Sender, source_id: UUID, **changes: Any) -> None:
    async with tenant_session(sender.organization_id) as session:
        await session.execute(update(MetricSource).where(MetricSource.id == source_id).values(due_at=None, **changes))


async def test_a_poll_stores_what_was_measured_and_joins_it_to_the_resource(
    sender: Sender, cloud: MeasuredProvider
) -> None:
    source_id = await make_source(sender)
    outcome = await service.poll_source(sender.organization_id, source_id)
    assert outcome is not None
    assert outcome.samples > 100
    stored = await sender.rows(
        "SELECT s.labels, r.native_id, s.link_state, s.source_id FROM metric_series s"
        " JOIN cloud_resources r ON r.id = s.resource_id ORDER BY r.native_id"
    )
    assert [row["native_id"].rpartition("/")[2] for row in stored] == ["i-000001", "i-000002"]
    assert [row["labels"]["instance_id"] for row in stored] == ["i-000001", "i-000002"]
    assert all("empty" not in row["labels"] and row["source_id"] == source_id for row in stored)
    values = await sender.stored()
    assert len(values) > 50
    assert all(value == at_ms // 60_000 % 1_440 for (_, at_ms), value in values.items())
    source = await source_of(sender, source_id)
    assert (source["last_error"], source["is_stale"], source["metrics_per_hour"]) == (None, False, 7 * 2 * 12)
    assert source["last_success_at"] is not None


async def test_late_data_is_read_again_and_stored_once(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender, resources=1)
    await service.poll_source(sender.organization_id, source_id)
    before = await sender.stored()
    await make_due(sender, source_id)
    await service.poll_source(sender.organization_id, source_id)
    assert cloud.windows[1].start < cloud.windows[0].now
    assert await sender.stored() == before
    rows = await sender.rows("SELECT sum(samples) AS samples FROM metric_blocks")
    assert rows[0]["samples"] == len(before)


async def test_a_poll_that_is_not_due_does_nothing(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender)
    assert await service.poll_source(sender.organization_id, source_id) is not None
    assert await service.poll_source(sender.organization_id, source_id) is None
    assert len(cloud.windows) == 1
    assert await service.poll_source(sender.organization_id, new_id()) is None


async def test_what_may_not_be_read_is_said_and_the_next_poll_goes_on(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender)
    cloud.errors = [DENIED]
    await service.poll_source(sender.organization_id, source_id)
    source = await source_of(sender, source_id)
    assert source["last_error"] == "cloudwatch:GetMetricData: no"
    assert source["missing_permissions"] == ["p:Get"]
    assert source["read_until"] == cloud.windows[0].now  # the half that came is a success
    assert source["last_success_at"] is not None


async def test_what_passes_by_itself_is_read_from_the_same_place_again(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender)
    cloud.errors, cloud.silent = [BROKEN], True
    await service.poll_source(sender.organization_id, source_id)
    source = await source_of(sender, source_id)
    assert (source["read_until"], source["last_success_at"]) == (None, None)
    await make_due(
        sender, source_id, read_until=utc_now() - timedelta(hours=3), created_at=utc_now() - timedelta(days=1)
    )
    assert (await source_of(sender, source_id))["is_stale"]
    cloud.errors, cloud.silent = [], False
    await service.poll_source(sender.organization_id, source_id)
    assert cloud.windows[1].start < utc_now() - timedelta(hours=3)
    assert (await source_of(sender, source_id))["last_error"] is None


async def test_the_metrics_of_a_day_are_asked_for_every_six_hours(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender)
    for daily_read_at in ({}, {}, {"daily_read_at": utc_now() - timedelta(hours=6)}):
        await make_due(sender, source_id, **daily_read_at)
        await service.poll_source(sender.organization_id, source_id)
    assert [window.with_daily for window in cloud.windows] == [True, False, True]


async def test_resources_are_read_page_by_page(
    sender: Sender, cloud: MeasuredProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "_PAGE", 3)
    source_id = await make_source(sender, resources=7)
    await service.poll_source(sender.organization_id, source_id)
    assert len(cloud.windows) == 3
    assert len({target.key for target in cloud.targets}) == 7


@pytest.mark.parametrize("settings", [{"types": ["AWS::S3::Bucket"]}, {"regions": ["us-east-1"]}])
async def test_only_what_the_settings_name_is_asked_for(
    sender: Sender, cloud: MeasuredProvider, settings: dict[str, Any]
) -> None:
    source_id = await make_source(sender, settings=settings)
    await service.poll_source(sender.organization_id, source_id)
    assert not cloud.targets


async def test_due_polls_are_queued_once(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender)
    await make_source(sender, number="2", kind="prometheus", url="https://example.com", account_id=None)
    for _ in range(2):
        async with tenant_session(sender.organization_id) as session:
            await service.enqueue_polls(session, sender.organization_id)
    async with tenant_session(sender.organization_id) as session:
        jobs = (await session.execute(select(Job.arguments).where(Job.kind == polling.POLL_TASK))).scalars().all()
    assert jobs == [{"source_id": str(source_id)}]


# -- routes


def client_of(sender: Sender, *permissions: str) -> Any:
    return make_client(routers, make_caller(sender.organization_id, set(permissions)))


async def post(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await client.post("/metrics/sources", json={"name": "one"} | body)


async def test_a_source_is_made_read_changed_tried_and_removed(sender: Sender, cloud: MeasuredProvider) -> None:
    account = await make_account(sender.organization_id)
    await store(sender.organization_id, account, [make_resource(1), make_resource(2)])
    async with client_of(sender, "metrics:read", "accounts:write") as client:
        made = await post(client, account_id=str(account))
        assert made.status_code == 201, made.text
        path = f"/metrics/sources/{made.json()['id']}"
        assert made.json()["interval_seconds"] == 300
        assert (await post(client, account_id=str(account))).status_code == 409
        tried = (await client.post(f"{path}/test")).json()
        assert tried == {
            "ok": True, "error": None, "missing_permissions": [], "resources": 2, "series": 2,
            "metrics_per_hour": 2 * 7 * 12 + 1,
        }  # fmt: skip
        assert not await sender.stored()
        changed = await client.patch(path, json={"interval_seconds": 600, "cloud": {"regions": ["eu-west-1"]}})
        assert (changed.json()["interval_seconds"], changed.json()["settings"]) == (600, {"regions": ["eu-west-1"]})
        await service.poll_source(sender.organization_id, UUID(made.json()["id"]))
        samples = (await client.get(f"{path}/samples")).json()["items"]
        assert {sample["labels"]["instance_id"] for sample in samples} == {"i-000001", "i-000002"}
        newest = {datetime.fromisoformat(sample["timestamp"]) for sample in samples}
        assert max(newest) == max(
            datetime.fromtimestamp(at_ms / 1000, tz=utc_now().tzinfo) for _, at_ms in await sender.stored()
        )
        assert [one["id"] for one in (await client.get("/metrics/sources")).json()["items"]] == [made.json()["id"]]
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_another_organization_sees_no_source(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender)
    caller = make_caller(new_id(), {"metrics:read", "accounts:write"})
    async with make_client(routers, caller) as client:
        path = f"/metrics/sources/{source_id}"
        answers = [
            await client.get(path),
            await client.patch(path, json={"enabled": False}),
            await client.delete(path),
            await client.post(f"{path}/test"),
            await client.get(f"{path}/samples"),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        assert (await client.get("/metrics/sources")).json()["items"] == []


async def test_a_reader_may_not_change_sources(sender: Sender, cloud: MeasuredProvider) -> None:
    source_id = await make_source(sender)
    async with client_of(sender, "metrics:read") as client:
        assert (await post(client, account_id=str(new_id()))).status_code == 403
        assert (await client.delete(f"/metrics/sources/{source_id}")).status_code == 403
        assert (await client.post(f"/metrics/sources/{source_id}/test")).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"account_id": str(new_id()), "server": {"url": "https://example.com"}},
        {"server": {"url": "https://example.com"}, "cloud": {}},
        {"account_id": str(new_id()), "interval_seconds": 10},
        {"server": {"url": "http://169.254.169.254/latest"}},
        {"server": {"url": "https://127.0.0.1"}},
    ],
)
async def test_a_source_that_cannot_be_is_refused(
    sender: Sender, cloud: MeasuredProvider, body: dict[str, Any]
) -> None:
    async with client_of(sender, "metrics:read", "accounts:write") as client:
        assert (await post(client, **body)).status_code == 422


async def test_a_secret_is_sealed_and_does_not_follow_to_another_address(
    sender: Sender, cloud: MeasuredProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def allowed(url: str, _settings: Any) -> None:
        assert url

    monkeypatch.setattr("app.domains.metrics.service.sources.check_address", allowed)
    async with tenant_session(sender.organization_id) as session:
        keys = await sender.rows("SELECT id FROM organization_keys")
        if not keys:
            await create_organization_key(session, sender.organization_id)
    async with client_of(sender, "metrics:read", "accounts:write") as client:
        made = await post(client, server={"url": "https://one.example/", "secret": "very-secret-value"})
        assert made.status_code == 201, made.text
        assert (made.json()["has_secret"], made.json()["url"]) == (True, "https://one.example")
        assert "very-secret-value" not in made.text
        path = f"/metrics/sources/{made.json()['id']}"
        moved = await client.patch(path, json={"server": {"url": "https://two.example"}})
        assert moved.status_code == 422
        kept = await client.patch(path, json={"server": {"url": "https://one.example", "username": "me"}})
        assert (kept.json()["has_secret"], kept.json()["settings"]) == (True, {"username": "me"})
    [row] = await sender.rows("SELECT credentials FROM metric_sources")
    assert b"very-secret-value" not in bytes(row["credentials"])


# -- rules

NOW = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


@pytest.mark.parametrize(
    ("read_until", "hours"),
    [
        (None, 1.0),
        (NOW, 0.5),
        (NOW - timedelta(hours=2), 2.5),
        (NOW - timedelta(days=9), 6.0),
        (NOW + timedelta(1), 0.5),
    ],
)
def test_a_poll_begins_where_the_last_one_ended_with_an_overlap(read_until: datetime | None, hours: float) -> None:
    assert NOW - window_start(read_until, NOW) == timedelta(hours=hours)


@given(late_seconds=st.integers(0, 10**7), interval=st.integers(60, 86_400))
def test_the_next_poll_is_in_the_future_and_on_the_rhythm(late_seconds: int, interval: int) -> None:
    due_at = NOW - timedelta(seconds=late_seconds)
    following = next_due(due_at, interval, NOW)
    assert NOW < following <= NOW + timedelta(seconds=interval)
    assert (following - due_at) % timedelta(seconds=interval) == timedelta(0)


def test_a_source_is_stale_after_three_intervals() -> None:
    assert not is_stale(NOW - timedelta(seconds=900), NOW, 300, NOW)
    assert is_stale(NOW - timedelta(seconds=901), NOW, 300, NOW)
    assert is_stale(None, NOW - timedelta(hours=1), 300, NOW)


def test_the_metrics_of_an_hour_are_those_of_its_polls() -> None:
    assert metrics_per_hour(1_000, 0, 300) == 12_000
    assert metrics_per_hour(1_000, 600, 300) == 12_100
    assert metrics_per_hour(10, 10, 86_400) == 1
