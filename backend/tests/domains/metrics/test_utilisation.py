"""How much of a resource is used, from the names that the clouds' metrics are polled under."""

from datetime import UTC, datetime, timedelta

import pytest
from app.core.database import tenant_session
from app.domains.metrics import service
from app.domains.metrics.rules.selectors import parse_selector
from app.domains.metrics.rules.utilisation import FORMULAS
from app.domains.metrics.service.health import read_health
from app.providers.azure import metrics as azure
from app.providers.azure.metric_catalogue import CATALOGUE as AZURE
from app.providers.base import MetricTarget
from app.providers.gcp import metrics as gcp
from tests.domains.metrics.conftest import Sender, labels_of
from tests.domains.metrics.test_joining import ARN, estate, resource_id

AZURE_ID = "/subscriptions/s/resourceGroups/g/providers/{}/x"


def polled_names() -> set[str]:
    """What Azure's and Google's adapters call every metric of their catalogues."""
    names = set()
    for native_type, metrics in AZURE.items():
        target = _target(AZURE_ID.format(native_type), native_type)
        names |= {azure._series(target, metric, []).name for metric in metrics}
    for native_type, found in gcp._CATALOGUE.items():
        names |= {gcp._series(_target("//x/y", native_type), metric, {}).name for metric in found}
    return names


def _target(native_id: str, native_type: str) -> MetricTarget:
    return MetricTarget(key="k", native_id=native_id, native_type=native_type, name="x", account="a", region="r")


def is_meant(name: str, part: str) -> bool:
    import re2

    return all(
        bool(re2.fullmatch(one.value, name)) if one.operator == "=~" else one.value == name
        for one in parse_selector(part)
        if one.label == "__name__"
    )


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("azure_compute_virtualmachines_percentage_cpu_average", "cpu"),
        ("azure_sql_servers_databases_cpu_percent_average", "cpu"),
        ("azure_web_serverfarms_cpupercentage_average", "cpu"),
        ("azure_web_serverfarms_memorypercentage_average", "memory"),
        ("azure_containerservice_managedclusters_node_cpu_usage_percentage_average", "cpu"),
        ("azure_containerservice_managedclusters_node_memory_working_set_percentage_average", "memory"),
        ("azure_containerservice_managedclusters_node_disk_usage_percentage_average", "disk"),
        ("azure_cache_redis_serverload_maximum", "cpu"),
        ("azure_cache_redis_usedmemorypercentage_maximum", "memory"),
        ("azure_dbforpostgresql_flexibleservers_cpu_percent_average", "cpu"),
        ("azure_dbforpostgresql_flexibleservers_memory_percent_average", "memory"),
        ("azure_dbforpostgresql_flexibleservers_storage_percent_average", "disk"),
        ("gcp_compute_instance_cpu_utilization", "cpu"),
        ("gcp_cloudsql_database_memory_utilization", "memory"),
        ("gcp_cloudsql_database_disk_utilization", "disk"),
        ("gcp_kubernetes_io_node_cpu_allocatable_utilization", "cpu"),
    ],
)
def test_polled_names_are_those_that_the_measures_look_for(name: str, measure: str) -> None:
    assert name in polled_names()
    assert {formula.measure for formula in FORMULAS if is_meant(name, formula.part)} == {measure}


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (
            {
                "azure_dbforpostgresql_flexibleservers_cpu_percent_average": 40.0,
                "azure_dbforpostgresql_flexibleservers_memory_percent_average": 60.0,
                "azure_dbforpostgresql_flexibleservers_storage_percent_average": 80.0,
            },
            {"cpu": 0.4, "memory": 0.6, "disk": 0.8},
        ),
        (
            {
                "gcp_cloudsql_database_cpu_utilization": 0.3,
                "gcp_cloudsql_database_memory_utilization": 0.5,
                "gcp_cloudsql_database_disk_utilization": 0.7,
            },
            {"cpu": 0.3, "memory": 0.5, "disk": 0.7},
        ),
        ({"aws_ec2_cpuutilization_average": 25.0}, {"cpu": 0.25}),
    ],
    ids=["azure", "google", "aws"],
)
async def test_each_clouds_metrics_are_the_same_measures(
    sender: Sender, series: dict[str, float], expected: dict[str, float]
) -> None:
    await estate(sender)
    times = [sender.now_ms - number * 300_000 for number in reversed(range(12))]
    written = [
        (labels_of(name, cloud_resource_id=ARN), [(value, at) for at in times]) for name, value in series.items()
    ]
    assert (await sender.write(*written)).status_code == 204
    await service.link_series(sender.organization_id)
    resource = await resource_id(sender)
    async with tenant_session(sender.organization_id) as session:
        health = await read_health(session, sender.organization_id, resource, timedelta(hours=3))
    assert {one.formula.measure: pytest.approx(one.mean) for one in health.utilisation} == expected
    assert health.to_at > datetime.now(UTC) - timedelta(hours=1)
