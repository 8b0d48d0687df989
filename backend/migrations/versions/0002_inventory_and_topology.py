"""Inventory and topology: three clouds, searches, events, history, maps and what the internet reaches.

Revision: 0002
Date: 2026-11-23

It runs in one transaction. `cloud_resources` and `resource_relations` are each rewritten once, and nothing can read or
write them meanwhile: stop the platform. A million resources with two million edges (3.6 GB) took 62 seconds on two cores
and 3.5 GB of write-ahead log; have as much free disk as both tables take. The background work on them took 20 minutes
beside other load.
Nothing is deleted.

Set right here: each resource's key, the counts of units and the coverage of accounts, and since when an edge is known.
The older release read AWS alone, so no two ids become one key. Made anew in the background, right after the start,
because the rules for it are the platform's and not a migration's:
- bits and zones of words, by `inventory.index_resources`; until it is done a row in `resource_zones` with the nil unit
  keeps every question off the index that needs them, and lists are whole, only slower;
- daily counts, exposure and orphans, by two nightly schedules that are marked as overdue.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWN = "organization_id = app.current_org()"
PROTECTED = (  # new tables; each row is seen and written by its organization alone
    "cloud_events",
    "due_refreshes",
    "event_sources",
    "exposure_reads",
    "past_relations",
    "pending_topology",
    "resource_exports",
    "resource_exposures",
    "resource_marks",
    "resource_orphans",
    "resource_trends",
    "resource_views",
    "resource_zones",
    "sync_unit_counts",
    "topology_views",
)
FILLED = ("accounts", "cloud_resources", "sync_units")  # their old rows are read or changed by statements
NARROW_COLUMNS = [
    "account_id", "provider", "type", "region", "status", "stale_since", "cost_order", "tag_hashes", "word_bits",
]  # fmt: skip

ADD_COLUMNS = (  # defaults are right for old rows: every account was a connection, and read itself alone
    """
ALTER TABLE accounts
  ADD COLUMN native_name varchar,
  ADD COLUMN kind varchar NOT NULL DEFAULT 'connection',
  ADD COLUMN path text[] NOT NULL DEFAULT '{}',
  ADD COLUMN reads_alone boolean NOT NULL DEFAULT true,
  ADD COLUMN inactive_since timestamptz,
  ADD COLUMN inactive_reason varchar,
  ADD COLUMN accounts_elsewhere jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN discovered_at timestamptz,
  ADD COLUMN coverage jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN excluded_regions text[] NOT NULL DEFAULT '{}',
  ADD COLUMN interval_minutes int,
  ADD COLUMN type_groups jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN forgotten_at timestamptz
    """,
    "ALTER TABLE resource_versions ADD COLUMN action varchar, ADD COLUMN event_id varchar",
    "ALTER TABLE sync_units ADD COLUMN failures int NOT NULL DEFAULT 0, ADD COLUMN retry_at timestamptz",
)
REWRITE = """
ALTER TABLE cloud_resources
  ADD COLUMN native_key varchar NOT NULL GENERATED ALWAYS AS (
    CASE WHEN provider = 'azure' THEN lower(native_id COLLATE "C") ELSE native_id END) STORED,
  ADD COLUMN tag_hashes int4[],
  ADD COLUMN word_bits bit(512) NOT NULL DEFAULT repeat('1', 512)::bit(512),
  ALTER COLUMN name TYPE text COLLATE "C"
"""
# An edge is known since both of its ends are. "Now" would say that it was not there before. By a rewrite, which leaves
# nothing to clean up; its expression may read a table only in a function, and a narrow copy spares it the wide rows.
DATE_EDGES = (
    """
CREATE TEMPORARY TABLE found ON COMMIT DROP AS SELECT organization_id, id, first_seen_at FROM cloud_resources
    """,
    "CREATE UNIQUE INDEX ON pg_temp.found (organization_id, id)",
    "ANALYZE pg_temp.found",
    """
CREATE FUNCTION app.known_since(org uuid, source uuid, target uuid) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce(greatest(
    (SELECT f.first_seen_at FROM pg_temp.found f WHERE f.organization_id = org AND f.id = source),
    (SELECT f.first_seen_at FROM pg_temp.found f WHERE f.organization_id = org AND f.id = target)), now());
END $$
    """,
    "ALTER TABLE resource_relations ADD COLUMN first_seen_at timestamptz",
    """
ALTER TABLE resource_relations
  ALTER COLUMN first_seen_at TYPE timestamptz USING app.known_since(organization_id, source_id, target_id),
  ALTER COLUMN first_seen_at SET DEFAULT now(), ALTER COLUMN first_seen_at SET NOT NULL
    """,
    "DROP FUNCTION app.known_since",
)
COUNT_UNITS = """
INSERT INTO sync_unit_counts
    (organization_id, unit_id, account_id, region, native_type, type, status, resources, stale)
  SELECT r.organization_id, r.unit_id, r.account_id, r.region, r.native_type, r.type, coalesce(r.status, ''), count(*),
    count(r.stale_since)
  FROM cloud_resources r JOIN sync_units u ON u.organization_id = r.organization_id AND u.id = r.unit_id
  WHERE r.closed_at IS NULL
  GROUP BY r.organization_id, r.unit_id, r.account_id, r.region, r.native_type, r.type, coalesce(r.status, '')
