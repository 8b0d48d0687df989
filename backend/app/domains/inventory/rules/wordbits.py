"""The words of a resource as bits that an index can hold: what begins one of its words has its bits among them.

Each part of a word sets bits for its beginnings, so that those of a beginning are among those of the whole. Other words
may have set them, rarely all: what bits find is looked at again, or told as an estimate.
"""

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

from app.domains.inventory.rules.words import Term, Terms, parts_of

WIDTH = 512
_LENGTHS = (1, 2, 3, 4, 6, 8, 12)  # bytes of a beginning
_BITS = tuple(1 << number for number in range(WIDTH))


def word_bits(terms: Terms) -> int:
    """The bits of everything that a query's words can begin; ids are not among it."""
    bits = 0
    for part in own_parts(terms):
        bits |= _part_bits(part)
    for group in terms.shared:
        bits |= _group_bits(group)
    return bits


def own_parts(terms: Terms) -> set[str]:
    """The parts of a resource's own words and aliases.

    All of them: a long name has parts that no word of its own begins with, and a query can have them too.
    """
    return {
        part
        for kind, text in terms.own
        if kind in ("word", "alias")
        for part in (text.split("-") if kind == "word" else parts_of(text))
    }


@lru_cache(maxsize=25_000)  # the same for most rows of an estate
def group_parts(group: frozenset[Term]) -> frozenset[str]:
    """The same for a set of shared terms."""
    return frozenset(part for kind, text in group if kind == "word" for part in text.split("-"))


def asked_bits(words: Iterable[str]) -> int:
    """The bits that a resource has which matches every word of a query."""
    bits = 0
    for word in words:
        for part in word.split("-"):
            bits |= _part_bits(part)
    return bits


def bits_text(bits: int) -> str:
    """Bits as PostgreSQL reads them."""
    return f"x{bits:0{WIDTH // 4}x}"


def are_plain(words: Sequence[str]) -> bool:
    """Whether having the bits of these words is matching them, but for chance; not where a word has several parts."""
    return not any("-" in word for word in words)


@lru_cache(maxsize=25_000)
def _part_bits(part: str) -> int:
    """The bits of a word without a dash."""
    letters, number, bits, done = part.encode(), 0, 0, 0
    for length in _LENGTHS:
        if length > len(letters):
            break
        number = zlib.crc32(letters[done:length], number)
        done = length
        bits |= _BITS[number % WIDTH] | _BITS[(number >> 16) % WIDTH]
    return bits


@lru_cache(maxsize=25_000)
def _group_bits(group: frozenset[Term]) -> int:
    bits = 0
    for part in group_parts(group):
        bits |= _part_bits(part)
    return bits
