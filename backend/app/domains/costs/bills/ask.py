"""Questions to the Parquet files: one DuckDB a process, a few connections kept open, each used by one thread."""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import duckdb

from app.domains.costs.bills.sql import quote_text
from app.domains.costs.errors import QueryTooHeavy

CONNECTIONS = 4
MEMORY_MB = 1024
TIMEOUT_SECONDS = 25.0


class BillEngine:
    """Answers SQL over files in `folders` only; its settings are locked and nothing else can be opened."""

    def __init__(self, folders: Sequence[Path], spill: Path, *, memory_mb: int = MEMORY_MB) -> None:
        self._root = duckdb.connect(config={"memory_limit": f"{memory_mb}MB", "threads": os.cpu_count() or 2})
        allowed = ", ".join(quote_text(str(folder)) for folder in folders)
        for statement in (
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            "SET TimeZone = 'UTC'",
            "SET parquet_metadata_cache = true",
            "SET preserve_insertion_order = false",
            f"SET temp_directory = {quote_text(str(spill))}",
            f"SET allowed_directories = [{allowed}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._root.execute(statement)
        self._idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for _ in range(CONNECTIONS):
            self._idle.put(self._root.cursor())
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="bills")

    async def ask(
        self, statement: str, values: Sequence[Any], *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> list[tuple[Any, ...]]:
        """All rows of a statement. Raises QueryTooHeavy when it runs out of time or memory."""
        running: list[duckdb.DuckDBPyConnection] = []

        def run() -> list[tuple[Any, ...]]:
            connection = self._idle.get()
            running.append(connection)
            try:
                return connection.execute(statement, values).fetchall()
            finally:
                running.clear()
                self._idle.put(connection)

        work = asyncio.get_running_loop().run_in_executor(self._threads, run)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await asyncio.shield(work)
        except (TimeoutError, asyncio.CancelledError) as error:
            for connection in running:
                connection.interrupt()
            work.cancel()
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            if isinstance(error, TimeoutError):
                raise QueryTooHeavy("Ask for fewer days or fewer groups.") from None
            raise
        except duckdb.OutOfMemoryException:
            raise QueryTooHeavy("Ask for fewer days or fewer groups.") from None

    def close(self) -> None:
        """Give everything back; running questions end first."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()
        self._root.close()


_engines: dict[tuple[Path, ...], BillEngine] = {}


def get_engine(folders: Sequence[Path], spill: Path) -> BillEngine:
    """This process's engine over these folders."""
    key = tuple(folders)
    if key not in _engines:
        _engines[key] = BillEngine(folders, spill)
    return _engines[key]


def close_engines() -> None:
    """Close every engine of this process; for tests and for the end of a process."""
    while _engines:
        _engines.popitem()[1].close()
