"""The connection test, credentials and policies."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from app.providers.aws import AwsProvider
from app.providers.aws.credentials import role_session_name
from app.providers.aws.errors import AwsError
from app.providers.aws.policies import lacking_permissions, needed_permissions, session_policy
from app.providers.aws.reference import render
from app.providers.aws.session import AwsSession
from app.providers.base import ErrorKind, UnitState
from moto.iam.aws_managed_policies import aws_managed_policies_data
from tests.providers.aws.conftest import ACCOUNT, collect_one, connection_to
from tests.providers.aws.estate import Estate
from tests.providers.aws.proxy import FaultyProxy, answers, denies

ROLE = {"kind": "assume_role", "role_arn": f"arn:aws:iam::{ACCOUNT}:role/reader", "external_id": "e-1"}
CONTENT_READS = (
    "s3:GetObject", "secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:Scan", "kms:Decrypt",
    "sqs:ReceiveMessage", "lambda:GetFunction", "ec2:GetPasswordData", "ec2:GetConsoleOutput", "ssm:GetParameter",
    "logs:GetLogEvents", "logs:FilterLogEvents", "ecr:GetAuthorizationToken", "sts:AssumeRole", "iam:CreateUser",
    "ec2:RunInstances", "s3:PutObject", "ec2:GetLaunchTemplateData",
)  # fmt: skip


@pytest.fixture
def provider() -> Iterator[AwsProvider]:
    """Patient: the first role of a simulated cloud takes it seconds on a busy machine, and nothing here hangs."""
    made = AwsProvider(read_seconds=20, attempts=2)
    yield made
    made.close()


async def test_a_good_connection_names_its_identity_and_regions(provider: AwsProvider, estate: Estate) -> None:
    report = await provider.test(connection_to(estate.endpoint))
    assert (report.ok, report.account, report.grant) == (True, ACCOUNT, None)
    assert list(report.regions) == ["us-east-1"]
    assert report.identity is not None
    assert {check.permission for check in report.checks} <= set(needed_permissions())
    assert len(report.checks) > 80
    tried = [check for check in report.checks if not check.detail]
    assert len(tried) > 80
    assert "access keys" in report.warnings[0]


async def test_each_missing_permission_is_named_and_granted_by_the_offered_policy(
    provider: AwsProvider, estate: Estate
) -> None:
    with FaultyProxy(estate.endpoint) as proxy:
        broken = [denies("s3", "?policy", "?encryption"), denies("dynamodb"), denies("iam", "Generate")]
        proxy.fault = lambda request: any(fault(request) for fault in broken)
        report = await provider.test(connection_to(proxy.url))
    missing = {check.permission for check in report.checks if not check.ok}
    assert missing == {
        "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetEncryptionConfiguration", "dynamodb:ListTables",
        "iam:GenerateCredentialReport",
    }  # fmt: skip
    assert not report.ok
    assert report.grant is not None
    assert report.grant["Statement"][0]["Action"] == sorted(missing)
    untried = [check for check in report.checks if check.permission == "dynamodb:DescribeTable"]
    assert "not tried" in untried[0].detail


async def test_unusable_credentials_are_refused(provider: AwsProvider, proxy: FaultyProxy) -> None:
    error = b"<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>"
    proxy.fault = answers("sts", 403, error)
    for attempt in (provider.test, provider.plan):
        with pytest.raises(AwsError) as caught:
            await attempt(connection_to(proxy.url))
        assert caught.value.kind is ErrorKind.BAD_CREDENTIALS
    result = await collect_one(provider, connection_to(proxy.url), "ec2")
    assert (result.state, result.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)


@pytest.mark.parametrize(
    "credentials", [{}, {"kind": "magic"}, {"kind": "access_key"}, {"kind": "assume_role", "role_arn": "arn:x"}]
)
async def test_incomplete_credentials_are_refused(provider: AwsProvider, cloud: str, credentials: Any) -> None:
    with pytest.raises(AwsError) as caught:
        await provider.test(connection_to(cloud, credentials=credentials))
    assert caught.value.kind is ErrorKind.BAD_CREDENTIALS


async def test_an_unreachable_address_is_said(provider: AwsProvider) -> None:
    with pytest.raises(AwsError) as caught:
        await provider.test(connection_to("http://127.0.0.1:9"))
    assert caught.value.kind is ErrorKind.UNREACHABLE


async def test_a_role_is_assumed_with_our_name_and_a_narrow_policy(provider: AwsProvider, cloud: str) -> None:
    with FaultyProxy(cloud) as proxy:
        bodies: list[str] = []

        def record(request: Any) -> bool:
            if request.operation == "AssumeRole":
                bodies.append(request.body.decode())
            return False

        proxy.fault = record
        report = await provider.test(connection_to(proxy.url, credentials=ROLE))
    assert report.account == ACCOUNT
    assert "external id" in report.warnings[0]  # moto accepts any, and the address is the operator's own
    assert "ExternalId=e-1" in bodies[0]
    assert "RoleSessionName=cloudops-c1" in bodies[0]
    assert "DurationSeconds=900" in bodies[0]
    assert any("ExternalId=cloudops-deliberately-wrong" in body for body in bodies)


async def test_a_role_that_refuses_a_wrong_external_id_gives_no_warning(provider: AwsProvider, cloud: str) -> None:
    with FaultyProxy(cloud) as proxy:
        refuse = denies("sts", "AssumeRole")
        proxy.fault = lambda request: b"ExternalId=e-1" not in request.body and refuse(request)
        report = await provider.test(connection_to(proxy.url, credentials=ROLE))
    assert list(report.warnings) == []


async def test_an_open_trust_policy_is_refused_on_the_real_cloud(
    provider: AwsProvider, cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud)  # the vendor's own address, as far as the adapter can tell
    with pytest.raises(AwsError) as caught:
        await provider.test(connection_to(cloud, endpoint_url=None, credentials=ROLE))
    assert caught.value.kind is ErrorKind.OPEN_TRUST_POLICY
    assert caught.value.kind.value == "trust-policy-accepts-any-caller"


async def test_ambient_credentials_are_those_of_the_installation(provider: AwsProvider, cloud: str) -> None:
    units = await provider.plan(connection_to(cloud, credentials={"kind": "ambient"}))
    assert {unit.account for unit in units} == {ACCOUNT}


async def test_given_keys_win_over_those_of_the_machine(provider: AwsProvider, cloud: str) -> None:
    with FaultyProxy(cloud) as proxy:
        keys: set[str] = set()

        def record(request: Any) -> bool:
            keys.add(request.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
            return False

        proxy.fault = record
        await provider.plan(connection_to(proxy.url))
    assert keys == {"a"}


@lru_cache(maxsize=1)
def audit_actions() -> list[str]:
    """What the vendor's two policies for auditors allow, by moto's copy of their texts."""
    policies = json.loads(aws_managed_policies_data)
    statements = [
        statement
        for name in ("SecurityAudit", "ViewOnlyAccess")
        for statement in policies[name]["Document"]["Statement"]
    ]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    listed = [statement["Action"] for statement in statements]
    return [action for one in listed for action in ([one] if isinstance(one, str) else one)]


def allows(patterns: list[str], permission: str) -> bool:
    return any(fnmatchcase(permission.lower(), pattern.lower()) for pattern in patterns)


def test_a_session_may_do_every_read_and_see_no_content() -> None:
    text = json.dumps(session_policy(), separators=(",", ":"))
    assert len(text) <= 2048
    allowed, denied = (statement["Action"] for statement in session_policy()["Statement"])
    audit = audit_actions()
    for permission in needed_permissions():
        assert allows([*audit, *allowed], permission), permission
        assert permission not in denied
    for permission in CONTENT_READS:
        assert permission in denied or not allows([*audit, *allowed], permission), permission


def test_what_the_role_has_besides_is_what_the_vendors_policies_lack() -> None:
    assert lacking_permissions() == [one for one in needed_permissions() if not allows(audit_actions(), one)]


def test_session_names_are_valid_for_any_connection_id() -> None:
    assert role_session_name("c1") == "cloudops-c1"
    assert role_session_name("a b/ä" * 40)[:14] == "cloudops-a-b-ä"
    assert len(role_session_name("x" * 200)) == 64


def test_an_extra_authority_is_added_to_the_usual_ones(tmp_path: Path, provider: AwsProvider) -> None:
    extra = tmp_path / "extra.pem"
    extra.write_text("-----BEGIN CERTIFICATE-----\nZXh0cmE=\n-----END CERTIFICATE-----\n")
    connection = connection_to("https://127.0.0.1:9", extra_ca_file=str(extra))
    session = AwsSession(connection, provider.loader, read_seconds=1, attempts=1)
    bundle = Path(session.client_options["verify"])
    assert bundle.read_text().endswith(extra.read_text())
    assert bundle.read_text().count("BEGIN CERTIFICATE") > 50
    del session
    assert not bundle.exists()


def test_the_reference_page_is_up_to_date() -> None:
    page = Path(__file__).parents[4] / "docs" / "aws-properties.md"
    assert page.read_text() == render()
