"""Routes of the inventory, one file a subject."""

from app.domains.inventory.api import collecting, counts, exports, hooks, resources, searching, syncing, views

routers = (
    resources.hot_router,
    resources.router,
    counts.hot_router,
    counts.router,
    searching.router,
    views.router,
    exports.router,
    syncing.router,
    syncing.account_router,
    collecting.router,
    hooks.router,
)

__all__ = ["routers"]
