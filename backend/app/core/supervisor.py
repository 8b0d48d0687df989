"""Runs a group of child processes: restarts one that dies, stops all together, leaves none behind."""

import contextlib
import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from app.core.processes import die_with_parent

logger = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
GRACE_SECONDS = 19.0  # of the 25 that a stop may take; the embedded servers need the rest
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a child that lived this long starts again without delay
TICK_SECONDS = 0.2
STOP_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class ChildSpec:
    """A process to keep running. With `until_done` it may end by itself, with status 0, and is then left alone.

    It is started once `may_start` says so; that is asked about five times a second.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    until_done: bool = False
    may_start: Callable[[], bool] = lambda: True


@dataclass
class _Child:
    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    delay_seconds: float = FIRST_DELAY_SECONDS
    done: bool = field(default=False)


class Supervisor:
    """Keeps the children running until a stop signal or `stop()`; their output goes where ours goes.

    Each child leads its own process group, so that a Ctrl-C reaches only us and the stop reaches what they started.
    `stopped_by` is the signal that ended it; a second one (`is_hurried`) ends the children without waiting.
    If we are killed outright the system kills them (Linux). Run it in the main thread.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        *,
        tick: Callable[[], None] = lambda: None,
        before_stop: Callable[[], None] = lambda: None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._children = [_Child(spec) for spec in specs]
        self._tick = tick
        self._before_stop = before_stop
        self._grace_seconds = grace_seconds
        self._stopping = False
        self.stopped_by: int | None = None
        self.is_hurried = False
        self._wakeup, self._waker = os.pipe()

    def run(self) -> None:
        """Block until the stop. `tick` runs about five times a second; what it raises is logged and ends nothing."""
        for descriptor in (self._wakeup, self._waker):
            os.set_blocking(descriptor, False)
        watched = (*STOP_SIGNALS, signal.SIGCHLD)
        former: dict[int, Any] = {number: signal.signal(number, self._on_signal) for number in watched}
        former_wakeup = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        try:
            while not self._stopping:
                self._look_after_children()
                self._run(self._tick)
                select.select([self._wakeup], [], [], TICK_SECONDS)
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wakeup, 1024)
            self._run(self._before_stop)
        finally:
            self._stopping = True
            self._stop_children()
            signal.set_wakeup_fd(former_wakeup)
            for number, handler in former.items():
                signal.signal(number, handler)
            os.close(self._wakeup)
            os.close(self._waker)

    def stop(self) -> None:
        """Ask `run` to end; from a signal handler or the tick."""
        self._stopping = True

    def process_ids(self) -> dict[str, int]:
        """The running children's process ids by name."""
        return {child.spec.name: child.process.pid for child in self._children if child.process is not None}

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGCHLD:
            return
        self.is_hurried = self._stopping
        self.stopped_by = self.stopped_by or number
        self._stopping = True

    def _run(self, check: Callable[[], None]) -> None:
        try:
            check()
        except Exception:
            logger.exception("The periodic check failed.")

    def _look_after_children(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._note_end(child, now)
            waits = child.process is not None or child.done or self._stopping or now < child.start_at
            if not waits and child.spec.may_start():
                self._start(child, now)

    def _note_end(self, child: _Child, now: float) -> None:
        assert child.process is not None  # noqa: S101  # the caller looked
        status = child.process.returncode
        _signal_group(child.process.pid, signal.SIGKILL)  # what it left behind
        child.process = None
        if child.spec.until_done and status == 0:
            child.done = True
            return
        if now - child.started_at >= STEADY_SECONDS:
            child.delay_seconds = FIRST_DELAY_SECONDS
        child.start_at = now + child.delay_seconds
        logger.warning(
            "%s ended (%s); it starts again in %.1f s.", child.spec.name, _describe(status), child.delay_seconds
        )
        child.delay_seconds = min(child.delay_seconds * 2, LONGEST_DELAY_SECONDS)

    def _start(self, child: _Child, now: float) -> None:
        try:
            child.process = subprocess.Popen(
                list(child.spec.command),
                env=dict(child.spec.environment),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        except OSError as error:
            logger.error("%s cannot be started: %s", child.spec.name, error)  # no trace is needed
            child.start_at = now + child.delay_seconds
            child.delay_seconds = min(child.delay_seconds * 2, LONGEST_DELAY_SECONDS)
            return
        child.started_at = now

    def _stop_children(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
        deadline = time.monotonic() + self._grace_seconds
        for process in running:
            while process.poll() is None and not self.is_hurried and time.monotonic() < deadline:
                time.sleep(STOP_POLL_SECONDS)
        for process in running:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()


def _signal_group(process_group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_group, number)


def _describe(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
