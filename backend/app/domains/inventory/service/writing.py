"""Writing changed resources with their look-up terms and history."""

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
from app.domains.inventory.service.terms import add_terms, drop_terms
from app.domains.inventory.service.zones import add_zones

_RESOURCE_COLUMNS = {
    "id": "uuid",
    "account_id": "uuid",
    "native_account": "text",
    "native_id": "text",
    "native_type": "text",
    "type": "text",
    "name": "text",
    "region": "text",
    "status": "text",
    "tags": "jsonb",
    "tag_hashes": "int4[]",
    "word_bits": f"bit({rules.WORD_BITS})",
    "properties": "jsonb",
    "unread_fields": "jsonb",
    "aliases": "text[]",
    "content_hash": "bytea",
    "created_at": "timestamptz",
}
# Of rows from before there were word bits; in a merge: those of the row stay.
_ANY_WORD = f"'{'1' * rules.WORD_BITS}'::bit({rules.WORD_BITS})"
_MERGE = """
INSERT INTO cloud_resources (organization_id, unit_id, provider, service, first_seen_at, last_seen_at, {columns})
  SELECT $1, $2, $3, $4, $5, $5, {values} FROM unnest({arrays}) AS s ({columns})
ON CONFLICT (organization_id, native_key) DO UPDATE SET
    unit_id = excluded.unit_id, provider = excluded.provider, service = excluded.service,
    last_seen_at = excluded.last_seen_at, closed_at = NULL, stale_since = NULL, stale_reason = NULL, {updates}
RETURNING id, native_key
""".format(  # noqa: S608  # names are ours
    columns=", ".join(_RESOURCE_COLUMNS),
    values=", ".join(
        f"coalesce({name}::{kind}, {_ANY_WORD})" if name == "word_bits" else f"{name}::{kind}"
        for name, kind in _RESOURCE_COLUMNS.items()
    ),
    # Aliases as text, because an array of arrays would have to be a rectangle; documents as the driver's array, because
    # PostgreSQL reads a literal letter by letter.
    arrays=", ".join(
        f"${number}::text[]" if kind == "jsonb" else f"${number}::text::{'text' if kind.endswith('[]') else kind}[]"
        for number, (name, kind) in enumerate(_RESOURCE_COLUMNS.items(), start=6)
    ),
    updates=", ".join(
        [f"{name} = excluded.{name}" for name in _RESOURCE_COLUMNS if name not in ("id", "native_id", "word_bits")]
        + [f"word_bits = coalesce(nullif(excluded.word_bits, {_ANY_WORD}), cloud_resources.word_bits)"]
    ),
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
class _Before:
    """What is stored, and whether its word bits are."""

    id: UUID
    unit_id: UUID
    closed: bool
    has_bits: bool
    resource: PreparedResource

    def is_found_like(self, other: PreparedResource) -> bool:
        """Whether the other is found by the very same terms, so that neither's need be made."""
        mine = self.resource
        return (
            mine.name == other.name
            and mine.tags == other.tags
            and mine.region == other.region
            and mine.type == other.type
            and mine.native_type == other.native_type
            and mine.native_id == other.native_id
            and mine.aliases == other.aliases
        )


async def write_resources(
    driver: Driver, where: Destination, resources: Sequence[PreparedResource], known: Container[str]
) -> Written:
    """Insert or update these resources, write their history and their terms. Unread properties keep their old value.

    `known`: native keys that are stored already.
    """
    if not resources:
        return Written()
    before = await _read_before(
        driver, where.organization_id, [resource.native_key for resource in resources if resource.native_key in known]
    )
    rows: list[tuple[str | None, ...]] = []
    stored: dict[str, bytes] = {}
    found_anew: list[PreparedResource] = []
    for resource in resources:
        old, properties = before.get(resource.native_key), resource.properties_json
        if old is not None and resource.unread_fields:
            merged = rules.keep_unread(resource.properties, resource.unread_fields, old.resource.properties)
            stored[resource.native_key] = properties = orjson.dumps(merged)
        is_found_anew = old is None or not old.is_found_like(resource)
        if is_found_anew:
            found_anew.append(resource)
        bits = None
        if old is None or is_found_anew or not old.has_bits:
            bits = rules.bits_text(rules.word_bits(resource.terms))
        account_id = where.account_of(resource.native_account)
        rows.append(_row(resource, old.id if old else new_id(), account_id, properties, bits))
    found = await driver.fetch(
        _MERGE,
        where.organization_id,
        where.unit_id,
        where.provider,
        where.service,
        where.now,
        *_columns(rows),
    )
    written = Written(ids={key: id_ for id_, key in found})
    versions: list[Version] = []
    for resource in resources:
        id_, old = written.ids[resource.native_key], before.get(resource.native_key)
        account_id = where.account_of(resource.native_account)
        written.native_types.add(resource.native_type)
        changes: list[dict[str, Any]] = []
        if old is not None:
            changes = rules.diff(
                _compared(old.resource, old.resource.properties_json, resource.volatile),
                _compared(resource, stored.get(resource.native_key, resource.properties_json), resource.volatile),
            )
        if old is None or old.closed:
            written.created.append(id_)  # with what became other while it was gone, so that its past can be told
            versions.append(Version(id_, account_id, "created", changes))
        else:
            written.updated.append(id_)
            if changes:
                versions.append(Version(id_, account_id, "updated", changes))
        if old is not None and old.unit_id != where.unit_id:
            written.left_units.add(old.unit_id)
    await write_versions(driver, where, versions)
    await _write_terms(driver, where.organization_id, found_anew, before, written.ids)
    await add_zones(driver, where.organization_id, where.unit_id, found_anew)
    for resource in resources:
        resource.forget_terms()
    return written


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


def _row(
    resource: PreparedResource, id_: UUID, account_id: UUID, properties: bytes, bits: str | None
) -> tuple[str | None, ...]:
    """Values as PostgreSQL reads them, in the order of _RESOURCE_COLUMNS. `bits`: None where they are stored."""
    return (
        str(id_),
        str(account_id),
        resource.native_account,
        resource.native_id,
        resource.native_type,
        resource.type,
        resource.name,
        resource.region,
        resource.status,
        orjson.dumps(resource.tags).decode(),
        None if (hashes := rules.tag_hashes(resource.tags)) is None else f"{{{','.join(map(str, hashes))}}}",
        bits,
        properties.decode(),
        orjson.dumps(resource.unread_fields).decode() if resource.unread_fields else "{}",
        array_literal(resource.aliases),
        rf"\x{resource.content_hash.hex()}",
        resource.created_at.isoformat() if resource.created_at else None,
    )


def _columns(rows: Sequence[tuple[str | None, ...]]) -> list[Any]:
    columns = zip(_RESOURCE_COLUMNS.values(), zip(*rows, strict=True), strict=True)
    return [values if kind == "jsonb" else array_literal(values) for kind, values in columns]


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


async def _read_before(driver: Driver, organization_id: UUID, native_keys: Sequence[str]) -> dict[str, _Before]:
    if not native_keys:
        return {}
    rows = await driver.fetch(
        f"""SELECT id, unit_id, closed_at IS NOT NULL, native_id, native_key, native_account, native_type,
             type, name, region, status, tags::text, properties::text, unread_fields::text, aliases, content_hash,
             created_at, word_bits <> {_ANY_WORD}
           FROM cloud_resources WHERE organization_id = $1 AND native_key = ANY($2::text[])
           ORDER BY native_key FOR UPDATE""",  # noqa: S608  # the bits are ours
        organization_id,
        list(native_keys),
    )
    return {row[4]: _make_before(*row) for row in rows}


def _make_before(
    id_: UUID,
    unit_id: UUID,
    closed: bool,
    native_id: str,
    native_key: str,
    native_account: str,
    native_type: str,
    type_: str,
    name: str,
    region: str,
    status: str | None,
    tags: str,
    properties: str,
    unread_fields: str,
    aliases: list[str],
    content_hash: bytes,
    created_at: datetime | None,
    has_bits: bool,
) -> _Before:
    resource = PreparedResource(
        native_id=native_id,
        native_key=native_key,
        native_account=native_account,
        native_type=native_type,
        type=type_,
        name=name,
        region=region,
        status=status,
        tags=orjson.loads(tags),
        unread_fields=orjson.loads(unread_fields),
        aliases=aliases,
        content_hash=content_hash,
        created_at=created_at,
        properties_json=properties.encode(),
    )
    return _Before(id=id_, unit_id=unit_id, closed=closed, has_bits=has_bits, resource=resource)


async def _write_terms(
    driver: Driver,
    organization_id: UUID,
    resources: Sequence[PreparedResource],
    before: Mapping[str, _Before],
    ids: Mapping[str, UUID],
) -> None:
    added: list[tuple[UUID, Terms]] = []
    dropped: dict[Term, list[UUID]] = {}
    for resource in resources:
        id_, old, terms = ids[resource.native_key], before.get(resource.native_key), resource.terms
        if old is not None:
            for term in old.resource.terms.all - terms.all:
                dropped.setdefault(term, []).append(id_)
            terms = Terms(terms.all - old.resource.terms.all)
        if terms.own:
            added.append((id_, terms))
    await drop_terms(driver, organization_id, dropped)
    await add_terms(driver, organization_id, added)
