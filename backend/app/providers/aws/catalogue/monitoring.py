"""CloudTrail, CloudWatch alarms and log groups."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.common import (
    BUCKET_ARN,
    ec2_arn,
    encrypted_with,
    itself,
    tags_in_bulk,
    uses_role,
)
from app.providers.aws.catalogue.model import Calls, Extra, Item, Join, Listing, Relation, ResourceType
from app.providers.aws.paths import find_all

_TAGS_PER_CALL = 20


def _trail_tags(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """Trail ARN → tags, twenty trails a call."""
    arns = [item["TrailARN"] for item in items]
    tags: dict[str, Any] = {}
    for start in range(0, len(arns), _TAGS_PER_CALL):
        listed = calls.items(
            "cloudtrail", "ListTags", "ResourceTagList[]", {"ResourceIdList": arns[start : start + _TAGS_PER_CALL]}
        )
        tags.update((entry["ResourceId"], entry.get("TagsList", [])) for entry in listed)
    return tags


def _watched(item: Item) -> list[str]:
    """What an alarm's dimensions name, as far as the name is an id or makes an ARN."""
    templates = {
        "InstanceId": ec2_arn("instance"),
        "VolumeId": ec2_arn("volume"),
        "NatGatewayId": ec2_arn("natgateway"),
        "DBInstanceIdentifier": "arn:{partition}:rds:{region}:{account}:db:{value}",
        "DBClusterIdentifier": "arn:{partition}:rds:{region}:{account}:cluster:{value}",
        "FunctionName": "arn:{partition}:lambda:{region}:{account}:function:{value}",
        "QueueName": "arn:{partition}:sqs:{region}:{account}:{value}",
        "TopicName": "arn:{partition}:sns:{region}:{account}:{value}",
        "TableName": "arn:{partition}:dynamodb:{region}:{account}:table/{value}",
        "BucketName": BUCKET_ARN,
        "LoadBalancer": "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{value}",
        "TargetGroup": "arn:{partition}:elasticloadbalancing:{region}:{account}:{value}",
        "AutoScalingGroupName": "{value}",
    }
    dimensions = [*find_all(item, "Dimensions[]"), *find_all(item, "Metrics[].MetricStat.Metric.Dimensions[]")]
    found = {
        templates[dimension["Name"]].replace("{value}", str(dimension["Value"]))
        for dimension in dimensions
        if isinstance(dimension, dict) and dimension.get("Name") in templates and dimension.get("Value")
    }
    return sorted(found)


TRAIL = ResourceType(
    native_type="AWS::CloudTrail::Trail",
    type="monitoring.trail",
    native_id="{TrailARN}",
    arn="arn:{partition}:cloudtrail:{region}:{account}:trail/{Name}",
    narrow={"trailNameList": ["{native_id}"]},
    name=("Name",),
    # Shadow trails (copies of another region's multi-region trail) are the same resource; each region names its own.
    listing=Listing(operation="DescribeTrails", items="trailList[]", arguments={"includeShadowTrails": False}),
    region="HomeRegion",
    volatile=tuple(
        f"Status.Latest{name}"
        for name in (
            "DeliveryTime",
            "DeliveryAttemptTime",
            "DeliveryAttemptSucceeded",
            "DigestDeliveryTime",
            "NotificationTime",
            "NotificationAttemptTime",
            "NotificationAttemptSucceeded",
            "CloudWatchLogsDeliveryTime",
        )
    ),
    joins=(Join(name="Tags", read=_trail_tags, calls=("cloudtrail:ListTags",), key="{TrailARN}", default=[]),),
    extras=(
        Extra(name="Status", operation="GetTrailStatus", arguments={"Name": "TrailARN"}),
        Extra(
            name="EventSelectors",
            operation="GetEventSelectors",
            arguments={"TrailName": "TrailARN"},
            spread=("EventSelectors", "AdvancedEventSelectors"),
        ),
    ),
    relations=(
        Relation(kind="logs-to", path="S3BucketName", target=BUCKET_ARN),
        Relation(
            kind="logs-to",
            path=lambda item: [str(v).removesuffix(":*") for v in find_all(item, "CloudWatchLogsLogGroupArn")],
        ),
        encrypted_with("KmsKeyId"),
        uses_role("CloudWatchLogsRoleArn"),
    ),
)

ALARM = ResourceType(
    native_type="AWS::CloudWatch::Alarm",
    type="monitoring.alarm",
    native_id="{AlarmArn}",
    arn="arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}",
    narrow={"AlarmNames": ["{AlarmName}"]},
    name=("AlarmName",),
    listing=Listing(
        operation="DescribeAlarms", items="MetricAlarms[]", arguments={"AlarmTypes": ["MetricAlarm"]}, page_size=100
    ),
    status="StateValue",
    created="AlarmConfigurationUpdatedTimestamp",
    volatile=("StateReason", "StateReasonData", "StateUpdatedTimestamp"),
    joins=(tags_in_bulk("cloudwatch:alarm", "{AlarmArn}"),),
    relations=(
        Relation(kind="monitors", path=_watched, target=itself),
        Relation(
            kind="notifies",
            path=lambda item: [v for v in find_all(item, "AlarmActions[]") if ":sns:" in str(v)],
        ),
    ),
)

LOG_GROUP = ResourceType(
    native_type="AWS::Logs::LogGroup",
    type="monitoring.log_group",
    # The vendor's `arn` ends in ":*", which other services leave out; ours never has it.
    native_id="arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}",
    narrow={"logGroupNamePrefix": "{logGroupName}"},
    name=("logGroupName",),
    listing=Listing(operation="DescribeLogGroups", items="logGroups[]", page_size=50),
    created="creationTime",
    volatile=("storedBytes",),
    aliases=("{arn}",),
    joins=(tags_in_bulk("logs", "{native_id}"),),
    relations=(encrypted_with("kmsKeyId"),),
)

COMPOSITE_ALARM = ResourceType(
    native_type="AWS::CloudWatch::CompositeAlarm",
    type="monitoring.alarm",
    native_id="{AlarmArn}",
    # The ARN does not tell the two kinds of alarm apart, so a plain one is tried first.
    arn="arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}",
    narrow={"AlarmNames": ["{AlarmName}"]},
    name=("AlarmName",),
    listing=Listing(
        operation="DescribeAlarms",
        items="CompositeAlarms[]",
        arguments={"AlarmTypes": ["CompositeAlarm"]},
        page_size=100,
    ),
    status="StateValue",
    created="AlarmConfigurationUpdatedTimestamp",
    volatile=("StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp"),
    joins=(tags_in_bulk("cloudwatch:alarm", "{AlarmArn}"),),
)

METRIC_FILTER = ResourceType(
    native_type="AWS::Logs::MetricFilter",
    type="monitoring.metric_filter",
    native_id="arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:metric-filter:{filterName}",
    narrow={"logGroupName": "{logGroupName}", "filterNamePrefix": "{filterName}"},
    name=("filterName",),
    listing=Listing(operation="DescribeMetricFilters", items="metricFilters[]", page_size=50),
    created="creationTime",
    relations=(
        Relation(
            kind="monitors", path="logGroupName", target="arn:{partition}:logs:{region}:{account}:log-group:{value}"
        ),
    ),
)

CLOUDTRAIL, CLOUDWATCH, LOGS = (TRAIL,), (ALARM, COMPOSITE_ALARM), (LOG_GROUP, METRIC_FILTER)
