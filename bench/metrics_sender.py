"""The sender of `metrics_intake`, a process of its own: requests made before the clock starts, then sent over HTTP."""

import argparse
import asyncio
import json
import struct
import sys
import time
from collections.abc import Iterator, Sequence

import cramjam
import httpx
import numpy as np

SAMPLES = 2_000
CONNECTIONS = 8
STEP_MS = 15_000
_JOBS = ("api", "web", "node", "db")


def labels_of(series: int) -> list[tuple[str, str]]:
    """What node exporters and services send: eight labels, sorted."""
    return [
        ("__name__", f"bench_metric_{series % 97}"),
        ("cluster", f"prod-{series % 3}"),
        ("device", f"disk{series % 11}"),
        ("env", "production"),
        ("instance", f"10.{series >> 16 & 255}.{series >> 8 & 255}.{series & 255}:9100"),
        ("job", _JOBS[series % 4]),
        ("namespace", f"team-{series % 31}"),
        ("pod", f"pod-{series:07}-x7k2p"),
    ]


def values_of(series: int, rounds: int, random: np.random.Generator) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """A third each: constant, a counter, a gauge of two digits after the point with noise."""
    if series % 3 == 0:
        return np.full(rounds, float(series % 5))
    if series % 3 == 1:
        return np.cumsum(random.integers(0, 50, rounds)).astype(np.float64)
    return np.round(random.normal(50, 8, rounds), 2)


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def _head(series: int) -> bytes:
    return b"".join(
        _field(0x0A, _field(0x0A, name.encode()) + _field(0x12, value.encode())) for name, value in labels_of(series)
    )


def remote_write_bodies(series: int, rounds: int, start_ms: int) -> Iterator[bytes]:
    """Requests of one sample for each of at most SAMPLES series, round after round, as Prometheus sends them."""
    random = np.random.default_rng(1)
    heads = [_head(number) for number in range(series)]
    values = np.stack([values_of(number, rounds, random) for number in range(series)])
    for turn in range(rounds):
        at = _varint(start_ms + turn * STEP_MS)
        for first in range(0, series, SAMPLES):
            parts = []
            for number in range(first, min(series, first + SAMPLES)):
                sample = b"\x09" + struct.pack("<d", values[number, turn]) + b"\x10" + at
                parts.append(_field(0x0A, heads[number] + _field(0x12, sample)))
            yield bytes(cramjam.snappy.compress_raw(b"".join(parts)))


def otlp_bodies(series: int, rounds: int, start_ms: int) -> Iterator[bytes]:
    """The same as gauges of OTLP in protobuf, points of one name under one metric, as a collector batches them."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    random = np.random.default_rng(1)
    values = np.stack([values_of(number, rounds, random) for number in range(series)])
    for turn in range(rounds):
        at_ns = (start_ms + turn * STEP_MS) * 1_000_000
        for first in range(0, series, SAMPLES):
            request = ExportMetricsServiceRequest()
            scope = request.resource_metrics.add().scope_metrics.add()
            metrics: dict[str, object] = {}
            for number in range(first, min(series, first + SAMPLES)):
                (_, name), *labels = labels_of(number)
                gauge = metrics.get(name)
                if gauge is None:
                    metric = scope.metrics.add(name=name)
                    gauge = metrics[name] = metric.gauge
                point = gauge.data_points.add(time_unix_nano=at_ns, as_double=values[number, turn])  # type: ignore[attr-defined]
                for key, text in labels:
                    point.attributes.add(key=key).value.string_value = text
            yield request.SerializeToString()


KINDS = {
    "remote_write": (
        "/api/v1/ingest/prometheus/write",
        {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"},
        remote_write_bodies,
    ),
    "otlp": ("/api/v1/ingest/v1/metrics", {"Content-Type": "application/x-protobuf"}, otlp_bodies),
}


async def _send_all(url: str, headers: dict[str, str], bodies: Sequence[bytes]) -> list[float]:
    """Seconds of each request; a shard of the requests for each connection, in their order."""
    seconds: list[float] = []
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(headers={"Authorization": "Bearer x", **headers}, limits=limits, timeout=60) as client:

        async def send(shard: Sequence[bytes]) -> None:
            for body in shard:
                started = time.perf_counter()
                answer = await client.post(url, content=body)
                if answer.status_code >= 300:
                    raise RuntimeError(f"{answer.status_code}: {answer.text[:500]}")
                seconds.append(time.perf_counter() - started)

        await asyncio.gather(*(send(bodies[number::CONNECTIONS]) for number in range(CONNECTIONS)))
    return seconds


def main(arguments: Sequence[str]) -> None:
    """Send the first round, which makes the series, then the others; figures as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--series", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--start-ms", type=int, required=True)
    given = parser.parse_args(arguments)
    path, headers, make = KINDS[given.kind]
    bodies = list(make(given.series, given.rounds, given.start_ms))
    each = len(bodies) // given.rounds
    url = f"http://127.0.0.1:{given.port}{path}"
    started = time.perf_counter()
    asyncio.run(_send_all(url, headers, bodies[:each]))
    new_seconds = time.perf_counter() - started
    print("ready", flush=True)
    sys.stdin.readline()
    own = time.process_time()
    started = time.perf_counter()
    seconds = asyncio.run(_send_all(url, headers, bodies[each:]))
    took = time.perf_counter() - started
    told = {
        "new_seconds": new_seconds,
        "seconds": took,
        "samples": given.series * (given.rounds - 1),
        "requests": len(seconds),
        "body_bytes": sum(map(len, bodies[each:])),
        "sender_cpu_seconds": time.process_time() - own,
        "latencies": sorted(seconds),
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
