"""Reads of alerts and their rules."""

from app.domains.alerts.queries.alerts import (
    AlertFilter,
    begin_or_repeat,
    count_alerts,
    delete_ended,
    get_alert,
    list_alerts,
    list_open_episodes,
    list_timeline,
    read_alert,
    summarise,
)
from app.domains.alerts.queries.rules import (
    KnownSeries,
    has_rules,
    list_due_rules,
    list_instances,
    list_known_series,
    lock_evaluation,
    read_series_head,
    save_instances,
    save_outcomes,
)

__all__ = [
    "AlertFilter",
    "KnownSeries",
    "begin_or_repeat",
    "count_alerts",
    "delete_ended",
    "get_alert",
    "has_rules",
    "list_alerts",
    "list_due_rules",
    "list_instances",
    "list_known_series",
    "list_open_episodes",
    "list_timeline",
    "lock_evaluation",
    "read_alert",
    "read_series_head",
    "save_instances",
    "save_outcomes",
    "summarise",
]
