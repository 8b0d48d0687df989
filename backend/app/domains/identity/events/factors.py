"""Facts about the ways in: passwords, addresses, second factors and programs that sign in for a person."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.domains.identity.events.base import IdentityEvent


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(IdentityEvent):
    name: ClassVar[str] = "password.changed"
    ended_sessions: int
    by_link: bool = False


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


@dataclass(frozen=True, kw_only=True)
class FactorsRemovedByOperator(IdentityEvent):
    """Who runs the installation took every factor of a person who has none left; published in each organization."""

    name: ClassVar[str] = "factor.removed_by_operator"
    actor_kind: str = "operator"
    removed: int
    ended_sessions: int


@dataclass(frozen=True, kw_only=True)
class PasswordLinkMadeByOperator(IdentityEvent):
    """Who runs the installation made a link that sets a new password."""

    name: ClassVar[str] = "password.link_made_by_operator"
    actor_kind: str = "operator"
