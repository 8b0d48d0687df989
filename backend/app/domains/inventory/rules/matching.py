"""Whether a resource fits a filter, in memory: for states of the past, which no index holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from app.domains.inventory.rules.filters import ResourceFilter
from app.domains.inventory.rules.language import WORD, Comparison, Pattern, SearchTerm
from app.domains.inventory.rules.words import Term, matches_words, query_ids, query_words, resource_terms


@dataclass(kw_only=True)
class ResourceState:
    """A resource as it was at one moment. `marks`: what topology says of it, public and orphan."""

    id: UUID
    provider: str
    account_id: UUID
    account_name: str
    native_account: str
    account_number: str  # the cloud's own, of the account's row
    native_id: str
    native_type: str
    type: str
    name: str
    region: str
    service: str
    status: str | None
    tags: Mapping[str, str]
    properties: Any = None
    aliases: Sequence[str] = ()
    cost_order: float = 0
    created_at: datetime | None = None
    first_seen_at: datetime
    last_seen_at: datetime
    changed_at: datetime | None = None
    stale: bool = False
    closed: bool = False
    marks: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def terms(self) -> frozenset[Term]:
        """What it is found by."""
        return resource_terms(
            name=self.name,
            native_id=self.native_id,
            native_type=self.native_type,
            kind=self.type,
            region=self.region,
            tags=self.tags,
            aliases=self.aliases,
        ).all


def matches(filters: ResourceFilter, state: ResourceState, now: datetime) -> bool:
    """Whether the filters let it through; ages count back from `now`."""
    if state.closed != filters.closed:
        return False
    for name in ("provider", "account_id", "type", "native_type", "region", "status"):
        wanted = getattr(filters, name)
        if wanted and getattr(state, name) not in wanted:
            return False
    if filters.stale is not None and state.stale != filters.stale:
        return False
    if any(state.tags.get(key) not in values for key, values in filters.tags.items()):
        return False
    if filters.words is not None and not (filters.words and matches_words(state.terms, filters.words, filters.ids)):
        return False
    return all(_holds(term, state, now) != term.negated for term in filters.more)


def property_values(properties: Any, path: Sequence[str]) -> Iterator[str]:
    """The texts at a path; lists on the way and at its end stand for each of their items."""
    places = [properties]
    for key in path:
        places = [one[key] for place in places for one in _items(place) if isinstance(one, dict) and key in one]
    for place in places:
        for value in place if isinstance(place, list) else [place]:
            if isinstance(value, bool):
                yield "true" if value else "false"
            elif isinstance(value, int | float | str):
                yield str(value)


def _items(place: Any) -> list[Any]:
    return place if isinstance(place, list) else [place]


def _holds(term: SearchTerm, state: ResourceState, now: datetime) -> bool:
    return _RULES.get(term.field, _text_holds)(term, state, now)


def _any(patterns: Sequence[Pattern], texts: Sequence[str]) -> bool:
    return any(pattern.matches(text) for pattern in patterns for text in texts)


def _text_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    return _any(term.values, [getattr(state, term.field) or ""])


def _account_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    lowered = [pattern.lower() for pattern in term.values]
    return _any(lowered, [str(state.account_id), state.account_name.lower(), state.account_number.lower()])


def _name_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    return _any([pattern.lower() for pattern in term.values], [state.name.lower()])


def _id_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    texts = [str(state.id), state.native_id.lower(), *(alias.lower() for alias in state.aliases)]
    return _any([pattern.lower() for pattern in term.values], texts)


def _tag_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    if term.path[0] not in state.tags:
        return False
    return not term.values or _any(term.values, [state.tags[term.path[0]]])


def _property_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    return any(_any(term.values, [text]) for text in property_values(state.properties, term.path))


def _flag_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    flags = set(state.marks)
    flags |= {"stale"} if state.stale else set()
    flags |= {"untagged"} if not state.tags else set()
    flags |= {"closed"} if state.closed else set()
    return any(pattern.exact in flags for pattern in term.values)


def _word_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    text = term.values[0].parts[0]
    words = query_words(text)
    return bool(words) and matches_words(state.terms, words, query_ids(text))


def _cost_holds(term: SearchTerm, state: ResourceState, _: datetime) -> bool:
    comparison = term.comparison
    if comparison is None or comparison.amount is None:
        return False
    return _compare(comparison, Decimal(str(state.cost_order)), comparison.amount)


def _instant_holds(term: SearchTerm, state: ResourceState, now: datetime) -> bool:
    moment = getattr(state, f"{term.field}_at")
    return moment is not None and term.comparison is not None and compare_instant(term.comparison, moment, now)


def compare_instant(comparison: Comparison, moment: datetime, now: datetime) -> bool:
    """Whether an instant fits: an age against how long ago it was, a date against itself."""
    if comparison.age is not None:
        return _compare(comparison, now - moment, comparison.age)
    return _compare(comparison, moment, comparison.moment)


def _compare(comparison: Comparison, one: Any, other: Any) -> bool:
    compared: Callable[[], bool] = {
        "=": lambda: bool(one == other),
        "<": lambda: bool(one < other),
        "<=": lambda: bool(one <= other),
        ">": lambda: bool(one > other),
        ">=": lambda: bool(one >= other),
    }[comparison.operator]
    return compared()


_RULES: dict[str, Callable[[SearchTerm, ResourceState, datetime], bool]] = {
    WORD: _word_holds,
    "account": _account_holds,
    "name": _name_holds,
    "id": _id_holds,
    "tag": _tag_holds,
    "property": _property_holds,
    "is": _flag_holds,
    "cost": _cost_holds,
    "created": _instant_holds,
    "changed": _instant_holds,
    "first_seen": _instant_holds,
    "last_seen": _instant_holds,
}
