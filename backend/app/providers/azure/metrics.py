"""Metrics by Azure Monitor: in batches of a region's own service, where there is none resource by resource from ARM.

Source: "Metrics Batch - Batch" and "Metrics - List" 2023-10-01, and "How to migrate from the metrics API to the
getBatch API", Microsoft Learn, 2026-10.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from app.providers.azure.errors import AzureError
from app.providers.azure.ids import parse_id
from app.providers.azure.metric_catalogue import CATALOGUE, Metric
from app.providers.azure.reader import Reader
from app.providers.base import CallError, ErrorKind, MetricTarget, MetricWindow, PolledMetrics, PolledSeries

PERMISSION = "Microsoft.Insights/metrics/read"
BATCH = 50
"""Resources of one type, region and subscription that the service takes at once."""
SETTLE = timedelta(minutes=4)
"""Azure's metrics are there some minutes after they were measured; what is later still, the overlap reads again."""
_VERSION = "2023-10-01"
_FINE, _HOURLY = ("PT5M", 300), ("PT1H", 3_600)
_DAILY_SPAN = timedelta(hours=26)
_ALL_LOCATIONS = "global"


class _Question(NamedTuple):
    """What is asked of some resources alike; `span` are whole steps."""

    native_type: str
    region: str
    subscription: str
    targets: tuple[MetricTarget, ...]
    metrics: tuple[Metric, ...]
    interval: str
    span: tuple[datetime, datetime]


class _Found(NamedTuple):
    series: list[PolledSeries]
    errors: list[AzureError]


def metric_types() -> frozenset[str]:
    """The native types in the catalogue."""
    return frozenset(CATALOGUE)


def count_metrics(native_type: str, *, daily: bool) -> int:
    """How many metrics one resource of the type is asked for."""
    return sum(metric.daily == daily for metric in CATALOGUE.get(native_type, ()))


def read_metrics(reader: Reader, targets: Sequence[MetricTarget], window: MetricWindow) -> PolledMetrics:
    """Read the targets' metrics; a batch that fails leaves the others alone."""
    questions = list(_questions(targets, window))
    results = reader.run_all([(PERMISSION, partial(_read, reader, one)) for one in questions])
    series: list[PolledSeries] = []
    errors: dict[tuple[str, ErrorKind, str, str], CallError] = {}
    for question, result in zip(questions, results, strict=True):
        found = result if isinstance(result, _Found) else _Found([], [result])
        series.extend(found.series)
        for error in found.errors:
            place = (question.subscription, error.kind, error.call, error.message)
            message = f"{question.native_type} in {question.subscription}: {error.message}"
            told = CallError(kind=error.kind, call=error.call, message=message, permission=error.permission)
            errors.setdefault(place, told)
    asked = sum(len(one.targets) * len(one.metrics) for one in questions)
    return PolledMetrics(series=series, errors=tuple(errors.values()), asked=asked, call_count=reader.call_count)


def _questions(targets: Sequence[MetricTarget], window: MetricWindow) -> Iterable[_Question]:
    groups: dict[tuple[str, str, str], list[MetricTarget]] = defaultdict(list)
    for target in targets:
        place = parse_id(target.native_id)
        if place is not None and target.native_type in CATALOGUE:
            groups[target.native_type, target.region or _ALL_LOCATIONS, place.subscription].append(target)
    for (native_type, region, subscription), some in sorted(groups.items()):
        for (interval, seconds), daily in ((_FINE, False), (_HOURLY, True)):
            metrics = tuple(metric for metric in CATALOGUE[native_type] if metric.daily == daily)
            start = min(window.start, window.now - _DAILY_SPAN) if daily else window.start
            span = _span(start, window.now - SETTLE, seconds)
            if not metrics or span is None or (daily and not window.with_daily):
                continue
            for first in range(0, len(some), BATCH):
                part = tuple(some[first : first + BATCH])
                yield _Question(native_type, region, subscription, part, metrics, interval, span)


def _span(start: datetime, end: datetime, seconds: int) -> tuple[datetime, datetime] | None:
    first, last = (moment.timestamp() // seconds * seconds for moment in (start, end))
    return (datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)) if first < last else None


