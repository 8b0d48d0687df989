"""Reading resources again that events told about: soon, each once, and few at a time of one service."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver
from app.core.clock import utc_now
from app.core.database import get_database, tenant_session
from app.core.errors import NotFound
from app.core.quotas import QuotaExceeded
from app.core.tasks import TaskContext, enqueue
from app.domains.inventory import rules
from app.domains.inventory.models import DueRefresh, SyncUnit
from app.domains.inventory.service.attributing import attribute_changes
from app.domains.inventory.service.collecting import NOT_STORABLE, Sync, first_failure, open_sync, words_of
from app.domains.inventory.service.readback import mark_unread, store_read_back
from app.domains.inventory.service.syncing import start_unit_sync
from app.domains.inventory.service.writing import Cause
from app.providers.base import CallError, ErrorKind, ProviderError, ReadBack, ResourceTarget, Unit

logger = logging.getLogger(__name__)

BATCH = 64
AT_ONCE, AT_ONCE_OF_LANE = 12, 3
BURST = 50  # due resources of one account, region and service from which one listing is cheaper
READ_SECONDS = 30.0
CLAIM = timedelta(seconds=READ_SECONDS * 4)
MAX_ROUNDS = 200


async def start_refreshes(
    session: AsyncSession, organization_id: UUID, account_id: UUID, *, delay: timedelta | None = None
) -> None:
    """Queue the reading of what is due; one job that waits is enough."""
    await enqueue(
        session,
        "inventory.refresh_resources",
        {"account_id": str(account_id)},
        organization_id=organization_id,
        dedupe=f"account:{account_id}{':later' if delay else ''}",
        priority=10,
        delay=delay,
    )


async def enqueue_due_refreshes(session: AsyncSession, organization_id: UUID) -> None:
    """Queue again what a dead worker left."""
    now = utc_now()
    query = select(DueRefresh.account_id).where(*_claimable(organization_id, None, now)).distinct()
    for account_id in (await session.execute(query)).scalars():
        await start_refreshes(session, organization_id, account_id)


async def refresh_resources(context: TaskContext, account_id: UUID) -> None:
    """Read what is due of an account again. Safe to repeat, and beside another run: one of them does the work.

    A run that finds another one leaves its rows to that one, which looks once more after it let go of the lock.
    """
    try:
        while True:
            async with _only_one(account_id) as is_mine:
                if not is_mine:
                    return
                sync = await open_sync(context, account_id, note=False)
                for _ in range(MAX_ROUNDS):
                    await context.raise_if_cancelled()
                    if not await _refresh_batch(sync):
                        break
            async with tenant_session(context.organization_id) as session:
                claimable = _claimable(context.organization_id, account_id, utc_now())
                if (await session.execute(select(DueRefresh.id).where(*claimable).limit(1))).first() is None:
                    return
    except NotFound:
        logger.info("account %s is gone, nothing of it is read again", account_id)


@asynccontextmanager
async def _only_one(account_id: UUID) -> AsyncIterator[bool]:
    query = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    async with get_database().engine.connect() as connection:
        yield bool((await connection.execute(query, {"key": f"refresh:{account_id}"})).scalar_one())


def _claimable(organization_id: UUID, account_id: UUID | None, now: datetime) -> list[ColumnElement[bool]]:
    conditions = [
        DueRefresh.organization_id == organization_id,
        DueRefresh.due_at <= now,
        or_(DueRefresh.claimed_until.is_(None), DueRefresh.claimed_until < now),
    ]
    return conditions if account_id is None else [*conditions, DueRefresh.account_id == account_id]


async def _refresh_batch(sync: Sync) -> bool:
    """Read a batch again; False when nothing was due."""
    async with tenant_session(sync.organization_id) as session:
        await _turn_bursts_into_syncs(session, sync)
        rows = await _claim(session, sync)
    if not rows:
        return False
    all_at_once = asyncio.Semaphore(AT_ONCE)
    lanes: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_OF_LANE))

    nameless: dict[Unit, datetime] = {}

    async def refresh(row: DueRefresh) -> None:
        async with lanes[row.lane], all_at_once:
            unit = await _refresh_one(sync, row)
        if unit is not None and row.actor is None:
            nameless[unit] = min(row.event_at, nameless.get(unit, row.event_at))

    async with first_failure(), asyncio.TaskGroup() as group:
        for row in rows:
            group.create_task(refresh(row))
    await attribute_changes(sync.organization_id, sync.account, sync.provider, list(nameless.items()))
    return True


async def _claim(session: AsyncSession, sync: Sync) -> Sequence[DueRefresh]:
    now = utc_now()
    wanted = (
        select(DueRefresh.id)
        .where(*_claimable(sync.organization_id, sync.account.account_id, now))
        .order_by(DueRefresh.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(DueRefresh)
        .where(DueRefresh.organization_id == sync.organization_id, DueRefresh.id.in_(wanted))
        .values(claimed_until=now + CLAIM)
        .returning(DueRefresh)
    )
    return (await session.execute(claimed)).scalars().all()


async def _turn_bursts_into_syncs(session: AsyncSession, sync: Sync) -> None:
    """Where very many resources of one service are due, list their units once; `cloud_events` has the actors.

    Types that no unit lists completely stay due, and are read one by one.
    """
    organization_id, account_id = sync.organization_id, sync.account.account_id
    query = (
        select(DueRefresh.lane, func.min(DueRefresh.region), func.array_agg(DueRefresh.native_type.distinct()))
        .where(*_claimable(organization_id, account_id, utc_now()), DueRefresh.native_type != "")
        .group_by(DueRefresh.lane)
        .having(func.count() > BURST)
    )
    for lane, region, native_types in (await session.execute(query)).all():
        listing = select(SyncUnit.id, SyncUnit.complete_types).where(
            SyncUnit.organization_id == organization_id,
            SyncUnit.account_id == account_id,
            SyncUnit.retired_at.is_(None),
            SyncUnit.region.in_([region, "global"]),
            SyncUnit.complete_types.overlap(list(native_types)),
        )
        units = (await session.execute(listing)).all()
        if not units:
            continue
        await start_unit_sync(session, organization_id, account_id, [unit.id for unit in units])
        listed = {native_type for unit in units for native_type in unit.complete_types}
        await session.execute(
            delete(DueRefresh).where(
                *_claimable(organization_id, account_id, utc_now()),
                DueRefresh.lane == lane,
                DueRefresh.native_type.in_(listed.intersection(native_types)),
            )
        )
        logger.info("many events about %s: its units are read as a whole", lane)


async def _refresh_one(sync: Sync, row: DueRefresh) -> Unit | None:
    """Read and store one; its unit where something changed."""
    target = ResourceTarget(
        native_id=row.native_id,
        native_type=row.native_type,
        account=row.native_account,
        region=row.region,
        hints=row.hints,
    )
    read_at = utc_now()
    found = await _read_back(sync, target)
    try:
        return found.unit if await _store(sync, row, found, read_at) else None
    except QuotaExceeded as failure:
        await _give_up(sync, row, f"{failure.detail} What was read was not stored.")
    except NOT_STORABLE as failure:
        logger.warning("storing a resource of type %s failed: %s", row.native_type, failure)
        await _give_up(sync, row, "The answer could not be stored.")
    return None


async def _read_back(sync: Sync, target: ResourceTarget) -> ReadBack:
    try:
        async with asyncio.timeout(READ_SECONDS + 5):
            return await sync.provider.read_back(sync.account.connection, target, budget_seconds=READ_SECONDS)
    except TimeoutError:
        words = f"No answer within {READ_SECONDS:.0f} seconds."
        error = CallError(kind=ErrorKind.TIMED_OUT, call="read", message=words)
    except ProviderError as failure:
        error = words_of(failure, "read")
    except Exception:  # an adapter's defect must not cost the other resources
        logger.exception("reading %s again failed", target.native_type)
        error = CallError(kind=ErrorKind.INVALID_ANSWER, call="read", message="The answer could not be understood.")
    unit = Unit(account=target.account, region=target.region or "global", service="")
    return ReadBack(unit=unit, errors=[error])


async def _store(sync: Sync, row: DueRefresh, found: ReadBack, read_at: datetime) -> bool:
    """Whether anything changed."""
    is_unread = bool(found.errors) and not found.resources and not found.gone
    if is_unread and row.attempts >= len(rules.REREAD_SECONDS):
        await _give_up(sync, row, rules.failure_text(found.errors) or "The resource could not be read again.")
        return False
    async with tenant_session(sync.organization_id) as session:
        if is_unread:
            delay = timedelta(seconds=rules.REREAD_SECONDS[row.attempts])
            await session.execute(
                update(DueRefresh)
                .where(DueRefresh.organization_id == sync.organization_id, DueRefresh.id == row.id)
                .values(attempts=DueRefresh.attempts + 1, due_at=utc_now() + delay, claimed_until=None)
            )
            await start_refreshes(session, sync.organization_id, row.account_id, delay=delay)
            return False
        is_changed = await store_read_back(
            session,
            sync.organization_id,
            account_id=row.account_id,
            provider=sync.account.provider,
            job_id=sync.context.job_id,
            found=found,
            cause=Cause(actor=row.actor, action=row.action, event_id=row.event_id),
            read_at=read_at,
            now=utc_now(),
        )
        await _done(session, row)
        return is_changed


async def _give_up(sync: Sync, row: DueRefresh, reason: str) -> None:
    async with tenant_session(sync.organization_id) as session:
        await mark_unread(await open_driver(session), sync.organization_id, row.native_key, utc_now(), reason)
        await _done(session, row)


async def _done(session: AsyncSession, row: DueRefresh) -> None:
    """Take the row away, unless a newer event came meanwhile: then it is due once more."""
    mine = (DueRefresh.organization_id == row.organization_id) & (DueRefresh.id == row.id)
    gone = await session.execute(
        delete(DueRefresh).where(mine, DueRefresh.event_id == row.event_id).returning(DueRefresh.id)
    )
    if gone.first() is None:
        await session.execute(update(DueRefresh).where(mine).values(claimed_until=None))
