"""Failures of metrics that a caller can act on."""

from app.core.errors import Conflict, InvalidInput, NotFound, RateLimited, Unavailable


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


class UnknownSource(NotFound):
    """No such source of metrics in this organization."""

    slug, title = "metric-source-not-found", "There is no such source of metrics"


class SourceExists(Conflict):
    """The account is polled already."""

    slug, title = "metric-source-exists", "This account is a source of metrics already"


class SourceFailed(Unavailable):
    """A server that we asked did not answer, or not as Prometheus does; the detail says how."""

    slug, title = "metric-source-failed", "The source of metrics did not answer"


class ObjectiveNotFound(NotFound):
    """No such objective in this organization."""

    slug, title = "objective-not-found", "There is no such objective"


class ObjectiveExists(Conflict):
    """Another objective has the name."""

    slug, title = "objective-exists", "Another objective has this name"


class AnomalyNotFound(NotFound):
    """Also for another organization's anomaly."""

    slug, title = "anomaly-not-found", "There is no such anomaly"
