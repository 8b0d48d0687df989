"""Roll-ups of closed windows, made anew where late samples came. Each round is one transaction."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver, stage_rows
from app.core.database import tenant_session
from app.core.tasks import enqueue
from app.domains.metrics.rules.blocks import Samples
from app.domains.metrics.rules.chunks import decode_chunks
from app.domains.metrics.rules.limits import WINDOW, WINDOW_MS
from app.domains.metrics.rules.rollups import (
    WINDOWS_MS,
    Buckets,
    decode_buckets,
    encode_buckets,
    make_buckets,
    without_windows,
)

ROLL_TASK = "metrics.roll_up"
ROUND_CHUNKS = 5_000
CLOSED_AFTER = WINDOW + timedelta(minutes=15)
"""After its start a window is rolled up: later than the usual compaction of its last samples, so mostly once."""

_OPEN = """
    SELECT series_id, window_at, payload FROM metric_samples
    WHERE organization_id = $1 AND NOT rolled AND window_at <= now() - $2::interval
    ORDER BY window_at, series_id LIMIT $3
"""
_DONE = """
    UPDATE metric_samples c SET rolled = true FROM unnest($2::bigint[], $3::timestamptz[]) AS w (series_id, window_at)
    WHERE c.organization_id = $1 AND c.series_id = w.series_id AND c.window_at = w.window_at
      AND c.window_at >= $4 AND c.window_at <= $5
"""
_ROLLED = """
    SELECT r.series_id, r.payload FROM metric_rollups r
    WHERE r.organization_id = $1 AND r.series_id = ANY($2::bigint[]) AND r.step_seconds = $3
      AND r.window_at = ANY($4::timestamptz[])
    ORDER BY r.series_id, r.window_at
"""
_STAGE = {"series_id": "bigint", "window_at": "timestamptz", "buckets": "integer", "payload": "bytea"}
_STORE = """
    INSERT INTO metric_rollups (organization_id, series_id, step_seconds, window_at, buckets, payload)
    SELECT $1, series_id, $2, window_at, buckets, payload FROM pg_temp.metric_rollup_stage
    ON CONFLICT (organization_id, series_id, step_seconds, window_at) DO UPDATE
    SET buckets = excluded.buckets, payload = excluded.payload
"""


class _Read(NamedTuple):
    """The chunks of one round: one element a chunk, and all their samples."""

    series: NDArray[np.int64]
    window_ms: NDArray[np.int64]
    samples: Samples


async def enqueue_rolling(session: AsyncSession, organization_id: UUID) -> None:
    """Queue a roll-up where closed windows wait for one."""
    waiting = text(
        "SELECT EXISTS (SELECT FROM metric_samples WHERE organization_id = :org AND NOT rolled"
        " AND window_at <= now() - CAST(:closed AS interval))"
    )
    if (await session.execute(waiting, {"org": organization_id, "closed": CLOSED_AFTER})).scalar_one():
        await enqueue(session, ROLL_TASK, organization_id=organization_id, dedupe="closed")


async def roll_up(organization_id: UUID) -> int:
    """Roll up every closed window that has samples which the roll-ups do not hold; chunks rolled. Safe to repeat."""
    rolled = 0
    while done := await _roll_up_round(organization_id):
        rolled += done
    return rolled


async def _roll_up_round(organization_id: UUID) -> int:
    async with tenant_session(organization_id) as session:
        # Waits for a compaction, which writes the same chunks.
        await session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"metric-compact:{organization_id}"},
        )
        driver = await open_driver(session)
        rows = await driver.fetch(_OPEN, organization_id, CLOSED_AFTER, ROUND_CHUNKS)
        if not rows:
            return 0
        read = await asyncio.to_thread(_decode, [(row["series_id"], row["window_at"], row["payload"]) for row in rows])
        for step_seconds, window_ms in WINDOWS_MS.items():
            await _roll_step(driver, organization_id, read, step_seconds, window_ms)
        windows = [row["window_at"] for row in rows]
        await driver.execute(
            _DONE, organization_id, [row["series_id"] for row in rows], windows, min(windows), max(windows)
        )
    return len(rows)


def _decode(rows: Sequence[tuple[int, datetime, bytes]]) -> _Read:
    rows = sorted(rows, key=lambda row: row[:2])
    counts, points = decode_chunks([payload for _, _, payload in rows])
    series = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    window_ms = np.fromiter((int(row[1].timestamp()) * 1000 for row in rows), np.int64, len(rows))
    return _Read(series, window_ms, Samples(np.repeat(series, counts), points.at_ms, points.values))


async def _roll_step(driver: Driver, organization_id: UUID, read: _Read, step_seconds: int, window_ms: int) -> None:
    windows = np.unique(read.window_ms - read.window_ms % window_ms)
    rows = await driver.fetch(
        _ROLLED,
        organization_id,
        np.unique(read.series).tolist(),
        step_seconds,
        [datetime.fromtimestamp(ms / 1000, UTC) for ms in windows.tolist()],
    )
    stored = [(row["series_id"], row["payload"]) for row in rows]
    made = await asyncio.to_thread(_merge, read, stored, step_seconds, window_ms)
    staged = [
        (series, datetime.fromtimestamp(at_ms / 1000, UTC), buckets, payload)
        for series, at_ms, buckets, payload in made
    ]
    await stage_rows(driver, "metric_rollup_stage", _STAGE, staged)
    await driver.execute(_STORE, organization_id, step_seconds)


def _merge(
    read: _Read, stored: Sequence[tuple[int, bytes]], step_seconds: int, window_ms: int
) -> list[tuple[int, int, int, bytes]]:
    """Rows of the stored buckets with those of the chunks' windows made anew."""
    old = without_windows(decode_buckets(stored), read.series, read.window_ms, WINDOW_MS)
    return encode_buckets(Buckets.join([old, make_buckets(read.samples, step_seconds * 1000)]), window_ms)
