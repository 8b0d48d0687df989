"""An organization and a cloud in memory."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import Database
from app.core.secrets import use_root_key
from app.domains.accounts import api as accounts_api
from app.domains.accounts import service as accounts
from tests.support.clouds import FakeProvider, make_caller, make_client, make_organization

ROUTERS = [accounts_api.router]


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
