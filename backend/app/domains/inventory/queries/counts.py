"""Counts of resources by column: of all from what units keep, of a part from the rows, up to a bound."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from app.core.scope import Scope
from app.domains.inventory.models import SAMPLE_OF, SAMPLED
from app.domains.inventory.queries.conditions import filter_statement, narrow_statement
from app.domains.inventory.queries.lookups import Lookup
from app.domains.inventory.queries.pages import Past, add_range, shift_arguments
from app.domains.inventory.queries.statement import NameRange, Statement, narrow
from app.domains.inventory.rules import ResourceFilter

FACETS = ("provider", "type", "region", "account_id", "status")
_KEPT = {
    "provider": "a.provider", "account_id": "c.account_id", "type": "c.type", "native_type": "c.native_type",
    "region": "c.region", "status": "c.status",
}  # fmt: skip


def kept_counts_statement(organization_id: UUID, filters: ResourceFilter, scope: Scope | None) -> tuple[str, list[Any]]:
    """SQL of (facet, key, found) for every facet from what units keep; without its own filter, as facets are counted.

    The facet `total` counts all filters together. Only for filters that name nothing but the columns of
    `sync_unit_counts`, and for scopes without tags.
    """
    made = Statement()
    made.conditions.append(f"c.organization_id = {made.bind(organization_id)}")
    narrow(made, scope, "c")
    conditions = {
        name: f"{text} = ANY({made.bind(list(getattr(filters, name)))}::{'uuid' if name == 'account_id' else 'text'}[])"
        for name, text in _KEPT.items()
        if getattr(filters, name)
    }
    if "native_type" in conditions:  # no facet
        made.conditions.append(conditions.pop("native_type"))
    number = "c.resources" if filters.stale is None else "c.stale" if filters.stale else "c.resources - c.stale"
    flags = "".join(f", {condition} AS has_{name}" for name, condition in conditions.items())
    parts = []
    for facet in FACETS:
        others = " AND ".join(f"has_{name}" for name in conditions if name != facet)
        sums = f"{facet}::text AS key, sum(number)::bigint AS found FROM kept WHERE {others or 'true'}"
        parts.append(f"SELECT '{facet}' AS facet, {sums} GROUP BY {facet} HAVING sum(number) > 0")
    every = " AND ".join(f"has_{name}" for name in conditions) or "true"
    parts.append(f"SELECT 'total', NULL, coalesce(sum(number), 0)::bigint FROM kept WHERE {every}")  # noqa: S608
    sql = f"""WITH kept AS MATERIALIZED (
        SELECT a.provider, c.type, c.region, c.account_id, nullif(c.status, '') AS status, {number} AS number{flags}
        FROM sync_unit_counts c JOIN accounts a ON a.organization_id = c.organization_id AND a.id = c.account_id
        WHERE {made.where}) {" UNION ALL ".join(parts)}"""  # noqa: S608  # names are ours
    return sql, made.arguments


def account_names_statement(organization_id: UUID, scope: Scope | None) -> tuple[str, list[Any]]:
    """SQL of the accounts' ids and names."""
    made = Statement()
    made.conditions += [f"a.organization_id = {made.bind(organization_id)}", "a.removed_at IS NULL"]
    accounts = scope.account_ids if scope else None
    if accounts is not None:
        made.conditions.append(f"a.id = ANY({made.bind(sorted(accounts))}::uuid[])")
    return f"SELECT a.id, a.name FROM accounts a WHERE {made.where}", made.arguments  # noqa: S608


def narrow_groups_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    columns: Sequence[str],
    *,
    scope: Scope | None,
    bound: int,
    is_sample: bool = False,
    within: NameRange | None = None,
) -> tuple[str, list[Any]]:
    """The same as `groups_statement` for narrow filters whose tags are common: an index is walked instead of the rows.

    Rows with more tags than are hashed are looked at themselves. Not for scopes with tags, which want certainty.
    `is_sample`: of one in SAMPLE_OF resources, `found` for all of them; `seen` tells how many that were.
    """
    walked = narrow_statement(organization_id, filters, scope)
    if within is not None:
        add_range(walked, within)
    exact = filter_statement(organization_id, filters, scope=scope, by_lists=())
    names = ", ".join(f"r.{column}" for column in columns) or "NULL"
    limit = walked.bind(bound)
    many = shift_arguments(exact.where, len(walked.arguments))
    of = SAMPLE_OF if is_sample else 1
    which = f"AND {SAMPLED.format(id='r.id')}" if is_sample else f"ORDER BY r.name, r.id LIMIT {limit}"
    sql = f"""SELECT {", ".join(columns) or "NULL AS none"}, sum(weight)::bigint AS found, count(*) AS seen FROM (
        (SELECT {names}, {of} AS weight FROM cloud_resources r
           WHERE {walked.where} AND r.tag_hashes IS NOT NULL {which})
        UNION ALL
        (SELECT {names}, 1 FROM cloud_resources r WHERE {many} AND r.tag_hashes IS NULL LIMIT {limit})) r
      {f"GROUP BY {', '.join(columns)}" if columns else ""}"""  # noqa: S608  # names are ours
    return sql, [*walked.arguments, *exact.arguments]


def sample_size_statement(organization_id: UUID) -> tuple[str, list[Any]]:
    """SQL of how many open resources are sampled: one in SAMPLE_OF."""
    sql = f"""SELECT count(*) AS found FROM cloud_resources r
      WHERE r.organization_id = $1 AND r.closed_at IS NULL AND {SAMPLED.format(id="r.id")}"""  # noqa: S608
    return sql, [organization_id]


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
