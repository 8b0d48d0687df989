"""Tables of what is asked: daily counts, saved views, exports."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow


class ResourceTrend(Base):
    """Open resources of an account as last counted on a day (UTC), by `dimension`: type, region, tag or all.

    The key of all is empty; under tag it is that of resources without tags.
    """

    __tablename__ = "resource_trends"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], ["accounts.organization_id", "accounts.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "account_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    resources: Mapped[int]


class ResourceView(OrganizationRow, Base):
    """A saved view of the resource list: a search, columns and an order."""

    __tablename__ = "resource_views"
    __table_args__ = (UniqueConstraint("organization_id", "owner_id", "name"),)

    owner_id: Mapped[UUID]
    name: Mapped[str]
    shared: Mapped[bool]
    search: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sort: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ResourceExport(OrganizationRow, Base):
    """A file of resources: queued, running, ready, failed, cancelled or expired.

    `filters` as they were given. `scope`: what its creator might see, a list of scopes that all must let a row through.
    """

    __tablename__ = "resource_exports"
    __table_args__ = (Index(None, "organization_id", "created_at"),)

    format: Mapped[str]
    state: Mapped[str]
    search: Mapped[str]
    filters: Mapped[dict[str, Any]]
    scope: Mapped[list[Any]]
    at: Mapped[datetime | None]
    job_id: Mapped[UUID | None]
    resources: Mapped[int] = mapped_column(server_default="0", default=0)
    storage_key: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
