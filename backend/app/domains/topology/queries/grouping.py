"""Everything that filters leave, counted by account, region, network, type, service or tag."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import Scope, scope_of
from app.domains.topology.queries.sql import Rows, Statement, fetch
from app.domains.topology.queries.walking import SHOWN

EDGE_BOUND = 300_000  # edges counted between groups; a map of more says that it is truncated
NOT_LYING_IN = ("peers-with", "routes-to", "resolves-to", "allows", "allows-traffic-to", "trusts", "monitors")
NONE = ""  # the value of resources without one: no tag, no network


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """What to count. `by`: account, region, vpc, type, service, tag:KEY, or none for one by one. `types` may end in *.

    `opened`: values of groups whose members come one by one.
    """

    by: str | None
    account_id: UUID | None = None
    network_id: UUID | None = None
    types: Sequence[str] = ()
    opened: Sequence[str] = ()
    at: datetime | None = None


def _value(made: Statement, by: str | None) -> str:
    """The expression of a resource's group."""
    if by is None:
        return "''"
    if by.startswith("tag:"):
        return f"coalesce(r.tags ->> {made.bind(by.removeprefix('tag:'), 'text')}, '')"
    columns = {"account": "r.account_id::text", "vpc": "coalesce(net.network_id::text, '')"}
    return columns.get(by, f"r.{by}")


def _networks(made: Statement, at: datetime | None, network_id: UUID | None) -> str:
    """Tables `net` (id, network_id): what has an edge to a network, else to a subnet of one. Each in one network."""
    only = f"AND r.id = {made.bind(network_id)}" if network_id else ""
    edges, without = made.edges(at), made.bind(list(NOT_LYING_IN), "text[]")
    near = """SELECT e.target_id AS id, {0}.network_id FROM {0} JOIN {1} AS e ON e.source_id = {0}.id
        WHERE e.kind <> ALL({2}) AND e.target_id IS NOT NULL
      UNION ALL SELECT e.source_id, {0}.network_id FROM {0} JOIN {1} AS e ON e.target_id = {0}.id
        WHERE e.kind <> ALL({2}) AND e.source_id IS NOT NULL"""  # names are ours
    return f"""vpcs AS MATERIALIZED (SELECT r.id, r.id AS network_id FROM cloud_resources r
        WHERE r.organization_id = $1 AND r.type = 'network.vpc' AND {made.alive("r", at)} {only}),
      inside AS MATERIALIZED (SELECT DISTINCT ON (id) id, network_id FROM
        ({near.format("vpcs", edges, without)}) AS n ORDER BY id, network_id),
      subnets AS MATERIALIZED (SELECT i.id, i.network_id FROM inside i JOIN cloud_resources r
        ON r.organization_id = $1 AND r.id = i.id WHERE r.type = 'network.subnet'),
      net AS MATERIALIZED (SELECT DISTINCT ON (id) id, network_id FROM (
        SELECT id, network_id, 0 AS rank FROM vpcs UNION ALL SELECT id, network_id, 1 FROM inside
        UNION ALL SELECT id, network_id, 2 FROM ({near.format("subnets", edges, without)}) AS n) AS n
        ORDER BY id, rank, network_id)"""  # noqa: S608  # names are ours


def _members(made: Statement, wanted: Grouping, scope: Scope | None, columns: str = "") -> str:
    """`WITH …, members AS (SELECT id, value, columns)`, the resources that the filters leave."""
    value = _value(made, wanted.by)
    tables, join = "", ""
    if wanted.by == "vpc" or wanted.network_id is not None:
        tables = _networks(made, wanted.at, wanted.network_id) + ","
        join = f"{'' if wanted.network_id else 'LEFT '}JOIN net ON net.id = r.id"
    conditions = ["r.organization_id = $1", made.alive("r", wanted.at), made.scope(scope, "r")]
    if wanted.account_id is not None:
        conditions.append(f"r.account_id = {made.bind(wanted.account_id)}")
    if wanted.types:
        exact = [name for name in wanted.types if not name.endswith("*")]
        prefixes = [name.rstrip("*") for name in wanted.types if name.endswith("*")]
        either = [f"r.type = ANY({made.bind(exact, 'text[]')})"] if exact else []
        either += [f"starts_with(r.type, {made.bind(prefix, 'text')})" for prefix in prefixes]
        conditions.append(f"({' OR '.join(either)})")
    return f"""WITH {tables} members AS MATERIALIZED (
        SELECT r.id, {value} AS value {columns} FROM cloud_resources r {join} WHERE {" AND ".join(conditions)})"""  # noqa: S608  # names are ours


async def count_groups(session: AsyncSession, organization_id: UUID, wanted: Grouping) -> Rows:
    """(value, found, stale, provider and type where all have the same one) of each group, the largest first."""
    made = Statement(organization_id)
    columns = ", r.stale_since IS NOT NULL AS stale, r.provider, r.type"
    sql = f"""{_members(made, wanted, scope_of(session), columns)}
      SELECT value, count(*) AS found, bool_or(stale) AS stale,
        CASE WHEN min(provider) = max(provider) THEN min(provider) END AS provider,
        CASE WHEN min(type) = max(type) THEN min(type) END AS type
      FROM members GROUP BY value ORDER BY found DESC, value"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)


async def sum_group_costs(session: AsyncSession, organization_id: UUID, wanted: Grouping) -> Rows:
    """(value, currency, amount) of what groups cost a month."""
    made = Statement(organization_id)
    sql = f"""{_members(made, wanted, scope_of(session), ", r.cost")}
      SELECT value, c.item ->> 'currency' AS currency, sum((c.item ->> 'amount')::numeric) AS amount
      FROM members CROSS JOIN LATERAL jsonb_array_elements(cost) AS c (item) WHERE cost <> '[]' GROUP BY value, currency
      ORDER BY value, currency"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)


