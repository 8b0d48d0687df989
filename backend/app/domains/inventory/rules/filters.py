"""The list's filters, from raw query values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.core.errors import FieldProblem, InvalidInput
from app.core.schemas import check_text
from app.domains.inventory.rules.words import query_ids, query_words

MAX_VALUES = 50
MAX_WORDS = 8


@dataclass(frozen=True, kw_only=True)
class ResourceFilter:
    """The contract's filters, parsed. Several values of one filter are alternatives; filters add up.

    `tags`: alternatives per key, all keys must match. `words`: beginnings of words that must all occur; None without
    a query, empty for a query without any word, which matches nothing. `ids`: the same beginnings as ids have them.
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
) -> ResourceFilter:
    """The filter of raw query values. Raises InvalidInput that names the parameter."""
    return ResourceFilter(
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
