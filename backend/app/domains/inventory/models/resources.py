"""Tables of the inventory.

Row-level security keeps `@@`, `@>` and LIKE away from indexes for every role but the owner, because these operators
are not leakproof; text comparison is. So words, tags and ids to look up are rows of `resource_terms`, in a plain
btree that starts with the organization, instead of a tsvector or a GIN index.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Computed,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow
from app.domains.inventory.rules import WORD_BITS

_OPEN = text("closed_at IS NULL")
# Azure spells one id in several cases; the first spelling stays for show and this is what it is told by. The form is
# that of `rules.native_key`.
_NATIVE_KEY = """CASE WHEN provider = 'azure' THEN lower(native_id COLLATE "C") ELSE native_id END"""
_CLOSED = text("closed_at IS NOT NULL")
_UNTAGGED = text("tags = '{}' AND closed_at IS NULL")
NARROW_COLUMNS = (
    "account_id", "provider", "type", "region", "status", "stale_since", "cost_order", "tag_hashes", "word_bits",
)  # fmt: skip
SAMPLED = "get_byte(uuid_send({id}), 15) < 16"  # one of SAMPLE_OF resources, by the random end of its id
SAMPLE_OF = 16
_SAMPLED = text(f"closed_at IS NULL AND {SAMPLED.format(id='id')}")
_ANY_WORD = text(f"repeat('1', {WORD_BITS})::bit({WORD_BITS})")
_MANY_TAGS = text("tag_hashes IS NULL AND closed_at IS NULL")
_STALE = text("stale_since IS NOT NULL AND closed_at IS NULL")


class SyncUnit(OrganizationRow, Base):
    """One unit of collection and how it last ended: state is complete, partial, failed or never.

    `type_seen_at`: {native type: RFC 3339 instant} of each type's last complete listing, so that an unchanged
    resource need not be rewritten to say that it was seen. `type_counts` {type: open resources} and `stale_resources`
    are what summaries read instead of counting rows. `retired_at`: the unit is no longer planned. `failures`: tries in
    a row that failed for a reason that may pass; `retry_at`: when it is read again by itself because of that.
    """

    __tablename__ = "sync_units"
    __table_args__ = (
        UniqueConstraint("organization_id", "account_id", "native_account", "region", "service"),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
    )

    account_id: Mapped[UUID]
    native_account: Mapped[str]
    region: Mapped[str]
    service: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="never")
    resources: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    missing_permissions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    complete_types: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    type_seen_at: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    type_counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    stale_resources: Mapped[int] = mapped_column(server_default="0")
    last_attempt_at: Mapped[datetime | None]
    last_complete_at: Mapped[datetime | None]
    last_job_id: Mapped[UUID | None]
    retired_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime | None]


class UnitCount(Base):
    """How many open resources of a kind a unit has in one account and region; what summaries and facets read.

    `status` is empty where the cloud tells none.
    """

    __tablename__ = "sync_unit_counts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "unit_id"], ["sync_units.organization_id", "sync_units.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "account_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    native_type: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True, server_default="")
    resources: Mapped[int]
    stale: Mapped[int] = mapped_column(server_default="0")


class CloudResource(OrganizationRow, Base):
    """One thing in a cloud, found by the cloud's own id.

    `properties` is the plan's `metadata` (a name that SQLAlchemy keeps for itself): the cloud's own configuration,
    whole. `cost` is its monthly cost, [{"amount", "currency"}], told by costs; `cost_order` only sorts.
    `unread_fields`: {top-level property: why it could not be read}; such a property keeps its last good value.
    `tag_hashes` are those of `rules.tag_hashes`, null for more tags than an index may hold; `word_bits` those of
    `rules.word_bits`. `content_hash` is over what
    was read, not over what was kept. `account_id` and `native_account` are the resource's own account, which the unit
    of an organization's connection may share with others.
    """

    __tablename__ = "cloud_resources"
    __table_args__ = (
        UniqueConstraint("organization_id", "native_key"),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index("ix_cloud_resources_unit", "organization_id", "unit_id"),
        Index("ix_cloud_resources_account", "organization_id", "account_id", "name", "id"),
        # What lists and counts by common tags look at, so that they walk this index instead of reading the rows.
        Index(
            "ix_cloud_resources_by_name",
            "organization_id",
            "name",
            "id",
            postgresql_where=_OPEN,
            postgresql_include=list(NARROW_COLUMNS),
        ),
        Index(
            "ix_cloud_resources_sample",
            "organization_id",
            "name",
            "id",
            postgresql_where=_SAMPLED,
            postgresql_include=list(NARROW_COLUMNS),
        ),
        Index("ix_cloud_resources_many_tags", "organization_id", "id", postgresql_where=_MANY_TAGS),
        Index("ix_cloud_resources_by_type", "organization_id", "type", "name", "id", postgresql_where=_OPEN),
        Index("ix_cloud_resources_by_native_type", "organization_id", "native_type", "id", postgresql_where=_OPEN),
        Index("ix_cloud_resources_by_region", "organization_id", "region", "name", "id", postgresql_where=_OPEN),
        Index("ix_cloud_resources_by_cost", "organization_id", "cost_order", "id", postgresql_where=_OPEN),
        Index("ix_cloud_resources_by_age", "organization_id", "first_seen_at", "id", postgresql_where=_OPEN),
        Index("ix_cloud_resources_untagged", "organization_id", "name", "id", postgresql_where=_UNTAGGED),
        Index("ix_cloud_resources_closed", "organization_id", "name", "id", postgresql_where=_CLOSED),
        Index(
            "ix_cloud_resources_stale",
            "organization_id",
            "account_id",
            postgresql_where=text("stale_since IS NOT NULL"),
        ),
    )

    account_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    provider: Mapped[str]
    native_account: Mapped[str]
    region: Mapped[str]
    service: Mapped[str]
    native_id: Mapped[str]
    native_key: Mapped[str] = mapped_column(Computed(_NATIVE_KEY, persisted=True))
    native_type: Mapped[str]
    type: Mapped[str]
    # The C collation makes a beginning a range, as zones are.
    name: Mapped[str] = mapped_column(Text(collation="C"))
    status: Mapped[str | None]
    tags: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    tag_hashes: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    word_bits: Mapped[Any] = mapped_column(BIT(WORD_BITS), server_default=_ANY_WORD)
    properties: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    unread_fields: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    cost: Mapped[list[Any]] = mapped_column(server_default="[]")
    cost_order: Mapped[float] = mapped_column(Float, server_default="0")
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    created_at: Mapped[datetime | None]  # in the cloud
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]  # a complete listing no longer had it
    stale_since: Mapped[datetime | None]
    stale_reason: Mapped[str | None]


class ResourceTerm(Base):
    """What resources are found by: `kind` is word, id or alias (all lower case), or tag (key, U+001F, value).

    One row lists the resources of one write that share a term, at most `service/terms.py`'s LIST_SIZE, instead of
    repeating words such as a team's or a region's for each of them; `list_id` tells lists of one term apart. It has no
    foreign key: `service/terms.py` keeps it with the resources.
    """

    __tablename__ = "resource_terms"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    # The C collation makes a prefix a range of this index in every database, whatever its own collation.
    term: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    list_id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class ResourceZone(Base):
    """What occurs among a unit's resources whose names begin with `zone`: see `rules.zones`. Null marks tell nothing.

    The nil unit's row says that an upgrade left resources without marks, until `service/indexing.py` has made them.

    It has no foreign key, because a resource that comes to another unit unchanged leaves its marks where they were.
    """

    __tablename__ = "resource_zones"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    zone: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    marks: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))


class ResourceVersion(OrganizationRow, Base):
    """One change of a resource, only ever added. `changes`: [{"op": add|remove|replace, "path", "old"?, "new"?}].

    `actor`, `action` and `event_id` are the cloud's words for who did it, by which call, in which of its events; they
    may be filled in later, where its log tells.
    """

    __tablename__ = "resource_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            ondelete="CASCADE",
        ),
        Index(None, "organization_id", "resource_id", "id"),
        Index(None, "organization_id", "account_id", "id"),
        Index(None, "organization_id", "at", "resource_id"),
    )

    resource_id: Mapped[UUID]
    account_id: Mapped[UUID]
    kind: Mapped[str]  # created, updated or deleted
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    changes: Mapped[list[Any]] = mapped_column(server_default="[]")
    job_id: Mapped[UUID | None]
    actor: Mapped[str | None]
    action: Mapped[str | None]
    event_id: Mapped[str | None]


class ResourceRelation(Base):
    """An edge as a unit reported it. Ends that are not collected keep their own id and have no resource id.

    The two indexes hold all that a walk over edges reads, so that it need not touch the rows.
    """

    __tablename__ = "resource_relations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "unit_id"], ["sync_units.organization_id", "sync_units.id"], ondelete="CASCADE"
        ),
        Index("ix_resource_relations_outward", "organization_id", "source_id", "kind", "target_id"),
        Index("ix_resource_relations_inward", "organization_id", "target_id", "kind", "source_id"),
        Index("ix_resource_relations_open_source", "organization_id", postgresql_where=text("source_id IS NULL")),
        Index("ix_resource_relations_open_target", "organization_id", postgresql_where=text("target_id IS NULL")),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_native_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    target_native_id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[UUID | None]
    target_id: Mapped[UUID | None]
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PastRelation(OrganizationRow, Base):
    """An edge that a unit no longer reports, for maps of the past; it was there from `first_seen_at` to `closed_at`.

    Apart from the present edges, so that a sync and a walk over these need not pass by what is gone.
    """

    __tablename__ = "past_relations"
    __table_args__ = (
        Index("ix_past_relations_outward", "organization_id", "source_id", "closed_at"),
        Index("ix_past_relations_inward", "organization_id", "target_id", "closed_at"),
        Index("ix_past_relations_age", "organization_id", "closed_at"),
    )

    source_native_id: Mapped[str]
    kind: Mapped[str]
    target_native_id: Mapped[str]
    source_id: Mapped[UUID | None]
    target_id: Mapped[UUID | None]
    first_seen_at: Mapped[datetime]
    closed_at: Mapped[datetime]


class ResourceMark(Base):
    """A resource of which topology says something that lists ask for: `mark` is public or orphan.

    The nil id says that the mark was worked out at all, so that "none" can be told from "not known".
    """

    __tablename__ = "resource_marks"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
