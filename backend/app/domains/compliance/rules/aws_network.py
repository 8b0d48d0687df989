"""Controls of AWS networks and machines."""

from collections.abc import Sequence
from typing import Any

from app.domains.compliance.rules.model import (
    PASS,
    Check,
    Control,
    Failure,
    Outcome,
    Resource,
    Severity,
    Sibling,
    Surroundings,
    failed,
    failed_each,
    not_applicable,
    unknown,
)
from app.domains.compliance.rules.networks import ANY_PROTOCOL, acl_admits_world, is_world, rule_ranges, world_ports

GROUP, INSTANCE, VOLUME, SNAPSHOT, VPC, FLOW_LOG, ACL, INTERFACE, REGION = (
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Instance",
    "AWS::EC2::Volume",
    "AWS::EC2::Snapshot",
    "AWS::EC2::VPC",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkInterface",
    "AWS::Region",
)


def _groups_in_use(interfaces: Sequence[Sibling]) -> set[str]:
    return {item["GroupId"] for interface in interfaces for item in interface.properties.get("Groups") or ()}


def _severity_by_use(resource: Resource, around: Surroundings) -> Severity | None:
    """Low for a group that no network interface uses; the control's own when that cannot be told."""
    in_use = around.derive(INTERFACE, _groups_in_use)
    return "low" if in_use is not None and resource.properties.get("GroupId") not in in_use else None


def _world_tcp_ports(rules: Any) -> list[tuple[int, int]]:
    return world_ports(rules, "tcp")


def _port_is_closed(port: int, name: str) -> Check:
    def check(resource: Resource, around: Surroundings) -> Outcome:
        rules = resource.properties["IpPermissions"]
        for low, high in around.share(rules, _world_tcp_ports):
            if low <= port <= high:
                break
        else:
            return PASS
        return failed(
            f"The internet can reach {name}.",
            severity=_severity_by_use(resource, around),
            port=port,
            ranges=sorted({text for rule in rules for text in rule_ranges(rule)}),
        )

    return check


def _data_ports_are_closed(resource: Resource, around: Surroundings) -> Outcome:
    opened = around.share(resource.properties["IpPermissions"], _world_tcp_ports)
    if not opened:
        return PASS
    ports = {port for low, high in opened for port in around.parameters.data_ports if low <= port <= high}
    failures = [Failure(str(port), {"port": port}) for port in sorted(ports)]
    return failed_each("The internet can reach a database or cache port.", failures)


def _not_all_ports(resource: Resource, _: Surroundings) -> Outcome:
    for rule in resource.properties["IpPermissions"]:
        low, high = rule.get("FromPort"), rule.get("ToPort")
        every_port = str(rule.get("IpProtocol")) in ANY_PROTOCOL or (low in (0, 1) and high == 65535)
        if every_port and is_world(rule_ranges(rule)):
            return failed(
                "A rule opens every port to the internet.", protocol=rule.get("IpProtocol"), from_port=low, to_port=high
            )
    return PASS


_NOT_DEFAULT = not_applicable("not a default security group")


def _default_group_is_empty(resource: Resource, _: Surroundings) -> Outcome:
    if resource.properties["GroupName"] != "default":
        return _NOT_DEFAULT
    inbound, outbound = resource.properties["IpPermissions"], resource.properties["IpPermissionsEgress"]
    if not inbound and not outbound:
        return PASS
    return failed("The default security group carries rules.", inbound=len(inbound), outbound=len(outbound))


_TERMINATED = not_applicable("the instance is terminated")


def _metadata_needs_tokens(resource: Resource, _: Surroundings) -> Outcome:
    if (resource.properties.get("State") or {}).get("Name") in ("terminated", "shutting-down"):
        return _TERMINATED
    options = resource.properties["MetadataOptions"] or {}
    if options.get("HttpTokens") == "required" or options.get("HttpEndpoint") == "disabled":
        return PASS
    return failed(
        "Any process on the machine can read its credentials without a token.", HttpTokens=options.get("HttpTokens")
    )


def _new_volumes_are_encrypted(resource: Resource, _: Surroundings) -> Outcome:
    enabled = resource.properties["EbsEncryptionByDefault"]
    return PASS if enabled is True else failed("New volumes are not encrypted.", EbsEncryptionByDefault=enabled)


def _volume_is_encrypted(resource: Resource, _: Surroundings) -> Outcome:
    if resource.properties["Encrypted"] is True:
        return PASS
    attached = bool(resource.properties.get("Attachments"))
    return failed(
        "The volume is not encrypted.", severity=None if attached else "low", Encrypted=False, attached=attached
    )


def _snapshot_is_private(resource: Resource, _: Surroundings) -> Outcome:
    if resource.properties["RestorableByAll"] is False:
        return PASS
    return failed("Everyone can restore the snapshot.", RestorableByAll=True)


def _logged_networks(logs: Sequence[Sibling]) -> set[str]:
    return {
        log.properties["ResourceId"]
        for log in logs
        if log.properties.get("FlowLogStatus") == "ACTIVE" and log.properties.get("TrafficType") in ("REJECT", "ALL")
    }


