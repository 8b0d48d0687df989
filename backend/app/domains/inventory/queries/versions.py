"""History: the feed, and what a moment of the past needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import Scope, scope_of
from app.domains.inventory.queries.conditions import filter_statement
from app.domains.inventory.queries.statement import Statement, fetch, narrow
from app.domains.inventory.rules import ResourceFilter

_STATE = """r.id, r.provider, r.account_id, a.name AS account_name, r.native_account,
  coalesce(a.native_account_id, '') AS account_number,
  r.native_id, r.native_type, r.type, r.name, r.region, r.service, r.status, r.tags::text AS tags, r.aliases,
  r.cost::text AS cost, r.cost_order, r.created_at, r.first_seen_at, r.last_seen_at, r.stale_since, r.closed_at"""


async def list_versions(
    session: AsyncSession,
    organization_id: UUID,
    *,
    filters: ResourceFilter | None = None,
    resource_id: UUID | None = None,
    account_id: UUID | None = None,
    kind: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """History with the resource's present name, newest first; `filters` ask what the resource is like now."""
    made = filter_statement(organization_id, filters or ResourceFilter(), scope=scope_of(session))
    if filters is None or not filters.closed:  # a change can be of what is gone
        made.conditions.remove("r.closed_at IS NULL")
    made.conditions.append("v.organization_id = $1")
    named = {"resource_id": resource_id, "account_id": account_id, "kind": kind, "actor": actor}
    made.conditions += [f"v.{name} = {made.bind(value)}" for name, value in named.items() if value is not None]
    bounds = (("at", ">=", since), ("at", "<", until), ("id", "<", before))
    made.conditions += [f"v.{name} {sign} {made.bind(value)}" for name, sign, value in bounds if value is not None]
    sql = f"""SELECT v.id, v.resource_id, r.native_id, r.name, r.native_type, r.provider, v.kind, v.at, v.actor,
        v.action, v.event_id, v.changes::text AS changes
      FROM resource_versions v
      JOIN cloud_resources r ON r.organization_id = v.organization_id AND r.id = v.resource_id
      WHERE {made.where} ORDER BY v.id DESC LIMIT {made.bind(limit)}"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)


async def count_versions(
    session: AsyncSession,
    organization_id: UUID,
    *,
    filters: ResourceFilter,
    kinds: Sequence[str],
    since: datetime,
    until: datetime,
) -> int:
    """How many changes of these kinds there were from `since` to before `until`, of what the filters ask for now."""
    made = filter_statement(organization_id, filters, scope=scope_of(session))
    if not filters.closed:
        made.conditions.remove("r.closed_at IS NULL")
    made.conditions.append("v.organization_id = $1")
    made.conditions.append(f"v.kind = ANY({made.bind(list(kinds))}::text[])")
    made.conditions += [f"v.at >= {made.bind(since)}", f"v.at < {made.bind(until)}"]
    sql = f"""SELECT count(*) AS found FROM resource_versions v
      JOIN cloud_resources r ON r.organization_id = v.organization_id AND r.id = v.resource_id
      WHERE {made.where}"""  # noqa: S608  # names are ours
    return int((await fetch(session, sql, made.arguments))[0]["found"])


async def list_versions_since(
    session: AsyncSession, organization_id: UUID, resource_ids: Sequence[UUID], at: datetime
) -> Sequence[RowMapping]:
    """What happened to these after a moment, newest first."""
    sql = """SELECT resource_id, kind, at, changes::text AS changes FROM resource_versions
      WHERE organization_id = $1 AND resource_id = ANY($2::uuid[]) AND at > $3 ORDER BY at DESC, id DESC"""
    return await fetch(session, sql, (organization_id, list(resource_ids), at))


async def last_closing(session: AsyncSession, organization_id: UUID, resource_id: UUID, at: datetime) -> Any:
    """When it was last found to be gone up to a moment; None where that is not kept."""
    sql = """SELECT max(at) AS at FROM resource_versions
      WHERE organization_id = $1 AND resource_id = $2 AND kind = 'deleted' AND at <= $3"""
    return (await fetch(session, sql, (organization_id, resource_id, at)))[0]["at"]


def changed_statement(
    organization_id: UUID, at: datetime, account_ids: Sequence[UUID], scope: Scope | None, limit: int
) -> tuple[str, list[Any]]:
    """SQL of the resources that were there at a moment and changed since, at most `limit`, with their account."""
    made = Statement()
    org, moment = made.bind(organization_id), made.bind(at)
    made.conditions += [f"r.organization_id = {org}", f"r.first_seen_at <= {moment}"]
    if account_ids:
        made.conditions.append(f"r.account_id = ANY({made.bind(list(account_ids))}::uuid[])")
    # Tags may have been others then, so they narrow only what was made of it.
    narrow(made, Scope(scope.account_ids) if scope and scope.account_ids else None, "r")
    sql = f"""SELECT {_STATE}, found.versions::text AS versions, earlier.at AS changed_at
      FROM (SELECT v.resource_id, jsonb_agg(jsonb_build_array(v.kind, v.changes) ORDER BY v.at DESC, v.id DESC)
              AS versions FROM resource_versions v WHERE v.organization_id = {org} AND v.at > {moment}
              GROUP BY v.resource_id) found
      JOIN cloud_resources r ON r.organization_id = {org} AND r.id = found.resource_id
      JOIN accounts a ON a.organization_id = r.organization_id AND a.id = r.account_id
      LEFT JOIN LATERAL (SELECT max(v.at) AS at FROM resource_versions v WHERE v.organization_id = {org}
        AND v.resource_id = r.id AND v.at <= {moment}) earlier ON true
      WHERE {made.where} LIMIT {made.bind(limit)}"""  # noqa: S608  # names are ours
    return sql, made.arguments


def properties_statement(organization_id: UUID, resource_ids: Sequence[UUID]) -> tuple[str, list[Any]]:
    """SQL of the present configuration of these."""
    sql = """SELECT id, properties::text AS properties FROM cloud_resources
      WHERE organization_id = $1 AND id = ANY($2::uuid[])"""
    return sql, [organization_id, list(resource_ids)]


def marks_statement(organization_id: UUID) -> tuple[str, list[Any]]:
    """SQL of what topology says of resources: mark and resource id, the nil id among them once a mark is known."""
    return "SELECT mark, resource_id FROM resource_marks WHERE organization_id = $1", [organization_id]


def known_marks_statement(organization_id: UUID) -> tuple[str, list[Any]]:
    """SQL of the marks that were ever worked out."""
    sql = "SELECT mark FROM resource_marks WHERE organization_id = $1 AND resource_id = $2"
    return sql, [organization_id, UUID(int=0)]
