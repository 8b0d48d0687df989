"""Storage, databases, caches, queues, and the vaults that keep their keys; with the children that only ARM shows."""

from typing import Any

from simulators.azure.company.maker import DEV, PAIRED, PROD, SHARED, Maker

_STORAGE = (
    (PROD, "acmeprodassets", "storefront", True, True),
    (PROD, "acmeprodorders", "checkout", False, False),
    (PROD, "acmeprodlake", "analytics", False, False),
    (SHARED, "acmelogs", "platform", False, False),
    (SHARED, "acmestate", "platform", False, False),
    (DEV, "acmedevscratch", "analytics", True, True),
)


def setting(owner: str, path: str, kind: str, properties: Any, **more: Any) -> dict[str, Any]:
    """A child's body in the ARM form."""
    return {"id": f"{owner}/{path}", "name": path.rpartition("/")[2], "type": kind, "properties": properties, **more}


def diagnostics(owner: str, *, categories: tuple[str, ...] = (), group: str = "") -> list[dict[str, Any]]:
    """Diagnostic settings of a resource that send logs to the company's workspace."""
    workspace = f"/subscriptions/{SHARED}/resourceGroups/acme-logs/providers/Microsoft.OperationalInsights/workspaces/acme-central"
    logs = [{"category": one, "categoryGroup": None, "enabled": True} for one in categories]
    if group:
        logs.append({"category": None, "categoryGroup": group, "enabled": True})
    path = "providers/microsoft.insights/diagnosticSettings/to-central"
    body = setting(
        owner, path, "Microsoft.Insights/diagnosticSettings", {"workspaceId": workspace, "logs": logs, "metrics": []}
    )
    return [body]


DIAGNOSTICS = "providers/Microsoft.Insights/diagnosticSettings"


def make_data(maker: Maker, networks: dict[str, dict[str, str]]) -> None:
    """Everything that keeps data."""
    for subscription, name, application, is_open, has_policy in _STORAGE:
        _storage(maker, subscription, name, application, is_open, has_policy)
    _vaults(maker)
    _sql(maker)
    _servers(maker, networks)
    _documents(maker)
    _queues(maker)
    _endpoints(maker, networks[PROD]["endpoints"])


def _storage(maker: Maker, subscription: str, name: str, application: str, is_open: bool, has_policy: bool) -> None:
    group = maker.group(
        subscription, "acme-logs" if subscription == SHARED else f"acme-{application}-data", application
    )
    kind = "Microsoft.Storage/storageAccounts"
    own = maker.path(group, kind, name)
    settings: dict[str, Any] = {
        "blobServices/default": setting(
            own,
            "blobServices/default",
            f"{kind}/blobServices",
            {
                "cors": {"corsRules": []},
                "isVersioningEnabled": not is_open,
                "deleteRetentionPolicy": {"enabled": not is_open, "days": 14, "allowPermanentDelete": False},
                "containerDeleteRetentionPolicy": {"enabled": not is_open, "days": 14},
            },
            sku={"name": "Standard_ZRS", "tier": "Standard"},
        ),
        "blobServices/default/containers": [
            setting(
                own,
                f"blobServices/default/containers/{one}",
                f"{kind}/blobServices/containers",
                {
                    "publicAccess": "Blob" if is_open and one == "public" else "None",
                    "leaseStatus": "Unlocked",
                    "hasImmutabilityPolicy": False,
                    "hasLegalHold": False,
                },
                etag='"0x8D1"',
            )
            for one in ("public", "private", "backup")
        ],
    }
    if has_policy:
        settings["managementPolicies/default"] = setting(
            own,
            "managementPolicies/default",
            f"{kind}/managementPolicies",
            {
                "policy": {
                    "rules": [
                        {
                            "name": "age",
                            "enabled": True,
                            "type": "Lifecycle",
                            "definition": {
                                "actions": {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 30}}}
                            },
                        }
                    ]
                }
            },
        )
    maker.add(
        group,
        kind,
        name,
        {
            "provisioningState": "Succeeded",
            "creationTime": "2025-11-03T12:00:00.1234567Z",
            "accessTier": "Hot",
            "supportsHttpsTrafficOnly": not (is_open and subscription == DEV),
            "allowBlobPublicAccess": is_open,
            "minimumTlsVersion": "TLS1_2",
            "allowSharedKeyAccess": is_open,
            "publicNetworkAccess": "Enabled",
            "networkAcls": {
                "bypass": "AzureServices",
                "virtualNetworkRules": [],
                "ipRules": [],
                "defaultAction": "Allow" if is_open else "Deny",
            },
            "keyCreationTime": {"key1": "2025-11-03T12:00:00Z", "key2": "2026-06-03T12:00:00Z"},
            "encryption": {
                "keySource": "Microsoft.Storage",
                "services": {"blob": {"enabled": True, "keyType": "Account"}},
            },
            "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
            "primaryLocation": "westeurope",
            "statusOfPrimary": "available",
            "isHnsEnabled": application == "analytics",
        },
        application=application,
        kind="StorageV2",
        sku={"name": "Standard_ZRS", "tier": "Standard"},
        settings=settings,
    )


