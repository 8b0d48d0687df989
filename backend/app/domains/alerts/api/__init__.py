"""Routes of alerts, one file a subject. Those of rules come first: `/alerts/rules` is not an alert's id."""

from app.domains.alerts.api import alerts, importing, rule_trials, rules

routers = (importing.router, rule_trials.router, rules.router, alerts.router)

__all__ = ["routers"]
