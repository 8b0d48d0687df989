"""Facts about people, sessions and organizations. `audit` turns each into a row of the same transaction."""

from dataclasses import dataclass
from datetime import datetime
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
    cause: str  # password | disabled | identity_provider (the organization wants it) | passkey


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
    by_link: bool = False


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


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(IdentityEvent):
    name: ClassVar[str] = "member.removed"
    role: str


@dataclass(frozen=True, kw_only=True)
class AccessEvent(Event):
    """Base of what happens to roles, keys, service identities and invitations: who did it and from where."""

    actor_id: UUID | None = None
    actor_kind: str = "user"
    client_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class RoleCreated(AccessEvent):
    name: ClassVar[str] = "role.created"
    role_id: UUID
    role_name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RoleChanged(AccessEvent):
    """`before` and `after` hold the changed fields; everybody who has the role is affected at once."""

    name: ClassVar[str] = "role.changed"
    role_id: UUID
    before: dict[str, object]
    after: dict[str, object]
    members: int


@dataclass(frozen=True, kw_only=True)
class RoleDeleted(AccessEvent):
    name: ClassVar[str] = "role.deleted"
    role_id: UUID
    role_name: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyCreated(AccessEvent):
    name: ClassVar[str] = "api_key.created"
    api_key_id: UUID
    key_name: str
    permissions: tuple[str, ...]
    owner_id: UUID  # a member or a service identity
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyRevoked(AccessEvent):
    name: ClassVar[str] = "api_key.revoked"
    api_key_id: UUID
    key_name: str


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityCreated(AccessEvent):
    name: ClassVar[str] = "service_identity.created"
    service_identity_id: UUID
    identity_name: str


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityChanged(AccessEvent):
    name: ClassVar[str] = "service_identity.changed"
    service_identity_id: UUID
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityDeleted(AccessEvent):
    name: ClassVar[str] = "service_identity.deleted"
    service_identity_id: UUID
    identity_name: str
    keys: int


@dataclass(frozen=True, kw_only=True)
class InvitationSent(AccessEvent):
    """Made or sent again."""

    name: ClassVar[str] = "invitation.sent"
    invitation_id: UUID
    email: str
    role: str
    repeated: bool


@dataclass(frozen=True, kw_only=True)
class InvitationRevoked(AccessEvent):
    name: ClassVar[str] = "invitation.revoked"
    invitation_id: UUID
    email: str


@dataclass(frozen=True, kw_only=True)
class InvitationAccepted(AccessEvent):
    name: ClassVar[str] = "invitation.accepted"
    invitation_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class ClientAuthorized(IdentityEvent):
    """A person let a program of ours sign in as them; `way` is code or device."""

    name: ClassVar[str] = "client.authorized"
    client_id: str
    way: str


@dataclass(frozen=True, kw_only=True)
class ClientDenied(IdentityEvent):
    """A person refused a program that waited for them."""

    name: ClassVar[str] = "client.denied"
    outcome: ClassVar[str] = "refused"
    client_id: str


@dataclass(frozen=True, kw_only=True)
class CodeReused(IdentityEvent):
    """An authorization code was used a second time: the session made from it is ended."""

    name: ClassVar[str] = "session.code_reused"
    outcome: ClassVar[str] = "failure"
    session_id: UUID
    client_id: str


@dataclass(frozen=True, kw_only=True)
class OrganizationKeyRotated(Event):
    """A new version of the organization's key seals from now on; `actor_kind` is system where the clock asked."""

    name: ClassVar[str] = "organization_key.rotated"
    actor_id: UUID | None = None
    actor_kind: str = "system"
    client_address: str = ""
    user_agent: str = ""
    version: int


