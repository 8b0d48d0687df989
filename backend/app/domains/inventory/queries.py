"""Reads of the inventory. JSON columns are asked for as text: hot lists pass it on, the rest parse it with orjson."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.scope import Scope, resource_conditions, scope_of
from app.domains.inventory.models import CloudResource, ResourceVersion, SyncUnit
from app.domains.inventory.rules import ResourceFilter, tag_term

LAST_CODE_POINT = "\U0010ffff"  # sorts after every text that continues a prefix
FACETS = ("provider", "type", "region", "account_id", "status")
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
ITEM_COLUMNS = """r.id::text AS id, r.provider, r.account_id::text AS account_id, r.native_id, r.type, r.native_type,
  r.name, r.region, r.status, r.tags::text AS tags, r.cost::text AS monthly_cost, r.first_seen_at,
  greatest(r.last_seen_at, (u.type_seen_at ->> r.native_type)::timestamptz) AS last_seen_at,
  r.stale_since IS NOT NULL AS stale"""
UNIT_JOIN = "LEFT JOIN sync_units u ON u.organization_id = r.organization_id AND u.id = r.unit_id"


@dataclass
class Statement:
    """SQL conditions with their positional arguments."""

    conditions: list[str] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """The placeholder of a new argument."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    @property
    def where(self) -> str:
        """The conditions, joined."""
        return " AND ".join(self.conditions)


def narrow(made: Statement, scope: Scope | None, alias: str, *, org: str | None = None) -> None:
    """Keep to a scope. With `org`, the organization's placeholder, tags are looked up by term: for rare ones."""
    accounts = scope.account_ids if scope else None
    if accounts is not None:
        wanted = sorted(accounts)
        if len(wanted) == 1:
            made.conditions.append(f"{alias}.account_id = {made.bind(wanted[0])}")
        else:
            made.conditions.append(f"{alias}.account_id = ANY({made.bind(wanted)}::uuid[])")
    for part in scope.parts() if scope else ():
        if not part.tags:
            continue
        if org is not None:
            terms = made.bind(sorted({tag_term(key, value) for key, value in part.tags}))
            made.conditions.append(
                f"{alias}.id IN (SELECT unnest(t.resource_ids) FROM resource_terms t WHERE t.organization_id = {org}"  # noqa: S608
                f" AND t.kind = 'tag' AND t.term = ANY({terms}::text[]))"
            )
        # Terms are cut, so the tags themselves have the last word.
        tags = (f"{alias}.tags ->> {made.bind(key)}::text = {made.bind(value)}::text" for key, value in part.tags)
        made.conditions.append(f"({' OR '.join(tags)})")


def filter_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    *,
    without: str | None = None,
    scope: Scope | None = None,
    by_term: bool = False,
) -> Statement:
    """Conditions on `cloud_resources r` for open resources that match; `without` leaves one filter out."""
    made = Statement()
    org = made.bind(organization_id)
    made.conditions += [f"r.organization_id = {org}", "r.closed_at IS NULL"]
    narrow(made, scope, "r", org=org if by_term else None)
    for column in ("provider", "account_id", "type", "native_type", "region", "status"):
        values: tuple[Any, ...] = getattr(filters, column)
        if column == without or not values:
            continue
        if len(values) == 1:  # equality keeps the order of an index; a list of values does not
            made.conditions.append(f"r.{column} = {made.bind(values[0])}")
        else:
            kind = "uuid" if column == "account_id" else "text"
            made.conditions.append(f"r.{column} = ANY({made.bind(list(values))}::{kind}[])")
    if filters.stale is not None:
        made.conditions.append(f"r.stale_since IS {'NOT NULL' if filters.stale else 'NULL'}")
    terms = f"SELECT unnest(t.resource_ids) FROM resource_terms t WHERE t.organization_id = {org} AND"  # noqa: S608
    for key, values in filters.tags.items():
        wanted = made.bind([tag_term(key, value) for value in values])
        made.conditions.append(f"r.id IN ({terms} t.kind = 'tag' AND t.term = ANY({wanted}::text[]))")
    if filters.words == ():
        made.conditions.append("false")
    for word in filters.words or ():
        found = f"{terms} t.kind IN ('word', 'alias') AND {_begins(made, word)}"
        if word in filters.ids:
            found = f"{found} UNION ALL {terms} t.kind = 'id' AND {_begins(made, filters.ids[word])}"
        made.conditions.append(f"r.id IN ({found})")
    return made


