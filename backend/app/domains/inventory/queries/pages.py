"""Pages of the resource list."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.scope import Scope
from app.domains.inventory.queries.conditions import accounts_of, filter_statement, narrow_statement
from app.domains.inventory.queries.lookups import Lookup
from app.domains.inventory.queries.statement import NameRange, Statement
from app.domains.inventory.rules import ResourceFilter

SORTS: dict[str, tuple[tuple[str, ...], bool]] = {  # columns before the id, and whether they descend
    "name": (("name",), False),
    "-name": (("name",), True),
    "type": (("type", "name"), False),
    "region": (("region", "name"), False),
    "first_seen": (("first_seen_at",), False),
    "-first_seen": (("first_seen_at",), True),
    "cost": (("cost_order",), False),
    "-cost": (("cost_order",), True),
}
_TYPES = {"name": "text", "type": "text", "region": "text", "first_seen_at": "timestamptz", "cost_order": "float8"}
# Ids as text: the driver's UUID is a subclass, which orjson does not know.
# A complete listing of its type saw every row that is there.
_SEEN = """greatest(r.last_seen_at, CASE WHEN r.closed_at IS NULL
  THEN (u.type_seen_at ->> r.native_type)::timestamptz END)"""
_STALE = "r.stale_since IS NOT NULL"
ITEM_COLUMNS = f"""r.id::text AS id, r.provider, r.account_id::text AS account_id, r.native_id, r.type, r.native_type,
  r.name, r.region, r.status, r.tags::text AS tags, r.cost::text AS monthly_cost, r.first_seen_at,
  {_SEEN} AS last_seen_at, {_STALE} AS stale"""
UNIT_JOIN = "LEFT JOIN sync_units u ON u.organization_id = r.organization_id AND u.id = r.unit_id"
# The columns of ITEM_COLUMNS and the key of every sort, of a row that is not in the table: see `Past`.
PAST_COLUMNS = {
    "id": "uuid", "provider": "text", "account_id": "uuid", "native_id": "text", "type": "text", "native_type": "text",
    "name": "text", "region": "text", "status": "text", "tags": "text", "monthly_cost": "text",
    "first_seen_at": "timestamptz", "last_seen_at": "timestamptz", "stale": "bool", "cost_order": "float8",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Past:
    """A moment of the past: `changed` resources were different then, `rows` are those of them that match."""

    at: datetime
    changed: Sequence[UUID]
    rows: Sequence[Mapping[str, Any]] = ()

    def narrow(self, made: Statement) -> None:
        """Keep to what was there and is still the same."""
        made.conditions.append(f"r.first_seen_at <= {made.bind(self.at)}::timestamptz")
        if self.changed:
            made.conditions.append(f"r.id <> ALL({made.bind(list(self.changed))}::uuid[])")


def page_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
    scope: Scope | None = None,
    by_lists: Collection[Lookup] | None = None,
    window: int | None = None,
    with_aliases: bool = False,
) -> tuple[str, list[Any]]:
    """SQL and arguments of one page; `after` is the sort key of the row before.

    `window`: look only at so many rows in the list's order, whatever the look-ups and other terms leave of them.
    """
    statement = filter_statement(organization_id, filters, scope=scope, by_lists=by_lists)
    columns, _ = SORTS[sort]
    order = _order(sort)
    _continue(statement, sort, after)
    source = "cloud_resources"
    if window is not None:
        plain = ResourceFilter(
            **{name: getattr(filters, name) for name in ("provider", "account_id", "type", "native_type", "region")},
            status=filters.status,
            stale=filters.stale,
            more=tuple(term for term in filters.more if term.field == "is" and filters.closed),
        )
        inner = filter_statement(organization_id, plain, scope=accounts_of(scope), by_lists=())
        _continue(inner, sort, after)
        shifted = shift_arguments(inner.where, len(statement.arguments))
        statement.arguments += inner.arguments
        source = f"(SELECT * FROM cloud_resources r WHERE {shifted} ORDER BY {order} LIMIT {statement.bind(window)})"  # noqa: S608
    # The page is cut before the units are joined, so that the join touches only its rows.
    more = (", r.cost_order" if "cost_order" in columns else "") + (", r.aliases" if with_aliases else "")
    sql = f"""SELECT {ITEM_COLUMNS}{more}
      FROM (SELECT * FROM {source} r WHERE {statement.where} ORDER BY {order} LIMIT {statement.bind(limit)}) r
      {UNIT_JOIN} ORDER BY {order}"""  # noqa: S608  # names are ours, values are arguments
    return sql, statement.arguments


def walk_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
    scope: Scope | None = None,
    within: NameRange | None = None,
) -> tuple[str, list[Any]]:
    """SQL of one page by name for narrow filters whose tags are common: an index is walked, the page's rows are read.

    The column `fits` tells whether the row itself matches but for its words, for which `aliases` is there too. It
    rarely does not; walk on after the last row then. `within`: a range of names to keep to.
    """
    walked = narrow_statement(organization_id, filters, scope)
    _continue(walked, sort, after)
    if within is not None:
        add_range(walked, within)
    plain = replace(filters, words=None if filters.words else filters.words)
    exact = filter_statement(organization_id, plain, scope=scope, by_lists=())
    size = walked.bind(limit)
    fits = shift_arguments(exact.where, len(walked.arguments))
    columns = ", ".join(f"r.{column}" for column in (*SORTS[sort][0], "id"))
    sql = f"""SELECT {ITEM_COLUMNS}, ({fits}) AS fits{", r.aliases" if filters.words else ""}
      FROM (SELECT {columns} FROM cloud_resources r WHERE {walked.where} ORDER BY {_order(sort)} LIMIT {size}) w
      JOIN cloud_resources r ON r.organization_id = $1 AND r.id = w.id
      {UNIT_JOIN} ORDER BY {_order(sort)}"""  # noqa: S608  # names are ours, values are arguments
    return sql, [*walked.arguments, *exact.arguments]


def past_page_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    past: Past,
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
    scope: Scope | None = None,
) -> tuple[str, list[Any]]:
    """The same for a moment of the past: what is unchanged since, from the table, and what is told in `past.rows`."""
    statement = filter_statement(organization_id, filters, scope=scope, now=past.at)
    past.narrow(statement)
    _continue(statement, sort, after)
    conditions, order = statement.where, _order(sort)
    arrays = ", ".join(
        f"{statement.bind([row[name] for row in past.rows])}::{kind}[]" for name, kind in PAST_COLUMNS.items()
    )
    later = Statement([], statement.arguments)
    _continue(later, sort, after, alias="s")
    names = ", ".join("s.id::text" if name == "id" else f"s.{name}" for name in PAST_COLUMNS)
    names = names.replace("s.account_id", "s.account_id::text").replace("s.name", 's.name COLLATE "C"')
    size = later.bind(limit)
    seen, stale = _as_of(later, past)
    columns = ITEM_COLUMNS.replace(_SEEN, seen).replace(_STALE, stale)
    sql = f"""SELECT * FROM (
        (SELECT {columns}, r.cost_order
          FROM (SELECT * FROM cloud_resources r WHERE {conditions} ORDER BY {order} LIMIT {size}) r {UNIT_JOIN})
        UNION ALL
        (SELECT {names} FROM unnest({arrays}) AS s ({", ".join(PAST_COLUMNS)}) WHERE {later.where or "true"})) r
      ORDER BY {_order(sort, "r.id::uuid")} LIMIT {size}"""  # noqa: S608  # names are ours, values are arguments
    return sql, later.arguments


def export_statement(
    organization_id: UUID, filters: ResourceFilter, *, scope: Scope | None, past: Past | None
) -> tuple[str, list[Any]]:
    """SQL of every matching row with all its columns, in no order; of a moment only what is unchanged since."""
    statement = filter_statement(organization_id, filters, scope=scope, now=past.at if past else None)
    seen, stale = _SEEN, _STALE
    if past is not None:
        past.narrow(statement)
        seen, stale = _as_of(statement, past)
    sql = f"""SELECT r.id, r.provider, r.account_id, a.name AS account_name, r.native_account, r.native_id, r.type,
        r.native_type, r.name, r.region, r.service, r.status, r.tags::text AS tags, r.cost::text AS monthly_cost,
        r.created_at, r.first_seen_at, {seen} AS last_seen_at, {stale} AS stale, r.closed_at,
        r.properties::text AS properties
      FROM cloud_resources r {UNIT_JOIN}
      JOIN accounts a ON a.organization_id = r.organization_id AND a.id = r.account_id
      WHERE {statement.where}"""  # noqa: S608  # names are ours
    return sql, statement.arguments


def _as_of(made: Statement, past: Past) -> tuple[str, str]:
    """When a row was last seen up to a moment, and whether it was stale then, as far as the present tells."""
    moment = f"{made.bind(past.at)}::timestamptz"
    return f"least({_SEEN}, {moment})", f"coalesce(r.stale_since <= {moment}, false)"


def _order(sort: str, last: str = "r.id") -> str:
    columns, descends = SORTS[sort]
    direction = " DESC" if descends else ""
    return ", ".join(f"{column}{direction}" for column in (*(f"r.{column}" for column in columns), last))


def _continue(made: Statement, sort: str, after: Sequence[Any] | None, alias: str = "r") -> None:
    """Keep to what comes after a row."""
    if after is None:
        return
    columns, descends = SORTS[sort]
    key = ", ".join(f"{alias}.{column}" for column in (*columns, "id"))
    kinds = [*(_TYPES[column] for column in columns), "uuid"]
    values = ", ".join(f"{made.bind(value)}::{kind}" for value, kind in zip(after, kinds, strict=True))
    made.conditions.append(f"({key}) {'<' if descends else '>'} ({values})")


def add_range(made: Statement, within: NameRange) -> None:
    """Keep to a range of names."""
    start, end = within
    made.conditions.append(f"r.name >= {made.bind(start)}::text")
    if end is not None:
        made.conditions.append(f"r.name < {made.bind(end)}::text")


def shift_arguments(sql: str, by: int) -> str:
    """SQL whose arguments come after `by` others."""
    return re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + by}", sql)
