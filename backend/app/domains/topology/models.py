"""Tables of the topology: what the internet reaches, what nobody uses, and saved views."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow


class ResourceExposure(Base):
    """What is known of whether the internet reaches a resource; `exposed` is null where something was not read.

    `chains`, `ports` and `sources` are as in `schemas.ExposureDetail`; `unknown`: why it cannot be told.
    """

    __tablename__ = "resource_exposures"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            ondelete="CASCADE",
        ),
        Index("ix_resource_exposures_exposed", "organization_id", "resource_id", postgresql_where=text("exposed")),
        Index(
            "ix_resource_exposures_unknown", "organization_id", "resource_id", postgresql_where=text("exposed IS NULL")
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    exposed: Mapped[bool | None]
    summary: Mapped[str]
    ports: Mapped[list[Any]] = mapped_column(server_default="[]")
    sources: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    chains: Mapped[list[Any]] = mapped_column(server_default="[]")
    unknown: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    since: Mapped[datetime]  # when `exposed` became what it is
    computed_at: Mapped[datetime]


class ExposureInput(Base):
    """What an exposure was computed from: a change of it means to compute anew.

    `read_key` is a resource's id, or a hash of what was looked for (`rules.estate`): a listing, or an id not found.
    """

    __tablename__ = "exposure_reads"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            ondelete="CASCADE",
        ),
        Index("ix_exposure_reads_resource", "organization_id", "resource_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    read_key: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)


class ResourceOrphan(Base):
    """A resource that nothing uses, with the reason's name (`rules.orphans.REASONS`)."""

    __tablename__ = "resource_orphans"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["cloud_resources.organization_id", "cloud_resources.id"],
            ondelete="CASCADE",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    detail: Mapped[str]
    since: Mapped[datetime]


class PendingTopology(Base):
    """A resource that changed and whose derived facts, with those that were computed from it, are due."""

    __tablename__ = "pending_topology"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    marked_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TopologyView(OrganizationRow, Base):
    """A saved question: `query` holds the map's parameters as the address of the page has them."""

    __tablename__ = "topology_views"
    __table_args__ = (UniqueConstraint("organization_id", "owner_id", "name"),)

    owner_id: Mapped[UUID]
    name: Mapped[str]
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    query: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
