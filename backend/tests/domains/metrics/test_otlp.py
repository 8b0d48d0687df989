import contextlib
import gzip
import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from app.core.errors import MalformedBody, TooLarge, UnsupportedMediaType
from app.domains.metrics.rules import otlp
from app.domains.metrics.rules.batch import Metadata, Rejection, SampleBatch, TimeBounds, WrittenCounts, is_stale
from app.domains.metrics.rules.otlp import Encoding
from app.domains.metrics.rules.otlp_numbers import NumberPoints
from app.domains.metrics.rules.series import SeriesCache
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint
from tests.support.protobuf_bytes import bytes_field, double_field, fixed_field, number_field, varint

NOW = 1_763_900_000_000
NS = 1_000_000
BOUNDS = TimeBounds(NOW - 86_400_000, NOW + 600_000)
DELTA, CUMULATIVE = 1, 2


def attributes(**values: Any) -> list[KeyValue]:
    """Attributes; dots are written as two underscores."""
    return [KeyValue(key=key.replace("__", "."), value=any_value(value)) for key, value in values.items()]


def any_value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
    if isinstance(value, dict):
        items = [KeyValue(key=key, value=any_value(item)) for key, item in value.items()]
        return AnyValue(kvlist_value=KeyValueList(values=items))
    return AnyValue(string_value=value)


def request(*metrics: Metric, resource: Mapping[str, Any] | None = None) -> ExportMetricsServiceRequest:
    made = ExportMetricsServiceRequest()
    one = made.resource_metrics.add()
    one.resource.attributes.extend(attributes(**(resource or {})))
    one.scope_metrics.add().metrics.extend(metrics)
    return made


def gauge(name: str = "load", value: float = 1.5, **more: Any) -> Metric:
    metric = Metric(name=name)
    metric.gauge.data_points.add(time_unix_nano=NOW * NS, as_double=value, attributes=attributes(**more))
    return metric


def counter(name: str = "requests", value: int = 7, temporality: int = CUMULATIVE, *, monotonic: bool = True) -> Metric:
    metric = Metric(name=name)
    metric.sum.aggregation_temporality = temporality  # type: ignore[assignment]
    metric.sum.is_monotonic = monotonic
    metric.sum.data_points.add(start_time_unix_nano=(NOW - 60_000) * NS, time_unix_nano=NOW * NS, as_int=value)
    return metric


def read(
    sent: ExportMetricsServiceRequest | bytes,
    *,
    encoding: Encoding = Encoding.PROTOBUF,
    cache: SeriesCache | None = None,
) -> SampleBatch:
    body = sent if isinstance(sent, bytes) else sent.SerializeToString()
    return otlp.decode(body, encoding, None, BOUNDS, cache or SeriesCache())


def as_json(sent: ExportMetricsServiceRequest) -> bytes:
    """As OTLP writes it: enumerations as integers; the identities are hexadecimal."""
    content = MessageToDict(sent, use_integers_for_enums=True)
    for place in _objects(content):
        for name in ("traceId", "spanId"):
            if name in place:
                place[name] = struct.pack(">Q", 10).hex()
    return json.dumps(content).encode()


def _objects(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list):
        return [found for item in content for found in _objects(item)]
    if isinstance(content, dict):
        return [content, *(found for item in content.values() for found in _objects(item))]
    return []


def only(metric: bytes) -> bytes:
    """A request with this one metric, by hand."""
    return bytes_field(1, bytes_field(2, bytes_field(2, metric)))


def told(batch: SampleBatch) -> dict[tuple[str, ...], float]:
    """Value by the name and the labels (as "label=value"), of samples and increments."""
    texts = [batch.texts(index) for index in range(len(batch.keys))]
    names = [(text.name, *(f"{label}={value}" for label, value in text.labels.items())) for text in texts]
    series = [*batch.series.tolist(), *batch.increments.series.tolist()]
    values = [*batch.values.tolist(), *batch.increments.values.tolist()]
    made = {names[index]: value for index, value in zip(series, values, strict=True)}
    assert len(made) == len(values)
    return made


