"""A sync: plan the units, read several at once, store each in its own transaction, then sum up."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import get_database, tenant_session
from app.core.egress import AddressNotAllowed
from app.core.errors import NotFound
from app.core.events import publish
from app.core.quotas import QuotaExceeded
from app.core.tasks import PermanentFailure, TaskContext, UnitKey, enqueue
from app.domains.accounts import service as accounts
from app.domains.accounts.errors import CredentialsMissing, ProviderNotAvailable
from app.domains.inventory import queries, rules
from app.domains.inventory.errors import AccountNotReady
from app.domains.inventory.events import SyncFinished
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.service.relations import resolve_open_ends
from app.domains.inventory.service.storing import UnitOutcome, store_unit
from app.domains.inventory.service.units import mark_account_unreached, retire_units
from app.providers.base import CallError, ErrorKind, Provider, ProviderError, Unit, UnitResult, UnitState

logger = logging.getLogger(__name__)

CONCURRENT_UNITS = 8  # for adapters that do not say `parallel_units`
CONCURRENT_STORES = 4  # more would wait for the same processor, and for connections that other jobs need
UNIT_BUDGET_SECONDS = 300.0
BUDGET_GRACE_SECONDS = 30.0
LOCK_POLL_SECONDS = 2.0
_HOPELESS = frozenset({ErrorKind.BAD_CREDENTIALS, ErrorKind.ACCESS_DENIED})


@dataclass(frozen=True, kw_only=True)
class _Sync:
    """What the steps of one sync share."""

    context: TaskContext
    account: accounts.OpenedAccount
    provider: Provider

    @property
    def organization_id(self) -> UUID:
        return self.context.organization_id


async def start_sync(
    session: AsyncSession, organization_id: UUID, account_id: UUID, *, requested_by: UUID | None = None
) -> UUID:
    """Queue a sync of the account and return the job's id; one that waits already is that job.

    Raises NotFound and AccountNotReady.
    """
    account = await accounts.read_account(session, organization_id, account_id)
    if not account.credentials.set:
        raise AccountNotReady("The account has no credentials. Give them again, then sync.")
    return await enqueue(
        session,
        "inventory.sync_account",
        {"account_id": str(account_id)},
        organization_id=organization_id,
        dedupe=f"account:{account_id}",
        requested_by=requested_by,
    )


async def enqueue_due_syncs(session: AsyncSession, organization_id: UUID) -> None:
    """Queue a sync of each account that has not been read for the configured interval."""
    interval = get_settings().sync_interval_minutes
    due = await accounts.list_due_accounts(session, organization_id, now=utc_now(), interval_minutes=interval)
    for account_id in due:
        await start_sync(session, organization_id, account_id)


async def sync_account(context: TaskContext, account_id: UUID) -> None:
    """Read one account. Safe to repeat: a second run of the job skips the units that the first one finished.

    Raises PermanentFailure when the account cannot be read before somebody mends it.
    """
    async with _alone(context, account_id):
        try:
            sync = await _open_sync(context, account_id)
            units = await _plan(sync)
            await context.plan_units([_key(unit) for unit in units])
            await _read_units(sync, units)
            await _finish(sync, units)
        except NotFound:  # the account was removed meanwhile: nothing is left to do
            logger.info("account %s is gone, its sync ends", account_id)


@asynccontextmanager
async def _alone(context: TaskContext, account_id: UUID) -> AsyncIterator[None]:
    """Hold the account's lock, waiting for another sync of it to end.

    The transaction holds no snapshot and no row, so it does not hold back vacuum; it ends with the worker's connection.
    """
    query = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    async with get_database().engine.connect() as connection:
        while not (await connection.execute(query, {"key": f"sync:{account_id}"})).scalar_one():
            await connection.rollback()
            await context.raise_if_cancelled()
            await asyncio.sleep(LOCK_POLL_SECONDS)
        yield


async def _open_sync(context: TaskContext, account_id: UUID) -> _Sync:
    try:
        async with tenant_session(context.organization_id) as session:
            await accounts.record_sync_start(session, context.organization_id, account_id, context.job_id)
            opened = await accounts.open_account(session, context.organization_id, account_id)
            return _Sync(context=context, account=opened, provider=accounts.get_provider(opened.provider))
    except (CredentialsMissing, ProviderNotAvailable, AddressNotAllowed) as failure:
        raise PermanentFailure(failure.detail or failure.title) from None


async def _plan(sync: _Sync) -> Sequence[Unit]:
    try:
        return list(dict.fromkeys(await sync.provider.plan(sync.account.connection)))
    except ProviderError as failure:
        error = CallError(
            kind=failure.kind, call=failure.call or "plan", message=failure.message, permission=failure.permission
        )
        reason = rules.failure_text([error]) or "The account could not be reached."
        await _fail_account(sync, reason)
        if failure.kind in _HOPELESS:
            raise PermanentFailure(reason) from None
        raise


async def _fail_account(sync: _Sync, reason: str) -> None:
    async with tenant_session(sync.organization_id) as session:
        await mark_account_unreached(session, sync.organization_id, sync.account.account_id, reason, utc_now())
        await _record_end(session, sync, state="failed", status="failed", detail=reason)


async def _read_units(sync: _Sync, units: Sequence[Unit]) -> None:
    finished = await _finished_units(sync)
    parallel = getattr(sync.provider, "parallel_units", CONCURRENT_UNITS)
    # Storing does not keep others from collecting; how many results wait for it in memory is bounded.
    held, collecting, storing = (asyncio.Semaphore(size) for size in (2 * parallel, parallel, CONCURRENT_STORES))

    async def read_unit(unit: Unit) -> None:
        async with held:
            async with collecting:
                await sync.context.raise_if_cancelled()
                await sync.context.unit_started(_key(unit))
                result = await _collect(sync, unit)
            async with storing:
                state, outcome = await _store(sync, result)
            await sync.context.unit_ended(_key(unit), state.value, outcome.resources, outcome.error)

    async with _first_failure(), asyncio.TaskGroup() as group:
        for unit in units:
            if (done := finished.get(unit)) is not None:
                await sync.context.unit_ended(_key(unit), UnitState(done.state).value, done.resources, done.error)
            else:
                group.create_task(read_unit(unit))
    await sync.context.raise_if_cancelled()  # a group swallows the cancellation of its own tasks


@asynccontextmanager
async def _first_failure() -> AsyncIterator[None]:
    """Let the first failure of a task group rise as itself, so that the job says what happened."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _finished_units(sync: _Sync) -> dict[Unit, SyncUnit]:
    """Units that an earlier run of this very job read; failed ones get another try."""
    async with tenant_session(sync.organization_id) as session:
        rows = await queries.list_units(session, sync.organization_id, sync.account.account_id)
    return {
        Unit(account=row.native_account, region=row.region, service=row.service): row
        for row in rows
        if row.last_job_id == sync.context.job_id and row.state in ("complete", "partial")
    }


