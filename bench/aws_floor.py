"""A bare lister of AWS: 32 threads of boto3 and a table of calls, which nothing of the product has a part in.

The calls are the fewest that tell what the sync keeps: each listing once a region, each item's own settings where the
vendor has no bulk call for them, tags by one listing a region. No call is made twice, and answers are only counted.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import jmespath  # type: ignore[import-untyped]

THREADS = 32
HOME = "us-east-1"

# Service, call, where the things are ("-": it tells a property, not things), page size (0: the vendor's), arguments.
_GLOBAL = """
iam get_account_authorization_details [UserDetailList,GroupDetailList,RoleDetailList,Policies][][] 1000 {"Filter":["User","Group","Role","LocalManagedPolicy"]}
iam list_saml_providers SAMLProviderList 0 {}
iam list_open_id_connect_providers OpenIDConnectProviderList 0 {}
iam list_server_certificates ServerCertificateMetadataList 1000 {}
iam get_account_summary - 0 {}
iam get_account_password_policy - 0 {}
iam list_account_aliases - 0 {}
iam generate_credential_report - 0 {}
iam get_credential_report - 0 {}
account get_alternate_contact - 0 {"AlternateContactType":"SECURITY"}
s3 list_buckets Buckets 1000 {}
route53 list_hosted_zones HostedZones 100 {}
route53 list_health_checks HealthChecks 1000 {}
cloudfront list_distributions DistributionList.Items 0 {}
organizations describe_organization [Organization] 0 {}
"""  # noqa: E501
_REGIONAL = """
resourcegroupstaggingapi get_resources - 100 {}
ec2 describe_instances Reservations[].Instances[] 1000 {}
ec2 describe_volumes Volumes 1000 {}
ec2 describe_snapshots Snapshots 1000 {"OwnerIds":["self"]}
ec2 describe_snapshots - 1000 {"OwnerIds":["self"],"RestorableByUserIds":["all"]}
ec2 describe_images Images 0 {"Owners":["self"]}
ec2 describe_key_pairs KeyPairs 0 {}
ec2 describe_launch_templates LaunchTemplates 0 {}
ec2 describe_vpcs Vpcs 1000 {}
ec2 describe_subnets Subnets 1000 {}
ec2 describe_route_tables RouteTables 100 {}
ec2 describe_internet_gateways InternetGateways 1000 {}
ec2 describe_nat_gateways NatGateways 1000 {}
ec2 describe_security_groups SecurityGroups 1000 {}
ec2 describe_network_acls NetworkAcls 1000 {}
ec2 describe_vpc_endpoints VpcEndpoints 1000 {}
ec2 describe_flow_logs FlowLogs 1000 {}
ec2 describe_addresses Addresses 0 {}
ec2 describe_network_interfaces NetworkInterfaces 1000 {}
ec2 describe_transit_gateways TransitGateways 1000 {}
ec2 describe_transit_gateway_attachments TransitGatewayAttachments 1000 {}
ec2 describe_transit_gateway_route_tables TransitGatewayRouteTables 1000 {}
ec2 describe_vpc_peering_connections VpcPeeringConnections 1000 {}
ec2 describe_vpn_connections VpnConnections 0 {}
ec2 describe_customer_gateways CustomerGateways 0 {}
ec2 describe_vpn_gateways VpnGateways 0 {}
ec2 describe_egress_only_internet_gateways EgressOnlyInternetGateways 255 {}
ec2 describe_managed_prefix_lists PrefixLists[?OwnerId!='AWS'] 100 {}
ec2 describe_vpc_endpoint_service_configurations ServiceConfigurations 1000 {}
ec2 describe_dhcp_options DhcpOptions 1000 {}
ec2 describe_carrier_gateways CarrierGateways 1000 {}
ec2 describe_spot_instance_requests SpotInstanceRequests 1000 {}
ec2 describe_spot_fleet_requests SpotFleetRequestConfigs 1000 {}
ec2 describe_fleets Fleets 1000 {}
ec2 describe_hosts Hosts 500 {}
ec2 get_ebs_encryption_by_default - 0 {}
elbv2 describe_load_balancers LoadBalancers 0 {}
elbv2 describe_target_groups TargetGroups 0 {}
elb describe_load_balancers LoadBalancerDescriptions 400 {}
autoscaling describe_auto_scaling_groups AutoScalingGroups 100 {}
autoscaling describe_launch_configurations LaunchConfigurations 100 {}
rds describe_db_instances DBInstances 100 {}
rds describe_db_clusters DBClusters 100 {}
rds describe_db_snapshots DBSnapshots 100 {}
rds describe_db_cluster_snapshots DBClusterSnapshots 100 {}
rds describe_db_subnet_groups DBSubnetGroups 100 {}
rds describe_db_parameter_groups DBParameterGroups 100 {}
rds describe_db_proxies DBProxies 100 {}
lambda list_functions Functions 0 {}
lambda list_layers Layers 50 {}
lambda list_event_source_mappings EventSourceMappings 0 {}
dynamodb list_tables TableNames 0 {}
sns list_topics Topics 0 {}
sns list_subscriptions Subscriptions 0 {}
sqs list_queues QueueUrls 1000 {}
kms list_keys Keys 1000 {}
kms list_aliases - 0 {}
secretsmanager list_secrets SecretList 100 {"IncludePlannedDeletion":false}
acm list_certificates CertificateSummaryList 1000 {}
cloudtrail describe_trails trailList 0 {"includeShadowTrails":false}
cloudwatch describe_alarms [MetricAlarms,CompositeAlarms][][] 100 {"AlarmTypes":["MetricAlarm","CompositeAlarm"]}
logs describe_log_groups logGroups 50 {}
logs describe_metric_filters metricFilters 50 {}
ecs list_clusters clusterArns 0 {}
eks list_clusters clusters 0 {}
ecr describe_repositories repositories 1000 {}
ecr get_registry_scanning_configuration - 0 {}
elasticache describe_cache_clusters CacheClusters 100 {"ShowCacheNodeInfo":true}
elasticache describe_replication_groups ReplicationGroups 100 {}
efs describe_file_systems FileSystems 100 {}
efs describe_access_points AccessPoints 100 {}
fsx describe_file_systems FileSystems 100 {}
backup list_backup_vaults BackupVaultList 1000 {}
backup list_backup_plans BackupPlansList 1000 {}
memorydb describe_clusters Clusters 100 {}
redshift describe_clusters Clusters 100 {}
opensearch list_domain_names DomainNames 0 {}
dms describe_replication_instances ReplicationInstances 100 {}
dms describe_replication_tasks ReplicationTasks 100 {"WithoutSettings":false}
athena list_work_groups WorkGroups 0 {"MaxResults":50}
glue get_databases DatabaseList 100 {}
glue get_jobs Jobs 200 {}
glue get_crawlers Crawlers 100 {}
emr list_clusters Clusters 0 {"ClusterStates":["STARTING","BOOTSTRAPPING","RUNNING","WAITING","TERMINATING"]}
sagemaker list_endpoints Endpoints 100 {}
sagemaker list_notebook_instances NotebookInstances 100 {}
sagemaker list_models Models 100 {}
kinesis list_streams StreamNames 0 {}
firehose list_delivery_streams DeliveryStreamNames 0 {"Limit":10000}
events list_event_buses EventBuses 0 {"Limit":100}
scheduler list_schedules Schedules 100 {}
stepfunctions list_state_machines stateMachines 1000 {}
mq list_brokers BrokerSummaries 100 {}
kafka list_clusters_v2 ClusterInfoList 100 {}
appsync list_graphql_apis graphqlApis 25 {}
apigateway get_rest_apis items 500 {}
apigatewayv2 get_apis Items 0 {}
wafv2 list_web_acls WebACLs 0 {"Scope":"REGIONAL"}
wafv2 list_ip_sets IPSets 0 {"Scope":"REGIONAL"}
network-firewall list_firewalls Firewalls 100 {}
ssm describe_parameters Parameters 50 {}
config describe_configuration_recorders ConfigurationRecorders 0 {}
config describe_config_rules ConfigRules 0 {}
guardduty list_detectors DetectorIds 0 {}
securityhub describe_hub [HubArn] 0 {}
cloudformation describe_stacks Stacks 0 {}
codebuild list_projects projects 0 {}
codepipeline list_pipelines pipelines 100 {}
batch describe_compute_environments computeEnvironments 100 {}
batch describe_job_queues jobQueues 100 {}
transfer list_servers Servers 1000 {}
cognito-idp list_user_pools UserPools 0 {"MaxResults":60}
workspaces describe_workspaces Workspaces 0 {}
ds describe_directories DirectoryDescriptions 0 {}
elasticbeanstalk describe_environments Environments 0 {"IncludeDeleted":false}
"""
# For each thing of a listing: the listing, the thing's name in it, the call, the parameter, more arguments.
_OF_EACH = """
s3 list_buckets Name get_bucket_location Bucket {}
s3 list_buckets Name get_public_access_block Bucket {}
s3 list_buckets Name get_bucket_policy Bucket {}
s3 list_buckets Name get_bucket_policy_status Bucket {}
s3 list_buckets Name get_bucket_acl Bucket {}
s3 list_buckets Name get_bucket_encryption Bucket {}
s3 list_buckets Name get_bucket_versioning Bucket {}
s3 list_buckets Name get_bucket_logging Bucket {}
s3 list_buckets Name get_bucket_lifecycle_configuration Bucket {}
s3 list_buckets Name get_bucket_tagging Bucket {}
lambda list_functions FunctionName get_policy FunctionName {}
lambda list_functions FunctionName list_function_url_configs FunctionName {}
dynamodb list_tables @ describe_table TableName {}
dynamodb list_tables @ describe_continuous_backups TableName {}
sns list_topics TopicArn get_topic_attributes TopicArn {}
sqs list_queues @ get_queue_attributes QueueUrl {"AttributeNames":["All"]}
kms list_keys KeyId describe_key KeyId {}
kms list_keys KeyId get_key_rotation_status KeyId {}
kms list_keys KeyId get_key_policy KeyId {"PolicyName":"default"}
ecr describe_repositories repositoryArn list_tags_for_resource resourceArn {}
ecr describe_repositories repositoryName get_repository_policy repositoryName {}
athena list_work_groups Name get_work_group WorkGroup {}
events list_event_buses Name list_rules EventBusName {}
"""


class Call(NamedTuple):
    """One call to make. `things` is where its answer has resources, if it has."""

    service: str
    region: str
    operation: str
    arguments: Mapping[str, Any]
    things: str = ""
    page_size: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for calls that would be told the same."""
        return self.service, self.region, self.operation, json.dumps(dict(self.arguments), sort_keys=True)


