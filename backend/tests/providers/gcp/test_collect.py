"""What the simulator holds against what the adapter returns, resource by resource."""

import asyncio
import copy
from typing import Any

import pytest
from app.providers.base import Connection, ErrorKind, ProviderError, UnitState, stable_properties
from app.providers.gcp import GcpProvider, listing
from app.providers.gcp.catalogue import GROUPS, TYPES, group_of
from tests.providers.gcp.conftest import collect_all, collect_one, connection_to, resources_of

from simulators.gcp import Asset, GcpHandle, make_estate, serve

_DERIVED = ("openToInternet", "secretLikeVariables", "ancestors", "restrictions")


def _differences(told: Any, held: Any, path: str = "") -> list[str]:
    """Paths where what is told is neither what is held nor a redaction of it."""
    if isinstance(held, dict) and isinstance(told, dict):
        names = set(held) | set(told)
        return [found for name in names for found in _differences(told.get(name), held.get(name), f"{path}.{name}")]
    if isinstance(held, list) and isinstance(told, list) and len(held) == len(told):
        pairs = enumerate(zip(told, held, strict=True))
        return [found for index, (one, other) in pairs for found in _differences(one, other, f"{path}[{index}]")]
    redacted = isinstance(told, str) and "(redacted)" in told and isinstance(held, str)
    return [] if told == held or redacted else [path]


async def test_every_asset_comes_once_with_its_whole_configuration(steady: GcpHandle, provider: GcpProvider) -> None:
    results = await collect_all(provider, connection_to(steady))
    found = resources_of(results)
    held = {asset.name: asset for asset in steady.estate}
    assert [result.unit.service for result in results if result.state is not UnitState.COMPLETE] == []
    assert sorted(found) == sorted(held)
    assert sum(len(result.resources) for result in results) == len(held)
    for name, asset in held.items():
        told = copy.deepcopy(dict(found[name].properties))
        for derived in _DERIVED:
            told.pop(derived, None)
        expected = dict((asset.resource or {}).get("data") or {})
        if asset.policy is not None:
            expected["iamPolicy"] = asset.policy
        assert _differences(told, expected) == [], name
        assert found[name].native_type == asset.asset_type


async def test_what_the_resources_are_called_and_where_they_are(steady: GcpHandle, provider: GcpProvider) -> None:
    connection = connection_to(steady)
    found = resources_of(await collect_all(provider, connection))
    projects = {project.name: project for project in steady.estate.projects()}
    prod = projects["Acme prod"]
    machine = found[f"//compute.googleapis.com/projects/{prod.id}/zones/europe-west1-b/instances/storefront-prod-1"]
    assert (machine.type, machine.name, machine.region, machine.status) == (
        "compute.instance", "storefront-prod-1", "europe-west1", "RUNNING"
    )  # fmt: skip
    assert machine.account == prod.id
    assert machine.tags["team"] == "web"
    assert machine.created_at is not None
    number = machine.properties["id"]
    assert number in machine.aliases
    assert machine.properties["selfLink"] in machine.aliases
    assert f"//compute.googleapis.com/projects/{prod.number}/zones/europe-west1-b/instances/{number}" in machine.aliases
    bucket = found[f"//storage.googleapis.com/{prod.id}-assets"]
    assert (bucket.account, bucket.type, bucket.region) == (prod.id, "storage.bucket", "europe-west1")
    secret = found[f"//secretmanager.googleapis.com/projects/{prod.number}/secrets/db-password"]
    assert (secret.account, secret.region) == (prod.id, "global")
    assert f"//secretmanager.googleapis.com/projects/{prod.id}/secrets/db-password" in secret.aliases
    organization = found[f"//cloudresourcemanager.googleapis.com/organizations/{steady.estate.organization}"]
    assert (organization.account, organization.name) == ("", "acme.example")


async def test_secret_values_are_gone_and_scripts_stay(steady: GcpHandle, provider: GcpProvider) -> None:
    results = await collect_all(provider, connection_to(steady))
    text = repr([resource.properties for result in results for resource in result.resources])
    for secret in ("hunter2secret", "correct horse", "AAAAC3NzaC1lZDI1NTE5", "do-not-show-this", "hidden-client-secret",
                   "please-redact", "never-show", "sk_live_abcdefgh", "abc123def456", "s3cr3t-push-token"):  # fmt: skip
        assert secret not in text
    assert "apt-get install -y nginx" in text
    functions = [entry for entry in resources_of(results).values() if entry.native_type.endswith("/Function")]
    assert all(entry.properties["secretLikeVariables"] == ["API_TOKEN"] for entry in functions)


