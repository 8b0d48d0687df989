"""A cloud that denies, throttles, hangs, breaks off and talks garbage."""

import asyncio

import pytest
from app.providers.aws import AwsProvider
from app.providers.aws.catalogue import all_types
from app.providers.base import ErrorKind, UnitState
from tests.providers.aws.conftest import ACCOUNT, collect_one, connection_to, resources_of
from tests.providers.aws.estate import Estate
from tests.providers.aws.proxy import FaultyProxy, answers, denies, hangs, resets, throttles, truncates

# The SDK itself turns an unreadable answer of S3 into a server error, and half a body into an unreadable one.
UNREADABLE = {ErrorKind.INVALID_ANSWER, ErrorKind.UNREACHABLE}


async def test_a_denied_listing_fails_and_names_the_permission(
    provider: AwsProvider, cloud: str, proxy: FaultyProxy
) -> None:
    Estate(cloud, "us-east-1").make_network()
    proxy.fault = denies("ec2", "DescribeVpcs")
    result = await collect_one(provider, connection_to(proxy.url), "ec2")
    assert result.state is UnitState.PARTIAL
    assert [(e.kind, e.permission) for e in result.errors] == [(ErrorKind.ACCESS_DENIED, "ec2:DescribeVpcs")]
    assert "AWS::EC2::VPC" not in result.complete_types
    assert "AWS::EC2::Subnet" in result.complete_types
    proxy.fault = denies("dynamodb")
    result = await collect_one(provider, connection_to(proxy.url), "dynamodb")
    assert (result.state, result.resources, result.complete_types) == (UnitState.FAILED, (), frozenset())
    assert result.errors[0].permission == "dynamodb:ListTables"


@pytest.mark.parametrize("service", ["ec2", "iam"])
async def test_a_unit_of_which_nothing_could_be_read_failed(
    provider: AwsProvider, proxy: FaultyProxy, service: str
) -> None:
    # The account's unit of IAM reads one setting of S3 too, which an earlier test may have set.
    refusals = [denies(service), denies("s3"), denies("account")]
    proxy.fault = lambda request: any(refuse(request) for refuse in refusals)
    result = await collect_one(provider, connection_to(proxy.url), service)
    assert (result.state, result.resources, result.complete_types) == (UnitState.FAILED, (), frozenset())


async def test_a_denied_setting_is_unread_not_unset(provider: AwsProvider, cloud: str, proxy: FaultyProxy) -> None:
    Estate(cloud, "us-east-1").make_storage()
    proxy.fault = denies("s3", "?policy", "?encryption")
    result = await collect_one(provider, connection_to(proxy.url), "s3")
    assert result.state is UnitState.PARTIAL
    assert "AWS::S3::Bucket" in result.complete_types
    bucket = result.resources[0]
    assert bucket.unread_fields["Policy"] == "missing permission s3:GetBucketPolicy"
    assert bucket.unread_fields["ServerSideEncryptionConfiguration"] == (
        "missing permission s3:GetEncryptionConfiguration"
    )
    assert "Policy" not in bucket.properties
    assert bucket.properties["Versioning"] == {"Status": "Enabled"}


async def test_throttling_slows_down_and_still_completes(cloud: str, proxy: FaultyProxy) -> None:
    provider = AwsProvider(read_seconds=30, attempts=4)
    proxy.fault = throttles("ec2", times=3)
    result = await collect_one(provider, connection_to(proxy.url), "ec2")
    assert (result.state, result.errors) == (UnitState.COMPLETE, ())
    assert (provider.call_rate(ACCOUNT, "us-east-1", "ec2") or 99) < 20
    assert provider.call_rate(ACCOUNT, "us-east-1", "rds") is None
    provider.close()


async def test_throttling_without_end_is_said(provider: AwsProvider, proxy: FaultyProxy) -> None:
    proxy.fault = throttles("ec2", times=10_000)
    result = await collect_one(provider, connection_to(proxy.url), "ec2")
    assert {error.kind for error in result.errors} == {ErrorKind.THROTTLED}
    assert "AWS::EC2::Instance" not in result.complete_types


