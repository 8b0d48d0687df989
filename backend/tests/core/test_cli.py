"""How `cloudops up` begins and ends for the person at the terminal: one clear sentence, and the right exit code."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from app.core.processes import free_port

BACKEND = Path(__file__).parents[2]
KEY = {"CLOUDOPS_SECRET_KEY": secrets.token_hex(32)}
PATIENCE_SECONDS = 120


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the embedded server's own account may pass through."""
    made = Path(tempfile.mkdtemp(prefix="cloudops-cli-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def start(folder: Path, *options: str, **settings: str) -> "subprocess.Popen[str]":
    """`cloudops up` in a process of its own; nothing of this machine's settings reaches it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDOPS_", "AWS_"))}
    kept |= {"CLOUDOPS_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(BACKEND)} | settings
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", *options],
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refusal(folder: Path, *options: str, **settings: str) -> str:
    """What a start that must fail says: one line on standard error, never a trace, and exit code 1."""
    process = start(folder, "--port", str(free_port()), *options, **settings)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1, said
    (line,) = said.splitlines()
    assert line.startswith("cloudops: ")
    return line.removeprefix("cloudops: ")


def test_a_port_in_use_is_said(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert refusal(folder, "--port", port).startswith(f"Cannot listen on 127.0.0.1 port {port}: Address already in")


def test_a_data_directory_that_cannot_be_written_is_said(folder: Path) -> None:
    (folder / "file").touch()
    said = refusal(folder, CLOUDOPS_DATA_DIR=str(folder / "file" / "data"))
    assert said.startswith(f"The data directory {folder / 'file' / 'data'} cannot be used: Not a directory.")
    assert "--data-dir" in said


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "cannot be read; it looks like postgresql://"),
        ("mysql://me:planted@localhost/x", "cannot be read; it looks like postgresql://"),
        ("postgresql://me:planted@localhost:port/x", "cannot be read; it looks like postgresql://"),
        ("postgresql://me:planted@127.0.0.1:1/x", "No database can be opened at 127.0.0.1:1: "),
        ("postgresql://me:planted@no-such-host.invalid/x", "No database can be opened at no-such-host.invalid:5432: "),
    ],
)
def test_a_wrong_database_address_is_said_without_its_password(folder: Path, url: str, words: str) -> None:
    said = refusal(folder, CLOUDOPS_DATABASE_URL=url, **KEY)
    assert words in said
    assert "planted" not in said


def test_a_database_address_needs_a_secret_key(folder: Path) -> None:
    url = "postgresql://me:planted@127.0.0.1:1/x"
    assert refusal(folder, CLOUDOPS_DATABASE_URL=url).startswith("CLOUDOPS_SECRET_KEY is required")
    short = refusal(folder, CLOUDOPS_DATABASE_URL=url, CLOUDOPS_SECRET_KEY="short")
    assert short == "CLOUDOPS_SECRET_KEY must have at least 32 characters."


def test_a_redis_address_that_is_none_is_said(folder: Path) -> None:
    assert refusal(folder, CLOUDOPS_REDIS_URL="localhost:6379").startswith("CLOUDOPS_REDIS_URL cannot be read")


def children_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Every process below it now."""
    found: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return found


def wait_for(process: "subprocess.Popen[str]", words: str) -> list[psutil.Process]:
    """The processes below it, once one of them has these words on its command line."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None
        found = children_of(process)
        for child in found:
            try:
                if words in " ".join(child.cmdline()):
                    return found
            except psutil.Error:
                continue
        time.sleep(0.02)
    raise AssertionError(f"no process {words}")


def end_of(process: "subprocess.Popen[str]", before: list[psutil.Process]) -> tuple[int, str, str]:
    """Exit code, standard output and error; nothing may be left running."""
    output, errors = process.communicate(timeout=30)
    _, alive = psutil.wait_procs(before, timeout=5)
    assert not alive
    return process.returncode, output, errors


@pytest.mark.system
@pytest.mark.timeout(300)
def test_a_stop_during_the_start_is_said_and_leaves_nothing_running(folder: Path) -> None:
    stops = (("postgres", "before the start was complete"), ("app.cli serve", "before the platform was ready"))
    for words, said in stops:
        process = start(folder, "--port", str(free_port()))
        running = wait_for(process, words)
        process.send_signal(signal.SIGTERM)
        code, _, errors = end_of(process, running)
        assert (code, errors) == (128 + signal.SIGTERM, f"Stopped {said}.\n")


@pytest.mark.system
@pytest.mark.timeout(300)
def test_the_terminal_stays_calm_and_a_second_ctrl_c_ends_at_once(folder: Path) -> None:
    port = free_port()
    process = start(folder, "--port", str(port))
    assert process.stdout is not None
    said = ""
    while "shown this once" not in said:
        line = process.stdout.readline()
        assert line, "it ended"
        said += line
    lines = (said + process.stdout.readline()).strip().splitlines()
    assert lines[0] == "CloudOps Pro is starting ..."
    assert lines[-1] == lines[2] == "─" * len(lines[-1])
    assert re.search(rf"Address +http://localhost:{port}\n.*\n +E-mail +\S+\n +Password +\S+\n", said)
    log = folder / "data" / "logs" / "cloudops.log"
    assert f"Log       {log}" in said
    running = wait_for(process, "app.worker")
    worker = next(child for child in running if "app.worker" in " ".join(child.cmdline()))
    worker.suspend()  # it will not end by itself
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    started_at = time.monotonic()
    code, rest, errors = end_of(process, running)
    assert time.monotonic() - started_at < 15
    assert code == 128 + signal.SIGINT
    assert errors.startswith("Stopped at once")
    assert not rest.strip()
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert {record["level"] for record in records} == {"info"}
    assert "uvicorn.error" in {record["logger"] for record in records}
    assert (log.stat().st_mode & 0o777, log.parent.stat().st_mode & 0o777) == (0o600, 0o700)
