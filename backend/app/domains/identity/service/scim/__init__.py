"""Provisioning by SCIM 2.0: a connection's directory makes, changes and shuts out the people it brought, no others."""

from app.domains.identity.service.scim.access import ScimScope, open_scope
from app.domains.identity.service.scim.groups import (
    GroupView,
    create_group,
    delete_group,
    get_group,
    list_groups,
    patch_group,
    replace_group,
)
from app.domains.identity.service.scim.users import (
    create_scim_user,
    delete_scim_user,
    get_scim_user,
    list_scim_users,
    patch_scim_user,
    replace_scim_user,
)

__all__ = [
    "GroupView",
    "ScimScope",
    "create_group",
    "create_scim_user",
    "delete_group",
    "delete_scim_user",
    "get_group",
    "get_scim_user",
    "list_groups",
    "list_scim_users",
    "open_scope",
    "patch_group",
    "patch_scim_user",
    "replace_group",
    "replace_scim_user",
]
