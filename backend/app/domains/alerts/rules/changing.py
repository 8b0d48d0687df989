"""What a change of a rule means: for the states it has, for a group that is replaced whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

NAMING = ("name", "severity", "labels")
"""Fields that are part of the labels of each alert."""
_HOW_IT_IS_READ = frozenset(
    {"enter", "leave", "function", "window_seconds", "ahead_seconds", "times", "plus", "past_marks"}
)
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """One rule of a group that is replaced: positions of the rule that is there and of the one that shall be."""

    kind: Literal["added", "changed", "removed", "unchanged"]
    old: int | None
    new: int | None
    fields: tuple[str, ...] = ()


def changed_fields(old: Fields, new: Fields) -> tuple[str, ...]:
    """Names of the fields that differ."""
    return tuple(name for name in sorted(new) if old[name] != new[name])


def keeps_states(old: Fields, new: Fields) -> bool:
    """Whether instances of the one rule are instances of the other: their alerts have the same labels.

    Numbers, windows and times may change under a firing instance. What it is called and which series it reads may
    not: an instance of the old rule would never be found again.
    """
    if any(old[name] != new[name] for name in NAMING) or not new["enabled"]:
        return False
    return bool(_subject(old["condition"]) == _subject(new["condition"]))


def compare_groups(old: Sequence[Fields], new: Sequence[Fields]) -> list[GroupChange]:
    """How a group becomes another one, by the new order, then what is removed.

    A rule is the one that is equal to it; else the first of its name that no other rule is equal to. A rule that only
    stands elsewhere is unchanged.
    """
    left = list(range(len(old)))
    partners: dict[int, int] = {}
    for place, wanted in enumerate(new):
        equal = next((i for i in left if not changed_fields(old[i], wanted)), None)
        if equal is not None:
            partners[place] = equal
            left.remove(equal)
    for place, wanted in enumerate(new):
        if place not in partners:
            namesake = next((i for i in left if old[i]["name"] == wanted["name"]), None)
            if namesake is not None:
                partners[place] = namesake
                left.remove(namesake)
    made = []
    for place, wanted in enumerate(new):
        partner = partners.get(place)
        if partner is None:
            made.append(GroupChange("added", None, place))
        elif fields := changed_fields(old[partner], wanted):
            made.append(GroupChange("changed", partner, place, fields))
        else:
            made.append(GroupChange("unchanged", partner, place))
    return [*made, *(GroupChange("removed", i, None) for i in left)]


def first_threshold(condition: Fields) -> float | None:
    """The number of the first comparison of a stored condition."""
    enter = condition.get("enter")
    if isinstance(enter, Mapping):
        number = enter.get("threshold")
        return float(number) if isinstance(number, int | float) else None
    parts = condition.get("parts") or ()
    return next((found for part in parts if (found := first_threshold(part)) is not None), None)


def _subject(condition: Any) -> Any:
    if isinstance(condition, Mapping):
        return {name: _subject(value) for name, value in condition.items() if name not in _HOW_IT_IS_READ}
    if isinstance(condition, list | tuple):
        return [_subject(one) for one in condition]
    return condition
