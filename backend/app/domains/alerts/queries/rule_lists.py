"""Reads of rules for people: lists, single rules with their instances, groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, case, cast, delete, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import scope_of
from app.domains.alerts.errors import BacktestNotFound, RuleNotFound
from app.domains.alerts.models import Alert, AlertBacktest, AlertEvaluation, AlertRule, AlertRuleState
from app.domains.alerts.queries.alerts import visible_alerts

_PLAIN = tuple(column for column in AlertRule.__table__.columns if column.name not in ("organization_id", "group_name"))


@dataclass(frozen=True, kw_only=True)
class RuleFilter:
    """What a list asks for; empty means all."""

    text: str | None = None
    severities: Sequence[str] = ()
    states: Sequence[str] = ()
    healths: Sequence[str] = ()
    enabled: bool | None = None
    group: str | None = None
    file_id: UUID | None = None


async def list_rules(
    session: AsyncSession,
    organization_id: UUID,
    wanted: RuleFilter,
    *,
    limit: int,
    after: tuple[str, UUID] | None = None,
) -> list[dict[str, Any]]:
    """Rules by name; `after` is the last row's (name, id)."""
    query = _filtered(_rules(session, organization_id), session, wanted)
    if after is not None:
        query = query.where(tuple_(AlertRule.name, AlertRule.id) > after)
    rows = await session.execute(query.order_by(AlertRule.name, AlertRule.id).limit(limit))
    return [dict(row) for row in rows.mappings()]


async def count_rules(session: AsyncSession, organization_id: UUID, wanted: RuleFilter | None = None) -> int:
    """How many rules a filter finds."""
    query = select(func.count()).select_from(AlertRule).where(AlertRule.organization_id == organization_id)
    query = _filtered(query, session, wanted or RuleFilter())
    return int((await session.execute(query)).scalar_one())


async def read_rule(session: AsyncSession, organization_id: UUID, rule_id: UUID) -> dict[str, Any]:
    """One rule as a row. Raises RuleNotFound."""
    query = _rules(session, organization_id).where(AlertRule.id == rule_id)
    row = (await session.execute(query)).mappings().one_or_none()
    if row is None:
        raise RuleNotFound
    return dict(row)


async def get_rule(session: AsyncSession, organization_id: UUID, rule_id: UUID, *, lock: bool = False) -> AlertRule:
    """One rule's entity, locked if it is to be changed. Raises RuleNotFound."""
    rule = await session.get(AlertRule, (organization_id, rule_id), with_for_update=lock, populate_existing=lock)
    if rule is None:
        raise RuleNotFound
    return rule


async def list_group(session: AsyncSession, organization_id: UUID, group: str, *, lock: bool) -> list[AlertRule]:
    """The rules of a group that was not imported, in their order."""
    query = (
        select(AlertRule)
        .where(AlertRule.organization_id == organization_id, AlertRule.group_name == group, AlertRule.file_id.is_(None))
        .order_by(AlertRule.position, AlertRule.id)
    )
    if lock:
        query = query.with_for_update()
    return list((await session.scalars(query, execution_options={"populate_existing": lock})).all())


async def list_enabled_rules(session: AsyncSession, organization_id: UUID) -> list[AlertRule]:
    """Every rule that is evaluated."""
    query = select(AlertRule).where(AlertRule.organization_id == organization_id, AlertRule.enabled)
    return list((await session.scalars(query.order_by(AlertRule.id))).all())


async def list_rule_instances(
    session: AsyncSession, organization_id: UUID, rule_id: UUID, *, limit: int
) -> list[dict[str, Any]]:
    """Instances of a rule with the ids of their open alerts; firing ones first, then pending, the oldest first."""
    state = AlertRuleState
    order = case((state.state == "firing", 0), (state.state == "pending", 1), else_=2)
    query = (
        select(
            state.key, state.labels, state.state, state.active_at, state.fired_at, state.keep_since_at,
            state.resolved_at, state.value, state.no_data, Alert.id.label("alert_id"),
        )
        .select_from(state)
        .outerjoin(Alert, _is_alert_of(state))
        .where(state.organization_id == organization_id, state.rule_id == rule_id, *_seen(session, state))
        .order_by(order, state.active_at, state.key)
        .limit(limit)
    )  # fmt: skip
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def count_rule_instances(session: AsyncSession, organization_id: UUID, rule_id: UUID) -> int:
    """How many instances of a rule the caller may see."""
    state = AlertRuleState
    query = select(func.count()).where(
        state.organization_id == organization_id, state.rule_id == rule_id, *_seen(session, state)
    )
    return int((await session.execute(query)).scalar_one())


