"""Databases, caches, search and analytics."""

from typing import Any

from app.providers.azure.catalogue.model import Child, Item, Relation, ResourceType, in_subnet, simple, uses

_SQL, _SQL_API = "Microsoft.Sql/servers", "2021-11-01"
_CACHE, _CACHE_API = "Microsoft.Cache/redis", "2024-03-01"


def _is_not_master(item: Item) -> bool:
    return str(item.get("name", "")).lower() != "master"


def _firewall_rules(kind: str, api_version: str) -> Child:
    return Child(
        name="firewallRules",
        path="/firewallRules",
        api_version=api_version,
        is_list=True,
        default=[],
        action=f"{kind}/firewallRules/read",
    )


def _flexible(product: str, api_version: str) -> ResourceType:
    kind = f"Microsoft.{product}/flexibleServers"
    children = (
        Child(
            name="requireSecureTransport",
            path="/configurations/require_secure_transport",
            api_version=api_version,
            action=f"{kind}/configurations/read",
        ),
        _firewall_rules(kind, api_version),
    )
    return simple(
        kind,
        "database.instance",
        api_version,
        status=("properties.state",),
        created=("systemData.createdAt",),
        aliases=("properties.fullyQualifiedDomainName",),
        relations=(
            in_subnet("properties.network.delegatedSubnetResourceId"),
            Relation(kind="resolves-to", path="properties.network.privateDnsZoneArmResourceId"),
            Relation(kind="replica-of", path="properties.sourceServerResourceId"),
        ),
        children=children,
    )


def _analytics(native_type: str, kind: str, api_version: str, **more: Any) -> ResourceType:
    return simple(native_type, kind, api_version, **more)


TYPES = (
    simple(
        _SQL,
        "database.server",
        _SQL_API,
        status=("properties.state",),
        aliases=("properties.fullyQualifiedDomainName",),
        children=(
            Child(
                name="auditingSettings",
                path="/auditingSettings/default",
                api_version=_SQL_API,
                action=f"{_SQL}/auditingSettings/read",
            ),
            _firewall_rules(_SQL, _SQL_API),
        ),
    ),
    simple(
        f"{_SQL}/databases",
        "database.instance",
        _SQL_API,
        status=("properties.status",),
        created=("properties.creationDate",),
        aliases=("properties.databaseId",),
        relations=(
            Relation(kind="member-of", path="properties.elasticPoolId"),
            Relation(kind="replica-of", path="properties.sourceDatabaseId"),
        ),
        children=(
            Child(
                name="transparentDataEncryption",
                path="/transparentDataEncryption/current",
                api_version=_SQL_API,
                action=f"{_SQL}/databases/transparentDataEncryption/read",
                when=_is_not_master,
            ),
        ),
        volatile=("properties.earliestRestoreDate",),
    ),
    simple(
        f"{_SQL}/elasticPools",
        "database.pool",
        _SQL_API,
        status=("properties.state",),
        created=("properties.creationDate",),
    ),
    simple(
        "Microsoft.Sql/managedInstances",
        "database.instance",
        _SQL_API,
        status=("properties.state",),
        relations=(in_subnet("properties.subnetId"),),
    ),
    simple("Microsoft.Sql/managedInstances/databases", "database.database", _SQL_API),
    simple(
        "Microsoft.SqlVirtualMachine/sqlVirtualMachines",
        "database.instance",
        "2023-10-01",
        relations=(uses("properties.virtualMachineResourceId"),),
    ),
    _flexible("DBforPostgreSQL", "2024-08-01"),
    _flexible("DBforMySQL", "2023-12-30"),
    simple("Microsoft.DBforMariaDB/servers", "database.instance", "2018-06-01"),
    simple(
        "Microsoft.DocumentDB/databaseAccounts",
        "database.cluster",
        "2024-05-15",
        created=("systemData.createdAt",),
        aliases=("properties.instanceId",),
        relations=(in_subnet("properties.virtualNetworkRules[].id"),),
    ),
    simple("Microsoft.DocumentDB/mongoClusters", "database.cluster", "2024-07-01"),
    simple(
        _CACHE,
        "database.cache",
        _CACHE_API,
        relations=(in_subnet("properties.subnetId"),),
        children=(_firewall_rules(_CACHE, _CACHE_API),),
        aliases=("properties.hostName",),
        redact=("properties.accessKeys",),
    ),
    simple("Microsoft.Cache/redisEnterprise", "database.cache", "2024-02-01"),
    simple("Microsoft.Search/searchServices", "database.search", "2023-11-01", status=("properties.status",)),
    _analytics("Microsoft.Kusto/clusters", "analytics.cluster", "2023-08-15", status=("properties.state",)),
    _analytics(
        "Microsoft.Databricks/workspaces",
        "analytics.workspace",
        "2023-02-01",
        relations=(Relation(kind="uses", path="properties.managedResourceGroupId"),),
    ),
    _analytics("Microsoft.DataFactory/factories", "analytics.pipeline", "2018-06-01"),
    _analytics("Microsoft.Synapse/workspaces", "analytics.workspace", "2021-06-01"),
    _analytics("Microsoft.Synapse/workspaces/sqlPools", "analytics.warehouse", "2021-06-01"),
    _analytics(
        "Microsoft.StreamAnalytics/streamingjobs", "analytics.stream", "2020-03-01", status=("properties.jobState",)
    ),
    _analytics("Microsoft.HDInsight/clusters", "analytics.cluster", "2021-06-01"),
    _analytics("Microsoft.Purview/accounts", "analytics.catalogue", "2021-12-01"),
    _analytics("Microsoft.CognitiveServices/accounts", "ai.service", "2023-05-01"),
    _analytics(
        "Microsoft.MachineLearningServices/workspaces",
        "ai.workspace",
        "2024-04-01",
        relations=(
            uses("properties.storageAccount"),
            uses("properties.keyVault"),
            uses("properties.applicationInsights"),
            uses("properties.containerRegistry"),
        ),
    ),
)
