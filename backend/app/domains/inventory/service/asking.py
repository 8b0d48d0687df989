"""What every question has in common: its time limit, the way it takes, and refusing what is not known yet."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from app.core.database import get_database
from app.core.errors import FieldProblem, InvalidInput
from app.core.reads import QueryTooSlow
from app.core.scope import Scope
from app.domains.inventory import queries, rules
from app.domains.inventory.queries import Lookup
from app.domains.inventory.rules import ResourceFilter, SearchTerm, print_search

SIZE_SECONDS, MAX_SIZES = 60.0, 20_000
SEARCH_SECONDS = 4  # a search that reads everything is cut then
_sizes: dict[tuple[UUID, Lookup], tuple[float, int | None]] = {}
_totals: dict[UUID, tuple[float, int]] = {}
_indexed: set[UUID] = set()


@dataclass(frozen=True, kw_only=True)
class Way:
    """How to reach the rows: by the look-ups of `by_lists`; `is_common` when none of them leads to few."""

    by_lists: Collection[Lookup]
    is_common: bool


async def ask(organization_id: UUID, filters: ResourceFilter, sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
    """Rows under a time limit. Raises InvalidInput for a search that names nothing an index could lead to."""
    reads = get_database().reads
    if not filters.more and filters.words is None:
        return await reads.fetch(organization_id, sql, arguments)
    try:
        return await reads.fetch(organization_id, sql, arguments, limit_seconds=SEARCH_SECONDS)
    except QueryTooSlow:
        raise _too_slow(filters) from None


def _too_slow(filters: ResourceFilter) -> InvalidInput:
    slow = next((term for term in filters.more if term.field in ("property", "name", "id")), None)
    detail = "reads too many resources: add a term such as type:, account: or tag:"
    if slow is not None:
        detail = f"{_shown(slow)} {detail} (at character {slow.start + 1})"
    return InvalidInput("The search takes too long.", errors=[FieldProblem(pointer="query/search", detail=detail)])


def _shown(term: SearchTerm) -> str:
    text = print_search([term])
    return text if len(text) <= 80 else f"{text[:79]}…"


async def choose_way(organization_id: UUID, filters: ResourceFilter, scope: Scope | None) -> Way | None:
    """The way for these filters; None where no look-up is needed.

    Sizes are asked once a minute for each look-up: they only choose the way, never what is shown.
    """
    lookups = queries.lookups_of(filters, scope)
    if not lookups:
        return None
    now = time.monotonic()
    unknown = [one for one in lookups if _sizes.get((organization_id, one), (0.0, None))[0] < now]
    if unknown:
        sql, arguments = queries.size_statement(organization_id, unknown)
        if len(_sizes) >= MAX_SIZES:
            _sizes.clear()
        for row in await get_database().reads.fetch(organization_id, sql, arguments):
            size = row["ids"] if row["lists"] < queries.FEW_LISTS else None
            _sizes[organization_id, unknown[row["position"]]] = (now + SIZE_SECONDS, size)
    sizes = {one: _sizes[organization_id, one][1] for one in lookups}
    few = {one: size for one, size in sizes.items() if size is not None}
    if not few:
        return Way(by_lists=lookups, is_common=True)
    return Way(by_lists=[min(few, key=lambda one: few[one])], is_common=False)


async def may_walk(organization_id: UUID) -> bool:
    """Whether a walk by name finds every resource: not between an upgrade and the end of `indexing`."""
    if organization_id in _indexed:
        return True
    sql, arguments = queries.left_over_statement(organization_id)
    (row,) = await get_database().reads.fetch(organization_id, sql, arguments)
    if not row["is_left"]:
        if len(_indexed) >= MAX_SIZES:
            _indexed.clear()
        _indexed.add(organization_id)
    return not row["is_left"]


async def find_ranges(organization_id: UUID, filters: ResourceFilter, scope: Scope | None) -> list[queries.NameRange]:
    """Ranges of names outside of which nothing matches, in their order."""
    sql, arguments = queries.zones_statement(organization_id, filters, scope)
    return queries.ranges_of(await get_database().reads.fetch(organization_id, sql, arguments))


async def about_resources(organization_id: UUID) -> int:
    """About how many open resources the organization has, asked once a minute."""
    now = time.monotonic()
    known = _totals.get(organization_id)
    if known is None or known[0] < now:
        if len(_totals) >= MAX_SIZES:
            _totals.clear()
        sql, arguments = queries.sample_size_statement(organization_id)
        (row,) = await get_database().reads.fetch(organization_id, sql, arguments)
        _totals[organization_id] = known = (now + SIZE_SECONDS, row["found"] * queries.SAMPLE_OF)
    return known[1]


def has_words(filters: ResourceFilter, row: Any) -> bool:
    """Whether a row of a page matches the query's words."""
    terms = rules.resource_terms(
        name=row["name"],
        native_id=row["native_id"],
        native_type=row["native_type"],
        kind=row["type"],
        region=row["region"],
        tags=orjson.loads(row["tags"]),
        aliases=row["aliases"],
    )
    return rules.matches_words(terms.all, filters.words or (), filters.ids)


def forget_sizes() -> None:
    """Ask anew; for tests, whose estates grow faster than a minute."""
    _sizes.clear()
    _totals.clear()
    _indexed.clear()


async def check_known(organization_id: UUID, filters: ResourceFilter) -> None:
    """Raises InvalidInput for a flag that nobody worked out yet: "none" would be a lie."""
    for term in filters.more:
        flags = {value.exact for value in term.values if term.field == "is"} & {"public", "orphan"}
        if not flags:
            continue
        sql, arguments = queries.known_marks_statement(organization_id)
        known = {row["mark"] for row in await get_database().reads.fetch(organization_id, sql, arguments)}
        if missing := sorted(str(flag) for flag in flags if flag not in known):
            detail = f"is:{missing[0]} is not known yet; it is worked out after a sync (at character {term.start + 1})"
            raise InvalidInput(errors=[FieldProblem(pointer="query/search", detail=detail)])
