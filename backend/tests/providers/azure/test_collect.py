"""What the simulator holds against what the adapter returns, resource by resource."""

import asyncio
from typing import Any

import pytest
from app.providers.azure import AzureProvider, reader
from app.providers.azure.catalogue import GROUPS, NAMED, TYPES, type_for
from app.providers.base import CollectedResource, ErrorKind, ResourceTarget, UnitState, stable_properties
from tests.providers.azure.conftest import collect_all, collect_one, connection_to, resources_of

from simulators.azure import AzureSimulator, Grant, Template, demo_estate, serve
from simulators.azure.company.maker import DEV, PROD, SHARED
from simulators.azure.estate import Estate

# What is replaced by "(redacted)" in the company: the places that docs/connect-azure.md names.
REDACTED = {
    "properties.ConnectionString", "properties.InstrumentationKey", "properties.sharedKey", "properties.serviceKey",
    "properties.webhookReceivers[].serviceUri", "properties.sslCertificates[].properties.password",
    "properties.osProfile.customData", "properties.adminPassword",
    "configWeb.properties.azureStorageAccounts.share.accessKey",
    "properties.virtualMachineProfile.osProfile.customData",
    "properties.configuration.secrets[].value",
    "properties.containers[].properties.environmentVariables[].value",
}  # fmt: skip
_VNET = "microsoft.network/virtualnetworks"


def held(estate: Estate) -> dict[str, dict[str, Any]]:
    """Everything that should be found, as Resource Graph and Resource Manager tell it together."""
    found: dict[str, dict[str, Any]] = {}
    for row in estate.rows():
        if row.template.table == "advisorresources" or row.template.body["properties"].get("type") == "BuiltInRole":
            continue  # advice is no resource, and the vendor's own roles are the same everywhere
        body = {name: value for name, value in row.template.row().items() if value not in (None, "")}
        for derived in ("tenantId", "subscriptionId", "resourceGroup"):
            body.pop(derived, None)
        body["properties"] = {name: value for name, value in body["properties"].items() if value is not None}
        if row.template.type == "microsoft.resources/subscriptions":
            chain = [{"name": name, "displayName": title} for name, title in estate.chain_of(row.key[15:])]
            body["properties"]["managementGroupAncestorsChain"] = chain
        for child in type_for(row.template.type).children:
            if row.key.endswith("/databases/master"):
                continue  # the service's own, which has no such setting
            setting = estate.setting(row, child.path)
            if setting is not None:
                body[child.name] = setting
        found[row.key] = body
        for inner in body["properties"].get("subnets", []) if row.template.type == _VNET else []:
            found[inner["id"].lower()] = {**inner, "location": body["location"]}
        for inner in body["properties"].get("virtualNetworkPeerings", []):
            found[inner["id"].lower()] = {**inner, "location": body["location"]}
    for name, (title, _) in estate.groups.items():
        found[f"/providers/microsoft.management/managementgroups/{name}"] = {"name": name, "title": title}
    return found


def differences(told: Any, expected: Any, path: str = "") -> list[str]:
    """Paths where what is told is not what is held; redactions are marked with `!`."""
    if isinstance(expected, dict) and isinstance(told, dict):
        names = set(expected) | set(told)
        pairs = [(told.get(name), expected.get(name), f"{path}.{name}".lstrip(".")) for name in names]
        return [one for pair in pairs for one in differences(*pair)]
    if isinstance(expected, list) and isinstance(told, list) and len(expected) == len(told):
        return [one for pair in zip(told, expected, strict=True) for one in differences(*pair, f"{path}[]")]
    if told == expected:
        return []
    return [f"!{path}" if told == "(redacted)" and expected is not None else path]


def compare(resource: CollectedResource, expected: dict[str, Any]) -> list[str]:
    """Differences but for the spelling of the type, which Resource Graph writes in lower case."""
    if "title" in expected:
        return [] if (resource.name, resource.properties["name"]) == (expected["title"], expected["name"]) else ["name"]
    told = {**resource.properties, "type": str(resource.properties["type"]).lower()}
    return differences(told, {**expected, "type": resource.native_type.lower()})


