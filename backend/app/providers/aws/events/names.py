"""Which resources a call of CloudTrail names: ids by their prefix, names by the parameter, and ARNs as they stand."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from app.providers.aws.arns import is_modelled, split
from app.providers.aws.paths import find_all

# EC2's ids: prefix → (kind in the ARN, the word of the calls that change such a thing).
_EC2 = MappingProxyType(
    {
        "acl": ("network-acl", "NetworkAcl"),
        "ami": ("image", "Image"),
        "cgw": ("customer-gateway", "CustomerGateway"),
        "cr": ("capacity-reservation", "CapacityReservation"),
        "dopt": ("dhcp-options", "DhcpOptions"),
        "eigw": ("egress-only-internet-gateway", "EgressOnlyInternetGateway"),
        "eipalloc": ("elastic-ip", "Address"),
        "eni": ("network-interface", "NetworkInterface"),
        "fl": ("vpc-flow-log", "FlowLog"),
        "fleet": ("fleet", "Fleet"),
        "h": ("dedicated-host", "Host"),
        "i": ("instance", "Instance"),
        "igw": ("internet-gateway", "InternetGateway"),
        "key": ("key-pair", "KeyPair"),
        "lt": ("launch-template", "LaunchTemplate"),
        "nat": ("natgateway", "NatGateway"),
        "pcx": ("vpc-peering-connection", "VpcPeering"),
        "pl": ("prefix-list", "PrefixList"),
        "rtb": ("route-table", "Route"),
        "sg": ("security-group", "SecurityGroup"),
        "sir": ("spot-instances-request", "Spot"),
        "snap": ("snapshot", "Snapshot"),
        "subnet": ("subnet", "Subnet"),
        "tgw": ("transit-gateway", "TransitGateway"),
        "tgw-attach": ("transit-gateway-attachment", "TransitGateway"),
        "tgw-rtb": ("transit-gateway-route-table", "TransitGatewayRoute"),
        "vgw": ("vpn-gateway", "VpnGateway"),
        "vol": ("volume", "Volume"),
        "vpc": ("vpc", "Vpc"),
        "vpce": ("vpc-endpoint", "VpcEndpoint"),
        "vpce-svc": ("vpc-endpoint-service", "VpcEndpointService"),
        "vpn": ("vpn-connection", "VpnConnection"),
    }
)
_EC2_ID = re.compile(r"^([a-z]+(?:-(?:attach|rtb|svc))?)-[0-9a-f]{8,17}$")
_NO_ACCOUNT = frozenset({"image", "snapshot"})  # whose ARNs leave it out
_ON_BOTH = re.compile(r"^(Attach|Detach|Associate|Disassociate|Replace|Assign|Unassign|Accept|CreateTags|DeleteTags)")

# Other services: a parameter, wherever it stands in the request or the answer, and the ARN that its value makes.
_HOME = "{region}:{account}"
_NAMED: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "s3": (("bucketName", "arn:{partition}:s3:::{value}"),),
        "iam": (
            ("roleName", "arn:{partition}:iam::{account}:role/{value}"),
            ("userName", "arn:{partition}:iam::{account}:user/{value}"),
            ("groupName", "arn:{partition}:iam::{account}:group/{value}"),
        ),
        "rds": (
            ("dBInstanceIdentifier", f"arn:{{partition}}:rds:{_HOME}:db:{{value}}"),
            ("dBClusterIdentifier", f"arn:{{partition}}:rds:{_HOME}:cluster:{{value}}"),
            ("dBSnapshotIdentifier", f"arn:{{partition}}:rds:{_HOME}:snapshot:{{value}}"),
            ("dBClusterSnapshotIdentifier", f"arn:{{partition}}:rds:{_HOME}:cluster-snapshot:{{value}}"),
            ("dBSubnetGroupName", f"arn:{{partition}}:rds:{_HOME}:subgrp:{{value}}"),
            ("dBParameterGroupName", f"arn:{{partition}}:rds:{_HOME}:pg:{{value}}"),
        ),
        "lambda": (
            ("functionName", f"arn:{{partition}}:lambda:{_HOME}:function:{{value}}"),
            ("uUID", f"arn:{{partition}}:lambda:{_HOME}:event-source-mapping:{{value}}"),
        ),
        "elasticloadbalancing": (
            ("loadBalancerName", f"arn:{{partition}}:elasticloadbalancing:{_HOME}:loadbalancer/{{value}}"),
        ),
        "eks": (
            ("clusterName", f"arn:{{partition}}:eks:{_HOME}:cluster/{{value}}"),
            ("Cluster/name", f"arn:{{partition}}:eks:{_HOME}:cluster/{{value}}"),
        ),
        "ecs": (
            ("clusterName", f"arn:{{partition}}:ecs:{_HOME}:cluster/{{value}}"),
            ("Cluster/cluster", f"arn:{{partition}}:ecs:{_HOME}:cluster/{{value}}"),
        ),
        "kms": (
            ("keyId", f"arn:{{partition}}:kms:{_HOME}:key/{{value}}"),
            ("targetKeyId", f"arn:{{partition}}:kms:{_HOME}:key/{{value}}"),
        ),
        "dynamodb": (("tableName", f"arn:{{partition}}:dynamodb:{_HOME}:table/{{value}}"),),
        "route53": (
            ("hostedZoneId", "arn:{partition}:route53:::hostedzone/{value}"),
            ("HostedZone/id", "arn:{partition}:route53:::hostedzone/{value}"),
        ),
        "cloudfront": (("Distribution/id", "arn:{partition}:cloudfront::{account}:distribution/{value}"),),
        "autoscaling": (
            (
                "autoScalingGroupName",
                f"arn:{{partition}}:autoscaling:{_HOME}:autoScalingGroup:*:autoScalingGroupName/{{value}}",
            ),
        ),
        "secretsmanager": (("secretId", f"arn:{{partition}}:secretsmanager:{_HOME}:secret:{{value}}-??????"),),
        "logs": (("logGroupName", f"arn:{{partition}}:logs:{_HOME}:log-group:{{value}}"),),
        "monitoring": (
            ("alarmName", f"arn:{{partition}}:cloudwatch:{_HOME}:alarm:{{value}}"),
            ("alarmNames", f"arn:{{partition}}:cloudwatch:{_HOME}:alarm:{{value}}"),
        ),
        "ecr": (("repositoryName", f"arn:{{partition}}:ecr:{_HOME}:repository/{{value}}"),),
        "elasticache": (
            ("cacheClusterId", f"arn:{{partition}}:elasticache:{_HOME}:cluster:{{value}}"),
            ("replicationGroupId", f"arn:{{partition}}:elasticache:{_HOME}:replicationgroup:{{value}}"),
        ),
        "cloudtrail": (("Trail/name", f"arn:{{partition}}:cloudtrail:{_HOME}:trail/{{value}}"),),
        "events": (
            ("Rule/name", f"arn:{{partition}}:events:{_HOME}:rule/{{value}}"),
            ("Target/rule", f"arn:{{partition}}:events:{_HOME}:rule/{{value}}"),
        ),
        "elasticfilesystem": (("fileSystemId", f"arn:{{partition}}:elasticfilesystem:{_HOME}:file-system/{{value}}"),),
        "redshift": (("clusterIdentifier", f"arn:{{partition}}:redshift:{_HOME}:cluster:{{value}}"),),
        "es": (("domainName", f"arn:{{partition}}:es:{_HOME}:domain/{{value}}"),),
        "kinesis": (("streamName", f"arn:{{partition}}:kinesis:{_HOME}:stream/{{value}}"),),
        "firehose": (("deliveryStreamName", f"arn:{{partition}}:firehose:{_HOME}:deliverystream/{{value}}"),),
        "backup": (("backupVaultName", f"arn:{{partition}}:backup:{_HOME}:backup-vault:{{value}}"),),
        "apigateway": (
            ("restApiId", "arn:{partition}:apigateway:{region}::/restapis/{value}"),
            ("apiId", "arn:{partition}:apigateway:{region}::/apis/{value}"),
        ),
        "guardduty": (("detectorId", f"arn:{{partition}}:guardduty:{_HOME}:detector/{{value}}"),),
        "athena": (("workGroup", f"arn:{{partition}}:athena:{_HOME}:workgroup/{{value}}"),),
    }
)
_ARN_SERVICES = MappingProxyType({"monitoring": "cloudwatch", "amazonmq": "mq"})  # where the event's name differs


def partition_of(region: str) -> str:
    """The partition that a region is in."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def ids_named_by(service: str, action: str, record: Mapping[str, Any], *, account: str, region: str) -> Iterator[str]:
    """ARNs of what the call changed, as far as it tells. Ids that merely occur in it are left out."""
    place = {"partition": partition_of(region), "account": account, "region": region}
    parts = [part for part in (record.get("requestParameters"), record.get("responseElements")) if part]
    pairs = [pair for part in parts for pair in _leaves(part)]
    if service == "ec2":
        yield from _of_ec2(action, pairs, place)
    elif service == "sqs":
        yield from (_of_queue(value, place) for name, value in pairs if name == "queueUrl")
    elif service == "ssm" and "Parameter" in action:
        names = [value.removeprefix("/") for name, value in pairs if name in ("name", "names")]
        yield from (_fill(f"arn:{{partition}}:ssm:{_HOME}:parameter/{{value}}", place, name) for name in names)
    elif service == "route53":
        yield from _of_records(record, place)
    for wanted, template in _NAMED.get(service, ()):
        noun, _, key = wanted.rpartition("/")
        for name, value in pairs:
            if name == key and noun in action and not value.startswith("arn:"):
                yield _fill(template, place, value.rsplit("/", 1)[-1] if service == "route53" else value)
    yield from _arns(_ARN_SERVICES.get(service, service), pairs, record)


