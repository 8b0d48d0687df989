"""One sample resource a control and state: properties as the vendor answers them, written by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.core.ids import new_id
from app.domains.compliance.rules.catalogue import CONTROLS
from app.domains.compliance.rules.model import Outcome, Resource, Sibling, Surroundings, evaluate

NOW = datetime(2026, 11, 1, tzinfo=UTC)
WORLD = [{"CidrIp": "0.0.0.0/0"}]
OFFICE = [{"CidrIp": "198.51.100.0/24"}]
ANYBODY = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
ALL_FLAGS = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A resource and what a control must say of it."""

    control: str
    expected: str
    properties: Mapping[str, Any]
    native_type: str | None = None
    native_id: str = "arn:aws:x:us-east-1:123456789012:thing/one"
    tags: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    siblings: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    severity: str | None = None
    sub_keys: tuple[str, ...] | None = None
    stale: bool = False


def run(case: Case) -> Outcome:
    """The outcome of a case; types absent from its siblings were never listed."""
    control = CONTROLS[case.control]

    def siblings(native_type: str) -> list[Sibling] | None:
        found = case.siblings.get(native_type)
        return None if found is None else [Sibling(f"id-{n}", "us-east-1", item, {}) for n, item in enumerate(found)]

    resource = Resource(
        new_id(),
        case.native_id,
        case.native_type or control.native_types[0],
        "us-east-1",
        case.tags,
        case.properties,
        case.unread,
        case.stale,
    )
    return evaluate(control, resource, Surroundings(now=NOW, siblings=siblings))


