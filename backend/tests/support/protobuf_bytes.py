"""Protobuf and snappy written byte by byte, apart from any descriptor or library of the product."""

import struct
from collections.abc import Iterable, Sequence


def varint(number: int, *, at_least: int = 1) -> bytes:
    """Base 128, little end first; negative numbers as 64 bit. `at_least` so many bytes, as sloppy encoders write."""
    number &= (1 << 64) - 1
    made = bytearray()
    while number > 0x7F or len(made) + 1 < at_least:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def zigzag(number: int) -> bytes:
    """A signed number of the kinds sint32 and sint64."""
    return varint(number * 2 if number >= 0 else -number * 2 - 1)


def number_field(field: int, number: int) -> bytes:
    """A field of the kinds int, uint, bool and enum."""
    return varint(field << 3) + varint(number)


def bytes_field(field: int, content: bytes) -> bytes:
    """A field of the kinds string, bytes and message, or packed."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def double_field(field: int, value: float) -> bytes:
    """A double, its bits as they are."""
    return varint(field << 3 | 1) + struct.pack("<d", value)


def fixed_field(field: int, number: int) -> bytes:
    """A field of the kinds fixed64 and sfixed64."""
    return varint(field << 3 | 1) + struct.pack("<Q", number & (1 << 64) - 1)


def v1_label(name: str | bytes, value: str | bytes) -> bytes:
    """A label of a Remote-Write 1.0 series."""
    raw_name, raw_value = (text.encode() if isinstance(text, str) else text for text in (name, value))
    return bytes_field(1, bytes_field(1, raw_name) + bytes_field(2, raw_value))


def sample(value: float, at_ms: int) -> bytes:
    """The content of a sample of either version, zeros left out as Go does it."""
    is_zero = struct.pack("<d", value) == bytes(8)
    return (b"" if is_zero else double_field(1, value)) + (number_field(2, at_ms) if at_ms else b"")


def v1_series(labels: Iterable[tuple[str | bytes, str | bytes]], samples: Iterable[tuple[float, int]] = ()) -> bytes:
    """The content of a Remote-Write 1.0 series."""
    return b"".join(v1_label(*label) for label in labels) + b"".join(bytes_field(2, sample(*one)) for one in samples)


def v1_request(*series: bytes) -> bytes:
    """A WriteRequest."""
    return b"".join(bytes_field(1, one) for one in series)


class Symbols:
    """The table of a Remote-Write 2.0 request; the first is the empty one."""

    def __init__(self) -> None:
        self.numbers: dict[str | bytes, int] = {"": 0}

    def ref(self, text: str | bytes) -> int:
        """The number of a text."""
        return self.numbers.setdefault(text, len(self.numbers))

    def refs(self, labels: Iterable[tuple[str | bytes, str | bytes]]) -> bytes:
        """The content of a packed labels_refs."""
        return b"".join(varint(self.ref(text)) for label in labels for text in label)

    def request(self, *series: bytes) -> bytes:
        """A Request with these symbols."""
        texts = [text.encode() if isinstance(text, str) else text for text in self.numbers]
        return b"".join(bytes_field(4, text) for text in texts) + b"".join(bytes_field(5, one) for one in series)


def v2_series(
    symbols: Symbols,
    labels: Iterable[tuple[str | bytes, str | bytes]],
    samples: Iterable[tuple[float, int]] = (),
    metadata: bytes = b"",
    *,
    start_ms: int = 0,
) -> bytes:
    """The content of a Remote-Write 2.0 series."""
    start = number_field(3, start_ms) if start_ms else b""
    return (
        bytes_field(1, symbols.refs(labels))
        + b"".join(bytes_field(2, sample(*one) + start) for one in samples)
        + (bytes_field(5, metadata) if metadata else b"")
    )


def snappy(content: bytes) -> bytes:
    """A snappy block of literals only."""
    parts = [varint(len(content))]
    for start in range(0, len(content), 65_536):
        part = content[start : start + 65_536]
        length = len(part) - 1
        parts += [bytes([length << 2]) if length < 60 else b"\xf4" + length.to_bytes(2, "little"), part]
    return b"".join(parts)


def histogram(
    *,
    count: int | float,
    total: float,
    schema: int,
    positive: Sequence[tuple[int, Sequence[float]]] = (),
    negative: Sequence[tuple[int, Sequence[float]]] = (),
    zero: int | float = 0,
    zero_threshold: float = 0.0,
    at_ms: int = 0,
    bounds: Sequence[float] = (),
) -> bytes:
    """A native histogram, of integers or floats by the kind of `count`. Sides are (offset, counts) a span."""
    is_float = isinstance(count, float)
    made = double_field(2, count) if is_float else number_field(1, int(count))
    made += double_field(3, total) + varint(4 << 3) + zigzag(schema) + double_field(5, zero_threshold)
    made += double_field(7, zero) if is_float else number_field(6, int(zero))
    for spans_field, sides in ((8, negative), (11, positive)):
        for offset, counts in sides:
            span = varint(1 << 3) + zigzag(offset) + number_field(2, len(counts))
            made += bytes_field(spans_field, span)
        flat = [one for _, counts in sides for one in counts]
        if is_float:
            made += bytes_field(spans_field + 2, b"".join(struct.pack("<d", one) for one in flat))
        else:
            deltas = [int(one) - int(before) for before, one in zip([0, *flat], flat, strict=False)]
            made += bytes_field(spans_field + 1, b"".join(map(zigzag, deltas)))
    made += number_field(15, at_ms)
    if bounds:
        made += bytes_field(16, b"".join(struct.pack("<d", one) for one in bounds))
    return made
