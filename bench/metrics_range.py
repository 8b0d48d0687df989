"""Range questions: 30 days of 100 series among many, over HTTP's service function, with a present minute in blocks.

Beside it the same numbers from a plain table of hourly averages, which is the least that PostgreSQL can do.
"""

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np

from bench.common import report

DAYS, SERIES, ASKED, ASKS = 30, 1_000, 100, 30
STEP_MS = 60_000
HOUR_MS = 3_600_000


async def _fill(driver: "asyncpg.Connection[Any]", organization_id: Any, days: int, series: int, now_ms: int) -> None:
    """Rolled chunks and roll-ups as compactions and roll-ups write them; the last hour stays in blocks."""
    from datetime import UTC, datetime

    from app.domains.metrics.rules.blocks import Samples, encode_block
    from app.domains.metrics.rules.rollups import WINDOWS_MS, encode_buckets, make_buckets

    rows = await driver.fetch(
        "INSERT INTO metric_series (organization_id, key, name, labels)"
        " SELECT $1, decode(md5(n::text), 'hex'), 'bench_' || n % 10, jsonb_build_object('pod', n::text)"
        " FROM generate_series(1, $2::int) n RETURNING id",
        organization_id,
        series,
    )
    ids = sorted(row["id"] for row in rows)
    random = np.random.default_rng(3)
    start_ms = now_ms - days * 24 * HOUR_MS
    times = np.arange(start_ms - start_ms % HOUR_MS, now_ms, STEP_MS, dtype=np.int64)
    end = int(np.searchsorted(times, now_ms - HOUR_MS))
    await driver.execute(
        "SELECT app.make_metric_partitions(to_timestamp($1), to_timestamp($2))",
        start_ms / 1000 - 16 * 86_400,
        now_ms / 1000,
    )
    for one in ids:
        values = np.round(random.normal(50, 8, len(times)), 2)
        samples = Samples(np.full(end, one), times[:end], values[:end])
        for step_seconds, window_ms in WINDOWS_MS.items():
            made = encode_buckets(make_buckets(samples, step_seconds * 1000), window_ms)
            await driver.copy_records_to_table(
                "metric_rollups",
                records=[
                    (organization_id, owner, step_seconds, datetime.fromtimestamp(at / 1000, UTC), count, payload)
                    for owner, at, count, payload in made
                ],
                columns=["organization_id", "series_id", "step_seconds", "window_at", "buckets", "payload"],
            )
        hours = times[:end] - times[:end] % HOUR_MS
        starts = np.flatnonzero(np.diff(hours, prepend=-1))
        means = np.add.reduceat(values[:end], starts) / np.diff(np.append(starts, end))
        await driver.copy_records_to_table(
            "plain_hours",
            records=[
                (one, datetime.fromtimestamp(at / 1000, UTC), value)
                for at, value in zip(hours[starts].tolist(), means.tolist(), strict=True)
            ],
        )
    for position in range(end, len(times)):
        block = Samples(np.array(ids), np.full(len(ids), times[position]), random.normal(50, 8, len(ids)))
        await driver.execute(
            "INSERT INTO metric_blocks (organization_id, min_series, max_series, min_ms, max_ms, samples, payload)"
            " VALUES ($1, $2, $3, $4, $4, $5, $6)",
            organization_id,
            ids[0],
            ids[-1],
            int(times[position]),
            len(ids),
            encode_block(block),
        )


async def run(days: int, series: int) -> None:
    """Fill, ask, and ask the plain table."""
    from datetime import UTC, datetime, timedelta

    from app.core.database import Database, tenant_session, use_database
    from app.core.grants import grants_sql
    from app.core.ids import new_id
    from app.domains.metrics import service

    from bench.inventory_estate import ROLE, empty_database

    figures: dict[str, Any] = {"days": days, "series": series, "asked": ASKED}
    async with empty_database() as (owner_url, app_url):
        owner = await asyncpg.connect(owner_url)
        await owner.execute(grants_sql(ROLE))
        await owner.execute("CREATE TABLE plain_hours (series bigint, at timestamptz, value float8)")
        organization_id, now = new_id(), datetime.now(UTC).replace(second=0, microsecond=0)
        await _fill(owner, organization_id, days, series, int(now.timestamp()) * 1000)
        await owner.execute("ALTER TABLE plain_hours ADD PRIMARY KEY (series, at)")
        await owner.execute("VACUUM ANALYZE")
        database = Database(app_url, pool_size=4)
        use_database(database)
        from_at = now - timedelta(days=days)
        for name, step, function in [
            ("hours", 3_600, "avg"),
            ("hours_rate", 3_600, "rate"),
            ("half_hours", 1_800, "avg"),
            ("two_hours_max", 7_200, "max"),
        ]:
            seconds = []
            for ask in range(ASKS):
                started = time.perf_counter()
                async with tenant_session(organization_id) as session:
                    found = await service.query_range(
                        session,
                        organization_id,
                        f"bench_{ask % 10}",
                        from_at=from_at,
                        to_at=now,
                        step_seconds=step,
                        function=function,  # type: ignore[arg-type]
                        limit=ASKED,
                    )
                seconds.append(time.perf_counter() - started)
            assert len(found["series"]) == min(ASKED, series // 10)
            figures[f"ours_{name}_p50_ms"] = statistics.median(seconds) * 1000
            figures[f"ours_{name}_p95_ms"] = sorted(seconds)[int(len(seconds) * 0.95)] * 1000
        ids = [row["id"] for row in await owner.fetch("SELECT id FROM metric_series ORDER BY id LIMIT $1", ASKED)]
        floor = []
        for _ in range(ASKS):
            started = time.perf_counter()
            await owner.fetch("SELECT * FROM plain_hours WHERE series = ANY($1) AND at >= $2", ids, from_at)
            floor.append(time.perf_counter() - started)
        figures["floor_hours_p50_ms"] = statistics.median(floor) * 1000
        figures["floor_hours_p95_ms"] = sorted(floor)[int(len(floor) * 0.95)] * 1000
        use_database(None)
        await database.close()
        await owner.close()
    report("metrics_range", **figures, goal="ours_hours_p95_ms < 200")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--series", type=int, default=SERIES)
    given = parser.parse_args()
    asyncio.run(run(given.days, given.series))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))
    main()
