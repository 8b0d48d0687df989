"""Points of series over a range, out of roll-ups, chunks and blocks: what was committed a moment ago is seen."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics.errors import QueryTooLarge
from app.domains.metrics.queries.blocks import read_chunks, read_open_blocks
from app.domains.metrics.rules.blocks import Samples, latest_of_each
from app.domains.metrics.rules.chunks import decode_chunks
from app.domains.metrics.rules.limits import WINDOW_MS
from app.domains.metrics.rules.merging import cut
from app.domains.metrics.rules.ranges import (
    MAX_CELLS,
    MAX_STEPS,
    Function,
    Grid,
    carries,
    carry_last,
    columns_for,
    end_marks,
    lay_buckets,
    lay_percentile,
    reads_before,
    rollup_for,
)
from app.domains.metrics.rules.rollups import WINDOWS_MS, Buckets, decode_buckets, make_buckets, without_windows

MAX_POINTS = 5_000_000
_ROLLUPS = text(
    """
    SELECT series_id, payload FROM metric_rollups
    WHERE organization_id = :org AND series_id = ANY(CAST(:series AS bigint[])) AND step_seconds = :step
      AND window_at >= :first AND window_at < :last
    ORDER BY series_id, window_at
    """
)
_UNROLLED = text(
    """
    SELECT series_id, window_at, payload FROM metric_samples
    WHERE organization_id = :org AND series_id = ANY(CAST(:series AS bigint[])) AND NOT rolled
      AND window_at >= :first AND window_at < :last
    ORDER BY series_id, window_at
    """
)
_WINDOWS = text(
    """
    SELECT c.series_id, c.window_at, c.payload
    FROM unnest(CAST(:series AS bigint[]), CAST(:windows AS timestamptz[])) AS w (series_id, window_at)
    JOIN metric_samples c ON c.organization_id = :org AND c.series_id = w.series_id AND c.window_at = w.window_at
    WHERE c.rolled AND c.window_at >= :first AND c.window_at < :last
    """
)
_COUNT = text(
    """
    SELECT coalesce(sum(points), 0) FROM metric_samples
    WHERE organization_id = :org AND series_id = ANY(CAST(:series AS bigint[]))
      AND window_at >= :first AND window_at < :last
    """
)


async def read_points(
    session: AsyncSession,
    organization_id: UUID,
    series: Sequence[int],
    grid: Grid,
    function: Function,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The series' ids in ascending order, and a matrix: a row a series, a column a cell of the grid.

    NaN where nothing is known. A cell holds the samples from its start to before the next cell's; for `last` an empty
    one shows the value before it for five minutes. Roll-ups know no end marks: where only they are left, and the step
    is one to four minutes, a series that ended is shown for these five minutes too. Raises QueryTooLarge.
    """
    ids = np.unique(np.array(series, np.int64))
    if grid.cells > MAX_STEPS:
        raise QueryTooLarge(f"Ask for at most {MAX_STEPS:,} steps: a coarser step or a shorter time.")
    if grid.cells * len(ids) > MAX_CELLS:
        raise QueryTooLarge(f"Ask for at most {MAX_CELLS:,} points: fewer series, a coarser step or a shorter time.")
    if not len(ids) or not grid.cells:
        return ids, np.full((len(ids), max(0, grid.cells)), np.nan)
    before = reads_before(function, grid.step_ms)
    wide = Grid(grid.from_ms - before, grid.to_ms, grid.step_ms)
    step_seconds = rollup_for(grid.step_ms, function)
    if step_seconds is not None:
        buckets, ended = await _read_buckets(session, organization_id, ids, wide, step_seconds, columns_for(function))
        made = await asyncio.to_thread(lay_buckets, buckets, ids, grid, function)
        if carries(function, grid.step_ms):
            told = Samples.join([Samples(buckets.series, buckets.at_ms, buckets.columns["last"]), ended])
            made = await asyncio.to_thread(carry_last, made, told, ids, grid)
        return ids, made
    samples = await read_samples(session, organization_id, ids, wide.from_ms, wide.to_ms - 1)
    if function.startswith("p"):
        return ids, await asyncio.to_thread(lay_percentile, samples, ids, grid, int(function[1:]))
    made = await asyncio.to_thread(lambda: lay_buckets(make_buckets(samples, grid.step_ms), ids, grid, function))
    if carries(function, grid.step_ms):
        made = await asyncio.to_thread(carry_last, made, samples, ids, grid)
    return ids, made


