"""The past of a document: its changes taken back, newest first."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson


class HistoryBroken(ValueError):
    """A change does not fit what it is said to have led to."""


def rewind(document: Any, changes: Iterable[Sequence[dict[str, Any]]]) -> Any:
    """The document before these changes. `changes`: of each version as `diff` made them, the newest version first.

    The document given is not changed. Raises HistoryBroken where a path leads nowhere.
    """
    made = orjson.loads(orjson.dumps(document))
    for version in changes:
        for change in reversed(version):
            made = _take_back(made, change)
    return made


def _take_back(document: Any, change: dict[str, Any]) -> Any:
    path: str = change["path"]
    if path == "":
        return change.get("old")
    *parents, last = [_unescape(part) for part in path.split("/")[1:]]
    place = document
    try:
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            _take_back_item(place, int(last), change)
        elif change["op"] == "add":
            del place[last]
        else:
            place[last] = change["old"]
    except (KeyError, IndexError, TypeError, ValueError):
        raise HistoryBroken(path) from None
    return document


def _take_back_item(items: list[Any], index: int, change: dict[str, Any]) -> None:
    if change["op"] == "add":
        del items[index]
    elif change["op"] == "remove":
        items.insert(index, change["old"])
    else:
        items[index] = change["old"]


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
