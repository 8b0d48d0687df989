"""Event Grid deliveries: resource writes, deletes and actions, in Event Grid's own schema and in CloudEvents'.

Source: "Azure subscription as an Event Grid source" and "Azure Resource Notifications", Microsoft Learn, 2026-10.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.providers.azure.catalogue import TYPES
from app.providers.azure.convert import parse_instant
from app.providers.azure.errors import AzureError
from app.providers.azure.ids import ArmId, parse_id
from app.providers.base import CloudEvent, ErrorKind, ResourceTarget

VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
_TOLD = {
    "microsoft.resources.resourcewritesuccess",
    "microsoft.resources.resourcedeletesuccess",
    "microsoft.resources.resourceactionsuccess",
    "microsoft.resourcenotifications.resources.createdorupdated",
    "microsoft.resourcenotifications.resources.deleted",
}
_ACTORS = (
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "unique_name",
    "name",
    "appid",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
)


def parse_events(message: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[CloudEvent]:
    """Raises AzureError(INVALID_ANSWER) for what is no Event Grid event; other kinds of events give nothing."""
    if isinstance(message, Mapping):
        return _parse_one(message)
    if not isinstance(message, Sequence) or isinstance(message, str | bytes):
        raise _no_event()
    return [event for one in message for event in _parse_one(one)]


def validation_of(message: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str | None:
    """The code that a validation event wants to hear back as `{"validationResponse": code}`; None for other events."""
    events = [message] if isinstance(message, Mapping) else message
    for event in events:
        if isinstance(event, Mapping) and str(event.get("eventType", "")).lower() == VALIDATION.lower():
            content = event.get("data")
            code = content.get("validationCode") if isinstance(content, Mapping) else None
            return str(code) if code else None
    return None


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
    target = _target_of(event, content)
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


def _target_of(event: Mapping[str, Any], content: Mapping[str, Any]) -> ResourceTarget | None:
    """The event's resource, or the one above it that we keep; None for what is no resource."""
    info = content.get("resourceInfo")
    named = info.get("id") if isinstance(info, Mapping) else None
    native_id = named or content.get("resourceUri") or event.get("subject")
    place = parse_id(str(native_id or ""))
    if place is None:
        return None
    owner = owner_of(place)
    entry = TYPES.get(owner.type)
    text = str(native_id).rstrip("/")
    return ResourceTarget(
        native_id=text[: len(owner.key)] if owner.key != place.key else text,
        native_type=entry.native_type if entry else owner.type,
        account=owner.subscription,
        hints={"event_type": str(event.get("eventType") or event.get("type"))},
    )


def owner_of(place: ArmId) -> ArmId:
    """What has to be read again when this changed: itself, or the resource whose setting it is."""
    current = place
    while current.type not in TYPES and current.parent:
        above = parse_id(current.parent)
        if above is None or above.type in (
            "microsoft.resources/subscriptions/resourcegroups",
            "microsoft.resources/subscriptions",
        ):
            # A top-level resource of a type that we have no name for, or an extension of the group or subscription.
            is_setting = current.type.startswith(
                (
                    "microsoft.insights/diagnosticsettings",
                    "microsoft.authorization/locks",
                    "microsoft.security/securitycontacts",
                )
            )
            return above if above is not None and is_setting else current
        current = above
    return current


def _actor_of(content: Mapping[str, Any]) -> str | None:
    claims = content.get("claims")
    if isinstance(claims, Mapping):
        for name in _ACTORS:
            if claims.get(name):
                return str(claims[name])
    authorization = content.get("authorization")
    evidence = authorization.get("evidence") if isinstance(authorization, Mapping) else None
    if isinstance(evidence, Mapping) and evidence.get("principalId"):
        return str(evidence["principalId"])
    return None


def _no_event() -> AzureError:
    return AzureError(ErrorKind.INVALID_ANSWER, "the message is no Event Grid event", call="eventGrid")
