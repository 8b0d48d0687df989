"""Bodies of senders unpacked within limits: snappy's block format, gzip and deflate.

A bomb is refused before it costs memory: snappy by the length that it declares, the others while they are unpacked.
"""

import zlib

import cramjam

from app.core.errors import MalformedBody, TooLarge, UnsupportedMediaType
from app.core.uploads import MIB, RATIO_FREE_BYTES, Limits

REMOTE_WRITE_LIMITS = Limits(packed_bytes=None, unpacked_bytes=32 * MIB)
OTLP_LIMITS = Limits(packed_bytes=None, unpacked_bytes=64 * MIB)
"""What was sent is bounded by the request's path, `core.request_checks`."""

_STEP = 256 * 1024
_GZIP_OR_ZLIB, _BARE = 47, -15  # zlib's window bits: told apart by the header; no header at all
_MAX_LENGTH_BYTES = 5  # of snappy's declared length, which has 32 bits


def unpack_snappy(body: bytes, limits: Limits = REMOTE_WRITE_LIMITS) -> bytes:
    """The content of one snappy block. Raises MalformedBody, and TooLarge by the declared length alone."""
    declared = _declared_length(body)
    _check(declared, len(body), limits)
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise MalformedBody("The body is not a snappy block (the block format, without frames).") from None


def unpack_otlp(body: bytes, encoding: str | None, limits: Limits = OTLP_LIMITS) -> bytes:
    """The content of a body with this Content-Encoding: none, identity, gzip or deflate.

    Raises UnsupportedMediaType, MalformedBody and TooLarge.
    """
    kind = (encoding or "identity").strip().lower()
    if kind == "identity":
        _check(len(body), len(body), limits)
        return body
    if kind in ("gzip", "x-gzip"):
        return _inflate(body, _GZIP_OR_ZLIB, limits)
    if kind == "deflate":
        # The standard means zlib's wrapping; some senders leave it out.
        return _inflate(body, _GZIP_OR_ZLIB if _has_zlib_header(body) else _BARE, limits)
    raise UnsupportedMediaType("Send the body plain, or as gzip or deflate.")


def _declared_length(body: bytes) -> int:
    """The unpacked length at the start of a snappy block, a little-endian base-128 number."""
    length = 0
    for index, byte in enumerate(body[:_MAX_LENGTH_BYTES]):
        length |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return length
    raise MalformedBody("The body is not a snappy block: it declares no length.")


def _check(unpacked: int, packed: int, limits: Limits) -> None:
    if limits.unpacked_bytes is not None and unpacked > limits.unpacked_bytes:
        raise TooLarge("The body is too large when unpacked. Send fewer samples in one request.")
    if unpacked > RATIO_FREE_BYTES and unpacked > limits.ratio * max(1, packed):
        raise TooLarge("The body unpacks to far more than was sent.")


def _has_zlib_header(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _inflate(body: bytes, window_bits: int, limits: Limits) -> bytes:
    """All members of a gzip body, one after the other, or the one stream of a deflated one."""
    parts: list[bytes] = []
    unpacked = position = 0
    view = memoryview(body)
    stream = zlib.decompressobj(window_bits)
    try:
        while position < len(body) or stream.unconsumed_tail:
            if stream.eof:
                if window_bits == _BARE or bytes(view[position : position + 2]) != b"\x1f\x8b":
                    raise MalformedBody("There is something behind the compressed body.")
                stream = zlib.decompressobj(window_bits)
            given = stream.unconsumed_tail or view[position : position + _STEP]
            if not stream.unconsumed_tail:
                position += len(given)
            part = stream.decompress(given, _STEP)
            position -= len(stream.unused_data)
            unpacked += len(part)
            _check(unpacked, len(body), limits)
            parts.append(part)
        while not stream.eof and (part := stream.decompress(b"", _STEP)):  # what zlib still holds
            unpacked += len(part)
            _check(unpacked, len(body), limits)
            parts.append(part)
    except zlib.error:
        raise MalformedBody("The compressed body is damaged.") from None
    if not stream.eof:
        raise MalformedBody("The compressed body ends too early.")
    return b"".join(parts)
