"""An organization, its storage folder, and small FOCUS files."""

import contextlib
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.config import Settings, get_settings
from app.core.database import Database, tenant_session
from app.core.tasks import PermanentFailure, TaskContext
from app.domains.costs import api, queries, service
from app.domains.costs.bills.ask import close_engines
from app.domains.costs.models import CostImport
from tests.support.clouds import make_caller, make_client, make_context, make_organization

PERMISSIONS = ("costs:read", "costs:write", "imports:write")
ROW: dict[str, Any] = {
    "BilledCost": "1.50",
    "EffectiveCost": "1.25",
    "ListCost": "2.00",
    "ContractedCost": "1.75",
    "BillingAccountId": "111122223333",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-10-05T10:00:00Z",
    "ChargePeriodEnd": "2026-10-05T11:00:00Z",
    "ProviderName": "AWS",
    "ServiceName": "Amazon Elastic Compute Cloud",
    "ServiceCategory": "Compute",
    "RegionId": "eu-west-1",
    "ResourceId": "i-00000001",
    "SubAccountId": "111122223333",
    "Tags": '{"team": "search", "env": "prod"}',
}


def focus_row(**changes: Any) -> dict[str, Any]:
    """A valid row; `changes` replace or add columns."""
    return ROW | changes


def focus_csv(*rows: dict[str, Any], columns: list[str] | None = None, **format_options: Any) -> bytes:
    """A CSV file of these rows."""
    names = columns or list(dict.fromkeys(name for row in rows or (ROW,) for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, extrasaction="ignore", restval="", lineterminator="\n", **format_options)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Settings]:
    """Settings whose data directory is the test's own."""
    monkeypatch.setenv("CLOUDOPS_DATA_DIR", str(tmp_path / "var"))
    get_settings.cache_clear()
    yield get_settings()
    close_engines()
    get_settings.cache_clear()


@pytest.fixture
async def organization(database: Database) -> UUID:
    """An organization whose rows are committed."""
    return await make_organization()


@pytest.fixture
async def client(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in with every permission of these routes."""
    async with make_client([api.router], make_caller(organization, PERMISSIONS)) as opened:
        yield opened


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to another organization."""
    async with make_client([api.router], make_caller(await make_organization(), PERMISSIONS)) as opened:
        yield opened


class Importer:
    """Imports bytes as an upload and runs the job as a worker would."""

    def __init__(self, organization_id: UUID, settings: Settings, folder: Path) -> None:
        self.organization_id, self._settings, self._folder = organization_id, settings, folder

    async def start(self, content: bytes, name: str = "bill.csv") -> UUID:
        """Queue an import; returns its id."""
        file = self._folder / "sent"
        file.write_bytes(content)
        started = await service.start_upload_import(
            self.organization_id, file, name, user_id=None, settings=self._settings
        )
        return started.import_id

    async def context(self, import_id: UUID) -> TaskContext:
        """A running job for the import."""
        return await make_context(self.organization_id, "costs.import_file", {"import_id": str(import_id)})

    async def run(self, import_id: UUID) -> None:
        """Run the import's job once."""
        await service.run_import(await self.context(import_id), import_id)

    async def read(self, import_id: UUID) -> CostImport:
        """The manifest as it is now."""
        async with tenant_session(self.organization_id) as session:
            return await queries.get_import(session, self.organization_id, import_id)

    async def __call__(self, content: bytes, name: str = "bill.csv") -> CostImport:
        """Import and return the manifest; a failed import is returned too."""
        import_id = await self.start(content, name)
        with contextlib.suppress(PermanentFailure):
            await self.run(import_id)
        return await self.read(import_id)


@pytest.fixture
def bill(organization: UUID, settings: Settings, tmp_path: Path) -> Importer:
    """Import files into the organization."""
    return Importer(organization, settings, tmp_path)


@pytest.fixture
def breakdown(client: httpx.AsyncClient) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Ask for a breakdown; parameter names use double underscores for dots."""

    async def ask(**parameters: str) -> dict[str, Any]:
        named = {name.replace("__", ".").rstrip("_"): value for name, value in parameters.items()}
        answer = await client.get("/ai-cost/breakdown", params=named)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return ask
