"""Words for building an estate: one call a resource, ids and tags by the company's rules."""

import random
from typing import Any
from uuid import UUID

from simulators.azure.estate import Estate, Template

TENANT_ID = "7f3c2b10-5d41-4c8e-9a27-3e0b6f1d9c55"
PROD, SHARED, DEV = (f"5a1e000{n}-b0b0-4000-8000-0000000000{n}{n}" for n in (1, 2, 3))
SUBSCRIPTIONS = {PROD: "acme-production", SHARED: "acme-shared", DEV: "acme-development"}
LOCATION, PAIRED = "westeurope", "northeurope"
_TEAMS = {
    "storefront": ("web", "maya@acme.example", "CC-1010"),
    "checkout": ("payments", "jonas@acme.example", "CC-1020"),
    "search": ("web", "maya@acme.example", "CC-1010"),
    "analytics": ("data", "priya@acme.example", "CC-2010"),
    "identity": ("platform", "tomas@acme.example", "CC-3010"),
    "platform": ("platform", "tomas@acme.example", "CC-3010"),
}
ENVIRONMENTS = {PROD: "prod", SHARED: "shared", DEV: "dev"}


class Maker:
    """Adds resources to an estate. The same seed makes the same estate."""

    def __init__(self, estate: Estate, seed: int = 1) -> None:
        self.estate, self.random = estate, random.Random(seed)
        self._groups: set[str] = set()

    def guid(self) -> str:
        """A GUID that is another one in each clone."""
        text = str(UUID(int=self.random.getrandbits(128), version=4))
        return f"{text[:8]}-a0a0-{text[14:]}"

    def tags(self, application: str, subscription: str, **more: str) -> dict[str, str]:
        """The company's tags."""
        team, owner, cost_center = _TEAMS[application]
        return {
            "application": application,
            "service": application,
            "team": team,
            "owner": owner,
            "cost-center": cost_center,
            "environment": ENVIRONMENTS[subscription],
            "env": ENVIRONMENTS[subscription],
            "managed-by": "terraform",
            **more,
        }

    def group(self, subscription: str, name: str, application: str, location: str = LOCATION) -> str:
        """A resource group, made once; its id."""
        own = f"/subscriptions/{subscription}/resourceGroups/{name}"
        if own not in self._groups:
            self._groups.add(own)
            body = {
                "id": own,
                "name": name,
                "type": "Microsoft.Resources/subscriptions/resourceGroups",
                "location": location,
                "tags": self.tags(application, subscription),
                "properties": {"provisioningState": "Succeeded"},
            }
            self.estate.add(Template("resourcecontainers", body))
        return own

    def add(
        self,
        group: str,
        of: str,
        name: str,
        properties: dict[str, Any],
        *,
        application: str = "platform",
        location: str = LOCATION,
        table: str = "resources",
        settings: dict[str, Any] | None = None,
        graph: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
        whole_name: bool = False,
        **more: Any,
    ) -> str:
        """A resource below a group (or a subscription, or another resource for nested types); its id.

        `whole_name`: the type's own name has its parent's before it, as that of a slot has its site's.
        """
        subscription = group.split("/")[2]
        own = self.path(group, of, name)
        body: dict[str, Any] = {
            "id": own,
            "name": name if whole_name else name.rpartition("/")[2],
            "type": of,
            "location": location,
            "tags": self.tags(application, subscription) if tags is None else tags,
            "properties": properties,
            **more,
        }
        if table != "resources":
            body.pop("location")
            body.pop("tags")
        self.estate.add(Template(table, body, settings or {}, graph or {}))
        return own

    @staticmethod
    def path(group: str, kind: str, name: str) -> str:
        """The id of a type and its `/`-joined names under a scope."""
        namespace, *kinds = kind.split("/")
        steps = "/".join(f"{one}/{own}" for one, own in zip(kinds, name.split("/"), strict=True))
        return f"{group}/providers/{namespace}/{steps}"
