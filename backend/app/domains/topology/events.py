"""Facts about saved views and about what the internet reaches."""

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class TopologyViewChanged(Event):
    """A person saved, changed or removed a view; `fields` names what changed."""

    name: ClassVar[str] = "topology_view.changed"
    actor_id: UUID
    view_id: UUID
    action: str  # created, updated or deleted
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExposureChanged(Event):
    """Resources that the internet reaches since now, and such that it no longer does; at most 5,000 ids an event."""

    name: ClassVar[str] = "exposure.changed"
    topic: ClassVar[str | None] = "inventory"
    exposed: list[UUID] = field(default_factory=list)
    hidden: list[UUID] = field(default_factory=list)
