"""Networks, what guards them, what leads into and out of them, and names."""

from app.providers.azure.catalogue.model import (
    Child,
    Item,
    Part,
    Relation,
    ResourceType,
    attached_to,
    in_subnet,
    logs_to,
    secured_by,
    simple,
    targets,
    uses,
)
from app.providers.azure.paths import find_all

_API = "2024-03-01"
_GUID = ("properties.resourceGuid",)
_FRONT = "properties.frontendIPConfigurations[].properties"
_IP = "properties.ipConfigurations[].properties"


def _pool_members(item: Item) -> list[str]:
    """The interface of each member: `…/networkInterfaces/n/ipConfigurations/c` is cut to the interface."""
    found = find_all(item, "properties.backendAddressPools[].properties.backendIPConfigurations[].id")
    members = []
    for text in map(str, found):
        position = text.lower().find("/ipconfigurations/")
        members.append(text[:position] if position > 0 else text)
    return members


def _address_user(item: Item) -> list[str]:
    """What a public address belongs to: the part of the id before the configuration."""
    found = []
    for text in map(str, find_all(item, "properties.ipConfiguration.id")):
        folded = text.lower()
        cuts = [folded.find(mark) for mark in ("/ipconfigurations/", "/frontendipconfigurations/")]
        position = max(cuts)
        found.append(text[:position] if position > 0 else text)
    return found


def _records(zone: str, collection: str, api_version: str) -> Child:
    """A zone's record sets, which Resource Graph does not have."""
    return Child(
        name="recordSets",
        path=f"/{collection}",
        api_version=api_version,
        action=f"{zone}/{collection}/read",
        is_list=True,
        default=[],
    )


def _record_targets(item: Item) -> list[str]:
    """Names, addresses and resources that the zone's records lead to."""
    found: list[str] = []
    for path in (
        "ARecords[].ipv4Address", "aRecords[].ipv4Address", "AAAARecords[].ipv6Address", "aaaaRecords[].ipv6Address",
        "CNAMERecord.cname", "cnameRecord.cname", "targetResource.id",
    ):  # fmt: skip
        found += [str(value).rstrip(".") for value in find_all(item, f"recordSets[].properties.{path}")]
    return found


SUBNET = ResourceType(
    native_type="Microsoft.Network/virtualNetworks/subnets",
    type="network.subnet",
    api_version=_API,
    is_part=True,
    status=("properties.provisioningState",),
    relations=(
        secured_by("properties.networkSecurityGroup.id"),
        uses("properties.routeTable.id"),
        uses("properties.natGateway.id"),
        uses("properties.serviceEndpointPolicies[].id"),
    ),
    volatile=("properties.ipConfigurations",),
)
PEERING = ResourceType(
    native_type="Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    type="network.peering",
    api_version=_API,
    is_part=True,
    status=("properties.peeringState", "properties.provisioningState"),
    relations=(Relation(kind="peers-with", path="properties.remoteVirtualNetwork.id"),),
)

