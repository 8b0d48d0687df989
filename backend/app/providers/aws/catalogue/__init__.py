"""Every AWS service that we read, with its types. One unit of collection is one service in one region."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from app.providers.aws.catalogue import (
    analytics,
    balancing,
    builders,
    capacity,
    containers,
    databases,
    ec2,
    edge,
    eventing,
    gateways,
    guards,
    iam,
    monitoring,
    organization,
    s3,
    security,
    serverless,
    storage,
    vpc,
)
from app.providers.aws.catalogue.model import Extra, ResourceType, Service

# Opening rates stay well below what the vendor publishes or is known to allow, so that the owner's own automation
# keeps its share; throttle.py lowers them further when the vendor says so.
_SERVICES = (
    Service(name="iam", types=iam.TYPES, is_global=True, rate=10, burst=60),
    Service(name="s3", types=s3.TYPES, is_global=True, threads=16, rate=200, burst=400),
    Service(name="route53", types=edge.ROUTE53, is_global=True, rate=4, burst=20),
    Service(name="cloudfront", types=edge.CLOUDFRONT, is_global=True, rate=4, burst=20),
    Service(name="organizations", types=organization.TYPES, is_global=True, rate=2, burst=10),
    Service(name="savingsplans", types=capacity.SAVINGS_PLANS, is_global=True, rate=4, simulated=False),
    Service(name="ec2", types=ec2.TYPES + vpc.TYPES + gateways.TYPES + capacity.EC2),
    Service(name="commitments", types=capacity.COMMITMENTS, simulated=False),
    Service(name="elbv2", types=balancing.BALANCING),
    Service(name="elb", types=balancing.CLASSIC),
    Service(name="autoscaling", types=balancing.SCALING),
    Service(name="rds", types=databases.RDS),
    Service(name="lambda", types=serverless.LAMBDA, rate=10, burst=150),
    Service(name="dynamodb", types=databases.DYNAMODB, rate=40, burst=200),
    Service(name="sns", types=serverless.SNS),
    Service(name="sqs", types=serverless.SQS, rate=100, burst=200),
    Service(name="kms", types=security.KMS, rate=40, burst=150),
    Service(name="secretsmanager", types=security.SECRETS),
    Service(name="acm", types=security.ACM, rate=8),
    Service(name="cloudtrail", types=monitoring.CLOUDTRAIL, rate=8, burst=40),
    Service(name="cloudwatch", types=monitoring.CLOUDWATCH, rate=8),
    Service(name="logs", types=monitoring.LOGS, rate=8),
    Service(name="ecs", types=containers.ECS),
    Service(name="eks", types=containers.EKS, rate=8),
    Service(name="ecr", types=containers.ECR),
    Service(name="elasticache", types=databases.ELASTICACHE),
    Service(name="efs", types=storage.EFS),
    Service(name="fsx", types=storage.FSX),
    Service(name="backup", types=storage.BACKUP, rate=8),
    Service(name="memorydb", types=analytics.MEMORY_DB),
    Service(name="redshift", types=analytics.REDSHIFT),
    Service(name="opensearch", types=analytics.OPEN_SEARCH, rate=8),
    Service(name="dms", types=analytics.DMS, rate=8),
    Service(name="athena", types=analytics.ATHENA, rate=4, burst=20),
    Service(name="glue", types=analytics.GLUE, rate=8),
    Service(name="emr", types=analytics.EMR, rate=4, burst=40),
    Service(name="sagemaker", types=analytics.SAGE_MAKER, rate=4, burst=40),
    Service(name="kinesis", types=eventing.KINESIS, rate=4, burst=40),
    Service(name="firehose", types=eventing.FIREHOSE, rate=4, burst=20),
    Service(name="events", types=eventing.EVENTS, rate=20, burst=100),
    Service(name="scheduler", types=eventing.SCHEDULER),
    Service(name="stepfunctions", types=eventing.STEP_FUNCTIONS, rate=8, burst=80),
    Service(name="mq", types=eventing.MQ, rate=4),
    Service(name="kafka", types=eventing.KAFKA, rate=4),
    Service(name="appsync", types=eventing.APP_SYNC, rate=8),
    Service(name="apigateway", types=edge.API_GATEWAY, rate=4, burst=40),
    Service(name="apigatewayv2", types=edge.API_GATEWAY_V2, rate=4, burst=40),
    Service(name="wafv2", types=edge.WAF, rate=4, burst=40),
    Service(name="network-firewall", types=guards.NETWORK_FIREWALL, rate=4),
    Service(name="ssm", types=guards.SSM, rate=8),
    Service(name="config", types=guards.CONFIG, rate=4),
    Service(name="guardduty", types=guards.GUARD_DUTY, rate=4),
    Service(name="securityhub", types=guards.SECURITY_HUB, rate=4),
    Service(name="inspector2", types=guards.INSPECTOR2, rate=4, simulated=False),
    Service(name="accessanalyzer", types=guards.ACCESS_ANALYZER, rate=4, simulated=False),
    Service(name="cloudformation", types=builders.CLOUD_FORMATION, rate=8),
    Service(name="codebuild", types=builders.CODE_BUILD, rate=8),
    Service(name="codepipeline", types=builders.CODE_PIPELINE, rate=4),
    Service(name="batch", types=builders.BATCH, rate=8),
    Service(name="apprunner", types=builders.APP_RUNNER, rate=4, simulated=False),
    Service(name="lightsail", types=builders.LIGHTSAIL, rate=4, simulated=False),
    Service(name="transfer", types=builders.TRANSFER, rate=4),
    Service(name="cognito-idp", types=builders.COGNITO, rate=4),
    Service(name="workspaces", types=builders.WORK_SPACES, rate=4),
    Service(name="ds", types=builders.DIRECTORIES, rate=4),
    Service(name="elasticbeanstalk", types=builders.BEANSTALK, rate=4),
)

SERVICES: Mapping[str, Service] = MappingProxyType({service.name: service for service in _SERVICES})


def all_types() -> Iterator[tuple[Service, ResourceType]]:
    """Each type with its service, in the order of the catalogue."""
    for service in SERVICES.values():
        for resource_type in service.types:
            yield service, resource_type


def calls_of(service: Service, resource_type: ResourceType) -> list[tuple[str, str]]:
    """(client, operation) of every call that a type may need, fallbacks included."""
    calls: list[tuple[str, str]] = []
    if resource_type.listing is not None:
        calls.append((resource_type.listing.client or service.name, resource_type.listing.operation))
    if resource_type.describe is not None:
        calls.append((service.name, resource_type.describe.operation))
    for extra in resource_type.extras:
        current: Extra | None = extra
        while current is not None:
            calls.append((current.client or service.name, current.operation))
            current = current.fallback
    for join in resource_type.joins:
        calls.extend((client, operation) for client, _, operation in (call.partition(":") for call in join.calls))
    return list(dict.fromkeys(calls))
