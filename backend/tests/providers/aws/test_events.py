"""Events: what each shape names, the queue they wait in, and who did it by CloudTrail's log."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from app.providers.aws import AwsProvider
from app.providers.aws.errors import AwsError
from app.providers.base import ErrorKind, Unit
from tests.providers.aws.conftest import ACCOUNT, connection_to
from tests.providers.aws.estate import Estate
from tests.providers.aws.proxy import FaultyProxy, Handler, denies

HOME = f"us-east-1:{ACCOUNT}"
EC2 = f"arn:aws:ec2:{HOME}"
DATABASE = f"arn:aws:rds:{HOME}:db:orders"
LISTENER = f"arn:aws:elasticloadbalancing:{HOME}:listener/app/f/1/2"
ACTOR = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/ada"


def event(source: str, kind: str, detail: Mapping[str, Any], *resources: str) -> dict[str, Any]:
    """As EventBridge delivers it."""
    return {
        "version": "0", "id": "e-1", "detail-type": kind, "source": source, "account": ACCOUNT,
        "time": "2026-01-02T03:04:05Z", "region": "us-east-1", "resources": list(resources), "detail": dict(detail),
    }  # fmt: skip


def called(service: str, name: str, request: Any = None, response: Any = None, **more: Any) -> dict[str, Any]:
    """A call by CloudTrail."""
    record = {
        "eventVersion": "1.09", "userIdentity": {"type": "AssumedRole", "arn": ACTOR, "accountId": ACCOUNT},
        "eventTime": "2026-01-02T03:04:00Z", "eventSource": f"{service}.amazonaws.com", "eventName": name,
        "awsRegion": "us-east-1", "requestParameters": request, "responseElements": response, "eventID": "t-1",
        "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }  # fmt: skip
    return event(f"aws.{service}", "AWS API Call via CloudTrail", record | more)


SERVICE = f"arn:aws:ecs:{HOME}:service/main/api"
CASES: list[tuple[dict[str, Any], set[str]]] = [
    (
        called(
            "ec2", "RunInstances", {"subnetId": "subnet-0a1b2c3d"},
            {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}, {"instanceId": "i-0123456789abcdef1"}]}},
        ),
        {f"{EC2}:instance/i-0123456789abcdef0", f"{EC2}:instance/i-0123456789abcdef1"},
    ),
    (
        called("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-0a1b2c3d", "ipPermissions": {"items": []}}),
        {f"{EC2}:security-group/sg-0a1b2c3d"},
    ),
    (
        called("ec2", "AttachVolume", {"volumeId": "vol-0a1b2c3d", "instanceId": "i-0a1b2c3d", "device": "/dev/sdf"}),
        {f"{EC2}:volume/vol-0a1b2c3d", f"{EC2}:instance/i-0a1b2c3d"},
    ),
    (
        called("ec2", "CreateTags", {"resourcesSet": {"items": [{"resourceId": "vpc-0a1b2c3d"}]}, "tagSet": {}}),
        {f"{EC2}:vpc/vpc-0a1b2c3d"},
    ),
    (
        called("ec2", "ModifySnapshotAttribute", {"snapshotId": "snap-0a1b2c3d"}),
        {"arn:aws:ec2:us-east-1::snapshot/snap-0a1b2c3d"},
    ),
    (called("s3", "PutBucketPolicy", {"bucketName": "data", "bucketPolicy": {}}), {"arn:aws:s3:::data"}),
    (
        called("iam", "AttachRolePolicy", {"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        {f"arn:aws:iam::{ACCOUNT}:role/r"},
    ),
    (
        called("rds", "ModifyDBInstance", {"dBInstanceIdentifier": "orders"}, {"dBInstanceArn": DATABASE}),
        {f"arn:aws:rds:{HOME}:db:orders"},
    ),
    (
        called("lambda", "UpdateFunctionConfiguration20150331v2", {"functionName": "resize"}),
        {f"arn:aws:lambda:{HOME}:function:resize"},
    ),
    (
        called("sqs", "SetQueueAttributes", {"queueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/work"}),
        {f"arn:aws:sqs:{HOME}:work"},
    ),
    (called("ssm", "PutParameter", {"name": "/app/url", "type": "String"}), {f"arn:aws:ssm:{HOME}:parameter/app/url"}),
    (called("logs", "PutRetentionPolicy", {"logGroupName": "/app/api"}), {f"arn:aws:logs:{HOME}:log-group:/app/api"}),
    (
        called("secretsmanager", "RotateSecret", {"secretId": f"arn:aws:secretsmanager:{HOME}:secret:db-a1b2c3"}),
        {f"arn:aws:secretsmanager:{HOME}:secret:db-a1b2c3"},
    ),
    (
        called("kms", "ScheduleKeyDeletion", {"keyId": "11111111-2222-3333-4444-555555555555"}),
        {f"arn:aws:kms:{HOME}:key/11111111-2222-3333-4444-555555555555"},
    ),
    (
        called("elasticloadbalancing", "ModifyListener", {"listenerArn": LISTENER}),
        {f"arn:aws:elasticloadbalancing:{HOME}:listener/app/f/1/2"},
    ),
    (
        called(
            "route53", "ChangeResourceRecordSets",
            {
                "hostedZoneId": "Z1",
                "changeBatch": {"changes": [{"resourceRecordSet": {"name": "www.example.com.", "type": "A"}}]},
            },
        ),
        {"arn:aws:route53:::hostedzone/Z1/recordset/www.example.com/A", "arn:aws:route53:::hostedzone/Z1"},  # its count
    ),
    (
        event("aws.ec2", "EC2 Instance State-change Notification", {"instance-id": "i-0a1b2c3d", "state": "stopped"}),
        {f"{EC2}:instance/i-0a1b2c3d"},
    ),
    (
        event("aws.ec2", "EBS Snapshot Notification", {"snapshot_id": "arn:aws:ec2::us-east-1:snapshot/snap-0a1b2c3d"}),
        {"arn:aws:ec2:us-east-1::snapshot/snap-0a1b2c3d"},
    ),
    (
        event("aws.autoscaling", "EC2 Instance Launch Successful", {"EC2InstanceId": "i-0a1b2c3d"}),
        {f"{EC2}:instance/i-0a1b2c3d"},
    ),
    (
        event("aws.rds", "RDS DB Instance Event", {"SourceArn": DATABASE, "EventID": "RDS-EVENT-1"}),
        {f"arn:aws:rds:{HOME}:db:orders"},
    ),
    (event("aws.ecs", "ECS Service Action", {"eventName": "SERVICE_STEADY_STATE"}, SERVICE), {SERVICE}),
    (
        event("aws.tag", "Tag Change on Resource", {"tags": {"a": "b"}}, f"{EC2}:vpc/vpc-0a1b2c3d"),
        {f"{EC2}:vpc/vpc-0a1b2c3d"},
    ),
    (
        event("aws.config", "Config Configuration Item Change", {"configurationItem": {"ARN": "arn:aws:s3:::data"}}),
        {"arn:aws:s3:::data"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "ids"), CASES, ids=[f"{m['detail'].get('eventName', m['detail-type'])}" for m, _ in CASES]
)
def test_an_event_names_what_changed_and_nothing_that_it_merely_mentions(
    provider: AwsProvider, message: dict[str, Any], ids: set[str]
) -> None:
    notification = {"Type": "Notification", "TopicArn": "arn:aws:sns:x:1:t", "Message": json.dumps(message)}
    for shape in (message, notification):
        (found,) = provider.parse_events(shape)
        assert {target.native_id for target in found.targets} == ids
        assert {target.account for target in found.targets} <= {ACCOUNT}
        assert all(target.region or ":::" in target.native_id for target in found.targets)
        assert found.at.tzinfo is not None
        assert found.id


def test_a_call_tells_who_made_it(provider: AwsProvider) -> None:
    message = called("s3", "DeleteBucket", {"bucketName": "data"})
    (found,) = provider.parse_events(message)
    assert (found.actor, found.action, found.id, found.account) == (ACTOR, "s3:DeleteBucket", "t-1", ACCOUNT)
    assert found.at == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    (by_service,) = provider.parse_events(
        called(
            "s3",
            "DeleteBucket",
            {"bucketName": "data"},
            userIdentity={"type": "AWSService", "invokedBy": "a.amazonaws.com"},
        )
    )
    assert by_service.actor == "a.amazonaws.com"
    (nobody,) = provider.parse_events(called("s3", "DeleteBucket", {"bucketName": "data"}, userIdentity=None))
    assert nobody.actor is None


@pytest.mark.parametrize(
    "message",
    [
        called("ec2", "DescribeInstances", {"instancesSet": {"items": [{"instanceId": "i-0a1b2c3d"}]}}),
        called("ec2", "RunInstances", {"instanceId": "i-0a1b2c3d"}, errorCode="Client.UnauthorizedOperation"),
        called("s3", "PutObject", {"bucketName": "data", "key": "k"}, eventCategory="Data"),
        called("s3", "PutBucketPolicy", {"bucketName": "data"}, readOnly=True),
        called("signin", "ConsoleLogin"),
        called("ec2", "RunInstances", None, None),
        event("aws.health", "AWS Health Event", {"service": "EC2"}, f"{EC2}:instance/i-0a1b2c3d"),
        event("shop", "Order placed", {"order": 1}, "arn:aws:s3:::data"),
        event("aws.cloudtrail", "AWS Insight via CloudTrail", {"insightDetails": {}}),
    ],
)
def test_reads_failures_and_content_are_no_changes(provider: AwsProvider, message: dict[str, Any]) -> None:
    assert provider.parse_events(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        {}, {"body": "hello"}, {"source": "aws.ec2"}, {"source": 1, "detail-type": "x", "detail": {}},
        {"Type": "Notification", "Message": "no json"}, {"Type": "Notification", "Message": "[1]"},
        {"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": 5}},
        {"source": "aws.ec2", "detail-type": "x", "detail": []},
        called("s3", "DeleteBucket", {"bucketName": "data"}, eventTime="yesterday"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(provider: AwsProvider, message: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as caught:
        provider.parse_events(message)
    assert caught.value.kind is ErrorKind.INVALID_ANSWER


@pytest.mark.parametrize(
    "odd", ["x" * 100_000, {"a": [None, {"b": []}]}, [[["i-0a1b2c3d"]]], 7, "<script>", "\x00", "i-" + "0" * 999]
)
def test_odd_parameters_never_break_the_reader(provider: AwsProvider, odd: Any) -> None:
    for name in ("bucketName", "instanceId", "resources", "queueUrl", "name"):
        for service, action in (("s3", "PutBucketPolicy"), ("ec2", "StopInstances"), ("sqs", "SetQueueAttributes")):
            for message in (
                called(service, action, {name: odd}),
                called(service, action, odd),
                called(service, action, None, odd),
            ):
                for found in provider.parse_events(message):
                    assert all(target.native_id.startswith("arn:") for target in found.targets)


async def test_messages_stay_on_the_queue_until_they_are_confirmed(provider: AwsProvider, cloud: str) -> None:
    sqs = Estate(cloud, "us-east-1").client("sqs")
    url = sqs.create_queue(QueueName="changes", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sent = [called("s3", "PutBucketPolicy", {"bucketName": f"b{number}"}, eventID=str(number)) for number in range(3)]
    for message in [*sent, "no json", [1]]:
        sqs.send_message(QueueUrl=url, MessageBody=message if isinstance(message, str) else json.dumps(message))
    source, connection = {"queue_url": url}, connection_to(cloud)
    first = await provider.receive_events(connection, source, wait_seconds=0)
    again = await provider.receive_events(connection, source, wait_seconds=0)
    bodies = [json.dumps(message) for _, message in first]
    assert sorted(bodies) == sorted(json.dumps(one) for one in [*sent, {"body": "no json"}, {"body": "[1]"}])
    assert sorted(json.dumps(message) for _, message in again) == sorted(bodies)
    await provider.confirm_events(connection, source, [receipt for receipt, _ in again])
    assert await provider.receive_events(connection, source, wait_seconds=0) == []


async def test_more_receipts_than_a_call_takes_are_all_confirmed(provider: AwsProvider, cloud: str) -> None:
    sqs = Estate(cloud, "us-east-1").client("sqs")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    for number in range(25):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": number}))
    source, connection, receipts = {"queue_url": url}, connection_to(cloud), list[str]()
    while page := await provider.receive_events(connection, source, wait_seconds=0):
        receipts.extend(receipt for receipt, _ in page)
    assert len(receipts) == 25
    await provider.confirm_events(connection, source, receipts)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    with pytest.raises(AwsError):
        await provider.confirm_events(connection, source, ["nobody's receipt"])


async def test_a_queue_that_cannot_be_read_is_said(provider: AwsProvider, proxy: FaultyProxy) -> None:
    source = {"queue_url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/changes"}
    with pytest.raises(AwsError) as caught:
        await provider.receive_events(connection_to(proxy.url), source, wait_seconds=0)
    assert "NonExistent" in caught.value.code or "NotExist" in caught.value.code
    proxy.fault = denies("sqs")
    with pytest.raises(AwsError) as caught:
        await provider.receive_events(connection_to(proxy.url), source, wait_seconds=0)
    assert (caught.value.kind, caught.value.permission) == (ErrorKind.ACCESS_DENIED, "sqs:ReceiveMessage")
    for broken in ("", "https://sqs.us-east-1.amazonaws.com/", "x"):
        with pytest.raises(AwsError):
            await provider.receive_events(connection_to(proxy.url), {"queue_url": broken}, wait_seconds=0)


def log_of(pages: list[list[Any]], seen: list[dict[str, Any]]) -> Any:
    """CloudTrail's log, which moto has not."""

    def fault(request: Handler) -> bool:
        if request.operation != "LookupEvents":
            return False
        asked = json.loads(request.body)
        seen.append(asked)
        page = int(asked.get("NextToken") or 0)
        answer: dict[str, Any] = {
            "Events": [{"EventId": str(n), "CloudTrailEvent": one} for n, one in enumerate(pages[page])]
        }
        if page + 1 < len(pages):
            answer["NextToken"] = str(page + 1)
        request.answer(200, json.dumps(answer).encode())
        return True

    return fault


