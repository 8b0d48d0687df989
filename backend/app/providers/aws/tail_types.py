"""CloudFormation's names for what ARNs name otherwise, as far as the tail needs them."""

from collections.abc import Mapping
from types import MappingProxyType

from app.providers.aws.arns import Arn

_TABLE = """
acm-pca certificate-authority AWS::ACMPCA::CertificateAuthority
amplify apps AWS::Amplify::App
appconfig application AWS::AppConfig::Application
appmesh mesh AWS::AppMesh::Mesh
appflow flow AWS::AppFlow::Flow
apprunner connection AWS::AppRunner::Connection
apprunner vpcconnector AWS::AppRunner::VpcConnector
athena datacatalog AWS::Athena::DataCatalog
auditmanager assessment AWS::AuditManager::Assessment
backup recovery-point AWS::Backup::RecoveryPoint
batch job-definition AWS::Batch::JobDefinition
bedrock agent AWS::Bedrock::Agent
bedrock guardrail AWS::Bedrock::Guardrail
bedrock knowledge-base AWS::Bedrock::KnowledgeBase
cassandra keyspace AWS::Cassandra::Keyspace
chatbot chat-configuration AWS::Chatbot::SlackChannelConfiguration
cloud9 environment AWS::Cloud9::EnvironmentEC2
cloudformation stackset AWS::CloudFormation::StackSet
cloudfront function AWS::CloudFront::Function
cloudfront origin-access-identity AWS::CloudFront::CloudFrontOriginAccessIdentity
cloudfront cache-policy AWS::CloudFront::CachePolicy
cloudtrail eventdatastore AWS::CloudTrail::EventDataStore
cloudwatch dashboard AWS::CloudWatch::Dashboard
cloudwatch metric-stream AWS::CloudWatch::MetricStream
codeartifact domain AWS::CodeArtifact::Domain
codeartifact repository AWS::CodeArtifact::Repository
codecommit * AWS::CodeCommit::Repository
codedeploy application AWS::CodeDeploy::Application
codestar-connections connection AWS::CodeStarConnections::Connection
codeconnections connection AWS::CodeConnections::Connection
cognito-identity identitypool AWS::Cognito::IdentityPool
config config-aggregator AWS::Config::ConfigurationAggregator
config conformance-pack AWS::Config::ConformancePack
connect instance AWS::Connect::Instance
databrew project AWS::DataBrew::Project
datapipeline pipeline AWS::DataPipeline::Pipeline
datasync agent AWS::DataSync::Agent
datasync location AWS::DataSync::LocationS3
datasync task AWS::DataSync::Task
dax cache AWS::DAX::Cluster
detective graph AWS::Detective::Graph
devicefarm project AWS::DeviceFarm::Project
directconnect dxcon AWS::DirectConnect::Connection
directconnect dxvif AWS::DirectConnect::PrivateVirtualInterface
dlm policy AWS::DLM::LifecyclePolicy
dms endpoint AWS::DMS::Endpoint
dms subgrp AWS::DMS::ReplicationSubnetGroup
dms es AWS::DMS::EventSubscription
dynamodb globaltable AWS::DynamoDB::GlobalTable
ec2 client-vpn-endpoint AWS::EC2::ClientVpnEndpoint
ec2 ipam AWS::EC2::IPAM
ec2 ipam-pool AWS::EC2::IPAMPool
ec2 ipam-scope AWS::EC2::IPAMScope
ec2 instance-connect-endpoint AWS::EC2::InstanceConnectEndpoint
ec2 local-gateway-route-table AWS::EC2::LocalGatewayRouteTable
ec2 network-insights-path AWS::EC2::NetworkInsightsPath
ec2 network-insights-analysis AWS::EC2::NetworkInsightsAnalysis
ec2 placement-group AWS::EC2::PlacementGroup
ec2 security-group-rule AWS::EC2::SecurityGroupIngress
ec2 subnet-cidr-reservation AWS::EC2::SubnetCidrBlock
ec2 traffic-mirror-filter AWS::EC2::TrafficMirrorFilter
ec2 traffic-mirror-session AWS::EC2::TrafficMirrorSession
ec2 traffic-mirror-target AWS::EC2::TrafficMirrorTarget
ec2 transit-gateway-connect-peer AWS::EC2::TransitGatewayConnectPeer
ec2 transit-gateway-multicast-domain AWS::EC2::TransitGatewayMulticastDomain
ec2 verified-access-endpoint AWS::EC2::VerifiedAccessEndpoint
ec2 verified-access-group AWS::EC2::VerifiedAccessGroup
ec2 verified-access-instance AWS::EC2::VerifiedAccessInstance
ecr-public repository AWS::ECR::PublicRepository
ecs capacity-provider AWS::ECS::CapacityProvider
ecs task-set AWS::ECS::TaskSet
eks addon AWS::EKS::Addon
eks access-entry AWS::EKS::AccessEntry
eks identityproviderconfig AWS::EKS::IdentityProviderConfig
eks podidentityassociation AWS::EKS::PodIdentityAssociation
elasticache parametergroup AWS::ElastiCache::ParameterGroup
elasticache serverlesscache AWS::ElastiCache::ServerlessCache
elasticache subnetgroup AWS::ElastiCache::SubnetGroup
elasticache user AWS::ElastiCache::User
elasticache usergroup AWS::ElastiCache::UserGroup
elasticbeanstalk application AWS::ElasticBeanstalk::Application
elasticbeanstalk applicationversion AWS::ElasticBeanstalk::ApplicationVersion
elasticloadbalancing truststore AWS::ElasticLoadBalancingV2::TrustStore
elasticmapreduce studio AWS::EMR::Studio
emr-containers virtualclusters AWS::EMRContainers::VirtualCluster
emr-serverless applications AWS::EMRServerless::Application
events api-destination AWS::Events::ApiDestination
events archive AWS::Events::Archive
events connection AWS::Events::Connection
evidently project AWS::Evidently::Project
finspace environment AWS::FinSpace::Environment
fis experiment-template AWS::FIS::ExperimentTemplate
fsx backup AWS::FSx::Backup
fsx storage-virtual-machine AWS::FSx::StorageVirtualMachine
fsx volume AWS::FSx::Volume
gamelift fleet AWS::GameLift::Fleet
geo map AWS::Location::Map
globalaccelerator accelerator AWS::GlobalAccelerator::Accelerator
glue connection AWS::Glue::Connection
glue registry AWS::Glue::Registry
glue schema AWS::Glue::Schema
glue trigger AWS::Glue::Trigger
glue workflow AWS::Glue::Workflow
grafana workspaces AWS::Grafana::Workspace
greengrass components AWS::GreengrassV2::ComponentVersion
guardduty filter AWS::GuardDuty::Filter
iam instance-profile AWS::IAM::InstanceProfile
iam mfa AWS::IAM::VirtualMFADevice
imagebuilder component AWS::ImageBuilder::Component
imagebuilder image-pipeline AWS::ImageBuilder::ImagePipeline
imagebuilder image-recipe AWS::ImageBuilder::ImageRecipe
iot policy AWS::IoT::Policy
iot rule AWS::IoT::TopicRule
iot thing AWS::IoT::Thing
iot thinggroup AWS::IoT::ThingGroup
iotanalytics channel AWS::IoTAnalytics::Channel
iotevents detectormodel AWS::IoTEvents::DetectorModel
iotsitewise asset AWS::IoTSiteWise::Asset
ivs channel AWS::IVS::Channel
kafkaconnect connector AWS::KafkaConnect::Connector
kendra index AWS::Kendra::Index
kinesisanalytics application AWS::KinesisAnalyticsV2::Application
kinesisvideo stream AWS::KinesisVideo::Stream
kms alias AWS::KMS::Alias
lakeformation resource AWS::LakeFormation::Resource
lambda code-signing-config AWS::Lambda::CodeSigningConfig
lex bot AWS::Lex::Bot
lightsail Bucket AWS::Lightsail::Bucket
lightsail Certificate AWS::Lightsail::Certificate
lightsail ContainerService AWS::Lightsail::Container
lightsail Disk AWS::Lightsail::Disk
lightsail LoadBalancer AWS::Lightsail::LoadBalancer
lightsail RelationalDatabase AWS::Lightsail::Database
lightsail StaticIp AWS::Lightsail::StaticIp
logs destination AWS::Logs::Destination
lookoutmetrics AnomalyDetector AWS::LookoutMetrics::AnomalyDetector
macie2 custom-data-identifier AWS::Macie::CustomDataIdentifier
airflow environment AWS::MWAA::Environment
mediaconnect flow AWS::MediaConnect::Flow
medialive channel AWS::MediaLive::Channel
mediapackage channels AWS::MediaPackage::Channel
mediastore container AWS::MediaStore::Container
memorydb acl AWS::MemoryDB::ACL
memorydb parametergroup AWS::MemoryDB::ParameterGroup
memorydb subnetgroup AWS::MemoryDB::SubnetGroup
memorydb user AWS::MemoryDB::User
mobiletargeting apps AWS::Pinpoint::App
mq configuration AWS::AmazonMQ::Configuration
network-firewall firewall-policy AWS::NetworkFirewall::FirewallPolicy
network-firewall stateful-rulegroup AWS::NetworkFirewall::RuleGroup
network-firewall stateless-rulegroup AWS::NetworkFirewall::RuleGroup
networkmanager core-network AWS::NetworkManager::CoreNetwork
networkmanager device AWS::NetworkManager::Device
networkmanager global-network AWS::NetworkManager::GlobalNetwork
networkmanager site AWS::NetworkManager::Site
oam link AWS::Oam::Link
oam sink AWS::Oam::Sink
aoss collection AWS::OpenSearchServerless::Collection
osis pipeline AWS::OSIS::Pipeline
pipes pipe AWS::Pipes::Pipe
profile domains AWS::CustomerProfiles::Domain
aps workspace AWS::APS::Workspace
qldb ledger AWS::QLDB::Ledger
quicksight analysis AWS::QuickSight::Analysis
quicksight dashboard AWS::QuickSight::Dashboard
quicksight dataset AWS::QuickSight::DataSet
quicksight datasource AWS::QuickSight::DataSource
ram resource-share AWS::RAM::ResourceShare
rds cluster-pg AWS::RDS::DBClusterParameterGroup
rds es AWS::RDS::EventSubscription
rds global-cluster AWS::RDS::GlobalCluster
rds og AWS::RDS::OptionGroup
redshift parametergroup AWS::Redshift::ClusterParameterGroup
redshift subnetgroup AWS::Redshift::ClusterSubnetGroup
redshift-serverless namespace AWS::RedshiftServerless::Namespace
redshift-serverless workgroup AWS::RedshiftServerless::Workgroup
refactor-spaces environment AWS::RefactorSpaces::Environment
resiliencehub app AWS::ResilienceHub::App
resource-explorer-2 index AWS::ResourceExplorer2::Index
resource-explorer-2 view AWS::ResourceExplorer2::View
resource-groups group AWS::ResourceGroups::Group
robomaker robot AWS::RoboMaker::Robot
rolesanywhere profile AWS::RolesAnywhere::Profile
rolesanywhere trust-anchor AWS::RolesAnywhere::TrustAnchor
route53-recovery-control cluster AWS::Route53RecoveryControl::Cluster
route53domains * AWS::Route53Domains::Domain
route53resolver firewall-rule-group AWS::Route53Resolver::FirewallRuleGroup
route53resolver resolver-endpoint AWS::Route53Resolver::ResolverEndpoint
route53resolver resolver-query-log-config AWS::Route53Resolver::ResolverQueryLoggingConfig
route53resolver resolver-rule AWS::Route53Resolver::ResolverRule
rum appmonitor AWS::RUM::AppMonitor
s3 accesspoint AWS::S3::AccessPoint
s3 storage-lens AWS::S3::StorageLens
s3express bucket AWS::S3Express::DirectoryBucket
s3-outposts outpost AWS::S3Outposts::Bucket
sagemaker app AWS::SageMaker::App
sagemaker code-repository AWS::SageMaker::CodeRepository
sagemaker domain AWS::SageMaker::Domain
sagemaker endpoint-config AWS::SageMaker::EndpointConfig
sagemaker feature-group AWS::SageMaker::FeatureGroup
sagemaker image AWS::SageMaker::Image
sagemaker model-package-group AWS::SageMaker::ModelPackageGroup
sagemaker pipeline AWS::SageMaker::Pipeline
sagemaker project AWS::SageMaker::Project
sagemaker training-job AWS::SageMaker::TrainingJob
sagemaker user-profile AWS::SageMaker::UserProfile
scheduler schedule-group AWS::Scheduler::ScheduleGroup
schemas registry AWS::EventSchemas::Registry
servicecatalog portfolio AWS::ServiceCatalog::Portfolio
servicecatalog product AWS::ServiceCatalog::CloudFormationProduct
servicediscovery namespace AWS::ServiceDiscovery::PrivateDnsNamespace
servicediscovery service AWS::ServiceDiscovery::Service
ses configuration-set AWS::SES::ConfigurationSet
ses identity AWS::SES::EmailIdentity
shield protection AWS::Shield::Protection
signer signing-profiles AWS::Signer::SigningProfile
ssm association AWS::SSM::Association
ssm document AWS::SSM::Document
ssm maintenancewindow AWS::SSM::MaintenanceWindow
ssm managed-instance AWS::SSM::ManagedInstance
ssm patchbaseline AWS::SSM::PatchBaseline
ssm-incidents response-plan AWS::SSMIncidents::ResponsePlan
sso instance AWS::SSO::Instance
sso permissionSet AWS::SSO::PermissionSet
states activity AWS::StepFunctions::Activity
storagegateway gateway AWS::StorageGateway::Gateway
storagegateway share AWS::StorageGateway::FileShare
synthetics canary AWS::Synthetics::Canary
timestream database AWS::Timestream::Database
transfer connector AWS::Transfer::Connector
transfer user AWS::Transfer::User
transfer workflow AWS::Transfer::Workflow
verifiedpermissions policy-store AWS::VerifiedPermissions::PolicyStore
vpc-lattice service AWS::VpcLattice::Service
vpc-lattice servicenetwork AWS::VpcLattice::ServiceNetwork
vpc-lattice targetgroup AWS::VpcLattice::TargetGroup
waf-regional webacl AWS::WAFRegional::WebACL
waf webacl AWS::WAF::WebACL
wafv2 global/ipset AWS::WAFv2::IPSet
wafv2 global/regexpatternset AWS::WAFv2::RegexPatternSet
wafv2 global/rulegroup AWS::WAFv2::RuleGroup
wafv2 global/webacl AWS::WAFv2::WebACL
wafv2 regional/regexpatternset AWS::WAFv2::RegexPatternSet
wafv2 regional/rulegroup AWS::WAFv2::RuleGroup
wisdom assistant AWS::Wisdom::Assistant
workspaces directory AWS::WorkSpaces::Directory
workspaces-web portal AWS::WorkSpacesWeb::Portal
xray group AWS::XRay::Group
xray sampling-rule AWS::XRay::SamplingRule
"""

_BY_ARN: Mapping[tuple[str, str], str] = MappingProxyType(
    {(service, kind): name for service, kind, name in (line.split() for line in _TABLE.strip().splitlines())}
)
# One name for all that have none here: a type that nobody knows before it is seen could never be found to be gone.
OTHER = "AWS::Unmodelled::Other"
NATIVE_TYPES = frozenset(_BY_ARN.values()) | {OTHER}


def resource_type_of(arn: Arn) -> str:
    """In the words of the ARN, as Resource Explorer has them: `ec2:placement-group`."""
    kind, found, _ = arn.resource.replace(":", "/").lstrip("/").partition("/")
    return f"{arn.service}:{kind}" if found else arn.service


def native_type_of(arn: Arn) -> str:
    """CloudFormation's name, or the one for all others. The last word of an ARN is a name, the first ones a kind."""
    *kind, _ = arn.resource.replace(":", "/").lstrip("/").split("/")
    names = ("/".join(kind[:2]), kind[0] if kind else "", "*")
    return next((_BY_ARN[arn.service, name] for name in names if (arn.service, name) in _BY_ARN), OTHER)
