"""The simulator through Google's own clients: what they understand, Google would have sent."""

from collections.abc import Iterator

import pytest
from google.api_core import exceptions
from google.auth.transport.requests import Request
from google.cloud import asset_v1, resourcemanager_v3
from google.cloud.asset_v1.services.asset_service.transports.rest import AssetServiceRestTransport
from google.cloud.resourcemanager_v3.services.folders.transports.rest import FoldersRestTransport
from google.cloud.resourcemanager_v3.services.projects.transports.rest import ProjectsRestTransport
from google.oauth2 import service_account

from simulators.common import Fault
from simulators.gcp import GcpHandle, make_estate, serve


@pytest.fixture(scope="module")
def running() -> Iterator[GcpHandle]:
    made = serve(make_estate())
    yield made
    made.stop()


@pytest.fixture(scope="module")
def credentials(running: GcpHandle) -> service_account.Credentials:
    key = running.credentials()["key"]
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    return service_account.Credentials.from_service_account_info(key, scopes=scopes)  # type: ignore[no-untyped-call, no-any-return]


@pytest.fixture(scope="module")
def assets(running: GcpHandle, credentials: service_account.Credentials) -> asset_v1.AssetServiceClient:
    transport = AssetServiceRestTransport(
        host=running.url.removeprefix("http://"), credentials=credentials, url_scheme="http"
    )
    return asset_v1.AssetServiceClient(transport=transport)


@pytest.fixture
def organization(running: GcpHandle) -> str:
    return f"organizations/{running.estate.organization}"


@pytest.fixture(autouse=True)
def well(running: GcpHandle) -> Iterator[None]:
    yield
    running.faults.clear()
    running.api.denied_permissions.clear()


def test_googles_client_reads_every_asset_with_its_configuration(
    running: GcpHandle, assets: asset_v1.AssetServiceClient, organization: str
) -> None:
    request = asset_v1.ListAssetsRequest(parent=organization, content_type=asset_v1.ContentType.RESOURCE, page_size=50)
    pager = assets.list_assets(request=request)
    held = {asset.name: asset for asset in running.estate if asset.resource is not None}
    found = {asset.name: asset for asset in pager}
    assert set(found) == set(held)
    for name, asset in found.items():
        listed = held[name].resource or {}
        assert asset.asset_type == held[name].asset_type
        assert list(asset.ancestors) == list(held[name].ancestors)
        assert asset.resource.location == listed.get("location", "")
        data = asset_v1.Resource.to_dict(asset.resource)["data"] or {}
        assert set(data) == set(listed["data"])
    assert len(running.calls.all("pageToken")) >= len(held) // 50 - 1


def test_googles_client_reads_policies_by_types_and_patterns(
    running: GcpHandle, assets: asset_v1.AssetServiceClient, organization: str
) -> None:
    for wanted in (["storage.googleapis.com/Bucket"], ["storage.*"], [".*Bucket", "iam.googleapis.com.*"]):
        request = asset_v1.ListAssetsRequest(
            parent=organization, content_type=asset_v1.ContentType.IAM_POLICY, asset_types=wanted
        )
        found = list(assets.list_assets(request=request))
        assert any(asset.asset_type.endswith("/Bucket") for asset in found)
        assert all(asset.iam_policy.bindings or asset.iam_policy.etag for asset in found)
        assert all(not asset.resource.data for asset in found)
    members = {member for asset in found for binding in asset.iam_policy.bindings for member in binding.members}
    assert any(member.startswith("serviceAccount:") for member in members)


def test_googles_client_reads_single_assets_and_deleted_ones(
    assets: asset_v1.AssetServiceClient, credentials: service_account.Credentials
) -> None:
    own = serve(make_estate())
    try:
        key = own.credentials()["key"]
        signed = service_account.Credentials.from_service_account_info(key, scopes=["x"])  # type: ignore[no-untyped-call]
        host = own.url.removeprefix("http://")
        client = asset_v1.AssetServiceClient(
            transport=AssetServiceRestTransport(host=host, credentials=signed, url_scheme="http")
        )
        kept, gone = [asset for asset in own.estate if asset.asset_type.endswith("/Bucket")][:2]
        own.estate.delete(gone.name)
        answer = client.batch_get_assets_history(
            request={
                "parent": f"organizations/{own.estate.organization}",
                "asset_names": [kept.name, gone.name],
                "content_type": asset_v1.ContentType.RESOURCE,
                "read_time_window": {"start_time": {"seconds": 1763600000}},
            }
        )
    finally:
        own.stop()
    states = {state.asset.name: state for state in answer.assets}
    assert (states[kept.name].deleted, states[gone.name].deleted) == (False, True)
    assert states[kept.name].asset.resource.data["name"] == kept.name.rpartition("/")[2]


def test_googles_client_understands_refusals(
    running: GcpHandle, assets: asset_v1.AssetServiceClient, organization: str
) -> None:
    running.api.denied_permissions.add("cloudasset.assets.listResource")
    request = asset_v1.ListAssetsRequest(parent=organization, content_type=asset_v1.ContentType.RESOURCE)
    with pytest.raises(exceptions.Forbidden) as denied:
        list(assets.list_assets(request=request))
    assert denied.value.reason == "IAM_PERMISSION_DENIED"
    assert denied.value.metadata == {"permission": "cloudasset.assets.listResource"}
    running.api.denied_permissions.clear()
    with pytest.raises(exceptions.Forbidden):
        list(assets.list_assets(request=asset_v1.ListAssetsRequest(parent="organizations/1")))
    with pytest.raises(exceptions.BadRequest):
        list(assets.list_assets(request=asset_v1.ListAssetsRequest(parent=organization, page_token="stale")))
    running.faults.add(Fault(kind="throttle", match="/assets", seconds=1, times=1))
    with pytest.raises(exceptions.TooManyRequests) as throttled:
        assets.list_assets(request=request, retry=None)
    assert throttled.value.reason == "RATE_LIMIT_EXCEEDED"
    assert throttled.value.response.headers["retry-after"] == "1"


def test_googles_clients_read_projects_and_folders(
    running: GcpHandle, credentials: service_account.Credentials
) -> None:
    host = running.url.removeprefix("http://")
    projects = resourcemanager_v3.ProjectsClient(
        transport=ProjectsRestTransport(host=host, credentials=credentials, url_scheme="http")
    )
    found = {project.project_id: project for project in projects.search_projects(query="")}
    held = {project.id: project for project in running.estate.projects()}
    assert set(found) == set(held)
    assert all(found[name].name == f"projects/{held[name].number}" for name in held)
    folders = resourcemanager_v3.FoldersClient(
        transport=FoldersRestTransport(host=host, credentials=credentials, url_scheme="http")
    )
    below = folders.list_folders(parent=f"organizations/{running.estate.organization}")
    assert {folder.name for folder in below} >= {project.folder for project in held.values()} - {""}


def test_tokens_are_given_for_a_signed_assertion_only(
    running: GcpHandle, credentials: service_account.Credentials
) -> None:
    credentials.refresh(Request())  # type: ignore[no-untyped-call]
    assert str(credentials.token).startswith("ya29.")
    other = serve(make_estate(seed=9))
    try:
        key = {**other.credentials()["key"], "token_uri": f"{running.url}/token"}
        stranger = service_account.Credentials.from_service_account_info(key, scopes=["x"])  # type: ignore[no-untyped-call]
        with pytest.raises(Exception, match="invalid_grant"):
            stranger.refresh(Request())
    finally:
        other.stop()
