"""Running sums of series that are sent as increments (OTLP's delta temporality)."""

from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics.rules.batch import Increments

_READ = text(
    """
    SELECT series_id, total, ended_ms FROM metric_running_sums
    WHERE organization_id = :org AND series_id = ANY(CAST(:series AS bigint[])) FOR UPDATE
    """
)
_WRITE = text(
    """
    INSERT INTO metric_running_sums (organization_id, series_id, total, ended_ms)
    SELECT :org, series_id, total, ended_ms
    FROM unnest(CAST(:series AS bigint[]), CAST(:totals AS double precision[]), CAST(:ended AS bigint[]))
         AS new (series_id, total, ended_ms)
    ON CONFLICT (organization_id, series_id) DO UPDATE SET total = excluded.total, ended_ms = excluded.ended_ms
    """
)


async def add_increments(
    session: AsyncSession,
    organization_id: UUID,
    ids: NDArray[np.int64],
    places: NDArray[np.int64],
    increments: Increments,
    known: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """Series, times and values of the running sums after each increment, added in this transaction.

    `ids` and `places` lead from the batch's index of series to the book's place and the store's id; only increments
    that are `known` are added. One that ends no later than what is in the sum already is a repeated request, or came
    too late to be told from one, and is passed over.
    """
    order = np.lexsort((increments.at_ms, increments.series))
    order = order[known[order]]
    slots = places[increments.series[order]]
    wanted = np.unique(ids[slots]).tolist()
    rows = await session.execute(_READ, {"org": organization_id, "series": wanted})
    sums = {row.series_id: (row.total, row.ended_ms) for row in rows}
    made: list[tuple[int, int, float]] = []
    changed: set[int] = set()
    columns = zip(
        slots.tolist(),
        increments.series[order].tolist(),
        increments.at_ms[order].tolist(),
        increments.values[order].tolist(),
        strict=True,
    )
    for slot, index, at_ms, value in columns:
        series = int(ids[slot])
        total, ended_ms = sums.get(series, (0.0, -1))
        if at_ms > ended_ms:
            sums[series] = (total + value, at_ms)
            changed.add(series)
            made.append((index, at_ms, total + value))
    if made:
        values = {
            "org": organization_id,
            "series": sorted(changed),
            "totals": [sums[series][0] for series in sorted(changed)],
            "ended": [sums[series][1] for series in sorted(changed)],
        }
        await session.execute(_WRITE, values)
    return (
        np.array([index for index, _, _ in made], np.int32),
        np.array([at_ms for _, at_ms, _ in made], np.int64),
        np.array([total for _, _, total in made], np.float64),
    )
