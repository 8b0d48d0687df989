"""Routes of the inventory, one file a subject."""

from app.domains.inventory.api import counts, exports, resources, searching, syncing, views

routers = (
    resources.hot_router,
    resources.router,
    counts.router,
    searching.router,
    views.router,
    exports.router,
    syncing.router,
    syncing.account_router,
)

__all__ = ["routers"]
