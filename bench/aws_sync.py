"""AWS sync against its floor: a bare 32-thread boto3 lister that makes the very same calls, known in advance.

`python -m bench.aws_sync [--sizes 300,2500] [--rounds 3]`. The server is moto in its own process; so is each run, which
alternate, and the quietest run of each side counts. Ours includes planning, rate limits, conversion and relations.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.common import report

ROOT = Path(__file__).parents[1]
LISTER_THREADS = 32


@contextmanager
def moto_server() -> Iterator[str]:
    """An empty AWS in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"
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


def run_ours(url: str, regions: tuple[str, ...], record: Path | None) -> dict[str, Any]:
    """Plan and collect every unit, as the product does. With `record`, write down each call."""
    from app.providers.aws import AwsProvider
    from app.providers.base import Connection, UnitState

    calls: list[Any] = []
    if record is not None:
        _record_calls(calls)
    provider = AwsProvider()
    credentials = {"kind": "access_key", "access_key_id": "a", "secret_access_key": "b"}
    connection = Connection(connection_id="bench", credentials=credentials, endpoint_url=url, regions=regions)

    async def sync() -> list[Any]:
        places = asyncio.Semaphore(provider.parallel_units)

        async def collect(unit: Any) -> Any:
            async with places:
                return await provider.collect(connection, unit, budget_seconds=600)

        return await asyncio.gather(*(collect(unit) for unit in await provider.plan(connection)))

    started = time.perf_counter()
    results = asyncio.run(sync())
    seconds = time.perf_counter() - started
    assert all(result.state is UnitState.COMPLETE for result in results), [r.errors for r in results if r.errors]
    if record is not None:
        record.write_text(json.dumps(calls))
    return {
        "seconds": seconds,
        "calls": sum(result.call_count for result in results),
        "resources": sum(len(result.resources) for result in results),
    }


def _record_calls(calls: list[Any]) -> None:
    """Wrap the two doors through which all calls go; only for the run that is not measured."""
    from app.providers.aws.reader import Reader

    plain_call, plain_pages = Reader.call, Reader.pages

    def call(self: Reader, client: str, operation: str, arguments: Any, region: str | None = None) -> Any:
        calls.append([client, region or self.region, operation, dict(arguments), None])
        return plain_call(self, client, operation, arguments, region)

    def pages(self: Reader, client: str, operation: str, arguments: Any, *, page_size: int | None = None) -> Any:
        from botocore import xform_name

        if self._session.client(client, self.region).can_paginate(xform_name(operation)):
            calls.append([client, self.region, operation, dict(arguments), {"PageSize": page_size}])
        return plain_pages(self, client, operation, arguments, page_size=page_size)

    Reader.call, Reader.pages = call, pages  # type: ignore[method-assign]


def run_floor(url: str, record: Path) -> dict[str, Any]:
    """The recorded calls, each through plain boto3, nothing done with the answers."""
    import boto3
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import ClientError

    session = boto3.Session("a", "b")
    config = Config(max_pool_connections=LISTER_THREADS, s3={"addressing_style": "path"})
    lock, clients = threading.Lock(), dict[tuple[str, str], Any]()

    def client_for(service: str, region: str) -> Any:
        with lock:  # boto3 cannot make two clients at a time
            if (service, region) not in clients:
                clients[service, region] = session.client(  # type: ignore[call-overload]
                    service, region_name=region, endpoint_url=url, config=config
                )
            return clients[service, region]

    def make(call: tuple[str, str, str, Mapping[str, Any], Mapping[str, Any] | None]) -> int:
        service, region, operation, arguments, paging = call
        client, method = client_for(service, region), xform_name(operation)
        try:
            if paging is not None:
                return sum(1 for _ in client.get_paginator(method).paginate(**arguments, PaginationConfig=paging))
            getattr(client, method)(**arguments)
        except ClientError:
            pass  # "not set" is an answer too
        return 1

    # The account's own S3 address cannot be told to boto3 for a test server; it is one call.
    calls = [call for call in json.loads(record.read_text()) if call[0] != "s3control"]
    started = time.perf_counter()
    with ThreadPoolExecutor(LISTER_THREADS) as pool:
        count = sum(pool.map(make, calls))
    return {"seconds": time.perf_counter() - started, "calls": count}


def in_own_process(*arguments: str) -> dict[str, Any]:
    """One measured run."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'backend'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.aws_sync", *arguments],
        env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(size: int, rounds: int) -> dict[str, Any]:
    """One size: fill, record, then both sides in turn."""
    from bench.aws_estate import REGIONS, fill

    with moto_server() as url, tempfile.TemporaryDirectory() as folder:
        fill(url, size)
        record, regions = str(Path(folder) / "calls.json"), ",".join(REGIONS)
        in_own_process("--ours", url, "--regions", regions, "--record", record)
        ours, floor = [], []
        for _ in range(rounds):
            floor.append(in_own_process("--floor", url, "--record", record))
            ours.append(in_own_process("--ours", url, "--regions", regions))
    best, bare = min(ours, key=lambda run: run["seconds"]), min(floor, key=lambda run: run["seconds"])
    return report(
        f"aws_sync_{size}",
        ours_seconds=round(best["seconds"], 3),
        floor_seconds=round(bare["seconds"], 3),
        ratio=round(best["seconds"] / bare["seconds"], 3),
        ratio_goal=1.3,
        resources=best["resources"],
        calls=best["calls"],
        floor_calls=bare["calls"],
        cpu_seconds=round(best["cpu_seconds"], 3),
        floor_cpu_seconds=round(bare["cpu_seconds"], 3),
        peak_rss_mb=round(best["peak_rss_mb"]),
        floor_peak_rss_mb=round(bare["peak_rss_mb"]),
        all_ours_seconds=[round(run["seconds"], 3) for run in ours],
        all_floor_seconds=[round(run["seconds"], 3) for run in floor],
    )


def main() -> None:
    """Measure, or be one of the measured runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="300,2500")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours")
    parser.add_argument("--floor")
    parser.add_argument("--regions", default="")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    if not options.ours and not options.floor:
        for size in options.sizes.split(","):
            measure(int(size), options.rounds)
        return
    if options.ours:
        result = run_ours(options.ours, tuple(options.regions.split(",")), options.record)
    else:
        result = run_floor(options.floor, options.record)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(result | {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_rss_mb": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
