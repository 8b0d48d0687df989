"""Metrics intake over HTTP beside bare COPYs: rate, p99, where the time goes, bytes per sample, slope over series.

The server, the sender and PostgreSQL share the machine. Floors: COPY of the same block rows into the same table, and
COPY of the same samples into a plain table with a primary key, a commit for each request's worth of both.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import psutil
import uvicorn

from bench.common import report
from bench.metrics_sender import SAMPLES, STEP_MS, remote_write_bodies

PORT = 18_431
SLOPE = ((1_000, 480), (10_000, 60), (100_000, 12), (1_000_000, 3))  # series, rounds of one sample each


def serve(app_url: str, organization_id: UUID, port: int) -> None:
    """The application with a fixed caller and no limits, as one process."""
    from app.core.config import SERVICES, Settings
    from app.core.database import Database
    from app.core.http import Caller
    from app.core.quotas import DEFAULTS
    from app.main import create_app
    from fastapi import Request

    DEFAULTS["series"] = 10_000_000
    app = create_app(Settings(), SERVICES, database=Database(app_url, pool_size=8))
    caller = Caller(
        user_id=organization_id,
        organization_id=organization_id,
        email="bench@example.com",
        role="admin",
        permissions=frozenset({"metrics:ingest", "metrics:read"}),
    )

    async def authenticate(_: Request) -> Caller:
        return caller

    app.state.authenticate = authenticate
    app.state.rate_limiter = None
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False, loop="uvloop", http="httptools"
    )


@contextmanager
def _server(app_url: str, organization_id: UUID) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "bench.metrics_intake", "--serve", app_url, "--organization", str(organization_id)]
    with subprocess.Popen(command) as process:
        try:
            for _ in range(600):
                try:
                    httpx.get(f"http://127.0.0.1:{PORT}/healthz", timeout=5)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _send(kind: str, series: int, rounds: int, server: psutil.Process) -> dict[str, Any]:
    """Run the sender; its figures, and the server's processor time and memory while it measured."""
    start_ms = (int(time.time()) - rounds * 15) * 1000 // STEP_MS * STEP_MS
    command = [sys.executable, "-m", "bench.metrics_sender", "--kind", kind, "--port", str(PORT)]
    command += ["--series", str(series), "--rounds", str(rounds), "--start-ms", str(start_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        if sender.stdout.readline().strip() != "ready":
            raise RuntimeError("the sender failed")
        before = server.cpu_times()
        sender.stdin.write("go\n")
        sender.stdin.flush()
        told: dict[str, Any] = json.loads(sender.stdout.readline())
        after = server.cpu_times()
    latencies = told.pop("latencies")
    told["p50_ms"] = latencies[len(latencies) // 2] * 1000
    told["p99_ms"] = latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))] * 1000
    told["server_cpu_seconds"] = (after.user + after.system) - (before.user + before.system)
    told["server_mb"] = server.memory_info().rss / 1e6
    told["samples_per_second"] = told["samples"] / told["seconds"]
    told["new_series_per_second"] = series / told["new_seconds"]
    return told


async def _stored(owner_url: str, app_url: str, organization_id: UUID, other: UUID) -> dict[str, float]:
    """The floors over what was stored, then the compaction and what it leaves."""
    from app.core.database import Database, use_database
    from app.domains.metrics import service

    from bench.metrics_floors import copy_blocks, copy_samples, read_blocks

    connection = await asyncpg.connect(owner_url)
    blocks = await read_blocks(connection, organization_id)
    samples = sum(row["samples"] for row in blocks)
    payload = sum(len(row["payload"]) for row in blocks)
    figures = {
        "floor_blocks_per_second": samples / await copy_blocks(connection, blocks, other),
        "floor_samples_per_second": samples / await copy_samples(connection, blocks, SAMPLES),
        "blocks": len(blocks),
        "block_bytes_per_sample": payload / samples,
    }
    await connection.execute("DELETE FROM metric_blocks WHERE organization_id = $1", other)
    database = Database(app_url, pool_size=4)
    use_database(database)
    started, own = time.perf_counter(), time.process_time()
    await service.compact(organization_id)
    figures["compacted_per_second"] = samples / (time.perf_counter() - started)
    figures["compaction_cpu_us_per_sample"] = (time.process_time() - own) / samples * 1e6
    row = await connection.fetchrow(
        "SELECT sum(length(payload)) AS payload, sum(points) AS points FROM metric_samples WHERE organization_id = $1",
        organization_id,
    )
    figures["chunk_bytes_per_sample"] = float(row["payload"]) / float(row["points"])
    size = await connection.fetchval(
        "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'metric_samples'::regclass"
    )
    figures["table_bytes_per_sample"] = float(size) / float(row["points"])
    use_database(None)
    await database.close()
    await connection.close()
    return figures


