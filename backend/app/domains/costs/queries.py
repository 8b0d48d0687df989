"""Reads of costs from PostgreSQL; the organization is always the first argument after the session."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.domains.costs.models import CostDay, CostFile, CostImport


async def get_import(
    session: AsyncSession, organization_id: UUID, import_id: UUID, *, lock: bool = False
) -> CostImport:
    """One import. Raises NotFound, also for another organization's."""
    statement = select(CostImport).where(CostImport.organization_id == organization_id, CostImport.id == import_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def list_imports(
    session: AsyncSession, organization_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None
) -> Sequence[CostImport]:
    """The newest imports first, up to `limit` after the given (created_at, id)."""
    statement = select(CostImport).where(CostImport.organization_id == organization_id)
    if after is not None:
        statement = statement.where(tuple_(CostImport.created_at, CostImport.id) < after)
    statement = statement.order_by(CostImport.created_at.desc(), CostImport.id.desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def list_current_files(
    session: AsyncSession, organization_id: UUID, *, first: date | None = None, end: date | None = None
) -> list[str]:
    """Object keys of the files that count and may hold charges from `first` to before `end`."""
    statement = select(CostFile.path).where(CostFile.organization_id == organization_id, CostFile.replaced_at.is_(None))
    if first is not None:
        statement = statement.where(CostFile.max_charge_on >= first)
    if end is not None:
        statement = statement.where(CostFile.min_charge_on < end)
    return list((await session.execute(statement.order_by(CostFile.path))).scalars())


async def last_charge_on(session: AsyncSession, organization_id: UUID, *, until: date | None = None) -> date | None:
    """The newest day with costs, not after `until`."""
    statement = select(func.max(CostDay.charged_on)).where(CostDay.organization_id == organization_id)
    if until is not None:
        statement = statement.where(CostDay.charged_on <= until)
    found: date | None = (await session.execute(statement)).scalar_one()
    return found


async def sum_by_day(
    session: AsyncSession, organization_id: UUID, *, first: date, end: date, resource_id: UUID | None = None
) -> Sequence[Row[date, str, Decimal | None]]:
    """(day, currency, effective cost or None) from `first` to before `end`, oldest first."""
    statement = select(CostDay.charged_on, CostDay.currency, func.sum(CostDay.cost)).where(
        CostDay.organization_id == organization_id, CostDay.charged_on >= first, CostDay.charged_on < end
    )
    if resource_id is not None:
        statement = statement.where(CostDay.resource_id == resource_id)
    statement = statement.group_by(CostDay.charged_on, CostDay.currency)
    rows = await session.execute(statement.order_by(CostDay.charged_on, CostDay.currency))
    return rows.all()


async def last_resource_charge_on(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> date | None:
    """The newest day on which a resource has costs."""
    statement = select(func.max(CostDay.charged_on)).where(
        CostDay.organization_id == organization_id, CostDay.resource_id == resource_id
    )
    found: date | None = (await session.execute(statement)).scalar_one()
    return found


async def resource_ids_of(session: AsyncSession, organization_id: UUID, native_ids: Sequence[str]) -> dict[str, UUID]:
    """Our ids of resources that bills name, by the bill's own spelling; only joined ones."""
    if not native_ids:
        return {}
    statement = (
        select(CostDay.native_resource_id, CostDay.resource_id)
        .where(
            CostDay.organization_id == organization_id,
            CostDay.resource_id.is_not(None),
            CostDay.native_resource_id.in_(native_ids),
        )
        .distinct()
    )
    return {native: found for native, found in (await session.execute(statement)) if native and found}


async def has_unjoined_days(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether any costs name a resource that is not known yet."""
    statement = select(
        exists().where(
            CostDay.organization_id == organization_id,
            CostDay.resource_id.is_(None),
            CostDay.native_resource_id.is_not(None),
        )
    )
    return bool((await session.execute(statement)).scalar_one())
