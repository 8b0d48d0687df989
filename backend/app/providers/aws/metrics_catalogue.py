"""Which CloudWatch metrics each type of resource has, and how its native id names the dimensions.

Source: the "CloudWatch metrics" page of each service's guide, docs.aws.amazon.com, 2026-10. Metrics that need an agent
or a charged option of the customer's are left out, but for Container Insights, which tells nothing where it is off.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

DAY_SECONDS = 86_400
_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_PLAIN = re.compile(r"[^a-zA-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric by one statistic; `unit` in UCUM as OpenTelemetry uses it."""

    name: str
    statistic: str
    unit: str
    period_seconds: int


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Metrics of one namespace and set of dimensions. Named groups of `pattern` over the native id are dimensions."""

    native_type: str
    namespace: str
    pattern: re.Pattern[str]
    metrics: tuple[Metric, ...]
    fixed: Mapping[str, str]
    name_dimension: str = ""  # the dimension that is the resource's name, which its id does not tell
    region: str = ""  # where the metrics are, if not in the resource's own region
    account_dimension: str = ""

    def dimensions(self, native_id: str, name: str, account: str) -> dict[str, str] | None:
        """The dimensions of one resource; None where its id is of another form."""
        match = self.pattern.search(native_id)
        if match is None or (self.name_dimension and not name):
            return None
        found = {key: value for key, value in match.groupdict().items() if value} | dict(self.fixed)
        if self.name_dimension:
            found[self.name_dimension] = name
        if self.account_dimension:
            found[self.account_dimension] = account
        return found


def series_name(namespace: str, metric: Metric) -> str:
    """As the CloudWatch exporter of Prometheus names it: aws_ec2_cpuutilization_average."""
    return f"{snake(namespace)}_{snake(metric.name)}_{snake(metric.statistic)}"


def snake(name: str) -> str:
    """A name of letters, digits and underscores."""
    return _PLAIN.sub("_", _CAMEL.sub(r"\1_\2", name)).strip("_").lower()


def _metrics(period_seconds: int, table: str) -> Iterator[Metric]:
    """From lines of `name statistics unit`."""
    for line in filter(None, table.splitlines()):
        name, statistics, unit = line.split()
        for statistic in statistics.split(","):
            yield Metric(name, statistic, unit, period_seconds)


def _group(
    native_type: str,
    namespace: str,
    pattern: str,
    period_seconds: int,
    table: str,
    *,
    fixed: Mapping[str, str] | None = None,
    name_dimension: str = "",
    region: str = "",
    account_dimension: str = "",
) -> MetricGroup:
    return MetricGroup(
        native_type=f"AWS::{native_type}",
        namespace=namespace,
        pattern=re.compile(pattern + r"\Z"),
        metrics=tuple(_metrics(period_seconds, table)),
        fixed=MappingProxyType(dict(fixed or {})),
        name_dimension=name_dimension,
        region=region,
        account_dimension=account_dimension,
    )


_RDS = """
CPUUtilization Average,Maximum %
FreeableMemory Average,Minimum By
DatabaseConnections Average,Maximum {connection}
ReadIOPS Average {operation}/s
WriteIOPS Average {operation}/s
ReadLatency Average s
WriteLatency Average s
"""
_LAMBDA = """
Invocations Sum {invocation}
Errors Sum {error}
Throttles Sum {invocation}
Duration Average,p99 ms
ConcurrentExecutions Maximum {execution}
"""
_ALB = """
RequestCount Sum {request}
TargetResponseTime Average,p99 s
HTTPCode_Target_2XX_Count Sum {response}
HTTPCode_Target_4XX_Count Sum {response}
HTTPCode_Target_5XX_Count Sum {response}
HTTPCode_ELB_5XX_Count Sum {response}
ActiveConnectionCount Sum {connection}
RejectedConnectionCount Sum {connection}
ProcessedBytes Sum By
"""
_NLB = """
ActiveFlowCount Average {connection}
NewFlowCount Sum {connection}
ProcessedBytes Sum By
TCP_Client_Reset_Count Sum {packet}
TCP_Target_Reset_Count Sum {packet}
"""
_CLB = """
RequestCount Sum {request}
Latency Average s
HTTPCode_Backend_5XX Sum {response}
HTTPCode_ELB_5XX Sum {response}
HealthyHostCount Average,Minimum {host}
UnHealthyHostCount Maximum {host}
"""
_ELASTICACHE = """
CPUUtilization Average,Maximum %
EngineCPUUtilization Average %
FreeableMemory Average By
DatabaseMemoryUsagePercentage Average %
CurrConnections Average {connection}
Evictions Sum {item}
CacheHits Sum {request}
CacheMisses Sum {request}
"""
_API = "Count Sum {request}\n4XXError Sum {response}\n5XXError Sum {response}\nLatency Average,p99 ms"
_API_V2 = "Count Sum {request}\n4xx Sum {response}\n5xx Sum {response}\nLatency Average,p99 ms"

_GROUPS = (
    _group("EC2::Instance", "AWS/EC2", r"instance/(?P<InstanceId>[^/]+)", 300, """
