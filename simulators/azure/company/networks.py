"""Hub and spokes: networks, subnets, groups of rules, routes, addresses."""

from typing import Any

from simulators.azure.company.maker import DEV, PROD, SHARED, Maker

AWS_NETWORK = "10.20.0.0/16"
_NET, _LOGS = "Microsoft.Network/", f"/subscriptions/{SHARED}/resourceGroups/acme-logs"


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
    nat = address(maker, group, f"acme-{name}-nat")
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
                "storageId": f"{_LOGS}/providers/Microsoft.Storage/storageAccounts/acmelogs",
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


def address(maker: Maker, group: str, name: str) -> str:
    """A public address; its id."""
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
