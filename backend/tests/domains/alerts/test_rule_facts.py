"""Rules on anomalies, costs, compliance and inventory: they fire, end, fail alone, and see one organization."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from app.core.config import Settings, get_settings
from app.core.database import tenant_session
from app.core.errors import Unavailable
from app.core.ids import new_id
from app.domains.accounts.models import Account
from app.domains.alerts import service
from app.domains.alerts.rules.facts import CostDays, count_findings, judge_costs, label_of, periods
from app.domains.alerts.rules.form import Comparison, Compliance, Cost
from app.domains.alerts.service.evaluating import Evaluation
from app.domains.compliance.models import ComplianceIssue, ComplianceStandard
from app.domains.compliance.rules.mapping import BASELINE
from app.domains.costs.bills.ask import close_engines
from app.domains.inventory.models import CloudResource, ResourceVersion, SyncUnit
from app.domains.metrics.models import MetricAnomaly
from tests.domains.costs.conftest import Importer, focus_csv, focus_row
from tests.support.clouds import make_organization

from .conftest import Desk
from .test_rule_evaluation import MINUTE, NOW, make_rule, open_titles, send

HOUR_AT = NOW.replace(minute=0)
SUMMARY = {"summary": "{{ $labels.metric }}{{ $labels.currency }}{{ $labels.standard }} {{ $value }}"}


async def evaluate(desk: Desk, at: datetime) -> Evaluation:
    """What the task does: ask first, then evaluate in one transaction."""
    answers = await service.ask_facts(desk.organization_id, at)
    async with tenant_session(desk.organization_id) as session:
        return await service.evaluate_rules(session, desk.organization_id, at, answers)


async def fact_rule(desk: Desk, condition: dict[str, Any], **changes: Any) -> UUID:
    """A rule on other data."""
    return await make_rule(desk, condition, **({"annotations": SUMMARY, "labels": {}} | changes))


async def anomaly(desk: Desk, name: str = "cpu", **changes: Any) -> UUID:
    """An open anomaly of a series."""
    fields: dict[str, Any] = {
        "series_id": 1, "name": name, "labels": {"host": "a"}, "kind": "spike", "started_at": NOW, "last_at": NOW,
        "points": 1, "score": 0.995, "resource_id": None,
    }  # fmt: skip
    id_ = new_id()
    async with tenant_session(desk.organization_id) as session:
        session.add(MetricAnomaly(organization_id=desk.organization_id, id=id_, **(fields | changes)))
    return id_


async def errors(desk: Desk) -> list[str | None]:
    """What rules' health says."""
    return [row["last_error"] for row in await desk.rows("SELECT last_error FROM alert_rules ORDER BY id")]


async def test_an_anomaly_rule_fires_while_one_of_its_series_is_open(desk: Desk) -> None:
    resource_id = new_id()
    await fact_rule(desk, {"kind": "anomaly", "selector": 'cpu{host=~"a|b"}'}, no_data="fire")
    found = await anomaly(desk, resource_id=resource_id)
    await anomaly(desk, "memory")
    await anomaly(desk, labels={"host": "c"})
    await anomaly(desk, labels={"host": "b"}, score=0.5)
    assert (await evaluate(desk, NOW)).fired == 1
    assert await open_titles(desk) == ["cpu 0.995"]
    (alert,) = await desk.rows("SELECT resource_id, labels FROM alerts")
    assert alert["resource_id"] == resource_id
    assert (alert["labels"]["anomaly"], alert["labels"]["host"]) == ("spike", "a")
    assert await evaluate(desk, NOW + MINUTE) == Evaluation(rules=1)
    await desk.rows("UPDATE metric_anomalies SET ended_at = now() WHERE id = :id RETURNING id", id=found)
    assert (await evaluate(desk, NOW + 2 * MINUTE)).ended == 1
    assert await open_titles(desk) == []  # it is over, which is not silence


