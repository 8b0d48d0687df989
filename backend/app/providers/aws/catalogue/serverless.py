"""Lambda, SNS and SQS."""

from typing import Any

from app.providers.aws.catalogue.common import (
    encrypted_with,
    in_subnet,
    secret_like_names,
    secured_by,
    tags_in_bulk,
    uses_role,
)
from app.providers.aws.catalogue.eventing import EVENT_SOURCE_MAPPING, SUBSCRIPTION
from app.providers.aws.catalogue.model import Describe, Extra, Item, Listing, Relation, ResourceType
from app.providers.aws.paths import find
from app.providers.aws.values import parse_json

_FUNCTION = {"FunctionName": "FunctionName"}


def _one_url(config: Any) -> list[Any]:
    return [config] if config else []


def _dead_letter(item: Item) -> list[str]:
    target = find(item, "RedrivePolicy.deadLetterTargetArn")
    return [target] if target else []


FUNCTION = ResourceType(
    native_type="AWS::Lambda::Function",
    type="compute.function",
    native_id="{FunctionArn}",
    arn="arn:{partition}:lambda:{region}:{account}:function:{FunctionName}",
    name=("FunctionName",),
    listing=Listing(operation="ListFunctions", items="Functions[]"),
    status="State",
    created="LastModified",
    joins=(tags_in_bulk("lambda:function", "{FunctionArn}"),),
    extras=(
        Extra(
            name="Policy",
            operation="GetPolicy",
            arguments=_FUNCTION,
            result="Policy",
            absent=("ResourceNotFoundException",),
            convert=parse_json,
        ),
        Extra(
            name="FunctionUrlConfigs",
            operation="ListFunctionUrlConfigs",
            arguments=_FUNCTION,
            result="FunctionUrlConfigs",
            absent=("ResourceNotFoundException",),
            default=[],
            fallback=Extra(
                name="FunctionUrlConfigs",
                operation="GetFunctionUrlConfig",
                arguments=_FUNCTION,
                absent=("ResourceNotFoundException", "FunctionUrlConfigNotFound"),
                default=[],
                convert=_one_url,
            ),
        ),
    ),
    derive={"SecretLikeVariables": secret_like_names("Environment.Variables")},
    redact=("Environment.Variables.*",),
    relations=(
        uses_role("Role"),
        in_subnet("VpcConfig.SubnetIds[]"),
        secured_by("VpcConfig.SecurityGroupIds[]"),
        encrypted_with("KMSKeyArn"),
        Relation(kind="uses", path="Layers[].Arn"),
        Relation(
            kind="logs-to",
            path="LoggingConfig.LogGroup",
            target="arn:{partition}:logs:{region}:{account}:log-group:{value}",
        ),
    ),
)

LAYER = ResourceType(
    native_type="AWS::Lambda::LayerVersion",
    type="compute.layer",
    native_id="{LatestMatchingVersion.LayerVersionArn}",
    arn="arn:{partition}:lambda:{region}:{account}:layer:{LayerName}:{Version}",
    name=("LayerName",),
    listing=Listing(operation="ListLayers", items="Layers[]", page_size=50),
    created="LatestMatchingVersion.CreatedDate",
    aliases=("{LayerArn}",),
)

TOPIC = ResourceType(
    native_type="AWS::SNS::Topic",
    type="messaging.topic",
    native_id="{TopicArn}",
    arn="arn:{partition}:sns:{region}:{account}:{TopicName}",
    name=("TopicName",),
    derive={"TopicName": lambda item: str(item.get("TopicArn", "")).rsplit(":", 1)[-1]},
    listing=Listing(operation="ListTopics", items="Topics[]"),
    joins=(tags_in_bulk("sns:topic", "{TopicArn}"),),
    extras=(
        Extra(
            name="Attributes",
            operation="GetTopicAttributes",
            arguments={"TopicArn": "TopicArn"},
            result="Attributes",
            spread=("Policy", "KmsMasterKeyId"),
        ),
    ),
    json_fields=("Policy", "EffectiveDeliveryPolicy", "DeliveryPolicy"),
    relations=(encrypted_with("KmsMasterKeyId"),),
)

QUEUE = ResourceType(
    native_type="AWS::SQS::Queue",
    type="messaging.queue",
    native_id="{QueueArn}",
    arn="arn:{partition}:sqs:{region}:{account}:{QueueName}",
    narrow={"QueueNamePrefix": "{QueueName}"},
    name=("QueueName", "QueueArn"),
    listing=Listing(operation="ListQueues", items="QueueUrls[]", scalar="QueueUrl", may_omit=True, page_size=1000),
    describe=Describe(
        operation="GetQueueAttributes",
        ids="QueueUrl",
        parameter="QueueUrl",
        items="Attributes",
        arguments={"AttributeNames": ["All"]},
        keep=("QueueUrl",),
    ),
    created="CreatedTimestamp",
    aliases=("{QueueUrl}",),
    derive={"QueueName": lambda item: str(item.get("QueueArn", "")).rsplit(":", 1)[-1]},
    joins=(tags_in_bulk("sqs:queue", "{QueueArn}"),),
    json_fields=("Policy", "RedrivePolicy", "RedriveAllowPolicy"),
    volatile=(
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
    ),
    relations=(
        encrypted_with("KmsMasterKeyId"),
        Relation(kind="dead-letters-to", path=_dead_letter),
    ),
)

LAMBDA, SNS, SQS = (FUNCTION, LAYER, EVENT_SOURCE_MAPPING), (TOPIC, SUBSCRIPTION), (QUEUE,)
