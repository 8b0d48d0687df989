"""Where the data is: buckets, SQL, BigQuery, Spanner, Redis, Filestore, Firestore, Bigtable, keys and secrets."""

from simulators.gcp.assets import COMPUTE, Builder, Project
from simulators.gcp.organization import TEAMS, labels

_REGION = "europe-west1"


def make_stores(made: Builder, projects: dict[str, Project], links: dict[str, dict[str, str]]) -> None:
    """Buckets in each project, keys and secrets, then each store where it is used."""
    for short, project in projects.items():
        _keys(made, project)
        for use in ("assets", "backups", "logs"):
            _bucket(made, project, short, use)
        _secret(made, project, "db-password")
    for short, service in (("prod", "storefront"), ("pay", "checkout"), ("staging", "storefront")):
        _sql(made, projects[short], links[short], short, service)
    _analytics(made, projects["data"])
    _caches(made, projects["prod"], links["prod"])


def _keys(made: Builder, project: Project) -> None:
    ring = f"projects/{project.id}/locations/{_REGION}/keyRings/main"
    own = made.add(
        "cloudkms.googleapis.com/KeyRing",
        ring,
        {"name": ring, "createTime": made.moment(ring)},
        project=project,
        location=_REGION,
        policy=made.policy(("roles/cloudkms.admin", [f"user:tomas@{made.domain}"])),
    )
    for name in ("storage", "gke", "sql"):
        path = f"{ring}/cryptoKeys/{name}"
        rotating = {"rotationPeriod": "7776000s", "nextRotationTime": "2026-12-01T00:00:00Z"}
        key = made.add(
            "cloudkms.googleapis.com/CryptoKey",
            path,
            {
                "name": path,
                "purpose": "ENCRYPT_DECRYPT",
                "createTime": made.moment(path),
                "primary": {"name": f"{path}/cryptoKeyVersions/1", "state": "ENABLED"},
                "versionTemplate": {"protectionLevel": "SOFTWARE", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"},
                "labels": dict(project.labels),
                **(rotating if name == "storage" else {}),
            },
            project=project,
            parent=own,
            location=_REGION,
            policy=made.policy(
                (
                    "roles/cloudkms.cryptoKeyEncrypterDecrypter",
                    [f"serviceAccount:service-{project.number}@gs-project-accounts.iam.gserviceaccount.com"],
                )
            ),
        )
        made.add(
            "cloudkms.googleapis.com/CryptoKeyVersion",
            f"{path}/cryptoKeyVersions/1",
            {"name": f"{path}/cryptoKeyVersions/1", "state": "ENABLED", "createTime": made.moment(path)},
            project=project,
            parent=key,
            location=_REGION,
        )


def _bucket(made: Builder, project: Project, short: str, use: str) -> None:
    name = f"{project.id}-{use}"
    public = short == "staging" and use == "assets"
    bindings = [("roles/storage.objectAdmin", [f"serviceAccount:runtime@{project.id}.iam.gserviceaccount.com"])]
    if public:
        bindings.append(("roles/storage.objectViewer", ["allUsers"]))
    retention = {"retentionPeriod": "31536000", "isLocked": short != "staging"}
    encryption = {"defaultKmsKeyName": f"projects/{project.id}/locations/{_REGION}/keyRings/main/cryptoKeys/storage"}
    made.add(
        "storage.googleapis.com/Bucket",
        name,
        {
            "kind": "storage#bucket",
            "id": name,
            "name": name,
            "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
            "projectNumber": project.number,
            "metageneration": "7",
            "location": "EUROPE-WEST1",
            "locationType": "region",
            "storageClass": "STANDARD" if use != "backups" else "NEARLINE",
            "timeCreated": made.moment(name),
            "updated": made.moment(name, year=2026),
            "labels": dict(project.labels),
            "versioning": {"enabled": use == "backups"},
            "iamConfiguration": {
                "publicAccessPrevention": "inherited" if public else "enforced",
                "uniformBucketLevelAccess": {"enabled": not public},
            },
            **({"encryption": encryption} if use == "backups" else {}),
            **({"logging": {"logBucket": f"{project.id}-logs"}} if use == "assets" else {}),
            **({"retentionPolicy": retention} if use == "logs" else {}),
        },
        project=project,
        location=_REGION,
        policy=made.policy(*bindings),
    )  # fmt: skip


def _secret(made: Builder, project: Project, name: str) -> None:
    """A secret, its version, and the topic that hears of changes."""
    topic = f"projects/{project.id}/topics/secret-changes"
    made.add("pubsub.googleapis.com/Topic", topic, {"name": topic}, project=project, location="global")
    path = f"projects/{project.number}/secrets/{name}"
    own = made.add(
        "secretmanager.googleapis.com/Secret",
        path,
        {
            "name": path,
            "replication": {"automatic": {}},
            "createTime": made.moment(path),
            "labels": dict(project.labels),
            "topics": [{"name": topic}],
        },
        project=project,
        location="global",
    )
    made.add(
        "secretmanager.googleapis.com/SecretVersion",
        f"{path}/versions/1",
        {"name": f"{path}/versions/1", "state": "ENABLED", "createTime": made.moment(path)},
        project=project,
        parent=own,
        location="global",
    )


def _sql(made: Builder, project: Project, links: dict[str, str], short: str, service: str) -> None:
    name = f"{service}-{short}"
    open_door = short == "staging"
    networks = [{"value": "0.0.0.0/0", "name": "home", "kind": "sql#aclEntry"}] if open_door else []
    addresses = [{"type": "PRIVATE", "ipAddress": "10.11.0.20"}]
    if open_door:
        addresses.append({"type": "PRIMARY", "ipAddress": "203.0.113.120"})
    made.add(
        "sqladmin.googleapis.com/Instance",
        f"projects/{project.id}/instances/{name}",
        {
            "kind": "sql#instance",
            "name": name,
            "project": project.id,
            "state": "RUNNABLE",
            "databaseVersion": "POSTGRES_16",
            "instanceType": "CLOUD_SQL_INSTANCE",
            "region": _REGION,
            "gceZone": f"{_REGION}-b",
            "connectionName": f"{project.id}:{_REGION}:{name}",
            "selfLink": f"https://sqladmin.googleapis.com/v1/projects/{project.id}/instances/{name}",
            "createTime": made.moment(name),
            "ipAddresses": addresses,
            "serviceAccountEmailAddress": f"p{project.number}-abc@gcp-sa-cloud-sql.iam.gserviceaccount.com",
            "rootPassword": "please-redact",
            "settings": {
                "tier": "db-custom-4-16384",
                "availabilityType": "ZONAL" if open_door else "REGIONAL",
                "dataDiskSizeGb": "200",
                "dataDiskType": "PD_SSD",
                "settingsVersion": "42",
                "userLabels": labels("prod" if not open_door else "staging", service),
                "backupConfiguration": {"enabled": not open_door, "pointInTimeRecoveryEnabled": not open_door},
                "ipConfiguration": {
                    "ipv4Enabled": open_door,
                    "privateNetwork": links["network"].removeprefix(COMPUTE),
                    "sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED" if open_door else "ENCRYPTED_ONLY",
                    "authorizedNetworks": networks,
                },
            },
            "diskEncryptionConfiguration": {
                "kmsKeyName": f"projects/{project.id}/locations/{_REGION}/keyRings/main/cryptoKeys/sql"
            },
        },
        project=project,
        location=_REGION,
        version="v1",
    )
    made.add(
        "sqladmin.googleapis.com/BackupRun",
        f"projects/{project.id}/instances/{name}/backupRuns/{made.number(name, 'run', digits=13)}",
        {"id": made.number(name, "run", digits=13), "instance": name, "status": "SUCCESSFUL", "type": "AUTOMATED"},
        project=project,
        parent=f"//cloudsql.googleapis.com/projects/{project.id}/instances/{name}",
        location=_REGION,
    )


def _analytics(made: Builder, project: Project) -> None:
    for dataset in ("events", "finance", "scratch"):
        path = f"projects/{project.id}/datasets/{dataset}"
        access = [{"role": "OWNER", "userByEmail": f"priya@{made.domain}"}]
        if dataset == "scratch":
            access.append({"role": "READER", "specialGroup": "allAuthenticatedUsers"})
        own = made.add(
            "bigquery.googleapis.com/Dataset",
            path,
            {
                "kind": "bigquery#dataset",
                "id": f"{project.id}:{dataset}",
                "datasetReference": {"datasetId": dataset, "projectId": project.id},
                "location": "EU",
                "labels": dict(project.labels),
                "creationTime": "1672531200000",
                "lastModifiedTime": "1767225600000",
                "access": access,
            },
            project=project,
            location="EU",
            version="v2",
        )
        for table in ("daily", "raw"):
            made.add(
                "bigquery.googleapis.com/Table",
                f"{path}/tables/{table}",
                {
                    "id": f"{project.id}:{dataset}.{table}",
                    "tableReference": {"projectId": project.id, "datasetId": dataset, "tableId": table},
                    "type": "TABLE",
                    "location": "EU",
                    "creationTime": "1672531200000",
                    "numBytes": "918273645",
                    "numRows": "120000",
                    "timePartitioning": {"type": "DAY"},
                },
                project=project,
                parent=own,
                location="EU",
                version="v2",
            )
    for asset_type, path, data in (
        (
            "spanner.googleapis.com/Instance",
            "instances/ledger",
            {"config": "regional-europe-west1", "nodeCount": 1, "state": "READY", "displayName": "Ledger"},
        ),
        ("bigtableadmin.googleapis.com/Instance", "instances/series", {"type": "PRODUCTION", "state": "READY"}),
        (
            "firestore.googleapis.com/Database",
            "databases/(default)",
            {"type": "FIRESTORE_NATIVE", "locationId": "eur3"},
        ),
        (
            "dataproc.googleapis.com/Cluster",
            "regions/europe-west1/clusters/nightly",
            {"clusterName": "nightly", "status": {"state": "RUNNING"}},
        ),
        (
            "aiplatform.googleapis.com/Endpoint",
            "locations/europe-west1/endpoints/4711",
            {"displayName": "recommendations", "createTime": "2025-04-01T00:00:00Z"},
        ),
    ):
        name = f"projects/{project.id}/{path}"
        made.add(asset_type, name, {"name": name, "labels": {"team": TEAMS["analytics"]}, **data}, project=project)


def _caches(made: Builder, project: Project, links: dict[str, str]) -> None:
    redis = f"projects/{project.id}/locations/{_REGION}/instances/sessions"
    made.add(
        "redis.googleapis.com/Instance",
        redis,
        {
            "name": redis,
            "displayName": "sessions",
            "tier": "STANDARD_HA",
            "memorySizeGb": 5,
            "state": "READY",
            "redisVersion": "REDIS_7_2",
            "host": "10.11.0.40",
            "port": 6379,
            "authorizedNetwork": links["network"].removeprefix(COMPUTE),
            "transitEncryptionMode": "SERVER_AUTHENTICATION",
            "createTime": made.moment(redis),
            "labels": labels("prod", "storefront"),
        },
        project=project,
        location=_REGION,
    )
    files = f"projects/{project.id}/locations/{_REGION}-b/instances/media"
    made.add(
        "file.googleapis.com/Instance",
        files,
        {
            "name": files,
            "tier": "BASIC_SSD",
            "state": "READY",
            "fileShares": [{"name": "media", "capacityGb": "2560"}],
            "networks": [{"network": "acme-prod", "ipAddresses": ["10.11.0.50"]}],
            "createTime": made.moment(files),
            "labels": labels("prod", "storefront"),
        },
        project=project,
        location=f"{_REGION}-b",
    )
