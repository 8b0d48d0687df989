"""The audit log, its seals and signed heads, which are never changed: the product's role may only insert and read.

What is older than the organization keeps its log is removed by `app.prune_audit` of the database (core/grants.py).

A seal is a row of its own rather than columns filled in later, so that no role needs the right to update.
Data class: actors, addresses and masked values; deleted with the organization only.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow
from app.core.ids import new_id
from app.core.secrets import SEALED


class AuditEvent(OrganizationRow, Base):
    """One act: `subject_type` and `subject_id` say upon what, `changes` holds field names with masked values."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(None, "organization_id", "at", "id"),
        Index(None, "organization_id", "action", "at"),
        Index(None, "organization_id", "actor_id", "at"),
        Index(None, "organization_id", "subject_type", "subject_id", "at"),
    )

    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[UUID | None]
    actor_kind: Mapped[str]  # user | system | anonymous
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    client_address: Mapped[str]
    user_agent: Mapped[str]
    request_id: Mapped[str]
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    outcome: Mapped[str]  # success | failure | refused


class AuditSeal(Base):
    """The number of an event in its organization's chain, and the hash that binds it to all before it."""

    __tablename__ = "audit_seals"
    __table_args__ = (UniqueConstraint("organization_id", "event_id"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditHead(OrganizationRow, Base):
    """The state of a chain at one moment, signed with the installation's audit key. `position` counts 1, 2, 3 …

    The signature also covers the one before, so that a head cannot be taken out of the middle.
    """

    __tablename__ = "audit_heads"
    __table_args__ = (UniqueConstraint("organization_id", "position"),)

    position: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    signed_at: Mapped[datetime]
    key_id: Mapped[UUID]
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))


class AuditSigningKey(Base):
    """The installation's Ed25519 key for heads, no tenant's data. It signs nothing else, and is never deleted."""

    __tablename__ = "audit_signing_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    private_key: Mapped[bytes] = mapped_column(LargeBinary, info=SEALED)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditSink(OrganizationRow, Base):
    """Somewhere outside that the log is sent to, in its order. `position` is the last number that arrived.

    One worker sends at a time: it holds `lease` until `lease_ends_at`. `secret` signs webhooks and is cleared when
    the address changes.
    """

    __tablename__ = "audit_sinks"

    name: Mapped[str]
    kind: Mapped[str]  # webhook | syslog
    url: Mapped[str]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)
    secret_updated_at: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    next_try_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    lease_ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
