"""Flexible servers, documents, caches, analytics, queues, and private ways to them."""

from simulators.azure.company.data import setting
from simulators.azure.company.maker import DEV, PAIRED, PROD, SHARED, Maker


def make_services(maker: Maker, networks: dict[str, dict[str, str]]) -> None:
    """Managed services in and beside the networks."""
    _servers(maker, networks)
    _documents(maker)
    _queues(maker)
    _endpoints(maker, networks[PROD]["endpoints"])


def _servers(maker: Maker, networks: dict[str, dict[str, str]]) -> None:
    for product, name, subscription in (
        ("DBforPostgreSQL", "acme-prod-pg", PROD),
        ("DBforPostgreSQL", "acme-dev-pg", DEV),
        ("DBforMySQL", "acme-blog", PROD),
    ):
        kind = f"Microsoft.{product}/flexibleServers"
        group = maker.group(subscription, "acme-search-data", "search")
        own = maker.path(group, kind, name)
        maker.add(
            group,
            kind,
            name,
            {
                "state": "Ready",
                "version": "16",
                "administratorLogin": "acme",
                "fullyQualifiedDomainName": f"{name}.postgres.example",
                "storage": {"storageSizeGB": 128, "autoGrow": "Enabled"},
                "backup": {"backupRetentionDays": 14, "geoRedundantBackup": "Disabled"},
                "network": {
                    "publicNetworkAccess": "Disabled",
                    "delegatedSubnetResourceId": networks[subscription]["data"],
                },
                "highAvailability": {"mode": "ZoneRedundant" if subscription == PROD else "Disabled"},
            },
            application="search",
            sku={"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
            settings={
                "configurations/require_secure_transport": setting(
                    own,
                    "configurations/require_secure_transport",
                    f"{kind}/configurations",
                    {
                        "value": "on" if subscription == PROD else "OFF",
                        "dataType": "Boolean",
                        "source": "user-override",
                    },
                ),
                "firewallRules": [],
            },
        )


def _documents(maker: Maker) -> None:
    group = maker.group(PROD, "acme-storefront-data", "storefront")
    maker.add(
        group,
        "Microsoft.DocumentDB/databaseAccounts",
        "acme-carts",
        {
            "provisioningState": "Succeeded",
            "documentEndpoint": "https://acme-carts.documents.azure.com:443/",
            "instanceId": maker.guid(),
            "publicNetworkAccess": "Enabled",
            "isVirtualNetworkFilterEnabled": False,
            "ipRules": [{"ipAddressOrRange": "0.0.0.0"}],  # noqa: S104  an open rule on purpose
            "databaseAccountOfferType": "Standard",
            "backupPolicy": {"type": "Periodic"},
            "virtualNetworkRules": [],
            "locations": [{"locationName": "West Europe", "failoverPriority": 0}],
            "writeLocations": [{"locationName": "West Europe"}],
        },
        application="storefront",
        location="West Europe",
        kind="GlobalDocumentDB",
        systemData={"createdAt": "2026-01-15T10:00:00Z"},
    )
    for name, application, is_tidy in (("acme-sessions", "storefront", True), ("acme-search-cache", "search", False)):
        own = maker.path(group, "Microsoft.Cache/redis", name)
        office = {"startIP": "198.51.100.16", "endIP": "198.51.100.31"}
        rule = setting(own, "firewallRules/office", "Microsoft.Cache/Redis/firewallRules", office)
        maker.add(
            group,
            "Microsoft.Cache/redis",
            name,
            {
                "provisioningState": "Succeeded",
                "redisVersion": "6.0",
                "sku": {"name": "Premium", "family": "P", "capacity": 1},
                "enableNonSslPort": not is_tidy,
                "minimumTlsVersion": "1.2" if is_tidy else "1.0",
                "hostName": f"{name}.redis.example",
                "port": 6379,
                "sslPort": 6380,
                "accessKeys": None,
            },
            application=application,
            settings={"firewallRules": [rule] if is_tidy else []},  # without rules everybody gets in
        )
    analytics = maker.group(PROD, "acme-analytics-data", "analytics")
    maker.add(
        analytics,
        "Microsoft.Search/searchServices",
        "acme-search",
        {"status": "running", "replicaCount": 2},
        application="search",
        sku={"name": "standard"},
    )
    maker.add(
        analytics,
        "Microsoft.Databricks/workspaces",
        "acme-lakehouse",
        {"provisioningState": "Succeeded", "workspaceId": "4711"},
        application="analytics",
        sku={"name": "premium"},
    )
    maker.add(
        analytics,
        "Microsoft.DataFactory/factories",
        "acme-pipelines",
        {"provisioningState": "Succeeded", "version": "2018-06-01"},
        application="analytics",
        identity={"type": "SystemAssigned", "principalId": maker.guid()},
    )
    maker.add(
        analytics,
        "Microsoft.CognitiveServices/accounts",
        "acme-ai",
        {"provisioningState": "Succeeded", "publicNetworkAccess": "Enabled"},
        application="search",
        kind="OpenAI",
        sku={"name": "S0"},
    )
    maker.add(
        maker.group(SHARED, "acme-backup", "platform", PAIRED),
        "Microsoft.RecoveryServices/vaults",
        "acme-backups",
        {"provisioningState": "Succeeded", "publicNetworkAccess": "Enabled", "privateEndpointConnections": []},
        location=PAIRED,
        sku={"name": "RS0", "tier": "Standard"},
    )


def _queues(maker: Maker) -> None:
    group = maker.group(PROD, "acme-messaging", "checkout")
    for kind, name, children in (
        ("Microsoft.ServiceBus/namespaces", "acme-orders", "queues topics"),
        ("Microsoft.EventHub/namespaces", "acme-clicks", "eventhubs"),
    ):
        maker.add(
            group,
            kind,
            name,
            {
                "provisioningState": "Succeeded",
                "status": "Active",
                "createdAt": "2026-01-20T08:00:00.123Z",
                "updatedAt": "2026-01-20T08:01:00.123Z",
                "minimumTlsVersion": "1.2",
                "disableLocalAuth": False,
                "serviceBusEndpoint": f"https://{name}.servicebus.windows.net:443/",
                "publicNetworkAccess": "Enabled",
            },
            application="checkout",
            sku={"name": "Standard", "tier": "Standard"},
            settings={
                child: [
                    {
                        "id": "q",
                        "name": f"{child}-{number}",
                        "type": f"{kind}/{child}",
                        "properties": {"status": "Active"},
                    }
                    for number in (1, 2)
                ]
                for child in children.split()
            },
        )
    maker.add(
        group,
        "Microsoft.EventGrid/systemTopics",
        "acme-resource-events",
        {
            "provisioningState": "Succeeded",
            "source": f"/subscriptions/{PROD}",
            "topicType": "Microsoft.Resources.Subscriptions",
        },
        application="platform",
        location="global",
    )
    maker.add(
        group,
        "Microsoft.EventGrid/topics",
        "acme-orders",
        {"provisioningState": "Succeeded", "inputSchema": "EventGridSchema", "publicNetworkAccess": "Enabled"},
        application="checkout",
    )


def _endpoints(maker: Maker, subnet: str) -> None:
    group = maker.group(PROD, "acme-prod-network", "platform")
    targets = {
        "orders-sql": ("Microsoft.Sql/servers", "acme-prod-sql", "acme-checkout-data", "sqlServer"),
        "orders-blob": ("Microsoft.Storage/storageAccounts", "acmeprodorders", "acme-checkout-data", "blob"),
        "keys": ("Microsoft.KeyVault/vaults", "acme-prod-keys", "acme-security", "vault"),
    }
    for name, (kind, target, target_group, member) in targets.items():
        far = maker.path(f"/subscriptions/{PROD}/resourceGroups/{target_group}", kind, target)
        maker.add(
            group,
            "Microsoft.Network/privateEndpoints",
            name,
            {
                "provisioningState": "Succeeded",
                "resourceGuid": maker.guid(),
                "subnet": {"id": subnet},
                "privateLinkServiceConnections": [
                    {
                        "name": name,
                        "properties": {
                            "privateLinkServiceId": far,
                            "groupIds": [member],
                            "privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-approved"},
                        },
                    }
                ],
                "networkInterfaces": [{"id": maker.path(group, "Microsoft.Network/networkInterfaces", f"{name}-nic")}],
                "customDnsConfigs": [],
            },
        )
