"""What no type of the catalogue models: by Resource Explorer, by tags, and one at a time by Cloud Control."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from app.providers.aws import AwsProvider
from app.providers.aws.arns import split
from app.providers.aws.tail_types import native_type_of
from app.providers.base import Connection, ErrorKind, ResourceTarget, Unit, UnitResult, UnitState
from tests.providers.aws.conftest import ACCOUNT, connection_to
from tests.providers.aws.estate import Estate
from tests.providers.aws.proxy import FaultyProxy, Handler

UNIT = Unit(account=ACCOUNT, region="us-east-1", service="other")
HOME = f"us-east-1:{ACCOUNT}"
DASHBOARD = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/ops"
DOMAIN = f"arn:aws:codeartifact:{HOME}:domain/packages"
UNKNOWN = f"arn:aws:brandnew:{HOME}:gizmo/one"
MODELLED = f"arn:aws:sqs:{HOME}:work"
FOREIGN = "arn:aws:codeartifact:us-east-1:999999999999:domain/theirs"
Answers = dict[str, Callable[[dict[str, Any]], Any]]


def telling(answers: Answers) -> Any:
    """Answers of the services that moto has not, by the last word of the path or the operation."""

    def fault(request: Handler) -> bool:
        name = request.operation.rsplit("/", 1)[-1]
        if name not in answers:
            return False
        found = answers[name](json.loads(request.body or b"{}"))
        status, body = found if isinstance(found, tuple) else (200, found)
        request.answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())
        return True

    return fault


@pytest.fixture
def real(proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The vendor's own address, as far as the adapter can tell: only there is an explorer asked for."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    return connection_to("", endpoint_url=None)


def explored(*arns: str, **more: Any) -> dict[str, Any]:
    tags = [{"Name": "tags", "Data": [{"Key": "team", "Value": "web"}]}]
    return {
        "Resources": [{"Arn": arn, "OwningAccountId": arn.split(":")[4], "Properties": tags} for arn in arns],
        **more,
    }


def tagged(*arns: str) -> dict[str, Any]:
    tags = [{"Key": "Name", "Value": "called"}]
    return {"PaginationToken": "", "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags} for arn in arns]}


def view(_: Any) -> Any:
    return {"ViewArn": f"arn:aws:resource-explorer-2:{HOME}:view/all/1"}


async def read(provider: AwsProvider, connection: Connection) -> UnitResult:
    return await provider.collect(connection, UNIT, budget_seconds=60)


async def test_the_explorer_tells_what_the_catalogue_does_not_model(
    provider: AwsProvider, proxy: FaultyProxy, real: Connection
) -> None:
    asked: list[dict[str, Any]] = []

    def resources(body: dict[str, Any]) -> Any:
        asked.append(body)
        if body.get("NextToken"):
            return explored(UNKNOWN)
        return explored(DASHBOARD, DOMAIN, MODELLED, FOREIGN, "no arn:::::", NextToken="2")

    proxy.fault = telling({"GetDefaultView": view, "ListResources": resources})
    result = await read(provider, real)
    assert (result.state, result.errors) == (UnitState.COMPLETE, ())
    assert {one.native_id: (one.native_type, one.region) for one in result.resources} == {
        DASHBOARD: ("AWS::CloudWatch::Dashboard", "global"),
        DOMAIN: ("AWS::CodeArtifact::Domain", "us-east-1"),
        UNKNOWN: ("AWS::Unmodelled::Other", "us-east-1"),
    }
    assert {one.name for one in result.resources} == {"ops", "packages", "one"}
    assert all(one.tags == {"team": "web"} and one.unread_fields for one in result.resources)
    assert result.complete_types >= {one.native_type for one in result.resources}
    assert asked[0]["Filters"] == {"FilterString": "region:us-east-1,global"}
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("resource", "native_type"),
    [
        ("wafv2:us-east-1:1:regional/rulegroup/mine/0a1b", "AWS::WAFv2::RuleGroup"),
        ("wafv2:us-east-1:1:global/ipset/office/0a1b", "AWS::WAFv2::IPSet"),
        ("wafv2:us-east-1:1:global/rulegroup/mine/0a1b", "AWS::WAFv2::RuleGroup"),
        ("wafv2:us-east-1:1:global/webacl/edge/0a1b", "AWS::WAFv2::WebACL"),
        ("wafv2:us-east-1:1:regional/gizmo/one/0a1b", "AWS::Unmodelled::Other"),
        ("codecommit:us-east-1:1:sources", "AWS::CodeCommit::Repository"),
        ("codedeploy:us-east-1:1:application:shop", "AWS::CodeDeploy::Application"),
        ("codeartifact:us-east-1:1:domain", "AWS::Unmodelled::Other"),
    ],
)
def test_an_arn_tells_the_type(resource: str, native_type: str) -> None:
    arn = split(f"arn:aws:{resource}")
    assert arn is not None
    assert native_type_of(arn) == native_type


async def test_without_an_explorer_tags_tell(provider: AwsProvider, proxy: FaultyProxy, real: Connection) -> None:
    none = (404, {"__type": "ResourceNotFoundException", "Message": "no view"})
    proxy.fault = telling({"GetDefaultView": lambda _: none, "GetResources": lambda _: tagged(DOMAIN, MODELLED)})
    result = await read(provider, real)
    assert (result.state, [one.native_id for one in result.resources]) == (UnitState.COMPLETE, [DOMAIN])
    assert result.resources[0].name == "called"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ((403, {"__type": "AccessDeniedException", "Message": "no"}), ErrorKind.ACCESS_DENIED),
        ((429, {"__type": "ThrottlingException", "Message": "slow"}), ErrorKind.THROTTLED),
        ((200, b"garbage"), ErrorKind.INVALID_ANSWER),
        ((200, {"Renamed": []}), ErrorKind.INVALID_ANSWER),
    ],
)
async def test_the_poorer_listing_in_place_of_a_failed_one_closes_nothing(
    provider: AwsProvider, proxy: FaultyProxy, real: Connection, failure: Any, kind: ErrorKind
) -> None:
    proxy.fault = telling(
        {"GetDefaultView": view, "ListResources": lambda _: failure, "GetResources": lambda _: tagged(DOMAIN)}
    )
    result = await read(provider, real)
    assert (result.state, [one.native_id for one in result.resources]) == (UnitState.PARTIAL, [DOMAIN])
    assert (result.complete_types, {error.kind for error in result.errors}) == (frozenset(), {kind})
    proxy.fault = telling(
        {"GetDefaultView": view, "ListResources": lambda _: failure, "GetResources": lambda _: failure}
    )
    result = await read(provider, real)
    assert (result.state, result.resources, result.complete_types) == (UnitState.FAILED, (), frozenset())


async def test_a_simulated_cloud_is_asked_for_tags_only(provider: AwsProvider, cloud: str) -> None:
    estate = Estate(cloud, "us-east-1")
    estate.client("sqs").create_queue(QueueName="work", tags={"team": "web"})
    estate.client("secretsmanager").create_secret(Name="s", SecretString="x", Tags=[{"Key": "a", "Value": "b"}])
    result = await read(provider, connection_to(cloud))
    assert (result.state, result.errors, result.resources) == (UnitState.COMPLETE, (), ())  # both are modelled


async def test_one_of_the_tail_is_read_whole_on_demand_and_without_secrets(
    provider: AwsProvider, proxy: FaultyProxy, real: Connection
) -> None:
    asked: list[dict[str, Any]] = []

    def resource(body: dict[str, Any]) -> Any:
        asked.append(body)
        if body["Identifier"].startswith("arn:"):
            return 400, {"__type": "ValidationException", "Message": "the identifier is a name"}
        properties = {"DomainName": "packages", "MasterPassword": "Sup3r-s3cret", "Nested": [{"api_key": "abcdef123"}]}
        return {"TypeName": body["TypeName"], "ResourceDescription": {"Properties": json.dumps(properties)}}

    proxy.fault = telling({"GetResource": resource, "GetResources": lambda _: tagged(DOMAIN)})
    found = await provider.read_back(real, ResourceTarget(native_id=DOMAIN), budget_seconds=60)
    (one,) = found.resources
    assert one.properties["Configuration"] == {
        "DomainName": "packages", "MasterPassword": "(redacted)", "Nested": [{"api_key": "(redacted)"}],
    }  # fmt: skip
    assert (one.tags, dict(one.unread_fields), found.unit.service) == ({"Name": "called"}, {}, "other")
    assert [body["Identifier"] for body in asked] == [DOMAIN, "packages"]


@pytest.mark.parametrize(
    "failure",
    [
        (403, {"__type": "AccessDeniedException", "Message": "no"}),
        (400, {"__type": "ResourceNotFoundException", "Message": "lags"}),
        (200, {"ResourceDescription": {"Properties": "no json"}}),
        (200, {}),
    ],
)
async def test_one_of_the_tail_that_cannot_be_read_is_not_gone(
    provider: AwsProvider, proxy: FaultyProxy, real: Connection, failure: Any
) -> None:
    proxy.fault = telling({"GetResource": lambda _: failure, "GetResources": lambda _: tagged(DOMAIN)})
    found = await provider.read_back(real, ResourceTarget(native_id=DOMAIN), budget_seconds=60)
    assert (found.resources, found.gone) == ((), frozenset())
    assert found.errors
    unknown = await provider.read_back(real, ResourceTarget(native_id=UNKNOWN), budget_seconds=60)
    assert unknown.errors[0].kind is ErrorKind.NOT_ENABLED
