"""What an account must be allowed, and the text that an owner runs to allow it."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.providers.gcp.session import (
    LIST_ASSETS,
    LIST_KEYS,
    LIST_LOGS,
    LIST_POLICIES,
    READ_ASSET,
    READ_POLICY,
    SEARCH_PROJECTS,
)

ROLE_ID, ROLE_TITLE = "cloudOpsReader", "CloudOps reader"
PREDEFINED_ROLES = (
    "roles/cloudasset.viewer",
    "roles/browser",
    "roles/serviceusage.apiKeysViewer",
    "roles/logging.viewer",
)
_SERVICES = ("cloudasset.googleapis.com", "cloudresourcemanager.googleapis.com")
_PERMISSIONS = tuple(
    dict.fromkeys(
        method.permission
        for method in (LIST_ASSETS, LIST_POLICIES, READ_ASSET, READ_POLICY, SEARCH_PROJECTS, LIST_KEYS, LIST_LOGS)
    )
)


def needed_permissions() -> list[str]:
    """Every permission that the product uses, sorted."""
    return sorted(_PERMISSIONS)


def grant_for(missing: Iterable[str], parents: Iterable[str], identity: str) -> Mapping[str, Any] | None:
    """A custom role with what is missing, and the commands that make and bind it; None when nothing is missing."""
    permissions = sorted(set(missing))
    if not permissions:
        return None
    member = f"serviceAccount:{identity}" if identity.endswith(".gserviceaccount.com") else identity or "MEMBER"
    commands: list[str] = []
    for parent in parents:
        commands += _commands(parent, member, permissions)
    return {
        "role": {"title": ROLE_TITLE, "stage": "GA", "includedPermissions": permissions},
        "predefined_roles": list(PREDEFINED_ROLES),
        "services": list(_SERVICES),
        "commands": commands,
    }


def _commands(parent: str, member: str, permissions: list[str]) -> list[str]:
    kind, _, name = parent.partition("/")
    listed = ",".join(permissions)
    if kind == "folders":  # custom roles live in organizations and projects only
        return [
            f"gcloud resource-manager folders add-iam-policy-binding {name} --member='{member}' --role={role}"
            for role in PREDEFINED_ROLES
        ]
    if kind == "organizations":
        role = f"{parent}/roles/{ROLE_ID}"
        make = f"gcloud iam roles create {ROLE_ID} --organization={name} --title='{ROLE_TITLE}' --permissions={listed}"
        bind = f"gcloud organizations add-iam-policy-binding {name} --member='{member}' --role={role}"
    else:
        role = f"{parent}/roles/{ROLE_ID}"
        make = f"gcloud iam roles create {ROLE_ID} --project={name} --title='{ROLE_TITLE}' --permissions={listed}"
        bind = f"gcloud projects add-iam-policy-binding {name} --member='{member}' --role={role}"
    return [make, bind]
