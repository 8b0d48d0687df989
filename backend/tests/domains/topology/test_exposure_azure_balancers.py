"""What the internet reaches in Azure through load balancers, application gateways and scale sets."""

from typing import Any

import pytest
from app.domains.topology.rules.estate import Resource
from tests.domains.topology.azure import (
    CONFIGURATION,
    GROUP,
    NET,
    NETWORK,
    NO,
    OPEN,
    SUBNET,
    estate,
    rule,
    security_group,
)
from tests.domains.topology.telling import resource, told, told_text


def front(name: str) -> Resource:
    properties = {"properties": {"ipAddress": "203.0.113.30"}, "sku": {"name": "Standard"}}
    return resource(f"{NET}/publicIPAddresses/{name}", "Microsoft.Network/publicIPAddresses", properties)


def balancer(
    *, sku: str = "Standard", public: bool = True, pool: dict[str, Any] | None = None, **inner: Any
) -> Resource:
    own = f"{NET}/loadBalancers/lb"
    reference: dict[str, Any] = {"publicIPAddress": {"id": front("lb-ip").native_id}} if public else {"subnet": {}}
    forward = {
        "name": "ssh",
        "properties": {
            "protocol": "Tcp",
            "frontendPort": 2222,
            "backendPort": 22,
            "frontendIPConfiguration": {"id": f"{own}/frontendIPConfigurations/public"},
            "backendAddressPool": {"id": f"{own}/backendAddressPools/web"},
        },
    }
    members = {"backendIPConfigurations": [{"id": CONFIGURATION}]} if pool is None else pool
    properties = {
        "frontendIPConfigurations": [{"id": f"{own}/frontendIPConfigurations/PUBLIC", "properties": reference}],
        "backendAddressPools": [{"id": f"{own}/backendAddressPools/web", "properties": members}],
        "loadBalancingRules": [forward],
    } | inner
    return resource(own, "Microsoft.Network/loadBalancers", {"properties": properties, "sku": {"name": sku}})


NAT_RULE = {
    "name": "nat",
    "properties": {
        "protocol": "Tcp",
        "frontendPort": 50001,
        "backendPort": 22,
        "frontendIPConfiguration": {"id": f"{NET}/loadBalancers/lb/frontendIPConfigurations/public"},
        "backendIPConfiguration": {"id": CONFIGURATION},
    },
}
BY_ADDRESS = {
    "virtualNetwork": {"id": NETWORK},
    "loadBalancerBackendAddresses": [{"properties": {"ipAddress": "10.0.0.4"}}],
}
ELSEWHERE = BY_ADDRESS | {"virtualNetwork": {"id": f"{NET}/virtualNetworks/other"}}


@pytest.mark.parametrize(
    ("given", "around", "machine_text", "balancer_text"),
    [
        ({}, {"subnet": OPEN}, "tcp 2222 from 0.0.0.0/0", "tcp 2222 from 0.0.0.0/0"),
        ({}, {"subnet": [rule(100, "2222")]}, "no", "no"),
        ({}, {"subnet": []}, "no", "no"),
        ({}, {}, "no", "no"),
        ({"sku": "Basic"}, {}, "tcp 2222 from 0.0.0.0/0", "tcp 2222 from 0.0.0.0/0"),
        ({"public": False}, {"subnet": OPEN}, "no", "no"),
        ({"pool": {}}, {"subnet": OPEN}, "no", "no"),
        ({"pool": {}, "inboundNatRules": [NAT_RULE]}, {"subnet": OPEN}, "tcp 50001 from 0.0.0.0/0",
         "tcp 50001 from 0.0.0.0/0"),
        ({"pool": BY_ADDRESS}, {"subnet": OPEN}, "tcp 2222 from 0.0.0.0/0", "unknown"),
        ({"pool": ELSEWHERE}, {"subnet": OPEN}, "no", "unknown"),
        ({}, {"subnet": OPEN, "routes": (("0.0.0.0/0", "VirtualAppliance"),)}, "no", "no"),
        ({}, {"subnet": OPEN, "without": "subnet"}, "unknown", "unknown"),
    ],
)  # fmt: skip
def test_a_balancer_hands_on_what_its_members_let_in(
    given: dict[str, Any], around: dict[str, Any], machine_text: str, balancer_text: str
) -> None:
    machine, others = estate(address=None, **around)
    others = [*others, front("lb-ip"), balancer(**given)]
    assert told_text(told(machine, others)) == machine_text
    assert told_text(told(others[-1], [machine, *others])) == balancer_text


GATEWAY = f"{NET}/applicationGateways/gw"
GATEWAY_SUBNET = f"{NETWORK}/subnets/gateway"


