"""Tables of the metrics: blocks are a durable log of what came in, chunks the store, roll-ups chunks of coarser steps.

`docs/adr/0015-metrics-in-blocks-and-chunks.md` says why. Partitions of `metric_samples` and `metric_rollups` are made
and dropped by `app.make_metric_partitions` and `app.drop_metric_partitions`, see `core/grants.py`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy import event as table_event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow
from app.core.secrets import SEALED
from app.domains.metrics.rules.series import KEY_BYTES

BY_WINDOW = "RANGE (window_at)"


class MetricSeries(Base):
    """One series: a name and labels. `key` is `rules.series_key`; `id` is unique in the installation.

    `first_at` and `last_at` are of samples in chunks; blocks that are not compacted may reach further. `link_state` is
    pending (to be joined to a resource), linked or none (no resource is known that its labels speak of). `resource_id`
    stays when the resource is gone, so no foreign key.
    """

    __tablename__ = "metric_series"
    __table_args__ = (
        UniqueConstraint("organization_id", "key"),
        Index(None, "organization_id", "name", "id"),
        Index(
            "ix_metric_series_resource",
            "organization_id",
            "resource_id",
            "name",
            postgresql_where=text("resource_id IS NOT NULL"),
        ),
        Index("ix_metric_series_unlinked", "organization_id", "id", postgresql_where=text("link_state = 'pending'")),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(KEY_BYTES))
    name: Mapped[str]
    labels: Mapped[dict[str, Any]]
    resource_id: Mapped[UUID | None]
    link_state: Mapped[str] = mapped_column(server_default="pending")
    source_id: Mapped[UUID | None]
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MetricSettings(Base):
    """How an organization's samples are taken, where it differs from the product; see `rules.limits`."""

    __tablename__ = "metric_settings"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_write_wins: Mapped[bool]
    out_of_order_seconds: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class MetricFamily(Base):
    """What senders say of a metric: `type` as in `rules.batch.Metadata`, the last word counts."""

    __tablename__ = "metric_families"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    unit: Mapped[str]
    help: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MetricBlock(Base):
    """Samples that were committed together, as `rules.blocks` writes them. Ids grow in the order of the commits.

    A block whose samples are in chunks has `compacted_at` and stays some minutes for those who follow the log.
    """

    __tablename__ = "metric_blocks"
    __table_args__ = (
        Index("ix_metric_blocks_open", "organization_id", "id", postgresql_where=text("compacted_at IS NULL")),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    min_series: Mapped[int] = mapped_column(BigInteger)
    max_series: Mapped[int] = mapped_column(BigInteger)
    min_ms: Mapped[int] = mapped_column(BigInteger)  # Unix milliseconds
    max_ms: Mapped[int] = mapped_column(BigInteger)
    samples: Mapped[int]
    compacted_at: Mapped[datetime | None]
    payload: Mapped[bytes]


class MetricChunk(Base):
    """The samples of one series in one window of two hours; `rolled`: the roll-ups hold what the chunk holds."""

    __tablename__ = "metric_samples"
    __table_args__ = (
        Index(
            "ix_metric_samples_unrolled",
            "organization_id",
            "window_at",
            "series_id",
            postgresql_where=text("NOT rolled"),
        ),
        {"postgresql_partition_by": BY_WINDOW},
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    points: Mapped[int]
    rolled: Mapped[bool] = mapped_column(server_default=text("false"))
    payload: Mapped[bytes]


class MetricRollup(Base):
    """Buckets of `step_seconds` of one series in one window, as `rules.rollups` writes them."""

    __tablename__ = "metric_rollups"
    __table_args__ = ({"postgresql_partition_by": BY_WINDOW},)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    step_seconds: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    buckets: Mapped[int]
    payload: Mapped[bytes]


class MetricRunningSum(Base):
    """The sum so far of a series that is sent as increments; what ends at or before `ended_ms` is in it."""

    __tablename__ = "metric_running_sums"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    total: Mapped[float] = mapped_column(Double)
    ended_ms: Mapped[int] = mapped_column(BigInteger)


class MetricObjective(OrganizationRow, Base):
    """A service level objective; `indicator` is `schemas.RatioIndicator` or `schemas.ThresholdIndicator`.

    With a resource only its series count. `service` is free text that groups objectives.
    """

    __tablename__ = "metric_objectives"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        Index(None, "organization_id", "resource_id", postgresql_where=text("resource_id IS NOT NULL")),
    )

    name: Mapped[str]
    service: Mapped[str]
    resource_id: Mapped[UUID | None]
    indicator: Mapped[dict[str, Any]]
    target_percent: Mapped[float] = mapped_column(Double)
    window_days: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ResourceMetric(OrganizationRow, Base):
    """The newest value of a metric of a resource, told by its newest series."""

    __tablename__ = "resource_metrics"
    __table_args__ = (UniqueConstraint("organization_id", "resource_id", "metric_name"),)

    resource_id: Mapped[UUID]
    metric_name: Mapped[str]
    value: Mapped[float] = mapped_column(Double)
    timestamp: Mapped[datetime]


class MetricSource(OrganizationRow, Base):
    """Where metrics are fetched from: a connected cloud that is polled, or a Prometheus server that is asked.

    `kind` is cloud (with `account_id`) or prometheus (with `url`). `settings`: {"types", "regions"} of a cloud, each
    absent for all; {"username", "tenant"} of a server. `credentials`: its bearer token, or the password of `username`.
    `read_until`: before it every settled period was read. `samples` counts those that the last poll brought, also those
    that were read before; `asked` the metrics that it asked for, which is what clouds charge.
    """

    __tablename__ = "metric_sources"
    __table_args__ = (
        UniqueConstraint("organization_id", "account_id"),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index("ix_metric_sources_due", "organization_id", "due_at", postgresql_where=text("enabled")),
    )

    name: Mapped[str]
    kind: Mapped[str]
    account_id: Mapped[UUID | None]
    url: Mapped[str | None]
    settings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)
    interval_seconds: Mapped[int]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime | None]
    read_until: Mapped[datetime | None]
    daily_read_at: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    missing_permissions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    samples: Mapped[int] = mapped_column(BigInteger, server_default="0")
    asked: Mapped[int] = mapped_column(server_default="0")


