"""Metrics of the simulated Cloud Monitoring: its curves, its pages, its refusals."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.providers.base import ErrorKind, MetricTarget, MetricWindow, PolledMetrics
from app.providers.gcp import GcpProvider
from app.providers.gcp import metrics as polled
from tests.providers.gcp.conftest import collect_one, connection_to

from simulators.gcp import GcpHandle
from simulators.gcp.curves import level

NOW = datetime(2026, 11, 20, 12, 3, 20, tzinfo=UTC)


async def machines(provider: GcpProvider, cloud: GcpHandle) -> list[MetricTarget]:
    found = await collect_one(provider, cloud, "compute")
    return [
        MetricTarget(
            key=one.native_id,
            native_id=one.native_id,
            native_type=one.native_type,
            name=one.name,
            account=one.account,
            region=one.region,
        )
        for one in found.resources
        if one.native_type == "compute.googleapis.com/Instance"
    ]


async def read(provider: GcpProvider, cloud: GcpHandle, targets: Sequence[MetricTarget]) -> PolledMetrics:
    window = MetricWindow(start=NOW - timedelta(hours=1), now=NOW)
    return await provider.read_metrics(connection_to(cloud), targets, window, budget_seconds=20)


async def test_points_are_those_of_the_curve_and_only_settled_ones(provider: GcpProvider, cloud: GcpHandle) -> None:
    targets = (await machines(provider, cloud))[:5]
    assert targets
    found = await read(provider, cloud, targets)
    assert not found.errors
    use = [one for one in found.series if one.name == "gcp_compute_instance_cpu_utilization"]
    assert {one.target for one in use} == {target.key for target in targets}
    for one in use:
        name = one.target.rpartition("/")[2]
        assert len(one.points) == 11
        assert list(one.points) == [(at_ms, level(name, at_ms / 1000)) for at_ms, _ in one.points]
        assert one.points[-1][0] / 1000 <= (NOW - polled.SETTLE).timestamp()


async def test_what_may_not_be_read_is_said_by_its_permission(provider: GcpProvider, cloud: GcpHandle) -> None:
    targets = (await machines(provider, cloud))[:1]
    cloud.api.denied_permissions.add("monitoring.timeSeries.list")
    found = await read(provider, cloud, targets)
    assert not found.series
    assert [(error.kind, error.permission) for error in found.errors] == [
        (ErrorKind.ACCESS_DENIED, "monitoring.timeSeries.list")
    ]
