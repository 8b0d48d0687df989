"""Use cases of alerts and their rules; the only way in for other domains."""

from app.domains.alerts.service.backtest_jobs import read_backtest, start_backtest, work_on_backtest
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
from app.domains.alerts.service.importing import import_rules, list_rule_files, read_rule_file_of, remove_rule_file
from app.domains.alerts.service.prometheus_view import RuleWish, list_prometheus_alerts, list_prometheus_rules
from app.domains.alerts.service.rule_facts import ask_facts
from app.domains.alerts.service.rule_groups import read_group, remove_group, replace_group
from app.domains.alerts.service.rule_servers import ask_servers
from app.domains.alerts.service.ruling import (
    count_rules,
    create_rule,
    list_rules,
    read_rule,
    remove_rule,
    switch_rule,
    update_rule,
)
from app.domains.alerts.service.trying import preview_rule
from app.domains.alerts.service.unit_testing import run_unit_tests

__all__ = [
    "IncomingAlert",
    "RuleWish",
    "acknowledge",
    "ask_facts",
    "ask_servers",
    "assign",
    "backtest",
    "count_alerts",
    "count_rules",
    "create_rule",
    "end_all",
    "enqueue_evaluation",
    "evaluate_rules",
    "fire_all",
    "forget_old_alerts",
    "import_rules",
    "list_alerts",
    "list_prometheus_alerts",
    "list_prometheus_rules",
    "list_rule_files",
    "list_rules",
    "preview_rule",
    "read_alert",
    "read_backtest",
    "read_group",
    "read_rule",
    "read_rule_file_of",
    "remove_group",
    "remove_rule",
    "remove_rule_file",
    "replace_group",
    "resolve",
    "run_unit_tests",
    "snooze",
    "start_backtest",
    "summarise",
    "switch_rule",
    "update_rule",
    "work_on_backtest",
]
