"""RDS, DynamoDB and ElastiCache."""

from app.providers.aws.catalogue.common import encrypted_with, in_subnet, in_vpc, secured_by, tags_in_bulk, uses_role
from app.providers.aws.catalogue.model import Describe, Extra, Listing, Relation, ResourceType

DB_INSTANCE = ResourceType(
    native_type="AWS::RDS::DBInstance",
    type="database.instance",
    native_id="{DBInstanceArn}",
    arn="arn:{partition}:rds:{region}:{account}:db:{DBInstanceIdentifier}",
    narrow={"DBInstanceIdentifier": "{DBInstanceIdentifier}"},
    name=("DBInstanceIdentifier",),
    listing=Listing(operation="DescribeDBInstances", items="DBInstances[]", page_size=100),
    tags="TagList",
    status="DBInstanceStatus",
    created="InstanceCreateTime",
    volatile=("LatestRestorableTime",),
    aliases=("{DbiResourceId}", "{Endpoint.Address}"),
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
        Relation(
            kind="uses",
            path="DBParameterGroups[].DBParameterGroupName",
            target="arn:{partition}:rds:{region}:{account}:pg:{value}",
        ),
        Relation(kind="uses", path="MasterUserSecret.SecretArn"),
    ),
)

DB_CLUSTER = ResourceType(
    native_type="AWS::RDS::DBCluster",
    type="database.cluster",
    native_id="{DBClusterArn}",
    arn="arn:{partition}:rds:{region}:{account}:cluster:{DBClusterIdentifier}",
    narrow={"DBClusterIdentifier": "{DBClusterIdentifier}"},
    name=("DBClusterIdentifier",),
    listing=Listing(operation="DescribeDBClusters", items="DBClusters[]", page_size=100),
    tags="TagList",
    status="Status",
    created="ClusterCreateTime",
    volatile=("LatestRestorableTime", "EarliestRestorableTime"),
    aliases=("{DbClusterResourceId}", "{Endpoint}", "{ReaderEndpoint}"),
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
    arn="arn:{partition}:rds:{region}:{account}:snapshot:{DBSnapshotIdentifier}",
    narrow={"DBSnapshotIdentifier": "{DBSnapshotIdentifier}"},
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
    arn="arn:{partition}:rds:{region}:{account}:cluster-snapshot:{DBClusterSnapshotIdentifier}",
    narrow={"DBClusterSnapshotIdentifier": "{DBClusterSnapshotIdentifier}"},
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
    arn="arn:{partition}:rds:{region}:{account}:subgrp:{DBSubnetGroupName}",
    narrow={"DBSubnetGroupName": "{DBSubnetGroupName}"},
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
    narrow={"CacheClusterId": "{CacheClusterId}"},
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
    narrow={"ReplicationGroupId": "{ReplicationGroupId}"},
    name=("ReplicationGroupId",),
    listing=Listing(operation="DescribeReplicationGroups", items="ReplicationGroups[]", page_size=100),
    status="Status",
    created="ReplicationGroupCreateTime",
    joins=(tags_in_bulk("elasticache:replicationgroup", "{native_id}"),),
    relations=(encrypted_with("KmsKeyId"),),
)

PARAMETER_GROUP = ResourceType(
    native_type="AWS::RDS::DBParameterGroup",
    type="database.parameter_group",
    native_id="{DBParameterGroupArn}",
    arn="arn:{partition}:rds:{region}:{account}:pg:{DBParameterGroupName}",
    narrow={"DBParameterGroupName": "{DBParameterGroupName}"},
    name=("DBParameterGroupName",),
    listing=Listing(operation="DescribeDBParameterGroups", items="DBParameterGroups[]", page_size=100),
    joins=(tags_in_bulk("rds:pg", "{DBParameterGroupArn}"),),
)

DB_PROXY = ResourceType(
    native_type="AWS::RDS::DBProxy",
    type="database.proxy",
    native_id="{DBProxyArn}",
    arn="arn:{partition}:rds:{region}:{account}:db-proxy:{Id}",
    name=("DBProxyName",),
    listing=Listing(operation="DescribeDBProxies", items="DBProxies[]", page_size=100),
    status="Status",
    created="CreatedDate",
    aliases=("{Endpoint}",),
    joins=(tags_in_bulk("rds:db-proxy", "{DBProxyArn}"),),
    relations=(
        in_vpc(),
        in_subnet("VpcSubnetIds[]"),
        secured_by("VpcSecurityGroupIds[]"),
        uses_role("RoleArn"),
        Relation(kind="uses", path="Auth[].SecretArn"),
    ),
)

RDS = (DB_INSTANCE, DB_CLUSTER, DB_SNAPSHOT, DB_CLUSTER_SNAPSHOT, DB_SUBNET_GROUP, PARAMETER_GROUP, DB_PROXY)
DYNAMODB = (TABLE,)
ELASTICACHE = (CACHE_CLUSTER, REPLICATION_GROUP)
