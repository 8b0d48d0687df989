"""Networks: everything inside and at the edge of a VPC."""

from collections.abc import Callable

from app.providers.aws.catalogue.common import BUCKET_ARN, ec2_arn, in_subnet, in_vpc, secured_by, uses_role
from app.providers.aws.catalogue.model import Item, Listing, Relation, ResourceType
from app.providers.aws.paths import find_all


def _gateways(prefix: str) -> Callable[[Item], list[str]]:
    """A route names gateways of several kinds in one field."""
    return lambda item: [str(v) for v in find_all(item, "Routes[].GatewayId") if str(v).startswith(prefix)]


def _acl_subnets(item: Item) -> list[str]:
    return [str(value) for value in find_all(item, "Associations[].SubnetId")]


def _flow_log_bucket(item: Item) -> list[str]:
    destination = item.get("LogDestination")
    if item.get("LogDestinationType") != "s3" or not isinstance(destination, str):
        return []
    return [destination.split(":::", 1)[-1].split("/", 1)[0]]


def _logged_resource(value: str) -> str:
    kinds = {"vpc": "vpc", "subnet": "subnet", "eni": "network-interface", "tgw": "transit-gateway"}
    return ec2_arn(kinds.get(value.split("-", 1)[0], "resource"))


VPC = ResourceType(
    native_type="AWS::EC2::VPC",
    type="network.vpc",
    native_id=ec2_arn("vpc", "VpcId"),
    narrow={"VpcIds": ["{VpcId}"]},
    name=("tag:Name", "VpcId"),
    listing=Listing(operation="DescribeVpcs", items="Vpcs[]", page_size=1000),
    status="State",
    aliases=("{VpcId}",),
    relations=(Relation(kind="uses", path="DhcpOptionsId", target=ec2_arn("dhcp-options")),),
)

SUBNET = ResourceType(
    native_type="AWS::EC2::Subnet",
    type="network.subnet",
    native_id=ec2_arn("subnet", "SubnetId"),
    narrow={"SubnetIds": ["{SubnetId}"]},
    name=("tag:Name", "SubnetId"),
    listing=Listing(operation="DescribeSubnets", items="Subnets[]", page_size=1000),
    status="State",
    aliases=("{SubnetId}",),
    relations=(in_vpc(),),
)

ROUTE_TABLE = ResourceType(
    native_type="AWS::EC2::RouteTable",
    type="network.route_table",
    native_id=ec2_arn("route-table", "RouteTableId"),
    narrow={"RouteTableIds": ["{RouteTableId}"]},
    name=("tag:Name", "RouteTableId"),
    listing=Listing(operation="DescribeRouteTables", items="RouteTables[]", page_size=100),
    aliases=("{RouteTableId}",),
    relations=(
        in_vpc(),
        Relation(kind="uses", path="Associations[].SubnetId", target=ec2_arn("subnet"), reverse=True),
        Relation(kind="routes-to", path="Routes[].NatGatewayId", target=ec2_arn("natgateway")),
        Relation(kind="routes-to", path="Routes[].NetworkInterfaceId", target=ec2_arn("network-interface")),
        Relation(kind="routes-to", path="Routes[].TransitGatewayId", target=ec2_arn("transit-gateway")),
        Relation(kind="routes-to", path="Routes[].VpcPeeringConnectionId", target=ec2_arn("vpc-peering-connection")),
        Relation(
            kind="routes-to",
            path="Routes[].EgressOnlyInternetGatewayId",
            target=ec2_arn("egress-only-internet-gateway"),
        ),
        Relation(kind="routes-to", path="Routes[].CarrierGatewayId", target=ec2_arn("carrier-gateway")),
        Relation(kind="routes-to", path="Routes[].InstanceId", target=ec2_arn("instance")),
        Relation(kind="routes-to", path=_gateways("igw-"), target=ec2_arn("internet-gateway")),
        Relation(kind="routes-to", path=_gateways("vgw-"), target=ec2_arn("vpn-gateway")),
        Relation(kind="routes-to", path=_gateways("vpce-"), target=ec2_arn("vpc-endpoint")),
        Relation(kind="uses", path="Routes[].DestinationPrefixListId", target=ec2_arn("prefix-list")),
    ),
)

INTERNET_GATEWAY = ResourceType(
    native_type="AWS::EC2::InternetGateway",
    type="network.internet_gateway",
    native_id=ec2_arn("internet-gateway", "InternetGatewayId"),
    narrow={"InternetGatewayIds": ["{InternetGatewayId}"]},
    name=("tag:Name", "InternetGatewayId"),
    listing=Listing(operation="DescribeInternetGateways", items="InternetGateways[]", page_size=1000),
    status="Attachments[].State",
    aliases=("{InternetGatewayId}",),
    relations=(Relation(kind="attached-to", path="Attachments[].VpcId", target=ec2_arn("vpc")),),
)

NAT_GATEWAY = ResourceType(
    native_type="AWS::EC2::NatGateway",
    type="network.nat_gateway",
    native_id=ec2_arn("natgateway", "NatGatewayId"),
    narrow={"NatGatewayIds": ["{NatGatewayId}"]},
    name=("tag:Name", "NatGatewayId"),
    listing=Listing(operation="DescribeNatGateways", items="NatGateways[]", page_size=1000),
    status="State",
    created="CreateTime",
    aliases=("{NatGatewayId}",),
    relations=(
        in_vpc(),
        in_subnet("SubnetId"),
        Relation(kind="uses", path="NatGatewayAddresses[].AllocationId", target=ec2_arn("elastic-ip")),
    ),
)

