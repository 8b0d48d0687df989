"""An AWS estate in the proportions of a large company, with the properties that controls read."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.providers.base import CollectedResource, Unit, UnitResult, UnitState

from bench.inventory_estate import NUMBER, REGIONS, TEAMS, UNIT_SIZE

NOW = datetime(2026, 11, 20, tzinfo=UTC)
# type: (its kind, share of the estate in thousandths, service)
SHARES = {
    "AWS::EC2::Instance": ("compute.instance", 230, "ec2"),
    "AWS::EC2::Volume": ("storage.volume", 250, "ec2"),
    "AWS::EC2::Snapshot": ("storage.snapshot", 150, "ec2"),
    "AWS::EC2::SecurityGroup": ("network.firewall", 150, "ec2"),
    "AWS::EC2::NetworkInterface": ("network.interface", 90, "ec2"),
    "AWS::EC2::VPC": ("network.vpc", 10, "ec2"),
    "AWS::EC2::FlowLog": ("network.flow_log", 8, "ec2"),
    "AWS::EC2::NetworkAcl": ("network.acl", 12, "ec2"),
    "AWS::S3::Bucket": ("storage.bucket", 40, "s3"),
    "AWS::RDS::DBInstance": ("database.instance", 30, "rds"),
    "AWS::IAM::User": ("identity.user", 30, "iam"),
}
OFFICE, WORLD = {"CidrIp": "198.51.100.0/24"}, {"CidrIp": "0.0.0.0/0"}
ALL_ON = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def _group(number: int) -> dict[str, Any]:
    rules = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [WORLD], "Ipv6Ranges": []},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [WORLD if number % 20 == 0 else OFFICE]},
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [WORLD if number % 97 == 0 else OFFICE]},
        {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8100, "IpRanges": [OFFICE], "UserIdGroupPairs": []},
    ]
    if number % 331 == 0:
        rules.append({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}]})
    return {
        "GroupId": f"sg-{number:017x}",
        "GroupName": "default" if number % 25 == 0 else f"app-{number}",
        "IpPermissions": rules,
        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [WORLD]}],
        "VpcId": f"vpc-{number % 900:017x}",
    }


def _acl(number: int) -> dict[str, Any]:
    entries = [
        {"RuleNumber": 100, "Egress": False, "Protocol": "6", "CidrBlock": "0.0.0.0/0",
         "PortRange": {"From": 443, "To": 443}, "RuleAction": "allow"},
        {"RuleNumber": 110, "Egress": False, "Protocol": "-1", "CidrBlock": "0.0.0.0/0",
         "RuleAction": "allow" if number % 3 == 0 else "deny"},
        {"RuleNumber": 32767, "Egress": False, "Protocol": "-1", "CidrBlock": "0.0.0.0/0", "RuleAction": "deny"},
        {"RuleNumber": 100, "Egress": True, "Protocol": "-1", "CidrBlock": "0.0.0.0/0", "RuleAction": "allow"},
    ]  # fmt: skip
    return {"NetworkAclId": f"acl-{number:017x}", "Entries": entries}


def _bucket(number: int) -> dict[str, Any]:
    name = f"bucket-{number}"
    secure = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    statements = [secure] if number % 3 else [secure, public]
    return {
        "Name": name,
        "PublicAccessBlockConfiguration": ALL_ON if number % 5 else None,
        "Policy": {"Version": "2012-10-17", "Statement": statements} if number % 4 else None,
        "Acl": {"Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": "x"}, "Permission": "FULL_CONTROL"}]},
    }


def _user(number: int) -> dict[str, Any]:
    made = (NOW - timedelta(days=number % 200)).isoformat()
    report = {
        "user": f"user-{number}", "user_creation_time": made, "password_enabled": str(number % 2 == 0).lower(),
        "mfa_active": str(number % 3 == 0).lower(), "access_key_1_active": "true",
        "access_key_1_last_rotated": made, "access_key_1_last_used_date": made, "access_key_2_active": "false",
        "access_key_2_last_rotated": "N/A", "access_key_2_last_used_date": "N/A",
    }  # fmt: skip
    return {"UserName": f"user-{number}", "CredentialReport": report}


def properties_of(native_type: str, number: int) -> dict[str, Any]:
    """What the vendor answers of the type's resource `number`, with faults spread evenly."""
    short = native_type.rpartition("::")[2]
    if short == "SecurityGroup":
        return _group(number)
    if short == "NetworkAcl":
        return _acl(number)
    if short == "Bucket":
        return _bucket(number)
    if short == "User":
        return _user(number)
    simple: dict[str, dict[str, Any]] = {
        "Instance": {
            "InstanceId": f"i-{number:017x}",
            "State": {"Name": "terminated" if number % 50 == 0 else "running"},
            "MetadataOptions": {"HttpTokens": "optional" if number % 4 == 0 else "required"},
        },
        "Volume": {"Encrypted": number % 10 != 0, "Attachments": [{"InstanceId": "i-1"}] if number % 3 else []},
        "Snapshot": {"RestorableByAll": number % 499 == 0, "Encrypted": number % 10 != 0},
        "NetworkInterface": {"Groups": [{"GroupId": f"sg-{number * 3:017x}", "GroupName": "app"}]},
        "VPC": {"VpcId": f"vpc-{number:017x}"},
        "FlowLog": {"ResourceId": f"vpc-{number:017x}", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"},
        "DBInstance": {
            "PubliclyAccessible": number % 12 == 0,
            "Endpoint": {"Port": 5432},
            "VpcSecurityGroups": [{"VpcSecurityGroupId": f"sg-{number * 5:017x}", "Status": "active"}],
            "StorageEncrypted": number % 9 != 0,
            "BackupRetentionPeriod": number % 11,
            "AutoMinorVersionUpgrade": number % 7 != 0,
            "MultiAZ": number % 2 == 0,
        },
    }
    return simple[short]


def make_resource(native_type: str, number: int, region: str) -> CollectedResource:
    """One resource with its tags."""
    kind, _, service = SHARES[native_type]
    short = native_type.rpartition("::")[2].lower()
    return CollectedResource(
        native_id=f"arn:aws:{service}:{region}:{NUMBER}:{short}/{number:017x}",
        native_type=native_type,
        type=kind,
        name=f"{short}-{number}",
        region=region,
        status=None,
        tags={"team": TEAMS[number % len(TEAMS)], "env": ("prod", "dev", "test")[number % 3]},
        properties=properties_of(native_type, number),
        aliases=[f"{short}-{number:x}"],
    )


def make_units(resources: int) -> Sequence[UnitResult]:
    """The estate as complete units of at most UNIT_SIZE resources, and the account itself."""
    found = [
        make_resource(native_type, number, REGIONS[number % len(REGIONS)])
        for native_type, (_, share, _) in SHARES.items()
        for number in range(resources * share // 1_000)
    ]
    account = CollectedResource(
        native_id=f"arn:aws:iam::{NUMBER}:root", native_type="AWS::Account", type="identity.account", name="bench",
        region="global", status=None, tags={}, properties={"PublicAccessBlockConfiguration": None}, aliases=[],
    )  # fmt: skip
    found.append(account)
    types = frozenset({*SHARES, "AWS::Account"})
    return [
        UnitResult(
            unit=Unit(account=NUMBER, region="eu-west-1", service=f"part-{start // UNIT_SIZE}"),
            state=UnitState.COMPLETE,
            resources=found[start : start + UNIT_SIZE],
            complete_types=types,
        )
        for start in range(0, len(found), UNIT_SIZE)
    ]
