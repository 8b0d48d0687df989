"""Event Grid: what a subscription's system topic tells of changes, pushed to a web hook."""

import urllib.request
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson

from simulators.azure.estate import Change
from simulators.azure.ids import parse_id

_UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
_SECONDS = 10


def event_of(change: Change) -> dict[str, Any]:
    """A change in Event Grid's own schema."""
    subscription = parse_id(change.resource_id).subscription
    kind = "Microsoft.Resources.Resource" + ("DeleteSuccess" if change.kind == "Delete" else "WriteSuccess")
    return {
        "id": change.id,
        "eventType": kind,
        "eventTime": change.at.isoformat().replace("+00:00", "Z"),
        "subject": change.resource_id,
        "topic": f"/subscriptions/{subscription}",
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": {
            "authorization": {"scope": change.resource_id, "action": change.operation, "evidence": {"role": "Owner"}},
            "claims": {_UPN: change.actor},
            "correlationId": change.id,
            "resourceProvider": change.resource_type.partition("/")[0],
            "resourceUri": change.resource_id,
            "operationName": change.operation,
            "status": "Succeeded",
            "subscriptionId": subscription,
        },
    }


def shake_hands(url: str) -> None:
    """What happens when an event subscription is made. Raises ValueError where the address does not answer rightly."""
    code = str(uuid4())
    event = {
        "id": str(uuid4()),
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": "2026-01-01T00:00:00Z",
        "subject": "",
        "topic": "/subscriptions",
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": {"validationCode": code, "validationUrl": "https://rp.example/validate"},
    }
    answer = orjson.loads(_post(url, [event], "SubscriptionValidation"))
    if answer != {"validationResponse": code}:
        raise ValueError("the address did not return the validation code")


def push(url: str, changes: Sequence[Change]) -> None:
    """Deliver changes in one request. Raises urllib.error.HTTPError when they are refused."""
    _post(url, [event_of(change) for change in changes], "Notification")


def _post(url: str, events: Sequence[Any], kind: str) -> bytes:
    headers = {"Content-Type": "application/json", "aeg-event-type": kind}
    request = urllib.request.Request(url, orjson.dumps(events), headers, method="POST")  # noqa: S310  a test's own address
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body
