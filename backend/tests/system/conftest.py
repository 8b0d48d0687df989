"""One running platform and one cloud for every test of this folder; all of them run in one process, one by one."""

import json
import shutil
from collections.abc import Iterator

import httpx
import pytest
from tests.system.bills import OWN_BILL
from tests.system.cloud import Cloud
from tests.system.mailbox import Mailbox, running_mailbox
from tests.system.running import Platform, follow_job, make_platform, running_moto


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """Where the platform's mail arrives."""
    with running_mailbox() as made:
        yield made


@pytest.fixture(scope="session")
def platform(mailbox: Mailbox) -> Iterator[Platform]:
    """`cloudops up --no-demo` in an empty directory, as its own processes."""
    made = make_platform()
    made.smtp_url = mailbox.url
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """A small AWS in a process of its own."""
    with running_moto() as url:
        made = Cloud(url)
        made.build()
        yield made


@pytest.fixture(scope="session")
def account_id(platform: Platform, cloud: Cloud) -> str:
    """The cloud, connected by the contract's calls and synced once more to the end."""
    with platform.client() as client:
        made = client.post("/accounts", json=cloud.connection("Production"))
        assert made.status_code == 201, made.text
        account: str = made.json()["id"]
        started = client.post(f"/accounts/{account}/sync")
        assert started.status_code == 202, started.text
        job = follow_job(client, started.json()["job_id"])
        assert job["state"] == "succeeded", json.dumps(job)
        assert job["progress"]["done"] == job["progress"]["total"] == len(job["units"])
    return account


@pytest.fixture(scope="session")
def import_id(platform: Platform) -> str:
    """A small bill of our own, imported."""
    with platform.client() as client:
        return import_bill(client, OWN_BILL, "own.csv")


def import_bill(client: httpx.Client, content: bytes, name: str) -> str:
    """Import a file by the contract's calls; the import's id."""
    accepted = client.post("/ai-cost/imports", files={"file": (name, content)})
    assert accepted.status_code == 202, accepted.text
    job = follow_job(client, accepted.json()["job_id"])
    assert job["state"] == "succeeded", job
    found: str = accepted.json()["import_id"]
    return found


@pytest.fixture
def client(platform: Platform) -> Iterator[httpx.Client]:
    """Signed in as the owner, in a session of the test's own."""
    with platform.client() as made:
        yield made


@pytest.fixture(scope="session")
def curl() -> str:
    """The curl program; tests that need it are skipped where it is absent."""
    found = shutil.which("curl")
    if found is None:
        pytest.skip("not run: there is no curl here")
    return found
