import contextlib
import math
import struct
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from app.core.errors import MalformedBody, TooLarge, UnsupportedMediaType
from app.domains.metrics.rules import remote_write, write_v1, write_v2
from app.domains.metrics.rules.batch import Metadata, Rejection, SampleBatch, TimeBounds, WrittenCounts, is_stale
from app.domains.metrics.rules.remote_write import Version
from app.domains.metrics.rules.series import SeriesCache
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.protobuf_bytes import (
    Symbols,
    bytes_field,
    double_field,
    fixed_field,
    number_field,
    sample,
    snappy,
    v1_label,
    v1_request,
    v1_series,
    v2_series,
    varint,
)

NOW = 1_763_900_000_000
BOUNDS = TimeBounds(NOW - 86_400_000, NOW + 600_000)
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
UP = (("__name__", "up"), ("job", "node"))
ONE = bytes_field(2, sample(1.5, NOW))
LONG_SYMBOL = "a label longer than 2048 bytes, or not UTF-8 text"
ODD = "labels that are not pairs of a name and a value"
NO_SYMBOL = "a reference to a symbol that is not there"

Labels = Sequence[tuple[str | bytes, str | bytes]]
Spoken = tuple[str, tuple[tuple[str, str], ...], int, bytes]


def write(body: bytes, version: Version = Version.V1, cache: SeriesCache | None = None) -> SampleBatch:
    return remote_write.decode(snappy(body), version, BOUNDS, cache or SeriesCache())


def spoken(batch: SampleBatch) -> list[Spoken]:
    """All samples in words, with the bits of their values."""
    texts = [batch.texts(index) for index in range(len(batch.keys))]
    assert len(set(batch.keys)) == len(batch.keys)
    return sorted(
        (texts[series].name, tuple(texts[series].labels.items()), at, struct.pack("<d", value))
        for series, at, value in zip(batch.series, batch.at_ms.tolist(), batch.values, strict=True)
    )


def v1_body(*series: tuple[Labels, Sequence[tuple[float, int]]]) -> bytes:
    return v1_request(*(v1_series(labels, samples) for labels, samples in series))


def v2_body(*series: tuple[Labels, Sequence[tuple[float, int]]]) -> bytes:
    symbols = Symbols()
    return symbols.request(*[v2_series(symbols, labels, samples) for labels, samples in series])


names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "__name__")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=150)
label_sets = st.builds(
    lambda name, labels: tuple(sorted({**labels, "__name__": name}.items(), key=lambda pair: pair[0].encode())),
    st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", fullmatch=True),
    st.dictionaries(names, texts, max_size=4),
)
values = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, STALE, math.nan, math.inf, 1.0]))
sample_lists = st.lists(
    st.tuples(values, st.integers(BOUNDS.oldest_ms, BOUNDS.newest_ms)), min_size=1, max_size=3, unique_by=lambda s: s[1]
).map(lambda samples: sorted(samples, key=lambda one: one[1]))
series_lists = st.lists(st.tuples(label_sets, sample_lists), max_size=6, unique_by=lambda one: one[0])
encoders: dict[Version, Callable[..., bytes]] = {Version.V1: v1_body, Version.V2: v2_body}


@given(series_lists)
@settings(max_examples=150, deadline=None)
def test_both_versions_give_what_was_sent_whether_the_series_are_known_or_new(
    series: list[tuple[Labels, list[tuple[float, int]]]],
) -> None:
    expected = sorted(
        (dict(labels)["__name__"], tuple((n, v) for n, v in labels if n != "__name__"), at, struct.pack("<d", value))
        for labels, samples in series
        for value, at in samples
    )
    keys = set()
    for version, encode in encoders.items():
        cache = SeriesCache()
        for _ in range(2):
            batch = write(encode(*series), version, cache)
            assert spoken(batch) == expected
            assert batch.counts == WrittenCounts(samples=len(expected))
            assert not batch.rejections
            keys.add(tuple(sorted(batch.keys)))
    assert len(keys) == 1  # a series is the same in both versions


