"""Reads of alerts, organization first. The effective status is computed here, as `rules.effective_status` says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, case, delete, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import resource_conditions, scope_of
from app.domains.alerts.errors import AlertNotFound
from app.domains.alerts.models import Alert, AlertTimelineEntry, AlertUserState
from app.domains.inventory.models import CloudResource

_STATUS: ColumnElement[str] = case(
    (Alert.ended_at.is_not(None), "resolved"),
    (Alert.suppressed_by.is_not(None), "suppressed"),
    (AlertUserState.snoozed_until > func.now(), "snoozed"),
    (AlertUserState.acknowledged_at.is_not(None), "acknowledged"),
    else_="firing",
)
_COLUMNS = (
    Alert.id,
    Alert.title,
    Alert.description,
    Alert.severity,
    _STATUS.label("status"),
    Alert.labels,
    Alert.resource_id,
    Alert.source,
    Alert.link,
    Alert.started_at,
    Alert.ended_at,
    Alert.last_received_at,
    Alert.count,
    AlertUserState.acknowledged_at,
    AlertUserState.acknowledged_by,
    AlertUserState.note,
    AlertUserState.assignee_id,
    AlertUserState.snoozed_until,
)


@dataclass(frozen=True, kw_only=True)
class AlertFilter:
    """What a list asks for; empty means all."""

    statuses: Sequence[str] = ()
    severities: Sequence[str] = ()
    text: str | None = None
    resource_id: UUID | None = None
    assignee_id: UUID | None = None


def visible_alerts(session: AsyncSession) -> list[ColumnElement[bool]]:
    """A scoped caller sees alerts about resources in their scope; what concerns no resource concerns the whole."""
    scope = scope_of(session)
    if scope is None:
        return []
    resource = CloudResource
    seen = select(resource.id).where(
        resource.organization_id == Alert.organization_id,
        resource.id == Alert.resource_id,
        *resource_conditions(scope, resource.account_id, resource.tags),
    )
    return [seen.exists()]


def _alerts(session: AsyncSession, organization_id: UUID) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .select_from(Alert)
        .outerjoin(
            AlertUserState,
            (AlertUserState.organization_id == Alert.organization_id) & (AlertUserState.id == Alert.id),
        )
        .where(Alert.organization_id == organization_id, *visible_alerts(session))
    )


def _filtered(statement: Select[Any], wanted: AlertFilter) -> Select[Any]:
    if wanted.statuses:
        statement = statement.where(_STATUS.in_(wanted.statuses))
    if wanted.severities:
        statement = statement.where(Alert.severity.in_(wanted.severities))
    if wanted.resource_id is not None:
        statement = statement.where(Alert.resource_id == wanted.resource_id)
    if wanted.assignee_id is not None:
        statement = statement.where(AlertUserState.assignee_id == wanted.assignee_id)
    if wanted.text:
        pattern = "%" + wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        statement = statement.where(
            or_(Alert.title.ilike(pattern), Alert.description.ilike(pattern), Alert.labels.cast(String).ilike(pattern))
        )
    return statement


async def list_alerts(
    session: AsyncSession,
    organization_id: UUID,
    wanted: AlertFilter,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[dict[str, Any]]:
    """Alerts, newest episode first; `after` is the last row's (started_at, id)."""
    statement = _filtered(_alerts(session, organization_id), wanted)
    if after is not None:
        statement = statement.where(tuple_(Alert.started_at, Alert.id) < after)
    statement = statement.order_by(Alert.started_at.desc(), Alert.id.desc()).limit(limit)
    return [dict(row) for row in (await session.execute(statement)).mappings()]


async def count_alerts(session: AsyncSession, organization_id: UUID, wanted: AlertFilter) -> int:
    """How many alerts a filter finds."""
    found = _filtered(_alerts(session, organization_id), wanted).with_only_columns(
        func.count(), maintain_column_froms=True
    )
    return int((await session.execute(found)).scalar_one())


