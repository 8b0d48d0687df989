"""What leads into and out of the networks: the tunnel to AWS, the firewall, names, balancers, the front door."""

from typing import Any

from simulators.azure.company.maker import Maker
from simulators.azure.company.networks import AWS_NETWORK, address

AWS_TUNNEL = "203.0.113.17"
_NET = "Microsoft.Network/"


def make_edges(maker: Maker, hub: dict[str, str], prod: dict[str, str]) -> None:
    """Gateways and names in the hub, balancers before production."""
    _make_gateways(maker, hub)
    _make_names(maker, hub, prod)
    _make_edges(maker, prod)


def _make_gateways(maker: Maker, hub: dict[str, str]) -> None:
    group = hub["group"]
    front = address(maker, group, "acme-vpn")
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
                    "properties": {"publicIPAddress": {"id": front}, "subnet": {"id": hub["GatewaySubnet"]}},
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
    wall = address(maker, group, "acme-firewall")
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
                        "publicIPAddress": {"id": wall},
                        "subnet": {"id": hub["AzureFirewallSubnet"]},
                    },
                }
            ],
        },
        zones=["1", "2"],
    )


def _private_record(zone: str) -> dict[str, Any]:
    return {
        "id": "z",
        "name": "orders",
        "type": f"{_NET}privateDnsZones/A",
        "properties": {"ttl": 300, "fqdn": f"orders.{zone}.", "aRecords": [{"ipv4Address": "10.41.4.5"}]},
    }


def _make_names(maker: Maker, hub: dict[str, str], prod: dict[str, str]) -> None:
    group = hub["group"]
    maker.add(
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
    for name in ("privatelink.blob.core.windows.net", "privatelink.database.windows.net", "corp.acme.example"):
        maker.add(
            group,
            f"{_NET}privateDnsZones",
            name,
            {"numberOfRecordSets": 3, "provisioningState": "Succeeded", "numberOfVirtualNetworkLinks": 1},
            location="global",
            settings={"ALL": [_private_record(name)]},
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


def _make_edges(maker: Maker, prod: dict[str, str]) -> None:
    group = prod["group"]
    for name, pool in (("acme-web", ["acme-web"]), ("acme-unused", [])):
        front = address(maker, group, f"{name}-lb")
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
                        "properties": {"publicIPAddress": {"id": front}},
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
    front = address(maker, group, "acme-gateway")
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
                    "properties": {"publicIPAddress": {"id": front}},
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
    for name in ("acme-spare", "acme-old"):
        address(maker, group, name)
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
