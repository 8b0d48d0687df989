"""The queue: joining the caller's transaction, running, retrying, limits, cancelling."""

import asyncio
import itertools
from collections import Counter
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from app.core.database import Database, asyncpg_url, directory_session, get_database, set_organization, tenant_session
from app.core.events import EventRow
from app.core.ids import new_id
from app.core.tasks import Job, JobUnit, UnknownTask, enqueue, install_queue, queue_statements
from app.core.tasks.control import cancel_job
from app.core.tasks.queueing import SessionDriver, queries_on
from app.core.tasks.retention import delete_old_rows, keep_jobs_in_order, keep_queue_small
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from . import task_support as support
from .task_support import get_job, job_in, marks, start, until, worker_here


@pytest.fixture
async def urls(database: Database, database_urls: tuple[str, str]) -> tuple[str, str]:
    """(owner, application) addresses, with the table of marks in place."""
    owner = await asyncpg.connect(database_urls[0])
    try:
        await owner.execute(support.MARKS)
        await owner.execute(
            "GRANT ALL ON task_marks TO cop_test_app; GRANT ALL ON SEQUENCE task_marks_id_seq TO cop_test_app"
        )
    finally:
        await owner.close()
    return database_urls


async def tickets_of(organization_id: UUID) -> int:
    async with directory_session() as session:
        found = await session.execute(
            text("SELECT count(*) FROM pgqueuer WHERE headers->>'org' = :org"), {"org": str(organization_id)}
        )
        return int(found.scalar_one())


async def test_a_ticket_enqueued_before_any_other_statement_is_rolled_back(
    urls: tuple[str, str], organization_id: UUID
) -> None:
    async with get_database().sessions() as session:
        await queries_on(SessionDriver(session)).enqueue("test.note", None, headers={"org": str(organization_id)})
        await session.rollback()
    assert await tickets_of(organization_id) == 0


async def test_a_rolled_back_job_never_was(urls: tuple[str, str], organization_id: UUID) -> None:
    async with get_database().sessions() as session:
        await set_organization(session, organization_id)
        await enqueue(session, "test.note", organization_id=organization_id)
        await session.rollback()
    assert await tickets_of(organization_id) == 0
    async with tenant_session(organization_id) as session:
        assert (await session.execute(select(Job))).all() == []
        assert (await session.execute(select(EventRow))).all() == []


async def test_an_unknown_task_is_refused(urls: tuple[str, str], organization_id: UUID) -> None:
    async with tenant_session(organization_id) as session:
        with pytest.raises(UnknownTask):
            await enqueue(session, "test.no_such", organization_id=organization_id)


async def test_equal_waiting_jobs_are_one_job(urls: tuple[str, str], organization_id: UUID) -> None:
    first = await start(organization_id, "test.note", dedupe="a")
    assert await start(organization_id, "test.note", dedupe="a") == first
    assert await start(organization_id, "test.note", dedupe="b") != first
    assert await start(organization_id, "test.fail", dedupe="a") != first
    assert await start(new_id(), "test.note", dedupe="a") != first
    assert await tickets_of(organization_id) == 3


async def test_equal_jobs_enqueued_at_once_are_one_job(urls: tuple[str, str], organization_id: UUID) -> None:
    made = await asyncio.gather(*(start(organization_id, "test.note", dedupe="same") for _ in range(5)))
    assert len(set(made)) == 1
    assert await tickets_of(organization_id) == 1


async def test_a_job_does_not_start_before_the_caller_that_found_it_waiting_has_committed(
    urls: tuple[str, str], organization_id: UUID
) -> None:
    job_id = await start(organization_id, "test.note", dedupe="a")
    async with tenant_session(organization_id) as session:
        assert await enqueue(session, "test.note", organization_id=organization_id, dedupe="a") == job_id
        async with worker_here(urls[1]):
            await asyncio.sleep(1)
            assert (await get_job(organization_id, job_id)).state == "queued"
            await session.commit()
            await job_in(organization_id, job_id, "succeeded")


