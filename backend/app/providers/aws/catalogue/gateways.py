"""Networks' connections: transit gateways, peerings, private lines, endpoint services and lists of prefixes."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.common import ec2_arn, in_vpc, itself
from app.providers.aws.catalogue.model import Calls, Extra, Item, Join, Listing, Relation, ResourceType

_ATTACHED_KINDS = {
    "vpc": ec2_arn("vpc"),
    "vpn": ec2_arn("vpn-connection"),
    "peering": ec2_arn("transit-gateway"),
    "direct-connect-gateway": "arn:{partition}:directconnect::{account}:dx-gateway/{value}",
}


def _attached(item: Item) -> list[str]:
    """The template of what hangs on the transit gateway, which may be another account's."""
    template = _ATTACHED_KINDS.get(str(item.get("ResourceType")))
    owner = str(item.get("ResourceOwnerId") or "{account}")
    return [template.replace("{account}", owner).replace("{value}", item["ResourceId"])] if template else []


def _side(name: str) -> Any:
    """The template of one side's network of a peering: its own region and account, not ours."""

    def path(item: Item) -> list[str]:
        side = item.get(name) or {}
        if not side.get("VpcId"):
            return []
        region, owner = side.get("Region") or "{region}", side.get("OwnerId") or "{account}"
        return [f"arn:{{partition}}:ec2:{region}:{owner}:vpc/{side['VpcId']}"]

    return path


