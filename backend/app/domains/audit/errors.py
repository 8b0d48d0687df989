"""What a caller of the audit routes can act on."""

from app.core.errors import Conflict


class SinkLimit(Conflict):
    slug, title = "audit-sink-limit", "There are as many log destinations as an organization may have"


class SinkSecretMissing(Conflict):
    """A webhook whose address changed has no secret any more."""

    slug, title = "audit-sink-secret-missing", "This destination has no secret"
