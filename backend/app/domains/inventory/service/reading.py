"""One resource, history and units."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.core.pagination import Page, decode_cursor, encode_cursor, invalid_cursor
from app.core.scope import OutsideScope, scope_of
from app.domains.accounts import service as accounts
from app.domains.inventory import queries
from app.domains.inventory.rules import HistoryBroken, ResourceFilter, parse_filter
from app.domains.inventory.schemas import (
    ResourceChangeRead,
    ResourceDetail,
    ResourceRelationRead,
    SyncUnitRead,
)
from app.domains.inventory.service.asking import check_known
from app.domains.inventory.service.past import check_moment, rebuild

MAX_RELATIONS = 500
_FRESH: dict[str, Any] = {"stale": False, "stale_since": None, "stale_reason": None}
_JSON_COLUMNS = ("tags", "monthly_cost", "unread_fields", "properties")


async def read_resource(
    session: AsyncSession, organization_id: UUID, resource_id: UUID, *, at: datetime | None = None
) -> ResourceDetail:
    """One resource with its configuration and neighbours, closed ones too; as it was then with `at`.

    Raises NotFound, also for a moment before it was first seen, and InvalidInput for one that cannot be answered.
    Neighbours are those of the moment, by their present names; costs are the present ones.
    """
    row = await queries.get_resource(session, organization_id, resource_id)
    edges = await queries.list_relations(session, organization_id, resource_id, limit=MAX_RELATIONS + 1, at=at)
    fields: dict[str, Any] = {**row} | {name: orjson.loads(row[name]) for name in _JSON_COLUMNS}
    if at is not None:
        await _take_back(session, organization_id, fields, at)
    relations = [ResourceRelationRead(**edge) for edge in edges[:MAX_RELATIONS]]
    return ResourceDetail(**fields, relations=relations, relations_truncated=len(edges) > MAX_RELATIONS)


async def _take_back(session: AsyncSession, organization_id: UUID, fields: dict[str, Any], at: datetime) -> None:
    """Make the fields those of a moment. Raises NotFound, InvalidInput."""
    await check_moment(session, organization_id, at)
    if fields["first_seen_at"] > at:
        raise NotFound
    rows = await queries.list_versions_since(session, organization_id, [UUID(fields["id"])], at)
    versions = [(row["kind"], orjson.loads(row["changes"])) for row in rows]
    present = {name: fields[name] for name in ("name", "status", "region", "tags", "properties")}
    present["account"] = fields["native_account"]
    try:
        document = rebuild(present, is_closed=fields["closed_at"] is not None, versions=versions)
    except HistoryBroken:
        raise Conflict("The history of this resource does not fit together, so its past cannot be shown.") from None
    fields |= {"native_account" if name == "account" else name: value for name, value in document.fields.items()}
    if (scope := scope_of(session)) is not None and not scope.has_resource(UUID(fields["account_id"]), fields["tags"]):
        raise NotFound
    # The latest closing before the moment is not kept with the row, so it is the last change before it.
    gone = await queries.last_closing(session, organization_id, UUID(fields["id"]), at)
    fields |= {
        "closed_at": None if document.was_there else gone or fields["closed_at"],
        "last_seen_at": min(fields["last_seen_at"], at),
        **({} if fields["stale_since"] and fields["stale_since"] <= at else _FRESH),
        "unread_fields": {},
    }


async def list_history(
    session: AsyncSession, organization_id: UUID, resource_id: UUID, *, limit: int, cursor: str | None
) -> Page[ResourceChangeRead]:
    """What changed about one resource, newest first. Raises NotFound."""
    before = _id_cursor(cursor)
    await queries.check_resource(session, organization_id, resource_id)
    rows = await queries.list_versions(
        session, organization_id, resource_id=resource_id, before=before, limit=limit + 1
    )
    return _page_of_changes(rows, limit)


async def list_changes(
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
    limit: int,
    cursor: str | None,
) -> Page[ResourceChangeRead]:
    """What changed anywhere, newest first; `filters` ask what the resources are like now."""
    if filters is not None:
        await check_known(organization_id, filters)
    rows = await queries.list_versions(
        session,
        organization_id,
        filters=filters,
        resource_id=resource_id,
        account_id=account_id,
        kind=kind,
        actor=actor,
        since=since,
        until=until,
        before=_id_cursor(cursor),
        limit=limit + 1,
    )
    return _page_of_changes(rows, limit)


async def count_changes(
    session: AsyncSession, organization_id: UUID, *, search: str, kinds: Sequence[str], since: datetime, until: datetime
) -> int:
    """How many changes there were of resources that a search finds now, the gone ones too. Raises InvalidInput."""
    filters = parse_filter(search=search)
    await check_known(organization_id, filters)
    return await queries.count_versions(
        session, organization_id, filters=filters, kinds=kinds, since=since, until=until
    )


async def list_units(
    session: AsyncSession, organization_id: UUID, account_id: UUID, *, limit: int, cursor: str | None
) -> Page[SyncUnitRead]:
    """The account's planned units. Raises NotFound."""
    after = decode_cursor(cursor, 3)
    if after is not None and not all(isinstance(part, str) and "\x00" not in part for part in after):
        raise invalid_cursor()
    await accounts.read_account(session, organization_id, account_id)
    if (scope := scope_of(session)) is not None and scope.has_tags:
        raise OutsideScope("Units are read whole, whatever their resources' tags.")
    rows = await queries.list_units(session, organization_id, account_id, after=after, limit=limit + 1)
    items = [
        SyncUnitRead.model_validate(
            {name: getattr(row, name) for name in SyncUnitRead.model_fields if name != "account"}
            | {"account": row.native_account}
        )
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=items,
        next_cursor=encode_cursor(last.native_account, last.service, last.region) if last is not None else None,
    )


def _page_of_changes(rows: Sequence[RowMapping], limit: int) -> Page[ResourceChangeRead]:
    return Page(
        items=[
            ResourceChangeRead.model_validate({**row} | {"changes": orjson.loads(row["changes"])})
            for row in rows[:limit]
        ],
        next_cursor=encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None,
    )


def _id_cursor(cursor: str | None) -> UUID | None:
    key = decode_cursor(cursor, 1)
    if key is None:
        return None
    try:
        return UUID(key[0])
    except (ValueError, TypeError, AttributeError):
        raise invalid_cursor() from None