def test_a_gauge_keeps_its_name_and_a_counter_ends_with_total() -> None:
    sent = request(
        gauge(),
        gauge("cpu.load", 2.5, cpu="0"),
        counter(),
        counter("seen_total", 8),
        counter("open", 9, monotonic=False),
    )
    assert told(read(sent)) == {
        ("load",): 1.5,
        ("cpu_load", "cpu=0", "otel_metric_name=cpu.load"): 2.5,
        ("requests_total",): 7.0,
        ("seen_total",): 8.0,
        ("open",): 9.0,
    }


def test_a_resource_is_its_job_its_instance_and_where_it_runs() -> None:
    resource = {
        "service__name": "shop",
        "service__namespace": "prod",
        "service__instance__id": "i-1",
        "cloud__account__id": "123456789012",
        "cloud__resource_id": "arn:aws:ec2:eu-west-1:123456789012:instance/i-1",
        "host__id": "i-1",
        "host__ip": ["10.0.0.1", "10.0.0.2"],
        "k8s__pod__name": "shop-1",
        "k8s__pod__labels__app": "shop",
        "telemetry__sdk__name": "opentelemetry",
        "process__pid": 7,
        "host__empty": "",
        "host__long": "x" * 3000,
    }
    assert told(read(request(gauge(), resource=resource))) == {
        (
            "load",
            "cloud_account_id=123456789012",
            "cloud_resource_id=arn:aws:ec2:eu-west-1:123456789012:instance/i-1",
            "host_id=i-1",
            'host_ip=["10.0.0.1","10.0.0.2"]',
            "instance=i-1",
            "job=prod/shop",
            "k8s_pod_name=shop-1",
        ): 1.5
    }
    assert told(read(request(gauge(), resource={"service__name": "shop"}))) == {("load", "job=shop"): 1.5}


def test_the_scope_tells_libraries_apart() -> None:
    sent = request(gauge())
    scope = sent.resource_metrics[0].scope_metrics[0].scope
    scope.name, scope.version = "io.jvm", "1.2"
    scope.attributes.extend(attributes(team="a"))
    expected = ("load", "otel_scope_name=io.jvm", "otel_scope_team=a", "otel_scope_version=1.2")
    assert told(read(sent)) == {expected: 1.5}


@pytest.mark.parametrize(
    ("given_attributes", "labels"),
    [
        ({"a__b": "x"}, ("a_b=x",)),
        ({"a__b": "x", "a_b": "y"}, ("a_b=x;y",)),
        ({"1a": "x"}, ("key_1a=x",)),
        ({"zürich": "ü"}, ("z_rich=ü",)),
        ({"flag": True, "n": 5, "f": 1.5}, ("f=1.5", "flag=true", "n=5")),
        ({"list": ["a", 1, "b"], "map": {"k": [True]}}, ('list=["a",1,"b"]', 'map={"k":[true]}')),
        ({"raw": b"\x00\xff"}, ("raw=AP8=",)),
        ({"empty": "", "a": "x"}, ("a=x",)),
        ({"job": "mine", "instance": "my"}, ("exported_instance=my", "exported_job=mine", "instance=i", "job=shop")),
        ({"host__name": "mine"}, ("host_name=mine",)),
    ],
)
def test_attributes_become_labels(given_attributes: dict[str, Any], labels: tuple[str, ...]) -> None:
    resource = {"service__name": "shop", "service__instance__id": "i", "host__name": "theirs"}
    found = next(iter(told(read(request(gauge(**given_attributes), resource=resource)))))
    assert set(labels) <= set(found)
    others = {"instance=i", "job=shop", "host_name=theirs"}
    assert set(found[1:]) - others == set(labels) - others


def test_no_attribute_can_take_the_name_of_the_metric() -> None:
    metric = gauge()
    metric.gauge.data_points[0].attributes.append(KeyValue(key="__name__", value=any_value("forged")))
    assert told(read(request(metric))) == {("load", "key__name__=forged"): 1.5}


@pytest.mark.parametrize("name", ["1st.try", "größe", "a b"])
def test_a_name_that_no_promql_takes_is_changed_and_kept(name: str) -> None:
    ((found, *labels),) = told(read(request(gauge(name))))
    assert found.isascii()
    assert not found[0].isdigit()
    assert labels == [f"otel_metric_name={name}"]


