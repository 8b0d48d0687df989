"""Messages of a queue, by long polling; taken off it only when they were stored."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from app.providers.aws.errors import AwsError, translate
from app.providers.aws.events.names import partition_of
from app.providers.base import ErrorKind

_BATCH = 10  # the vendor's limit, both ways
_LONGEST_WAIT_SECONDS = 20
_REGION = re.compile(r"(?:^|\.)((?:[a-z]{2}|us-gov|us-iso[a-z]?)-[a-z]+-\d)(?:\.|$)")


def queue_region(url: str, default: str) -> str:
    """The region in the queue's address; `default` where it has none, as a simulated cloud's."""
    host = urlsplit(url).hostname or ""
    found = _REGION.search(host)
    return found[1] if found else "us-east-1" if host == "queue.amazonaws.com" else default


def queue_arn(url: str, default_region: str) -> str:
    """The ARN that the queue's address tells. Raises AwsError for what is no such address."""
    pieces = [piece for piece in urlsplit(url).path.split("/") if piece]
    if len(pieces) < 2:
        raise AwsError(ErrorKind.INVALID_ANSWER, "queue_url is not the address of a queue", call="sqs:ReceiveMessage")
    region = queue_region(url, default_region)
    return f"arn:{partition_of(region)}:sqs:{region}:{pieces[-2]}:{pieces[-1]}"


def receive(client: Any, url: str, wait_seconds: float) -> list[tuple[str, Mapping[str, Any]]]:
    """Up to ten (receipt, message). One that is no JSON object comes as `{"body": text}`. Raises AwsError."""
    try:
        answer = client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_BATCH,
            WaitTimeSeconds=max(0, min(_LONGEST_WAIT_SECONDS, int(wait_seconds))),
        )
    except Exception as error:
        raise translate(error, "sqs", "ReceiveMessage") from error
    return [(str(one["ReceiptHandle"]), _body(one.get("Body"))) for one in answer.get("Messages") or ()]


def confirm(client: Any, url: str, receipts: Sequence[str]) -> None:
    """Raises AwsError when some stay; the others are gone from the queue all the same."""
    refused: list[Mapping[str, Any]] = []
    for start in range(0, len(receipts), _BATCH):
        batch = receipts[start : start + _BATCH]
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(batch)]
        try:
            answer = client.delete_message_batch(QueueUrl=url, Entries=entries)
        except Exception as error:
            raise translate(error, "sqs", "DeleteMessageBatch") from error
        refused.extend(answer.get("Failed") or ())
    if refused:
        raise AwsError(
            ErrorKind.INVALID_ANSWER,
            f"{len(refused)} messages could not be taken off the queue: {refused[0].get('Message')}",
            call="sqs:DeleteMessage",
            code=str(refused[0].get("Code") or ""),
        )


def _body(text: Any) -> Mapping[str, Any]:
    try:
        found = orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError):
        found = None
    return found if isinstance(found, dict) else {"body": str(text)}
