"""Objectives and a resource's health from stored samples whose answers are known."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from app.domains.metrics import service
from app.domains.metrics.api import routers
from tests.domains.metrics.conftest import Sender, labels_of
from tests.domains.metrics.test_joining import ARN, estate, resource_id
from tests.support.clouds import make_caller, make_client

PATH = "/metrics/objectives"
MINUTE, DAY_MINUTES = 60_000, 1_440
RATIO = {"kind": "ratio", "good": 'requests_total{code="200"}', "total": "requests_total"}
THRESHOLD = {"kind": "threshold", "selector": "latency", "operator": "<=", "threshold": 2.0}


@pytest.fixture
async def editor(sender: Sender) -> AsyncIterator[httpx.AsyncClient]:
    """Who may write rules."""
    async with make_client(routers, make_caller(sender.organization_id, {"metrics:read", "rules:write"})) as client:
        yield client


def objective(indicator: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "requests", "indicator": indicator, "target_percent": 99.0, "window_days": 7, **changes}


async def create(editor: httpx.AsyncClient, indicator: dict[str, Any], **changes: Any) -> str:
    answer = await editor.post(PATH, json=objective(indicator, **changes))
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def standing(editor: httpx.AsyncClient, objective_id: str) -> Any:
    answer = await editor.get(f"{PATH}/{objective_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def send_week(sender: Sender) -> None:
    """100 requests a minute for a week, of which 10 fail in each minute of the last hour. Samples lie in mid-minute."""
    end = sender.now_ms - sender.now_ms % MINUTE
    minutes = 7 * DAY_MINUTES
    good, bad = [], []
    failed = 0
    for number in range(minutes):
        at = end - (minutes - number) * MINUTE + MINUTE // 2
        failed += 10 if number >= minutes - 60 else 0
        good.append((100.0 * number - failed, at))
        bad.append((float(failed), at))
    answer = await sender.write(
        (labels_of("requests_total", code="200"), good), (labels_of("requests_total", code="500"), bad)
    )
    assert answer.status_code == 204, answer.text


@pytest.mark.parametrize("state", ["blocks", "rolled"])
async def test_a_ratio_stands_as_its_counters_grew(sender: Sender, editor: httpx.AsyncClient, state: str) -> None:
    await send_week(sender)
    if state == "rolled":
        await service.compact(sender.organization_id)
        await service.roll_up(sender.organization_id)
    found = await standing(editor, await create(editor, RATIO))
    # 600 of 1,008,000 failed; one in a hundred may.
    assert found["total"] == pytest.approx(1_008_000, rel=0.01)
    assert found["good_percent"] == pytest.approx(100 * (1 - 600 / 1_008_000), abs=0.001)
    assert found["budget_left_percent"] == pytest.approx(100 * (1 - 600 / 10_080), abs=0.1)
    burns = {burn["long_seconds"] // 3_600: burn for burn in found["burns"]}
    expected = {1: (10.0, 10.0), 6: (600 / 360, 10.0), 24: (600 / 1_440, 5.0), 72: (600 / 4_320, 600 / 360)}
    for hours, rates in expected.items():
        told = burns[hours]["long_rate"], burns[hours]["short_rate"]
        assert told == pytest.approx(rates, rel=0.05), hours
    assert [burns[hours]["is_burning"] for hours in (1, 6, 24, 72)] == [True, True, False, False]
    assert [burns[hours]["factor"] for hours in (1, 6, 24, 72)] == pytest.approx([3.36, 1.4, 0.7, 7 / 30])


async def test_a_threshold_counts_slices_of_time(sender: Sender, editor: httpx.AsyncClient) -> None:
    end = sender.now_ms - sender.now_ms % MINUTE
    points = [
        (3.0 if number < 30 else 1.0, end - number * MINUTE - MINUTE // 2) for number in reversed(range(DAY_MINUTES))
    ]
    await sender.write((labels_of("latency"), points))
    found = await standing(editor, await create(editor, THRESHOLD, window_days=1))
    assert found["good_percent"] == pytest.approx(100 * (1 - 30 / DAY_MINUTES), abs=0.4)
    shorter = found["burns"][0]
    assert (shorter["long_rate"], shorter["short_rate"]) == pytest.approx((50.0, 100.0), rel=0.05)


async def test_objectives_are_listed_changed_and_removed(sender: Sender, editor: httpx.AsyncClient) -> None:
    first = await create(editor, RATIO, service="shop")
    await create(editor, THRESHOLD, name="latency")
    assert (await editor.post(PATH, json=objective(RATIO))).status_code == 409
    names = [item["name"] for item in (await editor.get(PATH)).json()["items"]]
    assert names == ["latency", "requests"]
    page = (await editor.get(PATH, params={"limit": 1})).json()
    rest = (await editor.get(PATH, params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [page["items"][0]["name"], rest["items"][0]["name"]] == names
    assert len((await editor.get(PATH, params={"service": "shop"})).json()["items"]) == 1
    answer = await editor.put(f"{PATH}/{first}", json=objective(THRESHOLD, target_percent=95.0))
    assert (answer.status_code, answer.json()["target_percent"]) == (200, 95.0)
    found = await standing(editor, first)
    assert (found["good_percent"], found["budget_left_percent"], found["total"]) == (None, None, 0.0)
    assert (await editor.delete(f"{PATH}/{first}")).status_code == 204
    assert (await editor.get(f"{PATH}/{first}")).status_code == 404
    assert (await sender.client.post(PATH, json=objective(RATIO))).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"target_percent": 100.0}, {"target_percent": 0.0}, {"window_days": 91}, {"name": " "},
        {"indicator": RATIO | {"good": "{"}}, {"indicator": THRESHOLD | {"operator": "=="}},
        {"indicator": {"kind": "other"}},
    ],
)  # fmt: skip
async def test_objectives_that_mean_nothing_are_refused(editor: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    assert (await editor.post(PATH, json=objective(RATIO) | changes)).status_code == 422


async def test_a_resources_health_is_availability_utilisation_and_its_objectives(
    sender: Sender, editor: httpx.AsyncClient
) -> None:
    await estate(sender)
    end = sender.now_ms - sender.now_ms % MINUTE
    times = [end - number * MINUTE - MINUTE // 2 for number in reversed(range(120))]
    own = {"cloud_resource_id": ARN}
    await sender.write(
        (labels_of("up", **own), [(0.0 if at > end - 30 * MINUTE else 1.0, at) for at in times]),
        (labels_of("node_cpu_seconds_total", mode="idle", cpu="0", **own), [(0.75 * at / 1_000, at) for at in times]),
        (labels_of("node_memory_MemAvailable_bytes", **own), [(25.0, at) for at in times]),
        (labels_of("node_memory_MemTotal_bytes", **own), [(100.0, at) for at in times]),
        (labels_of("node_memory_MemTotal_bytes", job="other"), [(900.0, at) for at in times]),
        (labels_of("latency", **own), [(1.0, at) for at in times]),
    )
    await service.link_series(sender.organization_id)
    resource = str(await resource_id(sender))
    await create(editor, THRESHOLD, resource_id=resource, window_days=1)
    await create(editor, THRESHOLD, name="another")
    answer = await editor.get(f"/usage/resources/{resource}/health", params={"hours": 3})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["available_percent"] == pytest.approx(75.0, abs=3)
    used = {one["measure"]: one["mean_percent"] for one in body["utilisation"]}
    assert used.keys() == {"cpu", "memory"}
    assert used["memory"] == pytest.approx(75.0)
    assert used["cpu"] == pytest.approx(25.0, abs=4)  # cells at the ends are not full
    assert [one["objective"]["name"] for one in body["objectives"]] == ["requests"]
    assert body["objectives"][0]["good_percent"] == 100.0
    unknown = "/usage/resources/00000000-0000-4000-8000-000000000000/health"
    assert (await editor.get(unknown)).status_code == 404
