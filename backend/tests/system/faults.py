"""What the tests of faults do to a running platform, and how they look at it before and after."""

import contextlib
import csv
import io
import json
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psutil
from tests.providers.aws.proxy import Fault, FaultyProxy, Handler
from tests.system.bills import _COMMON
from tests.system.cloud import Cloud
from tests.system.running import JOB_SECONDS, Platform, all_items, follow_job, wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

Picture = dict[str, Any]
SERVER, WORKER, SUPERVISOR = "app.cli serve", "app.worker", "app.cli up"
OPEN_STATES, LATER = "queued,running", "costs.remove_files"


@dataclass
class Stage:
    """A platform, a cloud, and between them a network that can be broken."""

    platform: Platform
    cloud: Cloud
    proxy: FaultyProxy

    @property
    def data(self) -> Path:
        return self.platform.folder / "data"

    def processes(self, words: str) -> list[psutil.Process]:
        """The platform's live processes whose command line has these words."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                line = " ".join(process.cmdline())
                is_ours = str(self.data) in line or process.environ().get("CLOUDOPS_DATA_DIR") == str(self.data)
                if words in line and is_ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def one(self, words: str) -> psutil.Process:
        """The only such process, waited for."""
        found: list[psutil.Process] = wait_until(lambda: self.processes(words), 60, words)
        return found[0]

    def postmaster(self) -> psutil.Process:
        """The embedded PostgreSQL."""
        pid_file = next(self.data.rglob("postmaster.pid"))
        return psutil.Process(int(pid_file.read_text().splitlines()[0]))

    def valkey(self) -> psutil.Process:
        """The embedded Redis."""
        return next(child for child in self.one(SUPERVISOR).children() if "valkey" in " ".join(child.cmdline()))

    def redis_url(self) -> str:
        """The embedded Redis, with its password."""
        folder = self.data / "valkey"
        password, port = ((folder / name).read_text().strip() for name in ("password", "port"))
        return f"redis://:{password}@127.0.0.1:{port}/0"

    @contextlib.contextmanager
    def paused(self, words: str) -> Iterator[None]:
        """The process stands still meanwhile."""
        process = self.one(words)
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz."""
        answer = httpx.get(f"{self.platform.url}/readyz", timeout=15)
        return answer.status_code, answer.json()

    def connect(self, client: httpx.Client, name: str) -> str:
        """Connect the cloud through the breakable network; its first sync is queued."""
        body = self.cloud.connection(name) | {"endpoint_url": self.proxy.url}
        made = client.post("/accounts", json=body)
        assert made.status_code == 201, made.text
        found: str = made.json()["id"]
        return found

    def follow_events(self, token: str) -> "Listener":
        """Listen at the WebSocket, signed in and subscribed to everything."""
        return Listener(self.platform.port, token)


class Gate:
    """A fault: calls of one service wait until the gate is opened; the work is then in the middle for sure."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.waiting = threading.Event()
        self._open = threading.Event()

    def __call__(self, request: Handler) -> bool:
        if request.service == self.service:
            self.waiting.set()
            self._open.wait(60)
        return False

    def open(self) -> None:
        """Let everything through from now on."""
        self._open.set()


def together(*faults: Fault) -> Fault:
    """Several faults at once; the first that breaks a request wins."""
    return lambda request: any(fault(request) for fault in faults)


class Listener:
    """A WebSocket client in a thread; keeps every event."""

    def __init__(self, port: int, token: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.is_ready = threading.Event()
        self.is_closed = threading.Event()
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._follow, args=(port, token), daemon=True)
        self._thread.start()
        assert self.is_ready.wait(30), "the live connection was not accepted"

    def _follow(self, port: int, token: str) -> None:
        topics = ["alerts", "jobs", "compliance", "costs", "inventory"]
        with (
            connect(f"ws://127.0.0.1:{port}/api/v1/ws", open_timeout=30) as socket,
            contextlib.suppress(ConnectionClosed),
        ):
            socket.send(json.dumps({"type": "auth", "token": token}))
            socket.send(json.dumps({"type": "subscribe", "topics": topics}))
            while not self._leave.is_set():
                with contextlib.suppress(TimeoutError):
                    message = json.loads(socket.recv(timeout=0.2))
                    self.events += [message] if "id" in message else []
                    if message["type"] == "subscribed":
                        self.is_ready.set()
        self.is_closed.set()

    def wait_for(self, job_id: str, seconds: float) -> dict[str, Any]:
        """The first event of a job."""
        found: dict[str, Any] = wait_until(
            lambda: next((one for one in list(self.events) if one["data"].get("job_id") == job_id), None),
            seconds,
            f"an event of job {job_id}",
        )
        return found

    def close(self) -> None:
        """Leave."""
        self._leave.set()
        self._thread.join(10)


def run_sync(client: httpx.Client, account_id: str) -> dict[str, Any]:
    """A sync to its end, and what follows from it."""
    job = follow_job(client, start_sync(client, account_id))
    settle(client)
    return job


def start_sync(client: httpx.Client, account_id: str) -> str:
    """Queue a sync; the job's id."""
    started = client.post(f"/accounts/{account_id}/sync")
    assert started.status_code == 202, started.text
    job_id: str = started.json()["job_id"]
    return job_id


