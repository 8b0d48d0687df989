"""AWS sync against its floor: a bare 32-thread boto3 lister with a table of calls of its own.

`python -m bench.aws_sync [--sizes 2500,10000] [--rounds 3]`. The server is moto in its own process; so is each run,
which alternate, and the quietest run of each side counts. Measured are the adapter alone (planning, rate limits,
conversion, relations), and the whole sync as its job does it: the same stored in PostgreSQL, with history, look-up
terms and what other domains do about each change; then the same sync again, which must write no history and no
resource.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.aws_sync_store import run_stored
from bench.common import report

ROOT = Path(__file__).parents[1]


@contextmanager
def moto_server() -> Iterator[str]:
    """An empty AWS in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_IAM_LOAD_MANAGED_POLICIES": "false"
    }  # fmt: skip
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    httpx.get(f"{url}/moto-api/data.json", timeout=5)
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def run_collect(url: str, regions: tuple[str, ...]) -> dict[str, Any]:
    """Plan and collect every unit, as the product does."""
    from app.providers.aws import AwsProvider
    from app.providers.base import Connection, UnitState

    provider = AwsProvider()
    credentials = {"kind": "access_key", "access_key_id": "a", "secret_access_key": "b"}
    connection = Connection(connection_id="bench", credentials=credentials, endpoint_url=url, regions=regions)

    async def sync() -> list[Any]:
        places = asyncio.Semaphore(provider.parallel_units)

        async def collect(unit: Any) -> Any:
            async with places:
                return await provider.collect(connection, unit, budget_seconds=600)

        return await asyncio.gather(*(collect(unit) for unit in await provider.plan(connection)))

    started, used = time.perf_counter(), time.process_time()
    results = asyncio.run(sync())
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    assert all(result.state is UnitState.COMPLETE for result in results), [r.errors for r in results if r.errors]
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "calls": sum(result.call_count for result in results),
        "resources": sum(len(result.resources) for result in results),
    }


def run_floor(url: str, regions: Sequence[str]) -> dict[str, Any]:
    """The bare lister, nothing done with the answers but count them."""
    from bench.aws_floor import list_all

    started, used = time.perf_counter(), time.process_time()
    counts = list_all(url, regions)
    return {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - used, **counts}


def in_own_process(*arguments: str) -> dict[str, Any]:
    """One measured run."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'backend'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.aws_sync", *arguments],
        env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


async def measure(size: int, rounds: int) -> dict[str, Any]:
    """One size: fill, record, then all sides in turn."""
    from bench.aws_estate import REGIONS, fill
    from bench.inventory_estate import empty_database

    sides: dict[str, list[dict[str, Any]]] = {"floor": [], "collect": [], "sync": []}
    with moto_server() as url:
        fill(url, size)
        regions = ",".join(REGIONS)
        async with empty_database() as (owner, app):
            for _ in range(rounds):
                sides["floor"].append(in_own_process("--floor", url, "--regions", regions))
                sides["collect"].append(in_own_process("--collect", url, "--regions", regions))
                sides["sync"].append(
                    in_own_process("--sync", url, "--regions", regions, "--database", app, "--owner", owner)
                )
    return _report(size, sides)


def _report(size: int, sides: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    floor, collect, sync = (min(sides[name], key=lambda run: run["seconds"]) for name in ("floor", "collect", "sync"))
    return report(
        f"aws_sync_{size}",
        sync_seconds=round(sync["seconds"], 3),
        collect_seconds=round(collect["seconds"], 3),
        floor_seconds=round(floor["seconds"], 3),
        sync_ratio=round(sync["seconds"] / floor["seconds"], 3),
        collect_ratio=round(collect["seconds"] / floor["seconds"], 3),
        ratio_goal=1.3,
        resources=sync["resources"],
        floor_resources=floor["resources"],
        calls=collect["calls"],
        floor_calls=floor["calls"],
        calls_ratio=round(collect["calls"] / floor["calls"], 3),
        calls_ratio_goal=1.2,
        sync_cpu_seconds=round(sync["cpu_seconds"], 3),
        sync_postgres_cpu_seconds=round(sync["postgres_cpu_seconds"], 3),
        collect_cpu_seconds=round(collect["cpu_seconds"], 3),
        floor_cpu_seconds=round(floor["cpu_seconds"], 3),
        sync_peak_rss_mb=round(sync["peak_rss_mb"]),
        collect_peak_rss_mb=round(collect["peak_rss_mb"]),
        floor_peak_rss_mb=round(floor["peak_rss_mb"]),
        again_seconds=round(sync["again_seconds"], 3),
        again_cpu_seconds=round(sync["again_cpu_seconds"], 3),
        **{name: sync[name] for name in ("first_history_rows", "again_history_rows", "again_resource_rows_written")},
        all_sync_seconds=[round(run["seconds"], 3) for run in sides["sync"]],
        all_collect_seconds=[round(run["seconds"], 3) for run in sides["collect"]],
        all_floor_seconds=[round(run["seconds"], 3) for run in sides["floor"]],
    )


def main() -> None:
    """Measure, or be one of the measured runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="2500,10000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--collect", metavar="URL")
    parser.add_argument("--floor", metavar="URL")
    parser.add_argument("--sync", metavar="URL")
    parser.add_argument("--regions", default="")
    parser.add_argument("--database")
    parser.add_argument("--owner")
    options = parser.parse_args()
    regions = tuple(options.regions.split(","))
    if options.collect:
        result = run_collect(options.collect, regions)
    elif options.floor:
        result = run_floor(options.floor, regions)
    elif options.sync:
        result = asyncio.run(run_stored(options.sync, regions, options.database, options.owner))
    else:
        for size in options.sizes.split(","):
            asyncio.run(measure(int(size), options.rounds))
        return
    print(json.dumps(result | {"peak_rss_mb": _peak_rss_mb()}))


def _peak_rss_mb() -> float:
    """Since this program began; the operating system's other figure begins with the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
