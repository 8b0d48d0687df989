"""The floor: twenty conditions as plain functions over stored properties, and one loop.

Written apart from the engine. Each function gives True (holds), False (does not), None (not in scope) or a text (which
field is missing). They keep no evidence, no sub-keys and no severity, trust every nested shape, and add up
prefix lengths without parsing addresses.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Verdict = bool | str | None
DATA_PORTS = (1433, 1521, 2379, 3306, 5432, 5439, 5601, 6379, 9042, 9092, 9200, 9300, 11211, 27017)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What conditions read besides the resource, indexed."""

    now: datetime
    logged_networks: frozenset[str]
    groups: Mapping[str, list[Any]]
    account_block: Mapping[str, Any]


Condition = Callable[[Mapping[str, Any], Mapping[str, str], Context], Verdict]


def covers_half(ranges: list[str]) -> bool:
    if "0.0.0.0/0" in ranges or "::/0" in ranges:
        return True
    share = 0.0
    for text in ranges:
        share += 0.5 ** int(text.rpartition("/")[2])
    return share >= 0.5


def is_open(rules: Iterable[Mapping[str, Any]], port: int) -> bool:
    ranges: list[str] = []
    for rule in rules:
        protocol = rule["IpProtocol"]
        if protocol == "-1" or (protocol == "tcp" and rule["FromPort"] <= port <= rule["ToPort"]):
            ranges += [item["CidrIp"] for item in rule.get("IpRanges", ())]
            ranges += [item["CidrIpv6"] for item in rule.get("Ipv6Ranges", ())]
    return bool(ranges) and covers_half(ranges)


