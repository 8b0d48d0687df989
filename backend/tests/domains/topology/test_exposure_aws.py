"""What the internet reaches in AWS, case by case."""

from typing import Any

import pytest
from app.domains.topology.rules.estate import Resource
from tests.domains.topology.telling import ACCOUNT, REGION, resource, told, told_text

ANY_V4 = {"RouteTableId": "rtb", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}
ANY_V6 = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"}
LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}
SSH: dict[str, Any] = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    "Ipv6Ranges": [],
}
SSH_V6 = SSH | {"IpRanges": [], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def entry(number: int, action: str, *, egress: bool = False, cidr: str = "0.0.0.0/0", **more: Any) -> dict[str, Any]:
    return {"RuleNumber": number, "RuleAction": action, "Egress": egress, "CidrBlock": cidr, "Protocol": "-1"} | more


def on(low: int, high: int) -> dict[str, Any]:
    return {"Protocol": "6", "PortRange": {"From": low, "To": high}}


ALL = [entry(100, "allow"), entry(100, "allow", egress=True), entry(32767, "deny"), entry(32767, "deny", egress=True)]
ALL_V6 = [
    {"RuleNumber": 101, "RuleAction": "allow", "Egress": egress, "Ipv6CidrBlock": "::/0", "Protocol": "-1"}
    for egress in (False, True)
]
OUT = entry(100, "allow", egress=True)


def arn(path: str, service: str = "ec2") -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{path}"


def group(name: str, permissions: list[dict[str, Any]]) -> Resource:
    properties = {"GroupId": name, "IpPermissions": permissions}
    return resource(arn(f"security-group/{name}"), "AWS::EC2::SecurityGroup", properties, aliases=[name])


def network(routes: list[dict[str, Any]], acl: list[dict[str, Any]], without: str = "") -> list[Resource]:
    made = {
        "subnet": resource(
            arn("subnet/subnet-1"),
            "AWS::EC2::Subnet",
            {"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"},
            aliases=["subnet-1"],
        ),
        "table": resource(
            arn("route-table/rtb-1"),
            "AWS::EC2::RouteTable",
            {"VpcId": "vpc-1", "Routes": routes, "Associations": [{"Main": True}]},
        ),
        "acl": resource(
            arn("network-acl/acl-1"),
            "AWS::EC2::NetworkAcl",
            {"VpcId": "vpc-1", "IsDefault": True, "Entries": acl, "Associations": []},
        ),
    }
    return [one for name, one in made.items() if name != without]


def machine(*, v4: bool = True, v6: bool = False, groups: tuple[str, ...] = ("sg-1",)) -> Resource:
    interface: dict[str, Any] = {
        "SubnetId": "subnet-1",
        "PrivateIpAddress": "10.0.1.5",
        "Groups": [{"GroupId": name} for name in groups],
        "Ipv6Addresses": [{"Ipv6Address": "2a05:d018::5"}] if v6 else [],
    }
    if v4:
        interface["Association"] = {"PublicIp": "203.0.113.5"}
    properties = {"InstanceId": "i-1", "NetworkInterfaces": [interface]}
    return resource(arn("instance/i-1"), "AWS::EC2::Instance", properties, status="running")


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "an open group behind a gateway": ({}, "tcp 22 from 0.0.0.0/0"),
    "no public address": ({"v4": False}, "no"),
    "a route to a NAT gateway only": ({"routes": [LOCAL, NAT]}, "no"),
    "no route but the local one": ({"routes": [LOCAL]}, "no"),
    "a route that leads nowhere": ({"routes": [ANY_V4 | {"State": "blackhole"}]}, "no"),
    "a longer prefix goes elsewhere": (
        {"routes": [ANY_V4, {"DestinationCidrBlock": "0.0.0.0/1", "TransitGatewayId": "tgw-1"}]},
        "tcp 22 from 128.0.0.0/1",
    ),
    "the list refuses before it allows": ({"acl": [entry(90, "deny", **on(22, 22)), *ALL]}, "no"),
    "the list allows before it refuses": (
        {"acl": [entry(90, "allow", **on(22, 22)), entry(95, "deny"), OUT]},
        "tcp 22 from 0.0.0.0/0",
    ),
    "order is by number, not by place": ({"acl": [*ALL, entry(90, "deny", **on(22, 22))]}, "no"),
    "a part is refused first": (
        {"acl": [entry(90, "deny", cidr="0.0.0.0/1"), *ALL]},
        "tcp 22 from 128.0.0.0/1",
    ),
    "answers may not leave": ({"acl": [entry(100, "allow")]}, "no"),
    "answers may leave to low ports only": (
        {"acl": [entry(100, "allow"), entry(100, "allow", egress=True, **on(0, 1023))]},
        "no",
    ),
    "the group lets in a private range only": ({"permissions": [SSH | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]}, "no"),
    "the group lets in another group only": (
        {"permissions": [SSH | {"IpRanges": [], "UserIdGroupPairs": [{"GroupId": "sg-2"}]}]},
        "no",
    ),
    "one office": (
        {"permissions": [SSH | {"IpRanges": [{"CidrIp": "198.51.100.7/32"}]}]},
        "tcp 22 from 198.51.100.7/32",
    ),
    "everything is open": (
        {"permissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
        "all ports from 0.0.0.0/0",
    ),
    "IPv6 only": (
        {"v4": False, "v6": True, "routes": [ANY_V6], "acl": ALL_V6, "permissions": [SSH_V6]},
        "tcp 22 from ::/0",
    ),
    "an IPv6 address behind a rule for IPv4": ({"v4": False, "v6": True, "routes": [ANY_V4, ANY_V6]}, "no"),
    "an IPv4 address behind a rule for IPv6": ({"permissions": [SSH_V6], "routes": [ANY_V4, ANY_V6]}, "no"),
    "the subnet was not read": ({"without": "subnet"}, "unknown"),
    "not all route tables were read": ({"unlisted": ["AWS::EC2::RouteTable"]}, "unknown"),
    "not all access lists were read": ({"unlisted": ["AWS::EC2::NetworkAcl"]}, "unknown"),
    "the group was not read": ({"groups": ("sg-9",)}, "unknown"),
    "the group names a prefix list": (
        {"permissions": [SSH | {"IpRanges": [], "PrefixListIds": [{"PrefixListId": "pl-1"}]}]},
        "unknown",
    ),
    "not all target groups were read": (
        {"v4": False, "unlisted": ["AWS::ElasticLoadBalancingV2::TargetGroup"]},
        "unknown",
    ),
}


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES.keys())
def test_a_machine_is_reached(given: dict[str, Any], expected: str) -> None:
    fields = dict(given)
    unlisted = fields.pop("unlisted", ())
    place = network(fields.pop("routes", [LOCAL, ANY_V4]), fields.pop("acl", ALL), fields.pop("without", ""))
    others = [*place, group("sg-1", fields.pop("permissions", [SSH]))]
    found = told(machine(**fields), others, unlisted=unlisted)
    assert told_text(found) == expected
    assert bool(found.unknown) == (expected == "unknown")


