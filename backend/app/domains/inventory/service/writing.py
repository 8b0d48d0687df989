"""Writing changed resources with their look-up terms and history."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.core.bulk import Driver, array_literal
from app.core.ids import new_id
from app.domains.inventory import rules
from app.domains.inventory.rules import PreparedResource, Term, Terms
from app.domains.inventory.service.before import Before, read_before
from app.domains.inventory.service.terms import add_terms, drop_terms
from app.domains.inventory.service.zones import add_zones

# All that is written of a resource that is found as before: less to send, to read and to compare.
_OWN_COLUMNS = {
    "id": "uuid",
    "account_id": "uuid",
    "native_account": "text",
    "status": "text",
    "properties": "jsonb",
    "unread_fields": "jsonb",
    "content_hash": "bytea",
    "created_at": "timestamptz",
}
_COLUMNS = _OWN_COLUMNS | {
    "native_id": "text",
    "native_type": "text",
    "type": "text",
    "name": "text",
    "region": "text",
    "tags": "jsonb",
    "tag_hashes": "int4[]",
    "word_bits": f"bit({rules.WORD_BITS})",
    "aliases": "text[]",
}


def _source(columns: Mapping[str, str]) -> str:
    """The rows of arguments from $6 on.

    Aliases as text, because an array of arrays would have to be a rectangle; documents as the driver's array, because
    PostgreSQL reads a literal letter by letter.
    """
    arrays = ", ".join(
        f"${number}::text[]" if kind == "jsonb" else f"${number}::text::{'text' if kind.endswith('[]') else kind}[]"
        for number, kind in enumerate(columns.values(), start=6)
    )
    return f"unnest({arrays}) AS s ({', '.join(columns)})"


_MERGE = """
INSERT INTO cloud_resources (organization_id, unit_id, provider, service, first_seen_at, last_seen_at, {columns})
  SELECT $1, $2, $3, $4, $5, $5, {values} FROM {source}
ON CONFLICT (organization_id, native_key) DO UPDATE SET
    unit_id = excluded.unit_id, provider = excluded.provider, service = excluded.service,
    last_seen_at = excluded.last_seen_at, closed_at = NULL, stale_since = NULL, stale_reason = NULL, {updates}
RETURNING id, native_key
""".format(  # noqa: S608  # names are ours
    columns=", ".join(_COLUMNS),
    values=", ".join(f"{name}::{kind}" for name, kind in _COLUMNS.items()),
    source=_source(_COLUMNS),
    updates=", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("id", "native_id")),
)
_UPDATE = """
UPDATE cloud_resources r SET unit_id = $2, provider = $3, service = $4, last_seen_at = $5, closed_at = NULL,
    stale_since = NULL, stale_reason = NULL, {updates}
  FROM {source} WHERE r.organization_id = $1 AND r.id = s.id
""".format(  # names are ours
    source=_source(_OWN_COLUMNS),
    updates=", ".join(f"{name} = s.{name}::{kind}" for name, kind in _OWN_COLUMNS.items() if name != "id"),
)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Who made the changes that are written, in the cloud's words."""

    actor: str | None
    action: str | None
    event_id: str | None


@dataclass(frozen=True, kw_only=True)
class Destination:
    """What the rows of one unit share. `account_id` is the reading account's; `owners` has other resources' accounts.

    `owners`: our account row by the cloud's account, its key as `rules.native_key` makes it.
    """

    organization_id: UUID
    account_id: UUID
    unit_id: UUID
    provider: str
    service: str
    job_id: UUID | None
    now: datetime
    owners: Mapping[str, UUID] = field(default_factory=dict)
    cause: Cause | None = None

    def account_of(self, native_account: str) -> UUID:
        """The account row of a resource; the reading account's own for an account that is not known."""
        if not self.owners:
            return self.account_id
        return self.owners.get(rules.native_key(self.provider, native_account), self.account_id)


