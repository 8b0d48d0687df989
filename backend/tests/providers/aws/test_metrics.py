"""Metrics of moto's CloudWatch through the real SDK, and answers that moto never gives."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from app.providers.aws import AwsProvider, metrics
from app.providers.aws.metrics_catalogue import GROUPS, snake
from app.providers.aws.session import AwsSession
from app.providers.aws.throttle import Throttles
from app.providers.base import ErrorKind, MetricTarget, MetricWindow, PolledMetrics
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.aws.conftest import ACCOUNT, connection_to
from tests.providers.aws.proxy import FaultyProxy, Handler

NOW = datetime(2026, 11, 20, 12, 3, 20, tzinfo=UTC)
HOUR_AGO = NOW - timedelta(hours=1)
HOUR_AGO_MS = int(HOUR_AGO.timestamp()) // 300 * 300_000
INSTANCE = "i-0123456789abcdef0"
# One id of each type with metrics, as the inventory stores it, and the dimensions that the vendor documents for it.
KNOWN: list[tuple[str, str, dict[str, str]]] = [
    ("EC2::Instance", f"arn:aws:ec2:us-east-1:1:instance/{INSTANCE}", {"InstanceId": INSTANCE}),
    ("EC2::Volume", "arn:aws:ec2:us-east-1:1:volume/vol-1", {"VolumeId": "vol-1"}),
    ("EC2::NatGateway", "arn:aws:ec2:us-east-1:1:natgateway/nat-1", {"NatGatewayId": "nat-1"}),
    ("EC2::TransitGateway", "arn:aws:ec2:us-east-1:1:transit-gateway/tgw-1", {"TransitGateway": "tgw-1"}),
    ("EC2::VPNConnection", "arn:aws:ec2:us-east-1:1:vpn-connection/vpn-1", {"VpnId": "vpn-1"}),
    ("RDS::DBInstance", "arn:aws:rds:us-east-1:1:db:main", {"DBInstanceIdentifier": "main"}),
    ("RDS::DBCluster", "arn:aws:rds:us-east-1:1:cluster:main", {"DBClusterIdentifier": "main"}),
    ("ElasticLoadBalancingV2::LoadBalancer",
     "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/50dc", {"LoadBalancer": "app/web/50dc"}),
    ("ElasticLoadBalancingV2::LoadBalancer",
     "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/web/50dc", {"LoadBalancer": "net/web/50dc"}),
    ("ElasticLoadBalancing::LoadBalancer",
     "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/web", {"LoadBalancerName": "web"}),
    ("AutoScaling::AutoScalingGroup",
     "arn:aws:autoscaling:us-east-1:1:autoScalingGroup:0f-1:autoScalingGroupName/web",
     {"AutoScalingGroupName": "web"}),
    ("Lambda::Function", "arn:aws:lambda:us-east-1:1:function:pay", {"FunctionName": "pay"}),
    ("DynamoDB::Table", "arn:aws:dynamodb:us-east-1:1:table/orders", {"TableName": "orders"}),
    ("SQS::Queue", "arn:aws:sqs:us-east-1:1:jobs.fifo", {"QueueName": "jobs.fifo"}),
    ("SNS::Topic", "arn:aws:sns:us-east-1:1:news", {"TopicName": "news"}),
    ("S3::Bucket", "arn:aws:s3:::my.files", {"BucketName": "my.files", "StorageType": "StandardStorage"}),
    ("ECS::Cluster", "arn:aws:ecs:us-east-1:1:cluster/main", {"ClusterName": "main"}),
    ("ECS::Service", "arn:aws:ecs:us-east-1:1:service/main/api", {"ClusterName": "main", "ServiceName": "api"}),
    ("EKS::Cluster", "arn:aws:eks:us-east-1:1:cluster/k8s", {"ClusterName": "k8s"}),
    ("ElastiCache::CacheCluster", "arn:aws:elasticache:us-east-1:1:cluster:c-001", {"CacheClusterId": "c-001"}),
    ("ApiGateway::Stage", "arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod",
     {"Stage": "prod", "ApiName": "the name"}),
    ("ApiGateway::RestApi", "arn:aws:apigateway:us-east-1::/restapis/a1", {"ApiName": "the name"}),
    ("ApiGatewayV2::Api", "arn:aws:apigateway:us-east-1::/apis/a1", {"ApiId": "a1"}),
    ("ApiGatewayV2::Stage", "arn:aws:apigateway:us-east-1::/apis/a1/stages/$default",
     {"ApiId": "a1", "Stage": "$default"}),
    ("CloudFront::Distribution", "arn:aws:cloudfront::1:distribution/E1",
     {"DistributionId": "E1", "Region": "Global"}),
    ("Kinesis::Stream", "arn:aws:kinesis:us-east-1:1:stream/clicks", {"StreamName": "clicks"}),
    ("KinesisFirehose::DeliveryStream", "arn:aws:firehose:us-east-1:1:deliverystream/logs",
     {"DeliveryStreamName": "logs"}),
    ("Redshift::Cluster", "arn:aws:redshift:us-east-1:1:cluster:dw", {"ClusterIdentifier": "dw"}),
    ("OpenSearchService::Domain", "arn:aws:es:us-east-1:1:domain/find",
     {"DomainName": "find", "ClientId": ACCOUNT}),
    ("EFS::FileSystem", "arn:aws:elasticfilesystem:us-east-1:1:file-system/fs-1", {"FileSystemId": "fs-1"}),
    ("StepFunctions::StateMachine", "arn:aws:states:us-east-1:1:stateMachine:pay",
     {"StateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:pay"}),
]  # fmt: skip


def target(native_type: str, native_id: str, *, region: str = "us-east-1", name: str = "the name") -> MetricTarget:
    return MetricTarget(
        key=native_id,
        native_id=native_id,
        native_type=f"AWS::{native_type}",
        name=name,
        account=ACCOUNT,
        region=region,
    )


def instance(number: int, **changes: Any) -> MetricTarget:
    return target("EC2::Instance", f"arn:aws:ec2:us-east-1:1:instance/i-{number:08x}", **changes)


def curve(seed: int, minutes: int) -> list[tuple[datetime, float]]:
    """One value a minute up to now."""
    source = random.Random(seed)  # noqa: S311
    start = NOW.replace(second=0) - timedelta(minutes=minutes)
    return [(start + timedelta(minutes=step), round(source.uniform(0, 100), 3)) for step in range(minutes)]


def put(
    url: str, namespace: str, name: str, dimensions: dict[str, str], points: Sequence[tuple[datetime, float]]
) -> None:
    client = boto3.client(
        "cloudwatch", region_name="us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    told = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[{"MetricName": name, "Dimensions": told, "Timestamp": at, "Value": value} for at, value in points],
    )


def averages(points: Sequence[tuple[datetime, float]], seconds: int) -> dict[int, list[float]]:
    periods: dict[int, list[float]] = {}
    for at, value in points:
        periods.setdefault(int(at.timestamp()) // seconds * seconds * 1000, []).append(value)
    return periods


async def read(
    provider: AwsProvider, url: str, targets: Sequence[MetricTarget], *, start: datetime = HOUR_AGO, daily: bool = False
) -> PolledMetrics:
    window = MetricWindow(start=start, now=NOW, with_daily=daily)
    return await provider.read_metrics(connection_to(url), targets, window, budget_seconds=20)


def of(found: PolledMetrics, name: str) -> dict[int, float]:
    [one] = [one for one in found.series if one.name == name]
    return dict(one.points)


@pytest.mark.parametrize(("native_type", "native_id", "wanted"), KNOWN)
def test_the_native_id_names_the_dimensions(native_type: str, native_id: str, wanted: dict[str, str]) -> None:
    groups = GROUPS[f"AWS::{native_type}"]
    assert wanted in [group.dimensions(native_id, "the name", ACCOUNT) for group in groups]


def test_every_type_with_metrics_is_a_type_of_the_inventory_and_has_a_known_id() -> None:
    assert set(GROUPS) == {f"AWS::{native_type}" for native_type, _, _ in KNOWN}


async def test_values_and_periods_are_those_that_were_put(provider: AwsProvider, cloud: str) -> None:
    points = curve(1, 60)
    put(cloud, "AWS/EC2", "CPUUtilization", {"InstanceId": INSTANCE}, points)
    found = await read(provider, cloud, [target("EC2::Instance", KNOWN[0][1])])
    assert not found.errors
    periods = averages(points, 300)
    latest = int((NOW - metrics.SETTLE).timestamp() * 1000) - 300_000
    wanted = {
        at: values for at, values in periods.items() if at <= latest and at >= HOUR_AGO.timestamp() // 300 * 300_000
    }
    assert len(wanted) >= 10
    average = of(found, "aws_ec2_cpuutilization_average")
    assert average == pytest.approx({at: sum(values) / len(values) for at, values in wanted.items()})
    assert of(found, "aws_ec2_cpuutilization_maximum") == {at: max(values) for at, values in wanted.items()}
    [one] = [one for one in found.series if one.name.endswith("_average")]
    assert one.target == KNOWN[0][1]
    assert one.unit == "%"
    assert one.labels == {"instance_id": INSTANCE, "account_id": ACCOUNT, "region": "us-east-1"}


async def test_a_period_that_has_not_settled_is_left_for_later(provider: AwsProvider, cloud: str) -> None:
    function = "arn:aws:lambda:us-east-1:1:function:pay"
    points = [(NOW - timedelta(seconds=seconds), 1.0) for seconds in (30, 90, 130, 200, 260)]
    put(cloud, "AWS/Lambda", "Invocations", {"FunctionName": "pay"}, points)
    found = await read(provider, cloud, [target("Lambda::Function", function)])
    times = of(found, "aws_lambda_invocations_sum")
    assert times
    assert all(at / 1000 + 60 <= (NOW - metrics.SETTLE).timestamp() for at in times)


async def test_daily_metrics_are_asked_for_only_when_wanted(provider: AwsProvider, cloud: str) -> None:
    midnight = NOW.replace(hour=0, minute=0, second=0)
    dimensions = {"BucketName": "files", "StorageType": "StandardStorage"}
    put(cloud, "AWS/S3", "BucketSizeBytes", dimensions, [(midnight - timedelta(days=1), 5e9)])
    bucket = target("S3::Bucket", "arn:aws:s3:::files")
    assert (await read(provider, cloud, [bucket])).asked == 0
    found = await read(provider, cloud, [bucket], daily=True)
    assert found.asked == 2 == sum(metrics.count_metrics("AWS::S3::Bucket", daily=daily) for daily in (True, False))
    assert of(found, "aws_s3_bucket_size_bytes_average") == {int(midnight.timestamp() - 86_400) * 1000: 5e9}


async def test_more_than_five_hundred_metrics_are_several_calls(provider: AwsProvider, cloud: str) -> None:
    targets = [instance(number) for number in range(60)]
    for number in (0, 59):
        put(cloud, "AWS/EC2", "CPUUtilization", {"InstanceId": f"i-{number:08x}"}, curve(number, 30))
    found = await read(provider, cloud, targets)
    each = metrics.count_metrics("AWS::EC2::Instance", daily=False)
    assert found.asked == 60 * each
    assert found.call_count >= 60 * each / 500
    assert {one.target for one in found.series} == {targets[0].key, targets[59].key}


class Answers:
    """A client of CloudWatch that answers from a list; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), list[dict[str, Any]]()

    def get_metric_data(self, **arguments: Any) -> Any:
        self.asked.append(arguments)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Session:
    """Clients by region."""

    home_region = "us-east-1"

    def __init__(self, **clients: Answers) -> None:
        self.clients = clients

    def client(self, _service: str, region: str, _on_throttle: Any = None) -> Answers:
        return self.clients[region.replace("-", "_")]