"""
COUNT_ACCOUNTS = """
UPDATE accounts a SET coverage = jsonb_build_object(
  'units', coalesce((SELECT jsonb_object_agg(state, found) FROM (
    SELECT u.state, count(*) AS found FROM sync_units u
    WHERE u.organization_id = a.organization_id AND u.account_id = a.id AND u.retired_at IS NULL AND u.state <> 'never'
    GROUP BY u.state) states), '{}'),
  'resources', coalesce((SELECT sum(c.resources) FROM sync_unit_counts c
    WHERE c.organization_id = a.organization_id AND c.account_id = a.id), 0),
  'stale', coalesce((SELECT sum(c.stale) FROM sync_unit_counts c
    WHERE c.organization_id = a.organization_id AND c.account_id = a.id), 0))
WHERE EXISTS (SELECT FROM sync_units u WHERE u.organization_id = a.organization_id AND u.account_id = a.id)
"""
LEAVE_WORDS = """
INSERT INTO resource_zones (organization_id, zone, unit_id)
  SELECT o.id, '', '00000000-0000-0000-0000-000000000000' FROM directory.organizations o
  WHERE EXISTS (SELECT FROM cloud_resources r WHERE r.organization_id = o.id)
"""
# A schedule that was never seen would wait for its next night.
LEAVE_SCHEDULES = """
INSERT INTO schedule_runs (name, due_at, finished_at)
  SELECT name, '2000-01-01', now() FROM unnest(ARRAY['inventory.roll_up_all', 'topology.recompute_daily']) AS name
  WHERE EXISTS (SELECT FROM directory.organizations)
"""


def upgrade() -> None:
    """Apply the change; it runs on filled tables."""
    for memory in ("work_mem", "maintenance_work_mem", "temp_buffers"):
        op.execute(f"SET LOCAL {memory} = '128MB'")
    make_tables()
    for statement in ADD_COLUMNS:
        op.get_bind().exec_driver_sql(statement)
    # FORCE hides every row from the owner too, and what reads nothing would silently change nothing.
    for table in FILLED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    rewrite_resources()
    date_edges()
    index_history()
    for statement in (COUNT_UNITS, COUNT_ACCOUNTS, LEAVE_WORDS, LEAVE_SCHEDULES):
        op.get_bind().exec_driver_sql(statement)
    for table in FILLED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in PROTECTED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY org ON {table} USING ({OWN}) WITH CHECK ({OWN})")


def downgrade() -> None:
    """What was collected since would be lost."""
    raise RuntimeError("this migration cannot be taken back; restore a backup instead")


def rewrite_resources() -> None:
    """New columns and the order of names in one pass, with no index that would be made twice."""
    op.drop_constraint(op.f("uq_cloud_resources_organization_id_native_id"), "cloud_resources", type_="unique")
    op.drop_index("ix_cloud_resources_by_name", table_name="cloud_resources")
    op.get_bind().exec_driver_sql(REWRITE)
    op.create_unique_constraint(
        op.f("uq_cloud_resources_organization_id_native_key"), "cloud_resources", ["organization_id", "native_key"]
    )
    by_name = ["organization_id", "name", "id"]
    for name, columns, where, include in (
        ("by_name", by_name, "closed_at IS NULL", NARROW_COLUMNS),
        ("sample", by_name, "closed_at IS NULL AND get_byte(uuid_send(id), 15) < 16", NARROW_COLUMNS),
        ("closed", by_name, "closed_at IS NOT NULL", None),
        ("untagged", by_name, "tags = '{}' AND closed_at IS NULL", None),
        ("many_tags", ["organization_id", "id"], "tag_hashes IS NULL AND closed_at IS NULL", None),
    ):
        op.create_index(
            f"ix_cloud_resources_{name}",
            "cloud_resources",
            columns,
            postgresql_where=sa.text(where),
            postgresql_include=include,
        )


def index_history() -> None:
    """What maps and lists of the past ask history by."""
    columns = ["organization_id", "at", "resource_id"]
    op.create_index(op.f("ix_resource_versions_organization_id_at_resource_id"), "resource_versions", columns)


def date_edges() -> None:
    """Since when edges are known, between dropping the indexes that walks used and making those that they use now."""
    for end in ("source", "target"):
        op.drop_index(op.f(f"ix_resource_relations_organization_id_{end}_id"), table_name="resource_relations")
    for statement in DATE_EDGES:
        op.get_bind().exec_driver_sql(statement)
    outward = ["organization_id", "source_id", "kind", "target_id"]
    inward = ["organization_id", "target_id", "kind", "source_id"]
    op.create_index("ix_resource_relations_outward", "resource_relations", outward)
    op.create_index("ix_resource_relations_inward", "resource_relations", inward)


def make_tables() -> None:
    """New tables, as the models describe them."""
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
