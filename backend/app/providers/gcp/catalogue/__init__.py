"""Every asset type that we know, in the groups that are read as units; whatever else Google lists is in `other`."""

from collections.abc import Mapping
from types import MappingProxyType

from app.providers.gcp.catalogue import compute, governance, network, stores, workloads
from app.providers.gcp.catalogue.model import AssetType, Group
from app.providers.gcp.catalogue.patterns import complement, hosts_outside, services

OTHER = "other"
_SUFFIX = ".googleapis.com"

_GROUPS = (
    Group(name="compute", types=compute.TYPES, services=()),
    Group(
        name="network",
        types=network.TYPES,
        services=(
            "dns",
            "vpcaccess",
            "networkconnectivity",
            "networkservices",
            "networksecurity",
            "networkmanagement",
            "servicedirectory",
            "domains",
        ),
    ),
    Group(name="storage", types=stores.STORAGE, services=("storage", "file", "netapp", "backupdr", "storagetransfer")),
    Group(
        name="databases",
        types=stores.DATABASES,
        services=(
            "sqladmin",
            "spanner",
            "bigtableadmin",
            "firestore",
            "datastore",
            "redis",
            "memcache",
            "memorystore",
            "alloydb",
        ),
    ),
    Group(
        name="containers",
        types=workloads.CONTAINERS,
        services=("container", "artifactregistry", "containerregistry", "gkehub", "gkebackup"),
    ),
    Group(
        name="iam",
        types=governance.IAM,
        services=("iam", "cloudresourcemanager", "apikeys", "serviceusage", "cloudbilling", "orgpolicy"),
    ),
    Group(name="messaging", types=workloads.MESSAGING, services=("pubsub", "cloudtasks", "cloudscheduler")),
    Group(name="monitoring", types=governance.MONITORING, services=("logging", "monitoring")),
    Group(
        name="security",
        types=governance.SECURITY,
        services=(
            "cloudkms",
            "secretmanager",
            "certificatemanager",
            "privateca",
            "binaryauthorization",
            "accesscontextmanager",
        ),
    ),
    Group(
        name="serverless",
        types=workloads.SERVERLESS,
        services=("run", "cloudfunctions", "appengine", "workflows", "eventarc", "apigateway"),
    ),
    Group(
        name="analytics",
        types=stores.ANALYTICS,
        services=(
            "bigquery",
            "dataproc",
            "dataflow",
            "composer",
            "datafusion",
            "dataplex",
            "aiplatform",
            "notebooks",
            "looker",
        ),
    ),
    Group(name=OTHER, types=(), services=()),
)

GROUPS: Mapping[str, Group] = MappingProxyType({group.name: group for group in _GROUPS})
TYPES: Mapping[str, AssetType] = MappingProxyType(
    {entry.native_type: entry for group in _GROUPS for entry in group.types}
)
_GROUP_OF_SERVICE = {service: group.name for group in _GROUPS for service in group.services}
_NETWORK_KINDS = frozenset(network.COMPUTE_KINDS)
# A pattern for "all but" grows with each word, and an address has its limits: only what there is much of is left out
# by pattern. The few others are listed by two units and kept by the one that they belong to.
_MANY_NETWORK_KINDS = ("Firewall", "Route", "Subnetwork", "ForwardingRule", "BackendService", "NetworkEndpointGroup")
_MANY_SERVICES = (
    "compute", "iam", "storage", "bigquery", "container", "serviceusage", "artifactregistry", "run", "pubsub",
    "logging", "cloudkms", "secretmanager",
)  # fmt: skip


def group_of(asset_type: str) -> str:
    """The group that an asset type belongs to, known or not."""
    host, _, kind = asset_type.partition("/")
    if host == "compute.googleapis.com":
        return "network" if kind in _NETWORK_KINDS else "compute"
    if host == "k8s.io" or host.endswith(".k8s.io"):
        return "containers"
    if not host.endswith(_SUFFIX):
        return OTHER
    return _GROUP_OF_SERVICE.get(host.removesuffix(_SUFFIX), OTHER)


def patterns_of(group: str) -> list[str]:
    """The regular expressions (RE2) by which Cloud Asset lists this group, types unknown to us included.

    `compute` and `other` list a little of other groups too: `group_of` tells what belongs.
    """
    compute_host = r"compute\.googleapis\.com/"
    match group:
        case "compute":
            return [compute_host + complement(_MANY_NETWORK_KINDS)]
        case "network":
            return [f"{compute_host}({'|'.join(network.COMPUTE_KINDS)})", services(GROUPS[group].services)]
        case "containers":
            return [services(GROUPS[group].services), r"([^/]*\.)?k8s\.io/.*"]
        case "other":
            return [
                rf"{complement(_MANY_SERVICES, among='[^/]')}\.googleapis\.com/.*",
                hosts_outside((_SUFFIX.removeprefix("."), "k8s.io")),
            ]
    return [services(GROUPS[group].services)]
