"""Anomalies that are open, for those who act on them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics import queries
from app.domains.metrics.models import MetricAnomaly


@dataclass(frozen=True, slots=True)
class OpenAnomaly:
    """An anomaly, or a burst with the series of its members. `series` are names and labels."""

    kind: str
    labels: dict[str, str]
    resource_id: UUID | None
    score: float
    series: tuple[tuple[str, dict[str, str]], ...]


async def list_open_anomalies(session: AsyncSession, organization_id: UUID) -> list[OpenAnomaly]:
    """What is open now; members of a burst are in it."""
    rows = await queries.list_open_anomalies(session, organization_id)
    members: dict[UUID, list[MetricAnomaly]] = {}
    for row in rows:
        if row.group_id is not None:
            members.setdefault(row.group_id, []).append(row)
    return [
        OpenAnomaly(
            row.kind,
            row.labels,
            row.resource_id,
            row.score,
            tuple((one.name, one.labels) for one in members.get(row.id, [row])),
        )
        for row in rows
        if row.group_id is None
    ]
