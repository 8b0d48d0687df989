"""Who changed what, from CloudTrail's log of the last ninety days."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from app.providers.aws.errors import AwsError
from app.providers.aws.events.messages import parse_record
from app.providers.aws.reader import Reader, out_of_time
from app.providers.aws.session import AwsSession
from app.providers.aws.throttle import Throttles
from app.providers.base import CloudEvent, ErrorKind

_PAGES = 20
_PAGE_SIZE = 50  # the vendor's limit
_PER_SECOND = 2  # the vendor's limit for an account in a region, everybody's calls together
_SOURCES: Mapping[str, str] = {
    "accessanalyzer": "access-analyzer",
    "apigatewayv2": "apigateway",
    "cloudwatch": "monitoring",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "mq": "amazonmq",
    "opensearch": "es",
    "stepfunctions": "states",
}


def log_region(session: AwsSession) -> str:
    """Where calls to services without regions are logged."""
    return {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(session.identity().partition, "us-east-1")


def look_up(reader: Reader, throttles: Throttles, service: str, since: datetime) -> list[CloudEvent]:
    """Changes by calls of one service since then, newest first, a thousand at most. Raises AwsError.

    Half of what the vendor allows, so that people's own look-ups still go through.
    """
    bucket = throttles.bucket(
        reader.account, reader.region, "cloudtrail-lookup", rate=_PER_SECOND / 2, burst=_PER_SECOND
    )
    arguments: dict[str, Any] = {
        "LookupAttributes": [
            {"AttributeKey": "EventSource", "AttributeValue": f"{_SOURCES.get(service, service)}.amazonaws.com"}
        ],
        "StartTime": since,
        "MaxResults": _PAGE_SIZE,
    }
    events: list[CloudEvent] = []
    for _ in range(_PAGES):
        if not bucket.acquire(reader.deadline):
            raise out_of_time("cloudtrail", "LookupEvents")
        page = reader.call("cloudtrail", "LookupEvents", arguments)
        for entry in page.get("Events") or ():
            events.extend(_parse(entry))
        token = page.get("NextToken")
        if not token or time.monotonic() >= reader.deadline:
            break
        arguments["NextToken"] = token
    return events


def _parse(entry: Mapping[str, Any]) -> list[CloudEvent]:
    """One that cannot be read is left out: this is best effort, and the others still tell."""
    try:
        record = orjson.loads(entry.get("CloudTrailEvent") or "")
        return list(parse_record(record)) if isinstance(record, dict) else []
    except orjson.JSONDecodeError:
        return []
    except AwsError as error:
        if error.kind is not ErrorKind.INVALID_ANSWER:
            raise
        return []
