"""Rules over stored samples: what fires, what ends, and what repeats and failures leave alone."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.ids import new_id
from app.domains.alerts import service
from app.domains.alerts.models import AlertRule
from app.domains.alerts.rules.form import Condition
from app.domains.alerts.service.evaluating import Evaluation, timing_of, wording_of
from app.domains.alerts.service.rule_series import forget_series
from app.domains.metrics import service as metrics
from app.domains.metrics.rules.batch import Increments, SampleBatch, SeriesText
from pydantic import TypeAdapter
from sqlalchemy import select

from .conftest import Desk

NOW = utc_now().replace(second=0, microsecond=0)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    """Nothing is remembered from the test before."""
    metrics.forget_books()
    forget_series()
    yield
    metrics.forget_books()
    forget_series()


async def _weigh(samples: int) -> None: ...


async def send(desk: Desk, host: str, points: Mapping[datetime, float], name: str = "cpu") -> None:
    """Samples of a series."""
    labels = {"host": host}
    at = np.array([round(one.timestamp() * 1000) for one in points], np.int64)
    none = np.empty(0, np.int64)
    batch = SampleBatch(
        keys=[hashlib.blake2b(f"{name} {host}".encode(), digest_size=16).digest()],
        series=np.zeros(len(at), np.int32),
        at_ms=at,
        values=np.array(list(points.values()), np.float64),
        increments=Increments(np.empty(0, np.int32), none, none, np.empty(0, np.float64)),
        texts=lambda _: SeriesText(name, labels),
    )
    refused = await metrics.store_batch(desk.organization_id, batch, _weigh)
    assert not refused.rejections


async def make_rule(desk: Desk, condition: dict[str, Any] | None = None, **changes: Any) -> UUID:
    """A rule that fires above 90; `changes` replace any column."""
    rule_id = new_id()
    columns: dict[str, Any] = {
        "name": "HighCpu",
        "severity": "high",
        "labels": {"team": "web"},
        "annotations": {"summary": "{{ $labels.host }} is at {{ $value }}"},
        "threshold": 90.0,
    }
    above = {"kind": "threshold", "reading": {"selector": "cpu"}, "enter": {"operator": ">", "threshold": 90}}
    async with tenant_session(desk.organization_id) as session:
        session.add(
            AlertRule(
                organization_id=desk.organization_id, id=rule_id, condition=condition or above, **(columns | changes)
            )
        )
    return rule_id


async def evaluate(desk: Desk, at: datetime) -> Evaluation:
    """One evaluation in a transaction of its own."""
    async with tenant_session(desk.organization_id) as session:
        return await service.evaluate_rules(session, desk.organization_id, at)


async def _evaluate_and_die(desk: Desk) -> None:
    async with tenant_session(desk.organization_id) as session:
        assert (await service.evaluate_rules(session, desk.organization_id, NOW)).fired == 1
        raise ConnectionError


async def open_titles(desk: Desk) -> list[str]:
    """Titles of the alerts that have not ended."""
    rows = await desk.rows("SELECT title FROM alerts WHERE ended_at IS NULL ORDER BY title")
    return [row["title"] for row in rows]


async def test_a_rule_waits_fires_and_ends_with_its_series(desk: Desk) -> None:
    rule_id = await make_rule(desk, for_seconds=60)
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 96, NOW + 2 * MINUTE: 10})
    await send(desk, "b", {NOW: 20, NOW + MINUTE: 20, NOW + 2 * MINUTE: 20})
    assert await evaluate(desk, NOW) == Evaluation(rules=1)
    assert await open_titles(desk) == []
    assert (await evaluate(desk, NOW + MINUTE)).fired == 1
    assert await open_titles(desk) == ["a is at 96"]
    (alert,) = await desk.rows("SELECT labels, severity, source, started_at FROM alerts")
    assert alert["labels"] == {
        "alertname": "HighCpu", "host": "a", "severity": "high", "team": "web", "rule_id": str(rule_id)
    }  # fmt: skip
    assert (alert["source"], alert["started_at"]) == ("rule", NOW + MINUTE)
    assert (await evaluate(desk, NOW + 2 * MINUTE)).ended == 1
    assert await open_titles(desk) == []


async def test_a_minute_is_evaluated_once_however_often_it_is_repeated(desk: Desk) -> None:
    await make_rule(desk)
    await send(desk, "a", {NOW: 95})
    assert (await evaluate(desk, NOW)).fired == 1
    assert await evaluate(desk, NOW + timedelta(seconds=30)) == Evaluation()
    (alert,) = await desk.rows("SELECT count FROM alerts")
    assert alert["count"] == 1


async def test_an_evaluation_that_dies_leaves_nothing_and_its_repeat_does_all(desk: Desk) -> None:
    await make_rule(desk)
    await send(desk, "a", {NOW: 95})
    with pytest.raises(ConnectionError):
        await _evaluate_and_die(desk)
    assert await desk.rows("SELECT 1 FROM alert_rule_states") == []
    assert await open_titles(desk) == []
    assert (await evaluate(desk, NOW)).fired == 1


async def test_a_rule_that_fails_tells_so_and_changes_no_state_of_its_own_or_of_others(desk: Desk) -> None:
    rule_id = await make_rule(desk)
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 95})
    await evaluate(desk, NOW)
    before = await desk.rows("SELECT * FROM alert_rule_states")
    async with tenant_session(desk.organization_id) as session:
        rule = await session.get(AlertRule, (desk.organization_id, rule_id))
        assert rule is not None
        rule.condition, rule.version = {"kind": "promql", "query": "up == 0"}, 2
    other = await make_rule(desk, name="Other")
    done = await evaluate(desk, NOW + MINUTE)
    assert (done.failed, done.fired, done.ended) == (1, 1, 0)
    after = await desk.rows("SELECT * FROM alert_rule_states WHERE rule_id = :rule", rule=rule_id)
    assert after == before
    told = {row["id"]: row for row in await desk.rows("SELECT id, health, last_error FROM alert_rules")}
    assert "external server" in told[rule_id]["last_error"]
    assert (told[rule_id]["health"], told[other]["health"]) == ("err", "ok")


async def test_series_that_come_later_are_seen(desk: Desk) -> None:
    await make_rule(desk)
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 95})
    await evaluate(desk, NOW)
    await send(desk, "b", {NOW + MINUTE: 99})
    assert (await evaluate(desk, NOW + MINUTE)).fired == 1
    assert await open_titles(desk) == ["a is at 95", "b is at 99"]


async def test_a_sum_over_series_and_an_absence_fire_on_their_own_labels(desk: Desk) -> None:
    total = {
        "kind": "threshold",
        "reading": {"selector": "cpu", "aggregate": "sum"},
        "enter": {"operator": ">", "threshold": 100},
    }
    await make_rule(desk, total, name="Sum", annotations={"summary": "together {{ $value }}"})
    absence = {"kind": "absence", "selector": 'up{job="db"}'}
    await make_rule(desk, absence, name="Gone", annotations={"summary": "{{ $labels.job }} is gone"})
    await send(desk, "a", {NOW: 60})
    await send(desk, "b", {NOW: 70})
    await evaluate(desk, NOW)
    assert await open_titles(desk) == ["db is gone", "together 130"]


async def test_an_outage_neither_ends_what_fires_nor_counts_as_waiting(desk: Desk) -> None:
    await make_rule(desk, name="Now")
    await make_rule(desk, name="Later", for_seconds=1_800, annotations={})
    await send(desk, "a", {NOW: 95})
    await evaluate(desk, NOW)
    later = NOW + 20 * MINUTE
    await send(desk, "a", {later: 95})
    done = await evaluate(desk, later)
    assert (done.fired, done.ended) == (0, 0)
    (pending,) = await desk.rows("SELECT active_at FROM alert_rule_states WHERE state = 'pending'")
    assert pending["active_at"].astimezone(UTC) == later


async def test_rules_of_other_intervals_wait_for_their_minute(desk: Desk) -> None:
    start = datetime.fromtimestamp(int(NOW.timestamp()) // 300 * 300, UTC)
    await make_rule(desk, interval_seconds=300)
    assert [(await evaluate(desk, start + step * MINUTE)).rules for step in range(6)] == [1, 0, 0, 0, 0, 1]


async def test_a_backtest_says_what_the_live_evaluation_then_does(desk: Desk) -> None:
    await make_rule(desk, for_seconds=120, keep_firing_seconds=60)
    levels = [20, 95, 95, 95, 20, 95, 20, 20, 20, 95, 20, 95]
    await send(desk, "a", {NOW + step * MINUTE: level for step, level in enumerate(levels)})
    await send(desk, "b", {NOW + step * MINUTE: 99 for step in range(3)})
    async with tenant_session(desk.organization_id) as session:
        (rule,) = (await session.scalars(select(AlertRule))).all()
        replayed = await service.backtest(
            session,
            desk.organization_id,
            TypeAdapter[Condition](Condition).validate_python(rule.condition),
            wording_of(rule),
            timing_of(rule),
            from_at=NOW,
            to_at=NOW + 11 * MINUTE,
            interval=MINUTE,
        )
    predicted = replayed.backtest
    live: list[tuple[int, int, int]] = []
    for step in range(12):
        done = await evaluate(desk, NOW + step * MINUTE)
        live += [(step, done.fired, done.ended)] if done.fired or done.ended else []
    expected: dict[int, list[int]] = {}
    start = round(NOW.timestamp() * 1000)
    for one in predicted.episodes:
        for place, at in enumerate((one.fired_at_ms, one.ended_at_ms)):
            if at is not None:
                expected.setdefault((at - start) // 60_000, [0, 0])[place] += 1
    assert live == [(step, *expected[step]) for step in sorted(expected)]
    assert len(predicted.episodes) == 2
    assert len(predicted.near_misses) > 0
