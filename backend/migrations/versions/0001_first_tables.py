"""The first tables: everything the platform starts with.

Revision: 0001
Date: 2026-11-23
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWN = "organization_id = app.current_org()"
FUNCTIONS = (
    "CREATE SCHEMA IF NOT EXISTS app",
    "CREATE SCHEMA IF NOT EXISTS directory",
    """
CREATE OR REPLACE FUNCTION app.current_org() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.org', true), '')::uuid $$
    """,
    """
CREATE OR REPLACE FUNCTION app.current_user_id() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.user', true), '')::uuid $$
    """,
)
PROTECTED: tuple[tuple[str, str, str | None], ...] = (  # table, who sees a row, who may write it (None: the same)
    ("account_external_ids", OWN, None),
    ("accounts", OWN, None),
    ("alerts", OWN, None),
    ("audit_events", OWN, None),
    ("audit_heads", OWN, None),
    ("audit_seals", OWN, None),
    ("audit_sinks", OWN, None),
    ("compliance_control_scores", OWN, None),
    ("compliance_pending", OWN, None),
    ("compliance_results", OWN, None),
    ("compliance_standards", OWN, None),
    ("cost_data", OWN, None),
    ("cost_imports", OWN, None),
    ("events", OWN, None),
    ("idempotency_keys", OWN, None),
    ("jobs", OWN, None),
    ("notification_channels", OWN, None),
    ("notifications", OWN, None),
    ("organization_keys", OWN, None),
    ("organization_quotas", OWN, None),
    ("organization_retention", OWN, None),
    ("organization_spending", OWN, None),
    (
        "organizations",
        "id = app.current_org() OR EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = organizations.id AND m.user_id = app.current_user_id())",
        "id = app.current_org()",
    ),
    ("past_relations", OWN, None),
    ("pending_topology", OWN, None),
    ("personal_mails", OWN, None),
    ("resource_exports", OWN, None),
    ("resource_marks", OWN, None),
    ("resource_terms", OWN, None),
    ("resource_views", OWN, None),
    ("resource_zones", OWN, None),
    ("topology_views", OWN, None),
    (
        "users",
        "id = app.current_user_id() OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id AND m.organization_id = app.current_org())",
        None,
    ),
    ("alert_timeline", OWN, None),
    ("alert_user_states", OWN, None),
    ("cloud_events", OWN, None),
    ("cloud_resources", OWN, None),
    ("compliance_accounts", OWN, None),
    ("compliance_issues", OWN, None),
    ("cost_files", OWN, None),
    ("due_refreshes", OWN, None),
    ("event_sources", OWN, None),
    ("identity_connections", OWN, None),
    ("job_units", OWN, None),
    ("notification_deliveries", OWN, None),
    ("notification_routes", OWN, None),
    ("organization_branding", OWN, None),
    ("organization_deletions", OWN, None),
    ("organization_exports", OWN, None),
    ("organization_policies", OWN, None),
    ("passkeys", "user_id = app.current_user_id()", None),
    ("recovery_codes", "user_id = app.current_user_id()", None),
    ("resource_trends", OWN, None),
    ("roles", OWN, None),
    ("sync_units", OWN, None),
    ("totp_factors", "user_id = app.current_user_id()", None),
    ("usage_counts", OWN, None),
    ("usage_keys", OWN, None),
    ("connection_domains", OWN, None),
    ("exposure_reads", OWN, None),
    ("group_mappings", OWN, None),
    ("invitations", OWN, None),
    (
        "memberships",
        "organization_id = app.current_org() OR user_id = app.current_user_id()",
        "organization_id = app.current_org()",
    ),
    ("provider_logouts", OWN, None),
    ("resource_exposures", OWN, None),
    ("resource_orphans", OWN, None),
    ("resource_relations", OWN, None),
    ("resource_versions", OWN, None),
    ("scim_groups", OWN, None),
    ("service_identities", OWN, None),
    ("sync_unit_counts", OWN, None),
    ("used_assertions", OWN, None),
    ("api_keys", OWN, None),
    ("external_identities", OWN, None),
    ("factor_resets", "organization_id = app.current_org() OR user_id = app.current_user_id()", None),
    ("scim_users", OWN, None),
    ("sessions", OWN, None),
    ("refresh_tokens", OWN, None),
    ("scim_group_members", OWN, None),
)
QUEUE = (  # the job queue's own tables, as pgqueuer 1.6.0 defines them
    """
DO $$ BEGIN CREATE TYPE pgqueuer_status AS ENUM ('queued', 'picked', 'successful', 'exception', 'canceled', 'deleted', 'failed'); EXCEPTION WHEN duplicate_object THEN NULL; END $$
    """,
    """
CREATE TABLE IF NOT EXISTS pgqueuer (
    id bigserial NOT NULL PRIMARY KEY,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    execute_after timestamp with time zone NOT NULL DEFAULT now(),
    status pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer NOT NULL DEFAULT 0,
    slot bigint
)
    """,
    """
CREATE UNLOGGED TABLE IF NOT EXISTS pgqueuer_log (
    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT now(),
    job_id bigint NOT NULL,
    status pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
)
    """,
    """
