"""Terms to text: the normal form, which parses to the same terms again."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from app.domains.inventory.rules.language.terms import WORD, Comparison, Pattern, SearchTerm

# What needs no quotes anywhere.
_PLAIN = re.compile(r"[\w./@+-]+")
_PLAIN_VALUE = re.compile(r"[\w./@+:=-]+")
_PLAIN_KEY = re.compile(r"[\w/@+:-]+")


def print_search(terms: Iterable[SearchTerm]) -> str:
    """The normal form."""
    return " ".join(_term(term) for term in terms)


def print_pattern(pattern: Pattern) -> str:
    """One value as it is written in a search."""
    if pattern.parts == ("",):
        return '""'
    return "*".join(_text(part, _PLAIN_VALUE) if part else "" for part in pattern.parts)


def _term(term: SearchTerm) -> str:
    minus = "-" if term.negated else ""
    if term.field == WORD:
        return minus + _word(term.values[0].parts[0])
    values = ",".join(print_pattern(value) for value in term.values)
    if term.field == "tag":
        key = _text(term.path[0], _PLAIN_KEY)
        return f"{minus}tag:{key}{f'={values}' if term.values else ''}"
    if term.field == "property":
        path = ".".join(_text(key, re.compile(r"[\w/@+-]+")) for key in term.path)
        return f"{minus}property.{path}={values}"
    if term.comparison is not None:
        return f"{minus}{term.field}{_comparison(term.comparison)}"
    return f"{minus}{term.field}:{values}"


def _word(text: str) -> str:
    # A word in front of a dot could be read as the field of properties.
    if _PLAIN.fullmatch(text) and not text.startswith("-") and not text.lower().startswith("property."):
        return text
    return _quote(text)


def _text(text: str, plain: re.Pattern[str]) -> str:
    return text if plain.fullmatch(text) else _quote(text)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _comparison(comparison: Comparison) -> str:
    if comparison.amount is not None:
        return f"{comparison.operator}{comparison.amount:f}"
    if comparison.age is not None:
        return f"{comparison.operator}{_age(comparison.age)}"
    moment = comparison.moment or datetime.fromtimestamp(0, UTC)
    is_day = moment.time() == datetime.min.time()
    return f"{comparison.operator}{f'{moment:%Y-%m-%d}' if is_day else moment.isoformat().replace('+00:00', 'Z')}"


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    for letter, length in (("d", 1_440), ("h", 60)):
        if minutes % length == 0 and minutes:
            return f"{minutes // length}{letter}"
    return f"{minutes}m"