def _entries(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """Prefix list id → its entries."""
    ids = [item["PrefixListId"] for item in items]
    return {one: calls.items("ec2", "GetManagedPrefixListEntries", "Entries[]", {"PrefixListId": one}) for one in ids}


TRANSIT_GATEWAY = ResourceType(
    native_type="AWS::EC2::TransitGateway",
    type="network.gateway",
    native_id="{TransitGatewayArn}",
    arn=ec2_arn("transit-gateway", "TransitGatewayId"),
    narrow={"TransitGatewayIds": ["{TransitGatewayId}"]},
    owner="OwnerId",
    name=("tag:Name", "TransitGatewayId"),
    listing=Listing(operation="DescribeTransitGateways", items="TransitGateways[]", page_size=1000),
    status="State",
    created="CreationTime",
    aliases=("{TransitGatewayId}", ec2_arn("transit-gateway", "TransitGatewayId")),
)

TRANSIT_GATEWAY_ATTACHMENT = ResourceType(
    native_type="AWS::EC2::TransitGatewayAttachment",
    type="network.attachment",
    native_id=ec2_arn("transit-gateway-attachment", "TransitGatewayAttachmentId"),
    narrow={"TransitGatewayAttachmentIds": ["{TransitGatewayAttachmentId}"]},
    owner="ResourceOwnerId",
    name=("tag:Name", "TransitGatewayAttachmentId"),
    listing=Listing(operation="DescribeTransitGatewayAttachments", items="TransitGatewayAttachments[]", page_size=1000),
    status="State",
    created="CreationTime",
    aliases=("{TransitGatewayAttachmentId}",),
    relations=(
        Relation(
            kind="attached-to",
            path="TransitGatewayId",
            target="arn:{partition}:ec2:{region}:{TransitGatewayOwnerId}:transit-gateway/{value}",
        ),
        Relation(kind="attached-to", path=_attached, target=itself),
    ),
)

TRANSIT_GATEWAY_ROUTE_TABLE = ResourceType(
    native_type="AWS::EC2::TransitGatewayRouteTable",
    type="network.route_table",
    native_id=ec2_arn("transit-gateway-route-table", "TransitGatewayRouteTableId"),
    narrow={"TransitGatewayRouteTableIds": ["{TransitGatewayRouteTableId}"]},
    name=("tag:Name", "TransitGatewayRouteTableId"),
    listing=Listing(operation="DescribeTransitGatewayRouteTables", items="TransitGatewayRouteTables[]", page_size=1000),
    status="State",
    created="CreationTime",
    aliases=("{TransitGatewayRouteTableId}",),
    extras=(
        # The listing has no routes, and the vendor searches only by a filter: these two states are all there are.
        Extra(
            name="Routes",
            operation="SearchTransitGatewayRoutes",
            arguments={"TransitGatewayRouteTableId": "TransitGatewayRouteTableId"},
            constants={"Filters": [{"Name": "state", "Values": ["active", "blackhole"]}]},
            result="Routes",
            default=[],
        ),
    ),
    relations=(
        Relation(kind="contains", path="TransitGatewayId", target=ec2_arn("transit-gateway"), reverse=True),
        Relation(
            kind="routes-to",
            path="Routes[].TransitGatewayAttachments[].TransitGatewayAttachmentId",
            target=ec2_arn("transit-gateway-attachment"),
        ),
    ),
)

PEERING = ResourceType(
    native_type="AWS::EC2::VPCPeeringConnection",
    type="network.peering",
    native_id=ec2_arn("vpc-peering-connection", "VpcPeeringConnectionId"),
    narrow={"VpcPeeringConnectionIds": ["{VpcPeeringConnectionId}"]},
    name=("tag:Name", "VpcPeeringConnectionId"),
    listing=Listing(operation="DescribeVpcPeeringConnections", items="VpcPeeringConnections[]", page_size=1000),
    status="Status.Code",
    aliases=("{VpcPeeringConnectionId}",),
    relations=(
        Relation(kind="peers-with", path=_side("RequesterVpcInfo"), target=itself),
        Relation(kind="peers-with", path=_side("AccepterVpcInfo"), target=itself),
    ),
)

VPN_CONNECTION = ResourceType(
    native_type="AWS::EC2::VPNConnection",
    type="network.vpn",
    native_id=ec2_arn("vpn-connection", "VpnConnectionId"),
    narrow={"VpnConnectionIds": ["{VpnConnectionId}"]},
    name=("tag:Name", "VpnConnectionId"),
    listing=Listing(operation="DescribeVpnConnections", items="VpnConnections[]"),
    status="State",
    aliases=("{VpnConnectionId}", "{VgwTelemetry[].OutsideIpAddress}"),
    volatile=("VgwTelemetry",),
    relations=(
        Relation(kind="attached-to", path="VpnGatewayId", target=ec2_arn("vpn-gateway")),
        Relation(kind="attached-to", path="TransitGatewayId", target=ec2_arn("transit-gateway")),
        Relation(kind="peers-with", path="CustomerGatewayId", target=ec2_arn("customer-gateway")),
    ),
    redact=("CustomerGatewayConfiguration", "Options.TunnelOptions[].PreSharedKey"),  # both carry the shared secret
)

CUSTOMER_GATEWAY = ResourceType(
    native_type="AWS::EC2::CustomerGateway",
    type="network.gateway",
    native_id=ec2_arn("customer-gateway", "CustomerGatewayId"),
    narrow={"CustomerGatewayIds": ["{CustomerGatewayId}"]},
    name=("tag:Name", "DeviceName", "CustomerGatewayId"),
    listing=Listing(operation="DescribeCustomerGateways", items="CustomerGateways[]"),
    status="State",
    aliases=("{CustomerGatewayId}",),
    relations=(Relation(kind="peers-with", path="IpAddress"),),  # another cloud's gateway has it as an alias
)

VPN_GATEWAY = ResourceType(
    native_type="AWS::EC2::VPNGateway",
    type="network.gateway",
    native_id=ec2_arn("vpn-gateway", "VpnGatewayId"),
    narrow={"VpnGatewayIds": ["{VpnGatewayId}"]},
    name=("tag:Name", "VpnGatewayId"),
    listing=Listing(operation="DescribeVpnGateways", items="VpnGateways[]"),
    status="State",
    aliases=("{VpnGatewayId}",),
    relations=(Relation(kind="attached-to", path="VpcAttachments[].VpcId", target=ec2_arn("vpc")),),
)

EGRESS_ONLY_GATEWAY = ResourceType(
    native_type="AWS::EC2::EgressOnlyInternetGateway",
    type="network.gateway",
    native_id=ec2_arn("egress-only-internet-gateway", "EgressOnlyInternetGatewayId"),
    narrow={"EgressOnlyInternetGatewayIds": ["{EgressOnlyInternetGatewayId}"]},
    name=("tag:Name", "EgressOnlyInternetGatewayId"),
    listing=Listing(
        operation="DescribeEgressOnlyInternetGateways", items="EgressOnlyInternetGateways[]", page_size=255
    ),
    status="Attachments[].State",
    aliases=("{EgressOnlyInternetGatewayId}",),
    relations=(Relation(kind="attached-to", path="Attachments[].VpcId", target=ec2_arn("vpc")),),
)

PREFIX_LIST = ResourceType(
    native_type="AWS::EC2::PrefixList",
    type="network.prefix_list",
    native_id="{PrefixListArn}",
    arn="arn:{partition}:ec2:{region}:{account}:prefix-list/{PrefixListId}",
    narrow={"PrefixListIds": ["{PrefixListId}"]},
    name=("tag:Name", "PrefixListName", "PrefixListId"),
    listing=Listing(operation="DescribeManagedPrefixLists", items="PrefixLists[]", page_size=100),
    status="State",
    aliases=("{PrefixListId}",),
    owner="OwnerId",
    joins=(
        Join(
            name="Entries",
            read=_entries,
            calls=("ec2:GetManagedPrefixListEntries",),
            key="{PrefixListId}",
            default=[],
        ),
    ),
)

ENDPOINT_SERVICE = ResourceType(
    native_type="AWS::EC2::VPCEndpointService",
    type="network.endpoint_service",
    native_id=ec2_arn("vpc-endpoint-service", "ServiceId"),
    narrow={"ServiceIds": ["{ServiceId}"]},
    name=("tag:Name", "ServiceName", "ServiceId"),
    listing=Listing(
        operation="DescribeVpcEndpointServiceConfigurations", items="ServiceConfigurations[]", page_size=1000
    ),
    status="ServiceState",
    aliases=("{ServiceId}", "{ServiceName}"),
    relations=(
        Relation(kind="targets", path="NetworkLoadBalancerArns[]"),
        Relation(kind="targets", path="GatewayLoadBalancerArns[]"),
    ),
)

DHCP_OPTIONS = ResourceType(
    native_type="AWS::EC2::DHCPOptions",
    type="network.dhcp_options",
    native_id=ec2_arn("dhcp-options", "DhcpOptionsId"),
    narrow={"DhcpOptionsIds": ["{DhcpOptionsId}"]},
    name=("tag:Name", "DhcpOptionsId"),
    listing=Listing(operation="DescribeDhcpOptions", items="DhcpOptions[]", page_size=1000),
    aliases=("{DhcpOptionsId}",),
)

CARRIER_GATEWAY = ResourceType(
    native_type="AWS::EC2::CarrierGateway",
    type="network.gateway",
    native_id=ec2_arn("carrier-gateway", "CarrierGatewayId"),
    narrow={"CarrierGatewayIds": ["{CarrierGatewayId}"]},
    name=("tag:Name", "CarrierGatewayId"),
    listing=Listing(operation="DescribeCarrierGateways", items="CarrierGateways[]", page_size=1000),
    status="State",
    aliases=("{CarrierGatewayId}",),
    relations=(in_vpc(),),
)


TYPES = (
    TRANSIT_GATEWAY,
    TRANSIT_GATEWAY_ATTACHMENT,
    TRANSIT_GATEWAY_ROUTE_TABLE,
    PEERING,
    VPN_CONNECTION,
    CUSTOMER_GATEWAY,
    VPN_GATEWAY,
    EGRESS_ONLY_GATEWAY,
    PREFIX_LIST,
    ENDPOINT_SERVICE,
    DHCP_OPTIONS,
    CARRIER_GATEWAY,
)