def test_the_stale_marker_keeps_its_bits_and_other_nan_are_values() -> None:
    for encode, version in ((v1_body, Version.V1), (v2_body, Version.V2)):
        body = encode((UP, [(STALE, NOW)]), ((("__name__", "b"),), [(math.nan, NOW), (STALE, NOW + 1)]))
        batch = write(body, version)
        assert sorted(zip(batch.at_ms.tolist(), is_stale(batch.values).tolist(), strict=True)) == [
            (NOW, False),
            (NOW, True),
            (NOW + 1, True),
        ]


@pytest.mark.parametrize(
    "series",
    [
        bytes_field(2, sample(1.5, NOW)) + v1_series(UP),  # samples before labels
        v1_series(UP[:1]) + bytes_field(2, sample(1.5, NOW)) + v1_series(UP[1:]),
        v1_series(UP[:1], [(1.5, NOW)]) + bytes_field(1, bytes_field(2, b"node") + bytes_field(1, b"job")),
        v1_series(UP[:1]) + bytes_field(1, v1_label("job", "node")[2:] + number_field(9, 1)) + ONE,
        v1_series(UP) + bytes_field(2, number_field(2, NOW) + double_field(1, 1.5)),  # time before value
        v1_series(UP[:1])
        + b"\x0a"
        + varint(11, at_least=2)
        + v1_label("job", "node")[2:]
        + bytes_field(2, sample(1.5, NOW)),
        v1_series(UP) + bytes_field(2, sample(1.5, NOW)) + bytes_field(99, b"of a later version"),
        v1_series(UP) + bytes_field(2, double_field(1, 9.0) + double_field(1, 1.5) + number_field(2, NOW)),
    ],
)
def test_every_way_to_encode_a_series_gives_the_same(series: bytes) -> None:
    cache = SeriesCache()
    for _ in range(2):
        batch = write(v1_request(series, v1_series((("__name__", "b"),), [(1.0, NOW)])), cache=cache)
        assert spoken(batch) == spoken(write(v1_body((UP, [(1.5, NOW)]), ((("__name__", "b"),), [(1.0, NOW)]))))


def test_every_way_to_encode_a_series_of_2_0_gives_the_same() -> None:
    symbols = Symbols()
    packed = symbols.refs(UP)
    good = bytes_field(2, sample(1.5, NOW))
    expected = spoken(write(v1_body((UP, [(1.5, NOW)]))))
    for series in (
        good + bytes_field(1, packed),
        bytes_field(1, packed[:1]) + bytes_field(1, packed[1:]) + good,
        b"".join(number_field(1, ref) for ref in packed) + good,  # not packed
        bytes_field(1, b"".join(varint(ref, at_least=4) for ref in packed)) + good,
        bytes_field(1, packed) + bytes_field(2, sample(1.5, NOW) + number_field(3, NOW - 5)),
        bytes_field(1, packed) + bytes_field(2, sample(1.5, NOW) + number_field(3, 1)),
        bytes_field(1, packed) + good + bytes_field(5, b"") + bytes_field(77, b"later"),
    ):
        assert spoken(write(symbols.request(series), Version.V2)) == expected


@pytest.mark.parametrize("padding", [0, 100, 200, 16_300, 20_000])
def test_a_table_of_many_symbols_is_referred_to_right(padding: int) -> None:
    symbols = Symbols()
    for number in range(padding):
        symbols.ref(f"padding {number}")
    series = [((("__name__", f"m{number}"), ("z", "padding 7")), [(float(number), NOW)]) for number in range(300)]
    batch = write(symbols.request(*[v2_series(symbols, *one, start_ms=NOW) for one in series]), Version.V2)
    assert spoken(batch) == spoken(write(v1_body(*series)))


