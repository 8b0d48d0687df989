"""Stores: buckets, databases, tables, queues, keys, secrets and the trail."""

import json
from typing import Any

from demo.cloud import DemoCloud
from demo.estate.company import EUROPE, MAIN, tag_list, tags
from demo.estate.compute import policy_document
from demo.estate.ledger import Ledger
from demo.estate.network import Network

# name, application, environment, region, size in GB, what is wrong with it
BUCKETS = (
    ("acme-storefront-assets", "storefront", "prod", MAIN, 900, "public"),
    ("acme-storefront-assets-eu", "storefront", "prod", EUROPE, 450, ""),
    ("acme-checkout-receipts", "checkout", "prod", MAIN, 320, "tls"),
    ("acme-analytics-lake", "analytics", "prod", MAIN, 14_000, ""),
    ("acme-analytics-scratch", "analytics", "staging", MAIN, 2_200, "no-block"),
    ("acme-search-snapshots", "search", "prod", MAIN, 1_800, ""),
    ("acme-backups", "platform", "prod", EUROPE, 5_200, "tls"),
    ("acme-flow-logs", "platform", "prod", MAIN, 640, ""),
    ("acme-trail", "platform", "prod", MAIN, 210, "tls"),
    ("acme-terraform-state", "platform", "prod", MAIN, 1, "tls"),
)


def make_buckets(cloud: DemoCloud, ledger: Ledger) -> None:
    """Buckets with their settings; one is open to the world through its policy."""
    for index, (name, application, environment, region, size_gb, fault) in enumerate(BUCKETS):
        with cloud.days_ago(400 - 20 * index):
            s3 = cloud.client("s3", region)
            labels = tags(name, application, environment)
            place = {} if region == MAIN else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=name, **place)
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(labels)})
            if fault not in ("public", "no-block"):
                flags = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
                s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(flags, True))
            statement = _read_by_all(name) if fault == "public" else _deny_plain_http(name) if fault == "tls" else None
            if statement:
                s3.put_bucket_policy(Bucket=name, Policy=policy_document(statement))
            if environment == "prod":
                s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            ledger.add(
                resource_id=f"arn:aws:s3:::{name}",
                name=name,
                resource_type="Bucket",
                service="Amazon Simple Storage Service",
                category="Storage",
                region=region,
                daily_usd=size_gb * 0.023 / 30.4 + 0.05,
                tags=labels,
                age_days=400 - 20 * index,
                unit="GB-Mo",
                pattern="growing" if application == "analytics" else "steady",
            )


def _read_by_all(bucket: str) -> dict[str, Any]:
    return {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }


def _deny_plain_http(bucket: str) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


# name, application, environment, region, class, USD a day, encrypted, public, backup days, zones
DATABASES = (
    ("checkout-prod", "checkout", "prod", MAIN, "db.r5.xlarge", 13.7, True, False, 14, True),
    ("storefront-prod", "storefront", "prod", MAIN, "db.m5.large", 5.6, True, False, 7, False),
    ("identity-prod", "identity", "prod", EUROPE, "db.m5.large", 5.9, True, False, 7, True),
    ("analytics-prod", "analytics", "prod", MAIN, "db.r5.large", 6.9, False, False, 1, False),
    ("reporting-staging", "analytics", "staging", MAIN, "db.t3.medium", 1.7, False, True, 0, False),
)


def make_databases(cloud: DemoCloud, ledger: Ledger, networks: dict[tuple[str, str], Network]) -> None:
    """PostgreSQL instances with a snapshot each; the reporting one can be reached from everywhere."""
    for name, application, environment, region, kind, usd, encrypted, public, backup_days, zones in DATABASES:
        with cloud.days_ago(250):
            rds, network = cloud.client("rds", region), networks[environment, region]
            labels = tags(name, application, environment)
            subnets = f"acme-{environment}"
            if not any(
                group["DBSubnetGroupName"] == subnets for group in rds.describe_db_subnet_groups()["DBSubnetGroups"]
            ):
                rds.create_db_subnet_group(
                    DBSubnetGroupName=subnets,
                    DBSubnetGroupDescription=f"Databases of {environment}",
                    SubnetIds=network.private,
                )
            group = network.groups["legacy-reporting" if public else "data"]
            made = rds.create_db_instance(
                DBInstanceIdentifier=name,
                Engine="postgres",
                EngineVersion="16.3",
                DBInstanceClass=kind,
                AllocatedStorage=200,
                MasterUsername="acme",
                MasterUserPassword="not-a-real-password",
                StorageEncrypted=encrypted,
                PubliclyAccessible=public,
                BackupRetentionPeriod=backup_days,
                MultiAZ=zones,
                VpcSecurityGroupIds=[group],
                DBSubnetGroupName=subnets,
                Port=5432,
                AutoMinorVersionUpgrade=environment == "prod",
                Tags=tag_list(labels),
                StorageType="gp3",
            )["DBInstance"]
        with cloud.days_ago(20):
            rds.create_db_snapshot(
                DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-monthly", Tags=tag_list(labels)
            )
        ledger.add(
            resource_id=made["DBInstanceArn"],
            name=name,
            resource_type="DB instance",
            service="Amazon Relational Database Service",
            category="Databases",
            region=region,
            daily_usd=usd,
            tags=labels,
            age_days=250,
            sku=f"InstanceUsage:{kind}",
            committed=name == "checkout-prod",
        )


