"""Builds the task worker: `python -m app.worker [--queue NAME]…`, any number of copies on any number of machines."""

import argparse
import asyncio
import logging
import os
import signal
import threading
from collections.abc import Sequence

from app.core.bootstrap import check_role
from app.core.collector import settled_collector
from app.core.config import Settings, get_settings
from app.core.database import Database, use_database
from app.core.logs import configure_logging
from app.core.redis import close_redis
from app.core.stream import send_hints_through
from app.core.tasks.registry import QUEUES
from app.core.tasks.working import work
from app.domains import load_domains

logger = logging.getLogger(__name__)

STATEMENT_TIMEOUT_MS = 600_000  # a job's own time limit comes first; this ends what a dead worker left behind
LAST_MOMENT_SECONDS = 18.5  # a thread that does not end must not keep the process


async def run_worker(settings: Settings, queues: Sequence[str] = QUEUES, stop: asyncio.Event | None = None) -> None:
    """Run the tasks of `queues` (none named: all) and the schedules until SIGTERM, SIGINT or `stop`."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stop)
    if settings.database_app_url is None:
        raise RuntimeError("no database address: start through `cloudops up` or `cloudops worker`")
    load_domains()
    url = settings.database_app_url.get_secret_value()
    concurrency = settings.worker_concurrency
    # Each job may hold one connection and use another for its reports; claims and schedules need a few more.
    database = Database(url, pool_size=concurrency + 4, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    await check_role(database)
    use_database(database)
    send_hints_through(settings)
    logger.info("worker started for the queues %s", ", ".join(queues or QUEUES))
    try:
        with settled_collector():
            await work(url, stop, queues=queues or QUEUES, concurrency=concurrency)
    finally:
        use_database(None)
        await close_redis()
        await database.close()
        logger.info("worker stopped")


def main(arguments: Sequence[str] | None = None) -> int:
    """The process itself."""
    parser = argparse.ArgumentParser(prog="cloudops worker", description="Runs background work.")
    parser.add_argument(
        "--queue", action="append", choices=QUEUES, default=None, help="only this queue; may be given again"
    )
    chosen = parser.parse_args(arguments)
    settings = get_settings()
    configure_logging(settings)
    # pgqueuer reports each retry and parked job as if something were wrong.
    logging.getLogger("pgqueuer").setLevel(logging.WARNING)
    asyncio.run(run_worker(settings, chosen.queue or QUEUES))
    return 0


def _stop(stop: asyncio.Event) -> None:
    if not stop.is_set():
        timer = threading.Timer(LAST_MOMENT_SECONDS, os._exit, args=(1,))
        timer.daemon = True
        timer.start()
    stop.set()


if __name__ == "__main__":
    raise SystemExit(main())
