"""Feeds, single reads and the activity log: from a change in the cloud to the resource read again."""

import base64
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.providers.base import Connection, ErrorKind, ProviderError, ResourceTarget
from app.providers.gcp import GcpProvider
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from tests.providers.gcp.conftest import collect_one, connection_to, resources_of, unit_of

from simulators.common import Request
from simulators.gcp import Asset, GcpHandle
from simulators.gcp.serving import push_envelope


def _machine(cloud: GcpHandle) -> Asset:
    return next(asset for asset in cloud.estate if asset.asset_type == "compute.googleapis.com/Instance")


async def _read(provider: GcpProvider, cloud: GcpHandle, target: ResourceTarget, **changes: Any) -> Any:
    return await provider.read_back(connection_to(cloud, **changes), target, budget_seconds=60)


async def test_a_feed_message_leads_to_the_asset_as_it_is_now(cloud: GcpHandle, provider: GcpProvider) -> None:
    before = _machine(cloud)
    after = cloud.estate.change(before.name, status="TERMINATED")
    (event,) = provider.parse_events(cloud.feed_message(after, prior=before))
    (target,) = event.targets
    assert (target.native_id, target.native_type) == (before.name, "compute.googleapis.com/Instance")
    assert (target.account, target.region) == (before.project, "europe-west1")
    assert (event.action, event.id) == ("cloudasset.update", "2070443601311540")
    read = await _read(provider, cloud, target)
    assert (read.errors, read.gone, read.unit) == ((), frozenset(), unit_of(cloud, "compute")) or read.errors == []
    (machine,) = read.resources
    assert machine.status == "TERMINATED"
    listed = resources_of([await collect_one(provider, cloud, "compute")])[before.name]
    assert machine == listed