@pytest.mark.parametrize("value", [0.0, 1.5, STALE])
def test_series_as_prometheus_sends_them_are_taken_in_columns(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(write_v1, "_read_series")
    monkeypatch.delattr(write_v2._Reader, "read")
    series = [((("__name__", f"m{number}"), ("z", "v" * number)), [(value, NOW + number)]) for number in range(1, 300)]
    assert write(v1_body(*series)).counts.samples == 299
    symbols = Symbols()
    told = number_field(1, 1) + number_field(3, symbols.ref("Help."))
    for start_ms, metadata in ((0, b""), (NOW, told)):
        raws = [v2_series(symbols, *one, metadata, start_ms=start_ms) for one in series]
        assert write(symbols.request(*raws), Version.V2).counts.samples == 299


BAD_LABELS: list[tuple[Labels, str, str | None]] = [
    ((), "a series without __name__", "a series without __name__"),
    ((("job", "node"),), "a series without __name__", "a series without __name__"),
    ((("job", "node"), ("__name__", "up")), "labels are not sorted by name", "labels are not sorted by name"),
    ((*UP, ("job", "node")), "a label occurs twice", "a label occurs twice"),
    ((*UP, ("job", "other")), "a label occurs twice", "a label occurs twice"),
    ((*UP, ("z", "")), "a label without a value", "a label without a value"),
    ((("", "x"), *UP), "a label without a name", "a label without a name"),
    ((*UP, ("z.y", "x")), "a label name has characters other than letters, digits and _", None),
    ((*UP, ("zürich", "x")), "a label name has characters other than letters, digits and _", None),
    ((*UP, ("z:y", "x")), "a label name has characters other than letters, digits and _", None),
    ((*UP, ("zz\n", "x")), "a label name has characters other than letters, digits and _", None),
    ((("1a", "x"), *UP), "a label name has characters other than letters, digits and _", None),
    ((("__name__", "a.b"),), "a metric name has characters other than letters, digits, _ and :", None),
    ((("__name__", "1a"),), "a metric name has characters other than letters, digits, _ and :", None),
    ((*UP, ("z", b"\xff")), "a label is not UTF-8 text", LONG_SYMBOL),
    ((*UP, ("z", b"\xc3")), "a label is not UTF-8 text", "a label is not UTF-8 text"),
    ((*UP, ("z", b"\xed\xa0\x80")), "a label is not UTF-8 text", "a label is not UTF-8 text"),
    ((*UP, ("z", "a\0b")), "a label is not UTF-8 text", "a label is not UTF-8 text"),
    (
        (*UP, ("z", "v" * 2049)),
        "a label value longer than 2048 bytes",
        "a label longer than 2048 bytes, or not UTF-8 text",
    ),
    ((*UP, ("z" * 1025, "v")), "a label name longer than 1024 bytes", "a label name longer than 1024 bytes"),
    ((*UP, *((f"l{n:03}", "v") for n in range(63))), "more than 64 labels", "more than 64 labels"),
    (
        (*UP, *((f"l{n:03}", "v" * 2000) for n in range(9))),
        "labels longer than 16384 bytes together",
        "labels longer than 16384 bytes together",
    ),
]


@pytest.mark.parametrize(("labels", "in_v1", "in_v2"), BAD_LABELS)
@pytest.mark.parametrize("samples", [[(1.0, NOW)], [(0.0, NOW)], [(1.0, NOW), (2.0, NOW + 1)]])
def test_a_bad_series_is_refused_alone(
    labels: Labels, in_v1: str, in_v2: str | None, samples: list[tuple[float, int]]
) -> None:
    good: tuple[Labels, list[tuple[float, int]]] = ((("__name__", "good"),), [(7.0, NOW)])
    for version, reason in ((Version.V1, in_v1), (Version.V2, in_v2)):
        cache = SeriesCache()
        for _ in range(2):
            batch = write(encoders[version](good, (labels, samples)), version, cache)
            assert [(one.reason, one.count) for one in batch.rejections] == ([(reason, len(samples))] if reason else [])
            assert batch.counts.samples == (1 if reason else 1 + len(samples))
            assert ("good", (), NOW, struct.pack("<d", 7.0)) in spoken(batch)


def test_just_good_labels_are_taken() -> None:
    limits = ((*UP, ("z" * 1024, "v" * 2048)), (*UP, *((f"l{n:03}", "v") for n in range(62))))
    assert [len(write(v1_body((labels, [(1.0, NOW)])))) for labels in limits] == [1, 1]
    assert [len(write(v2_body((labels, [(1.0, NOW)])), Version.V2)) for labels in limits] == [1, 1]


def test_a_label_of_10_mb_is_refused_alone() -> None:
    labels = (*UP, ("z", "v" * 10_000_000))
    good: tuple[Labels, list[tuple[float, int]]] = ((("__name__", "good"),), [(7.0, NOW)])
    for version, encode in encoders.items():
        batch = write(encode((labels, [(1.0, NOW)]), good), version)
        assert (batch.counts.samples, batch.rejected_count) == (1, 1)
        answer = remote_write.answer(version, batch.counts, batch.rejections)
        assert answer.status == 400
        assert "1 refused" in answer.body
        assert len(answer.body) < 1000


@pytest.mark.parametrize(
    ("at_ms", "reason"),
    [
        (NOW + 600_000, None),
        (NOW + 600_001, "a time more than 10 minutes in the future"),
        (NOW + 36_000_000, "a time more than 10 minutes in the future"),
        (2**63 - 1, "a time more than 10 minutes in the future"),
        (BOUNDS.oldest_ms, None),
        (BOUNDS.oldest_ms - 1, "a time before what is kept"),
        (0, "a time before what is kept"),
        (-1, "a time before what is kept"),
        (-(2**63), "a time before what is kept"),
    ],
)
def test_times_outside_of_the_bounds_refuse_the_sample(at_ms: int, reason: str | None) -> None:
    for version, encode in encoders.items():
        cache = SeriesCache()
        for _ in range(2):
            batch = write(encode((UP, [(1.0, at_ms)]), ((("__name__", "b"),), [(1.0, NOW)])), version, cache)
            assert [one.reason for one in batch.rejections] == ([reason] if reason else [])
            assert len(batch) == batch.counts.samples == (1 if reason else 2)


def test_samples_that_go_back_in_time_are_refused() -> None:
    for version, encode in encoders.items():
        batch = write(encode((UP, [(1.0, NOW), (2.0, NOW - 1), (3.0, NOW + 1)])), version)
        assert batch.rejections == [Rejection("samples of a series that go back in time", 1, "up")]
        assert sorted(batch.values.tolist()) == [1.0, 3.0]


def test_of_twins_one_is_kept_and_a_twin_with_another_value_is_refused() -> None:
    for version, encode in encoders.items():
        for first, second in (([(1.0, NOW), (1.0, NOW), (2.0, NOW)], []), ([(1.0, NOW)], [(1.0, NOW), (2.0, NOW)])):
            batch = write(encode((UP, first), (UP, second)) if second else encode((UP, first)), version)
            assert batch.values.tolist() == [1.0]
            assert batch.rejections == [Rejection("another value for the same series and time", 1)]
            assert batch.counts.samples == 2


def test_the_same_series_may_stand_twice_in_columns() -> None:
    for version, encode in encoders.items():
        batch = write(encode((UP, [(1.0, NOW)]), (UP, [(2.0, NOW + 1)]), (UP, [(1.0, NOW)])), version)
        assert len(batch.keys) == 1
        assert sorted(zip(batch.at_ms.tolist(), batch.values.tolist(), strict=True)) == [(NOW, 1.0), (NOW + 1, 2.0)]
        assert (batch.counts.samples, batch.rejections) == (3, [])


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (
            lambda s: bytes_field(1, b"\x01") + bytes_field(2, sample(1.0, NOW)),
            "labels that are not pairs of a name and a value",
        ),
        (
            lambda s: bytes_field(1, b"\x01\x63") + bytes_field(2, sample(1.0, NOW)),
            "a reference to a symbol that is not there",
        ),
        (
            lambda s: bytes_field(1, varint(1) + varint(2**32 - 1)) + bytes_field(2, sample(1.0, NOW)),
            "a reference to a symbol that is not there",
        ),
        (lambda s: bytes_field(1, s.refs(UP)), "a series with samples and histograms, or with neither"),
        (
            lambda s: bytes_field(1, s.refs(UP)) + bytes_field(2, sample(1.0, NOW)) + bytes_field(3, b""),
            "a series with samples and histograms, or with neither",
        ),
    ],
)
def test_a_series_of_2_0_that_breaks_its_rules_is_refused_alone(
    series: Callable[[Symbols], bytes], reason: str
) -> None:
    symbols = Symbols()
    good = v2_series(symbols, UP, [(1.0, NOW)])
    batch = write(symbols.request(good, series(symbols)), Version.V2)
    assert [one.reason for one in batch.rejections] == [reason]
    assert batch.counts.samples == 1