def test_a_chain_names_every_piece_of_evidence() -> None:
    found = told(machine(), [*network([LOCAL, ANY_V4], ALL), group("sg-1", [SSH])])
    steps = [(step.kind, step.detail) for step in found.chains[0].steps]
    assert steps == [
        ("address", "Public address 203.0.113.5"),
        ("route", "0.0.0.0/0 to igw-1"),
        ("firewall_rule", "Allowed by rule 100"),
        ("firewall_rule", "Lets in tcp 22"),
        ("target", "i-1"),
    ]
    assert found.chains[0].summary == "Reached from the internet on tcp 22"


def balancer(scheme: str = "internet-facing", **changes: Any) -> list[Resource]:
    balancer_arn = arn("loadbalancer/app/web/1", "elasticloadbalancing")
    target_arn = arn("targetgroup/web/1", "elasticloadbalancing")
    kind = "AWS::ElasticLoadBalancingV2::"
    return [
        resource(
            balancer_arn,
            f"{kind}LoadBalancer",
            {
                "Scheme": scheme,
                "Type": "application",
                "DNSName": "web.elb.example",
                "SecurityGroups": ["sg-lb"],
                "AvailabilityZones": [{"SubnetId": "subnet-1"}],
            },
        ),
        resource(
            arn("listener/app/web/1/2", "elasticloadbalancing"),
            f"{kind}Listener",
            {
                "LoadBalancerArn": balancer_arn,
                "Port": 443,
                "Protocol": "HTTPS",
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": target_arn}],
            },
        ),
        resource(
            target_arn,
            f"{kind}TargetGroup",
            {
                "LoadBalancerArns": [balancer_arn],
                "Port": 8080,
                "TargetHealthDescriptions": [{"Target": {"Id": "i-1", "Port": 8080}}],
            },
        ),
        group("sg-lb", [SSH | {"FromPort": 443, "ToPort": 443}]),
    ]


