"""Reads of connected clouds; removed accounts are invisible here."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.scope import account_conditions, scope_of
from app.domains.accounts.models import Account, AccountExternalId


async def get_account(
    session: AsyncSession, organization_id: UUID, account_id: UUID, *, lock: bool = False, removed: bool = False
) -> Account:
    """One account. Raises NotFound. `removed` finds only accounts that are being removed."""
    query = select(Account).where(Account.organization_id == organization_id, Account.id == account_id)
    query = query.where(Account.removed_at.is_not(None) if removed else Account.removed_at.is_(None))
    query = query.where(*account_conditions(scope_of(session), Account.id))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    account = (await session.execute(query)).scalar_one_or_none()
    if account is None:
        raise NotFound
    return account


async def get_parent(session: AsyncSession, organization_id: UUID, parent_id: UUID) -> Account:
    """The connection that found an account, whatever the caller's scope. Raises NotFound."""
    query = select(Account).where(
        Account.organization_id == organization_id, Account.id == parent_id, Account.removed_at.is_(None)
    )
    account = (await session.execute(query)).scalar_one_or_none()
    if account is None:
        raise NotFound
    return account


async def list_children(session: AsyncSession, organization_id: UUID, parent_id: UUID) -> Sequence[Account]:
    """The accounts that a connection found and that are not being removed, locked in one order."""
    query = select(Account).where(
        Account.organization_id == organization_id, Account.parent_id == parent_id, Account.removed_at.is_(None)
    )
    return (await session.execute(query.order_by(Account.id).with_for_update())).scalars().all()


async def find_native_accounts(
    session: AsyncSession, organization_id: UUID, provider: str, native_accounts: Sequence[str]
) -> Sequence[Account]:
    """The accounts with these numbers, whoever connected or found them."""
    query = select(Account).where(
        Account.organization_id == organization_id,
        Account.provider == provider,
        Account.native_account_id.in_(native_accounts),
        Account.removed_at.is_(None),
    )
    return (await session.execute(query)).scalars().all()


async def list_accounts(
    session: AsyncSession,
    organization_id: UUID,
    *,
    provider: str | None = None,
    status: str | None = None,
    parent_id: UUID | None = None,
    after: UUID | None = None,
    limit: int | None = None,
) -> Sequence[Account]:
    """Accounts by id, which is by age."""
    query = select(Account).where(Account.organization_id == organization_id, Account.removed_at.is_(None))
    query = query.where(*account_conditions(scope_of(session), Account.id))
    if provider is not None:
        query = query.where(Account.provider == provider)
    if status is not None:
        query = query.where(Account.status == status)
    if parent_id is not None:
        query = query.where(Account.parent_id == parent_id)
    if after is not None:
        query = query.where(Account.id > after)
    return (await session.execute(query.order_by(Account.id).limit(limit))).scalars().all()


async def is_connected(session: AsyncSession, organization_id: UUID, provider: str, native_account_id: str) -> bool:
    """Whether the cloud account is connected already."""
    query = select(Account.id).where(
        Account.organization_id == organization_id,
        Account.provider == provider,
        Account.native_account_id == native_account_id,
    )
    return (await session.execute(query)).first() is not None


async def get_external_id(
    session: AsyncSession, organization_id: UUID, external_id: str, *, lock: bool = False
) -> AccountExternalId | None:
    """An external id made for this organization, or None."""
    query = select(AccountExternalId).where(
        AccountExternalId.organization_id == organization_id, AccountExternalId.external_id == external_id
    )
    if lock:
        query = query.with_for_update()
    return (await session.execute(query)).scalar_one_or_none()