def start_import(client: httpx.Client, content: bytes, name: str) -> tuple[str, str]:
    """Upload a bill; (import id, job id)."""
    accepted = client.post("/ai-cost/imports", files={"file": (name, content)})
    assert accepted.status_code == 202, accepted.text
    return accepted.json()["import_id"], accepted.json()["job_id"]


def succeeds(client: httpx.Client, job_id: str) -> None:
    """The job ends well, and says nothing of what happened to it on the way."""
    job = follow_job(client, job_id)
    assert (job["state"], job["error"]) == ("succeeded", None), job


def progress_of(client: httpx.Client, job_id: str) -> int:
    """How many steps of a job are done."""
    return int(client.get(f"/jobs/{job_id}").json()["progress"]["done"])


def settle(client: httpx.Client) -> None:
    """Wait until nothing is queued or running but the next day's cleaning."""
    deadline = time.monotonic() + JOB_SECONDS
    while open_jobs := [job for job in all_items(client, "/jobs", state=OPEN_STATES) if job["kind"] != LATER]:
        assert time.monotonic() < deadline, f"still open: {open_jobs}"
        time.sleep(0.2)


def dead_jobs(client: httpx.Client) -> set[str]:
    """Ids of jobs that gave up."""
    return {job["id"] for job in all_items(client, "/jobs", state="failed")}


def picture_of(client: httpx.Client, account_id: str) -> Picture:
    """Everything that a sync of an account leaves behind, without our own ids and times; doubles count twice."""
    resources = all_items(client, "/usage/resources", account_id=account_id)
    names = {one["id"]: one["native_id"] for one in resources}
    details = [client.get(f"/usage/resources/{one['id']}").json() for one in resources]
    shown = ("type", "name", "region", "status", "tags", "stale", "properties", "unread_fields")
    alerts = [one for one in all_items(client, "/alerts") if one["resource_id"] in names]
    return {
        "rows": Counter(one["native_id"] for one in resources),
        "content": {one["native_id"]: {name: one[name] for name in shown} for one in details},
        "relations": Counter(
            (one["native_id"], edge["kind"], edge["direction"], edge["native_id"])
            for one in details
            for edge in one["relations"]
        ),
        "history": Counter(
            (one["native_id"], one["kind"]) for one in all_items(client, "/usage/changes", account_id=account_id)
        ),
        "results": Counter(
            (one["control_id"], one["native_id"], one["status"])
            for one in all_items(client, "/compliance/issues", account_id=account_id)
        ),
        "alerts": Counter((one["title"], names[one["resource_id"]], one["status"], one["count"]) for one in alerts),
        "units": Counter(
            (one["service"], one["region"], one["state"], one["resources"])
            for one in all_items(client, f"/accounts/{account_id}/units")
        ),
    }


def large_bill(rows: int, *, account: str, month: str = "2025-01") -> bytes:
    """A bill of one month; some 100,000 rows take a worker some seconds."""
    text = io.StringIO(newline="")
    names = ["ProviderName", "ServiceName", "ResourceId", "EffectiveCost", "BilledCost", "ListCost", *_COMMON]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    first = date.fromisoformat(f"{month}-01")
    moved = {
        "BillingAccountId": account,
        "BillingPeriodStart": f"{first}T00:00:00Z",
        "BillingPeriodEnd": f"{(first + timedelta(days=31)).replace(day=1)}T00:00:00Z",
        "ChargePeriodStart": f"{month}-05T10:00:00Z",
        "ChargePeriodEnd": f"{month}-05T11:00:00Z",
    }
    common = [*(_COMMON | moved).values()]
    for number in range(rows):
        cost = f"{number % 97}.{number % 1000:03d}"
        writer.writerow(["AWS", f"Service {number % 7}", f"i-{number % 500:05d}", cost, cost, cost, *common])
    return text.getvalue().encode()


def bill_picture(stage: Stage, client: httpx.Client, import_id: str) -> Picture:
    """Everything that an import leaves behind: manifest, sums, and the rows of its Parquet files."""
    manifest = client.get(f"/ai-cost/imports/{import_id}").json()
    shown = ("state", "error", "rows_read", "rows_stored", "rows_rejected", "reasons", "sums", "sha256")
    query = {"from": "2025-01-01", "to": "2025-02-01", "group_by": "service,resource", "granularity": "day"}
    breakdown = client.get("/ai-cost/breakdown", params=query)
    assert breakdown.status_code == 200, breakdown.text
    files = sorted(stage.data.glob(f"storage/org/*/costs/**/{import_id}-*.parquet"))
    statement = "SELECT count(*), bit_xor(hash(bill)) FROM read_parquet(?) AS bill"
    rows = [duckdb.execute(statement, [str(file)]).fetchall() for file in files]
    return {
        "manifest": {name: manifest.get(name) for name in shown},
        "breakdown": breakdown.json(),
        "files": rows,
        "drafts": [path.name for path in (stage.data / "tmp").glob("import-*")],
    }


@contextlib.contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[None]:
    """A tiny file system in place of the folder; what it held shows again afterwards."""
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,mode=0777", "tmpfs", str(folder)],
        check=True,
        capture_output=True,
    )
    try:
        yield
    finally:
        deadline = time.monotonic() + 30
        while subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < deadline, f"{folder} stays busy"
            time.sleep(0.2)


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as opened, contextlib.suppress(OSError):
        while True:
            opened.write(b"\0" * 4096)
    return filler
