"""States of the past: present rows with the changes since then taken back."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.database import get_database, tenant_session
from app.core.errors import FieldProblem, InvalidInput
from app.core.keeping import kept_for
from app.core.scope import Scope
from app.domains.inventory import queries
from app.domains.inventory.queries import Past
from app.domains.inventory.rules import HistoryBroken, ResourceFilter, ResourceState, matches, rewind

logger = logging.getLogger(__name__)
MAX_CHANGED = 20_000
STATES_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Document:
    """What history tells about, as it was, and whether the resource was there."""

    was_there: bool
    fields: Mapping[str, Any]


async def check_moment(session: AsyncSession, organization_id: UUID, at: datetime) -> None:
    """Raises InvalidInput for a moment that lies ahead or before the history that is kept, with the earliest one."""
    now = utc_now()
    if at > now:
        raise _invalid("must not lie in the future")
    earliest = now - await kept_for(session, organization_id, "history")
    if at < earliest:
        raise _invalid(f"lies before the history that is kept; the earliest moment is {earliest:%Y-%m-%dT%H:%M:%SZ}")


def rebuild(present: Mapping[str, Any], *, is_closed: bool, versions: Sequence[tuple[str, Any]]) -> Document:
    """The document before these versions, (kind, changes), newest first. `present` is what it is now.

    A version that came back after a gap tells what had changed meanwhile. Raises HistoryBroken.
    """
    was_there = not is_closed
    if versions:
        was_there = versions[-1][0] != "created"  # the first thing that happened after the moment
    fields = rewind(present, [changes for _, changes in versions])
    return Document(was_there=was_there, fields=fields)


async def open_past(organization_id: UUID, filters: ResourceFilter, at: datetime, scope: Scope | None) -> Past:
    """What a question about a moment needs. Raises InvalidInput for one that cannot be answered."""
    found = await find_changed(organization_id, filters, at, scope)
    rows: list[dict[str, Any]] = []
    wants_properties = any(term.field == "property" for term in filters.more)
    async for part in iter_states(organization_id, filters, found, at, scope, with_properties=wants_properties):
        rows += [_item(row, state) for row, state in part]
    return Past(at=at, changed=[row["id"] for row in found], rows=rows)


async def find_changed(
    organization_id: UUID, filters: ResourceFilter, at: datetime, scope: Scope | None
) -> Sequence[Mapping[str, Any]]:
    """Present rows of what was there and changed since, with the changes. Raises InvalidInput for too many."""
    async with tenant_session(organization_id) as session:
        await check_moment(session, organization_id, at)
    sql, arguments = queries.changed_statement(organization_id, at, filters.account_id, scope, MAX_CHANGED + 1)
    found = await get_database().reads.fetch(organization_id, sql, arguments)
    if len(found) > MAX_CHANGED:
        raise _invalid(f"more than {MAX_CHANGED:,} resources changed since then; ask for a later moment or one account")
    return found


async def iter_states(
    organization_id: UUID,
    filters: ResourceFilter,
    found: Sequence[Mapping[str, Any]],
    at: datetime,
    scope: Scope | None,
    *,
    with_properties: bool,
) -> AsyncIterator[list[tuple[Mapping[str, Any], ResourceState]]]:
    """Those of the changed resources that matched at the moment, in parts, as they were."""
    reads = get_database().reads
    marks = await _read_marks(organization_id, filters)
    for start in range(0, len(found), STATES_AT_ONCE):
        part = found[start : start + STATES_AT_ONCE]
        properties: dict[UUID, Any] = {}
        if with_properties:
            sql, arguments = queries.properties_statement(organization_id, [row["id"] for row in part])
            told = await reads.fetch(organization_id, sql, arguments)
            properties = {row["id"]: orjson.loads(row["properties"]) for row in told}
        states = []
        for row in part:
            state = _state(row, properties.get(row["id"]), at, frozenset(marks.get(row["id"], ())))
            if state is None or (scope is not None and not scope.has_resource(state.account_id, state.tags)):
                continue
            if matches(filters, state, at):
                states.append((row, state))
        yield states


async def _read_marks(organization_id: UUID, filters: ResourceFilter) -> dict[UUID, set[str]]:
    """What topology says now; it keeps no past."""
    marks: dict[UUID, set[str]] = {}
    if any(term.field == "is" for term in filters.more):
        sql, arguments = queries.marks_statement(organization_id)
        for row in await get_database().reads.fetch(organization_id, sql, arguments):
            marks.setdefault(row["resource_id"], set()).add(row["mark"])
    return marks


def _state(row: Mapping[str, Any], properties: Any, at: datetime, marks: frozenset[str]) -> ResourceState | None:
    """The resource as it was; None where its history does not fit together."""
    versions = [(kind, _without_properties(changes, properties)) for kind, changes in orjson.loads(row["versions"])]
    present = {name: row[name] for name in ("name", "status", "region")} | {"account": row["native_account"]}
    present |= {"tags": orjson.loads(row["tags"]), "properties": properties}
    try:
        document = rebuild(present, is_closed=row["closed_at"] is not None, versions=versions)
    except HistoryBroken:
        logger.warning("the history of a resource does not fit together", extra={"resource_id": str(row["id"])})
        return None
    fields = dict(document.fields)
    same = ("id", "provider", "account_id", "account_name", "account_number", "native_id", "native_type", "type")
    return ResourceState(
        **{name: row[name] for name in (*same, "service", "aliases", "cost_order", "created_at", "first_seen_at")},
        native_account=fields.pop("account", row["native_account"]),
        **fields,
        last_seen_at=min(row["last_seen_at"], at),
        changed_at=row["changed_at"],
        stale=row["stale_since"] is not None and row["stale_since"] <= at,
        closed=not document.was_there,
        marks=marks,
    )


def _without_properties(changes: list[dict[str, Any]], properties: Any) -> list[dict[str, Any]]:
    """Changes that can be taken back without the properties, where these were not read."""
    if properties is not None:
        return changes
    return [
        change if change["path"] else change | {"old": change["old"] | {"properties": None}}
        for change in changes
        if not change["path"].startswith("/properties")
    ]


def _item(row: Mapping[str, Any], state: ResourceState) -> dict[str, Any]:
    kept = ("id", "provider", "account_id", "native_id", "type", "native_type", "name", "region", "status")
    return {name: getattr(state, name) for name in kept} | {
        "tags": orjson.dumps(state.tags).decode(),
        "monthly_cost": row["cost"],
        "first_seen_at": state.first_seen_at,
        "last_seen_at": state.last_seen_at,
        "stale": state.stale,
        "cost_order": state.cost_order,
    }


def _invalid(detail: str) -> InvalidInput:
    return InvalidInput(errors=[FieldProblem(pointer="query/at", detail=detail)])
