"""OTLP/HTTP metrics: which encoding a request has, what it holds, and what it is answered.

The rules are those of `wire_formats.md`, section 4. Points that cannot be taken are refused one by one, with status
200; only a body that cannot be read is refused whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson

from app.core.errors import UnsupportedMediaType
from app.domains.metrics.rules.batch import Metadata, Rejection, SampleBatch, TimeBounds
from app.domains.metrics.rules.builder import MAX_ELEMENTS, BatchBuilder
from app.domains.metrics.rules.compression import unpack_otlp
from app.domains.metrics.rules.derived import DerivedSeries
from app.domains.metrics.rules.otlp_distributions import DistributionPoints
from app.domains.metrics.rules.otlp_family import Family, Origin
from app.domains.metrics.rules.otlp_json import protobuf_of_json
from app.domains.metrics.rules.otlp_messages import CUMULATIVE, DELTA, MESSAGES
from app.domains.metrics.rules.otlp_names import metric_name
from app.domains.metrics.rules.otlp_numbers import NumberPoints
from app.domains.metrics.rules.series import SeriesCache
from app.domains.metrics.rules.wire import check_element_count, parse

_SHOWN_REASONS = 20
_MAX_DESCRIPTION, _MAX_UNIT, _MAX_FAMILIES = 1024, 64, 20_000
# google.rpc.Code by HTTP status; others are UNKNOWN.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 503: 14}
_UNKNOWN = 2


class Encoding(StrEnum):
    """How a request, and so its answer, is written; the value is the media type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class OtlpAnswer:
    """The HTTP answer."""

    status: int
    body: bytes
    media_type: str


def encoding_of(content_type: str | None) -> Encoding:
    """The encoding of a request. Raises UnsupportedMediaType."""
    try:
        return Encoding((content_type or "").partition(";")[0].strip().lower())
    except ValueError:
        raise UnsupportedMediaType(f"Send {' or '.join(Encoding)}.") from None


def decode(
    body: bytes, encoding: Encoding, content_encoding: str | None, bounds: TimeBounds, cache: SeriesCache
) -> SampleBatch:
    """What a body holds. Raises UnsupportedMediaType, MalformedBody and TooLarge.

    Each data point counts once, as a sample if it is of a gauge or a sum, else as a histogram. Deltas are increments.
    """
    unpacked = unpack_otlp(body, content_encoding)
    if encoding is Encoding.JSON:
        unpacked = protobuf_of_json(unpacked)
    builder = BatchBuilder(bounds)
    _Reader(builder, cache).read(unpacked)
    return builder.build()


