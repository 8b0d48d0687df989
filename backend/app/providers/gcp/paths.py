"""Paths in a resource's data: `a.b`, `a[].b`. Compiled once, for they are followed a hundred thousand times."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

Getter = Callable[[Any], list[Any]]


@lru_cache(maxsize=2048)
def steps_of(path: str) -> tuple[str, ...]:
    """The path's steps; "[]" goes through a list."""
    return tuple(path.replace("[]", ".[]").split("."))


def find_all(value: Any, path: str) -> list[Any]:
    """Every value at the path; a list that the path ends in is one value."""
    found = [value]
    for step in steps_of(path):
        if step == "[]":
            found = [item for entry in found if isinstance(entry, list) for item in entry]
        else:
            found = [entry[step] for entry in found if isinstance(entry, dict) and step in entry]
        if not found:
            return found
    return found


def find(value: Any, path: str) -> Any:
    """The first value at the path, None where there is none."""
    steps = steps_of(path)
    if "[]" in steps:
        found = find_all(value, path)
        return found[0] if found else None
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return value


def texts(value: Any, path: str) -> list[str]:
    """The texts at the path that are not empty."""
    return [entry for entry in find_all(value, path) if isinstance(entry, str) and entry]


def change(value: Any, path: str, convert: Callable[[Any], Any]) -> None:
    """Replace each value at the path by what `convert` makes of it."""
    *way, last = steps_of(path)
    for entry in find_all(value, ".".join(way).replace(".[]", "[]")) if way else [value]:
        if last == "[]" and isinstance(entry, list):
            entry[:] = [convert(item) for item in entry]
        elif isinstance(entry, dict) and last in entry:
            entry[last] = convert(entry[last])
