"""Warehouses, searches, jobs on data and machine learning."""

from app.providers.aws.catalogue.common import (
    encrypted_with,
    in_subnet,
    in_vpc,
    secret_like_names,
    secured_by,
    tags_in_bulk,
    uses_role,
)
from app.providers.aws.catalogue.model import Describe, Extra, Listing, Relation, ResourceType

MEMORY_CLUSTER = ResourceType(
    native_type="AWS::MemoryDB::Cluster",
    type="database.cache",
    native_id="{ARN}",
    arn="arn:{partition}:memorydb:{region}:{account}:cluster/{Name}",
    narrow={"ClusterName": "{Name}"},
    name=("Name",),
    listing=Listing(operation="DescribeClusters", items="Clusters[]", page_size=100),
    status="Status",
    joins=(tags_in_bulk("memorydb:cluster", "{ARN}"),),
    relations=(secured_by("SecurityGroups[].SecurityGroupId"), encrypted_with("KmsKeyId")),
)

WAREHOUSE = ResourceType(
    native_type="AWS::Redshift::Cluster",
    type="database.warehouse",
    native_id="arn:{partition}:redshift:{region}:{account}:cluster:{ClusterIdentifier}",
    narrow={"ClusterIdentifier": "{ClusterIdentifier}"},
    name=("ClusterIdentifier",),
    listing=Listing(operation="DescribeClusters", items="Clusters[]", page_size=100),
    status="ClusterStatus",
    created="ClusterCreateTime",
    aliases=("{ClusterNamespaceArn}", "{Endpoint.Address}"),
    extras=(
        Extra(
            name="LoggingStatus",
            operation="DescribeLoggingStatus",
            arguments={"ClusterIdentifier": "ClusterIdentifier"},
        ),
    ),
    volatile=("LoggingStatus.LastSuccessfulDeliveryTime", "LoggingStatus.LastFailureTime"),
    relations=(
        in_vpc(),
        secured_by("VpcSecurityGroups[].VpcSecurityGroupId"),
        encrypted_with("KmsKeyId"),
        uses_role("IamRoles[].IamRoleArn"),
        Relation(kind="logs-to", path="LoggingStatus.BucketName", target="arn:{partition}:s3:::{value}"),
    ),
)

SEARCH_DOMAIN = ResourceType(
    native_type="AWS::OpenSearchService::Domain",
    type="database.search",
    native_id="{ARN}",
    arn="arn:{partition}:es:{region}:{account}:domain/{DomainName}",
    name=("DomainName",),
    listing=Listing(operation="ListDomainNames", items="DomainNames[]"),
    describe=Describe(operation="DescribeDomain", ids="DomainName", parameter="DomainName", items="DomainStatus"),
    status="DomainProcessingStatus",
    aliases=("{Endpoint}", "{DomainId}"),
    joins=(tags_in_bulk("es:domain", "{ARN}"),),
    json_fields=("AccessPolicies",),
    relations=(
        in_vpc("VPCOptions.VPCId"),
        in_subnet("VPCOptions.SubnetIds[]"),
        secured_by("VPCOptions.SecurityGroupIds[]"),
        encrypted_with("EncryptionAtRestOptions.KmsKeyId"),
    ),
)

REPLICATION_INSTANCE = ResourceType(
    native_type="AWS::DMS::ReplicationInstance",
    type="database.migration",
    native_id="{ReplicationInstanceArn}",
    arn="arn:{partition}:dms:{region}:{account}:rep:{Id}",
    narrow={"Filters": [{"Name": "replication-instance-arn", "Values": ["{native_id}"]}]},
    name=("ReplicationInstanceIdentifier",),
    listing=Listing(operation="DescribeReplicationInstances", items="ReplicationInstances[]", page_size=100),
    status="ReplicationInstanceStatus",
    created="InstanceCreateTime",
    volatile=("FreeUntil",),
    joins=(tags_in_bulk("dms:rep", "{ReplicationInstanceArn}"),),
    relations=(
        secured_by("VpcSecurityGroups[].VpcSecurityGroupId"),
        in_vpc("ReplicationSubnetGroup.VpcId"),
        encrypted_with("KmsKeyId"),
    ),
)

