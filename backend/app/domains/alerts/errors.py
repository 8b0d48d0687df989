"""Failures a caller of alerts can act on."""

from app.core.errors import Conflict, InvalidInput, NotFound


class AlertNotFound(NotFound):
    """Also for another organization's alert."""


class AlertAlreadyResolved(Conflict):
    slug, title = "alert-already-resolved", "Alert is already resolved"


class UnknownAssignee(InvalidInput):
    slug, title = "unknown-assignee", "That person is not a member of this organization"
