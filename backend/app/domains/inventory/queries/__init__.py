"""Reads of the inventory. JSON columns are asked for as text: hot lists pass it on, the rest parse it with orjson."""

from app.domains.inventory.models import SAMPLE_OF
from app.domains.inventory.queries.conditions import filter_statement, is_narrow
from app.domains.inventory.queries.counts import (
    FACETS,
    account_names_statement,
    groups_statement,
    is_kept,
    kept_counts_statement,
    narrow_groups_statement,
    sample_size_statement,
)
from app.domains.inventory.queries.lookups import FEW_LISTS, Lookup, lookups_of, size_statement
from app.domains.inventory.queries.pages import (
    PAST_COLUMNS,
    SORTS,
    Past,
    export_statement,
    page_statement,
    past_page_statement,
    walk_statement,
)
from app.domains.inventory.queries.resources import check_resource, get_resource, list_relations
from app.domains.inventory.queries.search import count_tagged, list_terms, list_values, read_tag_counts, sum_trend
from app.domains.inventory.queries.statement import LAST_CODE_POINT, NameRange, Statement, fetch, narrow
from app.domains.inventory.queries.units import count_open, list_sync_states, list_units
from app.domains.inventory.queries.versions import (
    changed_statement,
    count_versions,
    known_marks_statement,
    last_closing,
    list_versions,
    list_versions_since,
    marks_statement,
    properties_statement,
)
from app.domains.inventory.queries.zones import NO_UNIT, left_over_statement, ranges_of, zones_statement

__all__ = [
    "FACETS",
    "FEW_LISTS",
    "LAST_CODE_POINT",
    "NO_UNIT",
    "PAST_COLUMNS",
    "SAMPLE_OF",
    "SORTS",
    "Lookup",
    "NameRange",
    "Past",
    "Statement",
    "account_names_statement",
    "changed_statement",
    "check_resource",
    "count_open",
    "count_tagged",
    "count_versions",
    "export_statement",
    "fetch",
    "filter_statement",
    "get_resource",
    "groups_statement",
    "is_kept",
    "is_narrow",
    "kept_counts_statement",
    "known_marks_statement",
    "last_closing",
    "left_over_statement",
    "list_relations",
    "list_sync_states",
    "list_terms",
    "list_units",
    "list_values",
    "list_versions",
    "list_versions_since",
    "lookups_of",
    "marks_statement",
    "narrow",
    "narrow_groups_statement",
    "page_statement",
    "past_page_statement",
    "properties_statement",
    "ranges_of",
    "read_tag_counts",
    "sample_size_statement",
    "size_statement",
    "sum_trend",
    "walk_statement",
    "zones_statement",
]
