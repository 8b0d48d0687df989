"""The routes of questions, and OTLP, through an application."""

import gzip
import json
from typing import Any

import httpx
import pytest
from app.domains.metrics.api import routers
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from tests.domains.metrics.conftest import Sender, labels_of
from tests.support.clouds import make_caller, make_client, make_organization


async def get(sender: Sender, path: str, **params: Any) -> Any:
    answer = await sender.client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def filled(sender: Sender) -> Sender:
    """Three series of two metrics with a minute of samples."""
    at = sender.now_ms
    points = [(float(number), at - 60_000 + number * 15_000) for number in range(4)]
    await sender.write(
        (labels_of("http_requests_total", job="api", code="200"), points),
        (labels_of("http_requests_total", job="web", code="500"), points),
        (labels_of("temperature", room="north"), points),
    )
    return sender


async def test_series_are_found_by_selectors_and_paged(filled: Sender) -> None:
    for selector, names in [
        ("", 3), ("http_requests_total", 2), ('{job="api"}', 1), ('{job!="api"}', 2), ('{job=~"a.*|web"}', 2),
        ('{code!~"2.."}', 2), ('{job=""}', 1), ("nothing", 0), ('{__name__=~"temp.*"}', 1),
    ]:  # fmt: skip
        assert len((await get(filled, "/metrics/series", selector=selector))["items"]) == names, selector
    first = await get(filled, "/metrics/series", limit=2)
    rest = await get(filled, "/metrics/series", limit=2, cursor=first["next_cursor"])
    assert [item["name"] for item in [*first["items"], *rest["items"]]] == [
        "http_requests_total", "http_requests_total", "temperature",
    ]  # fmt: skip
    assert rest["next_cursor"] is None
    assert first["items"][0]["labels"] == {"code": "200", "job": "api"}


async def test_names_labels_and_values_are_listed(filled: Sender) -> None:
    names = await get(filled, "/metrics/names")
    assert [(item["name"], item["series"]) for item in names["items"]] == [
        ("http_requests_total", 2),
        ("temperature", 1),
    ]
    assert [item["name"] for item in (await get(filled, "/metrics/names", q="TEMP"))["items"]] == ["temperature"]
    assert [item["name"] for item in (await get(filled, "/metrics/labels"))["items"]] == ["code", "job", "room"]
    values = await get(filled, "/metrics/label-values", label="job", limit=1)
    assert values["items"] == [{"value": "api"}]
    values = await get(filled, "/metrics/label-values", label="job", limit=1, cursor=values["next_cursor"])
    assert values == {"items": [{"value": "web"}], "next_cursor": None, "total": None}


