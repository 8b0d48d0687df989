"""Reading the log of blocks, and what is stored of some series around some times."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics.models import MetricBlock
from app.domains.metrics.rules.blocks import Samples, decode_block
from app.domains.metrics.rules.chunks import decode_chunks
from app.domains.metrics.rules.limits import WINDOW_MS

_FEW = 10  # blocks that are decoded sooner than a thread is asked
LOG_MINUTES = 3
"""How long blocks stay at least for those who follow the log."""


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """One block of the log; `samples` are as they came, so of twins the later block's counts."""

    id: int
    received_at: datetime
    samples: Samples


async def read_blocks(
    session: AsyncSession, organization_id: UUID, after_id: int, limit: int = 100
) -> list[StoredBlock]:
    """Blocks behind `after_id` in the order of their commits, also compacted ones as long as they are there.

    Nothing with a smaller id is committed later: writers of an organization take ids one at a time. A reader that is
    more than `LOG_MINUTES` behind may miss blocks and has to read points instead.
    """
    query = (
        select(MetricBlock.id, MetricBlock.received_at, MetricBlock.payload)
        .where(MetricBlock.organization_id == organization_id, MetricBlock.id > after_id)
        .order_by(MetricBlock.id)
        .limit(limit)
    )
    rows = (await session.execute(query)).all()
    return [StoredBlock(row.id, row.received_at, decode_block(row.payload)) for row in rows]


async def read_block_head(session: AsyncSession, organization_id: UUID) -> int:
    """The id of the newest block, 0 where there is none: where a new follower of the log begins."""
    query = select(func.max(MetricBlock.id)).where(MetricBlock.organization_id == organization_id)
    return (await session.execute(query)).scalar_one() or 0


async def read_open_blocks(
    session: AsyncSession,
    organization_id: UUID,
    *,
    series: NDArray[np.int64] | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> Samples:
    """Samples that are not in chunks yet, in the order of their commits; of some series and times only, if given.

    `to_ms` is inside.
    """
    query = select(MetricBlock.payload).where(
        MetricBlock.organization_id == organization_id, MetricBlock.compacted_at.is_(None)
    )
    if series is not None:
        if not len(series):
            return Samples.join([])
        query = query.where(MetricBlock.max_series >= int(series.min()), MetricBlock.min_series <= int(series.max()))
    if from_ms is not None:
        query = query.where(MetricBlock.max_ms >= from_ms)
    if to_ms is not None:
        query = query.where(MetricBlock.min_ms <= to_ms)
    payloads = (await session.execute(query.order_by(MetricBlock.id))).scalars().all()
    if len(payloads) < _FEW:
        return _decode(payloads, series, from_ms, to_ms)
    return await asyncio.to_thread(_decode, payloads, series, from_ms, to_ms)


def _decode(
    payloads: Sequence[bytes], series: NDArray[np.int64] | None, from_ms: int | None, to_ms: int | None
) -> Samples:
    parts = []
    for payload in payloads:
        samples = decode_block(payload)
        wanted = np.ones(len(samples), np.bool_)
        if series is not None:
            wanted &= np.isin(samples.series, series)
        if from_ms is not None:
            wanted &= samples.at_ms >= from_ms
        if to_ms is not None:
            wanted &= samples.at_ms <= to_ms
        parts.append(samples if wanted.all() else samples.take(wanted))
    return Samples.join(parts)


_CHUNKS = text(
    """
    SELECT series_id, payload FROM metric_samples
    WHERE organization_id = :org AND series_id = ANY(CAST(:series AS bigint[]))
      AND window_at >= to_timestamp(:first) AND window_at <= to_timestamp(:last)
    ORDER BY series_id, window_at
    """
)


async def read_chunks(
    session: AsyncSession, organization_id: UUID, series: NDArray[np.int64], from_ms: int, to_ms: int
) -> Samples:
    """Samples in chunks of the windows from `from_ms` to `to_ms` (inside), by series and time."""
    values: dict[str, Any] = {
        "org": organization_id,
        "series": series.tolist(),
        "first": (from_ms - from_ms % WINDOW_MS) / 1000,
        "last": to_ms / 1000,
    }
    rows = (await session.execute(_CHUNKS, values)).all()
    counts, points = decode_chunks([row.payload for row in rows])
    owners = np.fromiter((row.series_id for row in rows), np.int64, len(rows))
    return Samples(np.repeat(owners, counts), points.at_ms, points.values)


async def read_stored(session: AsyncSession, organization_id: UUID, wanted: Samples) -> list[Samples]:
    """What chunks and open blocks hold of these series in these times; the later part counts.

    Blocks are read first: what a compaction moves meanwhile is then seen twice and not never.
    """
    series = np.unique(wanted.series)
    from_ms, to_ms = int(wanted.at_ms.min()), int(wanted.at_ms.max())
    blocks = await read_open_blocks(session, organization_id, series=series, from_ms=from_ms, to_ms=to_ms)
    chunks = await read_chunks(session, organization_id, series, from_ms, to_ms)
    return [chunks, blocks]
