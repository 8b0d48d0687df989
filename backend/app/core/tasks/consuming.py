"""The queue's consumer: pgqueuer with our retries, kept alive through restarts of the database."""

import asyncio
import logging
import random
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import AbstractEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models, types
from pgqueuer.domain.errors import RetryRequested
from sqlalchemy import text

from app.core.database import directory_session, tenant_session
from app.core.tasks.control import CONTROL_CHANNEL
from app.core.tasks.limits import has_place, lock_places, requeue_ticket
from app.core.tasks.registry import Task
from app.core.tasks.running import Done, Leave, Requeue, Runner
from app.core.tasks.schema import queue_settings

logger = logging.getLogger(__name__)

# A live job's heartbeat is written every 4 s at the latest 5; after 8 s without one any worker takes the job over. An
# idle worker looks every 5 s, so a killed worker's job runs again within 13 s.
HEARTBEAT_TIMEOUT = timedelta(seconds=8)
POLL = timedelta(seconds=5)
SATURATED_POLL = timedelta(seconds=0.25)
WATCH_SECONDS = 2.0
_REQUEUE_TRIES = 20


class _WatchedDriver(AsyncpgPoolDriver):
    """Makes a failed read of the queue known at once: pgqueuer itself would first wait for all that it runs."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        super().__init__(pool)
        self.is_broken = asyncio.Event()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        try:
            return await super().fetch(query, *args)
        except Exception:
            self.is_broken.set()
            raise


class _TicketQueries(Queries):
    """pgqueuer's statements, with what becomes of a ticket decided by `Runner`."""

    def __init__(self, driver: AsyncpgPoolDriver, managers: Collection[UUID]) -> None:
        names = queue_settings()
        super().__init__(driver, QueryBuilderEnvironment(names), QueryQueueBuilder(names), QuerySchedulerBuilder(names))
        self.requeues: dict[int, tuple[UUID, UUID, Requeue]] = {}
        self._managers = managers

    async def log_jobs(
        self, job_status: list[tuple[models.Job, types.JOB_STATUS, models.TracebackRecord | None]]
    ) -> None:
        """Delete the tickets that are done. One that is "canceled" was cut off by our own end: its lease saves it."""
        done = [entry for entry in job_status if entry[1] != "canceled"]
        if done:
            await super().log_jobs(done)

    async def retry_job(
        self, job: models.Job, delay: timedelta, traceback_record: models.TracebackRecord | None
    ) -> None:
        """Put the ticket back as `Runner` decided. Never raises: pgqueuer would delete the ticket."""
        found = self.requeues.pop(job.id, None)
        if found is None:  # it stays as it is
            return
        organization_id, job_id, requeue = found
        for _ in range(_REQUEUE_TRIES):
            try:
                await self._requeue(job.id, organization_id, job_id, requeue)
            except Exception:  # the database may be away; giving up leaves the ticket to its lease  # noqa: BLE001
                await asyncio.sleep(0.5)
            else:
                return

    async def _requeue(self, ticket: int, organization_id: UUID, job_id: UUID, requeue: Requeue) -> None:
        delay, task = requeue.delay, requeue.task
        async with tenant_session(organization_id) as session:
            if task is not None:
                # Looked at again under the lock: a place that became free since could not wake a ticket not yet parked.
                await lock_places(session, organization_id, task)
                if await has_place(session, organization_id, task, job_id):
                    delay, task = timedelta(), None
            await requeue_ticket(session, ticket, list(self._managers), delay, parked=task is not None)


class _Executor(AbstractEntrypointExecutor):
    """Runs one ticket through `Runner` and tells pgqueuer what becomes of it."""

    def __init__(self, runner: Runner, queries: _TicketQueries) -> None:
        super().__init__(EntrypointExecutorParameters(concurrency_limit=0, func=_never_called, on_failure="hold"))
        self._runner = runner
        self._queries = queries

    async def execute(self, job: models.Job, context: models.Context) -> None:
        decision = await self._runner.run(job)
        if isinstance(decision, Done):
            return
        if isinstance(decision, Requeue):
            headers = job.headers or {}
            self._queries.requeues[job.id] = (UUID(str(headers["org"])), UUID(str(headers["job"])), decision)
        else:
            assert isinstance(decision, Leave)  # noqa: S101
        raise RetryRequested


