"""What the internet reaches in Azure networks, case by case."""

from typing import Any

import pytest
from tests.domains.topology.azure import NIC, NO, OPEN, WEB_GROUP, estate, rule, several
from tests.domains.topology.telling import told, told_text

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "an open rule of the subnet": ({"subnet": OPEN}, "tcp 22 from 0.0.0.0/0"),
    "an open rule of the interface": ({"card": OPEN}, "tcp 22 from 0.0.0.0/0"),
    "both have to let it in": ({"subnet": OPEN, "card": [rule(100, "443")]}, "no"),
    "both let a part in": (
        {"subnet": [rule(100, "20-30")], "card": [rule(100, "25-40", "*")]},
        "tcp 25–30 from 0.0.0.0/0",
    ),
    "the interface refuses": ({"subnet": OPEN, "card": [*NO, *OPEN]}, "no"),
    "only default rules": ({"subnet": []}, "no"),
    "no public address": ({"subnet": OPEN, "address": None}, "no"),
    "an address without a number": ({"subnet": OPEN, "address": ""}, "no"),
    "Standard without a group is closed": ({}, "no"),
    "Basic without a group is open": ({"sku": "Basic"}, "all ports from 0.0.0.0/0"),
    "what names no kind is Basic": ({"sku": None}, "all ports from 0.0.0.0/0"),
    "Basic with a group is as the group says": ({"sku": "Basic", "card": []}, "no"),
    "refused at a lower number": ({"subnet": [rule(200, "22"), rule(100, "22", "*", "Deny")]}, "no"),
    "refused at a higher number": (
        {"subnet": [rule(200, "22", "*", "Deny"), rule(100, "22")]},
        "tcp 22 from 0.0.0.0/0",
    ),
    "half of the world is refused first": (
        {"subnet": [rule(100, "22", "0.0.0.0/1", "Deny"), rule(200, "22")]},
        "tcp 22 from 128.0.0.0/1",
    ),
    "a refusal of another protocol": (
        {"subnet": [rule(100, "22", "*", "Deny", protocol="Udp"), rule(200, "22")]},
        "tcp 22 from 0.0.0.0/0",
    ),
    "a refusal for one port to send from is passed by": (
        {"subnet": [rule(100, "22", "*", "Deny", sourcePortRange="1024"), rule(200, "22")]},
        "tcp 22 from 0.0.0.0/0",
    ),
    "a rule for one port to send from": ({"subnet": [rule(100, "22", sourcePortRange="53")]}, "tcp 22 from 0.0.0.0/0"),
    "several prefixes and ports": (
        {"subnet": [several(100, ["22", "8000-8010"], ["198.51.100.0/24", "10.0.0.0/8"])]},
        "tcp 22, 8000–8010 from 198.51.100.0/24",
    ),
    "a rule for outgoing traffic": ({"subnet": [rule(100, "22", direction="Outbound")]}, "no"),
    "private sources": ({"subnet": [rule(100, "22", "10.0.0.0/8")]}, "no"),
    "the network itself": ({"subnet": [rule(100, "22", "VirtualNetwork")]}, "no"),
    "Azure's probes": ({"subnet": [rule(100, "22", "AzureLoadBalancer")]}, "no"),
    "another machine's group as source": (
        {"subnet": [rule(100, "22", "", sourceApplicationSecurityGroups=[{"id": WEB_GROUP}])]},
        "no",
    ),
    "its application group as destination": (
        {
            "subnet": [rule(100, "22", destinationApplicationSecurityGroups=[{"id": WEB_GROUP}])],
            "groups": (WEB_GROUP.lower(),),
        },
        "tcp 22 from 0.0.0.0/0",
    ),
    "another application group as destination": (
        {"subnet": [rule(100, "22", destinationApplicationSecurityGroups=[{"id": WEB_GROUP}])]},
        "no",
    ),
    "its private address as destination": (
        {"subnet": [rule(100, "22", destinationAddressPrefix="10.0.0.4")]},
        "tcp 22 from 0.0.0.0/0",
    ),
    "another address as destination": ({"subnet": [rule(100, "22", destinationAddressPrefix="10.0.0.5")]}, "no"),
    "a refusal for another address": (
        {"subnet": [rule(90, "22", "*", "Deny", destinationAddressPrefix="10.0.0.5"), *OPEN]},
        "tcp 22 from 0.0.0.0/0",
    ),
    "all protocols": ({"subnet": [rule(100, "*", "*", protocol="*")]}, "all ports from 0.0.0.0/0"),
    "a tag of Azure's addresses": ({"subnet": [rule(100, "22", "AzureCloud")]}, "unknown"),
    "a tag beside an open rule": (
        {"subnet": [rule(100, "22", "AzureCloud"), rule(200, "22")]},
        "tcp 22 from 0.0.0.0/0",
    ),
    "a tag after a refusal": ({"subnet": [*NO, rule(100, "22", "AzureCloud")]}, "no"),
    "a route to a wall": ({"subnet": OPEN, "routes": (("0.0.0.0/0", "VirtualAppliance"),)}, "no"),
    "a route to nowhere": ({"subnet": OPEN, "routes": (("0.0.0.0/0", "None"),)}, "no"),
    "an own route to the internet": ({"subnet": OPEN, "routes": (("0.0.0.0/0", "Internet"),)}, "tcp 22 from 0.0.0.0/0"),
    "a longer route to the internet": (
        {"subnet": OPEN, "routes": (("0.0.0.0/0", "VirtualAppliance"), ("198.51.100.0/24", "Internet"))},
        "tcp 22 from 198.51.100.0/24",
    ),
    "a route for a tag": ({"subnet": OPEN, "routes": (("AzureCloud", "VirtualAppliance"),)}, "tcp 22 from 0.0.0.0/0"),
    "IPv6 only": (
        {"subnet": [rule(100, "22", "::/0")], "address": "2603:1020::7", "private": "fd00::7"},
        "tcp 22 from ::/0",
    ),
    "an IPv6 address behind a rule for IPv4": (
        {"subnet": [rule(100, "22", "0.0.0.0/0")], "address": "2603:1020::7", "private": "fd00::7"},
        "no",
    ),
    "a destination of the other family": (
        {
            "subnet": [rule(100, "22", destinationAddressPrefix="10.0.0.0/8")],
            "address": "2603:1020::7",
            "private": "fd00::7",
        },
        "no",
    ),
    "the subnet was not read": ({"subnet": OPEN, "without": "subnet"}, "unknown"),
    "the subnet's group was not read": ({"subnet": OPEN, "without": "subnet group"}, "unknown"),
    "the interface's group was not read": ({"card": OPEN, "without": "card group"}, "unknown"),
    "the routes were not read": ({"subnet": OPEN, "routes": (), "without": "table"}, "unknown"),
    "the interface was not read": ({"subnet": OPEN, "without": "card"}, "unknown"),
    "the address was not read and nothing is open": ({"subnet": [], "without": "address"}, "unknown"),
    "not all balancers were read": (
        {"subnet": OPEN, "address": None, "unlisted": ["Microsoft.Network/loadBalancers"]},
        "unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES.keys())
def test_a_machine_is_reached(given: dict[str, Any], expected: str) -> None:
    fields = dict(given)
    unlisted = fields.pop("unlisted", ())
    machine, others = estate(**fields)
    found = told(machine, others, unlisted=unlisted)
    assert told_text(found) == expected, found.unknown
    card = next((one for one in others if one.native_id == NIC), None)
    if card is not None:
        assert told_text(told(card, [machine, *others], unlisted=unlisted)) == expected


def test_a_chain_names_every_piece_of_evidence() -> None:
    machine, others = estate(subnet=[rule(100, "22")], card=[rule(110, "20-25", "*")])
    assert [(step.kind, step.detail) for step in told(machine, others).chains[0].steps] == [
        ("address", "Public address 203.0.113.20"),
        ("route", "Azure's default route to the internet"),
        ("firewall_rule", "Allowed by r100"),
        ("firewall_rule", "Allowed by r110"),
        ("target", "web"),
    ]
