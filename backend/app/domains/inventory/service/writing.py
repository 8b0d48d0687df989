"""Writing changed resources with their look-up terms and history."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.core.bulk import Driver, stage_rows
from app.core.ids import new_id
from app.domains.inventory import rules
from app.domains.inventory.rules import PreparedResource, Term

_RESOURCE_COLUMNS = {
    "id": "uuid",
    "native_id": "text",
    "native_type": "text",
    "type": "text",
    "name": "text",
    "region": "text",
    "status": "text",
    "tags": "jsonb",
    "properties": "jsonb",
    "unread_fields": "jsonb",
    "aliases": "text[]",
    "content_hash": "bytea",
    "created_at": "timestamptz",
}
_MERGE = """
INSERT INTO cloud_resources (organization_id, account_id, unit_id, provider, native_account, service,
    first_seen_at, last_seen_at, {columns})
  SELECT $1, $2, $3, $4, $5, $6, $7, $7, {columns} FROM pg_temp.staged_resources ORDER BY native_id
ON CONFLICT (organization_id, native_id) DO UPDATE SET
    account_id = excluded.account_id, unit_id = excluded.unit_id, provider = excluded.provider,
    native_account = excluded.native_account, service = excluded.service, last_seen_at = excluded.last_seen_at,
    closed_at = NULL, stale_since = NULL, stale_reason = NULL, {updates}
RETURNING id, native_id
""".format(  # noqa: S608  # names are ours
    columns=", ".join(_RESOURCE_COLUMNS),
    updates=", ".join(f"{name} = excluded.{name}" for name in _RESOURCE_COLUMNS if name not in ("id", "native_id")),
)


@dataclass(frozen=True, kw_only=True)
class Destination:
    """What the rows of one unit share."""

    organization_id: UUID
    account_id: UUID
    unit_id: UUID
    provider: str
    native_account: str
    service: str
    job_id: UUID
    now: datetime


@dataclass(kw_only=True)
class Written:
    """What was written: ids by native id, what is new and changed, the types among them, the units rows came from."""

    ids: dict[str, UUID] = field(default_factory=dict)
    created: list[UUID] = field(default_factory=list)
    updated: list[UUID] = field(default_factory=list)
    native_types: set[str] = field(default_factory=set)
    left_units: set[UUID] = field(default_factory=set)

    def add(self, other: "Written") -> None:
        """Add another chunk's."""
        self.ids |= other.ids
        self.created += other.created
        self.updated += other.updated
        self.native_types |= other.native_types
        self.left_units |= other.left_units


@dataclass(frozen=True, kw_only=True)
class _Before:
    id: UUID
    unit_id: UUID
    closed: bool
    resource: PreparedResource


async def write_resources(driver: Driver, where: Destination, resources: Sequence[PreparedResource]) -> Written:
    """Insert or update these resources, write their history and their terms. Unread properties keep their old value."""
    before = await _read_before(driver, where.organization_id, [resource.native_id for resource in resources])
    staged: list[tuple[Any, ...]] = []
    kept: dict[str, dict[str, Any]] = {}
    for resource in resources:
        old = before.get(resource.native_id)
        properties = resource.properties
        if old is not None and resource.unread_fields:
            properties = rules.keep_unread(properties, resource.unread_fields, old.resource.properties)
        kept[resource.native_id] = properties
        staged.append(_staged_row(resource, old.id if old else new_id(), properties))
    await stage_rows(driver, "staged_resources", _RESOURCE_COLUMNS, staged)
    rows = await driver.fetch(
        _MERGE,
        where.organization_id,
        where.account_id,
        where.unit_id,
        where.provider,
        where.native_account,
        where.service,
        where.now,
    )
    written = Written(ids={row["native_id"]: row["id"] for row in rows})
    versions: list[tuple[UUID, str, list[dict[str, Any]]]] = []
    for resource in resources:
        id_, old = written.ids[resource.native_id], before.get(resource.native_id)
        written.native_types.add(resource.native_type)
        if old is None or old.closed:
            written.created.append(id_)
            versions.append((id_, "created", []))
        else:
            written.updated.append(id_)
            volatile = resource.volatile
            before_it = _compared(old.resource, old.resource.properties, volatile)
            if changes := rules.diff(before_it, _compared(resource, kept[resource.native_id], volatile)):
                versions.append((id_, "updated", changes))
        if old is not None and old.unit_id != where.unit_id:
            written.left_units.add(old.unit_id)
    await write_versions(driver, where, versions)
    await _write_terms(driver, where.organization_id, resources, before, written.ids)
    return written