async def test_every_resource_comes_once_with_its_whole_configuration(
    steady: AzureSimulator, provider: AzureProvider
) -> None:
    results = await collect_all(provider, connection_to(steady))
    assert [(result.unit.service, result.errors) for result in results if result.state is not UnitState.COMPLETE] == []
    found, expected = resources_of(results), held(steady.estate)
    assert sorted(found) == sorted(expected)
    assert sum(len(result.resources) for result in results) == len(expected)
    changed = {path for key, resource in found.items() for path in compare(resource, expected[key])}
    assert {path for path in changed if not path.startswith("!")} == set()
    assert {path[1:] for path in changed} <= REDACTED
    assert {path[1:] for path in changed} >= {"properties.sharedKey", "properties.adminPassword"}
    for key, resource in found.items():
        if "type" in expected[key] and resource.native_type.lower() in NAMED:
            assert resource.native_type == TYPES[resource.native_type.lower()].native_type, key


async def test_what_the_resources_are_called_and_where_they_are(
    steady: AzureSimulator, provider: AzureProvider
) -> None:
    found = resources_of(await collect_all(provider, connection_to(steady)))
    web = f"/subscriptions/{PROD}/resourcegroups/acme-web/providers"
    machine = found[f"{web}/microsoft.compute/virtualmachines/web-01"]
    assert (machine.native_type, machine.type, machine.name) == (
        "Microsoft.Compute/virtualMachines", "compute.instance", "web-01"
    )  # fmt: skip
    assert (machine.region, machine.status, machine.account) == ("westeurope", "VM running", PROD)
    assert machine.native_id.startswith(f"/subscriptions/{PROD}/resourceGroups/acme-web/")
    assert machine.tags["team"] == "web"
    assert machine.created_at is not None
    assert machine.created_at.isoformat() == "2026-02-11T08:14:02.100000+00:00"
    assert machine.properties["properties"]["vmId"] in machine.aliases
    carts = next(one for one in found.values() if one.name == "acme-carts")
    assert carts.region == "westeurope"
    names = {one.type: one.name for one in found.values()}
    assert names["identity.role"].startswith("Acme operator")
    sites = {one.name: one.type for one in found.values() if one.native_type == "Microsoft.Web/sites"}
    assert (sites["storefront-site"], sites["storefront-jobs"]) == ("compute.app", "compute.function")
    group = found["/providers/microsoft.management/managementgroups/acme"]
    assert (group.account, group.region, group.name) == ("", "global", "Acme")


