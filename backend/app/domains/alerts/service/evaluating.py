"""The evaluation of an organization's rules: one transaction for instances, their changes and the alerts of them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.tasks import enqueue
from app.domains.alerts import queries
from app.domains.alerts.models import AlertRule
from app.domains.alerts.rules.conditions import AmbiguousMatch, Labels, NeedsFacts, NeedsServer, Verdict, judge
from app.domains.alerts.rules.form import Absence, Combination, Condition, Fact, Promql, Reading, readings_of
from app.domains.alerts.rules.observing import Wording, observe, title_and_description
from app.domains.alerts.rules.states import Instance, Observation, States, Step, Timing, Transition, advance, restore
from app.domains.alerts.service.episodes import IncomingAlert, end_all, fire_all
from app.domains.alerts.service.rule_frames import Frames, absent_labels, read_frames
from app.domains.alerts.service.rule_series import book_of, parse_names

EVALUATE_TASK = "alerts.evaluate_rules"
GRAIN_SECONDS = 15
"""Evaluations are at whole multiples of it, and so are the intervals of rules."""
NO_SERVER = "The rule asks in PromQL what only an external server can answer, and none is connected to it."
NO_HISTORY = "Anomalies, costs, compliance and inventory are known as they are now, not as they were at other times."
Answers = Mapping[tuple[UUID, int, datetime], Verdict | str]
"""What servers and other data said, by rule, its version and the time asked of; a text is why there is no answer."""
MISSED_INTERVALS = 2
"""From so many intervals on that nobody looked, pending instances are restored and not simply gone on with."""
RULE_LABEL = "rule_id"
MAX_STORED_CONDITIONS = 50_000
_conditions: TypeAdapter[Condition] = TypeAdapter(Condition)
_read_conditions: dict[tuple[UUID, int], Condition] = {}


@dataclass(slots=True)
class Evaluation:
    """What an evaluation did: the rules looked at, those that failed, and the episodes begun and ended."""

    rules: int = 0
    failed: int = 0
    fired: int = 0
    ended: int = 0


@dataclass(slots=True)
class _Changes:
    instances: list[tuple[UUID, Instance]] = field(default_factory=list)
    gone: list[tuple[UUID, str]] = field(default_factory=list)
    fired: list[IncomingAlert] = field(default_factory=list)
    ended: list[Labels] = field(default_factory=list)
    errors: dict[UUID, str | None] = field(default_factory=dict)


async def enqueue_evaluation(session: AsyncSession, organization_id: UUID, *, quick: bool = False) -> None:
    """Queue an evaluation where there are rules; one waits at most. `quick`: only rules of less than a minute."""
    below = 60 if quick else None
    if await queries.has_rules(session, organization_id, below_seconds=below):
        await enqueue(session, EVALUATE_TASK, organization_id=organization_id, dedupe="open")


async def evaluate_rules(
    session: AsyncSession, organization_id: UUID, now: datetime | None = None, answers: Answers | None = None
) -> Evaluation:
    """Evaluate the rules of which an interval ended by `now`. Safe to repeat: an interval is done once.

    `answers` are what servers and other data said beforehand of the rules that they answer. All that it writes is in
    the caller's transaction, so a worker that is killed has done nothing.
    """
    began = time.monotonic()
    at = whole_grain(now or utc_now())
    row = await queries.lock_evaluation(session, organization_id)
    if row.evaluated_at is not None and row.evaluated_at >= at:
        return Evaluation()
    due = await queries.list_due_rules(session, organization_id, row.evaluated_at, at)
    conditions = {rule.id: read_stored_condition(rule) for rule, _ in due}
    states = await queries.list_instances(session, organization_id)
    asked: dict[datetime, list[Condition]] = {}
    for rule, ended_at in due:
        asked.setdefault(asked_at(rule, ended_at), []).append(conditions[rule.id])
    frames = {moment: await _frames(session, organization_id, group, moment) for moment, group in asked.items()}
    changes = _Changes()
    for rule, ended_at in due:
        held = _restored(states.get(rule.id, {}), row.evaluated_at, ended_at, rule)
        condition, moment = conditions[rule.id], asked_at(rule, ended_at)
        if isinstance(condition, Promql | Fact):
            verdict = (answers or {}).get(
                (rule.id, rule.version, moment),
                NO_SERVER if answers is None and isinstance(condition, Promql) else None,
            )
        else:
            verdict = judge_frames(condition, frames[moment])
        if verdict is None:
            continue  # it came to be after the others were asked
        results, resources = _results(rule, condition, verdict, frames[moment], every=bool(held))
        step = advance(held, results, _ms(ended_at), timing_of(rule))
        _collect(changes, rule, states.get(rule.id, {}), step, resources)
    await queries.save_instances(session, organization_id, changes.instances, changes.gone)
    await queries.save_outcomes(session, organization_id, changes.errors)
    ended = await end_all(session, organization_id, changes.ended) if changes.ended else 0
    fired = await fire_all(session, organization_id, changes.fired) if changes.fired else []
    row.evaluated_at, row.took_seconds = at, time.monotonic() - began
    await session.flush()
    failed = sum(error is not None for error in changes.errors.values())
    return Evaluation(len(due), failed, len(fired), ended)


def timing_of(rule: AlertRule) -> Timing:
    """What the machine needs of a stored rule. An anomaly that is not told of any more is over, not silent."""
    return Timing(
        name=rule.name,
        for_ms=rule.for_seconds * 1000,
        keep_firing_ms=rule.keep_firing_seconds * 1000,
        no_data="resolve" if rule.condition.get("kind") == "anomaly" else rule.no_data,  # type: ignore[arg-type]  # checked when it was written
        on_error=rule.on_error,  # type: ignore[arg-type]  # checked when it was written
        limit=rule.instance_limit,
    )


def wording_of(rule: AlertRule) -> Wording:
    """What a stored rule puts on its alerts. An imported one has the labels of its file and none besides."""
    severity = "" if rule.file_id is not None else rule.severity
    return Wording(rule.name, severity, rule.labels, rule.annotations)


def whole_grain(now: datetime) -> datetime:
    """The newest instant at which rules may be due."""
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % GRAIN_SECONDS, UTC)


def asked_at(rule: AlertRule, ended_at: datetime) -> datetime:
    """The time of which an evaluation asks, earlier by the offset of the rule's group."""
    return ended_at - timedelta(seconds=rule.query_offset_seconds)


