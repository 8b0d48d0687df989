"""Networks: VPCs, firewalls, routes, tunnels, balancers and DNS: a unit of their own."""

from typing import Any

from app.providers.gcp.catalogue.model import AssetType, Data, Relation, back, in_network, in_subnet, link, uses_account
from app.providers.gcp.paths import find_all, texts

_C = "compute.googleapis.com/"
_LINKS = ("{selfLink}", "{id}")
_ADDRESS_LINKS = ("{selfLink}", "{id}", "{address}")


def _attached(data: Data) -> list[str]:
    return texts(data, "associations[].attachmentTarget")


def _targets(data: Data) -> list[str]:
    """What an address record points at: names without the closing dot, and addresses."""
    if data.get("type") not in ("A", "AAAA", "CNAME"):
        return []
    return [text.rstrip(".") for text in texts(data, "rrdatas[]")]


def _next_hops(data: Data) -> list[str]:
    names = ("nextHopGateway", "nextHopInstance", "nextHopVpnTunnel", "nextHopIlb", "nextHopHub", "nextHopNetwork")
    return [value for name in names for value in texts(data, name) if value.startswith(("http", "//", "projects/"))]


def _is_open(data: Data) -> Any:
    """Whether an enabled rule lets the whole internet in, on any port."""
    sources = {entry for entry in find_all(data, "sourceRanges[]") if isinstance(entry, str)}
    return (
        data.get("direction", "INGRESS") == "INGRESS"
        and not data.get("disabled")
        and bool(data.get("allowed"))
        and bool(sources & {"0.0.0.0/0", "::/0"} or {"0.0.0.0/1", "128.0.0.0/1"} <= sources)
    )


_PROXY = (link("routes-to", "urlMap"), link("uses", "sslCertificates[]"), link("uses", "sslPolicy"))
_RULE = (
    link("targets", "target"),
    link("targets", "backendService"),
    link("uses", "IPAddress"),
    in_network(),
    in_subnet(),
)
_MAP = (
    link("targets", "defaultService"),
    link("targets", "pathMatchers[].defaultService"),
    link("targets", "pathMatchers[].pathRules[].service"),
    link("targets", "pathMatchers[].routeRules[].service"),
)
_BACKEND = (
    link("targets", "backends[].group"),
    link("uses", "healthChecks[]"),
    link("uses", "securityPolicy"),
    in_network(),
)


def _c(kind: str, type_: str, *relations: Relation, volatile: tuple[str, ...] = (), **more: Any) -> AssetType:
    """A type of Compute Engine."""
    more.setdefault("aliases", _LINKS)
    return AssetType(
        native_type=_C + kind, type=type_, relations=relations, volatile=("fingerprint", *volatile), **more
    )


