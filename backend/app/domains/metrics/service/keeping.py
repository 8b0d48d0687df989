"""Removing what an organization keeps no longer, and whole partitions that nobody may keep."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import tenant_session
from app.core.keeping import BOUNDS, kept_for
from app.core.tasks import enqueue
from app.domains.metrics.rules.limits import RAW_KEPT, ROLLUP_KEPT
from app.domains.metrics.rules.rollups import WINDOWS_MS

CLEAN_TASK = "metrics.clean"
_ROWS = 20_000
_OLD_CHUNKS = text(
    """
    DELETE FROM metric_samples WHERE organization_id = :org AND window_at < now() - CAST(:kept AS interval)
      AND (series_id, window_at) IN (
        SELECT series_id, window_at FROM metric_samples
        WHERE organization_id = :org AND window_at < now() - CAST(:kept AS interval) LIMIT :rows)
    """
)
_OLD_ROLLUPS = text(
    """
    DELETE FROM metric_rollups WHERE organization_id = :org AND step_seconds = :step
      AND window_at < now() - CAST(:kept AS interval)
      AND (series_id, window_at) IN (
        SELECT series_id, window_at FROM metric_rollups
        WHERE organization_id = :org AND step_seconds = :step AND window_at < now() - CAST(:kept AS interval)
        LIMIT :rows)
    """
)
_OLD_SERIES = text(
    """
    DELETE FROM metric_series WHERE organization_id = :org AND id IN (
        SELECT id FROM metric_series
        WHERE organization_id = :org AND coalesce(last_at, created_at) < now() - CAST(:kept AS interval) LIMIT :rows)
    """
)
_OLD_SUMS = text(
    """
    DELETE FROM metric_running_sums m WHERE organization_id = :org AND series_id IN (
        SELECT r.series_id FROM metric_running_sums r LEFT JOIN metric_series s
          ON s.organization_id = r.organization_id AND s.id = r.series_id
        WHERE r.organization_id = :org AND s.id IS NULL AND CAST(:kept AS interval) IS NOT NULL LIMIT :rows)
    """
)

_OLD_ANOMALIES = text(
    """
    DELETE FROM metric_anomalies WHERE organization_id = :org AND id IN (
        SELECT id FROM metric_anomalies
        WHERE organization_id = :org AND ended_at < now() - CAST(:kept AS interval) LIMIT :rows)
    """
)


async def keep_partitions(session: AsyncSession) -> None:
    """Make the weeks to come and drop those that nobody may keep. Of the installation, not of an organization."""
    await session.execute(
        text("SELECT app.make_metric_partitions(now() - interval '35 days', now() + interval '8 days')")
    )
    await session.execute(
        text("SELECT app.drop_metric_partitions(:samples, :rollups)"),
        {"samples": RAW_KEPT.days, "rollups": BOUNDS["metrics"].most + 16},
    )


async def enqueue_cleaning(session: AsyncSession, organization_id: UUID) -> None:
    """Queue the daily removal."""
    await enqueue(session, CLEAN_TASK, organization_id=organization_id, dedupe="daily")


async def clean(organization_id: UUID) -> int:
    """Remove what is older than the organization keeps; rows removed. Safe to repeat.

    Series go some time after their last sample, so that no process still knows them by an id.
    """
    async with tenant_session(organization_id) as session:
        kept = await kept_for(session, organization_id, "metrics")
    removed = await _remove(organization_id, _OLD_CHUNKS, min(kept, RAW_KEPT))
    for step_seconds, most in ROLLUP_KEPT.items():
        window = timedelta(milliseconds=WINDOWS_MS[step_seconds])  # a row goes when its last bucket may
        removed += await _remove(organization_id, _OLD_ROLLUPS, min(kept, most) + window, step=step_seconds)
    removed += await _remove(organization_id, _OLD_SERIES, kept + timedelta(days=17))
    removed += await _remove(organization_id, _OLD_ANOMALIES, kept)
    return removed + await _remove(organization_id, _OLD_SUMS, kept)


async def _remove(organization_id: UUID, statement: TextClause, kept: timedelta, **values: object) -> int:
    removed = 0
    while True:
        async with tenant_session(organization_id) as session:
            values |= {"org": organization_id, "kept": kept, "rows": _ROWS}
            rows: int = (await session.execute(statement, values)).rowcount  # type: ignore[attr-defined]  # a DELETE's
            removed += rows
            if rows < _ROWS:
                return removed
