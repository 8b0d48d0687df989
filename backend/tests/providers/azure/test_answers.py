"""Answers written by hand after the vendor's documentation: forms that no simulator of ours sends."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from app.providers.azure import AzureProvider, reader
from app.providers.azure.catalogue import type_for
from app.providers.azure.convert import convert, item_of, parse_instant
from app.providers.azure.errors import from_answer, parse_span
from app.providers.azure.ids import key_of, parse_id
from app.providers.azure.throttle import QueryQuota, ReadBucket
from app.providers.base import CollectedRelation, CollectedResource, ErrorKind, UnitState
from tests.providers.azure.conftest import collect_one

from simulators.azure import AzureSimulator

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Web-RG"

REFUSED = (
    b'{"error":{"code":"AuthorizationFailed","message":"The client of object id x does not have authorization'
    b" to perform action 'Microsoft.Sql/servers/read' over scope '/subscriptions/x' or the scope is invalid.\"}}"
)


def converted(row: dict[str, Any]) -> tuple[CollectedResource, set[CollectedRelation]]:
    entry = type_for(str(row["type"]).lower())
    resources, relations = convert(entry, item_of(row, entry), {})
    return resources[0], set(relations)


def row(kind: str, name: str = "one", **more: Any) -> dict[str, Any]:
    """A row with every column, as Resource Graph answers: null or empty where there is nothing."""
    empty = dict.fromkeys(("plan", "sku", "tags", "identity", "zones", "extendedLocation", "properties"))
    texts = dict.fromkeys(("kind", "managedBy", "location", "tenantId", "subscriptionId", "resourceGroup"), "")
    return {**empty, **texts, "id": f"{GROUP}/providers/{kind}/{name}", "name": name, "type": kind.lower(), **more}


def test_a_row_with_nothing_but_an_id_is_a_resource() -> None:
    for kind in ("Microsoft.Compute/virtualMachines", "Microsoft.Network/virtualNetworks", "Contoso.Odd/things"):
        resource, relations = converted(row(kind))
        assert (resource.name, resource.region, resource.status, dict(resource.tags)) == ("one", "global", None, {})
        assert set(resource.properties) == {"id", "name", "type"}
        assert relations == {
            CollectedRelation(source=GROUP.lower(), kind="contains", target=resource.native_id.lower())
        }


@pytest.mark.parametrize("content", ["text", 7, [], [1], {"properties": []}, {"networkProfile": "x"}, {"subnets": 5}])
def test_properties_of_any_shape_are_kept(content: Any) -> None:
    for kind in ("Microsoft.Compute/virtualMachines", "Microsoft.Network/loadBalancers", "Microsoft.Sql/servers"):
        resource, _ = converted(row(kind, properties=content))
        assert resource.properties["properties"] == content


def test_tags_are_text_whatever_the_provider_wrote() -> None:
    tags = {"a": None, "b": "", "c": 5, "d": True, "hidden-link:/app/web": "Resource"}
    resource, _ = converted(row("Microsoft.Web/sites", tags=tags))
    assert resource.tags == {"a": "", "b": "", "c": "5", "d": "True", "hidden-link:/app/web": "Resource"}
    assert converted(row("Microsoft.Web/sites", tags=["odd"]))[0].tags == {}


def test_identities_and_owners_in_another_case_lead_to_the_same_resources() -> None:
    identity = f"{GROUP.upper()}/providers/microsoft.managedidentity/userassignedidentities/Robot"
    resource, relations = converted(
        row(
            "Microsoft.Compute/virtualMachines",
            identity={"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {identity: {"clientId": "x"}}},
            properties={
                "storageProfile": {
                    "osDisk": {"managedDisk": {"id": f"{GROUP}/PROVIDERS/Microsoft.Compute/disks/OS/"}},
                    "dataDisks": [{"managedDisk": None}, {}, {"managedDisk": {"id": ""}}],
                },
                "extended": {"instanceView": {"powerState": {"displayStatus": "VM deallocated"}}},
            },
        )
    )
    own = resource.native_id.lower()
    assert CollectedRelation(source=own, kind="assumes", target=identity.lower()) in relations
    disk = f"{GROUP}/providers/microsoft.compute/disks/os".lower()
    assert CollectedRelation(source=disk, kind="attached-to", target=own) in relations
    assert len(relations) == 3
    assert resource.status == "VM deallocated"


def test_secrets_are_gone_wherever_they_stand() -> None:
    content = {
        "siteConfig": {"appSettings": [{"name": "DB_PASSWORD", "value": "p1"}, {"name": "COLOR", "value": "blue"}]},
        "AdminPassword": "p2", "nested": [{"deep": {"ConnectionString": "Server=x;Pwd=p3"}}],
        "keys": [{"primaryKey": "p4", "keyName": "k"}], "clientSecret": {"value": "p5"}, "sharedKey": ["p6"],
        "password": "", "userData": None, "allowSharedKeyAccess": True,
    }  # fmt: skip
    resource, _ = converted(row("Contoso.Odd/things", properties=content))
    told = repr(resource.properties)
    assert not [secret for secret in ("p1", "p2", "p3", "p4", "p5", "p6") if f"'{secret}'" in told or "Pwd" in told]
    assert "'blue'" in told
    assert "'allowSharedKeyAccess': True" in told


def test_variables_of_programs_are_gone_whatever_they_are_called() -> None:
    pairs = [{"name": "COLOR", "value": "blue"}, {"name": "FROM_VAULT", "secretRef": "kept"}]
    shapes: list[tuple[str, dict[str, Any]]] = [
        ("Microsoft.App/containerApps", {"template": {"containers": [{"env": pairs}]}}),
        ("Microsoft.App/jobs", {"template": {"initContainers": [{"env": pairs}]}}),
        (
            "Microsoft.ContainerInstance/containerGroups",
            {"containers": [{"properties": {"environmentVariables": pairs}}]},
        ),
        ("Microsoft.Web/sites", {"siteConfig": {"appSettings": pairs}}),
    ]
    for kind, properties in shapes:
        told = repr(converted(row(kind, properties=copy.deepcopy(properties)))[0].properties)
        assert "blue" not in told, kind
        assert "COLOR" in told, kind
        assert "kept" in told, kind


async def test_a_secret_under_an_escaped_name_is_gone_too(cloud: AzureSimulator, provider: AzureProvider) -> None:
    """The quick look at the bytes must not miss what JSON may also write with escapes."""
    body = (
        b'{"totalRecords":1,"count":1,"resultTruncated":"false","data":[{"id":"/subscriptions/s/resourceGroups/g/'
        b'providers/Microsoft.Compute/disks/d","name":"d","type":"microsoft.compute/disks",'
        b'"properties":{"\\u0070assword":"plain-text"}}]}'
    )
    cloud.faults.plan("raw", where="microsoft.compute/disks", body=body)
    result = await collect_one(provider, cloud, "compute")
    assert result.state is UnitState.COMPLETE
    assert result.resources[0].properties["properties"] == {"password": "(redacted)"}


async def test_a_last_page_may_say_that_it_is_not_all(
    cloud: AzureSimulator, provider: AzureProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_ROWS", 1)
    monkeypatch.setattr(reader.Reader.query, "__kwdefaults__", {"top": 1})
    disks = [row("Microsoft.Compute/disks", name) for name in ("one", "two")]
    first = {"totalRecords": 2, "count": 1, "data": disks[:1], "resultTruncated": "true", "$skipToken": "next"}
    last = {"totalRecords": 2, "count": 1, "data": disks[1:], "resultTruncated": "true"}
    cloud.faults.plan("schema", where="microsoft.compute/disks", body=first)
    cloud.faults.plan("schema", where="microsoft.compute/disks", body=last)
    result = await collect_one(provider, cloud, "compute")
    assert (result.state, len(result.resources)) == (UnitState.COMPLETE, 2)
    cloud.faults.plan("schema", where="microsoft.compute/disks", body=first, times=10)
    result = await collect_one(provider, cloud, "compute")
    assert "circle" in result.errors[0].message
    assert result.complete_types == frozenset()


async def test_a_provider_that_is_not_in_use_has_no_settings(cloud: AzureSimulator, provider: AzureProvider) -> None:
    body = {"error": {"code": "MissingSubscriptionRegistration", "message": "not registered"}}
    cloud.faults.plan("status", where="GET .*/securityContacts ", status=409, body=body, times=100)
    result = await collect_one(provider, cloud, "organization")
    assert result.state is UnitState.COMPLETE
    subscription = next(one for one in result.resources if one.type == "account.account")
    assert subscription.properties["securityContacts"] == []
    assert subscription.unread_fields == {}


async def test_a_next_page_with_the_port_written_out_is_at_the_same_address() -> None:
    same = reader._origin("https://management.azure.com/x")
    assert same == reader._origin("https://MANAGEMENT.azure.com:443/y?$skiptoken=1")
    for other in (
        "https://management.azure.com:8443/",
        "http://management.azure.com/",
        "https://evil/",
        "/x",
        "https://[/",
    ):
        assert reader._origin(other) != same


async def test_a_subscription_that_the_service_left_out_completes_nothing(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    left_out = {"x-ms-tenant-subscription-limit-hit": "true"}
    cloud.faults.plan("headers", where="resourcegraph", headers=left_out, times=100)
    result = await collect_one(provider, cloud, "compute")
    assert (result.resources, result.complete_types) == ((), frozenset())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-11T08:14:02.1234567Z", datetime(2026, 2, 11, 8, 14, 2, 123456, tzinfo=UTC)),
        ("2026-02-11T08:14:02.1+02:00", datetime(2026, 2, 11, 6, 14, 2, 100000, tzinfo=UTC)),
        ("2026-02-11T08:14:02", datetime(2026, 2, 11, 8, 14, 2, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None), ("yesterday", None), ("", None), (None, None), (17, None), ({}, None),
    ],
)  # fmt: skip
def test_instants_in_the_forms_that_dotnet_writes(text: Any, expected: datetime | None) -> None:
    assert parse_instant(text) == expected


@pytest.mark.parametrize(
    ("status", "body", "kind", "permission"),
    [
        (403, REFUSED, ErrorKind.ACCESS_DENIED, "Microsoft.Sql/servers/read"),
        (403, b"<html>Forbidden</html>", ErrorKind.ACCESS_DENIED, "A.B/c/read"),
        (403, b"", ErrorKind.ACCESS_DENIED, "A.B/c/read"),
        (401, b'{"error":{"code":"ExpiredAuthenticationToken","message":"x"}}', ErrorKind.BAD_CREDENTIALS, None),
        (429, b"", ErrorKind.THROTTLED, None),
        (503, b'{"error":{"code":"SubscriptionRequestsThrottled","message":"x"}}', ErrorKind.THROTTLED, None),
        (409, b'{"error":{"code":"MissingSubscriptionRegistration","message":"x"}}', ErrorKind.NOT_ENABLED, None),
        (400, b'{"odata.error":{"code":"BadRequest","message":{"value":"x"}}}', ErrorKind.INVALID_ANSWER, None),
        (404, b'{"Code":"NotFound","Message":"x"}', ErrorKind.INVALID_ANSWER, None),
        (408, b"null", ErrorKind.TIMED_OUT, None),
        (502, b'["odd"]', ErrorKind.UNREACHABLE, None),
        (500, b'{"error":"text","error_description":"AADSTS1: x"}', ErrorKind.UNREACHABLE, None),
    ],
)  # fmt: skip
def test_each_refusal_has_its_kind(status: int, body: bytes, kind: ErrorKind, permission: str | None) -> None:
    error = from_answer(status, body, {}, "call", "A.B/c/read")
    assert (error.kind, error.permission) == (kind, permission)
    assert error.is_gone is (status == 404)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17), ({"retry-after-ms": "250"}, 0.25), ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"x-ms-user-quota-resets-after": "00:01:05"}, 65), ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-3"}, 0), ({}, None), ({"x-ms-user-quota-resets-after": "soon"}, None),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_read_from_every_header(headers: dict[str, str], seconds: float | None) -> None:
    assert from_answer(429, b"", headers, "call", None).retry_after_seconds == seconds
    assert parse_span("00:00:05") == 5


@pytest.mark.parametrize(
    ("text", "kind", "group"),
    [
        (f"/subscriptions/{SUBSCRIPTION}", "microsoft.resources/subscriptions", ""),
        (GROUP, "microsoft.resources/subscriptions/resourcegroups", "web-rg"),
        (f"{GROUP}/providers/Microsoft.Sql/servers/s/databases/d", "microsoft.sql/servers/databases", "web-rg"),
        (f"{GROUP}/providers/A.B/c/d/providers/E.F/g/h", "e.f/g", "web-rg"),
        ("/providers/Microsoft.Management/managementGroups/m", "microsoft.management/managementgroups", ""),
        ("/", None, ""), ("", None, ""), ("subscriptions/x", None, ""), (f"{GROUP}//providers/A.B/c/d", None, ""),
        (f"{GROUP}/providers/A.B", None, ""), (f"{GROUP}/providers/A.B/c", None, ""), ("/tenants/x", None, ""),
    ],
)  # fmt: skip
def test_ids_are_taken_apart(text: str, kind: str | None, group: str) -> None:
    place = parse_id(text)
    assert (place.type if place else None) == kind
    assert (place.group if place else "") == group
    assert key_of("/A/É/ı/") == "/a/É/ı"  # only ASCII letters lose their case, as in the database


def test_the_quota_waits_for_its_window_and_halves_when_refused() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    quota = QueryQuota(clock=lambda: now[0], sleep=sleep)
    assert [quota.acquire(100) for _ in range(15)] == [True] * 15
    assert now[0] == 0
    assert quota.acquire(100)
    assert now[0] == 5
    quota.observe(3, 2.0)
    assert not quota.acquire(now[0] - 1) or now[0] < 100
    quota.refused(7.0)
    started = now[0]
    assert not quota.acquire(started + 6)
    assert quota.acquire(started + 8)
    assert now[0] >= started + 7


def test_a_bucket_of_reads_slows_down_and_recovers() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    bucket = ReadBucket(clock=lambda: now[0], sleep=sleep)
    usual = bucket.rate
    assert all(bucket.acquire(1000) for _ in range(400))
    assert now[0] > 5
    bucket.refused(10)
    assert bucket.rate == usual / 2
    started = now[0]
    assert not bucket.acquire(started + 5)
    assert bucket.acquire(started + 60)
    assert now[0] >= started + 9
    now[0] += 1000
    bucket.acquire(10_000)
    assert bucket.rate == usual
