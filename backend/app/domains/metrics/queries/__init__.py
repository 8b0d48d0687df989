"""Reads of the metrics."""

from app.domains.metrics.queries.blocks import (
    LOG_MINUTES,
    StoredBlock,
    read_block_head,
    read_blocks,
    read_chunks,
    read_open_blocks,
    read_stored,
)
from app.domains.metrics.queries.objectives import get_objective, list_objectives
from app.domains.metrics.queries.points import read_points, read_samples
from app.domains.metrics.queries.resources import Named, find_machines, find_named
from app.domains.metrics.queries.series import (
    NameRow,
    SeriesRow,
    list_label_values,
    list_labels,
    list_names,
    list_resource_metrics,
    select_series,
)
from app.domains.metrics.queries.settings import read_intake_rules
from app.domains.metrics.queries.sources import (
    TargetRow,
    count_targets,
    get_source,
    list_due_sources,
    list_series_of_source,
    list_sources,
    list_targets,
)

__all__ = [
    "LOG_MINUTES",
    "NameRow",
    "Named",
    "SeriesRow",
    "StoredBlock",
    "TargetRow",
    "count_targets",
    "find_machines",
    "find_named",
    "get_objective",
    "get_source",
    "list_due_sources",
    "list_label_values",
    "list_labels",
    "list_names",
    "list_objectives",
    "list_resource_metrics",
    "list_series_of_source",
    "list_sources",
    "list_targets",
    "read_block_head",
    "read_blocks",
    "read_chunks",
    "read_intake_rules",
    "read_open_blocks",
    "read_points",
    "read_samples",
    "read_stored",
    "select_series",
]
