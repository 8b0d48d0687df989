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
)

ROLE_ID, ROLE_TITLE = "cloudOpsReader", "CloudOps reader"
# Not the viewer of API keys: it could read the keys themselves. Only the custom role lists them without.
PREDEFINED_ROLES = ("roles/cloudasset.viewer", "roles/logging.viewer")
_SERVICES = ("cloudasset.googleapis.com", "apikeys.googleapis.com", "logging.googleapis.com")
_PERMISSIONS = tuple(
    dict.fromkeys(
        method.permission for method in (LIST_ASSETS, LIST_POLICIES, READ_ASSET, READ_POLICY, LIST_KEYS, LIST_LOGS)
    )
)


def needed_permissions() -> list[str]:
    """Every permission that the product uses, sorted."""
    return sorted(_PERMISSIONS)


def grant_for(
    missing: Iterable[str],
    parents: Iterable[str],
    identity: str,
    *,
    services: Iterable[str] = (),
    project: str = "",
) -> Mapping[str, Any] | None:
    """A custom role with what is missing, and the commands that make and bind it; None when nothing is missing.

    `services`: labels of APIs to enable in the identity's own `project`, such as cloudasset.
    """
    permissions, hosts = sorted(set(missing)), [f"{service}.googleapis.com" for service in sorted(set(services))]
    if not permissions and not hosts:
        return None
    member = f"serviceAccount:{identity}" if identity.endswith(".gserviceaccount.com") else identity or "MEMBER"
    commands = [f"gcloud services enable {' '.join(hosts)} --project={project or 'PROJECT_ID'}"] if hosts else []
    for parent in parents if permissions else ():
        commands += _commands(parent, member, permissions)
    return {
        "role": {"title": ROLE_TITLE, "stage": "GA", "includedPermissions": permissions},
        "predefined_roles": list(PREDEFINED_ROLES),
        "services": list(_SERVICES),
        "commands": commands,
    }


def _commands(parent: str, member: str, permissions: list[str]) -> list[str]:
    """Make the role, or add to it where it is there already; then bind it. A folder's role is its organization's."""
    kind, _, name = parent.partition("/")
    owner = ("organization", "ORGANIZATION_ID") if kind == "folders" else (kind.removesuffix("s"), name)
    where, listed = f"{ROLE_ID} --{owner[0]}={owner[1]}", ",".join(permissions)
    bound = {"folders": "resource-manager folders", "organizations": "organizations"}.get(kind, "projects")
    return [
        f"gcloud iam roles create {where} --title='{ROLE_TITLE}' --permissions={listed}"
        f" || gcloud iam roles update {where} --add-permissions={listed}",
        f"gcloud {bound} add-iam-policy-binding {name} --member='{member}'"
        f" --role={owner[0]}s/{owner[1]}/roles/{ROLE_ID}",
    ]
