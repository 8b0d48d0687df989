"""YAML as a tree with line numbers, read from the parser's events, so that depth and size are bounded before use."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MAX_DEPTH = 20
MAX_NODES = 500_000


class YamlError(Exception):
    """A text that is no YAML, or more of it than is read here; says where and why."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A plain value as it is written; `is_null` where nothing is."""

    text: str
    line: int
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: "list[Node]"
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Members by their names, each once."""

    members: "dict[str, Node]"
    line: int


Node = Scalar | Sequence | Mapping


def read_yaml(text: str) -> Node:
    """The only document of a text. Raises YamlError."""
    try:
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return _Reader(events).document()
    except yaml.YAMLError as failure:
        mark = getattr(failure, "problem_mark", None)
        where = f"Line {mark.line + 1}: " if mark is not None else ""
        raise YamlError(f"{where}{getattr(failure, 'problem', None) or failure}") from None


class _Reader:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node:
        next(self._events)
        if isinstance(event := next(self._events), yaml.StreamEndEvent):
            raise YamlError("The file is empty.")
        made = self._node(next(self._events), 0)
        next(self._events)
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            raise YamlError(f"Line {event.start_mark.line + 1}: a file has one document.")
        return made

    def _node(self, event: Any, depth: int) -> Node:
        line = event.start_mark.line + 1
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise YamlError(f"Line {line}: nested deeper than {MAX_DEPTH} levels, or more than {MAX_NODES:,} values.")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise YamlError(f"Line {line}: *{event.anchor} stands for nothing.")
            return self._anchors[event.anchor]
        made: Node
        if isinstance(event, yaml.ScalarEvent):
            is_null = event.implicit[0] and event.value in ("", "~", "null", "Null", "NULL")
            made = Scalar("" if is_null else event.value, line, is_null)
        elif isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(inner, depth + 1))
            made = Sequence(items, line)
        else:
            made = Mapping(self._members(depth), line)
        if event.anchor is not None:
            self._anchors[event.anchor] = made
        return made

    def _members(self, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        while not isinstance(inner := next(self._events), yaml.MappingEndEvent):
            name = self._node(inner, depth + 1)
            if not isinstance(name, Scalar) or name.text in members:
                raise YamlError(f"Line {name.line}: a member's name must be a text that stands there once.")
            members[name.text] = self._node(next(self._events), depth + 1)
        return members
