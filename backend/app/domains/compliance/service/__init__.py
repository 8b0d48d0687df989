"""Use cases of compliance; the only way in for other domains."""

from app.domains.compliance.service.evaluating import evaluate_account, evaluate_pending, mark_changed
from app.domains.compliance.service.reading import (
    get_standard,
    list_account_ids,
    list_controls,
    list_issues,
    list_results,
    list_standards,
    read_issue,
    summarise,
)
from app.domains.compliance.service.scoring import refresh_scores
from app.domains.compliance.service.storing import forget_account

__all__ = [
    "evaluate_account",
    "evaluate_pending",
    "forget_account",
    "get_standard",
    "list_account_ids",
    "list_controls",
    "list_issues",
    "list_results",
    "list_standards",
    "mark_changed",
    "read_issue",
    "refresh_scores",
    "summarise",
]
