"""From a row of Resource Graph, or a resource of Resource Manager, to a resource and its relations."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from app.providers.azure.catalogue import TYPES
from app.providers.azure.catalogue.common import EVERYWHERE, redact_secrets
from app.providers.azure.catalogue.model import Item, Relation, ResourceType
from app.providers.azure.ids import ArmId, key_of, parse_id
from app.providers.azure.paths import find, redact, steps, walk
from app.providers.base import CollectedRelation, CollectedResource

COLUMNS = (
    "id",
    "name",
    "type",
    "kind",
    "location",
    "managedBy",
    "sku",
    "plan",
    "properties",
    "tags",
    "identity",
    "zones",
    "extendedLocation",
)
_DERIVED = {"tenantId", "subscriptionId", "resourceGroup", "apiVersion", "managementGroupId"}
_VOLATILE = ("id", "etag", "properties.etag", "systemData.lastModifiedAt", "systemData.lastModifiedBy")
_NOT_CONTAINED = "microsoft.authorization/"
NO_REGION = "global"


def item_of(row: Mapping[str, Any], entry: ResourceType) -> Item:
    """The resource in one form, whoever answered: no empty columns, nothing that the id says, the usual spelling."""
    item = {name: value for name, value in row.items() if value is not None and value != "" and name not in _DERIVED}
    item["type"] = entry.native_type
    if not item.get("tags"):
        item.pop("tags", None)  # some providers write an empty object where others write nothing
    properties = item.get("properties")
    if isinstance(properties, dict) and any(value is None for value in properties.values()):
        # Resource Graph and Resource Manager do not agree on which of them leaves out what is not set.
        item["properties"] = {name: value for name, value in properties.items() if value is not None}
    return item


def convert(
    entry: ResourceType, item: Item, unread: Mapping[str, str], *, has_secrets: bool = True
) -> tuple[list[CollectedResource], list[CollectedRelation]]:
    """The resource with what is inside of it; nothing when there is no id. Secret values are gone from the result.

    `has_secrets` may be false where the answer's text was seen to hold none.
    """
    native_id = item.get("id")
    place = parse_id(native_id) if isinstance(native_id, str) else None
    if place is None or not isinstance(native_id, str):
        return [], []
    if has_secrets:
        redact_secrets(item)
    for path in entry.redact:
        redact(item, path)
    resource = _resource(entry, item, native_id, place, unread)
    edges = _edges(entry, item, place)
    if not entry.parts:
        return [resource], edges
    resources = [resource]
    for part in entry.parts:
        of = TYPES[part.native_type.lower()]
        for inner in walk(item, steps(part.path)):
            if isinstance(inner, dict) and inner.get("id"):
                whole = item_of({**inner, "location": item.get("location")}, of)
                more, relations = convert(of, whole, {}, has_secrets=False)
                resources += more
                edges += relations
    return resources, edges


def _resource(
    entry: ResourceType, item: Item, native_id: str, place: ArmId, unread: Mapping[str, str]
) -> CollectedResource:
    tags = item.get("tags")
    aliases = [place.key] if place.key != native_id else []
    for path in entry.aliases:
        aliases.extend(str(value) for value in walk(item, steps(path)) if isinstance(value, str | int) and value != "")
    location = item.get("location")
    name = walk(item, steps(entry.name))
    return CollectedResource(
        native_id=native_id,
        native_type=entry.native_type,
        type=_kind(entry, item),
        name=str(name[0] if name and name[0] != "" else item.get("name") or native_id.rpartition("/")[2]),
        region=region_of(location) if isinstance(location, str) and location else NO_REGION,
        status=_status(entry, item),
        tags=_tags(tags),
        properties=item,
        account=place.subscription,
        created_at=_created(entry, item),
        unread_fields=dict(unread),
        aliases=tuple(dict.fromkeys(aliases)) if aliases else (),
        volatile=_volatile(entry.volatile),
    )


@lru_cache(maxsize=1024)
def region_of(location: str) -> str:
    """`West Europe` and `westeurope` are one."""
    return location.replace(" ", "").lower()


@lru_cache(maxsize=512)
def _volatile(more: tuple[str, ...]) -> tuple[str, ...]:
    return (*_VOLATILE, *more)


def _kind(entry: ResourceType, item: Item) -> str:
    if entry.kinds and isinstance(item.get("kind"), str):
        words = str(item["kind"]).lower().split(",")
        for word, kind in entry.kinds.items():
            if word in words:
                return kind
    return entry.type


def _status(entry: ResourceType, item: Item) -> str | None:
    for path in entry.status:
        for value in walk(item, steps(path)):
            if isinstance(value, str) and value:
                return value
    return None


def _created(entry: ResourceType, item: Item) -> datetime | None:
    for path in (*entry.created, "systemData.createdAt"):
        found = parse_instant(find(item, path))
        if found is not None:
            return found
    return None


def parse_instant(value: Any) -> datetime | None:
    """From ISO text, also with the seven digits that .NET writes; without a zone it is UTC. None for anything else."""
    if not isinstance(value, str):
        return None
    head, dot, tail = value.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        value = f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}"
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _tags(tags: Any) -> dict[str, str]:
    if not isinstance(tags, Mapping):
        return {}
    return {str(key): "" if text is None else str(text) for key, text in tags.items()}


def _edges(entry: ResourceType, item: Item, place: ArmId) -> list[CollectedRelation]:
    edges = []
    if place.parent and not place.type.startswith(_NOT_CONTAINED):
        edges.append(CollectedRelation(source=place.parent, kind="contains", target=place.key))
    for relation in entry.relations:
        edges += _edges_of(relation, item, place.key)
    if "identity" in item or "managedBy" in item:
        for relation in EVERYWHERE:
            edges += _edges_of(relation, item, place.key)
    return edges


def _edges_of(relation: Relation, item: Item, own: str) -> list[CollectedRelation]:
    path = relation.path
    values: Sequence[Any] = walk(item, steps(path)) if isinstance(path, str) else path(item)
    if not values:
        return []
    edges = []
    for other in dict.fromkeys(key_of(value) for value in values if isinstance(value, str) and value):
        if other and other != own:
            source, target = (other, own) if relation.reverse else (own, other)
            edges.append(CollectedRelation(source=source, kind=relation.kind, target=target))
    return edges
