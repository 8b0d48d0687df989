import contextlib
import math
import struct
from collections.abc import Callable, Sequence

import pytest
from app.core.errors import MalformedBody, TooLarge
from app.domains.metrics.rules import remote_write
from app.domains.metrics.rules.batch import SampleBatch, TimeBounds, WrittenCounts, is_stale
from app.domains.metrics.rules.remote_write import Version
from app.domains.metrics.rules.series import SeriesCache
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.protobuf_bytes import Symbols, bytes_field, double_field, histogram, snappy, v1_request, v1_series

NOW = 1_763_900_000_000
BOUNDS = TimeBounds(NOW - 86_400_000, NOW + 600_000)
NAME = (("__name__", "took"), ("job", "a"))
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]

Side = Sequence[tuple[int, Sequence[float]]]


def write(*raws: bytes, version: Version = Version.V1, labels: Sequence[tuple[str, str]] = NAME) -> SampleBatch:
    if version is Version.V1:
        body = v1_request(v1_series(labels) + b"".join(bytes_field(4, raw) for raw in raws))
    else:
        symbols = Symbols()
        body = bytes_field(1, symbols.refs(labels)) + b"".join(bytes_field(3, raw) for raw in raws)
        body = symbols.request(body)
    return remote_write.decode(snappy(body), version, BOUNDS, SeriesCache())


def told(batch: SampleBatch) -> dict[str, float]:
    """Value by the name, or by the quantile."""
    texts = [batch.texts(index) for index in range(len(batch.keys))]
    return {
        texts[series].labels.get("quantile", texts[series].name): value
        for series, value in zip(batch.series, batch.values.tolist(), strict=True)
    }


def by_walking(quantile: float, buckets: list[tuple[float, float, float, bool]], count: float) -> float:
    """The quantile after Prometheus' description: walk from the near end, then interpolate in the bucket."""
    forward = quantile < 0.5
    rank = (quantile if forward else 1 - quantile) * count
    for lower, upper, inside, linear in buckets if forward else reversed(buckets):
        if inside and rank <= inside * (1 + 1e-12):
            fraction = rank / inside if forward else 1 - rank / inside
            if linear:
                return lower + (upper - lower) * fraction
            return lower * float((upper / lower) ** fraction)
        rank -= inside
    return math.nan


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("kind", [int, float])
def test_a_histogram_becomes_a_count_a_sum_and_quantiles(version: Version, kind: Callable[[int], float]) -> None:
    # Prometheus, promql/promqltest/testdata/native_histograms.test: {{schema:0 sum:5 count:4 buckets:[1 2 1]}}
    raw = histogram(count=kind(4), total=5, schema=0, positive=[(0, [kind(1), kind(2), kind(1)])], at_ms=NOW)
    batch = write(raw, version=version)
    assert batch.counts == WrittenCounts(histograms=1)
    assert batch.rejections == []
    assert told(batch) == pytest.approx(
        {"took_count": 4, "took_sum": 5, "0.5": 2**0.5, "0.9": 2**1.6, "0.99": 2**1.96}, rel=1e-12
    )
    assert set(batch.at_ms.tolist()) == {NOW}
    texts = [batch.texts(index) for index in range(len(batch.keys))]
    assert sorted((text.name, tuple(text.labels.items())) for text in texts) == [
        ("took", (("job", "a"), ("quantile", "0.5"))),
        ("took", (("job", "a"), ("quantile", "0.9"))),
        ("took", (("job", "a"), ("quantile", "0.99"))),
        ("took_count", (("job", "a"),)),
        ("took_sum", (("job", "a"),)),
    ]


def test_a_label_quantile_of_the_sender_is_moved_away() -> None:
    raw = histogram(count=1, total=1, schema=0, positive=[(0, [1])], at_ms=NOW)
    batch = write(raw, labels=(("__name__", "took"), ("quantile", "mine")))
    labels = [batch.texts(index).labels for index in range(len(batch.keys))]
    assert {"quantile": "0.5", "exported_quantile": "mine"} in labels
    assert {"quantile": "mine"} in labels  # of the count and the sum


counts = st.integers(0, 20)
sides = st.lists(st.tuples(st.integers(0, 5), st.lists(counts, min_size=1, max_size=4)), max_size=3)


def laid_out(side: Side, schema: int, first: int) -> list[tuple[float, float, float]]:
    """(lower, upper, count) of each bucket, smallest numbers first."""
    made, index = [], first
    for offset, inside in side:
        index += offset
        for one in inside:
            made.append((2.0 ** ((index - 1) * 2.0**-schema), 2.0 ** (index * 2.0**-schema), float(one)))
            index += 1
    return made


