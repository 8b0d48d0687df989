"""What all facts of identity say: who did it and from where."""

from dataclasses import dataclass
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ActorEvent(Event):
    """`actor_id` is None where the product itself acted, or somebody whom nobody knows."""

    actor_id: UUID | None = None
    actor_kind: str = "user"  # user | system | anonymous | provider | operator
    client_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class IdentityEvent(ActorEvent):
    """Something that concerns one person."""

    user_id: UUID
