"""Faults at one unit, through the real adapters: its last good state stays and says why, the others are as ever."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import Database, tenant_session
from app.core.tasks import PermanentFailure
from app.domains.accounts import service as accounts
from app.domains.inventory import service
from sqlalchemy import text
from tests.domains.inventory import fault_table
from tests.domains.inventory.conftest import ROUTERS
from tests.domains.inventory.fault_table import Case
from tests.providers.aws.proxy import FaultyProxy, answers, denies, hangs, resets, truncates
from tests.support.clouds import make_caller, make_client, make_context, make_organization
from tests.support.three_clouds import (
    ENDPOINTS,
    GCP_LISTS_PER_MINUTE,
    Clouds,
    add_account,
    narrowed,
    running_clouds,
)

from simulators.azure import Grant

DOCS = Path(__file__).parents[4] / "docs" / "inventory.md"
Break = Callable[[], None]


class Site:
    """An account that reads two units, of which the first is broken."""

    def __init__(self, client: httpx.AsyncClient, organization: UUID, account_id: UUID, broken: str) -> None:
        self.client, self.organization, self.account_id, self.broken = client, organization, account_id, broken

    async def sync(self) -> None:
        context = await make_context(self.organization, "inventory.sync_account", {})
        with contextlib.suppress(PermanentFailure):
            await service.sync_account(context, self.account_id)

    async def listed(self) -> dict[str, tuple[str, bool]]:
        """Each resource's service with its type, and whether it is stale."""
        async with tenant_session(self.organization) as session:
            sql = """SELECT native_id, concat_ws(' ', service, native_type), stale_since IS NOT NULL
                FROM cloud_resources WHERE closed_at IS NULL"""
            return {row[0]: (row[1], row[2]) for row in await session.execute(text(sql))}

    async def versions(self) -> int:
        async with tenant_session(self.organization) as session:
            return int((await session.execute(text("SELECT count(*) FROM resource_versions"))).scalar_one())

    async def unit(self) -> dict[str, Any]:
        items = (await self.client.get(f"/accounts/{self.account_id}/units")).json()["items"]
        found: dict[str, Any] = next(item for item in items if item["service"] == self.broken)
        return found

    async def check(self, case: Case) -> list[str]:
        """What is not as the table says, after a sync with the fault."""
        before = await self.listed()
        await self.sync()
        after, unit = await self.listed(), await self.unit()
        account = (await self.client.get(f"/accounts/{self.account_id}")).json()
        wrong = []
        if set(after) != set(before):
            wrong.append(f"{case.name}: {len(before)} resources became {len(after)}")
        stale = {native_id for native_id, (of, is_stale) in after.items() if is_stale}
        denied = f"{self.broken} Microsoft.Storage/storageAccounts"
        kept = {fault_table.ALL: "", fault_table.LAST_STATE: f"{self.broken} ", fault_table.TYPE: denied}
        expected = {native_id for native_id, (of, _) in after.items() if of.startswith(kept[case.kept])}
        if stale != expected:
            wrong.append(f"{case.name}: {len(stale)} are stale, not {len(expected)}")
        if case.says not in (unit["error"] or "") or not unit["error"] or account["status"] == "connected":
            wrong.append(f"{case.name}: {account['status']}, {unit['state']} {unit['error']!r}")
        if (unit["retry_at"] is not None) != case.tries_again:
            wrong.append(f"{case.name}: tried again: {unit['retry_at']}")
        return wrong

    async def run(self, cases: Sequence[Case], faults: dict[str, Break], mend: Break) -> None:
        """Every case in turn, each mended before the next."""
        assert {case.fault for case in cases} == set(faults)
        await self.sync()
        versions, wrong = await self.versions(), []
        assert {of.partition(" ")[0] for of, _ in (await self.listed()).values()} > {self.broken}
        for case in cases:
            faults[case.fault]()
            wrong += await self.check(case)
            mend()
            await self.sync()
            if any(is_stale for _, is_stale in (await self.listed()).values()):
                wrong.append(f"{case.name}: still stale after it was mended")
        assert not wrong, "\n".join(wrong)
        assert await self.versions() == versions, "a fault is no change of a resource"


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with running_clouds() as running:
        yield running


