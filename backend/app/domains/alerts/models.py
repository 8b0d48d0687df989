"""Tables of alerts. Sources write `alerts`; people write `alert_user_states`; neither overwrites the other."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow


class Alert(OrganizationRow, Base):
    """One episode of one fingerprint: from firing until its source or a person ends it."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_open_episode",
            "organization_id",
            "fingerprint",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "organization_id", "started_at", "id"),
        Index("ix_alerts_resource", "organization_id", "resource_id"),
        # No foreign key to cloud_resources: an alert outlives its resource.
    )

    fingerprint: Mapped[str]
    source: Mapped[str]  # compliance, alertmanager, …
    title: Mapped[str]
    description: Mapped[str]
    severity: Mapped[str]
    labels: Mapped[dict[str, Any]]
    resource_id: Mapped[UUID | None]
    link: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_received_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=1)
    suppressed_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AlertUserState(OrganizationRow, Base):
    """What people said of an episode; `id` is the alert's."""

    __tablename__ = "alert_user_states"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "id"], ["alerts.organization_id", "alerts.id"], ondelete="CASCADE"),
    )

    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    note: Mapped[str | None]
    assignee_id: Mapped[UUID | None]
    snoozed_until: Mapped[datetime | None]


class AlertTimelineEntry(OrganizationRow, Base):
    """One thing that happened in an episode, append-only."""

    __tablename__ = "alert_timeline"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "alert_id"], ["alerts.organization_id", "alerts.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "alert_id", "at"),
    )

    alert_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]  # fired, repeated, acknowledged, snoozed, assigned, resolved
    actor_id: Mapped[UUID | None]
    note: Mapped[str | None]
