"""The end of an organization as the inventory sees it: nothing that a sync, a question or an export wrote is left."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import Base, directory_session, tenant_session
from app.core.directory import DirectoryOrganization
from app.core.ids import new_id
from app.domains.identity.models import Organization, OrganizationDeletion
from app.domains.identity.service.organizations import removing
from app.domains.inventory import models, service
from app.providers.base import CollectedRelation
from sqlalchemy import func, select
from tests.support.clouds import complete, make_context
from tests.support.eventing import UNIT, Estate, found, thing, told
from tests.support.jobs import run_jobs

WRITTEN = (
    models.SyncUnit, models.UnitCount, models.CloudResource, models.ResourceTerm, models.ResourceZone,
    models.ResourceVersion, models.ResourceRelation, models.PastRelation, models.ResourceMark, models.ResourceTrend,
    models.ResourceView, models.ResourceExport, models.EventSource, models.ReceivedEvent, models.DueRefresh,
)  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _settings: None) -> Iterator[Path]:
    """Where files lie."""
    monkeypatch.setenv("CLOUDOPS_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def _count(organization_id: UUID) -> dict[str, int]:
    """Rows by table of every table that tells organizations apart."""
    counts: dict[str, int] = {}
    async with tenant_session(organization_id) as session:
        for table in Base.metadata.sorted_tables:
            if "organization_id" in table.c and table.schema is None:
                query = select(func.count()).select_from(table).where(table.c.organization_id == organization_id)
                counts[table.name] = (await session.execute(query)).scalar_one()
    return counts


async def _fill(estate: Estate) -> None:
    """A row in every table of the inventory and a file."""
    kept, gone = thing("logs", tags={"env": "prod"}), thing("bills")
    edges = [CollectedRelation(source=one.native_id, kind="logs-to", target=kept.native_id) for one in (kept, gone)]
    for resources in ([kept, gone], [kept]):
        estate.cloud.holds(complete(UNIT, resources, edges[: len(resources)]))
        context = await make_context(estate.organization, "inventory.sync_account", {})
        await service.sync_account(context, estate.account_id)
    estate.cloud.reads = {kept.native_id: found(kept)}
    await estate.push(told())
    view = {"name": "mine", "search": "tag:env=prod", "columns": ["name"]}
    assert (await estate.client.post("/usage/views", json=view)).status_code == 201
    assert (await estate.client.post("/usage/exports", json={"format": "csv"})).status_code == 202
    await run_jobs(estate.organization, "inventory.export_resources")
    async with tenant_session(estate.organization) as session:
        ids = (await session.execute(select(models.CloudResource.id))).scalars()
        await service.record_marks(session, estate.organization, "public", dict.fromkeys(ids, True))
        await service.roll_up(session, estate.organization)


async def test_an_erased_organization_leaves_no_row_and_no_file(estate: Estate, folder: Path) -> None:
    await _fill(estate)
    before = await _count(estate.organization)
    assert [model.__tablename__ for model in WRITTEN if not before[model.__tablename__]] == []
    assert [path.suffix for path in files_in(folder)] == [".csv"]
    now = utc_now() - timedelta(minutes=1)
    async with tenant_session(estate.organization) as session:
        deletion = OrganizationDeletion(
            organization_id=estate.organization,
            id=new_id(),
            requested_by=new_id(),
            requested_at=now,
            delete_after=now,
            disabled_members=[],
            last_key_version=1,
            removing_since=now,
        )
        session.add(Organization(id=estate.organization, name="Acme", slug=str(estate.organization)))
        await session.flush()
        session.add(deletion)
    async with directory_session() as session:
        session.add(DirectoryOrganization(id=estate.organization, deleted_at=now, delete_after=now))
    context = await make_context(estate.organization, removing.REMOVE_TASK, {})
    await removing.remove_organization(context, get_settings())
    left = {name for name, rows in (await _count(estate.organization)).items() if rows}
    assert left <= removing.KEPT_TABLES | {"jobs", "job_units", "events", "organization_deletions"}
    assert files_in(folder) == []
