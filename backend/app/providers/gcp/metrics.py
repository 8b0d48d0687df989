"""Metrics by Cloud Monitoring's timeSeries.list: one listing a project and metric, joined to the resources by name.

Source: cloud.google.com/monitoring/api/metrics_gcp and projects.timeSeries.list, 2026-10.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.providers.base import CallError, ErrorKind, MetricTarget, MetricWindow, PolledMetrics, PolledSeries
from app.providers.gcp.errors import GcpError
from app.providers.gcp.session import GcpSession, Method, Reads

LIST_SERIES = Method(
    name="monitoring.timeSeries.list",
    host="monitoring.googleapis.com",
    permission="monitoring.timeSeries.list",
    quota="monitoring",
    per_minute=3_000,
    burst=100,
)
PERIOD = timedelta(minutes=5)
SETTLE = timedelta(minutes=4)
"""Google's metrics are visible up to four minutes after they were sampled."""
_PAGE_SIZE, _MAX_PAGES = 10_000, 1_000


@dataclass(frozen=True, slots=True)
class _Metric:
    """`id_label`: the label that tells the resource, compared with its numeric id or the last part of its name."""

    type: str
    aligner: str
    unit: str
    resource: str
    id_label: str


def _metrics(resource: str, id_label: str, prefix: str, table: str) -> tuple[_Metric, ...]:
    """From lines of `metric aligner unit`."""
    rows = (line.split() for line in filter(None, table.splitlines()))
    return tuple(_Metric(prefix + name, f"ALIGN_{aligner}", unit, resource, id_label) for name, aligner, unit in rows)


_CATALOGUE: Mapping[str, tuple[_Metric, ...]] = {
    "compute.googleapis.com/Instance": _metrics(
        "gce_instance",
        "instance_name",
        "compute.googleapis.com/instance/",
        """
cpu/utilization MEAN 1
network/received_bytes_count DELTA By
network/sent_bytes_count DELTA By
disk/read_bytes_count DELTA By
disk/write_bytes_count DELTA By
""",
    ),
    "sqladmin.googleapis.com/Instance": _metrics(
        "cloudsql_database",
        "database_id",
        "cloudsql.googleapis.com/database/",
        """
cpu/utilization MEAN 1
memory/utilization MEAN 1
disk/utilization MEAN 1
up MIN 1
""",
    ),
    "storage.googleapis.com/Bucket": _metrics(
        "gcs_bucket", "bucket_name", "storage.googleapis.com/", "api/request_count DELTA {request}"
    ),
    "pubsub.googleapis.com/Subscription": _metrics(
        "pubsub_subscription",
        "subscription_id",
        "pubsub.googleapis.com/subscription/",
        """
num_undelivered_messages MAX {message}
oldest_unacked_message_age MAX s
""",
    ),
    "run.googleapis.com/Service": _metrics(
        "cloud_run_revision", "service_name", "run.googleapis.com/", "request_count DELTA {request}"
    ),
    "container.googleapis.com/Cluster": _metrics(
        "k8s_node", "cluster_name", "kubernetes.io/node/", "cpu/allocatable_utilization MAX 1"
    ),
}


def metric_types() -> frozenset[str]:
    """The native types in the catalogue."""
    return frozenset(_CATALOGUE)


def count_metrics(native_type: str, *, daily: bool) -> int:
    """Google charges by series returned; there are none of a day."""
    return 0 if daily else len(_CATALOGUE.get(native_type, ()))


def read_metrics(
    session: GcpSession, targets: Sequence[MetricTarget], window: MetricWindow, reads: Reads
) -> PolledMetrics:
    """Read the targets' metrics project by project; what fails leaves the others alone."""
    groups: dict[tuple[str, str], list[MetricTarget]] = defaultdict(list)
    for target in targets:
        groups[target.account, target.native_type].append(target)
    series: list[PolledSeries] = []
    errors: dict[tuple[str, ErrorKind, str], CallError] = {}
    asked = 0
    span = _span(window)
    for (project, native_type), some in sorted(groups.items(), key=lambda one: one[0]):
        by_name = {_short(target): target for target in some}
        for metric in _CATALOGUE.get(native_type, ()) if span else ():
            asked += len(some)
            points: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
            try:
                for entry in _entries(session, project, metric, span, reads):
                    _take(entry, metric, by_name, points)
            except GcpError as error:
                message = f"{project}: {error.message}"
                told = CallError(kind=error.kind, call=error.call, message=message, permission=error.permission)
                errors.setdefault((project, error.kind, error.call), told)
            series.extend(_series(by_name[name], metric, found) for name, found in points.items())
    return PolledMetrics(series=series, errors=tuple(errors.values()), asked=asked, call_count=reads.call_count)


