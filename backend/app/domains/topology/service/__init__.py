"""Use cases of the topology."""

from app.domains.topology.service.blast import measure_blast_radius
from app.domains.topology.service.mapping import draw_map
from app.domains.topology.service.paths import find_paths
from app.domains.topology.service.views import create_view, delete_view, list_views, read_view, update_view

__all__ = [
    "create_view",
    "delete_view",
    "draw_map",
    "find_paths",
    "list_views",
    "measure_blast_radius",
    "read_view",
    "update_view",
]