async def _collect(sync: _Sync, unit: Unit) -> UnitResult:
    try:
        async with asyncio.timeout(UNIT_BUDGET_SECONDS + BUDGET_GRACE_SECONDS):
            return await sync.provider.collect(sync.account.connection, unit, budget_seconds=UNIT_BUDGET_SECONDS)
    except TimeoutError:
        return _failed(unit, ErrorKind.TIMED_OUT, f"No answer within {UNIT_BUDGET_SECONDS:.0f} seconds.")
    except ProviderError as failure:
        return _failed(unit, failure.kind, failure.message, failure.call, failure.permission)
    except Exception:  # an adapter's defect must not cost the other units
        logger.exception("collecting %s in %s failed", unit.service, unit.region)
        return _failed(unit, ErrorKind.INVALID_ANSWER, "The answer could not be understood.")


async def _store(sync: _Sync, result: UnitResult) -> tuple[UnitState, UnitOutcome]:
    """Store what was read, or why it could not be stored; then the rows keep their last good state."""
    try:
        return result.state, await _store_once(sync, result)
    except QuotaExceeded as failure:
        words = f"{failure.detail} What was read was not stored."
        refused = _failed(result.unit, ErrorKind.QUOTA_EXCEEDED, words)
    except (asyncpg.DataError, asyncpg.ProgramLimitExceededError) as failure:
        # What the cloud sent does not fit into a row; trying again would not help.
        logger.warning("storing %s in %s failed: %s", result.unit.service, result.unit.region, failure)
        refused = _failed(result.unit, ErrorKind.INVALID_ANSWER, "The answer could not be stored.")
    return refused.state, await _store_once(sync, refused)


async def _store_once(sync: _Sync, result: UnitResult) -> UnitOutcome:
    async with tenant_session(sync.organization_id) as session:
        return await store_unit(
            session,
            sync.organization_id,
            account_id=sync.account.account_id,
            provider=sync.account.provider,
            job_id=sync.context.job_id,
            result=result,
            now=utc_now(),
        )


async def _finish(sync: _Sync, planned: Sequence[Unit]) -> None:
    async with tenant_session(sync.organization_id) as session:
        await resolve_open_ends(session, sync.organization_id)
        query = select(SyncUnit).where(
            SyncUnit.organization_id == sync.organization_id, SyncUnit.account_id == sync.account.account_id
        )
        wanted = set(planned)
        units = [
            row
            for row in (await session.execute(query)).scalars()
            if Unit(account=row.native_account, region=row.region, service=row.service) in wanted
        ]
        await retire_units(session, sync.organization_id, sync.account.account_id, {row.id for row in units}, utc_now())
        permissions = sorted({permission for row in units for permission in row.missing_permissions})
        state, status, detail = rules.account_outcome([UnitState(row.state) for row in units], permissions)
        await _record_end(session, sync, state=state, status=status, detail=detail)
    if state == "failed":
        raise PermanentFailure(detail or "No unit could be read.")
    if state == "partial" and detail is not None:
        sync.context.mark_partial(detail)


async def _record_end(session: AsyncSession, sync: _Sync, *, state: str, status: str, detail: str | None) -> None:
    await accounts.record_sync_end(session, sync.organization_id, sync.account.account_id, status=status, detail=detail)
    await publish(
        session,
        SyncFinished(
            organization_id=sync.organization_id,
            account_id=sync.account.account_id,
            job_id=sync.context.job_id,
            state=state,
        ),
    )


def _key(unit: Unit) -> UnitKey:
    return UnitKey(service=unit.service, region=unit.region, account=unit.account)


def _failed(unit: Unit, kind: ErrorKind, message: str, call: str = "", permission: str | None = None) -> UnitResult:
    error = CallError(kind=kind, call=call or unit.service, message=message, permission=permission)
    return UnitResult(unit=unit, state=UnitState.FAILED, errors=[error])
