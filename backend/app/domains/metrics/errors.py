"""Failures of metrics that a caller can act on."""

from app.core.errors import InvalidInput, NotFound, RateLimited, Unavailable


class TooManySamples(RateLimited):
    """More samples than the organization may send at once; nothing of the request is stored."""

    slug, title = "too-many-samples", "Too many samples"


class IntakeBusy(Unavailable):
    """The samples could not be committed; sending them again is safe."""

    slug, title = "metrics-intake-busy", "Samples cannot be stored at this moment"


class UnknownSeries(NotFound):
    """No such series in this organization."""

    slug, title = "series-not-found", "There is no such series"


class InvalidSelector(InvalidInput):
    """A selector of series that cannot be read."""

    slug, title = "invalid-selector", "The selector cannot be read"


class QueryTooLarge(InvalidInput):
    """A question that would read or return too much; its detail says what to narrow."""

    slug, title = "metrics-query-too-large", "This asks for too much at once"
