"""Hints at AWS resources: CloudWatch's dimensions as ARNs, and what OpenTelemetry's detectors say of machines.

The ARNs are those under which the inventory keeps the types; where an ARN holds an id that no dimension tells, the
name and the type are the hint.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from app.domains.metrics.rules.linking.hint import Hint, HintKind, Labels

_PROVIDER = "aws"
_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+){1,3}-\d")
_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(r"arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:\S+")
_LAMBDA_ARN = re.compile(r"(arn:[^:]+:lambda:[^:]*:\d*:function:[^:]+):[^:]+")
# Labels whose value, when it is an ARN, is the resource's own and not that of a role or a key.
_ARN_LABELS = (
    "cloudresourceid", "resourcearn", "arn", "name", "resourceid", "resource", "loadbalancerarn", "targetgrouparn",
    "dbinstancearn", "functionarn", "queuearn", "topicarn", "tablearn", "servicearn", "statemachinearn",
    "certificatearn", "streamarn", "awsecsclusterarn", "clusterarn", "awsecstaskarn",
)  # fmt: skip
_NAMESPACES = ("AWS/", "ECS/", "ContainerInsights", "CWAgent", "Glue")


class _Dimension(NamedTuple):
    """How a dimension's value makes an id. `namespace`: only there the dimension means this; `id_pattern`: values that
    are AWS' own ids, which are aliases and mean the same everywhere."""

    label: str
    native_type: str
    template: str  # empty: the name is all there is
    namespace: str = ""
    id_pattern: str = ""


