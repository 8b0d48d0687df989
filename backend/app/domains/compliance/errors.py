"""Failures a caller of compliance can act on."""

from app.core.errors import NotFound


class IssueNotFound(NotFound):
    """Also for another organization's issue."""


class ResourceNotFound(NotFound):
    """Also for another organization's resource."""


class StandardNotFound(NotFound):
    """There is no standard of this id."""
