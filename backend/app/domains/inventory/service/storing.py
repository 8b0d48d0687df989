"""Storing what one unit read: only what changed is written, only a complete listing closes.

One transaction a unit. Rows are compared by content hash, so an unchanged estate costs one read and one written row,
the unit's own; `last_seen_at` of unchanged rows follows from the unit's `type_seen_at`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.events import publish
from app.core.ids import new_id
from app.core.quotas import check_quota_kept, counts
from app.domains.inventory import rules
from app.domains.inventory.events import ResourceChanged
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.rules import PreparedResource
from app.domains.inventory.service.relations import store_relations
from app.domains.inventory.service.writing import Destination, Written, write_resources, write_versions
from app.providers.base import Unit, UnitResult, UnitState

CHUNK = 2_000
EVENT_IDS = 5_000
# What summaries read instead of counting rows, for the unit $2 of the organization $1.
_COUNTED = """(SELECT coalesce(jsonb_object_agg(type, found), '{}') AS types, coalesce(sum(found), 0) AS found,
    coalesce(sum(stale), 0) AS stale
  FROM (SELECT type, count(*) AS found, count(stale_since) AS stale FROM cloud_resources
        WHERE organization_id = $1 AND unit_id = $2 AND closed_at IS NULL GROUP BY type) AS by_type) AS counted"""
_RECOUNTED = "type_counts = counted.types, stale_resources = counted.stale, resources = counted.found"


@dataclass(frozen=True, kw_only=True)
class UnitOutcome:
    """What storing a unit did. `resources`: open rows of the unit now."""

    resources: int
    created: int
    updated: int
    closed: int
    error: str | None


class Known(NamedTuple):
    """What is stored of a resource, as far as the comparison needs it."""

    id: UUID
    native_type: str
    content_hash: bytes
    unit_id: UUID
    stale: bool
    closed: bool


@dataclass(frozen=True, kw_only=True)
class LockedUnit:
    """The unit's row as it was found, locked for this transaction."""

    id: UUID
    is_new: bool
    type_seen_at: dict[str, str]


@dataclass(kw_only=True)
class Plan:
    """What to do with a unit's rows."""

    write: list[PreparedResource] = field(default_factory=list)  # new, changed, moved here or back again
    seen: list[UUID] = field(default_factory=list)  # unchanged, but stale or of an incomplete listing
    close: list[UUID] = field(default_factory=list)
    unreached: list[UUID] = field(default_factory=list)


def make_plan(
    resources: Mapping[str, PreparedResource], known: Mapping[str, Known], unit_id: UUID, complete_types: frozenset[str]
) -> Plan:
    """Compare what was read with what is stored; `known` may hold rows of other units that moved here."""
    plan = Plan()
    for native_id, resource in resources.items():
        row = known.get(native_id)
        if row is None or row.closed or row.unit_id != unit_id or row.content_hash != resource.content_hash:
            plan.write.append(resource)
        elif row.stale or resource.native_type not in complete_types:
            plan.seen.append(row.id)
    for native_id, row in known.items():
        if native_id not in resources and row.unit_id == unit_id and not row.closed:
            (plan.close if row.native_type in complete_types else plan.unreached).append(row.id)
    return plan


async def store_unit(
    session: AsyncSession,
    organization_id: UUID,
    *,
    account_id: UUID,
    provider: str,
    job_id: UUID,
    result: UnitResult,
    now: datetime,
) -> UnitOutcome:
    """Merge one unit's result and publish what changed. Safe to repeat; two stores of a unit wait for each other.

    Raises QuotaExceeded for more resources than the organization may keep; the transaction must end then.
    """
    driver = await open_driver(session)
    unit = await _lock_unit(driver, organization_id, account_id, result.unit)
    resources = {resource.native_id: rules.prepare_resource(resource) for resource in result.resources}
    known = await _read_known(driver, organization_id, unit, list(resources))
    error = rules.failure_text(result.errors)
    plan = make_plan(resources, known, unit.id, result.complete_types)
    where = Destination(
        organization_id=organization_id,
        account_id=account_id,
        unit_id=unit.id,
        provider=provider,
        native_account=result.unit.account,
        service=result.unit.service,
        job_id=job_id,
        now=now,
    )
    written = Written()
    for chunk in _chunks(sorted(plan.write, key=lambda resource: resource.native_id)):
        written.add(await write_resources(driver, where, chunk, known))
    await _mark_seen(driver, organization_id, plan.seen, now)
    await _close(driver, where, plan.close, unit)
    await _mark_stale(
        driver, organization_id, plan.unreached, now, error or "The last read did not list this resource."
    )
    ids = {native_id: row.id for native_id, row in known.items()} | written.ids
    await store_relations(
        driver,
        organization_id,
        unit.id,
        result,
        resources,
        ids,
        {row.id: row.native_type for row in known.values()},
        is_new_unit=unit.is_new,
        now=now,
    )
    is_changed = bool(written.ids or plan.close or plan.seen or plan.unreached)
    resources_now = await _note_unit(driver, where, unit, result, recount=is_changed, error=error)
    for left in written.left_units:
        await driver.execute(
            f"UPDATE sync_units SET {_RECOUNTED} FROM {_COUNTED} WHERE organization_id = $1 AND id = $2",  # noqa: S608
            organization_id,
            left,
        )
    # Last, because the quota's lock keeps the organization's other units from being stored until the commit.
    await check_quota_kept(session, organization_id, "resources", len(written.created) - len(plan.close))
    types = {known_row.native_type for known_row in known.values() if known_row.id in set(plan.close)}
    await _announce(session, where, result, written, plan.close, types)
    return UnitOutcome(
        resources=resources_now,
        created=len(written.created),
        updated=len(written.updated),
        closed=len(plan.close),
        error=error,
    )