REPLICATION_TASK = ResourceType(
    native_type="AWS::DMS::ReplicationTask",
    type="database.migration",
    native_id="{ReplicationTaskArn}",
    arn="arn:{partition}:dms:{region}:{account}:task:{Id}",
    narrow={"Filters": [{"Name": "replication-task-arn", "Values": ["{native_id}"]}]},
    name=("ReplicationTaskIdentifier",),
    listing=Listing(
        operation="DescribeReplicationTasks",
        items="ReplicationTasks[]",
        arguments={"WithoutSettings": False},
        page_size=100,
    ),
    status="Status",
    created="ReplicationTaskCreationDate",
    volatile=("ReplicationTaskStats", "RecoveryCheckpoint"),
    joins=(tags_in_bulk("dms:task", "{ReplicationTaskArn}"),),
    relations=(Relation(kind="uses", path="ReplicationInstanceArn"),),
)

ATHENA_WORK_GROUP = ResourceType(
    native_type="AWS::Athena::WorkGroup",
    type="analytics.workspace",
    native_id="arn:{partition}:athena:{region}:{account}:workgroup/{Name}",
    name=("Name",),
    listing=Listing(operation="ListWorkGroups", items="WorkGroups[]", arguments={"MaxResults": 50}),
    describe=Describe(operation="GetWorkGroup", ids="Name", parameter="WorkGroup", items="WorkGroup"),
    status="State",
    created="CreationTime",
    joins=(tags_in_bulk("athena:workgroup", "{native_id}"),),
    relations=(
        encrypted_with("Configuration.ResultConfiguration.EncryptionConfiguration.KmsKey"),
        Relation(
            kind="targets",
            path=lambda item: [
                str(value).removeprefix("s3://").split("/", 1)[0]
                for value in [
                    ((item.get("Configuration") or {}).get("ResultConfiguration") or {}).get("OutputLocation")
                ]
                if value
            ],
            target="arn:{partition}:s3:::{value}",
        ),
    ),
)

GLUE_DATABASE = ResourceType(
    native_type="AWS::Glue::Database",
    type="analytics.catalog",
    native_id="arn:{partition}:glue:{region}:{account}:database/{Name}",
    name=("Name",),
    listing=Listing(operation="GetDatabases", items="DatabaseList[]", page_size=100),
    created="CreateTime",
    joins=(tags_in_bulk("glue:database", "{native_id}"),),
)

GLUE_JOB = ResourceType(
    native_type="AWS::Glue::Job",
    type="analytics.job",
    native_id="arn:{partition}:glue:{region}:{account}:job/{Name}",
    name=("Name",),
    listing=Listing(operation="GetJobs", items="Jobs[]", page_size=200),
    created="CreatedOn",
    joins=(tags_in_bulk("glue:job", "{native_id}"),),
    derive={"SecretLikeArguments": secret_like_names("DefaultArguments")},
    redact=("DefaultArguments.*", "NonOverridableArguments.*"),
    relations=(uses_role("Role"),),
)

GLUE_CRAWLER = ResourceType(
    native_type="AWS::Glue::Crawler",
    type="analytics.job",
    native_id="arn:{partition}:glue:{region}:{account}:crawler/{Name}",
    name=("Name",),
    listing=Listing(operation="GetCrawlers", items="Crawlers[]", page_size=100),
    status="State",
    created="CreationTime",
    volatile=("LastCrawl", "CrawlElapsedTime", "State"),
    joins=(tags_in_bulk("glue:crawler", "{native_id}"),),
    relations=(uses_role("Role"),),
)