def test_a_first_symbol_with_a_text_is_malformed() -> None:
    with pytest.raises(MalformedBody):
        write(bytes_field(4, b"up"), Version.V2)


def test_a_separator_inside_of_a_symbol_cannot_make_another_series() -> None:
    symbols, cache = Symbols(), SeriesCache()
    write(v2_body((UP, [(1.0, NOW)])), Version.V2, cache)
    forged = v2_series(symbols, (("__name__", b"up\xffjob\xffnode"),), [(1.0, NOW)])
    batch = write(symbols.request(forged), Version.V2, cache)
    assert (len(batch), batch.rejected_count) == (0, 1)


def test_metadata_alone_is_a_good_request_of_1_0() -> None:
    told = number_field(1, 1) + bytes_field(2, b"up_total") + bytes_field(4, b"Whether.") + bytes_field(5, b"By")
    batch = write(bytes_field(3, told) + bytes_field(3, number_field(1, 99) + bytes_field(2, b"odd")))
    assert batch.metadata == {"up_total": Metadata("counter", "By", "Whether."), "odd": Metadata("unknown", "", "")}
    assert len(batch) == 0
    assert remote_write.answer(Version.V1, batch.counts, batch.rejections).status == 204


@pytest.mark.parametrize("count", [1, 2])  # in columns, and one after the other
def test_metadata_of_2_0_belongs_to_the_family(count: int) -> None:
    symbols, samples = Symbols(), [(1.0, NOW + number) for number in range(count)]
    told = number_field(1, 3) + number_field(3, symbols.ref("How long.")) + number_field(4, symbols.ref("s"))
    wrong = number_field(1, 2) + number_field(3, 5000)
    series = [
        v2_series(symbols, (("__name__", "took_bucket"), ("le", "1")), samples, told),
        v2_series(symbols, (("__name__", "took_count"),), samples, told),
        v2_series(symbols, (("__name__", "free"),), samples, number_field(1, 2)),
        v2_series(symbols, (("__name__", "lost"),), samples, wrong),
        v2_series(symbols, (("__name__", "empty"),), samples, number_field(3, 0)),
    ]
    batch = write(symbols.request(*series), Version.V2)
    assert batch.metadata == {"took": Metadata("histogram", "s", "How long."), "free": Metadata("gauge", "", "")}
    assert (batch.counts.samples, batch.rejections) == (5 * count, [])


