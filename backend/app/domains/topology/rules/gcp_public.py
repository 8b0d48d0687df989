"""Google Cloud: what has a public endpoint of its own, and what a policy opens to everybody."""

from collections.abc import Mapping
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Resource, dig, each, texts
from app.domains.topology.rules.exposure import ChainStep, Exposure, everywhere, explains
from app.domains.topology.rules.traffic import Flow

EVERYBODY = ("allUsers", "allAuthenticatedUsers")
HTTPS = [everywhere("tcp", 443)]
_ENGINE_PORTS = {"POSTGRES": 5432, "MYSQL": 3306, "SQLSERVER": 1433}


def _opened(resource: Resource, found: Exposure) -> list[str]:
    """`role to member` of each grant to everybody. Conditions may narrow a grant: such a one is doubted, not told."""
    made: list[str] = []
    for binding in each({"policy": found.read(resource, "iamPolicy")}, "policy", "bindings"):
        members = [member for member in texts(binding.get("members")) if member in EVERYBODY]
        if members and binding.get("condition"):
            found.doubt(f"A grant of {binding.get('role')} to {members[0]} has a condition.")
        elif members:
            made.append(f"{binding.get('role')} to {members[0]}")
    return made


def _by_policy(resource: Resource, opened: list[str]) -> list[ChainStep]:
    return [
        ChainStep(kind="policy", resource=resource, detail=f"Grants {', '.join(opened[:5])}"),
        ChainStep(kind="target", resource=resource, detail=resource.name),
    ]


@explains("storage.googleapis.com/Bucket")
def explain_bucket(resource: Resource, estate: Estate) -> Exposure:
    """By its policy or its access lists, unless public access prevention is enforced."""
    found = Exposure()
    configuration = found.read(resource, "iamConfiguration") or {}
    if configuration.get("publicAccessPrevention") == "enforced":
        return found
    opened = _opened(resource, found)
    uniform = dig(configuration, "uniformBucketLevelAccess", "enabled")
    lists = [] if uniform else each(resource.properties, "acl")
    opened += [f"{entry.get('role')} to {entry.get('entity')}" for entry in lists if entry.get("entity") in EVERYBODY]
    if opened:
        found.add(_by_policy(resource, opened), HTTPS)
    return found


@explains("sqladmin.googleapis.com/Instance")
def explain_sql(resource: Resource, estate: Estate) -> Exposure:
    """By its public address and the networks that may use it."""
    found = Exposure()
    settings = found.read(resource, "settings") or {}
    configuration = settings.get("ipConfiguration") or {}
    if not configuration.get("ipv4Enabled"):
        return found
    networks = [str(one.get("value")) for one in each(configuration, "authorizedNetworks")]
    version = str(resource.properties.get("databaseVersion") or "")
    port = _ENGINE_PORTS.get(version.partition("_")[0], 0)
    low, high = (port, port) if port else traffic.ALL_PORTS[0]
    flows = traffic.from_internet([Flow("tcp", low, high, traffic.addresses(networks))])
    public = [one for one in each(resource.properties, "ipAddresses") if one.get("type") == "PRIMARY"]
    address = str(public[0].get("ipAddress")) if public else "its public address"
    steps = [
        ChainStep(kind="address", resource=resource, detail=f"Public address {address}"),
        ChainStep(kind="firewall_rule", resource=resource, detail=f"Authorized networks {', '.join(networks[:5])}"),
        ChainStep(kind="target", resource=resource, detail=resource.name),
    ]
    found.add(steps, flows)
    return found


@explains("container.googleapis.com/Cluster")
def explain_cluster(resource: Resource, estate: Estate) -> Exposure:
    """By the public endpoint of its control plane, for the networks that it names."""
    found = Exposure()
    private = found.read(resource, "privateClusterConfig") or {}
    endpoints = dig(resource.properties, "controlPlaneEndpointsConfig", "ipEndpointsConfig") or {}
    if private.get("enablePrivateEndpoint") or endpoints.get("enabled") is False:
        return found
    if endpoints.get("enablePublicEndpoint") is False:
        return found
    allowed: Mapping[str, Any] = (
        endpoints.get("authorizedNetworksConfig") or found.read(resource, "masterAuthorizedNetworksConfig") or {}
    )
    cidrs = [str(one.get("cidrBlock")) for one in each(allowed, "cidrBlocks")]
    if not allowed.get("enabled"):
        cidrs = ["0.0.0.0/0"]
    flows = traffic.from_internet([Flow("tcp", 443, 443, traffic.addresses(cidrs))])
    steps = [
        ChainStep(
            kind="address",
            resource=resource,
            detail=f"Control plane at {resource.properties.get('endpoint') or 'a public address'}",
        ),
        ChainStep(kind="policy", resource=resource, detail=f"Open to {', '.join(cidrs[:5])}"),
        ChainStep(kind="target", resource=resource, detail=resource.name),
    ]
    found.add(steps, flows)
    return found


@explains(
    "run.googleapis.com/Service",
    "cloudfunctions.googleapis.com/CloudFunction",
    "cloudfunctions.googleapis.com/Function",
)
def explain_service(resource: Resource, estate: Estate) -> Exposure:
    """By a grant of its call to everybody, where its ingress takes calls from the internet."""
    found = Exposure()
    properties = resource.properties
    ingress = (
        properties.get("ingress")
        or properties.get("ingressSettings")
        or dig(properties, "serviceConfig", "ingressSettings")
        or dig(properties, "metadata", "annotations", "run.googleapis.com/ingress")
        or "all"
    )
    if str(ingress).lower().replace("_", "-") not in ("all", "allow-all", "ingress-traffic-all"):
        return found
    opened = [one for one in _opened(resource, found) if "nvoker" in one or "roles/owner" in one]
    if opened:
        found.add(_by_policy(resource, opened), HTTPS)
    return found
