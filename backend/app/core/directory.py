"""What must be read before an organization is known: hashes and ids only, outside row-level security."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base


class DirectoryOrganization(Base):
    """Every organization's id, for schedules that visit each of them in a transaction of its own."""

    __tablename__ = "organizations"
    __table_args__ = ({"schema": "directory"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]  # an owner asked for it: no new work starts from here on
    delete_after: Mapped[datetime | None]  # until then it can be restored
    emptied_at: Mapped[datetime | None]  # all rows and files are gone


class DeletedOrganization(Base):
    """What stays of an organization that is gone: that it was, who deleted it and how much. No names.

    The audit rows stay as well, under this id, because no role of the product may delete them.
    """

    __tablename__ = "deleted_organizations"
    __table_args__ = ({"schema": "directory"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    deleted_at: Mapped[datetime]
    deleted_by: Mapped[UUID]
    removed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DirectoryEntry(Base):
    """Where a hashed name or token leads.

    `kind` is one of login, slug, refresh, api_key, passkey, connection, domain, scim, logout_subject, branding_domain
    and logo.
    """

    __tablename__ = "entries"
    __table_args__ = ({"schema": "directory"},)

    kind: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    subject_id: Mapped[UUID]
    organization_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


def directory_hash(kind: str, value: str) -> bytes:
    """SHA-256 over the kind and the value; the value is a normalised name or a random token."""
    return hashlib.sha256(f"{kind}\x00{value}".encode()).digest()
