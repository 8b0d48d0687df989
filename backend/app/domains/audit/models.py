"""The audit log and its seals. Nothing in either table is ever changed: the product's role may only insert and read.

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
