"""Messages of an asset feed, as Pub/Sub pushes them: one change of one asset each."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from app.providers.base import CloudEvent, ErrorKind, ResourceTarget
from app.providers.gcp.errors import GcpError
from app.providers.gcp.names import place_of, project_of
from app.providers.gcp.values import parse_instant

_CALL = "pubsub.push"


def parse_message(message: Mapping[str, Any]) -> list[CloudEvent]:
    """Empty for the feed's welcome and for what tells of no asset. Raises GcpError for what is no Pub/Sub message."""
    envelope = message.get("message", message)
    if not isinstance(envelope, Mapping) or not isinstance(envelope.get("data", ""), str):
        raise GcpError(ErrorKind.INVALID_ANSWER, "this is no Pub/Sub message", call=_CALL)
    if "data" not in envelope and "asset" not in envelope and "messageId" not in envelope:
        raise GcpError(ErrorKind.INVALID_ANSWER, "this is no Pub/Sub message", call=_CALL)
    if "data" not in envelope:
        told: Any = envelope if "asset" in envelope else None  # an unwrapped push has the document as its body
    else:
        told = _document(envelope["data"])
    if not isinstance(told, dict) or not isinstance(told.get("asset"), dict):
        return []
    event = _event(told, envelope)
    return [event] if event else []


def _document(data: str) -> Any:
    """None for texts, such as the one that a new feed begins with."""
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise GcpError(ErrorKind.INVALID_ANSWER, "the message's data are no base64", call=_CALL) from None
    try:
        return orjson.loads(raw)
    except ValueError:
        return None


def _event(told: dict[str, Any], envelope: Mapping[str, Any]) -> CloudEvent | None:
    asset = told["asset"]
    prior = _object(told.get("priorAsset"))
    name = asset.get("name") or prior.get("name")
    if not isinstance(name, str) or not name:
        return None
    native_type = asset.get("assetType") or prior.get("assetType")
    window = _object(told.get("window"))
    at = parse_instant(window.get("startTime")) or parse_instant(envelope.get("publishTime")) or datetime.now(UTC)
    resource = _object(asset.get("resource"))
    ancestors = [entry for entry in asset.get("ancestors") or prior.get("ancestors") or () if isinstance(entry, str)]
    target = ResourceTarget(
        native_id=name,
        native_type=native_type if isinstance(native_type, str) else "",
        account=_account(name, ancestors),
        region=place_of(resource.get("location"), name),
        hints={"ancestors": ",".join(ancestors)} if ancestors else {},
    )
    message_id = envelope.get("messageId") or envelope.get("message_id")
    digest = hashlib.sha256(orjson.dumps([name, at, sorted(told)])).hexdigest()[:24]
    return CloudEvent(
        id=f"{message_id}" if isinstance(message_id, str) and message_id else digest,
        at=at,
        action=_action(told, asset, prior),
        actor=None,
        targets=(target,),
        account=target.account,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _account(name: str, ancestors: list[str]) -> str:
    """The project's id where the name has it, else its number."""
    named = project_of(name)
    if named and not named.isdigit():
        return named
    return next((entry[9:] for entry in ancestors if entry.startswith("projects/")), named)


def _action(told: Mapping[str, Any], asset: Mapping[str, Any], prior: Mapping[str, Any]) -> str:
    if told.get("deleted") is True or told.get("deleted") == "true":
        return "cloudasset.delete"
    if "iamPolicy" in asset and "resource" not in asset:
        return "cloudasset.setIamPolicy"
    is_new = told.get("priorAssetState") == "DOES_NOT_EXIST" or (not prior and "priorAssetState" not in told)
    return "cloudasset.create" if is_new else "cloudasset.update"
