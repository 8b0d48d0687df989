"""Virtual machines with their disks and interfaces, scale sets, clusters, registries, containers."""

from typing import Any

from simulators.azure.company.maker import DEV, PROD, SHARED, Maker

_COMPUTE = "Microsoft.Compute/"
_FLEETS = (
    (PROD, "web", "storefront", 4, "Standard_D4s_v5", "web", True, "VM running"),
    (PROD, "checkout", "checkout", 3, "Standard_D4s_v5", "app", False, "VM running"),
    (PROD, "search", "search", 3, "Standard_E8s_v5", "app", False, "VM running"),
    (SHARED, "runner", "platform", 2, "Standard_D8s_v5", "shared", False, "VM running"),
    (DEV, "devweb", "storefront", 3, "Standard_B2ms", "web", True, "VM stopped"),
    (DEV, "lab", "analytics", 2, "Standard_NC6s_v3", "app", False, "VM deallocated"),
)


def make_machines(maker: Maker, networks: dict[str, dict[str, str]]) -> None:
    """Everything that computes."""
    vault_key = _disk_encryption(maker)
    for subscription, name, application, count, size, subnet, is_public, power in _FLEETS:
        group = maker.group(subscription, f"acme-{name}", application)
        for number in range(1, count + 1):
            _machine(
                maker,
                group,
                f"{name}-{number:02d}",
                application,
                size,
                networks[subscription][subnet],
                is_public,
                power,
                vault_key if subscription == PROD else "",
            )
    _leftovers(maker)
    _scale_set(maker, networks[PROD]["app"])
    _clusters(maker, networks)


def _disk_encryption(maker: Maker) -> str:
    group = maker.group(PROD, "acme-security", "platform")
    vault = f"{group}/providers/Microsoft.KeyVault/vaults/acme-prod-keys"
    return maker.add(
        group,
        f"{_COMPUTE}diskEncryptionSets",
        "acme-prod",
        {
            "provisioningState": "Succeeded",
            "encryptionType": "EncryptionAtRestWithCustomerKey",
            "activeKey": {
                "sourceVault": {"id": vault},
                "keyUrl": "https://acme-prod-keys.vault.azure.net/keys/disks/1",
            },
        },
        identity={"type": "SystemAssigned", "principalId": maker.guid(), "tenantId": maker.estate.tenant_id},
    )


def disk(maker: Maker, group: str, name: str, application: str, size: int, owner: str, **more: Any) -> str:
    """A managed disk; `owner` is the machine that it is attached to, or empty."""
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "diskSizeGB": size,
        "diskState": "Attached" if owner else "Unattached",
        "diskIOPSReadWrite": 500,
        "diskMBpsReadWrite": 100,
        "uniqueId": maker.guid(),
        "timeCreated": "2026-02-11T08:15:30.1234567+00:00",
        "osType": "Linux",
        "creationData": {"createOption": "Empty"},
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        **more,
    }
    attached: dict[str, Any] = {"managedBy": owner} if owner else {}
    return maker.add(
        group,
        f"{_COMPUTE}disks",
        name,
        properties,
        application=application,
        sku={"name": "Premium_LRS", "tier": "Premium"},
        zones=["1"],
        **attached,
    )


