"""Keeping accounts: list, external ids, what a sync notes, removal."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.events import publish
from app.core.http import Caller
from app.core.pagination import Page, decode_cursor, encode_cursor, invalid_cursor
from app.core.quotas import counts
from app.domains.accounts import queries, rules
from app.domains.accounts.events import AccountRemoved
from app.domains.accounts.models import Account, AccountExternalId
from app.domains.accounts.schemas import AccountRead, ExternalIdRead
from app.domains.accounts.service.describing import describe_account


@counts("accounts")
async def count_accounts(session: AsyncSession, organization_id: UUID) -> int:
    """Connected accounts, those found under another one included."""
    query = select(func.count()).where(Account.organization_id == organization_id, Account.removed_at.is_(None))
    return (await session.execute(query)).scalar_one()


async def read_account(session: AsyncSession, organization_id: UUID, account_id: UUID) -> AccountRead:
    """One account. Raises NotFound."""
    return describe_account(await queries.get_account(session, organization_id, account_id))


async def list_accounts(
    session: AsyncSession,
    organization_id: UUID,
    *,
    provider: str | None = None,
    status: str | None = None,
    limit: int = 500,
    cursor: str | None = None,
) -> Page[AccountRead]:
    """Accounts, oldest first."""
    after = _cursor_id(cursor)
    rows = await queries.list_accounts(
        session, organization_id, provider=provider, status=status, after=after, limit=limit + 1
    )
    return Page(
        items=[describe_account(row) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None,
    )


async def create_external_id(session: AsyncSession, caller: Caller) -> ExternalIdRead:
    """Make an external id. It is random and ours: one that a customer chose could be chosen by an attacker as well."""
    external_id = str(uuid4())
    session.add(
        AccountExternalId(organization_id=caller.organization_id, external_id=external_id, created_by=caller.user_id)
    )
    await session.flush()
    policy = rules.trust_policy(get_settings().aws_principal_arn, external_id)
    return ExternalIdRead(external_id=external_id, trust_policy=policy)


async def remove_account(session: AsyncSession, caller: Caller, account_id: UUID) -> None:
    """Hide the account, destroy its credentials and free its number; what it collected follows in the background."""
    account = await queries.get_account(session, caller.organization_id, account_id, lock=True)
    account.removed_at = utc_now()
    account.credentials = account.credentials_hint = account.native_account_id = None
    await session.flush()
    await publish(
        session, AccountRemoved(organization_id=caller.organization_id, account_id=account_id, by=caller.user_id)
    )


async def erase_account(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    """Delete a removed account's row; whatever still points at it goes with it. Safe to repeat."""
    await session.execute(
        delete(Account).where(
            Account.organization_id == organization_id, Account.id == account_id, Account.removed_at.is_not(None)
        )
    )


async def list_due_accounts(session: AsyncSession, organization_id: UUID, *, before: datetime) -> Sequence[UUID]:
    """Accounts with credentials whose last sync, failed ones too, ended before an instant, or never."""
    query = select(Account.id).where(
        Account.organization_id == organization_id,
        Account.removed_at.is_(None),
        Account.credentials.is_not(None),
        or_(Account.last_attempt_at.is_(None), Account.last_attempt_at < before),
    )
    return (await session.execute(query.order_by(Account.id))).scalars().all()


async def record_sync_start(session: AsyncSession, organization_id: UUID, account_id: UUID, job_id: UUID) -> None:
    """Note the job that reads the account now. Raises NotFound."""
    account = await queries.get_account(session, organization_id, account_id, lock=True)
    account.last_job_id = job_id


async def record_sync_end(
    session: AsyncSession, organization_id: UUID, account_id: UUID, *, status: str, detail: str | None
) -> None:
    """Note how the account's sync ended: connected, degraded or failed. Raises NotFound."""
    account = await queries.get_account(session, organization_id, account_id, lock=True)
    account.status, account.status_detail = status, detail
    account.last_attempt_at = utc_now()
    if status != "failed":
        account.last_synced_at = account.last_attempt_at


def _cursor_id(cursor: str | None) -> UUID | None:
    key = decode_cursor(cursor, 1)
    if key is None:
        return None
    try:
        return UUID(key[0])
    except (ValueError, TypeError, AttributeError):
        raise invalid_cursor() from None
