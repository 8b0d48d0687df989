"""Failures a caller of alerts can act on."""

from app.core.errors import AppError, Conflict, InvalidInput, NotFound


class AlertNotFound(NotFound):
    """Also for another organization's alert."""


class AlertAlreadyResolved(Conflict):
    slug, title = "alert-already-resolved", "Alert is already resolved"


class UnknownAssignee(InvalidInput):
    slug, title = "unknown-assignee", "That person is not a member of this organization"


class RuleNotFound(NotFound):
    """Also for another organization's rule."""


class RuleGroupNotFound(NotFound):
    """No rule of this organization is in a group of this name."""


class BacktestNotFound(NotFound):
    """Also for another organization's backtest, and for one of long ago."""


class RuleChangedMeanwhile(AppError):
    """The rule's version is not the one that was read."""

    status, slug, title = 412, "changed-meanwhile", "Somebody changed this meanwhile"


class TooManyRules(Conflict):
    slug, title = "too-many-rules", "The organization has as many alert rules as it may have"


class RuleFileNotFound(NotFound):
    """Also for another organization's file."""


class InvalidRuleFile(InvalidInput):
    slug, title = "invalid-rule-file", "This is no rule file that Prometheus would load"
