"""EC2: machines, disks, images and what starts them."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.common import ec2_arn, encrypted_with, in_subnet, in_vpc, secured_by
from app.providers.aws.catalogue.model import Calls, Extra, Item, Join, Listing, Relation, ResourceType
from app.providers.aws.paths import find, find_all


def _public_snapshots(calls: Calls, items: Sequence[Item]) -> Mapping[str, bool]:
    """Snapshot id → True where anyone may restore it.

    One listing gives the candidates, nearly always none; each is confirmed by its own attribute, because a group
    grant and an endpoint that ignores the filter look alike in the listing.
    """
    if not items:
        return {}
    own = {item["SnapshotId"] for item in items}
    listed = calls.items(
        "ec2", "DescribeSnapshots", "Snapshots[].SnapshotId", {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]}
    )
    public: dict[str, bool] = {}
    for snapshot_id in own.intersection(listed):
        answer = calls.call(
            "ec2", "DescribeSnapshotAttribute", {"SnapshotId": snapshot_id, "Attribute": "createVolumePermission"}
        )
        public[snapshot_id] = "all" in find_all(answer, "CreateVolumePermissions[].Group")
    return public


def _template_versions(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """Launch template id → its default version, all templates in one paged call."""
    if not items:
        return {}
    versions = calls.items(
        "ec2", "DescribeLaunchTemplateVersions", "LaunchTemplateVersions[]", {"Versions": ["$Default"]}
    )
    return {version["LaunchTemplateId"]: version for version in versions if "LaunchTemplateId" in version}


INSTANCE = ResourceType(
    native_type="AWS::EC2::Instance",
    type="compute.instance",
    native_id=ec2_arn("instance", "InstanceId"),
    narrow={"InstanceIds": ["{InstanceId}"]},
    name=("tag:Name", "InstanceId"),
    listing=Listing(operation="DescribeInstances", items="Reservations[].Instances[]", page_size=1000),
    status="State.Name",
    created="LaunchTime",
    aliases=("{InstanceId}", "{PublicDnsName}"),
    relations=(
        in_subnet("SubnetId"),
        in_vpc(),
        secured_by("SecurityGroups[].GroupId"),
        Relation(kind="uses", path="IamInstanceProfile.Arn"),
        Relation(kind="uses", path="ImageId", target="arn:{partition}:ec2:{region}::image/{value}"),
        Relation(kind="uses", path="KeyName", target="key-pair/{region}/{value}"),
    ),
)

VOLUME = ResourceType(
    native_type="AWS::EC2::Volume",
    type="storage.volume",
    native_id=ec2_arn("volume", "VolumeId"),
    narrow={"VolumeIds": ["{VolumeId}"]},
    name=("tag:Name", "VolumeId"),
    listing=Listing(operation="DescribeVolumes", items="Volumes[]", page_size=1000),
    status="State",
    created="CreateTime",
    aliases=("{VolumeId}",),
    relations=(
        Relation(kind="attached-to", path="Attachments[].InstanceId", target=ec2_arn("instance")),
        Relation(kind="created-from", path="SnapshotId", target="arn:{partition}:ec2:{region}::snapshot/{value}"),
        encrypted_with("KmsKeyId"),
    ),
)

SNAPSHOT = ResourceType(
    native_type="AWS::EC2::Snapshot",
    type="storage.snapshot",
    native_id="arn:{partition}:ec2:{region}::snapshot/{SnapshotId}",
    narrow={"SnapshotIds": ["{SnapshotId}"]},
    name=("tag:Name", "SnapshotId"),
    listing=Listing(
        operation="DescribeSnapshots", items="Snapshots[]", arguments={"OwnerIds": ["self"]}, page_size=1000
    ),
    select=lambda item: item.get("OwnerAlias") != "amazon",
    status="State",
    created="StartTime",
    aliases=("{SnapshotId}", ec2_arn("snapshot", "SnapshotId")),
    relations=(
        Relation(kind="snapshot-of", path="VolumeId", target=ec2_arn("volume")),
        encrypted_with("KmsKeyId"),
    ),
    joins=(
        Join(
            name="RestorableByAll",
            read=_public_snapshots,
            calls=("ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute"),
            key="{SnapshotId}",
            default=False,
        ),
    ),
)

IMAGE = ResourceType(
    native_type="AWS::EC2::Image",
    type="compute.image",
    native_id="arn:{partition}:ec2:{region}::image/{ImageId}",
    narrow={"ImageIds": ["{ImageId}"]},
    name=("tag:Name", "Name", "ImageId"),
    listing=Listing(operation="DescribeImages", items="Images[]", arguments={"Owners": ["self"]}),
    status="State",
    created="CreationDate",
    aliases=("{ImageId}", ec2_arn("image", "ImageId")),
    relations=(
        Relation(
            kind="uses",
            path="BlockDeviceMappings[].Ebs.SnapshotId",
            target="arn:{partition}:ec2:{region}::snapshot/{value}",
        ),
    ),
)

KEY_PAIR = ResourceType(
    native_type="AWS::EC2::KeyPair",
    type="security.key_pair",
    native_id=ec2_arn("key-pair", "KeyPairId"),
    narrow={"KeyPairIds": ["{KeyPairId}"]},
    name=("KeyName",),
    listing=Listing(operation="DescribeKeyPairs", items="KeyPairs[]"),
    created="CreateTime",
    # Instances name their key pair by a name that is unique only within a region.
    aliases=("{KeyPairId}", "key-pair/{region}/{KeyName}"),
)

LAUNCH_TEMPLATE = ResourceType(
    native_type="AWS::EC2::LaunchTemplate",
    type="compute.launch_template",
    native_id=ec2_arn("launch-template", "LaunchTemplateId"),
    narrow={"LaunchTemplateIds": ["{LaunchTemplateId}"]},
    name=("LaunchTemplateName", "LaunchTemplateId"),
    listing=Listing(operation="DescribeLaunchTemplates", items="LaunchTemplates[]"),
    created="CreateTime",
    aliases=("{LaunchTemplateId}",),
    joins=(
        Join(
            name="DefaultVersion",
            read=_template_versions,
            calls=("ec2:DescribeLaunchTemplateVersions",),
            key="{LaunchTemplateId}",
        ),
    ),
    relations=(
        secured_by("DefaultVersion.LaunchTemplateData.SecurityGroupIds[]"),
        Relation(
            kind="uses",
            path="DefaultVersion.LaunchTemplateData.ImageId",
            target="arn:{partition}:ec2:{region}::image/{value}",
        ),
        Relation(kind="uses", path="DefaultVersion.LaunchTemplateData.IamInstanceProfile.Arn"),
    ),
    redact=("DefaultVersion.LaunchTemplateData.UserData",),
)

REGION = ResourceType(
    native_type="AWS::Region",
    type="account.region",
    native_id="arn:{partition}:ec2:{region}:{account}:region/{RegionName}",
    name=("RegionName",),
    listing=None,
    itself=("AccountId", "RegionName"),
    extras=(
        Extra(
            name="EbsEncryptionByDefault",
            operation="GetEbsEncryptionByDefault",
            arguments={},
            result="EbsEncryptionByDefault",
        ),
    ),
    relations=(
        Relation(
            kind="contains",
            path=lambda item: [find(item, "AccountId")],
            target="arn:{partition}:iam::{account}:root",
            reverse=True,
        ),
    ),
)

TYPES = (REGION, INSTANCE, VOLUME, SNAPSHOT, IMAGE, KEY_PAIR, LAUNCH_TEMPLATE)