def test_names_that_become_the_same_stay_two_series() -> None:
    assert len(told(read(request(gauge("a.b", 1.0), gauge("a_b", 2.0))))) == 2


def test_deltas_are_increments_with_their_start() -> None:
    batch = read(request(counter(temporality=DELTA), counter("open", 9, DELTA, monotonic=False)))
    assert len(batch) == 0
    assert batch.counts == WrittenCounts(samples=2)
    assert batch.increments.start_ms.tolist() == [NOW - 60_000] * 2
    assert batch.increments.at_ms.tolist() == [NOW] * 2
    assert told(batch) == {("requests_total",): 7.0, ("open",): 9.0}


def test_a_sum_without_temporality_is_refused() -> None:
    batch = read(request(counter(temporality=0), gauge()))
    assert batch.rejections == [Rejection("an unknown aggregation temporality", 1, "requests")]
    assert batch.counts == WrittenCounts(samples=1)


def test_metadata_tells_type_unit_and_description() -> None:
    metric = counter("http.requests")
    metric.unit, metric.description = "{request}", "How many."
    histogram = Metric(name="took", unit="s")
    histogram.histogram.aggregation_temporality = CUMULATIVE  # type: ignore[assignment]
    summary = Metric(name="paid")
    summary.summary.SetInParent()
    batch = read(request(metric, histogram, summary, gauge(), counter("open", monotonic=False)))
    assert batch.metadata == {
        "http_requests_total": Metadata("counter", "{request}", "How many."),
        "took": Metadata("histogram", "s", ""),
        "paid": Metadata("summary", "", ""),
        "load": Metadata("gauge", "", ""),
        "open": Metadata("gauge", "", ""),
    }


def explicit(counts: list[int], bounds: list[float], *, temporality: int = CUMULATIVE, **more: Any) -> Metric:
    metric = Metric(name="took")
    metric.histogram.aggregation_temporality = temporality  # type: ignore[assignment]
    fields = {"count": sum(counts), "sum": 4.5, **more}
    metric.histogram.data_points.add(
        start_time_unix_nano=(NOW - 60_000) * NS,
        time_unix_nano=NOW * NS,
        bucket_counts=counts,
        explicit_bounds=bounds,
        **fields,
    )
    return metric


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
def test_a_histogram_becomes_prometheus_buckets(temporality: int) -> None:
    batch = read(request(explicit([1, 2, 3], [0.005, 10.0], temporality=temporality)))
    assert told(batch) == {
        ("took_bucket", "le=0.005"): 1.0,
        ("took_bucket", "le=10"): 3.0,
        ("took_bucket", "le=+Inf"): 6.0,
        ("took_count",): 6.0,
        ("took_sum",): 4.5,
    }
    assert batch.counts == WrittenCounts(histograms=1)
    assert len(batch.increments) == (5 if temporality == DELTA else 0)


def test_a_histogram_may_have_no_buckets_or_no_sum() -> None:
    bare = explicit([], [], count=5)
    assert told(read(request(bare))) == {("took_count",): 5.0, ("took_sum",): 4.5}
    bare.histogram.data_points[0].ClearField("sum")
    assert told(read(request(bare))) == {("took_count",): 5.0}


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (explicit([1, 2], [1.0, 2.0, 3.0]), "a histogram whose bounds do not fit its buckets"),
        (explicit([], [1.0]), "a histogram whose bounds do not fit its buckets"),
        (explicit([1, 2, 3], [2.0, 1.0]), "a histogram whose bounds do not ascend"),
        (explicit([1, 2], [math.nan]), "a histogram whose bounds do not ascend"),
        (explicit([1, 2], [1.0], count=4), "a histogram whose buckets do not add up to its count"),
        (explicit([1] * 6000, [float(n) for n in range(5999)]), "a point with too many buckets"),
        (explicit([1] * 60_000, [float(n) for n in range(59_999)]), "a point with too many buckets"),
    ],
)
def test_a_histogram_that_contradicts_itself_is_refused_alone(metric: Metric, reason: str) -> None:
    batch = read(request(metric, gauge()))
    assert batch.rejections == [Rejection(reason, 1, "took")]
    assert told(batch) == {("load",): 1.5}


