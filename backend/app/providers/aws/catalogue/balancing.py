"""Load balancers and Auto Scaling groups."""

from app.providers.aws.catalogue.common import ec2_arn, in_subnet, in_vpc, secured_by, tags_in_bulk
from app.providers.aws.catalogue.model import Extra, ForEach, Item, Listing, Relation, ResourceType
from app.providers.aws.paths import find_all


def _targets(item: Item) -> list[str]:
    return [str(value) for value in find_all(item, "TargetHealthDescriptions[].Target.Id")]


def _target_template(value: str) -> str:
    return ec2_arn("instance") if value.startswith("i-") else "{value}"


def _listener_name(item: Item) -> str:
    parts = (item.get("LoadBalancerName"), item.get("Protocol"), item.get("Port"))
    return " ".join(str(part) for part in parts if part)


LOAD_BALANCER = ResourceType(
    native_type="AWS::ElasticLoadBalancingV2::LoadBalancer",
    type="network.load_balancer",
    native_id="{LoadBalancerArn}",
    name=("LoadBalancerName",),
    listing=Listing(operation="DescribeLoadBalancers", items="LoadBalancers[]"),
    status="State.Code",
    created="CreatedTime",
    aliases=("{DNSName}",),
    joins=(tags_in_bulk("elasticloadbalancing:loadbalancer", "{LoadBalancerArn}"),),
    relations=(in_vpc(), in_subnet("AvailabilityZones[].SubnetId"), secured_by("SecurityGroups[]")),
)

TARGET_GROUP = ResourceType(
    native_type="AWS::ElasticLoadBalancingV2::TargetGroup",
    type="network.target_group",
    native_id="{TargetGroupArn}",
    name=("TargetGroupName",),
    listing=Listing(operation="DescribeTargetGroups", items="TargetGroups[]"),
    joins=(tags_in_bulk("elasticloadbalancing:targetgroup", "{TargetGroupArn}"),),
    extras=(
        Extra(
            name="TargetHealthDescriptions",
            operation="DescribeTargetHealth",
            arguments={"TargetGroupArn": "TargetGroupArn"},
            result="TargetHealthDescriptions",
            default=[],
        ),
    ),
    relations=(
        in_vpc(),
        Relation(kind="routes-to", path="LoadBalancerArns[]", reverse=True),
        Relation(kind="targets", path=_targets, target=_target_template),
    ),
)

LISTENER = ResourceType(
    native_type="AWS::ElasticLoadBalancingV2::Listener",
    type="network.listener",
    native_id="{ListenerArn}",
    name=("ListenerName", "ListenerArn"),
    derive={"ListenerName": _listener_name},
    listing=Listing(operation="DescribeListeners", items="Listeners[]"),
    for_each=ForEach(
        parent=LOAD_BALANCER.native_type,
        arguments={"LoadBalancerArn": "LoadBalancerArn"},
        carry={"LoadBalancerScheme": "Scheme", "LoadBalancerType": "Type", "LoadBalancerName": "LoadBalancerName"},
    ),
    relations=(
        Relation(kind="contains", path="LoadBalancerArn", reverse=True),
        Relation(kind="routes-to", path="DefaultActions[].TargetGroupArn"),
        Relation(kind="uses", path="Certificates[].CertificateArn"),
    ),
)

AUTO_SCALING_GROUP = ResourceType(
    native_type="AWS::AutoScaling::AutoScalingGroup",
    type="compute.instance_group",
    native_id="{AutoScalingGroupARN}",
    name=("AutoScalingGroupName",),
    listing=Listing(operation="DescribeAutoScalingGroups", items="AutoScalingGroups[]", page_size=100),
    status="Status",
    created="CreatedTime",
    aliases=("{AutoScalingGroupName}",),
    relations=(
        Relation(kind="contains", path="Instances[].InstanceId", target=ec2_arn("instance")),
        Relation(kind="targets", path="TargetGroupARNs[]", reverse=True),
        Relation(kind="uses", path="LaunchTemplate.LaunchTemplateId", target=ec2_arn("launch-template")),
        Relation(
            kind="uses",
            path="MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateId",
            target=ec2_arn("launch-template"),
        ),
    ),
)

LAUNCH_CONFIGURATION = ResourceType(
    native_type="AWS::AutoScaling::LaunchConfiguration",
    type="compute.launch_template",
    native_id="{LaunchConfigurationARN}",
    name=("LaunchConfigurationName",),
    listing=Listing(operation="DescribeLaunchConfigurations", items="LaunchConfigurations[]", page_size=100),
    created="CreatedTime",
    relations=(secured_by("SecurityGroups[]"),),
    redact=("UserData",),
)

BALANCING = (LOAD_BALANCER, TARGET_GROUP, LISTENER)
SCALING = (AUTO_SCALING_GROUP, LAUNCH_CONFIGURATION)
