"""Facets and summaries: counts that units keep where they answer the question, else of rows up to a bound."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import get_database
from app.core.scope import Scope, scope_of
from app.domains.inventory import queries, rules
from app.domains.inventory.rules import ResourceFilter
from app.domains.inventory.schemas import AccountCount, AccountSyncState, Facets, InventorySummary, KeyCount, SyncState
from app.domains.inventory.service.asking import (
    about_resources,
    ask,
    check_known,
    choose_way,
    find_ranges,
    has_words,
    may_walk,
)
from app.domains.inventory.service.past import open_past

MAX_GROUPS = 100
COUNTED = 10_000  # resources; counting stops there
# Of a sample, for an estimate: off by more than a seventh once in twenty times. Fewer are counted one by one.
ENOUGH = 200
# Resources of an organization; up to so many, walking all is quick enough to count as many as COUNTED.
FEW = 100_000
Groups = dict[str, list[tuple[Any, int]]]
Combinations = list[tuple[tuple[Any, ...], int]]  # values by column, and their count


async def list_facets(
    organization_id: UUID, filters: ResourceFilter, *, scope: Scope | None = None, at: datetime | None = None
) -> Facets:
    """Counts of what the filters let through, by value; of a moment of the past with `at`.

    Read outside of the request's session, like the list. Raises InvalidInput.
    """
    await check_known(organization_id, filters)
    is_whole = scope is None or not scope.has_tags
    if at is None and is_whole and queries.is_kept(filters):
        groups, total, exact, estimated = *await _read_kept(organization_id, filters, scope), True, False
    else:
        groups, total, exact, estimated = await _count_bounded(organization_id, filters, scope, at)
    names = await _account_names(organization_id, scope)
    return Facets(
        total=total,
        exact=exact,
        estimated=estimated,
        provider=_key_counts(groups["provider"]),
        type=_key_counts(groups["type"]),
        region=_key_counts(groups["region"]),
        status=_key_counts(groups["status"]),
        account=[
            AccountCount(key=key, name=names[key], count=count) for key, count in groups["account_id"] if key in names
        ][:MAX_GROUPS],
    )


async def _read_kept(organization_id: UUID, filters: ResourceFilter, scope: Scope | None) -> tuple[Groups, int]:
    """Counts by column from what units keep, and of all filters together."""
    sql, arguments = queries.kept_counts_statement(organization_id, filters, scope)
    counts: dict[str, dict[Any, int]] = {facet: {} for facet in (*queries.FACETS, "total")}
    for facet, key, found in await get_database().reads.fetch(organization_id, sql, arguments):
        counts[facet][UUID(key) if facet == "account_id" else key] = found
    return {facet: _sorted(counts[facet]) for facet in queries.FACETS}, counts["total"][None]


async def _count_bounded(
    organization_id: UUID, filters: ResourceFilter, scope: Scope | None, at: datetime | None
) -> tuple[Groups, int, bool, bool]:
    """Counts by column of at most COUNTED rows, or estimates; whether these were all, whether any is an estimate."""
    shared = [column for column in queries.FACETS if not _is_narrowed(filters, column)]
    own = [column for column in queries.FACETS if column not in shared]
    groups: Groups = {column: [] for column in queries.FACETS}
    total, exact, estimated = 0, True, False
    within = await _find_walk(organization_id, filters, scope) if at is None else None
    for columns, without in [(shared, None), *(([column], column) for column in own)]:
        wanted = filters if without is None else _without(filters, without)
        rows = await _estimate(organization_id, wanted, columns, scope, within) if within is not None else None
        is_estimate = rows is not None
        if rows is None:
            rows = await _combinations(organization_id, wanted, columns, scope, at, within)
        found = sum(count for _, count in rows)
        if without is None:
            total = found if is_estimate else min(found, COUNTED)
        exact = exact and not is_estimate and found <= COUNTED
        estimated = estimated or is_estimate
        for position, column in enumerate(columns):
            counter: Counter[Any] = Counter()
            for values, count in rows:
                counter[values[position]] += count
            groups[column] = _sorted(counter)
    return groups, total, exact, estimated


def _is_narrowed(filters: ResourceFilter, column: str) -> bool:
    field = "account" if column == "account_id" else column
    return bool(getattr(filters, column)) or any(term.field == field for term in filters.more)


async def _find_walk(organization_id: UUID, filters: ResourceFilter, scope: Scope | None) -> queries.NameRange | None:
    """The range of names to walk, where an index can answer these filters and no look-up leads to fewer resources.

    Not for scopes with tags, which want certainty.
    """
    if not queries.is_narrow(filters) or (scope and scope.has_tags):
        return None
    way = await choose_way(organization_id, filters, scope)
    if way is None:
        return "", None
    if not way.is_common or not await may_walk(organization_id):
        return None
    ranges = await find_ranges(organization_id, filters, scope)
    return (ranges[0][0], ranges[-1][1]) if ranges else ("", "")


async def _estimate(
    organization_id: UUID,
    filters: ResourceFilter,
    columns: Sequence[str],
    scope: Scope | None,
    within: queries.NameRange,
) -> Combinations | None:
    """Each combination of values with about its count; None where too few match for that."""
    if not rules.are_plain(filters.words or ()):
        return None
    sql, arguments = queries.narrow_groups_statement(
        organization_id, filters, columns, scope=scope, bound=COUNTED + 1, is_sample=True, within=within
    )
    rows = await ask(organization_id, filters, sql, arguments)
    seen = sum(row["seen"] for row in rows)
    if seen < ENOUGH or (seen * queries.SAMPLE_OF <= COUNTED and await about_resources(organization_id) <= FEW):
        return None
    return [(tuple(row[column] for column in columns), row["found"]) for row in rows]


async def _combinations(
    organization_id: UUID,
    filters: ResourceFilter,
    columns: Sequence[str],
    scope: Scope | None,
    at: datetime | None,
    within: queries.NameRange | None,
) -> Combinations:
    """Each combination of values with its count."""
    way, past = None, None
    if at is None:
        way = await choose_way(organization_id, filters, scope)
    else:
        past = await open_past(organization_id, filters, at, scope)
    if within is not None and way is not None:
        if filters.words:
            return await _count_words(organization_id, filters, columns, scope, within)
        sql, arguments = queries.narrow_groups_statement(
            organization_id, filters, columns, scope=scope, bound=COUNTED + 1, within=within
        )
        rows = await ask(organization_id, filters, sql, arguments)
        return [(tuple(row[column] for column in columns), row["found"]) for row in rows]
    # Where only common look-ups lead, rows are tried one after the other until there are enough.
    by_lists = () if way is not None and way.is_common and not filters.words else None
    sql, arguments = queries.groups_statement(
        organization_id,
        filters,
        columns,
        without=None,
        scope=scope,
        by_lists=by_lists,
        bound=COUNTED + 1,
        past=past,
    )
    counter: Counter[tuple[Any, ...]] = Counter()
    for row in await ask(organization_id, filters, sql, arguments):
        counter[tuple(row[column] for column in columns)] += row["found"]
    for told in past.rows if past else ():
        counter[tuple(told[column] for column in columns)] += 1
    return list(counter.items())


async def _count_words(
    organization_id: UUID,
    filters: ResourceFilter,
    columns: Sequence[str],
    scope: Scope | None,
    within: queries.NameRange,
) -> Combinations:
    """The same where common words lead: the index has only bits of them, so each row is looked at."""
    sql, arguments = queries.walk_statement(
        organization_id, filters, sort="name", after=None, limit=COUNTED + 1, scope=scope, within=within
    )
    counter: Counter[tuple[Any, ...]] = Counter()
    for row in await ask(organization_id, filters, sql, arguments):
        if row["fits"] and has_words(filters, row):
            values = dict(row) | {"account_id": UUID(row["account_id"])}
            counter[tuple(values[column] for column in columns)] += 1
    return list(counter.items())


def _without(filters: ResourceFilter, column: str) -> ResourceFilter:
    field = "account" if column == "account_id" else column
    changed: dict[str, Any] = {column: ()}
    return replace(filters, more=tuple(term for term in filters.more if term.field != field), **changed)


async def _count(organization_id: UUID, filters: ResourceFilter, columns: Sequence[str], scope: Scope | None) -> Groups:
    """Counts by column of all rows."""
    sql, arguments = queries.groups_statement(
        organization_id, filters, columns, without=None, scope=scope, by_lists=None, bound=None
    )
    rows = await get_database().reads.fetch(organization_id, sql, arguments)
    groups: Groups = {}
    for column in columns:
        counter: Counter[Any] = Counter()
        for row in rows:
            counter[row[column]] += row["found"]
        groups[column] = _sorted(counter)
    return groups


def _sorted(counter: Mapping[Any, int]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0] is None, str(item[0])))


async def summarize(session: AsyncSession, organization_id: UUID) -> InventorySummary:
    """Counts of open resources, summed over what units keep: the cost does not grow with the resources."""
    if (scope := scope_of(session)) is not None and scope.has_tags:
        return await _summarize_tagged(session, organization_id)
    by_provider: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    by_region: Counter[str] = Counter()
    by_account: Counter[UUID] = Counter()
    names: dict[UUID, str] = {}
    stale = 0
    for row in await queries.count_open(session, organization_id):
        found = row["found"]
        by_provider[row["provider"]] += found
        by_type[row["type"]] += found
        by_region[row["region"]] += found
        by_account[row["account_id"]] += found
        names[row["account_id"]] = row["name"]
        stale += row["stale"]
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
    scope = scope_of(session)
    groups = await _count(organization_id, ResourceFilter(), columns, scope)
    names = await _account_names(organization_id, scope)
    stale = await _count(organization_id, ResourceFilter(stale=True), ("account_id",), scope)
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
        stale = await _count(organization_id, ResourceFilter(stale=True), ("account_id",), scope)
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


async def _account_names(organization_id: UUID, scope: Scope | None) -> dict[UUID, str]:
    sql, arguments = queries.account_names_statement(organization_id, scope)
    return {row["id"]: row["name"] for row in await get_database().reads.fetch(organization_id, sql, arguments)}
