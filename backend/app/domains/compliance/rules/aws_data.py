"""Controls of AWS stores, databases, keys, queues and the trail."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domains.compliance.rules.model import (
    PASS,
    Control,
    Failure,
    Outcome,
    Resource,
    Sibling,
    Surroundings,
    failed,
    failed_each,
    not_applicable,
    unknown,
)
from app.domains.compliance.rules.networks import world_open
from app.domains.compliance.rules.policies import (
    as_list,
    public_statements,
    refuses_plain_http,
    unscoped_service_statements,
)

ACCOUNT, BUCKET, DATABASE, DB_SNAPSHOT, TRAIL, KEY, FUNCTION, QUEUE, TOPIC, GROUP, TABLE = (
    "AWS::Account",
    "AWS::S3::Bucket",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBSnapshot",
    "AWS::CloudTrail::Trail",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::EC2::SecurityGroup",
    "AWS::DynamoDB::Table",
)
BLOCK_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_STRANGERS = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")


def _account_blocks_public(resource: Resource, _: Surroundings) -> Outcome:
    block = resource.properties["PublicAccessBlockConfiguration"] or {}
    off = [flag for flag in BLOCK_FLAGS if block.get(flag) is not True]
    return failed("Public access to buckets is not blocked for the whole account.", off=off) if off else PASS


def _bucket_is_private(resource: Resource, around: Surroundings) -> Outcome:
    accounts = around.siblings(ACCOUNT)
    name = "PublicAccessBlockConfiguration"
    account = accounts[0] if accounts else None
    account_block: Mapping[str, Any] | None = None
    if account is not None and name not in account.unread_fields:
        account_block = account.properties.get(name) or {}
    bucket_block = resource.properties[name] or {}
    by_policy = public_statements(resource.properties["Policy"])
    grants = [
        grant.get("Grantee", {}).get("URI")
        for grant in (resource.properties["Acl"] or {}).get("Grants", ())
        if str(grant.get("Grantee", {}).get("URI", "")).endswith(_STRANGERS)
    ]
    open_by = []
    if by_policy and not _is_on("RestrictPublicBuckets", bucket_block, account_block):
        open_by.append("policy")
    if grants and not _is_on("IgnorePublicAcls", bucket_block, account_block):
        open_by.append("acl")
    if not open_by:
        return PASS
    if account_block is None:
        return unknown("the account's public access block could not be read (s3:GetAccountPublicAccessBlock)")
    return failed("Anonymous users can reach the bucket.", by=open_by, grants=grants, statements=by_policy)


def _is_on(flag: str, bucket: Mapping[str, Any], account: Mapping[str, Any] | None) -> bool:
    return bucket.get(flag) is True or (account or {}).get(flag) is True


def _bucket_refuses_http(resource: Resource, _: Surroundings) -> Outcome:
    if refuses_plain_http(resource.properties["Policy"], resource.properties["Name"]):
        return PASS
    return failed("The bucket answers without TLS.", has_policy=resource.properties["Policy"] is not None)


def _rules_by_group(groups: Sequence[Sibling]) -> dict[str, Any]:
    return {group.properties["GroupId"]: group.properties.get("IpPermissions") or () for group in groups}


def _database_is_private(resource: Resource, around: Surroundings) -> Outcome:
    if resource.properties["PubliclyAccessible"] is False:
        return PASS
    port = (resource.properties.get("Endpoint") or {}).get("Port") or resource.properties.get("DbInstancePort")
    group_ids = [item.get("VpcSecurityGroupId") for item in as_list(resource.properties.get("VpcSecurityGroups"))]
    rules = around.derive(GROUP, _rules_by_group)
    is_open = rules is not None and world_open(
        (rule for group_id in group_ids for rule in rules.get(group_id, ())), "tcp", port or 0
    )
    return failed(
        "The database has a public address" + (" and its security group admits everyone." if is_open else "."),
        severity="critical" if is_open or rules is None else "medium",
        PubliclyAccessible=True,
        port=port,
    )


def _database_is_encrypted(resource: Resource, _: Surroundings) -> Outcome:
    if resource.properties["StorageEncrypted"] is True:
        return PASS
    return failed("The storage is not encrypted.", StorageEncrypted=False)


def _db_snapshot_is_private(resource: Resource, _: Surroundings) -> Outcome:
    for attribute in resource.properties["DBSnapshotAttributes"] or ():
        if attribute.get("AttributeName") == "restore" and "all" in attribute.get("AttributeValues", ()):
            return failed("Everyone can restore the snapshot.", restore=attribute["AttributeValues"])
    return PASS


def _backups_are_kept(resource: Resource, around: Surroundings) -> Outcome:
    if resource.properties.get("ReadReplicaSourceDBInstanceIdentifier"):
        return not_applicable("a read replica: its source is backed up")
    kept, wanted = resource.properties["BackupRetentionPeriod"], around.parameters.backup_days
    return (
        PASS
        if kept >= wanted
        else failed("Backups are kept too short.", BackupRetentionPeriod=kept, backup_days=wanted)
    )


def _minor_upgrades_are_automatic(resource: Resource, _: Surroundings) -> Outcome:
    if resource.properties["AutoMinorVersionUpgrade"] is True:
        return PASS
    return failed("Minor engine upgrades wait for somebody.", AutoMinorVersionUpgrade=False)


def _production_spans_zones(resource: Resource, around: Surroundings) -> Outcome:
    environment = next(
        (value for name, value in resource.tags.items() if name.lower() in ("environment", "env", "stage")), None
    )
    if environment is None or environment.lower() not in around.parameters.prod_values:
        return not_applicable("not tagged as production")
    if resource.properties["MultiAZ"] is True or resource.properties.get("DBClusterIdentifier"):
        return PASS
    return failed("A production database runs in one zone.", MultiAZ=False, environment=environment)


def _trail_records_everything(resource: Resource, around: Surroundings) -> Outcome:
    trails = around.siblings(TRAIL)
    if trails is None:
        return unknown("trails could not be listed (cloudtrail:DescribeTrails)")
    doubts: list[str] = []
    for trail in trails:
        unread = [trail.unread_fields[name] for name in ("Status", "EventSelectors") if name in trail.unread_fields]
        if trail.properties.get("IsMultiRegionTrail") is not True:
            continue
        if unread:
            doubts += unread
        elif (trail.properties.get("Status") or {}).get("IsLogging") is True and _selects_management(trail.properties):
            return PASS
    if doubts:
        return unknown(doubts[0])
    return failed("No multi-region trail records all management events.", trails=[trail.native_id for trail in trails])


def _selects_management(trail: Mapping[str, Any]) -> bool:
    for selector in trail.get("EventSelectors") or ():
        if selector.get("IncludeManagementEvents") is True and selector.get("ReadWriteType") == "All":
            return True
    for selector in trail.get("AdvancedEventSelectors") or ():
        fields = {item.get("Field"): item for item in selector.get("FieldSelectors", ())}
        if "Management" in (fields.get("eventCategory") or {}).get("Equals", ()) and "readOnly" not in fields:
            excluded = set((fields.get("eventSource") or {}).get("NotEquals", ()))
            if excluded <= {"kms.amazonaws.com", "rdsdata.amazonaws.com"}:
                return True
    return False


def _trail_files_are_validated(resource: Resource, _: Surroundings) -> Outcome:
    if resource.properties["LogFileValidationEnabled"] is True:
        return PASS
    return failed("Nobody would notice changed trail files.", LogFileValidationEnabled=False)


def _trail_files_use_a_key(resource: Resource, _: Surroundings) -> Outcome:
    return (
        PASS if resource.properties.get("KmsKeyId") else failed("The trail's files use no managed key.", KmsKeyId=None)
    )


def _key_rotates(resource: Resource, _: Surroundings) -> Outcome:
    key = resource.properties
    if key.get("KeyManager") != "CUSTOMER" or key.get("KeyState") != "Enabled":
        return not_applicable("not an enabled key of the customer")
    spec = key.get("KeySpec") or key.get("CustomerMasterKeySpec")
    if spec != "SYMMETRIC_DEFAULT" or key.get("Origin") != "AWS_KMS":
        return not_applicable("this kind of key cannot rotate by itself")
    if "KeyRotationEnabled" in resource.unread_fields or key.get("KeyRotationEnabled") is None:
        return unknown(resource.unread_fields.get("KeyRotationEnabled", "KeyRotationEnabled was not collected"))
    return PASS if key["KeyRotationEnabled"] is True else failed("The key never rotates.", KeyRotationEnabled=False)


def _policy_is_private(resource: Resource, _: Surroundings) -> Outcome:
    if resource.native_type == KEY and resource.properties.get("KeyManager") == "AWS":
        return not_applicable("AWS owns this key")
    policy = resource.properties["Policy"]
    found = public_statements(policy)
    if resource.native_type == FUNCTION:
        found += unscoped_service_statements(policy)
    return failed_each(
        "The policy admits everyone.",
        (Failure(str(item.get("Sid") or number), {"statement": item}) for number, item in enumerate(found)),
    )


def _table_recovers(resource: Resource, _: Surroundings) -> Outcome:
    backups = resource.properties["ContinuousBackups"] or {}
    status = (backups.get("PointInTimeRecoveryDescription") or {}).get("PointInTimeRecoveryStatus")
    return (
        PASS
        if status == "ENABLED"
        else failed("The table cannot be restored to a point in time.", PointInTimeRecoveryStatus=status)
    )


TRAIL_FIELDS = ("IsMultiRegionTrail", "Status", "EventSelectors", "AdvancedEventSelectors")

CONTROLS = (
    Control(
        id="AWS-S3-001", version=1, severity="high", native_types=(ACCOUNT,),
        fields=("PublicAccessBlockConfiguration",), title="Account-level public access block is fully on",
        permissions=("s3:GetAccountPublicAccessBlock",), check=_account_blocks_public,
        remediation="Turn all four settings on; serve public sites through a CDN.",
    ),
    Control(
        id="AWS-S3-002", version=1, severity="critical", native_types=(BUCKET,),
        reads={ACCOUNT: ("PublicAccessBlockConfiguration",)},
        fields=("PublicAccessBlockConfiguration", "Policy", "Acl"),
        title="Bucket is not reachable by anonymous users", check=_bucket_is_private,
        permissions=("s3:GetBucketPublicAccessBlock", "s3:GetBucketPolicy", "s3:GetBucketAcl"),
        remediation="Turn on the bucket's public access block, or approve it with an owner and an end date.",
    ),
    Control(
        id="AWS-S3-003", version=1, severity="medium", native_types=(BUCKET,), fields=("Policy", "Name"),
        title="Bucket policy refuses plain HTTP", permissions=("s3:GetBucketPolicy",), check=_bucket_refuses_http,
        remediation="Add a deny statement for requests without aws:SecureTransport.",
    ),
    Control(
        id="AWS-RDS-001", version=1, severity="critical", native_types=(DATABASE,), fields=("PubliclyAccessible",),
        reads={GROUP: ("GroupId", "IpPermissions")}, title="Database instances are not reachable from the internet",
        permissions=("rds:DescribeDBInstances", "ec2:DescribeSecurityGroups"), check=_database_is_private,
        remediation="Set public access off and move the database to private subnets.",
    ),
    Control(
        id="AWS-RDS-002", version=1, severity="high", native_types=(DATABASE,), fields=("StorageEncrypted",),
        title="Database storage is encrypted", permissions=("rds:DescribeDBInstances",), check=_database_is_encrypted,
        remediation="Restore from an encrypted copy of a snapshot.",
    ),
    Control(
        id="AWS-RDS-003", version=1, severity="critical", native_types=(DB_SNAPSHOT,),
        fields=("DBSnapshotAttributes",), title="Database snapshots are private", check=_db_snapshot_is_private,
        permissions=("rds:DescribeDBSnapshotAttributes",),
        remediation="Remove the permission for all; share with named accounts only.",
    ),
    Control(
        id="AWS-RDS-004", version=1, severity="medium", native_types=(DATABASE,), fields=("BackupRetentionPeriod",),
        title="Automated backups are kept for at least 7 days", permissions=("rds:DescribeDBInstances",),
        check=_backups_are_kept, remediation="Raise the backup retention period.",
    ),
    Control(
        id="AWS-RDS-005", version=1, severity="low", native_types=(DATABASE,), fields=("AutoMinorVersionUpgrade",),
        title="Minor engine upgrades are automatic", permissions=("rds:DescribeDBInstances",),
        check=_minor_upgrades_are_automatic, remediation="Turn on automatic minor upgrades in a maintenance window.",
    ),
    Control(
        id="AWS-RDS-006", version=1, severity="medium", native_types=(DATABASE,), fields=("MultiAZ",),
        title="Production databases run in more than one zone", permissions=("rds:DescribeDBInstances",),
        check=_production_spans_zones, remediation="Convert the database to Multi-AZ.",
    ),
    Control(
        id="AWS-LOG-001", version=1, severity="critical", native_types=(ACCOUNT,), reads={TRAIL: TRAIL_FIELDS},
        title="A multi-region trail records management events", check=_trail_records_everything,
        permissions=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"),
        remediation="Create an organization trail over all regions.",
    ),
    Control(
        id="AWS-LOG-002", version=1, severity="medium", native_types=(TRAIL,), fields=("LogFileValidationEnabled",),
        title="Trail files can be checked for tampering", permissions=("cloudtrail:DescribeTrails",),
        check=_trail_files_are_validated, remediation="Turn on log file validation.",
    ),
    Control(
        id="AWS-LOG-003", version=1, severity="medium", native_types=(TRAIL,),
        title="Trail files are encrypted with a managed key", permissions=("cloudtrail:DescribeTrails",),
        check=_trail_files_use_a_key, remediation="Set a KMS key on the trail.",
    ),
    Control(
        id="AWS-KMS-001", version=1, severity="medium", native_types=(KEY,),
        title="Customer-managed symmetric keys rotate", check=_key_rotates, remediation="Enable yearly rotation.",
        permissions=("kms:ListKeys", "kms:DescribeKey", "kms:GetKeyRotationStatus"),
    ),
    Control(
        id="AWS-KMS-002", version=1, severity="critical", native_types=(KEY,), fields=("Policy",),
        title="Key policy does not admit everyone", permissions=("kms:GetKeyPolicy",), check=_policy_is_private,
        remediation="Name the principals that may use the key.",
    ),
    Control(
        id="AWS-LAM-001", version=1, severity="critical", native_types=(FUNCTION,), fields=("Policy",),
        title="Function policy does not admit everyone", permissions=("lambda:GetPolicy",), check=_policy_is_private,
        remediation="Name the caller, or the source account of the calling service.",
    ),
    Control(
        id="AWS-MSG-001", version=1, severity="high", native_types=(QUEUE, TOPIC), fields=("Policy",),
        title="Queues and topics do not admit everyone", check=_policy_is_private,
        permissions=("sqs:GetQueueAttributes", "sns:GetTopicAttributes"),
        remediation="Name the principals, or add conditions on the source.",
    ),
    Control(
        id="AWS-DDB-001", version=1, severity="medium", native_types=(TABLE,), fields=("ContinuousBackups",),
        title="Tables have point-in-time recovery", permissions=("dynamodb:DescribeContinuousBackups",),
        check=_table_recovers, remediation="Enable point-in-time recovery.",
    ),
)  # fmt: skip
