"""Metrics, their sources and objectives, and alert rules: new tables only, nothing for old rows to get.

Revision: 0003
Date: 2026-11-23 21:05:56.900749
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECTED = (
    "alert_backtests",
    "alert_evaluations",
    "alert_rule_files",
    "alert_rule_states",
    "alert_rules",
    "metric_anomalies",
    "metric_blocks",
    "metric_detector_runs",
    "metric_detector_settings",
    "metric_detector_states",
    "metric_families",
    "metric_objectives",
    "metric_rollups",
    "metric_running_sums",
    "metric_samples",
    "metric_series",
    "metric_settings",
    "metric_sources",
    "resource_metrics",
)
PACKED = ("metric_blocks", "metric_samples", "metric_rollups", "metric_detector_states")


def upgrade() -> None:
    """Apply the change; it runs on filled tables."""
    op.create_table(
        "alert_backtests",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_alert_backtests")),
    )
    op.create_index(
        op.f("ix_alert_backtests_organization_id_created_at"),
        "alert_backtests",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "alert_evaluations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("took_seconds", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_alert_evaluations")),
    )
    op.create_table(
        "alert_rule_files",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("groups", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_alert_rule_files")),
    )
    op.create_index(
        op.f("ix_alert_rule_files_organization_id_name"), "alert_rule_files", ["organization_id", "name"], unique=True
    )
    op.create_table(
        "metric_anomalies",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("series_count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("grouped_by", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("verdict_by", sa.Uuid(), nullable=True),
        sa.Column("verdict_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_metric_anomalies")),
    )
    op.create_index(
        "ix_metric_anomalies_group",
        "metric_anomalies",
        ["organization_id", "group_id"],
        unique=False,
        postgresql_where=sa.text("group_id IS NOT NULL"),
    )
    op.create_index(
        "ix_metric_anomalies_open",
        "metric_anomalies",
        ["organization_id", "series_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        op.f("ix_metric_anomalies_organization_id_started_at_id"),
        "metric_anomalies",
        ["organization_id", "started_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_metric_anomalies_resource",
        "metric_anomalies",
        ["organization_id", "resource_id", "started_at"],
        unique=False,
        postgresql_where=sa.text("resource_id IS NOT NULL"),
    )
    op.create_index(
        "ix_metric_anomalies_verdict",
        "metric_anomalies",
        ["organization_id", "series_id"],
        unique=False,
        postgresql_where=sa.text("verdict IS NOT NULL"),
    )
    op.create_table(
        "metric_blocks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("min_series", sa.BigInteger(), nullable=False),
        sa.Column("max_series", sa.BigInteger(), nullable=False),
        sa.Column("min_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_ms", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("compacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_metric_blocks")),
    )
    op.create_index(
        "ix_metric_blocks_open",
        "metric_blocks",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("compacted_at IS NULL"),
    )
    op.create_table(
        "metric_detector_runs",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watched", sa.Integer(), server_default="0", nullable=False),
        sa.Column("left_out", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_metric_detector_runs")),
    )
    op.create_table(
        "metric_detector_settings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("linked_only", sa.Boolean(), nullable=False),
        sa.Column("max_series", sa.Integer(), nullable=False),
        sa.Column("sensitivity", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_metric_detector_settings")),
    )
    op.create_table(
        "metric_detector_states",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "page", name=op.f("pk_metric_detector_states")),
    )
    op.create_table(
        "metric_families",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("help", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "name", name=op.f("pk_metric_families")),
    )
    op.create_table(
        "metric_objectives",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("indicator", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("target_percent", sa.Double(), nullable=False),
        sa.Column("window_days", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_metric_objectives")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_metric_objectives_organization_id_name")),
    )
    op.create_index(
        op.f("ix_metric_objectives_organization_id_resource_id"),
        "metric_objectives",
        ["organization_id", "resource_id"],
        unique=False,
        postgresql_where=sa.text("resource_id IS NOT NULL"),
    )
    op.create_table(
        "metric_rollups",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step_seconds", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buckets", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "series_id", "step_seconds", "window_at", name=op.f("pk_metric_rollups")
        ),
        postgresql_partition_by="RANGE (window_at)",
    )
    op.create_table(
        "metric_running_sums",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "series_id", name=op.f("pk_metric_running_sums")),
    )
    op.create_table(
        "metric_samples",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("rolled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "series_id", "window_at", name=op.f("pk_metric_samples")),
        postgresql_partition_by="RANGE (window_at)",
    )
    op.create_index(
        "ix_metric_samples_unrolled",
        "metric_samples",
        ["organization_id", "window_at", "series_id"],
        unique=False,
        postgresql_where=sa.text("NOT rolled"),
    )
    op.create_table(
        "metric_series",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("link_state", sa.String(), server_default="pending", nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_metric_series")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_metric_series_organization_id_key")),
    )
    op.create_index(
        op.f("ix_metric_series_organization_id_name_id"),
        "metric_series",
        ["organization_id", "name", "id"],
        unique=False,
    )
    op.create_index(
        "ix_metric_series_resource",
        "metric_series",
        ["organization_id", "resource_id", "name"],
        unique=False,
        postgresql_where=sa.text("resource_id IS NOT NULL"),
    )
    op.create_index(
        "ix_metric_series_unlinked",
        "metric_series",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("link_state = 'pending'"),
    )
    op.create_table(
        "metric_settings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("last_write_wins", sa.Boolean(), nullable=False),
        sa.Column("out_of_order_seconds", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_metric_settings")),
    )
    op.create_table(
        "resource_metrics",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("metric_name", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_resource_metrics")),
        sa.UniqueConstraint(
            "organization_id",
            "resource_id",
            "metric_name",
            name=op.f("uq_resource_metrics_organization_id_resource_id_metric_name"),
        ),
    )
    op.create_table(
        "alert_rules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("condition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), server_default=sa.text("60"), nullable=False),
        sa.Column("for_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("keep_firing_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("no_data", sa.String(), server_default="resolve", nullable=False),
        sa.Column("on_error", sa.String(), server_default="keep", nullable=False),
        sa.Column("instance_limit", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("annotations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expression", sa.String(), nullable=True),
        sa.Column("query_offset_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("group_name", sa.String(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("health", sa.String(), server_default="unknown", nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "file_id"],
            ["alert_rule_files.organization_id", "alert_rule_files.id"],
            name=op.f("fk_alert_rules_organization_id_file_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_alert_rules")),
    )
    op.create_index(
        "ix_alert_rules_file",
        "alert_rules",
        ["organization_id", "file_id"],
        unique=False,
        postgresql_where=sa.text("file_id IS NOT NULL"),
    )
    op.create_table(
        "metric_sources",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("daily_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("missing_permissions", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("samples", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_metric_sources_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_metric_sources")),
        sa.UniqueConstraint("organization_id", "account_id", name=op.f("uq_metric_sources_organization_id_account_id")),
    )
    op.create_index(
        "ix_metric_sources_due",
        "metric_sources",
        ["organization_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("enabled"),
    )
    op.create_table(
        "alert_rule_states",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("no_data", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "rule_id"],
            ["alert_rules.organization_id", "alert_rules.id"],
            name=op.f("fk_alert_rule_states_organization_id_rule_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "rule_id", "key", name=op.f("pk_alert_rule_states")),
    )
    for table in PROTECTED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY org ON {table} USING (organization_id = app.current_org())"
            " WITH CHECK (organization_id = app.current_org())"
        )
    for table in PACKED:  # compressed by us; PostgreSQL must not try again
        op.execute(f"ALTER TABLE {table} ALTER COLUMN payload SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("alert_rule_states")
    op.drop_table("metric_sources")
    op.drop_table("alert_rules")
    op.drop_table("resource_metrics")
    op.drop_table("metric_settings")
    op.drop_table("metric_series")
    op.drop_table("metric_samples")
    op.drop_table("metric_running_sums")
    op.drop_table("metric_rollups")
    op.drop_table("metric_objectives")
    op.drop_table("metric_families")
    op.drop_table("metric_detector_states")
    op.drop_table("metric_detector_settings")
    op.drop_table("metric_detector_runs")
    op.drop_table("metric_blocks")
    op.drop_table("metric_anomalies")
    op.drop_table("alert_rule_files")
    op.drop_table("alert_evaluations")
    op.drop_table("alert_backtests")
