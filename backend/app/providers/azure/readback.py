"""Reading one resource again, by its own provider, with the settings that belong to it.

Resource Graph may tell of a change minutes later, so it is not asked. What comes back has the form of its rows.
"""

from typing import Any

from app.providers.azure.catalogue import GROUP_OF, group_for, type_for
from app.providers.azure.catalogue.model import Item, ResourceType
from app.providers.azure.convert import COLUMNS, convert, item_of, region_of
from app.providers.azure.engine import Entry, call_errors, child_task, merge_child
from app.providers.azure.errors import AzureError
from app.providers.azure.events import owner_of
from app.providers.azure.ids import SUBSCRIPTION, ArmId, key_of, parse_id
from app.providers.azure.paths import walk
from app.providers.azure.permissions import read_action
from app.providers.azure.reader import Reader
from app.providers.azure.scope import is_in_regions, read_scope, scope_name
from app.providers.base import CollectedRelation, CollectedResource, ErrorKind, ReadBack, ResourceTarget, Unit

GLOBAL = "global"


def read_back(reader: Reader, target: ResourceTarget) -> ReadBack:
    """Never raises for a failed call. A missing resource is `gone`; a missing right or a failed call closes nothing."""
    unit = Unit(account=target.account, region=GLOBAL, service="other")
    asked = key_of(target.native_id)
    try:
        owner = _owner(reader, target.native_id)
        unit = Unit(account=scope_name(reader), region=GLOBAL, service=group_for(owner.type).name)
        resources, relations, failures = _read(reader, target.native_id.rstrip("/")[: len(owner.key)], owner)
    except _Gone as gone:
        return ReadBack(unit=unit, gone=frozenset({asked, gone.key}), call_count=reader.call_count)
    except AzureError as error:
        return ReadBack(unit=unit, errors=call_errors([(error, 1)]), call_count=reader.call_count)
    found = {key_of(resource.native_id) for resource in resources}
    was_part = asked not in found and asked.startswith(f"{owner.key}/") and type_for(_type_of(asked)).is_part
    return ReadBack(
        unit=unit,
        resources=tuple(resources),
        relations=tuple(dict.fromkeys(relations)),
        gone=frozenset({asked}) if was_part else frozenset(),
        errors=call_errors([(error, 1) for error in failures]),
        call_count=reader.call_count,
    )


class _Gone(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _type_of(native_id: str) -> str:
    place = parse_id(native_id)
    return place.type if place else ""


def _owner(reader: Reader, native_id: str) -> ArmId:
    """What has to be read: the resource, or the one that it is a setting or a part of. Raises AzureError."""
    place = parse_id(native_id)
    owner = owner_of(place) if place else None
    if owner is not None and type_for(owner.type).is_part:
        owner = parse_id(owner.parent)
    if owner is None:
        raise AzureError(ErrorKind.INVALID_ANSWER, "this is no id of a resource in Azure")
    if owner.subscription and owner.subscription not in {one.id for one in read_scope(reader).subscriptions}:
        raise AzureError(ErrorKind.NOT_ENABLED, f"the connection does not read subscription {owner.subscription}")
    return owner


def _read(
    reader: Reader, native_id: str, owner: ArmId
) -> tuple[list[CollectedResource], list[CollectedRelation], list[AzureError]]:
    """Raises _Gone and AzureError."""
    entry = type_for(owner.type)
    try:
        item = item_of(_as_row(_get(reader, native_id, entry)), entry)
    except AzureError as error:
        if error.is_gone:
            raise _Gone(owner.key) from error
        raise
    if not is_in_regions(reader.session.connection, item.get("location")):
        raise AzureError(ErrorKind.NOT_ENABLED, "the connection does not read this region")
    waiting = Entry(entry, item)
    children = [child for child in entry.children if child.when is None or child.when(item)]
    tasks = [(child.action, child_task(reader, str(item["id"]), child)) for child in children]
    failures = []
    for child, outcome in zip(children, reader.run_all(tasks), strict=True):
        if isinstance(outcome, AzureError):
            failures.append(outcome)
        merge_child(waiting, child, outcome)
    resources, relations = convert(entry, item, waiting.unread)
    return resources, relations, failures


def _get(reader: Reader, native_id: str, entry: ResourceType) -> dict[str, Any]:
    """By the declared api-version, or the newest one that the provider names on refusing it. Raises AzureError."""
    action = read_action(entry.native_type)
    try:
        found = reader.get(native_id, entry.api_version, action, expand=entry.expand)
    except AzureError as error:
        versions = error.supported_versions
        if not versions:
            raise
        stable = [version for version in versions if "preview" not in version] or versions
        found = reader.get(native_id, stable[-1], action, expand=entry.expand)
    if entry.key == SUBSCRIPTION and not found.get("name"):
        found = {**found, "name": found.get("displayName"), "properties": {"state": found.get("state")}}
    if not isinstance(found.get("id"), str) or (entry.key not in GROUP_OF and not isinstance(found.get("type"), str)):
        raise AzureError(ErrorKind.INVALID_ANSWER, "the answer is no resource", call=action)
    return found


def _as_row(found: Item) -> Item:
    """What Resource Graph would show of it: its columns, and a machine's state at the place that it has there."""
    row = {name: value for name, value in found.items() if name in COLUMNS}
    if isinstance(row.get("location"), str):
        row["location"] = region_of(row["location"])
    properties = row.get("properties")
    statuses = walk(properties, ("instanceView", "statuses", "[]"))
    power = [one for one in statuses if isinstance(one, dict) and str(one.get("code", "")).startswith("PowerState/")]
    if power and isinstance(properties, dict):
        rest = {name: value for name, value in properties.items() if name != "instanceView"}
        row["properties"] = {**rest, "extended": {"instanceView": {"powerState": power[0]}}}
    return row