CPUUtilization Average,Maximum %
NetworkIn Sum By
NetworkOut Sum By
DiskReadBytes Sum By
DiskWriteBytes Sum By
CPUCreditBalance Minimum {credit}
StatusCheckFailed_Instance Maximum {failure}
StatusCheckFailed_System Maximum {failure}
"""),
    _group("EC2::Volume", "AWS/EBS", r"volume/(?P<VolumeId>[^/]+)", 300, """
VolumeReadBytes Sum By
VolumeWriteBytes Sum By
VolumeReadOps Sum {operation}
VolumeWriteOps Sum {operation}
VolumeQueueLength Average {operation}
VolumeIdleTime Sum s
BurstBalance Minimum %
"""),
    _group("EC2::NatGateway", "AWS/NATGateway", r"natgateway/(?P<NatGatewayId>[^/]+)", 60, """
ActiveConnectionCount Maximum {connection}
BytesOutToDestination Sum By
BytesInFromDestination Sum By
ErrorPortAllocation Sum {failure}
PacketsDropCount Sum {packet}
"""),
    _group("EC2::TransitGateway", "AWS/TransitGateway", r"transit-gateway/(?P<TransitGateway>[^/]+)", 60, """
BytesIn Sum By
BytesOut Sum By
PacketDropCountNoRoute Sum {packet}
"""),
    _group("EC2::VPNConnection", "AWS/VPN", r"vpn-connection/(?P<VpnId>[^/]+)", 300, """
TunnelState Minimum 1
TunnelDataIn Sum By
TunnelDataOut Sum By
"""),
    _group("RDS::DBInstance", "AWS/RDS", r":db:(?P<DBInstanceIdentifier>[^:]+)", 60, _RDS + """
FreeStorageSpace Minimum By
DiskQueueDepth Average {operation}
ReplicaLag Maximum s
BurstBalance Minimum %
"""),
    _group("RDS::DBCluster", "AWS/RDS", r":cluster:(?P<DBClusterIdentifier>[^:]+)", 60, _RDS + """
VolumeBytesUsed Average By
AuroraReplicaLag Maximum ms
"""),
    _group("ElasticLoadBalancingV2::LoadBalancer", "AWS/ApplicationELB",
           r"loadbalancer/(?P<LoadBalancer>app/[^/]+/[^/]+)", 60, _ALB),
    _group("ElasticLoadBalancingV2::LoadBalancer", "AWS/NetworkELB",
           r"loadbalancer/(?P<LoadBalancer>net/[^/]+/[^/]+)", 60, _NLB),
    _group("ElasticLoadBalancing::LoadBalancer", "AWS/ELB", r"loadbalancer/(?P<LoadBalancerName>[^/]+)", 60, _CLB),
    _group("AutoScaling::AutoScalingGroup", "AWS/AutoScaling",
           r"autoScalingGroupName/(?P<AutoScalingGroupName>.+)", 300, """
GroupInServiceInstances Average {instance}
GroupDesiredCapacity Average {instance}
"""),
    _group("Lambda::Function", "AWS/Lambda", r":function:(?P<FunctionName>[^:]+)", 60, _LAMBDA),
    _group("DynamoDB::Table", "AWS/DynamoDB", r":table/(?P<TableName>[^/]+)", 60, """
ConsumedReadCapacityUnits Sum {unit}
ConsumedWriteCapacityUnits Sum {unit}
ReadThrottleEvents Sum {event}
WriteThrottleEvents Sum {event}
"""),
    _group("SQS::Queue", "AWS/SQS", r":sqs:[^:]*:[^:]*:(?P<QueueName>[^:]+)", 300, """
ApproximateNumberOfMessagesVisible Maximum {message}
ApproximateNumberOfMessagesNotVisible Maximum {message}
ApproximateAgeOfOldestMessage Maximum s
NumberOfMessagesSent Sum {message}
NumberOfMessagesReceived Sum {message}
NumberOfMessagesDeleted Sum {message}
"""),
    _group("SNS::Topic", "AWS/SNS", r":sns:[^:]*:[^:]*:(?P<TopicName>[^:]+)", 300, """
