"""Tables of the inventory."""

from app.domains.inventory.models.questions import ResourceExport, ResourceTrend, ResourceView
from app.domains.inventory.models.resources import (
    NARROW_COLUMNS,
    SAMPLE_OF,
    SAMPLED,
    CloudResource,
    PastRelation,
    ResourceMark,
    ResourceRelation,
    ResourceTerm,
    ResourceVersion,
    ResourceZone,
    SyncUnit,
    UnitCount,
)
from app.domains.inventory.models.sources import DueRefresh, EventSource, ReceivedEvent

__all__ = [
    "NARROW_COLUMNS",
    "SAMPLED",
    "SAMPLE_OF",
    "CloudResource",
    "DueRefresh",
    "EventSource",
    "PastRelation",
    "ReceivedEvent",
    "ResourceExport",
    "ResourceMark",
    "ResourceRelation",
    "ResourceTerm",
    "ResourceTrend",
    "ResourceVersion",
    "ResourceView",
    "ResourceZone",
    "SyncUnit",
    "UnitCount",
]
