"""The resource list, its facets and the summaries: rows straight to JSON where it is hot."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import get_database
from app.core.pagination import decode_cursor, encode_cursor, invalid_cursor
from app.core.scope import Scope, scope_of
from app.domains.accounts import service as accounts
from app.domains.inventory import queries
from app.domains.inventory.rules import ResourceFilter
from app.domains.inventory.schemas import AccountCount, AccountSyncState, Facets, InventorySummary, KeyCount, SyncState

MAX_GROUPS = 100
FEW_LISTS = 8  # of up to 100 resources each, see `service/terms.py`
RARITY_SECONDS, MAX_RARITIES = 60.0, 10_000
_rarity: dict[tuple[UUID, Scope], tuple[float, bool]] = {}


def item_of(row: Any) -> dict[str, Any]:
    """The driver's row as `ResourceRead`; its JSON columns stay the text that they came as."""
    item = dict(row)
    item.pop("cost_order", None)
    item["tags"] = orjson.Fragment(item["tags"])
    item["monthly_cost"] = orjson.Fragment(item["monthly_cost"])
    return item


async def list_resources(
    organization_id: UUID,
    filters: ResourceFilter,
    *,
    sort: str,
    limit: int,
    cursor: str | None,
    scope: Scope | None = None,
) -> bytes:
    """One page of open resources as JSON of `Page[ResourceRead]`, read outside of the request's session.

    Raises InvalidInput for a foreign cursor.
    """
    after = _read_cursor(cursor, sort)
    by_term = scope is not None and scope.has_tags and await _is_rare(organization_id, scope)
    sql, arguments = queries.page_statement(
        organization_id, filters, sort=sort, after=after, limit=limit + 1, scope=scope, by_term=by_term
    )
    rows = await get_database().reads.fetch(organization_id, sql, arguments)
    items = [item_of(row) for row in rows[:limit]]
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = encode_cursor(sort, *(last[name] for name in queries.SORTS[sort][0]), last["id"])
    page = {"items": items, "next_cursor": next_cursor, "total": None}
    return orjson.dumps(page, option=orjson.OPT_UTC_Z)


async def _is_rare(organization_id: UUID, scope: Scope) -> bool:
    """Whether so few resources have the scope's tags that their ids lead to a page sooner than its order does.

    Asked once a minute for each scope: it only chooses the way, never what is shown.
    """
    key = (organization_id, scope)
    known = _rarity.get(key)
    if known is None or known[0] < time.monotonic():
        sql, arguments = queries.rarity_statement(organization_id, scope, few=FEW_LISTS)
        rows = await get_database().reads.fetch(organization_id, sql, arguments)
        known = (time.monotonic() + RARITY_SECONDS, rows[0]["lists"] < FEW_LISTS)
        if len(_rarity) >= MAX_RARITIES:
            _rarity.clear()
        _rarity[key] = known
    return known[1]


def _read_cursor(cursor: str | None, sort: str) -> Sequence[Any] | None:
    columns = queries.SORTS[sort][0]
    key = decode_cursor(cursor, len(columns) + 2)
    if key is None:
        return None
    try:
        if key[0] != sort:
            raise ValueError
        return [*(_read_key(column, value) for column, value in zip(columns, key[1:-1], strict=True)), UUID(key[-1])]
    except (ValueError, TypeError, AttributeError):
        raise invalid_cursor() from None


def _read_key(column: str, value: Any) -> Any:
    if column == "first_seen_at":
        made = datetime.fromisoformat(value)
        if made.tzinfo is None:
            raise ValueError
        return made
    if column == "cost_order":
        return float(value)
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    value.encode()  # a lone surrogate is a ValueError too
    return value


async def list_facets(session: AsyncSession, organization_id: UUID, filters: ResourceFilter) -> Facets:
    """Counts of what the filters let through, by value."""
    groups = await queries.count_groups(session, organization_id, filters, queries.FACETS)
    names = await _account_names(session, organization_id)
    return Facets(
        provider=_key_counts(groups["provider"]),
        type=_key_counts(groups["type"]),
        region=_key_counts(groups["region"]),
        status=_key_counts(groups["status"]),
        account=[
            AccountCount(key=key, name=names[key], count=count) for key, count in groups["account_id"] if key in names
        ][:MAX_GROUPS],
    )


async def summarize(session: AsyncSession, organization_id: UUID) -> InventorySummary:
    """Counts of open resources, summed over units: the cost does not grow with the resources."""
    if (scope := scope_of(session)) is not None and scope.has_tags:
        return await _summarize_tagged(session, organization_id)
    by_provider: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    by_region: Counter[str] = Counter()
    by_account: Counter[UUID] = Counter()
    names: dict[UUID, str] = {}
    stale = 0
    for row in await queries.count_open_units(session, organization_id):
        counts: dict[str, int] = orjson.loads(row["type_counts"])
        total = sum(counts.values())
        by_type.update(counts)
        if total:
            by_provider[row["provider"]] += total
            by_region[row["region"]] += total
        by_account[row["account_id"]] += total
        names[row["account_id"]] = row["name"]
        stale += row["stale_resources"]
    return InventorySummary(
        total=by_provider.total(),
        stale=stale,
        by_provider=_key_counts(by_provider.most_common()),
        by_type=_key_counts(by_type.most_common()),
        by_region=_key_counts(by_region.most_common()),
        by_account=[AccountCount(key=key, name=names[key], count=count) for key, count in by_account.most_common()],
    )


async def _summarize_tagged(session: AsyncSession, organization_id: UUID) -> InventorySummary:
    """The same where tags narrow it: units know nothing of tags, so the rows are counted."""
    columns = ("provider", "type", "region", "account_id")
    groups = await queries.count_groups(session, organization_id, ResourceFilter(), columns)
    names = await _account_names(session, organization_id)
    stale = await queries.count_groups(session, organization_id, ResourceFilter(stale=True), ("account_id",))
    return InventorySummary(
        total=sum(count for _, count in groups["provider"]),
        stale=sum(count for _, count in stale["account_id"]),
        by_provider=_key_counts(groups["provider"]),
        by_type=_key_counts(groups["type"]),
        by_region=_key_counts(groups["region"]),
        by_account=[
            AccountCount(key=key, name=names[key], count=count) for key, count in groups["account_id"] if key in names
        ],
    )


async def read_sync_state(session: AsyncSession, organization_id: UUID) -> SyncState:
    """How current each account is."""
    rows = await queries.list_sync_states(session, organization_id)
    found = [dict(row) for row in rows]
    if (scope := scope_of(session)) is not None and scope.has_tags:
        stale = await queries.count_groups(session, organization_id, ResourceFilter(stale=True), ("account_id",))
        counts = dict(stale["account_id"])
        found = [row | {"stale_resources": counts.get(row["account_id"], 0)} for row in found]
    items = [AccountSyncState(**row, state=_worst_state(row)) for row in found]
    return SyncState(items=items, stale_resources=sum(item.stale_resources for item in items))


def _worst_state(row: Mapping[str, Any]) -> Any:
    ended = row["complete"] + row["partial"] + row["failed"]
    if not ended:
        return "never"
    if row["failed"] == ended:
        return "failed"
    return "complete" if row["complete"] == ended else "partial"


def _key_counts(counts: Sequence[tuple[Any, int]]) -> list[KeyCount]:
    return [KeyCount(key=key, count=count) for key, count in counts[:MAX_GROUPS]]


async def _account_names(session: AsyncSession, organization_id: UUID) -> dict[UUID, str]:
    page = await accounts.list_accounts(session, organization_id, limit=10_000)
    return {account.id: account.name for account in page.items}
