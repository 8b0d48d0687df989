"""Facts about roles, keys, service identities and invitations."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.domains.identity.events.base import ActorEvent


@dataclass(frozen=True, kw_only=True)
class RoleCreated(ActorEvent):
    name: ClassVar[str] = "role.created"
    role_id: UUID
    role_name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RoleChanged(ActorEvent):
    """`before` and `after` hold the changed fields; everybody who has the role is affected at once."""

    name: ClassVar[str] = "role.changed"
    role_id: UUID
    before: dict[str, object]
    after: dict[str, object]
    members: int


@dataclass(frozen=True, kw_only=True)
class RoleDeleted(ActorEvent):
    name: ClassVar[str] = "role.deleted"
    role_id: UUID
    role_name: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyCreated(ActorEvent):
    name: ClassVar[str] = "api_key.created"
    api_key_id: UUID
    key_name: str
    permissions: tuple[str, ...]
    owner_id: UUID  # a member or a service identity
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyRevoked(ActorEvent):
    name: ClassVar[str] = "api_key.revoked"
    api_key_id: UUID
    key_name: str


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityCreated(ActorEvent):
    name: ClassVar[str] = "service_identity.created"
    service_identity_id: UUID
    identity_name: str


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityChanged(ActorEvent):
    name: ClassVar[str] = "service_identity.changed"
    service_identity_id: UUID
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityDeleted(ActorEvent):
    name: ClassVar[str] = "service_identity.deleted"
    service_identity_id: UUID
    identity_name: str
    keys: int


@dataclass(frozen=True, kw_only=True)
class InvitationSent(ActorEvent):
    """Made or sent again."""

    name: ClassVar[str] = "invitation.sent"
    invitation_id: UUID
    email: str
    role: str
    repeated: bool


@dataclass(frozen=True, kw_only=True)
class InvitationRevoked(ActorEvent):
    name: ClassVar[str] = "invitation.revoked"
    invitation_id: UUID
    email: str


@dataclass(frozen=True, kw_only=True)
class InvitationAccepted(ActorEvent):
    name: ClassVar[str] = "invitation.accepted"
    invitation_id: UUID
    user_id: UUID
