"""Tables of people, organizations, sessions and keys.

Data classes: password hashes and private keys are sealed; refresh tokens and throttled names are SHA-256 only;
names and e-mail addresses are personal data. What is unique over all organizations (login name, slug, refresh
token) is unique in `directory.entries`, because a unique constraint here would look past row-level security.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.core.database import Base, OrganizationRow
from app.core.ids import new_id
from app.core.secrets import SEALED


class User(Base):
    """One person, whatever the number of organizations. Seen by that person and by organizations they belong to."""

    __tablename__ = "users"
    __table_args__ = (
        {
            "info": {
                "policy": "id = app.current_user_id() OR EXISTS (SELECT 1 FROM memberships m"
                " WHERE m.user_id = users.id AND m.organization_id = app.current_org())"
            }
        },
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str]
    email_normalised: Mapped[str]
    name: Mapped[str]
    password: Mapped[bytes | None] = mapped_column(LargeBinary, info=SEALED)  # PHC string, or None
    password_changed_at: Mapped[datetime | None]
    email_verified_at: Mapped[datetime | None]
    mfa_enrolled_at: Mapped[datetime | None]  # since when the person has a factor: organizations may know that much
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Organization(Base):
    """A tenant. Seen from inside it and, by name, by its members when they sign in."""

    __tablename__ = "organizations"
    __table_args__ = (
        {
            "info": {
                "policy": "id = app.current_org() OR EXISTS (SELECT 1 FROM memberships m"
                " WHERE m.organization_id = organizations.id AND m.user_id = app.current_user_id())",
                "policy_check": "id = app.current_org()",
            }
        },
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    slug: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"), default=dict)
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Membership(OrganizationRow, Base):
    """A person's role in an organization: a built-in one, or `custom` with `role_id`. `scope` null: all of it.

    `version` grows with every change, so cached rights can be told apart.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("organization_id", "user_id"),
        ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["organization_id", "role_id"], ["roles.organization_id", "roles.id"]),
        CheckConstraint("(role = 'custom') = (role_id IS NOT NULL)", name="role"),
        Index(None, "user_id"),
        Index(None, "organization_id", "role_id"),
        {
            "info": {
                "policy": "organization_id = app.current_org() OR user_id = app.current_user_id()",
                "policy_check": "organization_id = app.current_org()",
            }
        },
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[str]
    role_id: Mapped[UUID | None]
    scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(server_default="1", default=1)
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Session(OrganizationRow, Base):
    """A signed-in device. `expires_at` moves with use (idle), `absolute_expires_at` never does."""

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "user_id"], ["memberships.organization_id", "memberships.user_id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "user_id", "created_at"),
    )

    user_id: Mapped[UUID]
    client: Mapped[str]  # web | native
    device: Mapped[str]
    client_address: Mapped[str]
    amr: Mapped[list[str]] = mapped_column(ARRAY(Text))
    authenticated_at: Mapped[datetime]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    absolute_expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    connection_id: Mapped[UUID | None]  # the identity provider it came through; good in this organization only
    provider_session: Mapped[str | None]


class RefreshToken(OrganizationRow, Base):
    """One single-use token of a session's family. `replaced_by` is the newest successor, made at its use."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        UniqueConstraint("organization_id", "hash"),
        ForeignKeyConstraint(
            ["organization_id", "session_id"], ["sessions.organization_id", "sessions.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "session_id"),
    )

    session_id: Mapped[UUID]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    replaced_by: Mapped[UUID | None]


class SigningKey(Base):
    """An Ed25519 key of the installation, no tenant's data: `id` is the token's `kid`."""

    __tablename__ = "signing_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    private_key: Mapped[bytes] = mapped_column(LargeBinary, info=SEALED)
    published_at: Mapped[datetime]
    signs_from: Mapped[datetime]
    signs_until: Mapped[datetime]
    retires_at: Mapped[datetime]


class LoginThrottle(Base):
    """Failed sign-ins of a name, a network or the whole installation, by hash; kept here so that no flush forgets."""

    __tablename__ = "login_throttles"
    __table_args__ = (Index(None, "updated_at"),)

    kind: Mapped[str] = mapped_column(primary_key=True)  # name | network | overall
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[float]  # fractions: failures are forgotten gradually
    blocked_until: Mapped[datetime]
    updated_at: Mapped[datetime]
