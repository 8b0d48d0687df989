"""From an item as the SDK gave it to a resource and its relations."""

from collections.abc import Mapping
from typing import Any

from app.providers.aws.catalogue.model import Item, Relation, ResourceType
from app.providers.aws.paths import find, find_all, redact
from app.providers.aws.templates import fill, fill_all
from app.providers.aws.values import parse_instant, parse_json, plain, read_tags
from app.providers.base import CollectedRelation, CollectedResource


def convert(
    entry: ResourceType, item: Item, unread: Mapping[str, str], place: Mapping[str, str], unit_region: str
) -> tuple[CollectedResource, list[CollectedRelation]] | None:
    """None when the item has no id. Secret values are gone from what is returned."""
    created_at = parse_instant(find(item, entry.created)) if entry.created else None
    properties: Item = plain(item)
    for name in entry.json_fields:
        if name not in unread:
            properties[name] = parse_json(properties.get(name))
    for name, derive in entry.derive.items():
        properties[name] = derive(properties)
    for path in entry.redact:
        redact(properties, path)
    native_id = fill(entry.native_id, place, properties)
    if not native_id:
        return None
    tags = read_tags(find_all(properties, entry.tags)[0] if find_all(properties, entry.tags) else None)
    status = find(properties, entry.status) if entry.status else None
    region = find(properties, entry.region) if entry.region else None
    resource = CollectedResource(
        native_id=native_id,
        native_type=entry.native_type,
        type=entry.type,
        name=_name(entry, properties, tags) or native_id,
        region=str(region or unit_region),
        status=None if status is None else str(status),
        tags=tags,
        properties=properties,
        created_at=created_at,
        unread_fields=dict(unread),
        volatile=entry.volatile,
        aliases=tuple(
            dict.fromkeys(
                alias
                for template in entry.aliases
                for alias in fill_all(template, place, properties)
                if alias != native_id
            )
        ),
    )
    edges = [edge for relation in entry.relations for edge in _edges(relation, native_id, properties, place)]
    return resource, edges


def id_of(entry: ResourceType, place: Mapping[str, str], item: Item) -> str | None:
    """The native id that the item will have."""
    found = fill(entry.native_id, place, item)
    if found is None and entry.derive:
        found = fill(entry.native_id, place, {**item, **{name: derive(item) for name, derive in entry.derive.items()}})
    return found


def _name(entry: ResourceType, properties: Item, tags: Mapping[str, str]) -> str:
    for rule in entry.name:
        value: Any = tags.get(rule[4:]) if rule.startswith("tag:") else find(properties, rule)
        if value not in (None, ""):
            return str(value)
    return ""


def _edges(relation: Relation, native_id: str, properties: Item, place: Mapping[str, str]) -> list[CollectedRelation]:
    values = find_all(properties, relation.path) if isinstance(relation.path, str) else relation.path(properties)
    edges = []
    for value in dict.fromkeys(str(value) for value in values if isinstance(value, str | int) and value != ""):
        if isinstance(relation.target, str) and value.startswith("arn:"):
            other: str | None = value
        else:
            template = relation.target if isinstance(relation.target, str) else relation.target(value)
            other = fill(template, {**place, "value": value}, properties)
        if other and other != native_id:
            source, target = (other, native_id) if relation.reverse else (native_id, other)
            edges.append(CollectedRelation(source=source, kind=relation.kind, target=target))
    return edges
