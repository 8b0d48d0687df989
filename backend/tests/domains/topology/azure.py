"""A machine in an Azure network, in the formats of Azure Resource Graph, for cases to vary."""

from typing import Any

from app.domains.topology.rules.estate import Resource
from tests.domains.topology.telling import resource

GROUP = "/subscriptions/0000/resourceGroups/web"
NET = f"{GROUP}/providers/Microsoft.Network"
NETWORK, SUBNET = f"{NET}/virtualNetworks/main", f"{NET}/virtualNetworks/main/subnets/front"
NIC = f"{NET}/networkInterfaces/web-nic"
CONFIGURATION = f"{NIC}/ipConfigurations/primary"
WEB_GROUP = f"{NET}/applicationSecurityGroups/Web"
DEFAULTS = [
    ("AllowVnetInBound", 65000, "VirtualNetwork", "Allow"),
    ("AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "Allow"),
    ("DenyAllInBound", 65500, "*", "Deny"),
]


def rule(priority: int, port: str, source: str = "Internet", access: str = "Allow", **more: Any) -> dict[str, Any]:
    properties = {
        "protocol": "Tcp",
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
    }
    return {"name": f"r{priority}", "properties": properties | more}


def several(priority: int, ports: list[str], sources: list[str], **more: Any) -> dict[str, Any]:
    """An augmented rule: lists, and no single values."""
    made = rule(priority, "", "", destinationPortRanges=ports, sourceAddressPrefixes=sources, **more)
    del made["properties"]["destinationPortRange"], made["properties"]["sourceAddressPrefix"]
    return made


def security_group(name: str, rules: list[dict[str, Any]]) -> Resource:
    defaults = [rule(number, "*", source, access, protocol="*") for _, number, source, access in DEFAULTS]
    properties = {"securityRules": rules, "defaultSecurityRules": defaults}
    return resource(
        f"{NET}/networkSecurityGroups/{name}", "Microsoft.Network/networkSecurityGroups", {"properties": properties}
    )


def table(*routes: tuple[str, str]) -> Resource:
    listed = [{"name": hop, "properties": {"addressPrefix": prefix, "nextHopType": hop}} for prefix, hop in routes]
    return resource(f"{NET}/routeTables/routes", "Microsoft.Network/routeTables", {"properties": {"routes": listed}})


def estate(
    *,
    subnet: list[dict[str, Any]] | None = None,
    card: list[dict[str, Any]] | None = None,
    routes: tuple[tuple[str, str], ...] | None = None,
    address: str | None = "203.0.113.20",
    private: str = "10.0.0.4",
    sku: str | None = "Standard",
    groups: tuple[str, ...] = (),
    without: str = "",
) -> tuple[Resource, list[Resource]]:
    """A machine with one interface in a subnet, and what is around it."""
    inner: dict[str, Any] = {"addressPrefix": "10.0.0.0/24"}
    configuration: dict[str, Any] = {
        "privateIPAddress": private,
        "subnet": {"id": SUBNET.upper()},
        "applicationSecurityGroups": [{"id": one} for one in groups],
    }
    interface: dict[str, Any] = {"ipConfigurations": [{"id": CONFIGURATION, "properties": configuration}]}
    made: dict[str, Resource] = {}
    if subnet is not None:
        made["subnet group"] = security_group("of-subnet", subnet)
        inner["networkSecurityGroup"] = {"id": made["subnet group"].native_id}
    if card is not None:
        made["card group"] = security_group("of-card", card)
        interface["networkSecurityGroup"] = {"id": made["card group"].native_id}
    if routes is not None:
        made["table"] = table(*routes)
        inner["routeTable"] = {"id": made["table"].native_id}
    if address is not None:
        made["address"] = resource(
            f"{NET}/publicIPAddresses/web-ip",
            "Microsoft.Network/publicIPAddresses",
            {"properties": {"ipAddress": address}} | ({"sku": {"name": sku}} if sku else {}),
        )
        configuration["publicIPAddress"] = {"id": made["address"].native_id}
    made["subnet"] = resource(SUBNET, "Microsoft.Network/virtualNetworks/subnets", {"properties": inner})
    made["card"] = resource(NIC, "Microsoft.Network/networkInterfaces", {"properties": interface})
    machine = resource(
        f"{GROUP}/providers/Microsoft.Compute/virtualMachines/web",
        "Microsoft.Compute/virtualMachines",
        {"properties": {"networkProfile": {"networkInterfaces": [{"id": NIC}]}}},
    )
    return machine, [one for name, one in made.items() if name != without]


OPEN = [rule(100, "22")]
NO = [rule(90, "*", "*", "Deny", protocol="*")]