def _read(reader: Reader, question: _Question) -> _Found:
    """By the batch, else by each resource. Raises AzureError where neither can be asked."""
    try:
        answer = _ask_batch(reader, question)
    except AzureError as error:
        if not _has_no_batch(error):
            raise
        return _read_each(reader, question)
    entries = answer.get("values")
    if not isinstance(entries, list):
        raise AzureError(ErrorKind.INVALID_ANSWER, "the answer has no list of values", call=PERMISSION)
    by_id = {target.native_id.lower(): target for target in question.targets}
    found = _Found([], [])
    for entry in entries:
        target = by_id.get(str(entry.get("resourceid", "")).lower()) if isinstance(entry, Mapping) else None
        if target is not None:
            _take(entry, target, question, found)
    return found


def _has_no_batch(error: AzureError) -> bool:
    """Whether the region has no such service for the type: no address, no such path, or not for this kind."""
    is_without_answer = error.kind is ErrorKind.UNREACHABLE and not error.status
    return error.status in (404, 405) or error.kind is ErrorKind.NOT_ENABLED or is_without_answer


def _ask_batch(reader: Reader, question: _Question) -> Mapping[str, Any]:
    query = urlencode(
        {
            "api-version": _VERSION,
            "metricnamespace": question.native_type,
            "metricnames": ",".join(metric.name for metric in question.metrics),
            "aggregation": _aggregations(question),
            "interval": question.interval,
            "starttime": _text(question.span[0]),
            "endtime": _text(question.span[1]),
        },
        quote_via=quote,
    )
    body = orjson.dumps({"resourceids": [target.native_id for target in question.targets]})
    path = f"/subscriptions/{question.subscription}/metrics:getBatch"
    return reader.ask_metrics(question.region, path, query, body, PERMISSION)


def _read_each(reader: Reader, question: _Question) -> _Found:
    query = urlencode(
        {
            "timespan": "/".join(map(_text, question.span)),
            "interval": question.interval,
            "metricnamespace": question.native_type,
            "metricnames": ",".join(metric.name for metric in question.metrics),
            "aggregation": _aggregations(question),
        },
        quote_via=quote,
    )
    found = _Found([], [])
    for target in question.targets:
        path = f"{target.native_id}/providers/Microsoft.Insights/metrics"
        try:
            _take(reader.get(path, _VERSION, PERMISSION, query=query), target, question, found)
        except AzureError as error:
            if not error.is_gone:
                found.errors.append(error)
    return found


def _aggregations(question: _Question) -> str:
    return ",".join(sorted({metric.aggregation for metric in question.metrics}))


def _take(entry: Mapping[str, Any], target: MetricTarget, question: _Question, found: _Found) -> None:
    """One resource's metrics; what is of no shape that Azure documents is left out."""
    wanted = {metric.name.lower(): metric for metric in question.metrics}
    for one in entry.get("value") or ():
        name = one.get("name") if isinstance(one, Mapping) else None
        metric = wanted.get(str(name.get("value", "")).lower()) if isinstance(name, Mapping) else None
        if metric is None:
            continue
        code = str(one.get("errorCode") or "Success")
        if code != "Success":
            message = f"{metric.name}: {code} {one.get('errorMessage') or ''}".strip()
            found.errors.append(AzureError(ErrorKind.INVALID_ANSWER, message, call=PERMISSION))
        points = _points(one.get("timeseries"), metric, question.span)
        if points:
            found.series.append(_series(target, metric, points))


def _points(parts: Any, metric: Metric, span: tuple[datetime, datetime]) -> list[tuple[int, float]]:
    """Points by time. Without a filter there is one series; a moment without a value has no such member."""
    found: dict[int, float] = {}
    first_ms, end_ms = (int(moment.timestamp() * 1000) for moment in span)
    for part in parts if isinstance(parts, list) else ():
        for point in part.get("data") or () if isinstance(part, Mapping) else ():
            try:
                at_ms = int(datetime.fromisoformat(point["timeStamp"]).timestamp() * 1000)
                value = float(point[metric.aggregation])
            except (KeyError, TypeError, ValueError):
                continue
            if math.isfinite(value) and first_ms <= at_ms < end_ms:
                found[at_ms] = value
    return sorted(found.items())


def _series(target: MetricTarget, metric: Metric, points: Sequence[tuple[int, float]]) -> PolledSeries:
    place = parse_id(target.native_id)
    kind = target.native_type.removeprefix("Microsoft.")
    name = "".join(one if one.isalnum() else "_" for one in f"azure_{kind}_{metric.name}_{metric.aggregation}".lower())
    return PolledSeries(
        target=target.key,
        name=name,
        labels={
            "subscription_id": place.subscription if place else "",
            "resource_group": place.group if place else "",
            "region": target.region,
            "resource_name": target.name,
        },
        unit=metric.unit,
        points=points,
    )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
