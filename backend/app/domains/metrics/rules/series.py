"""Which series a sample belongs to: the check of its labels, their canonical form, the key made of it, and a cache.

The canonical form is the UTF-8 of all names and values, the name of the metric included, in the order of the names,
joined by the byte 0xff, which UTF-8 never holds.
"""

import hashlib
import re
from collections.abc import Sequence

from app.domains.metrics.rules.batch import SeriesText

SEPARATOR = b"\xff"
NAME_LABEL = b"__name__"
_SEPARATOR_TEXT = SEPARATOR.decode(errors="surrogateescape")
# As Mimir and Cortex limit them by default, but for the number of labels, which is 30 there and too few for
# Kubernetes with a mesh.
MAX_LABELS, MAX_NAME_BYTES, MAX_VALUE_BYTES = 64, 1024, 2048
MAX_SERIES_BYTES = 16 * 1024
KEY_BYTES = 16

_PLAIN_NAMES = re.compile(rb"[a-zA-Z_][a-zA-Z0-9_]*(?:\xff[a-zA-Z_][a-zA-Z0-9_]*)*")
_PLAIN_METRIC = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ENTRY_BYTES = 250  # of the cache, besides the text: two objects and the place in the table


class SeriesRefused(Exception):
    """A series that is not taken; its text is the reason for the sender and the same for all series with that fault."""


def canonical_form(parts: Sequence[bytes], *, plain_names: bool) -> bytes:
    """The canonical form of labels, given as name, value, name, value in the order of the names.

    `plain_names`: names are letters, digits and underscores (and colons, for metrics), as Remote-Write 1.0 wants them;
    else any UTF-8. Raises SeriesRefused.
    """
    if len(parts) > 2 * MAX_LABELS:
        raise SeriesRefused(f"more than {MAX_LABELS} labels")
    names, values = parts[::2], parts[1::2]
    form = SEPARATOR.join(parts)
    if len(form) > MAX_SERIES_BYTES or max(map(len, parts), default=0) > MAX_NAME_BYTES:
        _check_lengths(form, names, values)
    if b"\x00" in form or not _is_text(parts):
        raise SeriesRefused("a label is not UTF-8 text")
    if sorted(set(names)) != names:
        ordered = sorted(names)
        raise SeriesRefused("a label occurs twice" if ordered == names else "labels are not sorted by name")
    if b"" in values:
        raise SeriesRefused("a label without a value")
    if names and not names[0]:
        raise SeriesRefused("a label without a name")
    if NAME_LABEL not in names:
        raise SeriesRefused("a series without __name__")
    if plain_names:
        if _PLAIN_NAMES.fullmatch(SEPARATOR.join(names)) is None:
            raise SeriesRefused("a label name has characters other than letters, digits and _")
        if _PLAIN_METRIC.fullmatch(values[names.index(NAME_LABEL)]) is None:
            raise SeriesRefused("a metric name has characters other than letters, digits, _ and :")
    return form


def _check_lengths(form: bytes, names: Sequence[bytes], values: Sequence[bytes]) -> None:
    if any(len(name) > MAX_NAME_BYTES for name in names):
        raise SeriesRefused(f"a label name longer than {MAX_NAME_BYTES} bytes")
    if any(len(value) > MAX_VALUE_BYTES for value in values):
        raise SeriesRefused(f"a label value longer than {MAX_VALUE_BYTES} bytes")
    if len(form) > MAX_SERIES_BYTES:
        raise SeriesRefused(f"labels longer than {MAX_SERIES_BYTES} bytes together")


def _is_text(parts: Sequence[bytes]) -> bool:
    text = b"\n".join(parts)
    try:
        text.isascii() or text.decode()
    except UnicodeDecodeError:
        return False
    return True


def series_key(form: bytes) -> bytes:
    """The identity of a series inside an organization."""
    return hashlib.blake2b(form, digest_size=KEY_BYTES).digest()


def series_text(form: bytes) -> SeriesText:
    """The words of a canonical form."""
    parts = form.decode(errors="surrogateescape").split(_SEPARATOR_TEXT)
    labels = dict(zip(parts[::2], parts[1::2], strict=True))
    return SeriesText(name=labels.pop(NAME_LABEL.decode()), labels=labels)


class SeriesCache:
    """From the bytes in which a sender spells a series to its key, so that a known series is not taken apart.

    One for a process; what is in it does not depend on the organization. The first byte of a spelling tells protocols
    apart: 0x0a is Remote-Write 1.0, 0xff is 2.0, 0 is OTLP. Two generations: what the older one holds
    and nobody asks for is forgotten when the younger one is full. A sender with more series than fit pays the full
    decoding of each. Safe to use from several threads: every step is one operation of a dict.
    """

    def __init__(self, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._half = max_bytes // 2
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self._young_bytes = 0

    def find(self, spellings: Sequence[bytes]) -> list[bytes | None]:
        """The keys of those that are known."""
        keys: list[bytes | None] = list(map(self._young.get, spellings))
        if self._old and None in keys:
            keys = [self.get(spelling) if key is None else key for spelling, key in zip(spellings, keys, strict=True)]
        return keys

    def get(self, spelling: bytes) -> bytes | None:
        """The key, if it is known."""
        key = self._young.get(spelling)
        if key is None:
            key = self._old.get(spelling)
            if key is not None:
                self.add(spelling, key)
        return key

    def add(self, spelling: bytes, key: bytes) -> None:
        """Remember the key of a spelling that was checked."""
        self._young[spelling] = key
        self._young_bytes += len(spelling) + _ENTRY_BYTES
        if self._young_bytes > self._half:
            self._old, self._young, self._young_bytes = self._young, {}, 0
