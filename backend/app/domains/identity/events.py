"""Facts about people, sessions and organizations. `audit` turns each into a row of the same transaction."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class IdentityEvent(Event):
    """Base: who did it, to whom, and from where. `actor_id` is None where the product itself acted."""

    actor_id: UUID | None = None
    actor_kind: str = "user"  # user | system
    user_id: UUID
    client_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class UserSignedIn(IdentityEvent):
    name: ClassVar[str] = "session.started"
    session_id: UUID
    device: str
    new_device: bool
    amr: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SignInFailed(IdentityEvent):
    """A known person's sign-in that did not succeed. Unknown names belong to no organization: only the log has them."""

    name: ClassVar[str] = "session.sign_in_failed"
    outcome: ClassVar[str] = "failure"
    cause: str  # password | disabled | membership


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(IdentityEvent):
    name: ClassVar[str] = "session.revoked"
    session_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefreshReused(IdentityEvent):
    """A refresh token was used twice: its family is revoked and the person should be told."""

    name: ClassVar[str] = "session.refresh_reused"
    outcome: ClassVar[str] = "failure"
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(IdentityEvent):
    name: ClassVar[str] = "password.changed"
    ended_sessions: int


@dataclass(frozen=True, kw_only=True)
class MemberAdded(IdentityEvent):
    name: ClassVar[str] = "member.added"
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberChanged(IdentityEvent):
    """A member's role or state changed; `before` and `after` hold the changed fields only."""

    name: ClassVar[str] = "member.changed"
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class OrganizationCreated(Event):
    name: ClassVar[str] = "organization.created"
    actor_id: UUID | None = None
    actor_kind: str = "system"
    organization_name: str


@dataclass(frozen=True, kw_only=True)
class OrganizationChanged(Event):
    name: ClassVar[str] = "organization.changed"
    actor_id: UUID | None = None
    actor_kind: str = "user"
    client_address: str = ""
    user_agent: str = ""
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class PolicyChanged(Event):
    """The sign-in policy changed; `before` and `after` hold the changed fields only."""

    name: ClassVar[str] = "organization.policy_changed"
    actor_id: UUID | None = None
    actor_kind: str = "user"
    client_address: str = ""
    user_agent: str = ""
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class ConnectionEvent(Event):
    """Base of facts about an identity provider of the organization."""

    connection_id: UUID
    connection_name: str
    actor_id: UUID | None = None
    actor_kind: str = "user"  # user | provider | anonymous
    client_address: str = ""
    user_agent: str = ""


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
