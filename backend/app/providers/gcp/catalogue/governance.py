"""Who may do what, keys and secrets, logs and alerts, and the tree of the organization."""

from app.providers.gcp.catalogue.model import AssetType, Data, Relation, back, link
from app.providers.gcp.paths import texts

_IAM = "iam.googleapis.com/"
_MANAGER = "cloudresourcemanager.googleapis.com"
_LOGS = "logging.googleapis.com"


def _sink_targets(data: Data) -> list[str]:
    """storage.googleapis.com/bucket, bigquery.googleapis.com/projects/…/datasets/…, pubsub.googleapis.com/…"""
    return [f"//{text}" for text in texts(data, "destination")]


def _parent_of(data: Data) -> list[str]:
    """Parents as `folders/1`, or as Resource Manager's first version wrote them."""
    parent = data.get("parent")
    if isinstance(parent, dict):
        return [f"//{_MANAGER}/{parent.get('type')}s/{parent.get('id')}"] if parent.get("id") else []
    return [f"//{_MANAGER}/{parent}"] if isinstance(parent, str) and parent else []


_PARENT = Relation(kind="contains", path=_parent_of, host=_MANAGER, reverse=True)

IAM = (
    AssetType(
        native_type=_IAM + "ServiceAccount",
        type="identity.service_account",
        name="email",
        aliases=(
            "{email}",
            "{uniqueId}",
            "//iam.googleapis.com/{name}",
            "//iam.googleapis.com/projects/{projectId}/serviceAccounts/{uniqueId}",
            "serviceAccount:{email}",
        ),
        status="disabled",
        volatile=("etag",),
    ),
    AssetType(native_type=_IAM + "ServiceAccountKey", type="identity.key", status="keyType", created="validAfterTime"),
    AssetType(native_type=_IAM + "Role", type="identity.role", name="title", status="stage", volatile=("etag",)),
    AssetType(native_type=_IAM + "WorkloadIdentityPool", type="identity.provider"),
    AssetType(native_type=_IAM + "WorkloadIdentityPoolProvider", type="identity.provider"),
    AssetType(native_type=_IAM + "WorkforcePool", type="identity.provider"),
    AssetType(native_type=_IAM + "Policy", type="identity.policy"),
    AssetType(
        native_type=f"{_MANAGER}/Organization", type="account.organization", name="displayName", volatile=("etag",)
    ),
    AssetType(
        native_type=f"{_MANAGER}/Folder",
        type="account.folder",
        name="displayName",
        relations=(_PARENT,),
        volatile=("etag",),
    ),
    AssetType(
        native_type=f"{_MANAGER}/Project",
        type="account.project",
        aliases=(
            "projects/{projectId}",
            "{projectId}",
            "{projectNumber}",
            "//cloudresourcemanager.googleapis.com/projects/{projectId}",
        ),
        relations=(_PARENT,),
        volatile=("etag",),
    ),
    AssetType(native_type=f"{_MANAGER}/TagKey", type="account.tag_key", name="shortName", volatile=("etag",)),
    AssetType(native_type=f"{_MANAGER}/TagValue", type="account.tag_value", name="shortName", volatile=("etag",)),
    AssetType(
        native_type="apikeys.googleapis.com/Key", type="identity.api_key", name="displayName", volatile=("etag",)
    ),
    AssetType(native_type="serviceusage.googleapis.com/Service", type="account.service"),
    AssetType(native_type="cloudbilling.googleapis.com/BillingAccount", type="account.billing", name="displayName"),
    AssetType(
        native_type="cloudbilling.googleapis.com/ProjectBillingInfo",
        type="account.billing",
        status="billingEnabled",
        relations=(
            back(
                "contains",
                lambda data: [f"//cloudbilling.googleapis.com/{name}" for name in texts(data, "billingAccountName")],
            ),
        ),
    ),
    AssetType(native_type="orgpolicy.googleapis.com/Policy", type="account.policy", volatile=("etag", "updateTime")),
)

SECURITY = (
    AssetType(native_type="cloudkms.googleapis.com/KeyRing", type="security.key_ring"),
    AssetType(
        native_type="cloudkms.googleapis.com/CryptoKey",
        type="security.key",
        status="primary.state",
        volatile=("primary.generateTime", "nextRotationTime"),
    ),
    AssetType(native_type="cloudkms.googleapis.com/CryptoKeyVersion", type="security.key_version"),
    AssetType(native_type="cloudkms.googleapis.com/ImportJob", type="security.key_import"),
    AssetType(
        native_type="secretmanager.googleapis.com/Secret",
        type="security.secret",
        relations=(
            link("uses", "topics[].name", "pubsub.googleapis.com"),
            link(
                "encrypts-with", "replication.automatic.customerManagedEncryption.kmsKeyName", "cloudkms.googleapis.com"
            ),
        ),
        volatile=("etag",),
    ),
    AssetType(
        native_type="secretmanager.googleapis.com/SecretVersion", type="security.secret_version", volatile=("etag",)
    ),
    AssetType(native_type="certificatemanager.googleapis.com/Certificate", type="security.certificate"),
    AssetType(native_type="certificatemanager.googleapis.com/CertificateMap", type="security.certificate_map"),
    AssetType(native_type="privateca.googleapis.com/CaPool", type="security.authority"),
    AssetType(native_type="privateca.googleapis.com/CertificateAuthority", type="security.authority"),
    AssetType(native_type="privateca.googleapis.com/Certificate", type="security.certificate"),
    AssetType(native_type="binaryauthorization.googleapis.com/Policy", type="security.policy"),
    AssetType(
        native_type="accesscontextmanager.googleapis.com/ServicePerimeter", type="security.perimeter", name="title"
    ),
    AssetType(
        native_type="accesscontextmanager.googleapis.com/AccessLevel", type="security.access_level", name="title"
    ),
)

MONITORING = (
    AssetType(native_type=f"{_LOGS}/LogSink", type="monitoring.log_sink", relations=(link("logs-to", _sink_targets),)),
    AssetType(native_type=f"{_LOGS}/LogBucket", type="monitoring.log_group", volatile=("updateTime",)),
    AssetType(native_type=f"{_LOGS}/LogMetric", type="monitoring.metric", volatile=("updateTime",)),
    AssetType(
        native_type="monitoring.googleapis.com/AlertPolicy",
        type="monitoring.alarm",
        name="displayName",
        status="enabled",
        created="creationRecord.mutateTime",
        labels="userLabels",
        relations=(link("targets", "notificationChannels[]", "monitoring.googleapis.com"),),
        volatile=("mutationRecord",),
    ),
    AssetType(
        native_type="monitoring.googleapis.com/NotificationChannel",
        type="monitoring.channel",
        name="displayName",
        status="enabled",
        labels="userLabels",
        hidden_queries=("labels.url",),
        volatile=("mutationRecords",),
    ),
    AssetType(
        native_type="monitoring.googleapis.com/UptimeCheckConfig",
        type="monitoring.uptime_check",
        name="displayName",
        labels="userLabels",
    ),
    AssetType(
        native_type="monitoring.googleapis.com/Dashboard",
        type="monitoring.dashboard",
        name="displayName",
        volatile=("etag",),
    ),
)