def test_exemplars_are_counted() -> None:
    exemplar = v1_label("trace_id", "abc") + double_field(2, 1.0) + number_field(3, NOW)
    late = double_field(2, 1.0) + number_field(3, NOW + 3_600_000)
    raw = v1_series(UP, [(1.0, NOW)]) + bytes_field(3, exemplar) + bytes_field(3, late)
    batch = write(v1_request(raw))
    assert batch.counts == WrittenCounts(samples=1, exemplars=1)
    assert [one.count for one in batch.rejections] == [1]
    symbols = Symbols()
    good = bytes_field(1, symbols.refs([("trace_id", "abc")])) + number_field(3, NOW)
    bad = bytes_field(1, b"\x01") + number_field(3, NOW)
    series = v2_series(symbols, UP, [(1.0, NOW)]) + bytes_field(4, good) + bytes_field(4, bad)
    batch = write(symbols.request(series), Version.V2)
    assert batch.counts == WrittenCounts(samples=1, exemplars=1)
    assert [one.count for one in batch.rejections] == [1]


VALID = {
    Version.V1: v1_request(
        v1_series(UP, [(1.5, NOW)]) + bytes_field(3, v1_label("a", "b") + number_field(3, NOW)),
        v1_series((("__name__", "b"),), [(0.0, NOW), (2.0, NOW + 5)]),
    )
    + bytes_field(3, number_field(1, 1) + bytes_field(2, b"up")),
    Version.V2: v2_body((UP, [(1.5, NOW)]), ((("__name__", "b"),), [(0.0, NOW), (2.0, NOW + 5)])),
}


