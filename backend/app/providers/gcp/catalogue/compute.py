"""Compute Engine without its networks: machines, disks, images and what starts them."""

from app.providers.gcp.catalogue.model import (
    AssetType,
    encrypted_with,
    in_network,
    in_subnet,
    link,
    uses_account,
)

_C = "compute.googleapis.com/"
_LINKS = ("{selfLink}", "{id}")
_ATTACHED = ("status", "currentActions", "fingerprint")

TYPES = (
    AssetType(
        native_type=_C + "Instance",
        type="compute.instance",
        aliases=_LINKS,
        relations=(
            in_subnet("networkInterfaces[].subnetwork"),
            in_network("networkInterfaces[].network"),
            uses_account("serviceAccounts[].email"),
            link("uses", "sourceMachineImage"),
            link("uses", "resourcePolicies[]"),
            encrypted_with("disks[].diskEncryptionKey.kmsKeyName"),
        ),
        volatile=("fingerprint", "labelFingerprint", "metadata.fingerprint", "tags.fingerprint"),
    ),
    AssetType(
        native_type=_C + "Disk",
        type="storage.volume",
        aliases=_LINKS,
        relations=(
            link("attached-to", "users[]"),
            link("created-from", "sourceImage"),
            link("created-from", "sourceSnapshot"),
            link("uses", "resourcePolicies[]"),
            encrypted_with("diskEncryptionKey.kmsKeyName"),
        ),
        volatile=("labelFingerprint",),
    ),
    AssetType(
        native_type=_C + "RegionDisk",
        type="storage.volume",
        aliases=_LINKS,
        relations=(link("attached-to", "users[]"),),
    ),
    AssetType(
        native_type=_C + "Snapshot",
        type="storage.snapshot",
        aliases=_LINKS,
        relations=(link("snapshot-of", "sourceDisk"), encrypted_with("snapshotEncryptionKey.kmsKeyName")),
        volatile=("storageBytes", "labelFingerprint"),
    ),
    AssetType(
        native_type=_C + "Image",
        type="compute.image",
        aliases=_LINKS,
        relations=(
            link("created-from", "sourceDisk"),
            link("created-from", "sourceSnapshot"),
            link("created-from", "sourceImage"),
            encrypted_with("imageEncryptionKey.kmsKeyName"),
        ),
        volatile=("labelFingerprint",),
    ),
    AssetType(
        native_type=_C + "MachineImage",
        type="compute.image",
        aliases=_LINKS,
        relations=(link("created-from", "sourceInstance"),),
    ),
    AssetType(
        native_type=_C + "InstanceTemplate",
        type="compute.launch_template",
        aliases=_LINKS,
        relations=(
            link("uses", "properties.disks[].initializeParams.sourceImage"),
            link("uses", "properties.networkInterfaces[].subnetwork"),
            link("uses", "properties.networkInterfaces[].network"),
            uses_account("properties.serviceAccounts[].email"),
        ),
    ),
    AssetType(
        native_type=_C + "InstanceGroup",
        type="compute.instance_group",
        aliases=_LINKS,
        relations=(in_network(), in_subnet()),
        volatile=("size", "fingerprint"),
    ),
    AssetType(
        native_type=_C + "InstanceGroupManager",
        type="compute.instance_group",
        aliases=_LINKS,
        relations=(
            link("uses", "instanceTemplate"),
            link("uses", "versions[].instanceTemplate"),
            link("targets", "instanceGroup"),
            link("targets", "targetPools[]"),
        ),
        volatile=_ATTACHED,
    ),
    AssetType(
        native_type=_C + "Autoscaler",
        type="compute.autoscaler",
        aliases=_LINKS,
        relations=(link("targets", "target"),),
        volatile=("recommendedSize", "scalingScheduleStatus", "statusDetails"),
    ),
    AssetType(
        native_type=_C + "NodeGroup",
        type="compute.host_group",
        aliases=_LINKS,
        relations=(link("uses", "nodeTemplate"),),
        volatile=("size", "fingerprint"),
    ),
    AssetType(native_type=_C + "NodeTemplate", type="compute.host_template", aliases=_LINKS),
    AssetType(
        native_type=_C + "Reservation",
        type="compute.reservation",
        aliases=_LINKS,
        volatile=("specificReservation.inUseCount",),
    ),
    AssetType(native_type=_C + "Commitment", type="compute.commitment", aliases=_LINKS),
    AssetType(native_type=_C + "ResourcePolicy", type="compute.policy", aliases=_LINKS),
    AssetType(
        native_type=_C + "Project",
        type="compute.settings",
        aliases=("{selfLink}",),
        volatile=("quotas", "commonInstanceMetadata.fingerprint"),
    ),
    AssetType(
        native_type=_C + "StoragePool", type="storage.pool", aliases=_LINKS, volatile=("status", "resourceStatus")
    ),
)