def _vaults(maker: Maker) -> None:
    group = maker.group(PROD, "acme-security", "platform")
    for name, is_logged in (("acme-prod-keys", True), ("acme-prod-app", False), ("acme-certs", False)):
        kind = "Microsoft.KeyVault/vaults"
        own = maker.path(group, kind, name)

        def items(collection: str, names: tuple[str, ...], own: str = own, kind: str = kind) -> list[Any]:
            return [
                setting(
                    own,
                    f"{collection}/{one}",
                    f"{kind}/{collection}",
                    {
                        "attributes": {
                            "enabled": True,
                            "created": 1735689600,
                            "updated": 1735689600,
                            **({"exp": 1893456000} if number % 2 == 0 else {}),
                        },
                    },
                    location="westeurope",
                )
                for number, one in enumerate(names)
            ]

        settings = {"keys": items("keys", ("disks", "orders")), "secrets": items("secrets", ("db", "api", "mail"))}
        settings[DIAGNOSTICS] = diagnostics(own, categories=("AuditEvent",)) if is_logged else []
        maker.add(
            group,
            kind,
            name,
            {
                "provisioningState": "Succeeded",
                "tenantId": maker.estate.tenant_id,
                "vaultUri": f"https://{name}.vault.azure.net/",
                "sku": {"family": "A", "name": "premium"},
                "enableSoftDelete": True,
                "softDeleteRetentionInDays": 90,
                "enablePurgeProtection": True if is_logged else None,
                "enableRbacAuthorization": is_logged,
                "accessPolicies": [],
                "publicNetworkAccess": "Enabled",
                "networkAcls": {"defaultAction": "Deny" if is_logged else "Allow"},
            },
            settings=settings,
        )


def _sql(maker: Maker) -> None:
    for subscription, name, rule, databases in (
        (PROD, "acme-prod-sql", ("10.41.0.0", "10.41.0.255"), ("master", "orders", "catalog")),
        (DEV, "acme-dev-sql", ("0.0.0.0", "255.255.255.255"), ("master", "orders-old")),  # noqa: S104  an open firewall rule on purpose
    ):
        group = maker.group(subscription, "acme-checkout-data", "checkout")
        kind = "Microsoft.Sql/servers"
        own = maker.path(group, kind, name)
        is_tidy = subscription == PROD
        pool = maker.add(
            group,
            f"{kind}/elasticPools",
            f"{name}/pool",
            {"state": "Ready", "maxSizeBytes": 34359738368},
            application="checkout",
            sku={"name": "GP_Gen5", "tier": "GeneralPurpose", "capacity": 2},
        )
        maker.add(
            group,
            kind,
            name,
            {
                "administratorLogin": "acme",
                "version": "12.0",
                "state": "Ready",
                "minimalTlsVersion": "1.2",
                "fullyQualifiedDomainName": f"{name}.database.windows.net",
                "publicNetworkAccess": "Disabled" if is_tidy else "Enabled",
                **(
                    {"administrators": {"administratorType": "ActiveDirectory", "azureADOnlyAuthentication": True}}
                    if is_tidy
                    else {}
                ),
            },
            application="checkout",
            kind="v12.0",
            settings={
                "auditingSettings/default": setting(
                    own,
                    "auditingSettings/default",
                    f"{kind}/auditingSettings",
                    {
                        "state": "Enabled" if is_tidy else "Disabled",
                        "retentionDays": 90,
                        "isAzureMonitorTargetEnabled": is_tidy,
                    },
                ),
                "firewallRules": [
                    setting(
                        own,
                        "firewallRules/first",
                        f"{kind}/firewallRules",
                        {"startIpAddress": rule[0], "endIpAddress": rule[1]},
                    )
                ],
            },
        )
        for database in databases:
            below = maker.path(group, f"{kind}/databases", f"{name}/{database}")
            maker.add(
                group,
                f"{kind}/databases",
                f"{name}/{database}",
                {
                    "status": "Online",
                    "collation": "SQL_Latin1_General_CP1_CI_AS",
                    "maxSizeBytes": 268435456000,
                    "creationDate": "2025-12-01T07:00:00.123Z",
                    "databaseId": maker.guid(),
                    "zoneRedundant": False,
                    **({"elasticPoolId": pool} if database == "catalog" else {}),
                },
                application="checkout",
                kind="v12.0,user",
                sku={"name": "GP_S_Gen5", "tier": "GeneralPurpose", "capacity": 2},
                settings={
                    "transparentDataEncryption/current": setting(
                        below,
                        "transparentDataEncryption/current",
                        f"{kind}/databases/transparentDataEncryption",
                        {"state": "Enabled" if is_tidy else "Disabled"},
                    ),
                },
            )


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
            "ipRules": [{"ipAddressOrRange": "0.0.0.0"}],
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
    backup = maker.add(
        maker.group(SHARED, "acme-backup", "platform", PAIRED),
        "Microsoft.RecoveryServices/vaults",
        "acme-backups",
        {"provisioningState": "Succeeded", "publicNetworkAccess": "Enabled", "privateEndpointConnections": []},
        location=PAIRED,
        sku={"name": "RS0", "tier": "Standard"},
    )
    del backup


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
    topic = maker.add(
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
    del topic
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