def _of(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"


def _ec2(label: str, native_type: str, kind: str, id_pattern: str) -> _Dimension:
    return _Dimension(label, f"AWS::EC2::{native_type}", _of("ec2", kind + "/{value}"), id_pattern=id_pattern)


_ECS, _INSIGHTS = "AWS/ECS", "ECS/ContainerInsights"
_ECS_SERVICE = _of("ecs", "service/{clustername}/{value}")
_EFS = _of("elasticfilesystem", "file-system/{value}")
_REPLICATION_GROUP = _of("elasticache", "replicationgroup:{value}")
# More specific ones first: a target group before its load balancer, an instance before its group.
_DIMENSIONS = (
    _ec2("instanceid", "Instance", "instance", r"i-[0-9a-f]{8,17}"),
    _ec2("ec2instanceid", "Instance", "instance", r"i-[0-9a-f]{8,17}"),
    _ec2("volumeid", "Volume", "volume", r"vol-[0-9a-f]{8,17}"),
    _ec2("natgatewayid", "NatGateway", "natgateway", r"nat-[0-9a-f]{8,17}"),
    _ec2("transitgateway", "TransitGateway", "transit-gateway", r"tgw-[0-9a-f]{8,17}"),
    _ec2("vpnid", "VPNConnection", "vpn-connection", r"vpn-[0-9a-f]{8,17}"),
    _ec2("vpcendpointid", "VPCEndpoint", "vpc-endpoint", r"vpce-[0-9a-f]{8,17}"),
    _Dimension("dbinstanceidentifier", "AWS::RDS::DBInstance", _of("rds", "db:{value}")),
    _Dimension("dbclusteridentifier", "AWS::RDS::DBCluster", _of("rds", "cluster:{value}")),
    _Dimension("functionname", "AWS::Lambda::Function", _of("lambda", "function:{value}")),
    _Dimension("queuename", "AWS::SQS::Queue", _of("sqs", "{value}")),
    _Dimension("topicname", "AWS::SNS::Topic", _of("sns", "{value}")),
    _Dimension("tablename", "AWS::DynamoDB::Table", _of("dynamodb", "table/{value}"), "AWS/DynamoDB"),
    _Dimension("bucketname", "AWS::S3::Bucket", "arn:{partition}:s3:::{value}"),
    _Dimension("targetgroup", "AWS::ElasticLoadBalancingV2::TargetGroup", _of("elasticloadbalancing", "{value}")),
    _Dimension(
        "loadbalancer",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        _of("elasticloadbalancing", "loadbalancer/{value}"),
    ),
    _Dimension(
        "loadbalancername",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        _of("elasticloadbalancing", "loadbalancer/{value}"),
    ),
    _Dimension("servicename", "AWS::ECS::Service", _ECS_SERVICE, _ECS),
    _Dimension("servicename", "AWS::ECS::Service", _ECS_SERVICE, _INSIGHTS),
    _Dimension("clustername", "AWS::ECS::Cluster", _of("ecs", "cluster/{value}"), _ECS),
    _Dimension("clustername", "AWS::ECS::Cluster", _of("ecs", "cluster/{value}"), _INSIGHTS),
    _Dimension("clustername", "AWS::EKS::Cluster", _of("eks", "cluster/{value}"), "ContainerInsights"),
    _Dimension("clustername", "AWS::EKS::Cluster", _of("eks", "cluster/{value}"), "AWS/EKS"),
    _Dimension("clustername", "AWS::MSK::Cluster", "", "AWS/Kafka"),
    _Dimension("clustername", "AWS::MemoryDB::Cluster", _of("memorydb", "cluster/{value}"), "AWS/MemoryDB"),
    _Dimension("clusteridentifier", "AWS::Redshift::Cluster", _of("redshift", "cluster:{value}")),
    _Dimension("cacheclusterid", "AWS::ElastiCache::CacheCluster", _of("elasticache", "cluster:{value}")),
    _Dimension("replicationgroupid", "AWS::ElastiCache::ReplicationGroup", _REPLICATION_GROUP),
    _Dimension("domainname", "AWS::OpenSearchService::Domain", _of("es", "domain/{value}"), "AWS/ES"),
    _Dimension("streamname", "AWS::Kinesis::Stream", _of("kinesis", "stream/{value}"), "AWS/Kinesis"),
    _Dimension("deliverystreamname", "AWS::KinesisFirehose::DeliveryStream", _of("firehose", "deliverystream/{value}")),
    _Dimension("filesystemid", "AWS::FSx::FileSystem", _of("fsx", "file-system/{value}"), "AWS/FSx", r"fs-[0-9a-f]+"),
    _Dimension("filesystemid", "AWS::EFS::FileSystem", _EFS, id_pattern=r"fs-[0-9a-f]+"),
    _Dimension(
        "distributionid", "AWS::CloudFront::Distribution", "arn:{partition}:cloudfront::{account}:distribution/{value}"
    ),
    _Dimension("apiid", "AWS::ApiGatewayV2::Api", "arn:{partition}:apigateway:{region}::/apis/{value}"),
    _Dimension("apiname", "AWS::ApiGateway::RestApi", ""),
    _Dimension("healthcheckid", "AWS::Route53::HealthCheck", "arn:{partition}:route53:::healthcheck/{value}"),
    _Dimension("hostedzoneid", "AWS::Route53::HostedZone", "arn:{partition}:route53:::hostedzone/{value}"),
    _Dimension("jobflowid", "AWS::EMR::Cluster", _of("elasticmapreduce", "cluster/{value}"), id_pattern=r"j-[0-9A-Z]+"),
    _Dimension("broker", "AWS::AmazonMQ::Broker", "", "AWS/AmazonMQ"),
    _Dimension("rulename", "AWS::Events::Rule", _of("events", "rule/{value}"), "AWS/Events"),
    _Dimension("endpointname", "AWS::SageMaker::Endpoint", _of("sagemaker", "endpoint/{value}"), "AWS/SageMaker"),
    _Dimension("jobname", "AWS::Glue::Job", _of("glue", "job/{value}"), "Glue"),
    _Dimension("workgroup", "AWS::Athena::WorkGroup", _of("athena", "workgroup/{value}"), "AWS/Athena"),
    _Dimension("repositoryname", "AWS::ECR::Repository", _of("ecr", "repository/{value}"), "AWS/ECR"),
    _Dimension("backupvaultname", "AWS::Backup::BackupVault", _of("backup", "backup-vault:{value}")),
    _Dimension("loggroupname", "AWS::Logs::LogGroup", _of("logs", "log-group:{value}"), "AWS/Logs"),
    _Dimension(
        "autoscalinggroupname",
        "AWS::AutoScaling::AutoScalingGroup",
        _of("autoscaling", "autoScalingGroup:*:autoScalingGroupName/{value}"),  # an alias of the inventory
    ),
)


def aws_hints(labels: Labels) -> Iterator[Hint]:
    """Hints at AWS resources, the most specific first."""
    for name in _ARN_LABELS:
        value = labels.first(name)
        if value.startswith("arn:") and _ARN.fullmatch(value):
            without_qualifier = _LAMBDA_ARN.fullmatch(value)
            yield _id(*dict.fromkeys((value, without_qualifier[1] if without_qualifier else value)))
    account, region = _place(labels)
    namespace = labels.first("namespace")
    is_aws = _is_aws(labels, namespace)
    for dimension in _DIMENSIONS:
        value = labels.first(dimension.label)
        is_own_id = bool(dimension.id_pattern) and re.fullmatch(dimension.id_pattern, value) is not None
        if not value or not (is_own_id or is_aws) or (dimension.namespace and dimension.namespace != namespace):
            continue
        arn = _arn(dimension.template, value, account, region, labels.items)
        candidates = (*((arn,) if arn else ()), *((value,) if is_own_id else ()))
        if candidates:
            yield _id(*candidates, account=account, region=region, native_type=dimension.native_type)
        else:
            yield _name(value, account, region, dimension.native_type)
    yield from _detected(labels, account, region)


def _detected(labels: Labels, account: str, region: str) -> Iterator[Hint]:
    """What OpenTelemetry's resource detectors and Kubernetes' own metrics tell."""
    is_aws = labels.first("cloudprovider") == _PROVIDER
    host = labels.first("hostid", "instance", "providerid").rpartition("/")[2]
    if re.fullmatch(r"i-[0-9a-f]{8,17}", host):
        arn = _arn(_of("ec2", "instance/{value}"), host, account, region, {})
        yield _id(*filter(None, (arn, host)), account=account, region=region, native_type="AWS::EC2::Instance")
    platform = labels.first("cloudplatform")
    if is_aws and platform == "aws_lambda" and (function := labels.first("faasname")):
        arn = _arn(_of("lambda", "function:{value}"), function, account, region, {})
        native_type = "AWS::Lambda::Function"
        yield (
            _id(arn, account=account, region=region, native_type=native_type)
            if arn
            else _name(function, account, region, native_type)
        )
    if is_aws and (cluster := labels.first("k8sclustername")):
        arn = _arn(_of("eks", "cluster/{value}"), cluster, account, region, {})
        native_type = "AWS::EKS::Cluster"
        yield (
            _id(arn, account=account, region=region, native_type=native_type)
            if arn
            else _name(cluster, account, region, native_type)
        )


def _is_aws(labels: Labels, namespace: str) -> bool:
    return (
        labels.first("cloudprovider") == _PROVIDER
        or namespace.startswith(_NAMESPACES)
        or labels.name.startswith(("aws_", "amazonaws_com"))
    )


def _place(labels: Labels) -> tuple[str, str]:
    account = labels.first("cloudaccountid", "accountid", "awsaccountid", "ownerid", "ec2ownerid")
    region = labels.first("cloudregion", "region", "awsregion")
    zone = labels.first("cloudavailabilityzone", "availabilityzone")
    if not region and zone[-1:].isalpha():
        region = zone[:-1]
    return (
        account if _ACCOUNT.fullmatch(account) else "",
        region if _REGION.fullmatch(region) else "",
    )


def _arn(template: str, value: str, account: str, region: str, others: Mapping[str, str]) -> str:
    """The ARN, empty where something of it is not told."""
    places = {
        "{partition}": _partition(region),
        "{region}": region,
        "{account}": account,
        "{clustername}": others.get("clustername", ""),
    }
    for place, filling in places.items():
        if place in template:
            if not filling:
                return ""
            template = template.replace(place, filling)
    return template.replace("{value}", value)


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _id(*candidates: str, account: str = "", region: str = "", native_type: str = "") -> Hint:
    return Hint(
        kind=HintKind.ID,
        candidates=candidates,
        provider=_PROVIDER,
        account=account,
        region=region,
        native_type=native_type,
    )


def _name(value: str, account: str, region: str, native_type: str) -> Hint:
    return Hint(
        kind=HintKind.NAME,
        candidates=(value,),
        provider=_PROVIDER,
        account=account,
        region=region,
        native_type=native_type,
    )
