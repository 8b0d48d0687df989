"""One resource and its neighbours."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.scope import resource_conditions, scope_of
from app.domains.inventory.models import CloudResource
from app.domains.inventory.queries.pages import ITEM_COLUMNS, UNIT_JOIN
from app.domains.inventory.queries.statement import Statement, fetch, narrow


async def get_resource(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> RowMapping:
    """One resource, closed ones too. Raises NotFound."""
    made = Statement()
    made.conditions += [f"r.organization_id = {made.bind(organization_id)}", f"r.id = {made.bind(resource_id)}"]
    narrow(made, scope_of(session), "r")
    sql = f"""SELECT {ITEM_COLUMNS}, a.name AS account_name, r.native_account, r.service, r.aliases, r.created_at,
        r.closed_at, r.stale_since, r.stale_reason, r.unread_fields::text AS unread_fields,
        r.properties::text AS properties
      FROM cloud_resources r {UNIT_JOIN}
      JOIN accounts a ON a.organization_id = r.organization_id AND a.id = r.account_id
      WHERE {made.where}"""  # noqa: S608  # no values inside
    rows = await fetch(session, sql, made.arguments)
    if not rows:
        raise NotFound
    return rows[0]


async def check_resource(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> None:
    """Raises NotFound unless the organization has the resource."""
    query = select(CloudResource.id).where(
        CloudResource.organization_id == organization_id,
        CloudResource.id == resource_id,
        *resource_conditions(scope_of(session), CloudResource.account_id, CloudResource.tags),
    )
    if (await session.execute(query)).first() is None:
        raise NotFound


async def list_relations(
    session: AsyncSession, organization_id: UUID, resource_id: UUID, *, limit: int, at: datetime | None = None
) -> Sequence[RowMapping]:
    """Edges in both directions with the neighbour's name and type where it is known; none to what one may not see.

    With `at` the edges of that moment; names and types are the present ones.
    """
    made = Statement([], [organization_id, resource_id, limit])
    narrow(made, scope_of(session), "n")
    visible = f"WHERE n.id IS NULL OR ({made.where})" if made.conditions else ""
    tables = {"resource_relations": ""}
    if at is not None:
        moment = made.bind(at)
        tables["resource_relations"] = f"AND first_seen_at <= {moment}"
        tables["past_relations"] = f"AND first_seen_at <= {moment} AND closed_at > {moment}"
    edges = " UNION ".join(
        f"""SELECT kind, '{direction}' AS direction, {far}_id AS neighbour, {far}_native_id AS native_id
          FROM {table} WHERE organization_id = $1 AND {near}_id = $2 {then}"""  # noqa: S608  # names are ours
        for table, then in tables.items()
        for direction, near, far in (("out", "source", "target"), ("in", "target", "source"))
    )
    sql = f"""SELECT e.kind, e.direction, n.id AS resource_id, coalesce(n.native_id, e.native_id) AS native_id,
        n.name, n.type
      FROM ({edges}) e LEFT JOIN cloud_resources n ON n.organization_id = $1 AND n.id = e.neighbour
      {visible} ORDER BY e.direction, e.kind, n.name, e.native_id LIMIT $3"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)