COMPUTE = (
    _c("Network", "network.vpc", link("peers-with", "peerings[].network")),
    _c("Subnetwork", "network.subnet", in_network()),
    _c(
        "Firewall",
        "network.firewall_rule",
        in_network(),
        uses_account("targetServiceAccounts[]"),
        derive={"openToInternet": _is_open},
    ),
    _c("FirewallPolicy", "network.firewall_policy", link("attached-to", _attached), name="shortName"),
    _c("NetworkFirewallPolicy", "network.firewall_policy", link("attached-to", _attached)),
    _c("Route", "network.route", in_network(), link("routes-to", _next_hops), link("routes-to", "nextHopPeering")),
    _c("Router", "network.router", in_network()),
    _c("Address", "network.address", link("attached-to", "users[]"), in_subnet(), aliases=_ADDRESS_LINKS),
    _c("GlobalAddress", "network.address", link("attached-to", "users[]"), aliases=_ADDRESS_LINKS),
    _c("ForwardingRule", "network.load_balancer", *_RULE),
    _c("GlobalForwardingRule", "network.load_balancer", *_RULE),
    _c("BackendService", "network.target_group", *_BACKEND),
    _c("RegionBackendService", "network.target_group", *_BACKEND),
    _c(
        "BackendBucket",
        "network.target_group",
        Relation(kind="targets", path="bucketName", host="storage.googleapis.com"),
    ),
    _c("TargetPool", "network.target_group", link("targets", "instances[]"), link("uses", "healthChecks[]")),
    _c("TargetInstance", "network.target_group", link("targets", "instance")),
    _c("NetworkEndpointGroup", "network.target_group", in_network(), in_subnet(), volatile=("size",)),
    _c("UrlMap", "network.listener", *_MAP),
    _c("TargetHttpProxy", "network.listener", *_PROXY),
    _c("TargetHttpsProxy", "network.listener", *_PROXY),
    _c("TargetSslProxy", "network.listener", *_PROXY, link("targets", "service")),
    _c("TargetTcpProxy", "network.listener", link("targets", "service")),
    _c("TargetGrpcProxy", "network.listener", *_PROXY),
    _c("TargetVpnGateway", "network.gateway", in_network()),
    _c("HealthCheck", "network.health_check"),
    _c("HttpHealthCheck", "network.health_check"),
    _c("HttpsHealthCheck", "network.health_check"),
    _c("SslCertificate", "security.certificate"),
    _c("SslPolicy", "security.policy"),
    _c("SecurityPolicy", "network.firewall_policy"),
    _c("VpnGateway", "network.gateway", in_network()),
    _c("ExternalVpnGateway", "network.gateway", aliases=(*_LINKS,)),
    _c(
        "VpnTunnel",
        "network.vpn",
        link("uses", "vpnGateway"),
        link("uses", "targetVpnGateway"),
        link("peers-with", "peerExternalGateway"),
        link("peers-with", "peerGcpGateway"),
        Relation(kind="peers-with", path="peerIp", host=""),
        link("uses", "router"),
        volatile=("detailedStatus",),
    ),
    _c("Interconnect", "network.interconnect"),
    _c("InterconnectAttachment", "network.interconnect", link("attached-to", "interconnect"), link("uses", "router")),
    _c("PacketMirroring", "network.mirror"),
    _c("ServiceAttachment", "network.endpoint", link("targets", "targetService")),
    _c("PublicAdvertisedPrefix", "network.prefix"),
    _c("PublicDelegatedPrefix", "network.prefix"),
)

OTHERS = (
    AssetType(
        native_type="dns.googleapis.com/ManagedZone",
        type="network.dns_zone",
        aliases=("{dnsName}",),
        relations=(
            link("attached-to", "privateVisibilityConfig.networks[].networkUrl"),
            link("peers-with", "peeringConfig.targetNetwork.networkUrl"),
        ),
    ),
    AssetType(
        native_type="dns.googleapis.com/ResourceRecordSet",
        type="network.dns_record",
        name="name",
        relations=(Relation(kind="resolves-to", path=_targets, host=""),),
    ),
    AssetType(
        native_type="dns.googleapis.com/Policy",
        type="network.dns_policy",
        relations=(link("attached-to", "networks[].networkUrl"),),
    ),
    AssetType(
        native_type="vpcaccess.googleapis.com/Connector",
        type="network.connector",
        relations=(
            Relation(
                kind="attached-to",
                path=lambda data: [f"projects/-/global/networks/{name}" for name in texts(data, "network")],
            ),
        ),
    ),
    AssetType(native_type="networkconnectivity.googleapis.com/Hub", type="network.hub"),
    AssetType(
        native_type="networkconnectivity.googleapis.com/Spoke",
        type="network.hub",
        relations=(back("contains", "hub", "networkconnectivity.googleapis.com"),),
    ),
    AssetType(native_type="networkservices.googleapis.com/Gateway", type="network.gateway"),
    AssetType(native_type="servicedirectory.googleapis.com/Namespace", type="network.dns_zone"),
    AssetType(native_type="domains.googleapis.com/Registration", type="network.domain", name="domainName"),
)

TYPES = COMPUTE + OTHERS
COMPUTE_KINDS = tuple(entry.native_type.removeprefix(_C) for entry in COMPUTE)
