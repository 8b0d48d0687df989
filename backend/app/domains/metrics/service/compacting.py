"""Moving samples from blocks into chunks. Each round is one transaction: killed anywhere, nothing is lost or twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver, stage_rows
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.tasks import enqueue
from app.domains.metrics.models import MetricBlock
from app.domains.metrics.queries import LOG_MINUTES
from app.domains.metrics.rules.blocks import Samples, decode_block, latest_of_each
from app.domains.metrics.rules.chunks import decode_chunks
from app.domains.metrics.rules.merging import Extent, Pieces, cut, extent_of, merge
from app.domains.metrics.rules.rollups import WINDOWS_MS
from app.domains.metrics.service.committing import COMPACT_SAMPLES, COMPACT_TASK

ROUND_SAMPLES = 2_000_000
COMPACT_AFTER = timedelta(minutes=10)
"""How old the oldest block may grow before it is compacted, unless there are many: every compaction writes the
present window of each series anew, so one a minute would write it 120 times."""

_CHUNKS = """
    SELECT c.series_id, c.payload FROM unnest($2::bigint[], $3::timestamptz[]) AS w (series_id, window_at)
    JOIN metric_samples c ON c.organization_id = $1 AND c.series_id = w.series_id AND c.window_at = w.window_at
    WHERE c.window_at >= $4 AND c.window_at <= $5
"""
_STAGE = {"series_id": "bigint", "window_at": "timestamptz", "points": "integer", "payload": "bytea"}
_STORE = """
    INSERT INTO metric_samples (organization_id, series_id, window_at, points, payload)
    SELECT $1, series_id, window_at, points, payload FROM pg_temp.metric_stage
    ON CONFLICT (organization_id, series_id, window_at) DO UPDATE
    SET points = excluded.points, payload = excluded.payload, rolled = false
