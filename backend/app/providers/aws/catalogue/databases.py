"""RDS, DynamoDB and ElastiCache."""

from app.providers.aws.catalogue.common import encrypted_with, in_subnet, in_vpc, secured_by, tags_in_bulk, uses_role
from app.providers.aws.catalogue.model import Describe, Extra, Listing, Relation, ResourceType

DB_INSTANCE = ResourceType(
    native_type="AWS::RDS::DBInstance",
    type="database.instance",
    native_id="{DBInstanceArn}",
    name=("DBInstanceIdentifier",),
    listing=Listing(operation="DescribeDBInstances", items="DBInstances[]", page_size=100),
    tags="TagList",
    status="DBInstanceStatus",
    created="InstanceCreateTime",
    volatile=("LatestRestorableTime",),
    aliases=("{DbiResourceId}",),
    relations=(
        in_vpc("DBSubnetGroup.VpcId"),
        secured_by("VpcSecurityGroups[].VpcSecurityGroupId"),
        encrypted_with("KmsKeyId"),
        Relation(
            kind="uses",
            path="DBSubnetGroup.DBSubnetGroupName",
            target="arn:{partition}:rds:{region}:{account}:subgrp:{value}",
        ),
        Relation(
            kind="member-of",
            path="DBClusterIdentifier",
            target="arn:{partition}:rds:{region}:{account}:cluster:{value}",
        ),
        uses_role("MonitoringRoleArn"),
    ),
)

DB_CLUSTER = ResourceType(
    native_type="AWS::RDS::DBCluster",
    type="database.cluster",
    native_id="{DBClusterArn}",
    name=("DBClusterIdentifier",),
    listing=Listing(operation="DescribeDBClusters", items="DBClusters[]", page_size=100),
    tags="TagList",
    status="Status",
    created="ClusterCreateTime",
    volatile=("LatestRestorableTime", "EarliestRestorableTime"),
    aliases=("{DbClusterResourceId}",),
    relations=(
        secured_by("VpcSecurityGroups[].VpcSecurityGroupId"),
        encrypted_with("KmsKeyId"),
        Relation(kind="uses", path="DBSubnetGroup", target="arn:{partition}:rds:{region}:{account}:subgrp:{value}"),
    ),
)

DB_SNAPSHOT = ResourceType(
    native_type="AWS::RDS::DBSnapshot",
    type="database.snapshot",
    native_id="{DBSnapshotArn}",
    name=("DBSnapshotIdentifier",),
    listing=Listing(operation="DescribeDBSnapshots", items="DBSnapshots[]", page_size=100),
    tags="TagList",
    status="Status",
    created="SnapshotCreateTime",
    extras=(
        Extra(
            name="DBSnapshotAttributes",
            operation="DescribeDBSnapshotAttributes",
            arguments={"DBSnapshotIdentifier": "DBSnapshotIdentifier"},
            result="DBSnapshotAttributesResult.DBSnapshotAttributes",
            default=[],
            # Only snapshots that a person made can be shared; automated ones cannot.
            when=lambda item: item.get("SnapshotType") != "automated",
        ),
    ),
    relations=(
        Relation(
            kind="snapshot-of",
            path="DBInstanceIdentifier",
            target="arn:{partition}:rds:{region}:{account}:db:{value}",
        ),
        encrypted_with("KmsKeyId"),
    ),
)

DB_CLUSTER_SNAPSHOT = ResourceType(
    native_type="AWS::RDS::DBClusterSnapshot",
    type="database.snapshot",
    native_id="{DBClusterSnapshotArn}",
    name=("DBClusterSnapshotIdentifier",),
    listing=Listing(operation="DescribeDBClusterSnapshots", items="DBClusterSnapshots[]", page_size=100),
    tags="TagList",
    status="Status",
    created="SnapshotCreateTime",
    extras=(
        Extra(
            name="DBClusterSnapshotAttributes",
            operation="DescribeDBClusterSnapshotAttributes",
            arguments={"DBClusterSnapshotIdentifier": "DBClusterSnapshotIdentifier"},
            result="DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes",
            default=[],
            when=lambda item: item.get("SnapshotType") != "automated",
        ),
    ),
    relations=(
        Relation(
            kind="snapshot-of",
            path="DBClusterIdentifier",
            target="arn:{partition}:rds:{region}:{account}:cluster:{value}",
        ),
        encrypted_with("KmsKeyId"),
    ),
)