async def test_jobs_run_with_their_arguments(urls: tuple[str, str], organization_id: UUID) -> None:
    async with worker_here(urls[1]):
        noted = await start(organization_id, "test.note", {"text": "hello"})
        typed = await start(organization_id, "test.typed", {"account_id": new_id(), "parent_id": str(new_id())})
        computed = await start(organization_id, "test.compute")
        wrong = await start(organization_id, "test.typed", {"account_id": "not an id"})
        job = await job_in(organization_id, noted, "succeeded")
        await job_in(organization_id, typed, "succeeded")
        await job_in(organization_id, computed, "succeeded")
        failed = await job_in(organization_id, wrong, "failed")
        await until(lambda: _no_tickets(organization_id))
    assert [note for note, _ in await marks(noted)] == ["hello"]
    assert [note for note, _ in await marks(typed)] == ["UUID UUID"]
    assert [note for note, _ in await marks(computed)] == ["6"]
    assert failed.attempt == 1
    assert "arguments" in (failed.error or "")
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.finished_at >= job.started_at >= job.created_at
    async with tenant_session(organization_id) as session:
        events = (await session.execute(select(EventRow.payload).order_by(EventRow.position))).scalars().all()
    states = [event["state"] for event in events if event["job_id"] == str(noted)]
    assert states == ["queued", "running", "succeeded"]


async def _no_tickets(organization_id: UUID) -> bool:
    return await tickets_of(organization_id) == 0


async def test_a_failing_job_is_retried_ever_later_and_then_held(urls: tuple[str, str], organization_id: UUID) -> None:
    async with worker_here(urls[1]):
        job_id = await start(organization_id, "test.fail")
        job = await job_in(organization_id, job_id, "failed")
    times = [at for _, at in await marks(job_id)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) == 4
    assert job.failures == job.attempt == 4
    for gap, wanted in zip(gaps, (0.5, 1, 2), strict=True):
        assert wanted * 0.9 <= gap <= wanted * 1.1 + 0.8
    assert "ValueError" in (job.error or "")
    assert "hunter2" not in (job.error or "")  # a foreign message may hold anything


async def test_a_permanent_failure_is_not_retried(urls: tuple[str, str], organization_id: UUID) -> None:
    async with worker_here(urls[1]):
        job_id = await start(organization_id, "test.fail_for_good")
        job = await job_in(organization_id, job_id, "failed")
    assert len(await marks(job_id)) == 1
    assert job.error == "The account does not exist."


async def test_a_job_over_its_time_limit_fails(urls: tuple[str, str], organization_id: UUID) -> None:
    async with worker_here(urls[1]):
        job = await job_in(organization_id, await start(organization_id, "test.too_slow"), "failed")
    assert job.error == "The job did not finish within 0.3 s."


@pytest.mark.parametrize(("bad", "state"), [(False, "succeeded"), (True, "partial")])
async def test_units_are_kept_and_decide_between_succeeded_and_partial(
    urls: tuple[str, str], organization_id: UUID, bad: bool, state: str
) -> None:
    async with worker_here(urls[1]):
        job = await job_in(organization_id, await start(organization_id, "test.units", {"bad": bad}), state)
    assert (job.progress_done, job.progress_total) == (3, 3)
    async with tenant_session(organization_id) as session:
        rows = (await session.execute(select(JobUnit).order_by(JobUnit.service))).scalars().all()
    assert [(row.service, row.region, row.state, row.resources) for row in rows] == [
        ("ec2", "eu-west-1", "complete", 7),
        ("iam", "global", "failed" if bad else "complete", None if bad else 7),
        ("s3", "global", "complete", 7),
    ]
    assert rows[1].error == ("iam:ListRoles is not allowed" if bad else None)


async def test_delayed_jobs_wait_and_higher_priorities_go_first(urls: tuple[str, str], organization_id: UUID) -> None:
    late = await start(organization_id, "test.note", delay=timedelta(seconds=1.5))
    low = [await start(organization_id, "test.note", priority=0) for _ in range(6)]
    high = await start(organization_id, "test.note", priority=9)
    async with worker_here(urls[1], concurrency=2):
        for job_id in (*low, high, late):
            await job_in(organization_id, job_id, "succeeded")
    when = {job_id: (await marks(job_id))[0][1] for job_id in (*low, high, late)}
    assert when[high] < sorted(when[job_id] for job_id in low)[1]
    assert when[late] == max(when.values())