def _machine(
    maker: Maker, group: str, name: str, application: str, size: str, subnet: str, is_public: bool, power: str, key: str
) -> None:
    machine = maker.path(group, f"{_COMPUTE}virtualMachines", name)
    interface = maker.path(group, "Microsoft.Network/networkInterfaces", f"{name}-nic")
    configuration = f"{interface}/ipConfigurations/primary"
    inner: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "privateIPAddress": f"10.41.{maker.random.randrange(8)}.{maker.random.randrange(4, 250)}",
        "privateIPAllocationMethod": "Dynamic",
        "subnet": {"id": subnet},
        "primary": True,
    }
    if is_public:
        inner["publicIPAddress"] = {
            "id": maker.add(
                group,
                "Microsoft.Network/publicIPAddresses",
                f"{name}-ip",
                {
                    "provisioningState": "Succeeded",
                    "resourceGuid": maker.guid(),
                    "ipAddress": f"198.51.100.{maker.random.randrange(1, 250)}",
                    "publicIPAllocationMethod": "Static",
                    "ipConfiguration": {"id": configuration},
                },
                application=application,
                sku={"name": "Standard", "tier": "Regional"},
            )
        }
    maker.add(
        group,
        "Microsoft.Network/networkInterfaces",
        f"{name}-nic",
        {
            "provisioningState": "Succeeded",
            "resourceGuid": maker.guid(),
            "macAddress": "00-0D-3A-00-00-01",
            "primary": True,
            "ipConfigurations": [{"id": configuration, "name": "primary", "properties": inner}],
            "enableIPForwarding": False,
            "enableAcceleratedNetworking": True,
            "virtualMachine": {"id": machine},
        },
        application=application,
    )
    encryption = {"encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": key}} if key else {}
    root = disk(maker, group, f"{name}-os", application, 64, machine, **encryption)
    data = disk(maker, group, f"{name}-data", application, 256, machine, **encryption)
    maker.add(
        group,
        f"{_COMPUTE}virtualMachines",
        name,
        {
            "provisioningState": "Succeeded",
            "vmId": maker.guid(),
            "timeCreated": "2026-02-11T08:14:02.1+00:00",
            "hardwareProfile": {"vmSize": size},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Canonical",
                    "offer": "ubuntu-24_04-lts",
                    "sku": "server",
                    "version": "latest",
                },
                "osDisk": {
                    "osType": "Linux",
                    "name": f"{name}-os",
                    "createOption": "FromImage",
                    "managedDisk": {"id": root},
                },
                "dataDisks": [{"lun": 0, "name": f"{name}-data", "managedDisk": {"id": data}, "diskSizeGB": 256}],
            },
            "osProfile": {
                "computerName": name,
                "adminUsername": "acme",
                "customData": "IyEvYmluL3NoCg==",
                "linuxConfiguration": {"disablePasswordAuthentication": True},
            },
            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": {"primary": True}}]},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        },
        application=application,
        zones=["1"],
        graph={
            "extended": {
                "instanceView": {
                    "powerState": {
                        "code": f"PowerState/{power.removeprefix('VM ')}",
                        "displayStatus": power,
                        "level": "Info",
                    }
                }
            }
        },
    )
    maker.add(
        group,
        f"{_COMPUTE}virtualMachines/extensions",
        f"{name}/AzureMonitorLinuxAgent",
        {
            "provisioningState": "Succeeded",
            "publisher": "Microsoft.Azure.Monitor",
            "type": "AzureMonitorLinuxAgent",
            "typeHandlerVersion": "1.0",
            "autoUpgradeMinorVersion": True,
        },
        application=application,
    )


def _leftovers(maker: Maker) -> None:
    group = maker.group(DEV, "acme-old-search", "search")
    for number in range(1, 5):
        root = disk(maker, group, f"old-search-data-{number}", "search", 512, "")
        maker.add(
            group,
            f"{_COMPUTE}snapshots",
            f"search-migration-{number}",
            {
                "provisioningState": "Succeeded",
                "diskSizeGB": 512,
                "timeCreated": "2025-01-17T10:00:00+00:00",
                "creationData": {"createOption": "Copy", "sourceResourceId": root},
                "networkAccessPolicy": "AllowAll",
                "publicNetworkAccess": "Enabled",
                "incremental": False,
                "uniqueId": maker.guid(),
            },
            application="search",
            sku={"name": "Premium_LRS", "tier": "Premium"},
        )
    maker.add(
        group,
        f"{_COMPUTE}images",
        "search-base",
        {
            "provisioningState": "Succeeded",
            "hyperVGeneration": "V2",
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux",
                    "snapshot": {"id": maker.path(group, f"{_COMPUTE}snapshots", "search-migration-1")},
                }
            },
        },
        application="search",
    )
    maker.add(
        group,
        f"{_COMPUTE}availabilitySets",
        "search-set",
        {"platformFaultDomainCount": 2, "virtualMachines": []},
        application="search",
    )
    maker.add(
        group,
        "Microsoft.Network/networkInterfaces",
        "orphan-nic",
        {"provisioningState": "Succeeded", "ipConfigurations": []},
        application="search",
    )


