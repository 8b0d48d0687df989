"""Keeping accounts: list, external ids, what a sync notes, removal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.events import publish
from app.core.http import Caller
from app.core.pagination import Page, decode_cursor, encode_cursor, invalid_cursor
from app.core.quotas import counts
from app.domains.accounts import queries, rules
from app.domains.accounts.errors import AccountOfConnection
from app.domains.accounts.events import AccountChanged, AccountRemoved
from app.domains.accounts.models import Account, AccountExternalId
from app.domains.accounts.schemas import AccountRead, ExternalIdRead, ScheduleRead, ScheduleUpdate
from app.domains.accounts.service.describing import describe_account
from app.domains.accounts.service.discovering import INACTIVE_WORDS


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Our account row by the cloud's number: `own` of one connection, `others` are read by other connections."""

    own: Mapping[str, UUID]
    others: frozenset[str]


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
    parent_id: UUID | None = None,
    limit: int = 500,
    cursor: str | None = None,
) -> Page[AccountRead]:
    """Accounts, oldest first; with `parent_id` those that this connection found."""
    after = _cursor_id(cursor)
    rows = await queries.list_accounts(
        session,
        organization_id,
        provider=provider,
        status=status,
        parent_id=parent_id,
        after=after,
        limit=limit + 1,
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
    """Hide the account, destroy its credentials and free its number; what it collected follows in the background.

    The accounts that it found go with it. One of them alone can go only when the cloud no longer has it: the next sync
    would find it again. Raises NotFound and AccountOfConnection.
    """
    account = await queries.get_account(session, caller.organization_id, account_id, lock=True)
    if account.parent_id is not None and account.inactive_reason != "vanished":
        raise AccountOfConnection("Remove the connection, or leave this account out of its scope.")
    now = utc_now()
    for row in (account, *await queries.list_children(session, caller.organization_id, account_id)):
        row.removed_at = now
        row.credentials = row.credentials_hint = row.native_account_id = None
        await session.flush()
        await publish(
            session, AccountRemoved(organization_id=caller.organization_id, account_id=row.id, by=caller.user_id)
        )


async def erase_account(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    """Delete a removed account's row; whatever still points at it goes with it. Safe to repeat.

    A connection's row stays until those of the accounts that it found are gone; the last of them takes it along.
    """
    removed = (Account.organization_id == organization_id) & Account.removed_at.is_not(None)
    child, own = aliased(Account), aliased(Account)
    holder = select(func.coalesce(own.parent_id, own.id)).where(
        own.organization_id == organization_id, own.id == account_id
    )
    # One after the other: of the last two at once, each would see the other's row and leave the connection's behind.
    await session.execute(
        select(Account.id)
        .where(Account.organization_id == organization_id, Account.id == holder.scalar_subquery())
        .with_for_update()
    )
    has_children = select(child.id).where(
        child.organization_id == Account.organization_id, child.parent_id == Account.id
    )
    gone = delete(Account).where(removed, Account.id == account_id, ~has_children.exists())
    parent_id = (
        await session.execute(gone.returning(Account.parent_id).execution_options(synchronize_session=False))
    ).scalar_one_or_none()
    if parent_id is not None:
        await session.execute(
            delete(Account)
            .where(removed, Account.id == parent_id, Account.forgotten_at.is_not(None), ~has_children.exists())
            .execution_options(synchronize_session=False)
        )
    else:
        await session.execute(
            update(Account)
            .where(removed, Account.id == account_id)
            .values(forgotten_at=utc_now())
            .execution_options(synchronize_session=False)
        )


async def list_due_accounts(
    session: AsyncSession, organization_id: UUID, *, now: datetime, interval_minutes: int
) -> Sequence[UUID]:
    """Accounts to read now: active ones with credentials whose last sync, failed ones too, is an interval ago."""
    parent = aliased(Account)
    has_credentials = or_(
        Account.credentials.is_not(None),
        select(parent.id)
        .where(
            parent.organization_id == Account.organization_id,
            parent.id == Account.parent_id,
            parent.credentials.is_not(None),
        )
        .exists(),
    )
    interval = func.make_interval(0, 0, 0, 0, 0, func.coalesce(Account.interval_minutes, interval_minutes))
    query = select(Account.id).where(
        Account.organization_id == organization_id,
        Account.removed_at.is_(None),
        Account.reads_alone,
        Account.inactive_since.is_(None),
        has_credentials,
        or_(Account.last_attempt_at.is_(None), Account.last_attempt_at < now - interval),
    )
    return (await session.execute(query.order_by(Account.id))).scalars().all()


async def list_type_groups(session: AsyncSession, organization_id: UUID) -> dict[UUID, dict[str, int]]:
    """Minutes by service of units, for each active account that has groups of its own and reads by itself."""
    query = select(Account.id, Account.type_groups).where(
        Account.organization_id == organization_id,
        Account.removed_at.is_(None),
        Account.reads_alone,
        Account.inactive_since.is_(None),
        Account.type_groups != cast({}, JSONB),
    )
    return {row.id: dict(row.type_groups) for row in (await session.execute(query)).all()}


@dataclass(frozen=True, kw_only=True)
class Readers:
    """By whose row the cloud's accounts are read, as a connection's events need it. `not_read`: by none of its own.

    `fallback` reads accounts that are not known; None where each account is read by a row of its own.
    """

    by_number: Mapping[str, UUID]
    not_read: frozenset[str]
    fallback: UUID | None


async def read_readers(session: AsyncSession, organization_id: UUID, connection_id: UUID) -> Readers:
    """Who reads the accounts that a connection's events may be about. Raises NotFound."""
    holder = await queries.get_account(session, organization_id, connection_id)
    query = select(Account).where(
        Account.organization_id == organization_id,
        Account.provider == holder.provider,
        Account.native_account_id.is_not(None),
        Account.removed_at.is_(None),
    )
    by_number: dict[str, UUID] = {}
    not_read: set[str] = set()
    reads_alone = False
    for row in (await session.execute(query)).scalars():
        is_own = connection_id in (row.id, row.parent_id)
        reads_alone = reads_alone or (row.parent_id == connection_id and row.reads_alone)
        if is_own and row.inactive_since is None:
            by_number[str(row.native_account_id)] = row.id if row.reads_alone else connection_id
        else:
            not_read.add(str(row.native_account_id))
    # An event that names no account is the connection's own.
    by_number.setdefault("", connection_id)
    return Readers(by_number=by_number, not_read=frozenset(not_read), fallback=None if reads_alone else connection_id)


@dataclass(frozen=True, kw_only=True)
class SyncTarget:
    """Which account's sync reads an account. `reason`: why nothing can, in words. `has_groups`: types of its own."""

    account_id: UUID
    reason: str | None
    has_groups: bool


async def find_sync_target(session: AsyncSession, organization_id: UUID, account_id: UUID) -> SyncTarget:
    """The account itself, or the connection that reads it along with others. Raises NotFound."""
    account = await queries.get_account(session, organization_id, account_id)
    holder = account
    if account.parent_id is not None:
        holder = await queries.get_parent(session, organization_id, account.parent_id)
    reason = None
    if account.inactive_reason is not None:
        reason = INACTIVE_WORDS[account.inactive_reason]
    elif holder.credentials is None:
        reason = "The account has no credentials. Give them again, then sync."
    target = account if account.reads_alone else holder
    return SyncTarget(account_id=target.id, reason=reason, has_groups=bool(target.type_groups))


async def read_owners(session: AsyncSession, organization_id: UUID, account_id: UUID, provider: str) -> Owners:
    """Whose row each cloud account of the provider is, as a sync by this account needs it."""
    query = select(Account.id, Account.parent_id, Account.native_account_id).where(
        Account.organization_id == organization_id,
        Account.provider == provider,
        Account.native_account_id.is_not(None),
        Account.removed_at.is_(None),
    )
    rows = (await session.execute(query)).all()
    own = {row.native_account_id: row.id for row in rows if account_id in (row.id, row.parent_id)}
    return Owners(own=own, others=frozenset(row.native_account_id for row in rows) - own.keys())


async def set_schedule(session: AsyncSession, caller: Caller, account_id: UUID, body: ScheduleUpdate) -> ScheduleRead:
    """Say how often the account is read. Raises NotFound, and AccountOfConnection where its connection reads it."""
    account = await queries.get_account(session, caller.organization_id, account_id, lock=True)
    if not account.reads_alone:
        raise AccountOfConnection("Its connection reads this account along with others. Set the schedule there.")
    account.interval_minutes, account.type_groups = body.interval_minutes, dict(body.type_groups)
    await publish(
        session,
        AccountChanged(
            organization_id=caller.organization_id, account_id=account_id, fields=["schedule"], by=caller.user_id
        ),
    )
    return _describe_schedule(account)


async def read_schedule(session: AsyncSession, organization_id: UUID, account_id: UUID) -> ScheduleRead:
    """How often the account is read. Raises NotFound."""
    return _describe_schedule(await queries.get_account(session, organization_id, account_id))


def _describe_schedule(account: Account) -> ScheduleRead:
    return ScheduleRead(
        interval_minutes=account.interval_minutes or get_settings().sync_interval_minutes,
        is_default=account.interval_minutes is None,
        type_groups=account.type_groups,
    )


async def record_sync_start(session: AsyncSession, organization_id: UUID, account_id: UUID, job_id: UUID) -> None:
    """Note the job that reads the account now. Raises NotFound."""
    account = await queries.get_account(session, organization_id, account_id, lock=True)
    account.last_job_id = job_id


async def record_sync_end(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    *,
    status: str,
    detail: str | None,
    coverage: Mapping[UUID, Mapping[str, Any]] | None = None,
    is_whole: bool = True,
) -> None:
    """Note how the account's sync ended: connected, degraded or failed. Raises NotFound.

    `coverage`: what was reached of the account and of those that it reads along with itself, by account. Those take
    over its status; the ones that are inactive keep their own. Not `is_whole`: only some units were read.
    """
    account = await queries.get_account(session, organization_id, account_id, lock=True)
    children = await queries.list_children(session, organization_id, account_id)
    now = utc_now()
    for row in (account, *(child for child in children if not child.reads_alone)):
        if coverage is not None:
            row.coverage = dict(coverage.get(row.id, {}))
        if row.inactive_since is not None:
            continue
        row.status, row.status_detail = status, detail
        if is_whole:
            row.last_attempt_at = now
            if status != "failed":
                row.last_synced_at = now


def _cursor_id(cursor: str | None) -> UUID | None:
    key = decode_cursor(cursor, 1)
    if key is None:
        return None
    try:
        return UUID(key[0])
    except (ValueError, TypeError, AttributeError):
        raise invalid_cursor() from None