async def test_reading_again_tells_the_same_as_the_listing(cloud: GcpHandle, provider: GcpProvider) -> None:
    for service in ("iam", "storage", "network", "security"):
        whole = await collect_one(provider, cloud, service)
        relations = set(whole.relations)
        for resource in whole.resources[:: max(1, len(whole.resources) // 8)]:
            target = ResourceTarget(native_id=resource.native_id, native_type=resource.native_type)
            read = await _read(provider, cloud, target)
            assert list(read.resources) == [resource]
            assert read.unit.service == service
            assert set(read.relations) <= relations
            outgoing = {edge for edge in relations if edge.source == resource.native_id and edge.kind != "contains"}
            assert outgoing <= set(read.relations)


async def test_a_deleted_asset_is_gone_and_one_that_never_was_is_not(cloud: GcpHandle, provider: GcpProvider) -> None:
    machine = _machine(cloud)
    cloud.estate.delete(machine.name)
    (event,) = provider.parse_events(cloud.feed_message(machine, deleted=True))
    assert event.action == "cloudasset.delete"
    read = await _read(provider, cloud, event.targets[0])
    assert (read.gone, list(read.resources), list(read.errors)) == (frozenset({machine.name}), [], [])
    unknown = ResourceTarget(native_id="//compute.googleapis.com/projects/x/zones/z/instances/none")
    nothing = await _read(provider, cloud, unknown)
    assert (nothing.gone, list(nothing.resources), list(nothing.errors)) == (frozenset(), [], [])


@pytest.mark.parametrize(("fault", "kind"), [
    ({"kind": "deny", "detail": "cloudasset.assets.exportResource"}, ErrorKind.ACCESS_DENIED),
    ({"kind": "malformed"}, ErrorKind.INVALID_ANSWER), ({"kind": "cut"}, ErrorKind.UNREACHABLE),
    ({"kind": "rename"}, ErrorKind.INVALID_ANSWER), ({"kind": "status", "status": 500}, ErrorKind.UNREACHABLE),
])  # fmt: skip
async def test_a_read_that_fails_says_so_and_closes_nothing(
    fault: dict[str, Any], kind: ErrorKind, cloud: GcpHandle, provider: GcpProvider
) -> None:
    machine = _machine(cloud)
    cloud.fault(**fault, match="batchGetAssetsHistory.*contentType=RESOURCE")
    read = await _read(provider, cloud, ResourceTarget(native_id=machine.name, native_type=machine.asset_type))
    assert (read.gone, list(read.resources)) == (frozenset(), [])
    assert {error.kind for error in read.errors} == {kind}
    if kind is ErrorKind.ACCESS_DENIED:
        assert read.errors[0].permission == "cloudasset.assets.exportResource"


async def test_a_policy_that_cannot_be_read_again_is_unread_not_gone(cloud: GcpHandle, provider: GcpProvider) -> None:
    bucket = next(asset for asset in cloud.estate if asset.asset_type.endswith("/Bucket"))
    cloud.fault("deny", "batchGetAssetsHistory.*IAM_POLICY", detail="cloudasset.assets.exportIamPolicy")
    read = await _read(provider, cloud, ResourceTarget(native_id=bucket.name, native_type=bucket.asset_type))
    assert read.resources[0].unread_fields == {"iamPolicy": "missing permission cloudasset.assets.exportIamPolicy"}
    assert read.errors[0].permission == "cloudasset.assets.exportIamPolicy"


async def test_single_projects_and_folders_read_again_in_their_own_unit(
    cloud: GcpHandle, provider: GcpProvider
) -> None:
    machine = _machine(cloud)
    target = ResourceTarget(native_id=machine.name, native_type=machine.asset_type, account=machine.project)
    read = await _read(provider, cloud, target, scope={"projects": ["another", machine.project]})
    assert (read.unit.account, read.resources[0].account) == (machine.project, "")
    folder = machine.ancestors[1]
    read = await _read(provider, cloud, target, scope={"folder": folder})
    assert (read.unit.account, read.resources[0].account) == (folder, machine.project)


async def test_the_newest_of_several_states_counts_whatever_its_order(cloud: GcpHandle, provider: GcpProvider) -> None:
    machine = _machine(cloud)

    def state(at: str, status: str) -> dict[str, Any]:
        listed = machine.listed("RESOURCE") or {}
        resource = {**listed["resource"], "data": {**listed["resource"]["data"], "status": status}}
        return {"window": {"startTime": at}, "asset": {**listed, "resource": resource}}

    states = [state("2026-11-20T10:00:00.500Z", "NEWEST"), state("2026-11-20T10:00:00Z", "OLD"), {}, None]
    cloud.fault("body", "contentType=RESOURCE", detail=json.dumps({"assets": states}), times=1)
    read = await _read(provider, cloud, ResourceTarget(native_id=machine.name, native_type=machine.asset_type))
    assert read.resources[0].status == "NEWEST"


# Google's published sample of a feed message, with what it leaves out.
_ASSET = {"name": "//storage.googleapis.com/b", "assetType": "storage.googleapis.com/Bucket"}


@pytest.mark.parametrize(("told", "action"), [
    ({"asset": _ASSET, "priorAssetState": "DOES_NOT_EXIST"}, "cloudasset.create"),
    ({"asset": _ASSET, "priorAssetState": "PRESENT", "priorAsset": _ASSET}, "cloudasset.update"),
    ({"asset": {**_ASSET, "iamPolicy": {"bindings": []}}, "priorAssetState": "PRESENT"}, "cloudasset.setIamPolicy"),
    ({"asset": _ASSET, "deleted": True}, "cloudasset.delete"),
    ({"asset": {**_ASSET, "ancestors": None, "resource": None}, "window": None}, "cloudasset.create"),
    ({"asset": {}, "priorAsset": _ASSET, "deleted": True}, "cloudasset.delete"),
])  # fmt: skip
def test_messages_tell_what_was_done(told: dict[str, Any], action: str, provider: GcpProvider) -> None:
    (event,) = provider.parse_events(push_envelope(told))
    assert (event.action, event.targets[0].native_id, event.actor) == (action, "//storage.googleapis.com/b", None)


def test_messages_about_nothing_tell_nothing(provider: GcpProvider) -> None:
    welcome = "You have successfully configured real-time feed projects/1/feeds/cloudops."
    documents: list[Any] = [welcome, {}, {"asset": None}, {"asset": {"name": 7}}, {"window": {}}]
    for document in documents:
        assert list(provider.parse_events(push_envelope(document))) == []
    assert list(provider.parse_events({"message": {"messageId": "1"}})) == []


@pytest.mark.parametrize("message", [
    {}, {"message": None}, {"message": {"data": 7}}, {"message": {"data": "no base64!"}}, {"events": []},
])  # fmt: skip
def test_what_is_no_message_is_refused(message: dict[str, Any], provider: GcpProvider) -> None:
    with pytest.raises(ProviderError) as caught:
        provider.parse_events(message)
    assert caught.value.kind is ErrorKind.INVALID_ANSWER


def test_a_message_without_its_wrapper_is_told_apart_by_its_content(provider: GcpProvider) -> None:
    told = {"asset": _ASSET, "window": {"startTime": "2026-11-20T10:00:00.123456789Z"}}
    first, again = (provider.parse_events(told)[0] for _ in range(2))
    later = provider.parse_events({**told, "window": {"startTime": "2026-11-20T10:00:01Z"}})[0]
    assert first.id == again.id != later.id
    assert first.at == datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)


def test_the_simulator_signs_pushes_with_the_keys_that_it_shows(cloud: GcpHandle) -> None:
    request = Request(method="GET", path="/oauth2/v3/certs", query={}, headers={}, body=b"")
    keys = KeySet.import_key_set(json.loads(cloud.api.answer(request).body))
    token = cloud.tokens.push_token("https://cloudops.example", "push@acme.example", exp=7)
    claims = json.loads(jws.deserialize_compact(token, keys.keys[0]).payload)
    assert (claims["aud"], claims["email"], claims["exp"]) == ("https://cloudops.example", "push@acme.example", 7)
    head, _, signature = token.split(".")
    other = base64.urlsafe_b64encode(b'{"a":1}').decode().rstrip("=")
    forged = f"{head}.{other}.{signature}"
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(forged, keys.keys[0])


async def test_nothing_is_polled(steady: GcpHandle, provider: GcpProvider) -> None:
    connection = connection_to(steady)
    assert await provider.receive_events(connection, {}, wait_seconds=1) == ()
    await provider.confirm_events(connection, {}, ["x"])


async def test_the_activity_log_says_who_changed_what(cloud: GcpHandle, provider: GcpProvider) -> None:
    machine = _machine(cloud)
    assets = list(cloud.estate)
    secret = next(asset for asset in assets if asset.asset_type == "secretmanager.googleapis.com/Secret")
    cloud.audit(machine, "v1.compute.instances.stop", "priya@acme.example", "2026-11-20T10:00:05Z")
    cloud.audit(machine, "v1.compute.instances.start", "omar@acme.example", "2026-11-20T09:00:00Z")
    cloud.audit(
        secret, "google.cloud.secretmanager.v1.SecretManagerService.UpdateSecret", "x@y", "2026-11-20T10:00:06Z"
    )
    connection, unit = connection_to(cloud), unit_of(cloud, "compute")
    since = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    (event,) = await provider.find_actors(connection, unit, since, budget_seconds=60)
    assert (event.actor, event.action) == ("priya@acme.example", "v1.compute.instances.stop")
    assert (event.targets[0].native_id, event.account) == (machine.name, machine.project)
    before = since - timedelta(hours=1)
    two = await provider.find_actors(connection, unit, before, budget_seconds=60)
    assert [event.actor for event in two] == ["omar@acme.example", "priya@acme.example"]
    other = await provider.find_actors(connection, unit_of(cloud, "security"), since, budget_seconds=60)
    found = resources_of([await collect_one(provider, cloud, "security")])
    assert other[0].targets[0].native_id in {secret.name, *found[secret.name].aliases}


async def test_a_log_that_may_not_be_read_names_the_permission(cloud: GcpHandle, provider: GcpProvider) -> None:
    cloud.api.denied_permissions.add("logging.logEntries.list")
    with pytest.raises(ProviderError) as caught:
        await provider.find_actors(connection_to(cloud), unit_of(cloud, "iam"), datetime.now(UTC), budget_seconds=5)
    assert caught.value.permission == "logging.logEntries.list"


async def test_entries_of_odd_shapes_are_passed_over(cloud: GcpHandle, provider: GcpProvider) -> None:
    entries: list[Any] = [
        None, 7, {}, {"protoPayload": None}, {"protoPayload": {"serviceName": 7, "resourceName": None}},
        {"timestamp": "never", "protoPayload": {"serviceName": "iam.googleapis.com", "resourceName": "projects/x"}},
        {"timestamp": "2026-11-20T10:00:00Z", "protoPayload": {"serviceName": "k8s.io", "resourceName": "core/pods"}},
        {"timestamp": "2026-11-20T10:00:00Z", "protoPayload": {
            "serviceName": "iam.googleapis.com", "resourceName": "projects/-/serviceAccounts/1",
            "authenticationInfo": {"principalEmail": ["no"]}}, "resource": {"labels": {"project_id": "p"}}},
    ]  # fmt: skip
    cloud.fault("body", "entries:list", detail=json.dumps({"entries": entries}))
    unit = unit_of(cloud, "iam")
    (event,) = await provider.find_actors(connection_to(cloud), unit, datetime.now(UTC), budget_seconds=5)
    assert (event.actor, event.targets[0].native_id) == (None, "//iam.googleapis.com/projects/p/serviceAccounts/1")


async def test_a_child_is_the_same_identity_looking_at_one_project(cloud: GcpHandle, provider: GcpProvider) -> None:
    project = next(cloud.estate.projects()).id
    child: Connection = provider.connect_child(connection_to(cloud), project)
    assert dict(child.scope) == {"projects": [project]}
    assert dataclasses.replace(child, scope=connection_to(cloud).scope) == connection_to(cloud)