@dataclass(frozen=True, kw_only=True)
class OrganizationEvent(Event):
    """Base of what owners do with the organization as a whole."""

    actor_id: UUID | None = None
    actor_kind: str = "user"
    client_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class OrganizationSwitched(OrganizationEvent):
    """Somebody came over from another organization with the session they had there; which one is not said here."""

    name: ClassVar[str] = "session.switched"
    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class OwnerChanged(OrganizationEvent):
    name: ClassVar[str] = "organization.owner_changed"
    user_id: UUID  # the new owner


@dataclass(frozen=True, kw_only=True)
class OrganizationDeletionRequested(OrganizationEvent):
    name: ClassVar[str] = "organization.deletion_requested"
    delete_after: datetime


@dataclass(frozen=True, kw_only=True)
class OrganizationRestored(OrganizationEvent):
    name: ClassVar[str] = "organization.restored"


@dataclass(frozen=True, kw_only=True)
class OrganizationRemovalStarted(OrganizationEvent):
    """The grace is over. The audit rows stay; this is the last of them."""

    name: ClassVar[str] = "organization.removal_started"


@dataclass(frozen=True, kw_only=True)
class OrganizationExported(OrganizationEvent):
    """A file with everything was asked for, finished or fetched."""

    name: ClassVar[str] = "organization.exported"
    export_id: UUID
    step: str  # requested | finished | downloaded


@dataclass(frozen=True, kw_only=True)
class BrandingChanged(OrganizationEvent):
    """Names of the changed fields."""

    name: ClassVar[str] = "organization.branding_changed"
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class RetentionChanged(OrganizationEvent):
    name: ClassVar[str] = "organization.retention_changed"
    before: dict[str, int]
    after: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class UsageSettingsChanged(OrganizationEvent):
    name: ClassVar[str] = "organization.usage_settings_changed"
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class FactorFailed(IdentityEvent):
    """The password was right and the second factor was not: the person should be told."""

    name: ClassVar[str] = "session.factor_failed"
    outcome: ClassVar[str] = "failure"
    method: str  # totp | passkey | recovery_code
    device: str


@dataclass(frozen=True, kw_only=True)
class FactorAdded(IdentityEvent):
    name: ClassVar[str] = "factor.added"
    kind: str  # totp | passkey
    factor_id: UUID
    factor_name: str


@dataclass(frozen=True, kw_only=True)
class FactorRenamed(IdentityEvent):
    name: ClassVar[str] = "factor.renamed"
    factor_id: UUID
    factor_name: str


@dataclass(frozen=True, kw_only=True)
class FactorRemoved(IdentityEvent):
    name: ClassVar[str] = "factor.removed"
    kind: str
    factor_id: UUID
    factor_name: str


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(IdentityEvent):
    name: ClassVar[str] = "factor.recovery_codes_made"


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed(IdentityEvent):
    name: ClassVar[str] = "factor.recovery_code_used"
    left: int


@dataclass(frozen=True, kw_only=True)
class PasswordResetRequested(IdentityEvent):
    name: ClassVar[str] = "password.reset_requested"


@dataclass(frozen=True, kw_only=True)
class EmailVerified(IdentityEvent):
    name: ClassVar[str] = "email.verified"


@dataclass(frozen=True, kw_only=True)
class EmailChanged(IdentityEvent):
    """Addresses stay out of the log: they are personal data, and the person's row has the present one."""

    name: ClassVar[str] = "email.changed"


@dataclass(frozen=True, kw_only=True)
class FactorResetRequested(IdentityEvent):
    name: ClassVar[str] = "factor_reset.requested"
    reset_id: UUID


@dataclass(frozen=True, kw_only=True)
class FactorResetApproved(IdentityEvent):
    """`due_at` is there once no further approval is needed."""

    name: ClassVar[str] = "factor_reset.approved"
    reset_id: UUID
    approvals: int
    due_at: str | None


@dataclass(frozen=True, kw_only=True)
class FactorResetEnded(IdentityEvent):
    name: ClassVar[str] = "factor_reset.ended"
    reset_id: UUID
    reason: str  # used | cancelled