EMR_CLUSTER = ResourceType(
    native_type="AWS::EMR::Cluster",
    type="analytics.cluster",
    native_id="{ClusterArn}",
    arn="arn:{partition}:elasticmapreduce:{region}:{account}:cluster/{Id}",
    name=("Name", "Id"),
    # A finished cluster stays listed for two months; it is gone all the same.
    listing=Listing(
        operation="ListClusters",
        items="Clusters[]",
        arguments={"ClusterStates": ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]},
    ),
    describe=Describe(operation="DescribeCluster", ids="Id", parameter="ClusterId", items="Cluster"),
    select=lambda item: not str((item.get("Status") or {}).get("State")).startswith("TERMINATED"),
    status="Status.State",
    created="Status.Timeline.CreationDateTime",
    aliases=("{Id}",),
    volatile=("NormalizedInstanceHours",),
    relations=(
        in_subnet("Ec2InstanceAttributes.Ec2SubnetId"),
        secured_by("Ec2InstanceAttributes.EmrManagedMasterSecurityGroup"),
        secured_by("Ec2InstanceAttributes.EmrManagedSlaveSecurityGroup"),
        uses_role("ServiceRole"),
    ),
    redact=("Configurations[].Properties.*",),
)

ENDPOINT = ResourceType(
    native_type="AWS::SageMaker::Endpoint",
    type="analytics.endpoint",
    native_id="{EndpointArn}",
    arn="arn:{partition}:sagemaker:{region}:{account}:endpoint/{EndpointName}",
    name=("EndpointName",),
    listing=Listing(operation="ListEndpoints", items="Endpoints[]", page_size=100),
    describe=Describe(operation="DescribeEndpoint", ids="EndpointName", parameter="EndpointName", items=""),
    status="EndpointStatus",
    created="CreationTime",
    joins=(tags_in_bulk("sagemaker:endpoint", "{EndpointArn}"),),
)

NOTEBOOK = ResourceType(
    native_type="AWS::SageMaker::NotebookInstance",
    type="analytics.workspace",
    native_id="{NotebookInstanceArn}",
    arn="arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{NotebookInstanceName}",
    name=("NotebookInstanceName",),
    listing=Listing(operation="ListNotebookInstances", items="NotebookInstances[]", page_size=100),
    describe=Describe(
        operation="DescribeNotebookInstance",
        ids="NotebookInstanceName",
        parameter="NotebookInstanceName",
        items="",
    ),
    status="NotebookInstanceStatus",
    created="CreationTime",
    joins=(tags_in_bulk("sagemaker:notebook-instance", "{NotebookInstanceArn}"),),
    relations=(
        in_subnet("SubnetId"),
        secured_by("SecurityGroups[]"),
        uses_role("RoleArn"),
        encrypted_with("KmsKeyId"),
        Relation(
            kind="uses",
            path="NetworkInterfaceId",
            target="arn:{partition}:ec2:{region}:{account}:network-interface/{value}",
        ),
    ),
    redact=("Url",),
)

MODEL = ResourceType(
    native_type="AWS::SageMaker::Model",
    type="analytics.model",
    native_id="{ModelArn}",
    arn="arn:{partition}:sagemaker:{region}:{account}:model/{ModelName}",
    name=("ModelName",),
    listing=Listing(operation="ListModels", items="Models[]", page_size=100),
    describe=Describe(operation="DescribeModel", ids="ModelName", parameter="ModelName", items=""),
    created="CreationTime",
    joins=(tags_in_bulk("sagemaker:model", "{ModelArn}"),),
    relations=(
        uses_role("ExecutionRoleArn"),
        in_subnet("VpcConfig.Subnets[]"),
        secured_by("VpcConfig.SecurityGroupIds[]"),
    ),
    redact=("PrimaryContainer.Environment.*", "Containers[].Environment.*"),
)

MEMORY_DB, REDSHIFT, OPEN_SEARCH = (MEMORY_CLUSTER,), (WAREHOUSE,), (SEARCH_DOMAIN,)
DMS, ATHENA = (REPLICATION_INSTANCE, REPLICATION_TASK), (ATHENA_WORK_GROUP,)
GLUE, EMR, SAGE_MAKER = (GLUE_DATABASE, GLUE_JOB, GLUE_CRAWLER), (EMR_CLUSTER,), (ENDPOINT, NOTEBOOK, MODEL)
