"""Reads of the topology, organization first. Everything keeps to the session's scope."""

from app.domains.topology.queries.grouping import (
    Grouping,
    count_group_findings,
    count_groups,
    list_group_edges,
    list_members,
    name_groups,
    read_group_values,
    sum_group_costs,
)
from app.domains.topology.queries.views import get_view, has_view_named, list_views
from app.domains.topology.queries.walking import (
    MAX_COUNTED,
    Hub,
    Reached,
    Step,
    Way,
    count_findings,
    expand,
    list_edges_among,
    list_hub_members,
    list_outside,
    read_nodes,
)

__all__ = [
    "MAX_COUNTED",
    "Grouping",
    "Hub",
    "Reached",
    "Step",
    "Way",
    "count_findings",
    "count_group_findings",
    "count_groups",
    "expand",
    "get_view",
    "has_view_named",
    "list_edges_among",
    "list_group_edges",
    "list_hub_members",
    "list_members",
    "list_outside",
    "list_views",
    "name_groups",
    "read_group_values",
    "read_nodes",
    "sum_group_costs",
]
