"""Hub and spokes: networks, groups of rules, gateways, the tunnel to AWS, names, edges."""

from typing import Any

from simulators.azure.company.maker import DEV, PROD, SHARED, Maker

AWS_TUNNEL, AWS_NETWORK = "203.0.113.17", "10.20.0.0/16"
_NET = "Microsoft.Network/"


def rule(name: str, priority: int, port: str, source: str, *, access: str = "Allow", protocol: str = "Tcp") -> Any:
    """An inbound rule as Azure shows it."""
    return {
        "name": name,
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        "properties": {
            "provisioningState": "Succeeded",
            "protocol": protocol,
            "sourcePortRange": "*",
            "destinationPortRange": port,
            "sourceAddressPrefix": source,
            "destinationAddressPrefix": "*",
            "access": access,
            "priority": priority,
            "direction": "Inbound",
            "sourcePortRanges": [],
            "destinationPortRanges": [],
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        },
    }


_DEFAULT_RULES = [
    rule("AllowVnetInBound", 65000, "*", "VirtualNetwork", protocol="*"),
    rule("AllowAzureLoadBalancerInBound", 65001, "*", "AzureLoadBalancer", protocol="*"),
    rule("DenyAllInBound", 65500, "*", "*", access="Deny", protocol="*"),
]


def make_networks(maker: Maker) -> dict[str, dict[str, str]]:
    """Subscription → name → id of what later parts hang on: subnets by their name, `vnet`, `workspace_group`."""
    hub = _make_network(maker, SHARED, "hub", 40, {"GatewaySubnet": [], "AzureFirewallSubnet": [], "shared": []})
    prod = _make_network(
        maker,
        PROD,
        "prod",
        41,
        {
            "web": [rule("allow-https", 100, "443", "Internet"), rule("allow-ssh-anywhere", 110, "22", "*")],
            "app": [rule("allow-web", 100, "8080", "10.41.0.0/24")],
            "data": [rule("allow-app", 100, "5432", "10.41.1.0/24")],
            "aks": [],
            "endpoints": [],
        },
    )
    dev = _make_network(
        maker, DEV, "dev", 42, {"web": [rule("allow-rdp", 100, "3389", "Internet")], "app": [], "data": []}
    )
    _peer(maker, hub, prod)
    _peer(maker, hub, dev)
    _make_gateways(maker, hub)
    _make_names(maker, hub, prod)
    _make_edges(maker, prod)
    return {SHARED: hub, PROD: prod, DEV: dev}


def _make_network(
    maker: Maker, subscription: str, name: str, octet: int, subnets: dict[str, list[Any]]
) -> dict[str, str]:
    group = maker.group(subscription, f"acme-{name}-network", "platform")
    vnet = maker.path(group, f"{_NET}virtualNetworks", f"acme-{name}")
    found = {"group": group, "vnet": vnet}
    table = maker.add(
        group,
        f"{_NET}routeTables",
        f"acme-{name}-routes",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "disableBgpRoutePropagation": False,
            "routes": [
                {
                    "name": "to-aws",
                    "properties": {"addressPrefix": AWS_NETWORK, "nextHopType": "VirtualNetworkGateway"},
                },
                {
                    "name": "out",
                    "properties": {
                        "addressPrefix": "0.0.0.0/0",
                        "nextHopType": "VirtualAppliance",
                        "nextHopIpAddress": "10.40.1.4",
                    },
                },
            ],
        },
    )
    nat = _address(maker, group, f"acme-{name}-nat", "NAT")
    nat_gateway = maker.add(
        group,
        f"{_NET}natGateways",
        f"acme-{name}-nat",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "idleTimeoutInMinutes": 10,
            "publicIpAddresses": [{"id": nat}],
            "subnets": [{"id": f"{vnet}/subnets/{one}"} for one in ("app",) if one in subnets],
        },
        sku={"name": "Standard"},
    )
    members = []
    for number, (subnet, rules) in enumerate(subnets.items()):
        properties: dict[str, Any] = {
            "provisioningState": "Succeeded",
            "addressPrefix": f"10.{octet}.{number}.0/24",
            "privateEndpointNetworkPolicies": "Disabled",
            "delegations": [],
            "serviceEndpoints": [],
        }
        if not subnet.endswith("Subnet"):
            properties["networkSecurityGroup"] = {
                "id": _rules(maker, group, f"acme-{name}-{subnet}", rules, f"{vnet}/subnets/{subnet}")
            }
            properties["routeTable"] = {"id": table}
        if subnet == "app":
            properties["natGateway"] = {"id": nat_gateway}
        found[subnet] = f"{vnet}/subnets/{subnet}"
        members.append(
            {
                "id": found[subnet],
                "name": subnet,
                "type": f"{_NET}virtualNetworks/subnets",
                "etag": 'W/"1"',
                "properties": properties,
            }
        )
    maker.add(
        group,
        f"{_NET}virtualNetworks",
        f"acme-{name}",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "enableDdosProtection": False,
            "addressSpace": {"addressPrefixes": [f"10.{octet}.0.0/16"]},
            "subnets": members,
            "virtualNetworkPeerings": [],
        },
        etag='W/"1"',
    )
    watcher = maker.add(group, f"{_NET}networkWatchers", f"acme-{name}-watcher", {"provisioningState": "Succeeded"})
    if name != "dev":
        maker.add(
            watcher.rsplit("/providers", 1)[0],
            f"{_NET}networkWatchers/flowLogs",
            f"acme-{name}-watcher/flow",
            {
                "provisioningState": "Succeeded",
                "targetResourceId": vnet,
                "enabled": True,
                "storageId": f"/subscriptions/{SHARED}/resourceGroups/acme-logs/providers/Microsoft.Storage/storageAccounts/acmelogs",
                "retentionPolicy": {"days": 90, "enabled": True},
            },
        )
    return found


