"""Clusters, registries and containers without a cluster."""

from app.providers.azure.catalogue.model import Relation, encrypts_with, in_subnet, logs_to, simple, uses

_APP_SECRETS = (
    "properties.configuration.secrets[].value",
    "properties.template.containers[].env[].value",
    "properties.template.initContainers[].env[].value",
)

TYPES = (
    simple(
        "Microsoft.ContainerService/managedClusters",
        "container.cluster",
        "2024-05-01",
        status=("properties.powerState.code", "properties.provisioningState"),
        aliases=("properties.fqdn", "properties.privateFQDN"),
        relations=(
            in_subnet("properties.agentPoolProfiles[].vnetSubnetID"),
            Relation(kind="assumes", path="properties.identityProfile.*.resourceId"),
            encrypts_with("properties.diskEncryptionSetID"),
            logs_to("properties.addonProfiles.omsagent.config.logAnalyticsWorkspaceResourceID"),
            uses("properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs[].id"),
        ),
        redact=(
            "properties.servicePrincipalProfile.secret",
            "properties.windowsProfile.adminPassword",
            "properties.aadProfile.serverAppSecret",
        ),
    ),
    simple("Microsoft.Kubernetes/connectedClusters", "container.cluster", "2024-01-01"),
    simple(
        "Microsoft.ContainerRegistry/registries",
        "container.registry",
        "2023-07-01",
        created=("properties.creationDate",),
        aliases=("properties.loginServer",),
    ),
    simple("Microsoft.ContainerRegistry/registries/replications", "container.registry_replica", "2023-07-01"),
    simple(
        "Microsoft.ContainerInstance/containerGroups",
        "container.service",
        "2023-05-01",
        status=("properties.instanceView.state", "properties.provisioningState"),
        relations=(in_subnet("properties.subnetIds[].id"),),
        redact=(
            "properties.imageRegistryCredentials[].password",
            "properties.containers[].properties.environmentVariables[].value",
            "properties.initContainers[].properties.environmentVariables[].value",
        ),
        volatile=("properties.instanceView", "properties.containers[].properties.instanceView"),
    ),
    simple(
        "Microsoft.App/managedEnvironments",
        "container.environment",
        "2024-03-01",
        relations=(in_subnet("properties.vnetConfiguration.infrastructureSubnetId"),),
    ),
    simple(
        "Microsoft.App/containerApps",
        "container.service",
        "2024-03-01",
        status=("properties.runningStatus", "properties.provisioningState"),
        aliases=("properties.configuration.ingress.fqdn",),
        relations=(
            Relation(kind="contains", path="properties.managedEnvironmentId", reverse=True),
            Relation(kind="contains", path="properties.environmentId", reverse=True),
        ),
        redact=_APP_SECRETS,
    ),
    simple(
        "Microsoft.App/jobs",
        "container.task_definition",
        "2024-03-01",
        relations=(Relation(kind="contains", path="properties.environmentId", reverse=True),),
        redact=_APP_SECRETS,
    ),
    simple("Microsoft.ServiceFabric/clusters", "container.cluster", "2021-06-01"),
    simple("Microsoft.ServiceFabric/managedClusters", "container.cluster", "2024-04-01"),
    simple("Microsoft.RedHatOpenShift/openShiftClusters", "container.cluster", "2023-11-22"),
)
