"""Networks: one VPC per environment and region, with the security groups that later resources use."""

from dataclasses import dataclass, field

from demo.cloud import DemoCloud
from demo.estate.company import tag_specification, tags
from demo.estate.ledger import Ledger


@dataclass
class Network:
    """The ids of one environment's network."""

    region: str
    environment: str
    vpc_id: str
    public: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    private_table: str = ""


def remove_default_networks(cloud: DemoCloud, region: str) -> None:
    """A tidy company has no default VPC."""
    ec2 = cloud.client("ec2", region)
    for vpc in ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]:
        for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        ec2.delete_vpc(VpcId=vpc["VpcId"])


def make_network(
    cloud: DemoCloud, ledger: Ledger, region: str, environment: str, second_octet: int, *, flow_log: bool, nat: bool
) -> Network:
    """A VPC with public and private subnets in two zones."""
    ec2 = cloud.client("ec2", region)

    def named(kind: str, name: str) -> list[dict[str, object]]:
        return tag_specification(kind, tags(name, "platform", environment))

    prefix = f"acme-{environment}"
    vpc_id = ec2.create_vpc(CidrBlock=f"10.{second_octet}.0.0/16", TagSpecifications=named("vpc", f"{prefix}-vpc"))[
        "Vpc"
    ]["VpcId"]
    network = Network(region, environment, vpc_id)
    gateway = ec2.create_internet_gateway(TagSpecifications=named("internet-gateway", f"{prefix}-igw"))
    gateway_id = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
    for index, zone in enumerate(("a", "b")):
        for kind, offset, ids in (("public", 0, network.public), ("private", 100, network.private)):
            subnet = ec2.create_subnet(
                VpcId=vpc_id,
                CidrBlock=f"10.{second_octet}.{offset + index}.0/24",
                AvailabilityZone=f"{region}{zone}",
                TagSpecifications=named("subnet", f"{prefix}-{kind}-{zone}"),
            )
            ids.append(subnet["Subnet"]["SubnetId"])
    public_table = _route_table(ec2, vpc_id, network.public, named("route-table", f"{prefix}-public"))
    ec2.create_route(RouteTableId=public_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)
    network.private_table = _route_table(ec2, vpc_id, network.private, named("route-table", f"{prefix}-private"))
    if nat:
        _nat_gateway(cloud, ledger, network, named("natgateway", f"{prefix}-nat"), named("elastic-ip", f"{prefix}-nat"))
    ec2.create_vpc_endpoint(
        VpcId=vpc_id,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[network.private_table],
        TagSpecifications=named("vpc-endpoint", f"{prefix}-s3"),
    )
    if flow_log:
        ec2.create_flow_logs(
            ResourceIds=[vpc_id],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="s3",
            LogDestination="arn:aws:s3:::acme-flow-logs",
            TagSpecifications=named("vpc-flow-log", f"{prefix}-flow"),
        )
    _security_groups(cloud, network)
    return network


def _route_table(ec2, vpc_id: str, subnets: list[str], specification: list[dict[str, object]]) -> str:  # type: ignore[no-untyped-def]  # a boto3 client has no static type
    table = ec2.create_route_table(VpcId=vpc_id, TagSpecifications=specification)["RouteTable"]["RouteTableId"]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return str(table)


def _nat_gateway(
    cloud: DemoCloud,
    ledger: Ledger,
    network: Network,
    gateway_tags: list[dict[str, object]],
    address_tags: list[dict[str, object]],
) -> None:
    ec2 = cloud.client("ec2", network.region)
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=address_tags)["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=network.public[0], AllocationId=address, TagSpecifications=gateway_tags)[
        "NatGateway"
    ]["NatGatewayId"]
    ec2.create_route(RouteTableId=network.private_table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    ledger.add(
        resource_id=f"arn:aws:ec2:{network.region}:{ledger.account}:natgateway/{gateway}",
        name=f"acme-{network.environment}-nat",
        resource_type="NAT gateway",
        service="Amazon Virtual Private Cloud",
        category="Networking",
        region=network.region,
        daily_usd=3.9 if network.environment == "prod" else 1.6,
        tags=tags(f"acme-{network.environment}-nat", "platform", network.environment),
        age_days=380,
        pattern="traffic",
    )


def _security_groups(cloud: DemoCloud, network: Network) -> None:
    ec2 = cloud.client("ec2", network.region)
    anywhere = [{"CidrIp": "0.0.0.0/0"}]
    inside = [{"CidrIp": "10.0.0.0/8"}]
    bastion = anywhere if network.environment == "dev" else [{"CidrIp": "198.51.100.0/24"}]
    wanted = {
        "web": [("tcp", 443, 443, anywhere), ("tcp", 80, 80, anywhere)],
        "app": [("tcp", 8080, 8090, inside)],
        "data": [("tcp", 5432, 5432, inside), ("tcp", 6379, 6379, inside)],
        "bastion": [("tcp", 22, 22, bastion)],
    }
    if (network.environment, network.region) == ("staging", "us-east-1"):
        wanted["legacy-reporting"] = [("tcp", 5432, 5432, anywhere)]  # somebody wanted to query from home
    for name, rules in wanted.items():
        group = ec2.create_security_group(
            GroupName=f"acme-{network.environment}-{name}",
            Description=f"{name} of {network.environment}",
            VpcId=network.vpc_id,
            TagSpecifications=tag_specification(
                "security-group", tags(f"acme-{network.environment}-{name}", "platform", network.environment)
            ),
        )["GroupId"]
        permissions = [
            {"IpProtocol": protocol, "FromPort": low, "ToPort": high, "IpRanges": ranges}
            for protocol, low, high, ranges in rules
        ]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
        network.groups[name] = group