async def _never_called(_: models.Job) -> None: ...


class Consumer:
    """Takes and runs jobs until `stop` is set."""

    def __init__(self, database_url: str, tasks: Collection[Task], runner: Runner, *, concurrency: int) -> None:
        self._url = database_url
        self._tasks = tasks
        self._runner = runner
        self._concurrency = max(2, concurrency)
        self._queues: dict[UUID, QueueManager] = {}  # of this process, also those that only finish what they run
        self._sessions: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume; whenever the database goes, start anew beside what still runs."""
        watch = asyncio.create_task(self._watch())
        try:
            while not stop.is_set():
                try:
                    await self._consume(stop)
                except Exception as error:  # the database may be away  # noqa: BLE001
                    logger.warning("the queue cannot be read: %s; trying again", error or type(error).__name__)
                if not stop.is_set():
                    await _wait_for(stop, random.uniform(0.5, 1.5))  # noqa: S311  # spreads the workers' returns
        finally:
            for queue in self._queues.values():
                queue.shutdown.set()
            if self._sessions:
                await asyncio.wait(self._sessions)
            watch.cancel()
            await asyncio.wait({watch})

    async def _consume(self, stop: asyncio.Event) -> None:
        pool = await asyncpg.create_pool(self._url, min_size=2, max_size=5, timeout=5, command_timeout=20)
        driver = _WatchedDriver(pool)
        queries = _TicketQueries(driver, self._queues)
        # It lacks two calls of the port that only pgqueuer's own inspection commands make.
        queue = QueueManager(queries, queue_settings().channel)
        queue.min_dequeue_poll_interval = SATURATED_POLL
        for task in self._tasks:
            queue.register_executor(task.name, _Executor(self._runner, queries))
        await driver.add_listener(CONTROL_CHANNEL, self._on_control)
        self._queues[queue.queue_manager_id] = queue
        session = asyncio.create_task(self._drive(pool, queue))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)
        signs = [asyncio.create_task(event.wait()) for event in (stop, driver.is_broken, queue.shutdown)]
        try:
            await asyncio.wait({session, *signs}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            queue.shutdown.set()  # takes nothing more; what it runs goes on to its end
            for sign in signs:
                sign.cancel()

    async def _drive(self, pool: "asyncpg.Pool[Any]", queue: QueueManager) -> None:
        try:
            await queue.run(
                dequeue_timeout=POLL,
                batch_size=max(1, self._concurrency // 2),
                max_concurrent_tasks=self._concurrency,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                log_aggregation_interval=timedelta(0),
            )
        except Exception as error:  # noqa: BLE001  # the database may be away; `run` starts anew
            logger.warning("the queue's connection was lost: %s", error or type(error).__name__)
        finally:
            del self._queues[queue.queue_manager_id]
            pool.terminate()

    async def _watch(self) -> None:
        """Stop runs that were cancelled, also when the message got lost, and those that another worker took over."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            by_ticket = {run.ticket: run for run in self._runner.runs.values()}
            if not by_ticket:
                continue
            try:
                async with directory_session() as session:
                    rows = await session.execute(
                        text(
                            "SELECT id, queue_manager_id, headers @> '{\"cancel\": true}' FROM pgqueuer "
                            "WHERE id = ANY(:ids)"
                        ),
                        {"ids": list(by_ticket)},
                    )
                    found = rows.all()
            except Exception as error:  # the next look will do  # noqa: BLE001
                logger.debug("could not look after running jobs: %s", error)
                continue
            for ticket, manager, is_cancelled in found:
                if is_cancelled:
                    by_ticket[ticket].stop("cancelled")
                elif manager is not None and manager not in self._queues:
                    by_ticket[ticket].stop("lost")

    def _on_control(self, payload: str | bytes | bytearray) -> None:
        for run in self._runner.runs.values():
            if str(run.ticket) == payload:
                run.stop("cancelled")


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
