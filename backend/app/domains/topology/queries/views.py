"""Saved views."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.topology.errors import ViewNotFound
from app.domains.topology.models import TopologyView


async def list_views(
    session: AsyncSession, organization_id: UUID, owner_id: UUID, *, after: tuple[str, UUID] | None, limit: int
) -> Sequence[TopologyView]:
    """The person's own views and the shared ones, by name."""
    view = TopologyView
    query = select(view).where(
        view.organization_id == organization_id, or_(view.owner_id == owner_id, view.shared.is_(True))
    )
    if after is not None:
        query = query.where(tuple_(view.name, view.id) > after)
    return (await session.scalars(query.order_by(view.name, view.id).limit(limit))).all()


async def get_view(
    session: AsyncSession, organization_id: UUID, view_id: UUID, owner_id: UUID, *, lock: bool = False
) -> TopologyView:
    """A view that the person may see. Raises ViewNotFound."""
    view = TopologyView
    query = select(view).where(
        view.organization_id == organization_id,
        view.id == view_id,
        or_(view.owner_id == owner_id, view.shared.is_(True)),
    )
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise ViewNotFound
    return found


async def has_view_named(
    session: AsyncSession, organization_id: UUID, owner_id: UUID, name: str, *, but: UUID | None = None
) -> bool:
    """Whether the person has another view of this name."""
    view = TopologyView
    query = select(view.id).where(
        view.organization_id == organization_id, view.owner_id == owner_id, view.name == name, view.id != but
    )
    return (await session.scalar(query.limit(1))) is not None
