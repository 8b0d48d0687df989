"""Stored exposures and orphans, and what computing them reads."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import scope_of
from app.domains.topology.queries.sql import Rows, Statement, fetch
from app.domains.topology.rules.estate import ListingKey, Resource
from app.domains.topology.rules.orphans import Neighbour, Surroundings

MAX_LISTED, MAX_NEIGHBOURS = 5_000, 500
_COLUMNS = """r.id, r.native_id, r.native_type, r.type, r.name, r.provider, r.native_account, r.region, r.status,
  r.properties::text AS properties, r.unread_fields::text AS unread, r.aliases"""
_HEAD = """r.id AS resource_id, r.native_id, r.native_type, r.name, r.type, r.provider, r.account_id, r.region,
  r.cost::text AS cost"""


def _resource(row: Mapping[Any, Any]) -> Resource:
    return Resource(
        **{name: row[name] for name in ("id", "native_id", "native_type", "type", "name", "provider", "region")},
        account=row["native_account"],
        status=row["status"],
        properties=orjson.loads(row["properties"]),
        unread=orjson.loads(row["unread"]),
        aliases=row["aliases"],
    )


async def read_resources(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> list[Resource]:
    """Open resources, whole, whatever the session's scope: what decides may lie outside of it."""
    if not ids:
        return []
    made = Statement(organization_id)
    sql = f"""SELECT {_COLUMNS} FROM cloud_resources r
      WHERE r.organization_id = $1 AND r.id = ANY({made.bind(list(ids), "uuid[]")}) AND r.closed_at IS NULL
      ORDER BY r.id"""  # noqa: S608  # names are ours
    return [_resource(row) for row in await fetch(session, sql, made.arguments)]


async def list_resources_of(
    session: AsyncSession, organization_id: UUID, key: ListingKey
) -> tuple[list[Resource], bool]:
    """Open resources of a type in an account and region, and whether the bound left none out."""
    made = Statement(organization_id)
    place = f" AND r.region = {made.bind(key.region, 'text')}" if key.region else ""
    place += f" AND r.native_account = {made.bind(key.account, 'text')}" if key.account else ""
    sql = f"""SELECT {_COLUMNS} FROM cloud_resources r
      WHERE r.organization_id = $1 AND r.native_type = {made.bind(key.native_type, "text")} AND r.closed_at IS NULL
        {place}
      ORDER BY r.id LIMIT {MAX_LISTED + 1}"""  # noqa: S608  # names are ours
    rows = await fetch(session, sql, made.arguments)
    return [_resource(row) for row in rows[:MAX_LISTED]], len(rows) <= MAX_LISTED


async def was_listed(session: AsyncSession, organization_id: UUID, key: ListingKey, known: UUID) -> bool:
    """Whether the type was ever listed whole there, by the connection that reads the resource `known`."""
    made = Statement(organization_id)
    region = made.bind(key.region, "text")
    sql = f"""SELECT EXISTS (
        SELECT FROM cloud_resources r
        JOIN sync_units own ON own.organization_id = $1 AND own.id = r.unit_id
        JOIN sync_units u ON u.organization_id = $1 AND u.account_id = own.account_id
        WHERE r.organization_id = $1 AND r.id = {made.bind(known)}
          AND (r.provider <> 'aws' OR u.native_account = {made.bind(key.account or "", "text")})
          AND ({region} = '' OR u.region IN ({region}, 'global'))
          AND u.type_seen_at ->> {made.bind(key.native_type, "text")} IS NOT NULL) AS seen"""  # noqa: S608
    return bool((await fetch(session, sql, made.arguments))[0]["seen"])


