"""Samples under load while API, worker, PostgreSQL and Redis die: none acknowledged is lost, none is there twice.

Senders repeat a request until it is answered with 204, as Prometheus does. In the end what is stored is compared with
what was sent, sample by sample in blocks and chunks, and hour by hour in the roll-ups that the worker made meanwhile.
"""

import asyncio
import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx
import numpy as np
import pytest
import redis
from app.core.database import Database, tenant_session, use_database
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.installation import POSTGRES_FOLDER
from app.core.tasks import enqueue
from app.domains import load_domains
from app.domains.metrics import queries
from sqlalchemy import text
from tests.support.protobuf_bytes import snappy, v1_request, v1_series
from tests.system.cloud import Cloud
from tests.system.faults import SERVER, WORKER, Stage
from tests.system.running import make_platform, wait_until

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("intake-killed")]
SENDERS, SERIES, POINTS, STEP_MS = 3, 20, 10, 5_000
READY_SECONDS = 240  # the supervisor waits longer each time that a process ends at once, half a minute at most
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
Result = TypeVar("Result")


class Load(threading.Thread):
    """One sender with series of its own, that are in their order; a request is repeated until it is acknowledged."""

    def __init__(self, platform_url: str, key: str, number: int, start_ms: int) -> None:
        super().__init__(daemon=True)
        self.name, self.sent = f"load_{number}", 0
        self.answers: Counter[str] = Counter()
        self.start_ms = start_ms
        self.failure: str | None = None
        self._leave = threading.Event()
        self._url, self._headers = (
            f"{platform_url}/ingest/prometheus/write",
            HEADERS | {"Authorization": f"Bearer {key}"},
        )

    def value(self, series: int, point: int) -> float:
        return point * 1.25 + series * 1_000.0

    def at_ms(self, point: int) -> int:
        return self.start_ms + point * STEP_MS

    def body(self) -> bytes:
        """The next points of all series."""
        points = range(self.sent, self.sent + POINTS)
        return snappy(
            v1_request(
                *(
                    v1_series(
                        [("__name__", self.name), ("series", f"{series:02d}")],
                        [(self.value(series, point), self.at_ms(point)) for point in points],
                    )
                    for series in range(SERIES)
                )
            )
        )

    def run(self) -> None:
        with httpx.Client(timeout=20) as client:
            while not self._leave.is_set():
                body = self.body()
                while not self._post(client, body):
                    time.sleep(0.05)
                if self.failure:
                    return
                self.sent += POINTS
                time.sleep(0.03)

    def _post(self, client: httpx.Client, body: bytes) -> bool:
        try:
            answer = client.post(self._url, content=body, headers=self._headers)
        except httpx.TransportError as failure:
            self.answers[type(failure).__name__] += 1
            return False
        self.answers[str(answer.status_code)] += 1
        if answer.status_code != 204 and answer.status_code < 500:
            self.failure = f"{answer.status_code}: {answer.text}"
        return answer.status_code < 500

    def finish(self) -> None:
        """After the request under way is acknowledged."""
        self._leave.set()
        self.join(120)
        assert not self.is_alive()
        assert self.failure is None, self.failure


