"""The whole catalogue against moto: every type, whole properties, relations, paging, two accounts."""

import asyncio
import json
from collections import Counter
from typing import Any

import boto3
from app.providers.aws import AwsProvider
from app.providers.aws.catalogue import all_types
from app.providers.aws.engine import NOT_SIMULATED
from app.providers.aws.tail import GENERIC_TYPE
from app.providers.base import CollectedResource, ErrorKind, Unit, UnitResult, UnitState, stable_properties
from tests.providers.aws.conftest import (
    ACCOUNT,
    MOVING_IN_MOTO,
    NOT_IN_MOTO,
    collect_all,
    collect_one,
    connection_to,
    resources_of,
)
from tests.providers.aws.estate import LOADER, SECRET, USER_DATA, Estate


def test_every_type_of_the_catalogue_is_collected_whole(collected: list[UnitResult]) -> None:
    assert [error for result in collected for error in result.errors] == []
    resources = resources_of(collected)
    counts = Counter(resource.native_type for resource in resources if resource.type != GENERIC_TYPE)
    declared = {entry.native_type for _, entry in all_types()}
    assert set(counts) == declared - NOT_IN_MOTO
    assert len(declared) >= 90
    complete = set().union(*(result.complete_types for result in collected))
    assert complete >= declared - NOT_IN_MOTO
    modelled = [resource for resource in resources if resource.type != GENERIC_TYPE]
    assert len({resource.native_id for resource in modelled}) == len(modelled)
    assert all(resource.native_id.startswith("arn:aws:") for resource in resources)
    assert all(resource.name and "{" not in resource.native_id for resource in resources)
    assert all(isinstance(json.dumps(dict(resource.properties)), str) for resource in resources)