async def count_group_findings(session: AsyncSession, organization_id: UUID, wanted: Grouping) -> Rows:
    """(value, severity, found) of open findings."""
    made = Statement(organization_id)
    sql = f"""{_members(made, wanted, scope_of(session))}
      SELECT m.value, i.severity, count(*) AS found FROM compliance_issues i JOIN members m ON m.id = i.resource_id
      WHERE i.organization_id = $1 AND i.status = 'open' GROUP BY m.value, i.severity"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)


async def list_members(session: AsyncSession, organization_id: UUID, wanted: Grouping, *, limit: int) -> Rows:
    """Resources of the opened groups, or of all where nothing is grouped, with their group's value."""
    made = Statement(organization_id)
    members = _members(made, wanted, scope_of(session), f", {SHOWN[len('r.id, ') :]}")
    opened = "" if wanted.by is None else f"WHERE m.value = ANY({made.bind(list(wanted.opened), 'text[]')})"
    sql = f"""{members} SELECT m.*, x.exposed FROM
        (SELECT m.* FROM members m {opened} ORDER BY m.name, m.id LIMIT {made.bind(limit)}) AS m
      LEFT JOIN resource_exposures x ON x.organization_id = $1 AND x.resource_id = m.id ORDER BY m.name, m.id"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)


async def list_group_edges(
    session: AsyncSession, organization_id: UUID, wanted: Grouping, shown: Collection[UUID], *, limit: int
) -> tuple[Rows, bool]:
    """(source, target, kind, found) between groups and shown resources, and whether edges were left out.

    An end is a shown resource's id or `group:` and its group's value; edges inside of one group are not listed.
    """
    made = Statement(organization_id)
    members = _members(made, wanted, scope_of(session))
    opened = made.bind(list(wanted.opened), "text[]")
    ends = made.bind(list(shown), "uuid[]")
    end = "CASE WHEN {0}.value = ANY({1}) THEN {0}.id::text ELSE 'group:' || {0}.value END"
    source, target = end.format("s", opened), end.format("t", opened)
    bound = made.bind(EDGE_BOUND + 1)
    sql = f"""{members},
      bounded AS MATERIALIZED (SELECT e.source_id, e.kind, e.target_id FROM {made.edges(wanted.at)} AS e
        JOIN members s ON s.id = e.source_id JOIN members t ON t.id = e.target_id
        WHERE s.value <> t.value OR s.value = ANY({opened}) LIMIT {bound})
      SELECT {source} AS source, {target} AS target, e.kind, count(*) AS found,
        (SELECT count(*) FROM bounded) AS bounded
      FROM bounded e JOIN members s ON s.id = e.source_id JOIN members t ON t.id = e.target_id
      WHERE (s.value <> ALL({opened}) OR s.id = ANY({ends})) AND (t.value <> ALL({opened}) OR t.id = ANY({ends}))
      GROUP BY 1, 2, 3 ORDER BY found DESC, 1, 2, 3 LIMIT {made.bind(limit)}"""  # noqa: S608  # names are ours
    rows = await fetch(session, sql, made.arguments)
    return rows, bool(rows) and (rows[0]["bounded"] > EDGE_BOUND or len(rows) == limit)


async def read_group_values(
    session: AsyncSession, organization_id: UUID, by: str, ids: Collection[UUID], *, at: datetime | None
) -> dict[UUID, str]:
    """Each resource's group."""
    made = Statement(organization_id)
    tables, join = "", ""
    value = _value(made, by)
    if by == "vpc":
        tables, join = f"WITH {_networks(made, at, None)}", "LEFT JOIN net ON net.id = r.id"
    sql = f"""{tables} SELECT r.id, {value} AS value FROM cloud_resources r {join}
      WHERE r.organization_id = $1 AND r.id = ANY({made.bind(list(ids), "uuid[]")})"""  # noqa: S608  # names are ours
    return {row["id"]: row["value"] for row in await fetch(session, sql, made.arguments)}


async def name_groups(session: AsyncSession, organization_id: UUID, by: str, values: Collection[str]) -> dict[str, str]:
    """What to call groups whose value is an id: accounts, and networks that the caller may see."""
    if by not in ("account", "vpc"):
        return {}
    ids = [UUID(value) for value in values if value]
    made = Statement(organization_id)
    if by == "account":
        wanted = made.bind(ids, "uuid[]")
        sql = f"SELECT id, name FROM accounts WHERE organization_id = $1 AND id = ANY({wanted})"  # noqa: S608
    else:
        sql = f"""SELECT r.id, r.name FROM cloud_resources r WHERE r.organization_id = $1
          AND r.id = ANY({made.bind(ids, "uuid[]")}) AND {made.scope(scope_of(session), "r")}"""  # noqa: S608  # names are ours
    return {str(row["id"]): row["name"] for row in await fetch(session, sql, made.arguments)}
