"""Storage, SQL databases and the vaults that keep their keys; with the children that only ARM shows."""

from typing import Any

from simulators.azure.company.maker import DEV, PROD, SHARED, Maker

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


def diagnostics(owner: str, *, categories: tuple[str, ...] = (), category_group: str = "") -> list[dict[str, Any]]:
    """Diagnostic settings of a resource that send logs to the company's workspace."""
    group = f"/subscriptions/{SHARED}/resourceGroups/acme-logs"
    workspace = f"{group}/providers/Microsoft.OperationalInsights/workspaces/acme-central"
    logs = [{"category": one, "categoryGroup": None, "enabled": True} for one in categories]
    if category_group:
        logs.append({"category": None, "categoryGroup": category_group, "enabled": True})
    path = "providers/microsoft.insights/diagnosticSettings/to-central"
    body = setting(
        owner, path, "Microsoft.Insights/diagnosticSettings", {"workspaceId": workspace, "logs": logs, "metrics": []}
    )
    return [body]


DIAGNOSTICS = "providers/Microsoft.Insights/diagnosticSettings"


def make_data(maker: Maker) -> None:
    """Accounts, vaults and SQL servers."""
    for subscription, name, application, is_open, has_policy in _STORAGE:
        _storage(maker, subscription, name, application, is_open, has_policy)
    _vaults(maker)
    _sql(maker)


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
