"""Tables of access: custom roles, API keys, service identities and invitations.

Data classes: of a key only its SHA-256 and the last four characters are kept, of an invitation nothing of its secret
(that is a ticket); invited addresses are personal data. A scope is {"accounts": [id], "tags": [{"key", "value"}]}.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.core.database import Base, OrganizationRow


class CustomRole(OrganizationRow, Base):
    """A set of permissions that an organization put together. `version` grows with every change."""

    __tablename__ = "roles"
    __table_args__ = (
        UniqueConstraint("organization_id", "name_normalised"),
        ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE"),
    )

    name: Mapped[str]
    name_normalised: Mapped[str]
    description: Mapped[str]
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ServiceIdentity(OrganizationRow, Base):
    """Whom a machine's keys belong to when no person stands behind them: a role or permissions, and a scope."""

    __tablename__ = "service_identities"
    __table_args__ = (
        UniqueConstraint("organization_id", "name_normalised"),
        ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organization_id", "role_id"], ["roles.organization_id", "roles.id"]),
        CheckConstraint("num_nonnulls(role, role_id, permissions) = 1", name="rights"),
        Index(None, "organization_id", "role_id"),
    )

    name: Mapped[str]
    name_normalised: Mapped[str]
    description: Mapped[str]
    role: Mapped[str | None]  # a built-in one
    role_id: Mapped[UUID | None]
    permissions: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    disabled_at: Mapped[datetime | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ApiKey(OrganizationRow, Base):
    """A machine's secret. It can do what `permissions` name as far as its owner can: a member or a service identity."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "hash"),
        ForeignKeyConstraint(
            ["organization_id", "user_id"], ["memberships.organization_id", "memberships.user_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organization_id", "service_identity_id"],
            ["service_identities.organization_id", "service_identities.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("num_nonnulls(user_id, service_identity_id) = 1", name="owner"),
        Index(None, "organization_id", "user_id"),
        Index(None, "organization_id", "service_identity_id"),
    )

    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hint: Mapped[str]  # the last characters, to tell keys apart
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    addresses: Mapped[list[str]] = mapped_column(ARRAY(Text))  # networks in CIDR form; none: any address
    user_id: Mapped[UUID | None]
    service_identity_id: Mapped[UUID | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_used_address: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class Invitation(OrganizationRow, Base):
    """Somebody asked in. Open while neither accepted, revoked nor expired; its secret is a ticket of the same id."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "uq_invitations_open",
            "organization_id",
            "email_normalised",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
        ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organization_id", "role_id"], ["roles.organization_id", "roles.id"]),
        Index(None, "organization_id", "role_id"),
    )

    email: Mapped[str]
    email_normalised: Mapped[str]
    role: Mapped[str | None]  # a built-in one
    role_id: Mapped[UUID | None]
    scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    invited_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
