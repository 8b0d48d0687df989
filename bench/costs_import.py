"""Import of FOCUS CSV files beside bare DuckDB, which does the same typed conversion to zstd Parquet.

    python -m bench.costs_import [rows …]        (default 200000 1000000 4000000)

The floor reads the file with the same types, threads and memory limit, but checks nothing, rejects nothing and makes
no sums: one bad value would stop it. Ours is the import's engine as the job runs it, in its child process, with
checks, flags, sums, period detection and the daily roll-up file. The hash is known from the upload.
"""

import asyncio
import contextlib
import multiprocessing
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from app.domains.costs.bills.child import convert_in_child
from app.domains.costs.bills.columns import NUMBERS, TIMES
from app.domains.costs.bills.convert import Limits, remove_workdir

from bench.common import report
from bench.focus_rows import TEXT_COLUMNS, write_csv
from bench.memory import peak_memory

LIMITS = Limits()
ROUNDS = 3
KNOWN_HASH = "0" * 64  # an upload is hashed while it arrives, so its job does not read it for that


@dataclass(frozen=True)
class Run:
    """One conversion: wall and CPU seconds, peak resident MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def convert_bare(source: str, target: str) -> Run:
    """The floor; runs in a fresh process so that its memory is its own. The start of the process is not counted."""
    types = ", ".join(
        f"'{name}': '{'DECIMAL(38,18)' if name in NUMBERS else 'TIMESTAMPTZ' if name in TIMES else 'VARCHAR'}'"
        for name in TEXT_COLUMNS
    )
    started, started_cpu = time.perf_counter(), time.process_time()
    with duckdb.connect(config={"threads": LIMITS.threads, "memory_limit": f"{LIMITS.memory_mb}MB"}) as engine:
        engine.execute("SET preserve_insertion_order = false")
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(f"SET temp_directory = '{target}.spill'")
        engine.execute(
            f"COPY (SELECT * FROM read_csv('{source}', auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"escape = '\"', columns = {{{types}}}, nullstr = ['', 'NULL'])) TO '{target}' "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Run(time.perf_counter() - started, time.process_time() - started_cpu, used.ru_maxrss * 1024 / 1e6)


async def convert_ours(source: Path, workdir: Path, rows: int, *, watched: bool = False) -> Run:
    """The import's child process, from before its start to its last word. Watching memory costs time."""
    await asyncio.to_thread(remove_workdir, workdir)
    await asyncio.to_thread(workdir.mkdir)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with peak_memory() if watched else contextlib.nullcontext() as peak:
        converted = await convert_in_child(source, workdir, LIMITS, sha256=KNOWN_HASH)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (converted.rows_stored, converted.rows_rejected) == (rows, 0)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, cpu_seconds, peak.children_mb if peak else 0)


def measure(rows: int, folder: Path) -> dict[str, Any]:
    """Both sides in turn, several rounds; the best time of each, because other work on the machine only adds."""
    source = folder / "bill.csv"
    write_csv(source, rows)
    ours: list[Run] = []
    floor: list[Run] = []
    for _ in range(ROUNDS):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            floor.append(pool.apply(convert_bare, (str(source), str(folder / "floor.parquet"))))
        ours.append(asyncio.run(convert_ours(source, folder / "work", rows)))
    watched = asyncio.run(convert_ours(source, folder / "work", rows, watched=True))
    size = source.stat().st_size
    source.unlink()
    best_ours, best_floor = (min(run.seconds for run in side) for side in (ours, floor))
    cpu_ours, cpu_floor = (min(run.cpu_seconds for run in side) for side in (ours, floor))
    return {
        "rows": rows,
        "csv_mb": round(size / 1e6, 1),
        "ours_rows_per_second": round(rows / best_ours),
        "floor_rows_per_second": round(rows / best_floor),
        "share_of_floor": round(best_floor / best_ours, 3),
        "ours_cpu_seconds": round(cpu_ours, 2),
        "floor_cpu_seconds": round(cpu_floor, 2),
        "ours_peak_mb": round(watched.peak_mb),
        "floor_peak_mb": round(max(run.peak_mb for run in floor)),
        "ours_seconds": [round(run.seconds, 2) for run in ours],
        "floor_seconds": [round(run.seconds, 2) for run in floor],
    }


def main() -> None:
    """Measure each size and report."""
    sizes = [int(argument) for argument in sys.argv[1:]] or [200_000, 1_000_000, 4_000_000]
    with tempfile.TemporaryDirectory(prefix="bench-costs-") as folder:
        results = [measure(rows, Path(folder)) for rows in sizes]
    report(
        "costs_import",
        results=results,
        goal="share_of_floor >= 0.8 at 1,000,000 rows; peak memory independent of the file's size",
        memory_limit_mb=LIMITS.memory_mb,
        threads=LIMITS.threads,
    )


if __name__ == "__main__":
    main()
