"""A Google Cloud that denies, throttles, hangs, breaks off and talks garbage, at every unit."""

from collections.abc import Iterator
from typing import Any

import pytest
from app.providers.base import ErrorKind, UnitResult, UnitState
from app.providers.gcp import GcpProvider, listing
from app.providers.gcp.catalogue import GROUPS, group_of
from tests.providers.gcp.conftest import collect_all, collect_one, connection_to, resources_of

from simulators.common import Fault
from simulators.gcp import GcpHandle

RESOURCES, POLICIES = "contentType=RESOURCE", "contentType=IAM_POLICY"


@pytest.fixture
def hasty(request: pytest.FixtureRequest) -> Iterator[GcpProvider]:
    """One attempt, and where no answer is the fault also little time for one."""
    is_silent = "no answer" in request.node.name
    made = GcpProvider(read_seconds=0.5 if is_silent else 20, attempts=1, throttled_seconds=0)
    yield made
    made.close()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every unit has several pages."""
    monkeypatch.setattr(listing.pages, "__kwdefaults__", {"size": 2})


def check_honest(results: list[UnitResult], cloud: GcpHandle) -> None:
    """What a unit calls complete is all there; one that failed closes nothing; none that met a fault is complete."""
    held: dict[str, set[str]] = {}
    for asset in cloud.estate:
        held.setdefault(asset.asset_type, set()).add(asset.name)
    for result in results:
        read = {resource.native_id for resource in result.resources}
        complete = set(result.complete_types)
        if result.covers_all_types:
            complete |= {kind for kind in held if group_of(kind) == result.unit.service}
        missing = {kind: held[kind] - read for kind in complete if kind in held and held[kind] - read}
        assert missing == {}, result.unit
        assert result.state is UnitState.COMPLETE or result.errors, result.unit
        if result.state is UnitState.FAILED:
            assert (result.resources, result.complete_types, result.covers_all_types) == ([], frozenset(), False)
        if result.state is UnitState.COMPLETE:
            assert result.covers_all_types


FAULTS = {
    "denied": (Fault(kind="deny", detail="cloudasset.assets.listResource"), ErrorKind.ACCESS_DENIED),
    "denied without a word": (Fault(kind="status", status=403), ErrorKind.ACCESS_DENIED),
    "throttled": (Fault(kind="throttle"), ErrorKind.THROTTLED),
    "throttled for an hour": (Fault(kind="throttle", seconds=3600), ErrorKind.THROTTLED),
    "no answer": (Fault(kind="slow", seconds=1.5), ErrorKind.TIMED_OUT),
    "server error": (Fault(kind="status", status=503), ErrorKind.UNREACHABLE),
    "connection cut": (Fault(kind="cut"), ErrorKind.UNREACHABLE),
    "half a body": (Fault(kind="truncate"), ErrorKind.INVALID_ANSWER),
    "no JSON": (Fault(kind="malformed"), ErrorKind.INVALID_ANSWER),
    "a text for a list": (Fault(kind="reshape"), ErrorKind.INVALID_ANSWER),
    "the list under another name": (Fault(kind="rename"), ErrorKind.INVALID_ANSWER),
    "an empty object": (Fault(kind="body", detail="{}"), ErrorKind.INVALID_ANSWER),
    "a list": (Fault(kind="body", detail="[]"), ErrorKind.INVALID_ANSWER),
    "null": (Fault(kind="body", detail="null"), ErrorKind.INVALID_ANSWER),
    "nothing at all": (Fault(kind="body"), ErrorKind.INVALID_ANSWER),
    "assets that are none": (
        Fault(kind="body", detail='{"readTime":"x","assets":[null,7,{}]}'),
        ErrorKind.INVALID_ANSWER,
    ),
    "assets without names": (
        Fault(kind="body", detail='{"readTime":"x","assets":[{"assetType":"storage.googleapis.com/Bucket"}]}'),
        ErrorKind.INVALID_ANSWER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
async def test_at_every_unit_a_fault_is_a_failure_and_never_nothing_there(
    name: str, cloud: GcpHandle, hasty: GcpProvider
) -> None:
    wanted, kind = FAULTS[name]
    cloud.fault(**{**vars(wanted), "match": RESOURCES})
    results = await collect_all(hasty, connection_to(cloud))
    assert len(results) == len(GROUPS)
    check_honest(results, cloud)
    assert {result.state for result in results} == {UnitState.FAILED}
    assert {error.kind for result in results for error in result.errors} == {kind}
    if kind is ErrorKind.ACCESS_DENIED:
        permissions = {error.permission for result in results for error in result.errors}
        assert permissions == {"cloudasset.assets.listResource"}


# A pause of an hour holds for all units, also for those that have no page yet.
@pytest.mark.parametrize("name", [name for name in FAULTS if not name.startswith(("no answer", "throttled for"))])
async def test_a_fault_after_the_first_page_keeps_what_came_and_closes_nothing(
    name: str, cloud: GcpHandle, hasty: GcpProvider, small_pages: None
) -> None:
    wanted, kind = FAULTS[name]
    cloud.fault(**{**vars(wanted), "match": f"{RESOURCES}.*pageToken="})
    results = await collect_all(hasty, connection_to(cloud))
    check_honest(results, cloud)
    # The patterns of these two list a little of other units too: their first page may hold nothing of their own.
    assert {result.unit.service for result in results if result.state is UnitState.FAILED} <= {"other", "compute"}
    met = [result for result in results if result.state is UnitState.PARTIAL]
    assert len(met) >= 10
    assert all(error.kind is kind for result in met for error in result.errors)
    assert all(result.resources and not result.covers_all_types for result in met)


# A pause of an hour holds for all calls, also those for resources; what was not asked is not wrong either.
@pytest.mark.parametrize("name", [n for n in FAULTS if not n.startswith(("assets", "no answer", "throttled for"))])
async def test_policies_that_cannot_be_read_leave_the_configuration_whole(
    name: str, cloud: GcpHandle, hasty: GcpProvider
) -> None:
    wanted, kind = FAULTS[name]
    detail = wanted.detail.replace("listResource", "listIamPolicy")
    cloud.fault(**{**vars(wanted), "match": POLICIES, "detail": detail})
    results = await collect_all(hasty, connection_to(cloud))
    check_honest(results, cloud)
    assert set(resources_of(results)) == {asset.name for asset in cloud.estate}
    with_policies = {group_of(asset.asset_type) for asset in cloud.estate if asset.policy is not None}
    met = [result for result in results if result.state is UnitState.PARTIAL]
    assert {result.unit.service for result in met} >= with_policies
    assert not any(result.covers_all_types for result in met)
    found = resources_of(met)
    assert all("iamPolicy" in resource.unread_fields for resource in found.values())
    assert not any("iamPolicy" in resource.properties for resource in found.values())
    if kind is ErrorKind.ACCESS_DENIED:
        reason = next(iter(found.values())).unread_fields["iamPolicy"]
        assert reason == "missing permission cloudasset.assets.listIamPolicy"


async def test_types_that_are_denied_leave_the_others_complete(cloud: GcpHandle, hasty: GcpProvider) -> None:
    denied = "compute.googleapis.com/Disk"
    cloud.api.denied_types.add(denied)
    result = await collect_one(hasty, cloud, "compute")
    check_honest([result], cloud)
    assert result.state is UnitState.PARTIAL
    assert denied not in result.complete_types
    assert {"compute.googleapis.com/Instance", "compute.googleapis.com/Image"} <= result.complete_types
    assert not result.covers_all_types
    told = [error for error in result.errors if error.kind is ErrorKind.ACCESS_DENIED]
    assert [error.permission for error in told] == ["cloudasset.assets.listResource"]
    assert denied in told[0].message
    assert {resource.native_type for resource in result.resources} == {
        asset.asset_type for asset in cloud.estate if group_of(asset.asset_type) == "compute"
    } - {denied}


async def test_throttling_is_waited_out_as_long_as_google_says(cloud: GcpHandle, provider: GcpProvider) -> None:
    cloud.fault("throttle", RESOURCES, times=1, seconds=1)
    result = await collect_one(provider, cloud, "messaging")
    check_honest([result], cloud)
    assert result.state is UnitState.COMPLETE
    calls = cloud.calls.all(RESOURCES)
    assert calls[0].fault == "throttle"
    assert calls[1].at - calls[0].at >= 1.0


async def test_a_quota_that_is_used_up_takes_more_patience_than_a_broken_answer(cloud: GcpHandle) -> None:
    patient = GcpProvider(read_seconds=30, attempts=3, throttled_seconds=0.02)
    cloud.fault("throttle", RESOURCES, times=5)
    try:
        result = await collect_one(patient, cloud, "messaging")
    finally:
        patient.close()
    assert result.state is UnitState.COMPLETE
    assert result.call_count >= 7


async def test_one_broken_answer_does_not_matter(cloud: GcpHandle, provider: GcpProvider) -> None:
    for kind in ("cut", "truncate", "status"):
        cloud.fault(kind, RESOURCES, times=1)
        result = await collect_one(provider, cloud, "storage")
        check_honest([result], cloud)
        assert result.state is UnitState.COMPLETE, kind


async def test_an_expired_page_token_begins_the_listing_anew(
    cloud: GcpHandle, provider: GcpProvider, small_pages: None
) -> None:
    cloud.fault("run", f"{RESOURCES}.*pageToken=", times=1, after=2, action=cloud.api.expire_page_tokens)
    result = await collect_one(provider, cloud, "iam")
    check_honest([result], cloud)
    assert result.state is UnitState.COMPLETE
    assert any(call.status == 400 for call in cloud.calls.all("pageToken"))
    names = [resource.native_id for resource in result.resources]
    assert len(names) == len(set(names))


async def test_page_tokens_that_expire_again_and_again_close_nothing(
    cloud: GcpHandle, hasty: GcpProvider, small_pages: None
) -> None:
    cloud.fault("status", "pageToken=", status=400, detail="The page token is expired.")
    results = await collect_all(hasty, connection_to(cloud))
    check_honest(results, cloud)
    assert sum(result.state is UnitState.PARTIAL for result in results) >= 10


async def test_credentials_that_are_revoked_in_mid_sync_stop_it_and_close_nothing(
    cloud: GcpHandle, provider: GcpProvider, small_pages: None
) -> None:
    whole = await collect_one(provider, cloud, "network")
    assert whole.state is UnitState.COMPLETE
    cloud.fault("run", f"{RESOURCES}.*pageToken=", times=1, after=2, action=cloud.tokens.revoke)
    result = await collect_one(provider, cloud, "network")
    check_honest([result], cloud)
    assert (result.state, result.complete_types) == (UnitState.PARTIAL, frozenset())
    assert {error.kind for error in result.errors} == {ErrorKind.BAD_CREDENTIALS}
    assert 0 < len(result.resources) < len(whole.resources)
    again = await collect_one(provider, cloud, "network")
    assert (again.state, again.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)
    cloud.tokens.restore()
    healed = await collect_one(provider, cloud, "network")
    assert healed.state is UnitState.COMPLETE


async def test_a_token_that_expires_in_mid_sync_is_replaced(
    cloud: GcpHandle, provider: GcpProvider, small_pages: None
) -> None:
    cloud.fault("run", f"{RESOURCES}.*pageToken=", times=1, after=2, action=cloud.tokens.expire)
    result = await collect_one(provider, cloud, "network")
    check_honest([result], cloud)
    assert result.state is UnitState.COMPLETE
    assert any(call.status == 401 for call in cloud.calls.all("/assets"))


async def test_a_unit_is_cut_at_its_budget_also_by_a_server_that_drips(cloud: GcpHandle) -> None:
    slow = GcpProvider(read_seconds=30, attempts=4)
    cloud.fault("drip", RESOURCES, seconds=0.2)
    try:
        result = await collect_one(slow, cloud, "storage", budget_seconds=1)
    finally:
        slow.close()
    assert (result.state, result.complete_types) == (UnitState.FAILED, frozenset())
    assert result.errors[0].kind is ErrorKind.TIMED_OUT


async def test_an_asset_that_goes_while_pages_are_read_is_not_an_error(
    cloud: GcpHandle, provider: GcpProvider, small_pages: None
) -> None:
    victim = [asset.name for asset in cloud.estate if group_of(asset.asset_type) == "iam"][-1]
    cloud.fault("run", f"{RESOURCES}.*pageToken=", times=1, after=1, action=lambda: cloud.estate.delete(victim))
    result = await collect_one(provider, cloud, "iam")
    assert result.state is UnitState.COMPLETE
    assert victim not in resources_of([result])
    check_honest([result], cloud)


async def test_google_refuses_a_pattern_that_fits_none_of_its_types(cloud: GcpHandle, provider: GcpProvider) -> None:
    cloud.api.supported_types = {asset.asset_type for asset in cloud.estate} | {
        name for group in GROUPS.values() for name in (entry.native_type for entry in group.types)
    }
    results = await collect_all(provider, connection_to(cloud))
    check_honest(results, cloud)
    assert {result.state for result in results} == {UnitState.COMPLETE}
    assert set(resources_of(results)) == {asset.name for asset in cloud.estate}


async def test_an_endpoint_without_patterns_is_asked_for_types(cloud: GcpHandle, provider: GcpProvider) -> None:
    cloud.api.refuse_patterns = True
    results: list[Any] = await collect_all(provider, connection_to(cloud))
    check_honest(results, cloud)
    assert {asset.name for asset in cloud.estate} == set(resources_of(results))


async def test_projects_that_cannot_be_listed_leave_their_numbers(cloud: GcpHandle, hasty: GcpProvider) -> None:
    cloud.fault("status", "assetTypes=cloudresourcemanager.googleapis.com/Project", status=503)
    result = await collect_one(hasty, cloud, "messaging")
    check_honest([result], cloud)
    assert result.state is UnitState.PARTIAL
    assert result.errors[0].kind is ErrorKind.UNREACHABLE
    assert "pubsub.googleapis.com/Topic" in result.complete_types