CREATE TABLE IF NOT EXISTS pgqueuer_schedules (
    id bigserial NOT NULL PRIMARY KEY,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    next_run timestamp with time zone NOT NULL DEFAULT now(),
    last_run timestamp with time zone,
    status pgqueuer_status DEFAULT 'queued'::pgqueuer_status,
    UNIQUE (expression, entrypoint)
)
    """,
    """
CREATE UNLOGGED TABLE IF NOT EXISTS pgqueuer_statistics (
    id bigserial NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT date_trunc('sec'::text, now()),
    count bigint NOT NULL,
    priority integer NOT NULL,
    status pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_ep_ea_idx ON pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::pgqueuer_status)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_ep_prio_id_idx ON pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::pgqueuer_status)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_log_created ON pgqueuer_log USING btree (created)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_log_job_id_status ON pgqueuer_log USING btree (job_id, created DESC)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_log_not_aggregated ON pgqueuer_log USING btree ((1)) WHERE (NOT aggregated)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_log_status ON pgqueuer_log USING btree (status)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_picked_heartbeat_idx ON pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::pgqueuer_status)
    """,
    """
CREATE UNIQUE INDEX IF NOT EXISTS pgqueuer_picked_slot_idx ON pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::pgqueuer_status) AND (slot IS NOT NULL))
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_priority_id_id1_idx ON pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::pgqueuer_status)
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_queue_manager_id_idx ON pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL)
    """,
    """
CREATE UNIQUE INDEX IF NOT EXISTS pgqueuer_statistics_unique_count ON pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint)
    """,
    """
CREATE UNIQUE INDEX IF NOT EXISTS pgqueuer_unique_dedupe_key ON pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])) AND (dedupe_key IS NOT NULL))
    """,
    """
CREATE INDEX IF NOT EXISTS pgqueuer_updated_id_id1_idx ON pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::pgqueuer_status)
    """,
    """
CREATE OR REPLACE FUNCTION fn_pgqueuer_changed() RETURNS TRIGGER AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$ LANGUAGE plpgsql
    """,
    """
CREATE OR REPLACE TRIGGER tg_pgqueuer_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgqueuer
EXECUTE FUNCTION fn_pgqueuer_changed()
    """,
    """
