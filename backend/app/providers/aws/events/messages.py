"""One message to events: EventBridge's own shapes, plain or inside a notification of SNS."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.providers.aws.arns import matches, split
from app.providers.aws.errors import AwsError
from app.providers.aws.events.names import ids_named_by
from app.providers.aws.paths import find, find_all
from app.providers.aws.values import parse_instant
from app.providers.base import CloudEvent, ErrorKind, ResourceTarget

_BY_CLOUDTRAIL = "AWS API Call via CloudTrail"
# Lambda and CloudFront carry the version of their interface in the name of the call.
_API_VERSION = re.compile(r"(\d{8}|_?20\d\d_\d\d_\d\d)(v\d+)?$|v2$")
_READS = re.compile(
    r"^(Get|List|Describe|Head|Lookup|Search|BatchGet|Query|Scan|Select|Check|Simulate|Preview)(?![a-z])"
)
# Content that moves, and sources that tell of no resource's settings.
_NO_RESOURCES = frozenset({"aws.health", "aws.signin", "aws.trustedadvisor", "aws.s3", "aws.iot", "aws.macie"})


def parse_message(message: Mapping[str, Any]) -> Sequence[CloudEvent]:
    """Events of one message; empty for what changed no resource. Raises AwsError (INVALID_ANSWER)."""
    event = _unwrap(message)
    detail = event.get("detail")
    source, kind = event.get("source"), event.get("detail-type")
    if not isinstance(detail, Mapping) or not isinstance(source, str) or not isinstance(kind, str):
        raise _no_event("it has no source and detail")
    if kind == _BY_CLOUDTRAIL:
        return parse_record(detail, account=str(event.get("account") or ""))
    if source in _NO_RESOURCES or not source.startswith("aws.") or "CloudTrail" in kind:
        return ()
    account = str(event.get("account") or "")
    targets = _targets(_native_ids(event, detail), account, str(event.get("region") or ""), {})
    if not targets:
        return ()
    return (
        CloudEvent(
            id=str(event.get("id") or ""),
            at=parse_instant(event.get("time")) or datetime.now(UTC),
            action=f"{source.removeprefix('aws.')}:{kind}",
            actor=None,
            targets=targets,
            account=account,
        ),
    )


def parse_record(record: Mapping[str, Any], *, account: str = "") -> Sequence[CloudEvent]:
    """One record of CloudTrail; empty for reads, failures and what names no resource. Raises AwsError."""
    source, name = record.get("eventSource"), record.get("eventName")
    if not isinstance(source, str) or not isinstance(name, str):
        raise _no_event("it names no call")
    action = _API_VERSION.sub("", name)
    if record.get("errorCode") or record.get("errorMessage"):
        return ()
    if record.get("readOnly") in (True, "true") or _READS.match(action) or record.get("eventCategory") == "Data":
        return ()
    service = source.removesuffix(".amazonaws.com")
    owner = str(record.get("recipientAccountId") or account or find(record, "userIdentity.accountId") or "")
    region = str(record.get("awsRegion") or "")
    found = ids_named_by(service, action, record, account=owner, region=region)
    targets = _targets(found, owner, region, {"event": action})
    if not targets:
        return ()
    at = parse_instant(record.get("eventTime"))
    if at is None:
        raise _no_event("it has no time")
    return (
        CloudEvent(
            id=str(record.get("eventID") or ""),
            at=at,
            action=f"{service}:{action}",
            actor=_actor(record),
            targets=targets,
            account=owner,
        ),
    )


def _unwrap(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event inside of a notification; the message itself where there is none around it."""
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        try:
            inner = json.loads(message["Message"])
        except ValueError:
            raise _no_event("the notification holds no JSON") from None
        if not isinstance(inner, Mapping):
            raise _no_event("the notification holds no event")
        return inner
    return message


def _native_ids(event: Mapping[str, Any], detail: Mapping[str, Any]) -> Iterator[str]:
    """ARNs that an event of a service itself names."""
    region, account = str(event.get("region") or ""), str(event.get("account") or "")
    yield from (str(one) for one in event.get("resources") or () if isinstance(one, str))
    for path in ("SourceArn", "configurationItem.ARN", "clusterArn", "capacityProviderArns[]"):
        yield from (str(one) for one in find_all(detail, path))
    instance = detail.get("instance-id") or detail.get("EC2InstanceId")
    if isinstance(instance, str):
        yield f"arn:aws:ec2:{region}:{account}:instance/{instance}"
    snapshot = detail.get("snapshot_id")
    if isinstance(snapshot, str):  # the vendor writes its ARN with the region in the account's place
        yield f"arn:aws:ec2:{region}::snapshot/{snapshot.rsplit('/', 1)[-1]}"
    group, cluster = detail.get("group"), detail.get("clusterArn")
    if isinstance(group, str) and group.startswith("service:") and isinstance(cluster, str):
        yield f"{cluster.replace(':cluster/', ':service/')}/{group.removeprefix('service:')}"


def _targets(
    found: Iterator[str] | Sequence[str], account: str, region: str, hints: Mapping[str, str]
) -> tuple[ResourceTarget, ...]:
    """Each id once. An id that several types share names no type."""
    targets = []
    for native_id in dict.fromkeys(found):
        arn = split(native_id)
        if arn is None:
            continue
        types = {match.entry.native_type for match in matches(native_id)}
        targets.append(
            ResourceTarget(
                native_id=native_id,
                native_type=types.pop() if len(types) == 1 else "",
                account=arn.account if arn.account.isdigit() else account,
                region=arn.region or region,
                hints=hints,
            )
        )
    return tuple(targets)


def _actor(record: Mapping[str, Any]) -> str | None:
    """The caller's ARN; for one of AWS's own services its name."""
    identity = record.get("userIdentity")
    if not isinstance(identity, Mapping):
        return None
    for name in ("arn", "invokedBy", "userName", "principalId"):
        if identity.get(name):
            return str(identity[name])
    return None


def _no_event(why: str) -> AwsError:
    return AwsError(ErrorKind.INVALID_ANSWER, f"the message is no event of AWS: {why}")
