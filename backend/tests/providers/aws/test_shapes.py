"""Every type on answers made from the vendor's models: all fields there, none that may be missing, another shape."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pytest
from app.providers.aws.catalogue import SERVICES
from app.providers.aws.catalogue.model import ResourceType
from app.providers.aws.paths import steps
from app.providers.base import ErrorKind, UnitState
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from tests.providers.aws.answers import Answer, bare, breaks, cloud_of, full, refuses

UNITS = sorted(SERVICES)
OWN = {"AWS::Account", "AWS::Account::AlternateContact", "AWS::Region"}  # of the unit itself, no call lists them
# The vendor leaves the list out when it is empty: nobody can tell that from another shape without a word in it.
LEFT_OUT_WHEN_EMPTY = {
    entry.native_type
    for service in SERVICES.values()
    for entry in service.types
    if entry.listing is not None and entry.listing.may_omit
}


def as_json(value: Any) -> Any:
    """As the product shows it, written a second time."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return "eA=="
    if isinstance(value, Mapping):
        return {key: as_json(one) for key, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, list) else value


def told_item(service: str, entry: ResourceType, told: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the model's answer says of the one thing; empty where ids come as texts."""
    if entry.describe is not None:
        answer, path = told[f"{service}:{entry.describe.operation}"], entry.describe.items
    elif entry.listing is not None:
        answer, path = told[f"{entry.listing.client or service}:{entry.listing.operation}"], entry.listing.items
    else:
        return {}
    found = jmespath.search(path, answer) if path else answer
    while isinstance(found, list):
        found = found[0]
    return found if isinstance(found, dict) else {}


def changed_names(entry: ResourceType) -> set[str]:
    """Properties that the catalogue documents as its own."""
    names = {*entry.derive, *entry.json_fields, *(steps(path)[0] for path in entry.redact)}
    names |= {name for extra in entry.extras for name in (extra.name, *extra.spread)}
    names |= {join.name for join in entry.joins} | {*(entry.for_each.carry if entry.for_each else ())}
    return names | {*(entry.describe.keep if entry.describe else ())}


@pytest.mark.parametrize("unit", UNITS)
async def test_every_field_that_the_vendor_documents_is_kept(unit: str) -> None:
    answer, told = full()
    with cloud_of(answer) as cloud:
        result = await cloud.collect(unit)
    assert (result.state, result.errors) == (UnitState.COMPLETE, ())
    for entry in SERVICES[unit].types:
        found = [one for one in result.resources if one.native_type == entry.native_type]
        assert found, f"no {entry.native_type}"
        assert all(not one.unread_fields and "{" not in one.native_id and one.name for one in found)
        properties = found[0].properties
        for name, value in told_item(unit, entry, told).items():
            if name not in changed_names(entry):
                assert properties[name] == as_json(value), f"{entry.native_type}.{name}"
        assert json.dumps(dict(properties))
    assert result.complete_types == {entry.native_type for entry in SERVICES[unit].types}


@pytest.mark.parametrize("unit", UNITS)
async def test_a_thing_of_which_only_the_id_is_told_is_there_all_the_same(unit: str) -> None:
    answer, _ = bare(unit)
    with cloud_of(answer) as cloud:
        result = await cloud.collect(unit)
    assert result.errors == ()
    types = {entry.native_type for entry in SERVICES[unit].types}
    assert {one.native_type for one in result.resources} == types
    assert result.complete_types == types
    assert all(one.name and "None" not in one.native_id for one in result.resources)


FAULTS: Mapping[str, tuple[Answer, set[ErrorKind]]] = {
    "denied": (refuses(403, "AccessDenied"), {ErrorKind.ACCESS_DENIED}),
    "denied by a code of its own": (refuses(400, "UnauthorizedOperation"), {ErrorKind.ACCESS_DENIED}),
    "throttled": (refuses(429, "ThrottlingException"), {ErrorKind.THROTTLED}),
    "broken inside": (refuses(500, "InternalFailure"), {ErrorKind.UNREACHABLE}),
    "credentials revoked": (refuses(403, "ExpiredTokenException"), {ErrorKind.BAD_CREDENTIALS}),
    "not subscribed": (refuses(400, "SubscriptionRequiredException"), {ErrorKind.NOT_ENABLED}),
    "an error nobody knows": (refuses(400, "SomethingNew"), {ErrorKind.INVALID_ANSWER}),
    "timed out": (breaks(lambda: ReadTimeoutError(endpoint_url="u")), {ErrorKind.TIMED_OUT}),
    "cut off": (breaks(lambda: ConnectionClosedError(endpoint_url="u")), {ErrorKind.UNREACHABLE}),
    "not there": (breaks(lambda: EndpointConnectionError(endpoint_url="u")), {ErrorKind.UNREACHABLE}),
    "malformed": (breaks(lambda: ResponseParserError("x")), {ErrorKind.INVALID_ANSWER}),
}


def of_unit(number: int, unit: str) -> Any:
    """Each unit with one of the faults, another for the next unit; the others are the campaign's."""
    fault = list(FAULTS)[number]
    is_its_turn = zlib.crc32(unit.encode()) % len(FAULTS) == number
    return pytest.param(unit, fault, id=f"{unit}-{fault}", marks=() if is_its_turn else pytest.mark.slow)


@pytest.mark.parametrize(("unit", "fault"), [of_unit(number, unit) for unit in UNITS for number in range(len(FAULTS))])
async def test_a_unit_that_failed_is_never_an_empty_one(unit: str, fault: str) -> None:
    answer, kinds = FAULTS[fault]
    with cloud_of(answer) as cloud:
        result = await cloud.collect(unit)
    assert result.state is UnitState.FAILED
    assert (result.resources, result.complete_types) == ((), frozenset())
    assert {error.kind for error in result.errors} == kinds
    if kinds == {ErrorKind.ACCESS_DENIED}:
        assert all(error.permission for error in result.errors)


def test_every_fault_has_its_turn() -> None:
    assert {zlib.crc32(unit.encode()) % len(FAULTS) for unit in UNITS} == set(range(len(FAULTS)))


@pytest.mark.parametrize("unit", UNITS)
async def test_an_answer_of_another_shape_is_never_an_empty_listing(unit: str) -> None:
    with cloud_of(lambda *_: (200, {})) as cloud:
        result = await cloud.collect(unit)
    assert result.complete_types <= OWN | LEFT_OUT_WHEN_EMPTY
    listed = {entry.native_type for entry in SERVICES[unit].types} - OWN - LEFT_OUT_WHEN_EMPTY
    if listed:
        assert ErrorKind.INVALID_ANSWER in {error.kind for error in result.errors}


@pytest.mark.parametrize("unit", UNITS)
async def test_items_without_an_id_leave_the_type_incomplete(unit: str) -> None:
    """The listing's key is there and its items are of another shape."""
    answer, _ = full()

    def nameless(service: str, operation: Any) -> tuple[int, dict[str, Any]]:
        status, made = answer(service, operation)
        return status, {name: [{}] if isinstance(value, list) and value else value for name, value in made.items()}

    with cloud_of(nameless) as cloud:
        result = await cloud.collect(unit)
    assert all("None" not in one.native_id and one.name for one in result.resources)
    lists = {
        entry.native_type
        for entry in SERVICES[unit].types
        if entry.listing is not None and entry.listing.items.endswith("[]") and "." not in entry.listing.items
        if entry.for_each is None and entry.describe is None
    } | ({"AWS::EC2::Instance"} if unit == "ec2" else set())
    assert not lists & result.complete_types
