"""Rules on what other data than samples says: anomalies, costs, compliance and changes of the inventory.

Each question is asked once for all rules that need its answer, before the evaluation and each in a transaction of its
own: one that fails is an error of its rules and disturbs nothing else.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import tenant_session
from app.core.errors import AppError
from app.domains.alerts import queries
from app.domains.alerts.rules.conditions import Labels, Verdict, compare, label_key
from app.domains.alerts.rules.facts import CostDays, count_findings, judge_costs
from app.domains.alerts.rules.form import FACT_KINDS, Anomaly, Compliance, Cost, Fact, InventoryChange
from app.domains.alerts.service.evaluating import Answers, asked_at, read_stored_condition, whole_grain
from app.domains.alerts.service.rule_costs import read_cost_days
from app.domains.alerts.service.rule_servers import words_of
from app.domains.compliance import service as compliance
from app.domains.compliance.rules.mapping import BASELINE, requirements_of
from app.domains.inventory import service as inventory
from app.domains.metrics import service as metrics
from app.domains.metrics.rules.selectors import NAME_LABEL, SelectorError, matches_labels, parse_selector

logger = logging.getLogger(__name__)
FAILED = "What this rule asks of could not be read. It is asked again at the rule's next interval."
ANOMALY_LABEL = "anomaly"


class FactBook:
    """Answers at one time; each question is asked once, and its failure is remembered as its answer."""

    def __init__(self, organization_id: UUID, at: datetime) -> None:
        self.organization_id, self.at = organization_id, at
        self._answers: dict[object, Any] = {}

    async def verdict_of(self, condition: Fact) -> Verdict | str:
        """The condition's verdict, or why there is none."""
        try:
            match condition:
                case Anomaly():
                    return judge_anomalies(condition, await self._ask("anomalies", self._read_anomalies))
                case Cost():
                    key = ("cost", condition.filters, condition.by, condition.cost)
                    return judge_costs(condition, await self._ask(key, lambda: self._read_costs(condition)))
                case Compliance():
                    return await self._judge_compliance(condition)
                case InventoryChange():
                    window = (condition.changes, condition.search, condition.window_seconds)
                    found = await self._ask(window, lambda: self._count_changes(condition))
                    return _single({}, float(found), condition)
        except _Unanswered as failure:
            return str(failure)
        except SelectorError as failure:
            return str(failure)

    async def _ask(self, key: object, question: Callable[[], Any]) -> Any:
        """The answer to a question. Raises _Unanswered, also for those who ask it again."""
        if key not in self._answers:
            try:
                self._answers[key] = await question()
            except AppError as failure:
                self._answers[key] = _Unanswered(words_of(failure))
            except (SQLAlchemyError, OSError, TimeoutError):
                logger.exception("a question of rules could not be answered")
                self._answers[key] = _Unanswered(FAILED)
        found = self._answers[key]
        if isinstance(found, _Unanswered):
            raise found
        return found

    async def _read_anomalies(self) -> Sequence[metrics.OpenAnomaly]:
        async with tenant_session(self.organization_id) as session:
            return await metrics.list_open_anomalies(session, self.organization_id)

    async def _read_costs(self, condition: Cost) -> CostDays:
        return await read_cost_days(self.organization_id, condition, self.at)

    async def _judge_compliance(self, condition: Compliance) -> Verdict:
        labels = {"standard": condition.standard} if condition.standard else {}
        if condition.measure == "score":
            standard = condition.standard or BASELINE.key
            scores = await self._ask("scores", self._read_scores)
            if standard not in scores:
                raise _Unanswered(f"There is no standard {standard}.")
            return _single({"standard": standard}, scores[standard], condition)
        open_issues = await self._ask("findings", self._read_findings)
        controls = {control for control, _ in open_issues}
        standards = {control: frozenset(requirements_of(control)) for control in controls}
        return _single(labels, float(count_findings(open_issues, condition, standards)), condition)

    async def _read_scores(self) -> Mapping[str, float]:
        async with tenant_session(self.organization_id) as session:
            rows = await compliance.list_standards(session, self.organization_id)
        return {row["key"]: float("nan") if row["score"] is None else float(row["score"]) for row in rows}

    async def _read_findings(self) -> Mapping[tuple[str, str], int]:
        async with tenant_session(self.organization_id) as session:
            return await compliance.count_open_issues(session, self.organization_id)

    async def _count_changes(self, condition: InventoryChange) -> int:
        async with tenant_session(self.organization_id) as session:
            return await inventory.count_changes(
                session,
                self.organization_id,
                search=condition.search,
                kinds=condition.changes,
                since=self.at - timedelta(seconds=condition.window_seconds),
                until=self.at,
            )


class _Unanswered(Exception):
    """Why a question has no answer."""


async def ask_facts(organization_id: UUID, now: datetime) -> Answers:
    """What other data says of the rules on it that are due at `now`, by rule, version and time."""
    async with tenant_session(organization_id) as session:
        row = await queries.read_evaluation(session, organization_id)
        after = row.evaluated_at if row is not None else None
        due = await queries.list_due_rules(session, organization_id, after, whole_grain(now), kinds=FACT_KINDS)
        asked = [(rule, asked_at(rule, ended_at), read_stored_condition(rule)) for rule, ended_at in due]
    books: dict[datetime, FactBook] = {}
    answers: dict[tuple[UUID, int, datetime], Verdict | str] = {}
    for rule, at, condition in asked:
        assert isinstance(condition, Fact)  # noqa: S101  # asked for by kind
        book = books.setdefault(at, FactBook(organization_id, at))
        answers[rule.id, rule.version, at] = await book.verdict_of(condition)
    return answers


def judge_anomalies(condition: Anomaly, found: Sequence[metrics.OpenAnomaly]) -> Verdict:
    """A row for each anomaly of the selector's series; of some with the same labels the most surprising. Raises
    SelectorError."""
    matchers = parse_selector(condition.selector)
    rows: dict[Any, tuple[Labels, float, UUID | None]] = {}
    for one in found:
        if not any(matches_labels({**labels, NAME_LABEL: name}, matchers) for name, labels in one.series):
            continue
        labels = {**one.labels, ANOMALY_LABEL: one.kind}
        if len(one.series) == 1 and one.kind != "burst":
            labels["metric"] = one.series[0][0]
        key = label_key(labels)
        if key not in rows or rows[key][1] < one.score:
            rows[key] = (labels, one.score, one.resource_id)
    values = np.array([[score] for _, score, _ in rows.values()], np.float64).reshape(len(rows), 1)
    made = compare([labels for labels, _, _ in rows.values()], values, condition.enter, condition.leave)
    return Verdict(made.labels, made.values, made.enters, made.stays, [resource for _, _, resource in rows.values()])


def _single(labels: Labels, value: float, condition: Compliance | InventoryChange) -> Verdict:
    return compare([labels], np.array([[value]]), condition.enter, condition.leave)