def _of_ec2(action: str, pairs: list[tuple[str, str]], place: Mapping[str, str]) -> Iterator[str]:
    for _, value in pairs:
        known = _EC2_ID.match(value)
        kind, word = _EC2.get(known[1], ("", "")) if known else ("", "")
        if kind and (word in action or _ON_BOTH.match(action)):
            owner = "" if kind in _NO_ACCOUNT else place["account"]
            yield f"arn:{place['partition']}:ec2:{place['region']}:{owner}:{kind}/{value}"


def _of_queue(url: str, place: Mapping[str, str]) -> str:
    account, _, name = url.rstrip("/").rpartition("/")
    owner = account.rsplit("/", 1)[-1]
    return f"arn:{place['partition']}:sqs:{place['region']}:{owner if owner.isdigit() else place['account']}:{name}"


def _of_records(record: Mapping[str, Any], place: Mapping[str, str]) -> Iterator[str]:
    zone = str((record.get("requestParameters") or {}).get("hostedZoneId") or "").rsplit("/", 1)[-1]
    for one in find_all(record, "requestParameters.changeBatch.changes[].resourceRecordSet"):
        if zone and isinstance(one, dict):
            parts = (str(one.get("name") or "").rstrip("."), one.get("type"), one.get("setIdentifier"))
            record_id = "/".join(str(part) for part in parts if part)
            yield f"arn:{place['partition']}:route53:::hostedzone/{zone}/recordset/{record_id}"


def _arns(service: str, pairs: list[tuple[str, str]], record: Mapping[str, Any]) -> Iterator[str]:
    """Of the calling service itself; what it only uses, such as a function's role, was not changed."""
    listed = [str(one) for path in ("resources[].ARN", "resources[].arn") for one in find_all(record, path)]
    for value in (*(value for _, value in pairs), *listed):
        arn = split(value) if value.startswith("arn:") else None
        if arn is None or arn.service != service or arn.account == "aws":  # the vendor's own is nobody's to change
            continue
        whole = value.removesuffix(":*") if service == "logs" else value
        if service == "lambda" and ":function:" in whole:
            whole = ":".join(whole.split(":")[:7])  # without the version
        if is_modelled(whole) or value in listed:
            yield whole


def _fill(template: str, place: Mapping[str, str], value: str) -> str:
    return template.format(**place, value=value)


def _leaves(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """(nearest name, text) of every text in the tree."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping) and depth < 12:
        for key, inner in value.items():
            yield from _leaves(inner, str(key), depth + 1)
    elif isinstance(value, list) and depth < 12:
        for inner in value:
            yield from _leaves(inner, name, depth + 1)
