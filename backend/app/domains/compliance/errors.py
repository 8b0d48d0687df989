"""Failures a caller of compliance can act on."""

from app.core.errors import NotFound


class IssueNotFound(NotFound):
    """Also for another organization's issue."""


class ControlNotFound(NotFound):
    """There is no control of this id."""


class StandardNotFound(NotFound):
    """There is no standard of this id."""
