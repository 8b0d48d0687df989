"""Web applications, functions and what is around them."""

from simulators.azure.company.data import setting
from simulators.azure.company.maker import DEV, PROD, Maker


def make_apps(maker: Maker) -> None:
    """Sites with their settings, plans, a workflow, an API."""
    for subscription, application, is_tidy in (
        (PROD, "storefront", True),
        (PROD, "checkout", True),
        (DEV, "storefront", False),
    ):
        group = maker.group(subscription, f"acme-{application}-web", application)
        suffix = "" if subscription == PROD else "-dev"
        plan = maker.add(
            group,
            "Microsoft.Web/serverfarms",
            f"{application}-plan{suffix}",
            {
                "provisioningState": "Succeeded",
                "status": "Ready",
                "numberOfSites": 2,
                "numberOfWorkers": 2,
                "reserved": True,
            },
            application=application,
            kind="linux",
            sku={"name": "P1v3", "tier": "PremiumV3", "capacity": 2},
        )
        for name, kind in (
            (f"{application}-site{suffix}", "app,linux"),
            (f"{application}-jobs{suffix}", "functionapp,linux"),
        ):
            own = maker.path(group, "Microsoft.Web/sites", name)
            maker.add(
                group,
                "Microsoft.Web/sites",
                name,
                {
                    "state": "Running",
                    "enabled": True,
                    "httpsOnly": is_tidy,
                    "serverFarmId": plan,
                    "defaultHostName": f"{name}.azurewebsites.net",
                    "hostNames": [f"{name}.azurewebsites.net"],
                    "clientCertEnabled": False,
                    "publicNetworkAccess": "Enabled",
                    "siteConfig": {"numberOfWorkers": 1},
                    "lastModifiedTimeUtc": "2026-10-01T00:00:00.1234567",
                },
                application=application,
                kind=kind,
                identity={"type": "SystemAssigned", "principalId": maker.guid()},
                settings={
                    "config/web": setting(
                        own,
                        "config/web",
                        "Microsoft.Web/sites/config",
                        {
                            "minTlsVersion": "1.2" if is_tidy else "1.0",
                            "ftpsState": "Disabled" if is_tidy else "AllAllowed",
                            "remoteDebuggingEnabled": not is_tidy,
                            "publishingUsername": "$site",
                            "ipSecurityRestrictions": [],
                            "azureStorageAccounts": {"share": {"accountName": "acmelogs", "accessKey": "hidden-key"}},
                        },
                    ),
                    "config/authsettingsV2": setting(
                        own,
                        "config/authsettingsV2",
                        "Microsoft.Web/sites/config",
                        {"platform": {"enabled": is_tidy}, "globalValidation": {"requireAuthentication": is_tidy}},
                    ),
                },
            )
    group = maker.group(DEV, "acme-empty", "platform")
    maker.add(
        group,
        "Microsoft.Web/serverfarms",
        "forgotten-plan",
        {"status": "Ready", "numberOfSites": 0},
        kind="app",
        sku={"name": "S1", "tier": "Standard", "capacity": 1},
    )
    maker.add(
        group,
        "Microsoft.Web/staticSites",
        "status-page",
        {"defaultHostname": "happy.azurestaticapps.net"},
        sku={"name": "Free"},
    )
    maker.add(
        group,
        "Microsoft.Logic/workflows",
        "nightly",
        {
            "provisioningState": "Succeeded",
            "state": "Enabled",
            "createdTime": "2026-01-01T00:00:00Z",
            "definition": {"triggers": {}},
        },
    )
    maker.add(
        group,
        "Microsoft.ApiManagement/service",
        "acme-api",
        {"provisioningState": "Succeeded", "gatewayUrl": "https://api.example", "publisherEmail": "ops@acme.example"},
        sku={"name": "Developer", "capacity": 1},
    )
    maker.add(
        group,
        "Microsoft.AppConfiguration/configurationStores",
        "acme-flags",
        {"provisioningState": "Succeeded", "creationDate": "2026-01-01T00:00:00+00:00"},
        sku={"name": "standard"},
    )