async def test_a_burst_is_one_alert_of_whoever_asks_for_one_of_its_members(desk: Desk) -> None:
    burst = await anomaly(desk, "", series_id=None, kind="burst", labels={"region": "eu"}, series_count=2)
    for name in ("cpu", "memory"):
        await anomaly(desk, name, group_id=burst, grouped_by="time", labels={"region": "eu", "host": name})
    await fact_rule(desk, {"kind": "anomaly", "selector": "cpu"})
    await fact_rule(desk, {"kind": "anomaly", "selector": "disk"}, name="Other")
    assert (await evaluate(desk, NOW)).fired == 1
    (alert,) = await desk.rows("SELECT labels FROM alerts")
    assert (alert["labels"]["anomaly"], alert["labels"]["region"], "host" in alert["labels"]) == ("burst", "eu", False)


async def test_a_question_is_asked_once_for_all_rules_and_its_failure_changes_no_state(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("One", "Two"):
        await fact_rule(desk, {"kind": "anomaly", "selector": "cpu"}, name=name)
    await fact_rule(desk, {"kind": "compliance", "enter": {"operator": ">", "threshold": 5}}, name="Three")
    await anomaly(desk)
    assert (await evaluate(desk, HOUR_AT)).fired == 2
    before = await desk.rows("SELECT * FROM alert_rule_states ORDER BY rule_id")
    asked = []

    async def fails(*_: Any) -> Any:
        asked.append(1)
        raise Unavailable("The bills are away.", retry_after_seconds=1)

    with monkeypatch.context() as patch:
        patch.setattr("app.domains.metrics.service.list_open_anomalies", fails)
        done = await evaluate(desk, HOUR_AT + 5 * MINUTE)
    assert (asked, done.rules, done.failed, done.ended) == ([1], 3, 2, 0)
    assert await desk.rows("SELECT * FROM alert_rule_states ORDER BY rule_id") == before
    assert sorted(map(str, await errors(desk))) == ["None", "The bills are away.", "The bills are away."]
    assert (await evaluate(desk, HOUR_AT + 10 * MINUTE)).failed == 0
    assert await errors(desk) == [None, None, None]


async def test_a_database_that_fails_is_an_error_of_the_rule_and_not_of_the_evaluation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(session: Any, *_: Any) -> Any:
        from sqlalchemy import text

        await session.execute(text("SELECT no_such_column"))

    await fact_rule(desk, {"kind": "anomaly", "selector": "cpu"})
    other = await make_rule(desk, name="Other")
    await send(desk, "a", {NOW: 95})
    monkeypatch.setattr("app.domains.metrics.service.list_open_anomalies", fails)
    done = await evaluate(desk, NOW)
    assert (done.failed, done.fired) == (1, 1)
    (row,) = await desk.rows("SELECT labels FROM alerts")
    assert row["labels"]["rule_id"] == str(other)


async def test_another_organizations_facts_fire_nothing_here(desk: Desk) -> None:
    other = Desk(await make_organization())
    await anomaly(other)
    await _finding(other, "AWS-S3-001", "critical")
    await _change(other, "created")
    for kind in ("compliance", "inventory"):
        await fact_rule(desk, {"kind": kind, "enter": {"operator": ">", "threshold": 0}}, name=kind)
    await fact_rule(desk, {"kind": "anomaly", "selector": "cpu"})
    done = await evaluate(desk, HOUR_AT)
    assert (done.rules, done.fired, done.failed) == (3, 0, 0)


async def _account(desk: Desk) -> UUID:
    account_id = new_id()
    async with tenant_session(desk.organization_id) as session:
        session.add(
            Account(
                organization_id=desk.organization_id,
                id=account_id,
                provider="aws",
                name="A",
                status="connected",
                credentials_kind="ambient",
            )
        )
    return account_id


async def _finding(desk: Desk, control: str, severity: str) -> UUID:
    account_id, issue_id = await _account(desk), new_id()
    async with tenant_session(desk.organization_id) as session:
        session.add(
            ComplianceIssue(
                organization_id=desk.organization_id, id=issue_id, finding_key=issue_id.bytes * 2, control_id=control,
                control_version=1, title="t", severity=severity, status="open", reason="", evidence={}, remediation="",
                native_id="n", sub_key="", provider="aws", account_id=account_id, region="eu-west-1",
                first_seen_at=NOW, last_opened_at=NOW, last_seen_at=NOW,
            )
        )  # fmt: skip
    return issue_id


async def test_a_compliance_rule_counts_findings_and_ends_with_them(desk: Desk) -> None:
    at = HOUR_AT
    condition = {"kind": "compliance", "enter": {"operator": ">=", "threshold": 2}, "severities": ["critical"]}
    await fact_rule(desk, condition)
    await _finding(desk, "AWS-S3-001", "critical")
    await _finding(desk, "AWS-S3-001", "low")
    assert (await evaluate(desk, at)).fired == 0
    second = await _finding(desk, "AWS-IAM-001", "critical")
    assert (await evaluate(desk, at + 2 * MINUTE)).rules == 0  # asked each five minutes at most
    assert (await evaluate(desk, at + 5 * MINUTE)).fired == 1
    await desk.rows("UPDATE compliance_issues SET status = 'resolved' WHERE id = :id RETURNING id", id=second)
    assert (await evaluate(desk, at + 10 * MINUTE)).ended == 1


async def test_a_score_below_fires_and_one_that_is_not_known_does_not(desk: Desk) -> None:
    await fact_rule(desk, {"kind": "compliance", "measure": "score", "enter": {"operator": "<", "threshold": 80}})
    unknown = {"kind": "compliance", "measure": "score", "standard": "none", "enter": {"operator": "<", "threshold": 8}}
    await fact_rule(desk, unknown, name="Unknown")
    done = await evaluate(desk, HOUR_AT)
    assert (done.fired, done.failed) == (0, 1)
    async with tenant_session(desk.organization_id) as session:
        session.add(
            ComplianceStandard(
                organization_id=desk.organization_id, id=BASELINE.id, name="n", version="1", score=Decimal("61.5"),
                coverage_percent=Decimal(100), passed=1, failed=1, unknown=0, not_applicable=0, last_checked=NOW,
            )
        )  # fmt: skip
    assert (await evaluate(desk, HOUR_AT + 5 * MINUTE)).fired == 1
    assert await open_titles(desk) == [f"{BASELINE.key} 61.5"]


def test_findings_are_counted_by_severity_control_and_standard() -> None:
    found = {("a", "high"): 2, ("a", "low"): 3, ("b", "high"): 5}
    standards: dict[str, frozenset[str]] = {"a": frozenset({"cis"}), "b": frozenset()}
    enter = Comparison(">", 0)
    for given, count in (
        ({}, 10), ({"severities": ("high",)}, 7), ({"controls": ("a",)}, 5), ({"standard": "cis"}, 5),
        ({"standard": "cis", "severities": ("low",)}, 3), ({"standard": "other"}, 0),
    ):  # fmt: skip
        assert count_findings(found, Compliance("compliance", enter, **given), standards) == count


async def _change(desk: Desk, kind: str, type_: str = "AWS::SQS::Queue", minutes_ago: int = 5) -> None:
    account_id, unit_id, resource_id = await _account(desk), new_id(), new_id()
    own = {"organization_id": desk.organization_id}
    async with tenant_session(desk.organization_id) as session:
        unit = SyncUnit(**own, id=unit_id, account_id=account_id, native_account="1", region="eu-west-1", service="sqs")
        session.add(unit)
        await session.flush()
        session.add(
            CloudResource(
                **own, id=resource_id, account_id=account_id, unit_id=unit_id, provider="aws", native_account="1",
                region="eu-west-1", service="sqs", native_id=f"arn:{resource_id}", native_type=type_, type="queue",
                name="q", tags={}, content_hash=bytes(16), first_seen_at=NOW, last_seen_at=NOW,
                closed_at=NOW if kind == "deleted" else None,
            )
        )  # fmt: skip
        await session.flush()
        at = NOW - timedelta(minutes=minutes_ago)
        session.add(
            ResourceVersion(**own, id=new_id(), resource_id=resource_id, account_id=account_id, kind=kind, at=at)
        )


async def test_an_inventory_rule_counts_changes_of_its_window(desk: Desk) -> None:
    condition = {
        "kind": "inventory", "changes": ["deleted"], "search": "native_type:AWS::SQS::Queue", "window_seconds": 1800,
        "enter": {"operator": ">=", "threshold": 2},
    }  # fmt: skip
    await fact_rule(desk, condition)
    for kind, type_, ago in (
        ("deleted", "AWS::SQS::Queue", 5),
        ("created", "AWS::SQS::Queue", 5),
        ("deleted", "AWS::S3::Bucket", 5),
        ("deleted", "AWS::SQS::Queue", 40),
    ):
        await _change(desk, kind, type_, ago)
    assert (await evaluate(desk, NOW)).fired == 0
    await _change(desk, "deleted")
    assert (await evaluate(desk, NOW + MINUTE)).fired == 1
    assert (await evaluate(desk, NOW + timedelta(minutes=40))).ended == 1


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Settings]:
    """Settings whose data directory is the test's own."""
    monkeypatch.setenv("CLOUDOPS_DATA_DIR", str(tmp_path / "var"))
    get_settings.cache_clear()
    yield get_settings()
    close_engines()
    get_settings.cache_clear()


