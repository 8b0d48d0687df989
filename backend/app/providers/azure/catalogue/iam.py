"""Roles and who has them, identities, policies."""

from app.providers.azure.catalogue.model import Item, Relation, simple, uses
from app.providers.azure.paths import find_all

_AUTHORIZATION = "Microsoft.Authorization"


def _role(item: Item) -> list[str]:
    """The role's own GUID: the id is written under the tenant here and under a subscription there."""
    return [str(value).rpartition("/")[2] for value in find_all(item, "properties.roleDefinitionId")]


def _scope(item: Item) -> list[str]:
    return [str(value) for value in find_all(item, "properties.scope") if value != "/"]


TYPES = (
    simple(
        f"{_AUTHORIZATION}/roleAssignments",
        "identity.role_assignment",
        "2022-04-01",
        table="authorizationresources",
        status=(),
        created=("properties.createdOn",),
        relations=(
            Relation(kind="uses", path=_role),
            Relation(kind="member-of", path="properties.principalId", reverse=True),
            Relation(kind="targets", path=_scope),
        ),
    ),
    simple(
        f"{_AUTHORIZATION}/roleDefinitions",
        "identity.role",
        "2022-04-01",
        table="authorizationresources",
        where="properties.type =~ 'CustomRole'",  # the vendor's own, some hundreds a subscription, are everywhere alike
        name="properties.roleName",
        aliases=("name",),
        status=(),
        created=("properties.createdOn",),
    ),
    simple(
        f"{_AUTHORIZATION}/policyAssignments",
        "governance.policy_assignment",
        "2024-04-01",
        table="policyresources",
        name="properties.displayName",
        status=("properties.enforcementMode",),
        relations=(uses("properties.policyDefinitionId"), Relation(kind="targets", path=_scope)),
    ),
    simple(
        f"{_AUTHORIZATION}/policyDefinitions",
        "governance.policy",
        "2023-04-01",
        table="policyresources",
        where="properties.policyType =~ 'Custom'",
        name="properties.displayName",
        status=(),
    ),
    simple(
        f"{_AUTHORIZATION}/policySetDefinitions",
        "governance.policy_set",
        "2023-04-01",
        table="policyresources",
        where="properties.policyType =~ 'Custom'",
        name="properties.displayName",
        status=(),
    ),
    simple(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "identity.service_account",
        "2023-01-31",
        status=(),
        aliases=("properties.principalId", "properties.clientId"),
    ),
)
