"""A cloud that denies, throttles, hangs, breaks off, forgets and talks garbage, at every unit."""

import asyncio
from typing import Any

import pytest
from app.providers.azure import AzureProvider, reader, throttle
from app.providers.azure.catalogue import GROUPS
from app.providers.base import ErrorKind, UnitResult, UnitState
from tests.providers.azure.conftest import collect_all, collect_one, connection_to, resources_of, unit_of

from simulators.azure import AzureSimulator, Grant
from simulators.azure.company.maker import DEV, PROD

GRAPH = "resourcegraph"
FOREVER = 10_000
# What each fault makes of a unit's queries.
FAULTS: dict[str, tuple[dict[str, Any], set[ErrorKind]]] = {
    "denied": (
        {"kind": "status", "status": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "no"}}},
        {ErrorKind.ACCESS_DENIED},
    ),
    "server error": ({"kind": "status", "status": 500}, {ErrorKind.UNREACHABLE}),
    "not found": ({"kind": "status", "status": 404}, {ErrorKind.INVALID_ANSWER, ErrorKind.UNREACHABLE}),
    "cut": ({"kind": "cut"}, {ErrorKind.UNREACHABLE}),
    "truncated": ({"kind": "truncate"}, {ErrorKind.UNREACHABLE, ErrorKind.INVALID_ANSWER}),
    "malformed": ({"kind": "malformed"}, {ErrorKind.INVALID_ANSWER}),
    "another schema": ({"kind": "schema"}, {ErrorKind.INVALID_ANSWER}),
    "no rows": ({"kind": "schema", "body": {"totalRecords": 0, "count": 0}}, {ErrorKind.INVALID_ANSWER}),
    "rows are a table": (
        {"kind": "schema", "body": {"totalRecords": 1, "count": 1, "data": {"columns": [], "rows": []}}},
        {ErrorKind.INVALID_ANSWER},
    ),
    "fewer rows than said": (
        {"kind": "schema", "body": {"totalRecords": 3, "count": 0, "data": [], "resultTruncated": "false"}},
        {ErrorKind.INVALID_ANSWER},
    ),
    "cut off by the service": (
        {"kind": "schema", "body": {"totalRecords": 0, "count": 0, "data": [], "resultTruncated": "true"}},
        {ErrorKind.INVALID_ANSWER},
    ),
    "rows without ids": (
        {"kind": "schema", "body": {"totalRecords": 1, "count": 1, "data": [{"type": "x/y"}]}},
        {ErrorKind.INVALID_ANSWER},
    ),
    "throttled": ({"kind": "throttle", "seconds": 0}, {ErrorKind.THROTTLED}),
}


