"""An organization with one connected account of a cloud in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import Database
from app.core.secrets import use_root_key
from app.core.tasks import TaskContext
from app.domains.accounts import api as accounts_api
from app.domains.accounts import service as accounts
from app.domains.inventory import api, service
from tests.support.clouds import (
    KEY_BODY,
    FakeProvider,
    complete,
    make_caller,
    make_client,
    make_context,
    make_organization,
)
from tests.support.eventing import BODY, UNIT, Estate, thing

ROUTERS = [accounts_api.router, *api.routers]
Sync = Callable[..., Awaitable[TaskContext]]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CLOUDOPS_SECRET_KEY", "a-root-key-for-tests-of-40-characters-00")
    get_settings.cache_clear()
    use_root_key(None)
    yield
    use_root_key(None)
    get_settings.cache_clear()


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """The cloud behind every AWS account of the test."""
    fake = FakeProvider()
    accounts.register_provider("aws", fake)
    yield fake
    accounts.register_provider("aws", None)


@pytest.fixture
async def organization(database: Database, provider: FakeProvider) -> UUID:
    """An organization whose rows are committed."""
    return await make_organization()


@pytest.fixture
async def client(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in with every permission of these routes."""
    async with make_client(ROUTERS, make_caller(organization)) as opened:
        yield opened


@pytest.fixture
async def stranger(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to another organization."""
    async with make_client(ROUTERS, make_caller(await make_organization())) as opened:
        yield opened


@pytest.fixture
async def account_id(client: httpx.AsyncClient) -> UUID:
    """A connected account."""
    answer = await client.post("/accounts", json=KEY_BODY)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@pytest.fixture
def sync(organization: UUID, account_id: UUID) -> Sync:
    """Run a sync of the account as its job would; give a context to run that job again."""

    async def run(context: TaskContext | None = None) -> TaskContext:
        if context is None:
            context = await make_context(organization, "inventory.sync_account", {"account_id": str(account_id)})
        await service.sync_account(context, account_id)
        return context

    return run


@pytest.fixture
def cloud() -> Iterator[FakeProvider]:
    """The cloud behind every Google and Azure account of the test."""
    fake = FakeProvider()
    for name in ("gcp", "azure"):
        accounts.register_provider(name, fake)
    yield fake
    for name in ("gcp", "azure"):
        accounts.register_provider(name, None)


@pytest.fixture
async def estate(organization: UUID, client: httpx.AsyncClient, cloud: FakeProvider) -> Estate:
    account_id = UUID((await client.post("/accounts", json=BODY)).json()["id"])
    cloud.holds(complete(UNIT, [thing("logs"), thing("bills")]))
    await service.sync_account(await make_context(organization, "inventory.sync_account", {}), account_id)
    made = Estate(organization, client, cloud, account_id)
    answer = await client.put(f"/accounts/{account_id}/events", json={})
    assert answer.status_code == 200, answer.text
    made.hook = answer.json()["hook_url"].partition("/api/v1")[2]
    assert made.hook.startswith("/ingest/hooks/gcp/")
    return made
