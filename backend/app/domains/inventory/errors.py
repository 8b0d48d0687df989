"""Failures of reading the inventory."""

from app.core.errors import Conflict


class AccountNotReady(Conflict):
    """The account cannot be read now: its credentials are missing."""

    slug, title = "account-not-ready", "The account cannot be read yet"


class ViewNameTaken(Conflict):
    """The owner has another view of this name."""

    slug, title = "view-name-taken", "You already have a view of this name"


class TooManyViews(Conflict):
    """A person keeps no more views."""

    slug, title = "too-many-views", "You cannot keep more views"


class TooManyExports(Conflict):
    """Several exports are on their way."""

    slug, title = "too-many-exports", "Wait until an earlier export has ended"