@pytest.mark.parametrize("version", list(Version))
def test_a_body_cut_at_any_byte_is_read_or_malformed(version: Version) -> None:
    body, whole = VALID[version], set(spoken(write(VALID[version], version)))
    outcomes = []
    for cut in range(len(body)):
        try:
            assert set(spoken(write(body[:cut], version))) <= whole
            outcomes.append("read")
        except MalformedBody:
            outcomes.append("malformed")
    assert outcomes.count("malformed") > len(body) // 2
    for cut in range(len(snappy(body))):
        with pytest.raises(MalformedBody):
            remote_write.decode(snappy(body)[:cut], version, BOUNDS, SeriesCache())


@given(st.sampled_from(list(Version)), st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_random_bytes_raise_only_our_errors(version: Version, body: bytes) -> None:
    for attempt in (body, snappy(body)):
        with contextlib.suppress(MalformedBody, TooLarge):
            remote_write.decode(attempt, version, BOUNDS, SeriesCache())


@given(
    st.sampled_from(list(Version)),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), min_size=1, max_size=4),
)
@settings(max_examples=400, deadline=None)
def test_a_good_body_with_wrong_bytes_raises_only_our_errors(version: Version, changes: list[tuple[int, int]]) -> None:
    body = bytearray(VALID[version])
    for place, byte in changes:
        body[place % len(body)] = byte
    with contextlib.suppress(MalformedBody, TooLarge):
        batch = write(bytes(body), version)
        spoken(batch)
        assert len(batch) <= batch.counts.samples


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x00" * 600_000,  # series without anything
        b"\x0b\x0c" + b"\x0a\x00" * 600_000,  # the same behind a group
        b"\x8a\x00\x00" * 600_000,  # the same with long tags
        bytes_field(1, v1_series(UP) + b"\x12\x00" * 600_000),  # samples of one series
        bytes_field(1, b"\x0a\x00" * 600_000),  # labels of one series
        bytes_field(1, v1_series(UP) + b"\x1a\x00" * 600_000),  # exemplars
        bytes_field(1, v1_series(UP) + b"\x12\x00" * 400_000) * 2,  # samples that are too old
        bytes_field(1, v1_series(UP) + b"\x1a\x00" * 400_000) * 2,
        b"".join(bytes_field(1, v1_series(UP) + bytes_field(2, sample(1.0, NOW)) * 300) for _ in range(2000)),
    ],
)
def test_more_elements_than_memory_is_planned_for_are_too_large(body: bytes) -> None:
    with pytest.raises(TooLarge):
        remote_write.decode(_packed(body), Version.V1, BOUNDS, SeriesCache())