class Told(NamedTuple):
    """What came of a call: requests made, and things found."""

    requests: int
    things: Sequence[Any]


def list_all(url: str, regions: Sequence[str]) -> dict[str, int]:
    """Make every call; how many requests that took and how many resources there are."""
    clients = _Clients(url)
    made: set[tuple[str, ...]] = set()
    counts = {"calls": 0, "resources": 0}
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: dict[Future[Told], Call] = {}

        def submit(call: Call) -> None:
            if call.key not in made:
                made.add(call.key)
                waiting[pool.submit(_make, clients, call)] = call

        for call in _listings(regions):
            submit(call)
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                call, told = waiting.pop(future), future.result()
                counts["calls"] += told.requests
                counts["resources"] += len(told.things)
                for more in _of_each(call, told.things):
                    submit(more)
    return counts


class _Clients:
    """boto3's clients, made one at a time, for it cannot make two at once."""

    def __init__(self, url: str) -> None:
        import boto3
        from botocore.config import Config

        self._session, self._url = boto3.Session("a", "b"), url
        self._config = Config(max_pool_connections=THREADS, s3={"addressing_style": "path"})
        self._lock, self._made = threading.Lock(), dict[tuple[str, str], Any]()

    def get(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = self._session.client(  # type: ignore[call-overload]
                    service, region_name=region, endpoint_url=self._url, config=self._config
                )
            return self._made[service, region]


def _make(clients: _Clients, call: Call) -> Told:
    from botocore.exceptions import ClientError

    client = clients.get(call.service, call.region)
    requests, things = 0, list[Any]()
    try:
        if client.can_paginate(call.operation):
            paging = {"PageSize": call.page_size or None}
            pages = client.get_paginator(call.operation).paginate(**call.arguments, PaginationConfig=paging)
        else:
            pages = iter([getattr(client, call.operation)(**call.arguments)])
        for page in pages:
            requests += 1
            things.extend(jmespath.search(call.things, page) or () if call.things else ())
    except ClientError:
        requests += 1  # "not set" is an answer too
    return Told(requests, things)


def _listings(regions: Sequence[str]) -> Iterator[Call]:
    for table, places in ((_GLOBAL, (HOME,)), (_REGIONAL, regions)):
        for row in _rows(table):
            service, operation, things, page_size, arguments = row
            for region in places:
                where = "" if things == "-" else things
                yield Call(service, region, operation, json.loads(arguments), where, int(page_size))


def _of_each(call: Call, things: Sequence[Any]) -> Iterator[Call]:
    for service, listing, name, operation, parameter, arguments in _rows(_OF_EACH):
        if (service, listing) == (call.service, call.operation):
            for thing in things:
                given = {parameter: jmespath.search(name, thing), **json.loads(arguments)}
                found = "Rules" if operation == "list_rules" else ""
                yield Call(service, call.region, operation, given, found)


def _rows(table: str) -> Iterator[list[str]]:
    return (line.split() for line in table.splitlines() if line)
