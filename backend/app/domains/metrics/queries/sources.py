"""Sources of metrics, and the resources that a cloud is asked about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.metrics.errors import UnknownSource
from app.domains.metrics.models import MetricSource

# The account's own resources and those of accounts that it found. Those that are read alone are opened by themselves.
_OWN = """
    SELECT {columns} FROM cloud_resources r JOIN accounts a
      ON a.organization_id = r.organization_id AND a.id = r.account_id
    WHERE r.organization_id = :org AND r.closed_at IS NULL AND (a.id = :account OR a.parent_id = :account)
      AND r.native_type = ANY(CAST(:types AS text[]))
      AND (CAST(:regions AS text[]) IS NULL OR r.region = ANY(CAST(:regions AS text[])))
"""
_TARGETS = text(
    _OWN.format(
        columns="r.id, r.native_id, r.native_type, r.name, r.native_account, r.region,"
        " CASE WHEN a.parent_id IS NOT NULL AND a.reads_alone THEN a.id ELSE :account END AS opened"
    )
    + " AND (:after IS NULL OR r.id > :after) ORDER BY r.id LIMIT :limit".replace(":after", "CAST(:after AS uuid)")
)
_COUNTS = text(_OWN.format(columns="r.native_type, count(*) AS resources") + " GROUP BY r.native_type")
_NEWEST = text(
    """
    SELECT id, name, labels, resource_id FROM metric_series
    WHERE organization_id = :org AND source_id = :source ORDER BY id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A resource with metrics; `opened` is the account whose connection reads it."""

    id: UUID
    native_id: str
    native_type: str
    name: str
    native_account: str
    region: str
    opened: UUID


async def get_source(
    session: AsyncSession, organization_id: UUID, source_id: UUID, *, lock: bool = False
) -> MetricSource:
    """Raises UnknownSource."""
    query = select(MetricSource).where(MetricSource.organization_id == organization_id, MetricSource.id == source_id)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise UnknownSource
    return found


async def list_sources(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: tuple[str, UUID] | None
) -> Sequence[MetricSource]:
    """By name."""
    query = select(MetricSource).where(MetricSource.organization_id == organization_id)
    if after is not None:
        query = query.where(
            (MetricSource.name > after[0]) | ((MetricSource.name == after[0]) & (MetricSource.id > after[1]))
        )
    return (await session.execute(query.order_by(MetricSource.name, MetricSource.id).limit(limit))).scalars().all()


async def list_due_sources(session: AsyncSession, organization_id: UUID, now: datetime) -> Sequence[UUID]:
    """Clouds whose poll is due."""
    query = select(MetricSource.id).where(
        MetricSource.organization_id == organization_id,
        MetricSource.kind == "cloud",
        MetricSource.enabled,
        (MetricSource.due_at.is_(None)) | (MetricSource.due_at <= now),
    )
    return (await session.execute(query)).scalars().all()


async def list_targets(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    *,
    types: Collection[str],
    regions: Collection[str] | None,
    limit: int,
    after: UUID | None,
) -> list[TargetRow]:
    """Open resources of these types, by id."""
    values = {
        "org": organization_id,
        "account": account_id,
        "types": sorted(types),
        "regions": None if regions is None else [*sorted(regions), "global"],
        "limit": limit,
        "after": after,
    }
    return [TargetRow(**row) for row in (await session.execute(_TARGETS, values)).mappings()]


async def count_targets(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    *,
    types: Collection[str],
    regions: Collection[str] | None,
) -> dict[str, int]:
    """How many open resources of each type."""
    values = {
        "org": organization_id,
        "account": account_id,
        "types": sorted(types),
        "regions": None if regions is None else [*sorted(regions), "global"],
    }
    rows = (await session.execute(_COUNTS, values)).mappings()
    return {row["native_type"]: row["resources"] for row in rows}


async def list_series_of_source(
    session: AsyncSession, organization_id: UUID, source_id: UUID, limit: int
) -> list[tuple[int, str, dict[str, str], UUID | None]]:
    """The youngest series of a source: id, name, labels, resource."""
    rows = await session.execute(_NEWEST, {"org": organization_id, "source": source_id, "limit": limit})
    return [(row.id, row.name, row.labels, row.resource_id) for row in rows]
