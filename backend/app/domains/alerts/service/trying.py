"""Use cases of a rule before it is switched on: what it comes to now, what it would have done, what that changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.http import Caller
from app.domains.alerts import queries
from app.domains.alerts.rules.backtest import Episode, Grouping, Message, compare, predict_messages
from app.domains.alerts.rules.conditions import Verdict
from app.domains.alerts.rules.form import Condition, Fact, readings_of
from app.domains.alerts.rules.observing import Wording, annotate, final_labels
from app.domains.alerts.rules.states import Instance, Timing
from app.domains.alerts.schemas import BacktestAsk, GroupingAsk, PreviewAsk
from app.domains.alerts.service.backtesting import Progress, Replayed, backtest, times_between, visible_series
from app.domains.alerts.service.evaluating import judge_frames, timing_of, wording_of
from app.domains.alerts.service.rule_checks import check_draft, read_condition, timing_of_draft, wording_of_draft
from app.domains.alerts.service.rule_facts import FactBook
from app.domains.alerts.service.rule_frames import read_frames

PREVIEW_SERIES = 20_000
PREVIEW_ROWS = 500
SHOWN = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that is tried: stored, changed or new."""

    condition: Condition
    wording: Wording
    timing: Timing
    interval: timedelta
    offset: timedelta = timedelta(0)


async def preview_rule(session: AsyncSession, caller: Caller, body: PreviewAsk) -> dict[str, Any]:
    """What a rule comes to at one time, as `schemas.PreviewRead`. Raises InvalidInput."""
    check_draft(body.rule, "#/rule")
    at = body.at or utc_now().replace(microsecond=0)
    condition, wording = body.rule.condition, wording_of_draft(body.rule)
    readings = list(readings_of(condition))
    selectors = list(dict.fromkeys(reading.selector for reading in readings))
    book = await visible_series(session, caller.organization_id, selectors, PREVIEW_SERIES)
    times = np.array([round(at.timestamp() * 1000)], np.int64)
    frames = await read_frames(session, caller.organization_id, book, readings, times)
    if isinstance(condition, Fact):
        verdict = await _ask_now(caller, condition, at)
    else:
        verdict = judge_frames(condition, frames)
    made: dict[str, Any] = {
        "at": at,
        "series": len(book.series),
        "readings": [{"selector": one, "series": len(book.find(one))} for one in selectors],
        "label_sets": 0,
        "firing": 0,
        "pending": 0,
        "rows": [],
        "error": verdict if isinstance(verdict, str) else None,
    }
    if isinstance(verdict, str):
        return made
    begins = "pending" if body.rule.for_seconds else "firing"
    entering = verdict.enters[:, 0]
    if body.rule.no_data == "fire":
        entering = entering | np.isnan(verdict.values[:, 0])
    made["label_sets"], made[begins] = len(verdict.labels), int(entering.sum())
    order = np.argsort(~entering, kind="stable")[:PREVIEW_ROWS]
    made["rows"] = [_row(verdict, row, wording, begins if entering[row] else "inactive") for row in order.tolist()]
    return made


async def _ask_now(caller: Caller, condition: Fact, at: datetime) -> Verdict | str:
    """What other data says now. It is of the whole organization, as the rule's own evaluation has it."""
    if caller.scope is not None:
        return "This is counted for the whole organization, and your access covers a part of it."
    return await FactBook(caller.organization_id, at).verdict_of(condition)


def _row(verdict: Verdict, row: int, wording: Wording, state: Any) -> dict[str, Any]:
    value = float(verdict.values[row, 0])
    known = None if np.isnan(value) else value
    labels = final_labels(verdict.labels[row], wording, known)
    return {
        "labels": labels,
        "annotations": annotate(Instance("", labels, state, 0, known), wording),
        "value": known if known is None or np.isfinite(known) else None,
        "enters": bool(verdict.enters[row, 0]),
        "stays": bool(verdict.stays[row, 0]),
        "state": state,
    }


