"""Tables of compliance: the present result of each control on each resource, findings, and scores rolled up."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, LargeBinary, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow


class ComplianceResult(Base):
    """What a control says of a resource now: state PASS, FAIL, NOT_APPLICABLE or UNKNOWN, and why.

    No foreign key to the resource: the row is removed by the event that tells of its end.
    """

    __tablename__ = "compliance_results"
    __table_args__ = (
        Index("ix_compliance_results_resource", "organization_id", "resource_id"),
        Index(
            "ix_compliance_results_unknown",
            "organization_id",
            "account_id",
            "resource_id",
            postgresql_where=text("state = 'UNKNOWN'"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    control_id: Mapped[str] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    control_version: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str]
    evaluated_at: Mapped[datetime]  # when the present state was first seen, or the version changed


class ComplianceIssue(OrganizationRow, Base):
    """A finding: one failure of one control on one resource, from its first sight to its end.

    `standard_id` of the plan is a mapping here: a control supports requirements of several standards.
    """

    __tablename__ = "compliance_issues"
    __table_args__ = (
        UniqueConstraint("organization_id", "finding_key"),
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index("ix_compliance_issues_list", "organization_id", "status", "last_opened_at", "id"),
        Index("ix_compliance_issues_newest", "organization_id", "last_opened_at", "id"),
        Index("ix_compliance_issues_account", "organization_id", "account_id"),
        Index("ix_compliance_issues_resource", "organization_id", "resource_id"),
        Index("ix_compliance_issues_open", "organization_id", "control_id", postgresql_where=text("status = 'open'")),
    )

    finding_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    control_id: Mapped[str]
    control_version: Mapped[int]
    title: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str]  # open, excepted, resolved
    reason: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    remediation: Mapped[str]
    resource_id: Mapped[UUID | None]
    native_id: Mapped[str]
    sub_key: Mapped[str]
    provider: Mapped[str]
    account_id: Mapped[UUID]
    region: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class ComplianceStandard(OrganizationRow, Base):
    """An organization's score of one standard, rolled up after each evaluation. `id` is the standard's own."""

    __tablename__ = "compliance_standards"

    name: Mapped[str]
    version: Mapped[str]
    provider: Mapped[str | None]
    score: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    coverage_percent: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    passed: Mapped[int]
    failed: Mapped[int]
    unknown: Mapped[int]
    not_applicable: Mapped[int]
    last_checked: Mapped[datetime]


class ComplianceControlScore(Base):
    """How many resources each control passes and fails on, rolled up after each evaluation."""

    __tablename__ = "compliance_control_scores"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    control_id: Mapped[str] = mapped_column(primary_key=True)
    passed: Mapped[int]
    failed: Mapped[int]
    unknown: Mapped[int]
    not_applicable: Mapped[int]


class EvaluatedAccount(Base):
    """The account as evaluations see it; its lock makes them take turns.

    `known_types`: {cloud account number: [types that controls read besides, and whose listing was whole]}, as of the
    last finished sync.
    """

    __tablename__ = "compliance_accounts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    known_types: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class PendingEvaluation(Base):
    """What to evaluate, written with the change that makes it necessary and removed with the results.

    Either a resource, or a type whose readers are due. Rows are only added, twice if need be: with a unique key, units
    that are stored at the same time would wait for each other and for the evaluation.
    """

    __tablename__ = "compliance_pending"
    __table_args__ = (
        Index(
            "ix_compliance_pending_types",
            "organization_id",
            "account_id",
            postgresql_where=text("native_type IS NOT NULL"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    resource_id: Mapped[UUID | None]
    native_type: Mapped[str | None]