FROM_BALANCER = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": "sg-lb"}]}


@pytest.mark.parametrize(
    ("permissions", "scheme", "expected"),
    [
        ([FROM_BALANCER], "internet-facing", "tcp 443 from 0.0.0.0/0"),
        ([FROM_BALANCER | {"FromPort": 80, "ToPort": 80}], "internet-facing", "no"),
        ([SSH | {"FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.0.1.0/24"}]}], "internet-facing",
         "tcp 443 from 0.0.0.0/0"),
        ([FROM_BALANCER], "internal", "no"),
        ([], "internet-facing", "no"),
    ],
)  # fmt: skip
def test_a_machine_is_reached_through_a_balancer(permissions: list[dict[str, Any]], scheme: str, expected: str) -> None:
    others = [*network([LOCAL, ANY_V4], ALL), *balancer(scheme), group("sg-1", permissions)]
    assert told_text(told(machine(v4=False), others)) == expected
    assert told_text(told(others[3], [*others])) == ("no" if scheme == "internal" else "tcp 443 from 0.0.0.0/0")


@pytest.mark.parametrize(
    ("public", "routes", "expected"),
    [
        (True, [ANY_V4], "tcp 5432 from 0.0.0.0/0"),
        (False, [ANY_V4], "no"),
        (True, [NAT], "no"),
    ],
)
def test_a_database_is_reached_on_its_port(public: bool, routes: list[dict[str, Any]], expected: str) -> None:
    open_to_all = SSH | {"FromPort": 0, "ToPort": 65535}
    properties = {
        "PubliclyAccessible": public,
        "Endpoint": {"Address": "db.example", "Port": 5432},
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
        "DBSubnetGroup": {"Subnets": [{"SubnetIdentifier": "subnet-1"}]},
    }
    database = resource(arn("db:main", "rds"), "AWS::RDS::DBInstance", properties)
    assert told_text(told(database, [*network(routes, ALL), group("sg-1", [open_to_all])])) == expected


OPEN_POLICY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
OWN_POLICY = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:*", "Resource": "*"}]}
EVERYBODY = {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}
BLOCKED = {"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": True, "IgnorePublicAcls": True}}


@pytest.mark.parametrize(
    ("properties", "account", "expected"),
    [
        ({"Policy": OPEN_POLICY}, {}, "tcp 443 from 0.0.0.0/0, ::/0"),
        ({"Acl": {"Grants": [EVERYBODY]}}, {}, "tcp 443 from 0.0.0.0/0, ::/0"),
        ({"Acl": {"Grants": [EVERYBODY]}, "ObjectOwnership": "BucketOwnerEnforced"}, {}, "no"),
        ({"Policy": OWN_POLICY}, {}, "no"),
        ({"Policy": OPEN_POLICY} | BLOCKED, {}, "no"),
        ({"Policy": OPEN_POLICY}, BLOCKED, "no"),
        ({"Policy": OPEN_POLICY}, None, "unknown"),
        ({"Policy": OWN_POLICY}, None, "no"),
    ],
)
def test_a_bucket_is_reached_by_its_policy(
    properties: dict[str, Any], account: dict[str, Any] | None, expected: str
) -> None:
    owner = resource(f"arn:aws:iam::{ACCOUNT}:root", "AWS::Account", account or {})
    found = told(resource("arn:aws:s3:::files", "AWS::S3::Bucket", properties), [] if account is None else [owner])
    assert told_text(found) == expected


def test_a_property_that_was_not_read_is_not_an_answer() -> None:
    unread = {"Policy": "access denied"}
    owner = resource(f"arn:aws:iam::{ACCOUNT}:root", "AWS::Account", {})
    found = told(resource("arn:aws:s3:::files", "AWS::S3::Bucket", {}, unread=unread), [owner])
    assert (found.exposed, found.unknown) == (None, ["Policy of arn:aws:s3:::files was not read: access denied"])
