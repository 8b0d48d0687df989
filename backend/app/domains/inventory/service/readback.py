"""Storing one resource that was read again because of an event; nothing else of its unit is touched."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.quotas import check_quota_kept
from app.domains.inventory import rules
from app.domains.inventory.rules import PreparedResource
from app.domains.inventory.service.placing import Placed, place_resources
from app.domains.inventory.service.relations import EdgeSources, connect_ends, find_resources, store_relations
from app.domains.inventory.service.storing import Known, announce, close_resources, mark_seen, read_known
from app.domains.inventory.service.units import LockedUnit, hold_account, lock_unit, recount_units
from app.domains.inventory.service.writing import Cause, Destination, write_resources
from app.providers.base import ReadBack


async def store_read_back(
    session: AsyncSession,
    organization_id: UUID,
    *,
    account_id: UUID,
    provider: str,
    job_id: UUID,
    found: ReadBack,
    cause: Cause,
    read_at: datetime,
    now: datetime,
) -> bool:
    """Merge what reading again found, close what the cloud said is gone, and publish the changes. Safe to repeat.

    Returns whether anything changed. A row that was read later than `read_at` stays. Raises NotFound for a removed
    account, and QuotaExceeded.
    """
    if not found.resources and not found.gone:
        return False
    driver = await open_driver(session)
    await hold_account(driver, organization_id, account_id)
    unit = await lock_unit(driver, organization_id, account_id, found.unit)
    placed = await place_resources(session, organization_id, account_id, provider, found.unit, found.resources)
    gone = {rules.native_key(provider, rules.clean_text(native_id)) for native_id in found.gone}
    known = await read_known(driver, organization_id, sorted({*placed.resources, *gone}))
    where = Destination(
        organization_id=organization_id,
        account_id=account_id,
        unit_id=unit.id,
        provider=provider,
        service=found.unit.service,
        job_id=job_id,
        now=now,
        owners=placed.owners,
        cause=cause,
    )
    changed, same = _divide(placed, known, where, read_at)
    written = await write_resources(driver, where, [placed.resources[key] for key in sorted(changed)], known)
    await mark_seen(driver, organization_id, [known[key].id for key in same], now)
    closed = _closable(known, gone - placed.resources.keys(), read_at)
    await close_resources(driver, where, closed, unit.type_seen_at)
    ids = {key: row.id for key, row in known.items()} | written.ids
    read = {key: placed.resources[key] for key in (*changed, *same)}
    await _store_edges(driver, where, unit, found, placed, read, ids)
    if written.created:
        await connect_ends(driver, organization_id, [read[key] for key in changed], ids)
    is_read_anew = bool(written.ids) or any(known[key].stale for key in same)
    touched = {row.unit_id for row in closed} | written.left_units | ({unit.id} if is_read_anew else set())
    await recount_units(driver, organization_id, sorted(touched))
    await check_quota_kept(session, organization_id, "resources", len(written.created) - len(closed))
    await announce(session, where, found.unit, written, [row.id for row in closed], {row.native_type for row in closed})
    return bool(written.ids or closed)


async def _store_edges(
    driver: Driver,
    where: Destination,
    unit: LockedUnit,
    found: ReadBack,
    placed: Placed,
    read: Mapping[str, PreparedResource],
    ids: Mapping[str, UUID],
) -> None:
    """The edges of what was read, and of nothing else."""
    edges = EdgeSources(
        organization_id=where.organization_id,
        unit_id=unit.id,
        provider=where.provider,
        now=where.now,
        is_new_unit=unit.is_new,
        resources=read,
        ids=ids,
        types_by_id={},
        left_out=placed.left_out,
        only=[ids[key] for key in read],
    )
    await store_relations(driver, edges, found.relations, is_complete=not found.errors, complete_types=())


def _divide(
    placed: Placed, known: dict[str, Known], where: Destination, read_at: datetime
) -> tuple[list[str], list[str]]:
    """Keys of what is new or changed, and of what is as stored; what was read later is neither."""
    changed, same = [], []
    for key, resource in placed.resources.items():
        row = known.get(key)
        if row is None:
            changed.append(key)
        elif row.touched_at > read_at:
            continue
        elif (
            row.closed
            or row.content_hash != resource.content_hash
            or row.unit_id != where.unit_id
            or (where.owners and row.account_id != where.account_of(resource.native_account))
        ):
            changed.append(key)
        else:
            same.append(key)
    return changed, same


def _closable(known: dict[str, Known], gone: Collection[str], read_at: datetime) -> list[Known]:
    rows = (known[key] for key in sorted(gone) if key in known)
    return [row for row in rows if not row.closed and row.touched_at <= read_at]


async def mark_unread(driver: Driver, organization_id: UUID, native_key: str, now: datetime, reason: str) -> None:
    """A resource that an event told about could not be read again: what is stored may be old, and says so.

    `native_key` may be an alias: events name resources in their own ways.
    """
    found = await find_resources(driver, organization_id, [native_key])
    row = await driver.fetchrow(
        """UPDATE cloud_resources SET stale_since = coalesce(stale_since, $3), stale_reason = $4
           WHERE organization_id = $1 AND id = $2 AND closed_at IS NULL RETURNING unit_id""",
        organization_id,
        found.get(native_key),
        now,
        reason,
    )
    if row is not None:
        await recount_units(driver, organization_id, [row["unit_id"]])