def _rules(maker: Maker, group: str, name: str, rules: list[Any], subnet: str) -> str:
    own = maker.path(group, f"{_NET}networkSecurityGroups", name)

    def placed(kind: str, items: list[Any]) -> list[Any]:
        return [{"id": f"{own}/{kind}/{item['name']}", **item} for item in items]

    return maker.add(
        group,
        f"{_NET}networkSecurityGroups",
        name,
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "securityRules": placed("securityRules", rules),
            "defaultSecurityRules": placed("defaultSecurityRules", _DEFAULT_RULES),
            "subnets": [{"id": subnet}],
        },
    )


def _address(maker: Maker, group: str, name: str, use: str, **more: Any) -> str:
    number = maker.random.randrange(1, 250)
    return maker.add(
        group,
        f"{_NET}publicIPAddresses",
        name,
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "ipAddress": f"198.51.100.{number}",
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 4,
            "ipTags": [],
            **more,
        },
        sku={"name": "Standard", "tier": "Regional"},
        zones=["1", "2", "3"],
    )


def _peer(maker: Maker, one: dict[str, str], other: dict[str, str]) -> None:
    for near, far in ((one["vnet"], other["vnet"]), (other["vnet"], one["vnet"])):
        template = maker.estate.rows_by_key()[near.lower()].template
        name = f"to-{far.rpartition('/')[2]}"
        template.body["properties"]["virtualNetworkPeerings"].append(
            {
                "id": f"{near}/virtualNetworkPeerings/{name}",
                "name": name,
                "properties": {
                    "peeringState": "Connected",
                    "allowForwardedTraffic": True,
                    "allowGatewayTransit": True,
                    "remoteVirtualNetwork": {"id": far},
                },
            }
        )


