"""Tables of single sign-on: an organization's connections to identity providers, and who came through them.

Data classes: client secrets are sealed; provisioning tokens and used assertions are SHA-256 only; subjects, groups
and addresses at the provider are personal data. A proven domain is unique over all organizations in
`directory.entries` (kind `domain`), as is the way from a connection's id to its organization (kind `connection`).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow
from app.core.secrets import SEALED

_CONNECTION = ["identity_connections.organization_id", "identity_connections.id"]
_MEMBERSHIP = ["memberships.organization_id", "memberships.user_id"]


class IdentityConnection(OrganizationRow, Base):
    """One identity provider of an organization. `config` is the checked form of `schemas.sso`."""

    __tablename__ = "identity_connections"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE"),
    )

    kind: Mapped[str]  # oidc | saml
    name: Mapped[str]
    enabled: Mapped[bool]
    config: Mapped[dict[str, Any]]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)
    secret_updated_at: Mapped[datetime | None]
    jit: Mapped[bool]  # make unknown people of proven domains at their first sign-in
    require_mfa: Mapped[bool]
    scim_token_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    scim_token_hint: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ConnectionDomain(OrganizationRow, Base):
    """A domain whose people a connection may bring; only once `verified_at` is set."""

    __tablename__ = "connection_domains"
    __table_args__ = (
        UniqueConstraint("organization_id", "domain"),
        ForeignKeyConstraint(["organization_id", "connection_id"], _CONNECTION, ondelete="CASCADE"),
        Index(None, "organization_id", "connection_id"),
    )

    connection_id: Mapped[UUID]
    domain: Mapped[str]  # lower-case, IDNA
    token: Mapped[str]  # public: it stands in the DNS
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ExternalIdentity(OrganizationRow, Base):
    """A person at a provider. The key is (connection, subject), never an e-mail address."""

    __tablename__ = "external_identities"
    __table_args__ = (
        UniqueConstraint("organization_id", "connection_id", "subject"),
        UniqueConstraint("organization_id", "connection_id", "user_id"),
        ForeignKeyConstraint(["organization_id", "connection_id"], _CONNECTION, ondelete="CASCADE"),
        ForeignKeyConstraint(["organization_id", "user_id"], _MEMBERSHIP, ondelete="CASCADE"),
        Index(None, "organization_id", "user_id"),
    )

    connection_id: Mapped[UUID]
    subject: Mapped[str]
    user_id: Mapped[UUID]
    origin: Mapped[str]  # jit | scim | link
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]


class GroupMapping(OrganizationRow, Base):
    """What a group at the provider is here: a built-in role, or a custom role's id."""

    __tablename__ = "group_mappings"
    __table_args__ = (
        UniqueConstraint("organization_id", "connection_id", "group"),
        ForeignKeyConstraint(["organization_id", "connection_id"], _CONNECTION, ondelete="CASCADE"),
        ForeignKeyConstraint(["organization_id", "role_id"], ["roles.organization_id", "roles.id"]),
    )

    connection_id: Mapped[UUID]
    group: Mapped[str]
    role: Mapped[str | None]
    role_id: Mapped[UUID | None]


class UsedAssertion(OrganizationRow, Base):
    """An assertion or logout token that was taken once, kept until it has expired by itself."""

    __tablename__ = "used_assertions"
    __table_args__ = (
        UniqueConstraint("organization_id", "connection_id", "hash"),
        ForeignKeyConstraint(["organization_id", "connection_id"], _CONNECTION, ondelete="CASCADE"),
        Index(None, "expires_at"),
    )

    connection_id: Mapped[UUID]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime]


class ProviderLogout(OrganizationRow, Base):
    """A logout that the provider announced; a sign-in that was under way meanwhile must not outlive it."""

    __tablename__ = "provider_logouts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "connection_id"], _CONNECTION, ondelete="CASCADE"),
        Index(None, "organization_id", "connection_id", "provider_session"),
        Index(None, "expires_at"),
    )

    connection_id: Mapped[UUID]
    provider_session: Mapped[str | None]
    subject: Mapped[str | None]
    ended_sessions: Mapped[int]
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
