"""The templates of docs/examples: as they are made, deployable, and such that a change reaches the queue."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from app.providers.aws import AwsProvider
from app.providers.aws.policies import lacking_permissions
from app.providers.aws.setup import TEMPLATES, render
from tests.providers.aws.conftest import ACCOUNT, connection_to
from tests.providers.aws.estate import Estate

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"
READER = f"arn:aws:iam::{ACCOUNT}:role/CloudOpsReader"


def deploy(estate: Estate, name: str, **parameters: str) -> dict[str, str]:
    """The stack's outputs."""
    stacks = estate.client("cloudformation")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    stacks.create_stack(
        StackName=f"s-{name}", TemplateBody=render(name), Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    (stack,) = stacks.describe_stacks(StackName=f"s-{name}")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_examples_are_as_they_are_made(name: str) -> None:
    assert (EXAMPLES / f"aws-{name}.json").read_text() == render(name)


def test_the_page_names_every_example() -> None:
    page = (EXAMPLES.parent / "connect-aws.md").read_text()
    assert all(f"docs/examples/aws-{name}.json" in page for name in TEMPLATES)


async def test_the_role_trusts_one_identity_with_one_external_id(cloud: str) -> None:
    estate = Estate(cloud, "us-east-1")
    made = deploy(estate, "role", PrincipalArn="arn:aws:iam::111111111111:role/cloudops", ExternalId="e-1")
    assert made["RoleArn"] == READER
    iam = estate.client("iam")
    (trust,) = iam.get_role(RoleName="CloudOpsReader")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "e-1"}}
    assert trust["Principal"] == {"AWS": "arn:aws:iam::111111111111:role/cloudops"}
    made_of = json.loads(render("role"))["Resources"]["Role"]["Properties"]
    assert [one["Fn::Sub"].rsplit("/", 1)[-1] for one in made_of["ManagedPolicyArns"]] == [
        "SecurityAudit",
        "ViewOnlyAccess",
    ]
    (besides,) = made_of["Policies"]
    assert besides["PolicyDocument"]["Statement"][0]["Action"] == lacking_permissions()


async def test_a_change_goes_by_the_queue_to_what_changed(provider: AwsProvider, cloud: str) -> None:
    estate = Estate(cloud, "us-east-1")
    made = deploy(estate, "events", ReaderArn=READER, OrganizationId="o-abcdefghij")
    detail: dict[str, Any] = {
        "eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy", "readOnly": False, "eventID": "1",
        "eventTime": "2026-01-02T03:04:05Z", "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT,
        "requestParameters": {"bucketName": "data"},
    }  # fmt: skip
    ignored = {**detail, "eventName": "GetBucketPolicy", "readOnly": True}
    for bus in ("default", made["BusArn"]):
        entries = [
            {
                "Source": "aws.s3", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(one),
                "EventBusName": bus,
            }
            for one in (detail, ignored)
        ]  # fmt: skip
        assert estate.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0
    source = {"queue_url": made["QueueUrl"]}
    messages: list[Any] = []
    for _ in range(4):
        messages.extend(await provider.receive_events(connection_to(cloud), source, wait_seconds=0))
        await asyncio.sleep(0)
    found = [event for _, message in messages for event in provider.parse_events(message)]
    assert [[target.native_id for target in one.targets] for one in found] == [["arn:aws:s3:::data"]] * 2
    await provider.confirm_events(connection_to(cloud), source, [receipt for receipt, _ in messages])


def test_nothing_but_what_is_named_may_use_the_queue() -> None:
    template = json.loads(render("events"))["Resources"]
    send, take = template["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert send["Principal"] == {"Service": "events.amazonaws.com"}
    assert "ArnLike" in send["Condition"]
    assert take["Principal"] == {"AWS": {"Ref": "ReaderArn"}}
    assert template["BusPolicy"]["Properties"]["Statement"]["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}
    }
