"""Facts about what was found in the clouds."""

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ResourceChanged(Event):
    """What one unit changed, by resource id; at most 5,000 ids an event, so a large unit publishes several.

    `native_types`: the types among them. `unit`: {"account", "region", "service"}, the account by the cloud's number.
    A resource whose readable fields changed is among `updated` even when no value did.
    """

    name: ClassVar[str] = "resource.changed"
    topic: ClassVar[str | None] = "inventory"
    account_id: UUID
    created: list[UUID] = field(default_factory=list)
    updated: list[UUID] = field(default_factory=list)
    deleted: list[UUID] = field(default_factory=list)
    native_types: list[str] = field(default_factory=list)
    unit: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SyncFinished(Event):
    """A sync ended: `state` is complete, partial or failed."""

    name: ClassVar[str] = "sync.finished"
    topic: ClassVar[str | None] = "inventory"
    account_id: UUID
    job_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class ResourcesExported(Event):
    """A file of resources was asked for, finished or fetched: `step` is requested, finished or downloaded."""

    name: ClassVar[str] = "resources.exported"
    export_id: UUID
    job_id: UUID | None
    step: str
    format: str
    search: str
    actor_id: UUID | None = None
    actor_kind: str = "user"
    client_address: str = ""
    user_agent: str = ""
