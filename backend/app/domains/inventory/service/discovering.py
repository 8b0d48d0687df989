"""Accounts that come and go: what a connection to an organization finds, and what becomes of their resources."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.tasks import enqueue
from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.service.collecting import Sync, words_of
from app.domains.inventory.service.storing import announce, close_resources, read_account_rows
from app.domains.inventory.service.units import mark_stale, recount_units
from app.domains.inventory.service.writing import Destination, Written
from app.providers.base import DiscoveredAccount, ErrorKind, ProviderError, Unit

logger = logging.getLogger(__name__)

DISCOVERY_SECONDS = 300.0
_REASONS = {
    "suspended": "The cloud has suspended the account.",
    "vanished": "The connection no longer finds the account.",
}


async def discover_accounts(sync: Sync, *, start_all: bool) -> str | None:
    """Find the accounts of a connection, keep them, and start syncs of those that are read one by one.

    `start_all`: of all of them, else of new ones only, because the others have schedules. Returns what went wrong, in
    words; then the accounts found before stay as they are.
    """
    if sync.account.account_id != sync.account.connection_id:
        return None
    try:
        async with asyncio.timeout(DISCOVERY_SECONDS):
            found = await sync.provider.discover(sync.account.connection)
    except TimeoutError:
        return "The accounts of the organization could not be listed in time."
    except ProviderError as failure:
        words = rules.failure_text([words_of(failure, "discover")])
        # The plan fails as well when the credentials do, and says so.
        return None if failure.kind is ErrorKind.BAD_CREDENTIALS else f"The accounts could not be listed. {words}"
    return await _store(sync, found, start_all=start_all)


async def _store(sync: Sync, found: Sequence[DiscoveredAccount], *, start_all: bool) -> str | None:
    async with tenant_session(sync.organization_id) as session:
        made = await accounts.store_found_accounts(
            session,
            sync.organization_id,
            sync.account.account_id,
            found,
            reads_alone=sync.provider.children_sync_alone,
        )
        driver = await open_driver(session)
        for reason, ids in (("suspended", made.suspended), ("vanished", made.vanished)):
            await _mark_accounts(driver, sync.organization_id, ids, _REASONS[reason])
        for account_id in made.gone:
            await _close_account(session, driver, sync, account_id)
        for account_id in made.readable if start_all else (one for one in made.readable if one in made.created):
            await enqueue(
                session,
                "inventory.sync_account",
                {"account_id": str(account_id)},
                organization_id=sync.organization_id,
                dedupe=f"account:{account_id}",
                requested_by=sync.context.requested_by,
            )
    if made.left_out:
        return f"{made.left_out} accounts were found that this organization's limit has no room for."
    return None


async def _mark_accounts(driver: Driver, organization_id: UUID, account_ids: Sequence[UUID], reason: str) -> None:
    for account_id in account_ids:
        rows = await read_account_rows(driver, organization_id, account_id)
        await mark_stale(driver, organization_id, [row.id for row in rows], utc_now(), reason)
        await recount_units(driver, organization_id, sorted({row.unit_id for row in rows}))


async def _close_account(session: AsyncSession, driver: Driver, sync: Sync, account_id: UUID) -> None:
    """The connection has not found the account for the second time: what was in it is gone."""
    rows = await read_account_rows(driver, sync.organization_id, account_id)
    if not rows:
        return
    where = Destination(
        organization_id=sync.organization_id,
        account_id=account_id,
        unit_id=rows[0].unit_id,
        provider=sync.account.provider,
        service="",
        job_id=sync.context.job_id,
        now=utc_now(),
    )
    await close_resources(driver, where, rows, {})
    await recount_units(driver, sync.organization_id, sorted({row.unit_id for row in rows}))
    unit = Unit(account=sync.account.native_account_id or "", region="global", service="")
    await announce(session, where, unit, Written(), [row.id for row in rows], {row.native_type for row in rows})
    logger.info("account %s is gone, %d resources were closed", account_id, len(rows))
