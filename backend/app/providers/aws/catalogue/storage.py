"""File systems and backups."""

from app.providers.aws.catalogue.common import encrypted_with, in_subnet, in_vpc, tags_in_bulk
from app.providers.aws.catalogue.model import Extra, ForEach, Listing, Relation, ResourceType

_FILE_SYSTEM_ARN = "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{FileSystemId}"

FILE_SYSTEM = ResourceType(
    native_type="AWS::EFS::FileSystem",
    type="storage.file_system",
    native_id=_FILE_SYSTEM_ARN,
    narrow={"FileSystemId": "{FileSystemId}"},
    name=("Name", "tag:Name", "FileSystemId"),
    listing=Listing(operation="DescribeFileSystems", items="FileSystems[]", page_size=100),
    status="LifeCycleState",
    created="CreationTime",
    volatile=("SizeInBytes",),
    aliases=("{FileSystemId}",),
    relations=(encrypted_with("KmsKeyId"),),
)

MOUNT_TARGET = ResourceType(
    native_type="AWS::EFS::MountTarget",
    type="storage.mount_target",
    native_id="arn:{partition}:elasticfilesystem:{region}:{account}:mount-target/{MountTargetId}",
    name=("MountTargetId",),
    listing=Listing(operation="DescribeMountTargets", items="MountTargets[]"),
    for_each=ForEach(parent=FILE_SYSTEM.native_type, arguments={"FileSystemId": "FileSystemId"}),
    status="LifeCycleState",
    aliases=("{MountTargetId}",),
    relations=(
        Relation(kind="attached-to", path="FileSystemId", target=_FILE_SYSTEM_ARN),
        in_subnet("SubnetId"),
        Relation(
            kind="uses",
            path="NetworkInterfaceId",
            target="arn:{partition}:ec2:{region}:{account}:network-interface/{value}",
        ),
    ),
)

ACCESS_POINT = ResourceType(
    native_type="AWS::EFS::AccessPoint",
    type="storage.access_point",
    native_id="{AccessPointArn}",
    arn="arn:{partition}:elasticfilesystem:{region}:{account}:access-point/{AccessPointId}",
    narrow={"AccessPointId": "{AccessPointId}"},
    name=("Name", "tag:Name", "AccessPointId"),
    listing=Listing(operation="DescribeAccessPoints", items="AccessPoints[]", page_size=100),
    status="LifeCycleState",
    aliases=("{AccessPointId}",),
    relations=(Relation(kind="attached-to", path="FileSystemId", target=_FILE_SYSTEM_ARN),),
)

FSX_FILE_SYSTEM = ResourceType(
    native_type="AWS::FSx::FileSystem",
    type="storage.file_system",
    native_id="{ResourceARN}",
    arn="arn:{partition}:fsx:{region}:{account}:file-system/{FileSystemId}",
    narrow={"FileSystemIds": ["{FileSystemId}"]},
    name=("tag:Name", "FileSystemId"),
    listing=Listing(operation="DescribeFileSystems", items="FileSystems[]", page_size=100),
    status="Lifecycle",
    created="CreationTime",
    aliases=("{FileSystemId}", "{DNSName}"),
    relations=(in_vpc(), in_subnet("SubnetIds[]"), encrypted_with("KmsKeyId")),
)

BACKUP_VAULT = ResourceType(
    native_type="AWS::Backup::BackupVault",
    type="storage.backup_vault",
    native_id="{BackupVaultArn}",
    arn="arn:{partition}:backup:{region}:{account}:backup-vault:{BackupVaultName}",
    name=("BackupVaultName",),
    listing=Listing(operation="ListBackupVaults", items="BackupVaultList[]", page_size=1000),
    created="CreationDate",
    volatile=("NumberOfRecoveryPoints",),
    joins=(tags_in_bulk("backup:backup-vault", "{BackupVaultArn}"),),
    relations=(encrypted_with("EncryptionKeyArn"),),
)

BACKUP_PLAN = ResourceType(
    native_type="AWS::Backup::BackupPlan",
    type="storage.backup_plan",
    native_id="{BackupPlanArn}",
    arn="arn:{partition}:backup:{region}:{account}:backup-plan:{BackupPlanId}",
    name=("BackupPlanName", "BackupPlanId"),
    listing=Listing(operation="ListBackupPlans", items="BackupPlansList[]", page_size=1000),
    created="CreationDate",
    volatile=("LastExecutionDate",),
    aliases=("{BackupPlanId}",),
    joins=(tags_in_bulk("backup:backup-plan", "{BackupPlanArn}"),),
    extras=(
        Extra(
            name="BackupPlan",
            operation="GetBackupPlan",
            arguments={"BackupPlanId": "BackupPlanId"},
            result="BackupPlan",
        ),
    ),
    relations=(
        Relation(
            kind="targets",
            path="BackupPlan.Rules[].TargetBackupVaultName",
            target="arn:{partition}:backup:{region}:{account}:backup-vault:{value}",
        ),
    ),
)

EFS, FSX, BACKUP = (FILE_SYSTEM, MOUNT_TARGET, ACCESS_POINT), (FSX_FILE_SYSTEM,), (BACKUP_VAULT, BACKUP_PLAN)
