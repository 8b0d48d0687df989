"""Google Cloud sync against its floor: a bare page loop of Google's own client over the very same assets.

`python -m bench.gcp_sync [--sizes 100000] [--rounds 3]`. The simulator is a process of its own; so is each run, which
alternate, and the quietest run of each side counts. The floor reads every page of resources and of IAM policies with
`google-cloud-asset` over REST and does nothing with them. Measured are the adapter alone (all units as the product
reads them: conversion, redaction, relations), and the whole sync as its job does it, stored in PostgreSQL; then the
same sync again, which must write no history and no resource.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.common import report

ROOT = Path(__file__).parents[1]
PAGE_SIZE = 1000
_ROWS = ("first_history_rows", "again_history_rows", "again_resource_rows_written")


@contextmanager
def simulator(assets: int, folder: Path) -> Iterator[dict[str, str]]:
    """A Google Cloud of so many assets in a process of its own: url, organization and the key file's path."""
    key = folder / "key.json"
    command = [sys.executable, "-m", "simulators.gcp", "--assets", str(assets), "--key", str(key)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            started: dict[str, str] = json.loads(server.stdout.readline())
            yield {**started, "key": str(key)}
        finally:
            server.terminate()


def run_floor(place: Mapping[str, str]) -> dict[str, Any]:
    """Every page of both contents through Google's own client."""
    from google.cloud import asset_v1
    from google.cloud.asset_v1.services.asset_service.transports.rest import AssetServiceRestTransport
    from google.oauth2 import service_account

    key = json.loads(Path(place["key"]).read_text())
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = service_account.Credentials.from_service_account_info(key, scopes=scopes)  # type: ignore[no-untyped-call]
    host = place["url"].removeprefix("http://")
    transport = AssetServiceRestTransport(host=host, credentials=credentials, url_scheme="http")
    client = asset_v1.AssetServiceClient(transport=transport)
    started, used = time.perf_counter(), time.process_time()
    counts = dict.fromkeys(("RESOURCE", "IAM_POLICY", "calls"), 0)
    for content in ("RESOURCE", "IAM_POLICY"):
        request = asset_v1.ListAssetsRequest(
            parent=f"organizations/{place['organization']}",
            content_type=getattr(asset_v1.ContentType, content),
            page_size=PAGE_SIZE,
        )
        for page in client.list_assets(request=request).pages:
            counts[content] += len(page.assets)
            counts["calls"] += 1
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - used,
        "resources": counts["RESOURCE"],
        "policies": counts["IAM_POLICY"],
        "calls": counts["calls"],
    }


def run_collect(place: Mapping[str, str]) -> dict[str, Any]:
    """Plan and collect every unit, as many at a time as the product does; each result is dropped when it is counted."""
    from app.providers.base import Connection, UnitState
    from app.providers.gcp import GcpProvider

    provider = GcpProvider()
    connection = Connection(
        connection_id="bench",
        credentials=credentials_of(place),
        endpoint_url=place["url"],
        scope={"organization": place["organization"]},
    )

    async def sync() -> list[tuple[int, int, int]]:
        places = asyncio.Semaphore(provider.parallel_units)

        async def collect(unit: Any) -> tuple[int, int, int]:
            async with places:
                result = await provider.collect(connection, unit, budget_seconds=600)
            assert result.state is UnitState.COMPLETE, result.errors
            return len(result.resources), len(result.relations), result.call_count

        return await asyncio.gather(*(collect(unit) for unit in await provider.plan(connection)))

    started, used = time.perf_counter(), time.process_time()
    counts = asyncio.run(sync())
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    resources, relations, calls = (sum(column) for column in zip(*counts, strict=True))
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "resources": resources,
        "relations": relations,
        "calls": calls,
    }


def credentials_of(place: Mapping[str, str]) -> dict[str, Any]:
    """The key as an account keeps it."""
    return {"kind": "service_account", "key": json.loads(Path(place["key"]).read_text())}


