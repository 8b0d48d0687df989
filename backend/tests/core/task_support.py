"""Tasks and helpers for the tests of the queue; also run by worker processes that the tests start and kill."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.database import Database, directory_session, tenant_session, use_database
from app.core.directory import DirectoryOrganization
from app.core.tasks import Job, PermanentFailure, TaskContext, UnitKey, enqueue, run_in_process, schedule, task
from app.core.tasks.working import work
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

MARKS = """
CREATE TABLE IF NOT EXISTS task_marks (
  id bigserial PRIMARY KEY, key text NOT NULL, note text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


async def mark(key: object, note: str) -> None:
    """Write down, at once, that something happened."""
    async with directory_session() as session:
        await session.execute(
            text("INSERT INTO task_marks (key, note) VALUES (:key, :note)"), {"key": str(key), "note": note}
        )


async def marks(key: object) -> list[tuple[str, float]]:
    """(note, Unix time) of everything marked under the key, in order."""
    async with directory_session() as session:
        rows = await session.execute(
            text("SELECT note, extract(epoch FROM at)::float8 FROM task_marks WHERE key = :key ORDER BY id"),
            {"key": str(key)},
        )
        return [(row[0], row[1]) for row in rows]


@task("test.note", retries=3, backoff_seconds=0.2)
async def note(context: TaskContext, text: str = "ran") -> None:
    await mark(context.job_id, text)


@task("test.sleep", retries=0, timeout_seconds=60)
async def sleep(context: TaskContext, seconds: float) -> None:
    await mark(context.job_id, "start")
    await asyncio.sleep(seconds)
    await context.raise_if_cancelled()
    await mark(context.job_id, "end")


@task("test.fail", retries=3, backoff_seconds=0.5)
async def fail(context: TaskContext) -> None:
    await mark(context.job_id, "try")
    raise ValueError("password=hunter2")


@task("test.fail_for_good", retries=3)
async def fail_for_good(context: TaskContext) -> None:
    await mark(context.job_id, "try")
    raise PermanentFailure("The account does not exist.")


@task("test.too_slow", retries=0, timeout_seconds=0.3)
async def too_slow(context: TaskContext) -> None:
    await asyncio.sleep(30)


@task("test.limited", retries=2, backoff_seconds=0.2, per_organization=2)
async def limited(context: TaskContext, first_fails: bool = False) -> None:
    if first_fails and context.attempt == 1:
        raise ValueError("once")
    await mark(context.organization_id, "+")
    await asyncio.sleep(0.05)
    await mark(context.organization_id, "-")


@task("test.units", retries=0)
async def units(context: TaskContext, bad: bool = False) -> None:
    keys = [UnitKey("ec2", "eu-west-1"), UnitKey("s3", "global"), UnitKey("iam", "global")]
    await context.plan_units(keys)
    for key in keys:
        await context.unit_started(key)
        is_denied = bad and key.service == "iam"
        await context.unit_ended(
            key,
            "failed" if is_denied else "complete",
            resources=None if is_denied else 7,
            error="iam:ListRoles is not allowed" if is_denied else None,
        )


@task("test.compute", retries=0)
async def compute(context: TaskContext) -> None:
    await mark(context.job_id, str(await run_in_process(sum, [1, 2, 3])))


@task("test.typed", retries=0)
async def typed(context: TaskContext, account_id: UUID, parent_id: UUID | None = None) -> None:
    await mark(context.job_id, f"{type(account_id).__name__} {type(parent_id).__name__}")


@schedule("test.tick", cron="* * * * * */2")
async def tick(session: AsyncSession, organization_id: UUID) -> None:
    wanted = os.environ.get("TICK_ORGANIZATION")
    if wanted == str(organization_id):
        await session.execute(
            text("INSERT INTO task_marks (key, note) VALUES (:key, :note)"),
            {"key": f"tick {organization_id}", "note": str(os.getpid())},
        )


async def start(organization_id: UUID, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> UUID:
    """Enqueue in a transaction of its own."""
    async with tenant_session(organization_id) as session:
        return await enqueue(session, name, arguments or {}, organization_id=organization_id, **options)


async def get_job(organization_id: UUID, job_id: UUID) -> Job:
    """The job's row as it is now."""
    async with tenant_session(organization_id) as session:
        found = await session.execute(select(Job).where(Job.organization_id == organization_id, Job.id == job_id))
        return found.scalar_one()


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    """What the condition gives once it is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := await condition()):
        assert time.monotonic() < end, "did not happen in time"
        await asyncio.sleep(0.05)
    return found


async def job_in(organization_id: UUID, job_id: UUID, *states: str, seconds: float = 20) -> Job:
    """The job once it is in one of the states."""

    async def reached() -> Job | None:
        job = await get_job(organization_id, job_id)
        return job if job.state in states else None

    found: Job = await until(reached, seconds)
    return found


async def add_organization(organization_id: UUID) -> None:
    """List the organization for schedules."""
    async with directory_session() as session:
        session.add(DirectoryOrganization(id=organization_id))


@contextlib.asynccontextmanager
async def worker_here(url: str, *, concurrency: int = 8) -> AsyncIterator[asyncio.Event]:
    """A worker inside the test's own loop."""
    stop = asyncio.Event()
    working = asyncio.create_task(work(url, stop, concurrency=concurrency))
    try:
        yield stop
    finally:
        stop.set()
        await working


@contextlib.contextmanager
def worker_process(url: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker as a process of its own, killed at the end."""
    started = subprocess.Popen(
        [sys.executable, __file__, url],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        start_new_session=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


async def _main(url: str) -> None:
    use_database(Database(url, pool_size=5))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await work(url, stop, concurrency=4)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
