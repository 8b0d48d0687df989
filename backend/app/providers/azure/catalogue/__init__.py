"""Every ARM type that we know by name, in groups; one unit of collection is one group of a tenant's subscriptions."""

from collections.abc import Mapping
from types import MappingProxyType

from app.providers.azure.catalogue import (
    compute,
    containers,
    databases,
    iam,
    messaging,
    monitoring,
    network,
    organization,
    security,
    storage,
    web,
)
from app.providers.azure.catalogue.model import Group, ResourceType, simple

# Types that appear by themselves in the rest, for their canonical spelling; Resource Graph tells it in lower case.
_REST = (
    "Microsoft.AAD/domainServices",
    "Microsoft.AVS/privateClouds",
    "Microsoft.AnalysisServices/servers",
    "Microsoft.AzureActiveDirectory/b2cDirectories",
    "Microsoft.AzureArcData/sqlServerInstances",
    "Microsoft.AzureStackHCI/clusters",
    "Microsoft.Bing/accounts",
    "Microsoft.Blueprint/blueprints",
    "Microsoft.BotService/botServices",
    "Microsoft.ClassicCompute/virtualMachines",
    "Microsoft.ClassicStorage/storageAccounts",
    "Microsoft.DataBox/jobs",
    "Microsoft.DataMigration/services",
    "Microsoft.DataShare/accounts",
    "Microsoft.DevCenter/devcenters",
    "Microsoft.DevCenter/projects",
    "Microsoft.DevTestLab/labs",
    "Microsoft.DigitalTwins/digitalTwinsInstances",
    "Microsoft.DomainRegistration/domains",
    "Microsoft.EdgeOrder/addresses",
    "Microsoft.ExtendedLocation/customLocations",
    "Microsoft.Fabric/capacities",
    "Microsoft.HealthcareApis/workspaces",
    "Microsoft.HealthBot/healthBots",
    "Microsoft.LoadTestService/loadTests",
    "Microsoft.ManagedServices/registrationDefinitions",
    "Microsoft.Maps/accounts",
    "Microsoft.Media/mediaservices",
    "Microsoft.Migrate/migrateProjects",
    "Microsoft.Orbital/spacecrafts",
    "Microsoft.PowerBIDedicated/capacities",
    "Microsoft.Quantum/Workspaces",
    "Microsoft.ResourceGraph/queries",
    "Microsoft.Resources/deploymentScripts",
    "Microsoft.Resources/templateSpecs",
    "Microsoft.SaaS/resources",
    "Microsoft.Solutions/applications",
    "Microsoft.StorageCache/caches",
    "Microsoft.StorageMover/storageMovers",
    "Microsoft.TimeSeriesInsights/environments",
    "Microsoft.VirtualMachineImages/imageTemplates",
    "Microsoft.VideoIndexer/accounts",
    "Microsoft.WindowsIoT/deviceServices",
    "Microsoft.Workloads/monitors",
)
REST_KIND = "other.resource"
REST_API_VERSION = "2021-04-01"  # a type that we do not know refuses it and names those that it takes

_GROUPS = (
    Group(name="organization", types=organization.TYPES),
    Group(name="compute", types=compute.TYPES),
    Group(name="network", types=network.TYPES),
    Group(name="storage", types=storage.TYPES),
    Group(name="databases", types=databases.TYPES),
    Group(name="containers", types=containers.TYPES),
    Group(name="iam", types=iam.TYPES),
    Group(name="messaging", types=messaging.TYPES),
    Group(name="monitoring", types=monitoring.TYPES),
    Group(name="security", types=security.TYPES),
    Group(name="web", types=web.TYPES),
    Group(name="other", types=tuple(simple(name, REST_KIND, REST_API_VERSION) for name in _REST), is_rest=True),
)

GROUPS: Mapping[str, Group] = MappingProxyType({group.name: group for group in _GROUPS})
TYPES: Mapping[str, ResourceType] = MappingProxyType({one.key: one for group in _GROUPS for one in group.types})
"""By the type in lower case."""
GROUP_OF: Mapping[str, str] = MappingProxyType({one.key: group.name for group in _GROUPS for one in group.types})
NAMED: tuple[str, ...] = tuple(
    sorted(one.key for group in _GROUPS if not group.is_rest for one in group.types if one.table == "resources")
)
"""What the rest is the rest of: types of the `resources` table that a group other than the rest reads."""


def type_for(key: str) -> ResourceType:
    """The declaration of a type in lower case; one that nobody declared is a plain resource, spelled as it is."""
    return TYPES.get(key) or simple(key, REST_KIND, REST_API_VERSION)


def group_for(key: str) -> Group:
    """The unit that a type in lower case belongs to."""
    return GROUPS[GROUP_OF.get(key, "other")]
