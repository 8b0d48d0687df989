"""Facts about findings."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class FindingOpened(Event):
    """A control began to fail on a resource, or fails again."""

    name: ClassVar[str] = "finding.opened"
    topic: ClassVar[str | None] = "compliance"
    issue_id: UUID
    control_id: str
    severity: str
    title: str
    description: str
    resource_id: UUID | None
    native_id: str
    account_id: UUID
    region: str | None


@dataclass(frozen=True, kw_only=True)
class FindingChanged(FindingOpened):
    """An open finding became more or less severe; `severity` is the new one."""

    name: ClassVar[str] = "finding.changed"


@dataclass(frozen=True, kw_only=True)
class FindingResolved(Event):
    """A control passes again, or its resource is gone."""

    name: ClassVar[str] = "finding.resolved"
    topic: ClassVar[str | None] = "compliance"
    issue_id: UUID
    control_id: str
    native_id: str
    resource_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class EvaluationFinished(Event):
    """An evaluation ended; scores have changed or were confirmed."""

    name: ClassVar[str] = "compliance.evaluated"
    topic: ClassVar[str | None] = "compliance"
    account_id: UUID | None
    evaluated: int
    opened: int
    resolved: int
