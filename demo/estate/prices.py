"""What the company's resources in Google Cloud and Azure cost: rough list prices in US dollars a day."""

from collections.abc import Iterator
from typing import Any

from demo.estate.ledger import Issuer, Ledger
from simulators.azure.estate import Estate as AzureEstate
from simulators.gcp.estate import Estate as GoogleEstate

_VCPU_DAY, _AZURE_VCPU_DAY = 0.82, 0.98  # general purpose, Linux, on demand
_SPIKE = "analytics"

# type: (service, category, unit, a day)
GOOGLE: dict[str, tuple[str, str, str, float]] = {
    "compute.googleapis.com/Snapshot": ("Compute Engine", "Storage", "GBy", 0.21),
    "compute.googleapis.com/Address": ("Compute Engine", "Networking", "Hrs", 0.24),
    "compute.googleapis.com/VpnTunnel": ("Cloud VPN", "Networking", "Hrs", 1.2),
    "compute.googleapis.com/GlobalForwardingRule": ("Cloud Load Balancing", "Networking", "Hrs", 0.6),
    "sqladmin.googleapis.com/Instance": ("Cloud SQL", "Databases", "Hrs", 6.4),
    "spanner.googleapis.com/Instance": ("Cloud Spanner", "Databases", "Hrs", 21.6),
    "bigtableadmin.googleapis.com/Instance": ("Cloud Bigtable", "Databases", "Hrs", 15.6),
    "redis.googleapis.com/Instance": ("Cloud Memorystore for Redis", "Databases", "Hrs", 3.9),
    "file.googleapis.com/Instance": ("Filestore", "Storage", "Hrs", 7.1),
    "container.googleapis.com/Cluster": ("Kubernetes Engine", "Compute", "Hrs", 2.4),
    "storage.googleapis.com/Bucket": ("Cloud Storage", "Storage", "GBy", 0.9),
    "bigquery.googleapis.com/Dataset": ("BigQuery", "Analytics", "TBy", 8.3),
    "dataproc.googleapis.com/Cluster": ("Dataproc", "Analytics", "Hrs", 11.2),
    "run.googleapis.com/Service": ("Cloud Run", "Compute", "Requests", 1.1),
    "cloudfunctions.googleapis.com/Function": ("Cloud Run Functions", "Compute", "Requests", 0.14),
    "pubsub.googleapis.com/Topic": ("Cloud Pub/Sub", "Integration", "GBy", 0.31),
    "cloudkms.googleapis.com/CryptoKeyVersion": ("Cloud Key Management Service", "Security", "Keys", 0.002),
    "aiplatform.googleapis.com/Endpoint": ("Vertex AI", "AI and Machine Learning", "Hrs", 9.7),
    "artifactregistry.googleapis.com/Repository": ("Artifact Registry", "Developer Tools", "GBy", 0.12),
}
AZURE: dict[str, tuple[str, str, str, float]] = {
    "microsoft.compute/snapshots": ("Storage", "Storage", "1 GB/Month", 0.19),
    "microsoft.network/publicipaddresses": ("Virtual Network", "Networking", "1 Hour", 0.12),
    "microsoft.network/loadbalancers": ("Load Balancer", "Networking", "1 Hour", 0.6),
    "microsoft.network/applicationgateways": ("Application Gateway", "Networking", "1 Hour", 7.9),
    "microsoft.network/azurefirewalls": ("Azure Firewall", "Security", "1 Hour", 30.0),
    "microsoft.network/natgateways": ("NAT Gateway", "Networking", "1 Hour", 1.08),
    "microsoft.network/bastionhosts": ("Azure Bastion", "Networking", "1 Hour", 4.56),
    "microsoft.network/virtualnetworkgateways": ("VPN Gateway", "Networking", "1 Hour", 4.6),
    "microsoft.network/expressroutecircuits": ("ExpressRoute", "Networking", "1 Month", 9.8),
    "microsoft.storage/storageaccounts": ("Storage", "Storage", "1 GB/Month", 1.4),
    "microsoft.sql/servers/databases": ("SQL Database", "Databases", "1 Hour", 4.9),
    "microsoft.sql/servers/elasticpools": ("SQL Database", "Databases", "1 Hour", 9.1),
    "microsoft.dbforpostgresql/flexibleservers": ("Azure Database for PostgreSQL", "Databases", "1 Hour", 5.8),
    "microsoft.dbformysql/flexibleservers": ("Azure Database for MySQL", "Databases", "1 Hour", 3.7),
    "microsoft.documentdb/databaseaccounts": ("Azure Cosmos DB", "Databases", "100 RU/s", 12.4),
    "microsoft.cache/redis": ("Azure Cache for Redis", "Databases", "1 Hour", 3.3),
    "microsoft.containerservice/managedclusters": ("Azure Kubernetes Service", "Compute", "1 Hour", 2.4),
    "microsoft.containerregistry/registries": ("Container Registry", "Developer Tools", "1/Day", 0.67),
    "microsoft.web/serverfarms": ("Azure App Service", "Compute", "1 Hour", 3.1),
    "microsoft.app/containerapps": ("Azure Container Apps", "Compute", "1 Second", 0.9),
    "microsoft.search/searchservices": ("Azure AI Search", "AI and Machine Learning", "1 Hour", 8.1),
    "microsoft.cognitiveservices/accounts": ("Azure AI services", "AI and Machine Learning", "1K", 6.6),
    "microsoft.databricks/workspaces": ("Azure Databricks", "Analytics", "1 Hour", 14.8),
    "microsoft.eventhub/namespaces": ("Event Hubs", "Integration", "1 Hour", 0.72),
    "microsoft.servicebus/namespaces": ("Service Bus", "Integration", "1 Hour", 0.33),
    "microsoft.operationalinsights/workspaces": ("Log Analytics", "Management and Governance", "1 GB", 6.2),
    "microsoft.keyvault/vaults": ("Key Vault", "Security", "10K", 0.05),
    "microsoft.apimanagement/service": ("API Management", "Integration", "1 Hour", 4.9),
}