@pytest.fixture
async def make_site(
    database: Database, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Any]]:
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", ENDPOINTS)
    get_settings.cache_clear()
    organization = await make_organization()
    adapters: dict[str, Any] = {}
    async with make_client(ROUTERS, make_caller(organization)) as client:

        async def make(name: str, adapter: Any, broken: str, number: str, **changes: Any) -> Site:
            adapters[name] = adapter
            accounts.register_provider(name, adapter)
            body = clouds.connection(name) | changes
            return Site(client, organization, await add_account(organization, body, number), broken)

        yield make
    for name, adapter in adapters.items():
        accounts.register_provider(name, None)
        adapter.close()


@pytest.mark.timeout(600)
async def test_faults_of_google(make_site: Callable[..., Any], clouds: Clouds) -> None:
    from app.providers.gcp import GcpProvider

    options = {"read_seconds": 4, "attempts": 2, "lists_per_minute": GCP_LISTS_PER_MINUTE}
    adapter = narrowed(GcpProvider, ("storage", "messaging"), **options)
    site = await make_site("gcp", adapter, "storage", "google")
    cloud, match = clouds.gcp, r"/assets\?.*storage"

    def fault(kind: str, **more: Any) -> Break:
        def spoil() -> None:
            cloud.fault(kind, match, **more)

        return spoil

    def mend() -> None:
        cloud.faults.clear()
        cloud.tokens.restore()

    faults = {
        "denied": fault("deny", detail="cloudasset.assets.listResource"),
        "throttled": fault("throttle"),
        "an error of the server": fault("status", status=500),
        "no answer in time": fault("slow", seconds=6),
        "the connection breaks in the middle": fault("cut"),
        "half an answer": fault("truncate"),
        "no JSON": fault("malformed"),
        "an answer of another shape": fault("reshape"),
        "credentials revoked": cloud.tokens.revoke,
    }
    await site.run(fault_table.GCP, faults, mend)


@pytest.mark.timeout(600)
async def test_faults_of_azure(make_site: Callable[..., Any], clouds: Clouds) -> None:
    from app.providers.azure import AzureProvider

    adapter = narrowed(AzureProvider, ("storage", "messaging"), read_seconds=4)
    site = await make_site("azure", adapter, "storage", "azure")
    cloud, where = clouds.azure, "type in~ .*microsoft.storage/storageaccounts"

    def fault(kind: str, **more: Any) -> Break:
        def spoil() -> None:
            cloud.faults.plan(kind, where=where, times=50, **more)

        return spoil

    def mend() -> None:
        cloud.faults.planned.clear()
        cloud.faults.revoked = False
        cloud.estate.grants[:] = [Grant()]

    def deny() -> None:
        cloud.estate.grants[:] = [Grant(not_actions=("Microsoft.Storage/storageAccounts/read",))]

    def revoke() -> None:
        cloud.faults.revoked = True

    faults = {
        "denied": deny,
        "throttled": fault("throttle", seconds=0),
        "an error of the server": fault("status", status=500),
        "no answer in time": fault("slow", seconds=6),
        "the connection breaks in the middle": fault("cut"),
        "half an answer": fault("truncate"),
        "no JSON": fault("malformed"),
        "an answer of another shape": fault("schema"),
        "credentials revoked": revoke,
    }
    await site.run(fault_table.AZURE, faults, mend)


@pytest.mark.timeout(600)
async def test_faults_of_aws(make_site: Callable[..., Any], clouds: Clouds) -> None:
    from app.providers.aws import AwsProvider

    adapter = narrowed(AwsProvider, ("sqs", "sns"), read_seconds=4, attempts=2)
    with FaultyProxy(clouds.aws.endpoint) as proxy:
        site = await make_site("aws", adapter, "sqs", clouds.aws.keys.account, endpoint_url=proxy.url)

        def fault(made: Any) -> Break:
            return lambda: setattr(proxy, "fault", made)

        refused = b'{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}'
        faults = {
            "denied": fault(denies("sqs")),
            "throttled": fault(answers("sqs", 400, refused)),
            "an error of the server": fault(answers("sqs", 500, b"{}")),
            "no answer in time": fault(hangs("sqs", 6)),
            "the connection breaks in the middle": fault(resets("sqs")),
            "half an answer": fault(truncates("sqs")),
            "no JSON": fault(answers("sqs", 200, b"<html>")),
        }
        await site.run(fault_table.AWS, faults, fault(None))


def test_the_documentation_has_this_table() -> None:
    shown = DOCS.read_text()
    assert f"{fault_table.START}\n{fault_table.render()}\n{fault_table.END}" in shown
