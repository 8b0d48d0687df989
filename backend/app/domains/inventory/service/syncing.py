"""Syncs: of a whole account, and of single units that failed, are due more often or have many events."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import get_database, tenant_session
from app.core.errors import NotFound
from app.core.events import publish
from app.core.tasks import PermanentFailure, TaskContext, enqueue
from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.errors import AccountNotReady
from app.domains.inventory.events import SyncFinished
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.service.collecting import Sync, key_of, open_sync, read_units, unit_of, words_of
from app.domains.inventory.service.coverage import count_coverage
from app.domains.inventory.service.discovering import discover_accounts
from app.domains.inventory.service.relations import resolve_open_ends
from app.domains.inventory.service.units import mark_account_unreached, retire_units
from app.providers.base import ErrorKind, ProviderError, Unit, UnitState

logger = logging.getLogger(__name__)

LOCK_POLL_SECONDS = 2.0
_HOPELESS = frozenset({ErrorKind.BAD_CREDENTIALS, ErrorKind.ACCESS_DENIED})


async def start_sync(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    *,
    requested_by: UUID | None = None,
    is_scheduled: bool = False,
) -> UUID:
    """Queue a sync of the account and return the job's id; one that waits already is that job.

    An account that its connection reads along with others is read by that connection's sync. Raises NotFound and
    AccountNotReady.
    """
    target = await accounts.find_sync_target(session, organization_id, account_id)
    if target.reason is not None:
        raise AccountNotReady(target.reason)
    # A scheduled sync may leave out types that have slower schedules of their own; one that is asked for must not.
    is_partial = is_scheduled and target.has_groups
    return await enqueue(
        session,
        "inventory.sync_account",
        {"account_id": str(target.account_id), **({"is_scheduled": True} if is_partial else {})},
        organization_id=organization_id,
        dedupe=f"account:{target.account_id}{':scheduled' if is_partial else ''}",
        requested_by=requested_by,
    )


async def start_unit_sync(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    unit_ids: Collection[UUID],
    *,
    requested_by: UUID | None = None,
) -> UUID:
    """Queue a sync of these units of the account alone, and let their own times for another try pass."""
    await session.execute(
        update(SyncUnit)
        .where(SyncUnit.organization_id == organization_id, SyncUnit.id.in_(unit_ids))
        .values(retry_at=None)
    )
    units = sorted(str(unit_id) for unit_id in unit_ids)
    return await enqueue(
        session,
        "inventory.sync_units",
        {"account_id": str(account_id), "unit_ids": units},
        organization_id=organization_id,
        dedupe=f"units:{hashlib.blake2b(','.join(units).encode(), digest_size=16).hexdigest()}",
        requested_by=requested_by,
    )


async def retry_unit(
    session: AsyncSession, organization_id: UUID, account_id: UUID, unit_id: UUID, *, requested_by: UUID | None
) -> UUID:
    """Read one unit again, by itself. Raises NotFound and AccountNotReady."""
    target = await accounts.find_sync_target(session, organization_id, account_id)
    query = select(SyncUnit.id).where(
        SyncUnit.organization_id == organization_id,
        SyncUnit.account_id == target.account_id,
        SyncUnit.id == unit_id,
        SyncUnit.retired_at.is_(None),
    )
    if (await session.execute(query)).scalar_one_or_none() is None:
        raise NotFound
    if target.reason is not None:
        raise AccountNotReady(target.reason)
    return await start_unit_sync(session, organization_id, target.account_id, [unit_id], requested_by=requested_by)


async def enqueue_due_syncs(session: AsyncSession, organization_id: UUID) -> None:
    """Queue what is due: accounts, units of types with faster schedules, and units that failed a while ago."""
    now, interval = utc_now(), get_settings().sync_interval_minutes
    due = await accounts.list_due_accounts(session, organization_id, now=now, interval_minutes=interval)
    for account_id in due:
        await start_sync(session, organization_id, account_id, is_scheduled=True)
    groups = await accounts.list_type_groups(session, organization_id)
    units = select(SyncUnit).where(SyncUnit.organization_id == organization_id, SyncUnit.retired_at.is_(None))
    failed = (await session.execute(units.where(SyncUnit.retry_at <= now))).scalars().all()
    grouped = (await session.execute(units.where(SyncUnit.account_id.in_(groups)))).scalars().all() if groups else []
    wanted: dict[UUID, set[UUID]] = {}
    for row in (*failed, *(row for row in grouped if _is_due(row, groups[row.account_id], now))):
        if row.account_id not in due:
            wanted.setdefault(row.account_id, set()).add(row.id)
    for account_id, unit_ids in wanted.items():
        try:
            target = await accounts.find_sync_target(session, organization_id, account_id)
        except NotFound:  # removed: its units go in the background
            continue
        if target.reason is None:
            await start_unit_sync(session, organization_id, account_id, unit_ids)


def _is_due(row: SyncUnit, groups: dict[str, int], now: datetime) -> bool:
    minutes = groups.get(row.service)
    if minutes is None:
        return False
    return row.last_attempt_at is None or row.last_attempt_at <= now - timedelta(minutes=minutes)


async def sync_account(context: TaskContext, account_id: UUID, *, is_scheduled: bool = False) -> None:
    """Read one account. Safe to repeat: a second run of the job skips the units that the first one finished.

    Raises PermanentFailure when the account cannot be read before somebody mends it.
    """
    async with _alone(context, account_id):
        try:
            sync = await open_sync(context, account_id)
            warning = await discover_accounts(sync, start_all=not is_scheduled)
            planned = await _plan(sync)
            rows = await _read_rows(sync)
            units = await _without_slow_groups(sync, planned, rows) if is_scheduled else planned
            await context.plan_units([key_of(unit) for unit in units])
            await read_units(sync, units, _finished(sync, rows))
            await _finish(sync, planned, warning=warning)
        except NotFound:  # the account was removed meanwhile: nothing is left to do
            logger.info("account %s is gone, its sync ends", account_id)


async def sync_units(context: TaskContext, account_id: UUID, unit_ids: Collection[UUID]) -> None:
    """Read some units of an account again; the others stay as they are. Safe to repeat."""
    async with _alone(context, account_id, shared=True):
        try:
            sync = await open_sync(context, account_id)
            rows = await _read_rows(sync)
            units = [unit for unit, row in rows.items() if row.id in set(unit_ids) and row.retired_at is None]
            await context.plan_units([key_of(unit) for unit in units])
            await read_units(sync, units, _finished(sync, rows))
            await _finish(sync, None, warning=None)
        except NotFound:
            logger.info("account %s is gone, its units are not read", account_id)


_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"
_LOCK_SHARED = "SELECT pg_try_advisory_xact_lock_shared(hashtextextended(:key, 0))"


@asynccontextmanager
async def _alone(context: TaskContext, account_id: UUID, *, shared: bool = False) -> AsyncIterator[None]:
    """Hold the account's lock, waiting for another sync of it to end; single units may be read beside each other.

    The transaction holds no snapshot and no row, so it does not hold back vacuum; it ends with the worker's connection.
    """
    query = text(_LOCK_SHARED if shared else _LOCK)
    async with get_database().engine.connect() as connection:
        while not (await connection.execute(query, {"key": f"sync:{account_id}"})).scalar_one():
            await connection.rollback()
            await context.raise_if_cancelled()
            await asyncio.sleep(LOCK_POLL_SECONDS)
        yield


async def _plan(sync: Sync) -> Sequence[Unit]:
    try:
        return list(dict.fromkeys(await sync.provider.plan(sync.account.connection)))
    except ProviderError as failure:
        reason = rules.failure_text([words_of(failure, "plan")]) or "The account could not be reached."
        await _fail_account(sync, reason)
        if failure.kind in _HOPELESS:
            raise PermanentFailure(reason) from None
        raise


async def _fail_account(sync: Sync, reason: str) -> None:
    async with tenant_session(sync.organization_id) as session:
        await mark_account_unreached(session, sync.organization_id, sync.account.account_id, reason, utc_now())
        await _record_end(session, sync, state="failed", status="failed", detail=reason)


async def _read_rows(sync: Sync) -> dict[Unit, SyncUnit]:
    async with tenant_session(sync.organization_id) as session:
        return {unit_of(row): row for row in await _list_rows(session, sync)}


async def _list_rows(session: AsyncSession, sync: Sync) -> Sequence[SyncUnit]:
    query = select(SyncUnit).where(
        SyncUnit.organization_id == sync.organization_id, SyncUnit.account_id == sync.account.account_id
    )
    return (await session.execute(query)).scalars().all()


def _finished(sync: Sync, rows: dict[Unit, SyncUnit]) -> dict[Unit, SyncUnit]:
    """Units that an earlier run of this very job read; failed ones get another try."""
    return {
        unit: row
        for unit, row in rows.items()
        if row.last_job_id == sync.context.job_id and row.state in ("complete", "partial")
    }


async def _without_slow_groups(sync: Sync, planned: Sequence[Unit], rows: dict[Unit, SyncUnit]) -> Sequence[Unit]:
    """The units of a scheduled sync: types that have a slower schedule of their own wait for it."""
    async with tenant_session(sync.organization_id) as session:
        groups = (await accounts.list_type_groups(session, sync.organization_id)).get(sync.account.account_id, {})
    now = utc_now()
    return [
        unit for unit in planned if unit.service not in groups or unit not in rows or _is_due(rows[unit], groups, now)
    ]


async def _finish(sync: Sync, planned: Sequence[Unit] | None, *, warning: str | None) -> None:
    """Sum up. `planned`: the units of a whole sync; units that it does not have are no longer read."""
    async with tenant_session(sync.organization_id) as session:
        await resolve_open_ends(session, sync.organization_id)
        rows = await _list_rows(session, sync)
        if planned is None:
            units = [row for row in rows if row.retired_at is None]
        else:
            wanted = set(planned)
            units = [row for row in rows if unit_of(row) in wanted]
            ids = {row.id for row in units}
            await retire_units(session, sync.organization_id, sync.account.account_id, ids, utc_now())
        permissions = sorted({permission for row in units for permission in row.missing_permissions})
        states = [UnitState(row.state) for row in units if row.state != "never"]
        state, status, detail = rules.account_outcome(states, permissions)
        if warning is not None:
            state, status = ("partial", "degraded") if state == "complete" else (state, status)
            detail = " ".join(part for part in (detail, warning) if part)
        await _record_end(session, sync, state=state, status=status, detail=detail, is_whole=planned is not None)
    if planned is None:
        return  # the job's own units say how it went
    if state == "failed":
        raise PermanentFailure(detail or "No unit could be read.")
    if state == "partial" and detail is not None:
        sync.context.mark_partial(detail)


async def _record_end(
    session: AsyncSession, sync: Sync, *, state: str, status: str, detail: str | None, is_whole: bool = True
) -> None:
    account_id = sync.account.account_id
    coverage = await count_coverage(session, sync.organization_id, account_id)
    await accounts.record_sync_end(
        session,
        sync.organization_id,
        account_id,
        status=status,
        detail=detail,
        coverage=coverage,
        is_whole=is_whole,
    )
    await publish(
        session,
        SyncFinished(
            organization_id=sync.organization_id,
            account_id=account_id,
            job_id=sync.context.job_id,
            state=state,
        ),
    )
