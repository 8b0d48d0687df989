"""Reads of costs from PostgreSQL; the organization is always the first argument after the session."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.scope import account_conditions, resource_conditions, scope_of
from app.domains.accounts.models import Account
from app.domains.costs.models import CostDay, CostFile, CostImport
from app.domains.inventory.models import CloudResource

MAX_VISIBLE = 50_000


def _visible(session: AsyncSession) -> list[ColumnElement[bool]]:
    """Keeps the roll-up to the session's scope: by the bill's account number, and by the tags of the joined resource.

    A charge that names no known resource has no tags, so a scope with tags leaves it out.
    """
    scope = scope_of(session)
    if scope is None:
        return []
    made: list[ColumnElement[bool]] = []
    if (accounts := scope.account_ids) is not None:
        numbers = select(Account.id).where(
            Account.organization_id == CostDay.organization_id,
            Account.id.in_(sorted(accounts)),
            Account.provider == CostDay.provider,
            Account.native_account_id == func.coalesce(CostDay.sub_account, CostDay.billing_account),
        )
        made.append(numbers.exists())
    if scope.has_tags:
        resource = CloudResource
        tagged = select(resource.id).where(
            resource.organization_id == CostDay.organization_id,
            resource.id == CostDay.resource_id,
            *resource_conditions(scope, resource.account_id, resource.tags),
        )
        made.append(tagged.exists())
    return made


async def list_visible_accounts(session: AsyncSession, organization_id: UUID) -> list[tuple[str, str]]:
    """(provider, the cloud's number) of the accounts in the session's scope."""
    query = select(Account.provider, Account.native_account_id).where(
        Account.organization_id == organization_id,
        Account.native_account_id.is_not(None),
        *account_conditions(scope_of(session), Account.id),
    )
    return [(provider, number) for provider, number in (await session.execute(query)).all() if number]


async def list_visible_resources(session: AsyncSession, organization_id: UUID) -> list[str]:
    """The ids, as bills spell them, of the resources in the session's scope; one more than MAX_VISIBLE at most."""
    query = (
        select(CostDay.native_resource_id)
        .where(CostDay.organization_id == organization_id, CostDay.native_resource_id.is_not(None), *_visible(session))
        .distinct()
        .limit(MAX_VISIBLE + 1)
    )
    return [native_id for native_id in (await session.execute(query)).scalars() if native_id]


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
    statement = select(func.max(CostDay.charged_on)).where(
        CostDay.organization_id == organization_id, *_visible(session)
    )
    if until is not None:
        statement = statement.where(CostDay.charged_on <= until)
    found: date | None = (await session.execute(statement)).scalar_one()
    return found


async def sum_by_day(
    session: AsyncSession, organization_id: UUID, *, first: date, end: date, resource_id: UUID | None = None
) -> Sequence[Row[date, str, Decimal | None]]:
    """(day, currency, effective cost or None) from `first` to before `end`, oldest first."""
    statement = select(CostDay.charged_on, CostDay.currency, func.sum(CostDay.cost)).where(
        CostDay.organization_id == organization_id,
        CostDay.charged_on >= first,
        CostDay.charged_on < end,
        *_visible(session),
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
