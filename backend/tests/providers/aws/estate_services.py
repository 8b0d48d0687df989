"""More of the estate: data, streams, builds, files and desktops."""

import io
import json
import zipfile

from tests.providers.aws import estate_edge as edge
from tests.providers.aws.estate import SECRET, TAG_MAP, TAGS, Estate

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "codepipeline.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def make_files(estate: Estate) -> None:
    """File systems with their doors, and backups."""
    efs = estate.client("efs")
    system = efs.describe_file_systems()["FileSystems"][0]["FileSystemId"]
    efs.create_mount_target(FileSystemId=system, SubnetId=estate.ids["subnet"])
    efs.create_access_point(ClientToken="a", FileSystemId=system, Tags=TAGS)
    estate.client("fsx").create_file_system(
        FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[estate.ids["subnet"]], Tags=TAGS
    )
    backup = estate.client("backup")
    backup.create_backup_vault(BackupVaultName="safe", BackupVaultTags=TAG_MAP)
    rule = {"RuleName": "daily", "TargetBackupVaultName": "safe"}
    backup.create_backup_plan(BackupPlan={"BackupPlanName": "daily", "Rules": [rule]}, BackupPlanTags=TAG_MAP)


def make_data(estate: Estate) -> None:
    """Warehouses, search, migration, catalogs, machine learning."""
    rds = estate.client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="tuned", DBParameterGroupFamily="postgres16", Description="d")
    rds.create_db_proxy(
        DBProxyName="pool", EngineFamily="POSTGRESQL", RoleArn=estate.ids["role"], Tags=TAGS,
        VpcSubnetIds=[estate.ids["subnet"], estate.ids["subnet2"]], Auth=[{"AuthScheme": "SECRETS"}],
    )  # fmt: skip
    estate.client("memorydb").create_cluster(ClusterName="mem", NodeType="db.t4g.small", ACLName="open-access")
    estate.client("redshift").create_cluster(
        ClusterIdentifier="lake", NodeType="ra3.xlplus", MasterUsername="admin", MasterUserPassword=SECRET, Tags=TAGS
    )
    estate.client("opensearch").create_domain(DomainName="logs", TagList=TAGS)
    dms = estate.client("dms")
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier="move", ReplicationInstanceClass="dms.t3.micro", Tags=TAGS
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    dms.create_replication_task(
        ReplicationTaskIdentifier="copy", SourceEndpointArn="arn:aws:dms:a:1:endpoint:a",
        TargetEndpointArn="arn:aws:dms:a:1:endpoint:b", ReplicationInstanceArn=instance,
        MigrationType="full-load", TableMappings="{}",
    )  # fmt: skip
    estate.client("athena").create_work_group(Name="reports", Tags=TAGS)
    glue = estate.client("glue")
    glue.create_database(DatabaseInput={"Name": "raw"})
    glue.create_job(
        Name="load", Role=estate.ids["role"], Command={"Name": "glueetl"}, DefaultArguments={"--password": SECRET}
    )
    glue.create_crawler(
        Name="crawl", Role=estate.ids["role"], DatabaseName="raw", Targets={"S3Targets": [{"Path": "s3://data"}]}
    )
    estate.client("emr").run_job_flow(
        Name="spark", JobFlowRole="jobs", ServiceRole="emr", ReleaseLabel="emr-7.0.0",
        Instances={
            "MasterInstanceType": "m5.large", "SlaveInstanceType": "m5.large", "InstanceCount": 1,
            "KeepJobFlowAliveWhenNoSteps": True, "Ec2SubnetId": estate.ids["subnet"],
        },
    )  # fmt: skip
    learn = estate.client("sagemaker")
    learn.create_model(
        ModelName="fraud", ExecutionRoleArn=estate.ids["role"], Tags=TAGS,
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/m", "Environment": {"KEY": SECRET}},
    )  # fmt: skip
    variant = {
        "VariantName": "a", "ModelName": "fraud", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium",
        "InitialVariantWeight": 1,
    }  # fmt: skip
    learn.create_endpoint_config(EndpointConfigName="fraud", ProductionVariants=[variant])
    learn.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud", Tags=TAGS)
    learn.create_notebook_instance(
        NotebookInstanceName="book", InstanceType="ml.t2.medium", RoleArn=estate.ids["role"],
        SubnetId=estate.ids["subnet"], SecurityGroupIds=[estate.ids["group"]], Tags=TAGS,
    )  # fmt: skip


