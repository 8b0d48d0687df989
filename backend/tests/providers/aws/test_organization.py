"""Accounts of an organization: found with their place in it, read by a role each, apart from each other."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from app.providers.aws import AwsProvider
from app.providers.aws.errors import AwsError
from app.providers.base import Connection, ErrorKind, Unit, UnitState
from tests.providers.aws.conftest import ACCOUNT, connection_to
from tests.providers.aws.estate import Estate
from tests.providers.aws.estate_edge import make_organization
from tests.providers.aws.proxy import FaultyProxy, Handler, answers, denies

SCOPE = {"organization": True, "role_name": "audit/Reader", "external_id": "e-7"}


@pytest.fixture
def provider() -> Iterator[AwsProvider]:
    made = AwsProvider(read_seconds=20, attempts=2)
    yield made
    made.close()


@pytest.fixture
def organization(cloud: str) -> Estate:
    estate = Estate(cloud, "us-east-1")
    make_organization(estate)
    return estate


async def read(provider: AwsProvider, connection: Connection, account: str, service: str = "sns") -> Any:
    unit = Unit(account=account, region="us-east-1", service=service)
    return await provider.collect(connection, unit, budget_seconds=60)


async def test_every_account_is_found_with_the_units_above_it(provider: AwsProvider, organization: Estate) -> None:
    found = await provider.discover(connection_to(organization.endpoint, scope=SCOPE))
    assert {(one.native_account, one.name, one.path, one.is_active) for one in found} == {
        (ACCOUNT, "master", ("Root",), True),
        (organization.ids["shop"], "shop", ("Root", "Workloads", "Prod"), True),
        (organization.ids["lab"], "lab", ("Root", "Workloads"), True),
    }
    assert {one.kind for one in found} == {"account"}


async def test_a_suspended_account_is_found_and_said_to_be(provider: AwsProvider, organization: Estate) -> None:
    organization.client("organizations").close_account(AccountId=organization.ids["lab"])
    found = await provider.discover(connection_to(organization.endpoint, scope=SCOPE))
    assert {one.name: one.is_active for one in found} == {"master": True, "shop": True, "lab": False}


async def test_excluded_accounts_are_not_found_and_a_plain_connection_finds_none(
    provider: AwsProvider, organization: Estate
) -> None:
    scope = {**SCOPE, "exclude_accounts": [organization.ids["lab"], ACCOUNT]}
    found = await provider.discover(connection_to(organization.endpoint, scope=scope))
    assert [one.name for one in found] == ["shop"]
    assert await provider.discover(connection_to(organization.endpoint)) == []


async def test_more_accounts_than_a_page_has_are_all_found(provider: AwsProvider, organization: Estate) -> None:
    client = organization.client("organizations")
    for number in range(45):
        client.create_account(Email=f"{number}@example.com", AccountName=f"n{number}")
    found = await provider.discover(connection_to(organization.endpoint, scope=SCOPE))
    assert len({one.native_account for one in found}) == 48


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (denies("organizations"), ErrorKind.ACCESS_DENIED),
        (answers("organizations", 200, b"{}"), ErrorKind.INVALID_ANSWER),
        (answers("organizations", 200, b'{"Roots":[{}],"Accounts":[{}],"OrganizationalUnits":[{}]}'), None),
        (answers("organizations", 200, b'{"Roots":{},"Accounts":[{"Id"'), ErrorKind.INVALID_ANSWER),
        (answers("organizations", 400, b'{"__type":"TooManyRequestsException"}'), ErrorKind.THROTTLED),
        (answers("organizations", 500, b"<html>"), ErrorKind.UNREACHABLE),
    ],
)
async def test_an_organization_that_cannot_be_read_is_not_an_empty_one(
    provider: AwsProvider, organization: Estate, fault: Any, kind: ErrorKind | None
) -> None:
    with FaultyProxy(organization.endpoint) as proxy:
        proxy.fault = fault
        with pytest.raises(AwsError) as caught:
            await provider.discover(connection_to(proxy.url, scope=SCOPE))
    assert caught.value.kind is (kind or ErrorKind.INVALID_ANSWER)
    if kind is ErrorKind.ACCESS_DENIED:
        assert caught.value.permission == "organizations:ListRoots"


async def test_each_account_is_read_by_its_own_role_with_the_external_id(
    provider: AwsProvider, organization: Estate
) -> None:
    shop = organization.ids["shop"]
    assumed = boto3.client("sts", "us-east-1", endpoint_url=organization.endpoint).assume_role(
        RoleArn=f"arn:aws:iam::{shop}:role/seed", RoleSessionName="seed"
    )["Credentials"]
    boto3.client(
        "sns", "us-east-1", endpoint_url=organization.endpoint, aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"], aws_session_token=assumed["SessionToken"],
    ).create_topic(Name="of-shop")  # fmt: skip
    organization.client("sns").create_topic(Name="of-master")
    bodies: list[str] = []

    def record(request: Handler) -> bool:
        if request.operation == "AssumeRole":
            bodies.append(request.body.decode())
        return False

    with FaultyProxy(organization.endpoint) as proxy:
        proxy.fault = record
        parent = connection_to(proxy.url, scope=SCOPE)
        child = provider.connect_child(parent, shop)
        units = await provider.plan(child)
        result = await read(provider, child, shop)
        own = await read(provider, provider.connect_child(parent, ACCOUNT), ACCOUNT)
    assert {unit.account for unit in units} == {shop}
    assert (result.state, [one.name for one in result.resources]) == (UnitState.COMPLETE, ["of-shop"])
    assert f":{shop}:" in result.resources[0].native_id
    assert [one.name for one in own.resources] == ["of-master"]  # by the connection itself: it needs no role there
    assert len(bodies) == 1
    assert f"RoleArn=arn%3Aaws%3Aiam%3A%3A{shop}%3Arole%2Faudit%2FReader" in bodies[0]
    assert "ExternalId=e-7" in bodies[0]


async def test_a_role_that_cannot_be_assumed_fails_its_own_account_only(
    provider: AwsProvider, organization: Estate
) -> None:
    shop, lab = organization.ids["shop"], organization.ids["lab"]
    refuse = denies("sts", "AssumeRole")
    with FaultyProxy(organization.endpoint) as proxy:
        proxy.fault = lambda request: lab.encode() in request.body and refuse(request)
        parent = connection_to(proxy.url, scope=SCOPE)
        broken, fine = provider.connect_child(parent, lab), provider.connect_child(parent, shop)
        with pytest.raises(AwsError) as caught:
            await provider.plan(broken)
        assert (caught.value.kind, caught.value.permission) == (ErrorKind.ACCESS_DENIED, "sts:AssumeRole")
        result = await read(provider, broken, lab)
        assert (result.state, result.errors[0].permission) == (UnitState.FAILED, "sts:AssumeRole")
        assert result.complete_types == frozenset()
        assert (await read(provider, fine, shop)).state is UnitState.COMPLETE
        assert await provider.plan(fine)


async def test_a_role_of_another_account_than_was_asked_for_reads_nothing(
    provider: AwsProvider, organization: Estate
) -> None:
    child = provider.connect_child(connection_to(organization.endpoint, scope=SCOPE), organization.ids["shop"])
    result = await read(provider, child, organization.ids["lab"])
    assert (result.state, result.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)


def test_a_child_has_nothing_of_the_organization_but_its_role(provider: AwsProvider) -> None:
    parent = connection_to(
        "http://127.0.0.1:1",
        credentials={"kind": "assume_role", "role_arn": "arn:aws-us-gov:iam::1:role/r", "external_id": "parent"},
        scope={**SCOPE, "exclude_accounts": ["9"], "kept": 1},
        excluded_regions=("eu-west-1",),
    )
    child = provider.connect_child(parent, "222222222222")
    assert child.credentials["role_arn"] == "arn:aws-us-gov:iam::222222222222:role/audit/Reader"
    assert child.credentials["external_id"] == "e-7"
    assert child.scope == {"kept": 1}
    assert child.connection_id != parent.connection_id
    assert child.excluded_regions == ("eu-west-1",)
    plain = provider.connect_child(connection_to("http://x", scope={"organization": True}), "222222222222")
    assert plain.credentials["role_arn"] == "arn:aws:iam::222222222222:role/CloudOpsReader"
    assert "external_id" not in plain.credentials
    assert json.dumps(dict(plain.credentials))


async def test_excluded_regions_are_never_read(provider: AwsProvider, cloud: str) -> None:
    with FaultyProxy(cloud) as proxy:
        asked: set[str] = set()

        def record(request: Handler) -> bool:
            scope = request.headers.get("Authorization", "").partition("Credential=")[2].split("/")
            asked.add(scope[2] if len(scope) > 2 else "")
            return False

        proxy.fault = record
        excluded = ("eu-west-1", "us-west-2")
        every = await provider.plan(connection_to(proxy.url, regions=()))
        fewer = await provider.plan(connection_to(proxy.url, regions=(), excluded_regions=excluded))
        named = await provider.plan(
            connection_to(proxy.url, regions=("us-east-1", "eu-west-1"), excluded_regions=excluded)
        )
    regions = {unit.region for unit in every}
    assert {unit.region for unit in fewer} == regions - {*excluded}
    assert {unit.region for unit in named} == {"us-east-1", "global"}
    assert len(regions) > 10
    assert not asked & {*excluded}
