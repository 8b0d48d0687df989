"""The list's filters, from raw query values and from the search language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from app.core.errors import FieldProblem, InvalidInput
from app.core.schemas import check_text
from app.domains.inventory.rules.language import WORD, SearchError, SearchTerm, parse_search
from app.domains.inventory.rules.words import query_ids, query_words

MAX_VALUES = 50
MAX_WORDS = 8


@dataclass(frozen=True, kw_only=True)
class ResourceFilter:
    """The contract's filters, parsed. Several values of one filter are alternatives; filters add up.

    `tags`: alternatives per key, all keys must match. `words`: beginnings of words that must all occur; None without
    a query, empty for a query without any word, which matches nothing. `ids`: the same beginnings as ids have them.
    `more`: what only the search language can say; its other terms are in the fields, as if they had come so.
    """

    provider: tuple[str, ...] = ()
    account_id: tuple[UUID, ...] = ()
    type: tuple[str, ...] = ()
    native_type: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    stale: bool | None = None
    more: tuple[SearchTerm, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether what is gone from the cloud is asked for, instead of what is there."""
        return any(term.field == "is" and not term.negated and _names(term, "closed") for term in self.more)


def parse_filter(
    *,
    provider: str | None = None,
    account_id: str | None = None,
    type: str | None = None,  # noqa: A002  # the contract's name
    native_type: str | None = None,
    region: str | None = None,
    status: str | None = None,
    tag: str | None = None,
    q: str | None = None,
    stale: bool | None = None,
    search: str | None = None,
) -> ResourceFilter:
    """The filter of raw query values. Raises InvalidInput that names the parameter, and the place in a search."""
    made = ResourceFilter(
        provider=_split("provider", provider),
        account_id=_split_ids("account_id", account_id),
        type=_split("type", type),
        native_type=_split("native_type", native_type),
        region=_split("region", region),
        status=_split("status", status),
        tags=_parse_tags(tag),
        words=None if q is None or not _clean("q", q).strip() else query_words(q)[:MAX_WORDS],
        ids=query_ids(q or ""),
        stale=stale,
    )
    if not search:
        return made
    try:
        for term in parse_search(search):
            made = _fold(made, term)
    except SearchError as failure:
        raise _invalid("search", str(failure)) from None
    return made


def _fold(filters: ResourceFilter, term: SearchTerm) -> ResourceFilter:
    """The filters with one more term, in the fields where it says no more than a parameter could."""
    exact = tuple(value.exact for value in term.values)
    texts = tuple(text for text in exact if text is not None)
    if term.field == WORD and not term.negated:
        return _add_words(filters, term, texts[0])
    if term.field == "is" and texts == ("stale",) and filters.stale is None:
        return replace(filters, stale=not term.negated)
    if not term.negated and texts and len(texts) == len(exact) and all(texts):
        if term.field in ("provider", "type", "native_type", "region", "status") and not getattr(filters, term.field):
            changed: dict[str, Any] = {term.field: texts}
            return replace(filters, **changed)
        if term.field == "tag" and term.path[0] not in filters.tags:
            return replace(filters, tags={**filters.tags, term.path[0]: texts})
        ids = _ids(texts)
        if term.field == "account" and ids and not filters.account_id:
            return replace(filters, account_id=ids)
    return replace(filters, more=(*filters.more, term))


def _add_words(filters: ResourceFilter, term: SearchTerm, text: str) -> ResourceFilter:
    words = query_words(text)
    known = filters.words
    if known == () or (not words and text.strip()):  # a word without a letter matches nothing
        return replace(filters, words=())
    together = tuple(dict.fromkeys((*(known or ()), *words)))
    if len(together) > MAX_WORDS:
        raise SearchError(f"Use at most {MAX_WORDS} words", term.start)
    made: dict[str, Any] = {"words": together or None, "ids": {**filters.ids, **query_ids(text)}}
    return replace(filters, **made)


def _ids(texts: tuple[str, ...]) -> tuple[UUID, ...] | None:
    try:
        return tuple(UUID(text) for text in texts)
    except ValueError:
        return None


def _names(term: SearchTerm, value: str) -> bool:
    return any(one.exact == value for one in term.values)


def _clean(name: str, value: str) -> str:
    try:
        return check_text(value)
    except ValueError as failure:
        raise _invalid(name, str(failure)) from None


def _split(name: str, value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    parts = tuple(dict.fromkeys(part.strip() for part in _clean(name, value).split(",") if part.strip()))
    if not parts or len(parts) > MAX_VALUES:
        raise _invalid(name, f"must have 1 to {MAX_VALUES} values")
    return parts


def _split_ids(name: str, value: str | None) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(part) for part in _split(name, value))
    except ValueError:
        raise _invalid(name, "must be an id or several, comma-separated") from None


def _parse_tags(value: str | None) -> dict[str, tuple[str, ...]]:
    tags: dict[str, tuple[str, ...]] = {}
    for part in _split("tag", value):
        key, separator, wanted = part.partition(":")
        if not separator or not key:
            raise _invalid("tag", "must be key:value")
        tags[key] = (*tags.get(key, ()), wanted)
    return tags


def _invalid(name: str, detail: str) -> InvalidInput:
    return InvalidInput(errors=[FieldProblem(pointer=f"query/{name}", detail=detail)])
