"""Rows of units: locking one, what a read did to it, its counts, and marking what was not reached."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.errors import NotFound
from app.core.ids import new_id
from app.domains.inventory import rules
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.service.writing import Destination
from app.providers.base import Unit, UnitResult, UnitState

# The counts of the unit $2 of the organization $1, from its rows; only rows of counts that differ are written.
_RECOUNT = """
WITH counted AS (
  SELECT account_id, region, native_type, type, coalesce(status, '') AS status, count(*)::int AS found,
    count(stale_since)::int AS stale
  FROM cloud_resources WHERE organization_id = $1 AND unit_id = $2 AND closed_at IS NULL
  GROUP BY account_id, region, native_type, type, coalesce(status, '')),
gone AS (
  DELETE FROM sync_unit_counts c WHERE c.organization_id = $1 AND c.unit_id = $2 AND NOT EXISTS (
    SELECT FROM counted n WHERE n.account_id = c.account_id AND n.region = c.region
      AND n.native_type = c.native_type AND n.type = c.type AND n.status = c.status)),
put AS (
  INSERT INTO sync_unit_counts AS c
      (organization_id, unit_id, account_id, region, native_type, type, status, resources, stale)
    SELECT $1, $2, account_id, region, native_type, type, status, found, stale FROM counted
  ON CONFLICT (organization_id, unit_id, account_id, region, native_type, type, status)
    DO UPDATE SET resources = excluded.resources, stale = excluded.stale
    WHERE (c.resources, c.stale) IS DISTINCT FROM (excluded.resources, excluded.stale))
UPDATE sync_units SET
  type_counts = coalesce((SELECT jsonb_object_agg(type, found)
    FROM (SELECT type, sum(found) AS found FROM counted GROUP BY type) AS by_type), '{}'),
  resources = coalesce((SELECT sum(found) FROM counted), 0),
  stale_resources = coalesce((SELECT sum(stale) FROM counted), 0)
WHERE organization_id = $1 AND id = $2
"""


@dataclass(frozen=True, kw_only=True)
class LockedUnit:
    """The unit's row as it was found, locked for this transaction."""

    id: UUID
    is_new: bool
    type_seen_at: dict[str, str]
    last_attempt_at: datetime | None = None


async def hold_account(driver: Driver, organization_id: UUID, account_id: UUID) -> None:
    """Keep the account from being removed until the transaction ends. Raises NotFound when it was removed before."""
    held = await driver.fetchval(
        "SELECT id FROM accounts WHERE organization_id = $1 AND id = $2 AND removed_at IS NULL FOR SHARE",
        organization_id,
        account_id,
    )
    if held is None:
        raise NotFound


async def lock_unit(driver: Driver, organization_id: UUID, account_id: UUID, unit: Unit) -> LockedUnit:
    """The unit's row, made where there is none, locked until the transaction ends."""
    key = (organization_id, account_id, unit.account, unit.region, unit.service)
    query = """SELECT id, type_seen_at::text, last_attempt_at FROM sync_units
      WHERE organization_id = $1 AND account_id = $2 AND native_account = $3
        AND region = $4 AND service = $5 FOR UPDATE"""
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
    return LockedUnit(
        id=row["id"],
        is_new=False,
        type_seen_at=orjson.loads(row["type_seen_at"]),
        last_attempt_at=row["last_attempt_at"],
    )


async def recount_units(driver: Driver, organization_id: UUID, unit_ids: Sequence[UUID]) -> None:
    """Make the counts of these units those of their rows."""
    for unit_id in unit_ids:
        await driver.execute(_RECOUNT, organization_id, unit_id)


async def note_unit(
    driver: Driver,
    where: Destination,
    unit: LockedUnit,
    result: UnitResult,
    *,
    complete_types: Collection[str],
    error: str | None,
) -> int:
    """Write how the read went and when it is tried again by itself; returns the unit's open resources."""
    seen = unit.type_seen_at | dict.fromkeys(sorted(complete_types), where.now.isoformat())
    may_pass = rules.may_pass(result)
    resources: int = await driver.fetchval(
        """UPDATE sync_units SET state = $3, error = $4, missing_permissions = $5, complete_types = $6,
             type_seen_at = $7, last_attempt_at = $8::timestamptz, last_job_id = $9, retired_at = NULL,
             last_complete_at = coalesce($10, last_complete_at),
             failures = CASE WHEN $11 THEN failures + 1 ELSE 0 END,
             retry_at = CASE WHEN $11 THEN $8::timestamptz + ($12::float8[])[failures + 1] * interval '1 minute' END
           WHERE organization_id = $1 AND id = $2 RETURNING resources""",
        where.organization_id,
        unit.id,
        result.state.value,
        error,
        rules.missing_permissions(result.errors),
        sorted(complete_types),
        orjson.dumps(seen).decode(),
        where.now,
        where.job_id,
        where.now if result.state is UnitState.COMPLETE else None,
        may_pass,
        list(rules.RETRY_MINUTES),
    )
    return resources


async def mark_stale(driver: Driver, organization_id: UUID, ids: Sequence[UUID], now: datetime, reason: str) -> None:
    """Say why these resources keep their last good state."""
    if ids:
        await driver.execute(
            """UPDATE cloud_resources SET stale_since = coalesce(stale_since, $3), stale_reason = $4
               WHERE organization_id = $1 AND id = ANY($2::uuid[])
                 AND (stale_since IS NULL OR stale_reason IS DISTINCT FROM $4)""",
            organization_id,
            list(ids),
            now,
            reason,
        )


async def mark_account_unreached(
    session: AsyncSession, organization_id: UUID, account_id: UUID, reason: str, now: datetime
) -> None:
    """The account itself could not be reached: every unit failed, every row keeps its last good state and says why."""
    driver = await open_driver(session)
    units = (
        update(SyncUnit)
        .where(SyncUnit.organization_id == organization_id, SyncUnit.account_id == account_id)
        .where(SyncUnit.retired_at.is_(None))
        .values(state=UnitState.FAILED.value, error=reason, last_attempt_at=now, retry_at=None)
    )
    await session.execute(units)
    await driver.execute(
        """UPDATE cloud_resources SET stale_since = coalesce(stale_since, $3), stale_reason = $4
           WHERE organization_id = $1 AND closed_at IS NULL
             AND unit_id IN (SELECT id FROM sync_units WHERE organization_id = $1 AND account_id = $2)
             AND (stale_since IS NULL OR stale_reason IS DISTINCT FROM $4)""",
        organization_id,
        account_id,
        now,
        reason,
    )
    rows = await driver.fetch(
        "SELECT id FROM sync_units WHERE organization_id = $1 AND account_id = $2 AND resources <> stale_resources",
        organization_id,
        account_id,
    )
    await recount_units(driver, organization_id, [row["id"] for row in rows])


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
        unit.retired_at, unit.retry_at = now, None
        rows = await driver.fetch(
            "SELECT id FROM cloud_resources WHERE organization_id = $1 AND unit_id = $2 AND closed_at IS NULL",
            organization_id,
            unit.id,
        )
        reason = f"{unit.service} in {unit.region} is no longer read."
        await session.flush()
        await mark_stale(driver, organization_id, [row["id"] for row in rows], now, reason)
        await recount_units(driver, organization_id, [unit.id])