def read_from(session: Session, targets: Sequence[MetricTarget]) -> PolledMetrics:
    window = MetricWindow(start=HOUR_AGO, now=NOW)
    throttles = Throttles()
    return metrics.read_metrics(
        cast(AwsSession, session), throttles, targets, window, budget_seconds=5, home_region="us-east-1"
    )


def result(number: int, *values: float, code: str = "Complete", start: int = 0) -> dict[str, Any]:
    times = [HOUR_AGO.replace(second=0) + timedelta(minutes=5 * (start + step)) for step in range(len(values))]
    return {"Id": f"m{number}", "Timestamps": times, "Values": list(values), "StatusCode": code}


def denied() -> Exception:
    from botocore.exceptions import ClientError

    return ClientError(
        {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}},  # type: ignore[typeddict-item]
        "GetMetricData",
    )


def test_pages_are_joined_and_partial_data_is_said() -> None:
    pages = Answers(
        {"MetricDataResults": [result(0, 1.0, 2.0, code="PartialData")], "NextToken": "t"},
        {"MetricDataResults": [result(0, 3.0, start=2)], "NextToken": "u"},
        {"MetricDataResults": [result(1, 9.0, code="PartialData")], "Messages": [{"Code": "Odd", "Value": "v"}]},
    )
    found = read_from(Session(us_east_1=pages), [instance(1)])
    assert [[value for _, value in one.points] for one in found.series] == [[1.0, 2.0, 3.0], [9.0]]
    assert [arguments.get("NextToken") for arguments in pages.asked] == [None, "t", "u"]
    [error] = found.errors
    assert error.kind is ErrorKind.INVALID_ANSWER