async def read_samples(
    session: AsyncSession, organization_id: UUID, series: NDArray[np.int64], from_ms: int, to_ms: int
) -> Samples:
    """The samples themselves, end marks too, by series and time; both ends are inside. Raises QueryTooLarge."""
    bounds: dict[str, Any] = _bounds(from_ms, to_ms + 1, WINDOW_MS) | {"org": organization_id}
    count = (await session.execute(_COUNT, bounds | {"series": series.tolist()})).scalar_one()
    if count > MAX_POINTS:
        raise QueryTooLarge(f"This would read {count:,} samples. Ask for a step of whole minutes, or a shorter time.")
    blocks = await read_open_blocks(session, organization_id, series=series, from_ms=from_ms, to_ms=to_ms)
    chunks = await read_chunks(session, organization_id, series, from_ms, to_ms)
    found = latest_of_each(Samples.join([chunks, blocks]))
    return found.take((found.at_ms >= from_ms) & (found.at_ms <= to_ms))


async def _read_buckets(
    session: AsyncSession,
    organization_id: UUID,
    ids: NDArray[np.int64],
    grid: Grid,
    step_seconds: int,
    columns: tuple[str, ...],
) -> tuple[Buckets, Samples]:
    """Roll-ups, and over them the samples of each (series, window) that they do not hold completely; the end marks
    among these samples."""
    values: dict[str, Any] = {"org": organization_id, "series": ids.tolist()}
    blocks = await read_open_blocks(session, organization_id, series=ids, from_ms=grid.from_ms, to_ms=grid.to_ms - 1)
    bounds = _bounds(grid.from_ms, grid.to_ms, WINDOW_MS)
    unrolled = [tuple(row) for row in (await session.execute(_UNROLLED, values | bounds)).all()]
    touched = cut(latest_of_each(blocks))
    if len(touched.series):
        windows = {"series": touched.series.tolist(), "windows": [_instant(ms) for ms in touched.window_ms.tolist()]}
        unrolled += [tuple(row) for row in (await session.execute(_WINDOWS, values | bounds | windows)).all()]
    rows = await session.execute(
        _ROLLUPS, values | _bounds(grid.from_ms, grid.to_ms, WINDOWS_MS[step_seconds]) | {"step": step_seconds}
    )
    rolled = [(row.series_id, row.payload) for row in rows]
    return await asyncio.to_thread(_overlay, rolled, unrolled, blocks, step_seconds, columns)


def _overlay(
    rolled: list[tuple[int, bytes]],
    chunks: list[Any],
    blocks: Samples,
    step_seconds: int,
    columns: tuple[str, ...],
) -> tuple[Buckets, Samples]:
    counts, points = decode_chunks([payload for _, _, payload in chunks])
    owners = np.fromiter((series for series, _, _ in chunks), np.int64, len(chunks))
    raw = latest_of_each(Samples.join([Samples(np.repeat(owners, counts), points.at_ms, points.values), blocks]))
    pieces = cut(raw)
    buckets = without_windows(decode_buckets(rolled, columns), pieces.series, pieces.window_ms, WINDOW_MS)
    made = Buckets.join([buckets, make_buckets(raw, step_seconds * 1000)], columns)
    return made, end_marks(raw, step_seconds * 1000)


def _bounds(from_ms: int, to_ms: int, window_ms: int) -> dict[str, datetime]:
    return {"first": _instant(from_ms - from_ms % window_ms), "last": _instant(to_ms)}


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)
