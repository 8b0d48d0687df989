"""Routes of connected clouds."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, status

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow, allow_detached
from app.core.idempotency import IdempotencyKeyReused, Once
from app.core.pagination import Cursor, Limit, Page
from app.domains.accounts import service
from app.domains.accounts.errors import (
    AccountAlreadyConnected,
    AccountOfConnection,
    CloudUnreachable,
    ConnectionRefused,
    CredentialsMissing,
    DifferentCloudAccount,
    ExternalIdUnknown,
    ProviderNotAvailable,
)
from app.domains.accounts.schemas import (
    AccountCreate,
    AccountRead,
    AccountStatus,
    AccountUpdate,
    ConnectionReportRead,
    ExternalIdRead,
    Provider,
    ScheduleRead,
    ScheduleUpdate,
)

router = APIRouter(prefix="/accounts", tags=["accounts"])

Reader = Annotated[Caller, Depends(allow("accounts:read"))]
Writer = Annotated[Caller, Depends(allow("accounts:write", step_up=True))]
# Connecting waits for a cloud, so these routes hold no transaction: the service opens its own around the wait.
DetachedTester = Annotated[Caller, Depends(allow_detached("accounts:write"))]
DetachedWriter = Annotated[Caller, Depends(allow_detached("accounts:write", step_up=True))]

_CONNECT_PROBLEMS = problems(
    AccountAlreadyConnected,
    IdempotencyKeyReused,
    ProviderNotAvailable,
    ConnectionRefused,
    CloudUnreachable,
    ExternalIdUnknown,
)


@router.post("", status_code=status.HTTP_201_CREATED, responses=_CONNECT_PROBLEMS)
async def connect_account(body: Annotated[AccountCreate, Body()], caller: DetachedWriter, once: Once) -> AccountRead:
    """Test the connection and keep it; missing read permissions lower the status, a refused identity keeps nothing."""
    return await once(lambda: service.connect_account(caller, body), AccountRead)


@router.get("")
async def list_accounts(
    session: DbSession,
    caller: Reader,
    provider: Annotated[Provider | None, Query()] = None,
    status: Annotated[AccountStatus | None, Query()] = None,
    parent_id: Annotated[UUID | None, Query(description="Only accounts that this connection found.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AccountRead]:
    """Connected accounts, oldest first."""
    return await service.list_accounts(
        session,
        caller.organization_id,
        provider=provider,
        status=status,
        parent_id=parent_id,
        limit=limit,
        cursor=cursor,
    )


@router.post("/test", responses=problems(ProviderNotAvailable, ExternalIdUnknown))
async def test_new_account(body: Annotated[AccountCreate, Body()], caller: DetachedWriter) -> ConnectionReportRead:
    """Try the identity and each needed read without keeping anything."""
    return await service.test_new_account(caller, body)


@router.post("/aws/external-id", status_code=status.HTTP_201_CREATED, responses=problems(IdempotencyKeyReused))
async def create_external_id(session: DbSession, caller: Writer, once: Once) -> ExternalIdRead:
    """Make an external id for one role connection, with the trust policy for that role."""
    return await once(lambda: service.create_external_id(session, caller), ExternalIdRead)


@router.get("/{account_id}")
async def get_account(account_id: UUID, session: DbSession, caller: Reader) -> AccountRead:
    """One connected account."""
    return await service.read_account(session, caller.organization_id, account_id)


@router.patch(
    "/{account_id}",
    responses=problems(
        DifferentCloudAccount, ProviderNotAvailable, ConnectionRefused, CloudUnreachable, ExternalIdUnknown
    ),
)
async def update_account(account_id: UUID, body: AccountUpdate, caller: DetachedWriter) -> AccountRead:
    """Rename, narrow or re-credential an account. Another address forgets the credentials and asks for them again."""
    return await service.update_account(caller, account_id, body)


@router.delete("/{account_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(AccountOfConnection))
async def remove_account(account_id: UUID, session: DbSession, caller: Writer) -> None:
    """Forget the credentials now and everything collected, also from found accounts, in the background."""
    await service.remove_account(session, caller, account_id)


@router.post("/{account_id}/test", responses=problems(CredentialsMissing))
async def test_account(account_id: UUID, caller: DetachedTester) -> ConnectionReportRead:
    """Try the stored connection again and update the account's status."""
    return await service.test_account(caller, account_id)


@router.get("/{account_id}/schedule")
async def get_account_schedule(account_id: UUID, session: DbSession, caller: Reader) -> ScheduleRead:
    """How often the account is read."""
    return await service.read_schedule(session, caller.organization_id, account_id)


@router.put("/{account_id}/schedule", responses=problems(AccountOfConnection))
async def set_account_schedule(
    account_id: UUID,
    body: ScheduleUpdate,
    session: DbSession,
    caller: Annotated[Caller, Depends(allow("accounts:write"))],
) -> ScheduleRead:
    """Say how often the account is read, and which types at other intervals."""
    return await service.set_schedule(session, caller, account_id, body)