def test_an_internal_error_of_one_metric_is_asked_for_once_more() -> None:
    pages = Answers(
        {"MetricDataResults": [result(0, 1.0), result(1, code="InternalError")]},
        {"MetricDataResults": [result(1, 4.0)]},
    )
    found = read_from(Session(us_east_1=pages), [instance(1)])
    assert [[value for _, value in one.points] for one in found.series] == [[1.0], [4.0]]
    assert [query["Id"] for query in pages.asked[1]["MetricDataQueries"]] == ["m1"]
    assert not found.errors


def test_metrics_that_may_not_be_read_are_said_and_the_others_come() -> None:
    pages = Answers({"MetricDataResults": [result(0, 1.0), result(1, code="Forbidden")]})
    found = read_from(Session(us_east_1=pages), [instance(1)])
    assert len(found.series) == 1
    assert [(error.kind, error.permission) for error in found.errors] == [(ErrorKind.ACCESS_DENIED, metrics.CALL)]


def test_a_region_that_is_denied_leaves_the_others_alone() -> None:
    session = Session(eu_west_1=Answers(denied()), us_east_1=Answers({"MetricDataResults": [result(0, 1.0)]}))
    found = read_from(session, [instance(1, region="eu-west-1"), instance(2)])
    assert [one.target for one in found.series] == [instance(2).key]
    assert [(error.kind, error.permission) for error in found.errors] == [(ErrorKind.ACCESS_DENIED, metrics.CALL)]
    assert found.errors[0].message.startswith("eu-west-1: ")


