"""Web applications, functions, and what stands before and behind them."""

from app.providers.azure.catalogue.model import Child, in_subnet, simple, uses

_SITE, _API = "Microsoft.Web/sites", "2023-12-01"


def _settings(kind: str) -> tuple[Child, ...]:
    """What a site or a slot of one keeps apart from itself."""
    action = f"{kind}/config/read"
    return (
        Child(
            name="configWeb",
            path="/config/web",
            api_version=_API,
            action=action,
            redact=(
                "properties.connectionStrings[].connectionString",
                "properties.azureStorageAccounts.*.accessKey",
                "properties.publishingPassword",
                "properties.machineKey",
                "properties.appSettings[].value",
            ),
        ),
        Child(
            name="authSettingsV2", path="/config/authsettingsV2", api_version=_API, action=action, absent=("NotFound",)
        ),
    )


_SITE_SECRETS = (
    "properties.siteConfig.appSettings[].value",
    "properties.siteConfig.connectionStrings[].connectionString",
)

TYPES = (
    simple(
        _SITE,
        "compute.app",
        _API,
        kinds={"functionapp": "compute.function", "workflowapp": "compute.workflow"},
        status=("properties.state",),
        aliases=("properties.defaultHostName",),
        relations=(
            uses("properties.serverFarmId"),
            in_subnet("properties.virtualNetworkSubnetId"),
            uses("properties.keyVaultReferenceIdentity"),
        ),
        children=_settings(_SITE),
        redact=_SITE_SECRETS,
        volatile=("properties.lastModifiedTimeUtc", "properties.usageState", "properties.inProgressOperationId"),
    ),
    simple(
        f"{_SITE}/slots",
        "compute.app",
        _API,
        kinds={"functionapp": "compute.function"},
        status=("properties.state",),
        aliases=("properties.defaultHostName",),
        relations=(uses("properties.serverFarmId"), in_subnet("properties.virtualNetworkSubnetId")),
        children=_settings(f"{_SITE}/slots"),
        redact=_SITE_SECRETS,
        volatile=("properties.lastModifiedTimeUtc", "properties.usageState", "properties.inProgressOperationId"),
    ),
    simple(
        "Microsoft.Web/serverfarms",
        "compute.app_plan",
        _API,
        status=("properties.status",),
        volatile=("properties.currentNumberOfWorkers",),
    ),
    simple(
        "Microsoft.Web/hostingEnvironments",
        "compute.app_environment",
        _API,
        relations=(in_subnet("properties.virtualNetwork.id"),),
    ),
    simple("Microsoft.Web/staticSites", "compute.app", _API, aliases=("properties.defaultHostname",)),
    simple(
        "Microsoft.Web/certificates",
        "security.certificate",
        _API,
        relations=(uses("properties.keyVaultId"),),
        redact=("properties.pfxBlob", "properties.password"),
    ),
    simple(
        "Microsoft.Web/connections",
        "compute.api_connection",
        "2016-06-01",
        redact=("properties.parameterValues.*", "properties.nonSecretParameterValues.*"),
    ),
    simple(
        "Microsoft.Logic/workflows",
        "compute.workflow",
        "2019-05-01",
        created=("properties.createdTime",),
        status=("properties.state",),
        redact=("properties.parameters.*.value",),
        volatile=("properties.changedTime",),
    ),
    simple(
        "Microsoft.ApiManagement/service",
        "network.api",
        "2024-05-01",
        relations=(in_subnet("properties.virtualNetworkConfiguration.subnetResourceId"),),
    ),
    simple(
        "Microsoft.AppConfiguration/configurationStores",
        "compute.configuration",
        "2023-03-01",
        created=("properties.creationDate",),
    ),
    simple(
        "Microsoft.Automation/automationAccounts",
        "compute.automation",
        "2023-11-01",
        status=("properties.state",),
        created=("properties.creationTime",),
        volatile=("properties.lastModifiedTime",),
    ),
    simple("Microsoft.Automation/automationAccounts/runbooks", "compute.automation", "2023-11-01"),
    simple("Microsoft.Maintenance/maintenanceConfigurations", "compute.maintenance", "2023-04-01"),
    simple("Microsoft.AppPlatform/Spring", "compute.app", "2023-12-01"),
)
