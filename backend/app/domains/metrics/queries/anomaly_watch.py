"""What the detector may watch, what it remembers, and the episodes that it goes on with."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics.models import DetectorPage, DetectorRun, MetricAnomaly, MetricFamily, MetricSeries

ALIVE_FOR = timedelta(days=1)
"""A series without a sample for so long is not watched."""
_WANTED = text(
    """
    SELECT s.id, s.name, count(*) OVER () AS total
    FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS n (name, place)
    JOIN metric_series s ON s.organization_id = :org AND s.name = n.name
    WHERE (s.resource_id IS NOT NULL OR NOT CAST(:linked AS boolean))
      AND coalesce(s.last_at, s.created_at) > CAST(:since AS timestamptz)
    ORDER BY n.place, s.id LIMIT :limit
    """
)


async def lock_detector(session: AsyncSession, organization_id: UUID) -> DetectorRun:
    """The organization's row, locked to the end of the transaction: one at a time watches and judges."""
    await session.execute(insert(DetectorRun).values(organization_id=organization_id).on_conflict_do_nothing())
    query = select(DetectorRun).where(DetectorRun.organization_id == organization_id).with_for_update()
    return (await session.execute(query, execution_options={"populate_existing": True})).scalar_one()


async def list_metric_names(session: AsyncSession, organization_id: UUID) -> list[str]:
    """Names that series have."""
    query = select(MetricSeries.name).where(MetricSeries.organization_id == organization_id).distinct()
    return sorted((await session.scalars(query)).all())


async def list_types(session: AsyncSession, organization_id: UUID, names: Sequence[str]) -> dict[str, str]:
    """What senders say of these names; `_total`, `_sum` and `_count` may be said of the name without it."""
    shorter = {name: name.removesuffix(end) for name in names for end in ("_total", "_sum", "_count")}
    wanted = sorted({*names, *(name.removesuffix("_total") for name in names), *shorter.values()})
    query = select(MetricFamily.name, MetricFamily.type).where(
        MetricFamily.organization_id == organization_id, MetricFamily.name == func.any(wanted)
    )
    told = {row.name: row.type for row in await session.execute(query)}
    ends = ("", "_total", "_sum", "_count")
    return {name: next((told[one] for end in ends if (one := name.removesuffix(end)) in told), "") for name in names}


async def list_wanted_series(
    session: AsyncSession, organization_id: UUID, names: Sequence[str], *, linked_only: bool, limit: int, now: datetime
) -> tuple[dict[int, str], int]:
    """Names by id of series that are alive, earlier names first, at most `limit`; and how many there are in all."""
    values = {
        "org": organization_id, "names": list(names), "linked": linked_only, "since": now - ALIVE_FOR,
        "limit": max(1, limit),
    }  # fmt: skip
    rows = (await session.execute(_WANTED, values)).all()
    return {row.id: row.name for row in rows[:limit]}, rows[0].total if rows else 0


async def list_page_numbers(session: AsyncSession, organization_id: UUID) -> list[int]:
    """Pages of the detector's memory."""
    query = select(DetectorPage.page).where(DetectorPage.organization_id == organization_id)
    return list((await session.scalars(query.order_by(DetectorPage.page))).all())


async def read_page(session: AsyncSession, organization_id: UUID, page: int) -> bytes | None:
    """The payload of a page."""
    query = select(DetectorPage.payload).where(
        DetectorPage.organization_id == organization_id, DetectorPage.page == page
    )
    return (await session.execute(query)).scalar_one_or_none()


async def write_page(session: AsyncSession, organization_id: UUID, page: int, payload: bytes) -> None:
    """Store the payload of a page. The detector's lock has to be held."""
    row = insert(DetectorPage).values(organization_id=organization_id, page=page, payload=payload)
    await session.execute(
        row.on_conflict_do_update(index_elements=["organization_id", "page"], set_={"payload": row.excluded.payload})
    )


async def list_open_anomalies(session: AsyncSession, organization_id: UUID) -> list[MetricAnomaly]:
    """Anomalies that have not ended, of series and bursts."""
    query = select(MetricAnomaly).where(
        MetricAnomaly.organization_id == organization_id, MetricAnomaly.ended_at.is_(None)
    )
    return list((await session.scalars(query.order_by(MetricAnomaly.id))).all())


async def list_begun(session: AsyncSession, organization_id: UUID, since: datetime) -> list[MetricAnomaly]:
    """Bursts, and episodes that are in none, that began since then."""
    row = MetricAnomaly
    query = select(row).where(row.organization_id == organization_id, row.started_at >= since, row.group_id.is_(None))
    return list((await session.scalars(query.order_by(row.started_at, row.id))).all())


async def list_identities(
    session: AsyncSession, organization_id: UUID, ids: Sequence[int]
) -> Mapping[int, tuple[str, dict[str, str], UUID | None]]:
    """Name, labels and resource of series, whoever may see them."""
    query = select(MetricSeries.id, MetricSeries.name, MetricSeries.labels, MetricSeries.resource_id).where(
        MetricSeries.organization_id == organization_id, MetricSeries.id == func.any(list(ids))
    )
    return {row.id: (row.name, row.labels, row.resource_id) for row in await session.execute(query)}


_BURSTS = text(
    """
    UPDATE metric_anomalies b SET series_count = m.members, score = m.score, points = m.points, last_at = m.last_at,
        started_at = m.started_at, ended_at = m.ended_at
    FROM (
        SELECT group_id, count(*) AS members, max(score) AS score, sum(points) AS points, max(last_at) AS last_at,
            min(started_at) AS started_at,
            CASE WHEN bool_or(ended_at IS NULL) THEN NULL ELSE max(ended_at) END AS ended_at
        FROM metric_anomalies WHERE organization_id = :org AND group_id IN (
            SELECT id FROM metric_anomalies
            WHERE organization_id = :org AND series_id IS NULL AND ended_at IS NULL)
        GROUP BY group_id) m
    WHERE b.organization_id = :org AND b.id = m.group_id
    """
)


async def refresh_bursts(session: AsyncSession, organization_id: UUID) -> None:
    """Let open bursts say what their members do."""
    await session.execute(_BURSTS, {"org": organization_id})
