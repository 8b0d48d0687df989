"""Units of collection and what they count."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import scope_of
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.queries.statement import fetch


async def list_units(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID | None = None,
    *,
    after: Sequence[str] | None = None,
    limit: int | None = None,
) -> Sequence[SyncUnit]:
    """Planned units by account number, service and region."""
    order = (SyncUnit.native_account, SyncUnit.service, SyncUnit.region)
    query = select(SyncUnit).where(SyncUnit.organization_id == organization_id, SyncUnit.retired_at.is_(None))
    if account_id is not None:
        query = query.where(SyncUnit.account_id == account_id)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return (await session.execute(query.order_by(*order).limit(limit))).scalars().all()


async def count_open(session: AsyncSession, organization_id: UUID) -> Sequence[RowMapping]:
    """Counts of open resources by account, type and region as units keep them; retired units keep their stale ones."""
    scope = scope_of(session)
    accounts = sorted(scope.account_ids or ()) if scope and scope.account_ids is not None else None
    sql = """SELECT c.account_id, a.name, a.provider, c.type, c.region, sum(c.resources)::bigint AS found,
        sum(c.stale)::bigint AS stale
      FROM sync_unit_counts c JOIN accounts a ON a.organization_id = c.organization_id AND a.id = c.account_id
      WHERE c.organization_id = $1 AND a.removed_at IS NULL AND ($2::uuid[] IS NULL OR a.id = ANY($2::uuid[]))
      GROUP BY c.account_id, a.name, a.provider, c.type, c.region"""
    return await fetch(session, sql, (organization_id, accounts))


async def list_sync_states(session: AsyncSession, organization_id: UUID) -> Sequence[RowMapping]:
    """Each account's units by state, and its stale resources."""
    sql = """SELECT a.id AS account_id, a.name, a.provider, a.last_synced_at,
        count(u.id) FILTER (WHERE u.retired_at IS NULL) AS units,
        count(*) FILTER (WHERE u.state = 'complete' AND u.retired_at IS NULL) AS complete,
        count(*) FILTER (WHERE u.state = 'partial' AND u.retired_at IS NULL) AS partial,
        count(*) FILTER (WHERE u.state = 'failed' AND u.retired_at IS NULL) AS failed,
        coalesce(sum(u.stale_resources), 0)::bigint AS stale_resources
      FROM accounts a LEFT JOIN sync_units u ON u.organization_id = a.organization_id AND u.account_id = a.id
      WHERE a.organization_id = $1 AND a.removed_at IS NULL AND ($2::uuid[] IS NULL OR a.id = ANY($2::uuid[]))
      GROUP BY a.organization_id, a.id ORDER BY a.id"""
    scope = scope_of(session)
    accounts = sorted(scope.account_ids or ()) if scope and scope.account_ids is not None else None
    return await fetch(session, sql, (organization_id, accounts))