_BASICS = (
    simple(
        "Microsoft.Network/virtualNetworks",
        "network.vpc",
        _API,
        aliases=_GUID,
        relations=(
            Relation(kind="peers-with", path="properties.virtualNetworkPeerings[].properties.remoteVirtualNetwork.id"),
            uses("properties.ddosProtectionPlan.id"),
        ),
        parts=(
            Part(native_type=SUBNET.native_type, path="properties.subnets[]"),
            Part(native_type=PEERING.native_type, path="properties.virtualNetworkPeerings[]"),
        ),
        volatile=("properties.subnets[].properties.ipConfigurations",),
    ),
    SUBNET,
    PEERING,
    simple(
        "Microsoft.Network/networkInterfaces",
        "network.interface",
        _API,
        aliases=_GUID,
        relations=(
            attached_to("properties.virtualMachine.id"),
            attached_to("properties.privateEndpoint.id"),
            in_subnet(f"{_IP}.subnet.id"),
            secured_by("properties.networkSecurityGroup.id"),
            uses(f"{_IP}.publicIPAddress.id"),
            Relation(kind="member-of", path=f"{_IP}.applicationSecurityGroups[].id"),
        ),
    ),
    simple(
        "Microsoft.Network/networkSecurityGroups",
        "network.security_group",
        _API,
        aliases=_GUID,
        relations=(
            Relation(
                kind="allows-traffic-to",
                path="properties.securityRules[].properties.sourceApplicationSecurityGroups[].id",
                reverse=True,
            ),
        ),
    ),
    simple("Microsoft.Network/applicationSecurityGroups", "network.application_group", _API, aliases=_GUID),
    simple(
        "Microsoft.Network/publicIPAddresses",
        "network.address",
        _API,
        aliases=(*_GUID, "properties.ipAddress"),
        relations=(attached_to("properties.natGateway.id"), Relation(kind="attached-to", path=_address_user)),
    ),
    simple("Microsoft.Network/publicIPPrefixes", "network.address_prefix", _API, aliases=_GUID),
    simple("Microsoft.Network/routeTables", "network.route_table", _API, aliases=_GUID),
    simple(
        "Microsoft.Network/natGateways",
        "network.nat_gateway",
        _API,
        aliases=_GUID,
        relations=(uses("properties.publicIpAddresses[].id"), uses("properties.publicIpPrefixes[].id")),
    ),
    simple(
        "Microsoft.Network/privateEndpoints",
        "network.endpoint",
        _API,
        aliases=_GUID,
        relations=(
            in_subnet("properties.subnet.id"),
            targets("properties.privateLinkServiceConnections[].properties.privateLinkServiceId"),
            targets("properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId"),
        ),
    ),
    simple("Microsoft.Network/privateLinkServices", "network.endpoint_service", _API, aliases=_GUID),
    simple("Microsoft.Network/serviceEndpointPolicies", "network.endpoint_policy", _API, aliases=_GUID),
)

_EDGES = (
    simple(
        "Microsoft.Network/loadBalancers",
        "network.load_balancer",
        _API,
        aliases=_GUID,
        relations=(
            uses(f"{_FRONT}.publicIPAddress.id"),
            in_subnet(f"{_FRONT}.subnet.id"),
            Relation(kind="targets", path=_pool_members),
        ),
    ),
    simple(
        "Microsoft.Network/applicationGateways",
        "network.load_balancer",
        _API,
        aliases=_GUID,
        status=("properties.operationalState", "properties.provisioningState"),
        relations=(
            uses(f"{_FRONT}.publicIPAddress.id"),
            in_subnet("properties.gatewayIPConfigurations[].properties.subnet.id"),
            uses("properties.firewallPolicy.id"),
            Relation(kind="targets", path=_pool_members),
        ),
        redact=("properties.sslCertificates[].properties.password", "properties.sslCertificates[].properties.data"),
    ),
    simple(
        "Microsoft.Network/azureFirewalls",
        "network.firewall",
        _API,
        relations=(
            uses("properties.firewallPolicy.id"),
            uses(f"{_IP}.publicIPAddress.id"),
            in_subnet(f"{_IP}.subnet.id"),
        ),
    ),
    simple(
        "Microsoft.Network/firewallPolicies",
        "network.firewall_policy",
        _API,
        relations=(uses("properties.basePolicy.id"),),
    ),
    simple("Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies", "network.firewall_policy", _API),
    simple("Microsoft.Network/frontdoorWebApplicationFirewallPolicies", "network.firewall_policy", "2024-02-01"),
    simple("Microsoft.Network/frontDoors", "network.cdn", "2021-06-01"),
    simple("Microsoft.Cdn/profiles", "network.cdn", "2024-02-01", aliases=("properties.frontDoorId",)),
    simple("Microsoft.Cdn/profiles/endpoints", "network.cdn_endpoint", "2024-02-01"),
    simple(
        "Microsoft.Cdn/profiles/afdEndpoints", "network.cdn_endpoint", "2024-02-01", aliases=("properties.hostName",)
    ),
    simple(
        "Microsoft.Network/trafficManagerProfiles",
        "network.traffic_manager",
        "2022-04-01",
        status=("properties.profileStatus",),
        relations=(targets("properties.endpoints[].properties.targetResourceId"),),
    ),
    simple(
        "Microsoft.Network/bastionHosts",
        "network.bastion",
        _API,
        relations=(uses(f"{_IP}.publicIPAddress.id"), in_subnet(f"{_IP}.subnet.id")),
    ),
    simple("Microsoft.Network/ddosProtectionPlans", "network.ddos_plan", _API, aliases=_GUID),
)

