"""Cost breakdowns over HTTP beside bare DuckDB on the same Parquet files.

    python -m bench.costs_breakdown [rows …]        (default 1000000 20000000)

Ours: uvicorn, authentication stand-in, middleware, manifest in PostgreSQL, engine, JSON, and the client's reading of
the whole body. Floor: a warm DuckDB connection with the same files, threads and metadata cache, running the plain SQL
of the question and fetching the rows. Needs CLOUDOPS_TEST_DATABASE_URL or the embedded PostgreSQL.
"""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import httpx
import uvicorn
from app.core.config import get_settings
from app.core.database import Database, tenant_session, use_database
from app.core.ids import new_id
from app.core.storage import organization_key
from app.domains.costs import api
from app.domains.costs.bills import sql
from app.domains.costs.bills.ask import close_engines
from app.domains.costs.bills.columns import NUMBERS, TIMES
from app.domains.costs.models import CostFile, CostImport
from fastapi import FastAPI, Request

from bench.common import report
from bench.focus_rows import TEXT_COLUMNS, os_threads, select_rows

ROUNDS = 7
ROWS_PER_FILE = 1_000_000
COST = 'sum("EffectiveCost")'
TEAM = "json_extract_string(\"Tags\", '$.team')"
QUESTIONS: dict[str, tuple[dict[str, str], str]] = {
    "by service": (
        {"group_by": "service"},
        f'SELECT "ServiceName", "BillingCurrency", {COST} FROM bill GROUP BY ALL ORDER BY 3 DESC',
    ),
    "by service and day": (
        {"group_by": "service", "granularity": "day"},
        f'SELECT "ServiceName", CAST("ChargePeriodStart" AS DATE), "BillingCurrency", {COST} FROM bill '
        "GROUP BY ALL ORDER BY 2, 4 DESC",
    ),
    "by account and region": (
        {"group_by": "sub_account,region", "cost": "billed"},
        'SELECT "SubAccountId", "RegionId", "BillingCurrency", sum("BilledCost") FROM bill GROUP BY ALL '
        "ORDER BY 4 DESC",
    ),
    "one service for a week by resource": (
        {"group_by": "resource", "filter.service": "Amazon Service 7", "from": "2026-10-08", "to": "2026-10-15"},
        f'SELECT "ResourceId", "BillingCurrency", {COST} FROM bill WHERE "ServiceName" = \'Amazon Service 7\' '
        "AND \"ChargePeriodStart\" >= TIMESTAMP '2026-10-08' AND \"ChargePeriodStart\" < TIMESTAMP '2026-10-15' "
        "GROUP BY ALL ORDER BY 3 DESC LIMIT 10000",
    ),
    "by team tag": (
        {"group_by": "tag:team"},
        f'SELECT {TEAM} AS team, "BillingCurrency", {COST} FROM bill GROUP BY ALL ORDER BY 3 DESC',
    ),
    "hundred dearest resources": (
        {"group_by": "resource", "limit": "100"},
        f'SELECT "ResourceId", "BillingCurrency", {COST} FROM bill GROUP BY ALL ORDER BY 3 DESC LIMIT 100',
    ),
}


def write_files(folder: Path, rows: int) -> list[Path]:
    """The stored form of a bill, in files of a million rows, made without a detour over CSV."""
    folder.mkdir(parents=True)
    files = []
    typed = ", ".join(
        f'CAST("{name}" AS {sql.NUMBER_TYPE}) AS "{name}"'
        if name in NUMBERS
        else f'CAST("{name}" AS TIMESTAMP) AS "{name}"'
        if name in TIMES
        else f'CAST("{name}" AS VARCHAR) AS "{name}"'
        for name in TEXT_COLUMNS
    )
    with duckdb.connect(config={"threads": os_threads()}) as engine:
        engine.execute("SET preserve_insertion_order = false")
        engine.execute("SET enable_progress_bar = false")
        for number, first in enumerate(range(0, rows, ROWS_PER_FILE)):
            path = folder / f"{new_id()}-{number}.parquet"
            source = select_rows(min(ROWS_PER_FILE, rows - first), first, of=rows)
            engine.execute(
                f'COPY (SELECT {typed}, \'aws\' AS "NormalisedProvider", CAST(NULL AS UTINYINT) AS "{sql.FLAG}" '
                f"FROM ({source})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
            )
            files.append(path)
    return files


