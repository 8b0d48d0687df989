"""Tables of costs: imports, the manifest of Parquet files, and the daily roll-up per resource.

The bill lines themselves are Parquet files in the object store; `cost_files` says which of them count.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow


class CostImport(OrganizationRow, Base):
    """One imported file and what became of it. `state`: queued, running, succeeded, partial, failed or cancelled.

    `reasons` and `warnings`: [{reason, column, rows, example_rows}]. `sums`: [{currency, billed, effective, list,
    contracted}], decimal strings, null where no row knew the value. `replaced_periods`: [{provider_name,
    billing_account, billing_period, rows_before}].
    """

    __tablename__ = "cost_imports"
    __table_args__ = (Index(None, "organization_id", "created_at"),)

    file_name: Mapped[str]
    source: Mapped[str]  # upload, store or local
    source_path: Mapped[str]  # object key; for local files the absolute path
    state: Mapped[str] = mapped_column(server_default="queued")
    job_id: Mapped[UUID | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    file_format: Mapped[str | None]  # csv, csv.gz, csv.zip or parquet
    focus_version: Mapped[str | None]
    rows_read: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_stored: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_rejected: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reasons: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    warnings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    sums: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    missing_columns: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    extra_columns: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    ignored_columns: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    min_charge_at: Mapped[datetime | None]
    max_charge_at: Mapped[datetime | None]
    replaced_periods: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    error: Mapped[str | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class CostFile(OrganizationRow, Base):
    """A Parquet file with the lines of one billing period of one account; it counts while `replaced_at` is null."""

    __tablename__ = "cost_files"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "import_id"], ["cost_imports.organization_id", "cost_imports.id"], ondelete="CASCADE"
        ),
        Index(
            "ix_cost_files_current",
            "organization_id",
            "provider_name",
            "billing_account",
            "billing_period",
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_cost_files_replaced", "organization_id", "replaced_at"),
    )

    import_id: Mapped[UUID]
    provider: Mapped[str]
    provider_name: Mapped[str]
    billing_account: Mapped[str]
    billing_period: Mapped[date]  # the first day
    path: Mapped[str]  # object key
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)
    min_charge_on: Mapped[date]
    max_charge_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    replaced_at: Mapped[datetime | None]


class CostDay(OrganizationRow, Base):
    """The costs of one resource on one UTC day, by what dashboards ask for. `cost` is the effective cost.

    No foreign key to resources or accounts: a bill outlives them, and names many that were never collected.
    """

    __tablename__ = "cost_data"
    __table_args__ = (
        Index(None, "organization_id", "date"),
        Index(
            "ix_cost_data_resource",
            "organization_id",
            "resource_id",
            "date",
            postgresql_where=text("resource_id IS NOT NULL"),
        ),
        Index("ix_cost_data_period", "organization_id", "provider_name", "billing_account", "billing_period"),
        Index(
            "ix_cost_data_unjoined",
            "organization_id",
            "date",
            postgresql_where=text("resource_id IS NULL AND native_resource_id IS NOT NULL"),
        ),
    )

    charged_on: Mapped[date] = mapped_column("date")
    cost: Mapped[Decimal | None] = mapped_column(Numeric)
    predicted_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    billed_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    list_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    contracted_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str]
    provider: Mapped[str]
    provider_name: Mapped[str]
    billing_account: Mapped[str]
    billing_period: Mapped[date]
    sub_account: Mapped[str | None]
    account_id: Mapped[UUID | None]
    resource_id: Mapped[UUID | None]
    native_resource_id: Mapped[str | None]
    service: Mapped[str | None]
    region: Mapped[str | None]
    charge_category: Mapped[str | None]
    import_id: Mapped[UUID]
