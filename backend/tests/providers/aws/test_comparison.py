"""Resource by resource: what moto holds, read with bare boto3, and what the adapter gives; no more, no less."""

from collections.abc import Mapping
from typing import Any

from app.providers.aws.catalogue import all_types
from app.providers.aws.catalogue.model import ResourceType
from app.providers.base import CollectedResource, UnitResult
from tests.providers.aws.bare import read_all
from tests.providers.aws.conftest import MOVING_IN_MOTO, NOT_IN_MOTO, resources_of
from tests.providers.aws.estate import Estate
from tests.providers.aws.test_shapes import OWN, as_json, changed_names

TYPES: Mapping[str, ResourceType] = {entry.native_type: entry for _, entry in all_types()}
# moto (5.2.5) leaves these out of GetAccountAuthorizationDetails, whose vendor's answer has them. Its policies have
# `name` and `id`, found for a shape called Policy (ListPolicies) by taking that prefix away (moto/core/serialize.py,
# ShapePrefixAlias); in the bulk answer the shape is ManagedPolicyDetail and the class ManagedPolicy: neither fits.
NOT_IN_BULK: Mapping[str, tuple[str, ...]] = {"AWS::IAM::Policy": ("PolicyName", "PolicyId")}


def key_of(item: Mapping[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(item.get(name) for name in names)


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], entry: ResourceType) -> list[str]:
    """Names of the vendor's properties that we have otherwise, or not at all; documented changes apart."""
    changed = changed_names(entry) | {path.split(".")[0].removesuffix("[]") for path in entry.volatile}
    changed |= {MOVING_IN_MOTO.get(entry.native_type, "")}
    changed |= {name for name in NOT_IN_BULK.get(entry.native_type, ()) if name not in ours}
    return [name for name, value in theirs.items() if name not in changed and ours.get(name) != as_json(value)]


def test_all_that_moto_holds_is_collected_whole_and_nothing_else(estate: Estate, collected: list[UnitResult]) -> None:
    held = read_all(estate.client)
    assert set(held) | NOT_IN_MOTO | OWN == set(TYPES)
    assert [error for result in collected for error in result.errors] == []
    ours_by_type: dict[str, list[CollectedResource]] = {}
    for resource in resources_of(collected):
        ours_by_type.setdefault(resource.native_type, []).append(resource)
    wrong: list[str] = []
    for native_type, what in held.items():
        ours = {key_of(one.properties, what.key): one for one in ours_by_type.get(native_type, [])}
        theirs = {key_of(as_json(one), what.key): one for one in what.items}
        if not theirs:
            wrong.append(f"{native_type}: the estate has none")
        wrong += [
            f"{native_type} {key}: only {'ours' if key in ours else 'theirs'}" for key in ours.keys() ^ theirs.keys()
        ]
        for key in ours.keys() & theirs.keys():
            wrong.extend(
                f"{native_type} {key}: {name} is {ours[key].properties.get(name)!r}, not {theirs[key][name]!r}"
                for name in differences(ours[key].properties, theirs[key], TYPES[native_type])
            )
    assert not wrong, "\n".join(wrong)
