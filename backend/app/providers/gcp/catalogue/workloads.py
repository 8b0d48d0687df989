"""Kubernetes, registries, Run, Functions, App Engine, and what passes messages between them."""

from app.providers.gcp.catalogue.model import AssetType, Data, Relation, back, encrypted_with, link, uses_account
from app.providers.gcp.paths import find, find_all, texts
from app.providers.gcp.redaction import is_secret_like

_GKE = "container.googleapis.com"
_PUBSUB = "pubsub.googleapis.com"
_K8S_MOVING = ("metadata.resourceVersion", "metadata.managedFields", "metadata.generation", "status")
_MOVING = ("etag", "updateTime")


def _telling_names(*paths: str):  # type: ignore[no-untyped-def]  # a function of data, as `derive` takes it
    """Names of variables whose value looks like a credential; the values themselves are not kept."""

    def names(data: Data) -> list[str]:
        found: set[str] = set()
        for path in paths:
            for entry in find_all(data, path):
                if isinstance(entry, dict) and isinstance(entry.get("name"), str) and "value" in entry:
                    pairs = [(entry["name"], entry["value"])]
                else:
                    pairs = list(entry.items()) if isinstance(entry, dict) else []
                found.update(name for name, value in pairs if is_secret_like(str(name), value))
        return sorted(found)

    return names


_RUN_ENV = "spec.template.spec.containers[].env"
_RUN2_ENV = "template.containers[].env"


def _images(data: Data) -> list[str]:
    """Repositories of Artifact Registry that the containers' images come from."""
    found = []
    for path in ("spec.template.spec.containers[].image", "template.containers[].image", "spec.containers[].image"):
        for image in texts(data, path):
            host, _, rest = image.partition("/")
            parts = rest.split("/")
            if host.endswith("-docker.pkg.dev") and len(parts) >= 3:
                place = host.removesuffix("-docker.pkg.dev")
                found.append(f"projects/{parts[0]}/locations/{place}/repositories/{parts[1]}")
    return found


def _federated(data: Data) -> list[str]:
    """The Google service account that a Kubernetes one may act as."""
    notes = find(data, "metadata.annotations")
    email = notes.get("iam.gke.io/gcp-service-account") if isinstance(notes, dict) else None
    return [email] if isinstance(email, str) else []


_IMAGES = link("uses", _images, "artifactregistry.googleapis.com")


def _k8s(native_type: str, type_: str, *relations: Relation) -> AssetType:
    return AssetType(
        native_type=native_type, type=type_, name="metadata.name", labels="metadata.labels", relations=relations,
        volatile=_K8S_MOVING,
    )  # fmt: skip


CONTAINERS = (
    AssetType(
        native_type="container.googleapis.com/Cluster",
        type="container.cluster",
        aliases=("{selfLink}",),
        relations=(
            back("contains", "networkConfig.subnetwork"),
            back("contains", "networkConfig.network"),
            uses_account("autoscaling.autoprovisioningNodePoolDefaults.serviceAccount"),
            encrypted_with("databaseEncryption.keyName"),
        ),
        volatile=("currentNodeCount", "etag", "conditions", "endpoint_uptime"),
    ),
    AssetType(
        native_type="container.googleapis.com/NodePool",
        type="container.node_group",
        aliases=("{selfLink}",),
        relations=(
            uses_account("config.serviceAccount"),
            link("targets", "instanceGroupUrls[]"),
            encrypted_with("config.bootDiskKmsKey"),
        ),
        volatile=("etag", "conditions"),
    ),
    _k8s("k8s.io/Namespace", "container.namespace"),
    _k8s("k8s.io/Node", "container.node"),
    _k8s("k8s.io/Pod", "container.pod"),
    _k8s("k8s.io/Service", "container.service"),
    _k8s("k8s.io/ServiceAccount", "identity.service_account", Relation(kind="assumes", path=_federated, host="")),
    _k8s("apps.k8s.io/Deployment", "container.deployment", _IMAGES),
    _k8s("apps.k8s.io/ReplicaSet", "container.deployment"),
    _k8s("batch.k8s.io/Job", "container.job"),
    _k8s("networking.k8s.io/Ingress", "container.ingress"),
    _k8s("networking.k8s.io/NetworkPolicy", "container.network_policy"),
    _k8s("rbac.authorization.k8s.io/Role", "identity.role"),
    _k8s("rbac.authorization.k8s.io/RoleBinding", "identity.binding"),
    _k8s("rbac.authorization.k8s.io/ClusterRole", "identity.role"),
    _k8s("rbac.authorization.k8s.io/ClusterRoleBinding", "identity.binding"),
    AssetType(
        native_type="artifactregistry.googleapis.com/Repository",
        type="container.registry",
        relations=(encrypted_with("kmsKeyName"),),
        volatile=("sizeBytes", "updateTime"),
    ),
    AssetType(native_type="artifactregistry.googleapis.com/DockerImage", type="container.image", volatile=_MOVING),
    AssetType(
        native_type="gkehub.googleapis.com/Membership",
        type="container.membership",
        volatile=(*_MOVING, "lastConnectionTime"),
    ),
    AssetType(native_type="gkebackup.googleapis.com/BackupPlan", type="container.backup_plan", volatile=_MOVING),
)

