"""The projects and folders below a connection's scope, from Cloud Asset itself: no other permission is needed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.providers.base import DiscoveredAccount
from app.providers.gcp.errors import GcpError
from app.providers.gcp.listing import Asset, pages
from app.providers.gcp.session import GcpSession, Reads

_KEPT_SECONDS = 300
_MANAGER = "cloudresourcemanager.googleapis.com/"
_TYPES = (_MANAGER + "Organization", _MANAGER + "Folder", _MANAGER + "Project")


@dataclass
class Tree:
    """What is known of the containers."""

    ids: dict[str, str] = field(default_factory=dict)  # project number → id
    accounts: list[DiscoveredAccount] = field(default_factory=list)
    read_at: float = field(default_factory=time.monotonic)


def tree_of(session: GcpSession, parents: list[str], reads: Reads, *, fresh: bool = False) -> Tree:
    """The containers, read anew after five minutes; what was known before stays where that fails. Raises GcpError."""
    key = tuple(parents)
    known = session.projects.get(key)
    if isinstance(known, Tree) and not fresh and time.monotonic() - known.read_at < _KEPT_SECONDS:
        return known
    try:
        tree = _read(session, parents, reads)
    except GcpError:
        if isinstance(known, Tree) and not fresh:
            return known
        raise
    session.projects[key] = tree
    return tree


def _read(session: GcpSession, parents: list[str], reads: Reads) -> Tree:
    assets: dict[str, Asset] = {}
    for parent in parents:
        for page in pages(session, reads, parent, "RESOURCE", _TYPES):
            for asset in page:
                if isinstance(asset.get("name"), str):
                    assets[asset["name"]] = asset
    return _tree(assets)


def _tree(assets: Mapping[str, Asset]) -> Tree:
    names: dict[str, str] = {}
    projects: list[tuple[Asset, dict[str, object]]] = []
    for name, asset in assets.items():
        resource = asset.get("resource")
        data = resource.get("data") if isinstance(resource, dict) else None
        if not isinstance(data, dict):
            continue
        path = name.partition("googleapis.com/")[2]
        if asset.get("assetType") == _TYPES[2]:
            projects.append((asset, data))
        elif isinstance(data.get("displayName"), str):
            names[path] = data["displayName"]
    tree = Tree()
    for asset, data in projects:
        number, project = str(data.get("projectNumber") or ""), data.get("projectId")
        if not number:
            number = str(asset["name"]).rpartition("/")[2]
        if not isinstance(project, str) or not project:
            continue
        tree.ids[number] = project
        ancestors = [entry for entry in asset.get("ancestors") or () if isinstance(entry, str)]
        above = [entry for entry in reversed(ancestors) if not entry.startswith("projects/")]
        state = data.get("lifecycleState") or data.get("state") or "ACTIVE"
        tree.accounts.append(
            DiscoveredAccount(
                native_account=project,
                name=str(data.get("displayName") or data.get("name") or project),
                kind="project",
                path=[names.get(entry, entry) for entry in above],
                is_active=state == "ACTIVE",
            )
        )
    tree.accounts.sort(key=lambda account: account.native_account)
    return tree