async def read_alert(session: AsyncSession, organization_id: UUID, alert_id: UUID) -> dict[str, Any]:
    """One alert as a row. Raises AlertNotFound."""
    row = (
        (await session.execute(_alerts(session, organization_id).where(Alert.id == alert_id))).mappings().one_or_none()
    )
    if row is None:
        raise AlertNotFound
    return dict(row)


async def get_alert(session: AsyncSession, organization_id: UUID, alert_id: UUID, *, lock: bool = False) -> Alert:
    """One alert's entity, locked if it is to be changed. Raises AlertNotFound."""
    alert = await session.get(Alert, (organization_id, alert_id), with_for_update=lock, populate_existing=lock)
    if alert is None:
        raise AlertNotFound
    if visible := visible_alerts(session):
        seen = select(Alert.id).where(Alert.organization_id == organization_id, Alert.id == alert_id, *visible)
        if (await session.execute(seen)).first() is None:
            raise AlertNotFound
    return alert


async def begin_or_repeat(
    session: AsyncSession, organization_id: UUID, rows: Sequence[dict[str, Any]]
) -> Sequence[Alert]:
    """For each row a new episode with its id, or the open one of its fingerprint counted up. No race: one statement."""
    statement = insert(Alert).values(
        [{"organization_id": organization_id, "last_received_at": func.now()} | row for row in rows]
    )
    new = statement.excluded
    upsert = statement.on_conflict_do_update(
        index_elements=["organization_id", "fingerprint"],
        index_where=Alert.ended_at.is_(None),
        set_={
            "count": Alert.count + new.count,
            "last_received_at": new.last_received_at,
            "title": new.title,
            "description": new.description,
            "severity": new.severity,
        },
    )
    return (await session.scalars(upsert.returning(Alert), execution_options={"populate_existing": True})).all()


async def list_open_episodes(session: AsyncSession, organization_id: UUID, fingerprints: Sequence[str]) -> list[Alert]:
    """The episodes of these fingerprints that have not ended, locked."""
    statement = (
        select(Alert)
        .where(
            Alert.organization_id == organization_id,
            Alert.fingerprint == func.any(list(fingerprints)),
            Alert.ended_at.is_(None),
        )
        .order_by(Alert.fingerprint)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.scalars(statement)).all())


async def list_timeline(session: AsyncSession, organization_id: UUID, alert_id: UUID) -> Sequence[AlertTimelineEntry]:
    """What happened in an episode, oldest first."""
    statement = (
        select(AlertTimelineEntry)
        .where(AlertTimelineEntry.organization_id == organization_id, AlertTimelineEntry.alert_id == alert_id)
        .order_by(AlertTimelineEntry.at, AlertTimelineEntry.id)
    )
    return (await session.scalars(statement)).all()


async def summarise(session: AsyncSession, organization_id: UUID) -> dict[str, Any]:
    """Counts by effective status, and by severity of what is not resolved."""
    statement = (
        _alerts(session, organization_id)
        .with_only_columns(_STATUS.label("status"), Alert.severity, func.count(), maintain_column_froms=True)
        .group_by("status", Alert.severity)
    )
    by_status: dict[str, int] = {}
    by_severity: dict[str, int] = {}
    for status, severity, count in await session.execute(statement):
        by_status[status] = by_status.get(status, 0) + count
        if status != "resolved":
            by_severity[severity] = by_severity.get(severity, 0) + count
    return {"total": sum(by_status.values()), "by_status": by_status, "by_severity": by_severity}


async def delete_ended(session: AsyncSession, organization_id: UUID, before: datetime, *, limit: int) -> int:
    """Delete some alerts that ended before an instant, with what people said of them; how many."""
    old = select(Alert.id).where(Alert.organization_id == organization_id, Alert.ended_at < before).limit(limit)
    gone = await session.execute(
        delete(Alert).where(Alert.organization_id == organization_id, Alert.id.in_(old)).returning(Alert.id)
    )
    return len(gone.all())