def _begins(made: Statement, beginning: str) -> str:
    return f"t.term >= {made.bind(beginning)}::text AND t.term < {made.bind(beginning + LAST_CODE_POINT)}::text"


async def fetch(session: AsyncSession, sql: str, arguments: Sequence[Any]) -> Sequence[RowMapping]:
    """Rows of SQL with `$n` arguments, past the statement compiler."""
    connection = await session.connection()
    return (await connection.exec_driver_sql(sql, tuple(arguments))).mappings().all()


def page_statement(
    organization_id: UUID,
    filters: ResourceFilter,
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
    scope: Scope | None = None,
    by_term: bool = False,
) -> tuple[str, list[Any]]:
    """SQL and arguments of one page of open resources; `after` is the sort key of the row before."""
    statement = filter_statement(organization_id, filters, scope=scope, by_term=by_term)
    columns, descends = SORTS[sort]
    if after is not None:
        key = ", ".join(f"r.{column}" for column in (*columns, "id"))
        kinds = [*(_TYPES[column] for column in columns), "uuid"]
        values = ", ".join(f"{statement.bind(value)}::{kind}" for value, kind in zip(after, kinds, strict=True))
        statement.conditions.append(f"({key}) {'<' if descends else '>'} ({values})")
    direction = " DESC" if descends else ""
    order = ", ".join(f"r.{column}{direction}" for column in (*columns, "id"))
    # The page is cut before the units are joined, so that the join touches only its rows.
    more = ", r.cost_order" if "cost_order" in columns else ""
    sql = f"""SELECT {ITEM_COLUMNS}{more}
      FROM (SELECT * FROM cloud_resources r WHERE {statement.where} ORDER BY {order} LIMIT {statement.bind(limit)}) r
      {UNIT_JOIN} ORDER BY {order}"""  # noqa: S608  # names are ours, values are arguments
    return sql, statement.arguments


def rarity_statement(organization_id: UUID, scope: Scope, *, few: int) -> tuple[str, list[Any]]:
    """SQL that tells, from the first `few` lists of their terms, how many lists each part's tags have at most."""
    made = Statement()
    org = made.bind(organization_id)
    counts = [
        f"(SELECT count(*) FROM (SELECT FROM resource_terms t WHERE t.organization_id = {org} AND t.kind = 'tag'"  # noqa: S608
        f" AND t.term = ANY({made.bind(sorted({tag_term(*tag) for tag in part.tags}))}::text[]) LIMIT {few}) found)"
        for part in scope.parts()
        if part.tags
    ]
    return f"SELECT least({', '.join(counts)}) AS lists", made.arguments


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
    session: AsyncSession, organization_id: UUID, resource_id: UUID, *, limit: int
) -> Sequence[RowMapping]:
    """Edges in both directions with the neighbour's name and type where it is known; none to what one may not see."""
    made = Statement([], [organization_id, resource_id, limit])
    narrow(made, scope_of(session), "n")
    visible = f"WHERE n.id IS NULL OR ({made.where})" if made.conditions else ""
    sql = f"""WITH edges AS (
        SELECT kind, 'out' AS direction, target_id AS neighbour, target_native_id AS native_id
          FROM resource_relations WHERE organization_id = $1 AND source_id = $2
        UNION
        SELECT kind, 'in', source_id, source_native_id
          FROM resource_relations WHERE organization_id = $1 AND target_id = $2)
      SELECT e.kind, e.direction, n.id AS resource_id, coalesce(n.native_id, e.native_id) AS native_id, n.name, n.type
      FROM edges e LEFT JOIN cloud_resources n ON n.organization_id = $1 AND n.id = e.neighbour
      {visible} ORDER BY e.direction, e.kind, n.name, e.native_id LIMIT $3"""  # noqa: S608  # names are ours
    return await fetch(session, sql, made.arguments)