def exponential(scale: int, offset: int, counts: list[int], *, temporality: int = CUMULATIVE, zero: int = 0) -> Metric:
    metric = Metric(name="took")
    metric.exponential_histogram.aggregation_temporality = temporality  # type: ignore[assignment]
    point = metric.exponential_histogram.data_points.add(
        time_unix_nano=NOW * NS, count=sum(counts) + zero, sum=4.5, scale=scale, zero_count=zero
    )
    point.positive.offset = offset
    point.positive.bucket_counts.extend(counts)
    return metric


def test_an_exponential_histogram_becomes_quantiles() -> None:
    # Buckets (0.5, 1], (1, 2], (2, 4] are -1, 0 and 1 here.
    batch = read(request(exponential(0, -1, [1, 2, 1])))
    expected = {
        ("took_count",): 4.0,
        ("took_sum",): 4.5,
        ("took", "quantile=0.5"): 2**0.5,
        ("took", "quantile=0.9"): 2**1.6,
        ("took", "quantile=0.99"): 2**1.96,
    }
    assert told(batch) == pytest.approx(expected)
    delta = read(request(exponential(0, -1, [1, 2, 1], temporality=DELTA)))
    assert told(delta) == pytest.approx(expected)
    assert len(delta.increments) == 2  # the quantiles are of the interval and not to be added


def test_an_exponential_histogram_of_another_kind_is_refused_alone() -> None:
    wrong = exponential(0, 0, [1])
    wrong.exponential_histogram.data_points[0].count = 5
    wide = exponential(60, 0, [1])
    many = exponential(0, 0, [1] * 6000)
    batch = read(request(wrong, wide, many, gauge()))
    assert batch.rejected_count == 3
    assert batch.counts == WrittenCounts(samples=1)


def test_a_summary_keeps_its_quantiles() -> None:
    metric = Metric(name="took")
    point = metric.summary.data_points.add(time_unix_nano=NOW * NS, count=5, sum=9.5)
    for quantile, value in ((0.0, 0.5), (0.5, 1.5), (1.0, 2.5)):
        point.quantile_values.add(quantile=quantile, value=value)
    assert told(read(request(metric))) == {
        ("took_count",): 5.0,
        ("took_sum",): 9.5,
        ("took", "quantile=0"): 0.5,
        ("took", "quantile=0.5"): 1.5,
        ("took", "quantile=1"): 2.5,
    }
    point.quantile_values.add(quantile=1.5, value=2.5)
    assert read(request(metric)).rejected_count == 1


def test_no_recorded_value_is_a_stale_marker() -> None:
    number = Metric(name="load")
    number.gauge.data_points.add(time_unix_nano=NOW * NS, flags=1)
    delta = counter(temporality=DELTA)
    delta.sum.data_points[0].flags = 1
    summary = Metric(name="paid")
    summary.summary.data_points.add(time_unix_nano=NOW * NS, flags=1).quantile_values.add(quantile=0.5)
    spread = exponential(0, 0, [])
    spread.exponential_histogram.data_points[0].flags = 1
    spread.name = "spread"
    batch = read(request(number, delta, summary, spread, explicit([0, 0], [1.0], flags=1)))
    assert is_stale(batch.values).all()
    assert len(batch.increments) == 0
    assert len(batch) == 1 + 1 + 3 + 5 + 4
    assert batch.rejections == []


def test_a_point_without_a_value_or_a_name_is_refused() -> None:
    empty = Metric(name="load")
    empty.gauge.data_points.add(time_unix_nano=NOW * NS)
    batch = read(request(empty, gauge(""), explicit([1], []), Metric(name="nothing")))
    assert sorted((one.reason, one.count) for one in batch.rejections) == [
        ("a metric without a name", 1),
        ("a point without a value", 1),
    ]
    assert batch.counts == WrittenCounts(histograms=1)