def read_stored_condition(rule: AlertRule) -> Condition:
    """The rule's condition; reading it anew each minute would be most of the work, so it is kept by the version."""
    key = (rule.id, rule.version)
    if key not in _read_conditions:
        if len(_read_conditions) >= MAX_STORED_CONDITIONS:
            _read_conditions.clear()
        _read_conditions[key] = _conditions.validate_python(rule.condition)
    return _read_conditions[key]


async def _frames(
    session: AsyncSession, organization_id: UUID, conditions: Sequence[Condition], at: datetime
) -> Frames:
    readings = [reading for condition in conditions for reading in readings_of(condition)]
    if not readings:
        return Frames()
    names = parse_names({reading.selector for reading in readings})
    book = await book_of(session, organization_id, names)
    return await read_frames(session, organization_id, book, readings, np.array([_ms(at)], np.int64))


def judge_frames(condition: Condition, frames: Frames) -> Verdict | str:
    """The verdict, or why there is none."""
    readings = list(readings_of(condition))
    for reading in readings:
        if reading in frames.errors:
            return frames.errors[reading]
    try:
        return judge(condition, frames.frames, absent_labels(_absences(condition)))
    except NeedsServer:
        return NO_SERVER
    except NeedsFacts:
        return NO_HISTORY
    except AmbiguousMatch:
        return "Several series of one side have the labels by which the sides are matched."


def _absences(condition: Condition) -> list[str]:
    parts = condition.parts if isinstance(condition, Combination) else (condition,)
    return [part.selector for part in parts if isinstance(part, Absence)]


def _results(
    rule: AlertRule, condition: Condition, verdict: Verdict | str, frames: Frames, *, every: bool
) -> tuple[list[Observation] | str, dict[frozenset[tuple[str, str]], UUID | None]]:
    if isinstance(verdict, str):
        return verdict, {}
    first: Reading | None = next(readings_of(condition), None)
    owners = frames.resources.get(first) if first is not None else verdict.resources
    resources: dict[frozenset[tuple[str, str]], UUID | None] = {}
    results = []
    for row, one in observe(verdict, 0, wording_of(rule), rule.no_data, every=every):  # type: ignore[arg-type]
        results.append(one)
        if owners is not None and len(owners) == len(verdict.labels):
            resources[frozenset(one.labels.items())] = owners[row]
    return results, resources


def _restored(states: States, last: datetime | None, at: datetime, rule: AlertRule) -> States:
    if last is None or not states:
        return states
    interval = timedelta(seconds=max(60, rule.interval_seconds))
    if at - last < MISSED_INTERVALS * interval:
        return states
    return restore(states, _ms(last), _ms(at), timing_of(rule))


def _collect(
    changes: _Changes,
    rule: AlertRule,
    before: States,
    step: Step,
    resources: dict[frozenset[tuple[str, str]], UUID | None],
) -> None:
    changes.gone += [(rule.id, key) for key in before if key not in step.states]
    changes.instances += [(rule.id, one) for key, one in step.states.items() if before.get(key) != one]
    for transition in step.transitions:
        _tell(changes, rule, transition, step.error, resources)
    if rule.health != ("ok" if step.error is None else "err") or rule.last_error != step.error:
        changes.errors[rule.id] = step.error


def _tell(
    changes: _Changes,
    rule: AlertRule,
    transition: Transition,
    error: str | None,
    resources: dict[frozenset[tuple[str, str]], UUID | None],
) -> None:
    one = transition.instance
    labels = {**one.labels, RULE_LABEL: str(rule.id)}
    if transition.change == "fired":
        title, description = title_and_description(one, wording_of(rule), error)
        changes.fired.append(
            IncomingAlert(
                source="rule",
                title=title,
                description=description,
                severity=rule.severity,
                labels=labels,
                started_at=datetime.fromtimestamp((one.fired_at_ms or one.active_at_ms) / 1000, UTC),
                resource_id=resources.get(frozenset(one.labels.items())),
            )
        )
    elif transition.change in ("resolved", "withdrawn", "dropped"):
        changes.ended.append(labels)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
