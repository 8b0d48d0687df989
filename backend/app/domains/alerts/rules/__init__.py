"""Decisions about alerts: identity and state of an alert; conditions, instances and texts of alert rules."""

from app.domains.alerts.rules.identity import STATUSES, Status, effective_status, fingerprint

__all__ = ["STATUSES", "Status", "effective_status", "fingerprint"]