def charges(*given: tuple[date, str, str]) -> bytes:
    """A bill: day, team and cost of each line."""
    return focus_csv(
        *(
            focus_row(
                EffectiveCost=cost,
                Tags=f'{{"team": "{team}"}}',
                ChargePeriodStart=f"{day}T10:00:00Z",
                ChargePeriodEnd=f"{day}T11:00:00Z",
                BillingPeriodStart=f"{day.replace(day=1)}T00:00:00Z",
                BillingPeriodEnd=f"{(day.replace(day=1) + timedelta(days=32)).replace(day=1)}T00:00:00Z",
            )
            for day, team, cost in given
        )
    )


async def test_a_cost_rule_fires_above_its_number_and_ends_below_it(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    bill = Importer(desk.organization_id, settings, tmp_path)
    day = (HOUR_AT - timedelta(days=2)).date()
    team = {"filters": [{"group": "tag:team", "values": ["search"]}]}
    above = {"kind": "cost", "enter": {"operator": ">", "threshold": 10}}
    await fact_rule(desk, above | team, name="Team")
    await fact_rule(desk, above | {"by": "tag:team"}, name="Each", annotations={"summary": "{{ $labels.team }}"})
    assert (await evaluate(desk, HOUR_AT)).fired == 0  # no bill yet
    await bill(charges((day, "search", "12.5"), (day, "shop", "30"), (day - timedelta(days=1), "search", "40")))
    assert (await evaluate(desk, HOUR_AT + 30 * MINUTE)).rules == 0  # asked at whole hours
    done = await evaluate(desk, HOUR_AT + 60 * MINUTE)
    assert (done.rules, done.fired, done.failed) == (2, 3, 0)
    assert await open_titles(desk) == ["USD 12.5", "search", "shop"]
    await bill(charges((day, "search", "2"), (day, "shop", "3"), (day - timedelta(days=1), "search", "40")))
    assert (await evaluate(desk, HOUR_AT + 120 * MINUTE)).ended == 3
    other = Desk(await make_organization())
    await fact_rule(other, above)
    assert (await evaluate(other, HOUR_AT)).fired == 0


def costs_of(days: dict[date, str]) -> CostDays:
    newest = max(days, default=None)
    return CostDays(newest, {("", "USD"): {day: Decimal(cost) for day, cost in days.items()}} if days else {})


def judged(days: dict[date, str], **changes: Any) -> Sequence[float]:
    condition = Cost("cost", Comparison(">", 0), **changes)
    values: Sequence[float] = judge_costs(condition, costs_of(days)).values[:, 0].tolist()
    return values


def test_costs_of_a_day_and_of_a_month_to_date_beside_those_before() -> None:
    days = {date(2026, 3, 1): "10", date(2026, 3, 2): "20", date(2026, 2, 1): "5", date(2026, 2, 2): "5",
            date(2026, 2, 3): "100"}  # fmt: skip
    assert judged(days) == [20]
    assert judged(days, measure="percent") == [100]
    assert judged(days, period="month_to_date") == [30]
    assert judged(days, period="month_to_date", measure="percent") == [200]
    assert judged({}) == []
    assert np.isnan(judged({date(2026, 3, 2): "5"}, measure="percent")[0])


def test_a_long_month_is_compared_with_what_a_short_one_has() -> None:
    now, before = periods("month_to_date", date(2026, 3, 31))
    assert (now, before) == ((date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 2, 1), date(2026, 2, 28)))
    assert periods("day", date(2026, 3, 1))[1] == (date(2026, 2, 28), date(2026, 2, 28))


