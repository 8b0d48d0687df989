"""What builds, deploys and runs applications: stacks, pipelines, batches, hosted services and desktops."""

from app.providers.aws.catalogue.common import (
    encrypted_with,
    in_subnet,
    in_vpc,
    logs_to_group,
    secret_like_names,
    secured_by,
    tags_in_bulk,
    uses_role,
)
from app.providers.aws.catalogue.model import Describe, Listing, Relation, ResourceType

STACK = ResourceType(
    native_type="AWS::CloudFormation::Stack",
    type="deployment.stack",
    native_id="{StackId}",
    arn="arn:{partition}:cloudformation:{region}:{account}:stack/{StackName}/{Id}",
    narrow={"StackName": "{native_id}"},
    name=("StackName",),
    listing=Listing(operation="DescribeStacks", items="Stacks[]"),
    select=lambda item: item.get("StackStatus") != "DELETE_COMPLETE",
    status="StackStatus",
    created="CreationTime",
    relations=(uses_role("RoleARN"), Relation(kind="contains", path="ParentId", reverse=True)),
    redact=("Parameters[].ParameterValue", "Outputs[].OutputValue"),
)

PROJECT = ResourceType(
    native_type="AWS::CodeBuild::Project",
    type="deployment.build",
    native_id="{arn}",
    arn="arn:{partition}:codebuild:{region}:{account}:project/{name}",
    name=("name",),
    listing=Listing(operation="ListProjects", items="projects[]", scalar="name"),
    describe=Describe(operation="BatchGetProjects", ids="name", parameter="names", items="projects[]", batch=100),
    tags="tags",
    created="created",
    derive={"secretLikeVariables": secret_like_names("environment.environmentVariables[]", "name", "value")},
    redact=("environment.environmentVariables[].value",),
    relations=(
        uses_role("serviceRole"),
        encrypted_with("encryptionKey"),
        in_vpc("vpcConfig.vpcId"),
        in_subnet("vpcConfig.subnets[]"),
        secured_by("vpcConfig.securityGroupIds[]"),
        logs_to_group("logsConfig.cloudWatchLogs.groupName"),
    ),
)

PIPELINE = ResourceType(
    native_type="AWS::CodePipeline::Pipeline",
    type="deployment.pipeline",
    native_id="arn:{partition}:codepipeline:{region}:{account}:{name}",
    name=("name",),
    listing=Listing(operation="ListPipelines", items="pipelines[]", page_size=100),
    describe=Describe(operation="GetPipeline", ids="name", parameter="name", items="pipeline"),
    joins=(tags_in_bulk("codepipeline:pipeline", "{native_id}"),),
    relations=(
        uses_role("roleArn"),
        Relation(kind="uses", path="artifactStore.location", target="arn:{partition}:s3:::{value}"),
    ),
    redact=("stages[].actions[].configuration.OAuthToken",),
)

COMPUTE_ENVIRONMENT = ResourceType(
    native_type="AWS::Batch::ComputeEnvironment",
    type="compute.batch",
    native_id="{computeEnvironmentArn}",
    arn="arn:{partition}:batch:{region}:{account}:compute-environment/{computeEnvironmentName}",
    narrow={"computeEnvironments": ["{computeEnvironmentName}"]},
    name=("computeEnvironmentName",),
    listing=Listing(operation="DescribeComputeEnvironments", items="computeEnvironments[]", page_size=100),
    tags="tags",
    status="status",
    relations=(
        uses_role("serviceRole"),
        in_subnet("computeResources.subnets[]"),
        secured_by("computeResources.securityGroupIds[]"),
        Relation(kind="contains", path="ecsClusterArn"),
    ),
)

JOB_QUEUE = ResourceType(
    native_type="AWS::Batch::JobQueue",
    type="compute.batch",
    native_id="{jobQueueArn}",
    arn="arn:{partition}:batch:{region}:{account}:job-queue/{jobQueueName}",
    narrow={"jobQueues": ["{jobQueueName}"]},
    name=("jobQueueName",),
    listing=Listing(operation="DescribeJobQueues", items="jobQueues[]", page_size=100),
    tags="tags",
    status="status",
    relations=(Relation(kind="uses", path="computeEnvironmentOrder[].computeEnvironment"),),
)

APP_RUNNER_SERVICE = ResourceType(
    native_type="AWS::AppRunner::Service",
    type="container.service",
    native_id="{ServiceArn}",
    arn="arn:{partition}:apprunner:{region}:{account}:service/{ServiceName}/{ServiceId}",
    name=("ServiceName",),
    listing=Listing(operation="ListServices", items="ServiceSummaryList[]", page_size=20),
    describe=Describe(operation="DescribeService", ids="ServiceArn", parameter="ServiceArn", items="Service"),
    status="Status",
    created="CreatedAt",
    aliases=("{ServiceUrl}",),
    joins=(tags_in_bulk("apprunner:service", "{ServiceArn}"),),
    relations=(
        uses_role("InstanceConfiguration.InstanceRoleArn"),
        encrypted_with("EncryptionConfiguration.KmsKey"),
        Relation(kind="uses", path="NetworkConfiguration.EgressConfiguration.VpcConnectorArn"),
    ),
    redact=(
        "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables.*",
        "SourceConfiguration.CodeRepository.CodeConfiguration.CodeConfigurationValues.RuntimeEnvironmentVariables.*",
    ),
)

