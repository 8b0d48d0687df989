"""Streams, event rules, workflows and what connects them."""

from app.providers.aws.catalogue.common import (
    BUCKET_ARN,
    encrypted_with,
    in_subnet,
    logs_to_group,
    secured_by,
    tags_in_bulk,
    uses_role,
)
from app.providers.aws.catalogue.model import Describe, Extra, ForEach, Listing, Relation, ResourceType

STREAM = ResourceType(
    native_type="AWS::Kinesis::Stream",
    type="messaging.stream",
    native_id="{StreamARN}",
    arn="arn:{partition}:kinesis:{region}:{account}:stream/{StreamName}",
    name=("StreamName",),
    listing=Listing(operation="ListStreams", items="StreamNames[]", scalar="StreamName"),
    describe=Describe(
        operation="DescribeStreamSummary", ids="StreamName", parameter="StreamName", items="StreamDescriptionSummary"
    ),
    status="StreamStatus",
    created="StreamCreationTimestamp",
    joins=(tags_in_bulk("kinesis:stream", "{StreamARN}"),),
    relations=(encrypted_with("KeyId"),),
)

DELIVERY_STREAM = ResourceType(
    native_type="AWS::KinesisFirehose::DeliveryStream",
    type="messaging.stream",
    native_id="{DeliveryStreamARN}",
    arn="arn:{partition}:firehose:{region}:{account}:deliverystream/{DeliveryStreamName}",
    name=("DeliveryStreamName",),
    # The vendor has no paginator for it; more than its largest page (10,000) is above the service's own quota.
    listing=Listing(
        operation="ListDeliveryStreams",
        items="DeliveryStreamNames[]",
        scalar="DeliveryStreamName",
        arguments={"Limit": 10_000},
    ),
    describe=Describe(
        operation="DescribeDeliveryStream",
        ids="DeliveryStreamName",
        parameter="DeliveryStreamName",
        items="DeliveryStreamDescription",
    ),
    status="DeliveryStreamStatus",
    created="CreateTimestamp",
    joins=(tags_in_bulk("firehose:deliverystream", "{DeliveryStreamARN}"),),
    relations=(
        Relation(kind="targets", path="Destinations[].S3DestinationDescription.BucketARN"),
        Relation(kind="targets", path="Destinations[].ExtendedS3DestinationDescription.BucketARN"),
        Relation(kind="uses", path="Source.KinesisStreamSourceDescription.KinesisStreamARN"),
        uses_role("Destinations[].ExtendedS3DestinationDescription.RoleARN"),
        encrypted_with("DeliveryStreamEncryptionConfiguration.KeyARN"),
    ),
    redact=(
        "Destinations[].HttpEndpointDestinationDescription.RequestConfiguration.CommonAttributes[].AttributeValue",
        "Destinations[].RedshiftDestinationDescription.Username",
    ),
)

EVENT_BUS = ResourceType(
    native_type="AWS::Events::EventBus",
    type="messaging.event_bus",
    native_id="{Arn}",
    arn="arn:{partition}:events:{region}:{account}:event-bus/{Name}",
    name=("Name",),
    narrow={"NamePrefix": "{Name}"},
    listing=Listing(operation="ListEventBuses", items="EventBuses[]", arguments={"Limit": 100}),
    joins=(tags_in_bulk("events:event-bus", "{Arn}"),),
    json_fields=("Policy",),
)

EVENT_RULE = ResourceType(
    native_type="AWS::Events::Rule",
    type="messaging.event_rule",
    native_id="{Arn}",
    arn="arn:{partition}:events:{region}:{account}:rule/{RulePath}",
    name=("Name",),
    listing=Listing(operation="ListRules", items="Rules[]"),
    for_each=ForEach(parent=EVENT_BUS.native_type, arguments={"EventBusName": "Name"}, carry={"EventBusArn": "Arn"}),
    status="State",
    joins=(tags_in_bulk("events:rule", "{Arn}"),),
    extras=(
        Extra(
            name="Targets",
            operation="ListTargetsByRule",
            arguments={"Rule": "Name", "EventBusName": "EventBusName"},
            result="Targets",
            default=[],
        ),
    ),
    json_fields=("EventPattern",),
    relations=(
        Relation(kind="contains", path="EventBusArn", reverse=True),
        Relation(kind="triggers", path="Targets[].Arn"),
        uses_role("Targets[].RoleArn"),
    ),
    redact=("Targets[].Input", "Targets[].HttpParameters.HeaderParameters.*"),
)

STATE_MACHINE = ResourceType(
    native_type="AWS::StepFunctions::StateMachine",
    type="compute.workflow",
    native_id="{stateMachineArn}",
    arn="arn:{partition}:states:{region}:{account}:stateMachine:{name}",
    name=("name",),
    listing=Listing(operation="ListStateMachines", items="stateMachines[]", page_size=1000),
    describe=Describe(operation="DescribeStateMachine", ids="stateMachineArn", parameter="stateMachineArn", items=""),
    status="status",
    created="creationDate",
    joins=(tags_in_bulk("states:stateMachine", "{stateMachineArn}"),),
    json_fields=("definition",),
    relations=(
        uses_role("roleArn"),
        logs_to_group("loggingConfiguration.destinations[].cloudWatchLogsLogGroup.logGroupArn"),
        Relation(kind="triggers", path="definition.States.*.Resource"),
    ),
)

