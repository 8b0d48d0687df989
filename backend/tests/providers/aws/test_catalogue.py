"""The catalogue against the vendor's own service models: calls, arguments, items, ids and paths exist as named."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from app.providers.aws.arns import template_of
from app.providers.aws.catalogue import SERVICES, all_types
from app.providers.aws.catalogue.model import Extra, ResourceType, Service
from app.providers.aws.paths import steps
from botocore.session import Session
from tests.providers.aws.estate import LOADER

CASES = [pytest.param(service, entry, id=entry.native_type) for service, entry in all_types()]
_PLACES = {"partition", "region", "account", "value", "native_id", "management", "organization"}
# Answers as free-form JSON or maps of texts: the model says nothing of what is in them.
_UNTYPED = {
    "SQS": {"Attributes": {"QueueArn", "KmsMasterKeyId", "CreatedTimestamp", "Policy", "RedrivePolicy",
                           "RedriveAllowPolicy", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
                           "ApproximateNumberOfMessagesNotVisible"}},
}  # fmt: skip


_SESSION = Session()
_SESSION.register_component("data_loader", LOADER)


@cache
def model_of(client: str) -> Any:
    return _SESSION.get_service_model(client)


def walk(shape: Any, path: str) -> Any:
    """The shape at the path; fails where a member is not in the model. Maps and lists are gone into."""
    for step in steps(path):
        if step == "[]":
            assert shape.type_name == "list", f"{shape.name} is no list ({path})"
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
        else:
            assert shape.type_name == "structure", f"{shape.name} has no members ({path})"
            assert step in shape.members, f"{shape.name} has no {step} ({path}): {sorted(shape.members)}"
            shape = shape.members[step]
    return shape


@cache
def operation_of(client: str, operation: str) -> Any:
    model = model_of(client)
    assert operation in model.operation_names, f"{client} has no {operation}"
    return model.operation_model(operation)


def check_arguments(client: str, operation: str, arguments: Any) -> None:
    given = set(arguments)
    shape = operation_of(client, operation).input_shape
    members = set(shape.members) if shape else set()
    assert given <= members, f"{client}:{operation} takes no {given - members}"


def item_shape(service: Service, entry: ResourceType) -> Any:
    """The structure of one item, or None where the engine makes it of a text or of nothing."""
    if entry.describe is not None:
        output = operation_of(service.name, entry.describe.operation).output_shape
        return walk(output, entry.describe.items)
    if entry.listing is None or entry.listing.scalar:
        return None
    return walk(operation_of(entry.listing.client or service.name, entry.listing.operation).output_shape,
                entry.listing.items)  # fmt: skip


def made_names(service: Service, entry: ResourceType) -> set[str]:
    """Properties that are not in the answer but made: carried, kept, joined, read apart, derived."""
    names = {*entry.derive, *(join.name for join in entry.joins), *entry.itself}
    for extra in entry.extras:
        names |= {extra.name, *extra.spread}
    if entry.for_each is not None:
        names |= {*entry.for_each.carry} | ({*entry.for_each.arguments} if entry.listing is None else set())
    if entry.describe is not None:
        names |= {*entry.describe.keep}
    if entry.listing is not None and entry.listing.scalar:
        names.add(entry.listing.scalar)
    return names


def paths_of(entry: ResourceType) -> Iterator[str]:
    templates = [entry.native_id, *entry.aliases]
    templates += [rule.target for rule in entry.relations if isinstance(rule.target, str)]
    templates += [join.key for join in entry.joins]
    for template in templates:
        yield from (place for place in re.findall(r"\{([^{}]+)\}", template) if place not in _PLACES)
    yield from (path for path in (entry.status, entry.created, entry.region, entry.owner) if path)
    yield from (rule for rule in entry.name if not rule.startswith("tag:"))
    yield from (rule.path for rule in entry.relations if isinstance(rule.path, str))
    yield from entry.redact
    yield from entry.volatile
    yield from entry.json_fields
    for extra in entry.extras:
        yield from extra.arguments.values()


@pytest.mark.parametrize(("service", "entry"), CASES)
def test_every_call_of_a_type_exists_with_its_arguments(service: Service, entry: ResourceType) -> None:
    if entry.listing is not None:
        client = entry.listing.client or service.name
        more = set(entry.for_each.arguments) if entry.for_each else set()
        check_arguments(client, entry.listing.operation, {*entry.listing.arguments, *more, *entry.narrow})
        shape = walk(operation_of(client, entry.listing.operation).output_shape, entry.listing.items)
        assert (shape.type_name == "string") is bool(entry.listing.scalar)
    if entry.describe is not None:
        one = entry.describe
        check_arguments(service.name, one.operation, {*one.arguments, one.parameter})
        parameter = operation_of(service.name, one.operation).input_shape.members[one.parameter]
        assert (parameter.type_name == "list") is bool(one.batch)
    for extra in entry.extras:
        current: Extra | None = extra
        while current is not None:
            client = current.client or service.name
            check_arguments(client, current.operation, {*current.arguments, *current.constants})
            output = operation_of(client, current.operation).output_shape
            walk(output, current.result)
            for name in current.spread if not current.result else ():
                assert name in output.members, f"{current.operation} answers no {name}"
            current = current.fallback
    for join in entry.joins:
        for call in join.calls:
            client, _, operation = call.partition(":")
            operation_of(client, operation)


@pytest.mark.parametrize(("service", "entry"), CASES)
def test_every_path_of_a_type_is_in_its_answer(service: Service, entry: ResourceType) -> None:
    shape, made = item_shape(service, entry), made_names(service, entry)
    extras = {extra.name: extra for extra in entry.extras}
    untyped = _UNTYPED.get(service.name.upper(), {})
    for path in paths_of(entry):
        first, *rest = steps(path)
        if shape is not None and shape.type_name == "map":
            assert first in made or first in untyped.get("Attributes", ()), path
        elif first in extras and not extras[first].spread and extras[first].convert is None:
            extra = extras[first]
            output = operation_of(extra.client or service.name, extra.operation).output_shape
            inner = walk(output, extra.result)
            if first in entry.derive or inner.type_name == "string":
                continue
            walk(inner, ".".join(rest).replace(".[]", "[]"))
        elif first in made or (shape is not None and first in entry.json_fields):
            continue
        else:
            assert shape is not None, f"{entry.native_type}: nothing makes {first}"
            walk(shape, path)


def test_types_are_ninety_and_each_once() -> None:
    names = [entry.native_type for _, entry in all_types()]
    assert len(names) == len(set(names)) >= 90
    assert all(re.fullmatch(r"AWS(::\w+)+", name) for name in names)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", entry.type) for _, entry in all_types())


@pytest.mark.parametrize(("service", "entry"), CASES)
def test_every_type_can_be_told_by_its_arn(service: Service, entry: ResourceType) -> None:
    assert template_of(entry).startswith("arn:{partition}:")


def test_parents_are_of_the_same_unit() -> None:
    for service in SERVICES.values():
        own = {entry.native_type for entry in service.types}
        assert {entry.for_each.parent for entry in service.types if entry.for_each} <= own