def test_extra_reads_are_stored_under_their_documented_names(collected: list[UnitResult]) -> None:
    named = {(r.native_type, r.name): r.properties for r in resources_of(collected)}
    bucket = named["AWS::S3::Bucket", "data-us-east-1"]
    assert bucket["Policy"]["Statement"][0]["Principal"] == "*"
    assert bucket["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] is False
    assert bucket["Versioning"] == {"Status": "Enabled"}
    assert bucket["Acl"]["Grants"]
    assert bucket["BucketRegion"] == "us-east-1"
    assert bucket["LoggingEnabled"] is None
    assert named["AWS::S3::Bucket", "trail-us-east-1"]["Policy"] is None
    assert named["AWS::Account", ACCOUNT]["SummaryMap"]["AccountMFAEnabled"] == 0
    assert named["AWS::Account", ACCOUNT]["PasswordPolicy"]["MinimumPasswordLength"] == 16
    assert named["AWS::Account", ACCOUNT]["PublicAccessBlockConfiguration"] is None
    assert [row["user"] for row in named["AWS::Account", ACCOUNT]["CredentialReport"]] == ["u-us-east-1"]
    assert named["AWS::IAM::User", "u-us-east-1"]["CredentialReport"]["mfa_active"] == "false"
    assert named["AWS::Region", "us-east-1"]["EbsEncryptionByDefault"] is False
    assert named["AWS::KMS::Key", "disks"]["KeyRotationEnabled"] is False
    assert named["AWS::KMS::Key", "disks"]["Policy"]["Statement"]
    assert named["AWS::CloudTrail::Trail", "audit-us-east-1"]["Status"]["IsLogging"] is True
    assert named["AWS::CloudTrail::Trail", "audit-us-east-1"]["EventSelectors"] is not None
    assert named["AWS::RDS::DBSnapshot", "before"]["DBSnapshotAttributes"][0]["AttributeValues"] == ["all"]
    assert named["AWS::DynamoDB::Table", "carts"]["ContinuousBackups"]["ContinuousBackupsStatus"] == "ENABLED"
    assert named["AWS::Lambda::Function", "resize"]["Policy"]["Statement"][0]["Principal"] == "*"
    assert named["AWS::Lambda::Function", "resize"]["FunctionUrlConfigs"][0]["AuthType"] == "NONE"
    assert named["AWS::ElasticLoadBalancingV2::Listener", "front HTTP 80"]["LoadBalancerScheme"] == "internet-facing"
    assert named["AWS::SNS::Topic", "pages"]["Policy"]["Statement"]
    assert named["AWS::SQS::Queue", "work"]["Policy"] is None


def test_snapshots_are_public_only_when_their_own_attribute_says_so(
    estate: Estate, collected: list[UnitResult]
) -> None:
    public = {r.name: r.properties["RestorableByAll"] for r in resources_of(collected, "AWS::EC2::Snapshot")}
    assert public[estate.ids["public"]] is True
    assert public[estate.ids["snapshot"]] is False


def test_what_no_simulated_cloud_knows_is_unread_and_no_failure(collected: list[UnitResult]) -> None:
    (organization,) = resources_of(collected, "AWS::Organizations::Organization")
    assert dict(organization.unread_fields) == {"EnabledFeatures": NOT_SIMULATED}
    assert "EnabledFeatures" not in organization.properties


def test_secret_values_never_leave_the_adapter(collected: list[UnitResult]) -> None:
    everything = repr(collected)
    assert SECRET not in everything
    assert USER_DATA not in everything
    function = resources_of(collected, "AWS::Lambda::Function")[0].properties
    assert function["Environment"]["Variables"] == {"DB_PASSWORD": "(redacted)", "STAGE": "(redacted)"}
    assert function["SecretLikeVariables"] == ["DB_PASSWORD"]
    task = resources_of(collected, "AWS::ECS::TaskDefinition")[0].properties
    assert task["secretLikeVariables"] == ["API_TOKEN"]
    assert [one["name"] for one in task["containerDefinitions"][0]["environment"]] == ["API_TOKEN", "PORT"]


def test_tags_and_aliases_and_instants_are_normalised(estate: Estate, collected: list[UnitResult]) -> None:
    tagged = {r.native_type for r in resources_of(collected) if r.tags.get("team") == "payments"}
    assert tagged >= {
        "AWS::EC2::Instance", "AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::SNS::Topic",
        "AWS::SQS::Queue", "AWS::KMS::Key", "AWS::ECS::Cluster", "AWS::EKS::Cluster", "AWS::ECR::Repository",
        "AWS::RDS::DBInstance", "AWS::CloudTrail::Trail", "AWS::CloudWatch::Alarm", "AWS::SecretsManager::Secret",
        "AWS::CertificateManager::Certificate", "AWS::EFS::FileSystem", "AWS::IAM::User", "AWS::IAM::Role",
        "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::Logs::LogGroup", "AWS::EC2::VPC",
    }  # fmt: skip
    instance = next(
        r for r in resources_of(collected, "AWS::EC2::Instance") if r.native_id.endswith(estate.ids["instance"])
    )
    assert (instance.name, instance.status, instance.aliases) == ("estate", "running", (estate.ids["instance"],))
    assert instance.created_at is not None
    assert instance.created_at.tzinfo is not None
    assert instance.properties["LaunchTime"].endswith("Z")
    assert resources_of(collected, "AWS::SQS::Queue")[0].created_at is not None
    assert resources_of(collected, "AWS::Logs::LogGroup")[0].created_at is not None


def test_relations_resolve_to_collected_resources(collected: list[UnitResult]) -> None:
    by_id = {i: r for r in resources_of(collected) for i in (r.native_id, *r.aliases)}
    edges = {
        (by_id[e.source].native_type, e.kind, by_id[e.target].native_type)
        for result in collected
        for e in result.relations
        if e.source in by_id and e.target in by_id
    }
    short = {(a.removeprefix("AWS::"), kind, b.removeprefix("AWS::")) for a, kind, b in edges}
    assert short >= {
        ("EC2::VPC", "contains", "EC2::Subnet"), ("EC2::Subnet", "contains", "EC2::Instance"),
        ("EC2::Volume", "attached-to", "EC2::Instance"), ("EC2::Instance", "secured-by", "EC2::SecurityGroup"),
        ("EC2::Instance", "uses", "IAM::Role"), ("EC2::Volume", "encrypts-with", "KMS::Key"),
        ("ElasticLoadBalancingV2::TargetGroup", "targets", "EC2::Instance"),
        ("ElasticLoadBalancingV2::Listener", "routes-to", "ElasticLoadBalancingV2::TargetGroup"),
        ("EC2::RouteTable", "routes-to", "EC2::InternetGateway"), ("EC2::FlowLog", "logs-to", "S3::Bucket"),
        ("EC2::FlowLog", "monitors", "EC2::VPC"), ("CloudTrail::Trail", "logs-to", "S3::Bucket"),
        ("CloudWatch::Alarm", "monitors", "EC2::Instance"), ("CloudWatch::Alarm", "notifies", "SNS::Topic"),
        ("SQS::Queue", "dead-letters-to", "SQS::Queue"), ("ECS::Cluster", "contains", "ECS::Service"),
        ("ECS::Service", "uses", "ECS::TaskDefinition"), ("ECS::TaskDefinition", "logs-to", "Logs::LogGroup"),
        ("ECS::TaskDefinition", "uses", "ECR::Repository"), ("EKS::Cluster", "contains", "EKS::Nodegroup"),
        ("IAM::User", "member-of", "IAM::Group"), ("IAM::Role", "uses", "IAM::Policy"),
        ("Lambda::Function", "uses", "IAM::Role"), ("RDS::DBInstance", "uses", "RDS::DBSubnetGroup"),
        ("RDS::DBSnapshot", "snapshot-of", "RDS::DBInstance"), ("Account", "contains", "Region"),
        ("AutoScaling::AutoScalingGroup", "contains", "EC2::Instance"), ("EC2::Instance", "uses", "EC2::KeyPair"),
    }  # fmt: skip
    ids = [i for e in {e for r in collected for e in r.relations} for i in (e.source, e.target)]
    assert not [i for i in ids if "{" in i]
    trusted = [e for r in collected for e in r.relations if e.kind == "assumes"]
    assert trusted[0].source == "arn:aws:iam::999999999999:root"


async def test_reading_twice_gives_the_same_answer(estate: Estate, collected: list[UnitResult]) -> None:
    provider = AwsProvider(read_seconds=60)
    provider.loader = LOADER
    again = await collect_all(provider, connection_to(estate.endpoint), budget_seconds=400)
    provider.close()

    def properties(one: CollectedResource) -> dict[str, Any]:
        moving = MOVING_IN_MOTO.get(one.native_type)
        return {name: value for name, value in stable_properties(one).items() if name != moving}

    before = {(r.native_type, r.native_id): properties(r) for r in resources_of(collected)}
    assert {(r.native_type, r.native_id): properties(r) for r in resources_of(again)} == before


async def test_listings_of_several_pages_are_read_to_the_end(provider: AwsProvider, cloud: str) -> None:
    estate = Estate(cloud, "us-east-1")
    for number in range(105):
        estate.client("dynamodb").create_table(
            TableName=f"t{number:03}", BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "n", "Value": str(number)}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )  # fmt: skip
        estate.client("logs").create_log_group(logGroupName=f"/app/{number:03}")
        estate.client("sns").create_topic(Name=f"topic-{number:03}")
    connection = connection_to(cloud)
    tables = await collect_one(provider, connection, "dynamodb")
    assert (len(tables.resources), tables.state) == (105, UnitState.COMPLETE)
    assert {r.tags["n"] for r in tables.resources} == {str(number) for number in range(105)}
    assert len((await collect_one(provider, connection, "logs")).resources) == 105
    assert len((await collect_one(provider, connection, "sns")).resources) == 105


