"""The demonstration's agents: what OpenTelemetry collectors on its AWS machines would send, over OTLP as they do."""

import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

MACHINES = 12
HISTORY_SECONDS = 13 * 86_400
STEP_SECONDS, LIVE_SECONDS = 300, 60
STEPS_A_REQUEST = 288
KEY_FILE, SENT_FILE = "agent.key", "agent.sent"
logger = logging.getLogger("demo")


def send_until(stopped: threading.Event, api: str, folder: Path) -> None:
    """Send what is missing since the last start, then each minute; nothing before `keep_agent` gave a key."""
    key = folder / KEY_FILE
    while not key.is_file():
        if stopped.wait(2):
            return
    secret, *machines = key.read_text().split()
    sent = folder / SENT_FILE
    with httpx.Client(timeout=60, headers={"Authorization": f"Bearer {secret}"}) as http:
        while True:
            now = int(time.time())
            last = int(sent.read_text()) if sent.is_file() else 0
            try:
                for times in _missing(max(last, now - HISTORY_SECONDS), now):
                    body = {"resourceMetrics": [_resource(one, times) for one in machines]}
                    http.post(f"{api}/ingest/v1/metrics", json=body).raise_for_status()
                    sent.write_text(str(times[-1]))
            except httpx.HTTPError as failure:
                logger.debug("The agents could not send: %s", failure)
            if stopped.wait(LIVE_SECONDS):
                return


def keep_agent(folder: Path, secret: str, machines: Sequence[Mapping[str, Any]]) -> None:
    """Remember the agents' key, and the machines on which they run."""
    lines = [f"{one['native_id'].rsplit('/', 1)[-1]}/{one['region']}" for one in machines[:MACHINES]]
    path = folder / KEY_FILE
    path.touch(mode=0o600)  # before the secret is in it
    path.write_text("\n".join([secret, *lines]))


def _missing(after: int, now: int) -> Iterator[list[int]]:
    """Times that were not sent: every five minutes long ago, each minute of the last few."""
    step = STEP_SECONDS if now - after > 2 * STEP_SECONDS else LIVE_SECONDS
    times = list(range(after - after % step + step, now + 1, step))
    for start in range(0, len(times), STEPS_A_REQUEST):
        yield times[start : start + STEPS_A_REQUEST]


def _resource(machine_and_region: str, times: Sequence[int]) -> dict[str, Any]:
    machine, region = machine_and_region.split("/")
    attributes = {"host.id": machine, "cloud.provider": "aws", "cloud.region": region, "service.name": "node"}
    seed = sum(machine.encode())
    base = 0.35 + seed % 40 / 100
    values = {
        ("up", "1", ""): [float(_is_up(seed, at)) for at in times],
        ("system.cpu.utilization", "1", "idle"): [1 - load_of(seed, at) for at in times],
        ("system.memory.utilization", "1", "used"): [base + 0.2 * load_of(seed + 7, at) for at in times],
        ("system.filesystem.utilization", "1", "used"): [_filling(seed, at) for at in times],
    }
    metrics = []
    for (name, unit, state), some in values.items():
        points = [_point(at, value, state) for at, value in zip(times, some, strict=True)]
        metrics.append({"name": name, "unit": unit, "gauge": {"dataPoints": points}})
    return {
        "resource": {"attributes": [_attribute(*pair) for pair in attributes.items()]},
        "scopeMetrics": [{"scope": {}, "metrics": metrics}],
    }


def _point(at: int, value: float, state: str) -> dict[str, Any]:
    made: dict[str, Any] = {"timeUnixNano": str(at * 1_000_000_000), "asDouble": round(value, 4)}
    return made | ({"attributes": [_attribute("state", state)]} if state else {})


def _attribute(key: str, text: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": text}}


def load_of(seed: int, at: int) -> float:
    """The used share of the processor: office hours, a wobble, and now and then an hour's work."""
    moment = datetime.fromtimestamp(at, UTC)
    office = math.exp(-(((moment.hour + moment.minute / 60 - 13.5) / 4) ** 2)) * (1.0 if moment.weekday() < 5 else 0.3)
    wobble = math.sin(at / 1_900 + seed) * 0.03 + ((at // 60 * 7_919 + seed * 31) % 100) / 2_000
    work = 0.35 if (at // 3_600 + seed) % 53 == 0 else 0.0
    return min(0.98, max(0.02, 0.06 + seed % 25 / 100 + office * (0.15 + seed % 7 / 20) + wobble + work))


def _filling(seed: int, at: int) -> float:
    """A disk that fills within some weeks and is cleaned then."""
    return 0.3 + seed % 20 / 100 + (at / 86_400 + seed) % 30 / 30 * 0.45


def _is_up(seed: int, at: int) -> bool:
    """A quarter of an hour's outage, some days apart."""
    return (at // 900 + seed * 13) % 617 != 0
