"""Reading units: several at once, each stored in its own transaction, whatever becomes of the others."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.egress import AddressNotAllowed
from app.core.quotas import QuotaExceeded
from app.core.tasks import PermanentFailure, TaskContext, UnitKey
from app.domains.accounts import service as accounts
from app.domains.accounts.errors import CredentialsMissing, ProviderNotAvailable
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.service.attributing import attribute_changes
from app.domains.inventory.service.storing import UnitOutcome, store_unit
from app.providers.base import CallError, ErrorKind, Provider, ProviderError, Unit, UnitResult, UnitState

logger = logging.getLogger(__name__)

CONCURRENT_UNITS = 8  # for adapters that do not say `parallel_units`
CONCURRENT_STORES = 4  # more would wait for the same processor, and for connections that other jobs need
UNIT_BUDGET_SECONDS = 300.0
BUDGET_GRACE_SECONDS = 30.0
# What the cloud sent does not fit into a row; trying again would not help.
NOT_STORABLE = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)


@dataclass(frozen=True, kw_only=True)
class Sync:
    """What the steps of one sync share."""

    context: TaskContext
    account: accounts.OpenedAccount
    provider: Provider

    @property
    def organization_id(self) -> UUID:
        """Whose account is read."""
        return self.context.organization_id


async def open_sync(context: TaskContext, account_id: UUID, *, note: bool = True) -> Sync:
    """Open the account for a job, and note the job there.

    Raises NotFound, and PermanentFailure where somebody has to mend it first.
    """
    try:
        async with tenant_session(context.organization_id) as session:
            if note:
                await accounts.record_sync_start(session, context.organization_id, account_id, context.job_id)
            opened = await accounts.open_account(session, context.organization_id, account_id)
            return Sync(context=context, account=opened, provider=accounts.get_provider(opened.provider))
    except (CredentialsMissing, ProviderNotAvailable, AddressNotAllowed) as failure:
        raise PermanentFailure(failure.detail or failure.title) from None


def key_of(unit: Unit) -> UnitKey:
    """How a job names a unit."""
    return UnitKey(service=unit.service, region=unit.region, account=unit.account)


def unit_of(row: SyncUnit) -> Unit:
    """The unit that a row is about."""
    return Unit(account=row.native_account, region=row.region, service=row.service)


def words_of(failure: ProviderError, call: str) -> CallError:
    """A failure as the error of a call."""
    return CallError(
        kind=failure.kind, call=failure.call or call, message=failure.message, permission=failure.permission
    )


async def read_units(sync: Sync, units: Sequence[Unit], finished: Mapping[Unit, SyncUnit] | None = None) -> None:
    """Read and store these units; those in `finished` were read by an earlier run of the job."""
    done = finished or {}
    changed: list[tuple[Unit, datetime]] = []
    parallel = getattr(sync.provider, "parallel_units", CONCURRENT_UNITS)
    # Storing does not keep others from collecting; how many results wait for it in memory is bounded.
    held, collecting, storing = (asyncio.Semaphore(size) for size in (2 * parallel, parallel, CONCURRENT_STORES))

    async def read_unit(unit: Unit) -> None:
        async with held:
            async with collecting:
                await sync.context.raise_if_cancelled()
                await sync.context.unit_started(key_of(unit))
                read_at = utc_now()
                result = await _collect(sync, unit)
            async with storing:
                state, outcome = await _store(sync, result, read_at)
            if outcome.changed and outcome.since is not None:
                changed.append((unit, outcome.since))
            await sync.context.unit_ended(key_of(unit), state.value, outcome.resources, outcome.error)

    async with first_failure(), asyncio.TaskGroup() as group:
        for unit in units:
            if (row := done.get(unit)) is not None:
                await sync.context.unit_ended(key_of(unit), UnitState(row.state).value, row.resources, row.error)
            else:
                group.create_task(read_unit(unit))
    await sync.context.raise_if_cancelled()  # a group swallows the cancellation of its own tasks
    await attribute_changes(sync.organization_id, sync.account, sync.provider, changed)


@asynccontextmanager
async def first_failure() -> AsyncIterator[None]:
    """Let the first failure of a task group rise as itself, so that the job says what happened."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _collect(sync: Sync, unit: Unit) -> UnitResult:
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


async def _store(sync: Sync, result: UnitResult, read_at: datetime) -> tuple[UnitState, UnitOutcome]:
    """Store what was read, or why it could not be stored; then the rows keep their last good state."""
    try:
        return result.state, await _store_once(sync, result, read_at)
    except QuotaExceeded as failure:
        words = f"{failure.detail} What was read was not stored."
        refused = _failed(result.unit, ErrorKind.QUOTA_EXCEEDED, words)
    except NOT_STORABLE as failure:
        logger.warning("storing %s in %s failed: %s", result.unit.service, result.unit.region, failure)
        refused = _failed(result.unit, ErrorKind.INVALID_ANSWER, "The answer could not be stored.")
    return refused.state, await _store_once(sync, refused, read_at)


async def _store_once(sync: Sync, result: UnitResult, read_at: datetime) -> UnitOutcome:
    async with tenant_session(sync.organization_id) as session:
        return await store_unit(
            session,
            sync.organization_id,
            account_id=sync.account.account_id,
            provider=sync.account.provider,
            job_id=sync.context.job_id,
            result=result,
            now=utc_now(),
            read_at=read_at,
        )


def _failed(unit: Unit, kind: ErrorKind, message: str, call: str = "", permission: str | None = None) -> UnitResult:
    error = CallError(kind=kind, call=call or unit.service, message=message, permission=permission)
    return UnitResult(unit=unit, state=UnitState.FAILED, errors=[error])
