"""Which of Azure's services the internet reaches, case by case."""

from typing import Any

import pytest
from app.domains.topology.rules.estate import Resource
from tests.domains.topology.azure import SUBNET, estate, rule
from tests.domains.topology.telling import resource, told, told_text

BASE = "/subscriptions/0000/resourceGroups/web/providers"
EVERYWHERE = "tcp 443 from 0.0.0.0/0, ::/0"
DENY = {"defaultAction": "Deny", "ipRules": []}
OFFICE = {"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.0/24", "action": "Allow"}]}
OFF = {"publicNetworkAccess": "Disabled"}


def service(kind: str, properties: dict[str, Any], **more: Any) -> Resource:
    unread = more.pop("unread", {})
    made = {"properties": properties} | {name: value for name, value in more.items() if value is not None}
    return resource(f"{BASE}/{kind}/it", kind, made, unread=unread)


def container(level: str | None) -> dict[str, Any]:
    return {"name": "files", "properties": {"publicAccess": level}}


STORAGE = "Microsoft.Storage/storageAccounts"


@pytest.mark.parametrize(
    ("properties", "more", "expected"),
    [
        ({}, {"containers": [container("None"), container("Blob")]}, EVERYWHERE),
        ({"allowBlobPublicAccess": True}, {"containers": [container("Container")]}, EVERYWHERE),
        ({"supportsHttpsTrafficOnly": False}, {"containers": [container("Blob")]}, "tcp 80, 443 from 0.0.0.0/0, ::/0"),
        ({"allowBlobPublicAccess": False}, {"containers": [container("Blob")]}, "no"),
        ({}, {"containers": [container("None"), container(None)]}, "no"),
        (OFF, {"containers": [container("Blob")]}, "no"),
        ({"networkAcls": DENY}, {"containers": [container("Blob")]}, "no"),
        ({"networkAcls": OFFICE}, {"containers": [container("Blob")]}, "tcp 443 from 198.51.100.0/24"),
        ({"networkAcls": DENY | {"defaultAction": "Allow"}}, {"containers": [container("Blob")]}, EVERYWHERE),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, {"containers": [container("Blob")]}, "unknown"),
        ({}, {"unread": {"containers": "not allowed"}}, "unknown"),
        ({"allowBlobPublicAccess": False}, {"unread": {"containers": "not allowed"}}, "no"),
    ],
)
def test_storage_is_reached_by_what_it_gives_without_a_key(
    properties: dict[str, Any], more: dict[str, Any], expected: str
) -> None:
    assert told_text(told(service(STORAGE, properties, **more))) == expected


def allow(first: str, last: str) -> dict[str, Any]:
    return {"name": "r", "properties": {"startIpAddress": first, "endIpAddress": last}}


ALL_OF_AZURE = allow("0.0.0.0", "0.0.0.0")  # noqa: S104
RULES: dict[str, tuple[list[dict[str, Any]] | None, str]] = {
    "nobody": ([], "no"),
    "everybody": ([allow("0.0.0.0", "255.255.255.255")], "tcp {port} from 0.0.0.0/0"),  # noqa: S104
    "one range": ([allow("198.51.100.0", "198.51.100.3")], "tcp {port} from 198.51.100.0/30"),
    "private addresses": ([allow("10.0.0.0", "10.255.255.255")], "no"),
    "all of Azure": ([ALL_OF_AZURE], "tcp {port} from Azure services"),
    "all of Azure and an office": (
        [ALL_OF_AZURE, allow("198.51.100.7", "198.51.100.7")],
        "tcp {port} from 198.51.100.7/32, Azure services",
    ),
    "not read": (None, "unknown"),
}


