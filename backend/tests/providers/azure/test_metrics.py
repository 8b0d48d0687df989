"""Metrics of the simulated Azure Monitor: its curves, its batches, its refusals, and the way without a batch."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from app.providers.azure import AzureProvider
from app.providers.azure import metrics as polled
from app.providers.azure.catalogue import GROUPS
from app.providers.azure.clouds import CLOUDS, cloud_of
from app.providers.azure.metric_catalogue import CATALOGUE
from app.providers.base import Connection, ErrorKind, MetricReader, MetricTarget, MetricWindow, PolledMetrics
from tests.providers.azure.conftest import connection_to

from simulators.azure import AzureSimulator
from simulators.azure.estate import Grant
from simulators.azure.metrics import level

NOW = datetime(2026, 11, 20, 12, 3, 20, tzinfo=UTC)
VM = "Microsoft.Compute/virtualMachines"


def targets_of(cloud: AzureSimulator, native_type: str) -> list[MetricTarget]:
    return [
        MetricTarget(
            key=str(body["id"]),
            native_id=str(body["id"]),
            native_type=native_type,
            name=str(body["name"]),
            account=cloud.estate.tenant_id,
            region=str(body.get("location", "global")),
        )
        for body in cloud.estate.arm_bodies()
        if str(body["type"]).lower() == native_type.lower()
    ]


async def read(
    provider: AzureProvider, cloud: AzureSimulator, targets: Sequence[MetricTarget], *, with_daily: bool = False
) -> PolledMetrics:
    window = MetricWindow(start=NOW - timedelta(hours=1), now=NOW, with_daily=with_daily)
    return await provider.read_metrics(connection_to(cloud), targets, window, budget_seconds=30)


def batches_of(cloud: AzureSimulator) -> list[list[str]]:
    calls = [call for call in cloud.calls if call.path.endswith("metrics:getBatch") and call.status == 200]
    return [orjson.loads(call.body)["resourceids"] for call in calls]


def test_the_adapter_reads_metrics_of_types_that_it_collects(provider: AzureProvider) -> None:
    assert isinstance(provider, MetricReader)
    collected = {one.native_type.lower() for group in GROUPS.values() for one in group.types}
    assert {one.lower() for one in provider.metric_types()} <= collected
    assert len(provider.metric_types()) >= 12
    for native_type, metrics in CATALOGUE.items():
        names = [metric.name for metric in metrics]
        assert len(set(names)) == len(names) <= 20, native_type
        assert {metric.aggregation for metric in metrics} <= {"average", "total", "maximum", "minimum", "count"}
        daily = provider.count_metrics(native_type, daily=True)
        assert provider.count_metrics(native_type, daily=False) + daily == len(names)


@pytest.mark.parametrize("native_type", sorted(CATALOGUE))
async def test_points_are_those_of_the_curve_and_only_settled_ones(
    provider: AzureProvider, steady: AzureSimulator, native_type: str
) -> None:
    targets = targets_of(steady, native_type)[:5]
    if not targets:
        pytest.skip("the simulated company has none")
    found = await read(provider, steady, targets)
    assert not found.errors
    assert found.asked == len(targets) * provider.count_metrics(native_type, daily=False)
    assert len(found.series) == found.asked
    metrics = {
        polled._series(target, metric, []).name: metric for target in targets for metric in CATALOGUE[native_type]
    }
    for one in found.series:
        metric = metrics[one.name]
        for at_ms, value in one.points:
            assert value == level(one.target, metric.name, metric.aggregation, at_ms / 1000)
        times = [at_ms // 1000 for at_ms, _ in one.points]
        assert len(times) == 10  # of eleven settled periods one is without a measurement
        assert times == sorted(set(times))
        assert max(times) + 300 <= (NOW - polled.SETTLE).timestamp()
        assert one.labels["region"] == next(target.region for target in targets if target.key == one.target)


async def test_a_batch_is_of_one_type_region_and_subscription_and_of_fifty_at_most(
    provider: AzureProvider, cloud: AzureSimulator
) -> None:
    cloud.estate.grow_to(6_000)
    targets = [*targets_of(cloud, VM), *targets_of(cloud, "Microsoft.Storage/storageAccounts")]
    found = await read(provider, cloud, targets)
    assert not found.errors
    batches = batches_of(cloud)
    assert sorted(one for batch in batches for one in batch) == sorted(target.native_id for target in targets)
    assert max(map(len, batches)) == polled.BATCH
    alike = Counter((t.native_type, t.region, t.native_id.split("/")[2]) for t in targets)
    assert len(batches) == sum(-(-count // polled.BATCH) for count in alike.values())


async def test_a_region_without_the_service_is_read_resource_by_resource(
    provider: AzureProvider, cloud: AzureSimulator
) -> None:
    targets = targets_of(cloud, VM)[:4]
    by_batch = await read(provider, cloud, targets)
    cloud.metrics.without_batch |= {target.region for target in targets}
    one_by_one = await read(provider, cloud, targets)
    assert not one_by_one.errors
    assert sorted(map(repr, one_by_one.series)) == sorted(map(repr, by_batch.series))


async def test_metrics_of_a_day_are_asked_for_when_they_are_wanted(
    provider: AzureProvider, steady: AzureSimulator
) -> None:
    targets = targets_of(steady, "Microsoft.Storage/storageAccounts")[:2]
    name = "azure_storage_storageaccounts_usedcapacity_average"
    assert name not in {one.name for one in (await read(provider, steady, targets)).series}
    found = [one for one in (await read(provider, steady, targets, with_daily=True)).series if one.name == name]
    assert len(found) == 2
    assert {at_ms % 3_600_000 for one in found for at_ms, _ in one.points} == {0}
    assert min(len(one.points) for one in found) >= 24


async def test_what_may_not_be_read_is_said_by_its_permission(provider: AzureProvider, cloud: AzureSimulator) -> None:
    targets = targets_of(cloud, VM)[:2]
    cloud.estate.grants = [Grant(not_actions=("Microsoft.Insights/metrics/read",))]
    found = await read(provider, cloud, targets)
    assert not found.series
    assert {(error.kind, error.permission) for error in found.errors} == {
        (ErrorKind.ACCESS_DENIED, "Microsoft.Insights/metrics/read")
    }


async def test_a_metric_that_fails_is_named_and_the_others_are_there(
    provider: AzureProvider, cloud: AzureSimulator
) -> None:
    cloud.metrics.unknown.add("Available Memory Bytes")
    targets = targets_of(cloud, VM)[:3]
    found = await read(provider, cloud, targets)
    assert len(found.series) == 3 * (len(CATALOGUE[VM]) - 1)
    assert {error.message.partition(": ")[2] for error in found.errors} == {
        "Available Memory Bytes: InvalidSamplingType Not for this SKU."
    }


async def test_throttling_is_waited_for_and_a_broken_batch_leaves_the_others(
    provider: AzureProvider, cloud: AzureSimulator
) -> None:
    targets = [targets_of(cloud, VM)[0], targets_of(cloud, "Microsoft.Storage/storageAccounts")[0]]
    cloud.faults.plan("throttle", where="metrics:getBatch", seconds=1)
    assert not (await read(provider, cloud, targets)).errors
    cloud.faults.plan("malformed", where="virtualMachines", times=100)
    found = await read(provider, cloud, targets)
    assert {one.target for one in found.series} == {targets[1].key}
    assert [error.kind for error in found.errors] == [ErrorKind.INVALID_ANSWER]


def test_each_cloud_has_its_own_address_and_audience_for_metrics() -> None:
    assert {name: cloud.metrics.format(region="x") for name, cloud in CLOUDS.items()} == {
        "public": "https://x.metrics.monitor.azure.com",
        "china": "https://x.metrics.monitor.azure.cn",
        "government": "https://x.metrics.monitor.azure.us",
    }
    made = cloud_of(Connection(connection_id="c", credentials={}, scope={"cloud": "government"}))
    assert made.metrics_audience == "https://metrics.monitor.azure.us"


async def test_no_token_is_sent_to_a_host_that_a_region_would_make(
    provider: AzureProvider, cloud: AzureSimulator
) -> None:
    [target, *_] = targets_of(cloud, VM)
    odd = MetricTarget(
        key="x", native_id=target.native_id, native_type=VM, name="x", account=target.account, region="evil.example/"
    )
    found = await read(provider, cloud, [odd])
    assert not batches_of(cloud)
    assert found.series  # by Resource Manager
