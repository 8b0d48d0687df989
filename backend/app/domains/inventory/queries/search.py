"""What completion and tag coverage read: values with their counts, different terms of the look-up table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import Scope, scope_of
from app.domains.inventory.queries.statement import LAST_CODE_POINT, Statement, fetch, narrow

_KEPT = {"provider": "a.provider", "type": "c.type", "native_type": "c.native_type", "region": "c.region",
         "status": "c.status", "account": "a.name"}  # fmt: skip


async def list_values(
    session: AsyncSession, organization_id: UUID, field: str, beginning: str, *, limit: int
) -> Sequence[RowMapping]:
    """Values of a counted field that contain the text, those that begin with it first, with their resources."""
    made = Statement()
    made.conditions.append(f"c.organization_id = {made.bind(organization_id)}")
    scope = scope_of(session)
    narrow(made, Scope(scope.account_ids) if scope and scope.account_ids else None, "c")
    start, text = made.bind(beginning.lower()), _KEPT[field]
    sql = f"""SELECT {text} AS key, sum(c.resources)::bigint AS found FROM sync_unit_counts c
      JOIN accounts a ON a.organization_id = c.organization_id AND a.id = c.account_id
      WHERE {made.where} AND position({start}::text in lower({text})) > 0 AND {text} <> '' GROUP BY 1
      ORDER BY starts_with(lower({text}), {start}::text) DESC, found DESC, key LIMIT {made.bind(limit)}"""  # noqa: S608
    return await fetch(session, sql, made.arguments)


async def list_terms(
    session: AsyncSession, organization_id: UUID, beginning: str, *, separator: str | None = None, limit: int
) -> list[str]:
    """Different tag terms that begin so, in their order, by leaps from one to the next.

    With `separator`, different beginnings up to it: keys instead of keys and values. A scope shows only those of
    resources within it.
    """
    scope = scope_of(session)
    made = Statement([], [organization_id, beginning, beginning + LAST_CODE_POINT, limit])
    after, shown = "leaps.term", "t.term"
    if separator:
        end = made.bind(separator)
        after, shown = f"leaps.term || {end}::text || '{LAST_CODE_POINT}'", f"split_part(t.term, {end}, 1)"
    visible = Statement([], made.arguments)
    narrow(visible, scope, "r")
    seen = (
        f"""AND EXISTS (SELECT FROM cloud_resources r WHERE r.organization_id = $1 AND r.id = ANY(t.resource_ids)
             AND {visible.where})"""  # names are ours
        if visible.conditions
        else ""
    )
    one = f"""SELECT {shown} AS term FROM resource_terms t WHERE t.organization_id = $1 AND t.kind = 'tag'
      AND t.term < $3::text {seen} AND t.term"""  # noqa: S608
    sql = f"""WITH RECURSIVE leaps AS (
        (SELECT term, 1 AS number FROM ({one} >= $2::text ORDER BY t.term LIMIT 1) first)
        UNION ALL
        SELECT following.term, leaps.number + 1 FROM leaps
          CROSS JOIN LATERAL ({one} > {after} ORDER BY t.term LIMIT 1) following
          WHERE leaps.number < $4)
      SELECT term FROM leaps ORDER BY number"""  # noqa: S608
    return [row["term"] for row in await fetch(session, sql, made.arguments)]


async def count_tagged(session: AsyncSession, organization_id: UUID, keys: Sequence[str]) -> Sequence[RowMapping]:
    """Open resources with each of these keys: `key`, `found`; and all (key null), and without any tag (key empty)."""
    made = Statement()
    made.conditions += [f"r.organization_id = {made.bind(organization_id)}", "r.closed_at IS NULL"]
    narrow(made, scope_of(session), "r")
    wanted = made.bind(list(keys))
    sql = f"""WITH tagged AS MATERIALIZED (SELECT r.tags FROM cloud_resources r WHERE {made.where})
      SELECT key, count(*) AS found FROM tagged, jsonb_object_keys(tagged.tags) AS key
        WHERE key = ANY({wanted}::text[]) GROUP BY key
      UNION ALL SELECT NULL, count(*) FROM tagged
      UNION ALL SELECT '', count(*) FROM tagged WHERE tags = '{{}}'"""  # noqa: S608
    return await fetch(session, sql, made.arguments)


async def sum_trend(
    session: AsyncSession, organization_id: UUID, dimension: str, first: Any, end: Any
) -> Sequence[RowMapping]:
    """Daily counts: `day`, `key`, `found`. For account and provider the rows of whole accounts are read."""
    made = Statement()
    made.conditions.append(f"t.organization_id = {made.bind(organization_id)}")
    narrow(made, scope_of(session), "t")
    stored = dimension if dimension in ("type", "region") else "all"
    key = {"account": "t.account_id::text", "provider": "a.provider"}.get(dimension, "t.key")
    made.conditions += [
        f"t.dimension = {made.bind(stored)}",
        f"t.day >= {made.bind(first)}",
        f"t.day < {made.bind(end)}",
    ]
    sql = f"""SELECT t.day, {key} AS key, sum(t.resources)::bigint AS found FROM resource_trends t
      JOIN accounts a ON a.organization_id = t.organization_id AND a.id = t.account_id
      WHERE {made.where} AND a.removed_at IS NULL GROUP BY 1, 2 ORDER BY 2, 1"""  # noqa: S608
    return await fetch(session, sql, made.arguments)


async def read_tag_counts(session: AsyncSession, organization_id: UUID) -> Sequence[RowMapping]:
    """Open resources by tag key as they were last counted in each account; without any tag under the empty key."""
    made = Statement(["t.organization_id = $1", "t.dimension = 'tag'"], [organization_id])
    narrow(made, scope_of(session), "t")
    sql = f"""SELECT t.key, sum(t.resources)::bigint AS found FROM resource_trends t
      JOIN (SELECT account_id, max(day) AS day FROM resource_trends
            WHERE organization_id = $1 AND dimension = 'all' GROUP BY account_id) latest
        ON latest.account_id = t.account_id AND latest.day = t.day
      WHERE {made.where} GROUP BY t.key"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)
