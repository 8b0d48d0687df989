"""The conversion in a process of its own: its memory ends with it, and it can be stopped at any moment.

Line by line in JSON. In: one request {source, workdir, memory_mb, threads, max_unpacked_bytes, cpu_seconds}; the input
then stays open, and its end means that the parent is gone. Out: {"progress"} lines, then {"converted"}, {"refused"} or
{"full": true}.
"""

import asyncio
import contextlib
import json
import os
import resource
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from app.core.storage import StorageFull, full_disk_is_storage_full
from app.domains.costs.bills.convert import Converted, Limits, PeriodFile, convert
from app.domains.costs.errors import ImportRefused

MAX_LINE_BYTES = 64 * 1024 * 1024


async def convert_in_child(
    source: Path,
    workdir: Path,
    limits: Limits,
    *,
    sha256: str | None = None,
    cpu_seconds: int | None = None,
    on_progress: Callable[[float], Awaitable[None]] | None = None,
) -> Converted:
    """Run `convert` in a child process; a cancelled caller stops it. `sha256` of the file, where known, is believed.

    Raises ImportRefused, StorageFull, and RuntimeError when the child dies.
    """
    request = {
        "source": str(source),
        "workdir": str(workdir),
        "memory_mb": limits.memory_mb,
        "threads": limits.threads,
        "max_unpacked_bytes": limits.max_unpacked_bytes,
        "sha256": sha256,
        "cpu_seconds": cpu_seconds,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=MAX_LINE_BYTES,
        env={key: value for key, value in os.environ.items() if not key.startswith(("CLOUDOPS_", "AWS_", "OPENAI_"))},
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: S101, PT018
    errors = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
        async for line in process.stdout:
            told = json.loads(line)
            if "converted" in told:
                return _restore(told["converted"])
            if "refused" in told:
                raise ImportRefused(told["refused"])
            if "full" in told:
                raise StorageFull
            if on_progress is not None:
                await on_progress(told["progress"])
        code = await process.wait()
        last_words = (await errors).decode(errors="replace").strip().splitlines()[-1:]
        raise RuntimeError(f"the conversion ended with {code}: {' '.join(last_words)}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await errors


def _restore(plain: dict[str, Any]) -> Converted:
    files = [
        PeriodFile(
            **{
                **file,
                "billing_period": date.fromisoformat(file["billing_period"]),
                "min_charge_at": datetime.fromisoformat(file["min_charge_at"]),
                "max_charge_at": datetime.fromisoformat(file["max_charge_at"]),
            }
        )
        for file in plain.pop("files")
    ]
    return Converted(**plain, files=files)


def _tell(**message: Any) -> None:
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()


def _leave_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Serve one request from standard input."""
    request = json.loads(sys.stdin.readline())
    Thread(target=_leave_with_parent, daemon=True).start()
    if request["cpu_seconds"]:
        resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_seconds"], request["cpu_seconds"]))
    limits = Limits(
        memory_mb=request["memory_mb"], threads=request["threads"], max_unpacked_bytes=request["max_unpacked_bytes"]
    )
    try:
        with full_disk_is_storage_full():
            converted = convert(
                Path(request["source"]),
                Path(request["workdir"]),
                limits,
                lambda share: _tell(progress=share),
                sha256=request["sha256"],
            )
        _tell(converted=converted.to_plain())
    except ImportRefused as error:
        _tell(refused=str(error))
    except StorageFull:
        _tell(full=True)
    sys.stdout.flush()
    os._exit(0)  # the thread that watches the parent would hold the process


if __name__ == "__main__":
    main()
