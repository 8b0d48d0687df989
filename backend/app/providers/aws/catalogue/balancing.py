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
    # Gateway, network and application balancers; a classic one's ARN has a bare name here.
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{Kind}/{LoadBalancerName}/{Id}",
    narrow={"LoadBalancerArns": ["{native_id}"]},
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
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{TargetGroupName}/{Id}",
    narrow={"TargetGroupArns": ["{native_id}"]},
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
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:listener/{Kind}/{Name}/{BalancerId}/{Id}",
    name=("ListenerName", "ListenerArn"),
    derive={"ListenerName": _listener_name},
    listing=Listing(operation="DescribeListeners", items="Listeners[]"),
    for_each=ForEach(
        parent=LOAD_BALANCER.native_type,
        arguments={"LoadBalancerArn": "LoadBalancerArn"},
        carry={"LoadBalancerScheme": "Scheme", "LoadBalancerType": "Type", "LoadBalancerName": "LoadBalancerName"},
        parent_arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{Kind}/{Name}/{BalancerId}",
    ),
    relations=(
        Relation(kind="contains", path="LoadBalancerArn", reverse=True),
        Relation(kind="routes-to", path="DefaultActions[].TargetGroupArn"),
        Relation(kind="uses", path="Certificates[].CertificateArn"),
    ),
)

LISTENER_RULE = ResourceType(
    native_type="AWS::ElasticLoadBalancingV2::ListenerRule",
    type="network.listener_rule",
    native_id="{RuleArn}",
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:listener-rule/{Kind}/{Name}/{BalancerId}/{ListenerId}/{Id}",
    name=("RuleName",),
    derive={"RuleName": lambda item: f"{item.get('LoadBalancerName')} {item.get('Port')} {item.get('Priority')}"},
    listing=Listing(operation="DescribeRules", items="Rules[]"),
    for_each=ForEach(
        parent=LISTENER.native_type,
        arguments={"ListenerArn": "ListenerArn"},
        carry={"ListenerArn": "ListenerArn", "LoadBalancerName": "LoadBalancerName", "Port": "Port"},
        parent_arn="arn:{partition}:elasticloadbalancing:{region}:{account}:listener/{Kind}/{Name}/{BalancerId}/{ListenerId}",
        # The listing of a network balancer's listener is one default rule, which the listener itself shows.
        when=lambda listener: listener.get("LoadBalancerType") == "application",
    ),
    relations=(
        Relation(kind="contains", path="ListenerArn", reverse=True),
        Relation(kind="routes-to", path="Actions[].TargetGroupArn"),
        Relation(kind="routes-to", path="Actions[].ForwardConfig.TargetGroups[].TargetGroupArn"),
    ),
)

CLASSIC_BALANCER = ResourceType(
    native_type="AWS::ElasticLoadBalancing::LoadBalancer",
    type="network.load_balancer",
    native_id="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{LoadBalancerName}",
    narrow={"LoadBalancerNames": ["{LoadBalancerName}"]},
    name=("LoadBalancerName",),
    listing=Listing(operation="DescribeLoadBalancers", items="LoadBalancerDescriptions[]", page_size=400),
    created="CreatedTime",
    aliases=("{DNSName}",),
    joins=(tags_in_bulk("elasticloadbalancing:loadbalancer", "{native_id}"),),
    relations=(
        in_vpc("VPCId"),
        in_subnet("Subnets[]"),
        secured_by("SecurityGroups[]"),
        Relation(kind="targets", path="Instances[].InstanceId", target=ec2_arn("instance")),
        Relation(kind="uses", path="ListenerDescriptions[].Listener.SSLCertificateId"),
    ),
)

AUTO_SCALING_GROUP = ResourceType(
    native_type="AWS::AutoScaling::AutoScalingGroup",
    type="compute.instance_group",
    native_id="{AutoScalingGroupARN}",
    arn="arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:{Id}:autoScalingGroupName/{Name}",
    narrow={"AutoScalingGroupNames": ["{Name}"]},
    name=("AutoScalingGroupName",),
    listing=Listing(operation="DescribeAutoScalingGroups", items="AutoScalingGroups[]", page_size=100),
    status="Status",
    created="CreatedTime",
    # Events know its name, not the rest of its ARN; policies are written with the star.
    aliases=(
        "{AutoScalingGroupName}",
        "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}",
    ),
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
    arn="arn:{partition}:autoscaling:{region}:{account}:launchConfiguration:{Id}:launchConfigurationName/{Name}",
    narrow={"LaunchConfigurationNames": ["{Name}"]},
    name=("LaunchConfigurationName",),
    listing=Listing(operation="DescribeLaunchConfigurations", items="LaunchConfigurations[]", page_size=100),
    created="CreatedTime",
    relations=(secured_by("SecurityGroups[]"),),
    redact=("UserData",),
)

BALANCING, CLASSIC = (LOAD_BALANCER, TARGET_GROUP, LISTENER, LISTENER_RULE), (CLASSIC_BALANCER,)
SCALING = (AUTO_SCALING_GROUP, LAUNCH_CONFIGURATION)
