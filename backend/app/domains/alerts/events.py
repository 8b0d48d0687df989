"""Facts about alerts."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class AlertFired(Event):
    """A new episode began."""

    name: ClassVar[str] = "alert.fired"
    topic: ClassVar[str | None] = "alerts"
    alert_id: UUID
    title: str
    severity: str
    resource_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AlertChanged(Event):
    """A person acknowledged, snoozed or assigned it."""

    name: ClassVar[str] = "alert.changed"
    topic: ClassVar[str | None] = "alerts"
    alert_id: UUID
    actor_id: UUID
    action: str


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged(AlertChanged):
    """Somebody has seen it."""

    name: ClassVar[str] = "alert.acknowledged"


@dataclass(frozen=True, kw_only=True)
class AlertResolved(Event):
    """The episode ended: by its source (`actor_id` None) or by a person."""

    name: ClassVar[str] = "alert.resolved"
    topic: ClassVar[str | None] = "alerts"
    alert_id: UUID
    actor_id: UUID | None