class Store:
    """The platform's database as its owner sees it, from this process."""

    def __init__(self, stage: Stage, organization_id: UUID) -> None:
        self.stage, self.organization_id = stage, organization_id

    def run(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Work with the database of this moment: a restarted one may have another port."""

        async def inside() -> Result:
            url = EmbeddedPostgres.running_url(self.stage.data / POSTGRES_FOLDER)
            assert url is not None
            database = Database(url.rpartition("/")[0] + "/cloudops", pool_size=2)
            use_database(database)
            try:
                return await work()
            finally:
                use_database(None)
                await database.close()

        return asyncio.run(inside())

    def queue_work(self) -> None:
        """Have the worker compact and roll up now; in a moment of an outage there is nobody to ask."""

        async def work() -> None:
            async with tenant_session(self.organization_id) as session:
                for kind in ("metrics.compact", "metrics.roll_up"):
                    await enqueue(session, kind, organization_id=self.organization_id, dedupe="open")

        with contextlib.suppress(Exception):
            self.run(work)

    def count_open(self) -> int:
        """Blocks that no compaction has moved, and chunks of closed windows that are in no roll-up."""

        async def work() -> int:
            async with tenant_session(self.organization_id) as session:
                found = await session.execute(
                    text(
                        "SELECT (SELECT count(*) FROM metric_blocks WHERE organization_id = :org"
                        " AND compacted_at IS NULL)"
                        " + (SELECT count(*) FROM metric_samples WHERE organization_id = :org AND NOT rolled"
                        " AND window_at < now() - interval '6 hours')"
                    ),
                    {"org": self.organization_id},
                )
                return int(found.scalar_one())

        return self.run(work)

    def read(self, from_ms: int) -> tuple[dict[tuple[str, str], int], Any]:
        """Ids by (name, series), and all samples as (id, milliseconds, value) columns."""

        async def work() -> tuple[dict[tuple[str, str], int], Any]:
            async with tenant_session(self.organization_id) as session:
                rows = await session.execute(
                    text(
                        "SELECT id, name, labels->>'series' AS series FROM metric_series WHERE organization_id = :org"
                    ),
                    {"org": self.organization_id},
                )
                ids = {(row.name, row.series): row.id for row in rows if row.name.startswith("load_")}
                wanted = np.array(sorted(ids.values()), np.int64)
                now_ms = int(time.time() * 1000)
                blocks = await queries.read_open_blocks(session, self.organization_id, series=wanted)
                chunks = await queries.read_chunks(session, self.organization_id, wanted, from_ms, now_ms)
                return ids, blocks.join([blocks, chunks])

        return self.run(work)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A platform that no other test uses."""
    load_domains()
    platform = make_platform()
    try:
        platform.start()
        yield Stage(platform, Cloud(""), None)  # type: ignore[arg-type]  # no cloud takes part
    finally:
        platform.remove()


def kill_api(stage: Stage) -> None:
    stage.one(SERVER).kill()


def kill_worker(stage: Stage) -> None:
    stage.one(WORKER).kill()


def restart_database(stage: Stage) -> None:
    stage.postmaster().send_signal(signal.SIGQUIT)


def flush_redis(stage: Stage) -> None:
    with contextlib.suppress(redis.RedisError):
        redis.Redis.from_url(stage.redis_url()).flushall()


def kill_under_load(stage: Stage, faults: Sequence[Callable[[Stage], None]], seed: int) -> str:
    """Faults at random moments under load, then the comparison; what happened, in words."""
    picks = random.Random(seed)  # noqa: S311  # moments, no secrets
    with stage.platform.client() as client:
        me = client.get("/auth/me").json()
        organization_id = UUID(me["organization"]["id"])
        body = {
            "name": f"load {seed}",
            "permissions": ["metrics:ingest", "metrics:read"],
            "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        made = client.post("/api-keys", json=body)
        assert made.status_code == 201, made.text
        key = made.json()["key"]
    store = Store(stage, organization_id)
    start_ms = (int(time.time()) - 10 * 86_400) // 3_600 * 3_600_000
    loads = [Load(stage.platform.url, key, seed * 100 + number, start_ms) for number in range(SENDERS)]
    for load in loads:
        load.start()
    for fault in faults:
        store.queue_work()
        time.sleep(picks.uniform(0.1, 1.2))
        fault(stage)
        wait_until(lambda: _is_ready(stage) and stage.processes(WORKER), READY_SECONDS, "everything again")
    for load in loads:
        load.finish()
    store.queue_work()
    wait_until(lambda: _settled(store), 180, "the last compaction and roll-up")
    _compare(store, loads)
    _compare_rolled(stage, key, loads)
    answers: Counter[str] = sum((load.answers for load in loads), Counter())
    samples = sum(load.sent for load in loads) * SERIES
    return f"{len(faults)} faults, {samples:,} samples acknowledged, none lost, none twice; answers {dict(answers)}"


def _is_ready(stage: Stage) -> bool:
    with contextlib.suppress(httpx.HTTPError, ValueError):
        return bool(stage.readiness()[1]["status"] == "ok")
    return False


def _settled(store: Store) -> bool:
    if store.count_open():
        store.queue_work()
        time.sleep(1)
        return False
    return True


def _compare(store: Store, loads: list[Load]) -> None:
    ids, samples = store.read(loads[0].start_ms)
    for load in loads:
        assert load.sent > 0
        at_ms = load.start_ms + STEP_MS * np.arange(load.sent)
        for series in range(SERIES):
            mine = samples.take(samples.series == ids[load.name, f"{series:02d}"])
            assert len(mine) == load.sent, f"{load.name} {series}: {load.sent} sent, {len(mine)} stored"
            order = np.argsort(mine.at_ms)
            assert (mine.at_ms[order] == at_ms).all()
            assert (mine.values[order] == np.arange(load.sent) * 1.25 + series * 1_000.0).all()


def _compare_rolled(stage: Stage, key: str, loads: list[Load]) -> None:
    hour = 3_600_000 // STEP_MS
    for load in loads:
        hours = load.sent // hour
        if not hours:
            continue
        to_ms = load.start_ms + hours * 3_600_000
        for function, expected in (("count", float(hour)), ("max", None)):
            query = {
                "selector": f'{load.name}{{series="03"}}',
                "from": _instant(load.start_ms),
                "to": _instant(to_ms),
                "step": "3600",
                "function": function,
            }
            answer = httpx.get(
                f"{stage.platform.api}/metrics/query",
                params=query,
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            )
            assert answer.status_code == 200, answer.text
            [series] = answer.json()["series"]
            wanted = [expected or load.value(3, (number + 1) * hour - 1) for number in range(hours)]
            assert series["values"] == wanted, (load.name, function)


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat()


@pytest.mark.timeout(400)
def test_six_faults_under_load_cost_no_acknowledged_sample(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    faults = [kill_api, kill_worker, restart_database, flush_redis, kill_worker, kill_api]
    told = kill_under_load(stage, faults, seed=1)
    with capsys.disabled():
        print(f" {told}", end=" ")  # noqa: T201


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_a_hundred_faults_under_load_cost_no_acknowledged_sample(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    picks = random.Random(100)  # noqa: S311  # no secrets
    kinds = [kill_api] * 45 + [kill_worker] * 40 + [restart_database] * 10 + [flush_redis] * 5
    picks.shuffle(kinds)
    told = kill_under_load(stage, kinds, seed=100)
    with capsys.disabled():
        print(f" {told}", end=" ")  # noqa: T201
