"""The routers of `/api/v1` and the service that answers each of them."""

import importlib
from collections.abc import Collection, Iterator

from fastapi import APIRouter

from app.core.config import ServiceName

# One row per file of routes: the service that mounts it, and the module, whose `routers` (or `router`) are taken.
ROUTE_FILES: tuple[tuple[ServiceName, str], ...] = (
    ("auth", "app.domains.identity.api"),
    ("auth", "app.domains.audit.api"),
    ("notification", "app.domains.notifications.api"),
    ("analytics", "app.domains.costs.api"),
    ("analytics", "app.domains.metrics.api"),
    ("analytics", "app.domains.alerts.api.prometheus"),
    ("api", "app.domains.accounts.api"),
    ("api", "app.domains.inventory.api"),
    ("api", "app.domains.topology.api"),
    ("api", "app.domains.compliance.api"),
    ("api", "app.domains.alerts.api"),
    ("api", "app.core.jobs"),
)


def routers_of(services: Collection[str]) -> Iterator[APIRouter]:
    """The routers that these services answer, in a fixed order."""
    for service, module_name in ROUTE_FILES:
        if service in services:
            module = importlib.import_module(module_name)
            yield from getattr(module, "routers", None) or [module.router]