def test_a_tags_key_becomes_a_label() -> None:
    assert [label_of(group) for group in ("service", "tag:team", "tag:a-b/c", "tag:1x")] == [
        "service", "team", "a_b_c", "_1x",
    ]  # fmt: skip


async def test_a_preview_asks_now_and_a_backtest_says_that_there_is_no_history(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await anomaly(desk)
    rule = {"name": "R", "condition": {"kind": "anomaly", "selector": "cpu"}}
    answer = await client.post("/alerts/rules/preview", json={"rule": rule})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["error"], shown["firing"], shown["rows"][0]["value"]) == (None, 1, 0.995)
    span = {"from": (NOW - 5 * MINUTE).isoformat(), "to": NOW.isoformat()}
    answer = await client.post("/alerts/rules/backtest", json={"rule": rule, **span})
    assert "as they are now" in answer.text


async def test_a_search_and_a_group_that_cannot_be_read_are_refused_when_the_rule_is_written(
    client: httpx.AsyncClient,
) -> None:
    enter = {"operator": ">", "threshold": 1}
    for condition, pointer in (
        ({"kind": "inventory", "enter": enter, "search": "nonsense:("}, "#/condition/search"),
        ({"kind": "anomaly", "selector": "cpu{"}, "#/condition/selector"),
        ({"kind": "cost", "enter": enter, "by": "resource"}, "by"),
        ({"kind": "inventory", "enter": enter, "changes": []}, "changes"),
    ):
        answer = await client.post("/alerts/rules", json={"name": "R", "condition": condition})
        assert answer.status_code == 422
        assert pointer in answer.json()["errors"][0]["pointer"]


async def test_a_disk_that_will_be_full_in_three_days_fires_today(desk: Desk) -> None:
    """Free space that falls by 10 an hour from 700: full in 70 hours. The other falls by 1."""
    condition = {
        "kind": "threshold",
        "reading": {"selector": "free", "function": "forecast", "window_seconds": 21_600, "ahead_seconds": 3 * 86_400},
        "enter": {"operator": "<", "threshold": 0},
    }
    await make_rule(desk, condition, annotations={"summary": "{{ $labels.host }} is full in 3 days"})
    for host, fall in (("a", 10), ("b", 1)):
        points = {NOW - 10 * place * MINUTE: 700 + fall * place / 6 for place in range(36)}
        await send(desk, host, dict(sorted(points.items())), name="free")
    assert (await evaluate(desk, NOW)).fired == 1
    assert await open_titles(desk) == ["a is full in 3 days"]
    points = {NOW + place * 10 * MINUTE: 5_000.0 for place in range(1, 37)}
    async with tenant_session(desk.organization_id):
        await send(desk, "a", points, name="free")
    assert (await evaluate(desk, NOW + timedelta(hours=6))).ended == 1
