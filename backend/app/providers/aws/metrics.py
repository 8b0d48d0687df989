"""Metrics by CloudWatch's GetMetricData: five hundred a call, each region by itself, what failed said by name.

ListMetrics is never called: the dimensions are made of the ids that the inventory knows, so a resource without
samples costs one metric asked for and nothing else.
"""

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.providers.aws.errors import AwsError, translate
from app.providers.aws.metrics_catalogue import DAY_SECONDS, GROUPS, Metric, MetricGroup, series_name, snake
from app.providers.aws.session import AwsSession
from app.providers.aws.throttle import Throttles, TokenBucket
from app.providers.base import CallError, ErrorKind, MetricTarget, MetricWindow, PolledMetrics, PolledSeries

CALL = "cloudwatch:GetMetricData"
QUERIES_A_CALL = 500
SETTLE = timedelta(minutes=2)
"""How long after a period's end its value may still change: CloudWatch's own guidance for basic metrics."""
_DAILY_SPAN = timedelta(days=3)  # daily values come a day late
_POINTS_A_CALL = 100_800
_CALLS_PER_SECOND, _BURST = 10, 20  # of 50 that accounts may make by default
_MAX_PAGES = 200
_UNREAD_TIMES = 2  # a result with an internal error is asked for once more


@dataclass(frozen=True, slots=True)
class _Query:
    target: MetricTarget
    group: MetricGroup
    metric: Metric
    dimensions: Mapping[str, str]

    def asked(self, number: int) -> dict[str, Any]:
        """As GetMetricData takes it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": self.group.namespace,
                    "MetricName": self.metric.name,
                    "Dimensions": dimensions,
                },
                "Period": self.metric.period_seconds,
                "Stat": self.metric.statistic,
            },
            "ReturnData": True,
        }

    def series(self, points: Mapping[int, float]) -> PolledSeries:
        labels = {snake(name): value for name, value in self.dimensions.items()}
        region = self.group.region or self.target.region
        return PolledSeries(
            target=self.target.key,
            name=series_name(self.group.namespace, self.metric),
            labels={**labels, "account_id": self.target.account, "region": region},
            unit=self.metric.unit,
            points=sorted(points.items()),
        )


@dataclass
class _Found:
    """What the calls of one reading brought so far."""

    deadline: float  # of time.monotonic
    series: list[PolledSeries] = field(default_factory=list)
    errors: dict[tuple[str, str], CallError] = field(default_factory=dict)
    asked: int = 0
    call_count: int = 0

    def fail(self, error: AwsError, region: str) -> None:
        """Say a failure once for each region, however many calls it befell."""
        told = CallError(
            kind=error.kind, call=CALL, message=f"{region}: {error.message}", permission=error.permission or None
        )
        self.errors.setdefault((region, error.kind), told)


def count_metrics(native_type: str, *, daily: bool) -> int:
    """How many metrics one resource of the type is asked for; where types share a group by form, the most."""
    per_namespace: dict[str, int] = defaultdict(int)
    for group in GROUPS.get(native_type, ()):
        per_namespace[group.namespace] += sum((one.period_seconds >= DAY_SECONDS) is daily for one in group.metrics)
    return max(per_namespace.values(), default=0)


def read_metrics(
    session: AwsSession,
    throttles: Throttles,
    targets: Sequence[MetricTarget],
    window: MetricWindow,
    *,
    budget_seconds: float,
    home_region: str,
) -> PolledMetrics:
    """Read the targets' metrics region by region; a region that fails leaves the others alone."""
    found = _Found(time.monotonic() + budget_seconds)
    by_place: dict[tuple[str, bool], list[_Query]] = defaultdict(list)
    for query in _queries(targets, with_daily=window.with_daily):
        region = query.group.region or query.target.region
        place = home_region if region in ("", "global") else region
        by_place[place, query.metric.period_seconds >= DAY_SECONDS].append(query)
    for (region, daily), queries in sorted(by_place.items(), key=lambda one: one[0]):
        start, end = _span(window, daily=daily)
        if start >= end:
            continue
        size = _batch_size(queries, start, end)
        bucket = throttles.bucket(
            queries[0].target.account, region, "monitoring-data", rate=_CALLS_PER_SECOND, burst=_BURST
        )
        for first in range(0, len(queries), size):
            try:
                _read_batch(session, bucket, region, queries[first : first + size], (start, end), window.now, found)
            except AwsError as error:
                found.fail(error, region)
                if error.kind is not ErrorKind.INVALID_ANSWER:
                    break  # the region's other batches would fail alike
    return PolledMetrics(
        series=found.series, errors=tuple(found.errors.values()), asked=found.asked, call_count=found.call_count
    )


def _queries(targets: Sequence[MetricTarget], *, with_daily: bool) -> Iterator[_Query]:
    for target in targets:
        for group in GROUPS.get(target.native_type, ()):
            dimensions = group.dimensions(target.native_id, target.name, target.account)
            if dimensions is None:
                continue
            for metric in group.metrics:
                if with_daily or metric.period_seconds < DAY_SECONDS:
                    yield _Query(target, group, metric, dimensions)