def _stages() -> dict[str, float]:
    """Microseconds per sample of the steps of one request of known series, in this process."""
    import numpy as np
    from app.core.ids import new_id
    from app.domains.metrics.rules import remote_write
    from app.domains.metrics.rules.batch import TimeBounds
    from app.domains.metrics.rules.blocks import Samples, encode_block
    from app.domains.metrics.rules.newest import NEVER
    from app.domains.metrics.rules.series import SeriesCache
    from app.domains.metrics.service.book import SeriesBook

    cache, book, bounds = SeriesCache(), SeriesBook(new_id()), TimeBounds(0, 2**60)
    taken: dict[str, float] = dict.fromkeys(("decode", "look_up", "check", "encode"), 0.0)
    rounds = 40
    for turn, body in enumerate(remote_write_bodies(SAMPLES, rounds, 1_700_000_000_000)):
        marks = [time.perf_counter()]
        batch = remote_write.decode(body, remote_write.Version.V1, bounds, cache)
        marks.append(time.perf_counter())
        if turn == 0:
            book.learn(batch.keys, np.arange(SAMPLES) + 1, np.full(SAMPLES, NEVER))
            continue
        slots = book.find(batch.keys)[batch.series]
        marks.append(time.perf_counter())
        book.newest.take_newer(slots, batch.at_ms, np.ascontiguousarray(batch.values).view(np.uint64))
        marks.append(time.perf_counter())
        encode_block(Samples(book.newest.ids[slots], batch.at_ms, batch.values))
        marks.append(time.perf_counter())
        for name, start, end in zip(taken, marks[:-1], marks[1:], strict=True):
            taken[name] += end - start
    return {f"{name}_us_per_sample": value / (rounds - 1) / SAMPLES * 1e6 for name, value in taken.items()}


async def run(slope: Sequence[tuple[int, int]]) -> None:
    """Each size with an organization and a server of its own; Remote-Write at every size, OTLP at one."""
    from app.core.grants import grants_sql
    from app.core.ids import new_id

    from bench.inventory_estate import ROLE, empty_database

    async with empty_database() as (owner_url, app_url):
        owner = await asyncpg.connect(owner_url)
        await owner.execute(grants_sql(ROLE))
        fsync = await owner.fetchval("SHOW fsync")
        await owner.close()
        found: dict[str, dict[str, Any]] = {}
        for kind, series, rounds in [
            *(("remote_write", *size) for size in slope),
            ("otlp", *slope[min(1, len(slope) - 1)]),
        ]:
            organization_id = new_id()
            with _server(app_url, organization_id) as server:
                told = await asyncio.to_thread(_send, kind, series, rounds, server)
            told |= await _stored(owner_url, app_url, organization_id, new_id())
            told["of_floor_blocks"] = told["samples_per_second"] / told["floor_blocks_per_second"]
            told["of_floor_samples"] = told["samples_per_second"] / told["floor_samples_per_second"]
            found[f"{kind}_{series}"] = told
            print(f"{kind} {series}: {json.dumps({name: round(value, 3) for name, value in told.items()})}", flush=True)
    report(
        "metrics_intake",
        fsync=fsync,
        **await asyncio.to_thread(_stages),
        **{f"{size}_{name}": value for size, told in found.items() for name, value in told.items()},
        goal="of_floor_samples >= 0.7, 100,000 samples/s, p99_ms < 1000",
    )


def main() -> None:
    """Measure, or be the server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve")
    parser.add_argument("--organization", type=UUID)
    parser.add_argument("--series", type=int, nargs="*", help="sizes of the slope instead of the usual ones")
    parser.add_argument("--rounds", type=int, help="samples of each series instead of the usual ones")
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.organization, PORT)
        return
    slope = [(size, given.rounds or rounds) for size, rounds in SLOPE if not given.series or size in given.series]
    asyncio.run(run(slope))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))
    main()