@counts("resources")
async def count_resources(session: AsyncSession, organization_id: UUID) -> int:
    """Resources that are there, by the numbers that each unit keeps."""
    query = select(func.sum(SyncUnit.resources)).where(SyncUnit.organization_id == organization_id)
    return int((await session.execute(query)).scalar_one() or 0)


async def mark_account_unreached(
    session: AsyncSession, organization_id: UUID, account_id: UUID, reason: str, now: datetime
) -> None:
    """The account itself could not be reached: every unit failed, every row keeps its last good state and says why."""
    driver = await open_driver(session)
    await session.execute(
        update(SyncUnit)
        .where(SyncUnit.organization_id == organization_id, SyncUnit.account_id == account_id)
        .where(SyncUnit.retired_at.is_(None))
        .values(state=UnitState.FAILED.value, error=reason, last_attempt_at=now)
    )
    await driver.execute(
        """UPDATE cloud_resources SET stale_since = coalesce(stale_since, $3), stale_reason = $4
           WHERE organization_id = $1 AND account_id = $2 AND closed_at IS NULL
             AND (stale_since IS NULL OR stale_reason IS DISTINCT FROM $4)""",
        organization_id,
        account_id,
        now,
        reason,
    )
    await driver.execute(
        """UPDATE sync_units u SET stale_resources = (SELECT count(*) FROM cloud_resources r
             WHERE r.organization_id = $1 AND r.unit_id = u.id AND r.closed_at IS NULL)
           WHERE u.organization_id = $1 AND u.account_id = $2""",
        organization_id,
        account_id,
    )


async def retire_units(
    session: AsyncSession, organization_id: UUID, account_id: UUID, planned: set[UUID], now: datetime
) -> None:
    """Units that a full plan no longer has: their resources stay, marked stale, because nobody reads them any more."""
    query = select(SyncUnit).where(SyncUnit.organization_id == organization_id, SyncUnit.account_id == account_id)
    units = (await session.execute(query.where(SyncUnit.retired_at.is_(None)))).scalars().all()
    driver = await open_driver(session)
    for unit in units:
        if unit.id in planned:
            continue
        unit.retired_at = now
        rows = await driver.fetch(
            "SELECT id FROM cloud_resources WHERE organization_id = $1 AND unit_id = $2 AND closed_at IS NULL",
            organization_id,
            unit.id,
        )
        reason = f"{unit.service} in {unit.region} is no longer read."
        await _mark_stale(driver, organization_id, [row["id"] for row in rows], now, reason)
        unit.stale_resources = len(rows)


async def _lock_unit(driver: Driver, organization_id: UUID, account_id: UUID, unit: Unit) -> LockedUnit:
    key = (organization_id, account_id, unit.account, unit.region, unit.service)
    query = """SELECT id, type_seen_at::text FROM sync_units WHERE organization_id = $1 AND account_id = $2
      AND native_account = $3 AND region = $4 AND service = $5 FOR UPDATE"""
    row = await driver.fetchrow(query, *key)
    if row is None:
        added = await driver.fetchval(
            """INSERT INTO sync_units (organization_id, account_id, native_account, region, service, id)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id""",
            *key,
            new_id(),
        )
        if added is not None:
            return LockedUnit(id=added, is_new=True, type_seen_at={})
        row = await driver.fetchrow(query, *key)
    if row is None:
        raise RuntimeError("a unit is neither there nor can it be added")
    return LockedUnit(id=row["id"], is_new=False, type_seen_at=orjson.loads(row["type_seen_at"]))