def test_symbols_that_would_unfold_to_gigabytes_are_too_large() -> None:
    symbols = Symbols()
    labels = [("__name__", "up"), *((f"l{n}", "v" * 2000) for n in range(7))]
    body = symbols.request(*[v2_series(symbols, labels, [(1.0, NOW)]) for _ in range(10_000)])
    with pytest.raises(TooLarge):
        remote_write.decode(_packed(body), Version.V2, BOUNDS, SeriesCache())


def _packed(body: bytes) -> bytes:
    import cramjam

    return bytes(cramjam.snappy.compress_raw(body))


@pytest.mark.parametrize(
    ("content_type", "encoding", "version"),
    [
        ("application/x-protobuf", "snappy", Version.V1),
        ("application/x-protobuf;proto=prometheus.WriteRequest", "snappy", Version.V1),
        ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", Version.V2),
        ('Application/X-Protobuf; charset=x; PROTO="io.prometheus.write.v2.Request"', "Snappy", Version.V2),
        (None, None, Version.V1),
        ("", "", Version.V1),
        ("application/json", "snappy", None),
        ("application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy", None),
        ("application/x-protobuf;proto=", "snappy", None),
        ("application/x-protobuf", "gzip", None),
        ("application/x-protobuf", "identity", None),
    ],
)
def test_the_content_type_alone_chooses_the_version(
    content_type: str | None, encoding: str | None, version: Version | None
) -> None:
    if version is None:
        with pytest.raises(UnsupportedMediaType):
            remote_write.version_of(content_type, encoding)
    else:
        assert remote_write.version_of(content_type, encoding) is version


def test_answers_tell_what_was_written() -> None:
    counts = WrittenCounts(samples=3, histograms=2, exemplars=1)
    written = {
        "X-Prometheus-Remote-Write-Samples-Written": "3",
        "X-Prometheus-Remote-Write-Histograms-Written": "2",
        "X-Prometheus-Remote-Write-Exemplars-Written": "1",
    }
    good = remote_write.answer(Version.V2, counts, [])
    assert (good.status, good.body, good.headers) == (204, "", written)
    rejections = [Rejection("a label without a value", 2, "up"), Rejection("other", 5)]
    bad = remote_write.answer(Version.V2, counts, rejections)
    assert (bad.status, bad.headers) == (400, written)
    assert bad.body == "7 refused, the others are stored: 2 with a label without a value (such as up); 5 with other\n"
    assert remote_write.answer(Version.V1, counts, []).headers == {}
    assert remote_write.written_headers(Version.V2)["X-Prometheus-Remote-Write-Samples-Written"] == "0"


def test_a_small_cache_forgets_and_loses_nothing() -> None:
    cache = SeriesCache(max_bytes=20_000)
    series = [((("__name__", f"m{number}"),), [(float(number), NOW)]) for number in range(1000)]
    expected = spoken(write(v1_body(*series)))
    for _ in range(3):
        assert spoken(write(v1_body(*series), cache=cache)) == expected
    known = [key for key in cache.find([v1_series(labels) for labels, _ in series]) if key]
    assert 0 < len(known) < 200
    assert len({bytes(key) for key in known}) == len(known)


def test_what_is_asked_for_again_stays_in_the_cache() -> None:
    cache = SeriesCache(max_bytes=20_000)
    cache.add(b"kept", b"key")
    for number in range(2000):
        cache.add(b"%d" % number, b"x")
        assert cache.find([b"kept"]) == [b"key"]


def test_columns_are_of_the_promised_types() -> None:
    batch = write(v1_body((UP, [(1.0, NOW)]), ((("__name__", "b"),), [(1.0, NOW), (2.0, NOW + 1)])))
    assert [column.dtype for column in (batch.series, batch.at_ms, batch.values)] == [np.int32, np.int64, np.float64]
    assert len(batch.increments) == 0
    assert [len(key) for key in batch.keys] == [16, 16]
    assert fixed_field(1, 5) == b"\x09\x05" + bytes(7)