def _vpc_has_flow_logs(resource: Resource, around: Surroundings) -> Outcome:
    logged = around.derive(FLOW_LOG, _logged_networks)
    if logged is None:
        return unknown("flow logs could not be listed (ec2:DescribeFlowLogs)")
    vpc_id = resource.properties["VpcId"]
    return PASS if vpc_id in logged else failed("No active flow log records refused traffic.", VpcId=vpc_id)


def _acl_refuses_administration(resource: Resource, _: Surroundings) -> Outcome:
    ports = [port for port in (22, 3389) if acl_admits_world(resource.properties["Entries"], port)]
    failures = [Failure(str(port), {"port": port}) for port in ports]
    return failed_each("The network ACL lets the internet reach remote administration.", failures)


GROUP_USERS = {INTERFACE: ("Groups",)}
SECURITY_GROUPS = ("ec2:DescribeSecurityGroups",)

CONTROLS = (
    Control(
        id="AWS-EC2-001", version=1, severity="high", native_types=(GROUP,), fields=("IpPermissions",),
        title="SSH is not open to the internet", permissions=SECURITY_GROUPS, check=_port_is_closed(22, "SSH"),
        reads=GROUP_USERS, remediation="Remove the rule; use Session Manager or a bastion's range.",
    ),
    Control(
        id="AWS-EC2-002", version=1, severity="high", native_types=(GROUP,), fields=("IpPermissions",),
        title="Remote Desktop is not open to the internet", permissions=SECURITY_GROUPS,
        check=_port_is_closed(3389, "Remote Desktop"), reads=GROUP_USERS,
        remediation="Remove the rule; use Fleet Manager or a VPN range.",
    ),
    Control(
        id="AWS-EC2-003", version=1, severity="critical", native_types=(GROUP,), fields=("IpPermissions",),
        title="Database and cache ports are not open to the internet", permissions=SECURITY_GROUPS,
        check=_data_ports_are_closed, remediation="Limit the source to the application's security group.",
    ),
    Control(
        id="AWS-EC2-004", version=1, severity="critical", native_types=(GROUP,), fields=("IpPermissions",),
        title="No rule opens every port to the internet", permissions=SECURITY_GROUPS, check=_not_all_ports,
        remediation="Replace it with the ports that are needed.",
    ),
    Control(
        id="AWS-EC2-005", version=1, severity="high", native_types=(GROUP,), fields=("IpPermissions",),
        title="Windows file sharing is not open to the internet", permissions=SECURITY_GROUPS,
        check=_port_is_closed(445, "Windows file sharing"), reads=GROUP_USERS,
        remediation="Limit the source to trusted ranges.",
    ),
    Control(
        id="AWS-EC2-006", version=1, severity="medium", native_types=(GROUP,),
        fields=("GroupName", "IpPermissions", "IpPermissionsEgress"), permissions=SECURITY_GROUPS,
        title="The default security group carries no rules", check=_default_group_is_empty,
        remediation="Remove the rules and use named groups.",
    ),
    Control(
        id="AWS-EC2-007", version=1, severity="high", native_types=(INSTANCE,), fields=("MetadataOptions",),
        title="Instance metadata requires session tokens", permissions=("ec2:DescribeInstances",),
        check=_metadata_needs_tokens, remediation="Set tokens to required with hop limit 1, and the account's default.",
    ),
    Control(
        id="AWS-EC2-008", version=1, severity="medium", native_types=(REGION,), fields=("EbsEncryptionByDefault",),
        title="New volumes are encrypted by default", permissions=("ec2:GetEbsEncryptionByDefault",),
        check=_new_volumes_are_encrypted, remediation="Turn on default encryption in the region.",
    ),
    Control(
        id="AWS-EC2-009", version=1, severity="medium", native_types=(VOLUME,), fields=("Encrypted",),
        title="Attached volumes are encrypted", permissions=("ec2:DescribeVolumes",), check=_volume_is_encrypted,
        remediation="Take a snapshot, copy it with encryption, and swap the volume.",
    ),
    Control(
        id="AWS-EC2-010", version=1, severity="critical", native_types=(SNAPSHOT,), fields=("RestorableByAll",),
        title="Disk snapshots are not shared with everyone", permissions=("ec2:DescribeSnapshots",),
        check=_snapshot_is_private,
        remediation="Remove the permission for all, and block public access to snapshots.",
    ),
    Control(
        id="AWS-VPC-001", version=1, severity="medium", native_types=(VPC,), fields=("VpcId",),
        reads={FLOW_LOG: ("ResourceId", "FlowLogStatus", "TrafficType")},
        title="Flow logs are on for every network", permissions=("ec2:DescribeVpcs", "ec2:DescribeFlowLogs"),
        check=_vpc_has_flow_logs, remediation="Create a flow log to S3 or CloudWatch.",
    ),
    Control(
        id="AWS-VPC-002", version=1, severity="medium", native_types=(ACL,), fields=("Entries",),
        title="Network ACLs do not admit remote administration from anywhere",
        permissions=("ec2:DescribeNetworkAcls",), check=_acl_refuses_administration,
        remediation="Add a deny entry with a lower number, or narrow the allow.",
    ),
)  # fmt: skip