EVENT_SOURCE_MAPPING = ResourceType(
    native_type="AWS::Lambda::EventSourceMapping",
    type="compute.trigger",
    native_id="arn:{partition}:lambda:{region}:{account}:event-source-mapping:{UUID}",
    name=("UUID",),
    listing=Listing(operation="ListEventSourceMappings", items="EventSourceMappings[]"),
    status="State",
    aliases=("{UUID}",),
    volatile=("LastProcessingResult", "StateTransitionReason"),
    relations=(
        Relation(kind="triggers", path="FunctionArn"),
        Relation(kind="triggers", path="EventSourceArn", reverse=True),
    ),
)

SUBSCRIPTION = ResourceType(
    native_type="AWS::SNS::Subscription",
    type="messaging.subscription",
    native_id="{SubscriptionArn}",
    arn="arn:{partition}:sns:{region}:{account}:{Topic}:{Id}",
    name=("SubscriptionArn",),
    listing=Listing(operation="ListSubscriptions", items="Subscriptions[]"),
    # One that was never confirmed has no ARN, only the word for it.
    select=lambda item: str(item.get("SubscriptionArn") or "arn:").startswith("arn:"),
    relations=(
        Relation(kind="triggers", path="TopicArn", reverse=True),
        Relation(
            kind="targets",
            path=lambda item: [item["Endpoint"]] if str(item.get("Endpoint")).startswith("arn:") else [],
        ),
    ),
)

BROKER = ResourceType(
    native_type="AWS::AmazonMQ::Broker",
    type="messaging.broker",
    native_id="{BrokerArn}",
    arn="arn:{partition}:mq:{region}:{account}:broker:{BrokerName}:{BrokerId}",
    name=("BrokerName",),
    listing=Listing(operation="ListBrokers", items="BrokerSummaries[]", page_size=100),
    describe=Describe(operation="DescribeBroker", ids="BrokerId", parameter="BrokerId", items=""),
    tags="Tags",
    status="BrokerState",
    created="Created",
    relations=(
        in_subnet("SubnetIds[]"),
        secured_by("SecurityGroups[]"),
        encrypted_with("EncryptionOptions.KmsKeyId"),
    ),
)

KAFKA_CLUSTER = ResourceType(
    native_type="AWS::MSK::Cluster",
    type="messaging.broker",
    native_id="{ClusterArn}",
    arn="arn:{partition}:kafka:{region}:{account}:cluster/{ClusterName}/{Id}",
    name=("ClusterName",),
    narrow={"ClusterNameFilter": "{ClusterName}"},
    listing=Listing(operation="ListClustersV2", items="ClusterInfoList[]", page_size=100),
    status="State",
    created="CreationTime",
    relations=(
        in_subnet("Provisioned.BrokerNodeGroupInfo.ClientSubnets[]"),
        secured_by("Provisioned.BrokerNodeGroupInfo.SecurityGroups[]"),
        encrypted_with("Provisioned.EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId"),
        Relation(kind="logs-to", path="Provisioned.LoggingInfo.BrokerLogs.S3.Bucket", target=BUCKET_ARN),
    ),
)

SCHEDULE = ResourceType(
    native_type="AWS::Scheduler::Schedule",
    type="compute.trigger",
    native_id="{Arn}",
    arn="arn:{partition}:scheduler:{region}:{account}:schedule/{GroupName}/{Name}",
    name=("Name",),
    narrow={"GroupName": "{GroupName}", "NamePrefix": "{Name}"},
    listing=Listing(operation="ListSchedules", items="Schedules[]", page_size=100),
    status="State",
    created="CreationDate",
    relations=(Relation(kind="triggers", path="Target.Arn"),),
)

GRAPHQL_API = ResourceType(
    native_type="AWS::AppSync::GraphQLApi",
    type="network.api",
    native_id="{arn}",
    arn="arn:{partition}:appsync:{region}:{account}:apis/{apiId}",
    name=("name", "apiId"),
    listing=Listing(operation="ListGraphqlApis", items="graphqlApis[]", page_size=25),
    tags="tags",
    aliases=("{apiId}",),
    relations=(Relation(kind="secured-by", path="wafWebAclArn"),),
)

KINESIS, FIREHOSE, EVENTS = (STREAM,), (DELIVERY_STREAM,), (EVENT_BUS, EVENT_RULE)
STEP_FUNCTIONS, MQ, KAFKA = (STATE_MACHINE,), (BROKER,), (KAFKA_CLUSTER,)
SCHEDULER, APP_SYNC = (SCHEDULE,), (GRAPHQL_API,)
