"""Chunks and blocks: exact to the bit for every value, and small for the usual ones."""

import struct

import numpy as np
import pytest
from app.domains.metrics.rules.blocks import Samples, decode_block, encode_block, latest_of_each
from app.domains.metrics.rules.chunks import decode_chunk, decode_chunks, encode_chunks
from app.domains.metrics.rules.packing import DamagedPayload
from hypothesis import given, settings
from hypothesis import strategies as st

NOW_MS = 1_700_000_000_000
ODD_BITS = [
    0x7FF0000000000002, 0x7FF8000000000001, 0xFFF8000000000000, 0x7FF0000000000000, 0xFFF0000000000000,
    0x8000000000000000, 0, 1, 0x000FFFFFFFFFFFFF, 0x7FEFFFFFFFFFFFFF, 0x4340000000000000, 0xC340000000000001,
]  # fmt: skip
bits = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from(ODD_BITS))
plain = st.one_of(
    st.floats(allow_nan=False).map(lambda value: struct.unpack("<Q", struct.pack("<d", value))[0]),
    st.integers(-(10**9), 10**9).map(lambda value: struct.unpack("<Q", struct.pack("<d", value / 100))[0]),
)
piece = st.lists(
    st.tuples(st.one_of(st.just(15_000), st.integers(0, 3), st.integers(0, 2**40)), st.one_of(bits, plain)),
    min_size=1,
    max_size=60,
)


def columns(points: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    at_ms = NOW_MS + np.cumsum(np.array([step for step, _ in points], np.int64))
    return at_ms, np.array([value for _, value in points], np.uint64)


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(piece, min_size=1, max_size=6))
def test_every_bit_pattern_comes_back(pieces: list[list[tuple[int, int]]]) -> None:
    made = [columns(points) for points in pieces]
    starts = np.cumsum([0, *(len(points) for points in pieces[:-1])])
    payloads = encode_chunks(
        np.concatenate([at_ms for at_ms, _ in made]),
        np.concatenate([values for _, values in made]).view(np.float64),
        starts,
    )
    assert len(payloads) == len(pieces)
    for payload, (at_ms, values) in zip(payloads, made, strict=True):
        points = decode_chunk(payload)
        assert points.at_ms.tolist() == at_ms.tolist()
        assert points.values.view(np.uint64).tolist() == values.tolist()
    counts, together = decode_chunks(payloads)
    assert counts.tolist() == [len(points) for points in pieces]
    assert len(together.at_ms) == sum(len(points) for points in pieces)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(1, 2**62), st.integers(0, 2**45), bits), min_size=1, max_size=80))
def test_a_block_gives_back_its_samples_in_their_order(rows: list[tuple[int, int, int]]) -> None:
    series, at_ms, values = zip(*rows, strict=True)
    samples = Samples(
        np.array(series, np.int64), np.array(at_ms, np.int64), np.array(values, np.uint64).view(np.float64)
    )
    found = decode_block(encode_block(samples))
    assert found.series.tolist() == list(series)
    assert found.at_ms.tolist() == list(at_ms)
    assert found.values.view(np.uint64).tolist() == list(values)


@given(rows=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 9)), max_size=30))
def test_of_samples_with_one_time_the_last_is_kept(rows: list[tuple[int, int, int]]) -> None:
    expected = {(series, at_ms): value for series, at_ms, value in rows}
    columns_of = [np.array([row[index] for row in rows], np.int64) for index in range(3)]
    found = latest_of_each(Samples(columns_of[0], columns_of[1], columns_of[2].astype(np.float64)))
    kept = list(zip(found.series.tolist(), found.at_ms.tolist(), found.values.tolist(), strict=True))
    assert kept == [(*key, float(expected[key])) for key in sorted(expected)]


@pytest.mark.parametrize("points", [1, 2, 3, 480, 10_000])
@pytest.mark.parametrize("kind", ["constant", "counter", "noise"])
def test_the_size_of_usual_series(points: int, kind: str) -> None:
    random = np.random.default_rng(7)
    at_ms = NOW_MS + 15_000 * np.arange(points, dtype=np.int64)
    values = {
        "constant": np.full(points, 0.1),
        "counter": np.cumsum(random.integers(0, 200, points)).astype(np.float64),
        "noise": random.normal(50, 5, points),
    }[kind]
    [payload] = encode_chunks(at_ms, values, np.array([0]))
    found = decode_chunk(payload)
    assert found.at_ms.tolist() == at_ms.tolist()
    assert (found.values == values).all()
    if points >= 480:
        assert len(payload) / points < {"constant": 0.1, "counter": 2.1, "noise": 8.2}[kind]


def test_damaged_payloads_are_told() -> None:
    at_ms = NOW_MS + np.arange(40, dtype=np.int64) ** 2
    [chunk] = encode_chunks(at_ms, np.sin(at_ms.astype(np.float64)), np.array([0]))
    block = encode_block(Samples(at_ms, at_ms, at_ms.astype(np.float64)))
    for cut in range(len(chunk)):
        with pytest.raises(DamagedPayload):
            decode_chunk(chunk[:cut])
    for cut in range(len(block)):
        with pytest.raises(DamagedPayload):
            decode_block(block[:cut])
    with pytest.raises(DamagedPayload, match="version 9"):
        decode_chunk(b"\x09" + chunk[1:])
    with pytest.raises(DamagedPayload, match="version 9"):
        decode_block(b"\x09" + block[1:])