class DetectorSettings(Base):
    """What an organization's detector watches and how, where it differs from the product; see `rules.anomalies`."""

    __tablename__ = "metric_detector_settings"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    names: Mapped[list[str]] = mapped_column(ARRAY(Text))
    linked_only: Mapped[bool]
    max_series: Mapped[int]
    sensitivity: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class DetectorRun(Base):
    """How far the detector is: when it last chose its series, how many it watches, and how many are above the limit.

    `judged_at`: up to when it has judged what is there.
    """

    __tablename__ = "metric_detector_runs"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    chosen_at: Mapped[datetime | None]
    judged_at: Mapped[datetime | None]
    watched: Mapped[int] = mapped_column(server_default="0")
    left_out: Mapped[int] = mapped_column(server_default="0")


class DetectorPage(Base):
    """The memories of some hundred series, as `rules.detector_pages` writes them: a row is read and written whole."""

    __tablename__ = "metric_detector_states"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payload: Mapped[bytes]


class MetricAnomaly(OrganizationRow, Base):
    """An episode of a series, or a burst of many: then there is no series, and its members name it in `group_id`.

    `score`, `value`, `low` and `high` are those of its most surprising point; `low` and `high` were expected there.
    `grouped_by` of a member is resource or time. `verdict` is people's: expected, wrong or useful.
    """

    __tablename__ = "metric_anomalies"
    __table_args__ = (
        Index(None, "organization_id", "started_at", "id"),
        Index(
            "ix_metric_anomalies_resource",
            "organization_id",
            "resource_id",
            "started_at",
            postgresql_where=text("resource_id IS NOT NULL"),
        ),
        Index("ix_metric_anomalies_open", "organization_id", "series_id", postgresql_where=text("ended_at IS NULL")),
        Index(
            "ix_metric_anomalies_group", "organization_id", "group_id", postgresql_where=text("group_id IS NOT NULL")
        ),
        Index(
            "ix_metric_anomalies_verdict",
            "organization_id",
            "series_id",
            postgresql_where=text("verdict IS NOT NULL"),
        ),
    )

    series_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str]
    labels: Mapped[dict[str, Any]]
    resource_id: Mapped[UUID | None]
    kind: Mapped[str]
    started_at: Mapped[datetime]
    last_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    points: Mapped[int]
    series_count: Mapped[int] = mapped_column(server_default="1")
    score: Mapped[float] = mapped_column(Double)
    value: Mapped[float | None] = mapped_column(Double)
    low: Mapped[float | None] = mapped_column(Double)
    high: Mapped[float | None] = mapped_column(Double)
    group_id: Mapped[UUID | None]
    grouped_by: Mapped[str | None]
    verdict: Mapped[str | None]
    note: Mapped[str | None]
    verdict_by: Mapped[UUID | None]
    verdict_at: Mapped[datetime | None]


PACKED_COLUMNS = (
    ("metric_blocks", "payload"),
    ("metric_samples", "payload"),
    ("metric_rollups", "payload"),
    ("metric_detector_states", "payload"),
)
"""What is compressed by us already; PostgreSQL must not try again, which the migration says too."""


def keep_as_packed(table: str, column: str) -> str:
    """The statement that keeps PostgreSQL from compressing a column."""
    return f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL"


for _name, _column in PACKED_COLUMNS:
    _table: Table = Base.metadata.tables[_name]
    made = DDL(keep_as_packed(_name, _column))  # type: ignore[no-untyped-call]
    table_event.listen(_table, "after_create", made)
