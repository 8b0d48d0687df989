"""Facts about an organization's identity providers and whom they bring."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.domains.identity.events.base import ActorEvent


@dataclass(frozen=True, kw_only=True)
class ConnectionEvent(ActorEvent):
    """Base of facts about one identity provider."""

    connection_id: UUID
    connection_name: str


@dataclass(frozen=True, kw_only=True)
class ConnectionAdded(ConnectionEvent):
    name: ClassVar[str] = "identity_provider.added"
    kind: str


@dataclass(frozen=True, kw_only=True)
class ConnectionChanged(ConnectionEvent):
    """`before` and `after` hold the changed fields; a secret only as set or not."""

    name: ClassVar[str] = "identity_provider.changed"
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class ConnectionRemoved(ConnectionEvent):
    name: ClassVar[str] = "identity_provider.removed"
    ended_sessions: int


@dataclass(frozen=True, kw_only=True)
class ConnectionDomainChanged(ConnectionEvent):
    name: ClassVar[str] = "identity_provider.domain_changed"
    domain: str
    change: str  # added | verified | removed


@dataclass(frozen=True, kw_only=True)
class ProviderSignInRefused(ConnectionEvent):
    """A provider's answer that did not become a session. `cause` is for the organization's own people only."""

    name: ClassVar[str] = "session.provider_sign_in_refused"
    outcome: ClassVar[str] = "failure"
    cause: str


@dataclass(frozen=True, kw_only=True)
class IdentityLinked(ConnectionEvent):
    name: ClassVar[str] = "identity_provider.identity_linked"
    user_id: UUID
    origin: str  # jit | scim | link


@dataclass(frozen=True, kw_only=True)
class ProviderLoggedOut(ConnectionEvent):
    name: ClassVar[str] = "identity_provider.logged_out"
    ended_sessions: int


@dataclass(frozen=True, kw_only=True)
class ScimTokenIssued(ConnectionEvent):
    name: ClassVar[str] = "identity_provider.provisioning_token_issued"


@dataclass(frozen=True, kw_only=True)
class PersonProvisioned(ConnectionEvent):
    name: ClassVar[str] = "member.provisioned"
    user_id: UUID
    change: str  # created | changed | deactivated | activated | removed


@dataclass(frozen=True, kw_only=True)
class GroupProvisioned(ConnectionEvent):
    name: ClassVar[str] = "group.provisioned"
    group: str
    change: str  # created | changed | removed
    members: int