async def register(organization_id: UUID, files: Sequence[Path], storage: Path) -> None:
    """Enter the files in the manifest, as an import does in its commit."""
    import_id = new_id()
    async with tenant_session(organization_id) as session:
        session.add(
            CostImport(
                organization_id=organization_id,
                id=import_id,
                file_name="bench",
                source="local",
                source_path="bench",
                state="succeeded",
            )
        )
        await session.flush()
        for path in files:
            session.add(
                CostFile(
                    organization_id=organization_id,
                    import_id=import_id,
                    provider="aws",
                    provider_name="AWS",
                    billing_account="123456789012",
                    billing_period=_day(1),
                    path=path.relative_to(storage).as_posix(),
                    size_bytes=path.stat().st_size,
                    row_count=ROWS_PER_FILE,
                    min_charge_on=_day(1),
                    max_charge_on=_day(31),
                )
            )


def _day(day: int) -> Any:
    from datetime import date

    return date(2026, 10, day)


@contextlib.asynccontextmanager
async def serve(organization_id: UUID) -> AsyncIterator[str]:
    """The cost routes over real HTTP; only the token check is replaced."""
    from tests.support.clouds import make_caller

    app = FastAPI()
    caller = make_caller(organization_id, ["costs:read"])

    async def authenticate(_: Request) -> Any:
        return caller

    app.state.authenticate = authenticate
    app.include_router(api.router, prefix="/api/v1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}/api/v1/ai-cost/breakdown"
    finally:
        server.should_exit = True
        await running


@contextlib.contextmanager
def bare(files: Sequence[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warm connection over a view of the same files."""
    listed = ", ".join(f"'{path}'" for path in files)
    with duckdb.connect(config={"memory_limit": "1024MB", "threads": os.cpu_count() or 2}) as engine:
        engine.execute("SET parquet_metadata_cache = true")
        engine.execute("SET preserve_insertion_order = false")
        engine.execute("SET enable_progress_bar = false")
        engine.execute(f"CREATE VIEW bill AS SELECT * FROM read_parquet([{listed}])")
        yield engine


async def measure(rows: int, organization_id: UUID, storage: Path) -> list[dict[str, Any]]:
    """Both sides in turn for each question; the best time of each, because other work on the machine only adds."""
    folder = storage / organization_key(organization_id, "costs", "month=2026-10")
    files = await asyncio.to_thread(write_files, folder, rows)
    await register(organization_id, files, storage)
    results = []
    async with serve(organization_id) as address, httpx.AsyncClient(timeout=120) as client:
        with bare(files) as engine:
            for name, (parameters, statement) in QUESTIONS.items():
                ours, floor = [], []
                for _ in range(ROUNDS):
                    started = time.perf_counter()
                    answer = await client.get(address, params=parameters)
                    ours.append(time.perf_counter() - started)
                    assert answer.status_code == 200, answer.text
                    started = time.perf_counter()
                    found = await asyncio.to_thread(lambda text: engine.execute(text).fetchall(), statement)
                    floor.append(time.perf_counter() - started)
                assert len(answer.json()["items"]) == len(found)
                best_ours, best_floor = min(ours) * 1000, min(floor) * 1000
                results.append(
                    {
                        "rows": rows,
                        "question": name,
                        "items": len(found),
                        "ours_ms": round(best_ours, 1),
                        "floor_ms": round(best_floor, 1),
                        "allowed_ms": round(best_floor * 1.3 + 30, 1),
                        "within": best_ours <= best_floor * 1.3 + 30,
                    }
                )
                print(results[-1], flush=True)
    close_engines()
    return results


async def run(sizes: Sequence[int], database_url: str) -> None:
    """Measure each size in an organization of its own."""
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-costs-") as folder:
        os.environ["CLOUDOPS_DATA_DIR"] = folder
        get_settings.cache_clear()
        storage = Path(get_settings().storage_location)
        database = Database(database_url, pool_size=5)
        use_database(database)
        for rows in sizes:
            results += await measure(rows, new_id(), storage)
        use_database(None)
        await database.close()
    report("costs_breakdown", results=results, goal="ours_ms <= 1.3 * floor_ms + 30 for each question")


def main() -> None:
    """Make a database like the tests do, then measure."""
    from app.core.embedded.postgres import EmbeddedPostgres
    from tests.conftest import _make_database, load_models

    sizes = [int(argument) for argument in sys.argv[1:]] or [1_000_000, 20_000_000]
    load_models()
    with contextlib.ExitStack() as stack:
        server_url = os.environ.get("CLOUDOPS_TEST_DATABASE_URL")
        if server_url is None:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-pg-"))
            server_url = stack.enter_context(EmbeddedPostgres(Path(home))).superuser_url
        _, url = asyncio.run(_make_database(server_url, f"bench_{new_id().hex}"))
        asyncio.run(run(sizes, url))


if __name__ == "__main__":
    main()