def _make_gateways(maker: Maker, hub: dict[str, str]) -> None:
    group = hub["group"]
    address = _address(maker, group, "acme-vpn", "VPN")
    gateway = maker.add(
        group,
        f"{_NET}virtualNetworkGateways",
        "acme-vpn",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "gatewayType": "Vpn",
            "vpnType": "RouteBased",
            "enableBgp": True,
            "sku": {"name": "VpnGw2AZ", "tier": "VpnGw2AZ", "capacity": 2},
            "ipConfigurations": [
                {
                    "name": "default",
                    "id": f"{maker.path(group, f'{_NET}virtualNetworkGateways', 'acme-vpn')}/ipConfigurations/default",
                    "properties": {"publicIPAddress": {"id": address}, "subnet": {"id": hub["GatewaySubnet"]}},
                }
            ],
        },
    )
    local = maker.add(
        group,
        f"{_NET}localNetworkGateways",
        "aws-us-east-1",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "gatewayIpAddress": AWS_TUNNEL,
            "localNetworkAddressSpace": {"addressPrefixes": [AWS_NETWORK]},
        },
    )
    maker.add(
        group,
        f"{_NET}connections",
        "azure-to-aws",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "connectionType": "IPsec",
            "connectionStatus": "Connected",
            "connectionProtocol": "IKEv2",
            "sharedKey": "a very secret key",
            "virtualNetworkGateway1": {"id": gateway},
            "localNetworkGateway2": {"id": local},
            "ingressBytesTransferred": 91827364,
            "egressBytesTransferred": 82736455,
        },
    )
    maker.add(
        group,
        f"{_NET}expressRouteCircuits",
        "acme-office",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "serviceKey": "5a4b1c0d-1111-4222-8333-444455556666",
            "circuitProvisioningState": "Enabled",
            "serviceProviderProvisioningState": "Provisioned",
            "serviceProviderProperties": {
                "serviceProviderName": "Equinix",
                "peeringLocation": "Amsterdam",
                "bandwidthInMbps": 200,
            },
            "peerings": [],
        },
        sku={"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"},
    )
    wall_address = _address(maker, group, "acme-firewall", "Firewall")
    policy = maker.add(
        group,
        f"{_NET}firewallPolicies",
        "acme-firewall",
        {
            "provisioningState": "Succeeded",
            "threatIntelMode": "Alert",
            "sku": {"tier": "Premium"},
            "intrusionDetection": {"mode": "Off"},
            "ruleCollectionGroups": [],
        },
    )
    maker.add(
        group,
        f"{_NET}azureFirewalls",
        "acme-firewall",
        {
            "provisioningState": "Succeeded",
            "sku": {"name": "AZFW_VNet", "tier": "Premium"},
            "firewallPolicy": {"id": policy},
            "ipConfigurations": [
                {
                    "name": "default",
                    "properties": {
                        "privateIPAddress": "10.40.1.4",
                        "publicIPAddress": {"id": wall_address},
                        "subnet": {"id": hub["AzureFirewallSubnet"]},
                    },
                }
            ],
        },
        zones=["1", "2"],
    )


def _make_names(maker: Maker, hub: dict[str, str], prod: dict[str, str]) -> None:
    group = hub["group"]
    zone = maker.add(
        group,
        f"{_NET}dnszones",
        "azure.acme.example",
        {
            "numberOfRecordSets": 5,
            "maxNumberOfRecordSets": 10000,
            "zoneType": "Public",
            "nameServers": [f"ns{n}-01.azure-dns.example." for n in (1, 2)],
        },
        location="global",
        settings={
            "recordsets": [
                {
                    "id": "x",
                    "name": "shop",
                    "type": f"{_NET}dnszones/CNAME",
                    "properties": {
                        "TTL": 300,
                        "fqdn": "shop.azure.acme.example.",
                        "CNAMERecord": {"cname": "storefront-prod.us-east-1.elb.amazonaws.com"},
                    },
                },
                {
                    "id": "y",
                    "name": "api",
                    "type": f"{_NET}dnszones/A",
                    "properties": {
                        "TTL": 300,
                        "fqdn": "api.azure.acme.example.",
                        "ARecords": [{"ipv4Address": "198.51.100.10"}],
                    },
                },
            ]
        },
    )
    del zone
    for name in ("privatelink.blob.core.windows.net", "privatelink.database.windows.net", "corp.acme.example"):
        private = maker.add(
            group,
            f"{_NET}privateDnsZones",
            name,
            {"numberOfRecordSets": 3, "provisioningState": "Succeeded", "numberOfVirtualNetworkLinks": 1},
            location="global",
        )
        maker.add(
            group,
            f"{_NET}privateDnsZones/virtualNetworkLinks",
            f"{name}/prod",
            {
                "provisioningState": "Succeeded",
                "virtualNetwork": {"id": prod["vnet"]},
                "registrationEnabled": False,
                "virtualNetworkLinkState": "Completed",
            },
            location="global",
        )
        del private


