"""Pure decisions of the inventory: filters, look-up terms, hashes, differences and what a unit's result means."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from app.core.errors import FieldProblem, InvalidInput
from app.core.schemas import check_text
from app.providers.base import CallError, CollectedResource, ErrorKind, UnitState, stable_properties

MAX_VALUES = 50
MAX_WORDS = 8
MAX_PARTS = 12  # of one word
MAX_TERM = 255  # characters; longer values are cut alike when stored and when asked for
MAX_TERMS_OF_RESOURCE = 400
MAX_CHANGES = 500
TAG_SEPARATOR = "\x1f"
# ASCII punctuation divides a word into parts; everything else, also outside of ASCII, belongs to one.
_WORD_BREAK = re.compile(r"[\x00-/:-@\[-`{-\x7f\s]+")

Term = tuple[str, str]  # kind (word, tag, id, alias) and text


@dataclass(frozen=True, kw_only=True)
class ResourceFilter:
    """The contract's filters, parsed. Several values of one filter are alternatives; filters add up.

    `tags`: alternatives per key, all keys must match. `words`: beginnings of words that must all occur; None without
    a query, empty for a query without any word, which matches nothing.
    """

    provider: tuple[str, ...] = ()
    account_id: tuple[UUID, ...] = ()
    type: tuple[str, ...] = ()
    native_type: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] | None = None
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


def query_words(text: str) -> tuple[str, ...]:
    """The words of a query, divided at white space only, each once; `web-1` stays one, its punctuation made even."""
    words = (_even(chunk) for chunk in text.split())
    return tuple(dict.fromkeys(word[:MAX_TERM] for word in words if word))


@lru_cache(maxsize=20_000)  # types, regions and tags are the same in most rows of an estate
def index_words(text: str) -> frozenset[str]:
    """What a text is found by: each word from each of its parts on, so `eu-web-1` begins with eu, with web and with 1.

    A query word is the beginning of one of these. So `web-1` does not find a `web-2` that also has a 1 elsewhere.
    """
    found: set[str] = set()
    for chunk in text.split():
        parts = _even(chunk).split("-")
        found.update("-".join(parts[start:])[:MAX_TERM] for start in range(min(len(parts), MAX_PARTS)))
    return frozenset(found - {""})


def _even(chunk: str) -> str:
    return _WORD_BREAK.sub("-", chunk.lower()).strip("-")


def id_term(native_id: str) -> str:
    """The form under which an id is looked up: clouds and bills disagree about case."""
    return native_id.lower()[:MAX_TERM]


def tag_term(key: str, value: str) -> str:
    """The form under which a tag is looked up: exact."""
    return f"{key}{TAG_SEPARATOR}{value}"[:MAX_TERM]


def resource_terms(
    *,
    name: str,
    native_id: str,
    native_type: str,
    kind: str,
    region: str,
    tags: Mapping[str, str],
    aliases: Sequence[str],
) -> set[Term]:
    """Everything a resource is found by. `kind` is the normalised type.

    The id as a whole and from its last part on: the parts between (account, region) are the same for whole accounts.
    """
    texts = [name, re.split(r"[/:]", native_id)[-1], native_type, kind, region, *aliases, *tags.values(), *tags.keys()]
    words = {_even(native_id)[:MAX_TERM]}.union(*(index_words(text) for text in texts))
    terms: set[Term] = {("id", id_term(native_id)), *(("alias", id_term(alias)) for alias in aliases)}
    terms.update(("tag", tag_term(key, value)) for key, value in tags.items())
    terms.update(("word", word) for word in words)
    if len(terms) > MAX_TERMS_OF_RESOURCE:
        return set(sorted(terms)[:MAX_TERMS_OF_RESOURCE])
    return terms


def clean_text(text: str) -> str:
    """A text without NUL or lone surrogates, which PostgreSQL cannot hold."""
    if "\x00" in text or not text.isascii():
        text = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return text


def _clean_json(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_json(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    return clean_text(str(value))


@dataclass(frozen=True, kw_only=True)
class PreparedResource:
    """A collected resource as it is stored: clean JSON and a hash over everything that was read and is not volatile."""

    native_id: str
    native_type: str
    type: str
    name: str
    region: str
    status: str | None
    tags: dict[str, str]
    properties: dict[str, Any]
    unread_fields: dict[str, str]
    aliases: list[str]
    created_at: datetime | None
    content_hash: bytes
    volatile: tuple[str, ...] = ()

    @property
    def terms(self) -> set[Term]:
        """Everything the resource is found by."""
        return resource_terms(
            name=self.name,
            native_id=self.native_id,
            native_type=self.native_type,
            kind=self.type,
            region=self.region,
            tags=self.tags,
            aliases=self.aliases,
        )


_JSON_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def prepare_resource(resource: CollectedResource) -> PreparedResource:
    """The stored form of what an adapter returned. Vendors' garbage (NUL, surrogates, huge numbers) is replaced."""
    content = {
        "native_id": resource.native_id,
        "native_type": resource.native_type,
        "type": resource.type,
        "name": resource.name or resource.native_id,
        "region": resource.region,
        "status": resource.status,
        "tags": dict(resource.tags),
        "properties": dict(resource.properties),
        "unread_fields": dict(resource.unread_fields),
        "aliases": sorted(set(resource.aliases)),
    }
    try:
        plain = orjson.dumps(content, option=_JSON_OPTIONS)
    except TypeError:  # also orjson's own error
        plain = b"\\u0000"
    if b"\\u0000" in plain:
        plain = orjson.dumps(_clean_json(content), option=_JSON_OPTIONS)
    created = resource.created_at.isoformat().encode() if resource.created_at else b""
    stored = orjson.loads(plain)
    if resource.volatile:
        compared = without_volatile(stored["properties"], resource.volatile)
        plain = orjson.dumps({**stored, "properties": compared}, option=_JSON_OPTIONS)
    digest = hashlib.blake2b(plain + created, digest_size=16).digest()
    return PreparedResource(
        **stored, created_at=resource.created_at, content_hash=digest, volatile=tuple(resource.volatile)
    )


