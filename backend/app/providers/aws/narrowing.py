"""Reading one resource again: the service's catalogue cut down to that one, so that the engine does as for all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from app.providers.aws.arns import Match, matches
from app.providers.aws.catalogue.model import Item, ResourceType, Service
from app.providers.aws.templates import fill


class Narrowed(NamedTuple):
    """What `UnitRead` is given: the types to read, and `wanted` and `seeds` as it documents them."""

    service: Service
    wanted: Mapping[str, str]
    seeds: Mapping[str, Item]


def narrow(match: Match, native_id: str) -> Narrowed:
    """The fewest calls that give the whole resource: described or listed by its id, else picked from a listing."""
    service = match.service
    types: list[ResourceType] = []
    wanted, seeds = dict[str, str](), dict[str, Item]()
    current: tuple[str, Match] | None = (native_id, match)
    entry = match.entry
    while True:
        if current is None:
            types.insert(0, _bare(entry))
        else:
            wanted[entry.native_type] = current[0]
            seed = _seed(current[1], current[0])
            listed = entry if seed is not None else _narrow_listing(current[1], current[0])
            types.insert(0, listed if entry is match.entry else _bare(listed))
            if seed is not None:
                seeds[entry.native_type] = seed
                break
        if entry.for_each is None:
            break
        current = _parent_of(current[1]) if current is not None else None
        entry = next(one for one in service.types if one.native_type == entry.for_each.parent)
    return Narrowed(replace(service, types=tuple(types)), wanted, seeds)


def _bare(entry: ResourceType) -> ResourceType:
    """A parent, read only for what its children need of its listing."""
    return replace(entry, extras=(), joins=(), relations=())


def _narrow_listing(match: Match, native_id: str) -> ResourceType:
    entry = match.entry
    if entry.listing is None or not entry.narrow:
        return entry
    arguments = _filled(dict(entry.narrow), {**match.parts, "native_id": native_id})
    # A page size and ids exclude each other in many services, and one thing needs no pages.
    return replace(
        entry, listing=replace(entry.listing, arguments={**entry.listing.arguments, **arguments}, page_size=None)
    )


def _filled(value: Any, parts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, parts, {})
    if isinstance(value, dict):
        return {name: _filled(one, parts) for name, one in value.items()}
    return [_filled(one, parts) for one in value]


def _seed(match: Match, native_id: str) -> Item | None:
    """The first properties that make listing needless, where the id itself says them all."""
    entry = match.entry
    if entry.describe is None:
        return None
    known = dict(match.parts)
    known[entry.native_id.strip("{}")] = native_id
    needed = [entry.describe.ids, *(entry.for_each.carry if entry.for_each and entry.listing else ())]
    if entry.for_each is not None and entry.listing is not None:
        parent = _parent_of(match)
        for name, path in entry.for_each.carry.items():
            if parent is not None and path == parent[1].entry.native_id.strip("{}"):
                known[name] = parent[0]
    return {name: known[name] for name in needed} if all(name in known for name in needed) else None


def _parent_of(match: Match) -> tuple[str, Match] | None:
    """The parent's native id and match, where the child's id tells it."""
    for_each = match.entry.for_each
    if for_each is None or not for_each.parent_arn:
        return None
    parent_id = fill(for_each.parent_arn, match.parts, {})
    found = next(matches(parent_id, for_each.parent), None) if parent_id else None
    return (parent_id, found) if parent_id and found else None
