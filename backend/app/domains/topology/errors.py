"""Failures a caller of the topology can act on."""

from app.core.errors import Conflict, Forbidden, NotFound


class ViewNotFound(NotFound):
    """Also for another organization's view, and for another person's that is not shared."""


class ViewNameTaken(Conflict):
    slug, title = "view-name-taken", "You have a view of this name already"


class NotYourView(Forbidden):
    slug, title = "not-your-view", "Only the person who saved this view can change it"
