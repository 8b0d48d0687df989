"""What nobody uses, case by case: every reason speaks, and is silent where something uses it or was not read."""

from typing import Any

import pytest
from app.domains.topology.rules.orphans import REASONS, Neighbour, Surroundings, find_orphan, may_be_orphan
from tests.domains.topology.telling import resource

EC2, COMPUTE, ARM, LB = "AWS::EC2::", "compute.googleapis.com/", "Microsoft.", "AWS::ElasticLoadBalancingV2::"
GONE = Neighbour("snapshot-of", False, "storage.volume", f"{EC2}Volume", False)
THERE = GONE._replace(open=True)


def by(kind: str, *, reverse: bool = True, type_: str = "") -> Neighbour:
    return Neighbour(kind, reverse, type_, "", True)


Case = tuple[str, dict[str, Any], list[Neighbour], list[str], str | None]
CARDS, LISTENERS = [f"{EC2}NetworkInterface"], [f"{LB}Listener", f"{LB}TargetGroup"]
LISTENER = by("contains", reverse=False, type_="network.listener")
CASES: list[Case] = [
    (f"{EC2}Volume", {"Attachments": []}, [], [], "unattached-disk"),
    (f"{EC2}Volume", {"Attachments": [{"InstanceId": "i"}]}, [], [], None),
    (f"{EC2}Volume", {}, [], [], None),
    (f"{COMPUTE}Disk", {}, [], [], "unattached-disk"),
    (f"{COMPUTE}Disk", {"users": ["i"]}, [], [], None),
    (f"{ARM}Compute/disks", {"properties": {"diskState": "Unattached"}}, [], [], "unattached-disk"),
    (f"{ARM}Compute/disks", {"properties": {"diskState": "Unattached"}, "managedBy": "vm"}, [], [], None),
    (f"{ARM}Compute/disks", {"properties": {"diskState": "Reserved"}}, [], [], None),
    (f"{ARM}Compute/disks", {"properties": {}}, [], [], None),
    (f"{EC2}EIP", {}, [], [], "unattached-address"),
    (f"{EC2}EIP", {"AssociationId": "a"}, [], [], None),
    (f"{EC2}EIP", {}, [by("uses")], [], None),
    (f"{COMPUTE}Address", {"status": "RESERVED"}, [], [], "unattached-address"),
    (f"{COMPUTE}Address", {"status": "IN_USE", "users": ["x"]}, [], [], None),
    (f"{ARM}Network/publicIPAddresses", {"properties": {}}, [], [], "unattached-address"),
    (f"{ARM}Network/publicIPAddresses", {"properties": {"ipConfiguration": {"id": "x"}}}, [], [], None),
    (f"{ARM}Network/publicIPAddresses", {"properties": {"natGateway": {"id": "x"}}}, [], [], None),
    (f"{EC2}NetworkInterface", {"Status": "available"}, [], [], "unattached-interface"),
    (f"{EC2}NetworkInterface", {"Status": "in-use"}, [], [], None),
    (f"{ARM}Network/networkInterfaces", {"properties": {}}, [], [], "unattached-interface"),
    (f"{ARM}Network/networkInterfaces", {"properties": {"privateEndpoint": {"id": "x"}}}, [], [], None),
    (f"{EC2}InternetGateway", {"Attachments": []}, [], [], "unattached-gateway"),
    (f"{EC2}InternetGateway", {"Attachments": [{"VpcId": "v"}]}, [], [], None),
    (f"{EC2}NatGateway", {}, [], [f"{EC2}RouteTable"], "unrouted-nat"),
    (f"{EC2}NatGateway", {}, [by("routes-to")], [f"{EC2}RouteTable"], None),
    (f"{EC2}NatGateway", {}, [], [], None),
    (f"{LB}LoadBalancer", {}, [], LISTENERS, "balancer-without-targets"),
    (f"{LB}LoadBalancer", {}, [LISTENER], LISTENERS, None),
    (f"{LB}LoadBalancer", {}, [], LISTENERS[:1], None),
    (f"{LB}TargetGroup", {"TargetHealthDescriptions": []}, [], [], "group-without-targets"),
    (f"{LB}TargetGroup", {"TargetHealthDescriptions": [{}]}, [], [], None),
    (f"{ARM}Network/loadBalancers", {"properties": {"backendAddressPools": []}}, [], [], "balancer-without-targets"),
    (f"{ARM}Network/loadBalancers",
     {"properties": {"backendAddressPools": [{"properties": {"backendIPConfigurations": [{"id": "x"}]}}]}},
     [], [], None),
    (f"{COMPUTE}BackendService", {}, [], [], "group-without-targets"),
    (f"{COMPUTE}BackendService", {"backends": [{}]}, [], [], None),
    (f"{COMPUTE}TargetPool", {"instances": ["i"]}, [], [], None),
    (f"{EC2}SecurityGroup", {"GroupName": "web"}, [], CARDS, "unused-firewall"),
    (f"{EC2}SecurityGroup", {"GroupName": "default"}, [], CARDS, None),
    (f"{EC2}SecurityGroup", {"GroupName": "web"}, [by("secured-by")], CARDS, None),
    (f"{EC2}SecurityGroup", {"GroupName": "web"}, [by("allows")], CARDS, None),
    (f"{EC2}SecurityGroup", {"GroupName": "web"}, [], [], None),
    (f"{ARM}Network/networkSecurityGroups", {"properties": {}}, [], [], "unused-firewall"),
    (f"{ARM}Network/networkSecurityGroups", {"properties": {"subnets": [{"id": "x"}]}}, [], [], None),
    (f"{EC2}Snapshot", {}, [GONE], [f"{EC2}Volume"], "snapshot-of-gone-disk"),
    (f"{EC2}Snapshot", {}, [THERE], [f"{EC2}Volume"], None),
    (f"{EC2}Snapshot", {}, [GONE], [], None),
    (f"{EC2}Snapshot", {}, [], [f"{EC2}Volume"], None),
    ("AWS::IAM::Group", {}, [], ["AWS::IAM::User"], "empty-group"),
    ("AWS::IAM::Group", {}, [by("member-of")], ["AWS::IAM::User"], None),
    ("AWS::AutoScaling::AutoScalingGroup", {"Instances": [], "MaxSize": 0}, [], [], "empty-group"),
    ("AWS::AutoScaling::AutoScalingGroup", {"Instances": [], "MaxSize": 3}, [], [], None),
    (f"{ARM}Compute/availabilitySets", {"properties": {"virtualMachines": []}}, [], [], "empty-group"),
    (f"{EC2}Subnet", {}, [], CARDS, "empty-subnet"),
    (f"{EC2}Subnet", {}, [by("contains", reverse=False)], CARDS, None),
    (f"{EC2}Subnet", {}, [], [], None),
    (f"{ARM}Network/virtualNetworks", {"properties": {"subnets": [{"properties": {}}]}}, [], [], "empty-network"),
    (f"{ARM}Network/virtualNetworks",
     {"properties": {"subnets": [{"properties": {"ipConfigurations": [{"id": "x"}]}}]}}, [], [], None),
    (f"{EC2}KeyPair", {}, [], [f"{EC2}Instance"], "unused-key-pair"),
    (f"{EC2}KeyPair", {}, [by("uses")], [f"{EC2}Instance"], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("native_type", "properties", "neighbours", "listed", "expected"),
    CASES,
    ids=[f"{case[0].rpartition(':')[2].rpartition('/')[2]}-{number}" for number, case in enumerate(CASES)],
)
def test_what_nobody_uses_has_a_reason(
    native_type: str,
    properties: dict[str, Any],
    neighbours: list[Neighbour],
    listed: list[str],
    expected: str | None,
) -> None:
    around = Surroundings(neighbours=neighbours, listed=frozenset(listed))
    found = find_orphan(resource("x", native_type, properties), around)
    assert (found[0] if found else None) == expected


def test_every_reason_has_a_case() -> None:
    assert {case[4] for case in CASES} - {None} == REASONS.keys()


def test_targets_that_were_not_read_are_no_reason() -> None:
    nothing = Surroundings(neighbours=[], listed=frozenset())
    unread = {"TargetHealthDescriptions": "not allowed"}
    assert find_orphan(resource("x", f"{LB}TargetGroup", {}, unread=unread), nothing) is None


def test_types_are_compared_without_case_and_others_have_no_rule() -> None:
    assert may_be_orphan("microsoft.compute/DISKS")
    assert not may_be_orphan("AWS::S3::Bucket")
    nothing = Surroundings(neighbours=[], listed=frozenset())
    assert find_orphan(resource("x", "AWS::S3::Bucket", {}), nothing) is None