@pytest.mark.parametrize(("rules", "expected"), RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize(
    ("kind", "port", "off"),
    [
        ("Microsoft.Sql/servers", 1433, OFF),
        ("Microsoft.DBforPostgreSQL/flexibleServers", 5432, {"network": OFF}),
        ("Microsoft.DBforMySQL/flexibleServers", 3306, {"network": {"delegatedSubnetResourceId": SUBNET}}),
    ],
)
def test_a_database_is_reached_from_the_ranges_of_its_firewall(
    kind: str, port: int, off: dict[str, Any], rules: list[dict[str, Any]] | None, expected: str
) -> None:
    assert told_text(told(service(kind, {}, firewallRules=rules))) == expected.format(port=port)
    assert told_text(told(service(kind, off, firewallRules=rules))) == "no"


def test_a_database_is_reached_as_its_server_is() -> None:
    server = service("Microsoft.Sql/servers", {}, firewallRules=[ALL_OF_AZURE])
    kind = "Microsoft.Sql/servers/databases"
    database = resource(f"{server.native_id}/databases/orders", kind, {"properties": {}})
    found = told(database, [server])
    assert told_text(found) == "tcp 1433 from Azure services"
    assert [step.detail for step in found.chains[0].steps][-2:] == ["it", "orders"]
    assert told_text(told(database)) == "unknown"


def test_a_managed_instance_is_reached_by_its_public_endpoint() -> None:
    instance = "Microsoft.Sql/managedInstances"
    open_to_all = {"subnetId": SUBNET, "publicDataEndpointEnabled": True}
    for port, expected in (("3342", "tcp 3342 from 0.0.0.0/0"), ("1433", "no")):
        _, around = estate(subnet=[rule(100, port)])
        assert told_text(told(service(instance, open_to_all), around)) == expected
        assert told_text(told(service(instance, {"subnetId": SUBNET}), around)) == "no"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Microsoft.KeyVault/vaults", "networkAcls"),
        ("Microsoft.KeyVault/managedHSMs", "networkAcls"),
        ("Microsoft.CognitiveServices/accounts", "networkAcls"),
        ("Microsoft.ContainerRegistry/registries", "networkRuleSet"),
    ],
)
def test_a_service_with_network_rules_is_reached_by_them(kind: str, name: str) -> None:
    assert told_text(told(service(kind, {}))) == EVERYWHERE
    assert told_text(told(service(kind, {name: OFFICE}))) == "tcp 443 from 198.51.100.0/24"
    assert told_text(told(service(kind, {name: DENY}))) == "no"
    assert told_text(told(service(kind, {name: OFFICE} | OFF))) == "no"


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("Microsoft.DocumentDB/databaseAccounts", {"ipRules": []}, EVERYWHERE),
        ("Microsoft.DocumentDB/databaseAccounts", {"isVirtualNetworkFilterEnabled": True}, "no"),
        ("Microsoft.DocumentDB/databaseAccounts", {"ipRules": [{"ipAddressOrRange": "198.51.100.7"}]},
         "tcp 443 from 198.51.100.7/32"),
        ("Microsoft.DocumentDB/databaseAccounts", {"ipRules": [{"ipAddressOrRange": "0.0.0.0"}]},  # noqa: S104
         "tcp 443 from Azure services"),
        ("Microsoft.DocumentDB/databaseAccounts", {"ipRangeFilter": "198.51.100.7, 10.0.0.0/8"},
         "tcp 443 from 198.51.100.7/32"),
        ("Microsoft.DocumentDB/databaseAccounts", OFF, "no"),
        ("Microsoft.Search/searchServices", {}, EVERYWHERE),
        ("Microsoft.Search/searchServices", {"networkRuleSet": {"ipRules": [{"value": "10.0.0.1"}]}}, "no"),
        ("Microsoft.ContainerService/managedClusters", {}, EVERYWHERE),
        ("Microsoft.ContainerService/managedClusters",
         {"apiServerAccessProfile": {"authorizedIPRanges": ["198.51.100.0/24"]}}, "tcp 443 from 198.51.100.0/24"),
        ("Microsoft.ContainerService/managedClusters",
         {"apiServerAccessProfile": {"authorizedIPRanges": ["0.0.0.0/32"]}}, "no"),
        ("Microsoft.ContainerService/managedClusters",
         {"apiServerAccessProfile": {"enablePrivateCluster": True}}, "no"),
        ("Microsoft.ContainerService/managedClusters", {"powerState": {"code": "Stopped"}}, "no"),
        ("Microsoft.ApiManagement/service", {}, EVERYWHERE),
        ("Microsoft.ApiManagement/service", {"virtualNetworkType": "Internal"}, "no"),
        ("Microsoft.Cdn/profiles/afdEndpoints", {"enabledState": "Enabled"}, "tcp 80, 443 from 0.0.0.0/0, ::/0"),
        ("Microsoft.Cdn/profiles/afdEndpoints", {"enabledState": "Disabled"}, "no"),
    ],
)  # fmt: skip
def test_a_service_is_reached(kind: str, properties: dict[str, Any], expected: str) -> None:
    assert told_text(told(service(kind, properties))) == expected


@pytest.mark.parametrize(
    ("properties", "rules", "expected"),
    [
        ({}, [], "tcp 6380 from 0.0.0.0/0, ::/0"),
        ({"enableNonSslPort": True}, [], "tcp 6379–6380 from 0.0.0.0/0, ::/0"),
        ({}, [{"properties": {"startIP": "198.51.100.8", "endIP": "198.51.100.9"}}], "tcp 6380 from 198.51.100.8/31"),
        ({}, None, "unknown"),
        ({"subnetId": SUBNET}, None, "no"),
        (OFF, [], "no"),
    ],
)
def test_a_cache_is_reached(properties: dict[str, Any], rules: list[dict[str, Any]] | None, expected: str) -> None:
    assert told_text(told(service("Microsoft.Cache/redis", properties, firewallRules=rules))) == expected


