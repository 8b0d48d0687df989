"""From an asset as Cloud Asset lists it to a resource and its relations."""

import string
from collections.abc import Iterator, Mapping
from sys import intern
from typing import Any

from app.providers.base import CollectedRelation, CollectedResource, pack_properties
from app.providers.gcp.catalogue import TYPES
from app.providers.gcp.catalogue.model import AssetType, Data, Relation
from app.providers.gcp.names import (
    COMPUTE,
    full_name,
    host_of,
    last_part,
    place_of,
    project_number,
    project_of,
    with_project_id,
)
from app.providers.gcp.paths import change, find, texts
from app.providers.gcp.redaction import hide, hide_query, redact
from app.providers.gcp.values import created_of, labels_of, status_of

_MANAGER = "//cloudresourcemanager.googleapis.com/"
_ACTING = frozenset(
    {
        "roles/iam.serviceAccountUser",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.workloadIdentityUser",
        "roles/iam.serviceAccountOpenIdTokenCreator",
    }
)
_POLICY_RELATIONS_LIMIT = 200
_UNKNOWN = AssetType(native_type="", type="")
_FIELDS = string.Formatter()


def convert(
    asset: Mapping[str, Any], ids: Mapping[str, str], unit_account: str, unread: Mapping[str, str]
) -> tuple[CollectedResource, list[CollectedRelation]] | None:
    """None for what has no name or type. The asset's data are changed in place: secret values are gone from them."""
    native_id, native_type = asset.get("name"), asset.get("assetType")
    if not isinstance(native_id, str) or not isinstance(native_type, str) or not native_id or not native_type:
        return None
    declared = TYPES.get(native_type, _UNKNOWN)
    listed = asset.get("resource")
    resource: Mapping[str, Any] = listed if isinstance(listed, dict) else {}
    given = resource.get("data")
    data: Data = given if isinstance(given, dict) else {} if given is None else {"data": given}
    for name, derive in declared.derive.items():
        data[name] = derive(data)
    for path in declared.hidden:
        change(data, path, hide)
    for path in declared.hidden_queries:
        change(data, path, hide_query)
    redact(data)
    policy = asset.get("iamPolicy")
    if policy is not None:
        data["iamPolicy"] = policy
    if native_id.startswith(_MANAGER):
        data["ancestors"] = asset.get("ancestors") or []
    account = account_of(asset, native_id, ids)
    tags = labels_of(data, declared.labels)
    relations = list(_relations(declared, data, native_id, resource, policy, ids))
    made = CollectedResource(
        native_id=native_id,
        native_type=declared.native_type or native_type,
        type=declared.type or _type_of(native_type),
        name=_name_of(declared, data, native_id),
        region=intern(place_of(resource.get("location"), native_id)),
        status=status_of(data, declared.status),
        tags=tags,
        properties=pack_properties(data),
        account="" if account == unit_account else account,
        created_at=created_of(data, declared.created),
        unread_fields=unread,
        aliases=tuple(dict.fromkeys(_aliases(declared, data, native_id, asset, ids))),
        volatile=declared.volatile,
    )
    return made, relations


def account_of(asset: Mapping[str, Any], native_id: str, ids: Mapping[str, str]) -> str:
    """The id of the project that an asset is in; above projects the nearest folder or organization."""
    number = project_number(asset.get("ancestors"))
    if number:
        if number in ids:
            return ids[number]
        named = project_of(native_id)
        return named if named and not named.isdigit() else number
    named = project_of(native_id)
    if named:
        return ids.get(named, named)
    ancestors = asset.get("ancestors")
    return str(ancestors[0]) if isinstance(ancestors, list) and ancestors else ""


def _type_of(native_type: str) -> str:
    """The kind of what is not declared: its service and its own name, in our form."""
    host, _, kind = native_type.partition("/")
    word = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).strip("_")
    service = "".join(letter for letter in host.partition(".")[0].lower() if letter.isalnum())
    return f"other.{service}_{word}" if word else "other.unknown"


def _name_of(declared: AssetType, data: Data, native_id: str) -> str:
    for path in (declared.name,) if declared.name else ("name", "displayName", "metadata.name"):
        value = find(data, path)
        if isinstance(value, str) and value:
            return value if declared.name else last_part(value)
    return last_part(native_id)


def _aliases(
    declared: AssetType, data: Data, native_id: str, asset: Mapping[str, Any], ids: Mapping[str, str]
) -> Iterator[str]:
    for template in declared.aliases:
        value = _filled(template, data)
        if value and value != native_id:
            yield value
    number = project_number(asset.get("ancestors"))
    if number and number in ids and f"projects/{number}" in native_id and not native_id.startswith(_MANAGER):
        yield with_project_id(native_id, ids)
    elif number and host_of(native_id) == COMPUTE and isinstance(data.get("id"), str | int):
        # Bills name machines by the project's number and the numeric id.
        where = native_id.rpartition("/")[0].replace(f"projects/{project_of(native_id)}", f"projects/{number}", 1)
        yield f"{where}/{data['id']}"


def _filled(template: str, data: Data) -> str:
    """The template with its values; empty when one is missing."""
    parts = []
    for literal, field, _, _ in _FIELDS.parse(template):
        parts.append(literal)
        if field:
            value = find(data, field)
            if not isinstance(value, str | int) or value == "":
                return ""
            parts.append(str(value))
    return "".join(parts)


def _relations(
    declared: AssetType,
    data: Data,
    native_id: str,
    resource: Mapping[str, Any],
    policy: Any,
    ids: Mapping[str, str],
) -> Iterator[CollectedRelation]:
    seen: set[tuple[str, str, str]] = set()
    for source, kind, target in _edges(declared, data, native_id, resource, policy, ids):
        if source != target and (source, kind, target) not in seen:
            seen.add((source, kind, target))
            yield CollectedRelation(source=source, kind=kind, target=target)


def _edges(
    declared: AssetType,
    data: Data,
    native_id: str,
    resource: Mapping[str, Any],
    policy: Any,
    ids: Mapping[str, str],
) -> Iterator[tuple[str, str, str]]:
    parent = resource.get("parent")
    if isinstance(parent, str) and parent.startswith("//") and not parent.startswith(_MANAGER):
        yield parent, "contains", native_id
    for relation in declared.relations:
        for value in _values(relation, data):
            other = with_project_id(full_name(value, relation.host), ids) if relation.host else value
            yield (other, relation.kind, native_id) if relation.reverse else (native_id, relation.kind, other)
    yield from _policy_edges(native_id, policy)


def _values(relation: Relation, data: Data) -> list[str]:
    return texts(data, relation.path) if isinstance(relation.path, str) else list(relation.path(data))


def _policy_edges(native_id: str, policy: Any) -> Iterator[tuple[str, str, str]]:
    """Service accounts that a policy lets in: they may act as a service account, or are trusted by another resource."""
    bindings = policy.get("bindings") if isinstance(policy, dict) else None
    count = 0
    for binding in bindings if isinstance(bindings, list) else ():
        if not isinstance(binding, dict):
            continue
        role, members = binding.get("role"), binding.get("members")
        acts = isinstance(role, str) and role in _ACTING
        for member in members if isinstance(members, list) else ():
            if not isinstance(member, str) or not member.startswith("serviceAccount:"):
                continue
            email = member[15:].partition("?")[0]
            count += 1
            if count > _POLICY_RELATIONS_LIMIT:
                return
            if acts and "/serviceAccounts/" in native_id:
                yield email, "assumes", native_id
            else:
                yield native_id, "trusts", email
