"""Exposure of hand-written resources: the rules over an estate in memory, without a database."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.core.ids import new_id
from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Listing, Resource
from app.domains.topology.rules.exposure import Exposure, explain, is_examined
from app.domains.topology.rules.inputs import INPUT_TYPES
from app.domains.topology.rules.providers import load_rules

load_rules()
ACCOUNT, REGION = "111122223333", "eu-west-1"


def resource(native_id: str, native_type: str, properties: Mapping[str, Any], **changes: Any) -> Resource:
    """A resource of the one account and region; its name is the end of its id."""
    made = Resource(
        id=new_id(),
        native_id=native_id,
        native_type=native_type,
        type="any",
        name=native_id.rpartition("/")[2],
        provider="any",
        account=ACCOUNT,
        region=REGION,
        properties=properties,
    )
    return replace(made, **changes)


def told(target: Resource, others: Iterable[Resource] = (), *, unlisted: Collection[str] = ()) -> Exposure:
    """What the rules say. `unlisted`: native types that were not listed whole."""
    known, estate = [target, *others], Estate()
    for one in known:
        estate.add(one)
    for _ in range(20):
        estate.start()
        found = explain(target, estate)
        if estate.is_complete:
            _check_watched(known, estate)
            return found
        for reference in estate.wanted_references:
            estate.answer(reference, None)
        for key in estate.wanted_listings:
            listed = [
                one
                for one in known
                if one.native_type == key.native_type
                and key.account in ("", one.account)
                and key.region in ("", one.region)
            ]
            estate.answer_listing(key, Listing(listed, key.native_type not in unlisted))
    raise AssertionError("the rule asks for ever more")


def _check_watched(known: Iterable[Resource], estate: Estate) -> None:
    """A change of whatever was read must mark what was computed from it."""
    read = {one.native_type for one in known if one.id in estate.reads}
    assert not [name for name in read if not is_examined(name) and name.lower() not in INPUT_TYPES]


def told_text(found: Exposure) -> str:
    """The answer as one line: `no`, `unknown`, or ports and sources of every chain."""
    if found.exposed is None:
        return "unknown"
    lines = [f"{traffic.port_text(chain.ports)} from {', '.join(chain.cidrs)}" for chain in found.chains]
    return " | ".join(dict.fromkeys(lines)) or "no"
