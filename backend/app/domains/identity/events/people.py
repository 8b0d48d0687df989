"""Facts about sessions and members."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.domains.identity.events.base import IdentityEvent


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
    cause: str  # password | first_password_expired | disabled | identity_provider (the organization wants it) | passkey


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
class MemberRemoved(IdentityEvent):
    name: ClassVar[str] = "member.removed"
    role: str


@dataclass(frozen=True, kw_only=True)
class ProfileChanged(IdentityEvent):
    """A person changed how they are called. The names themselves stay out of the log, like addresses."""

    name: ClassVar[str] = "profile.changed"
    fields: tuple[str, ...]