ALTER TABLE pgqueuer SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, fillfactor = 70)
    """,
)


def upgrade() -> None:
    """Make everything."""
    for statement in FUNCTIONS:
        op.execute(statement)
    make_tables()
    for table, using, check in PROTECTED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY org ON {table} USING ({using}) WITH CHECK ({check or using})")
    for statement in QUEUE:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """There is nothing before the first tables."""
    raise RuntimeError("the first migration cannot be taken back; restore a backup instead")


def make_tables() -> None:
    """Tables and indexes, as the models describe them."""
    op.create_table(
        "account_external_ids",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_account_external_ids")),
        sa.UniqueConstraint(
            "organization_id", "external_id", name=op.f("uq_account_external_ids_organization_id_external_id")
        ),
    )
    op.create_table(
        "accounts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("native_account_id", sa.String(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("native_name", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), server_default="connection", nullable=False),
        sa.Column("path", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("reads_alone", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("inactive_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inactive_reason", sa.String(), nullable=True),
        sa.Column("accounts_elsewhere", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("coverage", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("status_detail", sa.String(), nullable=True),
        sa.Column("endpoint_url", sa.String(), nullable=True),
        sa.Column("regions", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("excluded_regions", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("interval_minutes", sa.Integer(), nullable=True),
        sa.Column("type_groups", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("credentials_kind", sa.String(), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=True),
        sa.Column("credentials_hint", sa.String(), nullable=True),
        sa.Column("credentials_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_job_id", sa.Uuid(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "parent_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_accounts_organization_id_parent_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "organization_id",
            "provider",
            "native_account_id",
            name=op.f("uq_accounts_organization_id_provider_native_account_id"),
        ),
    )
    op.create_index(
        op.f("ix_accounts_organization_id_parent_id"), "accounts", ["organization_id", "parent_id"], unique=False
    )
    op.create_table(
        "alerts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("suppressed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_alerts")),
    )
    op.create_index(
        op.f("ix_alerts_organization_id_started_at_id"), "alerts", ["organization_id", "started_at", "id"], unique=False
    )
    op.create_index("ix_alerts_resource", "alerts", ["organization_id", "resource_id"], unique=False)
    op.create_index(
        "uq_alerts_open_episode",
        "alerts",
        ["organization_id", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "audit_events",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("client_address", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column(
            "changes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_audit_events")),
    )
    op.create_index(
        op.f("ix_audit_events_organization_id_action_at"),
        "audit_events",
        ["organization_id", "action", "at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_events_organization_id_actor_id_at"),
        "audit_events",
        ["organization_id", "actor_id", "at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_events_organization_id_at_id"), "audit_events", ["organization_id", "at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_events_organization_id_subject_type_subject_id_at"),
        "audit_events",
        ["organization_id", "subject_type", "subject_id", "at"],
        unique=False,
    )
    op.create_table(
        "audit_heads",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_audit_heads")),
        sa.UniqueConstraint("organization_id", "position", name=op.f("uq_audit_heads_organization_id_position")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "number", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("organization_id", "event_id", name=op.f("uq_audit_seals_organization_id_event_id")),
    )
    op.create_table(
        "audit_signing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_signing_keys")),
    )
    op.create_table(
        "audit_sinks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("secret_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_audit_sinks")),
    )
    op.create_table(
        "compliance_control_scores",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("control_id", sa.String(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("not_applicable", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "control_id", name=op.f("pk_compliance_control_scores")),
    )
    op.create_table(
        "compliance_pending",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("native_type", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "account_id", "position", name=op.f("pk_compliance_pending")),
    )
    op.create_index(
        "ix_compliance_pending_types",
        "compliance_pending",
        ["organization_id", "account_id"],
        unique=False,
        postgresql_where=sa.text("native_type IS NOT NULL"),
    )
    op.create_table(
        "compliance_results",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("control_id", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("control_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "control_id", "resource_id", name=op.f("pk_compliance_results")),
    )
    op.create_index(
        "ix_compliance_results_resource", "compliance_results", ["organization_id", "resource_id"], unique=False
    )
    op.create_index(
        "ix_compliance_results_unknown",
        "compliance_results",
        ["organization_id", "account_id", "resource_id"],
        unique=False,
        postgresql_where=sa.text("state = 'UNKNOWN'"),
    )
    op.create_table(
        "compliance_standards",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("score", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("coverage_percent", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("not_applicable", sa.Integer(), nullable=False),
        sa.Column("last_checked", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_compliance_standards")),
    )
    op.create_table(
        "cost_data",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("cost", sa.Numeric(), nullable=True),
        sa.Column("predicted_cost", sa.Numeric(), nullable=True),
        sa.Column("billed_cost", sa.Numeric(), nullable=True),
        sa.Column("list_cost", sa.Numeric(), nullable=True),
        sa.Column("contracted_cost", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_name", sa.String(), nullable=False),
        sa.Column("billing_account", sa.String(), nullable=False),
        sa.Column("billing_period", sa.Date(), nullable=False),
        sa.Column("sub_account", sa.String(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("native_resource_id", sa.String(), nullable=True),
        sa.Column("service", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("charge_category", sa.String(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_cost_data")),
    )
    op.create_index(op.f("ix_cost_data_organization_id_date"), "cost_data", ["organization_id", "date"], unique=False)
    op.create_index(
        "ix_cost_data_period",
        "cost_data",
        ["organization_id", "provider_name", "billing_account", "billing_period"],
        unique=False,
    )
    op.create_index(
        "ix_cost_data_resource",
        "cost_data",
        ["organization_id", "resource_id", "date"],
        unique=False,
        postgresql_where=sa.text("resource_id IS NOT NULL"),
    )
    op.create_index(
        "ix_cost_data_unjoined",
        "cost_data",
        ["organization_id", "date"],
        unique=False,
        postgresql_where=sa.text("resource_id IS NULL AND native_resource_id IS NOT NULL"),
    )
    op.create_table(
        "cost_imports",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_path", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("file_format", sa.String(), nullable=True),
        sa.Column("focus_version", sa.String(), nullable=True),
        sa.Column("rows_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_stored", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "reasons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "warnings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "sums", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "missing_columns",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "extra_columns",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "ignored_columns",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("min_charge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_charge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "replaced_periods",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_cost_imports")),
    )
    op.create_index(
        op.f("ix_cost_imports_organization_id_created_at"),
        "cost_imports",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "deleted_organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_by", sa.Uuid(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deleted_organizations")),
        schema="directory",
    )
    op.create_table(
        "entries",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hash", name=op.f("pk_entries")),
        schema="directory",
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delete_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("emptied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        schema="directory",
    )
    op.create_table(
        "tickets",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tickets")),
        sa.UniqueConstraint("id", name=op.f("uq_tickets_id")),
        schema="directory",
    )
    op.create_index(op.f("ix_tickets_expires_at"), "tickets", ["expires_at"], unique=False, schema="directory")
    op.create_index(
        op.f("ix_tickets_kind_subject_id"), "tickets", ["kind", "subject_id"], unique=False, schema="directory"
    )
    op.create_table(
        "events",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), server_default=sa.text("txid_current()"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "position", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_at"), "events", ["at"], unique=False)
    op.create_index(
        op.f("ix_events_organization_id_transaction_id_position"),
        "events",
        ["organization_id", "transaction_id", "position"],
        unique=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("response", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint(
            "organization_id", "user_id", "key_hash", name=op.f("uq_idempotency_keys_organization_id_user_id_key_hash")
        ),
    )
    op.create_index(
        op.f("ix_idempotency_keys_organization_id_created_at"),
        "idempotency_keys",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "installation_keys",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_installation_keys")),
    )
    op.create_table(
        "jobs",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dedupe", sa.String(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("progress_done", sa.Integer(), nullable=False),
        sa.Column("progress_total", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("replay_of", sa.Uuid(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')", name=op.f("ck_jobs_state")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_finished",
        "jobs",
        ["organization_id", "finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_open",
        "jobs",
        ["organization_id", "kind"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        op.f("ix_jobs_organization_id_created_at_id"), "jobs", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "uq_jobs_waiting",
        "jobs",
        ["organization_id", "kind", "dedupe"],
        unique=True,
        postgresql_where=sa.text("dedupe IS NOT NULL AND state = 'queued' AND attempt = 0"),
    )
    op.create_table(
        "login_throttles",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("failures", sa.Double(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hash", name=op.f("pk_login_throttles")),
    )
    op.create_index(op.f("ix_login_throttles_updated_at"), "login_throttles", ["updated_at"], unique=False)
    op.create_table(
        "notification_channels",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_notification_channels")),
    )
    op.create_table(
        "notifications",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_notifications_organization_id_key")),
    )
    op.create_index(
        op.f("ix_notifications_organization_id_subject_id"),
        "notifications",
        ["organization_id", "subject_id"],
        unique=False,
    )
    op.create_table(
        "organization_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_keys")),
        sa.UniqueConstraint("organization_id", "version", name=op.f("uq_organization_keys_organization_id_version")),
    )
    op.create_table(
        "organization_quotas",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_quotas")),
        sa.UniqueConstraint("organization_id", "kind", name=op.f("uq_organization_quotas_organization_id_kind")),
    )
    op.create_table(
        "organization_retention",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_retention")),
        sa.UniqueConstraint("organization_id", "kind", name=op.f("uq_organization_retention_organization_id_kind")),
    )
    op.create_table(
        "organization_spending",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_spending")),
        sa.UniqueConstraint(
            "organization_id", "kind", "period_on", name=op.f("uq_organization_spending_organization_id_kind_period_on")
        ),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column(
            "settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        info={
            "policy": "id = app.current_org() OR EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = organizations.id AND m.user_id = app.current_user_id())",
            "policy_check": "id = app.current_org()",
        },
    )
    op.create_table(
        "past_relations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_native_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target_native_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_past_relations")),
    )
    op.create_index("ix_past_relations_age", "past_relations", ["organization_id", "closed_at"], unique=False)
    op.create_index(
        "ix_past_relations_inward", "past_relations", ["organization_id", "target_id", "closed_at"], unique=False
    )
    op.create_index(
        "ix_past_relations_outward", "past_relations", ["organization_id", "source_id", "closed_at"], unique=False
    )
    op.create_table(
        "pending_topology",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "resource_id", name=op.f("pk_pending_topology")),
    )
    op.create_table(
        "personal_mails",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_personal_mails")),
    )
    op.create_index(
        "ix_personal_mails_open",
        "personal_mails",
        ["organization_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "resource_exports",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("resources", sa.Integer(), server_default="0", nullable=False),
        sa.Column("storage_key", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_resource_exports")),
    )
    op.create_index(
        op.f("ix_resource_exports_organization_id_created_at"),
        "resource_exports",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "resource_marks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "mark", "resource_id", name=op.f("pk_resource_marks")),
    )
    op.create_table(
        "resource_terms",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("resource_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "kind", "term", "list_id", name=op.f("pk_resource_terms")),
    )
    op.create_table(
        "resource_views",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_resource_views")),
        sa.UniqueConstraint(
            "organization_id", "owner_id", "name", name=op.f("uq_resource_views_organization_id_owner_id_name")
        ),
    )
    op.create_table(
        "resource_zones",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.Text(collation="C"), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("marks", postgresql.ARRAY(sa.Integer()), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "zone", "unit_id", name=op.f("pk_resource_zones")),
    )
    op.create_table(
        "schedule_runs",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", "due_at", name=op.f("pk_schedule_runs")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "topology_views",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_topology_views")),
        sa.UniqueConstraint(
            "organization_id", "owner_id", "name", name=op.f("uq_topology_views_organization_id_owner_id_name")
        ),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_normalised", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mfa_enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        info={
            "policy": "id = app.current_user_id() OR EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id AND m.organization_id = app.current_org())"
        },
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("queues", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "alert_timeline",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "alert_id"],
            ["alerts.organization_id", "alerts.id"],
            name=op.f("fk_alert_timeline_organization_id_alert_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_alert_timeline")),
    )
    op.create_index(
        op.f("ix_alert_timeline_organization_id_alert_id_at"),
        "alert_timeline",
        ["organization_id", "alert_id", "at"],
        unique=False,
    )
    op.create_table(
        "alert_user_states",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "id"],
            ["alerts.organization_id", "alerts.id"],
            name=op.f("fk_alert_user_states_organization_id_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_alert_user_states")),
    )
    op.create_table(
        "cloud_events",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("native_keys", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_cloud_events_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_cloud_events")),
        sa.UniqueConstraint(
            "organization_id",
            "account_id",
            "event_id",
            name=op.f("uq_cloud_events_organization_id_account_id_event_id"),
        ),
    )
    op.create_index(
        op.f("ix_cloud_events_organization_id_received_at"),
        "cloud_events",
        ["organization_id", "received_at"],
        unique=False,
    )
    op.create_table(
        "cloud_resources",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("native_account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column(
            "native_key",
            sa.String(),
            sa.Computed(
                "CASE WHEN provider = 'azure' THEN lower(native_id COLLATE \"C\") ELSE native_id END", persisted=True
            ),
            nullable=False,
        ),
        sa.Column("native_type", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("tag_hashes", postgresql.ARRAY(sa.Integer()), nullable=True),
        sa.Column(
            "word_bits",
            postgresql.BIT(length=512),
            server_default=sa.text("repeat('1', 512)::bit(512)"),
            nullable=False,
        ),
        sa.Column("properties", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("unread_fields", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("cost", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("cost_order", sa.Float(), server_default="0", nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stale_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stale_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_cloud_resources_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_cloud_resources")),
        sa.UniqueConstraint(
            "organization_id", "native_key", name=op.f("uq_cloud_resources_organization_id_native_key")
        ),
    )
    op.create_index(
        "ix_cloud_resources_account", "cloud_resources", ["organization_id", "account_id", "name", "id"], unique=False
    )
    op.create_index(
        "ix_cloud_resources_by_age",
        "cloud_resources",
        ["organization_id", "first_seen_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_cloud_resources_by_cost",
        "cloud_resources",
        ["organization_id", "cost_order", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_cloud_resources_by_name",
        "cloud_resources",
        ["organization_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
        postgresql_include=[
            "account_id",
            "provider",
            "type",
            "region",
            "status",
            "stale_since",
            "cost_order",
            "tag_hashes",
            "word_bits",
        ],
    )
    op.create_index(
        "ix_cloud_resources_by_native_type",
        "cloud_resources",
        ["organization_id", "native_type", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_cloud_resources_by_region",
        "cloud_resources",
        ["organization_id", "region", "name", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_cloud_resources_by_type",
        "cloud_resources",
        ["organization_id", "type", "name", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_cloud_resources_closed",
        "cloud_resources",
        ["organization_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_cloud_resources_many_tags",
        "cloud_resources",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("tag_hashes IS NULL AND closed_at IS NULL"),
    )
    op.create_index(
        "ix_cloud_resources_sample",
        "cloud_resources",
        ["organization_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND get_byte(uuid_send(id), 15) < 16"),
        postgresql_include=[
            "account_id",
            "provider",
            "type",
            "region",
            "status",
            "stale_since",
            "cost_order",
            "tag_hashes",
            "word_bits",
        ],
    )
    op.create_index(
        "ix_cloud_resources_stale",
        "cloud_resources",
        ["organization_id", "account_id"],
        unique=False,
        postgresql_where=sa.text("stale_since IS NOT NULL"),
    )
    op.create_index("ix_cloud_resources_unit", "cloud_resources", ["organization_id", "unit_id"], unique=False)
    op.create_index(
        "ix_cloud_resources_untagged",
        "cloud_resources",
        ["organization_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("tags = '{}' AND closed_at IS NULL"),
    )
    op.create_table(
        "compliance_accounts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("known_types", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_compliance_accounts_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "account_id", name=op.f("pk_compliance_accounts")),
    )
    op.create_table(
        "compliance_issues",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finding_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("control_id", sa.String(), nullable=False),
        sa.Column("control_version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remediation", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("sub_key", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_compliance_issues_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_compliance_issues")),
        sa.UniqueConstraint(
            "organization_id", "finding_key", name=op.f("uq_compliance_issues_organization_id_finding_key")
        ),
    )
    op.create_index(
        "ix_compliance_issues_account", "compliance_issues", ["organization_id", "account_id"], unique=False
    )
    op.create_index(
        "ix_compliance_issues_list",
        "compliance_issues",
        ["organization_id", "status", "last_opened_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_compliance_issues_newest", "compliance_issues", ["organization_id", "last_opened_at", "id"], unique=False
    )
    op.create_index(
        "ix_compliance_issues_open",
        "compliance_issues",
        ["organization_id", "control_id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_compliance_issues_resource", "compliance_issues", ["organization_id", "resource_id"], unique=False
    )
    op.create_table(
        "cost_files",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_name", sa.String(), nullable=False),
        sa.Column("billing_account", sa.String(), nullable=False),
        sa.Column("billing_period", sa.Date(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("min_charge_on", sa.Date(), nullable=False),
        sa.Column("max_charge_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "import_id"],
            ["cost_imports.organization_id", "cost_imports.id"],
            name=op.f("fk_cost_files_organization_id_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_cost_files")),
    )
    op.create_index(
        "ix_cost_files_current",
        "cost_files",
        ["organization_id", "provider_name", "billing_account", "billing_period"],
        unique=False,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_index("ix_cost_files_replaced", "cost_files", ["organization_id", "replaced_at"], unique=False)
    op.create_table(
        "due_refreshes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("native_key", sa.String(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("native_type", sa.String(), server_default="", nullable=False),
        sa.Column("native_account", sa.String(), server_default="", nullable=False),
        sa.Column("region", sa.String(), server_default="", nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("hints", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_due_refreshes_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_due_refreshes")),
        sa.UniqueConstraint(
            "organization_id",
            "account_id",
            "native_key",
            name=op.f("uq_due_refreshes_organization_id_account_id_native_key"),
        ),
    )
    op.create_index(
        op.f("ix_due_refreshes_organization_id_account_id_due_at"),
        "due_refreshes",
        ["organization_id", "account_id", "due_at"],
        unique=False,
    )
    op.create_table(
        "event_sources",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("events", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_event_sources_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_event_sources")),
        sa.UniqueConstraint("organization_id", "account_id", name=op.f("uq_event_sources_organization_id_account_id")),
    )
    op.create_table(
        "identity_connections",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("secret_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("jit", sa.Boolean(), nullable=False),
        sa.Column("require_mfa", sa.Boolean(), nullable=False),
        sa.Column("scim_token_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("scim_token_hint", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_identity_connections_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_identity_connections")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_identity_connections_organization_id_name")),
    )
    op.create_table(
        "job_units",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("resources", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'complete', 'partial', 'failed')", name=op.f("ck_job_units_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "job_id"],
            ["jobs.organization_id", "jobs.id"],
            name="fk_job_units_job",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "job_id", "account", "service", "region", name=op.f("pk_job_units")),
    )
    op.create_table(
        "notification_deliveries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("channel_kind", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "notification_id"],
            ["notifications.organization_id", "notifications.id"],
            name=op.f("fk_notification_deliveries_organization_id_notification_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_notification_deliveries")),
        sa.UniqueConstraint(
            "organization_id",
            "notification_id",
            "channel_kind",
            "recipient",
            name=op.f("uq_notification_deliveries_organization_id_notification_id_channel_kind_recipient"),
        ),
    )
    op.create_index(
        "ix_notification_deliveries_open",
        "notification_deliveries",
        ["organization_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        op.f("ix_notification_deliveries_organization_id_created_at_id"),
        "notification_deliveries",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "notification_routes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("minimum_severity", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "channel_id"],
            ["notification_channels.organization_id", "notification_channels.id"],
            name=op.f("fk_notification_routes_organization_id_channel_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_notification_routes")),
    )
    op.create_table(
        "organization_branding",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=True),
        sa.Column("accent", sa.String(), nullable=True),
        sa.Column("mail_sender_name", sa.String(), nullable=True),
        sa.Column("logo_key", sa.String(), nullable=True),
        sa.Column("logo_name", sa.String(), nullable=True),
        sa.Column("logo_type", sa.String(), nullable=True),
        sa.Column("logo_bytes", sa.Integer(), nullable=True),
        sa.Column("custom_domain", sa.String(), nullable=True),
        sa.Column("domain_token", sa.String(), nullable=True),
        sa.Column("domain_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_organization_branding_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_branding")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_organization_branding_organization_id")),
    )
    op.create_table(
        "organization_deletions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delete_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_members", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("last_key_version", sa.Integer(), nullable=False),
        sa.Column("removing_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_organization_deletions_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_deletions")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_organization_deletions_organization_id")),
    )
    op.create_table(
        "organization_exports",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("storage_key", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("row_counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_organization_exports_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_exports")),
    )
    op.create_index(
        op.f("ix_organization_exports_organization_id_created_at"),
        "organization_exports",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "organization_policies",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mfa_required_roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mfa_grace_days", sa.Integer(), nullable=False),
        sa.Column("mfa_required_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("web_idle_minutes", sa.Integer(), nullable=False),
        sa.Column("web_absolute_hours", sa.Integer(), nullable=False),
        sa.Column("native_idle_days", sa.Integer(), nullable=False),
        sa.Column("sso_required", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_organization_policies_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization_policies")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_organization_policies_organization_id")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("user_id", "credential_id", name=op.f("uq_passkeys_user_id_credential_id")),
        info={"policy": "user_id = app.current_user_id()"},
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("user_id", "hash", name=op.f("uq_recovery_codes_user_id_hash")),
        info={"policy": "user_id = app.current_user_id()"},
    )
    op.create_table(
        "resource_trends",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("resources", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_resource_trends_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "dimension", "day", "account_id", "key", name=op.f("pk_resource_trends")
        ),
    )
    op.create_index(
        op.f("ix_resource_trends_organization_id_account_id"),
        "resource_trends",
        ["organization_id", "account_id"],
        unique=False,
    )
    op.create_table(
        "roles",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_normalised", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_roles_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_roles")),
        sa.UniqueConstraint(
            "organization_id", "name_normalised", name=op.f("uq_roles_organization_id_name_normalised")
        ),
    )
    op.create_table(
        "sync_units",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("native_account", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="never", nullable=False),
        sa.Column("resources", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("missing_permissions", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("complete_types", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("type_seen_at", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("type_counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("stale_resources", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_complete_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_job_id", sa.Uuid(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_sync_units_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_sync_units")),
        sa.UniqueConstraint(
            "organization_id",
            "account_id",
            "native_account",
            "region",
            "service",
            name=op.f("uq_sync_units_organization_id_account_id_native_account_region_service"),
        ),
    )
    op.create_table(
        "totp_factors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_totp_factors_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_totp_factors")),
        info={"policy": "user_id = app.current_user_id()"},
    )
    op.create_index(op.f("ix_totp_factors_user_id"), "totp_factors", ["user_id"], unique=False)
    op.create_table(
        "usage_counts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.LargeBinary(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_counts_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_usage_counts")),
        sa.UniqueConstraint(
            "organization_id",
            "day",
            "kind",
            "name",
            "pseudonym",
            name=op.f("uq_usage_counts_organization_id_day_kind_name_pseudonym"),
        ),
    )
    op.create_table(
        "usage_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_usage_keys_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_usage_keys")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_usage_keys_organization_id")),
    )
    op.create_table(
        "connection_domains",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["identity_connections.organization_id", "identity_connections.id"],
            name=op.f("fk_connection_domains_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_connection_domains")),
        sa.UniqueConstraint("organization_id", "domain", name=op.f("uq_connection_domains_organization_id_domain")),
    )
    op.create_index(
        op.f("ix_connection_domains_organization_id_connection_id"),
        "connection_domains",
        ["organization_id", "connection_id"],
        unique=False,
    )
    op.create_table(
        "exposure_reads",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("read_key", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            name=op.f("fk_exposure_reads_organization_id_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "read_key", "resource_id", name=op.f("pk_exposure_reads")),
    )
    op.create_index("ix_exposure_reads_resource", "exposure_reads", ["organization_id", "resource_id"], unique=False)
    op.create_table(
        "group_mappings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("role_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["identity_connections.organization_id", "identity_connections.id"],
            name=op.f("fk_group_mappings_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"],
            ["roles.organization_id", "roles.id"],
            name=op.f("fk_group_mappings_organization_id_role_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_group_mappings")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "group",
            name=op.f("uq_group_mappings_organization_id_connection_id_group"),
        ),
    )
    op.create_table(
        "invitations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_normalised", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("role_id", sa.Uuid(), nullable=True),
        sa.Column("scope", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"],
            ["roles.organization_id", "roles.id"],
            name=op.f("fk_invitations_organization_id_role_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_invitations_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_invitations")),
    )
    op.create_index(
        op.f("ix_invitations_organization_id_role_id"), "invitations", ["organization_id", "role_id"], unique=False
    )
    op.create_index(
        "uq_invitations_open",
        "invitations",
        ["organization_id", "email_normalised"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
    )
    op.create_table(
        "memberships",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=True),
        sa.Column("scope", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(role = 'custom') = (role_id IS NOT NULL)", name=op.f("ck_memberships_role")),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"],
            ["roles.organization_id", "roles.id"],
            name=op.f("fk_memberships_organization_id_role_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_memberships_organization_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("organization_id", "user_id", name=op.f("uq_memberships_organization_id_user_id")),
        info={
            "policy": "organization_id = app.current_org() OR user_id = app.current_user_id()",
            "policy_check": "organization_id = app.current_org()",
        },
    )
    op.create_index(
        op.f("ix_memberships_organization_id_role_id"), "memberships", ["organization_id", "role_id"], unique=False
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)
    op.create_table(
        "provider_logouts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("provider_session", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("ended_sessions", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["identity_connections.organization_id", "identity_connections.id"],
            name=op.f("fk_provider_logouts_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_provider_logouts")),
    )
    op.create_index(op.f("ix_provider_logouts_expires_at"), "provider_logouts", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_provider_logouts_organization_id_connection_id_provider_session"),
        "provider_logouts",
        ["organization_id", "connection_id", "provider_session"],
        unique=False,
    )
    op.create_table(
        "resource_exposures",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("exposed", sa.Boolean(), nullable=True),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("ports", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("sources", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("chains", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("unknown", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            name=op.f("fk_resource_exposures_organization_id_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "resource_id", name=op.f("pk_resource_exposures")),
    )
    op.create_index(
        "ix_resource_exposures_exposed",
        "resource_exposures",
        ["organization_id", "resource_id"],
        unique=False,
        postgresql_where=sa.text("exposed"),
    )
    op.create_index(
        "ix_resource_exposures_unknown",
        "resource_exposures",
        ["organization_id", "resource_id"],
        unique=False,
        postgresql_where=sa.text("exposed IS NULL"),
    )
    op.create_table(
        "resource_orphans",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            name=op.f("fk_resource_orphans_organization_id_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "resource_id", name=op.f("pk_resource_orphans")),
    )
    op.create_table(
        "resource_relations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("source_native_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target_native_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "unit_id"],
            ["sync_units.organization_id", "sync_units.id"],
            name=op.f("fk_resource_relations_organization_id_unit_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "organization_id",
            "unit_id",
            "source_native_id",
            "kind",
            "target_native_id",
            name=op.f("pk_resource_relations"),
        ),
    )
    op.create_index(
        "ix_resource_relations_inward",
        "resource_relations",
        ["organization_id", "target_id", "kind", "source_id"],
        unique=False,
    )
    op.create_index(
        "ix_resource_relations_open_source",
        "resource_relations",
        ["organization_id"],
        unique=False,
        postgresql_where=sa.text("source_id IS NULL"),
    )
    op.create_index(
        "ix_resource_relations_open_target",
        "resource_relations",
        ["organization_id"],
        unique=False,
        postgresql_where=sa.text("target_id IS NULL"),
    )
    op.create_index(
        "ix_resource_relations_outward",
        "resource_relations",
        ["organization_id", "source_id", "kind", "target_id"],
        unique=False,
    )
    op.create_table(
        "resource_versions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            name=op.f("fk_resource_versions_organization_id_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_resource_versions")),
    )
    op.create_index(
        op.f("ix_resource_versions_organization_id_account_id_id"),
        "resource_versions",
        ["organization_id", "account_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_resource_versions_organization_id_at_resource_id"),
        "resource_versions",
        ["organization_id", "at", "resource_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_resource_versions_organization_id_resource_id_id"),
        "resource_versions",
        ["organization_id", "resource_id", "id"],
        unique=False,
    )
    op.create_table(
        "scim_groups",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["identity_connections.organization_id", "identity_connections.id"],
            name=op.f("fk_scim_groups_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_scim_groups")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "display_name",
            name=op.f("uq_scim_groups_organization_id_connection_id_display_name"),
        ),
    )
    op.create_table(
        "service_identities",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_normalised", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("role_id", sa.Uuid(), nullable=True),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("scope", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(role, role_id, permissions) = 1", name=op.f("ck_service_identities_rights")),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"],
            ["roles.organization_id", "roles.id"],
            name=op.f("fk_service_identities_organization_id_role_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_service_identities_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_service_identities")),
        sa.UniqueConstraint(
            "organization_id", "name_normalised", name=op.f("uq_service_identities_organization_id_name_normalised")
        ),
    )
    op.create_index(
        op.f("ix_service_identities_organization_id_role_id"),
        "service_identities",
        ["organization_id", "role_id"],
        unique=False,
    )
    op.create_table(
        "sync_unit_counts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("native_type", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="", nullable=False),
        sa.Column("resources", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["accounts.organization_id", "accounts.id"],
            name=op.f("fk_sync_unit_counts_organization_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "unit_id"],
            ["sync_units.organization_id", "sync_units.id"],
            name=op.f("fk_sync_unit_counts_organization_id_unit_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "organization_id",
            "unit_id",
            "account_id",
            "region",
            "native_type",
            "type",
            "status",
            name=op.f("pk_sync_unit_counts"),
        ),
    )
    op.create_index(
        op.f("ix_sync_unit_counts_organization_id_account_id"),
        "sync_unit_counts",
        ["organization_id", "account_id"],
        unique=False,
    )
    op.create_table(
        "used_assertions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["identity_connections.organization_id", "identity_connections.id"],
            name=op.f("fk_used_assertions_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_used_assertions")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "hash",
            name=op.f("uq_used_assertions_organization_id_connection_id_hash"),
        ),
    )
    op.create_index(op.f("ix_used_assertions_expires_at"), "used_assertions", ["expires_at"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scope", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("addresses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("service_identity_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_address", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("num_nonnulls(user_id, service_identity_id) = 1", name=op.f("ck_api_keys_owner")),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_identity_id"],
            ["service_identities.organization_id", "service_identities.id"],
            name=op.f("fk_api_keys_organization_id_service_identity_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_api_keys_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("organization_id", "hash", name=op.f("uq_api_keys_organization_id_hash")),
    )
    op.create_index(
        op.f("ix_api_keys_organization_id_service_identity_id"),
        "api_keys",
        ["organization_id", "service_identity_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_api_keys_organization_id_user_id"), "api_keys", ["organization_id", "user_id"], unique=False
    )
    op.create_table(
        "external_identities",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["identity_connections.organization_id", "identity_connections.id"],
            name=op.f("fk_external_identities_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_external_identities_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_external_identities")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "subject",
            name=op.f("uq_external_identities_organization_id_connection_id_subject"),
        ),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "user_id",
            name=op.f("uq_external_identities_organization_id_connection_id_user_id"),
        ),
    )
    op.create_index(
        op.f("ix_external_identities_organization_id_user_id"),
        "external_identities",
        ["organization_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "factor_resets",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client_address", sa.String(), nullable=False),
        sa.Column("approved_by", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_factor_resets_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_factor_resets")),
        info={"policy": "organization_id = app.current_org() OR user_id = app.current_user_id()"},
    )
    op.create_index(op.f("ix_factor_resets_user_id"), "factor_resets", ["user_id"], unique=False)
    op.create_index(
        "uq_factor_resets_open",
        "factor_resets",
        ["organization_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "scim_users",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("user_name_normalised", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["identity_connections.organization_id", "identity_connections.id"],
            name=op.f("fk_scim_users_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_scim_users_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_scim_users")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "user_id",
            name=op.f("uq_scim_users_organization_id_connection_id_user_id"),
        ),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "user_name_normalised",
            name=op.f("uq_scim_users_organization_id_connection_id_user_name_normalised"),
        ),
    )
    op.create_index(
        op.f("ix_scim_users_organization_id_connection_id_external_id"),
        "scim_users",
        ["organization_id", "connection_id", "external_id"],
        unique=False,
    )
    op.create_table(
        "sessions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("client_address", sa.String(), nullable=False),
        sa.Column("amr", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("absolute_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("provider_session", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_sessions_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_sessions")),
    )
    op.create_index(
        op.f("ix_sessions_organization_id_user_id_created_at"),
        "sessions",
        ["organization_id", "user_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "session_id"],
            ["sessions.organization_id", "sessions.id"],
            name=op.f("fk_refresh_tokens_organization_id_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("organization_id", "hash", name=op.f("uq_refresh_tokens_organization_id_hash")),
    )
    op.create_index(
        op.f("ix_refresh_tokens_organization_id_session_id"),
        "refresh_tokens",
        ["organization_id", "session_id"],
        unique=False,
    )
    op.create_table(
        "scim_group_members",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("scim_user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "group_id"],
            ["scim_groups.organization_id", "scim_groups.id"],
            name=op.f("fk_scim_group_members_organization_id_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "scim_user_id"],
            ["scim_users.organization_id", "scim_users.id"],
            name=op.f("fk_scim_group_members_organization_id_scim_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_scim_group_members")),
        sa.UniqueConstraint(
            "organization_id",
            "group_id",
            "scim_user_id",
            name=op.f("uq_scim_group_members_organization_id_group_id_scim_user_id"),
        ),
    )
    op.create_index(
        op.f("ix_scim_group_members_organization_id_scim_user_id"),
        "scim_group_members",
        ["organization_id", "scim_user_id"],
        unique=False,
    )
    # ### end Alembic commands ###
