"""Subscriptions with their own settings, resource groups, management groups."""

from app.providers.azure.catalogue.common import DIAGNOSTICS
from app.providers.azure.catalogue.model import Child, Relation, ResourceType, simple

SUBSCRIPTION = ResourceType(
    native_type="Microsoft.Resources/subscriptions",
    type="account.account",
    api_version="2022-12-01",
    table="resourcecontainers",
    status=("properties.state",),
    relations=(
        # The chain is from the nearest group upwards; only the nearest contains the subscription.
        Relation(
            kind="contains",
            path=lambda item: [
                f"/providers/microsoft.management/managementgroups/{one['name']}"
                for one in ((item.get("properties") or {}).get("managementGroupAncestorsChain") or [])[:1]
                if isinstance(one, dict) and one.get("name")
            ],
            reverse=True,
        ),
    ),
    children=(
        DIAGNOSTICS,
        Child(
            name="securityContacts",
            path="/providers/Microsoft.Security/securityContacts",
            api_version="2023-12-01-preview",
            action="Microsoft.Security/securityContacts/read",
            is_list=True,
            default=[],
        ),
        Child(
            name="locks",
            path="/providers/Microsoft.Authorization/locks",
            api_version="2020-05-01",
            action="Microsoft.Authorization/locks/read",
            is_list=True,
            default=[],
        ),
    ),
)
RESOURCE_GROUP = simple(
    "Microsoft.Resources/subscriptions/resourceGroups",
    "account.resource_group",
    "2021-04-01",
    table="resourcecontainers",
)
MANAGEMENT_GROUP = ResourceType(
    native_type="Microsoft.Management/managementGroups",
    type="account.management_group",
    api_version="2020-05-01",
    name="properties.displayName",
    relations=(Relation(kind="contains", path="properties.details.parent.id", reverse=True),),
    is_listed=True,
)

TYPES = (SUBSCRIPTION, RESOURCE_GROUP, MANAGEMENT_GROUP)