def _span(window: MetricWindow, *, daily: bool) -> tuple[datetime, datetime]:
    """On whole periods, which CloudWatch answers faster and which keeps sums of parts of a period away."""
    if daily:
        midnight = window.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - _DAILY_SPAN, midnight
    start = window.start.timestamp() // 300 * 300
    return datetime.fromtimestamp(start, UTC), window.now - SETTLE


def _batch_size(queries: Sequence[_Query], start: datetime, end: datetime) -> int:
    """As many as one call may ask for, fewer where their points would not fit into its pages."""
    shortest = min(query.metric.period_seconds for query in queries)
    points = max(1, math.ceil((end - start).total_seconds() / shortest))
    return max(1, min(QUERIES_A_CALL, _POINTS_A_CALL // points))


def _read_batch(
    session: AwsSession,
    bucket: TokenBucket,
    region: str,
    queries: Sequence[_Query],
    span: tuple[datetime, datetime],
    now: datetime,
    found: _Found,
) -> None:
    """One batch over its pages; results that say InternalError are asked for once more. Raises AwsError."""
    wanted = dict(enumerate(queries))
    codes: dict[int, str] = {}
    for _ in range(_UNREAD_TIMES):
        points: dict[int, dict[int, float]] = defaultdict(dict)
        failure: AwsError | None = None
        try:
            for page in _pages(session, bucket, region, wanted, span, found):
                _take(page, region, points, codes, found)
        except AwsError as error:
            failure = error  # what came before it is kept
        for number, values in points.items():
            query = wanted.get(number)
            settled = _settled(values, query.metric, now) if query else {}
            if query and settled:
                found.series.append(query.series(settled))
        if failure is not None:
            raise failure
        wanted = {number: query for number, query in wanted.items() if codes.get(number) == "InternalError"}
        if not wanted:
            break
    for code in sorted(set(codes.values()) - {"Complete"}):
        _say_code(code, region, found)


def _pages(
    session: AwsSession,
    bucket: TokenBucket,
    region: str,
    wanted: Mapping[int, _Query],
    span: tuple[datetime, datetime],
    found: _Found,
) -> Iterator[Mapping[str, Any]]:
    arguments: dict[str, Any] = {
        "MetricDataQueries": [query.asked(number) for number, query in wanted.items()],
        "StartTime": span[0],
        "EndTime": span[1],
        "ScanBy": "TimestampAscending",
    }
    found.asked += len(wanted)
    for _ in range(_MAX_PAGES):
        if not bucket.acquire(found.deadline):
            raise AwsError(ErrorKind.TIMED_OUT, "the time for this poll ended", call=CALL)
        found.call_count += 1
        try:
            page = session.client("cloudwatch", region, bucket.slow_down).get_metric_data(**arguments)
        except Exception as error:
            raise translate(error, "cloudwatch", "GetMetricData") from error
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token == arguments.get("NextToken"):
            break
        arguments["NextToken"] = token
    raise AwsError(ErrorKind.INVALID_ANSWER, "the pages of the answer have no end", call=CALL)


def _take(
    page: Mapping[str, Any],
    region: str,
    points: dict[int, dict[int, float]],
    codes: dict[int, str],
    found: _Found,
) -> None:
    for message in page.get("Messages") or ():
        told = f"{message.get('Code', '')}: {message.get('Value', '')}"[:300]
        found.fail(AwsError(ErrorKind.INVALID_ANSWER, told, call=CALL), region)
    for result in page.get("MetricDataResults") or ():
        name = str(result.get("Id", ""))
        if not name[1:].isdigit():
            continue
        number = int(name[1:])
        codes[number] = str(result.get("StatusCode") or "Complete")  # the last page's word holds
        for at, value in zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False):
            if isinstance(at, datetime) and math.isfinite(value):
                points[number][int(at.timestamp()) * 1000] = float(value)


def _settled(values: Mapping[int, float], metric: Metric, now: datetime) -> dict[int, float]:
    """Values of periods that had ended and settled: an unfinished sum would be stored and never be corrected."""
    latest = (now - SETTLE).timestamp() - metric.period_seconds
    return {at_ms: value for at_ms, value in values.items() if at_ms / 1000 <= latest}


def _say_code(code: str, region: str, found: _Found) -> None:
    if code == "Forbidden":
        error = AwsError(ErrorKind.ACCESS_DENIED, "some metrics may not be read", call=CALL, permission=CALL)
    elif code == "PartialData":
        error = AwsError(ErrorKind.INVALID_ANSWER, "some metrics came incomplete; they are read again", call=CALL)
    else:
        error = AwsError(ErrorKind.UNREACHABLE, "some metrics could not be read this time", call=CALL)
    found.fail(error, region)