def port_closed(port: int) -> Condition:
    def check(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
        rules = item.get("IpPermissions")
        return "IpPermissions" if rules is None else not is_open(rules, port)

    return check


def data_ports_closed(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    rules = item.get("IpPermissions")
    if rules is None:
        return "IpPermissions"
    found = False
    for port in DATA_PORTS:
        found = is_open(rules, port) or found
    return not found


def not_every_port(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    rules = item.get("IpPermissions")
    if rules is None:
        return "IpPermissions"
    for rule in rules:
        every = rule["IpProtocol"] == "-1" or (rule["FromPort"] <= 1 and rule["ToPort"] == 65535)
        if every and covers_half([part["CidrIp"] for part in rule.get("IpRanges", ())]):
            return False
    return True


def default_group_empty(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    name, inbound, outbound = item.get("GroupName"), item.get("IpPermissions"), item.get("IpPermissionsEgress")
    if name is None or inbound is None or outbound is None:
        return "GroupName"
    return not inbound and not outbound if name == "default" else None


def tokens_required(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    options = item.get("MetadataOptions")
    if options is None:
        return "MetadataOptions"
    if item["State"]["Name"] in ("terminated", "shutting-down"):
        return None
    return bool(options.get("HttpTokens") == "required" or options.get("HttpEndpoint") == "disabled")


def flag(name: str, wanted: bool) -> Condition:
    def check(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
        value = item.get(name)
        return name if value is None else value is wanted

    return check


def network_logged(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    network = item.get("VpcId")
    return "VpcId" if network is None else network in context.logged_networks


def acl_closed(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    entries = item.get("Entries")
    if entries is None:
        return "Entries"
    inbound = sorted((entry for entry in entries if not entry["Egress"]), key=lambda entry: entry["RuleNumber"])
    closed = True
    for port in (22, 3389):
        for block in ("0.0.0.0/0", "::/0"):
            for entry in inbound:
                if block not in (entry.get("CidrBlock"), entry.get("Ipv6CidrBlock")):
                    continue
                ports = entry.get("PortRange")
                if entry["Protocol"] in ("-1", "6") and (not ports or ports["From"] <= port <= ports["To"]):
                    closed = closed and entry["RuleAction"] != "allow"
                    break
    return closed


def bucket_private(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    if "PublicAccessBlockConfiguration" not in item or "Policy" not in item or "Acl" not in item:
        return "Policy"
    block = item["PublicAccessBlockConfiguration"] or {}
    statements = (item["Policy"] or {}).get("Statement", ())
    by_policy = False
    for statement in statements:
        anyone = statement["Principal"] == "*"
        if statement["Effect"] == "Allow" and anyone and not statement.get("Condition"):
            by_policy = True
    by_acl = any(
        grant["Grantee"].get("URI", "").endswith(("/AllUsers", "/AuthenticatedUsers"))
        for grant in item["Acl"]["Grants"]
    )
    account = context.account_block
    if by_policy and not (block.get("RestrictPublicBuckets") or account.get("RestrictPublicBuckets")):
        return False
    return not (by_acl and not (block.get("IgnorePublicAcls") or account.get("IgnorePublicAcls")))


def refuses_http(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    if "Policy" not in item or "Name" not in item:
        return "Policy"
    wanted = {f"arn:aws:s3:::{item['Name']}", f"arn:aws:s3:::{item['Name']}/*"}
    for statement in (item["Policy"] or {}).get("Statement", ()):
        condition = statement.get("Condition") or {}
        if statement["Effect"] != "Deny" or statement["Principal"] != "*" or statement["Action"] not in ("*", "s3:*"):
            continue
        if str(condition.get("Bool", {}).get("aws:SecureTransport")).lower() == "false":
            wanted -= set(statement["Resource"])
    return not wanted


def backups_kept(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    days = item.get("BackupRetentionPeriod")
    if days is None:
        return "BackupRetentionPeriod"
    return None if item.get("ReadReplicaSourceDBInstanceIdentifier") else bool(days >= 7)


def database_private(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    public = item.get("PubliclyAccessible")
    if public is None:
        return "PubliclyAccessible"
    if public:
        for group in item["VpcSecurityGroups"]:
            is_open(context.groups.get(group["VpcSecurityGroupId"], ()), item["Endpoint"]["Port"])  # its severity
    return not public


def spans_zones(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    zones = item.get("MultiAZ")
    if zones is None:
        return "MultiAZ"
    stage = next((value for name, value in tags.items() if name.lower() in ("environment", "env", "stage")), "")
    return bool(zones or item.get("DBClusterIdentifier")) if stage.lower() in ("prod", "production", "live") else None


def has_mfa(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    row = item.get("CredentialReport")
    if row is None:
        return "CredentialReport"
    signs_in = row["password_enabled"]
    return bool(signs_in != "true" or row["mfa_active"] == "true")


def keys_young(item: Mapping[str, Any], tags: Mapping[str, str], context: Context) -> Verdict:
    row = item.get("CredentialReport")
    if row is None:
        return "CredentialReport"
    young = True
    for key in ("access_key_1", "access_key_2"):
        if row[f"{key}_active"] == "true":
            rotated = datetime.fromisoformat(row[f"{key}_last_rotated"])
            young = young and context.now - rotated <= timedelta(days=90)
    return young


CONDITIONS: dict[str, tuple[tuple[str, Condition], ...]] = {
    "AWS::EC2::SecurityGroup": (
        ("AWS-EC2-001", port_closed(22)),
        ("AWS-EC2-002", port_closed(3389)),
        ("AWS-EC2-003", data_ports_closed),
        ("AWS-EC2-004", not_every_port),
        ("AWS-EC2-005", port_closed(445)),
        ("AWS-EC2-006", default_group_empty),
    ),
    "AWS::EC2::Instance": (("AWS-EC2-007", tokens_required),),
    "AWS::EC2::Volume": (("AWS-EC2-009", flag("Encrypted", True)),),
    "AWS::EC2::Snapshot": (("AWS-EC2-010", flag("RestorableByAll", False)),),
    "AWS::EC2::VPC": (("AWS-VPC-001", network_logged),),
    "AWS::EC2::NetworkAcl": (("AWS-VPC-002", acl_closed),),
    "AWS::S3::Bucket": (("AWS-S3-002", bucket_private), ("AWS-S3-003", refuses_http)),
    "AWS::RDS::DBInstance": (
        ("AWS-RDS-001", database_private),
        ("AWS-RDS-002", flag("StorageEncrypted", True)),
        ("AWS-RDS-004", backups_kept),
        ("AWS-RDS-005", flag("AutoMinorVersionUpgrade", True)),
        ("AWS-RDS-006", spans_zones),
    ),
    "AWS::IAM::User": (("AWS-IAM-004", has_mfa), ("AWS-IAM-005", keys_young)),
}


def evaluate_plainly(batch: Iterable[Any], context: Context) -> list[tuple[Any, str, Verdict]]:
    """(resource, control id, verdict) of every condition on every (resource, cloud account number)."""
    results: list[tuple[Any, str, Verdict]] = []
    for resource, _ in batch:
        for control_id, condition in CONDITIONS.get(resource.native_type, ()):
            results.append((resource, control_id, condition(resource.properties, resource.tags, context)))
    return results
