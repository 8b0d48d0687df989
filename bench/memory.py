"""Memory of a process and its children while a block runs."""

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil


@dataclass
class PeakMemory:
    """The highest resident memory seen, in MB (10^6 bytes)."""

    own_mb: float = 0.0
    children_mb: float = 0.0


@contextmanager
def peak_memory(interval_seconds: float = 0.02) -> Iterator[PeakMemory]:
    """Watch the resident memory of this process, and of its children together."""
    peak, done, process = PeakMemory(), threading.Event(), psutil.Process()

    def watch() -> None:
        while not done.wait(interval_seconds):
            peak.own_mb = max(peak.own_mb, process.memory_info().rss / 1e6)
            children = 0
            for child in process.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    children += child.memory_info().rss
            peak.children_mb = max(peak.children_mb, children / 1e6)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
