"""`serve auth` as a process of its own: the others verify tokens while it is away, and only signing in waits for it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.counts import CountCases
from tests.system.running import Platform, free_port, make_platform, wait_until

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("auth-apart")]  # one installation for all of them
AWAY_SECONDS, BACK_SECONDS, READERS = 4.0, 3.0, 4


class Service:
    """`cloudops serve …` beside the platform, on its database."""

    def __init__(self, platform: Platform, *names: str, auth_url: str = "") -> None:
        self.platform, self.names, self.auth_url, self.port = platform, names, auth_url, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDOPS_")}
        environment |= {
            "CLOUDOPS_PUBLIC_URL": f"http://localhost:{self.platform.port}",
            "CLOUDOPS_RATE_LIMIT_SCALE": "1000",
        }
        if self.auth_url:
            environment["CLOUDOPS_AUTH_URL"] = self.auth_url
        command = [sys.executable, "-m", "app.cli", "serve", *self.names, "--port", str(self.port)]
        log = self.platform.folder / f"{self.names[0]}.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(self.platform.folder / "data")],
                stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=self.platform.folder,
            )  # fmt: skip
        wait_until(self._answers, 60, f"the start of {self.names}: {Path(log).read_text(errors='replace')[-2000:]}")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


@pytest.fixture(scope="module")
def database() -> Iterator[Platform]:
    """An installation of its own, of which these tests use the database."""
    made = make_platform()
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def apart(database: Platform) -> Iterator[tuple[Service, Service]]:
    """(auth, everything else), two processes on one database."""
    auth = Service(database, "auth")
    auth.start()
    rest = Service(database, "api", "notification", "analytics", auth_url=auth.url)
    rest.start()
    yield auth, rest
    rest.stop()
    auth.stop()


def log_in(database: Platform, auth: Service) -> httpx.Response:
    body = {"email": database.email, "password": database.password, "client": "native"}
    return httpx.post(f"{auth.url}/api/v1/auth/login", json=body, timeout=10)


async def read(rest: Service, token: str, over: asyncio.Event, counts: Counter[int]) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=15) as client:
        while not over.is_set():
            counts[(await client.get(f"{rest.url}/api/v1/usage/summary")).status_code] += 1


async def sign_in_again_and_again(database: Platform, auth: Service, over: asyncio.Event, counts: Counter[str]) -> None:
    while not over.is_set():
        try:
            answer = await asyncio.to_thread(log_in, database, auth)
            counts["in" if answer.status_code == 200 else str(answer.status_code)] += 1
        except httpx.HTTPError:
            counts["no answer"] += 1
        await asyncio.sleep(0.4)


async def test_only_signing_in_notices_a_restart_of_auth(
    database: Platform, apart: tuple[Service, Service], count_cases: CountCases
) -> None:
    auth, rest = apart
    token = log_in(database, auth).json()["access_token"]
    over, reads, logins = asyncio.Event(), Counter[int](), Counter[str]()
    load = [asyncio.create_task(read(rest, token, over, reads)) for _ in range(READERS)]
    load.append(asyncio.create_task(sign_in_again_and_again(database, auth, over, logins)))
    await asyncio.sleep(2)
    before = reads.total()
    await asyncio.to_thread(auth.stop)
    await asyncio.sleep(AWAY_SECONDS)
    during = reads.total() - before
    await asyncio.to_thread(auth.start)
    back, signed_in = reads.total(), logins["in"]
    await asyncio.sleep(BACK_SECONDS)
    over.set()
    await asyncio.gather(*load)
    assert set(reads) == {200}, reads
    assert reads.total() > back
    assert logins["in"] > signed_in
    assert during > 20
    assert logins["no answer"] > 0
    assert logins["in"] > 0
    fresh = (await asyncio.to_thread(log_in, database, auth)).json()["access_token"]
    after = Counter[int]()
    once = asyncio.Event()
    asyncio.get_running_loop().call_later(0.5, once.set)
    await read(rest, fresh, once, after)
    assert set(after) == {200}
    spread = {"auth there": back - during, "auth away": during, "auth back": reads.total() - back}
    count_cases("verified requests through a restart of auth", spread, accepted=reads[200])
    count_cases("sign-ins through a restart of auth", logins, accepted=logins["in"])


def test_an_ended_session_is_refused_by_the_others_at_once(database: Platform, apart: tuple[Service, Service]) -> None:
    auth, rest = apart
    headers = {"Authorization": f"Bearer {log_in(database, auth).json()['access_token']}"}
    assert httpx.get(f"{rest.url}/api/v1/usage/summary", headers=headers, timeout=15).status_code == 200
    assert httpx.post(f"{auth.url}/api/v1/auth/logout", headers=headers, timeout=15).status_code == 204
    assert httpx.get(f"{rest.url}/api/v1/usage/summary", headers=headers, timeout=15).status_code == 401


def test_auth_serves_nothing_of_the_others(database: Platform, apart: tuple[Service, Service]) -> None:
    auth, rest = apart
    headers = {"Authorization": f"Bearer {log_in(database, auth).json()['access_token']}"}
    assert httpx.get(f"{auth.url}/api/v1/usage/summary", headers=headers).status_code == 404
    assert httpx.get(f"{rest.url}/api/v1/auth/me", headers=headers).status_code == 404
    assert httpx.get(f"{auth.url}/api/v1/auth/me", headers=headers).status_code == 200


def test_made_up_keys_do_not_reach_auth_once_a_request(apart: tuple[Service, Service]) -> None:
    _, rest = apart
    forged = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.e30." + "A" * 86
    started = time.monotonic()
    for _ in range(50):
        answer = httpx.get(
            f"{rest.url}/api/v1/usage/summary", headers={"Authorization": f"Bearer {forged}"}, timeout=15
        )
        assert answer.status_code == 401
    assert time.monotonic() - started < 20