@pytest.mark.parametrize(
    ("service", "body"),
    [
        ("dynamodb", b"not json"), ("dynamodb", b"[]"), ("dynamodb", b"{}"), ("dynamodb", b'{"TableNames":["a'),
        ("ec2", b"<html><body>Welcome</body></html>"), ("ec2", b"garbage"), ("ec2", b""), ("sqs", b"<html></html>"),
        ("rds", b"<DescribeDBInstancesResponse/>"), ("s3", b"<html/>"), ("s3", b"\xff\xfe\x00"), ("lambda", b"null"),
        ("iam", b"<GetAccountAuthorizationDetailsResponse><GetAccountAuthor"),
    ],
)  # fmt: skip
async def test_garbage_is_never_an_empty_cloud(
    provider: AwsProvider, proxy: FaultyProxy, service: str, body: bytes
) -> None:
    proxy.fault = answers(service, 200, body)
    result = await collect_one(provider, connection_to(proxy.url), service)
    assert {error.kind for error in result.errors} & UNREADABLE
    listed = {entry.native_type for s, entry in all_types() if s.name == service and entry.listing is not None}
    assert not listed & result.complete_types


async def test_one_unreadable_answer_is_asked_for_again(provider: AwsProvider, proxy: FaultyProxy) -> None:
    garbage, left = answers("ec2", 200, b"garbage"), [1]
    proxy.fault = lambda request: bool(left) and garbage(request) and bool(left.pop())
    result = await collect_one(provider, connection_to(proxy.url), "ec2")
    assert result.state is UnitState.COMPLETE


@pytest.mark.parametrize("service", ["ec2", "dynamodb", "s3", "rds", "lambda", "sqs"])
async def test_truncated_answers_are_refused(provider: AwsProvider, estate: Estate, service: str) -> None:
    with FaultyProxy(estate.endpoint) as proxy:
        proxy.fault = truncates(service)
        result = await collect_one(provider, connection_to(proxy.url), service)
    assert {error.kind for error in result.errors} <= UNREADABLE
    assert result.errors
    assert result.complete_types <= {"AWS::Region"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, b"<html>oops</html>", ErrorKind.UNREACHABLE),
        (503, b"", ErrorKind.UNREACHABLE),
        (400, b'{"__type":"ExpiredTokenException","message":"old"}', ErrorKind.BAD_CREDENTIALS),
        (400, b'{"__type":"SubscriptionRequiredException","message":"no"}', ErrorKind.NOT_ENABLED),
        (400, b'{"__type":"com.amazon.coral#ThrottlingException"}', ErrorKind.THROTTLED),
    ],
)
async def test_each_failure_has_its_kind(
    provider: AwsProvider, proxy: FaultyProxy, status: int, body: bytes, kind: ErrorKind
) -> None:
    proxy.fault = answers("dynamodb", status, body)
    result = await collect_one(provider, connection_to(proxy.url), "dynamodb")
    assert result.state is UnitState.FAILED
    assert {error.kind for error in result.errors} == {kind}


async def test_a_cut_connection_is_unreachable(provider: AwsProvider, proxy: FaultyProxy) -> None:
    proxy.fault = resets("dynamodb")
    result = await collect_one(provider, connection_to(proxy.url), "dynamodb")
    assert result.state is UnitState.FAILED
    assert result.errors[0].kind in UNREADABLE
    result = await collect_one(provider, connection_to("http://127.0.0.1:9"), "dynamodb")
    assert (result.state, result.errors[0].kind) == (UnitState.FAILED, ErrorKind.UNREACHABLE)


async def test_a_hanging_service_costs_its_unit_no_more_than_the_budget(
    provider: AwsProvider, cloud: str, proxy: FaultyProxy
) -> None:
    Estate(cloud, "us-east-1").make_network()
    proxy.fault = hangs("ec2", 15, "DescribeVpcs")
    started = asyncio.get_running_loop().time()
    result = await collect_one(provider, connection_to(proxy.url), "ec2", budget_seconds=6)
    assert asyncio.get_running_loop().time() - started < 9
    assert result.state is UnitState.PARTIAL
    assert ErrorKind.TIMED_OUT in {error.kind for error in result.errors}
    assert resources_of([result], "AWS::EC2::Subnet")
    assert "AWS::EC2::VPC" not in result.complete_types
