"""Azure sync against its floor: a bare page loop of the vendor's own client over the very same resources.

`python -m bench.azure_sync [--sizes 100000] [--rounds 3]`. The simulator is a process of its own; so is each run, which
alternate, and the quietest run of each side counts. Two floors do nothing with what they read: `pages` reads every page
of the five tables with `azure-mgmt-resourcegraph`; `calls` reads them and then, in as many threads as the adapter has,
each setting that only Resource Manager tells, known in advance. Against them stand the adapter's listing alone
(conversion, redaction, relations), and everything that it collects; then the whole sync as its job does it, stored in
PostgreSQL, and the same sync again, which must write no history and no resource.
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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.common import report

ROOT = Path(__file__).parents[1]
TABLES = ("resources", "resourcecontainers", "authorizationresources", "policyresources", "securityresources")
PAGE_ROWS, THREADS = 1000, 32
_ROWS = ("first_history_rows", "again_history_rows", "again_resource_rows_written")


@contextmanager
def simulator(resources: int) -> Iterator[dict[str, str]]:
    """An Azure of so many resources in a process of its own: url, tenant and fixed token."""
    command = [sys.executable, "-m", "simulators.azure", "--port", "0", "--assets", str(resources)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            words = server.stdout.readline().split()
            yield {"url": words[0], "tenant": words[2], "token": words[9]}
        finally:
            server.terminate()


class _FixedToken:
    def __init__(self, token: str) -> None:
        self.token, self.expires_on = token, 2**40

    def get_token(self, *_: str, **__: Any) -> Any:
        return self


def run_floor(place: Mapping[str, str], record: Path | None) -> dict[str, Any]:
    """Every page through the vendor's client; with `record`, every setting as well."""
    from azure.core.pipeline.transport import RequestsTransport
    from azure.core.rest import HttpRequest
    from azure.mgmt.resourcegraph import ResourceGraphClient

    transport = RequestsTransport()
    transport.open()
    for adapter in transport.session.adapters.values():
        adapter.init_poolmanager(THREADS, THREADS)
    client = ResourceGraphClient(
        _FixedToken(place["token"]),
        base_url=place["url"],
        credential_scopes=["https://management.azure.com/.default"],
        transport=transport,
    )

    def get(url: str) -> int:
        client._client.send_request(HttpRequest("GET", url), enforce_https=False).read()
        return 1

    urls = json.loads(record.read_text()) if record is not None else []
    started, used = time.perf_counter(), time.process_time()
    rows, calls = _read_pages(client)
    with ThreadPoolExecutor(THREADS) as pool:
        calls += sum(pool.map(get, urls))
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - used,
        "resources": rows,
        "calls": calls,
    }


def _read_pages(client: Any) -> tuple[int, int]:
    """(rows, calls) of all tables."""
    from app.providers.azure.convert import COLUMNS
    from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

    rows = calls = 0
    for table in TABLES:
        query, token = f"{table} | project {', '.join(COLUMNS)} | order by id asc", ""
        while token is not None:
            options = QueryRequestOptions(top=PAGE_ROWS, skip_token=token or None, result_format="objectArray")
            page = client.resources(QueryRequest(query=query, options=options), enforce_https=False)
            rows, calls, token = rows + len(page.data), calls + 1, page.skip_token
    return rows, calls


def run_collect(place: Mapping[str, str], *, with_settings: bool, record: Path | None) -> dict[str, Any]:
    """Plan and collect every unit, as many at a time as the product does; each result is dropped when it is counted."""
    import azure.core.pipeline.transport
    import azure.core.rest  # noqa: F401  a worker has them imported by its first sync
    from app.providers.azure import AzureProvider, engine
    from app.providers.base import Connection, UnitState

    if not with_settings:
        engine._in_turn = lambda waiting: []
    urls: list[str] = []
    if record is not None:
        _record_reads(urls)
    provider = AzureProvider()
    connection = Connection(connection_id="bench", credentials=credentials_of(place), endpoint_url=place["url"])

    async def sync() -> list[tuple[int, int, int]]:
        places = asyncio.Semaphore(provider.parallel_units)

        async def collect(unit: Any) -> tuple[int, int, int]:
            async with places:
                result = await provider.collect(connection, unit, budget_seconds=1800)
            assert result.state is UnitState.COMPLETE, result.errors
            return len(result.resources), len(result.relations), result.call_count

        return await asyncio.gather(*(collect(unit) for unit in await provider.plan(connection)))

    started, used = time.perf_counter(), time.process_time()
    counts = asyncio.run(sync())
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    if record is not None:
        record.write_text(json.dumps(urls))
    resources, relations, calls = (sum(column) for column in zip(*counts, strict=True))
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "resources": resources,
        "relations": relations,
        "calls": calls,
    }