def gateway(*, state: str = "Running", address: str = "10.0.0.4") -> list[Resource]:
    def named(part: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"{GATEWAY}/{part}/{name}", "name": name, "properties": properties}

    def to(part: str, name: str) -> dict[str, str]:
        return {"id": f"{GATEWAY}/{part}/{name}"}

    rules = {
        "httpListener": to("httpListeners", "shop"),
        "backendAddressPool": to("backendAddressPools", "web"),
        "backendHttpSettings": to("backendHttpSettingsCollection", "plain"),
    }
    listener = {
        "protocol": "Https",
        "frontendIPConfiguration": to("frontendIPConfigurations", "public"),
        "frontendPort": to("frontendPorts", "p8443"),
        "hostName": "shop.example",
    }
    public = {"publicIPAddress": {"id": front("gw-ip").native_id}}
    inner = {
        "operationalState": state,
        "gatewayIPConfigurations": [named("gatewayIPConfigurations", "g", {"subnet": {"id": GATEWAY_SUBNET}})],
        "frontendIPConfigurations": [named("frontendIPConfigurations", "public", public)],
        "frontendPorts": [named("frontendPorts", "p8443", {"port": 8443})],
        "httpListeners": [named("httpListeners", "shop", listener)],
        "backendAddressPools": [named("backendAddressPools", "web", {"backendAddresses": [{"ipAddress": address}]})],
        "backendHttpSettingsCollection": [named("backendHttpSettingsCollection", "plain", {"port": 8080})],
        "requestRoutingRules": [named("requestRoutingRules", "all", rules)],
    }
    subnet = {"properties": {"addressPrefix": "10.0.9.0/24"}}
    return [
        resource(GATEWAY, "Microsoft.Network/applicationGateways", {"properties": inner}),
        resource(GATEWAY_SUBNET, "Microsoft.Network/virtualNetworks/subnets", subnet),
        front("gw-ip"),
    ]


FROM_GATEWAY = [rule(100, "8080", "10.0.9.0/24"), *[rule(4000, "*", "*", "Deny", protocol="*")]]
THROUGH = "tcp 8443 from 0.0.0.0/0"


@pytest.mark.parametrize(
    ("given", "subnet", "machine_text", "gateway_text"),
    [
        ({}, FROM_GATEWAY, THROUGH, THROUGH),
        ({}, None, THROUGH, THROUGH),
        ({}, [], THROUGH, THROUGH),  # AllowVnetInBound
        ({}, NO, "no", THROUGH),
        ({}, [rule(100, "80", "10.0.9.0/24"), *NO], "no", THROUGH),
        ({"state": "Stopped"}, FROM_GATEWAY, "no", "no"),
        ({"address": "10.0.0.99"}, FROM_GATEWAY, "no", THROUGH),
    ],
)
def test_a_machine_is_reached_through_a_gateway(
    given: dict[str, Any], subnet: list[dict[str, Any]] | None, machine_text: str, gateway_text: str
) -> None:
    machine, others = estate(address=None, subnet=subnet)
    others = [*gateway(**given), *others]
    assert told_text(told(machine, others)) == machine_text
    assert told_text(told(others[0], others[1:])) == gateway_text


def test_a_gateway_is_guarded_by_the_group_of_its_subnet() -> None:
    closed = security_group("of-gateway", NO)
    made = gateway()
    inner = {"addressPrefix": "10.0.9.0/24", "networkSecurityGroup": {"id": closed.native_id}}
    made[1] = resource(GATEWAY_SUBNET, "Microsoft.Network/virtualNetworks/subnets", {"properties": inner})
    assert told_text(told(made[0], [*made[1:], closed])) == "no"


@pytest.mark.parametrize(("public", "expected"), [(True, "tcp 22 from 0.0.0.0/0"), (False, "no")])
def test_a_scale_set_is_reached_by_the_addresses_of_its_machines(public: bool, expected: str) -> None:
    inner: dict[str, Any] = {"subnet": {"id": SUBNET}}
    if public:
        inner["publicIPAddressConfiguration"] = {"name": "each", "sku": {"name": "Standard"}}
    card = {"name": "card", "properties": {"ipConfigurations": [{"name": "one", "properties": inner}]}}
    profile = {"networkProfile": {"networkInterfaceConfigurations": [card]}}
    scale_set = resource(
        f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/workers",
        "Microsoft.Compute/virtualMachineScaleSets",
        {"properties": {"virtualMachineProfile": profile}},
    )
    _, others = estate(subnet=OPEN, address=None)
    assert told_text(told(scale_set, others)) == expected
    member = f"{scale_set.native_id}/virtualMachines/0/networkInterfaces/card/ipConfigurations/one"
    pool = {"backendIPConfigurations": [{"id": member}]}
    behind = [*others, front("lb-ip"), balancer(pool=pool), scale_set]
    assert told_text(told(behind[-2], behind)) == "tcp 2222 from 0.0.0.0/0"
    assert "tcp 2222 from 0.0.0.0/0" in told_text(told(scale_set, behind))