async def test_relations_lead_to_resources_that_were_read(steady: GcpHandle, provider: GcpProvider) -> None:
    results = await collect_all(provider, connection_to(steady))
    found = resources_of(results)
    known = set(found) | {alias for resource in found.values() for alias in resource.aliases}
    edges = {(edge.source, edge.kind, edge.target) for result in results for edge in result.relations}
    hanging = {end for source, _, target in edges for end in (source, target)} - known
    # Only what is Google's own, another cloud's, or an address is outside.
    outside = ("debian-cloud", "default-internet-gateway", "gserviceaccount.com", "203.0.113", "billingAccounts",
               "10.11.0.20", "acme.example", "acme.internal", "acme-org-logs", "machineTypes")  # fmt: skip
    assert sorted(end for end in hanging if not any(word in end for word in outside) and end != "default") == []
    kinds = {kind for _, kind, _ in edges}
    assert kinds >= {"contains", "attached-to", "uses", "routes-to", "targets", "encrypts-with", "logs-to", "assumes",
                     "peers-with", "trusts", "resolves-to", "snapshot-of", "triggers"}  # fmt: skip
    projects = {project.name: project.id for project in steady.estate.projects()}
    prod, net = projects["Acme prod"], projects["Acme net"]
    base = f"//compute.googleapis.com/projects/{prod}"
    chain = [
        (f"{base}/global/forwardingRules/shop-https", "targets", f"{base}/global/targetHttpsProxies/shop"),
        (f"{base}/global/targetHttpsProxies/shop", "routes-to", f"{base}/global/urlMaps/shop"),
        (f"{base}/global/urlMaps/shop", "targets", f"{base}/global/backendServices/shop"),
        (f"{base}/global/networks/acme-prod", "peers-with",
         f"//compute.googleapis.com/projects/{net}/global/networks/acme-net"),
    ]  # fmt: skip
    assert [edge for edge in chain if edge not in edges] == []


async def test_types_that_nobody_knows_are_read_too(cloud: GcpHandle, provider: GcpProvider) -> None:
    project = next(cloud.estate.projects())
    wanted = {
        "compute.googleapis.com/Hologram": "compute", "quantum.googleapis.com/Qubit": "other",
        "anthos.cloud.google.com/Thing": "other", "new.k8s.io/Widget": "containers",
        "computes.googleapis.com/X": "other",
    }  # fmt: skip
    data = {"labels": [1, 2], "state": 7, "createTime": {"odd": True}, "weird": None}
    for asset_type in wanted:
        cloud.estate.put(
            Asset(
                name=f"//{asset_type.partition('/')[0]}/projects/{project.id}/things/one",
                asset_type=asset_type,
                project=project.id,
                ancestors=project.ancestors,
                updated_at="2026-11-01T00:00:00Z",
                resource={"version": "v9", "data": data},
            )
        )
    results = await collect_all(provider, connection_to(cloud))
    found = {resource.native_type: result.unit.service for result in results for resource in result.resources}
    assert {name: found.get(name) for name in wanted} == wanted
    assert all(group_of(name) == group for name, group in wanted.items())
    assert all(result.covers_all_types for result in results)


