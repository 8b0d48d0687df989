"""Failures of cost imports and cost questions that a caller can act on."""

from app.core.errors import AppError, InvalidInput


class AddressNotAllowed(InvalidInput):
    """The file's address is not in the organization's own inbox of the store."""

    slug, title = "address-not-allowed", "This address is not allowed"


class UnknownGroup(InvalidInput):
    """A group or filter that costs cannot be broken down by."""

    slug, title = "unknown-cost-group", "Costs cannot be grouped by this"


class QueryTooHeavy(AppError):
    """The question ran out of its time or memory."""

    status, slug, title = 503, "cost-query-too-heavy", "This cost question took too long"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "30"})


class ImportRefused(Exception):
    """The whole file cannot be imported; the message is shown on the import as it is."""
