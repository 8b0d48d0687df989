"""One evaluation of many alert rules over many series, in CPU seconds of this process and of its PostgreSQL backend.

Rules are those that people have: most compare the newest value of some series, others a mean, a rate, a sum or a
ratio, and one series in a hundred is beyond its threshold. Beside it the least that anybody could do: numpy comparing
the same values, held in memory, with the same thresholds.
"""

import argparse
import asyncio
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import psutil

from bench.common import report

SERIES_A_RULE, NAMES, MINUTES, ROUNDS, INTERVAL_SECONDS = 10, 10, 6, 4, 60
LIMIT = 90.0


def _condition(number: int) -> dict[str, Any]:
    """The number's kind of rule, over the ten series of its shard."""
    selector = f'bench_{number % NAMES}{{shard="{number}"}}'
    above = {"operator": ">", "threshold": LIMIT}
    reading: dict[str, Any] = {"selector": selector}
    kind = number // NAMES % 20
    if kind < 14:
        return {"kind": "threshold", "reading": reading, "enter": above}
    if kind < 16:
        return {"kind": "threshold", "reading": reading | {"function": "avg"}, "enter": above}
    if kind < 18:
        return {"kind": "threshold", "reading": reading | {"function": "rate"}, "enter": above}
    if kind < 19:
        return {"kind": "threshold", "reading": reading | {"aggregate": "sum"}, "enter": above | {"threshold": 900}}
    return {"kind": "ratio", "over": reading, "under": reading | {"function": "max"}, "enter": above}


async def _fill(driver: "asyncpg.Connection[Any]", organization_id: Any, rules: int, series: int) -> list[int]:
    """Series and rules; the series' ids."""
    import json

    from app.core.ids import new_id

    rows = await driver.fetch(
        "INSERT INTO metric_series (organization_id, key, name, labels)"
        " SELECT $1, decode(md5(n::text), 'hex'), 'bench_' || n / $3 % $4,"
        " jsonb_build_object('pod', n::text, 'shard', (n / $3)::text)"
        " FROM generate_series(0, $2::int - 1) n RETURNING id",
        organization_id,
        series,
        series // rules,
        NAMES,
    )
    await driver.executemany(
        "INSERT INTO alert_rules (organization_id, id, name, condition, threshold, severity, for_seconds, labels,"
        " annotations) VALUES ($1, $2, $3, $4, $5, 'high', $6, '{\"team\": \"web\"}', '{}')",
        [(organization_id, new_id(), f"Rule {n}", json.dumps(_condition(n)), LIMIT, n % 3 * 60) for n in range(rules)],
    )
    return sorted(row["id"] for row in rows)


async def _send(driver: "asyncpg.Connection[Any]", organization_id: Any, ids: list[int], at_ms: int, seed: int) -> Any:
    """A minute's samples of all series in one block, as the intake writes them; the values."""
    from app.domains.metrics.rules.blocks import Samples, encode_block

    random = np.random.default_rng(seed)
    values = np.round(random.uniform(10, 80, len(ids)), 2)
    values[::100] = 95.0
    block = Samples(np.array(ids), np.full(len(ids), at_ms), values)
    await driver.execute(
        "INSERT INTO metric_blocks (organization_id, min_series, max_series, min_ms, max_ms, samples, payload)"
        " VALUES ($1, $2, $3, $4, $4, $5, $6)",
        organization_id,
        ids[0],
        ids[-1],
        at_ms,
        len(ids),
        encode_block(block),
    )
    await driver.execute("UPDATE metric_series SET last_at = to_timestamp($1)", at_ms / 1000)
    return values


async def measure(rules: int, series: int) -> dict[str, float]:
    """Evaluate a few minutes one after the other; the median of those after the first, which fills what is kept."""
    from app.core.clock import utc_now
    from app.core.database import Database, tenant_session, use_database
    from app.core.grants import grants_sql
    from app.core.ids import new_id
    from app.domains.alerts.service import evaluate_rules
    from sqlalchemy import text

    from bench.inventory_estate import ROLE, empty_database

    async with empty_database() as (owner_url, app_url):
        owner = await asyncpg.connect(owner_url)
        await owner.execute(grants_sql(ROLE))
        organization_id = new_id()
        ids = await _fill(owner, organization_id, rules, series)
        now = utc_now().replace(second=0, microsecond=0)
        for minute in range(-MINUTES, 0):
            await _send(
                owner, organization_id, ids, int((now + timedelta(minutes=minute)).timestamp()) * 1000, minute + MINUTES
            )
        database = Database(app_url, pool_size=1)
        use_database(database)
        spent: list[tuple[float, float, float]] = []
        values = np.empty(0)
        for minute in range(ROUNDS):
            at = now + timedelta(minutes=minute)
            values = await _send(owner, organization_id, ids, _ms(at), 100 + minute)
            async with tenant_session(organization_id) as session:
                pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                backend = psutil.Process(pid)
                server, ours, wall = _cpu(backend), time.process_time(), time.perf_counter()
                done = await evaluate_rules(session, organization_id, at)
                spent.append((time.process_time() - ours, _cpu(backend) - server, time.perf_counter() - wall))
            assert done.rules == rules, done
            assert done.failed == 0, done
        use_database(None)
        await database.close()
        await owner.close()
    ours, server, wall = (float(np.median([one[place] for one in spent[1:]])) for place in range(3))
    return {"ours": ours, "server": server, "wall": wall, "first": spent[0][0] + spent[0][1], "floor": _floor(values)}


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _floor(values: Any) -> float:
    thresholds = np.full(len(values), LIMIT)
    rounds = 200
    began = time.process_time()
    for _ in range(rounds):
        np.flatnonzero(values > thresholds)
    return (time.process_time() - began) / rounds


def main() -> int:
    """Measure all rules, and a tenth of them over a tenth of the series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--series", type=int, default=100_000)
    chosen = parser.parse_args()
    small = asyncio.run(measure(chosen.rules // 10, chosen.series // 10))
    large = asyncio.run(measure(chosen.rules, chosen.series))
    total = large["ours"] + large["server"]
    report(
        "rules",
        rules=chosen.rules,
        series=chosen.series,
        ours_cpu_seconds=large["ours"],
        ours_postgresql_cpu_seconds=large["server"],
        ours_wall_seconds=large["wall"],
        ours_first_cpu_seconds=large["first"],
        floor_numpy_compare_cpu_seconds=large["floor"],
        share_of_a_core_each_minute=total / INTERVAL_SECONDS,
        tenth_of_rules_cpu_seconds=small["ours"] + small["server"],
        milliseconds_for_each_more_rule=(total - small["ours"] - small["server"]) / (chosen.rules * 0.9) * 1000,
    )
    return 0 if total / INTERVAL_SECONDS < 0.5 else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))
    sys.exit(main())