def without_volatile(properties: Mapping[str, Any], volatile: Sequence[str]) -> dict[str, Any]:
    """The properties without those that move by themselves, which are neither a change nor history."""
    bearer = CollectedResource(
        native_id="",
        native_type="",
        type="",
        name="",
        region="",
        status=None,
        tags={},
        properties=properties,
        volatile=volatile,
    )
    return dict(stable_properties(bearer))


def keep_unread(
    properties: Mapping[str, Any], unread_fields: Mapping[str, str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """The properties to store: what could not be read keeps its last good value, because unread is not removed."""
    kept = {name: before[name] for name in unread_fields if name in before and name not in properties}
    return {**properties, **kept}


def diff(old: Any, new: Any) -> list[dict[str, Any]]:
    """The changes that turn `old` into `new`: [{"op", "path", "old"?, "new"?}] in an order that can be applied.

    `path` is a JSON pointer. Lists are compared by position; what is added or removed at a list's end comes last,
    removals from the back. A change of more than MAX_CHANGES parts is told as one replacement of the whole.
    """
    changes: list[dict[str, Any]] = []
    _diff(old, new, "", changes)
    if len(changes) > MAX_CHANGES:
        return [{"op": "replace", "path": "", "old": old, "new": new}]
    return changes


def _same(old: Any, new: Any) -> bool:
    # Python finds True equal to 1; JSON does not. Both find 1 equal to 1.0.
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(old == new)


def _diff(old: Any, new: Any, path: str, changes: list[dict[str, Any]]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            _diff_member(old, new, key, f"{path}/{_escape(key)}", changes)
    elif isinstance(old, list) and isinstance(new, list):
        shared = min(len(old), len(new))
        for index in range(shared):
            _diff(old[index], new[index], f"{path}/{index}", changes)
        gone, come = range(len(old) - 1, shared - 1, -1), range(shared, len(new))
        changes += [{"op": "remove", "path": f"{path}/{index}", "old": old[index]} for index in gone]
        changes += [{"op": "add", "path": f"{path}/{index}", "new": new[index]} for index in come]
    elif not _same(old, new):
        changes.append({"op": "replace", "path": path, "old": old, "new": new})


def _diff_member(
    old: Mapping[str, Any], new: Mapping[str, Any], key: str, path: str, changes: list[dict[str, Any]]
) -> None:
    if key not in new:
        changes.append({"op": "remove", "path": path, "old": old[key]})
    elif key not in old:
        changes.append({"op": "add", "path": path, "new": new[key]})
    else:
        _diff(old[key], new[key], path, changes)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def failure_text(errors: Sequence[CallError]) -> str | None:
    """What went wrong in a unit, in words: at most three distinct failures, by the permission where one lacks."""
    texts: dict[str, None] = {}
    for error in errors:
        if error.kind is ErrorKind.ACCESS_DENIED and error.permission:
            texts[f"Missing permission {error.permission}."] = None
        else:
            texts[f"{error.call}: {clean_text(error.message)[:200]}"] = None
    shown = list(texts)[:3]
    if len(texts) > 3:
        shown.append(f"And {len(texts) - 3} more.")
    return " ".join(shown) or None


def missing_permissions(errors: Sequence[CallError]) -> list[str]:
    """The permissions that calls of a unit lacked, sorted."""
    return sorted({error.permission for error in errors if error.permission})


def account_outcome(states: Sequence[UnitState], permissions: Sequence[str]) -> tuple[str, str, str | None]:
    """(sync state, account status, detail) of a whole sync."""
    complete = sum(state is UnitState.COMPLETE for state in states)
    if complete == len(states):
        return "complete", "connected", None
    if permissions:
        rest = f" and {len(permissions) - 5} more" if len(permissions) > 5 else ""
        detail = f"Missing permissions: {', '.join(permissions[:5])}{rest}."
    else:
        detail = f"{len(states) - complete} of {len(states)} units could not be read completely."
    if states and all(state is UnitState.FAILED for state in states):
        return "failed", "failed", detail
    return "partial", "degraded", detail