@dataclass(frozen=True)
class Version:
    """A row of history to add."""

    resource_id: UUID
    account_id: UUID
    kind: str  # created, updated or deleted
    changes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(kw_only=True)
class Written:
    """What was written: ids by native key, what is new and changed, the types among them, the units rows came from."""

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


@dataclass(kw_only=True, slots=True)
class _Write:
    """One resource to write: its id, what is stored of it, and the properties to store."""

    id: UUID
    resource: PreparedResource
    old: Before | None
    properties: bytes

    def changes(self) -> list[dict[str, Any]]:
        """What history tells of it."""
        if self.old is None:
            return []
        volatile = self.resource.volatile
        return rules.diff(
            _compared(self.old.resource, self.old.resource.properties_json, volatile),
            _compared(self.resource, self.properties, volatile),
        )


async def write_resources(
    driver: Driver, where: Destination, resources: Sequence[PreparedResource], known: Container[str]
) -> Written:
    """Insert or update these resources, write their history and their terms. Unread properties keep their old value.

    `known`: native keys that are stored already.
    """
    if not resources:
        return Written()
    before = await read_before(
        driver, where.organization_id, [resource.native_key for resource in resources if resource.native_key in known]
    )
    kept: list[_Write] = []
    anew: list[_Write] = []
    for resource in resources:
        one = _make_write(resource, before.get(resource.native_key))
        (kept if one.old is not None and one.old.is_found_like(resource, where.unit_id) else anew).append(one)
    # PostgreSQL writes while we compare: together they are most of the time.
    changed, _ = await asyncio.gather(
        asyncio.to_thread(lambda: [one.changes() for one in (*kept, *anew)]), _write(driver, where, kept, anew)
    )
    written = Written(ids={one.resource.native_key: one.id for one in (*kept, *anew)})
    versions: list[Version] = []
    for one, changes in zip((*kept, *anew), changed, strict=True):
        account_id = where.account_of(one.resource.native_account)
        written.native_types.add(one.resource.native_type)
        if one.old is None or one.old.closed:
            written.created.append(one.id)  # with what became other while it was gone, so that its past can be told
            versions.append(Version(one.id, account_id, "created", changes))
        else:
            written.updated.append(one.id)
            if changes:
                versions.append(Version(one.id, account_id, "updated", changes))
        if one.old is not None and one.old.unit_id != where.unit_id:
            written.left_units.add(one.old.unit_id)
    await write_versions(driver, where, versions)
    await _write_terms(driver, where.organization_id, anew)
    named = ((one.resource.name, one.resource.terms, one.resource.tags) for one in anew)
    await add_zones(driver, where.organization_id, where.unit_id, named)
    for resource in resources:
        resource.forget_terms()
    return written


def _make_write(resource: PreparedResource, old: Before | None) -> _Write:
    properties = resource.properties_json
    if old is not None and resource.unread_fields:
        merged = rules.keep_unread(resource.properties, resource.unread_fields, old.resource.properties)
        properties = orjson.dumps(merged)
    return _Write(id=old.id if old else new_id(), resource=resource, old=old, properties=properties)


async def _write(driver: Driver, where: Destination, kept: Sequence[_Write], anew: Sequence[_Write]) -> None:
    await _update(driver, where, kept)
    await _merge(driver, where, anew)


async def _update(driver: Driver, where: Destination, writes: Sequence[_Write]) -> None:
    """Write what is found as before."""
    if writes:
        rows = [_own_values(one, where) for one in writes]
        await driver.execute(_UPDATE, *_shared(where), *_arrays(_OWN_COLUMNS, rows))


async def _merge(driver: Driver, where: Destination, writes: Sequence[_Write]) -> None:
    """Write what is new, or found in another way; a row that somebody else made meanwhile keeps its id."""
    if not writes:
        return
    rows = [(*_own_values(one, where), *_found_values(one.resource)) for one in writes]
    found = await driver.fetch(_MERGE, *_shared(where), *_arrays(_COLUMNS, rows))
    ids = {key: id_ for id_, key in found}
    for one in writes:
        one.id = ids[one.resource.native_key]


