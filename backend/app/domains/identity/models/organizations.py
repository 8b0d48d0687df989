"""Tables of organizations as such: deletion, exports, branding, and how the product is used."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from app.core.database import Base, OrganizationRow
from app.core.secrets import SEALED


def _of_organization() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE")


class OrganizationDeletion(OrganizationRow, Base):
    """A deletion that was asked for. `disabled_members` were shut out by it and come back with a restore."""

    __tablename__ = "organization_deletions"
    __table_args__ = (UniqueConstraint("organization_id"), _of_organization())

    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    delete_after: Mapped[datetime]
    disabled_members: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    last_key_version: Mapped[int]  # of the destroyed keys; a restore goes on counting
    removing_since: Mapped[datetime | None]


class OrganizationExport(OrganizationRow, Base):
    """A file with everything the organization owns. `state`: queued, running, ready, failed or expired."""

    __tablename__ = "organization_exports"
    __table_args__ = (_of_organization(), Index(None, "organization_id", "created_at"))

    state: Mapped[str]
    job_id: Mapped[UUID | None]
    storage_key: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    row_counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}", default=dict)  # table → rows
    file_count: Mapped[int | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class OrganizationBranding(OrganizationRow, Base):
    """What the organization's own pages and mails look like; null is the product's."""

    __tablename__ = "organization_branding"
    __table_args__ = (UniqueConstraint("organization_id"), _of_organization())

    display_name: Mapped[str | None]
    accent: Mapped[str | None]  # #rrggbb
    mail_sender_name: Mapped[str | None]
    logo_key: Mapped[str | None]  # of the storage
    logo_name: Mapped[str | None]  # 256 random bits: the address under which everybody may read it
    logo_type: Mapped[str | None]
    logo_bytes: Mapped[int | None]
    custom_domain: Mapped[str | None]
    domain_token: Mapped[str | None]  # public: it stands in the DNS
    domain_verified_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class UsageCount(OrganizationRow, Base):
    """How often one pseudonym used one page or feature on one day. The person's id is nowhere."""

    __tablename__ = "usage_counts"
    __table_args__ = (
        UniqueConstraint("organization_id", "day", "kind", "name", "pseudonym"),
        _of_organization(),
    )

    day: Mapped[date]
    kind: Mapped[str]  # page | feature
    name: Mapped[str]
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary(16))
    count: Mapped[int]


class UsageKey(OrganizationRow, Base):
    """The key of the organization's pseudonyms; after 90 days it is deleted and nobody can tell again who was who."""

    __tablename__ = "usage_keys"
    __table_args__ = (UniqueConstraint("organization_id"), _of_organization())

    key: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)
    created_at: Mapped[datetime]
