"""Where a role that grants reads has to hold."""

from collections.abc import Mapping
from typing import Any


def grant_places(provider: str, scope: Mapping[str, Any], native_account: str | None, *, found: bool) -> list[str]:
    """The organization, folder, projects, management group or subscriptions of a connection, as its cloud names them.

    Without a scope: its own account. A `found` account is granted its own share; Azure's own account of a connection
    is the tenant, whose root management group has its id.
    """
    scope = {} if found else scope
    if provider == "gcp":
        for kind in ("organization", "folder"):
            if scope.get(kind):
                return [f"{kind}s/{str(scope[kind]).rpartition('/')[2]}"]
        own = [native_account.rpartition("/")[2]] if native_account else []
        return [f"projects/{project}" for project in scope.get("projects") or own]
    if provider == "azure":
        if scope.get("management_group"):
            return [f"/providers/Microsoft.Management/managementGroups/{scope['management_group']}"]
        if not found and not scope.get("subscriptions") and native_account:
            return [f"/providers/Microsoft.Management/managementGroups/{native_account}"]
        own = [native_account] if native_account else []
        return [f"/subscriptions/{subscription}" for subscription in scope.get("subscriptions") or own]
    return []