SECURITY_GROUP = ResourceType(
    native_type="AWS::EC2::SecurityGroup",
    type="network.security_group",
    native_id=ec2_arn("security-group", "GroupId"),
    narrow={"GroupIds": ["{GroupId}"]},
    name=("tag:Name", "GroupName", "GroupId"),
    listing=Listing(operation="DescribeSecurityGroups", items="SecurityGroups[]", page_size=1000),
    aliases=("{GroupId}",),
    relations=(
        in_vpc(),
        Relation(
            kind="allows-traffic-to",
            path="IpPermissions[].UserIdGroupPairs[].GroupId",
            target=ec2_arn("security-group"),
            reverse=True,
        ),
        Relation(
            kind="allows-traffic-to",
            path="IpPermissionsEgress[].UserIdGroupPairs[].GroupId",
            target=ec2_arn("security-group"),
        ),
        Relation(kind="uses", path="IpPermissions[].PrefixListIds[].PrefixListId", target=ec2_arn("prefix-list")),
        Relation(kind="uses", path="IpPermissionsEgress[].PrefixListIds[].PrefixListId", target=ec2_arn("prefix-list")),
    ),
)

NETWORK_ACL = ResourceType(
    native_type="AWS::EC2::NetworkAcl",
    type="network.acl",
    native_id=ec2_arn("network-acl", "NetworkAclId"),
    narrow={"NetworkAclIds": ["{NetworkAclId}"]},
    name=("tag:Name", "NetworkAclId"),
    listing=Listing(operation="DescribeNetworkAcls", items="NetworkAcls[]", page_size=1000),
    aliases=("{NetworkAclId}",),
    relations=(
        in_vpc(),
        Relation(kind="secured-by", path=_acl_subnets, target=ec2_arn("subnet"), reverse=True),
    ),
)

VPC_ENDPOINT = ResourceType(
    native_type="AWS::EC2::VPCEndpoint",
    type="network.endpoint",
    native_id=ec2_arn("vpc-endpoint", "VpcEndpointId"),
    narrow={"VpcEndpointIds": ["{VpcEndpointId}"]},
    name=("tag:Name", "ServiceName", "VpcEndpointId"),
    listing=Listing(operation="DescribeVpcEndpoints", items="VpcEndpoints[]", page_size=1000),
    status="State",
    created="CreationTimestamp",
    aliases=("{VpcEndpointId}",),
    relations=(
        in_vpc(),
        in_subnet("SubnetIds[]"),
        secured_by("Groups[].GroupId"),
        Relation(kind="uses", path="RouteTableIds[]", target=ec2_arn("route-table"), reverse=True),
        Relation(kind="targets", path="ServiceName"),
    ),
    json_fields=("PolicyDocument",),
)

FLOW_LOG = ResourceType(
    native_type="AWS::EC2::FlowLog",
    type="monitoring.flow_log",
    native_id=ec2_arn("vpc-flow-log", "FlowLogId"),
    narrow={"FlowLogIds": ["{FlowLogId}"]},
    name=("tag:Name", "FlowLogId"),
    listing=Listing(operation="DescribeFlowLogs", items="FlowLogs[]", page_size=1000),
    status="FlowLogStatus",
    created="CreationTime",
    aliases=("{FlowLogId}",),
    relations=(
        Relation(kind="monitors", path="ResourceId", target=_logged_resource),
        Relation(
            kind="logs-to", path="LogGroupName", target="arn:{partition}:logs:{region}:{account}:log-group:{value}"
        ),
        Relation(kind="logs-to", path=_flow_log_bucket, target=BUCKET_ARN),
        uses_role("DeliverLogsPermissionArn"),
    ),
)

ADDRESS = ResourceType(
    native_type="AWS::EC2::EIP",
    type="network.address",
    native_id=ec2_arn("elastic-ip", "AllocationId"),
    narrow={"AllocationIds": ["{AllocationId}"]},
    name=("tag:Name", "PublicIp"),
    listing=Listing(operation="DescribeAddresses", items="Addresses[]"),
    select=lambda item: item.get("Domain") != "standard",  # addresses of the network before VPCs have no id
    aliases=("{AllocationId}", "{PublicIp}"),
    relations=(
        Relation(kind="attached-to", path="InstanceId", target=ec2_arn("instance")),
        Relation(kind="attached-to", path="NetworkInterfaceId", target=ec2_arn("network-interface")),
    ),
)

NETWORK_INTERFACE = ResourceType(
    native_type="AWS::EC2::NetworkInterface",
    type="network.interface",
    native_id=ec2_arn("network-interface", "NetworkInterfaceId"),
    narrow={"NetworkInterfaceIds": ["{NetworkInterfaceId}"]},
    name=("tag:Name", "Description", "NetworkInterfaceId"),
    listing=Listing(operation="DescribeNetworkInterfaces", items="NetworkInterfaces[]", page_size=1000),
    tags="TagSet",
    status="Status",
    aliases=("{NetworkInterfaceId}",),
    relations=(
        in_subnet("SubnetId"),
        secured_by("Groups[].GroupId"),
        Relation(kind="attached-to", path="Attachment.InstanceId", target=ec2_arn("instance")),
    ),
)

TYPES = (
    VPC,
    SUBNET,
    ROUTE_TABLE,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    SECURITY_GROUP,
    NETWORK_ACL,
    VPC_ENDPOINT,
    FLOW_LOG,
    ADDRESS,
    NETWORK_INTERFACE,
)
