"""What the cloud tells of changes: EventBridge through SQS, and CloudTrail's own log."""

from app.providers.aws.events.messages import parse_message, parse_record
from app.providers.aws.events.queue import confirm, queue_arn, queue_region, receive
from app.providers.aws.events.trail import log_region, look_up

__all__ = ["confirm", "log_region", "look_up", "parse_message", "parse_record", "queue_arn", "queue_region", "receive"]
