"""The first minutes of a new user, timed: `cd backend && ../.venv/bin/python -m tests.browser.first_run`.

A fresh clone with empty package caches, `make run`, then Chromium: the printed login, the dashboard, the complete
estate; then a second start. Prints seconds. Not a test: it installs everything anew, and its figures are the machine's.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, BROWSERS, Demonstration, sign_in
from tests.system.running import BACKEND, free_port

MINUTES = 10
LOGIN = re.compile(r"(?P<email>\S+@\S+)\s.*?password:?\s+(?P<password>\S+)", re.IGNORECASE | re.DOTALL)


def main() -> int:
    """Run both starts; 0 when the dashboard was complete within three minutes and the second start within 5 s."""
    room = Path(tempfile.mkdtemp(prefix="cloudops-first-run-"))
    subprocess.run(["git", "clone", "--quiet", str(BACKEND.parent), str(room / "src")], check=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDOPS_", "VIRTUAL_ENV"))}
    caches = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", "npm_config_cache": "npm"}
    environment = kept | {name: str(room / folder) for name, folder in caches.items()}
    try:
        first = _start(room, port, environment)
        figures = _drive(first, room / "output", url, room / "src" / "var" / "demo" / "loaded")
        _stop(first[0])
        second = _start(room, port, environment)
        figures["second start ready"] = _wait(lambda: _answers(url), second)
        _stop(second[0])
    except BaseException:
        subprocess.run(["pkill", "-TERM", "-f", str(room)], check=False)
        raise
    finally:
        shutil.rmtree(room, ignore_errors=True)
    for what, seconds in figures.items():
        sys.stdout.write(f"{what:28} {seconds:6.1f} s\n")
    return int(figures["estate complete"] > 180 or figures["second start ready"] > 5)


Started = tuple[subprocess.Popen[bytes], float]


def _start(room: Path, port: int, environment: dict[str, str]) -> Started:
    with (room / "output").open("wb") as output:
        process = subprocess.Popen(
            ["make", "run", f"ARGS=--port {port}"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=room / "src",
            start_new_session=True,
        )
    return process, time.monotonic()


def _stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)


def _drive(started: Started, output: Path, url: str, loaded: Path) -> dict[str, float]:
    figures = {"ready": _wait(lambda: _answers(url), started)}
    _wait(lambda: LOGIN.search(output.read_text()) is not None, started)
    login = LOGIN.search(output.read_text())
    assert login is not None
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        sign_in(page, Demonstration(url, login["email"], login["password"]))
        figures["signed in"] = time.monotonic() - started[1]
        figures["estate complete"] = _wait(loaded.is_file, started)
        page.get_by_role("main").get_by_text(re.compile(r"of \d{3} resources")).wait_for()
        figures["dashboard shows it"] = time.monotonic() - started[1]
        browser.close()
    return figures


def _wait(is_so, started: Started) -> float:  # type: ignore[no-untyped-def]  # any callable that answers yes or no
    process, since = started
    while not is_so():
        assert process.poll() is None, "make run ended by itself"
        assert time.monotonic() - since < MINUTES * 60, "it takes too long"
        time.sleep(0.1)
    return time.monotonic() - since


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    raise SystemExit(main())
