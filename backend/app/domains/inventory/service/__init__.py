"""Use cases of the inventory; the only way in for other domains."""

from app.domains.inventory.queries import check_resource
from app.domains.inventory.service.counting import list_facets, read_sync_state, summarize
from app.domains.inventory.service.coverage import read_coverage
from app.domains.inventory.service.exporting import (
    expire_exports,
    export_resources,
    list_exports,
    open_export,
    read_export,
    start_export,
)
from app.domains.inventory.service.forgetting import forget_account, forget_history
from app.domains.inventory.service.granting import read_grant
from app.domains.inventory.service.indexing import enqueue_indexing, index_resources
from app.domains.inventory.service.listening import forget_events
from app.domains.inventory.service.listing import list_resources
from app.domains.inventory.service.marks import record_marks
from app.domains.inventory.service.polling import enqueue_polls, poll_events
from app.domains.inventory.service.pushing import receive_push
from app.domains.inventory.service.reading import count_changes, list_changes, list_history, list_units, read_resource
from app.domains.inventory.service.refreshing import enqueue_due_refreshes, refresh_resources
from app.domains.inventory.service.searching import complete_search, list_search_fields
from app.domains.inventory.service.serving import iter_resources, resolve_native_ids, set_monthly_costs
from app.domains.inventory.service.sources import (
    Hook,
    find_hook,
    forget_event_source,
    read_event_source,
    remove_event_source,
    set_event_source,
)
from app.domains.inventory.service.storing import UnitOutcome, store_unit
from app.domains.inventory.service.syncing import enqueue_due_syncs, retry_unit, start_sync, sync_account, sync_units
from app.domains.inventory.service.trending import list_tag_coverage, list_trends, roll_up
from app.domains.inventory.service.viewing import create_view, delete_view, list_views, read_view, update_view

__all__ = [
    "Hook",
    "UnitOutcome",
    "check_resource",
    "complete_search",
    "count_changes",
    "create_view",
    "delete_view",
    "enqueue_due_refreshes",
    "enqueue_due_syncs",
    "enqueue_indexing",
    "enqueue_polls",
    "expire_exports",
    "export_resources",
    "find_hook",
    "forget_account",
    "forget_event_source",
    "forget_events",
    "forget_history",
    "index_resources",
    "iter_resources",
    "list_changes",
    "list_exports",
    "list_facets",
    "list_history",
    "list_resources",
    "list_search_fields",
    "list_tag_coverage",
    "list_trends",
    "list_units",
    "list_views",
    "open_export",
    "poll_events",
    "read_coverage",
    "read_event_source",
    "read_export",
    "read_grant",
    "read_resource",
    "read_sync_state",
    "read_view",
    "receive_push",
    "record_marks",
    "refresh_resources",
    "remove_event_source",
    "resolve_native_ids",
    "retry_unit",
    "roll_up",
    "set_event_source",
    "set_monthly_costs",
    "start_export",
    "start_sync",
    "store_unit",
    "summarize",
    "sync_account",
    "sync_units",
    "update_view",
]
