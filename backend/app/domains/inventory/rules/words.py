"""What resources are found by: words, ids and tags, made even alike when stored and when asked for."""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

MAX_PARTS = 12  # of one word
MAX_TERM = 255  # characters; longer values are cut alike when stored and when asked for
MAX_TERMS_OF_RESOURCE = 400
TAG_SEPARATOR = "\x1f"
MAX_HASHED = 50  # tags of a resource
# ASCII punctuation divides a word into parts; everything else, also outside of ASCII, belongs to one.
_WORD_BREAK = re.compile(r"[\x00-/:-@\[-`{-\x7f\s]+")
_ID_BREAK = re.compile(r"[/:]")

Term = tuple[str, str]  # kind (word, tag, id, alias) and text


def query_words(text: str) -> tuple[str, ...]:
    """The words of a query, divided at white space only, each once; `web-1` stays one, its punctuation made even."""
    words = (_even(chunk) for chunk in text.split())
    return tuple(dict.fromkeys(word[:MAX_TERM] for word in words if word))


def query_ids(text: str) -> dict[str, str]:
    """For words of a query that may begin an id, such as an ARN: the word as `query_words` has it, and as an id."""
    chunks = (chunk.strip("\"'()[]{}<>,;").lower()[:MAX_TERM] for chunk in text.split())
    return {_even(chunk)[:MAX_TERM]: chunk for chunk in chunks if (":" in chunk or "/" in chunk) and _even(chunk)}


def index_words(text: str) -> set[str]:
    """What a text is found by: each word from each of its parts on, so `eu-web-1` begins with eu, with web and with 1.

    A query word is the beginning of one of these. So `web-1` does not find a `web-2` that also has a 1 elsewhere.
    """
    found: set[str] = set()
    for chunk in text.split():
        word = _even(chunk)
        for _ in range(MAX_PARTS):
            found.add(word[:MAX_TERM])
            _, separator, word = word.partition("-")
            if not separator:
                break
    found.discard("")
    return found


def _even(chunk: str) -> str:
    return _WORD_BREAK.sub("-", chunk.lower()).strip("-")


def parts_of(alias: str) -> list[str]:
    """The parts of an alias, made even like those of words."""
    return _even(alias).split("-")


def id_term(native_id: str) -> str:
    """The form under which an id is looked up: clouds and bills disagree about case."""
    return native_id.lower()[:MAX_TERM]


def tag_term(key: str, value: str) -> str:
    """The form under which a tag is looked up: exact."""
    return f"{key}{TAG_SEPARATOR}{value}"[:MAX_TERM]


def tag_hash(key: str, value: str) -> int:
    """A tag as 32 bits. Two tags rarely share them, so what they find is looked at again."""
    return zlib.crc32(f"{key}{TAG_SEPARATOR}{value}".encode()) - 2**31


def tag_hashes(tags: Mapping[str, str]) -> list[int] | None:
    """What the list's index keeps of tags; None for more than MAX_HASHED."""
    return sorted({tag_hash(key, value) for key, value in tags.items()}) if len(tags) <= MAX_HASHED else None


@dataclass(frozen=True)
class Terms:
    """What a resource is found by: terms of its own, and sets of terms that it is likely to share with others."""

    own: frozenset[Term]
    shared: tuple[frozenset[Term], ...] = ()

    @property
    def all(self) -> frozenset[Term]:
        """Every term once."""
        return self.own.union(*self.shared)


def resource_terms(
    *,
    name: str,
    native_id: str,
    native_type: str,
    kind: str,
    region: str,
    tags: Mapping[str, str],
    aliases: Sequence[str],
) -> Terms:
    """Everything a resource is found by. `kind` is the normalised type.

    The id as a whole and by the words of its last part: those between (account, region) are of whole accounts. Queries
    look among aliases too, so an alias is a word only by its other parts.
    """
    words = index_words(name)
    last = _ID_BREAK.split(native_id)[-1]
    if last not in aliases:
        words |= index_words(last)
    own: list[Term] = [("id", id_term(native_id))]
    for alias in aliases:
        term = id_term(alias)
        own.append(("alias", term))
        parts = index_words(alias)
        parts.discard(term)
        words |= parts
    own += [("word", word) for word in words]
    shared = (_place_terms(native_type, kind, region), *[_tag_terms(key, value) for key, value in tags.items()])
    terms = Terms(frozenset(own), shared)
    if len(own) + 4 * len(shared) > MAX_TERMS_OF_RESOURCE and len(every := terms.all) > MAX_TERMS_OF_RESOURCE:
        return _cut(own, every)
    return terms


def _cut(own: Sequence[Term], every: frozenset[Term]) -> Terms:
    """Without the words beyond the limit, the resource's own first. Ids and tags stay: they are told to be complete."""
    kept = {term for term in every if term[0] != "word"}
    words = sorted({term for term in own if term[0] == "word"})
    words += sorted(every.difference(words, kept))
    return Terms(frozenset(kept.union(words[:MAX_TERMS_OF_RESOURCE])))


def matches_words(terms: frozenset[Term], words: Sequence[str], ids: Mapping[str, str]) -> bool:
    """Whether every word begins one of the terms, as an alias or, where `ids` has it so, as an id too."""
    return all(
        any(
            (kind in ("word", "alias") and text.startswith(word))
            or (kind == "id" and word in ids and text.startswith(ids[word]))
            for kind, text in terms
        )
        for word in words
    )


@lru_cache(maxsize=5_000)  # the same for most rows of an estate
def _place_terms(*texts: str) -> frozenset[Term]:
    return frozenset(("word", word) for text in texts for word in index_words(text))


@lru_cache(maxsize=20_000)
def _tag_terms(key: str, value: str) -> frozenset[Term]:
    return _place_terms(key, value) | {("tag", tag_term(key, value))}
