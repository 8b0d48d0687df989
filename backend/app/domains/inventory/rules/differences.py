"""Differences of two JSON documents, for the history."""

from collections.abc import Mapping
from typing import Any

import orjson

MAX_CHANGES = 500
_BRANCHES = (dict, list)
_MISSING = object()


def diff(old: Any, new: Any) -> list[dict[str, Any]]:
    """The changes that turn `old` into `new`: [{"op", "path", "old"?, "new"?}] in an order that can be applied.

    `path` is a JSON pointer. Lists are compared by position; what is added or removed at a list's end comes last,
    removals from the back. A change of more than MAX_CHANGES parts is told as one replacement of the whole.
    """
    changes: list[dict[str, Any]] = []
    _diff(old, new, "", changes)
    if len(changes) > MAX_CHANGES:
        return [{"op": "replace", "path": "", "old": old, "new": new}]
    return changes


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Keys whose values may differ: most of a changed document does not, and this sees it much faster.

    Python compares branches at once, but finds True equal to 1 in them, so equal branches are compared as text too.
    """
    keys: set[str] = set(old.keys() - new.keys())
    branches: list[str] = []
    for key, value in new.items():
        before = old.get(key, _MISSING)
        if type(before) is not type(value) or before != value:
            keys.add(key)
        elif type(value) in _BRANCHES:
            branches.append(key)
    if not _is_same_text({key: old[key] for key in branches}, {key: new[key] for key in branches}):
        keys.update(key for key in branches if not _is_same_text(old[key], new[key]))
    return keys


def _is_same_text(old: Any, new: Any) -> bool:
    try:
        return orjson.dumps(old, option=orjson.OPT_SORT_KEYS) == orjson.dumps(new, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # values that are no JSON, such as very large numbers
        return False


def _same(old: Any, new: Any) -> bool:
    # Python finds True equal to 1; JSON does not. Both find 1 equal to 1.0.
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(old == new)


def _diff(old: Any, new: Any, path: str, changes: list[dict[str, Any]]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(_differing(old, new)):
            _diff_member(old, new, key, f"{path}/{_escape(key)}", changes)
    elif isinstance(old, list) and isinstance(new, list):
        shared = min(len(old), len(new))
        for index in range(shared):
            _diff(old[index], new[index], f"{path}/{index}", changes)
        gone, come = range(len(old) - 1, shared - 1, -1), range(shared, len(new))
        changes += [{"op": "remove", "path": f"{path}/{index}", "old": old[index]} for index in gone]
        changes += [{"op": "add", "path": f"{path}/{index}", "new": new[index]} for index in come]
    elif not _same(old, new):
        changes.append({"op": "replace", "path": path, "old": old, "new": new})


def _diff_member(
    old: Mapping[str, Any], new: Mapping[str, Any], key: str, path: str, changes: list[dict[str, Any]]
) -> None:
    if key not in new:
        changes.append({"op": "remove", "path": path, "old": old[key]})
    elif key not in old:
        changes.append({"op": "add", "path": path, "new": new[key]})
    else:
        _diff(old[key], new[key], path, changes)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
