"""Routes of collecting: how current the inventory is, and asking for a sync."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, status

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page
from app.domains.inventory import service
from app.domains.inventory.api.common import Reader
from app.domains.inventory.errors import AccountNotReady
from app.domains.inventory.schemas import SyncStarted, SyncState, SyncUnitRead

router = APIRouter(prefix="/usage", tags=["inventory"])
account_router = APIRouter(prefix="/accounts", tags=["accounts"])


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
