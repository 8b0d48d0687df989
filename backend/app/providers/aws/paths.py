"""Small path language over answers: `Reservations[].Instances[]`, `Environment.Variables.*`, compiled once."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from app.providers.aws.values import REDACTED


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[str, ...]:
    """`A[].B.*` as ("A", "[]", "B", "*")."""
    return tuple(step for step in path.replace("[]", ".[]").split(".") if step)


def find_all(value: Any, path: str) -> list[Any]:
    """Every value at the path, in order; absent and null ones are left out."""
    found = [value]
    for step in steps(path):
        following: list[Any] = []
        for current in found:
            if step == "[]":
                if isinstance(current, list):
                    following.extend(current)
            elif isinstance(current, dict):
                if step == "*":
                    following.extend(current.values())
                else:
                    following.append(current.get(step))
        found = [item for item in following if item is not None]
        if not found:
            break
    return found


def find(value: Any, path: str) -> Any:
    """The first value at the path, or None."""
    found = find_all(value, path)
    return found[0] if found else None


def redact(value: Any, path: str) -> None:
    """Replace what is at the path by `(redacted)`, in place; the names around it stay."""
    *before, last = steps(path)
    for holder in find_all(value, ".".join(before)) if before else [value]:
        if not isinstance(holder, dict):
            continue
        names: Iterable[str] = list(holder) if last == "*" else [last]
        for name in names:
            if holder.get(name) is not None:
                holder[name] = REDACTED
