"""Saved views: own ones and those that others share."""

from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.inventory.errors import TooManyViews, ViewNameTaken
from app.domains.inventory.models import ResourceView
from app.domains.inventory.schemas import ResourceViewCreate, ResourceViewRead, ResourceViewUpdate

MAX_VIEWS = 100  # of one person
MAX_LISTED = 500


async def list_views(session: AsyncSession, caller: Caller) -> list[ResourceViewRead]:
    """What the caller may use, by name; own ones first."""
    query = select(ResourceView).where(
        ResourceView.organization_id == caller.organization_id,
        or_(ResourceView.owner_id == caller.user_id, ResourceView.shared),
    )
    query = query.order_by(ResourceView.owner_id != caller.user_id, func.lower(ResourceView.name), ResourceView.id)
    return [_read(row, caller) for row in (await session.execute(query.limit(MAX_LISTED))).scalars()]


async def read_view(session: AsyncSession, caller: Caller, view_id: UUID) -> ResourceViewRead:
    """One view. Raises NotFound, also for another person's that is not shared."""
    return _read(await _get(session, caller, view_id), caller)


async def create_view(session: AsyncSession, caller: Caller, body: ResourceViewCreate) -> ResourceViewRead:
    """Save a view. Raises ViewNameTaken, TooManyViews."""
    own = select(func.count()).where(
        ResourceView.organization_id == caller.organization_id, ResourceView.owner_id == caller.user_id
    )
    if (await session.execute(own)).scalar_one() >= MAX_VIEWS:
        raise TooManyViews(f"{MAX_VIEWS} are kept for each person.")
    row = ResourceView(
        organization_id=caller.organization_id, id=new_id(), owner_id=caller.user_id, **body.model_dump()
    )
    await _write(session, row)
    return _read(row, caller)


async def update_view(
    session: AsyncSession, caller: Caller, view_id: UUID, body: ResourceViewUpdate
) -> ResourceViewRead:
    """Change a view. Raises NotFound for what is not the caller's own, ViewNameTaken."""
    row = await _get(session, caller, view_id, own=True)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(row, name, value)
    await _write(session, row)
    return _read(row, caller)


async def delete_view(session: AsyncSession, caller: Caller, view_id: UUID) -> None:
    """Remove a view. Raises NotFound for what is not the caller's own."""
    await session.delete(await _get(session, caller, view_id, own=True))
    await session.flush()


async def _get(session: AsyncSession, caller: Caller, view_id: UUID, *, own: bool = False) -> ResourceView:
    query = select(ResourceView).where(
        ResourceView.organization_id == caller.organization_id, ResourceView.id == view_id
    )
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None or (row.owner_id != caller.user_id and (own or not row.shared)):
        raise NotFound
    return row


async def _write(session: AsyncSession, row: ResourceView) -> None:
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError:
        raise ViewNameTaken from None
    await session.refresh(row)


def _read(row: ResourceView, caller: Caller) -> ResourceViewRead:
    names = ("id", "name", "shared", "search", "columns", "sort", "created_at", "updated_at")
    return ResourceViewRead(**{name: getattr(row, name) for name in names}, own=row.owner_id == caller.user_id)
