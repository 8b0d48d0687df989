"""Buckets, databases, warehouses and what computes on them."""

from app.providers.gcp.catalogue.model import AssetType, Data, Relation, back, link, uses_account
from app.providers.gcp.paths import find, texts

_BUCKETS = "storage.googleapis.com"
_MOVING = ("etag", "updateTime")


def _buckets(path: str) -> Relation:
    """The resource writes into a bucket, named by its name."""
    return Relation(
        kind="logs-to", path=lambda data: [f"//{_BUCKETS}/{name}" for name in texts(data, path)], host=_BUCKETS
    )


def _keys_of(data: Data) -> list[str]:
    """Bucket and dataset keys come with or without their version."""
    paths = (
        "encryption.defaultKmsKeyName",
        "defaultEncryptionConfiguration.kmsKeyName",
        "encryptionConfiguration.kmsKeyName",
        "diskEncryptionConfiguration.kmsKeyName",
        "encryptionConfig.kmsKeyName",
        "customerManagedKey",
        "kmsKeyName",
        "cmekConfig.kmsKeyName",
    )
    return [text for path in paths for text in texts(data, path)]


_UNDER_KEY = Relation(kind="encrypts-with", path=_keys_of, host="cloudkms.googleapis.com")


def _network_name(data: Data) -> list[str]:
    """Redis, Memcached and Filestore name a network by path, or by its bare name in their own project."""
    paths = (
        "authorizedNetwork",
        "network",
        "networks[].network",
        "networkConfig.network",
        "settings.ipConfiguration.privateNetwork",
    )
    return [text for path in paths for text in texts(data, path) if "/" in text]


_IN_NETWORK = back("contains", _network_name)


def _database(native_type: str, type_: str, *relations: Relation, **more: tuple[str, ...]) -> AssetType:
    volatile = (*_MOVING, *more.pop("volatile", ()))
    return AssetType(
        native_type=native_type,
        type=type_,
        relations=(_UNDER_KEY, _IN_NETWORK, *relations),
        volatile=volatile,
        aliases=more.pop("aliases", ()),
    )


def _replica_of(data: Data) -> list[str]:
    master, project = find(data, "masterInstanceName"), find(data, "project")
    if not isinstance(master, str) or not master:
        return []
    owner, _, name = master.rpartition(":")
    return [f"//cloudsql.googleapis.com/projects/{owner or project}/instances/{name}"]


STORAGE = (
    AssetType(
        native_type="storage.googleapis.com/Bucket",
        type="storage.bucket",
        aliases=("{selfLink}", "gs://{name}", "{name}"),
        relations=(_UNDER_KEY, _buckets("logging.logBucket")),
        volatile=("etag", "updated", "metageneration"),
    ),
    _database("file.googleapis.com/Instance", "storage.file_system"),
    _database(
        "file.googleapis.com/Backup", "storage.snapshot", link("snapshot-of", "sourceInstance", "file.googleapis.com")
    ),
    _database("file.googleapis.com/Snapshot", "storage.snapshot"),
    _database("netapp.googleapis.com/Volume", "storage.file_system"),
    AssetType(native_type="backupdr.googleapis.com/BackupVault", type="storage.backup_vault", volatile=_MOVING),
)

DATABASES = (
    _database(
        "sqladmin.googleapis.com/Instance",
        "database.instance",
        uses_account("serviceAccountEmailAddress"),
        link("uses", _replica_of),
        aliases=("{selfLink}", "{connectionName}"),
        volatile=("currentDiskSize", "settings.settingsVersion", "serverCaCert.expirationTime"),
    ),
    _database("sqladmin.googleapis.com/BackupRun", "database.snapshot"),
    _database("spanner.googleapis.com/Instance", "database.cluster"),
    _database("spanner.googleapis.com/Database", "database.database"),
    _database("spanner.googleapis.com/Backup", "database.snapshot", volatile=("referencingDatabases",)),
    _database("bigtableadmin.googleapis.com/Instance", "database.cluster"),
    _database("bigtableadmin.googleapis.com/Cluster", "database.cluster", volatile=("serveNodes",)),
    _database("bigtableadmin.googleapis.com/Table", "database.table"),
    _database("firestore.googleapis.com/Database", "database.database", volatile=("earliestVersionTime",)),
    _database("datastore.googleapis.com/Database", "database.database"),
    _database("redis.googleapis.com/Instance", "database.cache", volatile=("serverCaCerts",)),
    _database("redis.googleapis.com/Cluster", "database.cache"),
    _database("memcache.googleapis.com/Instance", "database.cache"),
    _database("alloydb.googleapis.com/Cluster", "database.cluster"),
    _database("alloydb.googleapis.com/Instance", "database.instance"),
    _database("alloydb.googleapis.com/Backup", "database.snapshot"),
)

ANALYTICS = (
    AssetType(
        native_type="bigquery.googleapis.com/Dataset",
        type="analytics.dataset",
        name="datasetReference.datasetId",
        aliases=("{selfLink}", "{id}"),
        relations=(_UNDER_KEY,),
        volatile=("etag", "lastModifiedTime"),
    ),
    AssetType(
        native_type="bigquery.googleapis.com/Table",
        type="analytics.table",
        name="tableReference.tableId",
        aliases=("{selfLink}", "{id}"),
        relations=(_UNDER_KEY,),
        volatile=(
            "etag",
            "lastModifiedTime",
            "numBytes",
            "numRows",
            "numLongTermBytes",
            "numActiveLogicalBytes",
            "numTotalLogicalBytes",
            "numPhysicalBytes",
            "streamingBuffer",
        ),
    ),
    AssetType(
        native_type="bigquery.googleapis.com/Model", type="analytics.model", volatile=("etag", "lastModifiedTime")
    ),
    AssetType(
        native_type="bigquery.googleapis.com/Routine", type="analytics.routine", volatile=("etag", "lastModifiedTime")
    ),
    _database(
        "dataproc.googleapis.com/Cluster",
        "analytics.cluster",
        uses_account("config.gceClusterConfig.serviceAccount"),
        link("uses", "config.gceClusterConfig.subnetworkUri"),
        volatile=("metrics", "statusHistory"),
    ),
    _database("dataflow.googleapis.com/Job", "analytics.job", uses_account("environment.serviceAccountEmail")),
    _database(
        "composer.googleapis.com/Environment",
        "analytics.environment",
        link("uses", "config.gkeCluster", "container.googleapis.com"),
    ),
    _database("datafusion.googleapis.com/Instance", "analytics.environment"),
    _database("dataplex.googleapis.com/Lake", "analytics.lake"),
    _database("aiplatform.googleapis.com/Endpoint", "analytics.endpoint"),
    _database("aiplatform.googleapis.com/Model", "analytics.model"),
    _database("aiplatform.googleapis.com/Dataset", "analytics.dataset"),
    _database("notebooks.googleapis.com/Instance", "analytics.notebook"),
    _database("looker.googleapis.com/Instance", "analytics.environment"),
)