async def list_touched(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> Rows:
    """(id, native_type, native_account, region, ids) of resources, closed ones too."""
    made = Statement(organization_id)
    sql = f"""SELECT r.id, r.native_type, r.native_account, r.region, array_append(r.aliases, r.native_id) AS ids
      FROM cloud_resources r
      WHERE r.organization_id = $1 AND r.id = ANY({made.bind(list(ids), "uuid[]")})"""  # noqa: S608
    return await fetch(session, sql, made.arguments)


async def list_readers(session: AsyncSession, organization_id: UUID, keys: Iterable[UUID]) -> set[UUID]:
    """Resources whose exposure was computed from one of these."""
    made = Statement(organization_id)
    sql = f"""SELECT DISTINCT resource_id FROM exposure_reads
      WHERE organization_id = $1 AND read_key = ANY({made.bind(list(keys), "uuid[]")})"""  # noqa: S608
    return {row["resource_id"] for row in await fetch(session, sql, made.arguments)}


async def list_ids_of_types(
    session: AsyncSession, organization_id: UUID, native_types: Sequence[str], *, after: UUID | None, limit: int
) -> list[UUID]:
    """Open resources of these types by id. ARM's type names are compared as they are stored and in lower case."""
    made = Statement(organization_id)
    sql = f"""SELECT r.id FROM cloud_resources r
      WHERE r.organization_id = $1 AND r.closed_at IS NULL AND r.id > {made.bind(after or UUID(int=0))}
        AND lower(r.native_type) = ANY({made.bind(list(native_types), "text[]")})
      ORDER BY r.id LIMIT {made.bind(limit)}"""  # noqa: S608  # names are ours
    return [row["id"] for row in await fetch(session, sql, made.arguments)]


async def list_exposed(
    session: AsyncSession,
    organization_id: UUID,
    *,
    account_id: UUID | None,
    types: Sequence[str],
    port: int | None,
    unknown: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Rows:
    """Exposed resources that the scope shows, or those of which it is not known; newest first."""
    made = Statement(organization_id)
    conditions = [
        "x.organization_id = $1",
        "x.exposed IS NULL" if unknown else "x.exposed",
        "r.closed_at IS NULL",
        made.scope(scope_of(session), "r"),
    ]
    if account_id is not None:
        conditions.append(f"r.account_id = {made.bind(account_id)}")
    if types:
        conditions.append(f"r.type = ANY({made.bind(list(types), 'text[]')})")
    if port is not None:
        number = made.bind(port, "int")
        conditions.append(
            "EXISTS (SELECT FROM jsonb_array_elements(x.ports) AS p (item)"
            " WHERE p.item ->> 'protocol' IN ('tcp', 'udp', 'all')"
            f" AND {number} BETWEEN (p.item ->> 'from')::int AND (p.item ->> 'to')::int)"
        )
    if after is not None:
        conditions.append(f"(x.since, x.resource_id) < ({made.bind(after[0], 'timestamptz')}, {made.bind(after[1])})")
    sql = f"""SELECT {_HEAD}, x.exposed, x.summary, x.ports::text AS ports, x.sources, x.unknown, x.since, x.computed_at
      FROM resource_exposures x JOIN cloud_resources r ON r.organization_id = $1 AND r.id = x.resource_id
      WHERE {" AND ".join(conditions)} ORDER BY x.since DESC, x.resource_id DESC LIMIT {made.bind(limit)}"""  # noqa: S608
    return await fetch(session, sql, made.arguments)


async def list_orphans(
    session: AsyncSession,
    organization_id: UUID,
    *,
    reasons: Sequence[str],
    account_id: UUID | None,
    after: tuple[float, UUID] | None,
    limit: int,
) -> Rows:
    """Orphans that the scope shows, the most expensive first."""
    made = Statement(organization_id)
    conditions = ["o.organization_id = $1", "r.closed_at IS NULL", made.scope(scope_of(session), "r")]
    if reasons:
        conditions.append(f"o.reason = ANY({made.bind(list(reasons), 'text[]')})")
    if account_id is not None:
        conditions.append(f"r.account_id = {made.bind(account_id)}")
    if after is not None:
        conditions.append(f"(r.cost_order, r.id) < ({made.bind(after[0], 'float8')}, {made.bind(after[1])})")
    sql = f"""SELECT {_HEAD}, r.cost_order, o.reason, o.detail, o.since
      FROM resource_orphans o JOIN cloud_resources r ON r.organization_id = $1 AND r.id = o.resource_id
      WHERE {" AND ".join(conditions)} ORDER BY r.cost_order DESC, r.id DESC LIMIT {made.bind(limit)}"""  # noqa: S608
    return await fetch(session, sql, made.arguments)


async def count_orphans(session: AsyncSession, organization_id: UUID) -> Rows:
    """(reason, found, costs) of what the scope shows; `costs` is the JSON text of every cost's list."""
    made = Statement(organization_id)
    sql = f"""SELECT o.reason, count(*) AS found,
        coalesce(json_agg(r.cost) FILTER (WHERE r.cost <> '[]'), '[]')::text AS costs
      FROM resource_orphans o JOIN cloud_resources r ON r.organization_id = $1 AND r.id = o.resource_id
      WHERE o.organization_id = $1 AND r.closed_at IS NULL AND {made.scope(scope_of(session), "r")}
      GROUP BY o.reason ORDER BY o.reason"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)


async def read_surroundings(
    session: AsyncSession, organization_id: UUID, ids: Collection[UUID]
) -> dict[UUID, Surroundings]:
    """The edges of these resources, a bounded number of each kind, and which types were listed where they are."""
    neighbours: dict[UUID, list[Neighbour]] = {id_: [] for id_ in ids}
    for reverse, here, there in ((False, "source_id", "target_id"), (True, "target_id", "source_id")):
        made = Statement(organization_id)
        sql = f"""SELECT f.id, e.kind, coalesce(n.type, '') AS type, coalesce(n.native_type, '') AS native_type,
            n.id IS NOT NULL AND n.closed_at IS NULL AS open
          FROM unnest({made.bind(list(ids), "uuid[]")}) AS f (id)
          CROSS JOIN LATERAL (SELECT e.kind, e.{there} AS neighbour FROM resource_relations e
            WHERE e.organization_id = $1 AND e.{here} = f.id LIMIT {MAX_NEIGHBOURS}) AS e
          LEFT JOIN cloud_resources n ON n.organization_id = $1 AND n.id = e.neighbour"""  # noqa: S608
        for row in await fetch(session, sql, made.arguments):
            neighbours[row["id"]].append(Neighbour(row["kind"], reverse, row["type"], row["native_type"], row["open"]))
    made = Statement(organization_id)
    # A type counts as listed where a unit of the same connection listed it whole in the region, or globally.
    sql = f"""SELECT r.id, array_agg(DISTINCT seen.native_type) AS listed FROM cloud_resources r
      JOIN sync_units own ON own.organization_id = $1 AND own.id = r.unit_id
      JOIN sync_units u ON u.organization_id = $1 AND u.account_id = own.account_id
        AND u.region IN (own.region, 'global')
      CROSS JOIN LATERAL jsonb_object_keys(u.type_seen_at) AS seen (native_type)
      WHERE r.organization_id = $1 AND r.id = ANY({made.bind(list(ids), "uuid[]")}) GROUP BY r.id"""  # noqa: S608
    listed = {row["id"]: frozenset(row["listed"]) for row in await fetch(session, sql, made.arguments)}
    return {
        id_: Surroundings(neighbours=found, listed=listed.get(id_, frozenset())) for id_, found in neighbours.items()
    }


async def list_connected(
    session: AsyncSession, organization_id: UUID, ids: Collection[UUID], *, since: datetime
) -> set[UUID]:
    """What these resources have an edge with, or had one with after `since`; a bounded number of each."""
    made = Statement(organization_id)
    ids_, then = made.bind(list(ids), "uuid[]"), made.bind(since, "timestamptz")
    ways = " UNION ".join(
        f"""SELECT e.{there} AS id FROM unnest({ids_}) AS f (id) CROSS JOIN LATERAL (
              (SELECT {there} FROM resource_relations WHERE organization_id = $1 AND {here} = f.id
                LIMIT {MAX_NEIGHBOURS})
              UNION ALL (SELECT {there} FROM past_relations
                WHERE organization_id = $1 AND {here} = f.id AND closed_at >= {then} LIMIT {MAX_NEIGHBOURS})) AS e"""  # noqa: S608  # names are ours
        for here, there in (("source_id", "target_id"), ("target_id", "source_id"))
    )
    rows = await fetch(session, f"SELECT id FROM ({ways}) AS all_of_them WHERE id IS NOT NULL", made.arguments)  # noqa: S608
    return {row["id"] for row in rows}