def tcp(low: int, high: int, ranges: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    """An inbound rule."""
    return {"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "IpRanges": ranges, **more}


def group(*rules: Mapping[str, Any]) -> dict[str, Any]:
    """A security group."""
    return {"GroupId": "sg-1", "GroupName": "web", "IpPermissions": list(rules), "IpPermissionsEgress": []}


def report(**values: str) -> dict[str, Any]:
    """A user's row of the credential report."""
    row = {
        "user": "maya",
        "user_creation_time": "2025-01-01T00:00:00+00:00",
        "password_enabled": "false",
        "password_last_used": "N/A",
        "mfa_active": "false",
        "access_key_1_active": "false",
        "access_key_1_last_rotated": "N/A",
        "access_key_1_last_used_date": "N/A",
        "access_key_2_active": "false",
        "access_key_2_last_rotated": "N/A",
        "access_key_2_last_used_date": "N/A",
    }
    return {"CredentialReport": row | values, "UserPolicyList": [], "AttachedManagedPolicies": []}


def root(**values: str) -> dict[str, Any]:
    """An account with root's row."""
    row = report(**values)["CredentialReport"] | {"user": "<root_account>"}
    return {"CredentialReport": [row]}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trail(**values: Any) -> dict[str, Any]:
    """A trail that records everything."""
    return {
        "IsMultiRegionTrail": True,
        "Status": {"IsLogging": True},
        "EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}],
        "AdvancedEventSelectors": None,
        "LogFileValidationEnabled": True,
        "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
    } | values


ENTRY = {"CidrBlock": "0.0.0.0/0", "Protocol": "6", "Egress": False}
KEY = {
    "KeyManager": "CUSTOMER",
    "KeyState": "Enabled",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "Origin": "AWS_KMS",
    "KeyRotationEnabled": True,
}
TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
BUCKET: dict[str, Any] = {"Name": "b", "PublicAccessBlockConfiguration": None, "Policy": None, "Acl": {"Grants": []}}
OPEN_BUCKET = BUCKET | {"Policy": policy(ANYBODY)}
NO_BLOCK: dict[str, list[Mapping[str, Any]]] = {"AWS::Account": [{"PublicAccessBlockConfiguration": None}]}
FULL_POLICY = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
SMALL_POLICY = policy({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"})


def managed(document: Mapping[str, Any], attached: int = 1) -> dict[str, Any]:
    """A customer-managed policy."""
    return {
        "AttachmentCount": attached,
        "PolicyVersionList": [
            {"IsDefaultVersion": False, "Document": FULL_POLICY},
            {"IsDefaultVersion": True, "Document": document},
        ],
    }


ACCOUNT_ACL = {
    "Grants": [{"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}]
}
OPEN_DB_GROUP: dict[str, list[Mapping[str, Any]]] = {"AWS::EC2::SecurityGroup": [group(tcp(5432, 5432, WORLD))]}
PUBLIC_DB = {
    "PubliclyAccessible": True,
    "Endpoint": {"Port": 5432},
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
}
IN_USE: dict[str, list[Mapping[str, Any]]] = {"AWS::EC2::NetworkInterface": [{"Groups": [{"GroupId": "sg-1"}]}]}

CASES = (
    Case(control="AWS-IAM-001", expected="PASS", properties={"SummaryMap": {"AccountAccessKeysPresent": 0}}),
    Case(control="AWS-IAM-001", expected="FAIL", properties={"SummaryMap": {"AccountAccessKeysPresent": 1}}),
    Case(control="AWS-IAM-001", expected="UNKNOWN", properties={"SummaryMap": {}}),
    Case(control="AWS-IAM-002", expected="PASS", properties={"SummaryMap": {"AccountMFAEnabled": 1}}),
    Case(control="AWS-IAM-002", expected="FAIL", properties={"SummaryMap": {"AccountMFAEnabled": 0}}),
    Case(
        control="AWS-IAM-002",
        expected="NOT_APPLICABLE",
        properties={"SummaryMap": {"AccountMFAEnabled": 0, "AccountPasswordPresent": 0}},
    ),
    Case(control="AWS-IAM-003", expected="PASS", properties=root(password_last_used="2026-09-01T00:00:00+00:00")),
    Case(control="AWS-IAM-003", expected="PASS", properties=root(password_last_used="no_information")),
    Case(control="AWS-IAM-003", expected="FAIL", properties=root(password_last_used="2026-10-20T00:00:00Z")),
    Case(control="AWS-IAM-003", expected="FAIL", properties=root(access_key_2_last_used_date="2026-10-20T00:00:00Z")),
    Case(control="AWS-IAM-004", expected="PASS", properties=report()),
    Case(control="AWS-IAM-004", expected="PASS", properties=report(password_enabled="true", mfa_active="true")),
    Case(control="AWS-IAM-004", expected="FAIL", properties=report(password_enabled="true")),
    Case(
        control="AWS-IAM-005",
        expected="PASS",
        properties=report(access_key_1_active="true", access_key_1_last_rotated="2026-10-01T00:00:00+00:00"),
    ),
    Case(
        control="AWS-IAM-005",
        expected="FAIL",
        properties=report(
            access_key_1_active="true",
            access_key_1_last_rotated="2026-01-01T00:00:00+00:00",
            access_key_2_active="true",
            access_key_2_last_rotated="2026-02-01T00:00:00+00:00",
        ),
        sub_keys=("access_key_1", "access_key_2"),
    ),
    Case(control="AWS-IAM-005", expected="UNKNOWN", properties=report(access_key_1_active="true")),
    Case(
        control="AWS-IAM-006",
        expected="PASS",
        properties=report(password_enabled="true", password_last_used="2026-10-20T00:00:00+00:00"),
    ),
    Case(control="AWS-IAM-006", expected="FAIL", properties=report(password_enabled="true"), sub_keys=("password",)),
    Case(
        control="AWS-IAM-008",
        expected="PASS",
        properties={
            "PasswordPolicy": {"MinimumPasswordLength": 14},
            "CredentialReport": [report(password_enabled="true")["CredentialReport"]],
        },
    ),
    Case(
        control="AWS-IAM-008",
        expected="FAIL",
        properties={
            "PasswordPolicy": None,
            "CredentialReport": [report(password_enabled="true")["CredentialReport"]],
        },
    ),
    Case(
        control="AWS-IAM-008",
        expected="NOT_APPLICABLE",
        properties={"PasswordPolicy": None, "CredentialReport": [report()["CredentialReport"]]},
    ),
    Case(control="AWS-IAM-010", expected="PASS", properties=managed(SMALL_POLICY)),
    Case(control="AWS-IAM-010", expected="FAIL", properties=managed(FULL_POLICY)),
    Case(control="AWS-IAM-010", expected="NOT_APPLICABLE", properties=managed(FULL_POLICY, attached=0)),
    Case(
        control="AWS-IAM-010",
        expected="FAIL",
        native_type="AWS::IAM::Role",
        properties={"RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": FULL_POLICY}]},
        sub_keys=("inline",),
    ),
    Case(
        control="AWS-IAM-010",
        expected="NOT_APPLICABLE",
        native_type="AWS::IAM::Role",
        properties={"Path": "/aws-service-role/x/", "RolePolicyList": []},
    ),
    Case(control="AWS-IAM-011", expected="PASS", properties=report()),
    Case(
        control="AWS-IAM-011",
        expected="FAIL",
        properties=report() | {"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]},
    ),
    Case(control="AWS-EC2-001", expected="PASS", properties=group(tcp(22, 22, OFFICE))),
    Case(control="AWS-EC2-001", expected="FAIL", properties=group(tcp(20, 30, WORLD)), siblings=IN_USE),
    Case(
        control="AWS-EC2-001",
        expected="FAIL",
        properties=group(tcp(22, 22, WORLD)),
        siblings={"AWS::EC2::NetworkInterface": []},
        severity="low",
    ),
    Case(
        control="AWS-EC2-001",
        expected="FAIL",
        properties=group(tcp(22, 22, [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}])),
    ),
    Case(control="AWS-EC2-001", expected="FAIL", properties=group(tcp(22, 22, [], Ipv6Ranges=[{"CidrIpv6": "::/0"}]))),
    Case(
        control="AWS-EC2-001",
        expected="FAIL",
        properties=group({"IpProtocol": "6", "FromPort": 22, "ToPort": 22, "IpRanges": WORLD}),
    ),
    Case(control="AWS-EC2-002", expected="PASS", properties=group(tcp(443, 443, WORLD))),
    Case(control="AWS-EC2-002", expected="FAIL", properties=group(tcp(3389, 3389, WORLD))),
    Case(control="AWS-EC2-003", expected="PASS", properties=group(tcp(443, 443, WORLD))),
    Case(
        control="AWS-EC2-003",
        expected="FAIL",
        properties=group(tcp(5432, 5432, WORLD), tcp(6379, 6379, WORLD)),
        sub_keys=("5432", "6379"),
    ),
    Case(control="AWS-EC2-004", expected="PASS", properties=group(tcp(443, 443, WORLD))),
    Case(control="AWS-EC2-004", expected="FAIL", properties=group({"IpProtocol": "-1", "IpRanges": WORLD})),
    Case(control="AWS-EC2-004", expected="FAIL", properties=group(tcp(0, 65535, WORLD))),
    Case(control="AWS-EC2-005", expected="PASS", properties=group(tcp(445, 445, OFFICE))),
    Case(control="AWS-EC2-005", expected="FAIL", properties=group(tcp(400, 500, WORLD))),
    Case(control="AWS-EC2-006", expected="PASS", properties=group() | {"GroupName": "default"}),
    Case(control="AWS-EC2-006", expected="FAIL", properties=group(tcp(1, 2, OFFICE)) | {"GroupName": "default"}),
    Case(control="AWS-EC2-006", expected="NOT_APPLICABLE", properties=group(tcp(1, 2, OFFICE))),
    Case(control="AWS-EC2-007", expected="PASS", properties={"MetadataOptions": {"HttpTokens": "required"}}),
    Case(control="AWS-EC2-007", expected="PASS", properties={"MetadataOptions": {"HttpEndpoint": "disabled"}}),
    Case(control="AWS-EC2-007", expected="FAIL", properties={"MetadataOptions": {"HttpTokens": "optional"}}),
    Case(
        control="AWS-EC2-007",
        expected="NOT_APPLICABLE",
        properties={"State": {"Name": "terminated"}, "MetadataOptions": {}},
    ),
    Case(control="AWS-EC2-008", expected="PASS", properties={"EbsEncryptionByDefault": True}),
    Case(control="AWS-EC2-008", expected="FAIL", properties={"EbsEncryptionByDefault": False}),
    Case(control="AWS-EC2-009", expected="PASS", properties={"Encrypted": True}),
    Case(control="AWS-EC2-009", expected="FAIL", properties={"Encrypted": False, "Attachments": [{}]}),
    Case(control="AWS-EC2-009", expected="FAIL", properties={"Encrypted": False, "Attachments": []}, severity="low"),
    Case(control="AWS-EC2-010", expected="PASS", properties={"RestorableByAll": False}),
    Case(control="AWS-EC2-010", expected="FAIL", properties={"RestorableByAll": True}),
    Case(
        control="AWS-VPC-001",
        expected="PASS",
        properties={"VpcId": "vpc-1"},
        siblings={"AWS::EC2::FlowLog": [{"ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "REJECT"}]},
    ),
    Case(
        control="AWS-VPC-001",
        expected="FAIL",
        properties={"VpcId": "vpc-1"},
        siblings={"AWS::EC2::FlowLog": [{"ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ACCEPT"}]},
    ),
    Case(control="AWS-VPC-001", expected="UNKNOWN", properties={"VpcId": "vpc-1"}),
    Case(
        control="AWS-VPC-002",
        expected="PASS",
        properties={
            "Entries": [
                ENTRY | {"RuleNumber": 50, "RuleAction": "deny", "PortRange": {"From": 22, "To": 22}},
                ENTRY | {"RuleNumber": 60, "RuleAction": "deny", "PortRange": {"From": 3389, "To": 3389}},
                ENTRY | {"RuleNumber": 100, "RuleAction": "allow", "Protocol": "-1"},
            ]
        },
    ),
    Case(
        control="AWS-VPC-002",
        expected="FAIL",
        properties={"Entries": [ENTRY | {"RuleNumber": 100, "RuleAction": "allow", "Protocol": "-1"}]},
        sub_keys=("22", "3389"),
    ),
    Case(control="AWS-S3-001", expected="PASS", properties={"PublicAccessBlockConfiguration": ALL_FLAGS}),
    Case(control="AWS-S3-001", expected="FAIL", properties={"PublicAccessBlockConfiguration": None}),
    Case(
        control="AWS-S3-001",
        expected="FAIL",
        properties={"PublicAccessBlockConfiguration": ALL_FLAGS | {"IgnorePublicAcls": False}},
    ),
    Case(control="AWS-S3-002", expected="PASS", properties=BUCKET, siblings=NO_BLOCK),
    Case(control="AWS-S3-002", expected="FAIL", properties=OPEN_BUCKET, siblings=NO_BLOCK),
    Case(control="AWS-S3-002", expected="FAIL", properties=BUCKET | {"Acl": ACCOUNT_ACL}, siblings=NO_BLOCK),
    Case(control="AWS-S3-002", expected="UNKNOWN", properties=OPEN_BUCKET),
    Case(
        control="AWS-S3-002",
        expected="PASS",
        properties=OPEN_BUCKET,
        siblings={"AWS::Account": [{"PublicAccessBlockConfiguration": ALL_FLAGS}]},
    ),
    Case(control="AWS-S3-002", expected="PASS", properties=OPEN_BUCKET | {"PublicAccessBlockConfiguration": ALL_FLAGS}),
    Case(
        control="AWS-S3-002",
        expected="PASS",
        properties=BUCKET
        | {"Policy": policy(ANYBODY | {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}})},
        siblings=NO_BLOCK,
    ),
    Case(
        control="AWS-S3-002",
        expected="FAIL",
        properties=BUCKET
        | {"Policy": policy(ANYBODY | {"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}})},
        siblings=NO_BLOCK,
    ),
    Case(control="AWS-S3-003", expected="PASS", properties={"Name": "b", "Policy": policy(TLS)}),
    Case(control="AWS-S3-003", expected="FAIL", properties={"Name": "b", "Policy": None}),
    Case(
        control="AWS-S3-003",
        expected="FAIL",
        properties={"Name": "b", "Policy": policy(TLS | {"Resource": "arn:aws:s3:::b/*"})},
    ),
    Case(control="AWS-RDS-001", expected="PASS", properties={"PubliclyAccessible": False}),
    Case(control="AWS-RDS-001", expected="FAIL", properties=PUBLIC_DB, siblings=OPEN_DB_GROUP, severity="critical"),
    Case(
        control="AWS-RDS-001",
        expected="FAIL",
        properties=PUBLIC_DB,
        siblings={"AWS::EC2::SecurityGroup": [group()]},
        severity="medium",
    ),
    Case(control="AWS-RDS-002", expected="PASS", properties={"StorageEncrypted": True}),
    Case(control="AWS-RDS-002", expected="FAIL", properties={"StorageEncrypted": False}),
    Case(control="AWS-RDS-003", expected="PASS", properties={"DBSnapshotAttributes": []}),
    Case(
        control="AWS-RDS-003",
        expected="FAIL",
        properties={"DBSnapshotAttributes": [{"AttributeName": "restore", "AttributeValues": ["all"]}]},
    ),
    Case(control="AWS-RDS-004", expected="PASS", properties={"BackupRetentionPeriod": 7}),
    Case(control="AWS-RDS-004", expected="FAIL", properties={"BackupRetentionPeriod": 6}),
    Case(
        control="AWS-RDS-004",
        expected="NOT_APPLICABLE",
        properties={"BackupRetentionPeriod": 0, "ReadReplicaSourceDBInstanceIdentifier": "main"},
    ),
    Case(control="AWS-RDS-005", expected="PASS", properties={"AutoMinorVersionUpgrade": True}),
    Case(control="AWS-RDS-005", expected="FAIL", properties={"AutoMinorVersionUpgrade": False}),
    Case(control="AWS-RDS-006", expected="PASS", properties={"MultiAZ": True}, tags={"Environment": "Production"}),
    Case(control="AWS-RDS-006", expected="FAIL", properties={"MultiAZ": False}, tags={"env": "prod"}),
    Case(control="AWS-RDS-006", expected="NOT_APPLICABLE", properties={"MultiAZ": False}, tags={"env": "dev"}),
    Case(control="AWS-LOG-001", expected="PASS", properties={}, siblings={"AWS::CloudTrail::Trail": [trail()]}),
    Case(
        control="AWS-LOG-001",
        expected="PASS",
        properties={},
        siblings={
            "AWS::CloudTrail::Trail": [
                trail(
                    EventSelectors=None,
                    AdvancedEventSelectors=[{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}],
                )
            ]
        },
    ),
    Case(
        control="AWS-LOG-001",
        expected="FAIL",
        properties={},
        siblings={"AWS::CloudTrail::Trail": [trail(IsMultiRegionTrail=False)]},
    ),
    Case(
        control="AWS-LOG-001",
        expected="FAIL",
        properties={},
        siblings={"AWS::CloudTrail::Trail": [trail(Status={"IsLogging": False})]},
    ),
    Case(control="AWS-LOG-001", expected="UNKNOWN", properties={}),
    Case(control="AWS-LOG-002", expected="PASS", properties=trail()),
    Case(control="AWS-LOG-002", expected="FAIL", properties=trail(LogFileValidationEnabled=False)),
    Case(control="AWS-LOG-003", expected="PASS", properties=trail()),
    Case(control="AWS-LOG-003", expected="FAIL", properties=trail(KmsKeyId=None)),
    Case(control="AWS-KMS-001", expected="PASS", properties=KEY),
    Case(control="AWS-KMS-001", expected="FAIL", properties=KEY | {"KeyRotationEnabled": False}),
    Case(control="AWS-KMS-001", expected="UNKNOWN", properties=KEY | {"KeyRotationEnabled": None}),
    Case(control="AWS-KMS-001", expected="NOT_APPLICABLE", properties=KEY | {"KeyManager": "AWS"}),
    Case(control="AWS-KMS-001", expected="NOT_APPLICABLE", properties=KEY | {"KeySpec": "RSA_4096"}),
    Case(control="AWS-KMS-002", expected="PASS", properties=KEY | {"Policy": policy()}),
    Case(control="AWS-KMS-002", expected="FAIL", properties=KEY | {"Policy": policy(ANYBODY)}, sub_keys=("Open",)),
    Case(control="AWS-LAM-001", expected="PASS", properties={"Policy": None}),
    Case(control="AWS-LAM-001", expected="FAIL", properties={"Policy": policy(ANYBODY)}),
    Case(
        control="AWS-LAM-001",
        expected="FAIL",
        properties={"Policy": policy({"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "*"})},
    ),
    Case(control="AWS-MSG-001", expected="PASS", properties={"Policy": None}),
    Case(control="AWS-MSG-001", expected="FAIL", properties={"Policy": policy(ANYBODY)}),
    Case(
        control="AWS-DDB-001",
        expected="PASS",
        properties={"ContinuousBackups": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}},
    ),
    Case(control="AWS-DDB-001", expected="FAIL", properties={"ContinuousBackups": None}),
)