@given(sides, sides, counts, st.floats(0, 1e-3), st.integers(-2, 8), st.integers(-20, 20), st.booleans())
@settings(max_examples=200, deadline=None)
def test_quantiles_are_prometheus(
    positive: Side, negative: Side, zero: int, threshold: float, schema: int, first: int, is_float: bool
) -> None:
    moved = [(offset + (first if not number else 0), inside) for number, (offset, inside) in enumerate(positive)]
    far = [(lower, upper, one) for lower, upper, one in laid_out(negative, schema, 0)]
    near = laid_out(moved, schema, 0)
    count = sum(one for *_, one in [*far, *near]) + zero
    assume(count > 0)
    assume(all(lower >= threshold for lower, _, one in [*far, *near]))  # as senders keep it
    buckets = [(-upper, -lower, one, False) for lower, upper, one in reversed(far)]
    buckets.append((0.0 if near and not far else -threshold, 0.0 if far and not near else threshold, zero, True))
    buckets += [(lower, upper, one, False) for lower, upper, one in near]
    raw = histogram(
        count=float(count) if is_float else int(count),
        total=1.5,
        schema=schema,
        positive=moved,
        negative=negative,
        zero=float(zero) if is_float else zero,
        zero_threshold=threshold,
        at_ms=NOW,
    )
    found = told(write(raw))
    for quantile in (0.5, 0.9, 0.99):
        expected = by_walking(quantile, buckets, count)
        # Where a rank falls on the border of two buckets, rounding may choose either.
        others = [by_walking(quantile + shift, buckets, count) for shift in (-1e-12, 1e-12)]
        assert any(found[str(quantile)] == pytest.approx(one, rel=1e-6, abs=1e-12) for one in (expected, *others))


@pytest.mark.parametrize(
    ("bounds", "inside", "quantiles"),
    [
        ([1.0, 2.0, 5.0], [0, 10, 0, 0], {"0.5": 1.5, "0.9": 1.9, "0.99": 1.99}),
        ([1.0, 2.0], [10, 0, 0], {"0.5": 0.5, "0.9": 0.9, "0.99": 0.99}),  # the first one begins at zero
        ([-1.0, 2.0], [10, 0, 0], {"0.5": -1.0, "0.9": -1.0, "0.99": -1.0}),  # or tells its bound
        ([1.0, 2.0], [0, 0, 10], {"0.5": 2.0, "0.9": 2.0, "0.99": 2.0}),  # the last one has no end
        ([], [10], {}),
    ],
)
def test_custom_buckets_are_linear(bounds: list[float], inside: list[int], quantiles: dict[str, float]) -> None:
    raw = histogram(count=10, total=15.0, schema=-53, positive=[(0, inside)], bounds=bounds, at_ms=NOW)
    expected = {"took_count": 10.0, "took_sum": 15.0, **quantiles}
    assert told(write(raw)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("positive", "negative", "median"),
    [
        ([(0, [1])], [], 0.05),  # observations are not below zero
        ([], [(0, [1])], -0.05),
        ([(0, [1])], [(0, [1])], 0.0),
        ([], [], 0.0),
    ],
)
def test_the_zero_bucket_reaches_to_where_there_are_others(positive: Side, negative: Side, median: float) -> None:
    count = 99 + len(positive) + len(negative)
    raw = histogram(
        count=count, total=1.0, schema=0, positive=positive, negative=negative, zero=99, zero_threshold=0.1, at_ms=NOW
    )
    assert told(write(raw))["0.5"] == pytest.approx(median, abs=1e-3)


def test_an_empty_histogram_has_no_quantiles() -> None:
    assert told(write(histogram(count=0, total=0.0, schema=3, at_ms=NOW))) == {"took_count": 0.0, "took_sum": 0.0}


def test_observations_of_nan_are_in_no_bucket() -> None:
    raw = histogram(count=10, total=math.nan, schema=0, positive=[(0, [6])], at_ms=NOW)
    found = told(write(raw))
    assert set(found) == {"took_count", "took_sum", "0.5"}
    assert math.isnan(found["took_sum"])


def test_a_stale_histogram_ends_all_of_its_series() -> None:
    batch = write(histogram(count=0, total=STALE, schema=0, at_ms=NOW))
    assert len(batch) == 5
    assert is_stale(batch.values).all()
    assert batch.counts == WrittenCounts(histograms=1)