def _make_edges(maker: Maker, prod: dict[str, str]) -> None:
    group = prod["group"]
    for name, pool in (("acme-web", ["acme-web"]), ("acme-unused", [])):
        address = _address(maker, group, f"{name}-lb", "LoadBalancer")
        own = maker.path(group, f"{_NET}loadBalancers", name)
        maker.add(
            group,
            f"{_NET}loadBalancers",
            name,
            {
                "provisioningState": "Succeeded",
                "resourceGuid": maker.guid(),
                "frontendIPConfigurations": [
                    {
                        "name": "public",
                        "id": f"{own}/frontendIPConfigurations/public",
                        "properties": {"publicIPAddress": {"id": address}},
                    }
                ],
                "backendAddressPools": [
                    {
                        "name": one,
                        "id": f"{own}/backendAddressPools/{one}",
                        "properties": {"backendIPConfigurations": []},
                    }
                    for one in pool
                ],
                "loadBalancingRules": [
                    {
                        "name": "https",
                        "properties": {
                            "protocol": "Tcp",
                            "frontendPort": 443,
                            "backendPort": 443,
                            "frontendIPConfiguration": {"id": f"{own}/frontendIPConfigurations/public"},
                            "backendAddressPool": {"id": f"{own}/backendAddressPools/{one}"},
                        },
                    }
                    for one in pool
                ],
                "probes": [],
                "inboundNatRules": [],
                "outboundRules": [],
            },
            application="storefront",
            sku={"name": "Standard", "tier": "Regional"},
        )
    address = _address(maker, group, "acme-gateway", "ApplicationGateway")
    own = maker.path(group, f"{_NET}applicationGateways", "acme-gateway")
    maker.add(
        group,
        f"{_NET}applicationGateways",
        "acme-gateway",
        {
            "provisioningState": "Succeeded",
            "operationalState": "Running",
            "resourceGuid": maker.guid(),
            "sku": {"name": "WAF_v2", "tier": "WAF_v2", "capacity": 2},
            "gatewayIPConfigurations": [{"name": "default", "properties": {"subnet": {"id": prod["web"]}}}],
            "frontendIPConfigurations": [
                {
                    "name": "public",
                    "id": f"{own}/frontendIPConfigurations/public",
                    "properties": {"publicIPAddress": {"id": address}},
                }
            ],
            "backendAddressPools": [{"name": "app", "properties": {"backendAddresses": [{"ipAddress": "10.41.1.10"}]}}],
            "httpListeners": [{"name": "https", "properties": {"protocol": "Https", "hostName": "shop.acme.example"}}],
            "sslCertificates": [{"name": "shop", "properties": {"publicCertData": "MII", "password": "not for eyes"}}],
        },
        application="storefront",
        zones=["1", "2"],
    )
    door = maker.add(
        group,
        "Microsoft.Cdn/profiles",
        "acme-front-door",
        {
            "provisioningState": "Succeeded",
            "resourceState": "Active",
            "frontDoorId": maker.guid(),
        },
        application="storefront",
        location="Global",
        kind="frontdoor",
        sku={"name": "Premium_AzureFrontDoor"},
    )
    maker.add(
        door.rsplit("/providers", 1)[0],
        "Microsoft.Cdn/profiles/afdEndpoints",
        "acme-front-door/shop",
        {
            "hostName": "shop-abc.z01.azurefd.example",
            "enabledState": "Enabled",
            "provisioningState": "Succeeded",
        },
        application="storefront",
        location="Global",
    )
    for name, used in (("acme-spare", False), ("acme-old", False)):
        _address(maker, group, name, "spare" if used else "none")
    maker.add(
        group, f"{_NET}ddosProtectionPlans", "acme-ddos", {"provisioningState": "Succeeded", "virtualNetworks": []}
    )
    maker.add(
        group,
        f"{_NET}applicationSecurityGroups",
        "acme-web",
        {"provisioningState": "Succeeded", "resourceGuid": maker.guid()},
    )
    maker.add(
        group,
        f"{_NET}bastionHosts",
        "acme-bastion",
        {"provisioningState": "Succeeded", "dnsName": "bst-1.bastion.azure.example", "ipConfigurations": []},
        sku={"name": "Standard"},
    )
