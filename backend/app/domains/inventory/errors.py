"""Failures of reading the inventory."""

from app.core.errors import Conflict


class AccountNotReady(Conflict):
    """The account cannot be read now: its credentials are missing."""

    slug, title = "account-not-ready", "The account cannot be read yet"
