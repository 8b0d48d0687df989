"""The table of organizations' sign-in policies."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.core.database import Base, OrganizationRow


class OrganizationPolicy(OrganizationRow, Base):
    """How people may sign in to one organization; no row means the product's defaults."""

    __tablename__ = "organization_policies"
    __table_args__ = (
        UniqueConstraint("organization_id"),
        ForeignKeyConstraint(["organization_id"], ["organizations.id"], ondelete="CASCADE"),
    )

    mfa_required_roles: Mapped[list[str]] = mapped_column(ARRAY(Text))  # names of built-in roles, ids of custom ones
    mfa_grace_days: Mapped[int]
    mfa_required_since: Mapped[datetime | None]  # when the list last grew: the grace is counted from here
    web_idle_minutes: Mapped[int]
    web_absolute_hours: Mapped[int]
    native_idle_days: Mapped[int]
    sso_required: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
