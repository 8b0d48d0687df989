"""Reading one resource again, by its own provider, with the settings that belong to it."""

from typing import Any

from app.providers.azure.catalogue import GROUP_OF, group_for, type_for
from app.providers.azure.catalogue.model import ResourceType
from app.providers.azure.convert import convert, item_of
from app.providers.azure.engine import Entry, call_errors, child_task, merge_child
from app.providers.azure.errors import AzureError
from app.providers.azure.events import owner_of
from app.providers.azure.ids import SUBSCRIPTION, parse_id
from app.providers.azure.permissions import read_action
from app.providers.azure.reader import Reader
from app.providers.azure.scope import scope_name
from app.providers.base import ErrorKind, ReadBack, ResourceTarget, Unit

GLOBAL = "global"


def read_back(reader: Reader, target: ResourceTarget) -> ReadBack:
    """Never raises for a failed call. A missing resource is `gone`; a missing right or a failed call closes nothing."""
    place = parse_id(target.native_id)
    unit = Unit(account=target.account, region=GLOBAL, service="other")
    try:
        name = scope_name(reader)
        if place is None:
            raise AzureError(ErrorKind.INVALID_ANSWER, "this is no id of Azure's")
        owner = owner_of(place)
        entry = type_for(owner.type)
        unit = Unit(account=name, region=GLOBAL, service=group_for(owner.type).name)
        native_id = target.native_id.rstrip("/")[: len(owner.key)]
        item = item_of(_get(reader, native_id, entry), entry)
    except AzureError as error:
        if error.is_gone and place is not None:
            return ReadBack(unit=unit, gone=frozenset({native_id, owner.key}), call_count=reader.call_count)
        return ReadBack(unit=unit, errors=call_errors([(error, 1)]), call_count=reader.call_count)
    if not item.get("id"):
        item["id"] = native_id
    waiting = Entry(entry, item)
    children = [child for child in entry.children if child.when is None or child.when(item)]
    tasks = [(child.action, child_task(reader, str(item["id"]), child)) for child in children]
    failures = []
    for child, outcome in zip(children, reader.run_all(tasks), strict=True):
        if isinstance(outcome, AzureError):
            failures.append((outcome, 1))
        merge_child(waiting, child, outcome)
    resources, relations = convert(entry, item, waiting.unread)
    return ReadBack(
        unit=unit,
        resources=tuple(resources),
        relations=tuple(dict.fromkeys(relations)),
        errors=call_errors(failures),
        call_count=reader.call_count,
    )


def _get(reader: Reader, native_id: str, entry: ResourceType) -> dict[str, Any]:
    """By the declared api-version, or the newest one that the provider names when it refuses that. Raises AzureError."""
    action = read_action(entry.native_type)
    try:
        found = reader.get(native_id, entry.api_version, action)
    except AzureError as error:
        versions = error.supported_versions
        if not versions:
            raise
        stable = [version for version in versions if "preview" not in version] or versions
        found = reader.get(native_id, stable[-1], action)
    if entry.key == SUBSCRIPTION and not found.get("name"):
        found = {**found, "name": found.get("displayName"), "properties": {"state": found.get("state")}}
    if entry.key not in GROUP_OF and not isinstance(found.get("type"), str):
        raise AzureError(ErrorKind.INVALID_ANSWER, "the answer is no resource", call=action)
    return found
