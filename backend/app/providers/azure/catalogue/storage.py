"""Storage accounts, files and backups."""

from app.providers.azure.catalogue.model import Child, Item, encrypts_with, in_subnet, simple

_KIND = "Microsoft.Storage/storageAccounts"
_API = "2023-05-01"


def _has_blobs(item: Item) -> bool:
    return item.get("kind") != "FileStorage"


def _has_rules(item: Item) -> bool:
    return item.get("kind") not in ("FileStorage", "Storage")


TYPES = (
    simple(
        _KIND,
        "storage.bucket",
        _API,
        status=("properties.statusOfPrimary", "properties.provisioningState"),
        created=("properties.creationTime",),
        relations=(
            in_subnet("properties.networkAcls.virtualNetworkRules[].id"),
            encrypts_with("properties.encryption.identity.userAssignedIdentity"),
        ),
        children=(
            Child(
                name="blobServices",
                path="/blobServices/default",
                api_version=_API,
                action=f"{_KIND}/blobServices/read",
                when=_has_blobs,
                absent=("FeatureNotSupportedForAccount",),
            ),
            Child(
                name="containers",
                path="/blobServices/default/containers",
                api_version=_API,
                is_list=True,
                default=[],
                action=f"{_KIND}/blobServices/containers/read",
                when=_has_blobs,
                absent=("FeatureNotSupportedForAccount",),
            ),
            Child(
                name="managementPolicies",
                path="/managementPolicies/default",
                api_version=_API,
                action=f"{_KIND}/managementPolicies/read",
                when=_has_rules,
                absent=("ManagementPolicyNotFound", "ResourceNotFound", "FeatureNotSupportedForAccount"),
            ),
        ),
        volatile=("containers[].properties.lastModifiedTime", "containers[].etag"),
    ),
    simple("Microsoft.StorageSync/storageSyncServices", "storage.file_sync", "2022-06-01"),
    simple("Microsoft.NetApp/netAppAccounts", "storage.file_account", "2024-03-01"),
    simple("Microsoft.NetApp/netAppAccounts/capacityPools", "storage.pool", "2024-03-01"),
    simple(
        "Microsoft.NetApp/netAppAccounts/capacityPools/volumes",
        "storage.file_system",
        "2024-03-01",
        relations=(in_subnet("properties.subnetId"),),
    ),
    simple("Microsoft.RecoveryServices/vaults", "storage.backup_vault", "2024-04-01"),
    simple("Microsoft.DataProtection/backupVaults", "storage.backup_vault", "2024-04-01"),
    simple("Microsoft.ElasticSan/elasticSans", "storage.san", "2023-01-01"),
)
