"""The demonstration as `make run` starts it, and an installed Chromium in front of it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.system.running import BACKEND, free_port, wait_until

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COMPLETE_SECONDS = 300
EMAIL, PASSWORD = "owner@acme.example", "Browser-tests-2026"  # pragma: allowlist secret


@dataclass(frozen=True)
class Demonstration:
    """A running demonstration and the login that its first start printed."""

    url: str
    email: str
    password: str


class SignIn(httpx.Auth):
    """Signs in, and again where the session ended: each page signs in too, and a person has only so many sessions."""

    requires_response_body = True

    def __init__(self, demonstration: Demonstration) -> None:
        self._login = {"email": demonstration.email, "password": demonstration.password, "client": "native"}
        self._url, self._token = f"{demonstration.url}/api/v1/auth/login", ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
            answer = yield request
            if answer.status_code != 401:
                return
        answer = yield httpx.Request("POST", self._url, json=self._login)
        self._token = answer.raise_for_status().json()["access_token"]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@pytest.fixture(scope="session")
def demonstration() -> Iterator[Demonstration]:
    """`cloudops up --demo` on an empty directory, until its estate is collected and its bill imported.

    CLOUDOPS_TEST_DEMO_URL names one that runs already, with the same login: for work on these tests.
    """
    if url := os.environ.get("CLOUDOPS_TEST_DEMO_URL"):
        yield Demonstration(url, EMAIL, PASSWORD)
        return
    if not (BACKEND.parent / "web" / "dist" / "index.html").is_file():
        pytest.skip("the web app is not built: make setup")
    folder = Path(tempfile.mkdtemp(prefix="cloudops-browser-"))
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDOPS_", "AWS_"))}
    environment |= {"CLOUDOPS_ADMIN_EMAIL": EMAIL, "CLOUDOPS_ADMIN_PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "app.cli", "up", "--demo", "--port", str(port), "--data-dir", str(folder / "data")]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder, start_new_session=True
        )
    try:
        wait_until(
            lambda: process.poll() is not None or (folder / "data" / "demo" / "loaded").is_file(),
            COMPLETE_SECONDS,
            "the demonstration's first load",
        )
        assert process.poll() is None, (folder / "output").read_text()[-4000:]
        yield Demonstration(f"http://127.0.0.1:{port}", EMAIL, PASSWORD)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """An installed Chromium or Chrome, else Playwright's own."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chrome or Chromium is installed")
        made = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    made = browser.new_context(viewport={"width": 1440, "height": 900})
    made.set_default_timeout(30_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, demonstration: Demonstration) -> Page:
    """Signed in, on the dashboard."""
    made = context.new_page()
    sign_in(made, demonstration)
    return made


def sign_in(page: Page, demonstration: Demonstration) -> None:
    """Through the form, as a person would."""
    page.goto(demonstration.url)
    page.get_by_label("E-mail").fill(demonstration.email)
    page.keyboard.press("Enter")
    page.get_by_label("Password", exact=True).fill(demonstration.password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Dashboard", level=1).wait_for()


@pytest.fixture(scope="session")
def api(demonstration: Demonstration) -> Iterator[httpx.Client]:
    """The same organization by HTTP, to compare with what the page shows."""
    with httpx.Client(base_url=f"{demonstration.url}/api/v1", timeout=30, auth=SignIn(demonstration)) as client:
        yield client