def run_sync(place: Mapping[str, str], database: str, owner: str) -> dict[str, Any]:
    """The whole sync of a new account, twice."""
    from bench.stored_sync import AccountToSync, run_stored

    account = AccountToSync(
        provider="gcp",
        native_account_id=f"organizations/{place['organization']}",
        endpoint_url=place["url"],
        credentials=credentials_of(place),
        scope={"organization": place["organization"]},
    )
    return asyncio.run(run_stored(account, database, owner))


def in_own_process(side: str, place: Mapping[str, str], *more: str) -> dict[str, Any]:
    """One measured run."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'backend'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.gcp_sync", f"--{side}", json.dumps(dict(place)), *more],
        env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


async def measure(size: int, rounds: int, sides: Sequence[str]) -> dict[str, Any]:
    """One size, all sides in turn."""
    from bench.inventory_estate import empty_database

    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder, simulator(size, Path(folder)) as place:
        for _ in range(rounds):
            for side in sides:
                if side != "sync":
                    runs[side].append(in_own_process(side, place))
                    continue
                async with empty_database() as (owner, app):
                    runs[side].append(in_own_process(side, place, "--database", app, "--owner", owner))
    return _report(size, runs)


def _report(size: int, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    best = {side: min(done, key=lambda run: run["seconds"]) for side, done in runs.items()}
    floor, collect = best["floor"], best["collect"]
    assert floor["resources"] == collect["resources"] == size, (floor["resources"], collect["resources"])
    figures: dict[str, Any] = {
        "collect_seconds": round(collect["seconds"], 3),
        "floor_seconds": round(floor["seconds"], 3),
        "collect_ratio": round(collect["seconds"] / floor["seconds"], 3),
        "ratio_goal": 1.5,
        "collect_peak_rss_mb": round(collect["peak_rss_mb"]),
        "peak_rss_goal_mb": 700,
        "floor_peak_rss_mb": round(floor["peak_rss_mb"]),
        "collect_cpu_seconds": round(collect["cpu_seconds"], 3),
        "floor_cpu_seconds": round(floor["cpu_seconds"], 3),
        "resources": collect["resources"],
        "relations": collect["relations"],
        "calls": collect["calls"],
        "floor_calls": floor["calls"],
    }
    if sync := best.get("sync"):
        added, again = sync["seconds"] - floor["seconds"], sync["again_seconds"] - floor["seconds"]
        figures |= {
            "sync_seconds": round(sync["seconds"], 3),
            "sync_ratio": round(sync["seconds"] / floor["seconds"], 3),
            "sync_peak_rss_mb": round(sync["peak_rss_mb"]),
            "sync_cpu_seconds": round(sync["cpu_seconds"], 3),
            "sync_postgres_cpu_seconds": round(sync["postgres_cpu_seconds"], 3),
            "again_seconds": round(sync["again_seconds"], 3),
            "again_adds_of_first_percent": round(100 * again / added, 1) if added > 0 else 0.0,
            "again_adds_goal_percent": 25,
            **{
                name: sync[name] for name in ("first_history_rows", "again_history_rows", "again_resource_rows_written")
            },
        }
    figures |= {f"all_{side}_seconds": [round(run["seconds"], 3) for run in done] for side, done in runs.items()}
    return report(f"gcp_sync_{size}", **figures)


def main() -> None:
    """Measure, or be one of the measured runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sides", default="floor,collect,sync")
    for side in ("floor", "collect", "sync"):
        parser.add_argument(f"--{side}", metavar="PLACE", type=json.loads)
    parser.add_argument("--database")
    parser.add_argument("--owner")
    options = parser.parse_args()
    if options.floor:
        result = run_floor(options.floor)
    elif options.collect:
        result = run_collect(options.collect)
    elif options.sync:
        result = run_sync(options.sync, options.database, options.owner)
    else:
        for size in options.sizes.split(","):
            asyncio.run(measure(int(size), options.rounds, options.sides.split(",")))
        return
    print(json.dumps(result | {"peak_rss_mb": _peak_rss_mb()}))


def _peak_rss_mb() -> float:
    """Since this program began, in MB of 10^6 bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
