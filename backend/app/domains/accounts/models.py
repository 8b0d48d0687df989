"""Tables of connected clouds."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow
from app.core.secrets import SEALED


class Account(OrganizationRow, Base):
    """A connected cloud account, project or subscription.

    `native_account_id` is the cloud's own number. A removed account stays, without number and credentials, until the
    rows that point at it are gone.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("organization_id", "provider", "native_account_id"),
        ForeignKeyConstraint(
            ["organization_id", "parent_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "parent_id"),
    )

    provider: Mapped[str]
    name: Mapped[str]
    native_account_id: Mapped[str | None]
    parent_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(default="pending", server_default="pending")
    status_detail: Mapped[str | None]
    endpoint_url: Mapped[str | None]
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    scope: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    credentials_kind: Mapped[str]
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)  # JSON
    credentials_hint: Mapped[str | None]
    credentials_updated_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_synced_at: Mapped[datetime | None]  # the last sync that could read anything
    last_attempt_at: Mapped[datetime | None]
    last_job_id: Mapped[UUID | None]
    removed_at: Mapped[datetime | None]


class AccountExternalId(OrganizationRow, Base):
    """An external id made for one role connection: never chosen by anyone, used once."""

    __tablename__ = "account_external_ids"
    __table_args__ = (UniqueConstraint("organization_id", "external_id"),)

    external_id: Mapped[str]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None]