SERVERLESS = (
    AssetType(
        native_type="run.googleapis.com/Service",
        type="compute.function",
        relations=(
            uses_account("spec.template.spec.serviceAccountName"),
            uses_account("template.serviceAccount"),
            _IMAGES,
            link("uses", "template.vpcAccess.connector", "vpcaccess.googleapis.com"),
        ),
        derive={"secretLikeVariables": _telling_names(f"{_RUN_ENV}[]", f"{_RUN2_ENV}[]")},
        hidden=(_RUN_ENV, _RUN2_ENV),
        volatile=(
            "metadata.resourceVersion",
            "metadata.generation",
            "status",
            "etag",
            "generation",
            "observedGeneration",
        ),
    ),
    AssetType(
        native_type="run.googleapis.com/Revision",
        type="compute.function_version",
        hidden=("spec.containers[].env", "containers[].env"),
        volatile=("metadata.resourceVersion", "status"),
    ),
    AssetType(
        native_type="run.googleapis.com/Job",
        type="compute.job",
        relations=(uses_account("spec.template.spec.template.spec.serviceAccountName"),),
        hidden=("spec.template.spec.template.spec.containers[].env", "template.template.containers[].env"),
        volatile=("metadata.resourceVersion", "status"),
    ),
    *(
        AssetType(
            native_type=native_type,
            type="compute.function",
            relations=(
                uses_account("serviceAccountEmail"),
                uses_account("serviceConfig.serviceAccountEmail"),
                back("triggers", "eventTrigger.pubsubTopic", _PUBSUB),
                back("triggers", "eventTrigger.resource", _PUBSUB),
                link("uses", "serviceConfig.service", "run.googleapis.com"),
                encrypted_with("kmsKeyName"),
            ),
            derive={
                "secretLikeVariables": _telling_names("environmentVariables", "serviceConfig.environmentVariables")
            },
            hidden=(
                "environmentVariables",
                "buildEnvironmentVariables",
                "serviceConfig.environmentVariables",
                "buildConfig.environmentVariables",
            ),
            volatile=("updateTime",),
        )
        for native_type in ("cloudfunctions.googleapis.com/Function", "cloudfunctions.googleapis.com/CloudFunction")
    ),
    AssetType(
        native_type="appengine.googleapis.com/Application",
        type="compute.application",
        name="id",
        status="servingStatus",
    ),
    AssetType(native_type="appengine.googleapis.com/Service", type="compute.application", name="id"),
    AssetType(
        native_type="appengine.googleapis.com/Version",
        type="compute.application",
        name="id",
        status="servingStatus",
        hidden=("envVariables", "buildEnvVariables"),
        relations=(uses_account("serviceAccount"),),
    ),
    AssetType(
        native_type="workflows.googleapis.com/Workflow",
        type="compute.workflow",
        relations=(uses_account("serviceAccount"),),
        hidden=("userEnvVars",),
    ),
    AssetType(
        native_type="eventarc.googleapis.com/Trigger",
        type="messaging.trigger",
        relations=(
            uses_account("serviceAccount"),
            link("triggers", "destination.cloudFunction", "cloudfunctions.googleapis.com"),
            link("uses", "transport.pubsub.topic", _PUBSUB),
        ),
        volatile=_MOVING,
    ),
    AssetType(native_type="apigateway.googleapis.com/Gateway", type="network.api", name="displayName"),
)

MESSAGING = (
    AssetType(
        native_type="pubsub.googleapis.com/Topic", type="messaging.topic", relations=(encrypted_with("kmsKeyName"),)
    ),
    AssetType(
        native_type="pubsub.googleapis.com/Subscription",
        type="messaging.queue",
        relations=(
            link("uses", "topic", _PUBSUB),
            link("targets", "deadLetterPolicy.deadLetterTopic", _PUBSUB),
            uses_account("pushConfig.oidcToken.serviceAccountEmail"),
        ),
        hidden_queries=("pushConfig.pushEndpoint",),
    ),
    AssetType(native_type="pubsub.googleapis.com/Snapshot", type="messaging.snapshot"),
    AssetType(native_type="pubsub.googleapis.com/Schema", type="messaging.schema"),
    AssetType(native_type="cloudtasks.googleapis.com/Queue", type="messaging.queue", volatile=("stats",)),
    AssetType(
        native_type="cloudscheduler.googleapis.com/Job",
        type="messaging.schedule",
        relations=(
            link("triggers", "pubsubTarget.topicName", _PUBSUB),
            uses_account("httpTarget.oidcToken.serviceAccountEmail"),
            uses_account("httpTarget.oauthToken.serviceAccountEmail"),
        ),
        hidden=("httpTarget.headers", "httpTarget.body", "appEngineHttpTarget.headers"),
        hidden_queries=("httpTarget.uri",),
        volatile=("scheduleTime", "lastAttemptTime", "status", "userUpdateTime"),
    ),
)
