"""Use cases of the inventory; the only way in for other domains."""

from app.domains.inventory.queries import check_resource
from app.domains.inventory.service.forgetting import forget_account, forget_history
from app.domains.inventory.service.listing import list_facets, list_resources, read_sync_state, summarize
from app.domains.inventory.service.marks import record_marks
from app.domains.inventory.service.reading import list_changes, list_history, list_units, read_resource
from app.domains.inventory.service.serving import iter_resources, resolve_native_ids, set_monthly_costs
from app.domains.inventory.service.storing import UnitOutcome, store_unit
from app.domains.inventory.service.syncing import enqueue_due_syncs, start_sync, sync_account

__all__ = [
    "UnitOutcome",
    "check_resource",
    "enqueue_due_syncs",
    "forget_account",
    "forget_history",
    "iter_resources",
    "list_changes",
    "list_facets",
    "list_history",
    "list_resources",
    "list_units",
    "read_resource",
    "read_sync_state",
    "record_marks",
    "resolve_native_ids",
    "set_monthly_costs",
    "start_sync",
    "store_unit",
    "summarize",
    "sync_account",
]
