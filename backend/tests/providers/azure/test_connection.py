"""What a connection test finds: the identity, what is missing, and the role that grants it."""

from typing import Any

import pytest
from app.providers.azure import AzureProvider
from app.providers.azure.permissions import Rights, grant_for
from app.providers.base import ErrorKind, ProviderError
from tests.providers.azure.conftest import connection_to

from simulators.azure import DEFAULT_CLIENT, AzureSimulator, Grant
from simulators.azure.company.maker import DEV, PROD, SHARED

VAULT = "Microsoft.KeyVault/vaults"


async def test_a_reader_of_everything_misses_nothing(steady: AzureSimulator, provider: AzureProvider) -> None:
    report = await provider.test(connection_to(steady))
    assert [check for check in report.checks if not check.ok] == []
    assert (report.ok, report.grant) == (True, None)
    assert (report.account, report.identity) == (steady.estate.tenant_id, DEFAULT_CLIENT)
    permissions = {check.permission for check in report.checks}
    assert {f"{VAULT}/read", f"{VAULT}/secrets/read", "Microsoft.Compute/virtualMachines/read"} <= permissions
    assert any("secret" in warning for warning in report.warnings)
    assert any("not encrypted" in warning for warning in report.warnings)


async def test_missing_permissions_are_named_with_the_role_that_grants_them(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    lacking = (f"{VAULT}/secrets/read", "Microsoft.Compute/disks/read")
    cloud.estate.grants = [Grant(not_actions=lacking)]
    report = await provider.test(connection_to(cloud))
    assert not report.ok
    missing = {check.permission for check in report.checks if not check.ok}
    assert missing == set(lacking)
    assert report.grant is not None
    assert report.grant["Actions"] == sorted(lacking)
    assert report.grant["AssignableScopes"] == [f"/subscriptions/{number}" for number in sorted((PROD, SHARED, DEV))]
    assert report.grant["IsCustom"] is True
    cloud.estate.grants = [Grant(not_actions=lacking), Grant(actions=tuple(report.grant["Actions"]))]
    assert (await provider.test(connection_to(cloud))).ok


async def test_an_identity_without_a_role_is_told_what_it_needs(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.estate.grants = []
    report = await provider.test(connection_to(cloud))
    assert not report.ok
    assert report.grant is not None
    assert report.grant["Actions"] == ["*/read"]
    tenant = f"/providers/Microsoft.Management/managementGroups/{cloud.estate.tenant_id}"
    assert report.grant["AssignableScopes"] == [tenant]


async def test_a_subscription_that_is_not_seen_is_a_failed_check(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    cloud.estate.grants = [Grant(scope=f"/subscriptions/{PROD}")]
    report = await provider.test(connection_to(cloud, scope={"subscriptions": [PROD, DEV]}))
    failed = [check for check in report.checks if not check.ok]
    assert [check.permission for check in failed] == ["*/read"]
    assert DEV in failed[0].detail
    assert report.grant is not None
    assert f"/subscriptions/{DEV}" in report.grant["AssignableScopes"]
    with pytest.raises(ProviderError):
        await provider.discover(connection_to(cloud, scope={"subscriptions": [PROD, DEV]}))


async def test_wrong_credentials_and_addresses_are_errors_not_reports(
    steady: AzureSimulator, provider: AzureProvider
) -> None:
    credentials = connection_to(steady).credentials
    wrong = connection_to(steady, credentials={**credentials, "client_secret": "x"}, connection_id="wrong")
    with pytest.raises(ProviderError) as caught:
        await provider.test(wrong)
    assert caught.value.kind is ErrorKind.BAD_CREDENTIALS
    with pytest.raises(ProviderError) as caught:
        await provider.test(connection_to(steady, endpoint_url="http://127.0.0.1:9", connection_id="nobody"))
    assert caught.value.kind is ErrorKind.UNREACHABLE
    missing = connection_to(steady, credentials={"kind": "client_secret", "tenant_id": "t"}, connection_id="half")
    with pytest.raises(ProviderError) as caught:
        await provider.test(missing)
    assert caught.value.kind is ErrorKind.BAD_CREDENTIALS


async def test_a_group_that_there_is_not_is_an_error(steady: AzureSimulator, provider: AzureProvider) -> None:
    with pytest.raises(ProviderError, match="not found"):
        await provider.test(connection_to(steady, scope={"management_group": "nowhere"}))


@pytest.mark.parametrize(
    ("actions", "taken", "wanted", "allowed"),
    [
        (["*/read"], [], "Microsoft.Compute/disks/read", True),
        (["*"], [], "Microsoft.Compute/disks/read", True),
        (["*/read"], ["Microsoft.Compute/*"], "Microsoft.Compute/disks/read", False),
        (["MICROSOFT.COMPUTE/DISKS/READ"], [], "Microsoft.Compute/disks/read", True),
        (["Microsoft.Compute/*/read"], [], "Microsoft.Network/dnszones/read", False),
        (["Microsoft.Compute.read"], [], "Microsoft.Compute/read", False),
        ([], [], "Microsoft.Compute/disks/read", False),
    ],
)
def test_rights_by_patterns(actions: list[str], taken: list[str], wanted: str, allowed: bool) -> None:
    assert Rights.from_answer([{"actions": actions, "notActions": taken}]).allow(wanted) is allowed


def test_what_one_role_takes_away_another_may_give() -> None:
    roles: list[dict[str, Any]] = [
        {"actions": ["*/read"], "notActions": ["A.B/c/read"]},
        {"actions": ["A.B/*"], "notActions": None},
    ]
    assert Rights.from_answer(roles).allow("A.B/c/read")


def test_nothing_missing_needs_no_role() -> None:
    assert grant_for([], ["/subscriptions/x"]) is None