def _record_reads(urls: list[str]) -> None:
    """Wrap the door through which all reads of Resource Manager go; only for the run that is not measured."""
    from app.providers.azure.reader import Reader

    plain = Reader._get

    def get(self: Reader, url: str, path: str, action: str) -> Any:
        urls.append(url)
        return plain(self, url, path, action)

    Reader._get = get  # type: ignore[method-assign]


def credentials_of(place: Mapping[str, str]) -> dict[str, Any]:
    """As an account keeps them: signing in is not what is measured."""
    return {"kind": "static_token", "tenant_id": place["tenant"], "token": place["token"]}


def run_sync(place: Mapping[str, str], database: str, owner: str) -> dict[str, Any]:
    """The whole sync of a new account, twice."""
    from bench.stored_sync import AccountToSync, run_stored

    account = AccountToSync(
        provider="azure",
        native_account_id=place["tenant"],
        endpoint_url=place["url"],
        credentials=credentials_of(place),
    )
    return asyncio.run(run_stored(account, database, owner))


def in_own_process(side: str, place: Mapping[str, str], *more: str) -> dict[str, Any]:
    """One measured run."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'backend'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.azure_sync", "--side", side, "--place", json.dumps(dict(place)), *more],
        env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


async def measure(size: int, rounds: int, sides: Sequence[str]) -> dict[str, Any]:
    """One size, all sides in turn."""
    from bench.inventory_estate import empty_database

    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder, simulator(size) as place:
        record = str(Path(folder) / "reads.json")
        in_own_process("collect", place, "--record", record)
        for _ in range(rounds):
            for side in sides:
                if side != "sync":
                    more = ("--record", record) if side == "calls" else ()
                    runs[side].append(in_own_process(side, place, *more))
                    continue
                async with empty_database() as (owner, app):
                    runs[side].append(in_own_process(side, place, "--database", app, "--owner", owner))
    return _report(size, runs)


def _report(size: int, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    best = {side: min(done, key=lambda run: run["seconds"]) for side, done in runs.items()}
    pages, calls = best["pages"], best["calls"]
    figures: dict[str, Any] = {}
    for side, floor in (("listing", pages), ("collect", calls)):
        ours = best[side]
        figures |= {
            f"{side}_seconds": round(ours["seconds"], 3),
            f"{side}_floor_seconds": round(floor["seconds"], 3),
            f"{side}_ratio": round(ours["seconds"] / floor["seconds"], 3),
            f"{side}_peak_rss_mb": round(ours["peak_rss_mb"]),
            f"{side}_floor_peak_rss_mb": round(floor["peak_rss_mb"]),
            f"{side}_cpu_seconds": round(ours["cpu_seconds"], 3),
            f"{side}_floor_cpu_seconds": round(floor["cpu_seconds"], 3),
            f"{side}_calls": ours["calls"],
            f"{side}_floor_calls": floor["calls"],
        }
    figures |= {
        "ratio_goal": 1.5,
        "peak_rss_goal_mb": 700,
        "resources": best["collect"]["resources"],
        "relations": best["collect"]["relations"],
        "rows": pages["resources"],
    }
    if sync := best.get("sync"):
        added, again = sync["seconds"] - calls["seconds"], sync["again_seconds"] - calls["seconds"]
        figures |= {
            "sync_seconds": round(sync["seconds"], 3),
            "sync_ratio": round(sync["seconds"] / calls["seconds"], 3),
            "sync_peak_rss_mb": round(sync["peak_rss_mb"]),
            "sync_cpu_seconds": round(sync["cpu_seconds"], 3),
            "sync_postgres_cpu_seconds": round(sync["postgres_cpu_seconds"], 3),
            "again_seconds": round(sync["again_seconds"], 3),
            "again_adds_of_first_percent": round(100 * again / added, 1) if added > 0 else 0.0,
            "again_adds_goal_percent": 25,
            **{name: sync[name] for name in _ROWS},
        }
    figures |= {f"all_{side}_seconds": [round(run["seconds"], 3) for run in done] for side, done in runs.items()}
    return report(f"azure_sync_{size}", **figures)


def main() -> None:
    """Measure, or be one of the measured runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sides", default="pages,listing,calls,collect,sync")
    parser.add_argument("--side")
    parser.add_argument("--place", type=json.loads)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--database")
    parser.add_argument("--owner")
    options = parser.parse_args()
    if options.side is None:
        for size in options.sizes.split(","):
            asyncio.run(measure(int(size), options.rounds, options.sides.split(",")))
        return
    if options.side in ("pages", "calls"):
        result = run_floor(options.place, options.record)
    elif options.side == "sync":
        result = run_sync(options.place, options.database, options.owner)
    else:
        result = run_collect(options.place, with_settings=options.side == "collect", record=options.record)
    print(json.dumps(result | {"peak_rss_mb": _peak_rss_mb()}))


def _peak_rss_mb() -> float:
    """Since this program began, in MB of 10^6 bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