async def write_versions(
    driver: Driver,
    where: Destination,
    versions: Sequence[tuple[UUID, str, list[dict[str, Any]]]],
) -> None:
    """Add rows of history: resource id, kind, changes."""
    if not versions:
        return
    columns = {"id": "uuid", "resource_id": "uuid", "kind": "text", "changes": "jsonb"}
    rows = [(new_id(), id_, kind, orjson.dumps(changes).decode()) for id_, kind, changes in versions]
    await stage_rows(driver, "staged_versions", columns, rows)
    await driver.execute(
        """INSERT INTO resource_versions (organization_id, account_id, at, job_id, id, resource_id, kind, changes)
           SELECT $1, $2, $3, $4, id, resource_id, kind, changes FROM pg_temp.staged_versions""",
        where.organization_id,
        where.account_id,
        where.now,
        where.job_id,
    )


def _staged_row(resource: PreparedResource, id_: UUID, properties: dict[str, Any]) -> tuple[Any, ...]:
    return (
        id_,
        resource.native_id,
        resource.native_type,
        resource.type,
        resource.name,
        resource.region,
        resource.status,
        orjson.dumps(resource.tags).decode(),
        orjson.dumps(properties).decode(),
        orjson.dumps(resource.unread_fields).decode(),
        resource.aliases,
        resource.content_hash,
        resource.created_at,
    )


def _compared(resource: PreparedResource, properties: dict[str, Any], volatile: Sequence[str]) -> dict[str, Any]:
    """What history tells about: its paths start with these names."""
    return {
        "name": resource.name,
        "status": resource.status,
        "region": resource.region,
        "tags": resource.tags,
        "properties": rules.without_volatile(properties, volatile),
    }


async def _read_before(driver: Driver, organization_id: UUID, native_ids: Sequence[str]) -> dict[str, _Before]:
    rows = await driver.fetch(
        """SELECT id, unit_id, closed_at IS NOT NULL AS closed, native_id, native_type, type, name, region, status,
             tags::text, properties::text, unread_fields::text, aliases, content_hash, created_at
           FROM cloud_resources WHERE organization_id = $1 AND native_id = ANY($2::text[])
           ORDER BY native_id FOR UPDATE""",
        organization_id,
        list(native_ids),
    )
    return {
        row["native_id"]: _Before(
            id=row["id"],
            unit_id=row["unit_id"],
            closed=row["closed"],
            resource=PreparedResource(
                **{name: row[name] for name in ("native_id", "native_type", "type", "name", "region", "status")},
                **{name: orjson.loads(row[name]) for name in ("tags", "properties", "unread_fields")},
                **{name: row[name] for name in ("aliases", "content_hash", "created_at")},
            ),
        )
        for row in rows
    }


async def _write_terms(
    driver: Driver,
    organization_id: UUID,
    resources: Sequence[PreparedResource],
    before: dict[str, _Before],
    ids: dict[str, UUID],
) -> None:
    added: list[tuple[UUID, Term]] = []
    dropped: list[tuple[UUID, Term]] = []
    for resource in resources:
        old = before.get(resource.native_id)
        old_terms = old.resource.terms if old else set()
        id_ = ids[resource.native_id]
        added += [(id_, term) for term in resource.terms - old_terms]
        dropped += [(id_, term) for term in old_terms - resource.terms]
    columns = {"kind": "text", "term": 'text COLLATE "C"', "resource_id": "uuid"}
    if dropped:
        await stage_rows(driver, "staged_terms", columns, [(kind, term, id_) for id_, (kind, term) in dropped])
        await driver.execute(
            """DELETE FROM resource_terms t USING pg_temp.staged_terms s WHERE t.organization_id = $1
                 AND t.kind = s.kind AND t.term = s.term AND t.resource_id = s.resource_id""",
            organization_id,
        )
    if added:
        rows = sorted((kind, term, id_) for id_, (kind, term) in added)
        await stage_rows(driver, "staged_terms", columns, rows)
        await driver.execute(
            """INSERT INTO resource_terms (organization_id, kind, term, resource_id)
               SELECT $1, kind, term, resource_id FROM pg_temp.staged_terms ON CONFLICT DO NOTHING""",
            organization_id,
        )