async def _read_known(
    driver: Driver, organization_id: UUID, unit: LockedUnit, native_ids: Sequence[str]
) -> dict[str, Known]:
    columns = """SELECT native_id, id, native_type, content_hash, unit_id, stale_since IS NOT NULL,
      closed_at IS NOT NULL FROM cloud_resources WHERE organization_id = $1 AND """
    rows = [] if unit.is_new else await driver.fetch(columns + "unit_id = $2", organization_id, unit.id)
    known = {native_id: Known(*values) for native_id, *values in rows}
    elsewhere = [native_id for native_id in native_ids if native_id not in known]
    for chunk in _chunks(elsewhere):
        rows = await driver.fetch(columns + "native_id = ANY($2::text[])", organization_id, chunk)
        known |= {native_id: Known(*values) for native_id, *values in rows}
    return known


async def _mark_seen(driver: Driver, organization_id: UUID, ids: list[UUID], now: datetime) -> None:
    if ids:
        await driver.execute(
            """UPDATE cloud_resources SET last_seen_at = $3, stale_since = NULL, stale_reason = NULL
               WHERE organization_id = $1 AND id = ANY($2::uuid[])""",
            organization_id,
            ids,
            now,
        )


async def _mark_stale(driver: Driver, organization_id: UUID, ids: list[UUID], now: datetime, reason: str) -> None:
    if ids:
        await driver.execute(
            """UPDATE cloud_resources SET stale_since = coalesce(stale_since, $3), stale_reason = $4
               WHERE organization_id = $1 AND id = ANY($2::uuid[])
                 AND (stale_since IS NULL OR stale_reason IS DISTINCT FROM $4)""",
            organization_id,
            ids,
            now,
            reason,
        )


async def _close(driver: Driver, where: Destination, ids: list[UUID], unit: LockedUnit) -> None:
    if not ids:
        return
    await driver.execute(
        """UPDATE cloud_resources r SET closed_at = $3, stale_since = NULL, stale_reason = NULL,
             last_seen_at = greatest(last_seen_at, ($4::jsonb ->> native_type)::timestamptz)
           WHERE organization_id = $1 AND id = ANY($2::uuid[])""",
        where.organization_id,
        ids,
        where.now,
        orjson.dumps(unit.type_seen_at).decode(),
    )
    await write_versions(driver, where, [(id_, "deleted", []) for id_ in ids])


async def _note_unit(
    driver: Driver, where: Destination, unit: LockedUnit, result: UnitResult, *, recount: bool, error: str | None
) -> int:
    """Write how the read went; returns how many open resources the unit has."""
    seen = unit.type_seen_at | dict.fromkeys(sorted(result.complete_types), where.now.isoformat())
    resources: int = await driver.fetchval(
        f"""UPDATE sync_units SET state = $3, error = $4, missing_permissions = $5, complete_types = $6,
              type_seen_at = $7, last_attempt_at = $8, last_job_id = $9, retired_at = NULL,
              last_complete_at = coalesce($10, last_complete_at) {f", {_RECOUNTED} FROM {_COUNTED}" if recount else ""}
            WHERE organization_id = $1 AND id = $2 RETURNING resources""",  # noqa: S608  # texts are ours
        where.organization_id,
        unit.id,
        result.state.value,
        error,
        rules.missing_permissions(result.errors),
        sorted(result.complete_types),
        orjson.dumps(seen).decode(),
        where.now,
        where.job_id,
        where.now if result.state is UnitState.COMPLETE else None,
    )
    return resources


async def _announce(
    session: AsyncSession,
    where: Destination,
    result: UnitResult,
    written: Written,
    closed: list[UUID],
    closed_types: set[str],
) -> None:
    changes = [
        *(("created", id_) for id_ in written.created),
        *(("updated", id_) for id_ in written.updated),
        *(("deleted", id_) for id_ in closed),
    ]
    for chunk in _chunks(changes, EVENT_IDS):
        kinds: dict[str, list[UUID]] = {"created": [], "updated": [], "deleted": []}
        for kind, id_ in chunk:
            kinds[kind].append(id_)
        await publish(
            session,
            ResourceChanged(
                organization_id=where.organization_id,
                account_id=where.account_id,
                native_types=sorted(written.native_types | closed_types),
                unit={"account": result.unit.account, "region": result.unit.region, "service": result.unit.service},
                **kinds,
            ),
        )


def _chunks(items: Sequence[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
