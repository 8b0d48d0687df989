"""Text to terms, character by character, so that an error can name its place."""

import difflib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from app.core.schemas import check_text
from app.domains.inventory.rules.language.terms import (
    FIELDS,
    IS_VALUES,
    MAX_SEARCH,
    MAX_TERM_VALUES,
    MAX_TERMS,
    MAX_WILDCARDS,
    WORD,
    Comparison,
    Operator,
    Pattern,
    SearchError,
    SearchTerm,
)

_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?=[:=<>.])")
_AGE = re.compile(r"([0-9]{1,6})([mhdw])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MAX_AGE = timedelta(days=36_500)
_NOT_FIELDS = ("arn",)  # begins ids, which are searched as they stand
_OPERATORS: tuple[Operator, ...] = ("<=", ">=", "<", ">", "=")


def parse_search(text: str) -> tuple[SearchTerm, ...]:
    """The terms of a search, all of which must hold. Raises SearchError that names the place and how to mend it."""
    if len(text) > MAX_SEARCH:
        raise SearchError(f"A search has at most {MAX_SEARCH:,} characters", MAX_SEARCH)
    for index, character in enumerate(text):
        try:
            check_text(character)
        except ValueError:
            raise SearchError("Leave out the control character", index) from None
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> tuple[SearchTerm, ...]:
        """Every term."""
        terms: list[SearchTerm] = []
        self._skip_space()
        while self._at < len(self._text):
            if len(terms) == MAX_TERMS:
                raise SearchError(f"Use at most {MAX_TERMS} terms", self._at)
            terms.append(self._term())
            self._skip_space()
        return tuple(terms)

    def _term(self) -> SearchTerm:
        start = self._at
        negated = self._take("-")
        if negated and self._ends():
            raise SearchError("Put what is to be left out right after the minus, or the minus in quotes", start)
        name = self._field_name()
        if name is None:
            term = SearchTerm(WORD, (Pattern((self._word(),)),))
        elif name == "tag":
            term = self._tag()
        elif name == "property":
            term = self._property()
        elif FIELDS[name].kind in ("number", "instant"):
            term = self._comparison(name)
        else:
            term = self._values_of(name)
        return SearchTerm(term.field, term.values, term.path, term.comparison, negated, start, self._at)

    def _field_name(self) -> str | None:
        """The field that the term begins with; None for a bare word."""
        found = _FIELD.match(self._text, self._at)
        if found is None:
            return None
        name, following = found[1].lower(), self._text[found.end()]
        if following == "." and name != "property":
            return None  # such as compute.instance
        if name in _NOT_FIELDS:
            return None
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"fields are {', '.join(FIELDS)}"
            raise SearchError(f"There is no field {name}: {hint} To search for the text, put it in quotes", self._at)
        self._at = found.end()
        return name

    def _values_of(self, name: str) -> SearchTerm:
        if not (self._take(":") or self._take("=")):
            raise SearchError(f"{name} takes a colon and a value, as in {FIELDS[name].example}", self._at)
        start = self._at
        values = self._values(name)
        if name == "is":
            for value in values:
                if value.exact not in IS_VALUES:
                    raise SearchError(f"is takes {', '.join(IS_VALUES)}", start)
        return SearchTerm(name, values)

    def _tag(self) -> SearchTerm:
        if not self._take(":"):
            raise SearchError("tag takes a colon and a key, as in tag:env=prod", self._at)
        start = self._at
        key = self._plain(lambda character: character.isspace() or character in '="')
        if not key:
            raise SearchError("Name the tag's key, as in tag:env=prod or tag:env", start)
        return SearchTerm("tag", self._values("tag") if self._take("=") else (), (key,))

    def _property(self) -> SearchTerm:
        path: list[str] = []
        while self._take("."):
            start = self._at
            key = self._plain(lambda character: character.isspace() or character in '=:<>."')
            if not key:
                raise SearchError("Name the property, as in property.InstanceType=t3.micro", start)
            path.append(key)
        if not path:
            raise SearchError("property takes a dot and a path, as in property.InstanceType=t3.micro", self._at)
        if not (self._take("=") or self._take(":")):
            raise SearchError("A property takes = and a value; * is any", self._at)
        return SearchTerm("property", self._values("property"), tuple(path))

    def _comparison(self, name: str) -> SearchTerm:
        is_number = FIELDS[name].kind == "number"
        operator = next((one for one in _OPERATORS if self._take(one)), None)
        if operator is None and is_number and self._take(":"):
            operator = "="
        if operator is None or (operator == "=" and not is_number):
            raise SearchError(f"Compare {name} with <, <=, > or >=, as in {FIELDS[name].example}", self._at)
        start = self._at
        text = self._plain(str.isspace)
        return SearchTerm(name, comparison=(_amount if is_number else _instant)(operator, text, start))

    def _values(self, name: str) -> tuple[Pattern, ...]:
        values = [self._value(name)]
        while self._take(","):
            values.append(self._value(name))
            if len(values) > MAX_TERM_VALUES:
                raise SearchError(f"Use at most {MAX_TERM_VALUES} values", self._at)
        return tuple(dict.fromkeys(values))

    def _value(self, name: str) -> Pattern:
        start = self._at
        parts, is_quoted = [""], False
        while self._at < len(self._text) and not self._text[self._at].isspace() and self._text[self._at] != ",":
            character = self._text[self._at]
            if character == '"':
                is_quoted = True
                parts[-1] += self._quoted()
            elif character == "*":
                if parts[-1] or len(parts) == 1:  # several in a row are one
                    parts.append("")
                self._at += 1
            else:
                parts[-1] += character
                self._at += 1
        if len(parts) == 1 and not parts[0] and not is_quoted:
            raise SearchError(f"Give {name} a value; an empty one is written with two quotes", start)
        if len(parts) - 1 > MAX_WILDCARDS:
            raise SearchError(f"Use at most {MAX_WILDCARDS} wildcards in a value", start)
        return Pattern(tuple(parts))

    def _word(self) -> str:
        return self._plain(str.isspace)

    def _plain(self, ends: Callable[[str], bool]) -> str:
        made = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == '"':
                made += self._quoted()
            elif ends(character):
                break
            else:
                made += character
                self._at += 1
        return made

    def _quoted(self) -> str:
        start = self._at
        self._at += 1
        made = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == '"':
                return made
            if character == "\\" and self._text[self._at : self._at + 1] in ('"', "\\"):
                character = self._text[self._at]
                self._at += 1
            made += character
        raise SearchError("Close the quotes", start)

    def _take(self, text: str) -> bool:
        if self._text.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _ends(self) -> bool:
        return self._at >= len(self._text) or self._text[self._at].isspace()

    def _skip_space(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1


def _amount(operator: Operator, text: str, at: int) -> Comparison:
    try:
        if not _NUMBER.fullmatch(text):
            raise InvalidOperation
        return Comparison(operator, amount=Decimal(text))
    except InvalidOperation:
        raise SearchError("Give a number, as in cost>100 or cost<=0.5", at) from None


def _instant(operator: Operator, text: str, at: int) -> Comparison:
    if (age := _AGE.fullmatch(text)) is not None:
        span = timedelta(**{_UNITS[age[2]]: int(age[1])})
        if span > _MAX_AGE:
            raise SearchError("An age is at most 100 years", at)
        return Comparison(operator, age=span)
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if not 1970 <= moment.year < 2200:
            raise ValueError
    except (ValueError, OverflowError):
        raise SearchError("Give an age such as 15m, 12h, 7d or 2w, or a date such as 2026-01-31", at) from None
    return Comparison(operator, moment=moment)
