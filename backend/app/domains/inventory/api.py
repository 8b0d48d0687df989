"""Routes of the inventory."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status

from app.core.errors import problems
from app.core.hot_route import HotRoute
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.pagination import Cursor, Limit, Page
from app.core.schemas import Instant
from app.domains.inventory import service
from app.domains.inventory.errors import AccountNotReady
from app.domains.inventory.schemas import (
    ChangeKind,
    Facets,
    FilterQuery,
    InventorySummary,
    ResourceChangeRead,
    ResourceDetail,
    ResourceQuery,
    ResourceRead,
    SyncStarted,
    SyncState,
    SyncUnitRead,
)

hot_router = APIRouter(prefix="/usage", tags=["inventory"], route_class=HotRoute)
router = APIRouter(prefix="/usage", tags=["inventory"])
account_router = APIRouter(prefix="/accounts", tags=["accounts"])
routers = (hot_router, router, account_router)

Reader = Annotated[Caller, Depends(allow("inventory:read"))]
FilterParameters = Annotated[FilterQuery, Query()]


@hot_router.get("/resources", response_model=Page[ResourceRead])
async def list_resources(
    caller: Annotated[Caller, Depends(allow_detached("inventory:read"))], query: Annotated[ResourceQuery, Query()]
) -> Response:
    """Resources that exist, with their filters."""
    page = await service.list_resources(
        caller.organization_id,
        query.parse(),
        sort=query.sort,
        limit=query.limit,
        cursor=query.cursor,
        scope=caller.scope,
    )
    return Response(page, media_type="application/json")


@router.get("/resources/{resource_id}")
async def get_resource(resource_id: UUID, session: DbSession, caller: Reader) -> ResourceDetail:
    """One resource, also after it is gone from the cloud."""
    return await service.read_resource(session, caller.organization_id, resource_id)


@router.get("/resources/{resource_id}/history")
async def list_resource_history(
    resource_id: UUID, session: DbSession, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ResourceChangeRead]:
    """What changed about one resource, newest first."""
    return await service.list_history(session, caller.organization_id, resource_id, limit=limit, cursor=cursor)


@router.get("/changes")
async def list_resource_changes(
    session: DbSession,
    caller: Reader,
    resource_id: UUID | None = None,
    account_id: UUID | None = None,
    kind: ChangeKind | None = None,
    from_: Annotated[Instant | None, Query(alias="from")] = None,
    to: Instant | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ResourceChangeRead]:
    """What changed anywhere, newest first; `from` is inclusive and `to` exclusive."""
    return await service.list_changes(
        session,
        caller.organization_id,
        resource_id=resource_id,
        account_id=account_id,
        kind=kind,
        since=from_,
        until=to,
        limit=limit,
        cursor=cursor,
    )


@router.get("/summary")
async def get_inventory_summary(session: DbSession, caller: Reader) -> InventorySummary:
    """Counts by provider, type, region and account."""
    return await service.summarize(session, caller.organization_id)


@router.get("/facets")
async def list_resource_facets(session: DbSession, caller: Reader, query: FilterParameters) -> Facets:
    """What the filtered resources divide into, for the filter menus."""
    return await service.list_facets(session, caller.organization_id, query.parse())


@router.get("/sync-state")
async def get_sync_state(session: DbSession, caller: Reader) -> SyncState:
    """How current each account is and how many resources could not be read lately."""
    return await service.read_sync_state(session, caller.organization_id)


@account_router.post("/{account_id}/sync", status_code=status.HTTP_202_ACCEPTED, responses=problems(AccountNotReady))
async def sync_account(
    account_id: UUID, session: DbSession, caller: Annotated[Caller, Depends(allow("accounts:sync"))]
) -> SyncStarted:
    """Read the account again in the background; a sync that already waits is answered, not doubled."""
    job_id = await service.start_sync(session, caller.organization_id, account_id)
    return SyncStarted(job_id=job_id)


@account_router.get("/{account_id}/units")
async def list_account_units(
    account_id: UUID,
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("accounts:read"))],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SyncUnitRead]:
    """The account's units of collection and how each last ended."""
    return await service.list_units(session, caller.organization_id, account_id, limit=limit, cursor=cursor)
