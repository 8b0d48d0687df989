"""Tables of provisioning: people and groups as an identity provider's directory describes them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow

_CONNECTION = ["identity_connections.organization_id", "identity_connections.id"]


class ScimUser(OrganizationRow, Base):
    """A provisioned person; `id` is the one that the provider uses. Removed ones stay, so that they can come back."""

    __tablename__ = "scim_users"
    __table_args__ = (
        UniqueConstraint("organization_id", "connection_id", "user_name_normalised"),
        UniqueConstraint("organization_id", "connection_id", "user_id"),
        ForeignKeyConstraint(["organization_id", "connection_id"], _CONNECTION, ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["organization_id", "user_id"], ["memberships.organization_id", "memberships.user_id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "connection_id", "external_id"),
    )

    connection_id: Mapped[UUID]
    user_id: Mapped[UUID]
    user_name: Mapped[str]
    user_name_normalised: Mapped[str]
    external_id: Mapped[str | None]
    email: Mapped[str]
    given_name: Mapped[str]
    family_name: Mapped[str]
    display_name: Mapped[str]
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    removed_at: Mapped[datetime | None]


class ScimGroup(OrganizationRow, Base):
    """A provisioned group; its name is what group mappings look at."""

    __tablename__ = "scim_groups"
    __table_args__ = (
        UniqueConstraint("organization_id", "connection_id", "display_name"),
        ForeignKeyConstraint(["organization_id", "connection_id"], _CONNECTION, ondelete="CASCADE"),
    )

    connection_id: Mapped[UUID]
    display_name: Mapped[str]
    external_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ScimGroupMember(OrganizationRow, Base):
    """A provisioned person's place in a provisioned group."""

    __tablename__ = "scim_group_members"
    __table_args__ = (
        UniqueConstraint("organization_id", "group_id", "scim_user_id"),
        ForeignKeyConstraint(
            ["organization_id", "group_id"], ["scim_groups.organization_id", "scim_groups.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organization_id", "scim_user_id"], ["scim_users.organization_id", "scim_users.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "scim_user_id"),
    )

    group_id: Mapped[UUID]
    scim_user_id: Mapped[UUID]
