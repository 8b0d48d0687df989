"""Facts about organizations as such."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.domains.identity.events.base import ActorEvent


@dataclass(frozen=True, kw_only=True)
class OrganizationCreated(ActorEvent):
    name: ClassVar[str] = "organization.created"
    actor_kind: str = "system"
    organization_name: str


@dataclass(frozen=True, kw_only=True)
class OrganizationChanged(ActorEvent):
    name: ClassVar[str] = "organization.changed"
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class PolicyChanged(ActorEvent):
    """The sign-in policy changed; `before` and `after` hold the changed fields only."""

    name: ClassVar[str] = "organization.policy_changed"
    before: dict[str, object]
    after: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class OrganizationKeyRotated(ActorEvent):
    """A new version of the organization's key seals from now on; `actor_kind` is system where the clock asked."""

    name: ClassVar[str] = "organization_key.rotated"
    actor_kind: str = "system"
    version: int


@dataclass(frozen=True, kw_only=True)
class OrganizationSwitched(ActorEvent):
    """Somebody came over from another organization with the session they had there; which one is not said here."""

    name: ClassVar[str] = "session.switched"
    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class OwnerChanged(ActorEvent):
    name: ClassVar[str] = "organization.owner_changed"
    user_id: UUID  # the new owner


@dataclass(frozen=True, kw_only=True)
class OrganizationDeletionRequested(ActorEvent):
    name: ClassVar[str] = "organization.deletion_requested"
    delete_after: datetime


@dataclass(frozen=True, kw_only=True)
class OrganizationRestored(ActorEvent):
    name: ClassVar[str] = "organization.restored"


@dataclass(frozen=True, kw_only=True)
class OrganizationRemovalStarted(ActorEvent):
    """The grace is over. The audit rows stay; this is the last of them."""

    name: ClassVar[str] = "organization.removal_started"


@dataclass(frozen=True, kw_only=True)
class OrganizationExported(ActorEvent):
    """A file with everything was asked for, finished or fetched."""

    name: ClassVar[str] = "organization.exported"
    export_id: UUID
    step: str  # requested | finished | downloaded


@dataclass(frozen=True, kw_only=True)
class BrandingChanged(ActorEvent):
    """Names of the changed fields."""

    name: ClassVar[str] = "organization.branding_changed"
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class RetentionChanged(ActorEvent):
    name: ClassVar[str] = "organization.retention_changed"
    before: dict[str, int]
    after: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class UsageSettingsChanged(ActorEvent):
    name: ClassVar[str] = "organization.usage_settings_changed"
    enabled: bool
