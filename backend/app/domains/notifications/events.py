"""Facts about deliveries."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class DeliveryEnded(Event):
    """A message was handed over (`sent`), or given up (`failed`)."""

    name: ClassVar[str] = "delivery.ended"
    topic: ClassVar[str | None] = "alerts"
    delivery_id: UUID
    subject_type: str
    subject_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class DeliveryRetried(Event):
    """A person had a failed message sent again."""

    name: ClassVar[str] = "delivery.retried"
    topic: ClassVar[str | None] = "alerts"
    actor_id: UUID
    delivery_id: UUID
    channel_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ChannelChanged(Event):
    """A person made, changed or removed a channel; `fields` names what changed, never the values."""

    name: ClassVar[str] = "channel.changed"
    actor_id: UUID
    channel_id: UUID
    action: str
    fields: tuple[str, ...] = ()
