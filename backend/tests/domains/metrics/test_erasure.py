"""The end of an organization as the metrics see it: rows in every table and in several partitions, then none."""

from datetime import timedelta
from uuid import UUID

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import Base, directory_session, tenant_session
from app.core.directory import DirectoryOrganization
from app.core.ids import new_id
from app.domains.identity.models import OrganizationDeletion
from app.domains.identity.service.organizations import removing
from app.domains.metrics import models, service
from app.domains.metrics.rules.limits import IntakeRules
from sqlalchemy import func, select, text
from tests.domains.metrics.conftest import Sender, labels_of
from tests.support.clouds import make_context

HOUR = 3_600_000
WRITTEN = (
    models.MetricSeries, models.MetricSettings, models.MetricFamily, models.MetricBlock, models.MetricChunk,
    models.MetricRollup, models.MetricRunningSum, models.ResourceMetric,
)  # fmt: skip


async def _count(organization_id: UUID) -> dict[str, int]:
    """Rows by table of every table that tells organizations apart."""
    counts: dict[str, int] = {}
    async with tenant_session(organization_id) as session:
        for table in Base.metadata.sorted_tables:
            if "organization_id" in table.c and table.schema is None:
                query = select(func.count()).select_from(table).where(table.c.organization_id == organization_id)
                counts[table.name] = (await session.execute(query)).scalar_one()
    return counts


async def _fill(sender: Sender) -> None:
    """A row in every table of the intake and the store, chunks and roll-ups in two partitions each."""
    week = 7 * 24 * HOUR
    for start in (sender.now_ms - week - 9 * HOUR, sender.now_ms - 9 * HOUR):
        points = [(float(number), start + number * 600_000) for number in range(50)]
        await sender.write((labels_of("up", job=str(start)), points))
    await service.compact(sender.organization_id)
    await service.roll_up(sender.organization_id)
    point = {"asDouble": 0.5, "timeUnixNano": str(sender.now_ms * 1_000_000)}
    delta = {"isMonotonic": True, "aggregationTemporality": 1, "dataPoints": [point]}
    metrics = [{"name": "calls", "description": "Calls.", "sum": delta}]
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}
    assert (await sender.client.post("/ingest/v1/metrics", json=body)).status_code == 200
    async with tenant_session(sender.organization_id) as session:
        organization_id = sender.organization_id
        await service.replace_settings(session, organization_id, new_id(), IntakeRules(last_write_wins=True))
        session.add(
            models.ResourceMetric(
                organization_id=organization_id, resource_id=new_id(), metric_name="up", value=1.0, timestamp=utc_now()
            )
        )


async def test_an_erased_organization_leaves_no_sample_and_others_keep_theirs(sender: Sender) -> None:
    await _fill(sender)
    before = await _count(sender.organization_id)
    assert [model.__tablename__ for model in WRITTEN if not before[model.__tablename__]] == []
    for table in ("metric_samples", "metric_rollups"):
        assert len(await sender.rows(f"SELECT DISTINCT tableoid FROM {table}")) >= 2  # noqa: S608  # a constant
    async with directory_session() as session:
        other = new_id()
        session.add(DirectoryOrganization(id=other))
    async with tenant_session(other) as session:
        statement = "INSERT INTO metric_samples VALUES (:org, 1, date_trunc('day', now()), 1, false, '')"
        await session.execute(text(statement), {"org": other})
    now = utc_now() - timedelta(minutes=1)
    async with tenant_session(sender.organization_id) as session:
        session.add(
            OrganizationDeletion(
                organization_id=sender.organization_id,
                id=new_id(),
                requested_by=new_id(),
                requested_at=now,
                delete_after=now,
                disabled_members=[],
                last_key_version=1,
                removing_since=now,
            )
        )
    async with directory_session() as session:
        row = await session.get(DirectoryOrganization, sender.organization_id)
        assert row is not None
        row.deleted_at = row.delete_after = now
    context = await make_context(sender.organization_id, "metrics.clean", {})
    await removing.remove_organization(context, get_settings())
    left = {name for name, rows in (await _count(sender.organization_id)).items() if rows}
    assert left <= removing.KEPT_TABLES | {"jobs", "job_units", "events", "organization_deletions"}
    assert (await _count(other))["metric_samples"] == 1
