"""Zones: what occurs among resources whose names begin alike, so that a walk by name leaves out where nothing can be.

A zone tells too much rather than too little: a mark may be there that no resource has any more, never the other way.
"""

import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache

from app.domains.inventory.rules.words import Term, Terms, first_part, tag_hash, tag_hashes

ZONE_LENGTH = 2  # characters of a name
MAX_MARKS = 1_000  # of a zone in one unit; with more it tells nothing
_MARK_LENGTH = 4  # characters of a word; numbers in names would make too many of longer ones


def zone_of(name: str) -> str:
    """The zone of a name: all that begins like it."""
    return name[:ZONE_LENGTH]


def zone_marks(terms: Terms, tags: Mapping[str, str]) -> frozenset[int] | None:
    """The marks of a resource, of its tags and of its words' beginnings; None for more tags than are told."""
    hashes = tag_hashes(tags)
    if hashes is None:
        return None
    marks = set(hashes)
    for kind, text in terms.own:
        if kind in ("word", "alias"):
            marks |= _part_marks(first_part(text))
    for group in terms.shared:
        marks |= _group_marks(group)
    return frozenset(marks)


def asked_marks(words: Iterable[str], tags: Iterable[Iterable[tuple[str, str]]]) -> list[list[int]]:
    """Alternatives of marks: a zone where something matches has one of each. `tags` are alternatives too."""
    parts = (part[:_MARK_LENGTH] for word in words for part in word.split("-") if _is_told(part))
    alternatives = [sorted({tag_hash(key, value) for key, value in one}) for one in tags]
    return [*alternatives, *([_mark(part)] for part in dict.fromkeys(parts))]


def _is_told(part: str) -> bool:
    """Numbers are not: they are as many as resources, and nobody's first word."""
    return not part[:1].isdigit()


def _mark(beginning: str) -> int:
    return zlib.crc32(beginning.encode()) - 2**31


def _part_marks(part: str) -> set[int]:
    if not _is_told(part):
        return set()
    return {_mark(part[:length]) for length in range(1, min(len(part), _MARK_LENGTH) + 1)}


@lru_cache(maxsize=25_000)  # the same for most rows of an estate
def _group_marks(group: frozenset[Term]) -> frozenset[int]:
    marks: set[int] = set()
    for kind, text in group:
        if kind == "word":
            marks |= _part_marks(first_part(text))
    return frozenset(marks)