@pytest.mark.parametrize("at_ms", [NOW + 600_001, NOW + 36_000_000, BOUNDS.oldest_ms - 1, 0, 2**64 // NS - 1])
def test_times_outside_of_the_bounds_refuse_the_point(at_ms: int) -> None:
    for metric in (gauge(), counter(), counter(temporality=DELTA), explicit([1], []), exponential(0, 0, [1])):
        for kind in ("gauge", "sum", "histogram", "exponential_histogram"):
            for point in getattr(metric, kind).data_points if metric.HasField(kind) else ():
                point.time_unix_nano = at_ms * NS
        batch = read(request(metric, gauge("good")))
        assert batch.rejected_count == 1
        assert told(batch) == {("good",): 1.5}


def test_times_are_cut_to_milliseconds() -> None:
    metric = gauge()
    metric.gauge.data_points[0].time_unix_nano = NOW * NS + 999_999
    assert read(request(metric)).at_ms.tolist() == [NOW]


def test_of_twins_one_is_kept() -> None:
    batch = read(request(gauge(), gauge(), gauge(value=9.0), explicit([1], []), explicit([1], []), explicit([2], [])))
    assert told(batch)["load",] == 1.5
    assert batch.counts == WrittenCounts(samples=2, histograms=2)
    assert sorted(one.count for one in batch.rejections) in ([1, 1], [2])
    deltas = read(request(counter(temporality=DELTA), counter(temporality=DELTA)))
    assert len(deltas.increments) == 1
    assert deltas.rejections == []
    later = counter(temporality=DELTA)
    later.sum.data_points[0].start_time_unix_nano += NS
    assert len(read(request(counter(temporality=DELTA), later)).increments) == 2


@pytest.mark.parametrize(
    "more",
    [{"a": "x" * 2049}, {"a": "x\0y"}, {f"l{n}": "v" for n in range(64)}, {"a" * 1025: "x"}],
)
def test_a_series_that_is_too_long_is_refused_alone(more: dict[str, Any]) -> None:
    batch = read(request(gauge(**more), gauge("good")))
    assert batch.rejected_count == 1
    assert told(batch) == {("good",): 1.5}


def test_text_that_is_not_utf_8_is_refused_alone() -> None:
    point = fixed_field(3, NOW * NS) + double_field(4, 1.0)
    bad = bytes_field(7, bytes_field(1, b"a") + bytes_field(2, bytes_field(1, b"\xff")))
    metrics = [
        bytes_field(1, b"load") + bytes_field(5, bytes_field(1, point + bad)),
        bytes_field(1, b"\xfe") + bytes_field(5, bytes_field(1, point)),
        bytes_field(1, b"good") + bytes_field(5, bytes_field(1, point)),
    ]
    scope = b"".join(bytes_field(2, metric) for metric in metrics)
    batch = read(bytes_field(1, bytes_field(2, scope)))
    assert told(batch) == {("good",): 1.0}
    assert batch.rejections == [Rejection("a name or an attribute is not UTF-8 text", 2, "load")]


START, TIME, VALUE = fixed_field(2, (NOW - 1) * NS), fixed_field(3, NOW * NS), double_field(4, 1.5)
CPU = bytes_field(7, bytes_field(1, b"cpu") + bytes_field(2, bytes_field(1, b"0")))
EXEMPLAR = bytes_field(5, fixed_field(2, NOW * NS) + double_field(3, 9.0) + bytes_field(4, bytes(8)))


@pytest.mark.parametrize(
    "point",
    [
        START + TIME + VALUE + CPU,
        TIME + VALUE + CPU,
        START + TIME + VALUE + EXEMPLAR + EXEMPLAR + CPU,
        CPU + START + TIME + VALUE,
        TIME + START + VALUE + CPU,
        START + TIME + CPU + VALUE,
        START + TIME + VALUE + CPU + EXEMPLAR,
        START + TIME + VALUE + CPU + number_field(8, 0),
        START + TIME + VALUE + CPU + bytes_field(99, b"of a later version"),
        START + TIME + fixed_field(6, 3) + VALUE + CPU,
        START + TIME + double_field(4, 9.0) + CPU + VALUE,
    ],
)
def test_every_way_to_encode_a_point_gives_the_same(point: bytes) -> None:
    body = bytes_field(
        1, bytes_field(2, bytes_field(2, bytes_field(1, b"load") + bytes_field(5, bytes_field(1, point))))
    )
    cache = SeriesCache()
    for _ in range(2):
        batch = read(body, cache=cache)
        assert batch.at_ms.tolist() == [NOW]
        assert told(batch) == {("load", "cpu=0"): 1.5}


def test_points_as_the_collector_sends_them_are_taken_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(NumberPoints, "_add_one")
    seen = gauge("d", cpu="1")
    seen.gauge.data_points[0].exemplars.add(time_unix_nano=NOW * NS, as_double=1.0, trace_id=bytes(16))
    batch = read(request(gauge(cpu="0"), gauge("b"), counter(), counter("c", temporality=DELTA), seen))
    assert batch.counts.samples == 5


def test_the_same_attributes_under_another_resource_are_another_series() -> None:
    cache = SeriesCache()
    found = [
        told(read(request(gauge(name, cpu="0"), resource={"host__name": host}), cache=cache))
        for _ in range(2)
        for name in ("load", "loa")
        for host in ("a", "b")
    ]
    assert len({tuple(one) for one in found[:4]}) == 4
    assert found[:4] == found[4:]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
scalars = st.one_of(texts, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=5))
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
points = st.builds(
    lambda start, at, value, more: NumberDataPoint(
        start_time_unix_nano=start,
        time_unix_nano=at * NS,
        attributes=[KeyValue(key=key, value=any_value(one)) for key, one in more.items()],
        **({"as_int": value} if isinstance(value, int) else {"as_double": value}),
    ),
    st.sampled_from([0, (NOW - 5) * NS]),
    st.integers(BOUNDS.oldest_ms, BOUNDS.newest_ms),
    # JSON has one NaN, and so no bits to compare of others.
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.just(math.nan)),
    st.dictionaries(texts.filter(bool), trees, max_size=4),
)