def test_what_came_before_a_failed_page_is_kept() -> None:
    pages = Answers({"MetricDataResults": [result(0, 1.0)], "NextToken": "t"}, denied())
    found = read_from(Session(us_east_1=pages), [instance(1)])
    assert len(found.series) == 1
    assert len(found.errors) == 1


def test_pages_without_an_end_are_left() -> None:
    page = {"MetricDataResults": [result(0, 1.0)], "NextToken": "t"}
    found = read_from(Session(us_east_1=Answers(page, page, page)), [instance(1)])
    assert found.call_count == 2
    assert [error.kind for error in found.errors] == [ErrorKind.INVALID_ANSWER]


async def test_no_cloud_at_the_address_is_an_error_and_no_exception(provider: AwsProvider) -> None:
    found = await read(provider, "http://127.0.0.1:9", [instance(1)])
    assert [error.kind for error in found.errors] == [ErrorKind.UNREACHABLE]
    assert not found.series


def throttles(times: int) -> Callable[[Handler], bool]:
    """The first calls of CloudWatch are refused in its own protocol."""
    left = [times]

    def fault(request: Handler) -> bool:
        if request.service != "monitoring" or left[0] <= 0:
            return False
        left[0] -= 1
        request.answer(400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}')
        return True

    return fault


async def test_throttling_is_waited_out(cloud: str, proxy: FaultyProxy) -> None:
    provider = AwsProvider(read_seconds=5, attempts=4)
    put(cloud, "AWS/EC2", "CPUUtilization", {"InstanceId": "i-00000001"}, curve(3, 30))
    proxy.fault = throttles(times=2)
    found = await read(provider, proxy.url, [instance(1)])
    provider.close()
    assert found.series
    assert not found.errors
    assert (provider.call_rate(ACCOUNT, "us-east-1", "monitoring-data") or 99) < 10


@given(st.text(max_size=40))
def test_names_of_series_are_plain(name: str) -> None:
    made = snake(name)
    assert all(character in "abcdefghijklmnopqrstuvwxyz0123456789_" for character in made)