async def test_paging_takes_every_page(
    steady: GcpHandle, provider: GcpProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(steady.calls.all("/assets"))
    monkeypatch.setattr(listing.pages, "__kwdefaults__", {"size": 7})
    result = await collect_one(provider, steady, "compute")
    held = [asset.name for asset in steady.estate if group_of(asset.asset_type) == "compute"]
    assert sorted(resource.native_id for resource in result.resources) == sorted(held)
    assert len(steady.calls.all("/assets")) - before > len(held) / 7


async def test_a_folder_and_single_projects_show_only_what_is_theirs(steady: GcpHandle, provider: GcpProvider) -> None:
    projects = list(steady.estate.projects())
    folder = projects[0].folder
    below = [asset.name for asset in steady.estate if folder in asset.ancestors]
    found = resources_of(await collect_all(provider, connection_to(steady, scope={"folder": folder.partition("/")[2]})))
    assert sorted(found) == sorted(below)
    chosen = [projects[0].id, projects[2].id]
    results = await collect_all(provider, connection_to(steady, scope={"projects": chosen}))
    own = [asset.name for asset in steady.estate if asset.project in chosen]
    assert sorted(resources_of(results)) == sorted(own)
    assert {result.unit.account for result in results} == set(chosen)
    assert {resource.account for result in results for resource in result.resources} == {""}


async def test_the_projects_of_an_organization_are_found_with_their_folders(
    steady: GcpHandle, provider: GcpProvider
) -> None:
    found = {account.native_account: account for account in await provider.discover(connection_to(steady))}
    assert set(found) == {project.id for project in steady.estate.projects()}
    pay = next(account for account in found.values() if account.name == "Acme pay")
    assert (pay.kind, list(pay.path), pay.is_active) == ("project", ["acme.example", "production"], True)
    one = connection_to(steady, scope={"projects": [pay.native_account]})
    assert list(await provider.discover(one)) == []


async def test_two_accounts_with_different_content_at_once_stay_apart(provider: GcpProvider) -> None:
    first, second = serve(make_estate(seed=1)), serve(make_estate(seed=2))
    try:
        one, two = await asyncio.gather(
            collect_all(provider, connection_to(first)), collect_all(provider, connection_to(second))
        )
    finally:
        first.stop()
        second.stop()
    assert sorted(resources_of(one)) == sorted(asset.name for asset in first.estate)
    assert sorted(resources_of(two)) == sorted(asset.name for asset in second.estate)
    assert len(set(resources_of(one)) & set(resources_of(two))) < 5


async def test_the_same_estate_read_twice_is_the_same(steady: GcpHandle, provider: GcpProvider) -> None:
    connection = connection_to(steady)
    first, second = [resources_of(await collect_all(provider, connection)) for _ in range(2)]
    assert {name: stable_properties(resource) for name, resource in first.items()} == {
        name: stable_properties(resource) for name, resource in second.items()
    }


async def test_federation_and_a_pasted_key_work_as_a_key_does(
    steady: GcpHandle, provider: GcpProvider, tmp_path: Any
) -> None:
    token = tmp_path / "token"
    token.write_text("a-federated-subject-token")
    federated = steady.federated_credentials(str(token))
    result = await collect_one(provider, steady, "messaging", credentials=federated, connection_id="federated")
    assert result.state is UnitState.COMPLETE
    token.write_text("a-stranger's-token")
    refused = await collect_one(provider, steady, "messaging", credentials=federated, connection_id="stranger")
    assert (refused.state, refused.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)


_TOKENS, _EXCHANGE = "https://oauth2.googleapis.com/token", "https://sts.googleapis.com/v1/token"
_BUCKET = "https://storage.googleapis.com/upload/storage/v1/b/mine/o?uploadType=media&name=x"


def _key(**changes: Any) -> dict[str, Any]:
    key = {"client_email": "a@b", "private_key": "x", "token_uri": _TOKENS, **changes}
    return {"kind": "service_account", "key": {name: value for name, value in key.items() if value is not None}}


def _federation(source: Any, **changes: Any) -> dict[str, Any]:
    config = {"type": "external_account", "token_url": _EXCHANGE, "credential_source": source, **changes}
    return {"kind": "workload_identity", "config": config}


@pytest.mark.parametrize(
    "credentials",
    [
        _key(token_uri="http://10.0.0.1/t"),
        _key(private_key=None),
        _key(private_key="no key"),
        {"kind": "service_account", "key": "no json"},
        {"kind": "service_account"},
        _federation({"executable": {"command": "id"}}),
        _federation({"file": "/etc/passwd"}, token_url="https://evil.example/token"),
        _federation({"file": "/etc/passwd"}, service_account_impersonation_url="https://evil.example/x"),
        _federation({"file": "/etc/passwd"}, token_url=_BUCKET),
        _federation({"file": "/etc/passwd"}, token_url="https://sts.storage.googleapis.com/x"),
        _federation({"file": "/etc/passwd"}, service_account_impersonation_url=_BUCKET),
        _federation({"url": "http://10.0.0.1/"}),
        _federation({"url": "http://169.254.169.254:x@10.0.0.1/"}),
        _federation({"url": "http://169.254.169.254/", "file": "/etc/passwd"}),
        _federation({"environment_id": "aws1", "region_url": "http://10.0.0.1/"}),
        _federation({"file": "x"}, type="authorized_user"),
        {"kind": "something else"},
    ],
)
async def test_credentials_that_are_unusable_or_would_leak_are_refused(
    credentials: dict[str, Any], provider: GcpProvider
) -> None:
    connection = Connection(connection_id="x", credentials=credentials, scope={"organization": "1"})
    with pytest.raises(ProviderError) as caught:
        await provider.plan(connection)
    assert caught.value.kind is ErrorKind.BAD_CREDENTIALS


def test_every_type_is_in_the_group_that_lists_it() -> None:
    assert len(TYPES) >= 150
    declared = {entry.native_type: group.name for group in GROUPS.values() for entry in group.types}
    assert {name for name, group in declared.items() if group_of(name) != group} == set()
