"""A three-cloud sync whose worker is killed at any moment ends in the same state as an undisturbed one."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from app.core.config import get_settings
from app.core.database import Database
from app.domains.accounts import service as accounts
from tests.support.clouds import make_context, make_organization
from tests.support.killed_sync import Forker, read_state
from tests.support.three_clouds import ENDPOINTS, Clouds, add_account, running_clouds

TOPIC = "system-tests-new"


@dataclass
class Site:
    """An organization with an account of each cloud."""

    organization_id: UUID
    accounts: list[UUID]

    async def jobs(self) -> dict[str, str]:
        """New jobs: id → account."""
        made = {}
        for account_id in self.accounts:
            context = await make_context(self.organization_id, "inventory.sync_account", {})
            made[str(context.job_id)] = str(account_id)
        return made


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch, database: Database) -> Iterator[Clouds]:
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", ENDPOINTS)
    monkeypatch.setenv("CLOUDOPS_FIND_ACTORS", "false")
    get_settings.cache_clear()
    with running_clouds() as running:
        yield running


@pytest.fixture
def forker(clouds: Clouds, database_urls: tuple[str, str]) -> Iterator[Forker]:
    made = Forker(database_urls[1])
    yield made
    made.close()


async def make_site(clouds: Clouds) -> Site:
    """Parts of the clouds: two projects, one subscription and an account."""
    organization_id = await make_organization()
    projects = [project.id for project in clouds.gcp.estate.projects()][:2]
    subscription = clouds.azure.estate.subscriptions()[0]["subscriptionId"]
    made = [
        await add_account(organization_id, clouds.connection("gcp"), "google", scope={"projects": projects}),
        await add_account(
            organization_id, clouds.connection("azure"), "azure", scope={"subscriptions": [subscription]}
        ),
        await add_account(organization_id, clouds.connection("aws"), clouds.aws.keys.account),
    ]
    return Site(organization_id, made)


def change(clouds: Clouds) -> None:
    """Something new, something different and something gone in each cloud."""
    sns, sqs = clouds.aws.client("sns"), clouds.aws.client("sqs")
    sns.create_topic(Name=TOPIC)
    url = sqs.get_queue_url(QueueName="orders-0")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="orders-1")["QueueUrl"])
    gcp, projects = clouds.gcp.estate, [project.id for project in clouds.gcp.estate.projects()][:2]
    disks = [a for a in gcp if a.asset_type == "compute.googleapis.com/Disk" and a.project in projects]
    gcp.change(disks[0].name, labels={"killed": "no"})
    gcp.delete(disks[1].name)
    azure = clouds.azure.estate
    subscription = azure.subscriptions()[0]["subscriptionId"]
    accounts_ = [r for r in azure.rows() if r.template.type == "microsoft.compute/disks" and subscription in r.key]
    azure.change(accounts_[0].key, {"tags": {"killed": "no"}})
    azure.remove(accounts_[1].key)


async def kill_at(forker: Forker, clouds: Clouds, points: int, rounds: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The same syncs undisturbed and with a kill, of an empty and of a changed estate."""
    picks = random.Random(points)  # noqa: S311  # moments, no secrets
    undisturbed, killed = await make_site(clouds), [await make_site(clouds) for _ in range(points // rounds)]
    interrupted = 0
    for turn in range(rounds):
        if turn:
            change(clouds)
        started = time.monotonic()
        assert await forker.run(undisturbed.organization_id, await undisturbed.jobs())
        took = time.monotonic() - started
        expected = await read_state(undisturbed.organization_id)
        for site in killed:
            jobs, moment = await site.jobs(), picks.uniform(0.02, took)
            interrupted += not await forker.run(site.organization_id, jobs, kill_after_seconds=moment)
            assert await forker.run(site.organization_id, jobs)
            state = await read_state(site.organization_id)
            for name, rows in expected.items():
                assert state[name] == rows, (name, turn, moment)
        with capsys.disabled():
            print(f" {len(expected['resources'])} resources, {took:.1f} s undisturbed;", end="")  # noqa: T201
    with capsys.disabled():
        print(f" {interrupted} of {points} runs were killed", end=" ")  # noqa: T201
    assert interrupted >= points // 2


@pytest.mark.timeout(600)
async def test_five_kills_at_random_moments_change_nothing(
    forker: Forker, clouds: Clouds, capsys: pytest.CaptureFixture[str]
) -> None:
    await kill_at(forker, clouds, 6, 2, capsys)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
async def test_a_hundred_kills_at_random_moments_change_nothing(
    forker: Forker, clouds: Clouds, capsys: pytest.CaptureFixture[str]
) -> None:
    await kill_at(forker, clouds, 100, 2, capsys)


def test_the_parent_keeps_its_own_adapters() -> None:
    assert accounts.get_provider("aws").children_sync_alone