def _scale_set(maker: Maker, subnet: str) -> None:
    group = maker.group(PROD, "acme-workers", "checkout")
    maker.add(
        group,
        f"{_COMPUTE}virtualMachineScaleSets",
        "checkout-workers",
        {
            "provisioningState": "Succeeded",
            "uniqueId": maker.guid(),
            "orchestrationMode": "Uniform",
            "singlePlacementGroup": True,
            "virtualMachineProfile": {
                "osProfile": {"computerNamePrefix": "worker", "adminUsername": "acme"},
                "networkProfile": {
                    "networkInterfaceConfigurations": [
                        {
                            "name": "primary",
                            "properties": {
                                "ipConfigurations": [{"name": "primary", "properties": {"subnet": {"id": subnet}}}]
                            },
                        }
                    ]
                },
            },
        },
        application="checkout",
        sku={"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 4},
    )
    maker.add(
        group,
        "Microsoft.Insights/autoscalesettings",
        "checkout-workers",
        {
            "enabled": True,
            "targetResourceUri": maker.path(group, f"{_COMPUTE}virtualMachineScaleSets", "checkout-workers"),
            "profiles": [],
        },
        application="checkout",
    )


def _clusters(maker: Maker, networks: dict[str, dict[str, str]]) -> None:
    group = maker.group(PROD, "acme-containers", "platform")
    identity = maker.add(
        group,
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "aks-kubelet",
        {"tenantId": maker.estate.tenant_id, "principalId": maker.guid(), "clientId": maker.guid()},
    )
    for name, is_private in (("acme-prod", True), ("acme-batch", False)):
        maker.add(
            group,
            "Microsoft.ContainerService/managedClusters",
            name,
            {
                "provisioningState": "Succeeded",
                "powerState": {"code": "Running"},
                "kubernetesVersion": "1.30",
                "dnsPrefix": name,
                "fqdn": f"{name}.hcp.westeurope.azmk8s.example",
                "enableRBAC": True,
                "disableLocalAccounts": is_private,
                "aadProfile": {"managed": True, "enableAzureRBAC": True} if is_private else None,
                "apiServerAccessProfile": {"enablePrivateCluster": is_private},
                "nodeResourceGroup": f"MC_{name}",
                "agentPoolProfiles": [
                    {
                        "name": "system",
                        "count": 3,
                        "vmSize": "Standard_D4s_v5",
                        "mode": "System",
                        "enableAutoScaling": True,
                        "vnetSubnetID": networks[PROD]["aks"],
                    }
                ],
                "identityProfile": {"kubeletidentity": {"resourceId": identity, "clientId": maker.guid()}},
                "networkProfile": {"networkPlugin": "azure", "serviceCidr": "10.0.0.0/16"},
                "servicePrincipalProfile": {"clientId": "msi"},
            },
            identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {"principalId": maker.guid()}}},
            sku={"name": "Base", "tier": "Standard"},
        )
    for name, is_admin in (("acmeprod", False), ("acmedev", True)):
        maker.add(
            group,
            "Microsoft.ContainerRegistry/registries",
            name,
            {
                "provisioningState": "Succeeded",
                "loginServer": f"{name}.azurecr.example",
                "adminUserEnabled": is_admin,
                "creationDate": "2026-01-04T09:00:00Z",
                "publicNetworkAccess": "Enabled",
                "zoneRedundancy": "Disabled",
            },
            sku={"name": "Premium", "tier": "Premium"},
        )
    maker.add(
        group,
        "Microsoft.ContainerInstance/containerGroups",
        "migrate-once",
        {
            "provisioningState": "Succeeded",
            "osType": "Linux",
            "containers": [
                {
                    "name": "migrate",
                    "properties": {
                        "image": "acmeprod.azurecr.example/migrate:7",
                        "environmentVariables": [
                            {"name": "DB_PASSWORD", "value": "plain-text-secret"},
                            {"name": "MODE", "value": "once"},
                        ],
                    },
                }
            ],
        },
    )
    environment = maker.add(
        group,
        "Microsoft.App/managedEnvironments",
        "acme-apps",
        {"provisioningState": "Succeeded", "vnetConfiguration": {"infrastructureSubnetId": networks[PROD]["app"]}},
    )
    for name in ("cart", "prices"):
        maker.add(
            group,
            "Microsoft.App/containerApps",
            name,
            {
                "provisioningState": "Succeeded",
                "runningStatus": "Running",
                "managedEnvironmentId": environment,
                "configuration": {
                    "ingress": {"external": True, "targetPort": 8080, "fqdn": f"{name}.apps.example"},
                    "secrets": [{"name": "db", "value": "hidden"}],
                },
                "template": {"containers": [{"name": name, "image": f"acmeprod.azurecr.example/{name}:12"}]},
            },
            application="checkout",
            identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        )
