"""Selectors of series as PromQL writes them: `http_requests_total{job="api", code!~"2.."}`.

Patterns are RE2's, which take time in proportion to the text whatever they are; they must match all of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import re2

Operator = Literal["=", "!=", "=~", "!~"]
NAME_LABEL = "__name__"
MAX_MATCHERS, MAX_PATTERN = 30, 2_000
_PATTERN_MEMORY = 1 << 20  # bytes that a compiled pattern may take
# Applied to selectors that were bounded before; none of these can backtrack over more than a token.
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_SPACE = re.compile(r"\s*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}


class SelectorError(Exception):
    """A selector that cannot be read; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label; a series without the label has the empty value."""

    label: str
    operator: Operator
    value: str

    @property
    def is_pattern(self) -> bool:
        """Whether the value is a pattern."""
        return self.operator in ("=~", "!~")


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    position: int

    def skip(self, pattern: re.Pattern[str]) -> "tuple[str, _Text]":
        match = pattern.match(self.text, self.position)
        found = match[0] if match else ""
        return found, _Text(self.text, self.position + len(found))

    @property
    def head(self) -> str:
        return self.text[self.position : self.position + 1]

    def after(self, count: int = 1) -> "_Text":
        return _Text(self.text, self.position + count).skip(_SPACE)[1]

    def fail(self, wanted: str) -> SelectorError:
        return SelectorError(f"At character {self.position + 1}: {wanted}.")


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The conditions of a selector, the name's among them; none for an empty text. Raises SelectorError."""
    rest = _Text(text, 0).after(0)
    made: list[Matcher] = []
    name, rest = rest.skip(_NAME)
    if name:
        made.append(Matcher(NAME_LABEL, "=", name))
    rest = rest.after(0)
    if rest.head == "{":
        rest = rest.after()
        while rest.head != "}":
            matcher, rest = _read_matcher(rest)
            made.append(matcher)
            if len(made) > MAX_MATCHERS:
                raise SelectorError(f"Write at most {MAX_MATCHERS} conditions.")
            if rest.head == ",":
                rest = rest.after()
            elif rest.head != "}":
                raise rest.fail("a comma or } belongs here")
        rest = rest.after()
    if rest.head:
        raise rest.fail("nothing more belongs here" if made else "a name or { belongs here")
    for matcher in made:
        if matcher.is_pattern:
            compile_pattern(matcher.value)
    return tuple(made)


def _read_matcher(rest: _Text) -> tuple[Matcher, _Text]:
    if rest.head in ('"', "'"):
        label, rest = _read_quoted(rest)
        rest = rest.after(0)
        if rest.head in (",", "}"):  # {"a metric's name"}
            return Matcher(NAME_LABEL, "=", label), rest
    else:
        label, rest = rest.skip(_LABEL)
        if not label:
            raise rest.fail("the name of a label belongs here")
        rest = rest.after(0)
    operator, rest = rest.skip(_OPERATOR)
    if not operator:
        raise rest.fail("=, !=, =~ or !~ belongs here")
    value, rest = _read_quoted(rest.after(0))
    return Matcher(label, operator, value), rest.after(0)  # type: ignore[arg-type]  # the pattern lets no other through


def _read_quoted(rest: _Text) -> tuple[str, _Text]:
    quote = rest.head
    if quote not in ('"', "'"):
        raise rest.fail("a value in quotes belongs here")
    made: list[str] = []
    position = rest.position + 1
    while position < len(rest.text):
        character = rest.text[position]
        if character == quote:
            return "".join(made), _Text(rest.text, position + 1)
        if character == "\\":
            position += 1
            escaped = rest.text[position : position + 1]
            # As in Go, but a pattern's own backslashes (\d) need not be doubled.
            made.append(_ESCAPES.get(escaped, f"\\{escaped}"))
        else:
            made.append(character)
        position += 1
    raise rest.fail("the value's quotes are not closed")


def compile_pattern(pattern: str) -> Any:
    """A pattern that is matched against whole values. Raises SelectorError."""
    if len(pattern) > MAX_PATTERN:
        raise SelectorError(f"A pattern has at most {MAX_PATTERN} characters.")
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(pattern, options=options)
    except re2.error as failure:
        reason = failure.args[0].decode() if isinstance(failure.args[0], bytes) else str(failure)
        raise SelectorError(f"The pattern {pattern[:100]!r} cannot be read: {reason}") from None


def matching(values: Iterable[str], matcher: Matcher) -> Iterator[str]:
    """The values that a matcher lets through."""
    if matcher.is_pattern:
        compiled = compile_pattern(matcher.value)
        wanted = matcher.operator == "=~"
        return (value for value in values if (compiled.fullmatch(value) is not None) is wanted)
    wanted = matcher.operator == "="
    return (value for value in values if (value == matcher.value) is wanted)


def matches_labels(labels: Mapping[str, str], matchers: Iterable[Matcher]) -> bool:
    """Whether one label set, with the name among it, fulfils all. A label that is not there is empty."""
    return all(any(True for _ in matching((labels.get(one.label, ""),), one)) for one in matchers)
