"""Ways in through `resource_terms`: which ranges of it hold every match of a condition, and how many they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.scope import Scope
from app.domains.inventory.queries.statement import LAST_CODE_POINT, Statement
from app.domains.inventory.rules import (
    TAG_SEPARATOR,
    Pattern,
    ResourceFilter,
    SearchTerm,
    id_term,
    query_words,
    tag_term,
)

TERM_LENGTH = 255
FEW_LISTS = 40  # of up to 100 resources each, see `service/terms.py`
_IDS, _WORDS = ("alias", "id"), ("alias", "word")


@dataclass(frozen=True, slots=True)
class Range:
    """Terms of some kinds: one text, or with `is_prefix` everything that begins with it."""

    kinds: tuple[str, ...]
    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where every match of one condition is listed, perhaps among others; `ids` are matches by our own id.

    `is_exact`: whatever is listed matches. `word`: the query's word, where it is one.
    """

    ranges: tuple[Range, ...]
    ids: tuple[UUID, ...] = ()
    word: str | None = None


def lookups_of(filters: ResourceFilter, scope: Scope | None) -> list[Lookup]:
    """Each condition that the look-up table can answer."""
    made = [_tags(key, values) for key, values in filters.tags.items()]
    made += [_word(word, filters.ids.get(word)) for word in filters.words or ()]
    for term in filters.more:
        if not term.negated and (found := _of_term(term)) is not None:
            made.append(found)
    for part in scope.parts() if scope else ():
        if part.tags:
            made.append(Lookup(tuple(Range(("tag",), tag_term(*tag)) for tag in sorted(set(part.tags)))))
    return made


def listed(made: Statement, org: str, lookup: Lookup) -> str:
    """A query of the ids that are listed."""
    parts = [
        f"SELECT unnest(t.resource_ids) FROM resource_terms t WHERE t.organization_id = {org} AND {_within(made, one)}"  # noqa: S608
        for one in lookup.ranges
    ]
    if lookup.ids:
        parts.append(f"SELECT unnest({made.bind(list(lookup.ids))}::uuid[])")
    return " UNION ALL ".join(parts)


def size_statement(organization_id: UUID, lookups: Sequence[Lookup]) -> tuple[str, list[Any]]:
    """SQL that tells, by position, how many lists each look-up reads, up to FEW_LISTS, and the ids in these."""
    made = Statement()
    org = made.bind(organization_id)
    parts = []
    for position, lookup in enumerate(lookups):
        lists = " UNION ALL ".join(
            f"(SELECT cardinality(t.resource_ids) AS ids FROM resource_terms t WHERE t.organization_id = {org}"  # noqa: S608
            f" AND {_within(made, one)} LIMIT {FEW_LISTS})"
            for one in lookup.ranges
        )
        parts.append(
            f"SELECT {position} AS position, count(*) AS lists, coalesce(sum(ids), 0)::bigint AS ids"  # noqa: S608
            f" FROM (SELECT ids FROM ({lists}) every LIMIT {FEW_LISTS}) few"
        )
    return " UNION ALL ".join(parts), made.arguments


def _within(made: Statement, one: Range) -> str:
    kinds = (
        f"t.kind = ANY({made.bind(list(one.kinds))}::text[])" if len(one.kinds) > 1 else f"t.kind = '{one.kinds[0]}'"
    )
    if not one.is_prefix:
        return f"{kinds} AND t.term = {made.bind(one.text)}::text"
    end = made.bind(one.text + LAST_CODE_POINT)
    return f"{kinds} AND t.term >= {made.bind(one.text)}::text AND t.term < {end}::text"


def _tags(key: str, values: Sequence[str]) -> Lookup:
    return Lookup(tuple(Range(("tag",), tag_term(key, value)) for value in values))


def _word(word: str, as_id: str | None) -> Lookup:
    ranges = [Range(_WORDS, word, is_prefix=True)]
    if as_id is not None:
        ranges.append(Range(("id",), as_id, is_prefix=True))
    return Lookup(tuple(ranges), word=word)


def _of_term(term: SearchTerm) -> Lookup | None:
    if term.field == "tag":
        return _tag_term(term)
    if term.field == "id":
        return _id_term(term.values)
    if term.field == "name":
        return _name_term(term.values)
    return None


def _tag_term(term: SearchTerm) -> Lookup | None:
    key = term.path[0]
    if len(key) >= TERM_LENGTH:
        return None
    if not term.values:
        return Lookup((Range(("tag",), key + TAG_SEPARATOR, is_prefix=True),))
    return Lookup(
        tuple(Range(("tag",), tag_term(key, value.parts[0]), is_prefix=value.exact is None) for value in term.values)
    )


def _id_term(values: Sequence[Pattern]) -> Lookup | None:
    if not all(value.parts[0] for value in values):
        return None
    ids = []
    for value in values:
        try:
            ids.append(UUID(value.exact or ""))
        except ValueError:
            continue
    ranges = tuple(Range(_IDS, id_term(value.parts[0]), is_prefix=value.exact is None) for value in values)
    return Lookup(ranges, tuple(ids))


def _name_term(values: Sequence[Pattern]) -> Lookup | None:
    """By the first word of each name; a word of punctuation only, and a name's end alone, lead nowhere."""
    words = [query_words(value.parts[0])[:1] for value in values]
    if not all(words):
        return None
    return Lookup(tuple(Range(("word",), word[0], is_prefix=True) for word in words))
