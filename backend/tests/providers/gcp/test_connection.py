"""What a connection test finds, and what it asks the owner to grant."""

import pytest
from app.providers.base import ErrorKind, ProviderError, UnitState
from app.providers.gcp import GcpProvider
from app.providers.gcp.errors import from_answer
from app.providers.gcp.grants import grant_for, needed_permissions
from tests.providers.gcp.conftest import collect_one, connection_to

from simulators.gcp import GcpHandle

PERMISSIONS = [
    "cloudasset.assets.listResource", "cloudasset.assets.listIamPolicy", "cloudasset.assets.exportResource",
    "cloudasset.assets.exportIamPolicy", "apikeys.keys.list", "logging.logEntries.list",
]  # fmt: skip


async def test_all_is_well_where_everything_may_be_read(steady: GcpHandle, provider: GcpProvider) -> None:
    report = await provider.test(connection_to(steady))
    assert (report.ok, report.grant) == (True, None)
    assert report.account == f"organizations/{steady.estate.organization}"
    assert report.identity == steady.tokens.email
    assert sorted(check.permission for check in report.checks) == sorted(PERMISSIONS) == needed_permissions()
    assert report.warnings == ["Keys of service accounts can leak. Workload identity federation is safer."]


@pytest.mark.parametrize("permission", PERMISSIONS)
async def test_the_missing_permission_of_each_read_is_named_and_granted(
    permission: str, cloud: GcpHandle, provider: GcpProvider
) -> None:
    cloud.api.denied_permissions.add(permission)
    report = await provider.test(connection_to(cloud))
    assert not report.ok
    assert [check.permission for check in report.checks if not check.ok] == [permission]
    assert next(check.detail for check in report.checks if not check.ok).startswith(f"missing permission {permission}")
    assert report.grant is not None
    assert report.grant["role"]["includedPermissions"] == [permission]
    organization = cloud.estate.organization
    create, bind = report.grant["commands"]
    assert create == (
        f"gcloud iam roles create cloudOpsReader --organization={organization} --title='CloudOps reader'"
        f" --permissions={permission}"
        f" || gcloud iam roles update cloudOpsReader --organization={organization} --add-permissions={permission}"
    )
    assert bind == (
        f"gcloud organizations add-iam-policy-binding {organization}"
        f" --member='serviceAccount:{cloud.tokens.email}' --role=organizations/{organization}/roles/cloudOpsReader"
    )


async def test_an_interface_that_is_off_is_to_be_switched_on(cloud: GcpHandle, provider: GcpProvider) -> None:
    body = (
        '{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Cloud Asset API has not been used in'
        ' project 1 before or it is disabled.", "details": [{"reason": "SERVICE_DISABLED", "metadata": {}}]}}'
    )
    error = from_answer(403, body.encode(), {}, "cloudasset.assets.list", "cloudasset.assets.listResource")
    assert (error.kind, error.permission) == (ErrorKind.NOT_ENABLED, None)
    cloud.fault("status", "/assets|batchGet", status=404, detail="Cloud Asset API is disabled.")
    report = await provider.test(connection_to(cloud))
    assert not report.ok
    assert report.grant is not None
    project = cloud.tokens.project
    assert report.grant["commands"] == [f"gcloud services enable cloudasset.googleapis.com --project={project}"]
    result = await collect_one(provider, cloud, "storage")
    assert (result.state, result.errors[0].kind) == (UnitState.FAILED, ErrorKind.NOT_ENABLED)


async def test_services_that_a_project_does_not_use_are_no_fault(cloud: GcpHandle, provider: GcpProvider) -> None:
    cloud.fault("status", "/locations/global/keys", status=404)
    report = await provider.test(connection_to(cloud))
    assert (report.ok, report.grant) == (True, None)


@pytest.mark.parametrize(("fault", "kind"), [
    ({"kind": "status", "status": 401}, ErrorKind.BAD_CREDENTIALS),
])  # fmt: skip
async def test_where_no_token_is_given_nothing_is_tried(
    fault: dict[str, object], kind: ErrorKind, cloud: GcpHandle, provider: GcpProvider
) -> None:
    cloud.fault(match="POST /token", **fault)  # type: ignore[arg-type]
    with pytest.raises(ProviderError) as caught:
        await provider.test(connection_to(cloud))
    assert caught.value.kind is kind
    assert "private_key" not in str(caught.value)


async def test_an_address_where_nobody_answers_is_said(provider: GcpProvider, cloud: GcpHandle) -> None:
    connection = connection_to(cloud)
    cloud.stop()
    with pytest.raises(ProviderError) as caught:
        await provider.test(connection)
    assert caught.value.kind is ErrorKind.UNREACHABLE


def test_a_perimeter_is_no_missing_permission() -> None:
    body = (
        '{"error": {"code": 403, "message": "Request is prohibited by organization\'s policy.'
        ' vpcServiceControlsUniqueIdentifier: abc", "status": "PERMISSION_DENIED"}}'
    )
    error = from_answer(403, body.encode(), {}, "cloudasset.assets.list", "cloudasset.assets.listResource")
    assert (error.kind, error.permission) == (ErrorKind.ACCESS_DENIED, None)
    assert "prohibited" in error.told


def test_errors_of_odd_shapes_are_still_errors() -> None:
    for body in (
        b"",
        b"[]",
        b'{"error": 7}',
        b'{"error": {"details": 7, "errors": "x"}}',
        b"\xff",
        b'{"error": "bad"}',
    ):
        error = from_answer(403, body, {"retry-after": "soon"}, "c", "p.q.r")
        assert (error.kind, error.permission, error.retry_after) == (ErrorKind.ACCESS_DENIED, "p.q.r", 0.0)


def test_a_folders_role_is_made_in_its_organization_and_bound_to_the_folder() -> None:
    made = grant_for(["apikeys.keys.list"], ["folders/22"], "reader@p.iam.gserviceaccount.com")
    assert made is not None
    create, bind = made["commands"]
    assert "--organization=ORGANIZATION_ID" in create
    assert bind.startswith("gcloud resource-manager folders add-iam-policy-binding 22 ")
    assert bind.endswith("--role=organizations/ORGANIZATION_ID/roles/cloudOpsReader")
    project = grant_for(["a.b.c"], ["projects/p"], "")
    assert project is not None
    assert project["commands"][1] == (
        "gcloud projects add-iam-policy-binding p --member='MEMBER' --role=projects/p/roles/cloudOpsReader"
    )
