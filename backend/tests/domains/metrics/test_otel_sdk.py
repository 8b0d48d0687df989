"""The OpenTelemetry SDK's own exporter, packed or not, and our JSON sender, against the application over a socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from app.core.config import SERVICES, Settings
from app.core.database import Database
from app.core.ratelimit import LIMITS, Limit, RateLimiter
from app.main import create_app
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from tests.domains.metrics.conftest import Sender
from tests.domains.metrics.test_prometheus import Stored, of_name, one_of, stored
from tests.domains.metrics.test_whole_application import key as key
from tests.support.senders import DOCUMENTED_HOST, Intake, documented

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("real-senders")]
RESOURCE = Resource.create(
    {
        "service.namespace": "shop",
        "service.name": "checkout",
        "service.instance.id": "one",
        "cloud.provider": "aws",
        "host.id": "i-0123456789abcdef0",
    }
)


@pytest.fixture
async def intake(database: Database) -> AsyncIterator[Intake]:
    app = create_app(Settings(), SERVICES, database=database)
    app.state.rate_limiter = RateLimiter(None)
    async with Intake(app).serving() as made:
        yield made


def exporter_for(intake: Intake, key: str, **options: Any) -> OTLPMetricExporter:
    """At the documented address of the collector's exporter."""
    block = documented(has=lambda one: "exporters" in one)
    endpoint = block["exporters"]["otlphttp"]["metrics_endpoint"].replace(DOCUMENTED_HOST, intake.url)
    return OTLPMetricExporter(endpoint=endpoint, headers={"authorization": f"Bearer {key}"}, timeout=20, **options)


def provider_for(exporter: OTLPMetricExporter, **options: Any) -> MeterProvider:
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)  # the test flushes
    return MeterProvider([reader], resource=RESOURCE, **options)


async def sent(provider: MeterProvider) -> None:
    assert await asyncio.to_thread(provider.force_flush, 30_000)


async def ended(provider: MeterProvider) -> None:
    await asyncio.to_thread(provider.shutdown, 30_000)


def values(samples: Stored, name: str, **labels: str) -> list[float]:
    points = one_of(samples, name, **labels)
    return [points[at_ms] for at_ms in sorted(points)]


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.Deflate, Compression.NoCompression])
async def test_what_the_sdk_measured_is_stored(
    sender: Sender, intake: Intake, key: str, compression: Compression
) -> None:
    exporter = exporter_for(intake, key, compression=compression)
    provider = provider_for(exporter)
    meter = provider.get_meter("test")
    orders = meter.create_counter("orders", unit="1", description="Orders taken.")
    queue = meter.create_up_down_counter("queue.length")
    seconds = meter.create_histogram("request.duration", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1, 10])

    def load(_: CallbackOptions) -> list[Observation]:
        return [Observation(0.25, {"cpu": "0"}), Observation(0.75, {"cpu": "1"})]

    meter.create_observable_gauge("load.average", [load])
    for number in (3, 4):
        orders.add(number, {"kind": "täglich"})
        queue.add(-number)
        for value in (0.05, 0.5, 0.5, 5.0, 50.0):
            seconds.record(value)
        await sent(provider)
    await ended(provider)
    assert set(intake.statuses()) == {200}
    samples = await stored(sender)
    assert values(samples, "orders_total", kind="täglich")[:2] == [3.0, 7.0]
    assert values(samples, "queue_length")[:2] == [-3.0, -7.0]
    assert values(samples, "load_average", cpu="1")[0] == 0.75
    assert values(samples, "request_duration_count")[:2] == [5.0, 10.0]
    assert values(samples, "request_duration_sum")[:2] == [56.05, 112.1]
    assert values(samples, "request_duration_bucket", le="1")[:2] == [3.0, 6.0]
    assert values(samples, "request_duration_bucket", le="+Inf")[:2] == [5.0, 10.0]
    for labels in of_name(samples, "orders_total"):
        found = dict(labels)
        assert (found["job"], found["instance"]) == ("shop/checkout", "one")
        assert (found["cloud_provider"], found["host_id"]) == ("aws", "i-0123456789abcdef0")
    [told] = await sender.rows("SELECT type, help FROM metric_families WHERE name = 'orders_total'")
    assert told == {"type": "counter", "help": "Orders taken."}


async def test_increments_of_the_sdk_are_summed(sender: Sender, intake: Intake, key: str) -> None:
    delta = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
    provider = provider_for(exporter_for(intake, key, preferred_temporality=delta))
    meter = provider.get_meter("test")
    orders, seconds = meter.create_counter("orders"), meter.create_histogram("duration")
    for number in (3, 4, 5):
        orders.add(number)
        seconds.record(number)
        await sent(provider)
    await ended(provider)
    samples = await stored(sender)
    assert values(samples, "orders_total") == [3.0, 7.0, 12.0]
    assert values(samples, "duration_count") == [1.0, 2.0, 3.0]
    assert values(samples, "duration_sum") == [3.0, 7.0, 12.0]


async def test_exponential_histograms_of_the_sdk_have_quantiles(sender: Sender, intake: Intake, key: str) -> None:
    views = [View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation())]
    provider = provider_for(exporter_for(intake, key), views=views)
    seconds = provider.get_meter("test").create_histogram("latency")
    for number in range(1, 1_001):
        seconds.record(number)
    await sent(provider)
    await ended(provider)
    samples = await stored(sender)
    assert values(samples, "latency_count")[0] == 1_000.0
    assert values(samples, "latency_sum")[0] == 500_500.0
    for quantile, expected in (("0.5", 500.0), ("0.9", 900.0), ("0.99", 990.0)):
        assert values(samples, "latency", quantile=quantile)[0] == pytest.approx(expected, rel=0.05)


async def test_the_sdk_tries_again_after_429_and_nothing_is_lost_or_doubled(
    sender: Sender, intake: Intake, key: str
) -> None:
    intake.app.state.rate_limiter = RateLimiter(None, {**LIMITS, "metrics_intake": Limit(4, 4)})
    intake.lose = lambda number: number == 3  # the answer of the fourth request is lost: it is sent once more
    provider = provider_for(exporter_for(intake, key))
    orders = provider.get_meter("test").create_counter("orders")
    for number in range(4):
        orders.add(1)
        if number == 2:
            intake.app.state.rate_limiter = RateLimiter(None)
        await sent(provider)
    await ended(provider)
    samples = await stored(sender)
    assert 429 in intake.statuses()
    assert values(samples, "orders_total")[:4] == [1.0, 2.0, 3.0, 4.0]


async def test_json_by_our_own_sender_is_the_same(sender: Sender, intake: Intake, key: str) -> None:
    point = {
        "asInt": "42",
        "timeUnixNano": str(sender.now_ms * 1_000_000),
        "attributes": [{"key": "kind", "value": {"stringValue": "täglich"}}],
    }
    metric = {
        "name": "orders",
        "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]},
        "unknownMember": {"ignored": True},
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "checkout"}}]}
    body = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{intake.url}/ingest/v1/metrics", json=body, headers={"Authorization": f"Bearer {key}"}
        )
    assert (answer.status_code, answer.json()) == (200, {})
    [(labels, points)] = of_name(await stored(sender), "orders_total").items()
    assert points == {sender.now_ms: 42.0}
    assert (dict(labels)["job"], dict(labels)["kind"]) == ("checkout", "täglich")
