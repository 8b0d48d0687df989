"""JSON that every reader understands the same way: UTF-8, no duplicate keys, bounded depth and arrays."""

import json
import re
from typing import Any

from app.core.errors import InvalidInput, MalformedBody, TooLarge

MAX_DEPTH = 64
MAX_ITEMS = 10_000
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.S)
_BRACKET = re.compile(rb"[\[\]{}]")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedBody("A name stands twice in the same object.")
    return made


_decoder = json.JSONDecoder(object_pairs_hook=_refuse_duplicates)


def check_json(body: bytes) -> Any:
    """The parsed body. Raises MalformedBody, TooLarge for an array of more than 10,000 items, InvalidInput for
    numbers too long to read."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError:
        raise MalformedBody("The body is not valid JSON.") from None
    except RecursionError:
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    except ValueError:  # more digits than Python converts
        raise InvalidInput("A number in the body is too long.") from None
    if body.count(b",") >= MAX_ITEMS:
        _check_lengths(value)
    return value


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _check_lengths(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            if len(item) > MAX_ITEMS:
                raise TooLarge(f"Send at most {MAX_ITEMS} items in an array.")
            waiting.extend(item)
