"""Work that would block the event loop. A blocked loop stops the heartbeats, and the job is run a second time."""

import asyncio
import contextlib
import ctypes
import functools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MAX_THREADS = 32
_PR_SET_PDEATHSIG = 1

_threads: ThreadPoolExecutor | None = None
_processes: ProcessPoolExecutor | None = None


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking input and output in one of 32 threads. It cannot be interrupted: look at `context.is_cancelled`."""
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="task")
    return await asyncio.get_running_loop().run_in_executor(_threads, functools.partial(function, *args, **kwargs))


async def run_in_process(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run computation in one of as many processes as there are cores (at most four); all must be picklable.

    Raises BrokenProcessPool if the process dies (killed, out of memory); the next call starts new ones.
    """
    global _processes
    if _processes is None:
        _processes = ProcessPoolExecutor(
            min(4, os.cpu_count() or 1), mp_context=multiprocessing.get_context("spawn"), initializer=_follow_parent
        )
    pool = _processes
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, functools.partial(function, *args, **kwargs))
    except BrokenProcessPool:
        if _processes is pool:
            _processes = None
            pool.shutdown(wait=False, cancel_futures=True)
        raise


def close_pools() -> None:
    """Stop the processes and let go of the threads; what they still run is not waited for."""
    global _processes, _threads
    if _processes is not None:
        children = list((_processes._processes or {}).values())
        _processes.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.terminate()
    if _threads is not None:
        _threads.shutdown(wait=False, cancel_futures=True)
    _processes = _threads = None


def _follow_parent() -> None:
    """In a pool process: leave Ctrl-C to the parent, and die with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
