"""Machines: instances with their volumes, load balancers, functions, containers, and what was left behind."""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from demo.cloud import DemoCloud
from demo.estate.company import EUROPE, MAIN, tag_list, tag_specification, tags
from demo.estate.ledger import Ledger
from demo.estate.network import Network

HOURLY_USD = {
    "t3.medium": 0.0416,
    "t3.large": 0.0832,
    "m5.large": 0.096,
    "m5.xlarge": 0.192,
    "c5.xlarge": 0.17,
    "r5.2xlarge": 0.504,
}
GP3_DAY, GP2_DAY = 0.08 / 30.4, 0.10 / 30.4  # USD a GiB


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Equal instances of one application."""

    application: str
    role: str
    environment: str
    region: str
    kind: str
    count: int
    group: str = "app"
    disk_gib: int = 30
    data_gib: int = 0
    age_days: int = 200
    pattern: str = "steady"
    committed: bool = False
    spike: bool = False
    tokens: bool = True
    public: bool = False
    encrypted: bool = True


FLEETS = (
    Fleet(
        application="storefront",
        role="web",
        environment="prod",
        region=MAIN,
        kind="m5.large",
        count=4,
        pattern="traffic",
        committed=True,
        age_days=260,
    ),
    Fleet(
        application="storefront",
        role="web",
        environment="prod",
        region=EUROPE,
        kind="m5.large",
        count=2,
        pattern="traffic",
        committed=True,
        age_days=180,
    ),
    Fleet(
        application="checkout",
        role="api",
        environment="prod",
        region=MAIN,
        kind="c5.xlarge",
        count=3,
        pattern="traffic",
        committed=True,
        age_days=300,
        data_gib=100,
    ),
    Fleet(
        application="search",
        role="index",
        environment="prod",
        region=MAIN,
        kind="r5.2xlarge",
        count=2,
        data_gib=500,
        age_days=220,
        tokens=False,
    ),
    Fleet(
        application="analytics",
        role="batch",
        environment="prod",
        region=MAIN,
        kind="m5.xlarge",
        count=3,
        data_gib=250,
        pattern="growing",
        spike=True,
        age_days=150,
        encrypted=False,
    ),
    Fleet(
        application="storefront",
        role="web",
        environment="staging",
        region=MAIN,
        kind="t3.large",
        count=2,
        pattern="weekday",
        age_days=210,
    ),
    Fleet(
        application="checkout",
        role="api",
        environment="staging",
        region=MAIN,
        kind="t3.medium",
        count=1,
        pattern="weekday",
        age_days=205,
        tokens=False,
    ),
    Fleet(
        application="platform",
        role="bastion",
        environment="dev",
        region=EUROPE,
        kind="t3.medium",
        count=1,
        group="bastion",
        public=True,
        age_days=330,
        tokens=False,
        encrypted=False,
    ),
    Fleet(
        application="search",
        role="sandbox",
        environment="dev",
        region=EUROPE,
        kind="m5.xlarge",
        count=2,
        pattern="weekday",
        age_days=90,
        encrypted=False,
    ),
)


def make_instances(
    cloud: DemoCloud, ledger: Ledger, networks: dict[tuple[str, str], Network], profile: str
) -> list[dict[str, Any]]:
    """All fleets; returns {id, region, cpu_percent} of each instance for its metrics."""
    made: list[dict[str, Any]] = []
    for fleet in FLEETS:
        with cloud.days_ago(fleet.age_days):
            network = networks[fleet.environment, fleet.region]
            made += [
                _make_instance(cloud, ledger, fleet, network, number, profile) for number in range(1, fleet.count + 1)
            ]
    return made


def _make_instance(
    cloud: DemoCloud, ledger: Ledger, fleet: Fleet, network: Network, number: int, profile: str
) -> dict[str, Any]:
    ec2 = cloud.client("ec2", fleet.region)
    name = f"{fleet.application}-{fleet.role}-{fleet.environment}-{number}"
    labels = tags(name, fleet.application, fleet.environment)
    subnets = network.public if fleet.public else network.private
    disks = [("/dev/xvda", fleet.disk_gib, "gp3")]
    if fleet.data_gib:
        disks.append(("/dev/sdf", fleet.data_gib, "gp2" if fleet.application == "search" else "gp3"))
    instance = ec2.run_instances(
        ImageId="ami-0acme00000000base",
        InstanceType=fleet.kind,
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets[number % len(subnets)],
        SecurityGroupIds=[network.groups[fleet.group]],
        IamInstanceProfile={"Name": profile},
        BlockDeviceMappings=[
            {
                "DeviceName": device,
                "Ebs": {
                    "VolumeSize": size,
                    "VolumeType": kind,
                    "Encrypted": fleet.encrypted,
                    "DeleteOnTermination": True,
                },
            }
            for device, size, kind in disks
        ],
        MetadataOptions={"HttpTokens": "required" if fleet.tokens else "optional", "HttpEndpoint": "enabled"},
        TagSpecifications=tag_specification("instance", labels) + tag_specification("volume", labels),
    )["Instances"][0]
    instance_id = instance["InstanceId"]
    ledger.add(
        resource_id=instance_id,
        name=name,
        resource_type="Instance",
        service="Amazon Elastic Compute Cloud",
        category="Compute",
        region=fleet.region,
        daily_usd=HOURLY_USD[fleet.kind] * 24,
        tags=labels,
        age_days=fleet.age_days,
        sku=f"BoxUsage:{fleet.kind}",
        committed=fleet.committed,
        pattern=fleet.pattern,
        spike=fleet.spike,
    )
    attached = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance_id]}])["Volumes"]
    for volume in attached:
        charge_volume(ledger, volume, fleet.region, name, labels, fleet.age_days)
    cpu = {"search": 62.0, "sandbox": 2.1, "batch": 71.0}.get(
        fleet.role, {"storefront": 38.0}.get(fleet.application, 24.0)
    )
    return {"id": instance_id, "region": fleet.region, "cpu_percent": cpu, "pattern": fleet.pattern}


def charge_volume(
    ledger: Ledger, volume: dict[str, Any], region: str, name: str, labels: dict[str, str], age_days: int
) -> None:
    """A volume costs by its size."""
    kind = volume.get("VolumeType", "gp2")
    ledger.add(
        resource_id=volume["VolumeId"],
        name=name,
        resource_type="Volume",
        service="Amazon Elastic Block Store",
        category="Storage",
        region=region,
        daily_usd=volume["Size"] * (GP3_DAY if kind == "gp3" else GP2_DAY),
        tags=labels,
        age_days=age_days,
        unit="GB-Mo",
        sku=f"EBS:VolumeUsage.{kind}",
    )


def leave_things_behind(cloud: DemoCloud, ledger: Ledger) -> None:
    """Volumes, addresses and snapshots that nobody uses any more; one snapshot is shared with everyone."""
    for number, (region, size, age) in enumerate(((MAIN, 500, 170), (MAIN, 200, 140), (EUROPE, 100, 75)), 1):
        with cloud.days_ago(age):
            ec2 = cloud.client("ec2", region)
            labels = tags(f"old-search-data-{number}", "search", "staging")
            volume = ec2.create_volume(
                AvailabilityZone=f"{region}a",
                Size=size,
                VolumeType="gp2",
                TagSpecifications=tag_specification("volume", labels),
            )
            charge_volume(ledger, volume, region, labels["Name"], labels, age)
            ec2.allocate_address(
                Domain="vpc",
                TagSpecifications=tag_specification("elastic-ip", tags(f"spare-{number}", "platform", "dev")),
            )
            snapshot = ec2.create_snapshot(
                VolumeId=volume["VolumeId"],
                Description=f"before the migration, {number}",
                TagSpecifications=tag_specification(
                    "snapshot", tags(f"search-migration-{number}", "search", "staging")
                ),
            )["SnapshotId"]
            ledger.add(
                resource_id=f"arn:aws:ec2:{region}::snapshot/{snapshot}",
                name=f"search-migration-{number}",
                resource_type="Snapshot",
                service="Amazon Elastic Block Store",
                category="Storage",
                region=region,
                daily_usd=size * 0.05 / 30.4,
                tags=labels,
                age_days=age,
                unit="GB-Mo",
            )
            if number == 1:
                ec2.modify_snapshot_attribute(
                    SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
                )


def make_load_balancers(
    cloud: DemoCloud, ledger: Ledger, networks: dict[tuple[str, str], Network], instances: list[dict[str, Any]]
) -> None:
    """One per public application and environment."""
    plan = (
        ("storefront", "prod", MAIN),
        ("checkout", "prod", MAIN),
        ("storefront", "prod", EUROPE),
        ("storefront", "staging", MAIN),
    )
    for application, environment, region in plan:
        with cloud.days_ago(240 if environment == "prod" else 150):
            elb, network = cloud.client("elbv2", region), networks[environment, region]
            name = f"{application}-{environment}"
            labels = tags(name, application, environment)
            balancer = elb.create_load_balancer(
                Name=name,
                Subnets=network.public,
                SecurityGroups=[network.groups["web"]],
                Scheme="internet-facing",
                Tags=tag_list(labels),
            )["LoadBalancers"][0]["LoadBalancerArn"]
            group = elb.create_target_group(
                Name=name,
                Protocol="HTTP",
                Port=8080,
                VpcId=network.vpc_id,
                TargetType="instance",
                Tags=tag_list(labels),
            )["TargetGroups"][0]["TargetGroupArn"]
            targets = [item["id"] for item in instances if item["region"] == region][:3]
            elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target} for target in targets])
            forward = [{"Type": "forward", "TargetGroupArn": group}]
            elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
            ledger.add(
                resource_id=balancer,
                name=name,
                resource_type="Load balancer",
                service="Elastic Load Balancing",
                category="Networking",
                region=region,
                daily_usd=1.4,
                tags=labels,
                age_days=240,
                pattern="traffic",
            )


def _code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            zipfile.ZipInfo("handler.py", (2026, 1, 1, 0, 0, 0)), "def handle(event, context): return event\n"
        )
    return packed.getvalue()


def make_functions(cloud: DemoCloud, ledger: Ledger, role_arn: str) -> None:
    """Small jobs of each team; one may be called by anybody."""
    plan = (
        ("checkout-webhooks", "checkout", "prod", MAIN),
        ("checkout-receipts", "checkout", "prod", MAIN),
        ("storefront-images", "storefront", "prod", MAIN),
        ("storefront-images", "storefront", "prod", EUROPE),
        ("analytics-export", "analytics", "prod", MAIN),
        ("identity-sync", "identity", "prod", MAIN),
        ("platform-cleanup", "platform", "prod", EUROPE),
        ("search-reindex", "search", "staging", MAIN),
    )
    for name, application, environment, region in plan:
        with cloud.days_ago(120):
            function = cloud.client("lambda", region)
            labels = tags(name, application, environment)
            arn = function.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Role=role_arn,
                Handler="handler.handle",
                Code={"ZipFile": _code()},
                MemorySize=512,
                Timeout=30,
                Tags=labels,
                Environment={"Variables": {"STAGE": environment, "API_TOKEN": "not-shown"}},
            )["FunctionArn"]
            if name == "checkout-webhooks":
                function.add_permission(
                    FunctionName=name, StatementId="anybody", Action="lambda:InvokeFunction", Principal="*"
                )
            ledger.add(
                resource_id=arn,
                name=name,
                resource_type="Function",
                service="AWS Lambda",
                category="Compute",
                region=region,
                daily_usd=0.62,
                tags=labels,
                age_days=120,
                unit="GB-Seconds",
                pattern="traffic",
            )


def make_containers(cloud: DemoCloud, ledger: Ledger, role_arn: str) -> None:
    """One cluster with its services, and the images they run."""
    with cloud.days_ago(160):
        ecs, ecr = cloud.client("ecs", MAIN), cloud.client("ecr", MAIN)
        cluster = "platform-prod"
        ecs.create_cluster(
            clusterName=cluster, tags=[{"key": k, "value": v} for k, v in tags(cluster, "platform", "prod").items()]
        )
        for name, application in (
            ("identity-api", "identity"),
            ("search-api", "search"),
            ("analytics-collector", "analytics"),
        ):
            labels = tags(name, application, "prod")
            ecr.create_repository(repositoryName=f"acme/{name}", tags=tag_list(labels))
            definition = ecs.register_task_definition(
                family=name,
                executionRoleArn=role_arn,
                networkMode="awsvpc",
                requiresCompatibilities=["FARGATE"],
                cpu="512",
                memory="1024",
                containerDefinitions=[
                    {
                        "name": name,
                        "image": f"acme/{name}:1.8.2",
                        "essential": True,
                        "environment": [{"name": "LOG_LEVEL", "value": "info"}],
                        "memory": 1024,
                    }
                ],
            )["taskDefinition"]["taskDefinitionArn"]
            service = ecs.create_service(
                cluster=cluster,
                serviceName=name,
                taskDefinition=definition,
                desiredCount=2,
                tags=[{"key": k, "value": v} for k, v in labels.items()],
            )["service"]["serviceArn"]
            ledger.add(
                resource_id=service,
                name=name,
                resource_type="Service",
                service="Amazon Elastic Container Service",
                category="Compute",
                region=MAIN,
                daily_usd=1.19,
                tags=labels,
                age_days=160,
                unit="vCPU-Hours",
            )


def put_metrics(cloud: DemoCloud, instances: list[dict[str, Any]]) -> int:
    """14 days of hourly CPU use for every instance; the number of points."""
    count = 0
    with cloud.days_ago(0) as end:
        for item in instances:
            watch = cloud.client("cloudwatch", item["region"])
            points = []
            for hour in range(14 * 24, 0, -1):
                at = end - timedelta(hours=hour)
                office = 8 <= at.hour < 19 and at.weekday() < 5
                factor = {"weekday": 1.0 if office else 0.1, "traffic": 1.15 if 9 <= at.hour < 22 else 0.6}.get(
                    item["pattern"], 1.0
                )
                wobble = ((hour * 7919 + sum(item["id"].encode())) % 100) / 100 - 0.5
                points.append(
                    {
                        "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "InstanceId", "Value": item["id"]}],
                        "Timestamp": at,
                        "Unit": "Percent",
                        "Value": round(min(99.0, max(0.2, item["cpu_percent"] * factor + wobble * 6)), 2),
                    }
                )
            watch.put_metric_data(Namespace="AWS/EC2", MetricData=points)
            count += len(points)
    return count


def make_alarms_and_logs(cloud: DemoCloud, ledger: Ledger, instances: list[dict[str, Any]], topic_arn: str) -> None:
    """Alarms on the busiest machines, and log groups, half of them without a retention."""
    with cloud.days_ago(100):
        for item in instances[:8]:
            cloud.client("cloudwatch", item["region"]).put_metric_alarm(
                AlarmName=f"cpu-{item['id']}",
                Namespace="AWS/EC2",
                MetricName="CPUUtilization",
                Statistic="Average",
                Period=300,
                EvaluationPeriods=3,
                Threshold=85.0,
                ComparisonOperator="GreaterThanThreshold",
                AlarmActions=[topic_arn],
                Dimensions=[{"Name": "InstanceId", "Value": item["id"]}],
            )
        for index, name in enumerate(
            (
                "checkout-webhooks",
                "storefront-images",
                "analytics-export",
                "identity-sync",
                "search-reindex",
                "platform-cleanup",
            )
        ):
            logs = cloud.client("logs", MAIN)
            group = f"/aws/lambda/{name}"
            logs.create_log_group(logGroupName=group, tags=tags(name, name.split("-")[0], "prod"))
            if index % 2:
                logs.put_retention_policy(logGroupName=group, retentionInDays=30)
            ledger.add(
                resource_id=f"arn:aws:logs:{MAIN}:{ledger.account}:log-group:{group}",
                name=group,
                resource_type="Log group",
                service="AmazonCloudWatch",
                category="Management and Governance",
                region=MAIN,
                daily_usd=0.35,
                tags=tags(name, name.split("-")[0], "prod"),
                age_days=100,
                unit="GB",
                pattern="growing",
            )


def policy_document(statement: dict[str, Any]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