@given(st.lists(st.tuples(st.sampled_from(["load", "a.b", "c"]), points), max_size=5))
@settings(max_examples=150, deadline=None)
def test_json_and_protobuf_and_known_and_new_series_give_the_same(sent: list[tuple[str, NumberDataPoint]]) -> None:
    metrics = [Metric(name=name) for name, _ in sent]
    for metric, (_, point) in zip(metrics, sent, strict=True):
        metric.gauge.data_points.append(point)
    made = request(*metrics, resource={"service__name": "shop"})
    cache = SeriesCache()
    batches = [read(made, cache=cache), read(made, cache=cache), read(as_json(made), encoding=Encoding.JSON)]
    seen = [
        sorted(
            (batch.keys[series], batch.texts(series).name, at, struct.pack("<d", value))
            for series, at, value in zip(batch.series, batch.at_ms.tolist(), batch.values, strict=True)
        )
        for batch in batches
    ]
    assert seen[0] == seen[1] == seen[2]
    assert all(batch.counts.samples + batch.rejected_count == len(sent) for batch in batches)


def in_json(point: str, kind: str = "gauge") -> bytes:
    metric = f'{{"name":"load","{kind}":{{"aggregationTemporality":2,"dataPoints":[{point}]}}}}'
    return f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}'.encode()


AT = f'"timeUnixNano":"{NOW * NS}"'