def _span(window: MetricWindow) -> tuple[datetime, datetime] | None:
    """Whole periods, the last one settled."""
    seconds = PERIOD.total_seconds()
    start = window.start.timestamp() // seconds * seconds
    end = (window.now - SETTLE).timestamp() // seconds * seconds
    return (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)) if start < end else None


def _short(target: MetricTarget) -> str:
    """What the metric's label says: the last part of the name, with the project before a database's."""
    name = target.native_id.rpartition("/")[2]
    return f"{target.account}:{name}" if target.native_type.startswith("sqladmin.") else name


def _entries(
    session: GcpSession, project: str, metric: _Metric, span: tuple[datetime, datetime] | None, reads: Reads
) -> Iterator[Any]:
    assert span is not None  # noqa: S101  # nothing is asked for without one
    query = [
        ("filter", f'metric.type="{metric.type}" AND resource.type="{metric.resource}"'),
        ("interval.startTime", span[0].strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("interval.endTime", span[1].strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("aggregation.alignmentPeriod", f"{PERIOD.total_seconds():g}s"),
        ("aggregation.perSeriesAligner", metric.aligner),
        ("pageSize", str(_PAGE_SIZE)),
    ]
    token = ""
    for _ in range(_MAX_PAGES):
        page = session.call(
            LIST_SERIES,
            f"/v3/projects/{project}/timeSeries",
            reads,
            query=[*query, ("pageToken", token)] if token else query,
        )
        entries = page.get("timeSeries", [])
        if not isinstance(entries, list):
            raise GcpError(ErrorKind.INVALID_ANSWER, "the answer has no series", call=LIST_SERIES.name)
        yield from entries
        if not page.get("nextPageToken"):
            return
        if page["nextPageToken"] == token:
            break
        token = str(page["nextPageToken"])
    raise GcpError(ErrorKind.INVALID_ANSWER, "the pages of the listing have no end", call=LIST_SERIES.name)


def _take(
    entry: Any,
    metric: _Metric,
    by_name: Mapping[str, MetricTarget],
    points: dict[str, dict[int, list[float]]],
) -> None:
    """One series' points under its resource; what is of no shape that Google documents is left out."""
    if not isinstance(entry, Mapping):
        return
    labels = {**_words(entry.get("resource")), **_words(entry.get("metric"))}
    name = labels.get(metric.id_label, "")
    if name not in by_name:
        return
    for point in entry.get("points") or ():
        try:
            at = datetime.fromisoformat(point["interval"]["endTime"])
            value = _value(point["value"])
        except (KeyError, TypeError, ValueError):
            continue
        if math.isfinite(value):
            points[name][int(at.timestamp() * 1000)].append(value)


def _words(part: Any) -> Mapping[str, str]:
    labels = part.get("labels") if isinstance(part, Mapping) else None
    return labels if isinstance(labels, Mapping) else {}


def _value(value: Mapping[str, Any]) -> float:
    """A TypedValue; whole numbers are texts. Raises KeyError for a distribution."""
    if "boolValue" in value:
        return float(bool(value["boolValue"]))
    return float(value["doubleValue"] if "doubleValue" in value else value["int64Value"])


def _series(target: MetricTarget, metric: _Metric, found: Mapping[int, Sequence[float]]) -> PolledSeries:
    """A resource may have several series of a metric, such as one a disk: sums are added, else the highest counts."""
    added = metric.aligner == "ALIGN_DELTA"
    points = [(at_ms, sum(values) if added else max(values)) for at_ms, values in sorted(found.items())]
    name = "gcp_" + "".join(one if one.isalnum() else "_" for one in metric.type.replace(".googleapis.com", ""))
    return PolledSeries(
        target=target.key,
        name=name,
        labels={"project_id": target.account, "region": target.region, "resource_name": _short(target)},
        unit=metric.unit,
        points=points,
    )
