"""Anomalies and the detector's choices. A scope shows those of its resources only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import resource_conditions, scope_of
from app.domains.inventory.models import CloudResource
from app.domains.metrics.errors import AnomalyNotFound
from app.domains.metrics.models import DetectorRun, DetectorSettings, MetricAnomaly
from app.domains.metrics.rules.anomalies import COUNTED_FOR, DetectorChoice, Feedback


@dataclass(frozen=True, kw_only=True)
class AnomalyFilter:
    """What a list asks for; empty means all. `from_at` and `to_at` are of the episode's start."""

    resource_id: UUID | None = None
    name: str | None = None
    kinds: Sequence[str] = ()
    is_open: bool | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    group_id: UUID | None = None
    is_judged: bool | None = None


async def list_anomalies(
    session: AsyncSession,
    organization_id: UUID,
    wanted: AnomalyFilter,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[MetricAnomaly]:
    """Anomalies, newest first; `after` is the last row's (started_at, id).

    Members of a burst are left out, unless the question is of them or of what the burst itself does not tell.
    """
    row = MetricAnomaly
    query = select(row).where(row.organization_id == organization_id, *_visible(session), *_conditions(wanted))
    if wanted.group_id is None and wanted.name is None:
        if wanted.resource_id is None and scope_of(session) is None:
            query = query.where(row.group_id.is_(None))
        else:  # a burst over many resources is of none of them
            query = query.where(row.grouped_by.is_distinct_from("resource"))
    if after is not None:
        query = query.where(tuple_(row.started_at, row.id) < after)
    return list((await session.scalars(query.order_by(row.started_at.desc(), row.id.desc()).limit(limit))).all())


async def get_anomaly(
    session: AsyncSession, organization_id: UUID, anomaly_id: UUID, *, lock: bool = False
) -> MetricAnomaly:
    """Raises AnomalyNotFound."""
    row = MetricAnomaly
    query = select(row).where(row.organization_id == organization_id, row.id == anomaly_id, *_visible(session))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise AnomalyNotFound
    return found


async def list_members(
    session: AsyncSession, organization_id: UUID, group_id: UUID, *, limit: int | None = None
) -> list[MetricAnomaly]:
    """Members of a burst that one may see, the most surprising first."""
    row = MetricAnomaly
    query = select(row).where(row.organization_id == organization_id, row.group_id == group_id, *_visible(session))
    return list((await session.scalars(query.order_by(row.score.desc(), row.id).limit(limit))).all())


async def list_feedback(session: AsyncSession, organization_id: UUID, now: datetime) -> list[Feedback]:
    """What people said lately of anomalies of series."""
    row = MetricAnomaly
    query = select(row.series_id, row.kind, row.verdict, row.verdict_at).where(
        row.organization_id == organization_id, row.series_id.is_not(None), row.verdict.is_not(None),
        row.verdict_at > now - COUNTED_FOR,
    )  # fmt: skip
    return [Feedback(*found) for found in await session.execute(query)]  # type: ignore[arg-type]  # none is null here


async def read_detector_choice(session: AsyncSession, organization_id: UUID) -> DetectorChoice:
    """The organization's choice, else the product's."""
    row = await session.get(DetectorSettings, organization_id, populate_existing=True)
    if row is None:
        return DetectorChoice()
    return DetectorChoice(
        enabled=row.enabled,
        names=tuple(row.names),
        linked_only=row.linked_only,
        max_series=row.max_series,
        sensitivity=row.sensitivity,  # type: ignore[arg-type]  # checked when it was written
    )


async def read_detector_run(session: AsyncSession, organization_id: UUID) -> DetectorRun | None:
    """How far the detector is; None where it never ran."""
    return await session.get(DetectorRun, organization_id, populate_existing=True)


def _visible(session: AsyncSession) -> list[ColumnElement[bool]]:
    scope = scope_of(session)
    if scope is None:
        return []
    resource = CloudResource
    visible = select(resource.id).where(
        resource.organization_id == MetricAnomaly.organization_id,
        resource.id == MetricAnomaly.resource_id,
        *resource_conditions(scope, resource.account_id, resource.tags),
    )
    return [visible.exists()]


def _conditions(wanted: AnomalyFilter) -> list[ColumnElement[bool]]:
    row = MetricAnomaly
    made: list[ColumnElement[bool]] = []
    for column, value in ((row.resource_id, wanted.resource_id), (row.name, wanted.name)):
        if value is not None:
            made.append(column == value)
    if wanted.group_id is not None:
        made.append(row.group_id == wanted.group_id)
    if wanted.kinds:
        made.append(row.kind.in_(wanted.kinds))
    if wanted.is_open is not None:
        made.append(row.ended_at.is_(None) if wanted.is_open else row.ended_at.is_not(None))
    if wanted.is_judged is not None:
        made.append(row.verdict.is_not(None) if wanted.is_judged else row.verdict.is_(None))
    if wanted.from_at is not None:
        made.append(row.started_at >= wanted.from_at)
    if wanted.to_at is not None:
        made.append(row.started_at < wanted.to_at)
    return made
