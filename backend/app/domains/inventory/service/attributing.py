"""Who made a change: told by events that came, and by the cloud's own log where the installation asks it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.bulk import Driver, open_driver
from app.core.config import get_settings
from app.core.database import tenant_session
from app.domains.accounts.service import OpenedAccount
from app.domains.inventory import rules
from app.domains.inventory.service.relations import find_resources
from app.providers.base import Provider, ProviderError, Unit

logger = logging.getLogger(__name__)

LOOKUP_SECONDS = 20.0
ALL_LOOKUPS_SECONDS = 120.0
LOOKUPS_AT_ONCE = 4
MAX_EVENTS = 5_000


@dataclass(frozen=True, kw_only=True)
class Doing:
    """One event about one resource."""

    native_id: str
    at: datetime
    actor: str | None
    action: str
    event_id: str


async def attribute_changes(
    organization_id: UUID, account: OpenedAccount, provider: Provider, changed: Sequence[tuple[Unit, datetime]]
) -> None:
    """Say who made the changes of these units since these moments, where anything tells. Best effort, bounded."""
    if not changed:
        return
    since = min(moment for _, moment in changed) - rules.CLOCKS_APART
    async with tenant_session(organization_id) as session:
        driver = await open_driver(session)
        await fill_actors(driver, organization_id, await _received(driver, organization_id, account, since))
    if not get_settings().find_actors:
        return
    at_once = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def look_up(unit: Unit, moment: datetime) -> None:
        async with at_once:
            doings = await _ask_cloud(account, provider, unit, moment)
        if doings:
            async with tenant_session(organization_id) as session:
                await fill_actors(await open_driver(session), organization_id, doings)

    try:
        async with asyncio.timeout(ALL_LOOKUPS_SECONDS), asyncio.TaskGroup() as group:
            for unit, moment in changed:
                group.create_task(look_up(unit, moment))
    except TimeoutError:
        logger.info("not every change of %d units was looked up in time", len(changed))


async def _ask_cloud(account: OpenedAccount, provider: Provider, unit: Unit, since: datetime) -> list[Doing]:
    try:
        async with asyncio.timeout(LOOKUP_SECONDS + 5):
            events = await provider.find_actors(
                account.connection, unit, since - rules.CLOCKS_APART, budget_seconds=LOOKUP_SECONDS
            )
    except (ProviderError, TimeoutError) as failure:
        logger.info("who changed %s in %s is not known: %s", unit.service, unit.region, failure)
        return []
    except Exception:  # an adapter's defect must not cost the sync
        logger.exception("looking for actors of %s in %s failed", unit.service, unit.region)
        return []
    return [
        Doing(native_id=target.native_id, at=event.at, actor=event.actor, action=event.action, event_id=event.id)
        for event in events[:MAX_EVENTS]
        for target in event.targets
    ]


async def _received(driver: Driver, organization_id: UUID, account: OpenedAccount, since: datetime) -> list[Doing]:
    rows = await driver.fetch(
        """SELECT key, at, actor, action, event_id FROM cloud_events, unnest(native_keys) AS key
           WHERE organization_id = $1 AND account_id = ANY($2::uuid[]) AND received_at >= $3
           ORDER BY at DESC LIMIT $4""",
        organization_id,
        [account.account_id, account.connection_id],
        since,
        MAX_EVENTS,
    )
    return [
        Doing(native_id=row["key"], at=row["at"], actor=row["actor"], action=row["action"], event_id=row["event_id"])
        for row in rows
    ]


async def fill_actors(driver: Driver, organization_id: UUID, doings: Sequence[Doing]) -> None:
    """Name who made changes that name nobody yet: each event explains the first change seen after it, and no other.

    Where several events explain one change, the latest of those that name somebody does. A change whose own event
    named nobody, such as a Google feed's, takes the one of the cloud's log.
    """
    found = await find_resources(driver, organization_id, {doing.native_id for doing in doings})
    told = [(found[doing.native_id], doing) for doing in doings if doing.native_id in found]
    if not told:
        return
    await driver.execute(
        """UPDATE resource_versions v SET actor = n.actor, action = n.action, event_id = n.event_id
           FROM (
             SELECT DISTINCT ON (v.id) v.id, e.actor, e.action, e.event_id
             FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[])
                AS e (resource_id, at, actor, action, event_id)
             CROSS JOIN LATERAL (
               SELECT o.id, o.actor, o.event_id FROM resource_versions o
               WHERE o.organization_id = $1 AND o.resource_id = e.resource_id AND o.at >= e.at - $7::interval
               ORDER BY o.at < e.at, abs(extract(epoch FROM o.at - e.at)), o.id LIMIT 1) AS v
             WHERE v.event_id IS NULL OR (v.actor IS NULL AND e.actor IS NOT NULL)
             ORDER BY v.id, e.actor IS NULL, e.at DESC) AS n
           WHERE v.organization_id = $1 AND v.id = n.id AND v.actor IS NULL""",
        organization_id,
        [resource_id for resource_id, _ in told],
        [doing.at for _, doing in told],
        [doing.actor for _, doing in told],
        [doing.action for _, doing in told],
        [doing.event_id for _, doing in told],
        rules.CLOCKS_APART,
    )