def make_caches_and_tables(cloud: DemoCloud, ledger: Ledger) -> None:
    """Caches and DynamoDB tables, some of them without point-in-time recovery."""
    with cloud.days_ago(190):
        for name, application, region, usd in (
            ("storefront-sessions", "storefront", MAIN, 1.63),
            ("checkout-carts", "checkout", MAIN, 1.63),
        ):
            labels = tags(name, application, "prod")
            cloud.client("elasticache", region).create_cache_cluster(
                CacheClusterId=name,
                Engine="redis",
                CacheNodeType="cache.t3.medium",
                NumCacheNodes=1,
                Tags=tag_list(labels),
            )
            ledger.add(
                resource_id=f"arn:aws:elasticache:{region}:{ledger.account}:cluster:{name}",
                name=name,
                resource_type="Cache cluster",
                service="Amazon ElastiCache",
                category="Databases",
                region=region,
                daily_usd=usd,
                tags=labels,
                age_days=190,
            )
        plan = (
            ("storefront-catalog", "storefront", MAIN, True),
            ("checkout-orders", "checkout", MAIN, True),
            ("identity-devices", "identity", EUROPE, False),
            ("search-synonyms", "search", MAIN, False),
            ("platform-locks", "platform", MAIN, False),
        )
        for name, application, region, recovers in plan:
            dynamodb, labels = cloud.client("dynamodb", region), tags(name, application, "prod")
            arn = dynamodb.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                Tags=tag_list(labels),
            )["TableDescription"]["TableArn"]
            if recovers:
                dynamodb.update_continuous_backups(
                    TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
                )
            ledger.add(
                resource_id=arn,
                name=name,
                resource_type="Table",
                service="Amazon DynamoDB",
                category="Databases",
                region=region,
                daily_usd=0.9,
                tags=labels,
                age_days=190,
                unit="WriteRequestUnits",
                pattern="traffic",
            )


def make_messaging(cloud: DemoCloud, ledger: Ledger) -> str:
    """Queues and topics; one queue takes messages from anybody. Returns the topic of the alarms."""
    alarms = ""
    with cloud.days_ago(280):
        for name, application in (
            ("platform-alarms", "platform"),
            ("checkout-events", "checkout"),
            ("identity-events", "identity"),
        ):
            topic = cloud.client("sns", MAIN).create_topic(Name=name, Tags=tag_list(tags(name, application, "prod")))[
                "TopicArn"
            ]
            alarms = alarms or topic
        for name, application in (
            ("checkout-orders", "checkout"),
            ("checkout-refunds", "checkout"),
            ("search-updates", "search"),
            ("analytics-inbox", "analytics"),
        ):
            sqs = cloud.client("sqs", MAIN)
            labels = tags(name, application, "prod")
            url = sqs.create_queue(QueueName=name, tags=labels)["QueueUrl"]
            arn = f"arn:aws:sqs:{MAIN}:{ledger.account}:{name}"
            if name == "analytics-inbox":
                statement = {
                    "Sid": "AnybodySends",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                }
                sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy_document(statement)})
            ledger.add(
                resource_id=arn,
                name=name,
                resource_type="Queue",
                service="Amazon Simple Queue Service",
                category="Integration",
                region=MAIN,
                daily_usd=0.21,
                tags=labels,
                age_days=280,
                unit="Requests",
                pattern="traffic",
            )
    return alarms


def make_security(cloud: DemoCloud, ledger: Ledger) -> None:
    """Keys, secrets and the trail."""
    with cloud.days_ago(360):
        for name, application, rotates in (
            ("checkout-data", "checkout", True),
            ("platform-trail", "platform", True),
            ("analytics-lake", "analytics", False),
        ):
            kms, labels = cloud.client("kms", MAIN), tags(name, application, "prod")
            key = kms.create_key(Description=name, Tags=[{"TagKey": k, "TagValue": v} for k, v in labels.items()])[
                "KeyMetadata"
            ]
            kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
            if rotates:
                kms.enable_key_rotation(KeyId=key["KeyId"])
            ledger.add(
                resource_id=key["Arn"],
                name=name,
                resource_type="Key",
                service="AWS Key Management Service",
                category="Security",
                region=MAIN,
                daily_usd=1 / 30.4,
                tags=labels,
                age_days=360,
                unit="Keys",
            )
        for name, application in (
            ("checkout/database", "checkout"),
            ("storefront/database", "storefront"),
            ("identity/signing", "identity"),
        ):
            cloud.client("secretsmanager", MAIN).create_secret(
                Name=name, SecretString="not-shown", Tags=tag_list(tags(name, application, "prod"))
            )
        trail = cloud.client("cloudtrail", MAIN)
        trail.create_trail(
            Name="acme-all-regions",
            S3BucketName="acme-trail",
            IsMultiRegionTrail=True,
            EnableLogFileValidation=False,
            TagsList=tag_list(tags("acme-all-regions", "platform", "prod")),
        )
        trail.put_event_selectors(
            TrailName="acme-all-regions", EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}]
        )
        trail.start_logging(Name="acme-all-regions")
        for zone in ("acme.example.", "acme.internal."):
            cloud.client("route53", MAIN).create_hosted_zone(Name=zone, CallerReference=zone)


def assume_role_policy(service: str) -> str:
    """Who may assume a service's role."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
    )
