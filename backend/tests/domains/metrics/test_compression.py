import contextlib
import gzip
import hashlib
import tracemalloc
import zlib

import cramjam
import pytest
from app.core.errors import MalformedBody, TooLarge, UnsupportedMediaType
from app.core.uploads import MIB, Limits
from app.domains.metrics.rules.compression import unpack_otlp, unpack_snappy
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.protobuf_bytes import snappy, varint

SMALL = Limits(packed_bytes=None, unpacked_bytes=2 * MIB)


@given(st.binary(max_size=5000))
@settings(deadline=None)
def test_a_snappy_block_gives_back_what_went_in(content: bytes) -> None:
    assert unpack_snappy(snappy(content)) == content
    assert unpack_snappy(bytes(cramjam.snappy.compress_raw(content))) == content


@pytest.mark.parametrize(
    ("elements", "content"),
    [
        (b"\x00a" + b"\x01\x01", b"a" + b"aaaa"),  # a copy that overlaps itself, one byte of offset
        (b"\x04ab" + b"\x0e\x02\x00", b"ab" + b"abab"),  # two bytes of offset
        (b"\x04ab" + b"\x0f\x02\x00\x00\x00", b"ab" + b"abab"),  # four bytes
        (b"\xf0\x02abc", b"abc"),  # a literal whose length is in the next byte
    ],
)
def test_every_element_of_snappy_is_read(elements: bytes, content: bytes) -> None:
    assert unpack_snappy(varint(len(content)) + elements) == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"\xff" * 5,
        b"\xff" * 20,
        b"\x05\x00a",
        b"\x05\x01\x01",
        b"\x05\x00a\x01\x00",
        b"\x05\x00a\x01\x09",
    ],
)
def test_a_broken_snappy_block_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        unpack_snappy(body)


def test_a_snappy_block_cut_anywhere_is_malformed() -> None:
    block = bytes(cramjam.snappy.compress_raw(b"the same thing again and again and again" * 20))
    for cut in range(len(block)):
        with pytest.raises(MalformedBody):
            unpack_snappy(block[:cut])


@pytest.mark.parametrize("declared", [32 * MIB + 1, 2**32 - 1, 2**31])
def test_a_claimed_length_is_refused_before_memory_is_taken(declared: int) -> None:
    tracemalloc.start()
    with pytest.raises(TooLarge):
        unpack_snappy(varint(declared) + b"\x00a" * 1000)
    assert tracemalloc.get_traced_memory()[1] < MIB
    tracemalloc.stop()


def test_a_length_that_the_content_cannot_have_is_too_large() -> None:
    with pytest.raises(TooLarge):
        unpack_snappy(varint(20 * MIB) + b"\x00a")


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_random_bytes_raise_only_our_errors(body: bytes) -> None:
    for unpack in (unpack_snappy, lambda raw: unpack_otlp(raw, "gzip"), lambda raw: unpack_otlp(raw, "deflate")):
        with contextlib.suppress(MalformedBody, TooLarge):
            unpack(body)


@given(st.binary(max_size=5000), st.sampled_from([None, "", "identity", "gzip", "GZIP ", "x-gzip", "deflate", "bare"]))
@settings(deadline=None)
def test_every_encoding_of_otlp_gives_back_what_went_in(content: bytes, encoding: str | None) -> None:
    body = content
    if "gzip" in (encoding or "").lower():
        body = gzip.compress(content[:100]) + gzip.compress(content[100:])  # two members are one body
    elif encoding == "deflate":
        body = zlib.compress(content)
    elif encoding == "bare":
        packer = zlib.compressobj(wbits=-15)
        body, encoding = packer.compress(content) + packer.flush(), "deflate"
    assert unpack_otlp(body, encoding) == content


def test_a_large_gzip_is_unpacked_whole() -> None:
    content = hashlib.shake_128(b"samples").digest(100_000) * 50  # beyond what one step of unpacking gives
    assert unpack_otlp(gzip.compress(content, 1), "gzip") == content


def test_a_gzip_cut_anywhere_is_malformed() -> None:
    body = gzip.compress(b"the same thing again and again")
    for cut in range(1, len(body)):
        with pytest.raises(MalformedBody):
            unpack_otlp(body[:cut], "gzip")
    with pytest.raises(MalformedBody):
        unpack_otlp(body + b"more", "gzip")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_stops_at_its_ratio(encoding: str) -> None:
    bomb = gzip.compress(bytes(60 * MIB)) if encoding == "gzip" else zlib.compress(bytes(60 * MIB))
    tracemalloc.start()
    with pytest.raises(TooLarge, match="far more"):
        unpack_otlp(bomb, encoding)
    assert tracemalloc.get_traced_memory()[1] < 12 * MIB
    tracemalloc.stop()


def test_too_much_is_too_large_whatever_the_ratio() -> None:
    content = bytes(range(256)) * 4096 * 3
    with pytest.raises(TooLarge, match="too large"):
        unpack_otlp(zlib.compress(content, 0), "deflate", SMALL)
    with pytest.raises(TooLarge, match="too large"):
        unpack_otlp(content, None, SMALL)
    with pytest.raises(TooLarge, match="too large"):
        unpack_snappy(snappy(content), SMALL)


@pytest.mark.parametrize("encoding", ["br", "zstd", "snappy", "gzip, gzip"])
def test_other_encodings_are_not_supported(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        unpack_otlp(b"", encoding)
