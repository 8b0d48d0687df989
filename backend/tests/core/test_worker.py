"""Workers that die, lose the database or share schedules."""

import asyncio
import contextlib
import functools
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from app.core.database import Database, directory_session, use_database
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.ids import new_id
from app.core.tasks import scheduling
from app.core.tasks.registry import Schedule
from app.core.tasks.running import MAX_CRASHES
from sqlalchemy import text
from tests.conftest import _make_database as make_database

from . import task_support as support
from .task_support import add_organization, get_job, job_in, marks, start, until, worker_here, worker_process


@pytest.fixture
async def owner(database: Database, database_urls: tuple[str, str]) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner; the table of marks is in place."""
    connection = await asyncpg.connect(database_urls[0])
    await connection.execute(support.MARKS)
    await connection.execute(
        "GRANT ALL ON task_marks TO cop_test_app; GRANT ALL ON SEQUENCE task_marks_id_seq TO cop_test_app"
    )
    yield connection
    await connection.close()


async def test_a_killed_workers_job_runs_again_within_30_seconds(
    owner: asyncpg.Connection, database_urls: tuple[str, str], organization_id: UUID
) -> None:
    with worker_process(database_urls[1]) as first, worker_process(database_urls[1]) as second:
        for process in (first, second):
            await until(functools.partial(_row_of, owner, process.pid))
        job_id = await start(organization_id, "test.sleep", {"seconds": 2})
        await until(lambda: marks(job_id))
        worker = (await get_job(organization_id, job_id)).worker or ""
        os.kill(int(worker.rpartition(":")[2]), signal.SIGKILL)
        killed_at = time.time()
        job = await job_in(organization_id, job_id, "succeeded", seconds=40)
    assert job.worker != worker
    found = await marks(job_id)
    assert [note for note, _ in found] == ["start", "start", "end"]
    assert found[1][1] - killed_at < 30
    assert (job.attempt, job.crashes, job.failures) == (2, 1, 0)


async def test_a_job_that_kills_its_workers_fails_in_the_end(
    owner: asyncpg.Connection, database_urls: tuple[str, str], organization_id: UUID
) -> None:
    job_id = await start(organization_id, "test.note")
    await owner.execute("UPDATE jobs SET state = 'running', crashes = $2 WHERE id = $1", job_id, MAX_CRASHES)
    async with worker_here(database_urls[1]):
        job = await job_in(organization_id, job_id, "failed")
    assert job.error == f"The worker stopped {MAX_CRASHES + 1} times while it ran this job."
    assert await marks(job_id) == []


async def test_nothing_is_lost_when_the_database_drops_every_connection(
    owner: asyncpg.Connection, database_urls: tuple[str, str], organization_id: UUID
) -> None:
    async with worker_here(database_urls[1]):
        long = await start(organization_id, "test.sleep", {"seconds": 3})
        await until(lambda: marks(long))
        jobs = []
        for round_number in range(6):
            for _ in range(5):
                with contextlib.suppress(Exception):  # an enqueue may be hit: then the caller knows, and nothing stays
                    jobs.append(await start(organization_id, "test.note"))
            if round_number in (1, 3):
                await _drop_connections(owner)
            await asyncio.sleep(0.3)
        for job_id in jobs:
            await job_in(organization_id, job_id, "succeeded", seconds=30)
        job = await job_in(organization_id, long, "succeeded", seconds=30)
    assert len(jobs) >= 20
    assert job.attempt == 1  # the job in flight was not disturbed
    assert Counter([len(await marks(job_id)) for job_id in jobs]).keys() <= {1, 2}


async def test_a_restart_of_postgresql_in_mid_run_loses_nothing(
    database_urls: tuple[str, str], tmp_path: Path, organization_id: UUID
) -> None:
    """On a server of its own, with a worker process that is not told of it."""
    with EmbeddedPostgres(tmp_path / "pg") as server:
        owner_url, app_url = await make_database(server.superuser_url, "restarted")
        owner = await asyncpg.connect(owner_url)
        await owner.execute(support.MARKS + "; GRANT ALL ON ALL TABLES IN SCHEMA public TO cop_test_app")
        await owner.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO cop_test_app")
        await owner.close()
        database = Database(app_url, pool_size=5)
        use_database(database)
        try:
            with worker_process(app_url) as worker:
                long = await start(organization_id, "test.sleep", {"seconds": 6})
                await until(lambda: marks(long))
                jobs = [await start(organization_id, "test.note", delay=timedelta(seconds=i / 5)) for i in range(20)]
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(1)
                await asyncio.to_thread(server.start)
                jobs += [await start(organization_id, "test.note") for _ in range(5)]
                for job_id in [*jobs, long]:
                    await job_in(organization_id, job_id, "succeeded", seconds=40)
                assert worker.poll() is None  # it did not need a new process
        finally:
            use_database(None)
            await database.close()


async def _drop_connections(owner: asyncpg.Connection) -> None:
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_three_workers_fire_a_schedule_once_a_due_time(
    owner: asyncpg.Connection, database_urls: tuple[str, str], organization_id: UUID
) -> None:
    await add_organization(organization_id)
    environment = {"TICK_ORGANIZATION": str(organization_id)}
    key = f"tick {organization_id}"
    started = await owner.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(worker_process(database_urls[1], **environment))
        await until(lambda: marks(key), seconds=20)
        await asyncio.sleep(9)
    at = [moment for _, moment in await marks(key)]
    async with directory_session() as session:
        rows = await session.execute(
            text(
                "SELECT extract(epoch FROM due_at)::float8, finished_at IS NOT NULL FROM schedule_runs"
                " WHERE name = 'test.tick' AND lease IS NOT NULL"  # also left by workers of other tests, in mid-run
                " AND extract(epoch FROM due_at) BETWEEN :started - 2 AND :last"
                " AND (finished_at IS NULL OR extract(epoch FROM finished_at) >= :first) ORDER BY due_at"
            ),
            {"started": started, "first": at[0], "last": at[-1]},
        )
        runs = [(due, is_finished) for due, is_finished in rows]
    assert len(at) >= 4
    # Moments say nothing on a busy machine: each due time that was served to its end has one mark, and no mark is over.
    assert sum(is_finished for _, is_finished in runs) <= len(at) <= len(runs), (runs, at)
    assert all((later[0] - earlier[0]) % 2 == 0 for earlier, later in itertools.pairwise(runs)), runs


async def test_another_worker_carries_on_a_schedule_where_a_dead_one_stopped(
    owner: asyncpg.Connection, database_urls: tuple[str, str]
) -> None:
    organizations = sorted(new_id() for _ in range(4))
    for organization_id in organizations:
        await add_organization(organization_id)
    served: list[UUID] = []

    async def serve(_: object, organization_id: UUID) -> None:
        if organization_id == organizations[2] and len(served) < 3:
            served.append(organization_id)
            raise asyncio.CancelledError  # as if the process died: the turn's transaction is rolled back
        if organization_id in organizations:
            served.append(organization_id)

    once = Schedule(name=f"test.once_{new_id()}", cron="0 0 1 1 *", function=serve, each_organization=True)
    due_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert await scheduling._claim(once.name, due_at.replace(year=2025), new_id()) is None  # never seen before
    with pytest.raises(asyncio.CancelledError):
        await _claim_and_serve(once, due_at)
    assert await scheduling._claim(once.name, due_at, new_id()) is False  # a live worker has it, for all one knows
    async with directory_session() as session:
        await session.execute(
            text("UPDATE schedule_runs SET heartbeat_at = now() - interval '1 minute' WHERE name = :name"),
            {"name": once.name},
        )
    await _claim_and_serve(once, due_at)
    assert served == [*organizations[:3], *organizations[2:]]
    assert await scheduling._claim(once.name, due_at, new_id()) is None


async def _claim_and_serve(schedule: Schedule, due_at: datetime) -> None:
    lease = new_id()
    assert await scheduling._claim(schedule.name, due_at, lease) is True
    await scheduling._serve_organizations(schedule, due_at, lease)


def test_due_times_are_utc_and_include_the_instant_itself() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert scheduling.latest_due("*/5 * * * *", now) == now
    assert scheduling.latest_due("0 3 * * *", now) == datetime(2026, 3, 1, 3, tzinfo=UTC)


async def test_a_worker_stops_on_sigterm_and_leaves_its_row(
    owner: asyncpg.Connection, database_urls: tuple[str, str], organization_id: UUID
) -> None:
    with worker_process(database_urls[1]) as process:
        await until(lambda: _row_of(owner, process.pid))
        job_id = await start(organization_id, "test.note")
        await job_in(organization_id, job_id, "succeeded")
        assert str(process.pid) in ((await get_job(organization_id, job_id)).worker or "")
        process.terminate()
        started = time.monotonic()
        assert await asyncio.to_thread(process.wait, 20) == 0
        assert time.monotonic() - started < 5


async def _row_of(owner: asyncpg.Connection, pid: int) -> bool:
    return bool(await owner.fetchval("SELECT count(*) FROM workers WHERE name LIKE '%:' || $1::text", str(pid)))
