"""Zones: what occurs among resources whose names begin alike, so that a walk by name leaves out where nothing can be.

A zone tells too much rather than too little: a mark may be there that no resource has any more, never the other way.
"""

import zlib
from collections.abc import Iterable, Mapping

from app.domains.inventory.rules.wordbits import group_parts, own_parts
from app.domains.inventory.rules.words import MAX_HASHED, Term, Terms, tag_hash

ZONE_LENGTH = 2  # characters of a name
MAX_MARKS = 1_000  # of a zone in one unit; with more it tells nothing
_LENGTHS = (1, 2, 3, 4)  # characters of a word; ids in names would make too many of longer beginnings


def zones_of(resources: Iterable[tuple[str, Terms, Mapping[str, str]]]) -> dict[str, frozenset[int] | None]:
    """Marks by zone of these names, terms and tags; None where there are too many, of one resource's tags or in all."""
    parts: dict[str, set[str]] = {}
    groups: dict[str, set[frozenset[Term]]] = {}
    tags: dict[str, set[tuple[str, str]]] = {}
    unknown: set[str] = set()
    for name, terms, own_tags in resources:  # what resources share is looked at once for all of them
        zone = name[:ZONE_LENGTH]
        parts.setdefault(zone, set()).update(own_parts(terms))
        groups.setdefault(zone, set()).update(terms.shared)
        tags.setdefault(zone, set()).update(own_tags.items())
        if len(own_tags) > MAX_HASHED:
            unknown.add(zone)
    made: dict[str, frozenset[int] | None] = {}
    for zone in parts:
        words = parts[zone].union(*map(group_parts, groups[zone]))
        beginnings = {part[:length] for part in words if _is_told(part) for length in _LENGTHS}
        marks = {_mark(beginning) for beginning in beginnings} | {tag_hash(*tag) for tag in tags[zone]}
        made[zone] = None if zone in unknown or len(marks) > MAX_MARKS else frozenset(marks)
    return made


def asked_marks(words: Iterable[str], tags: Iterable[Iterable[tuple[str, str]]]) -> list[list[int]]:
    """Alternatives of marks: a zone where something matches has one of each. `tags` are alternatives too."""
    parts = (part[: _LENGTHS[-1]] for word in words for part in word.split("-") if _is_told(part))
    alternatives = [sorted({tag_hash(key, value) for key, value in one}) for one in tags]
    return [*alternatives, *([_mark(part)] for part in dict.fromkeys(parts))]


def _is_told(part: str) -> bool:
    """Numbers are not: they are as many as resources, and nobody's first word. A word that was cut may end empty."""
    return bool(part) and not part[0].isdigit()


def _mark(beginning: str) -> int:
    return zlib.crc32(beginning.encode()) - 2**31
