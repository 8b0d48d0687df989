"""Counts of resources by column: of all from what units keep, of a part from the rows, up to a bound."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from app.core.scope import Scope
from app.domains.inventory.queries.conditions import filter_statement
from app.domains.inventory.queries.lookups import Lookup
from app.domains.inventory.queries.pages import Past
from app.domains.inventory.queries.statement import Statement, narrow
from app.domains.inventory.rules import ResourceFilter

FACETS = ("provider", "type", "region", "account_id", "status")
_KEPT = {
    "provider": "a.provider", "account_id": "c.account_id", "type": "c.type", "native_type": "c.native_type",
    "region": "c.region", "status": "c.status",
}  # fmt: skip


def kept_counts_statement(
    organization_id: UUID, filters: ResourceFilter, column: str, scope: Scope | None, *, own: bool
) -> tuple[str, list[Any]]:
    """SQL of (key, found) for one column from what units keep. `own`: also by the column's own filter.

    Only for filters that name nothing but the columns of `sync_unit_counts`, and for scopes without tags.
    """
    made = Statement()
    made.conditions.append(f"c.organization_id = {made.bind(organization_id)}")
    narrow(made, scope, "c")
    for name, text in _KEPT.items():
        values = getattr(filters, name)
        if values and (own or name != column):
            kind = "uuid" if name == "account_id" else "text"
            made.conditions.append(f"{text} = ANY({made.bind(list(values))}::{kind}[])")
    number = "c.resources" if filters.stale is None else "c.stale" if filters.stale else "c.resources - c.stale"
    key = f"nullif({_KEPT[column]}, '')" if column == "status" else _KEPT[column]
    sql = f"""SELECT {key} AS key, sum({number})::bigint AS found FROM sync_unit_counts c
      JOIN accounts a ON a.organization_id = c.organization_id AND a.id = c.account_id
      WHERE {made.where} GROUP BY 1 HAVING sum({number}) > 0 ORDER BY found DESC, key"""  # noqa: S608
    return sql, made.arguments


def is_kept(filters: ResourceFilter) -> bool:
    """Whether units keep the counts of these filters."""
    return not filters.tags and filters.words is None and not filters.more


def groups_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    columns: Sequence[str],
    *,
    without: str | None,
    scope: Scope | None,
    by_lists: Collection[Lookup] | None,
    bound: int | None,
    past: Past | None = None,
) -> tuple[str, list[Any]]:
    """SQL of every combination of these columns with its count (`found`), of at most `bound` resources."""
    statement = filter_statement(
        organization_id, filters, without=without, scope=scope, by_lists=by_lists, now=past.at if past else None
    )
    if past is not None:
        past.narrow(statement)
    names = ", ".join(f"r.{column}" for column in columns)
    limit = "" if bound is None else f" LIMIT {statement.bind(bound)}"
    sql = f"""SELECT {names}, count(*) AS found
      FROM (SELECT {names} FROM cloud_resources r WHERE {statement.where}{limit}) r GROUP BY {names}"""  # noqa: S608
    return sql, statement.arguments