def restrict(priority: int, address: str, action: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"name": f"r{priority}", "priority": priority, "ipAddress": address, "action": action} | more


REST = restrict(2147483647, "Any", "Deny")
SITE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no restrictions": ({}, {}, "tcp 80, 443 from 0.0.0.0/0, ::/0"),
    "HTTPS only": ({"httpsOnly": True}, {}, EVERYWHERE),
    "the implied rule": (
        {"httpsOnly": True},
        {"ipSecurityRestrictions": [restrict(2147483647, "Any")]},
        EVERYWHERE,
    ),
    "one office, the rest implied": (
        {"httpsOnly": True},
        {"ipSecurityRestrictions": [restrict(100, "198.51.100.0/24")]},
        "tcp 443 from 198.51.100.0/24",
    ),
    "one office, the rest told": (
        {"httpsOnly": True},
        {"ipSecurityRestrictions": [REST, restrict(100, "198.51.100.0/24")]},
        "tcp 443 from 198.51.100.0/24",
    ),
    "refused first": (
        {"httpsOnly": True},
        {"ipSecurityRestrictions": [restrict(200, "198.51.100.0/24"), restrict(100, "198.51.100.0/24", "Deny")]},
        "no",
    ),
    "the rest is let in": (
        {"httpsOnly": True},
        {
            "ipSecurityRestrictions": [restrict(100, "128.0.0.0/1", "Deny"), restrict(101, "2000::/3", "Deny")],
            "ipSecurityRestrictionsDefaultAction": "Allow",
        },
        "tcp 443 from 0.0.0.0/1",
    ),
    "a subnet only": ({}, {"ipSecurityRestrictions": [restrict(100, "", vnetSubnetResourceId=SUBNET)]}, "no"),
    "a front door only": (
        {},
        {"ipSecurityRestrictions": [restrict(100, "AzureFrontDoor.Backend", tag="ServiceTag"), REST]},
        "unknown",
    ),
    "stopped": ({"state": "Stopped"}, {}, "no"),
    "turned off": (OFF, {}, "no"),
    "a private endpoint and nothing set": ({"privateEndpointConnections": [{"id": "x"}]}, {}, "no"),
}


@pytest.mark.parametrize(("properties", "config", "expected"), SITE.values(), ids=SITE.keys())
def test_a_site_is_reached_by_its_access_restrictions(
    properties: dict[str, Any], config: dict[str, Any], expected: str
) -> None:
    made = service("Microsoft.Web/sites", properties, configWeb={"properties": config})
    assert told_text(told(made)) == expected


def test_a_site_whose_restrictions_were_not_read_is_not_told() -> None:
    assert told(service("Microsoft.Web/sites", {}, unread={"configWeb": "not allowed"})).exposed is None


@pytest.mark.parametrize(("mode", "expected"), [("Web, Publishing", "no"), ("None", EVERYWHERE), (None, "unknown")])
def test_a_site_is_reached_where_its_environment_is(mode: str | None, expected: str) -> None:
    environment = service("Microsoft.Web/hostingEnvironments", {"internalLoadBalancingMode": mode})
    inner = {"httpsOnly": True, "hostingEnvironmentProfile": {"id": environment.native_id}}
    site = service("Microsoft.Web/sites", inner, configWeb={"properties": {}})
    assert told_text(told(site, [environment] if mode else [])) == expected


@pytest.mark.parametrize(
    ("ingress", "environment", "expected"),
    [
        ({"external": True}, {}, EVERYWHERE),
        ({"external": True}, {"vnetConfiguration": {"internal": True}}, "no"),
        ({"external": True}, None, "unknown"),
        ({"external": False}, {}, "no"),
        (
            {"external": True, "ipSecurityRestrictions": [{"action": "Allow", "ipAddressRange": "198.51.100.0/24"}]},
            {},
            "tcp 443 from 198.51.100.0/24",
        ),
        (
            {
                "external": True,
                "ipSecurityRestrictions": [
                    {"action": "Deny", "ipAddressRange": "128.0.0.0/1"},
                    {"action": "Deny", "ipAddressRange": "2000::/3"},
                ],
            },
            {},
            "tcp 443 from 0.0.0.0/1",
        ),
    ],
)
def test_a_container_application_is_reached_by_its_ingress(
    ingress: dict[str, Any], environment: dict[str, Any] | None, expected: str
) -> None:
    place = service("Microsoft.App/managedEnvironments", environment or {})
    inner = {"configuration": {"ingress": ingress}, "environmentId": place.native_id}
    found = told(service("Microsoft.App/containerApps", inner), [] if environment is None else [place])
    assert told_text(found) == expected
