"""Routes of resources and their history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.core.hot_route import HotRoute
from app.core.http import Caller, DbSession, allow_detached
from app.core.pagination import Cursor, Limit, Page
from app.core.schemas import Instant
from app.domains.inventory import service
from app.domains.inventory.api.common import Reader
from app.domains.inventory.schemas import ChangeQuery, ResourceChangeRead, ResourceDetail, ResourceQuery, ResourceRead

hot_router = APIRouter(prefix="/usage", tags=["inventory"], route_class=HotRoute)
router = APIRouter(prefix="/usage", tags=["inventory"])


@hot_router.get("/resources", response_model=Page[ResourceRead])
async def list_resources(
    caller: Annotated[Caller, Depends(allow_detached("inventory:read"))], query: Annotated[ResourceQuery, Query()]
) -> Response:
    """Resources that exist, or did at the moment `at`, with their filters."""
    page = await service.list_resources(
        caller.organization_id,
        query.parse(),
        sort=query.sort,
        limit=query.limit,
        cursor=query.cursor,
        scope=caller.scope,
        at=query.at,
    )
    return Response(page, media_type="application/json")


@router.get("/resources/{resource_id}")
async def get_resource(
    resource_id: UUID, session: DbSession, caller: Reader, at: Instant | None = None
) -> ResourceDetail:
    """One resource, also after it is gone from the cloud; `at`: as it was then."""
    return await service.read_resource(session, caller.organization_id, resource_id, at=at)


@router.get("/resources/{resource_id}/history")
async def list_resource_history(
    resource_id: UUID, session: DbSession, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ResourceChangeRead]:
    """What changed about one resource, newest first."""
    return await service.list_history(session, caller.organization_id, resource_id, limit=limit, cursor=cursor)


@router.get("/changes")
async def list_resource_changes(
    session: DbSession, caller: Reader, query: Annotated[ChangeQuery, Query()]
) -> Page[ResourceChangeRead]:
    """What changed anywhere, newest first; `from` is inclusive and `to` exclusive.

    Filters on the resource ask what it is like now.
    """
    return await service.list_changes(
        session,
        caller.organization_id,
        filters=query.parse(),
        resource_id=query.resource_id,
        account_id=query.account_id,
        kind=query.kind,
        actor=query.actor,
        since=query.from_,
        until=query.to,
        limit=query.limit,
        cursor=query.cursor,
    )