@pytest.mark.parametrize(
    ("point", "value"),
    [
        (f'{{{AT},"asDouble":1.5}}', 1.5),
        (f'{{"timeUnixNano":{NOW * NS},"asDouble":1.5}}', 1.5),
        (f'{{{AT},"asInt":"7"}}', 7.0),
        (f'{{{AT},"asInt":7}}', 7.0),
        (f'{{{AT},"asInt":"-7"}}', -7.0),
        (f'{{{AT},"asDouble":7}}', 7.0),
        (f'{{{AT},"asDouble":"7.5"}}', 7.5),
        (f'{{{AT},"asDouble":"Infinity"}}', math.inf),
        (f'{{{AT},"asDouble":"-Infinity"}}', -math.inf),
        (f'{{{AT},"asDouble":1.5,"startTimeUnixNano":null,"unknown":{{"a":[1]}}}}', 1.5),
        (f'{{{AT},"asDouble":1.5,"exemplars":[{{"traceId":"5b8efff798038103d269b633813fc60c","asInt":"1"}}]}}', 1.5),
        (f'{{{AT},"asDouble":1.5,"time_unix_nano":"5"}}', 1.5),  # only lower camel case is a name
    ],
)
def test_json_is_read_as_otlp_says(point: str, value: float) -> None:
    batch = read(in_json(point), encoding=Encoding.JSON)
    assert batch.values.tolist() == [value]
    assert batch.at_ms.tolist() == [NOW]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"null",
        b"{",
        b"\xff",
        b'{"resourceMetrics":{}}',
        b'{"resourceMetrics":[null]}',
        b'{"resourceMetrics":[[]]}',
        in_json(f'{{{AT},"asDouble":"x"}}'),
        in_json(f'{{{AT},"asDouble":true}}'),
        in_json(f'{{{AT},"asDouble":NaN}}'),
        in_json(f'{{{AT},"asInt":1.5}}'),
        in_json(f'{{{AT},"asInt":true}}'),
        in_json(f'{{{AT},"asInt":"1.5"}}'),
        in_json(f'{{{AT},"asInt":"0x10"}}'),
        in_json(f'{{{AT},"asInt":"99999999999999999999"}}'),
        in_json(f'{{{AT},"asInt":99999999999999999999}}'),
        in_json('{"timeUnixNano":-1}'),
        in_json('{"timeUnixNano":"-1"}'),
        in_json('{"flags":4294967296}'),
        in_json('{"attributes":[{"key":5}]}'),
        in_json('{"attributes":[{"key":"a","value":{"boolValue":"true"}}]}'),
        in_json('{"attributes":[{"key":"a","value":{"bytesValue":"*"}}]}'),
        in_json('{"exemplars":[{"traceId":"xyz"}]}'),
        in_json(f'{{{AT},"asInt":1}}', "sum").replace(b":2,", b':"AGGREGATION_TEMPORALITY_CUMULATIVE",'),
        in_json('{"attributes":[{"value":' + '{"arrayValue":{"values":[' * 200 + "]}}" * 200 + "}]}"),
        b"[" * 2000 + b"]" * 2000,
    ],
)
def test_json_of_another_form_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(body, encoding=Encoding.JSON)


def test_an_empty_request_is_good() -> None:
    for body, encoding in (
        (b"", Encoding.PROTOBUF),
        (b"{}", Encoding.JSON),
        (b'{"resourceMetrics":[]}', Encoding.JSON),
    ):
        batch = read(body, encoding=encoding)
        assert (len(batch), batch.rejections) == (0, [])
        assert otlp.answer(encoding, batch.rejections).body == (b"" if encoding is Encoding.PROTOBUF else b"{}")


def test_compressed_bodies_are_unpacked() -> None:
    body = gzip.compress(request(gauge()).SerializeToString())
    assert len(otlp.decode(body, Encoding.PROTOBUF, "gzip", BOUNDS, SeriesCache())) == 1
    with pytest.raises(UnsupportedMediaType):
        otlp.decode(body, Encoding.PROTOBUF, "br", BOUNDS, SeriesCache())


def test_partial_success_is_told_in_the_encoding_of_the_request() -> None:
    rejections = [Rejection("a point without a value", 2, "load"), Rejection("other", 3)]
    message = "2 with a point without a value (such as load); 3 with other"
    packed = otlp.answer(Encoding.PROTOBUF, rejections)
    response = ExportMetricsServiceResponse.FromString(packed.body)
    assert (packed.status, packed.media_type) == (200, "application/x-protobuf")
    assert response.partial_success.rejected_data_points == 5
    assert response.partial_success.error_message == message
    written = otlp.answer(Encoding.JSON, rejections)
    assert (written.status, written.media_type) == (200, "application/json")
    assert json.loads(written.body) == {"partialSuccess": {"rejectedDataPoints": "5", "errorMessage": message}}
    assert not ExportMetricsServiceResponse.FromString(otlp.answer(Encoding.PROTOBUF, []).body).HasField(
        "partial_success"
    )
    warned = ExportMetricsServiceResponse.FromString(otlp.answer(Encoding.PROTOBUF, [], "old names").body)
    assert (warned.partial_success.rejected_data_points, warned.partial_success.error_message) == (0, "old names")