GOOD = {"count": 4, "total": 5.0, "schema": 0, "at_ms": NOW}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (histogram(**GOOD, positive=[(0, [1, 2])]), "do not add up"),  # type: ignore[arg-type]
        (histogram(**GOOD, positive=[(0, [5])]), "do not add up"),  # type: ignore[arg-type]
        (histogram(count=4, total=math.nan, schema=0, positive=[(0, [5])], at_ms=NOW), "do not add up"),
        (histogram(**GOOD, positive=[(0, [5, -1])]), "negative count"),  # type: ignore[arg-type]
        (histogram(count=-1.0, total=1.0, schema=0, at_ms=NOW), "negative count"),
        (histogram(count=math.nan, total=1.0, schema=0, at_ms=NOW), "negative count"),
        (histogram(count=4, total=5.0, schema=53, positive=[(0, [4])], at_ms=NOW), "unknown schema"),
        (histogram(count=4, total=5.0, schema=-54, positive=[(0, [4])], at_ms=NOW), "unknown schema"),
        (histogram(**GOOD, positive=[(0, [2]), (-1, [2])]), "spans overlap"),  # type: ignore[arg-type]
        (histogram(**GOOD, positive=[(0, [4])], bounds=[1.0]), "bounds that its schema has not"),  # type: ignore[arg-type]
        (histogram(**GOOD, positive=[(0, [4])], zero_threshold=math.nan), "bounds that"),  # type: ignore[arg-type]
        (histogram(**GOOD, positive=[(0, [4])]) + bytes_field(11, b"\x10\x05"), "spans do not fit"),  # type: ignore[arg-type]
        (
            histogram(**GOOD, positive=[(0, [4])]) + bytes_field(11, b"\x10\xff\xff\xff\xff\x0f"),  # type: ignore[arg-type]
            "spans do not fit",
        ),
        (histogram(**GOOD, positive=[(0, [4])]) + double_field(13, 4.0), "mixes integers and floats"),  # type: ignore[arg-type]
        (histogram(count=4, total=5.0, schema=-53, positive=[(0, [4])], bounds=[2.0, 1.0], at_ms=NOW), "not ascend"),
        (histogram(count=4, total=5.0, schema=-53, positive=[(0, [4])], bounds=[math.inf], at_ms=NOW), "not ascend"),
        (histogram(count=4, total=5.0, schema=-53, negative=[(0, [4])], bounds=[1.0], at_ms=NOW), "beside them"),
        (histogram(count=4, total=5.0, schema=-53, positive=[(2, [4])], bounds=[1.0], at_ms=NOW), "do not fit"),
        (histogram(count=4, total=5.0, schema=-53, positive=[(-1, [4])], bounds=[1.0], at_ms=NOW), "do not fit"),
        (histogram(count=4, total=5.0, schema=0, positive=[(0, [4])], at_ms=NOW + 3_600_000), "in the future"),
        (bytes_field(99, bytes(70_000)), "too many buckets"),
        (histogram(count=6000, total=5.0, schema=0, positive=[(0, [1] * 6000)], at_ms=NOW), "too many buckets"),
    ],
)
def test_a_histogram_that_contradicts_itself_is_refused_alone(raw: bytes, reason: str) -> None:
    good = histogram(count=1, total=1.0, schema=0, positive=[(0, [1])], at_ms=NOW)
    for version in Version:
        batch = write(good, raw, version=version)
        assert [one.count for one in batch.rejections] == [1]
        assert reason in batch.rejections[0].reason
        assert batch.counts == WrittenCounts(histograms=1)


def test_histograms_that_go_back_in_time_or_differ_are_refused() -> None:
    one, other = (histogram(count=n, total=1.0, schema=0, positive=[(0, [n])], at_ms=NOW) for n in (1, 2))
    before = histogram(count=1, total=1.0, schema=0, positive=[(0, [1])], at_ms=NOW - 1)
    batch = write(one, one, other, before)
    assert batch.counts == WrittenCounts(histograms=2)
    assert sorted(rejection.reason for rejection in batch.rejections) == [
        "another value for the same series and time",
        "samples of a series that go back in time",
    ]
    assert len(batch) == 5


def test_the_widest_buckets_have_finite_quantiles() -> None:
    for schema, index in ((-4, 64), (-9, 3), (8, 262_143), (-4, 2**31 - 1), (52, -(2**31))):
        found = told(write(histogram(count=1, total=1.0, schema=schema, positive=[(index, [1])], at_ms=NOW)))
        assert all(math.isfinite(value) for value in found.values())


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_random_bytes_raise_only_our_errors(raw: bytes) -> None:
    for version in Version:
        with contextlib.suppress(MalformedBody, TooLarge):
            write(raw, version=version)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_good_histogram_with_wrong_bytes_raises_only_our_errors(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(
        histogram(
            count=9, total=5.0, schema=3, positive=[(0, [1, 2]), (3, [3])], negative=[(0, [2])], zero=1, at_ms=NOW
        )
    )
    for place, byte in changes:
        raw[place % len(raw)] = byte
    with contextlib.suppress(MalformedBody, TooLarge):
        write(bytes(raw))