NumberOfMessagesPublished Sum {message}
NumberOfNotificationsDelivered Sum {message}
NumberOfNotificationsFailed Sum {message}
"""),
    _group("S3::Bucket", "AWS/S3", r":s3:::(?P<BucketName>[^/]+)", DAY_SECONDS, "BucketSizeBytes Average By",
           fixed={"StorageType": "StandardStorage"}),
    _group("S3::Bucket", "AWS/S3", r":s3:::(?P<BucketName>[^/]+)", DAY_SECONDS, "NumberOfObjects Average {object}",
           fixed={"StorageType": "AllStorageTypes"}),
    _group("ECS::Cluster", "AWS/ECS", r":cluster/(?P<ClusterName>[^/]+)", 60, """
CPUReservation Average %
MemoryReservation Average %
CPUUtilization Average %
MemoryUtilization Average %
"""),
    _group("ECS::Service", "AWS/ECS", r":service/(?P<ClusterName>[^/]+)/(?P<ServiceName>[^/]+)", 60, """
CPUUtilization Average,Maximum %
MemoryUtilization Average,Maximum %
"""),
    _group("EKS::Cluster", "ContainerInsights", r":cluster/(?P<ClusterName>[^/]+)", 60, """
cluster_node_count Average {node}
cluster_failed_node_count Maximum {node}
"""),
    _group("ElastiCache::CacheCluster", "AWS/ElastiCache", r":cluster:(?P<CacheClusterId>[^:]+)", 60, _ELASTICACHE),
    _group("ApiGateway::Stage", "AWS/ApiGateway", r"/restapis/[^/]+/stages/(?P<Stage>[^/]+)", 60, _API,
           name_dimension="ApiName"),
    _group("ApiGateway::RestApi", "AWS/ApiGateway", r"/restapis/[^/]+", 60, _API, name_dimension="ApiName"),
    _group("ApiGatewayV2::Api", "AWS/ApiGateway", r"/apis/(?P<ApiId>[^/]+)", 60, _API_V2),
    _group("ApiGatewayV2::Stage", "AWS/ApiGateway", r"/apis/(?P<ApiId>[^/]+)/stages/(?P<Stage>[^/]+)", 60, _API_V2),
    _group("CloudFront::Distribution", "AWS/CloudFront", r":distribution/(?P<DistributionId>[^/]+)", 60, """
Requests Sum {request}
BytesDownloaded Sum By
4xxErrorRate Average %
5xxErrorRate Average %
""", fixed={"Region": "Global"}, region="us-east-1"),
    _group("Kinesis::Stream", "AWS/Kinesis", r":stream/(?P<StreamName>[^/]+)", 60, """
IncomingBytes Sum By
IncomingRecords Sum {record}
GetRecords.IteratorAgeMilliseconds Maximum ms
WriteProvisionedThroughputExceeded Sum {record}
ReadProvisionedThroughputExceeded Sum {record}
"""),
    _group("KinesisFirehose::DeliveryStream", "AWS/Firehose", r":deliverystream/(?P<DeliveryStreamName>[^/]+)", 60, """
IncomingBytes Sum By
IncomingRecords Sum {record}
ThrottledRecords Sum {record}
"""),
    _group("Redshift::Cluster", "AWS/Redshift", r":cluster:(?P<ClusterIdentifier>[^:]+)", 60, """
CPUUtilization Average,Maximum %
PercentageDiskSpaceUsed Average %
DatabaseConnections Average {connection}
HealthStatus Minimum 1
"""),
    _group("OpenSearchService::Domain", "AWS/ES", r":domain/(?P<DomainName>[^/]+)", 60, """
CPUUtilization Average,Maximum %
JVMMemoryPressure Maximum %
FreeStorageSpace Minimum MBy
ClusterStatus.red Maximum 1
ClusterStatus.yellow Maximum 1
""", account_dimension="ClientId"),
    _group("EFS::FileSystem", "AWS/EFS", r":file-system/(?P<FileSystemId>[^/]+)", 60, """
TotalIOBytes Sum By
ClientConnections Sum {connection}
PercentIOLimit Maximum %
BurstCreditBalance Minimum By
"""),
    _group("StepFunctions::StateMachine", "AWS/States",
           r"(?P<StateMachineArn>arn:[^:]+:states:[^:]*:[^:]*:stateMachine:[^:]+)", 60, """
ExecutionsStarted Sum {execution}
ExecutionsFailed Sum {execution}
ExecutionsTimedOut Sum {execution}
"""),
)  # fmt: skip


def _by_type(groups: Sequence[MetricGroup]) -> Mapping[str, tuple[MetricGroup, ...]]:
    made: dict[str, tuple[MetricGroup, ...]] = {}
    for group in groups:
        made[group.native_type] = (*made.get(group.native_type, ()), group)
    return MappingProxyType(made)


GROUPS = _by_type(_GROUPS)
"""Groups of metrics by native type."""
