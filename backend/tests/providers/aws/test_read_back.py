"""One resource read again: the same as in a full read, in few calls; gone only when the cloud says so."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from app.providers.aws import AwsProvider
from app.providers.base import CollectedResource, ErrorKind, ReadBack, ResourceTarget, UnitResult, stable_properties
from tests.providers.aws.conftest import ACCOUNT, MOVING_IN_MOTO, connection_to, resources_of
from tests.providers.aws.estate import Estate
from tests.providers.aws.proxy import FaultyProxy, answers, denies, throttles
from tests.providers.aws.test_events import called, event

# moto's ARNs of these leave out the name that the vendor's have.
ODD_IN_MOTO = {"AWS::MSK::Cluster", "AWS::AmazonMQ::Broker", "AWS::Unmodelled::Other"}


async def back(provider: AwsProvider, url: str, target: ResourceTarget) -> ReadBack:
    return await provider.read_back(connection_to(url), target, budget_seconds=60)


def target_of(one: CollectedResource) -> ResourceTarget:
    return ResourceTarget(native_id=one.native_id, native_type=one.native_type, account=ACCOUNT, region=one.region)


async def test_every_type_read_alone_is_as_in_a_full_read(
    provider: AwsProvider, estate: Estate, collected: list[UnitResult]
) -> None:
    unit_of = {one.native_id: result.unit for result in collected for one in result.resources}
    some = {one.native_type: one for one in resources_of(collected)}
    few = asyncio.Semaphore(4)  # as many as a worker reads at once; all of them would wait for moto, not for us

    async def alone(one: CollectedResource) -> ReadBack:
        async with few:
            return await back(provider, estate.endpoint, target_of(one))

    reads = await asyncio.gather(*map(alone, some.values()))
    wrong = []
    for one, read in zip(some.values(), reads, strict=True):
        if one.native_type in ODD_IN_MOTO:
            continue
        if read.errors or [again.native_id for again in read.resources] != [one.native_id]:
            wrong.append(f"{one.native_id}: {read.errors} {[again.native_id for again in read.resources]}")
            continue
        (again,) = read.resources
        ours, theirs = stable_properties(again), stable_properties(one)
        names = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
        if names - {MOVING_IN_MOTO.get(one.native_type)}:
            wrong.append(f"{one.native_id}: {[(name, ours.get(name), theirs.get(name)) for name in names]}")
        if read.unit != unit_of[one.native_id] or read.gone:
            wrong.append(f"{one.native_id}: unit {read.unit}, gone {read.gone}")
    assert not wrong, "\n".join(wrong)


async def test_a_single_read_takes_few_calls(provider: AwsProvider, estate: Estate) -> None:
    ec2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
    for native_id, most in (
        (f"{ec2}:instance/{estate.ids['instance']}", 1), (f"{ec2}:security-group/{estate.ids['group']}", 1),
        (f"arn:aws:rds:us-east-1:{ACCOUNT}:db:orders", 1), (f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/carts", 3),
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:work", 3), (f"arn:aws:sns:us-east-1:{ACCOUNT}:pages", 3),
        (estate.ids["key"], 5), (f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/main/api", 2),
    ):  # fmt: skip
        read = await back(provider, estate.endpoint, ResourceTarget(native_id=native_id))
        assert len(read.resources) == 1, native_id
        assert read.call_count <= most, f"{native_id}: {read.call_count}"


GONE = [
    f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0123456789abcdef9",
    f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/sg-0123456789abcdef9",
    f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/vpc-0123456789abcdef9",
    "arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef9",
    f"arn:aws:rds:us-east-1:{ACCOUNT}:db:nobody", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/nobody",
    f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:nobody", f"arn:aws:sqs:us-east-1:{ACCOUNT}:nobody",
    f"arn:aws:sns:us-east-1:{ACCOUNT}:nobody", "arn:aws:s3:::nobody-has-this-bucket",
    f"arn:aws:iam::{ACCOUNT}:role/nobody", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/nobody",
    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/main/nobody", f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/nobody/x",
    f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/nobody", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/nobody",
    f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/app/nobody/1234567890abcdef",
    f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:nobody", "arn:aws:route53:::hostedzone/ZNOBODY",
    f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/nobody", f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/nobody",
]  # fmt: skip


SOME = [pytest.param(one, marks=() if number % 3 == 0 else pytest.mark.slow) for number, one in enumerate(GONE)]


@pytest.mark.parametrize("native_id", SOME)
async def test_what_the_cloud_does_not_know_is_gone(provider: AwsProvider, estate: Estate, native_id: str) -> None:
    read = await back(provider, estate.endpoint, ResourceTarget(native_id=native_id))
    assert (read.errors, read.resources, read.gone) == ((), (), frozenset({native_id}))


@pytest.mark.parametrize("native_id", SOME[::4])
async def test_what_could_not_be_read_is_not_gone(provider: AwsProvider, estate: Estate, native_id: str) -> None:
    target = ResourceTarget(native_id=native_id)
    with FaultyProxy(estate.endpoint) as proxy:
        for fault in (
            lambda request: request.service != "sts" and denies(request.service)(request),
            lambda request: request.service != "sts" and answers(request.service, 200, b"garbage")(request),
            lambda request: request.service != "sts" and throttles(request.service, 99)(request),
        ):
            proxy.fault = fault
            read = await back(provider, proxy.url, target)
            assert read.errors, native_id
            assert (read.resources, read.gone) == ((), frozenset())


async def test_each_event_leads_to_the_resource_as_it_is_now(provider: AwsProvider, estate: Estate) -> None:
    instance, group = estate.ids["instance"], estate.ids["group"]
    role = {"roleName": "r-us-east-1"}
    messages: list[tuple[dict[str, Any], str]] = [
        (event("aws.ec2", "EC2 Instance State-change Notification", {"instance-id": instance}), "AWS::EC2::Instance"),
        (called("ec2", "RevokeSecurityGroupIngress", {"groupId": group}), "AWS::EC2::SecurityGroup"),
        (called("s3", "PutBucketPolicy", {"bucketName": "data-us-east-1"}), "AWS::S3::Bucket"),
        (called("iam", "AttachRolePolicy", role), "AWS::IAM::Role"),
        (called("iam", "UpdateUser", {"userName": "u-us-east-1"}), "AWS::IAM::User"),
        (called("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "orders"}), "AWS::RDS::DBInstance"),
        (called("lambda", "UpdateFunctionCode20150331v2", {"functionName": "resize"}), "AWS::Lambda::Function"),
        (called("dynamodb", "UpdateTable", {"tableName": "carts"}), "AWS::DynamoDB::Table"),
        (called("eks", "UpdateClusterConfig", {"name": "k8s"}), "AWS::EKS::Cluster"),
        (called("ecs", "UpdateService", {"cluster": "main", "service": "api"}, {"service": {"serviceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/main/api"}}), "AWS::ECS::Service"),  # noqa: E501
        (called("sns", "SetTopicAttributes", {"topicArn": estate.ids["topic"]}), "AWS::SNS::Topic"),
        (called("kms", "EnableKeyRotation", {"keyId": estate.ids["key"].rsplit("/", 1)[-1]}), "AWS::KMS::Key"),
        (called("logs", "PutRetentionPolicy", {"logGroupName": "/app/api"}), "AWS::Logs::LogGroup"),
        (called("monitoring", "PutMetricAlarm", {"alarmName": "cpu"}), "AWS::CloudWatch::Alarm"),
        (called("ssm", "PutParameter", {"name": "/app/url"}), "AWS::SSM::Parameter"),
        (called("autoscaling", "UpdateAutoScalingGroup", {"autoScalingGroupName": "web"}), "AWS::AutoScaling::AutoScalingGroup"),  # noqa: E501
        (called("secretsmanager", "UpdateSecret", {"secretId": "db"}), "AWS::SecretsManager::Secret"),
        (called("events", "PutRule", {"name": "placed"}), "AWS::Events::Rule"),
        (called("elasticloadbalancing", "ModifyTargetGroup", {"targetGroupArn": estate.ids["target"]}), "AWS::ElasticLoadBalancingV2::TargetGroup"),  # noqa: E501
        (event("aws.tag", "Tag Change on Resource", {}, f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"), "AWS::SQS::Queue"),
    ]  # fmt: skip
    for message, native_type in messages:
        (found,) = provider.parse_events(message)
        reads = [await back(provider, estate.endpoint, target) for target in found.targets]
        assert native_type in {one.native_type for read in reads for one in read.resources}, (message["detail"], reads)


async def test_a_single_read_of_another_account_reads_nothing(provider: AwsProvider, estate: Estate) -> None:
    target = ResourceTarget(native_id="arn:aws:s3:::data-us-east-1", account="999999999999")
    read = await back(provider, estate.endpoint, target)
    assert (read.resources, read.gone, read.errors[0].kind) == ((), frozenset(), ErrorKind.BAD_CREDENTIALS)


@pytest.mark.parametrize(
    "native_id", ["", "x", "arn:", "arn:aws:::", "arn:aws:ec2:us-east-1:1:instance/", json.dumps({})]
)
async def test_what_is_no_id_is_an_error_not_an_absence(provider: AwsProvider, cloud: str, native_id: str) -> None:
    target = replace(ResourceTarget(native_id=native_id), account=ACCOUNT, region="us-east-1")
    read = await back(provider, cloud, target)
    assert (read.resources, read.gone) == ((), frozenset())
    assert read.errors
