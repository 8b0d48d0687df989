"""Tables of what clouds tell: where events come from, those that came, what is to be read again because of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow


class EventSource(OrganizationRow, Base):
    """How an account's cloud tells of changes: a hook of ours that it calls, or a queue that we ask.

    `token_hash` is the hook's, as the directory has it. `settings`: {"queue_url"} for AWS; for Google {"audience",
    "email"} of the tokens that must come with a push.
    """

    __tablename__ = "event_sources"
    __table_args__ = (
        UniqueConstraint("organization_id", "account_id"),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
    )

    account_id: Mapped[UUID]
    provider: Mapped[str]
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    settings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_event_at: Mapped[datetime | None]
    events: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]


class ReceivedEvent(OrganizationRow, Base):
    """An event that a cloud sent: kept for some days, to tell twins and to say later who changed what."""

    __tablename__ = "cloud_events"
    __table_args__ = (
        UniqueConstraint("organization_id", "account_id", "event_id"),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "received_at"),
    )

    account_id: Mapped[UUID]  # the connection that it came through
    event_id: Mapped[str]
    at: Mapped[datetime]  # by the cloud's clock
    received_at: Mapped[datetime]
    action: Mapped[str]
    actor: Mapped[str | None]
    native_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class DueRefresh(OrganizationRow, Base):
    """A resource that an event told about and that has to be read again; later events of it only replace the event.

    `account_id`: by whose connection. `lane`: calls to one account, region and service share a limit. A reader holds
    the row until `claimed_until`.
    """

    __tablename__ = "due_refreshes"
    __table_args__ = (
        UniqueConstraint("organization_id", "account_id", "native_key"),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "account_id", "due_at"),
    )

    account_id: Mapped[UUID]
    native_key: Mapped[str]
    native_id: Mapped[str]
    native_type: Mapped[str] = mapped_column(server_default="")
    native_account: Mapped[str] = mapped_column(server_default="")
    region: Mapped[str] = mapped_column(server_default="")
    lane: Mapped[str]
    hints: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    event_id: Mapped[str]
    event_at: Mapped[datetime]
    action: Mapped[str | None]
    actor: Mapped[str | None]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    claimed_until: Mapped[datetime | None]