async def write_versions(driver: Driver, where: Destination, versions: Sequence[Version]) -> None:
    """Add rows of history, with what is known of who made them."""
    if not versions:
        return
    rows = [
        (
            str(new_id()),
            str(version.resource_id),
            str(version.account_id),
            version.kind,
            orjson.dumps(version.changes).decode() if version.changes else "[]",
        )
        for version in versions
    ]
    cause = where.cause or Cause(actor=None, action=None, event_id=None)
    await driver.execute(
        """INSERT INTO resource_versions (organization_id, at, job_id, actor, action, event_id,
             id, resource_id, account_id, kind, changes)
           SELECT $1, $2, $3, $4, $5, $6, id, resource_id, account_id, kind, changes
           FROM unnest($7::text::uuid[], $8::text::uuid[], $9::text::uuid[], $10::text::text[], $11::text::jsonb[])
             AS s (id, resource_id, account_id, kind, changes)""",
        where.organization_id,
        where.now,
        where.job_id,
        cause.actor,
        cause.action,
        cause.event_id,
        *map(array_literal, zip(*rows, strict=True)),
    )


def _shared(where: Destination) -> tuple[Any, ...]:
    """The first arguments of both statements."""
    return where.organization_id, where.unit_id, where.provider, where.service, where.now


def _own_values(one: _Write, where: Destination) -> tuple[str | None, ...]:
    """Values as PostgreSQL reads them, in the order of _OWN_COLUMNS."""
    resource = one.resource
    return (
        str(one.id),
        str(where.account_of(resource.native_account)),
        resource.native_account,
        resource.status,
        one.properties.decode(),
        orjson.dumps(resource.unread_fields).decode() if resource.unread_fields else "{}",
        rf"\x{resource.content_hash.hex()}",
        resource.created_at.isoformat() if resource.created_at else None,
    )


def _found_values(resource: PreparedResource) -> tuple[str | None, ...]:
    """The same for the rest of _COLUMNS."""
    return (
        resource.native_id,
        resource.native_type,
        resource.type,
        resource.name,
        resource.region,
        orjson.dumps(resource.tags).decode(),
        None if (hashes := rules.tag_hashes(resource.tags)) is None else f"{{{','.join(map(str, hashes))}}}",
        rules.bits_text(rules.word_bits(resource.terms)),
        array_literal(resource.aliases),
    )


def _arrays(columns: Mapping[str, str], rows: Sequence[tuple[str | None, ...]]) -> list[Any]:
    arrays = zip(columns.values(), zip(*rows, strict=True), strict=True)
    return [values if kind == "jsonb" else array_literal(values) for kind, values in arrays]


def _compared(resource: PreparedResource, properties: bytes, volatile: Sequence[str]) -> dict[str, Any]:
    """What history tells about: its paths start with these names. Nobody keeps the document, which is large."""
    return {
        "account": resource.native_account,
        "name": resource.name,
        "status": resource.status,
        "region": resource.region,
        "tags": resource.tags,
        "properties": rules.without_volatile(orjson.loads(properties), volatile),
    }


async def _write_terms(driver: Driver, organization_id: UUID, writes: Sequence[_Write]) -> None:
    added: list[tuple[UUID, Terms]] = []
    dropped: dict[Term, list[UUID]] = {}
    for one in writes:
        terms = one.resource.terms
        if one.old is not None:
            before = one.old.resource.terms.all
            for term in before - terms.all:
                dropped.setdefault(term, []).append(one.id)
            terms = Terms(terms.all - before)
        if terms.own:
            added.append((one.id, terms))
    await drop_terms(driver, organization_id, dropped)
    await add_terms(driver, organization_id, added)
