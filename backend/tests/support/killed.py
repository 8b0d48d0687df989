"""Product code in a process of its own, on the test's database, that tests kill without warning."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

BACKEND = Path(__file__).parents[2]
ROOT_KEY = "k" * 32
START_SECONDS = 60
_PROGRAM = """
import asyncio, sys
from uuid import UUID
from app.core.database import Database, use_database
from app.core.rootkey import LocalRootKey
from app.core.secrets import use_root_key
from app.domains import load_domains
load_domains()
use_root_key(LocalRootKey("{root_key}"))
async def main() -> None:
    use_database(Database(sys.argv[1], pool_size=2))
    print("ready", flush=True)
    {body}
asyncio.run(main())
"""


class Child:
    """One run of `body` (lines of an async function), once it has begun."""

    def __init__(self, database_url: str, body: str) -> None:
        program = _PROGRAM.replace("{root_key}", ROOT_KEY).replace("{body}", body.replace("\n", "\n    "))
        environment = os.environ | {"PYTHONPATH": str(BACKEND), "CLOUDOPS_SECRET_KEY": ROOT_KEY}
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, database_url],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "ready", "the child did not start"

    async def kill_when(self, is_time: Callable[[], bool], seconds: float = 20.0) -> bool:
        """SIGKILL as soon as `is_time`; False where the child came to its end before that."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and not is_time():
            assert time.monotonic() < deadline, "the moment to kill the child did not come"
            await asyncio.sleep(0.002)
        return self.kill()

    async def kill_after(self, most_seconds: float) -> bool:
        """SIGKILL at a random moment."""
        await asyncio.sleep(random.uniform(0, most_seconds))  # noqa: S311  # a moment, no secret
        return self.kill()

    def kill(self) -> bool:
        """SIGKILL; whether it was alive."""
        self.process.kill()
        code = self.process.wait(10)
        assert code in (0, -signal.SIGKILL), code
        return code != 0