DB_SUBNET_GROUP = ResourceType(
    native_type="AWS::RDS::DBSubnetGroup",
    type="database.subnet_group",
    native_id="{DBSubnetGroupArn}",
    name=("DBSubnetGroupName",),
    listing=Listing(operation="DescribeDBSubnetGroups", items="DBSubnetGroups[]", page_size=100),
    status="SubnetGroupStatus",
    joins=(tags_in_bulk("rds:subgrp", "{DBSubnetGroupArn}"),),
    relations=(in_vpc(), in_subnet("Subnets[].SubnetIdentifier")),
)

TABLE = ResourceType(
    native_type="AWS::DynamoDB::Table",
    type="database.table",
    native_id="arn:{partition}:dynamodb:{region}:{account}:table/{TableName}",
    name=("TableName",),
    listing=Listing(operation="ListTables", items="TableNames[]", scalar="TableName"),
    describe=Describe(operation="DescribeTable", ids="TableName", parameter="TableName", items="Table"),
    status="TableStatus",
    created="CreationDateTime",
    volatile=(
        "ItemCount",
        "TableSizeBytes",
        "GlobalSecondaryIndexes[].ItemCount",
        "GlobalSecondaryIndexes[].IndexSizeBytes",
        "LocalSecondaryIndexes[].ItemCount",
        "LocalSecondaryIndexes[].IndexSizeBytes",
        "ContinuousBackups.PointInTimeRecoveryDescription.EarliestRestorableDateTime",
        "ContinuousBackups.PointInTimeRecoveryDescription.LatestRestorableDateTime",
    ),
    joins=(tags_in_bulk("dynamodb:table", "{TableArn}"),),
    extras=(
        Extra(
            name="ContinuousBackups",
            operation="DescribeContinuousBackups",
            arguments={"TableName": "TableName"},
            result="ContinuousBackupsDescription",
        ),
    ),
    relations=(encrypted_with("SSEDescription.KMSMasterKeyArn"),),
)

CACHE_CLUSTER = ResourceType(
    native_type="AWS::ElastiCache::CacheCluster",
    type="database.cache",
    native_id="arn:{partition}:elasticache:{region}:{account}:cluster:{CacheClusterId}",
    name=("CacheClusterId",),
    listing=Listing(
        operation="DescribeCacheClusters",
        items="CacheClusters[]",
        arguments={"ShowCacheNodeInfo": True},
        page_size=100,
    ),
    status="CacheClusterStatus",
    created="CacheClusterCreateTime",
    joins=(tags_in_bulk("elasticache:cluster", "{native_id}"),),
    relations=(
        secured_by("SecurityGroups[].SecurityGroupId"),
        Relation(
            kind="member-of",
            path="ReplicationGroupId",
            target="arn:{partition}:elasticache:{region}:{account}:replicationgroup:{value}",
        ),
    ),
)

REPLICATION_GROUP = ResourceType(
    native_type="AWS::ElastiCache::ReplicationGroup",
    type="database.cache",
    native_id="arn:{partition}:elasticache:{region}:{account}:replicationgroup:{ReplicationGroupId}",
    name=("ReplicationGroupId",),
    listing=Listing(operation="DescribeReplicationGroups", items="ReplicationGroups[]", page_size=100),
    status="Status",
    created="ReplicationGroupCreateTime",
    joins=(tags_in_bulk("elasticache:replicationgroup", "{native_id}"),),
    relations=(encrypted_with("KmsKeyId"),),
)

RDS = (DB_INSTANCE, DB_CLUSTER, DB_SNAPSHOT, DB_CLUSTER_SNAPSHOT, DB_SUBNET_GROUP)
DYNAMODB = (TABLE,)
ELASTICACHE = (CACHE_CLUSTER, REPLICATION_GROUP)
