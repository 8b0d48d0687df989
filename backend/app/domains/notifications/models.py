"""Tables of notifications. A delivery's row is written with the change that causes it (outbox)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.core.database import Base, OrganizationRow
from app.core.secrets import SEALED
from app.domains.notifications.rules import Severity


class NotificationChannel(OrganizationRow, Base):
    """Somewhere messages go. An e-mail channel names addresses, and roles whose members are added at sending."""

    __tablename__ = "notification_channels"

    name: Mapped[str]
    kind: Mapped[str]  # email, so far
    config: Mapped[dict[str, Any]]  # email: {"to": [address], "roles": [role]}
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class NotificationRoute(OrganizationRow, Base):
    """Which notifications a channel gets."""

    __tablename__ = "notification_routes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "channel_id"], ["notification_channels.organization_id", "notification_channels.id"]
        ),
    )

    name: Mapped[str]
    channel_id: Mapped[UUID]
    minimum_severity: Mapped[Severity] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    labels: Mapped[dict[str, Any]]
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NotificationRow(OrganizationRow, Base):
    """One thing that people should hear of. `key` makes telling it twice harmless."""

    __tablename__ = "notifications"
    __table_args__ = (UniqueConstraint("organization_id", "key"), Index(None, "organization_id", "subject_id"))

    key: Mapped[str]
    kind: Mapped[str]
    severity: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    labels: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NotificationDelivery(OrganizationRow, Base):
    """One message to one recipient through one channel: queued, sending, sent or failed."""

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "notification_id"],
            ["notifications.organization_id", "notifications.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("organization_id", "notification_id", "channel_kind", "recipient"),
        Index(None, "organization_id", "created_at", "id"),
        Index(
            "ix_notification_deliveries_open",
            "organization_id",
            "created_at",
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    notification_id: Mapped[UUID]
    channel_id: Mapped[UUID | None]  # kept as text of what was true then: no foreign key
    channel_kind: Mapped[str]
    recipient: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PersonalMail(OrganizationRow, Base):
    """A mail to one person about their own account. Address and text are sealed, and gone once it has ended."""

    __tablename__ = "personal_mails"
    __table_args__ = (
        Index("ix_personal_mails_open", "organization_id", "created_at", postgresql_where=text("ended_at IS NULL")),
    )

    kind: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)  # JSON: to, subject, body, path
    state: Mapped[str]  # queued | sending | sent | failed
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