def google_ledger(estate: GoogleEstate) -> Ledger:
    """A charge a day for each resource that has a price; the project is the sub account."""
    names = {project.id: project.name for project in estate.projects()}
    ledger = Ledger(
        "01A2B3-C4D5E6-F70819",
        issuer=Issuer(
            provider="Google Cloud", invoice="Google Cloud", billing_name="Acme Inc.", sub_account_names=names
        ),
    )
    for asset in estate:
        if asset.project and asset.resource is not None:
            data = asset.resource.get("data", {})
            for service, category, unit, a_day, sku in _google_prices(asset.asset_type, data):
                name = str(data.get("displayName") or data.get("name") or asset.name.rpartition("/")[2])
                labels = (
                    data.get("labels") or data.get("userLabels") or data.get("settings", {}).get("userLabels") or {}
                )
                ledger.add(
                    resource_id=asset.name, name=name.rpartition("/")[2], resource_type=asset.asset_type,
                    service=service, category=category, region=_region(asset.resource.get("location", "global")),
                    daily_usd=a_day, tags=dict(labels), age_days=_age(name), unit=unit, sku=sku,
                    sub_account=asset.project, pattern=_pattern(str(labels.get("env", "")), name),
                )  # fmt: skip
    return ledger


def _google_prices(kind: str, data: dict[str, Any]) -> Iterator[tuple[str, str, str, float, str]]:
    if kind == "compute.googleapis.com/Instance":
        machine = str(data.get("machineType", "")).rpartition("/")[2]
        yield "Compute Engine", "Compute", "Hrs", _VCPU_DAY * _cores(machine), machine
    elif kind == "compute.googleapis.com/Disk":
        flavour = str(data.get("type", "")).rpartition("/")[2]
        a_gigabyte = 0.0057 if "ssd" in flavour else 0.0013
        yield "Compute Engine", "Storage", "GBy", a_gigabyte * float(data.get("sizeGb", 10)), flavour
    elif kind in GOOGLE:
        yield *GOOGLE[kind], kind.rpartition("/")[2]


def azure_ledger(estate: AzureEstate) -> Ledger:
    """The same for a tenant; the subscription is the sub account."""
    names = {one["subscriptionId"]: one["displayName"] for one in estate.subscriptions()}
    ledger = Ledger(
        "b7d41c02-9f10-4d8e-8a55-0c1f7e5a9d10",
        issuer=Issuer(provider="Microsoft", invoice="Microsoft", billing_name="Acme Inc.", sub_account_names=names),
    )
    for body in estate.arm_bodies():
        kind = str(body["type"]).lower()
        for service, category, unit, a_day, sku in _azure_prices(kind, body.get("properties") or {}, body):
            tags = dict(body.get("tags") or {})
            ledger.add(
                resource_id=str(body["id"]).lower(), name=str(body["name"]), resource_type=str(body["type"]),
                service=service, category=category, region=str(body.get("location", "")).lower(), daily_usd=a_day,
                tags=tags, age_days=_age(str(body["name"])), unit=unit, sku=sku,
                sub_account=str(body["id"]).split("/")[2], pattern=_pattern(tags.get("environment", ""), body["name"]),
            )  # fmt: skip
    return ledger


def _azure_prices(
    kind: str, properties: dict[str, Any], body: dict[str, Any]
) -> Iterator[tuple[str, str, str, float, str]]:
    if kind == "microsoft.compute/virtualmachines":
        size = str(properties.get("hardwareProfile", {}).get("vmSize", ""))
        yield "Virtual Machines", "Compute", "1 Hour", _AZURE_VCPU_DAY * _cores(size), size
    elif kind == "microsoft.compute/virtualmachinescalesets":
        sku = body.get("sku") or {}
        size, count = str(sku.get("name", "")), float(sku.get("capacity", 1))
        yield "Virtual Machine Scale Sets", "Compute", "1 Hour", _AZURE_VCPU_DAY * _cores(size) * count, size
    elif kind == "microsoft.compute/disks":
        flavour = str((body.get("sku") or {}).get("name", "StandardSSD_LRS"))
        a_gigabyte = 0.0051 if "Premium" in flavour else 0.0025
        yield "Storage", "Storage", "1/Month", a_gigabyte * float(properties.get("diskSizeGB", 32)), flavour
    elif kind in AZURE:
        yield *AZURE[kind], kind.rpartition("/")[2]


def _cores(size: str) -> int:
    """The processors that a machine type or size names: e2-standard-4, Standard_D8s_v5; two where it does not."""
    for word in size.replace("_", "-").split("-")[1:]:
        digits = "".join(letter for letter in word if letter.isdigit())
        if digits and not word.startswith("v"):
            return max(1, min(64, int(digits)))
    return 2


def _region(location: str) -> str:
    parts = location.split("-")
    return "-".join(parts[:2]) if len(parts) == 3 and len(parts[2]) == 1 else location


def _age(name: str) -> int:
    return 120 + sum(name.encode()) % 400


def _pattern(environment: str, name: str) -> str:
    if environment in ("dev", "staging", "development"):
        return "weekday"
    return "growing" if _SPIKE in name else "traffic"
