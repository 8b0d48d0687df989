"""Web applications, functions and what is around them."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.azure.company.data import setting
from simulators.azure.company.maker import DEV, PROD, Maker

_SITE = "Microsoft.Web/sites"
_OFFICE_ONLY = [
    {"name": "office", "priority": 100, "action": "Allow", "ipAddress": "198.51.100.16/28", "tag": "Default"},
    {"name": "Deny all", "priority": 2147483647, "action": "Deny", "ipAddress": "Any"},
]


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
            maker.add(
                group,
                _SITE,
                name,
                _site(name, plan, is_tidy=is_tidy),
                application=application,
                kind=kind,
                identity={"type": "SystemAssigned", "principalId": maker.guid()},
                settings=_settings(maker.path(group, _SITE, name), _SITE, is_tidy=is_tidy),
            )
        if is_tidy:
            _slot(maker, group, f"{application}-site", plan, application)
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


def _slot(maker: Maker, group: str, site: str, plan: str, application: str) -> None:
    """The slot in which a site's next version is tried, by the office alone."""
    kind, name = f"{_SITE}/slots", f"{site}/staging"
    maker.add(
        group,
        kind,
        name,
        {**_site(f"{site}-staging", plan, is_tidy=True), "repositorySiteName": site},
        application=application,
        kind="app,linux",
        settings=_settings(maker.path(group, kind, name), kind, is_tidy=True, restrictions=_OFFICE_ONLY),
        whole_name=True,
    )


def _site(host: str, plan: str, *, is_tidy: bool) -> dict[str, Any]:
    return {
        "state": "Running",
        "enabled": True,
        "httpsOnly": is_tidy,
        "serverFarmId": plan,
        "defaultHostName": f"{host}.azurewebsites.net",
        "hostNames": [f"{host}.azurewebsites.net"],
        "clientCertEnabled": False,
        "publicNetworkAccess": "Enabled",
        "siteConfig": {"numberOfWorkers": 1},
        "lastModifiedTimeUtc": "2026-10-01T00:00:00.1234567",
    }


def _settings(
    own: str, kind: str, *, is_tidy: bool, restrictions: Sequence[Mapping[str, Any]] = ()
) -> dict[str, dict[str, Any]]:
    web = {
        "minTlsVersion": "1.2" if is_tidy else "1.0",
        "ftpsState": "Disabled" if is_tidy else "AllAllowed",
        "remoteDebuggingEnabled": not is_tidy,
        "publishingUsername": "$site",
        "ipSecurityRestrictions": list(restrictions),
        "azureStorageAccounts": {"share": {"accountName": "acmelogs", "accessKey": "hidden-key"}},
    }
    sign_in = {"platform": {"enabled": is_tidy}, "globalValidation": {"requireAuthentication": is_tidy}}
    return {
        "config/web": setting(own, "config/web", f"{kind}/config", web),
        "config/authsettingsV2": setting(own, "config/authsettingsV2", f"{kind}/config", sign_in),
    }
