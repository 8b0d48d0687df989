"""Virtual machines and what they are made of."""

from app.providers.azure.catalogue.model import (
    Relation,
    attached_to,
    encrypts_with,
    in_subnet,
    secured_by,
    simple,
    uses,
)

_COMPUTE, _DISKS = "2024-07-01", "2023-10-02"
_SNAPSHOT_OF = Relation(kind="snapshot-of", path="properties.creationData.sourceResourceId")
_KEY_SET = encrypts_with("properties.encryption.diskEncryptionSetId")

VIRTUAL_MACHINE = simple(
    "Microsoft.Compute/virtualMachines",
    "compute.instance",
    _COMPUTE,
    status=("properties.extended.instanceView.powerState.displayStatus", "properties.provisioningState"),
    created=("properties.timeCreated",),
    aliases=("properties.vmId",),
    relations=(
        Relation(kind="attached-to", path="properties.networkProfile.networkInterfaces[].id", reverse=True),
        Relation(kind="attached-to", path="properties.storageProfile.osDisk.managedDisk.id", reverse=True),
        Relation(kind="attached-to", path="properties.storageProfile.dataDisks[].managedDisk.id", reverse=True),
        Relation(kind="member-of", path="properties.availabilitySet.id"),
        Relation(kind="member-of", path="properties.virtualMachineScaleSet.id"),
        uses("properties.storageProfile.imageReference.id"),
        uses("properties.proximityPlacementGroup.id"),
        encrypts_with("properties.storageProfile.osDisk.managedDisk.diskEncryptionSet.id"),
    ),
    redact=("properties.osProfile.customData", "properties.osProfile.adminPassword", "properties.userData"),
    # Resource Graph's form of the instance view is not the provider's; the state is the status.
    volatile=("properties.instanceView", "properties.extended"),
    expand="instanceView",
)

TYPES = (
    VIRTUAL_MACHINE,
    simple(
        "Microsoft.Compute/virtualMachines/extensions",
        "compute.extension",
        _COMPUTE,
        redact=("properties.protectedSettings",),
    ),
    simple(
        "Microsoft.Compute/virtualMachineScaleSets",
        "compute.instance_group",
        _COMPUTE,
        created=("properties.timeCreated",),
        aliases=("properties.uniqueId",),
        relations=(
            in_subnet(
                "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties"
                ".ipConfigurations[].properties.subnet.id"
            ),
            secured_by(
                "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties"
                ".networkSecurityGroup.id"
            ),
            uses("properties.virtualMachineProfile.storageProfile.imageReference.id"),
        ),
        redact=("properties.virtualMachineProfile.osProfile.customData", "properties.virtualMachineProfile.userData"),
    ),
    simple(
        "Microsoft.Compute/disks",
        "storage.volume",
        _DISKS,
        status=("properties.diskState", "properties.provisioningState"),
        created=("properties.timeCreated",),
        aliases=("properties.uniqueId",),
        relations=(
            _SNAPSHOT_OF,
            uses("properties.creationData.imageReference.id"),
            _KEY_SET,
            attached_to("managedByExtended[]"),
        ),
    ),
    simple(
        "Microsoft.Compute/snapshots",
        "storage.snapshot",
        _DISKS,
        created=("properties.timeCreated",),
        aliases=("properties.uniqueId",),
        relations=(_SNAPSHOT_OF, _KEY_SET),
    ),
    simple(
        "Microsoft.Compute/images",
        "compute.image",
        _COMPUTE,
        relations=(
            uses("properties.sourceVirtualMachine.id"),
            uses("properties.storageProfile.osDisk.snapshot.id"),
            uses("properties.storageProfile.osDisk.managedDisk.id"),
        ),
    ),
    simple("Microsoft.Compute/availabilitySets", "compute.availability_set", _COMPUTE),
    simple("Microsoft.Compute/proximityPlacementGroups", "compute.placement_group", _COMPUTE),
    simple("Microsoft.Compute/hostGroups", "compute.host_group", _COMPUTE),
    simple("Microsoft.Compute/hostGroups/hosts", "compute.host", _COMPUTE),
    simple("Microsoft.Compute/capacityReservationGroups", "compute.reservation", _COMPUTE),
    simple("Microsoft.Compute/galleries", "compute.image_gallery", "2023-07-03"),
    simple("Microsoft.Compute/galleries/images", "compute.image", "2023-07-03"),
    simple("Microsoft.Compute/galleries/images/versions", "compute.image", "2023-07-03"),
    simple(
        "Microsoft.Compute/diskEncryptionSets",
        "security.key_set",
        _DISKS,
        relations=(encrypts_with("properties.activeKey.sourceVault.id"),),
    ),
    simple("Microsoft.Compute/diskAccesses", "network.endpoint", _DISKS),
    simple("Microsoft.Compute/sshPublicKeys", "security.key_pair", _COMPUTE),
    simple(
        "Microsoft.Insights/autoscalesettings",
        "compute.autoscaling",
        "2022-10-01",
        relations=(Relation(kind="targets", path="properties.targetResourceUri"),),
    ),
    simple("Microsoft.Batch/batchAccounts", "compute.batch", "2024-02-01"),
    simple("Microsoft.DesktopVirtualization/hostpools", "compute.desktop_pool", "2023-09-05"),
    simple("Microsoft.DesktopVirtualization/workspaces", "compute.desktop_workspace", "2023-09-05"),
    simple("Microsoft.HybridCompute/machines", "compute.instance", "2024-07-10", aliases=("properties.vmId",)),
)
