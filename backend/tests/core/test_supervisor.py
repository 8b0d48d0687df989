"""The group of processes: restarts, an orderly stop, nothing left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app.core.processes import is_alive

BACKEND = Path(__file__).parents[2]
SUPERVISOR = """
import json, os, sys
from app.core.supervisor import ChildSpec, Supervisor
children = json.loads(sys.argv[1])
def spec(child):
    command = [sys.executable, "-c", child["code"]]
    return ChildSpec(child["name"], command, os.environ, child["until_done"])
specs = [spec(child) for child in children]
supervisor = Supervisor(specs, grace_seconds=2)
def tick():
    with open("pids.new", "w") as file:
        json.dump(supervisor.process_ids(), file)
    os.replace("pids.new", "pids")
supervisor._tick = tick
supervisor.run()
print("ended in order", flush=True)
"""
SLEEPER = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PARENT = (
    "import subprocess, sys, pathlib; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "pathlib.Path('grandchild').write_text(str(child.pid)); child.wait()"
)


class Group:
    """A supervisor in a process of its own, working in `folder`."""

    def __init__(self, folder: Path, **children: str | tuple[str, bool]) -> None:
        self.folder = folder
        specs = [
            {"name": name, "code": code if isinstance(code, str) else code[0], "until_done": not isinstance(code, str)}
            for name, code in children.items()
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, json.dumps(specs)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(BACKEND)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def pids(self) -> dict[str, int]:
        try:
            pids: dict[str, int] = json.loads((self.folder / "pids").read_text())
        except FileNotFoundError:
            return {}
        return pids

    def wait_for(self, *names: str) -> dict[str, int]:
        wait_until(lambda: set(names) <= self.pids().keys())
        return self.pids()


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Callable[..., Group]]:
    """Starts groups and ends what a failed test left."""
    started: list[Group] = []

    def start(**children: str | tuple[str, bool]) -> Group:
        started.append(Group(tmp_path, **children))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_a_killed_child_is_started_again_and_the_others_stay(group: Callable[..., Group]) -> None:
    running = group(first=SLEEPER, second=SLEEPER)
    before = running.wait_for("first", "second")
    os.kill(before["first"], signal.SIGKILL)
    wait_until(lambda: running.pids().get("first", before["first"]) != before["first"])
    assert running.pids()["second"] == before["second"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_all_children_and_what_they_started(
    group: Callable[..., Group], tmp_path: Path, number: int
) -> None:
    running = group(plain=SLEEPER, stubborn=STUBBORN, parent=PARENT)
    pids = running.wait_for("plain", "stubborn", "parent")
    wait_until(lambda: (tmp_path / "grandchild").exists() and (tmp_path / "grandchild").read_text() != "")
    grandchild = int((tmp_path / "grandchild").read_text())
    running.process.send_signal(number)
    output, _ = running.process.communicate(timeout=25)
    assert "ended in order" in output
    assert running.process.returncode == 0
    assert not [pid for pid in (*pids.values(), grandchild) if is_alive(pid)]


def test_children_die_with_a_killed_supervisor(group: Callable[..., Group]) -> None:
    running = group(plain=SLEEPER, stubborn=STUBBORN)
    pids = running.wait_for("plain", "stubborn")
    running.process.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in pids.values()))


def test_a_child_that_is_done_is_left_alone_and_one_that_failed_is_not(group: Callable[..., Group]) -> None:
    note = "open('{0}', 'a').write('x')"
    running = group(done=(note.format("done"), True), failing=(note.format("failed") + "; raise SystemExit(3)", True))
    wait_until(lambda: (running.folder / "failed").exists() and len((running.folder / "failed").read_text()) >= 3)
    assert (running.folder / "done").read_text() == "x"


def test_restarts_slow_down(group: Callable[..., Group]) -> None:
    running = group(failing="import time; print(time.monotonic(), file=open('times', 'a')); raise SystemExit(1)")
    times = running.folder / "times"
    wait_until(lambda: times.exists() and len(times.read_text().split()) >= 4)
    starts = [float(text) for text in times.read_text().split()[:4]]
    assert starts[3] - starts[2] > starts[1] - starts[0]
