"""Every AWS service that we read, with its types. One unit of collection is one service in one region."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from app.providers.aws.catalogue import (
    balancing,
    containers,
    databases,
    ec2,
    edge,
    iam,
    monitoring,
    s3,
    security,
    serverless,
    vpc,
)
from app.providers.aws.catalogue.model import Extra, ResourceType, Service

# Opening rates stay well below what the vendor publishes or is known to allow, so that the owner's own automation
# keeps its share; throttle.py lowers them further when the vendor says so.
_SERVICES = (
    Service(name="iam", types=iam.TYPES, is_global=True, rate=10, burst=60),
    Service(name="s3", types=s3.TYPES, is_global=True, threads=16, rate=200, burst=400),
    Service(name="route53", types=edge.ROUTE53, is_global=True, rate=4, burst=20),
    Service(name="ec2", types=ec2.TYPES + vpc.TYPES),
    Service(name="elbv2", types=balancing.BALANCING),
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
    Service(name="efs", types=edge.EFS),
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