async def test_what_keeps_the_internet_from_caches_and_slots_is_read(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    caches = {one.name: one for one in (await collect_one(provider, cloud, "databases")).resources}
    rule = caches["acme-sessions"].properties["firewallRules"][0]
    assert rule["properties"] == {"startIP": "198.51.100.16", "endIP": "198.51.100.31"}
    assert caches["acme-search-cache"].properties["firewallRules"] == []
    apps = {one.name: one for one in (await collect_one(provider, cloud, "web")).resources}
    slot = apps["storefront-site/staging"]
    assert slot.native_type == "Microsoft.Web/sites/slots"
    restrictions = slot.properties["configWeb"]["properties"]["ipSecurityRestrictions"]
    assert [one["action"] for one in restrictions] == ["Allow", "Deny"]
    for unit, kind, setting, field in (
        ("databases", "Microsoft.Cache/redis", "firewallRules", "firewallRules"),
        ("web", "Microsoft.Web/sites/slots", "config", "configWeb"),
    ):
        permission = f"{kind}/{setting}/read"
        cloud.estate.grants = [Grant(not_actions=(permission,))]
        result = await collect_one(provider, cloud, unit)
        assert (result.state, {error.permission for error in result.errors}) == (UnitState.PARTIAL, {permission})
        unread = [one for one in result.resources if field in one.unread_fields]
        assert {one.native_type for one in unread} == {kind}
        assert {one.unread_fields[field] for one in unread} == {f"missing permission {permission}"}


async def test_relations_lead_to_resources_that_were_read(steady: AzureSimulator, provider: AzureProvider) -> None:
    results = await collect_all(provider, connection_to(steady))
    found = resources_of(results)
    known = set(found) | {alias.lower() for resource in found.values() for alias in resource.aliases}
    edges = {(edge.source, edge.kind, edge.target) for result in results for edge in result.relations}
    hanging = {end.lower() for source, _, target in edges for end in (source, target)} - known
    # Principals of the directory, built-in roles, a private endpoint's own interface, and other clouds are outside.
    outside = (
        "-nic",
        "amazonaws.com",
        "198.51.100",
        "10.41.",
        "acdd72a7",
        "8e3af657",
        "-a0a0-",
        "99999999-1111",
        "smart",
    )
    assert sorted(end for end in hanging if not any(word in end for word in outside)) == []
    assert {kind for _, kind, _ in edges} >= {
        "contains", "attached-to", "uses", "secured-by", "encrypts-with", "logs-to", "peers-with", "targets",
        "monitors", "resolves-to", "notifies",
    }  # fmt: skip
    web = f"/subscriptions/{PROD}/resourcegroups/acme-web/providers"
    net = f"/subscriptions/{PROD}/resourcegroups/acme-prod-network/providers/microsoft.network"
    hub = f"/subscriptions/{SHARED}/resourcegroups/acme-hub-network/providers/microsoft.network"
    subnet = f"{net}/virtualnetworks/acme-prod/subnets/web"
    nic = f"{web}/microsoft.network/networkinterfaces/web-01-nic"
    zone = f"{hub}/dnszones/azure.acme.example"
    chain = {
        (f"{net}/virtualnetworks/acme-prod", "contains", subnet),
        (subnet, "contains", nic),
        (nic, "attached-to", f"{web}/microsoft.compute/virtualmachines/web-01"),
        (nic, "uses", f"{web}/microsoft.network/publicipaddresses/web-01-ip"),
        (subnet, "secured-by", f"{net}/networksecuritygroups/acme-prod-web"),
        (f"{net}/virtualnetworks/acme-prod", "peers-with", f"{hub}/virtualnetworks/acme-hub"),
        (f"{hub}/connections/azure-to-aws", "peers-with", f"{hub}/localnetworkgateways/aws-us-east-1"),
        (zone, "resolves-to", "storefront-prod.us-east-1.elb.amazonaws.com"),
        ("/providers/microsoft.management/managementgroups/acme-live", "contains", f"/subscriptions/{PROD}"),
    }
    assert chain - edges == set()


async def test_paging_takes_every_page(
    steady: AzureSimulator, provider: AzureProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await collect_one(provider, steady, "network")
    before = len(steady.calls)
    monkeypatch.setattr(reader, "PAGE_ROWS", 7)
    monkeypatch.setattr(reader.Reader.query, "__kwdefaults__", {"top": 7})
    paged = await collect_one(provider, steady, "network")
    asked = [call for call in steady.calls[before:] if b"skipToken" in call.body]
    assert len(asked) >= len(whole.resources) // 20
    assert sorted(resources_of([paged])) == sorted(resources_of([whole]))
    assert paged.state is UnitState.COMPLETE


async def test_subscriptions_and_management_groups_show_only_what_is_theirs(
    steady: AzureSimulator, provider: AzureProvider
) -> None:
    everything = resources_of(await collect_all(provider, connection_to(steady)))
    chosen = connection_to(steady, scope={"subscriptions": [DEV.upper()]})
    results = await collect_all(provider, chosen)
    assert {result.state for result in results} == {UnitState.COMPLETE}
    own = {key for key, resource in everything.items() if resource.account == DEV}
    assert {key for key, one in resources_of(results).items() if one.account} == own
    assert "Microsoft.Management/managementGroups" not in {name for one in results for name in one.complete_types}
    live = connection_to(steady, scope={"management_group": "acme-live"})
    results = await collect_all(provider, live)
    assert {result.unit.account for result in results} == {"acme-live"}
    accounts = {one.account for one in resources_of(results).values() if one.account}
    assert accounts == {PROD, SHARED}
    found = await provider.discover(live)
    assert sorted(one.native_account for one in found) == [PROD, SHARED]


async def test_regions_and_excluded_regions_are_minded(steady: AzureSimulator, provider: AzureProvider) -> None:
    everything = resources_of(await collect_all(provider, connection_to(steady)))
    there = {key for key, resource in everything.items() if resource.region == "northeurope"}
    assert there
    without = resources_of(await collect_all(provider, connection_to(steady, excluded_regions=["North Europe"])))
    assert set(everything) - set(without) == there
    only = resources_of(await collect_all(provider, connection_to(steady, regions=["northeurope"])))
    assert {resource.region for resource in only.values()} == {"northeurope", "global"}
    vault = next(resource.native_id for key, resource in everything.items() if key in there and "vaults" in key)
    connection = connection_to(steady, excluded_regions=["northeurope"])
    again = await provider.read_back(connection, ResourceTarget(native_id=vault), budget_seconds=60)
    assert (again.resources, again.gone, again.errors[0].kind) == ((), frozenset(), ErrorKind.NOT_ENABLED)


async def test_the_subscriptions_of_a_tenant_are_found_with_the_groups_above(
    steady: AzureSimulator, provider: AzureProvider
) -> None:
    found = {one.native_account: one for one in await provider.discover(connection_to(steady))}
    assert set(found) == {PROD, SHARED, DEV}
    one = found[PROD]
    assert (one.name, one.kind, list(one.path), one.is_active) == (
        "acme-production", "subscription", ["Tenant Root Group", "Acme", "Live"], True
    )  # fmt: skip


async def test_types_that_nobody_knows_are_read_too(cloud: AzureSimulator, provider: AzureProvider) -> None:
    group = f"/subscriptions/{DEV}/resourceGroups/acme-empty"
    for kind in ("Contoso.Quantum/qubits", "Microsoft.Compute/hologramSets", "Microsoft.Maps/accounts"):
        namespace, name = kind.split("/")
        own = f"{group}/providers/{namespace}/{name}/one"
        body = {"id": own, "name": "one", "type": kind, "location": "West Europe", "properties": {"odd": [1, {}]}}
        cloud.estate.add(Template("resources", body))
    result = await collect_one(provider, cloud, "other")
    assert (result.state, result.covers_all_types) == (UnitState.COMPLETE, True)
    kinds = {resource.native_type for resource in result.resources if resource.name == "one"}
    assert kinds == {"contoso.quantum/qubits", "microsoft.compute/hologramsets", "Microsoft.Maps/accounts"}
    others = [one for one in await collect_all(provider, connection_to(cloud)) if one.unit.service != "other"]
    assert not any(one.covers_all_types for one in others)


async def test_an_id_in_another_case_is_the_same_resource(cloud: AzureSimulator, provider: AzureProvider) -> None:
    machine = f"/subscriptions/{PROD}/resourcegroups/ACME-WEB/PROVIDERS/microsoft.compute/VIRTUALMACHINES/WEB-01"
    body: dict[str, Any] = {
        "id": f"/SUBSCRIPTIONS/{PROD.upper()}/RESOURCEGROUPS/ACME-WEB/providers/MICROSOFT.COMPUTE/disks/Twin",
        "name": "Twin", "type": "Microsoft.Compute/disks", "location": "westeurope",
        "managedBy": machine, "properties": {"diskState": "Attached"},
    }  # fmt: skip
    cloud.estate.add(Template("resources", body))
    result = await collect_one(provider, cloud, "compute")
    twin = next(one for one in result.resources if one.name == "Twin")
    assert twin.native_id == body["id"]
    assert twin.native_id.lower() in twin.aliases
    assert twin.account == PROD
    edges = {(edge.source, edge.kind, edge.target) for edge in result.relations}
    assert (twin.native_id.lower(), "attached-to", machine.lower()) in edges
    assert (f"/subscriptions/{PROD}/resourcegroups/acme-web", "contains", twin.native_id.lower()) in edges


async def test_two_answers_for_one_resource_are_one(cloud: AzureSimulator, provider: AzureProvider) -> None:
    own = f"/subscriptions/{PROD}/resourceGroups/acme-web/providers/Microsoft.Compute/disks/web-01-os"
    row = {"id": own.upper(), "name": "WEB-01-OS", "type": "microsoft.compute/disks", "properties": {}}
    twice = {"totalRecords": 2, "count": 2, "data": [{**row, "id": own}, row], "resultTruncated": "false"}
    cloud.faults.plan("schema", where="microsoft.compute/disks", body=twice)
    result = await collect_one(provider, cloud, "compute")
    assert len(result.resources) == 1
    assert result.state is UnitState.COMPLETE


async def test_hostile_names_and_values_come_as_they_are(cloud: AzureSimulator, provider: AzureProvider) -> None:
    names = [
        "<img src=x onerror=alert(1)>",
        "=cmd|'/c calc'!A1",
        "tab\there\x00\x1b[31m",
        "naïve \u202etxt.exe",
        "%2e%2e%2f",
        "x" * 200,
    ]
    group = f"/subscriptions/{PROD}/resourceGroups/acme-web"
    for number, name in enumerate(names):
        body = {
            "id": f"{group}/providers/Microsoft.Compute/disks/{name.replace('/', '')}", "name": name,
            "type": "Microsoft.Compute/disks", "location": "westeurope", "tags": {name: name, "empty": ""},
            "properties": {"note": name, "number": number},
        }  # fmt: skip
        cloud.estate.add(Template("resources", body))
    result = await collect_one(provider, cloud, "compute")
    found = {one.name: one for one in result.resources}
    assert result.state is UnitState.COMPLETE
    for name in names:
        assert found[name].tags == {name: name, "empty": ""}
        assert found[name].properties["properties"]["note"] == name


async def test_two_megabytes_of_properties_and_ten_thousand_tags(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    deep: Any = {"end": True}
    for _ in range(100):
        deep = {"below": [deep]}
    body = {
        "id": f"/subscriptions/{PROD}/resourceGroups/acme-web/providers/Microsoft.Compute/disks/huge",
        "name": "huge", "type": "Microsoft.Compute/disks", "location": "westeurope",
        "tags": {f"key-{number}": str(number) for number in range(10_000)},
        "properties": {"blob": "x" * 2_000_000, "deep": deep},
    }  # fmt: skip
    cloud.estate.add(Template("resources", body))
    huge = next(one for one in (await collect_one(provider, cloud, "compute")).resources if one.name == "huge")
    assert len(huge.tags) == 10_000
    assert huge.properties["properties"] == body["properties"]


async def test_two_tenants_with_different_content_at_once_stay_apart(provider: AzureProvider) -> None:
    first, second = demo_estate(seed=1), demo_estate(seed=2, tenant_id="00000000-1111-4222-8333-444455556666")
    second.remove(f"/subscriptions/{PROD}/resourceGroups/acme-web/providers/Microsoft.Compute/virtualMachines/web-01")
    second.grants = [Grant(scope=f"/subscriptions/{PROD}")]
    with serve(first) as one, serve(second) as two:
        theirs = await asyncio.gather(*(collect_all(provider, connection_to(each)) for each in (one, two)))
    found = [resources_of(results) for results in theirs]
    assert len(found[0]) == len(held(first))
    assert {resource.account for resource in found[1].values() if resource.account} == {PROD}
    assert not any("virtualmachines/web-01" in key and key.endswith("web-01") for key in found[1])
    assert {result.unit.account for result in theirs[1]} == {second.tenant_id}


async def test_the_same_estate_read_twice_is_the_same(steady: AzureSimulator, provider: AzureProvider) -> None:
    first, second = [resources_of(await collect_all(provider, connection_to(steady))) for _ in range(2)]
    assert {key: stable_properties(one) for key, one in first.items()} == {
        key: stable_properties(one) for key, one in second.items()
    }


def test_every_type_is_in_one_group_and_has_a_version() -> None:
    assert len(TYPES) >= 150
    assert sum(len(group.types) for group in GROUPS.values()) == len(TYPES)
    for entry in TYPES.values():
        assert entry.api_version[:2] == "20", entry.native_type
        assert "." in entry.type, entry.native_type
