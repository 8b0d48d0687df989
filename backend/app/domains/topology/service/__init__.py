"""Use cases of the topology."""

from app.domains.topology.service.blast import measure_blast_radius
from app.domains.topology.service.exposing import explain_exposure, list_exposed
from app.domains.topology.service.mapping import draw_map
from app.domains.topology.service.orphaning import list_orphans, summarize_orphans
from app.domains.topology.service.paths import find_paths
from app.domains.topology.service.pending import (
    concerns,
    mark_changed,
    mark_unknown,
    recompute_all,
    refresh_pending,
)
from app.domains.topology.service.views import create_view, delete_view, list_views, read_view, update_view

__all__ = [
    "concerns",
    "create_view",
    "delete_view",
    "draw_map",
    "explain_exposure",
    "find_paths",
    "list_exposed",
    "list_orphans",
    "list_views",
    "mark_changed",
    "mark_unknown",
    "measure_blast_radius",
    "read_view",
    "recompute_all",
    "refresh_pending",
    "summarize_orphans",
    "update_view",
]
