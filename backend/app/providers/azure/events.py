"""Event Grid deliveries: resource writes, deletes and actions, in Event Grid's own schema and in CloudEvents'.

Source: "Azure subscription as an Event Grid source" and "Azure Resource Notifications", Microsoft Learn, 2026-10.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from app.providers.azure.catalogue import TYPES
from app.providers.azure.convert import parse_instant
from app.providers.azure.errors import AzureError
from app.providers.azure.ids import ArmId, parse_id
from app.providers.base import CloudEvent, ErrorKind, ResourceTarget

_TOLD = {
    "microsoft.resources.resourcewritesuccess",
    "microsoft.resources.resourcedeletesuccess",
    "microsoft.resources.resourceactionsuccess",
    "microsoft.resourcenotifications.resources.createdorupdated",
    "microsoft.resourcenotifications.resources.deleted",
}
_LOOKS = re.compile(r"/(?:list|get|check|validate|export|generate)\w*/action$", re.IGNORECASE)  # change nothing
_CONTAINERS = {"microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups"}
# Written below a subscription or group, and settings of it.
_SETTINGS = (
    "microsoft.insights/diagnosticsettings",
    "microsoft.authorization/locks",
    "microsoft.security/securitycontacts",
    "microsoft.resources/tags",
)
_NOT_KEPT = {"microsoft.resources/deployments", "microsoft.resources/changes", "microsoft.resources/links"}
_ACTORS = (
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "unique_name",
    "name",
    "appid",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
)


def parse_events(message: Any) -> list[CloudEvent]:
    """Raises AzureError(INVALID_ANSWER) for what is no Event Grid event; other kinds of events give nothing."""
    if isinstance(message, list | tuple):
        return [event for one in message for event in _parse_one(one)]
    return _parse_one(message)


def _parse_one(event: Any) -> list[CloudEvent]:
    if not isinstance(event, Mapping):
        raise _no_event()
    kind = event.get("eventType") or event.get("type")
    at = parse_instant(event.get("eventTime") or event.get("time"))
    content = event.get("data")
    if not isinstance(kind, str) or not kind or not event.get("id"):
        raise _no_event()
    if kind.lower() not in _TOLD:
        return []
    if not isinstance(content, Mapping) or at is None:
        raise _no_event()
    if _LOOKS.search(str(content.get("operationName") or "")):
        return []
    info = content.get("resourceInfo")
    named = info.get("id") if isinstance(info, Mapping) else None
    target = target_of(named or content.get("resourceUri") or event.get("subject"), hints={"event_type": kind})
    if target is None:
        return []
    return [
        CloudEvent(
            id=str(event["id"]),
            at=at if at <= datetime.now(UTC) else datetime.now(UTC),
            action=str(content.get("operationName") or kind),
            actor=_actor_of(content),
            targets=(target,),
            account=str(content.get("subscriptionId") or target.account).lower(),
        )
    ]


def target_of(native_id: Any, *, hints: Mapping[str, str] | None = None) -> ResourceTarget | None:
    """The resource that an id names, or the one above it that we keep; None for what is no resource."""
    text = str(native_id or "").rstrip("/")
    place = parse_id(text)
    owner = owner_of(place) if place is not None else None
    if owner is None:
        return None
    entry = TYPES.get(owner.type)
    return ResourceTarget(
        native_id=text[: len(owner.key)],
        native_type=entry.native_type if entry else owner.type,
        account=owner.subscription,
        hints=hints or {},
    )


def owner_of(place: ArmId) -> ArmId | None:
    """What changed as we keep it: the thing itself, or the resource whose setting it is; None: nothing of ours."""
    current = place
    while current.type not in TYPES:
        above = parse_id(current.parent)
        if current.type in _NOT_KEPT:
            return None
        if above is None or (above.type in _CONTAINERS and not current.type.startswith(_SETTINGS)):
            return current  # a type that we have no name for
        current = above
    return current


def _actor_of(content: Mapping[str, Any]) -> str | None:
    claims = _object(content.get("claims"))
    for name in _ACTORS:
        if claims.get(name):
            return str(claims[name])
    evidence = _object(_object(content.get("authorization")).get("evidence"))
    return str(evidence["principalId"]) if evidence.get("principalId") else None


def _object(value: Any) -> Mapping[str, Any]:
    """An object, or the text of one as older events have it; empty for anything else."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, Mapping) else {}


def _no_event() -> AzureError:
    return AzureError(ErrorKind.INVALID_ANSWER, "the message is no Event Grid event", call="eventGrid")