async def test_points_are_seen_at_once_and_gaps_are_null(filled: Sender) -> None:
    end = filled.now_ms // 15_000 * 15_000
    found = await get(
        filled, "/metrics/query", selector='http_requests_total{job="api"}', step=15, function="max",
        **{"from": _text(end - 90_000), "to": _text(end + 15_000)},
    )  # fmt: skip
    [series] = found["series"]
    assert [value for value in series["values"] if value is not None] == [0.0, 1.0, 2.0, 3.0]
    assert None in series["values"]
    assert (found["step_seconds"], found["truncated"]) == (15, False)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/metrics/series", {"selector": "{"}),
        ("/metrics/series", {"cursor": "WyJ4Il0"}),
        ("/metrics/names", {"cursor": "WzFd"}),
        ("/metrics/query", {"selector": "up", "function": "median"}),
        ("/metrics/query", {"selector": "up", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        ("/metrics/query", {"selector": "up", "from": "2020-01-01T00:00:00Z", "step": "1"}),
    ],
)
async def test_questions_that_cannot_be_answered_are_refused(filled: Sender, path: str, params: dict[str, str]) -> None:
    assert (await filled.client.get(path, params=params)).status_code == 422


async def test_another_organization_sees_nothing_and_its_resources_are_not_found(filled: Sender) -> None:
    stranger = make_caller(await make_organization(), {"metrics:read"})
    async with make_client(routers, stranger) as client:
        assert (await client.get("/metrics/series")).json()["items"] == []
        assert (await client.get("/metrics/names")).json()["items"] == []
        found = (await client.get("/metrics/query", params={"selector": "temperature"})).json()
        assert found["series"] == []
        answer = await client.get("/usage/resources/00000000-0000-4000-8000-000000000000/metrics")
        assert answer.status_code == 404


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/metrics/series"), ("GET", "/metrics/names"), ("GET", "/metrics/labels"),
    ("GET", "/metrics/query?selector=a"),
    ("GET", "/metrics/label-values?label=a"), ("GET", "/usage/resources/00000000-0000-4000-8000-000000000000/metrics"),
    ("POST", "/ingest/prometheus/write"), ("POST", "/ingest/v1/metrics"),
])  # fmt: skip
async def test_nobody_and_the_powerless_are_refused(sender: Sender, method: str, path: str) -> None:
    powerless = make_caller(sender.organization_id, {"inventory:read"})
    for caller, status in ((None, 401), (powerless, 403)):
        async with make_client(routers, caller) as client:
            answer = await client.request(method, path, content=b"" if method == "POST" else None)
            assert answer.status_code == status


def otlp(sender: Sender, value: float, *, delta: bool = False, start: int = 0) -> dict[str, Any]:
    """A gauge, or a sum of increments."""
    at = str(sender.now_ms * 1_000_000)
    point = {"asDouble": value, "timeUnixNano": at, "startTimeUnixNano": str(start)}
    kind = {"sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [point]}} if delta else {
        "gauge": {"dataPoints": [point]}
    }  # fmt: skip
    return {
        "resourceMetrics": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
                "scopeMetrics": [{"metrics": [{"name": "load", **kind}]}],
            }
        ]
    }


async def send_otlp(sender: Sender, body: dict[str, Any], *, packed: bool = False) -> httpx.Response:
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": "gzip"} if packed else {})
    return await sender.client.post(
        "/ingest/v1/metrics", content=gzip.compress(content) if packed else content, headers=headers
    )


async def test_otlp_is_stored_and_refusals_are_partial_successes(sender: Sender) -> None:
    answer = await send_otlp(sender, otlp(sender, 4.5), packed=True)
    assert (answer.status_code, answer.json()) == (200, {})
    assert await sender.stored() == {("load", sender.now_ms): 4.5}
    answer = await send_otlp(sender, otlp(sender, 5.5))
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "1"
    answer = await sender.client.post(
        "/ingest/v1/metrics", content=b"", headers={"Content-Type": "application/x-protobuf"}
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert not ExportMetricsServiceResponse.FromString(answer.content).HasField("partial_success")


async def test_increments_are_added_once(sender: Sender) -> None:
    start = (sender.now_ms - 10_000) * 1_000_000
    for _ in range(3):
        answer = await send_otlp(sender, otlp(sender, 2.0, delta=True, start=start))
        assert (answer.status_code, answer.json()) == (200, {})
    before, sender.now_ms = sender.now_ms, sender.now_ms + 10_000
    await send_otlp(sender, otlp(sender, 3.0, delta=True, start=before * 1_000_000))
    assert sorted((await sender.stored()).values()) == [2.0, 5.0]


async def test_bodies_that_cannot_be_read_are_told_in_their_own_encoding(sender: Sender) -> None:
    answer = await sender.client.post("/ingest/v1/metrics", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    answer = await sender.client.post("/ingest/v1/metrics", content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    answer = await sender.client.post(
        "/ingest/prometheus/write", content=b"\xff\xff\xff\xff\x7f",
        headers={"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
    )  # fmt: skip
    assert answer.status_code in (400, 413)
    assert answer.headers["X-Prometheus-Remote-Write-Samples-Written"] == "0"


def _text(ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
