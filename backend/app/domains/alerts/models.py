"""Tables of alerts and their rules.

Sources write `alerts`, people write `alert_user_states`, and neither overwrites the other. Rules are people's too; what
their evaluation comes to is in `alert_rule_states` and `alert_evaluations`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Double, ForeignKeyConstraint, Index, func, text
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


class AlertRuleFile(OrganizationRow, Base):
    """An imported file of rules, as it was; its groups' rules name it. `report` is what was said of its rules."""

    __tablename__ = "alert_rule_files"
    __table_args__ = (Index(None, "organization_id", "name", unique=True),)

    name: Mapped[str]
    content: Mapped[str]
    groups: Mapped[list[Any]]  # name, interval_seconds, limit, query_offset_seconds of each
    report: Mapped[list[Any]]
    source_id: Mapped[UUID | None]
    imported_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AlertRule(OrganizationRow, Base):
    """One rule. `condition` is `rules.form.Condition`; `threshold` is the number of its first comparison, for lists.

    `version` grows with each change by a person. `health` (ok, err, unknown) and `last_error` are the evaluation's.
    Of an imported rule `expression` is the PromQL of its file, and `severity` is no label of its alerts.
    """

    __tablename__ = "alert_rules"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "file_id"], ["alert_rule_files.organization_id", "alert_rule_files.id"]
        ),
        Index("ix_alert_rules_file", "organization_id", "file_id", postgresql_where=text("file_id IS NOT NULL")),
    )

    name: Mapped[str]
    condition: Mapped[dict[str, Any]]
    threshold: Mapped[float | None] = mapped_column(Double)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    severity: Mapped[str]
    interval_seconds: Mapped[int] = mapped_column(server_default=text("60"))
    for_seconds: Mapped[int] = mapped_column(server_default=text("0"))
    keep_firing_seconds: Mapped[int] = mapped_column(server_default=text("0"))
    no_data: Mapped[str] = mapped_column(server_default="resolve")
    on_error: Mapped[str] = mapped_column(server_default="keep")
    instance_limit: Mapped[int] = mapped_column(server_default=text("0"))
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    expression: Mapped[str | None]
    query_offset_seconds: Mapped[int] = mapped_column(server_default=text("0"))
    file_id: Mapped[UUID | None]
    group_name: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(server_default=text("0"))
    health: Mapped[str] = mapped_column(server_default="unknown")
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class AlertRuleState(Base):
    """An instance of a rule, as `rules.states.Instance`; `key` is its labels' fingerprint."""

    __tablename__ = "alert_rule_states"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "rule_id"], ["alert_rules.organization_id", "alert_rules.id"], ondelete="CASCADE"
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[dict[str, Any]]
    state: Mapped[str]
    active_at: Mapped[datetime]
    fired_at: Mapped[datetime | None]
    keep_since_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    value: Mapped[float | None] = mapped_column(Double)
    no_data: Mapped[bool]


class AlertEvaluation(Base):
    """When the rules of an organization were evaluated last: a time for which it was done is not done again."""

    __tablename__ = "alert_evaluations"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    evaluated_at: Mapped[datetime | None]
    took_seconds: Mapped[float | None] = mapped_column(Double)


class AlertBacktest(OrganizationRow, Base):
    """A backtest that a job works on; `request` is `schemas.BacktestAsk`, `result` is `schemas.BacktestResult`."""

    __tablename__ = "alert_backtests"
    __table_args__ = (Index(None, "organization_id", "created_at"),)

    request: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    job_id: Mapped[UUID | None]
    requested_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
