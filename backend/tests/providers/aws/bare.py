"""What an AWS holds, read with bare boto3 by a table of its own: nothing here knows the catalogue or its engine."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath  # type: ignore[import-untyped]

Client = Callable[[str], Any]

# Type (without AWS::), client, call, where the items are, and the property that tells them apart.
_LISTED = """
IAM::User iam get_account_authorization_details UserDetailList Arn
IAM::Group iam get_account_authorization_details GroupDetailList Arn
IAM::Role iam get_account_authorization_details RoleDetailList Arn
IAM::SAMLProvider iam list_saml_providers SAMLProviderList Arn
IAM::OIDCProvider iam list_open_id_connect_providers OpenIDConnectProviderList Arn
IAM::ServerCertificate iam list_server_certificates ServerCertificateMetadataList Arn
S3::Bucket s3 list_buckets Buckets Name
Route53::HostedZone route53 list_hosted_zones HostedZones Id
Route53::HealthCheck route53 list_health_checks HealthChecks Id
CloudFront::Distribution cloudfront list_distributions DistributionList.Items Id
Organizations::Organization organizations describe_organization [Organization] Id
Organizations::Root organizations list_roots Roots Id
Organizations::Account organizations list_accounts Accounts Id
EC2::Instance ec2 describe_instances Reservations[].Instances[] InstanceId
EC2::Volume ec2 describe_volumes Volumes VolumeId
EC2::KeyPair ec2 describe_key_pairs KeyPairs KeyPairId
EC2::LaunchTemplate ec2 describe_launch_templates LaunchTemplates LaunchTemplateId
EC2::VPC ec2 describe_vpcs Vpcs VpcId
EC2::Subnet ec2 describe_subnets Subnets SubnetId
EC2::RouteTable ec2 describe_route_tables RouteTables RouteTableId
EC2::InternetGateway ec2 describe_internet_gateways InternetGateways InternetGatewayId
EC2::NatGateway ec2 describe_nat_gateways NatGateways NatGatewayId
EC2::SecurityGroup ec2 describe_security_groups SecurityGroups GroupId
EC2::NetworkAcl ec2 describe_network_acls NetworkAcls NetworkAclId
EC2::VPCEndpoint ec2 describe_vpc_endpoints VpcEndpoints VpcEndpointId
EC2::FlowLog ec2 describe_flow_logs FlowLogs FlowLogId
EC2::EIP ec2 describe_addresses Addresses AllocationId
EC2::NetworkInterface ec2 describe_network_interfaces NetworkInterfaces NetworkInterfaceId
EC2::TransitGateway ec2 describe_transit_gateways TransitGateways TransitGatewayId
EC2::TransitGatewayAttachment ec2 describe_transit_gateway_attachments TransitGatewayAttachments TransitGatewayAttachmentId
EC2::TransitGatewayRouteTable ec2 describe_transit_gateway_route_tables TransitGatewayRouteTables TransitGatewayRouteTableId
EC2::VPCPeeringConnection ec2 describe_vpc_peering_connections VpcPeeringConnections VpcPeeringConnectionId
EC2::VPNConnection ec2 describe_vpn_connections VpnConnections VpnConnectionId
EC2::CustomerGateway ec2 describe_customer_gateways CustomerGateways CustomerGatewayId
EC2::VPNGateway ec2 describe_vpn_gateways VpnGateways VpnGatewayId
EC2::EgressOnlyInternetGateway ec2 describe_egress_only_internet_gateways EgressOnlyInternetGateways EgressOnlyInternetGatewayId
EC2::VPCEndpointService ec2 describe_vpc_endpoint_service_configurations ServiceConfigurations ServiceId
EC2::DHCPOptions ec2 describe_dhcp_options DhcpOptions DhcpOptionsId
EC2::CarrierGateway ec2 describe_carrier_gateways CarrierGateways CarrierGatewayId
EC2::SpotInstanceRequest ec2 describe_spot_instance_requests SpotInstanceRequests SpotInstanceRequestId
EC2::SpotFleet ec2 describe_spot_fleet_requests SpotFleetRequestConfigs SpotFleetRequestId
EC2::EC2Fleet ec2 describe_fleets Fleets FleetId
EC2::Host ec2 describe_hosts Hosts HostId
ElasticLoadBalancingV2::LoadBalancer elbv2 describe_load_balancers LoadBalancers LoadBalancerArn
ElasticLoadBalancingV2::TargetGroup elbv2 describe_target_groups TargetGroups TargetGroupArn
ElasticLoadBalancing::LoadBalancer elb describe_load_balancers LoadBalancerDescriptions LoadBalancerName
AutoScaling::AutoScalingGroup autoscaling describe_auto_scaling_groups AutoScalingGroups AutoScalingGroupARN
AutoScaling::LaunchConfiguration autoscaling describe_launch_configurations LaunchConfigurations LaunchConfigurationARN
RDS::DBInstance rds describe_db_instances DBInstances DBInstanceArn
RDS::DBCluster rds describe_db_clusters DBClusters DBClusterArn
RDS::DBSnapshot rds describe_db_snapshots DBSnapshots DBSnapshotArn
RDS::DBClusterSnapshot rds describe_db_cluster_snapshots DBClusterSnapshots DBClusterSnapshotArn
RDS::DBSubnetGroup rds describe_db_subnet_groups DBSubnetGroups DBSubnetGroupArn
RDS::DBParameterGroup rds describe_db_parameter_groups DBParameterGroups DBParameterGroupArn
RDS::DBProxy rds describe_db_proxies DBProxies DBProxyArn
Lambda::Function lambda list_functions Functions FunctionArn
Lambda::LayerVersion lambda list_layers Layers LayerArn
Lambda::EventSourceMapping lambda list_event_source_mappings EventSourceMappings UUID
SNS::Topic sns list_topics Topics TopicArn
SNS::Subscription sns list_subscriptions Subscriptions SubscriptionArn
SecretsManager::Secret secretsmanager list_secrets SecretList ARN
CloudTrail::Trail cloudtrail describe_trails trailList TrailARN
CloudWatch::Alarm cloudwatch describe_alarms MetricAlarms AlarmArn
Logs::LogGroup logs describe_log_groups logGroups logGroupName
Logs::MetricFilter logs describe_metric_filters metricFilters filterName
ECR::Repository ecr describe_repositories repositories repositoryArn
ElastiCache::ReplicationGroup elasticache describe_replication_groups ReplicationGroups ReplicationGroupId
EFS::FileSystem efs describe_file_systems FileSystems FileSystemId
EFS::AccessPoint efs describe_access_points AccessPoints AccessPointId
FSx::FileSystem fsx describe_file_systems FileSystems FileSystemId
Backup::BackupVault backup list_backup_vaults BackupVaultList BackupVaultArn
Backup::BackupPlan backup list_backup_plans BackupPlansList BackupPlanArn
MemoryDB::Cluster memorydb describe_clusters Clusters ARN
Redshift::Cluster redshift describe_clusters Clusters ClusterIdentifier
DMS::ReplicationInstance dms describe_replication_instances ReplicationInstances ReplicationInstanceArn
DMS::ReplicationTask dms describe_replication_tasks ReplicationTasks ReplicationTaskArn
Glue::Database glue get_databases DatabaseList Name
Glue::Job glue get_jobs Jobs Name
Glue::Crawler glue get_crawlers Crawlers Name
Events::EventBus events list_event_buses EventBuses Arn
Scheduler::Schedule scheduler list_schedules Schedules Arn
MSK::Cluster kafka list_clusters_v2 ClusterInfoList ClusterArn
AppSync::GraphQLApi appsync list_graphql_apis graphqlApis apiId
ApiGateway::RestApi apigateway get_rest_apis items id
ApiGatewayV2::Api apigatewayv2 get_apis Items ApiId
Config::ConfigurationRecorder config describe_configuration_recorders ConfigurationRecorders name
Config::ConfigRule config describe_config_rules ConfigRules ConfigRuleArn
SecurityHub::Hub securityhub describe_hub [@] HubArn
SSM::Parameter ssm describe_parameters Parameters Name
CloudFormation::Stack cloudformation describe_stacks Stacks StackId
Batch::ComputeEnvironment batch describe_compute_environments computeEnvironments computeEnvironmentArn
Batch::JobQueue batch describe_job_queues jobQueues jobQueueArn
WorkSpaces::Workspace workspaces describe_workspaces Workspaces WorkspaceId
DirectoryService::Directory ds describe_directories DirectoryDescriptions DirectoryId
ElasticBeanstalk::Environment elasticbeanstalk describe_environments Environments EnvironmentArn
"""  # noqa: E501
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "ElastiCache::CacheCluster": {"ShowCacheNodeInfo": True},
    "EC2::Snapshot": {"OwnerIds": ["self"]},
    "EC2::Image": {"Owners": ["self"]},
    "IAM::Policy": {"Scope": "Local"},
    "Organizations::Policy": {"Filter": "SERVICE_CONTROL_POLICY"},
    "WAFv2::WebACL": {"Scope": "REGIONAL"},
    "WAFv2::IPSet": {"Scope": "REGIONAL"},
    "EC2::PrefixList": {"Filters": [{"Name": "owner-id", "Values": ["123456789012"]}]},
    "SQS::Queue": {"AttributeNames": ["All"]},
    "ECS::Cluster": {"include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]},
    "ECS::Service": {"include": ["TAGS"]},
    "ECS::TaskDefinition": {"include": ["TAGS"]},
}
_TO_LIST: Mapping[str, Mapping[str, Any]] = {"Cognito::UserPool": {"MaxResults": 60}}  # of ids, that are described
_NARROWED = """
ElastiCache::CacheCluster elasticache describe_cache_clusters CacheClusters CacheClusterId
EC2::Snapshot ec2 describe_snapshots Snapshots SnapshotId
EC2::Image ec2 describe_images Images ImageId
EC2::PrefixList ec2 describe_managed_prefix_lists PrefixLists PrefixListId
IAM::Policy iam list_policies Policies Arn
Organizations::Policy organizations list_policies Policies[?!AwsManaged] Id
WAFv2::WebACL wafv2 list_web_acls WebACLs ARN
WAFv2::IPSet wafv2 list_ip_sets IPSets ARN
"""
# Type, client, the call that gives ids and where they are, the call for one, its parameter, where the whole is, key.
_DESCRIBED = """
DynamoDB::Table dynamodb list_tables TableNames describe_table TableName Table TableName
SQS::Queue sqs list_queues QueueUrls get_queue_attributes QueueUrl Attributes QueueArn
KMS::Key kms list_keys Keys[].KeyId describe_key KeyId KeyMetadata KeyId
CertificateManager::Certificate acm list_certificates CertificateSummaryList[].CertificateArn describe_certificate CertificateArn Certificate CertificateArn
ECS::Cluster ecs list_clusters clusterArns describe_clusters clusters[] clusters[0] clusterArn
EKS::Cluster eks list_clusters clusters describe_cluster name cluster name
OpenSearchService::Domain opensearch list_domain_names DomainNames[].DomainName describe_domain DomainName DomainStatus ARN
Athena::WorkGroup athena list_work_groups WorkGroups[].Name get_work_group WorkGroup WorkGroup Name
EMR::Cluster emr list_clusters Clusters[].Id describe_cluster ClusterId Cluster Id
SageMaker::Endpoint sagemaker list_endpoints Endpoints[].EndpointName describe_endpoint EndpointName @ EndpointArn
SageMaker::NotebookInstance sagemaker list_notebook_instances NotebookInstances[].NotebookInstanceName describe_notebook_instance NotebookInstanceName @ NotebookInstanceArn
SageMaker::Model sagemaker list_models Models[].ModelName describe_model ModelName @ ModelArn
Kinesis::Stream kinesis list_streams StreamNames describe_stream_summary StreamName StreamDescriptionSummary StreamName
KinesisFirehose::DeliveryStream firehose list_delivery_streams DeliveryStreamNames describe_delivery_stream DeliveryStreamName DeliveryStreamDescription DeliveryStreamName
StepFunctions::StateMachine stepfunctions list_state_machines stateMachines[].stateMachineArn describe_state_machine stateMachineArn @ name
AmazonMQ::Broker mq list_brokers BrokerSummaries[].BrokerId describe_broker BrokerId @ BrokerId
GuardDuty::Detector guardduty list_detectors DetectorIds get_detector DetectorId @ DetectorId
NetworkFirewall::Firewall network-firewall list_firewalls Firewalls[].FirewallArn describe_firewall FirewallArn Firewall FirewallArn
CodeBuild::Project codebuild list_projects projects batch_get_projects names[] projects[0] name
CodePipeline::Pipeline codepipeline list_pipelines pipelines[].name get_pipeline name pipeline name
Transfer::Server transfer list_servers Servers[].ServerId describe_server ServerId Server ServerId
Cognito::UserPool cognito-idp list_user_pools UserPools[].Id describe_user_pool UserPoolId UserPool Id
"""  # noqa: E501
# Type, parent type, the parent's property, client, call, parameter, items, key.
_BELOW = """
Route53::RecordSet Route53::HostedZone Id route53 list_resource_record_sets HostedZoneId ResourceRecordSets Name+Type
Organizations::OrganizationalUnit Organizations::Root Id organizations list_organizational_units_for_parent ParentId OrganizationalUnits Id
ElasticLoadBalancingV2::Listener ElasticLoadBalancingV2::LoadBalancer LoadBalancerArn elbv2 describe_listeners LoadBalancerArn Listeners ListenerArn
ElasticLoadBalancingV2::ListenerRule ElasticLoadBalancingV2::Listener ListenerArn elbv2 describe_rules ListenerArn Rules RuleArn
EFS::MountTarget EFS::FileSystem FileSystemId efs describe_mount_targets FileSystemId MountTargets MountTargetId
Events::Rule Events::EventBus Name events list_rules EventBusName Rules Arn
ApiGateway::Stage ApiGateway::RestApi id apigateway get_stages restApiId item stageName
ApiGatewayV2::Stage ApiGatewayV2::Api ApiId apigatewayv2 get_stages ApiId Items StageName
"""  # noqa: E501
# Children of a cluster: ids by one call, the whole by another, both of which want the cluster.
_OF_CLUSTERS = """
ECS::Service ECS::Cluster clusterArn cluster ecs list_services serviceArns describe_services services[] services[0] serviceArn
EKS::Nodegroup EKS::Cluster name clusterName eks list_nodegroups nodegroups describe_nodegroup nodegroupName nodegroup nodegroupArn
EKS::FargateProfile EKS::Cluster name clusterName eks list_fargate_profiles fargateProfileNames describe_fargate_profile fargateProfileName fargateProfile fargateProfileArn
"""  # noqa: E501


@dataclass
class Held:
    """The items of one type and the properties that together tell them apart."""

    key: tuple[str, ...]
    items: list[Mapping[str, Any]] = field(default_factory=list)


def read_all(client: Client) -> dict[str, Held]:
    """Native type → what is there, as boto3 says it."""
    found: dict[str, Held] = {}
    for name, service, operation, items, key in _rows(_LISTED + _NARROWED):
        pages = _pages(client(service), operation, dict(_ARGUMENTS.get(name, {})))
        found[f"AWS::{name}"] = Held((key,), [one for page in pages for one in jmespath.search(items, page) or ()])
    for name, service, operation, ids, describe, parameter, whole, key in _rows(_DESCRIBED):
        held = found[f"AWS::{name}"] = Held((key,))
        pages = _pages(client(service), operation, dict(_TO_LIST.get(name, {})))
        for one in [i for page in pages for i in jmespath.search(ids, page) or ()]:
            held.items.append(_describe(client(service), describe, parameter, one, whole, _ARGUMENTS.get(name, {})))
    for name, parent, path, service, operation, parameter, items, key in _rows(_BELOW):
        held = found[f"AWS::{name}"] = Held(tuple(key.split("+")))
        waiting = [one[path] for one in found[f"AWS::{parent}"].items]
        while waiting:
            pages = _pages(client(service), operation, {parameter: waiting.pop()})
            below = [one for page in pages for one in jmespath.search(items, page) or ()]
            held.items.extend(below)
            waiting.extend(one["Id"] for one in below if name == "Organizations::OrganizationalUnit")
    for name, parent, path, cluster, service, operation, ids, describe, parameter, whole, key in _rows(_OF_CLUSTERS):
        held = found[f"AWS::{name}"] = Held((key,))
        for above in found[f"AWS::{parent}"].items:
            where = {cluster: above[path]}
            for one in [i for page in _pages(client(service), operation, where) for i in jmespath.search(ids, page)]:
                more = {**where, **_ARGUMENTS.get(name, {})}
                held.items.append(_describe(client(service), describe, parameter, one, whole, more))
    used = {one["taskDefinition"] for one in found["AWS::ECS::Service"].items}
    found["AWS::ECS::TaskDefinition"] = Held(
        ("taskDefinitionArn",),
        [client("ecs").describe_task_definition(taskDefinition=one)["taskDefinition"] for one in sorted(used)],
    )
    return found


def _rows(table: str) -> Iterator[list[str]]:
    return (line.split() for line in table.splitlines() if line)


def _pages(client: Any, operation: str, arguments: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**arguments)
    else:
        pages = [getattr(client, operation)(**arguments)]
    for page in pages:
        yield {name: value for name, value in page.items() if name != "ResponseMetadata"}


def _describe(
    client: Any, operation: str, parameter: str, one: str, whole: str, more: Mapping[str, Any]
) -> Mapping[str, Any]:
    value: Any = [one] if parameter.endswith("[]") else one
    answer = getattr(client, operation)(**{parameter.removesuffix("[]"): value}, **more)
    answer.pop("ResponseMetadata")
    found: Mapping[str, Any] = jmespath.search(whole, answer)
    return {parameter: one, **found} if operation == "get_detector" else found
