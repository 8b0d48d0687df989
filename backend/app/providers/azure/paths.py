"""Paths over answers, `properties.ipConfigurations[].properties.subnet.id`, compiled once. `*` takes every value."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

REDACTED = "(redacted)"
KEYS = "@keys"  # as the last step: the member names instead of their values


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[str, ...]:
    """`a[].b.*` as ("a", "[]", "b", "*")."""
    return tuple(step for step in path.replace("[]", ".[]").split(".") if step)


def find_all(value: Any, path: str) -> list[Any]:
    """Every value at the path, in order; absent and null ones are left out."""
    return walk(value, steps(path))


def walk(value: Any, way: Sequence[str]) -> list[Any]:
    """The same with a compiled path."""
    found = [value]
    for step in way:
        following: list[Any] = []
        for current in found:
            if step == "[]":
                if isinstance(current, list):
                    following.extend(current)
            elif isinstance(current, dict):
                if step == "*":
                    following.extend(current.values())
                elif step == KEYS:
                    following.extend(current)
                else:
                    member = current.get(step)
                    if member is not None:
                        following.append(member)
        if not following:
            return following
        found = following
    return [item for item in found if item is not None]


def find(value: Any, path: str) -> Any:
    """The first value at the path, or None."""
    found = find_all(value, path)
    return found[0] if found else None


def redact(value: Any, path: str) -> None:
    """Replace what is at the path by `(redacted)`, in place; the names around it stay."""
    *before, last = steps(path)
    for holder in walk(value, before) if before else [value]:
        if isinstance(holder, dict):
            for name in list(holder) if last == "*" else (last,):
                if holder.get(name) is not None:
                    holder[name] = REDACTED
