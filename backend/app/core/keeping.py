"""How long an organization's rows are kept: its own choice within bounds, else the product's.

In the kernel, because the kernel's own cleaning (jobs, events) goes by it as the domains' does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, OrganizationRow
from app.core.ids import new_id

KeptKind = Literal["events", "audit", "metrics", "history", "alerts", "jobs"]
KEPT_KINDS: tuple[KeptKind, ...] = get_args(KeptKind)


@dataclass(frozen=True)
class KeptBounds:
    """Days: what may be chosen, and what holds where nothing was."""

    least: int
    most: int
    default: int


BOUNDS: dict[KeptKind, KeptBounds] = {
    "events": KeptBounds(1, 90, 7),
    "audit": KeptBounds(365, 3_650, 1_095),  # the floor: who can shorten it could hide what they did
    "metrics": KeptBounds(1, 1_100, 395),
    "history": KeptBounds(30, 3_650, 395),
    "alerts": KeptBounds(7, 3_650, 395),
    "jobs": KeptBounds(7, 365, 30),
}


class OrganizationRetention(OrganizationRow, Base):
    """An organization's own choice for one kind."""

    __tablename__ = "organization_retention"
    __table_args__ = (UniqueConstraint("organization_id", "kind"),)

    kind: Mapped[str]
    days: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


async def kept_days(session: AsyncSession, organization_id: UUID) -> dict[KeptKind, int]:
    """Days for every kind, within today's bounds whatever was stored."""
    query = select(OrganizationRetention.kind, OrganizationRetention.days).where(
        OrganizationRetention.organization_id == organization_id
    )
    chosen = {row.kind: row.days for row in (await session.execute(query)).all()}
    return {
        kind: min(max(chosen.get(kind, bounds.default), bounds.least), bounds.most) for kind, bounds in BOUNDS.items()
    }


async def kept_for(session: AsyncSession, organization_id: UUID, kind: KeptKind) -> timedelta:
    """How long the organization's rows of the kind are kept."""
    return timedelta(days=(await kept_days(session, organization_id))[kind])


async def set_kept_days(session: AsyncSession, organization_id: UUID, days: dict[KeptKind, int]) -> None:
    """Store the organization's choice; the caller has checked the bounds."""
    for kind, chosen in days.items():
        row = insert(OrganizationRetention).values(organization_id=organization_id, id=new_id(), kind=kind, days=chosen)
        await session.execute(
            row.on_conflict_do_update(
                index_elements=["organization_id", "kind"], set_={"days": row.excluded.days, "updated_at": func.now()}
            )
        )
