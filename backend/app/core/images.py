"""Pictures that people hand in, written anew from the parts that draw: no metadata, no comments, no trailing bytes.

PNG, JPEG and WebP are told apart by content. The parts are checked and copied, the pixels are not drawn again: that
would take an image library, whose decoders are what such files attack. Sources: RFC 2083 and PNG third edition, ITU
T.81, https://developers.google.com/speed/webp/docs/riff_container (2026-11).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.core.errors import FieldProblem, InvalidInput, UnsupportedMediaType

ImageKind = Literal["image/png", "image/jpeg", "image/webp"]
LEAST_PIXELS, MOST_PIXELS = 16, 1_024  # a side
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"pHYs", b"IDAT", b"IEND"})
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by colour type
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
_JPEG_KEPT = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, 0xE0, 0xEE})  # tables, JFIF, Adobe's colour transform
_WEBP_ALPHA = 0x10


@dataclass(frozen=True, kw_only=True)
class Image:
    """A checked picture, as it may be served."""

    kind: ImageKind
    width: int
    height: int
    content: bytes


class _Damaged(Exception):
    """The file is not what its first bytes say."""


def clean_image(content: bytes, *, pointer: str = "#/file") -> Image:
    """The picture without anything that does not draw it.

    Raises UnsupportedMediaType for another kind of file (SVG is one), InvalidInput for a damaged or oversized picture.
    """
    try:
        if content.startswith(_PNG):
            image = _clean_png(content)
        elif content.startswith(b"\xff\xd8\xff"):
            image = _clean_jpeg(content)
        elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            image = _clean_webp(content)
        else:
            raise UnsupportedMediaType("Send a PNG, JPEG or WebP picture.")
    except (_Damaged, struct.error, IndexError, zlib.error):
        raise InvalidInput(errors=[FieldProblem(pointer=pointer, detail="is a damaged picture")]) from None
    if not all(LEAST_PIXELS <= side <= MOST_PIXELS for side in (image.width, image.height)):
        detail = f"must measure {LEAST_PIXELS} to {MOST_PIXELS} pixels a side; it has {image.width} × {image.height}"
        raise InvalidInput(errors=[FieldProblem(pointer=pointer, detail=detail)])
    return image


def _clean_png(content: bytes) -> Image:
    chunks = list(_png_chunks(content))
    header = chunks[0][1]
    if [kind for kind, _ in chunks].count(b"IHDR") != 1 or chunks[0][0] != b"IHDR" or len(header) != 13:
        raise _Damaged
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if depth not in _PNG_DEPTHS.get(colour, ()) or compression or filtering or interlace > 1 or not width or not height:
        raise _Damaged
    if max(width, height) <= MOST_PIXELS:
        _check_pixels(chunks, _png_size(width, height, depth * _PNG_SAMPLES[colour], interlaced=interlace == 1))
    kept = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
        if kind in _PNG_KEPT
    )
    return Image(kind="image/png", width=width, height=height, content=_PNG + kept)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        (length,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, at + 8 + length)
        if len(data) != length or zlib.crc32(kind + data) != checksum:
            raise _Damaged
        yield kind, data
        at += 12 + length


def _check_pixels(chunks: list[tuple[bytes, bytes]], expected: int) -> None:
    """Unpack no further than the picture can need."""
    unpacker = zlib.decompressobj()
    found = len(unpacker.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"), expected + 1))
    if found != expected:
        raise _Damaged


def _png_size(width: int, height: int, bits: int, *, interlaced: bool) -> int:
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = max(0, -(-(width - left) // across)), max(0, -(-(height - top) // down))
        total += rows * (1 + (columns * bits + 7) // 8) if columns and rows else 0
    return total


def _clean_jpeg(content: bytes) -> Image:
    kept, at, size = [b"\xff\xd8"], 2, None
    while True:
        if content[at] != 0xFF:
            raise _Damaged
        marker = content[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif marker == 0xD9:
            break
        else:
            (length,) = struct.unpack_from(">H", content, at + 2)
            segment = content[at : at + 2 + length]
            if length < 2 or len(segment) != length + 2:
                raise _Damaged
            if marker in _JPEG_FRAMES:
                if size is not None:
                    raise _Damaged
                height, width = struct.unpack_from(">HH", segment, 5)
                size = width, height
            at += len(segment)
            if marker == 0xDA:
                end = _end_of_scan(content, at)
                segment, at = segment + content[at:end], end
            elif 0xC0 <= marker <= 0xCF and marker not in _JPEG_KEPT:
                raise _Damaged  # lossless, arithmetic and hierarchical ones, which browsers do not show
            if marker == 0xDA or marker in _JPEG_KEPT:
                kept.append(segment)
    if size is None or not any(part[1] == 0xDA for part in kept):
        raise _Damaged
    return Image(kind="image/jpeg", width=size[0], height=size[1], content=b"".join([*kept, b"\xff\xd9"]))


def _end_of_scan(content: bytes, at: int) -> int:
    while True:
        at = content.find(b"\xff", at)
        if at < 0:
            raise _Damaged
        if content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7:  # neither a stuffed byte nor a restart
            return at
        at += 2


def _clean_webp(content: bytes) -> Image:
    (declared,) = struct.unpack_from("<I", content, 4)
    end, at = declared + 8, 12
    if not 12 < end <= len(content):
        raise _Damaged
    chunks: dict[bytes, bytes] = {}
    while at < end:
        kind, (length,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        data = content[at + 8 : at + 8 + length]
        if at + 8 + length > end or kind in chunks or kind in (b"ANIM", b"ANMF"):
            raise _Damaged
        chunks[kind] = data
        at += 8 + length + length % 2
    if (b"VP8 " in chunks) == (b"VP8L" in chunks):
        raise _Damaged
    width, height = _webp_size(chunks)
    kept: dict[bytes, bytes] = {}
    if b"ALPH" in chunks and b"VP8 " in chunks:
        size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        kept = {b"VP8X": bytes((_WEBP_ALPHA, 0, 0, 0)) + size, b"ALPH": chunks[b"ALPH"]}
    kept |= {kind: chunks[kind] for kind in (b"VP8 ", b"VP8L") if kind in chunks}
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in kept.items())
    packed = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    return Image(kind="image/webp", width=width, height=height, content=packed)


def _webp_size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    if (lossy := chunks.get(b"VP8 ")) is not None:
        if lossy[3:6] != b"\x9d\x01\x2a" or lossy[0] & 1:
            raise _Damaged
        width, height = struct.unpack_from("<HH", lossy, 6)
        return width & 0x3FFF, height & 0x3FFF
    lossless = chunks[b"VP8L"]
    if lossless[0] != 0x2F:
        raise _Damaged
    (bits,) = struct.unpack_from("<I", lossless, 1)
    return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