def test_failures_are_a_status_in_the_encoding_of_the_request() -> None:
    packed = otlp.failure_answer(Encoding.PROTOBUF, 400, "not readable")
    assert packed.body == number_field(1, 3) + bytes_field(2, b"not readable")
    written = otlp.failure_answer(Encoding.JSON, 503, "later")
    assert (written.status, json.loads(written.body)) == (503, {"code": 14, "message": "later"})


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/x-protobuf", Encoding.PROTOBUF),
        ("Application/JSON; charset=utf-8", Encoding.JSON),
        ("text/plain", None),
        ("", None),
        (None, None),
    ],
)
def test_the_content_type_chooses_the_encoding(content_type: str | None, encoding: Encoding | None) -> None:
    if encoding is None:
        with pytest.raises(UnsupportedMediaType):
            otlp.encoding_of(content_type)
    else:
        assert otlp.encoding_of(content_type) is encoding


def whole() -> ExportMetricsServiceRequest:
    spread = exponential(1, -2, [1, 2], zero=1)
    spread.name = "spread"
    return request(
        gauge(cpu="0"),
        counter(),
        counter("added", temporality=DELTA),
        explicit([1, 2], [1.0]),
        spread,
        resource={"service__name": "shop", "host__id": "i-1"},
    )


def test_a_body_cut_at_any_byte_is_read_or_malformed() -> None:
    body, expected = whole().SerializeToString(), told(read(whole()))
    outcomes = []
    for cut in range(len(body)):
        try:
            assert len(told(read(body[:cut]))) <= len(expected)
            outcomes.append("read")
        except MalformedBody:
            outcomes.append("malformed")
    assert outcomes.count("malformed") > len(body) // 2
    written = as_json(whole())
    for cut in range(len(written)):
        with pytest.raises(MalformedBody):
            read(written[:cut], encoding=Encoding.JSON)


@given(st.sampled_from(list(Encoding)), st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_bytes_raise_only_our_errors(encoding: Encoding, body: bytes) -> None:
    with contextlib.suppress(MalformedBody, TooLarge):
        read(body, encoding=encoding)


@given(
    st.sampled_from(list(Encoding)),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=4),
)
@settings(max_examples=400, deadline=None)
def test_a_good_body_with_wrong_bytes_raises_only_our_errors(
    encoding: Encoding, changes: list[tuple[int, int]]
) -> None:
    body = bytearray(whole().SerializeToString() if encoding is Encoding.PROTOBUF else as_json(whole()))
    for place, byte in changes:
        body[place % len(body)] = byte
    with contextlib.suppress(MalformedBody, TooLarge):
        batch = read(bytes(body), encoding=encoding)
        for index in range(len(batch.keys)):
            batch.texts(index)


def nested(depth: int) -> bytes:
    value = b""
    for _ in range(depth):
        value = bytes_field(5, bytes_field(1, value))
    point = (
        fixed_field(3, NOW * NS) + double_field(4, 1.0) + bytes_field(7, bytes_field(1, b"a") + bytes_field(2, value))
    )
    return only(bytes_field(1, b"m") + bytes_field(5, bytes_field(1, point)))


def test_deep_nesting_is_malformed() -> None:
    assert read(nested(20)).counts.samples == 1
    with pytest.raises(MalformedBody):
        read(nested(5000))


BOMBS: list[Callable[[], bytes]] = [
    lambda: b"\x0a\x00" * 600_000,
    lambda: bytes_field(1, b"\x12\x00" * 600_000),
    lambda: bytes_field(1, bytes_field(2, b"\x12\x00" * 600_000)),
    lambda: bytes_field(
        1, bytes_field(2, bytes_field(2, bytes_field(1, b"m") + bytes_field(5, b"\x0a\x00" * 600_000)))
    ),
    lambda: bytes_field(1, bytes_field(2, bytes_field(2, b"\x2a" + varint(2)) * 600_000)),
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_more_elements_than_memory_is_planned_for_are_too_large(bomb: Callable[[], bytes]) -> None:
    with pytest.raises((TooLarge, MalformedBody)):
        read(bomb())


def test_buckets_that_become_millions_of_samples_are_too_large() -> None:
    metric = explicit([0] * 4000, [float(n) for n in range(3999)])
    for number in range(1, 130):
        metric.histogram.data_points.append(metric.histogram.data_points[0])
        metric.histogram.data_points[-1].attributes.extend(attributes(n=number))
    with pytest.raises(TooLarge):
        read(request(metric))


def test_json_with_millions_of_parts_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read(b'{"x":[' + b"{}," * 1_000_000 + b"{}]}", encoding=Encoding.JSON)
