"""Use cases of compliance; the only way in for other domains."""

from app.domains.compliance.queries import count_open_issues
from app.domains.compliance.service.evaluating import AccountView, Tally, evaluate_account, evaluate_pending
from app.domains.compliance.service.pending import mark_changed, mark_knowledge
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
    "AccountView",
    "Tally",
    "count_open_issues",
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
    "mark_knowledge",
    "read_issue",
    "refresh_scores",
    "summarise",
]