async def read_evaluation(session: AsyncSession, organization_id: UUID) -> AlertEvaluation | None:
    """When the organization's rules were evaluated last."""
    return await session.get(AlertEvaluation, organization_id)


async def get_backtest(session: AsyncSession, organization_id: UUID, backtest_id: UUID) -> AlertBacktest:
    """A backtest of a job. Raises BacktestNotFound."""
    found = await session.get(AlertBacktest, (organization_id, backtest_id))
    if found is None:
        raise BacktestNotFound
    return found


async def forget_backtests(session: AsyncSession, organization_id: UUID, before: datetime) -> None:
    """Remove backtests that are older."""
    old = (AlertBacktest.organization_id == organization_id) & (AlertBacktest.created_at < before)
    await session.execute(delete(AlertBacktest).where(old))


async def list_open_alerts_of_rules(
    session: AsyncSession, organization_id: UUID, rule_ids: Sequence[UUID]
) -> list[Alert]:
    """Open episodes that rules began, locked."""
    query = (
        select(Alert)
        .where(
            Alert.organization_id == organization_id,
            Alert.ended_at.is_(None),
            Alert.source == "rule",
            Alert.labels["rule_id"].astext == func.any([str(one) for one in rule_ids]),
        )
        .order_by(Alert.fingerprint)
        .with_for_update()
    )
    return list((await session.scalars(query, execution_options={"populate_existing": True})).all())


def _rules(session: AsyncSession, organization_id: UUID) -> Select[Any]:
    firing, pending = _count(session, "firing"), _count(session, "pending")
    return select(
        *_PLAIN,
        AlertRule.group_name.label("group"),
        firing.label("firing"),
        pending.label("pending"),
        case((firing > 0, "firing"), (pending > 0, "pending"), else_="inactive").label("state"),
    ).where(AlertRule.organization_id == organization_id)


def _count(session: AsyncSession, state: str) -> ColumnElement[int]:
    return _states(session, select(func.count()), state).scalar_subquery()


def _states(session: AsyncSession, query: Select[Any], state: str) -> Select[Any]:
    instance = AlertRuleState
    return query.where(
        instance.organization_id == AlertRule.organization_id,
        instance.rule_id == AlertRule.id,
        instance.state == state,
        *_seen(session, instance),
    )


def _is_alert_of(state: type[AlertRuleState]) -> ColumnElement[bool]:
    labels = state.labels.op("||")(func.jsonb_build_object("rule_id", cast(state.rule_id, String)))
    return (Alert.organization_id == state.organization_id) & Alert.ended_at.is_(None) & (Alert.labels == labels)


def _seen(session: AsyncSession, state: type[AlertRuleState]) -> list[ColumnElement[bool]]:
    """A scoped caller sees instances whose alerts they see; others are of resources that are not theirs to know."""
    if scope_of(session) is None:
        return []
    mine = select(Alert.id).where(_is_alert_of(state), *visible_alerts(session))
    return [mine.correlate(state).exists()]


def _filtered(query: Select[Any], session: AsyncSession, wanted: RuleFilter) -> Select[Any]:
    if wanted.text:
        query = query.where(AlertRule.name.icontains(wanted.text, autoescape=True))
    if wanted.severities:
        query = query.where(AlertRule.severity.in_(wanted.severities))
    if wanted.healths:
        query = query.where(AlertRule.health.in_(wanted.healths))
    if wanted.enabled is not None:
        query = query.where(AlertRule.enabled.is_(wanted.enabled))
    if wanted.group is not None:
        query = query.where(AlertRule.group_name == wanted.group)
    if wanted.file_id is not None:
        query = query.where(AlertRule.file_id == wanted.file_id)
    if wanted.states:
        firing, pending = (_states(session, select(literal(1)), one).exists() for one in ("firing", "pending"))
        conditions = {"firing": firing, "pending": ~firing & pending, "inactive": ~firing & ~pending}
        query = query.where(or_(*(conditions[one] for one in wanted.states)))
    return query
