"""The clock, behind one function so that rules take `now` as an argument and tests can move it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)
