"""The floors of `metrics_intake`: what PostgreSQL alone takes for the same rows and for the same samples."""

import io
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
from app.domains.metrics.rules.blocks import Samples, decode_block

_COLUMNS = ("organization_id", "min_series", "max_series", "min_ms", "max_ms", "samples", "payload")
_ROW = np.dtype(
    [("fields", ">i2"), ("l1", ">i4"), ("series", ">i8"), ("l2", ">i4"), ("at", ">i8"), ("l3", ">i4"), ("value", ">f8")]
)
_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL = b"\xff\xff"


async def read_blocks(connection: "asyncpg.Connection[Any]", organization_id: UUID) -> list[Any]:
    """The blocks that were stored, in their order."""
    rows: list[Any] = await connection.fetch(
        f"SELECT {', '.join(_COLUMNS)} FROM metric_blocks WHERE organization_id = $1 ORDER BY id", organization_id
    )
    return rows


async def copy_blocks(connection: "asyncpg.Connection[Any]", blocks: Sequence[Any], other: UUID) -> float:
    """Seconds to COPY the same rows into the same table for another organization, a commit for each."""
    started = time.perf_counter()
    for row in blocks:
        await connection.copy_records_to_table(
            "metric_blocks", records=[(other, *tuple(row)[1:])], columns=list(_COLUMNS)
        )
    return time.perf_counter() - started


async def copy_samples(connection: "asyncpg.Connection[Any]", blocks: Sequence[Any], request_samples: int) -> float:
    """Seconds to COPY the same samples into a plain table with a primary key, a commit for each request's worth.

    The binary rows are made before the clock starts, so this is PostgreSQL alone.
    """
    await connection.execute(
        "CREATE TABLE plain_samples (series bigint, at timestamptz, value float8, PRIMARY KEY (series, at))"
    )
    samples = Samples.join([decode_block(row["payload"]) for row in blocks])
    ready = [_binary(samples, start, request_samples) for start in range(0, len(samples), request_samples)]
    started = time.perf_counter()
    for content in ready:
        await connection.copy_to_table("plain_samples", source=io.BytesIO(content), format="binary")
    seconds = time.perf_counter() - started
    await connection.execute("DROP TABLE plain_samples")
    return seconds


def _binary(samples: Samples, start: int, count: int) -> bytes:
    part = samples.take(np.arange(start, min(len(samples), start + count)))
    rows = np.zeros(len(part), _ROW)
    rows["fields"], rows["l1"], rows["l2"], rows["l3"] = 3, 8, 8, 8
    rows["series"], rows["value"] = part.series, part.values
    rows["at"] = (part.at_ms - 946_684_800_000) * 1000  # PostgreSQL counts microseconds from 2000
    return _HEAD + rows.tobytes() + _TAIL