UNIT = Unit(account=ACCOUNT, region="us-east-1", service="s3")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


async def test_actors_come_from_every_page_of_the_log(provider: AwsProvider, proxy: FaultyProxy) -> None:
    def record(number: int, name: str = "PutBucketPolicy") -> str:
        return json.dumps(called("s3", name, {"bucketName": f"b{number}"}, eventID=f"t{number}")["detail"])

    seen: list[dict[str, Any]] = []
    proxy.fault = log_of([[record(1), "garbage", None, "[]", record(9, "GetBucketAcl")], [record(2)]], seen)
    found = await provider.find_actors(connection_to(proxy.url), UNIT, SINCE, budget_seconds=60)
    assert [(one.id, one.actor, one.targets[0].native_id) for one in found] == [
        ("t1", ACTOR, "arn:aws:s3:::b1"), ("t2", ACTOR, "arn:aws:s3:::b2"),
    ]  # fmt: skip
    assert seen[0]["LookupAttributes"] == [{"AttributeKey": "EventSource", "AttributeValue": "s3.amazonaws.com"}]
    assert seen[0]["StartTime"] == SINCE.timestamp()


async def test_a_log_that_never_ends_is_read_no_longer_than_the_budget(
    provider: AwsProvider, proxy: FaultyProxy
) -> None:
    seen: list[dict[str, Any]] = []
    proxy.fault = log_of([[] for _ in range(10_000)], seen)
    with pytest.raises(AwsError) as caught:
        await provider.find_actors(connection_to(proxy.url), UNIT, SINCE, budget_seconds=2.5)
    assert caught.value.kind is ErrorKind.TIMED_OUT
    assert 0 < len(seen) < 8


async def test_a_denied_log_names_the_permission(provider: AwsProvider, proxy: FaultyProxy) -> None:
    proxy.fault = denies("cloudtrail")
    with pytest.raises(AwsError) as caught:
        await provider.find_actors(connection_to(proxy.url), UNIT, SINCE, budget_seconds=5)
    assert (caught.value.kind, caught.value.permission) == (ErrorKind.ACCESS_DENIED, "cloudtrail:LookupEvents")
