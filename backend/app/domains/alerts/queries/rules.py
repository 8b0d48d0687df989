"""Reads and writes of rules' instances, and the series that rules may speak of. Only who holds its lock writes here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, case, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.alerts.models import AlertEvaluation, AlertRule, AlertRuleState
from app.domains.alerts.rules.form import LEAST_SECONDS
from app.domains.alerts.rules.states import Instance
from app.domains.metrics.models import MetricSeries

_ROWS = 1_000
MADE_UP_SECONDS = 60
"""How late an evaluation may be made: a worker that was busy for so long skips no minute."""

_KIND = AlertRule.condition["kind"].astext
_INTERVAL = func.greatest(AlertRule.interval_seconds, case(LEAST_SECONDS, value=_KIND, else_=0))


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """A series that may have samples still."""

    id: int
    name: str
    labels: Mapping[str, str]
    resource_id: UUID | None


async def has_rules(session: AsyncSession, organization_id: UUID, *, below_seconds: int | None = None) -> bool:
    """Whether there is anything to evaluate, or to evaluate more often than each `below_seconds`."""
    query = select(AlertRule.id).where(AlertRule.organization_id == organization_id, AlertRule.enabled)
    if below_seconds is not None:
        query = query.where(AlertRule.interval_seconds < below_seconds)
    return (await session.execute(query.limit(1))).first() is not None


async def lock_evaluation(session: AsyncSession, organization_id: UUID) -> AlertEvaluation:
    """The organization's row, locked to the end of the transaction: one evaluation at a time."""
    made = insert(AlertEvaluation).values(organization_id=organization_id).on_conflict_do_nothing()
    await session.execute(made)
    query = select(AlertEvaluation).where(AlertEvaluation.organization_id == organization_id).with_for_update()
    return (await session.execute(query, execution_options={"populate_existing": True})).scalar_one()


