"""Bodies of the alert routes, one file a subject."""

from app.domains.alerts.schemas.alerts import (
    AcknowledgeAlert,
    AlertDelivery,
    AlertDetail,
    AlertRead,
    AlertSummary,
    AssignAlert,
    ResolveAlert,
    Severity,
    SnoozeAlert,
    TimelineEntry,
)
from app.domains.alerts.schemas.rules import (
    RuleDetail,
    RuleDifference,
    RuleDraft,
    RuleGroupRead,
    RuleGroupResult,
    RuleGroupWrite,
    RuleInstanceRead,
    RuleRead,
    RuleUpdate,
    RuleWrite,
)

__all__ = [
    "AcknowledgeAlert",
    "AlertDelivery",
    "AlertDetail",
    "AlertRead",
    "AlertSummary",
    "AssignAlert",
    "ResolveAlert",
    "RuleDetail",
    "RuleDifference",
    "RuleDraft",
    "RuleGroupRead",
    "RuleGroupResult",
    "RuleGroupWrite",
    "RuleInstanceRead",
    "RuleRead",
    "RuleUpdate",
    "RuleWrite",
    "Severity",
    "SnoozeAlert",
    "TimelineEntry",
]
