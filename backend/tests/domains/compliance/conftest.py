"""An organization with one connected account, and clients of the compliance routes."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from app.core.database import Database
from app.domains.compliance.api import router
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.findings import Estate, make_estate

PERMISSIONS = ("compliance:read", "compliance:write")


@pytest.fixture
async def organization(database: Database) -> UUID:
    """An organization whose rows are committed."""
    return await make_organization()


@pytest.fixture
async def estate(organization: UUID) -> Estate:
    """A connected account without resources."""
    return await make_estate(organization)


@pytest.fixture
async def client(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in with every permission of these routes."""
    async with make_client([router], make_caller(organization, PERMISSIONS)) as opened:
        yield opened


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to another organization."""
    async with make_client([router], make_caller(await make_organization(), PERMISSIONS)) as opened:
        yield opened
