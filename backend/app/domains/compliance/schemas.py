"""Bodies of the compliance routes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import PlainSerializer

from app.core.schemas import ReadModel, RequestModel
from app.domains.compliance.rules.model import Severity

IssueStatus = Literal["open", "excepted", "resolved"]
Percent = Annotated[float, PlainSerializer(lambda value: float(value), return_type=float)]


class Counts(ReadModel):
    """Results by state; `score` is null when nothing was assessed, `coverage_percent` its share that could be read."""

    score: Percent | None
    coverage_percent: Percent | None
    passed: int
    failed: int
    unknown: int
    not_applicable: int


class StandardRead(Counts):
    """A standard with the organization's score."""

    id: UUID
    key: str
    name: str
    version: str
    provider: str | None
    last_checked: datetime | None


class RequirementRead(Counts):
    """A requirement of a standard with the controls that support it."""

    requirement: str
    controls: list[str]


class StandardDetail(StandardRead):
    """A standard with its requirements."""

    requirements: list[RequirementRead]


class ControlRead(Counts):
    """A control with its results."""

    id: str
    version: int
    title: str
    severity: Severity
    provider: str
    native_types: list[str]
    permissions: list[str]
    remediation: str
    standards: dict[str, list[str]]
    open_issues: int


class IssueRead(ReadModel):
    """A finding."""

    id: UUID
    control_id: str
    title: str
    severity: Severity
    status: IssueStatus
    reason: str
    resource_id: UUID | None
    native_id: str
    resource_name: str | None
    native_type: str | None
    provider: str
    account_id: UUID
    region: str
    evidence: dict[str, Any]
    remediation: str
    standards: list[str]
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None


class ResultRead(ReadModel):
    """What one control says of one resource."""

    control_id: str
    title: str
    severity: Severity
    state: Literal["PASS", "FAIL", "NOT_APPLICABLE", "UNKNOWN"]
    reason: str
    evaluated_at: datetime


class ComplianceSummary(Counts):
    """The whole estate at a glance, over all controls."""

    open_issues: int
    by_severity: dict[str, int]
    last_evaluated_at: datetime | None


class EvaluateRequest(RequestModel):
    """Which account to evaluate; absent: all of them."""

    account_id: UUID | None = None


class EvaluationAccepted(ReadModel):
    """The job that evaluates."""

    job_id: UUID
