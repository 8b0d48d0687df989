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
    """A connection, or a cloud account, project or subscription that one found (then with `parent_id`).

    `native_account_id` is the cloud's own number. A found account has no credentials of its own. `reads_alone`: a sync
    of its own reads it; else its parent's does. `path`: the names of the organization, folders or management groups
    above it. `inactive_since`: it is suspended, or the
    parent no longer finds it.
    `accounts_elsewhere`: [{"native_account", "name", "connection_id"}] that another connection reads already.
    `type_groups`: {service of units: minutes}. A removed account stays, without number and credentials, until the rows
    that point at it are gone.
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
    native_name: Mapped[str | None]  # of a found account: the cloud's own, which `name` follows until it is changed
    kind: Mapped[str] = mapped_column(default="connection", server_default="connection")
    path: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    reads_alone: Mapped[bool] = mapped_column(default=True, server_default="true")
    inactive_since: Mapped[datetime | None]
    inactive_reason: Mapped[str | None]  # vanished or suspended
    accounts_elsewhere: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    discovered_at: Mapped[datetime | None]  # of a connection: when it last found its accounts completely
    # {"units": {"complete", "partial", "failed"}, "resources", "stale"} as its last sync left them
    coverage: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    status: Mapped[str] = mapped_column(default="pending", server_default="pending")
    status_detail: Mapped[str | None]
    endpoint_url: Mapped[str | None]
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    excluded_regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    scope: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    interval_minutes: Mapped[int | None]  # between full syncs; null: the installation's
    type_groups: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    credentials_kind: Mapped[str]
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)  # JSON
    credentials_hint: Mapped[str | None]
    credentials_updated_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_synced_at: Mapped[datetime | None]  # the last sync that could read anything
    last_attempt_at: Mapped[datetime | None]
    last_job_id: Mapped[UUID | None]
    removed_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]  # removed, and what it collected is gone; accounts that it found are not yet


class AccountExternalId(OrganizationRow, Base):
    """An external id made for one role connection: never chosen by anyone, used once."""

    __tablename__ = "account_external_ids"
    __table_args__ = (UniqueConstraint("organization_id", "external_id"),)

    external_id: Mapped[str]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    account_id: Mapped[UUID | None]
