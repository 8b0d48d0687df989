"""Roles made of permissions, in the form in which each cloud takes them."""

from collections.abc import Mapping, Sequence
from typing import Any


def role_document(provider: str, permissions: Sequence[str], scope: Mapping[str, Any]) -> dict[str, Any]:
    """An IAM policy, a Google custom role (for `gcloud iam roles create --file`) or an Azure role definition."""
    names = sorted(set(permissions))
    if provider == "aws":
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": names, "Resource": "*"}]}
    if provider == "gcp":
        return {
            "title": "CloudOps reader, addition",
            "description": "What CloudOps could not read.",
            "stage": "GA",
            "includedPermissions": names,
        }
    group = scope.get("management_group")
    subscriptions = scope.get("subscriptions") or ["SUBSCRIPTION"]
    return {
        "Name": "CloudOps reader, addition",
        "IsCustom": True,
        "Description": "What CloudOps could not read.",
        "Actions": names,
        "NotActions": [],
        "AssignableScopes": [f"/providers/Microsoft.Management/managementGroups/{group}"]
        if group
        else [f"/subscriptions/{subscription}" for subscription in subscriptions],
    }
