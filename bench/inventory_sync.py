"""Storing what was read: an estate for the first time, unchanged, and changed, beside PostgreSQL's own ways.

The floor of changed resources is what a program would do that keeps nothing but the rows: COPY into a temporary table,
then INSERT … ON CONFLICT DO UPDATE, as the tables' owner. Ours compares, writes history, look-up words and counts
beside it, under row-level security. Processor seconds are ours and the database's together: they hardly move with what
else the machine does.

`python -m bench.inventory_sync [--resources N] [--changed N]`
"""

import argparse
import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from app.core.clock import utc_now
from app.core.collector import settled_collector
from app.core.database import Database, tenant_session, use_database
from app.core.ids import new_id
from app.domains.inventory import rules, service
from app.providers.base import UnitResult
from sqlalchemy import text

from bench.common import report
from bench.inventory_estate import Estate, filled_database, make_units
from bench.stored_sync import postgres_cpu

LIMIT_UNCHANGED_PERCENT, LIMIT_UPSERT = 25.0, 0.5
_COLUMNS = (
    "organization_id", "id", "account_id", "unit_id", "provider", "native_account", "region", "service", "native_id",
    "native_type", "type", "name", "status", "tags", "properties", "content_hash", "first_seen_at", "last_seen_at",
)  # fmt: skip


async def run(resources: int, changed: int) -> None:
    """Measure and report."""
    async with filled_database(resources) as (estate, seconds):
        owner = await asyncpg.connect(estate.owner_url)
        first, unchanged = seconds["first_store_seconds"], seconds["unchanged_store_seconds"]
        assert await _count(owner, "resource_versions", estate.organization_id) == resources
        results = change(make_units(resources), changed)
        floor, floor_cpu = await _plain_upsert(owner, estate, results)
        ours, ours_cpu = await _store(owner, estate, results)
        history = await _count(owner, "resource_versions", estate.organization_id) - resources
        await owner.close()
    assert history == changed, history
    share = 100 * unchanged / first
    report(
        "inventory_sync",
        resources=resources,
        first_store_seconds=first,
        unchanged_store_seconds=unchanged,
        unchanged_percent_of_first=share,
        unchanged_history_rows=0,
        changed_resources=changed,
        ours_changed_per_second=changed / ours,
        floor_copy_and_upsert_per_second=changed / floor,
        ours_share_of_floor=floor / ours,
        ours_changed_cpu_seconds=ours_cpu,
        floor_changed_cpu_seconds=floor_cpu,
        ours_share_of_floor_cpu=floor_cpu / ours_cpu,
    )
    assert share < LIMIT_UNCHANGED_PERCENT, share
    assert floor / ours >= LIMIT_UPSERT, floor / ours


def change(units: Iterable[UnitResult], wanted: int) -> list[UnitResult]:
    """The units that have the first `wanted` resources, each of these with one property changed."""
    found: list[UnitResult] = []
    for unit in units:
        if wanted <= 0:
            break
        part = unit.resources[:wanted]
        wanted -= len(part)
        altered = [
            replace(one, properties={**one.properties, "State": {"Name": "stopped", "Code": 80}}) for one in part
        ]
        found.append(replace(unit, resources=[*altered, *unit.resources[len(part) :]]))
    return found


async def _store(
    owner: "asyncpg.Connection[Any]", estate: Estate, results: Sequence[UnitResult]
) -> tuple[float, float]:
    """Seconds, and those of processors."""
    database = Database(estate.app_url, pool_size=4)
    use_database(database)
    async with tenant_session(estate.organization_id) as session:
        await session.execute(text("SELECT 1"))  # a worker is connected
    with settled_collector():
        cpu, started = time.process_time() + await postgres_cpu(owner), time.perf_counter()
        for result in results:
            async with tenant_session(estate.organization_id) as session:
                await service.store_unit(
                    session,
                    estate.organization_id,
                    account_id=estate.account_id,
                    provider="aws",
                    job_id=new_id(),
                    result=result,
                    now=utc_now(),
                )
        seconds = time.perf_counter() - started
        cpu = time.process_time() + await postgres_cpu(owner) - cpu
    use_database(None)
    await database.close()
    return seconds, cpu


async def _plain_upsert(
    owner: "asyncpg.Connection[Any]", estate: Estate, results: Sequence[UnitResult]
) -> tuple[float, float]:
    """Seconds, and those of processors, of COPY and upsert of the same changed rows, undone afterwards.

    Making the rows is not counted.
    """
    prepared = [
        rules.prepare_resource(one, provider="aws", native_account=result.unit.account)
        for result in results
        for one in result.resources
        if one.properties["State"] == {"Name": "stopped", "Code": 80}
    ]
    known = dict(
        await owner.fetch(
            "SELECT native_id, (id, unit_id, service, first_seen_at) FROM cloud_resources WHERE organization_id = $1",
            estate.organization_id,
        )
    )
    now, rows = utc_now(), []
    for one in prepared:
        id_, unit_id, service_name, first_seen_at = known[one.native_id]
        rows.append(
            (
                estate.organization_id, id_, estate.account_id, unit_id, "aws", one.native_account, one.region,
                service_name, one.native_id, one.native_type, one.type, one.name, one.status,
                orjson.dumps(one.tags).decode(), one.properties_json.decode(), one.content_hash, first_seen_at, now,
            )
        )  # fmt: skip
    names = ", ".join(_COLUMNS)
    transaction = owner.transaction()
    await transaction.start()
    cpu, started = time.process_time() + await postgres_cpu(owner), time.perf_counter()
    await owner.execute(f"CREATE TEMPORARY TABLE plain AS SELECT {names} FROM cloud_resources WITH NO DATA")
    for start in range(0, len(rows), 2_000):
        await owner.copy_records_to_table("plain", records=rows[start : start + 2_000], columns=list(_COLUMNS))
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])
        await owner.execute(
            f"INSERT INTO cloud_resources ({names}) SELECT {names} FROM plain"  # names are ours
            f" ON CONFLICT (organization_id, native_key) DO UPDATE SET {updates}"
        )
        await owner.execute("TRUNCATE plain")
    seconds = time.perf_counter() - started
    cpu = time.process_time() + await postgres_cpu(owner) - cpu
    await transaction.rollback()
    return seconds, cpu


async def _count(owner: "asyncpg.Connection[Any]", table: str, organization_id: UUID) -> int:
    found: int = await owner.fetchval(f"SELECT count(*) FROM {table} WHERE organization_id = $1", organization_id)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=20_000)
    chosen = parser.parse_args()
    asyncio.run(run(chosen.resources, chosen.changed))


if __name__ == "__main__":
    main()
