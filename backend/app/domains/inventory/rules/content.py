"""The stored form of what an adapter read: clean JSON and a hash that tells whether it changed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from app.domains.inventory.rules.words import Terms, resource_terms
from app.providers.base import CollectedResource, PackedProperties, pack_json, stable_properties


def clean_text(text: str) -> str:
    """A text without NUL or lone surrogates, which PostgreSQL cannot hold."""
    if "\x00" in text or not text.isascii():
        text = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return text


def _clean_json(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_json(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    return clean_text(str(value))


_LOWER_ASCII = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def native_key(provider: str, native_id: str) -> str:
    """What a cloud's id is told by: Azure's compare without case, in ASCII; all others as they are.

    The column `cloud_resources.native_key` is made by the same rule.
    """
    return native_id.translate(_LOWER_ASCII) if provider == "azure" else native_id


@dataclass(kw_only=True)  # frozen would take longer to make than to fill
class PreparedResource:
    """A collected resource as it is stored: clean JSON and a hash over everything that was read and is not volatile.

    `properties_json` is JSON because an unchanged resource's is never looked into.
    """

    native_id: str
    native_key: str
    native_account: str
    native_type: str
    type: str
    name: str
    region: str
    status: str | None
    tags: dict[str, str]
    properties_json: bytes
    unread_fields: dict[str, str]
    aliases: list[str]
    created_at: datetime | None
    content_hash: bytes
    volatile: tuple[str, ...] = ()

    @cached_property
    def properties(self) -> dict[str, Any]:
        """The cloud's own configuration."""
        properties: dict[str, Any] = orjson.loads(self.properties_json)
        return properties

    @cached_property
    def terms(self) -> Terms:
        """Everything the resource is found by."""
        return resource_terms(
            name=self.name,
            native_id=self.native_id,
            native_type=self.native_type,
            kind=self.type,
            region=self.region,
            tags=self.tags,
            aliases=self.aliases,
        )

    def forget_terms(self) -> None:
        """Give the memory back, which is more than that of all else; they are made anew when asked for."""
        self.__dict__.pop("terms", None)


_SORTED, _ANY_KEYS = orjson.OPT_SORT_KEYS, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def prepare_resource(resource: CollectedResource, *, provider: str = "", native_account: str = "") -> PreparedResource:
    """The stored form of what an adapter returned. Vendors' garbage (NUL, surrogates, huge numbers) is replaced.

    `native_account` is the unit's, for resources that name none of their own.
    """
    content: dict[str, Any] = {
        "native_id": native_key(provider, resource.native_id),  # another case of the same id is no change
        "native_type": resource.native_type,
        "type": resource.type,
        "name": resource.name or resource.native_id,
        "region": resource.region,
        "status": resource.status,
        "tags": dict(resource.tags),
        "unread_fields": dict(resource.unread_fields),
        "aliases": sorted(set(resource.aliases)),
    }
    properties = resource.properties
    try:
        plain = orjson.dumps(content, option=_SORTED)
        stored = properties.json if isinstance(properties, PackedProperties) else pack_json(properties, option=_SORTED)
        is_clean = b"\\u0000" not in plain and b"\\u0000" not in stored
    except TypeError:  # also orjson's own error
        is_clean = False
    if not is_clean:
        content, properties = _clean_json(content), _clean_json(properties)
        plain, stored = orjson.dumps(content, option=_ANY_KEYS), pack_json(properties, option=_ANY_KEYS)
        content = orjson.loads(plain)
    compared = stored
    if resource.volatile:
        compared = orjson.dumps(without_volatile(orjson.loads(stored), resource.volatile), option=_SORTED)
    created = resource.created_at.isoformat().encode() if resource.created_at else b""
    digest = hashlib.blake2b(b"\n".join((plain, compared, created)), digest_size=16).digest()
    key = content.pop("native_id")
    return PreparedResource(
        **content,
        native_id=key if key == resource.native_id else clean_text(resource.native_id),
        native_key=key,
        native_account=clean_text(resource.account) or native_account,
        properties_json=stored,
        created_at=resource.created_at,
        content_hash=digest,
        volatile=tuple(resource.volatile),
    )


def without_volatile(properties: Mapping[str, Any], volatile: Sequence[str]) -> dict[str, Any]:
    """The properties without those that move by themselves, which are neither a change nor history."""
    if not volatile:
        return dict(properties)
    bearer = CollectedResource(
        native_id="",
        native_type="",
        type="",
        name="",
        region="",
        status=None,
        tags={},
        properties=properties,
        volatile=volatile,
    )
    return dict(stable_properties(bearer))


def keep_unread(
    properties: Mapping[str, Any], unread_fields: Mapping[str, str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """The properties to store: what could not be read keeps its last good value, because unread is not removed."""
    kept = {name: before[name] for name in unread_fields if name in before and name not in properties}
    return {**properties, **kept}