def small_pages(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(reader, "PAGE_ROWS", rows)
    monkeypatch.setattr(reader.Reader.query, "__kwdefaults__", {"top": rows})


def assert_nothing_is_said_to_be_gone(result: UnitResult) -> None:
    """Neither complete nor whole: no resource that was queried for may be closed."""
    queried = {entry.native_type for entry in GROUPS[result.unit.service].types if not entry.is_listed}
    assert result.complete_types & queried == frozenset()
    assert not result.covers_all_types
    assert result.state is not UnitState.COMPLETE


@pytest.mark.parametrize("name", list(FAULTS))
async def test_at_every_unit_a_failed_listing_is_never_nothing_there(
    cloud: AzureSimulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(throttle, "QUERIES", 1_000)  # these answers tell no quota, and ours would make the test wait
    monkeypatch.setattr(throttle, "WINDOW_SECONDS", 0.2)
    provider = AzureProvider(read_seconds=30, attempts=2)
    fault, kinds = FAULTS[name]
    cloud.faults.plan(where=GRAPH, times=FOREVER, **fault)
    results = await collect_all(provider, connection_to(cloud), budget_seconds=60)
    assert {result.unit.service for result in results} == set(GROUPS)
    for result in results:
        assert result.errors, result.unit
        assert {error.kind for error in result.errors} <= kinds, result.errors
        assert_nothing_is_said_to_be_gone(result)
    provider.close()


@pytest.mark.parametrize("name", list(FAULTS))
async def test_a_second_page_that_fails_leaves_the_first_and_completes_nothing(
    cloud: AzureSimulator, provider: AzureProvider, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    small_pages(monkeypatch, 5)
    fault, kinds = FAULTS[name]
    cloud.faults.plan(where="skipToken", times=FOREVER, **fault)
    result = await collect_one(provider, cloud, "compute")
    assert {error.kind for error in result.errors} <= kinds, result.errors
    assert result.state is UnitState.PARTIAL
    assert "Microsoft.Compute/virtualMachines" not in result.complete_types
    assert len(result.resources) == 5


async def test_a_fault_that_passes_is_not_noticed(cloud: AzureSimulator) -> None:
    provider = AzureProvider(read_seconds=30)
    for kind in ("cut", "truncate", "malformed"):
        cloud.faults.plan(kind, where=GRAPH)
        result = await collect_one(provider, cloud, "storage")
        assert (kind, result.state, result.errors) == (kind, UnitState.COMPLETE, ())
    provider.close()


async def test_a_throttled_query_waits_as_long_as_it_is_told(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.faults.plan("throttle", where=GRAPH, seconds=1)
    started = asyncio.get_running_loop().time()
    result = await collect_one(provider, cloud, "messaging")
    assert (result.state, result.errors) == (UnitState.COMPLETE, ())
    assert asyncio.get_running_loop().time() - started >= 1


async def test_the_quota_that_the_headers_tell_is_kept(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.faults.quota = 6
    results = [await collect_one(provider, cloud, name) for name in ("organization", "iam", "security")]
    assert {result.state for result in results} == {UnitState.COMPLETE}
    refused = [call for call in cloud.calls if GRAPH in call.path.lower() and call.status == 429]
    assert len(refused) <= 1


async def test_a_throttled_setting_is_asked_for_again(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.faults.plan("throttle", where="GET .*/blobServices/default ", seconds=1)
    result = await collect_one(provider, cloud, "storage")
    assert (result.state, result.errors) == (UnitState.COMPLETE, ())


async def test_a_hanging_service_costs_no_more_than_the_budget(cloud: AzureSimulator) -> None:
    provider = AzureProvider(read_seconds=30)
    cloud.faults.plan("slow", where=GRAPH, seconds=20, times=FOREVER)
    started = asyncio.get_running_loop().time()
    result = await collect_one(provider, cloud, "network", budget_seconds=2)
    assert asyncio.get_running_loop().time() - started < 6
    assert {error.kind for error in result.errors} == {ErrorKind.TIMED_OUT}
    assert_nothing_is_said_to_be_gone(result)
    provider.close()


async def test_hanging_settings_leave_what_was_listed(cloud: AzureSimulator) -> None:
    provider = AzureProvider(read_seconds=30)
    cloud.faults.plan("slow", where="GET .*/managementPolicies", seconds=20, times=FOREVER)
    started = asyncio.get_running_loop().time()
    result = await collect_one(provider, cloud, "storage", budget_seconds=3)
    assert asyncio.get_running_loop().time() - started < 7
    accounts = [one for one in result.resources if one.type == "storage.bucket"]
    assert len(accounts) == 6
    assert all("failed" in one.unread_fields["managementPolicies"] for one in accounts)
    assert all("managementPolicies" not in one.properties for one in accounts)
    provider.close()


async def test_a_listing_begins_again_when_its_token_has_expired(
    cloud: AzureSimulator, provider: AzureProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch, 20)
    expired = {"error": {"code": "BadRequest", "details": [{"code": "InvalidSkipToken", "message": "expired"}]}}
    cloud.faults.plan("status", where="skipToken", status=400, body=expired)
    result = await collect_one(provider, cloud, "compute")
    assert (result.state, result.errors) == (UnitState.COMPLETE, ())
    cloud.faults.expire_skip_tokens = True
    result = await collect_one(provider, cloud, "compute")
    assert result.state is UnitState.PARTIAL
    assert len(result.resources) == 20
    assert_nothing_is_said_to_be_gone(result)


async def test_rows_that_are_missing_in_the_middle_are_noticed(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.faults.lie_about_total = 1
    assert_nothing_is_said_to_be_gone(await collect_one(provider, cloud, "databases"))
    cloud.faults.lie_about_total, cloud.faults.truncate_at = 0, 3
    result = await collect_one(provider, cloud, "databases")
    assert_nothing_is_said_to_be_gone(result)
    assert "cut the listing" in result.errors[0].message


async def test_what_may_not_be_read_is_said_and_not_closed(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.estate.grants = [Grant(not_actions=("Microsoft.Compute/disks/read",))]
    result = await collect_one(provider, cloud, "compute")
    assert result.state is UnitState.PARTIAL
    assert {(error.kind, error.permission) for error in result.errors} == {
        (ErrorKind.ACCESS_DENIED, "Microsoft.Compute/disks/read")
    }
    assert "Microsoft.Compute/disks" not in result.complete_types
    assert "Microsoft.Compute/virtualMachines" in result.complete_types
    assert not any(one.native_type == "Microsoft.Compute/disks" for one in result.resources)


async def test_a_right_that_lacks_in_one_subscription_keeps_the_types_open(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    lab = f"/subscriptions/{DEV}/resourceGroups/acme-lab"
    cloud.estate.grants = [Grant(scope=f"/subscriptions/{PROD}"), Grant(scope=lab)]
    result = await collect_one(provider, cloud, "compute")
    assert {one.account for one in result.resources} == {PROD, DEV}
    assert result.complete_types == frozenset()
    assert any(error.permission in ("*/read", "Microsoft.Authorization/permissions/read") for error in result.errors)
    assert_nothing_is_said_to_be_gone(await collect_one(provider, cloud, "other"))


async def test_a_denied_setting_is_unread_not_unset(cloud: AzureSimulator, provider: AzureProvider) -> None:
    kind = "Microsoft.Storage/storageAccounts"
    cloud.estate.grants = [Grant(not_actions=(f"{kind}/managementPolicies/read",))]
    result = await collect_one(provider, cloud, "storage")
    account = next(one for one in result.resources if one.name == "acmeprodassets")
    assert account.unread_fields == {"managementPolicies": f"missing permission {kind}/managementPolicies/read"}
    assert "managementPolicies" not in account.properties
    assert account.properties["blobServices"]["properties"]["isVersioningEnabled"] is False
    assert kind in result.complete_types
    assert result.errors[0].permission == f"{kind}/managementPolicies/read"


async def test_a_setting_of_another_shape_is_unread(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.faults.plan("schema", where="GET .*/containers ", body={"items": []}, times=FOREVER)
    result = await collect_one(provider, cloud, "storage")
    accounts = [one for one in result.resources if one.type == "storage.bucket"]
    assert all("containers" in one.unread_fields for one in accounts)
    assert all("containers" not in one.properties for one in accounts)


@pytest.mark.parametrize("subnets", ["none", {"one": {}}, [{"name": "without id"}], ["text"], None])
async def test_subnets_of_another_shape_are_not_gone(
    cloud: AzureSimulator, provider: AzureProvider, subnets: Any
) -> None:
    own = f"/subscriptions/{DEV}/resourceGroups/acme-dev-network/providers/Microsoft.Network/virtualNetworks/odd"
    row: dict[str, Any] = {
        "id": own,
        "name": "odd",
        "type": "microsoft.network/virtualnetworks",
        "properties": "another shape",
    }
    if subnets is not None:
        row["properties"] = {"subnets": subnets}
    page = {"totalRecords": 1, "count": 1, "data": [row], "resultTruncated": "false"}
    cloud.faults.plan("schema", where="virtualnetworks", body=page)
    result = await collect_one(provider, cloud, "network")
    assert result.state is UnitState.PARTIAL
    assert "Microsoft.Network/virtualNetworks/subnets" not in result.complete_types
    assert [one.native_id for one in result.resources] == [own]


@pytest.mark.parametrize("answer", [{"value": [{"name": "no number"}]}, {"value": ["text"]}, {"values": []}, []])
async def test_a_list_of_subscriptions_of_another_shape_fails_every_unit(
    cloud: AzureSimulator, provider: AzureProvider, answer: Any
) -> None:
    cloud.faults.plan("schema", where="GET /subscriptions ", body=answer, times=FOREVER)
    for service in ("organization", "compute", "other"):
        result = await collect_one(provider, cloud, service)
        assert (result.state, result.resources, result.complete_types) == (UnitState.FAILED, (), frozenset())


async def test_credentials_revoked_in_the_middle_close_nothing(
    cloud: AzureSimulator, provider: AzureProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch, 20)
    await provider.plan(connection_to(cloud))
    gate = cloud.faults.plan("slow", where="skipToken", seconds=0.4)
    reading = asyncio.create_task(collect_one(provider, cloud, "compute"))
    while gate.times:  # noqa: ASYNC110  the server counts in a thread of its own
        await asyncio.sleep(0.01)
    cloud.faults.revoked = True
    result = await reading
    assert {error.kind for error in result.errors} == {ErrorKind.BAD_CREDENTIALS}
    assert len(result.resources) == 20
    assert_nothing_is_said_to_be_gone(result)
    after = await collect_one(provider, cloud, "network", connection_id="again")
    assert (after.state, {error.kind for error in after.errors}) == (UnitState.FAILED, {ErrorKind.BAD_CREDENTIALS})


async def test_tokens_that_end_early_are_renewed(cloud: AzureSimulator, provider: AzureProvider) -> None:
    assert (await collect_one(provider, cloud, "storage")).state is UnitState.COMPLETE
    cloud.tokens.revoke_all()
    assert (await collect_one(provider, cloud, "storage")).state is UnitState.COMPLETE
    assert len([call for call in cloud.calls if call.path.endswith("/token")]) == 2


async def test_a_subscription_that_is_not_seen_any_more_closes_nothing(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    connection = connection_to(cloud, scope={"subscriptions": [PROD, DEV]})
    unit = unit_of(cloud, "compute")
    before = resources_of([await provider.collect(connection, unit, budget_seconds=60)])
    cloud.estate.grants = [Grant(scope=f"/subscriptions/{PROD}")]
    await provider.plan(connection)
    result = await provider.collect(connection, unit, budget_seconds=60)
    assert result.complete_types == frozenset()
    assert set(resources_of([result])) == {key for key, one in before.items() if one.account == PROD}
    assert [error.permission for error in result.errors] == ["*/read"]
    assert DEV in result.errors[0].message


async def test_a_page_at_another_host_does_not_get_the_token(cloud: AzureSimulator, provider: AzureProvider) -> None:
    evil = {"value": [], "nextLink": "https://evil.example/steal?$skiptoken=1"}
    cloud.faults.plan("schema", where="GET .*/containers ", body=evil, times=FOREVER)
    result = await collect_one(provider, cloud, "storage")
    account = next(one for one in result.resources if one.type == "storage.bucket")
    assert "another address" in account.unread_fields["containers"]


async def test_pages_that_go_in_a_circle_end(cloud: AzureSimulator, provider: AzureProvider) -> None:
    link = f"{cloud.url}/subscriptions?api-version=2022-12-01&$skiptoken=0"
    cloud.faults.plan("schema", where="GET /subscriptions ", body={"value": [], "nextLink": link}, times=FOREVER)
    result = await collect_one(provider, cloud, "storage")
    assert (result.state, result.errors[0].kind) == (UnitState.FAILED, ErrorKind.INVALID_ANSWER)


async def test_an_address_where_nobody_listens_is_unreachable(cloud: AzureSimulator, provider: AzureProvider) -> None:
    result = await collect_one(provider, cloud, "storage", endpoint_url="http://127.0.0.1:9", connection_id="nobody")
    assert (result.state, result.errors[0].kind) == (UnitState.FAILED, ErrorKind.UNREACHABLE)


async def test_credentials_of_another_tenant_read_nothing_for_this_one(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    unit = unit_of(cloud, "storage")
    other = type(unit)(account="another-tenant", region="global", service="storage")
    result = await provider.collect(connection_to(cloud), other, budget_seconds=60)
    assert (result.state, result.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)