async def test_two_accounts_at_once_do_not_mix(provider: AwsProvider, cloud: str) -> None:
    sts = boto3.client("sts", "us-east-1", endpoint_url=cloud, aws_access_key_id="a", aws_secret_access_key="b")
    connections = []
    for account in ("111111111111", "222222222222"):
        assumed = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/r", RoleSessionName="seed")["Credentials"]
        keys = {
            "aws_access_key_id": assumed["AccessKeyId"],
            "aws_secret_access_key": assumed["SecretAccessKey"],
            "aws_session_token": assumed["SessionToken"],
        }
        estate = Estate(cloud, "eu-west-1", **keys)
        estate.make_iam()
        estate.client("sns").create_topic(Name=f"of-{account}")
        estate.client("s3").create_bucket(
            Bucket=f"of-{account}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        credentials = {"kind": "access_key", **{name.removeprefix("aws_"): text for name, text in keys.items()}}
        connections.append(connection_to(cloud, connection_id=account, credentials=credentials, regions=("eu-west-1",)))
    services = ("iam", "s3", "sns", "kms", "other")
    both = await asyncio.gather(*(collect_all(provider, one, services=services) for one in connections * 2))
    for connection, results in zip(connections * 2, both, strict=True):
        mine, text = connection.connection_id, repr(results)
        assert {result.unit.account for result in results} == {mine}
        assert f"of-{mine}" in text
        assert next(o.connection_id for o in connections if o is not connection) not in text
    swapped = await provider.collect(
        connections[0], Unit(account="222222222222", region="eu-west-1", service="sns"), budget_seconds=60
    )
    assert (swapped.state, swapped.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)


async def test_the_plan_covers_each_region_once_and_global_services_once(provider: AwsProvider, cloud: str) -> None:
    units = await provider.plan(connection_to(cloud, regions=("us-east-1", "eu-west-1")))
    assert len(set(units)) == len(units)
    assert Counter(unit.region for unit in units)["global"] == 5
    assert Counter(unit.region for unit in units)["us-east-1"] == Counter(unit.region for unit in units)["eu-west-1"]
    every = await provider.plan(connection_to(cloud, regions=()))
    assert len({unit.region for unit in every}) > 10