"""
_EXTENTS = """
    UPDATE metric_series s
    SET first_at = least(s.first_at, e.first_at), last_at = greatest(s.last_at, e.last_at)
    FROM unnest($2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS e (id, first_at, last_at)
    WHERE s.organization_id = $1 AND s.id = e.id
"""
_VALUES = """
    INSERT INTO resource_metrics (organization_id, id, resource_id, metric_name, value, timestamp)
    SELECT DISTINCT ON (s.resource_id, s.name) $1, v.row_id, s.resource_id, s.name, v.value, v.at
    FROM unnest($2::bigint[], $3::uuid[], $4::double precision[], $5::timestamptz[]) AS v (id, row_id, value, at)
    JOIN metric_series s ON s.organization_id = $1 AND s.id = v.id
    WHERE s.resource_id IS NOT NULL
    ORDER BY s.resource_id, s.name, v.at DESC, s.id DESC
    ON CONFLICT (organization_id, resource_id, metric_name) DO UPDATE
    SET value = excluded.value, timestamp = excluded.timestamp
    WHERE resource_metrics.timestamp <= excluded.timestamp
"""


async def enqueue_compaction(session: AsyncSession, organization_id: UUID) -> None:
    """Queue a compaction where blocks are old enough or many, or old ones may go."""
    query = select(
        func.min(MetricBlock.received_at).filter(MetricBlock.compacted_at.is_(None)),
        func.coalesce(func.sum(MetricBlock.samples).filter(MetricBlock.compacted_at.is_(None)), 0),
        func.min(MetricBlock.compacted_at),
        func.now(),
    ).where(MetricBlock.organization_id == organization_id)
    oldest, samples, compacted, now = (await session.execute(query)).one()
    is_due = oldest is not None and (now - oldest >= COMPACT_AFTER or samples >= COMPACT_SAMPLES)
    if is_due or (compacted is not None and now - compacted >= timedelta(minutes=LOG_MINUTES)):
        await enqueue(session, COMPACT_TASK, organization_id=organization_id, dedupe="open")


async def compact(organization_id: UUID) -> int:
    """Move all that is in blocks into chunks and remove blocks that nobody follows any more; samples moved.

    Safe to repeat. Two at once do not disturb each other: the second finds the lock taken and ends.
    """
    moved = 0
    while done := await _compact_round(organization_id):
        moved += done
    await _remove_old_blocks(organization_id)
    return moved


async def _compact_round(organization_id: UUID) -> int:
    found = await _bounds(organization_id)
    if found is None:
        return 0
    async with tenant_session(organization_id) as session:  # its own transaction: it locks the parent tables
        await session.execute(
            text("SELECT app.make_metric_partitions(to_timestamp(:first), to_timestamp(:last))"),
            {"first": (found[0] - max(WINDOWS_MS.values())) / 1000, "last": found[1] / 1000},  # roll-ups begin earlier
        )
    async with tenant_session(organization_id) as session:
        if not await _lock(session, organization_id):
            return 0
        driver = await open_driver(session)
        rows = await driver.fetch(
            """
            SELECT id, payload FROM (
                SELECT id, payload, sum(samples) OVER (ORDER BY id) - samples AS before FROM metric_blocks
                WHERE organization_id = $1 AND compacted_at IS NULL AND min_ms >= $3 AND max_ms <= $4
            ) open WHERE before < $2 ORDER BY id
            """,
            organization_id,
            ROUND_SAMPLES,
            found[0],
            found[1],
        )
        if not rows:
            return 0
        arrived = await asyncio.to_thread(_read, [row["payload"] for row in rows])
        stored = await _stored(driver, organization_id, arrived)
        pieces, payloads = await asyncio.to_thread(merge, stored, arrived)
        await _store(driver, organization_id, pieces, payloads)
        await _note_extents(driver, organization_id, extent_of(pieces.samples))
        await driver.execute(
            "UPDATE metric_blocks SET compacted_at = clock_timestamp()"
            " WHERE organization_id = $1 AND id = ANY($2::bigint[])",
            organization_id,
            [row["id"] for row in rows],
        )
    return len(arrived)


async def _bounds(organization_id: UUID) -> tuple[int, int] | None:
    """The times that open blocks reach over, in Unix milliseconds."""
    async with tenant_session(organization_id) as session:
        query = select(func.min(MetricBlock.min_ms), func.max(MetricBlock.max_ms)).where(
            MetricBlock.organization_id == organization_id, MetricBlock.compacted_at.is_(None)
        )
        first, last = (await session.execute(query)).one()
    return None if first is None else (first, last)


async def _lock(session: AsyncSession, organization_id: UUID) -> bool:
    query = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    return bool((await session.execute(query, {"key": f"metric-compact:{organization_id}"})).scalar_one())


def _read(payloads: list[bytes]) -> Samples:
    return Samples.join([decode_block(payload) for payload in payloads])


async def _stored(driver: Driver, organization_id: UUID, arrived: Samples) -> Samples:
    """What the chunks hold that the arrived samples belong into."""
    pieces = cut(latest_of_each(arrived))
    windows = [_instant(ms) for ms in pieces.window_ms.tolist()]
    rows = await driver.fetch(_CHUNKS, organization_id, pieces.series.tolist(), windows, min(windows), max(windows))
    counts, points = await asyncio.to_thread(decode_chunks, [row["payload"] for row in rows])
    owners = np.fromiter((row["series_id"] for row in rows), np.int64, len(rows))
    return Samples(np.repeat(owners, counts), points.at_ms, points.values)


async def _store(driver: Driver, organization_id: UUID, pieces: Pieces, payloads: list[bytes]) -> None:
    instants: dict[int, datetime] = {int(ms): _instant(int(ms)) for ms in np.unique(pieces.window_ms)}
    rows = [
        (series, instants[window], points, payload)
        for series, window, points, payload in zip(
            pieces.series.tolist(), pieces.window_ms.tolist(), pieces.sizes.tolist(), payloads, strict=True
        )
    ]
    await stage_rows(driver, "metric_stage", _STAGE, rows)
    await driver.execute(_STORE, organization_id)


async def _note_extents(driver: Driver, organization_id: UUID, extent: Extent) -> None:
    """Tell the series how far they reach, and resources their newest values."""
    await driver.execute(
        _EXTENTS,
        organization_id,
        extent.series.tolist(),
        _instants(extent.first_ms),
        _instants(extent.last_ms),
    )
    told = extent.has_value & np.isfinite(extent.values)
    await driver.execute(
        _VALUES,
        organization_id,
        extent.series[told].tolist(),
        [new_id() for _ in range(int(told.sum()))],
        extent.values[told].tolist(),
        _instants(extent.value_ms[told]),
    )


async def _remove_old_blocks(organization_id: UUID) -> None:
    async with tenant_session(organization_id) as session:
        await session.execute(
            text(
                "DELETE FROM metric_blocks WHERE organization_id = :org"
                " AND compacted_at < now() - make_interval(mins => :minutes)"
                " AND received_at < now() - make_interval(mins => :minutes)"
            ),
            {"org": organization_id, "minutes": LOG_MINUTES},
        )


def _instants(times_ms: NDArray[np.int64]) -> list[datetime]:
    return [_instant(ms) for ms in times_ms.tolist()]


def _instant(ms: int) -> datetime:
    seconds, rest = divmod(ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