async def list_versions(
    session: AsyncSession,
    organization_id: UUID,
    *,
    resource_id: UUID | None = None,
    account_id: UUID | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """History with the resource's present name, newest first."""
    query = (
        select(
            ResourceVersion.id,
            ResourceVersion.resource_id,
            CloudResource.native_id,
            CloudResource.name,
            CloudResource.native_type,
            CloudResource.provider,
            ResourceVersion.kind,
            ResourceVersion.at,
            ResourceVersion.changes,
        )
        .join(
            CloudResource,
            (CloudResource.organization_id == ResourceVersion.organization_id)
            & (CloudResource.id == ResourceVersion.resource_id),
        )
        .where(
            ResourceVersion.organization_id == organization_id,
            *resource_conditions(scope_of(session), CloudResource.account_id, CloudResource.tags),
        )
    )
    for column, value in (("resource_id", resource_id), ("account_id", account_id), ("kind", kind)):
        if value is not None:
            query = query.where(getattr(ResourceVersion, column) == value)
    if since is not None:
        query = query.where(ResourceVersion.at >= since)
    if until is not None:
        query = query.where(ResourceVersion.at < until)
    if before is not None:
        query = query.where(ResourceVersion.id < before)
    return (await session.execute(query.order_by(ResourceVersion.id.desc()).limit(limit))).mappings().all()


async def count_groups(
    session: AsyncSession, organization_id: UUID, filters: ResourceFilter, columns: Sequence[str]
) -> dict[str, list[tuple[Any, int]]]:
    """Counts by value for each column, most first. One pass for the columns that no filter of their own narrows."""
    shared = [column for column in columns if not getattr(filters, column)]
    passes = [([column], column) for column in columns if column not in shared]
    groups: dict[str, list[tuple[Any, int]]] = {column: [] for column in columns}
    for grouped, without in [(shared, None), *passes]:
        if not grouped:
            continue
        statement = filter_statement(organization_id, filters, without=without, scope=scope_of(session))
        names = ", ".join(f"r.{column}" for column in grouped)
        sets = ", ".join(f"(r.{column})" for column in grouped)
        sql = f"""SELECT {names}, grouping({names}) AS level, count(*) AS found FROM cloud_resources r
          WHERE {statement.where} GROUP BY GROUPING SETS ({sets}) ORDER BY found DESC, {names}"""  # noqa: S608
        for row in await fetch(session, sql, statement.arguments):
            # `level` has a bit for each column that is not grouped, the first column highest.
            position = next(i for i in range(len(grouped)) if not row["level"] >> (len(grouped) - 1 - i) & 1)
            groups[grouped[position]].append((row[grouped[position]], row["found"]))
    return groups


async def list_units(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID | None = None,
    *,
    after: Sequence[str] | None = None,
    limit: int | None = None,
) -> Sequence[SyncUnit]:
    """Planned units by account number, service and region."""
    order = (SyncUnit.native_account, SyncUnit.service, SyncUnit.region)
    query = select(SyncUnit).where(SyncUnit.organization_id == organization_id, SyncUnit.retired_at.is_(None))
    if account_id is not None:
        query = query.where(SyncUnit.account_id == account_id)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return (await session.execute(query.order_by(*order).limit(limit))).scalars().all()


async def count_open_units(session: AsyncSession, organization_id: UUID) -> Sequence[RowMapping]:
    """Each unit's counts of open resources with its account's provider; retired units keep their stale resources."""
    scope = scope_of(session)
    accounts = sorted(scope.account_ids or ()) if scope and scope.account_ids is not None else None
    sql = """SELECT u.account_id, a.name, a.provider, u.region, u.type_counts::text AS type_counts, u.stale_resources
      FROM sync_units u JOIN accounts a ON a.organization_id = u.organization_id AND a.id = u.account_id
      WHERE u.organization_id = $1 AND a.removed_at IS NULL AND ($2::uuid[] IS NULL OR a.id = ANY($2::uuid[]))"""
    return await fetch(session, sql, (organization_id, accounts))


async def list_sync_states(session: AsyncSession, organization_id: UUID) -> Sequence[RowMapping]:
    """Each account's units by state, and its stale resources."""
    sql = """SELECT a.id AS account_id, a.name, a.provider, a.last_synced_at,
        count(u.id) FILTER (WHERE u.retired_at IS NULL) AS units,
        count(*) FILTER (WHERE u.state = 'complete' AND u.retired_at IS NULL) AS complete,
        count(*) FILTER (WHERE u.state = 'partial' AND u.retired_at IS NULL) AS partial,
        count(*) FILTER (WHERE u.state = 'failed' AND u.retired_at IS NULL) AS failed,
        coalesce(sum(u.stale_resources), 0)::bigint AS stale_resources
      FROM accounts a LEFT JOIN sync_units u ON u.organization_id = a.organization_id AND u.account_id = a.id
      WHERE a.organization_id = $1 AND a.removed_at IS NULL AND ($2::uuid[] IS NULL OR a.id = ANY($2::uuid[]))
      GROUP BY a.organization_id, a.id ORDER BY a.id"""
    scope = scope_of(session)
    accounts = sorted(scope.account_ids or ()) if scope and scope.account_ids is not None else None
    return await fetch(session, sql, (organization_id, accounts))