_GATEWAYS = (
    simple(
        "Microsoft.Network/virtualNetworkGateways",
        "network.gateway",
        _API,
        aliases=_GUID,
        relations=(uses(f"{_IP}.publicIPAddress.id"), in_subnet(f"{_IP}.subnet.id")),
    ),
    simple(
        "Microsoft.Network/localNetworkGateways",
        "network.customer_gateway",
        _API,
        aliases=(*_GUID, "properties.gatewayIpAddress"),
    ),
    simple(
        "Microsoft.Network/connections",
        "network.vpn_connection",
        _API,
        status=("properties.connectionStatus", "properties.provisioningState"),
        aliases=_GUID,
        relations=(
            attached_to("properties.virtualNetworkGateway1.id"),
            Relation(kind="peers-with", path="properties.virtualNetworkGateway2.id"),
            Relation(kind="peers-with", path="properties.localNetworkGateway2.id"),
            Relation(kind="peers-with", path="properties.peer.id"),
        ),
        redact=("properties.sharedKey", "properties.authorizationKey"),
        volatile=(
            "properties.ingressBytesTransferred",
            "properties.egressBytesTransferred",
            "properties.tunnelConnectionStatus",
        ),
    ),
    simple(
        "Microsoft.Network/expressRouteCircuits",
        "network.circuit",
        _API,
        status=("properties.serviceProviderProvisioningState", "properties.circuitProvisioningState"),
        redact=("properties.serviceKey", "properties.authorizations[].properties.authorizationKey"),
    ),
    simple("Microsoft.Network/expressRouteGateways", "network.gateway", _API),
    simple("Microsoft.Network/virtualWans", "network.wan", _API),
    simple(
        "Microsoft.Network/virtualHubs",
        "network.hub",
        _API,
        relations=(Relation(kind="member-of", path="properties.virtualWan.id"),),
    ),
    simple(
        "Microsoft.Network/vpnGateways", "network.gateway", _API, relations=(attached_to("properties.virtualHub.id"),)
    ),
    simple("Microsoft.Network/vpnSites", "network.customer_gateway", _API),
    simple("Microsoft.Network/p2sVpnGateways", "network.gateway", _API),
)

_NAMES = (
    simple(
        "Microsoft.Network/dnszones",
        "network.dns_zone",
        "2018-05-01",
        relations=(Relation(kind="resolves-to", path=_record_targets),),
        children=(_records("Microsoft.Network/dnszones", "recordsets", "2018-05-01"),),
    ),
    simple(
        "Microsoft.Network/privateDnsZones",
        "network.dns_zone",
        "2020-06-01",
        relations=(Relation(kind="resolves-to", path=_record_targets),),
        children=(_records("Microsoft.Network/privateDnsZones", "ALL", "2020-06-01"),),
    ),
    simple(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "network.dns_link",
        "2020-06-01",
        status=("properties.virtualNetworkLinkState", "properties.provisioningState"),
        relations=(Relation(kind="attached-to", path="properties.virtualNetwork.id"),),
    ),
    simple("Microsoft.Network/dnsResolvers", "network.dns_resolver", "2022-07-01"),
    simple("Microsoft.Network/networkWatchers", "monitoring.network_watcher", _API),
    simple(
        "Microsoft.Network/networkWatchers/flowLogs",
        "monitoring.flow_log",
        _API,
        relations=(
            Relation(kind="monitors", path="properties.targetResourceId"),
            logs_to("properties.storageId"),
            logs_to(
                "properties.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.workspaceResourceId"
            ),
        ),
    ),
)

TYPES = (*_BASICS, *_EDGES, *_GATEWAYS, *_NAMES)
