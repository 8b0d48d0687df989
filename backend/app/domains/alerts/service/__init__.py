"""Use cases of alerts and their rules; the only way in for other domains."""

from app.domains.alerts.service.backtesting import backtest
from app.domains.alerts.service.episodes import (
    IncomingAlert,
    acknowledge,
    assign,
    count_alerts,
    end_all,
    fire_all,
    forget_old_alerts,
    list_alerts,
    read_alert,
    resolve,
    snooze,
    summarise,
)
from app.domains.alerts.service.evaluating import enqueue_evaluation, evaluate_rules

__all__ = [
    "IncomingAlert",
    "acknowledge",
    "assign",
    "backtest",
    "count_alerts",
    "end_all",
    "enqueue_evaluation",
    "evaluate_rules",
    "fire_all",
    "forget_old_alerts",
    "list_alerts",
    "read_alert",
    "resolve",
    "snooze",
    "summarise",
]
