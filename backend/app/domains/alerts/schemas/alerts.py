"""Bodies of the alert routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Instant, ReadModel, RequestModel, Text
from app.domains.alerts.rules import Status

Severity = Literal["critical", "high", "medium", "low", "info"]


class AcknowledgeAlert(RequestModel):
    """A note for the others, if there is something to say."""

    note: Annotated[Text, Field(max_length=2_000)] = ""


class ResolveAlert(RequestModel):
    """What was done about it."""

    note: Annotated[Text, Field(max_length=2_000)] = ""


class SnoozeAlert(RequestModel):
    """Until when the alert stays quiet; at most 30 days ahead."""

    until: Instant
    note: Annotated[Text, Field(max_length=2_000)] = ""


class AssignAlert(RequestModel):
    """Who takes care; null for nobody."""

    assignee_id: UUID | None
    note: Annotated[Text, Field(max_length=2_000)] = ""


class AlertRead(ReadModel):
    """An alert with what people said of it."""

    id: UUID
    title: str
    description: str
    severity: Severity
    status: Status
    labels: dict[str, str]
    resource_id: UUID | None
    source: str
    link: str | None
    started_at: datetime
    ended_at: datetime | None
    last_received_at: datetime
    count: int
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    note: str | None
    assignee_id: UUID | None
    snoozed_until: datetime | None


class TimelineEntry(ReadModel):
    """One thing that happened in the episode."""

    at: datetime
    kind: str
    by: str | None
    note: str | None


class AlertDelivery(ReadModel):
    """A message about the alert."""

    id: UUID
    channel_kind: str
    recipient: str
    state: str
    attempts: int
    error: str | None
    created_at: datetime
    ended_at: datetime | None


class AlertDetail(AlertRead):
    """An alert with its timeline and messages."""

    timeline: list[TimelineEntry]
    deliveries: list[AlertDelivery]


class AlertSummary(ReadModel):
    """Counts; `by_severity` counts what is not resolved."""

    total: int
    by_status: dict[str, int]
    by_severity: dict[str, int]
