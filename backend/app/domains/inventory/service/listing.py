"""The resource list: rows straight to JSON."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.core.pagination import decode_cursor, encode_cursor, invalid_cursor
from app.core.scope import Scope
from app.domains.inventory import queries
from app.domains.inventory.queries import Lookup
from app.domains.inventory.rules import ResourceFilter
from app.domains.inventory.service.asking import Way, ask, check_known, choose_way, find_ranges, has_words, may_walk
from app.domains.inventory.service.past import open_past

# Rows that are looked at in the list's order before common look-ups are intersected: enough for a page where one in
# forty matches, and a small price where fewer do.
WINDOW = 2_500


def item_of(row: Any) -> dict[str, Any]:
    """The driver's row as `ResourceRead`; its JSON columns stay the text that they came as."""
    item = dict(row)
    item.pop("cost_order", None)
    item.pop("aliases", None)
    item.pop("fits", None)
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
    at: datetime | None = None,
) -> bytes:
    """One page of resources as JSON of `Page[ResourceRead]`, read outside of the request's session.

    Raises InvalidInput for a foreign cursor, a search that takes too long, a moment that cannot be answered.
    """
    after = _read_cursor(cursor, sort)
    if filters.more:
        await check_known(organization_id, filters)
    if at is not None:
        past = await open_past(organization_id, filters, at, scope)
        sql, arguments = queries.past_page_statement(
            organization_id, filters, past, sort=sort, after=after, limit=limit + 1, scope=scope
        )
        rows = await ask(organization_id, filters, sql, arguments)
    else:
        way = await choose_way(organization_id, filters, scope)
        rows = await _read_page(organization_id, filters, way, sort=sort, after=after, limit=limit + 1, scope=scope)
    items = [item_of(row) for row in rows[:limit]]
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = encode_cursor(sort, *(last[name] for name in queries.SORTS[sort][0]), last["id"])
    page = {"items": items, "next_cursor": next_cursor, "total": None}
    return orjson.dumps(page, option=orjson.OPT_UTC_Z)


async def _read_page(
    organization_id: UUID,
    filters: ResourceFilter,
    way: Way | None,
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
    scope: Scope | None,
) -> Sequence[Any]:
    """At most `limit` rows. Where only common look-ups lead, a window of the list is tried first."""
    if way is None:
        sql, arguments = queries.page_statement(
            organization_id, filters, sort=sort, after=after, limit=limit, scope=scope
        )
        return await ask(organization_id, filters, sql, arguments)
    is_walk = way.is_common and sort in ("name", "-name") and queries.is_narrow(filters)
    if is_walk and await may_walk(organization_id):
        return await _walk(organization_id, filters, sort=sort, after=after, limit=limit, scope=scope)
    window = WINDOW if way.is_common else None
    by_lists = () if way.is_common else way.by_lists
    rows = await _read_rough(
        organization_id, filters, by_lists, sort=sort, after=after, limit=limit, scope=scope, window=window
    )
    if len(rows) >= limit or not way.is_common:
        return rows
    sql, arguments = queries.page_statement(organization_id, filters, sort=sort, after=after, limit=limit, scope=scope)
    return await ask(organization_id, filters, sql, arguments)


async def _walk(
    organization_id: UUID,
    filters: ResourceFilter,
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
    scope: Scope | None,
) -> list[Any]:
    """Rows by name along the index that holds what the filters ask about, where in it they can be."""
    kept: list[Any] = []
    ranges = await find_ranges(organization_id, filters, scope)
    if sort == "-name":
        ranges.reverse()
    while ranges and len(kept) < limit:
        sql, arguments = queries.walk_statement(
            organization_id, filters, sort=sort, after=after, limit=limit, scope=scope, within=ranges[0]
        )
        rows = await ask(organization_id, filters, sql, arguments)
        kept += [row for row in rows if row["fits"] and (not filters.words or has_words(filters, row))]
        if len(rows) < limit:
            ranges = ranges[1:]
        else:
            after = [rows[-1]["name"], UUID(rows[-1]["id"])]
    return kept[:limit]


async def _read_rough(
    organization_id: UUID,
    filters: ResourceFilter,
    by_lists: Collection[Lookup],
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
    scope: Scope | None,
    window: int | None,
) -> list[Any]:
    """Rows whose words are checked here, because SQL has only looked at them roughly."""
    kept: list[Any] = []
    while True:
        sql, arguments = queries.page_statement(
            organization_id,
            filters,
            sort=sort,
            after=after,
            limit=limit,
            scope=scope,
            by_lists=by_lists,
            window=window,
            with_aliases=bool(filters.words),
        )
        rows = await ask(organization_id, filters, sql, arguments)
        kept += [row for row in rows if not filters.words or has_words(filters, row)]
        if len(rows) < limit or len(kept) >= limit:
            return kept[:limit]
        after = [*(rows[-1][name] for name in queries.SORTS[sort][0]), UUID(rows[-1]["id"])]


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
