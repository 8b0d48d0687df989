"""Routes of saved views."""

from uuid import UUID

from fastapi import APIRouter, status

from app.core.errors import problems
from app.core.http import DbSession
from app.domains.inventory import service
from app.domains.inventory.api.common import Reader
from app.domains.inventory.errors import TooManyViews, ViewNameTaken
from app.domains.inventory.schemas import ResourceViewCreate, ResourceViewRead, ResourceViews, ResourceViewUpdate

router = APIRouter(prefix="/usage/views", tags=["inventory"])


@router.get("")
async def list_resource_views(session: DbSession, caller: Reader) -> ResourceViews:
    """One's own views and those that others share."""
    return ResourceViews(items=await service.list_views(session, caller))


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(ViewNameTaken, TooManyViews))
async def create_resource_view(body: ResourceViewCreate, session: DbSession, caller: Reader) -> ResourceViewRead:
    """Save a view of one's own."""
    return await service.create_view(session, caller, body)


@router.get("/{view_id}")
async def get_resource_view(view_id: UUID, session: DbSession, caller: Reader) -> ResourceViewRead:
    """One view."""
    return await service.read_view(session, caller, view_id)


@router.patch("/{view_id}", responses=problems(ViewNameTaken))
async def update_resource_view(
    view_id: UUID, body: ResourceViewUpdate, session: DbSession, caller: Reader
) -> ResourceViewRead:
    """Change a view of one's own."""
    return await service.update_view(session, caller, view_id, body)


@router.delete("/{view_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_resource_view(view_id: UUID, session: DbSession, caller: Reader) -> None:
    """Remove a view of one's own."""
    await service.delete_view(session, caller, view_id)