class _Reader:
    """Walks through one request."""

    def __init__(self, builder: BatchBuilder, cache: SeriesCache) -> None:
        self._builder = builder
        self._numbers = NumberPoints(builder, cache)
        self._distributions = DistributionPoints(builder, DerivedSeries(builder, cache))

    def read(self, body: bytes) -> None:
        """Add all points. Raises MalformedBody and TooLarge."""
        for raw in self._elements_of(parse_counted("Request", body).resources):
            resource = parse_counted("ResourceMetrics", raw)
            for raw_scope in self._elements_of(resource.scopes):
                scope = parse_counted("ScopeMetrics", raw_scope)
                origin = Origin(resource.resource, scope.scope)
                for metric in self._elements_of(scope.metrics):
                    self._read_metric(parse_counted("Metric", metric), origin)
        self._numbers.add_all()

    def _elements_of(self, elements: Any) -> list[bytes]:
        self._builder.spend_elements(len(elements))
        return list(elements)

    def _read_metric(self, metric: Any, origin: Origin) -> None:
        if metric.HasField("gauge"):
            family = Family(origin, metric.name)
            self._numbers.collect(family, self._elements_of(metric.gauge.points), is_delta=False)
            self._describe(family, "gauge", metric)
        elif metric.HasField("sum"):
            is_monotonic = metric.sum.is_monotonic
            family = Family(origin, metric.name, is_counter=is_monotonic)
            if raws := self._temporal(family, metric.sum):
                self._numbers.collect(family, raws, is_delta=metric.sum.temporality == DELTA)
            self._describe(family, "counter" if is_monotonic else "gauge", metric)
        else:
            self._read_distribution(metric, Family(origin, metric.name))

    def _read_distribution(self, metric: Any, family: Family) -> None:
        if metric.HasField("histogram") or metric.HasField("exponential"):
            kind = "Histogram" if metric.HasField("histogram") else "Exponential"
            points = metric.histogram if kind == "Histogram" else metric.exponential
            raws = self._temporal(family, points)
            self._distributions.add(family, kind, raws, is_delta=points.temporality == DELTA)
            self._describe(family, "histogram", metric)
        elif metric.HasField("summary"):
            self._distributions.add(family, "Summary", self._elements_of(metric.summary.points), is_delta=False)
            self._describe(family, "summary", metric)

    def _temporal(self, family: Family, points: Any) -> list[bytes]:
        """The points, none if it is not said whether they count on."""
        raws = self._elements_of(points.points)
        if points.temporality in (DELTA, CUMULATIVE):
            return raws
        self._builder.refuse("an unknown aggregation temporality", len(raws), family.name)
        return []

    def _describe(self, family: Family, kind: str, metric: Any) -> None:
        if family.name and len(self._builder.metadata) < _MAX_FAMILIES:
            unit, description = metric.unit[: _MAX_UNIT * 4], metric.description[: _MAX_DESCRIPTION * 4]
            told = _metadata(family.name[:_MAX_DESCRIPTION], family.is_counter, kind, unit, description)
            if told is not None:
                self._builder.metadata[told[0]] = told[1]


def parse_counted(message: str, body: bytes) -> Any:
    """Parse a message that holds a bounded number of elements. Raises MalformedBody and TooLarge."""
    check_element_count(body, MAX_ELEMENTS)
    return parse(MESSAGES[message], body)


@lru_cache(maxsize=4096)
def _metadata(name: bytes, is_counter: bool, kind: str, unit: bytes, description: bytes) -> tuple[str, Metadata] | None:
    """The family's name and metadata; None for a name that is no text, whose points are refused anyway."""
    try:
        family = metric_name(name, is_counter)
    except UnicodeDecodeError:
        return None
    return family, Metadata(kind, _text(unit, _MAX_UNIT), _text(description, _MAX_DESCRIPTION))


def _text(raw: bytes, most: int) -> str:
    return raw.decode("utf-8", "replace").replace("\x00", "\ufffd")[:most]


def answer(encoding: Encoding, rejections: Sequence[Rejection], warning: str = "") -> OtlpAnswer:
    """The answer once what is good is stored: 200, saying how many points were refused and why.

    The store's own refusals belong into `rejections`; `warning` is for what was taken all the same.
    """
    refused = sum(rejection.count for rejection in rejections)
    reasons = [
        f"{one.count} with {one.reason}" + (f" (such as {one.example})" if one.example else "")
        for one in rejections[:_SHOWN_REASONS]
    ]
    message = "; ".join([*reasons, warning] if warning else reasons)
    if not message:
        body = b"" if encoding is Encoding.PROTOBUF else b"{}"
    elif encoding is Encoding.PROTOBUF:
        partial = MESSAGES["PartialSuccess"](rejected=refused or None, message=message.encode())
        body = MESSAGES["Response"](partial_success=partial).SerializeToString()
    else:
        told: Mapping[str, str] = {"rejectedDataPoints": str(refused), "errorMessage": message}
        body = orjson.dumps({"partialSuccess": told})
    return OtlpAnswer(status=200, body=body, media_type=encoding.value)


def failure_answer(encoding: Encoding, status: int, message: str) -> OtlpAnswer:
    """The answer to a request that is refused whole: a google.rpc.Status in the request's encoding."""
    code = _CODES.get(status, _UNKNOWN)
    if encoding is Encoding.PROTOBUF:
        body: bytes = MESSAGES["Status"](code=code, message=message.encode()).SerializeToString()
    else:
        body = orjson.dumps({"code": code, "message": message})
    return OtlpAnswer(status=status, body=body, media_type=encoding.value)