async def find_candidates(
    session: AsyncSession, organization_id: UUID, body: BacktestAsk
) -> tuple[Candidate, Candidate | None]:
    """The rule that is tried, and the one in force beside it. Raises RuleNotFound and InvalidInput."""
    stored = None
    if body.rule_id is not None:
        stored = _stored(await queries.get_rule(session, organization_id, body.rule_id))
    if body.rule is None:
        assert stored is not None  # noqa: S101  # the body has one of the two
        return stored, None
    check_draft(body.rule, "#/rule")
    draft = body.rule
    interval = timedelta(seconds=draft.interval_seconds)
    return Candidate(draft.condition, wording_of_draft(draft), timing_of_draft(draft), interval), stored


def _stored(rule: Any) -> Candidate:
    interval = timedelta(seconds=rule.interval_seconds)
    offset = timedelta(seconds=rule.query_offset_seconds)
    return Candidate(read_condition(rule.condition), wording_of(rule), timing_of(rule), interval, offset)


async def run_backtest(
    session: AsyncSession, organization_id: UUID, body: BacktestAsk, *, progress: Progress | None = None
) -> dict[str, Any]:
    """A backtest as `schemas.BacktestResult`, with the difference where a stored rule is changed.

    Raises RuleNotFound and InvalidInput.
    """
    to_at = body.to_at or utc_now()
    tried, in_force = await find_candidates(session, organization_id, body)
    found = await _replay(session, organization_id, tried, body.from_at, to_at, progress)
    grouping = _grouping(body.grouping)
    until_ms = round(to_at.timestamp() * 1000)
    result, messages = found.backtest, predict_messages(found.backtest.episodes, until_ms, grouping)
    first_ms = int(times_between(body.from_at, to_at, tried.interval)[0])
    made: dict[str, Any] = {
        "from_at": body.from_at,
        "to_at": to_at,
        "interval_seconds": int(tried.interval.total_seconds()),
        "steps": found.steps,
        "series": found.series,
        "history_from": _at(found.history_from_ms),
        "history_is_short": found.history_from_ms is None or found.history_from_ms > first_ms,
        "episodes": _episodes(result.episodes),
        "episodes_total": len(result.episodes),
        "near_misses": _episodes(result.near_misses),
        "near_misses_total": len(result.near_misses),
        "notifications": [_message(one) for one in messages[:SHOWN]],
        "notifications_total": len(messages),
        "failures": [{"at": _at(at_ms), "detail": detail} for at_ms, detail in result.errors[:SHOWN]],
        "failures_total": len(result.errors),
        "difference": None,
    }
    if in_force is not None:
        beside = (await _replay(session, organization_id, in_force, body.from_at, to_at, progress)).backtest
        told = compare(result.episodes, beside.episodes)
        made["difference"] = {
            "added": _episodes(told.added),
            "added_total": len(told.added),
            "removed": _episodes(told.removed),
            "removed_total": len(told.removed),
            "kept": told.kept,
            "episodes_in_force": len(beside.episodes),
            "notifications_in_force": len(predict_messages(beside.episodes, until_ms, grouping)),
        }
    return made


async def _replay(
    session: AsyncSession,
    organization_id: UUID,
    rule: Candidate,
    from_at: datetime,
    to_at: datetime,
    progress: Progress | None,
) -> Replayed:
    return await backtest(
        session,
        organization_id,
        rule.condition,
        rule.wording,
        rule.timing,
        from_at=from_at,
        to_at=to_at,
        interval=rule.interval,
        offset=rule.offset,
        progress=progress,
    )


def _grouping(asked: GroupingAsk) -> Grouping:
    return Grouping(
        by=asked.by,
        wait_ms=asked.wait_seconds * 1000,
        interval_ms=asked.interval_seconds * 1000,
        repeat_ms=asked.repeat_seconds * 1000,
    )


def _episodes(episodes: Sequence[Episode]) -> list[dict[str, Any]]:
    return [
        {
            "labels": one.labels,
            "active_at": _at(one.active_at_ms),
            "fired_at": _at(one.fired_at_ms),
            "ended_at": _at(one.ended_at_ms),
            "value": one.value if one.value is None or np.isfinite(one.value) else None,
        }
        for one in episodes[:SHOWN]
    ]


def _message(one: Message) -> Mapping[str, Any]:
    return {"group": dict(one.group), "at": _at(one.at_ms), "firing": one.firing, "resolved": one.resolved}


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