async def test_limits_an_organization_while_another_goes_on(urls: tuple[str, str]) -> None:
    crowded, other = new_id(), new_id()
    jobs = [(crowded, await start(crowded, "test.limited", {"first_fails": i % 10 == 0})) for i in range(40)]
    jobs += [(other, await start(other, "test.limited")) for _ in range(4)]
    async with worker_here(urls[1], concurrency=6), worker_here(urls[1], concurrency=6):
        ended = [await job_in(organization_id, job_id, "succeeded", seconds=40) for organization_id, job_id in jobs]
    for organization_id, count in ((crowded, 40), (other, 4)):
        running = most = 0
        for step, _ in await marks(organization_id):
            running += 1 if step == "+" else -1
            most = max(most, running)
        assert most == 2
        assert Counter(step for step, _ in await marks(organization_id)) == {"+": count, "-": count}
    assert {job.attempt for job in ended} == {1, 2}  # waiting for a place is not an attempt
    assert sum(job.failures for job in ended) == 4
    span = (await marks(crowded))[-1][1] - (await marks(crowded))[0][1]
    assert span < 30  # 1 s of work and the hand-over; without the wake-up parked jobs would wait up to 30 s each time


async def test_cancelling_a_queued_job_ends_it_at_once(urls: tuple[str, str], organization_id: UUID) -> None:
    job_id = await start(organization_id, "test.note")
    await _cancel(organization_id, job_id)
    assert (await get_job(organization_id, job_id)).state == "cancelled"
    assert await tickets_of(organization_id) == 0
    async with worker_here(urls[1]):
        await asyncio.sleep(0.5)
    assert await marks(job_id) == []


async def test_cancelling_a_running_job_interrupts_it(urls: tuple[str, str], organization_id: UUID) -> None:
    async with worker_here(urls[1]):
        job_id = await start(organization_id, "test.sleep", {"seconds": 30})
        await job_in(organization_id, job_id, "running")
        await until(lambda: marks(job_id))
        await _cancel(organization_id, job_id)
        await job_in(organization_id, job_id, "cancelled", seconds=5)
    assert [note for note, _ in await marks(job_id)] == ["start"]


async def _cancel(organization_id: UUID, job_id: UUID) -> None:
    async with tenant_session(organization_id) as session:
        job = (await session.execute(select(Job).where(Job.id == job_id).with_for_update())).scalar_one()
        await cancel_job(session, job)


async def test_a_stopping_worker_gives_its_jobs_back(
    urls: tuple[str, str], organization_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.tasks.working.FINISH_SECONDS", 0.5)
    async with worker_here(urls[1]) as stop:
        job_id = await start(organization_id, "test.sleep", {"seconds": 3})
        await until(lambda: marks(job_id))
        stop.set()
        await job_in(organization_id, job_id, "queued", seconds=5)
    async with worker_here(urls[1]):
        job = await job_in(organization_id, job_id, "succeeded")
    assert (job.attempt, job.failures, job.crashes) == (2, 0, 0)


async def test_upkeep_restores_lost_tickets_and_deletes_what_is_old(
    urls: tuple[str, str], organization_id: UUID
) -> None:
    lost, old = await start(organization_id, "test.note"), await start(organization_id, "test.note")
    async with tenant_session(organization_id) as session:
        await session.execute(text("DELETE FROM pgqueuer WHERE headers->>'org' = :org"), {"org": str(organization_id)})
        await session.execute(text("UPDATE jobs SET created_at = now() - interval '1 hour'"))
        await session.execute(
            text("UPDATE jobs SET state = 'succeeded', finished_at = now() - interval '31 days' WHERE id = :id"),
            {"id": old},
        )
        await session.execute(text("UPDATE events SET at = now() - interval '8 days'"))
        await keep_jobs_in_order(session, organization_id)
        await delete_old_rows(session, organization_id)
        await keep_queue_small(session)
        assert (await session.execute(select(Job.id))).scalars().all() == [lost]
        assert (await session.execute(select(EventRow))).all() == []
    assert await tickets_of(organization_id) == 1
    async with worker_here(urls[1]):
        await job_in(organization_id, lost, "succeeded")


async def test_the_queue_can_be_installed_again(database_urls: tuple[str, str]) -> None:
    engine = create_async_engine(asyncpg_url(database_urls[0]))
    async with engine.begin() as connection:
        await install_queue(connection)
        await install_queue(connection)
    await engine.dispose()
    assert all("pgqueuer" in statement for statement in queue_statements())