async def list_due_rules(
    session: AsyncSession,
    organization_id: UUID,
    after: datetime | None,
    at: datetime,
    *,
    kinds: Sequence[str] = (),
) -> list[tuple[AlertRule, datetime]]:
    """Enabled rules of which an interval ended after `after` and not after `at`, with the end of the newest.

    Intervals count from 1970, so restarts do not move them; ends longer ago than MADE_UP_SECONDS are let go. Some kinds
    are not asked more often than LEAST_SECONDS says.
    """
    at_s = int(at.timestamp())
    after_s = max(at_s - MADE_UP_SECONDS, 0 if after is None else int(after.timestamp()))
    ended = literal(at_s, BigInteger) // _INTERVAL
    query = select(AlertRule).where(
        AlertRule.organization_id == organization_id,
        AlertRule.enabled,
        ended > literal(after_s, BigInteger) // _INTERVAL,
    )
    if kinds:
        query = query.where(_KIND.in_(kinds))
    rules = (await session.scalars(query.order_by(AlertRule.id))).all()
    return [(rule, _at(at_s // (seconds := _interval(rule)) * seconds * 1000)) for rule in rules]


def _interval(rule: AlertRule) -> int:
    return max(rule.interval_seconds, LEAST_SECONDS.get(rule.condition.get("kind", ""), 0))


async def list_instances(session: AsyncSession, organization_id: UUID) -> dict[UUID, dict[str, Instance]]:
    """The instances of each rule by their keys."""
    state = AlertRuleState
    query = select(
        state.rule_id, state.key, state.labels, state.state, state.active_at, state.value,
        state.fired_at, state.keep_since_at, state.resolved_at, state.no_data,
    ).where(state.organization_id == organization_id)  # fmt: skip
    made: dict[UUID, dict[str, Instance]] = {}
    for row in await session.execute(query):
        made.setdefault(row.rule_id, {})[row.key] = Instance(
            key=row.key,
            labels=row.labels,
            state=row.state,
            active_at_ms=_ms(row.active_at),
            value=row.value,
            fired_at_ms=_optional_ms(row.fired_at),
            keep_since_ms=_optional_ms(row.keep_since_at),
            resolved_at_ms=_optional_ms(row.resolved_at),
            no_data=row.no_data,
        )
    return made


async def save_instances(
    session: AsyncSession,
    organization_id: UUID,
    changed: Sequence[tuple[UUID, Instance]],
    gone: Sequence[tuple[UUID, str]],
) -> None:
    """Write instances of rules and remove those that are gone."""
    for start in range(0, len(gone), _ROWS):
        keys = list(gone[start : start + _ROWS])
        await session.execute(
            delete(AlertRuleState).where(
                AlertRuleState.organization_id == organization_id,
                tuple_(AlertRuleState.rule_id, AlertRuleState.key).in_(keys),
            )
        )
    for start in range(0, len(changed), _ROWS):
        rows = [_row(organization_id, rule_id, one) for rule_id, one in changed[start : start + _ROWS]]
        statement = insert(AlertRuleState).values(rows)
        keys_of = ("organization_id", "rule_id", "key")
        new = {name: statement.excluded[name] for name in rows[0] if name not in keys_of}
        await session.execute(statement.on_conflict_do_update(index_elements=list(keys_of), set_=new))


async def forget_instances(session: AsyncSession, organization_id: UUID, rule_ids: Sequence[UUID]) -> None:
    """Remove all instances of rules. The evaluation's lock has to be held."""
    await session.execute(
        delete(AlertRuleState).where(
            AlertRuleState.organization_id == organization_id, AlertRuleState.rule_id == func.any(list(rule_ids))
        )
    )


async def save_outcomes(session: AsyncSession, organization_id: UUID, errors: Mapping[UUID, str | None]) -> None:
    """Health and error of rules for which they changed; None is a success. No change of a rule by a person."""
    by_error: dict[str | None, list[UUID]] = {}
    for rule_id, error in errors.items():
        by_error.setdefault(error, []).append(rule_id)
    for error, rule_ids in by_error.items():
        await session.execute(
            update(AlertRule)
            .where(AlertRule.organization_id == organization_id, AlertRule.id == func.any(rule_ids))
            .values(health="ok" if error is None else "err", last_error=error, updated_at=AlertRule.updated_at)
            .execution_options(synchronize_session=False)  # else each statement walks through every rule of the session
        )


async def read_series_head(session: AsyncSession, organization_id: UUID) -> tuple[int, int]:
    """The newest id and the number of series: while both stand, no series has come or gone."""
    query = select(func.coalesce(func.max(MetricSeries.id), 0), func.count()).where(
        MetricSeries.organization_id == organization_id
    )
    newest, count = (await session.execute(query)).one()
    return newest, count


async def list_known_series(
    session: AsyncSession, organization_id: UUID, names: Sequence[str] | None, since: timedelta
) -> list[KnownSeries]:
    """Series with these names (None: all) that had samples, or came, in this time, by id."""
    query = select(MetricSeries.id, MetricSeries.name, MetricSeries.labels, MetricSeries.resource_id).where(
        MetricSeries.organization_id == organization_id,
        func.coalesce(MetricSeries.last_at, MetricSeries.created_at) > func.now() - since,
    )
    if names is not None:
        query = query.where(MetricSeries.name == func.any(list(names)))
    rows = await session.execute(query.order_by(MetricSeries.id))
    return [KnownSeries(row.id, row.name, row.labels, row.resource_id) for row in rows]


def _row(organization_id: UUID, rule_id: UUID, one: Instance) -> dict[str, Any]:
    return {
        "organization_id": organization_id,
        "rule_id": rule_id,
        "key": one.key,
        "labels": dict(one.labels),
        "state": one.state,
        "active_at": _at(one.active_at_ms),
        "fired_at": _optional_at(one.fired_at_ms),
        "keep_since_at": _optional_at(one.keep_since_ms),
        "resolved_at": _optional_at(one.resolved_at_ms),
        "value": one.value,
        "no_data": one.no_data,
    }


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _optional_at(ms: int | None) -> datetime | None:
    return None if ms is None else _at(ms)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _optional_ms(at: datetime | None) -> int | None:
    return None if at is None else _ms(at)
