"""Facts about alerts."""

from dataclasses import dataclass
from typing import Any, ClassVar
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


@dataclass(frozen=True, kw_only=True)
class RuleChanged(Event):
    """A person made, changed, enabled, disabled or removed a rule; `changes` are the fields as they are now."""

    topic: ClassVar[str | None] = "alerts"
    rule_id: UUID
    actor_id: UUID
    rule_name: str
    group: str
    changes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RuleCreated(RuleChanged):
    """There is a new rule."""

    name: ClassVar[str] = "alert_rule.created"


@dataclass(frozen=True, kw_only=True)
class RuleUpdated(RuleChanged):
    """A rule is another one now."""

    name: ClassVar[str] = "alert_rule.updated"


@dataclass(frozen=True, kw_only=True)
class RuleEnabled(RuleChanged):
    """A rule is evaluated again."""

    name: ClassVar[str] = "alert_rule.enabled"


@dataclass(frozen=True, kw_only=True)
class RuleDisabled(RuleChanged):
    """A rule is evaluated no more; its alerts have ended."""

    name: ClassVar[str] = "alert_rule.disabled"


@dataclass(frozen=True, kw_only=True)
class RuleRemoved(RuleChanged):
    """A rule is gone; its alerts have ended."""

    name: ClassVar[str] = "alert_rule.removed"


@dataclass(frozen=True, kw_only=True)
class RuleFileImported(Event):
    """A person imported a Prometheus rule file; `counts` are of its rules, by what became of them."""

    name: ClassVar[str] = "alert_rule_file.imported"
    rule_file_id: UUID
    actor_id: UUID
    file_name: str
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class RuleFileRemoved(Event):
    """A person removed an imported file with its rules."""

    name: ClassVar[str] = "alert_rule_file.removed"
    rule_file_id: UUID
    actor_id: UUID
    file_name: str
