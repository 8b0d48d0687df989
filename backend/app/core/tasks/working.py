"""A worker process's life: consumer, scheduler and sign of life, and an end within 20 seconds."""

import asyncio
import logging
import os
import socket
from collections.abc import Collection

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from app.core.database import directory_session
from app.core.ids import new_id
from app.core.tasks import retention  # noqa: F401  # registers the upkeep's schedules
from app.core.tasks.consuming import Consumer
from app.core.tasks.models import WorkerRow
from app.core.tasks.offload import close_pools
from app.core.tasks.registry import QUEUES, all_tasks
from app.core.tasks.running import Runner
from app.core.tasks.scheduling import Scheduler

logger = logging.getLogger(__name__)

SIGN_OF_LIFE_SECONDS = 5.0
FINISH_SECONDS = 12.0  # for jobs to end by themselves once the worker is told to stop
RELEASE_SECONDS = 4.0  # for interrupted ones to clean up and go back into the queue


async def work(
    database_url: str, stop: asyncio.Event, *, queues: Collection[str] = QUEUES, concurrency: int = 8
) -> None:
    """Run the tasks of `queues` and all schedules until `stop`; needs `use_database` and all domains loaded.

    Jobs that do not end in time are interrupted and go back into the queue; what even then does not end is run again
    by another worker when its lease is over.
    """
    unknown = set(queues) - set(QUEUES)
    if unknown:
        raise ValueError(f"no such queue: {', '.join(sorted(unknown))}; there are {', '.join(QUEUES)}")
    runner = Runner(f"{socket.gethostname()}:{os.getpid()}")
    runner.is_stopping = stop.is_set
    tasks = [task for task in all_tasks() if task.queue in queues]
    consuming = asyncio.create_task(Consumer(database_url, tasks, runner, concurrency=concurrency).run(stop))
    others = [
        asyncio.create_task(Scheduler().run(stop)),
        asyncio.create_task(_show_life(runner, sorted(queues))),
    ]
    try:
        await asyncio.wait({consuming, asyncio.ensure_future(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            consuming.result()  # it ends only with an error
        await _finish(consuming, runner)
    finally:
        for task in (consuming, *others):
            task.cancel()
        await asyncio.wait([consuming, *others], timeout=1)
        close_pools()


async def _finish(consuming: "asyncio.Task[None]", runner: Runner) -> None:
    logger.info("stopping; %d jobs still run", len(runner.runs))
    await asyncio.wait({consuming}, timeout=FINISH_SECONDS)
    if not consuming.done():
        logger.info("interrupting %d jobs; they will run again", len(runner.runs))
        runner.stop_all("shutdown")
        await asyncio.wait({consuming}, timeout=RELEASE_SECONDS)


async def _show_life(runner: Runner, queues: list[str]) -> None:
    worker_id = new_id()
    while True:
        try:
            async with directory_session() as session:
                statement = insert(WorkerRow).values(
                    id=worker_id, name=runner.worker_name, queues=queues, running=len(runner.runs)
                )
                await session.execute(
                    statement.on_conflict_do_update(
                        index_elements=["id"], set_={"running": len(runner.runs), "seen_at": func.now()}
                    )
                )
        except Exception as error:  # the database may be away  # noqa: BLE001
            logger.debug("no sign of life: %s", error)
        await asyncio.sleep(SIGN_OF_LIFE_SECONDS)
