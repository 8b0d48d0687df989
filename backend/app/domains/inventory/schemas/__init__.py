"""Query parameters and bodies of the inventory, one file a subject."""

from app.domains.inventory.schemas.exports import (
    ExportFormat,
    ResourceExportCreate,
    ResourceExportFilters,
    ResourceExportRead,
    ResourceExports,
    ResourceExportStarted,
)
from app.domains.inventory.schemas.filters import (
    FILTER_NAMES,
    FilterQuery,
    ResourceQuery,
    SortName,
    read_filter,
)
from app.domains.inventory.schemas.history import ChangeKind, ChangeQuery, ChangeRead, ResourceChangeRead
from app.domains.inventory.schemas.resources import ResourceDetail, ResourceRead, ResourceRelationRead
from app.domains.inventory.schemas.searching import (
    Completion,
    CompletionOption,
    SearchFieldRead,
    SearchFields,
)
from app.domains.inventory.schemas.summaries import (
    AccountCount,
    Facets,
    InventorySummary,
    KeyCount,
    TagCoverage,
    TagCoverages,
    TrendDimension,
    TrendPoint,
    TrendRead,
    Trends,
)
from app.domains.inventory.schemas.syncing import AccountSyncState, SyncStarted, SyncState, SyncUnitRead, UnitStateName
from app.domains.inventory.schemas.views import (
    ResourceViewCreate,
    ResourceViewRead,
    ResourceViews,
    ResourceViewUpdate,
)

__all__ = [
    "FILTER_NAMES",
    "AccountCount",
    "AccountSyncState",
    "ChangeKind",
    "ChangeQuery",
    "ChangeRead",
    "Completion",
    "CompletionOption",
    "ExportFormat",
    "Facets",
    "FilterQuery",
    "InventorySummary",
    "KeyCount",
    "ResourceChangeRead",
    "ResourceDetail",
    "ResourceExportCreate",
    "ResourceExportFilters",
    "ResourceExportRead",
    "ResourceExportStarted",
    "ResourceExports",
    "ResourceQuery",
    "ResourceRead",
    "ResourceRelationRead",
    "ResourceViewCreate",
    "ResourceViewRead",
    "ResourceViewUpdate",
    "ResourceViews",
    "SearchFieldRead",
    "SearchFields",
    "SortName",
    "SyncStarted",
    "SyncState",
    "SyncUnitRead",
    "TagCoverage",
    "TagCoverages",
    "TrendDimension",
    "TrendPoint",
    "TrendRead",
    "Trends",
    "UnitStateName",
    "read_filter",
]
