"""Assets as an estate holds them: JSON text made once, from which copies are made by substitution."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

COMPUTE = "https://www.googleapis.com/compute/v1/"
_DISCOVERY = "https://www.googleapis.com/discovery/v1/apis/{api}/{version}/rest"
# Names and types differ in their service where the API was renamed once.
_HOST_OF_NAMES = {
    "sqladmin.googleapis.com": "cloudsql.googleapis.com",
    "bigtableadmin.googleapis.com": "bigtable.googleapis.com",
}


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One asset. `project` is the id of the project it is in, empty above projects."""

    name: str
    asset_type: str
    project: str
    ancestors: tuple[str, ...]
    updated_at: str
    resource: Mapping[str, Any] | None = None  # version, discoveryName, parent, data, location
    policy: Mapping[str, Any] | None = None

    def listed(self, content: str) -> dict[str, Any] | None:
        """As `assets.list` shows it for a content type; None where it has no such content."""
        shown: dict[str, Any] = {"name": self.name, "assetType": self.asset_type}
        if content == "RESOURCE":
            if self.resource is None:
                return None
            shown["resource"] = self.resource
        elif content == "IAM_POLICY":
            if self.policy is None:
                return None
            shown["iamPolicy"] = self.policy
        elif content not in ("", "CONTENT_TYPE_UNSPECIFIED"):
            return None  # organization policies, access policies and relationships: none of them here
        return shown | {"ancestors": list(self.ancestors), "updateTime": self.updated_at}

    def text(self, content: str) -> bytes | None:
        """The same as JSON."""
        shown = self.listed(content)
        return None if shown is None else orjson.dumps(shown)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project and where it hangs."""

    id: str
    number: str
    name: str
    folder: str  # folders/123
    ancestors: tuple[str, ...]  # itself, folder, organization
    labels: Mapping[str, str]


@dataclass
class Builder:
    """Collects assets. Ids are made from names, so that the same company is built each time."""

    organization: str
    domain: str
    seed: int = 0
    assets: list[Asset] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)

    def number(self, *parts: object, digits: int = 19) -> str:
        """A stable number of so many digits for something."""
        digest = hashlib.sha256("/".join(map(str, (self.seed, *parts))).encode()).digest()
        return str(int.from_bytes(digest[:10], "big") % (8 * 10 ** (digits - 1)) + 10 ** (digits - 1))

    def moment(self, *parts: object, year: int = 2025) -> str:
        """A stable instant of the year for something, as Google writes them."""
        minutes = int(self.number(*parts, "at", digits=10)) % (300 * 1440)
        day, minute = divmod(minutes, 1440)
        return f"{year}-{day // 28 % 12 + 1:02d}-{day % 28 + 1:02d}T{minute // 60:02d}:{minute % 60:02d}:07.123Z"

    def etag(self, *parts: object) -> str:
        """A stable etag."""
        return base64.b64encode(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8]).decode()

    def policy(self, *bindings: tuple[str, Sequence[str]], audit: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """An IAM policy of (role, members) pairs."""
        made: dict[str, Any] = {
            "version": 1,
            "etag": self.etag(bindings),
            "bindings": [{"role": role, "members": list(members)} for role, members in bindings],
        }
        return made | ({"auditConfigs": list(audit)} if audit else {})

    def add(
        self,
        asset_type: str,
        name: str,
        data: Mapping[str, Any] | None,
        *,
        project: Project | None,
        location: str = "",
        parent: str = "",
        policy: Mapping[str, Any] | None = None,
        version: str = "v1",
        ancestors: Sequence[str] = (),
    ) -> str:
        """Add one asset; `name` without its service's `//host/`. Returns the full name."""
        host, _, kind = asset_type.partition("/")
        host = "container.googleapis.com" if host.endswith("k8s.io") else host
        full = f"//{_HOST_OF_NAMES.get(host, host)}/{name}"
        above = parent or (f"//cloudresourcemanager.googleapis.com/projects/{project.number}" if project else "")
        resource: dict[str, Any] | None = None
        if data is not None:
            api = host.partition(".")[0]
            resource = {
                "version": version,
                "discoveryDocumentUri": _DISCOVERY.format(api=api, version=version),
                "discoveryName": kind,
                **({"parent": above} if above else {}),
                "data": dict(data),
                **({"location": location} if location else {}),
            }
        made = Asset(
            name=full,
            asset_type=asset_type,
            project=project.id if project else "",
            ancestors=tuple(ancestors) or (project.ancestors if project else (f"organizations/{self.organization}",)),
            updated_at=self.moment(full, year=2026),
            resource=resource,
            policy=policy,
        )
        self.assets.append(made)
        return full
