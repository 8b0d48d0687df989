"""Routes about what is collected of an account: coverage, missing permissions, single units, events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, status

from app.core.egress import AddressNotAllowed
from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.domains.inventory import service
from app.domains.inventory.errors import AccountNotReady
from app.domains.inventory.schemas import SyncStarted
from app.domains.inventory.schemas.collecting import (
    Coverage,
    EventSettings,
    EventSourceMade,
    EventSourceRead,
    Grant,
)

router = APIRouter(prefix="/accounts", tags=["accounts"])
Reader = Annotated[Caller, Depends(allow("accounts:read"))]
Writer = Annotated[Caller, Depends(allow("accounts:write", step_up=True))]


@router.get("/{account_id}/coverage")
async def get_account_coverage(account_id: UUID, session: DbSession, caller: Reader) -> Coverage:
    """How well each type of the account is read, and what keeps the rest from being read."""
    return await service.read_coverage(session, caller.organization_id, account_id)


@router.get("/{account_id}/grant")
async def get_account_grant(account_id: UUID, session: DbSession, caller: Reader) -> Grant:
    """The permissions that are missing, and the policy or role that gives them."""
    return await service.read_grant(session, caller.organization_id, account_id)


@router.post(
    "/{account_id}/units/{unit_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(AccountNotReady),
)
async def retry_account_unit(
    account_id: UUID,
    unit_id: UUID,
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("accounts:sync"))],
) -> SyncStarted:
    """Read one unit again, by itself; one that waits already is answered, not doubled."""
    job_id = await service.retry_unit(session, caller.organization_id, account_id, unit_id, requested_by=caller.user_id)
    return SyncStarted(job_id=job_id)


@router.get("/{account_id}/events")
async def get_account_events(account_id: UUID, session: DbSession, caller: Reader) -> EventSourceRead | None:
    """How the account's cloud tells of changes, and when it last did; null where that is not set up."""
    return await service.read_event_source(session, caller.organization_id, account_id)


@router.put("/{account_id}/events", responses=problems(AddressNotAllowed))
async def set_account_events(
    account_id: UUID, body: EventSettings, session: DbSession, caller: Writer
) -> EventSourceMade:
    """Listen to the account's cloud. For Google and Azure the hook's address is made anew and shown this once."""
    return await service.set_event_source(session, caller, account_id, body)


@router.delete("/{account_id}/events", status_code=status.HTTP_204_NO_CONTENT)
async def remove_account_events(account_id: UUID, session: DbSession, caller: Writer) -> None:
    """Stop listening; the hook's address is worthless from here on."""
    await service.remove_event_source(session, caller.organization_id, account_id)