LIGHTSAIL_INSTANCE = ResourceType(
    native_type="AWS::Lightsail::Instance",
    type="compute.instance",
    native_id="{arn}",
    arn="arn:{partition}:lightsail:{region}:{account}:Instance/{Id}",
    name=("name",),
    listing=Listing(operation="GetInstances", items="instances[]"),
    tags="tags",
    status="state.name",
    created="createdAt",
    aliases=("{publicIpAddress}",),
)

SERVER = ResourceType(
    native_type="AWS::Transfer::Server",
    type="storage.transfer",
    native_id="{Arn}",
    arn="arn:{partition}:transfer:{region}:{account}:server/{ServerId}",
    name=("tag:Name", "ServerId"),
    listing=Listing(operation="ListServers", items="Servers[]", page_size=1000),
    describe=Describe(operation="DescribeServer", ids="ServerId", parameter="ServerId", items="Server"),
    status="State",
    aliases=("{ServerId}",),
    relations=(
        uses_role("LoggingRole"),
        in_vpc("EndpointDetails.VpcId"),
        in_subnet("EndpointDetails.SubnetIds[]"),
        secured_by("EndpointDetails.SecurityGroupIds[]"),
    ),
)

USER_POOL = ResourceType(
    native_type="AWS::Cognito::UserPool",
    type="identity.directory",
    native_id="{Arn}",
    arn="arn:{partition}:cognito-idp:{region}:{account}:userpool/{Id}",
    name=("Name", "Id"),
    listing=Listing(operation="ListUserPools", items="UserPools[]", arguments={"MaxResults": 60}),
    describe=Describe(operation="DescribeUserPool", ids="Id", parameter="UserPoolId", items="UserPool"),
    tags="UserPoolTags",
    created="CreationDate",
    aliases=("{Id}",),
    volatile=("EstimatedNumberOfUsers",),
    relations=(
        Relation(kind="triggers", path=lambda item: [v for v in (item.get("LambdaConfig") or {}).values() if v]),
    ),
)

WORKSPACE = ResourceType(
    native_type="AWS::WorkSpaces::Workspace",
    type="compute.desktop",
    native_id="arn:{partition}:workspaces:{region}:{account}:workspace/{WorkspaceId}",
    narrow={"WorkspaceIds": ["{WorkspaceId}"]},
    name=("ComputerName", "UserName", "WorkspaceId"),
    listing=Listing(operation="DescribeWorkspaces", items="Workspaces[]"),
    status="State",
    aliases=("{WorkspaceId}",),
    joins=(tags_in_bulk("workspaces:workspace", "{native_id}"),),
    relations=(in_subnet("SubnetId"), encrypted_with("VolumeEncryptionKey")),
)

DIRECTORY = ResourceType(
    native_type="AWS::DirectoryService::Directory",
    type="identity.directory",
    native_id="arn:{partition}:ds:{region}:{account}:directory/{DirectoryId}",
    narrow={"DirectoryIds": ["{DirectoryId}"]},
    name=("Name", "DirectoryId"),
    listing=Listing(operation="DescribeDirectories", items="DirectoryDescriptions[]"),
    status="Stage",
    created="LaunchTime",
    aliases=("{DirectoryId}",),
    joins=(tags_in_bulk("ds:directory", "{native_id}"),),
    relations=(in_vpc("VpcSettings.VpcId"), in_subnet("VpcSettings.SubnetIds[]")),
)

APPLICATION_ENVIRONMENT = ResourceType(
    native_type="AWS::ElasticBeanstalk::Environment",
    type="deployment.environment",
    native_id="{EnvironmentArn}",
    arn="arn:{partition}:elasticbeanstalk:{region}:{account}:environment/{ApplicationName}/{EnvironmentName}",
    narrow={"EnvironmentNames": ["{EnvironmentName}"], "ApplicationName": "{ApplicationName}"},
    name=("EnvironmentName",),
    listing=Listing(operation="DescribeEnvironments", items="Environments[]", arguments={"IncludeDeleted": False}),
    status="Status",
    created="DateCreated",
    aliases=("{CNAME}", "{EnvironmentId}"),
    volatile=("Health", "HealthStatus"),
    joins=(tags_in_bulk("elasticbeanstalk:environment", "{EnvironmentArn}"),),
)

CLOUD_FORMATION, CODE_BUILD, CODE_PIPELINE = (STACK,), (PROJECT,), (PIPELINE,)
BATCH, APP_RUNNER, LIGHTSAIL = (COMPUTE_ENVIRONMENT, JOB_QUEUE), (APP_RUNNER_SERVICE,), (LIGHTSAIL_INSTANCE,)
TRANSFER, COGNITO, WORK_SPACES = (SERVER,), (USER_POOL,), (WORKSPACE,)
DIRECTORIES, BEANSTALK = (DIRECTORY,), (APPLICATION_ENVIRONMENT,)
