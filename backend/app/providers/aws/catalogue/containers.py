"""ECS, EKS and ECR."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.common import (
    encrypted_with,
    in_subnet,
    in_vpc,
    itself,
    secret_like_names,
    secured_by,
    uses_role,
)
from app.providers.aws.catalogue.model import (
    Calls,
    Describe,
    Extra,
    ForEach,
    Item,
    Join,
    Listing,
    Relation,
    ResourceType,
)
from app.providers.aws.paths import find_all
from app.providers.aws.values import parse_json


def _log_groups(item: Item) -> list[str]:
    options = find_all(item, "containerDefinitions[].logConfiguration.options")
    return [option["awslogs-group"] for option in options if isinstance(option, dict) and option.get("awslogs-group")]


def _repositories(item: Item) -> list[str]:
    """ARNs of the ECR repositories that the images come from; images of other registries have none."""
    arns = []
    for image in find_all(item, "containerDefinitions[].image"):
        host, _, rest = str(image).partition("/")
        parts = host.split(".")
        if len(parts) >= 6 and parts[1:3] == ["dkr", "ecr"]:
            name = rest.split("@", 1)[0].rsplit(":", 1)[0]
            arns.append(f"arn:{{partition}}:ecr:{parts[3]}:{parts[0]}:repository/{name}")
    return arns


def _registry_scanning(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """How images are scanned, which is one setting of the whole registry."""
    if not items:
        return {}
    return {"": calls.call("ecr", "GetRegistryScanningConfiguration", {}).get("scanningConfiguration")}


ECS_CLUSTER = ResourceType(
    native_type="AWS::ECS::Cluster",
    type="container.cluster",
    native_id="{clusterArn}",
    arn="arn:{partition}:ecs:{region}:{account}:cluster/{clusterName}",
    name=("clusterName",),
    listing=Listing(operation="ListClusters", items="clusterArns[]", scalar="clusterArn"),
    describe=Describe(
        operation="DescribeClusters",
        ids="clusterArn",
        parameter="clusters",
        items="clusters[]",
        batch=100,
        arguments={"include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]},
    ),
    tags="tags",
    status="status",
    volatile=("runningTasksCount", "pendingTasksCount", "statistics"),
)

ECS_SERVICE = ResourceType(
    native_type="AWS::ECS::Service",
    type="container.service",
    native_id="{serviceArn}",
    arn="arn:{partition}:ecs:{region}:{account}:service/{cluster}/{serviceName}",
    name=("serviceName",),
    listing=Listing(operation="ListServices", items="serviceArns[]", scalar="serviceArn", page_size=100),
    for_each=ForEach(
        parent=ECS_CLUSTER.native_type,
        arguments={"cluster": "clusterArn"},
        carry={"clusterArn": "clusterArn"},
        parent_arn="arn:{partition}:ecs:{region}:{account}:cluster/{cluster}",
    ),
    describe=Describe(
        operation="DescribeServices",
        ids="serviceArn",
        parameter="services",
        items="services[]",
        batch=10,
        arguments={"include": ["TAGS"], "cluster": "{clusterArn}"},
    ),
    tags="tags",
    status="status",
    created="createdAt",
    volatile=(
        "events",
        "runningCount",
        "pendingCount",
        "deployments[].updatedAt",
        "deployments[].runningCount",
        "deployments[].pendingCount",
        "deployments[].failedTasks",
    ),
    relations=(
        Relation(kind="contains", path="clusterArn", reverse=True),
        Relation(kind="uses", path="taskDefinition"),
        Relation(kind="targets", path="loadBalancers[].targetGroupArn", reverse=True),
        in_subnet("networkConfiguration.awsvpcConfiguration.subnets[]"),
        secured_by("networkConfiguration.awsvpcConfiguration.securityGroups[]"),
        uses_role("roleArn"),
    ),
)

TASK_DEFINITION = ResourceType(
    native_type="AWS::ECS::TaskDefinition",
    type="container.task_definition",
    native_id="{taskDefinitionArn}",
    arn="arn:{partition}:ecs:{region}:{account}:task-definition/{family}:{revision}",
    name=("family",),
    # Only what a service runs now: an account keeps every old revision for ever, hundreds of thousands of them.
    listing=None,
    for_each=ForEach(parent=ECS_SERVICE.native_type, arguments={"taskDefinitionArn": "taskDefinition"}),
    describe=Describe(
        operation="DescribeTaskDefinition",
        ids="taskDefinitionArn",
        parameter="taskDefinition",
        items="taskDefinition",
        arguments={"include": ["TAGS"]},
    ),
    tags="tags",
    status="status",
    created="registeredAt",
    derive={"secretLikeVariables": secret_like_names("containerDefinitions[].environment[]", "name", "value")},
    redact=("containerDefinitions[].environment[].value",),
    relations=(
        uses_role("taskRoleArn"),
        uses_role("executionRoleArn"),
        Relation(kind="logs-to", path=_log_groups, target="arn:{partition}:logs:{region}:{account}:log-group:{value}"),
        Relation(kind="uses", path="containerDefinitions[].secrets[].valueFrom"),
        Relation(kind="uses", path=_repositories, target=itself),
    ),
)

EKS_CLUSTER = ResourceType(
    native_type="AWS::EKS::Cluster",
    type="container.cluster",
    native_id="{arn}",
    arn="arn:{partition}:eks:{region}:{account}:cluster/{name}",
    name=("name",),
    listing=Listing(operation="ListClusters", items="clusters[]", scalar="name"),
    describe=Describe(operation="DescribeCluster", ids="name", parameter="name", items="cluster"),
    tags="tags",
    status="status",
    created="createdAt",
    relations=(
        in_vpc("resourcesVpcConfig.vpcId"),
        in_subnet("resourcesVpcConfig.subnetIds[]"),
        secured_by("resourcesVpcConfig.securityGroupIds[]"),
        secured_by("resourcesVpcConfig.clusterSecurityGroupId"),
        uses_role("roleArn"),
        encrypted_with("encryptionConfig[].provider.keyArn"),
    ),
)

_IN_CLUSTER = ForEach(
    parent=EKS_CLUSTER.native_type,
    arguments={"clusterName": "name"},
    carry={"clusterName": "name"},
    parent_arn="arn:{partition}:eks:{region}:{account}:cluster/{clusterName}",
)
_CONTAINED = Relation(
    kind="contains", path="clusterName", target="arn:{partition}:eks:{region}:{account}:cluster/{value}", reverse=True
)

NODE_GROUP = ResourceType(
    native_type="AWS::EKS::Nodegroup",
    type="container.node_group",
    native_id="{nodegroupArn}",
    arn="arn:{partition}:eks:{region}:{account}:nodegroup/{clusterName}/{nodegroupName}/{Id}",
    name=("nodegroupName",),
    listing=Listing(operation="ListNodegroups", items="nodegroups[]", scalar="nodegroupName"),
    for_each=_IN_CLUSTER,
    describe=Describe(
        operation="DescribeNodegroup",
        ids="nodegroupName",
        parameter="nodegroupName",
        items="nodegroup",
        arguments={"clusterName": "{clusterName}"},
    ),
    tags="tags",
    status="status",
    created="createdAt",
    relations=(
        _CONTAINED,
        in_subnet("subnets[]"),
        uses_role("nodeRole"),
        Relation(kind="contains", path="resources.autoScalingGroups[].name"),
    ),
)

FARGATE_PROFILE = ResourceType(
    native_type="AWS::EKS::FargateProfile",
    type="container.node_group",
    native_id="{fargateProfileArn}",
    arn="arn:{partition}:eks:{region}:{account}:fargateprofile/{clusterName}/{fargateProfileName}/{Id}",
    name=("fargateProfileName",),
    listing=Listing(operation="ListFargateProfiles", items="fargateProfileNames[]", scalar="fargateProfileName"),
    for_each=_IN_CLUSTER,
    describe=Describe(
        operation="DescribeFargateProfile",
        ids="fargateProfileName",
        parameter="fargateProfileName",
        items="fargateProfile",
        arguments={"clusterName": "{clusterName}"},
    ),
    tags="tags",
    status="status",
    created="createdAt",
    relations=(_CONTAINED, in_subnet("subnets[]"), uses_role("podExecutionRoleArn")),
)

REPOSITORY = ResourceType(
    native_type="AWS::ECR::Repository",
    type="container.registry",
    native_id="{repositoryArn}",
    arn="arn:{partition}:ecr:{region}:{account}:repository/{repositoryName}",
    narrow={"repositoryNames": ["{repositoryName}"]},
    name=("repositoryName",),
    listing=Listing(operation="DescribeRepositories", items="repositories[]", page_size=1000),
    created="createdAt",
    aliases=("{repositoryUri}",),
    extras=(
        Extra(
            name="Tags",
            operation="ListTagsForResource",
            arguments={"resourceArn": "repositoryArn"},
            result="tags",
            default=[],
        ),
        Extra(
            name="Policy",
            operation="GetRepositoryPolicy",
            arguments={"repositoryName": "repositoryName"},
            result="policyText",
            absent=("RepositoryPolicyNotFoundException",),
            convert=parse_json,
        ),
    ),
    joins=(
        Join(
            name="RegistryScanningConfiguration",
            read=_registry_scanning,
            calls=("ecr:GetRegistryScanningConfiguration",),
            key="",
        ),
    ),
    relations=(encrypted_with("encryptionConfiguration.kmsKey"),),
)

ECS = (ECS_CLUSTER, ECS_SERVICE, TASK_DEFINITION)
EKS = (EKS_CLUSTER, NODE_GROUP, FARGATE_PROFILE)
ECR = (REPOSITORY,)
