"""Unit tests of rules: the readings, conditions and states that run live, over the samples of a test."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.http import Caller
from app.domains.alerts import queries
from app.domains.alerts.errors import RuleGroupNotFound
from app.domains.alerts.models import AlertRule
from app.domains.alerts.queries import KnownSeries
from app.domains.alerts.rules.backtest import MAX_STEPS, Replay
from app.domains.alerts.rules.conditions import Verdict
from app.domains.alerts.rules.form import readings_of
from app.domains.alerts.rules.observing import annotate
from app.domains.alerts.rules.unit_tests import Case, Check, InputSeries, UnitTestError, read_unit_tests
from app.domains.alerts.schemas import UnitTestAsk
from app.domains.alerts.service.backtesting import book_of_series, refuse
from app.domains.alerts.service.evaluating import judge_frames, timing_of, wording_of
from app.domains.alerts.service.rule_checks import check_draft, read_condition, timing_of_draft, wording_of_draft
from app.domains.alerts.service.rule_frames import Times, lay_frames
from app.domains.alerts.service.rule_series import SeriesBook
from app.domains.alerts.service.trying import Candidate
from app.domains.metrics.rules.batch import STALE
from app.domains.metrics.rules.blocks import Samples

MAX_CELLS = 5_000_000
"""Series times steps times rules of a file; what takes longer is no unit test."""
Alert = dict[str, dict[str, str]]


async def run_unit_tests(session: AsyncSession, caller: Caller, body: UnitTestAsk) -> dict[str, Any]:
    """The tests' outcome as `schemas.UnitTestRead`. Raises InvalidInput, RuleNotFound and RuleGroupNotFound."""
    try:
        file = await asyncio.to_thread(read_unit_tests, body.tests)
    except UnitTestError as failure:
        raise refuse("tests", str(failure)) from None
    wanted = {check.alertname for case in file.cases for check in case.checks}
    rules = [one for one in await _find_rules(session, caller.organization_id, body) if one.wording.name in wanted]
    cells = sum(len(case.series) * (_last_ms(case) // file.interval_ms + 1) for case in file.cases) * len(rules)
    if cells > MAX_CELLS or any(_last_ms(case) // file.interval_ms >= MAX_STEPS for case in file.cases):
        raise refuse("tests", f"these come to {cells:,} values; ask for fewer steps, series or rules")
    cases = [await asyncio.to_thread(_run_case, case, rules, file.interval_ms) for case in file.cases]
    return {"passed": all(case["passed"] for case in cases), "tests": cases, "notes": file.notes}


async def _find_rules(session: AsyncSession, organization_id: UUID, body: UnitTestAsk) -> list[Candidate]:
    if body.rules is not None:
        for place, draft in enumerate(body.rules):
            check_draft(draft, f"#/rules/{place}")
        return [
            Candidate(
                draft.condition,
                wording_of_draft(draft),
                timing_of_draft(draft),
                timedelta(seconds=draft.interval_seconds),
            )
            for draft in body.rules
        ]
    stored: Sequence[AlertRule]
    if body.group is not None:
        stored = await queries.list_group(session, organization_id, body.group, lock=False)
        if not stored:
            raise RuleGroupNotFound
    elif body.rule_ids is not None:
        stored = [await queries.get_rule(session, organization_id, one) for one in body.rule_ids]
    else:
        stored = await queries.list_enabled_rules(session, organization_id)
    return [
        Candidate(
            read_condition(rule.condition), wording_of(rule), timing_of(rule), timedelta(seconds=rule.interval_seconds)
        )
        for rule in stored
    ]


def _last_ms(case: Case) -> int:
    return max((check.eval_ms for check in case.checks), default=0)


def _run_case(case: Case, rules: Sequence[Candidate], interval_ms: int) -> dict[str, Any]:
    times = np.arange(0, _last_ms(case) + 1, interval_ms, dtype=np.int64)
    ends = sorted({check.eval_ms // interval_ms for check in case.checks})
    book, samples = _lay_out(case.series, case.interval_ms)
    fired: dict[str, dict[int, list[Alert]]] = {}
    errors: dict[str, str] = {}
    for rule in rules:
        frames = lay_frames(book, samples, list(readings_of(rule.condition)), times)
        verdict = judge_frames(rule.condition, frames)
        if isinstance(verdict, str):
            errors[rule.wording.name] = verdict
            continue
        by_step = fired.setdefault(rule.wording.name, {})
        for step, alerts in _fire(rule, verdict, times, ends):
            by_step.setdefault(step, []).extend(alerts)
    checks = [
        _compare(check, fired.get(check.alertname), check.eval_ms // interval_ms, errors.get(check.alertname))
        for check in case.checks
    ]
    return {
        "name": case.name,
        "line": case.line,
        "passed": all(one["passed"] for one in checks),
        "checks": checks,
    }


def _fire(rule: Candidate, verdict: Verdict, times: Times, ends: Sequence[int]) -> list[tuple[int, list[Alert]]]:
    """The alerts that fire after each of the steps asked for."""
    replay = Replay(rule.wording, rule.timing)
    made = []
    begin = 0
    for end in ends:
        part = slice(begin, end + 1)
        stretch = Verdict(verdict.labels, verdict.values[:, part], verdict.enters[:, part], verdict.stays[:, part])
        replay.feed(stretch, times[part].tolist())
        begin = end + 1
        automatic = "severity" not in rule.wording.labels
        alerts: list[Alert] = [
            {
                "labels": {k: v for k, v in one.labels.items() if not (automatic and k == "severity")},
                "all_labels": dict(one.labels),
                "annotations": annotate(one, rule.wording),
            }
            for one in replay.firing()
        ]
        made.append((end, alerts))
    return made


def _compare(check: Check, fired: dict[int, list[Alert]] | None, step: int, error: str | None) -> dict[str, Any]:
    """A check's outcome. The label `severity` that the product sets is compared only where it is expected."""
    alerts = (fired or {}).get(step, [])
    kind = "all_labels" if any("severity" in one.labels for one in check.expected) else "labels"
    got = sorted(({"labels": one[kind], "annotations": one["annotations"]} for one in alerts), key=_order)
    expected = sorted(({"labels": one.labels, "annotations": one.annotations} for one in check.expected), key=_order)
    detail = error if fired is not None or error is not None else "No rule that is tested has this name."
    return {
        "alertname": check.alertname,
        "eval_time_seconds": check.eval_ms / 1000,
        "line": check.line,
        "passed": detail is None and got == expected,
        "expected": expected,
        "got": got,
        "detail": detail,
    }


def _order(one: Alert) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    return sorted(one["labels"].items()), sorted(one["annotations"].items())


def _lay_out(series: Sequence[InputSeries], interval_ms: int) -> tuple[SeriesBook, Samples]:
    """The series with ids of their own, and their samples by series and time."""
    book = book_of_series([KnownSeries(place, one.name, one.labels, None) for place, one in enumerate(series)])
    owners, times, values = [], [], []
    for place, one in enumerate(series):
        for position, slot in enumerate(one.slots):
            if slot != "_":
                owners.append(place)
                times.append(position * interval_ms)
                values.append(STALE if slot == "stale" else slot)
    return book, Samples(np.array(owners, np.int64), np.array(times, np.int64), np.array(values, np.float64))
