"""Bursts: what goes wrong on one resource, or everywhere at once, is one thing to look at and not hundreds. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

WINDOW = timedelta(minutes=10)
"""Episodes that begin within it begin at once."""
AT_ONCE = 20
"""So many series at once, on whatever resources, are one burst."""
ON_ONE_RESOURCE = 5


@dataclass(frozen=True, slots=True)
class Start:
    """The begin of an episode that is in no burst."""

    id: UUID
    at: datetime
    resource_id: UUID | None


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst that there is; with a resource it is of that one only."""

    id: UUID
    at: datetime
    resource_id: UUID | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """Episodes that are one: they join the burst `joins`, or make a new one."""

    by: Literal["resource", "time"]
    members: tuple[UUID, ...]
    resource_id: UUID | None
    joins: UUID | None = None


def gather(starts: Collection[Start], bursts: Sequence[Burst]) -> list[Gathered]:
    """Which episodes are one: with a burst that has just begun, else with others that began at the same time.

    Many at once are one burst whatever their resources; where they are fewer, those of one resource are.
    """
    left = sorted(starts, key=lambda start: (start.at, start.id))
    made: list[Gathered] = []
    for burst in bursts:
        joining = [
            start
            for start in left
            if abs(start.at - burst.at) <= WINDOW and burst.resource_id in (None, start.resource_id)
        ]
        left = _take(made, left, joining, _how(burst.resource_id), burst.resource_id, burst.id)
    for cluster in _clusters(left, AT_ONCE):
        resources = {start.resource_id for start in cluster}
        one = next(iter(resources)) if len(resources) == 1 else None
        left = _take(made, left, cluster, _how(one), one)
    by_resource: dict[UUID, list[Start]] = {}
    for start in left:
        if start.resource_id is not None:
            by_resource.setdefault(start.resource_id, []).append(start)
    for resource_id, own in by_resource.items():
        for cluster in _clusters(own, ON_ONE_RESOURCE):
            left = _take(made, left, cluster, "resource", resource_id)
    return made


def common_labels(labels: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all have in common."""
    first, *others = labels or [{}]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def _how(resource_id: UUID | None) -> Literal["resource", "time"]:
    return "time" if resource_id is None else "resource"


def _take(
    made: list[Gathered],
    left: list[Start],
    members: Sequence[Start],
    by: Literal["resource", "time"],
    resource_id: UUID | None,
    joins: UUID | None = None,
) -> list[Start]:
    """Note a group, and what is left without it."""
    if not members:
        return left
    ids = {member.id for member in members}
    made.append(Gathered(by, tuple(member.id for member in members), resource_id, joins))
    return [start for start in left if start.id not in ids]


def _clusters(starts: Sequence[Start], least: int) -> list[list[Start]]:
    """Runs of at least so many that lie within the window of their first."""
    made = []
    first = 0
    while first < len(starts):
        end = first
        while end < len(starts) and starts[end].at - starts[first].at <= WINDOW:
            end += 1
        if end - first >= least:
            made.append(list(starts[first:end]))
            first = end
        else:
            first += 1
    return made