def make_streams(estate: Estate) -> None:
    """Streams, rules, workflows, subscriptions, brokers."""
    kinesis = estate.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1, Tags=TAG_MAP)
    stream = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    estate.client("firehose").create_delivery_stream(
        DeliveryStreamName="to-s3", Tags=TAGS,
        ExtendedS3DestinationConfiguration={
            "RoleARN": estate.ids["role"], "BucketARN": f"arn:aws:s3:::data-{estate.region}"
        },
    )  # fmt: skip
    events = estate.client("events")
    events.create_event_bus(Name="shop", Tags=TAGS)
    pattern = json.dumps({"source": ["shop"]})
    for bus in ("default", "shop"):
        events.put_rule(Name="placed", EventPattern=pattern, State="ENABLED", EventBusName=bus)
        target = {"Id": "t", "Arn": estate.ids["topic"], "Input": json.dumps({"key": SECRET})}
        events.put_targets(Rule="placed", EventBusName=bus, Targets=[target])
    estate.client("scheduler").create_schedule(
        Name="nightly", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": estate.ids["topic"], "RoleArn": estate.ids["role"]},
    )  # fmt: skip
    definition = {"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}
    estate.client("stepfunctions").create_state_machine(
        name="refund", definition=json.dumps(definition), roleArn=estate.ids["role"],
        tags=[{"key": "team", "value": "payments"}],
    )  # fmt: skip
    functions = estate.client("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("l.py", "")
    functions.publish_layer_version(LayerName="common", Content={"ZipFile": code.getvalue()})
    functions.create_event_source_mapping(EventSourceArn=stream, FunctionName="resize", StartingPosition="LATEST")
    estate.client("sns").subscribe(TopicArn=estate.ids["topic"], Protocol="sqs", Endpoint=estate.ids["dead"])
    estate.client("mq").create_broker(
        BrokerName="bus", EngineType="ACTIVEMQ", EngineVersion="5.18", HostInstanceType="mq.t3.micro",
        DeploymentMode="SINGLE_INSTANCE", PubliclyAccessible=False, AutoMinorVersionUpgrade=True, Tags=TAG_MAP,
        Users=[{"Username": "admin", "Password": SECRET}],
    )  # fmt: skip
    estate.client("kafka").create_cluster_v2(
        ClusterName="log", Tags=TAG_MAP,
        Provisioned={
            "BrokerNodeGroupInfo": {"InstanceType": "kafka.m5.large", "ClientSubnets": [estate.ids["subnet"]]},
            "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": 1,
        },
    )  # fmt: skip
    estate.client("logs").put_metric_filter(
        logGroupName="/app/api", filterName="errors", filterPattern="ERROR",
        metricTransformations=[{"metricName": "errors", "metricNamespace": "app", "metricValue": "1"}],
    )  # fmt: skip
    estate.client("eks").create_fargate_profile(
        fargateProfileName="small", clusterName="k8s", podExecutionRoleArn=estate.ids["role"],
        selectors=[{"namespace": "default"}], subnets=[estate.ids["subnet"]],
    )  # fmt: skip


def make_builds(estate: Estate) -> None:
    """Stacks, builds, pipelines, batches and hosted things."""
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-stack"}}}}
    estate.client("cloudformation").create_stack(StackName="base", TemplateBody=json.dumps(template), Tags=TAGS)
    estate.client("codebuild").create_project(
        name="build", source={"type": "S3", "location": f"data-{estate.region}/x"}, artifacts={"type": "NO_ARTIFACTS"},
        serviceRole=estate.ids["role"],
        environment={
            "type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "DB_PASSWORD", "value": SECRET}],
        },
    )  # fmt: skip
    role = estate.client("iam").create_role(
        RoleName=f"pipeline-{estate.region}", AssumeRolePolicyDocument=json.dumps(_TRUST)
    )["Role"]["Arn"]
    kinds = {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}
    build = {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
    estate.client("codepipeline").create_pipeline(
        pipeline={
            "name": "ship", "roleArn": role, "artifactStore": {"type": "S3", "location": f"data-{estate.region}"},
            "stages": [
                {"name": "s", "actions": [{"name": "a", "actionTypeId": kinds, "outputArtifacts": [{"name": "o"}]}]},
                {"name": "b", "actions": [{"name": "b", "actionTypeId": build, "inputArtifacts": [{"name": "o"}]}]},
            ],
        }
    )  # fmt: skip
    batch = estate.client("batch")
    environment = batch.create_compute_environment(
        computeEnvironmentName="jobs", type="UNMANAGED", state="ENABLED", serviceRole=estate.ids["role"], tags=TAG_MAP
    )["computeEnvironmentArn"]
    batch.create_job_queue(
        jobQueueName="queue", state="ENABLED", priority=1, tags=TAG_MAP,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )  # fmt: skip
    estate.client("transfer").create_server(
        EndpointType="PUBLIC", IdentityProviderType="SERVICE_MANAGED", Protocols=["SFTP"], Tags=TAGS
    )
    estate.client("cognito-idp").create_user_pool(PoolName="people", UserPoolTags=TAG_MAP)
    directories = estate.client("ds")
    directory = directories.create_directory(
        Name="corp.example.com", Password=SECRET + "Aa1!", Size="Small", Tags=TAGS,
        VpcSettings={"VpcId": estate.ids["vpc"], "SubnetIds": [estate.ids["subnet"], estate.ids["subnet2"]]},
    )["DirectoryId"]  # fmt: skip
    desktops = estate.client("workspaces")
    desktops.register_workspace_directory(DirectoryId=directory)
    desktops.create_workspaces(
        Workspaces=[{"DirectoryId": directory, "UserName": "Administrator", "BundleId": "wsb-b0s22j3d7", "Tags": TAGS}]
    )
    beanstalk = estate.client("elasticbeanstalk")
    beanstalk.create_application(ApplicationName="old")
    beanstalk.create_environment(
        ApplicationName="old", EnvironmentName="old-prod", Tags=TAGS, SolutionStackName="64bit Amazon Linux 2 v3"
    )


def build_more(estate: Estate) -> None:
    """What `Estate.build` leaves out."""
    for make in (
        edge.make_identities, edge.make_organization, edge.make_gateways, edge.make_capacity, edge.make_names,
        edge.make_interfaces, edge.make_guards, make_files, make_data, make_streams, make_builds,
    ):  # fmt: skip
        make(estate)
