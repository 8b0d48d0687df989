"""The `cloudops` command as an operator runs it: real processes, real servers, a data directory of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from app.core.processes import free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]
BACKEND = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


class Platform:
    """One data directory and the commands that use it."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "var"
        self.port = free_port()
        self.log = folder / "up.log"
        self.process: subprocess.Popen[bytes] | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDOPS_", "AWS_"))}
        self.environment = {**kept, "CLOUDOPS_DATA_DIR": str(self.data_dir), "PYTHONPATH": str(BACKEND)}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def up(self) -> "Platform":
        command = [sys.executable, "-m", "app.cli", "up", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        self.wait_for(self.is_ready)
        return self

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except OSError:
            return False

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.1)

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Everything alive that belongs to this data directory."""
        found = []
        for process in psutil.process_iter():
            try:
                command = " ".join(process.cmdline())
                ours = str(self.data_dir) in command or str(self.data_dir) == process.environ().get("CLOUDOPS_DATA_DIR")
            except psutil.Error:
                continue
            if ours and word in command and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def down(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(25)


@pytest.fixture
def platform() -> Iterator[Platform]:
    folder = Path(tempfile.mkdtemp(prefix="cloudops-test-"))
    folder.chmod(0o711)
    made = Platform(folder)
    yield made
    for process in made.processes():
        process.kill()
    psutil.wait_procs(made.processes(), timeout=10)
    shutil.rmtree(folder, ignore_errors=True)


def test_up_serves_repairs_itself_refuses_a_second_start_and_stops_whole(platform: Platform) -> None:
    platform.up()
    platform.wait_for(lambda: "Password" in platform.log.read_text())
    login = re.search(r"E-mail\s+(\S+)\n\s+Password\s+(\S+)", platform.log.read_text())
    assert login is not None
    again = platform.run("up", "--port", str(free_port()))
    assert again.returncode == 1
    assert platform.process is not None
    assert f"process {platform.process.pid}" in again.stderr
    taken = platform.run("up", "--port", str(platform.port), CLOUDOPS_DATA_DIR=str(platform.data_dir.parent / "other"))
    assert taken.returncode == 1
    assert "--port" in taken.stderr
    for word in ("serve", "app.worker", "bin/postgres"):
        (before, *_) = platform.processes(word)
        before.kill()
        platform.wait_for(lambda: any(process != before for process in platform.processes(word)))  # noqa: B023
    platform.wait_for(platform.is_ready)
    assert platform.down() == 0
    assert platform.processes() == []
    platform.up()
    assert platform.log.read_text().count("Password") == 1
    assert platform.down() == 0


def test_after_kill_9_nothing_serves_and_the_next_start_takes_over(platform: Platform) -> None:
    platform.up()
    assert platform.process is not None
    platform.process.kill()
    platform.process.wait()
    platform.wait_for(lambda: not platform.processes("app."))
    assert platform.processes("bin/postgres")
    platform.up()
    assert "Took over" in platform.log.read_text()
    assert platform.down() == 0
    assert platform.processes() == []


def test_a_backup_restores_into_an_empty_installation_with_the_same_key(platform: Platform, tmp_path: Path) -> None:
    platform.up()
    stored = platform.data_dir / "storage" / "org" / "file.parquet"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"stored")
    file = tmp_path / "backup.tar.gz"
    made = platform.run("backup", str(file))
    assert made.returncode == 0, made.stderr
    assert "secret key is not in" in made.stdout
    with tarfile.open(file) as archive:
        names = archive.getnames()
    assert names == ["database.dump", "storage/org/file.parquet", "manifest.json"]
    assert platform.run("restore", str(file)).returncode == 1  # not empty, and in use
    assert platform.down() == 0
    refused = platform.run("restore", str(file))
    assert "not empty" in refused.stderr

    other = str(platform.data_dir.parent / "var" / "other")
    assert "another secret key" in platform.run("restore", str(file), CLOUDOPS_DATA_DIR=other).stderr
    shutil.copy(platform.data_dir / "secret.key", Path(other) / "secret.key")
    restored = platform.run("restore", str(file), CLOUDOPS_DATA_DIR=other)
    assert restored.returncode == 0, restored.stderr
    assert (Path(other) / "storage" / "org" / "file.parquet").read_bytes() == b"stored"
    well = platform.run("doctor", CLOUDOPS_DATA_DIR=other)
    assert well.returncode == 0, well.stdout
    assert platform.run("restore", str(file), "--force", CLOUDOPS_DATA_DIR=other).returncode == 0

    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(file.read_bytes()[:-200])
    assert "cannot be read" in platform.run("restore", str(damaged), "--force", CLOUDOPS_DATA_DIR=other).stderr
    assert platform.processes() == []


def test_doctor_tells_what_is_broken_and_hides_secrets(platform: Platform) -> None:
    well = platform.run("doctor")
    assert well.returncode == 0, well.stdout
    assert "All is well" in well.stdout
    broken = platform.run("doctor", CLOUDOPS_REDIS_URL=f"redis://:hidden-password@127.0.0.1:{free_port()}/0")
    assert broken.returncode == 1
    assert re.search(r"FAIL\s+redis", broken.stdout)
    assert "CLOUDOPS_REDIS_URL" in broken.stdout
    assert "hidden-password" not in broken.stdout + broken.stderr
    unknown = platform.run("doctor", CLOUDOPS_DATABASE_ULR="typo")
    assert unknown.returncode == 1
    assert "CLOUDOPS_DATABASE_ULR" in unknown.stdout
    no_key = platform.run("doctor", CLOUDOPS_DATABASE_URL=f"postgresql://me:hidden@127.0.0.1:{free_port()}/none")
    assert no_key.returncode == 1
    assert "CLOUDOPS_SECRET_KEY" in no_key.stdout
    assert platform.processes() == []


def test_commands_without_servers_say_what_to_do(platform: Platform) -> None:
    for arguments in (("serve", "api"), ("worker",)):
        refused = platform.run(*arguments)
        assert refused.returncode == 1
        assert "cloudops up" in refused.stderr
    assert "There is no service" in platform.run("serve", "everything").stderr
    assert "CLOUDOPS_LOG_FORMAT" in platform.run("migrate", CLOUDOPS_LOG_FORMAT="xml").stderr
    assert "no organization" in platform.run("sync", "production").stderr


def test_the_openapi_document_needs_no_server(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert platform.run("export-openapi", str(file)).returncode == 0
    assert json.loads(file.read_text())["openapi"].startswith("3.1")
    assert not platform.data_dir.exists()
