"""Preview and backtest through the routes, and that the live evaluation then does what a backtest said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from app.core.http import Caller
from app.core.ids import new_id
from app.core.scope import Scope
from app.domains.alerts.service import backtest_jobs
from app.domains.alerts.service.rule_series import forget_series
from app.domains.metrics import service as metrics
from tests.support.jobs import run_jobs

from .conftest import Desk, SignedIn
from .test_rule_api import ABOVE, DRAFT, make
from .test_rule_evaluation import MINUTE, NOW, evaluate, send


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    """Nothing is remembered from the test before."""
    metrics.forget_books()
    forget_series()
    yield
    metrics.forget_books()
    forget_series()


async def preview(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/alerts/rules/preview", json={"rule": DRAFT | changes, "at": NOW.isoformat()})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def backtest(client: httpx.AsyncClient, minutes: int, **body: Any) -> dict[str, Any]:
    span = {"from": NOW.isoformat(), "to": (NOW + minutes * MINUTE).isoformat()}
    answer = await client.post("/alerts/rules/backtest", json=span | body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    assert (made["state"], made["error"]) == ("done", None)
    result: dict[str, Any] = made["result"]
    return result


async def test_a_preview_shows_values_and_what_would_begin(desk: Desk, client: httpx.AsyncClient) -> None:
    for host, level in (("a", 95), ("b", 20), ("c", 99)):
        await send(desk, host, {NOW: level})
    told = await preview(client, for_seconds=60)
    assert (told["series"], told["label_sets"], told["pending"], told["firing"]) == (3, 3, 2, 0)
    assert [(one["labels"]["host"], one["value"], one["state"]) for one in told["rows"]] == [
        ("a", 95.0, "pending"), ("c", 99.0, "pending"), ("b", 20.0, "inactive"),
    ]  # fmt: skip
    assert told["rows"][0]["annotations"] == {"summary": "a is at 95"}
    assert told["readings"] == [{"selector": "cpu", "series": 3}]
    assert (await preview(client))["firing"] == 2
    assert await desk.rows("SELECT 1 FROM alert_rule_states") == []


async def test_a_preview_tells_why_there_is_none(desk: Desk, client: httpx.AsyncClient) -> None:
    told = await preview(client, condition={"kind": "promql", "query": "up == 0"})
    assert "server" in told["error"]
    bad = await client.post("/alerts/rules/preview", json={"rule": DRAFT | {"annotations": {"a": "{{ x }}"}}})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "#/rule/annotations/a")


async def test_a_scoped_caller_tries_only_what_they_see(
    desk: Desk, client: httpx.AsyncClient, signed_in: SignedIn, operator: Caller
) -> None:
    await send(desk, "a", {NOW: 95})
    async with signed_in(replace(operator, scope=Scope(accounts=frozenset({new_id()})))) as part:
        assert (await preview(part))["series"] == 0
        assert (await backtest(part, 1, rule=DRAFT))["episodes"] == []
    assert (await backtest(client, 1, rule=DRAFT))["episodes_total"] == 1


async def test_a_backtest_tells_episodes_near_misses_and_notifications(desk: Desk, client: httpx.AsyncClient) -> None:
    levels = [20, 95, 20, 95, 95, 95, 95, 20, 20, 20]
    await send(desk, "a", {NOW + (2 + step) * MINUTE: level for step, level in enumerate(levels)})
    told = await backtest(client, 12, rule=DRAFT | {"for_seconds": 120})
    (episode,), (near,) = told["episodes"], told["near_misses"]
    assert [_minute(episode[name]) for name in ("active_at", "fired_at", "ended_at")] == [5, 7, 9]
    assert (_minute(near["active_at"]), near["fired_at"]) == (3, None)
    assert (told["steps"], told["series"], told["interval_seconds"]) == (13, 1, 60)
    assert (_minute(told["history_from"]), told["history_is_short"]) == (2, True)
    assert [(one["firing"], one["resolved"]) for one in told["notifications"]] == [(1, 0)]
    assert told["notifications"][0]["group"] == {"alertname": "HighCpu"}
    quick = {"wait_seconds": 0, "interval_seconds": 60}
    told = await backtest(client, 12, rule=DRAFT | {"for_seconds": 120}, grouping=quick)
    assert [(one["firing"], one["resolved"]) for one in told["notifications"]] == [(1, 0), (0, 1)]
    assert told["difference"] is None


async def test_a_change_is_told_beside_the_rule_in_force(desk: Desk, client: httpx.AsyncClient) -> None:
    stored = await make(client)
    await send(desk, "a", {NOW + step * MINUTE: level for step, level in enumerate([95, 95, 20, 93, 20])})
    await send(desk, "b", {NOW + step * MINUTE: level for step, level in enumerate([85, 20, 20, 20, 20])})
    lower = DRAFT | {"condition": ABOVE | {"enter": {"operator": ">", "threshold": 80}}, "for_seconds": 0}
    told = (await backtest(client, 4, rule=lower, rule_id=stored["id"]))["difference"]
    assert ([one["labels"]["host"] for one in told["added"]], told["removed"], told["kept"]) == (["b"], [], 2)
    assert (told["episodes_in_force"], told["notifications_in_force"]) == (2, 1)
    alone = await backtest(client, 4, rule_id=stored["id"])
    assert (alone["episodes_total"], alone["difference"]) == (2, None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "rule": DRAFT}, "#/from"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z", "rule": DRAFT}, "#/from"),
        ({"from": "2026-01-01T00:00:00Z"}, "#"),
    ],
)
async def test_a_backtest_of_too_much_or_nothing_is_refused(
    desk: Desk, client: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await client.post("/alerts/rules/backtest", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_rule_of_another_organization_is_not_tried(
    desk: Desk, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    stored = await make(client)
    body = {"from": NOW.isoformat(), "to": (NOW + MINUTE).isoformat(), "rule_id": stored["id"]}
    assert (await stranger.post("/alerts/rules/backtest", json=body)).status_code == 404
    answer = await stranger.post("/alerts/rules/unit-tests", json={"tests": "tests: [{}]", "rule_ids": [stored["id"]]})
    assert answer.status_code == 404


async def test_a_long_backtest_is_a_jobs_and_comes_to_the_same(
    desk: Desk, client: httpx.AsyncClient, stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await make(client)
    await send(desk, "a", {NOW + step * MINUTE: level for step, level in enumerate([20, 95, 95, 20, 95])})
    span = {"from": NOW.isoformat(), "to": (NOW + 4 * MINUTE).isoformat()}
    body = span | {"rule": DRAFT | {"for_seconds": 60}, "rule_id": stored["id"]}
    at_once = (await client.post("/alerts/rules/backtest", json=body)).json()["result"]
    monkeypatch.setattr(backtest_jobs, "CELLS_AT_ONCE", 1)
    queued = await client.post("/alerts/rules/backtest", json=body)
    path = f"/alerts/rules/backtests/{queued.json()['id']}"
    assert (queued.status_code, queued.json()["state"], queued.json()["result"]) == (202, "running", None)
    assert (await client.get(path)).json() == queued.json()
    (context,) = await run_jobs(desk.organization_id, "alerts.backtest")
    done = (await client.get(path)).json()
    assert (done["state"], done["result"]) == ("done", at_once)
    (job,) = await desk.rows("SELECT id, progress_done, progress_total FROM jobs WHERE kind = 'alerts.backtest'")
    assert job == {"id": context.job_id, "progress_done": 10, "progress_total": 10}
    assert (await stranger.get(path)).status_code == 404


async def test_a_backtest_whose_rule_is_gone_says_so(
    desk: Desk, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await make(client)
    await send(desk, "a", {NOW: 95})
    monkeypatch.setattr(backtest_jobs, "CELLS_AT_ONCE", 1)
    body = {"from": NOW.isoformat(), "to": (NOW + 4 * MINUTE).isoformat(), "rule_id": stored["id"]}
    path = f"/alerts/rules/backtests/{(await client.post('/alerts/rules/backtest', json=body)).json()['id']}"
    await client.delete(f"/alerts/rules/{stored['id']}")
    await run_jobs(desk.organization_id, "alerts.backtest")
    assert (await client.get(path)).json()["state"] == "failed"


LEVELS: dict[str, list[int | None]] = {
    "a": [20, 95, 95, 85, 85, 70, 95, 20, None, None, 95, 95, 95, 95, 20, 20, 20, 20],
    "b": [95, 95, 95, None, None, None, 85, 85, 20, 20, 20, 95, 20, 95, 95, 95, 85, 85],
    "c": [20, 20, 20, 20, 20, 20, 20, 20, 20, 95, 95, 95, None, None, None, None, None, None],
}
HYSTERESIS = ABOVE | {"reading": {"selector": "cpu", "window_seconds": 60}, "leave": {"operator": "<", "threshold": 80}}


@pytest.mark.parametrize("no_data", ["resolve", "keep_last", "fire"])
@pytest.mark.parametrize("times", [{}, {"for_seconds": 120}, {"for_seconds": 60, "keep_firing_seconds": 120}])
async def test_the_live_evaluation_does_what_the_backtest_said(
    desk: Desk, client: httpx.AsyncClient, no_data: str, times: dict[str, int]
) -> None:
    draft = DRAFT | times | {"no_data": no_data, "condition": HYSTERESIS, "annotations": {}}
    for host, levels in LEVELS.items():
        points = {NOW + step * MINUTE: float(level) for step, level in enumerate(levels) if level is not None}
        await send(desk, host, points)
    last = len(LEVELS["a"]) - 1
    told = await backtest(client, last, rule=draft)
    await make(client, **draft)
    for step in range(last + 1):
        await evaluate(desk, NOW + step * MINUTE)
        await desk.rows(
            "UPDATE alerts SET ended_at = :at WHERE ended_at IS NOT NULL AND ended_at NOT IN"
            " (SELECT (:start)::timestamptz + interval '1 minute' * n FROM generate_series(0, 99) n) RETURNING id",
            at=NOW + step * MINUTE,
            start=NOW,
        )
    lived = await desk.rows("SELECT labels, started_at, ended_at FROM alerts")
    assert sorted(
        (one["labels"]["host"], _minute(one["started_at"]), _minute(one["ended_at"])) for one in lived
    ) == sorted((one["labels"]["host"], _minute(one["fired_at"]), _minute(one["ended_at"])) for one in told["episodes"])
    assert len(told["episodes"]) >= 3


def _minute(at: str | datetime | None) -> int | None:
    if at is None:
        return None
    instant = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return round((instant - NOW).total_seconds()) // 60
