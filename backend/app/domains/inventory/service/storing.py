"""Storing what one unit read: only what changed is written, only a complete listing closes.

One transaction a unit. Rows are compared by content hash, so an unchanged estate costs one read and one written row,
the unit's own; `last_seen_at` of unchanged rows follows from the unit's `type_seen_at`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.events import publish
from app.core.quotas import check_quota_kept, counts
from app.domains.inventory import rules
from app.domains.inventory.events import ResourceChanged
from app.domains.inventory.models import SyncUnit
from app.domains.inventory.rules import PreparedResource
from app.domains.inventory.service.placing import Placed, place_resources
from app.domains.inventory.service.relations import EdgeSources, store_relations
from app.domains.inventory.service.units import (
    LockedUnit,
    hold_account,
    lock_unit,
    mark_stale,
    note_unit,
    recount_units,
)
from app.domains.inventory.service.writing import Destination, Version, Written, write_resources, write_versions
from app.providers.base import Unit, UnitResult, UnitState

CHUNK = 1_000
EVENT_IDS = 5_000
_KNOWN = """SELECT native_key, id, account_id, native_type, content_hash, unit_id,
  greatest(last_seen_at, closed_at), stale_since IS NOT NULL, closed_at IS NOT NULL
  FROM cloud_resources WHERE organization_id = $1 AND """


@dataclass(frozen=True, kw_only=True)
class UnitOutcome:
    """What storing a unit did. `resources`: open rows of the unit now; `since`: when it was read before."""

    resources: int
    created: int
    updated: int
    closed: int
    error: str | None
    since: datetime | None = None

    @property
    def changed(self) -> bool:
        """Whether anything is different now."""
        return bool(self.created or self.updated or self.closed)


class Known(NamedTuple):
    """What is stored of a resource, as far as the comparison needs it."""

    id: UUID
    account_id: UUID
    native_type: str
    content_hash: bytes
    unit_id: UUID
    touched_at: datetime  # last seen or closed
    stale: bool
    closed: bool


@dataclass(kw_only=True)
class Plan:
    """What to do with a unit's rows."""

    write: list[PreparedResource] = field(default_factory=list)  # new, changed, moved here or back again
    seen: list[UUID] = field(default_factory=list)  # unchanged, but stale or of an incomplete listing
    close: list[UUID] = field(default_factory=list)
    unreached: list[UUID] = field(default_factory=list)


def make_plan(
    resources: Mapping[str, PreparedResource],
    known: Mapping[str, Known],
    where: Destination,
    *,
    complete_types: Collection[str],
    read_at: datetime,
) -> Plan:
    """Compare what was read with what is stored, by native key; `known` may hold rows of other units that moved here.

    A row that was read or closed after `read_at`, because of an event, is newer than the listing and stays as it is.
    """
    plan = Plan()
    for key, resource in resources.items():
        row = known.get(key)
        if row is None:
            plan.write.append(resource)
        elif row.touched_at > read_at:
            continue
        elif (
            row.closed
            or row.unit_id != where.unit_id
            or row.content_hash != resource.content_hash
            or (where.owners and row.account_id != where.account_of(resource.native_account))
        ):
            plan.write.append(resource)
        elif row.stale or resource.native_type not in complete_types:
            plan.seen.append(row.id)
    for key, row in known.items():
        if key not in resources and row.unit_id == where.unit_id and not row.closed and row.touched_at <= read_at:
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
    read_at: datetime | None = None,
) -> UnitOutcome:
    """Merge one unit's result and publish what changed. Safe to repeat; two stores of a unit wait for each other.

    `read_at`: when reading began. Raises NotFound for an account that was removed, and QuotaExceeded for more resources
    than the organization may keep; the transaction must end then.
    """
    driver = await open_driver(session)
    await hold_account(driver, organization_id, account_id)
    unit = await lock_unit(driver, organization_id, account_id, result.unit)
    placed = await place_resources(session, organization_id, account_id, provider, result.unit, result.resources)
    known = await _read_known(driver, organization_id, unit, list(placed.resources))
    error = " ".join(text for text in (rules.failure_text(result.errors), placed.note) if text) or None
    where = Destination(
        organization_id=organization_id,
        account_id=account_id,
        unit_id=unit.id,
        provider=provider,
        service=result.unit.service,
        job_id=job_id,
        now=now,
        owners=placed.owners,
    )
    complete_types = _complete_types(result, placed.resources, known, unit.id)
    plan = make_plan(placed.resources, known, where, complete_types=complete_types, read_at=read_at or now)
    closed = [row for row in known.values() if row.id in set(plan.close)] if plan.close else []
    written = await _write_plan(driver, where, plan, known)
    await close_resources(driver, where, closed, unit.type_seen_at)
    await mark_stale(driver, organization_id, plan.unreached, now, error or "The last read did not list this resource.")
    edges = _edges_of(where, unit, placed, known, written)
    is_complete = result.state is UnitState.COMPLETE
    await store_relations(driver, edges, result.relations, is_complete=is_complete, complete_types=complete_types)
    if written.ids or plan.close or plan.seen or plan.unreached:
        await recount_units(driver, organization_id, [unit.id, *written.left_units])
    resources_now = await note_unit(driver, where, unit, result, complete_types=complete_types, error=error)
    # Last, because the quota's lock keeps the organization's other units from being stored until the commit.
    await check_quota_kept(session, organization_id, "resources", len(written.created) - len(plan.close))
    await announce(session, where, result.unit, written, plan.close, {row.native_type for row in closed})
    return UnitOutcome(
        resources=resources_now,
        created=len(written.created),
        updated=len(written.updated),
        closed=len(plan.close),
        error=error,
        since=unit.last_attempt_at,
    )


async def _write_plan(driver: Driver, where: Destination, plan: Plan, known: Mapping[str, Known]) -> Written:
    written = Written()
    for chunk in _chunks(sorted(plan.write, key=lambda resource: resource.native_key)):
        written.add(await write_resources(driver, where, chunk, known))
    await mark_seen(driver, where.organization_id, plan.seen, where.now)
    return written


def _edges_of(
    where: Destination, unit: LockedUnit, placed: Placed, known: Mapping[str, Known], written: Written
) -> EdgeSources:
    return EdgeSources(
        organization_id=where.organization_id,
        unit_id=unit.id,
        provider=where.provider,
        now=where.now,
        is_new_unit=unit.is_new,
        resources=placed.resources,
        ids={key: row.id for key, row in known.items()} | written.ids,
        types_by_id={row.id: row.native_type for row in known.values()},
        left_out=placed.left_out,
    )


def _complete_types(
    result: UnitResult, resources: Mapping[str, PreparedResource], known: Mapping[str, Known], unit_id: UUID
) -> frozenset[str]:
    """The types whose listing is complete; where everything was listed also those that are here, or were."""
    if not result.covers_all_types:
        return result.complete_types
    here = {made.native_type for made in resources.values()}
    before = {row.native_type for row in known.values() if row.unit_id == unit_id and not row.closed}
    return result.complete_types | here | before


@counts("resources")
async def count_resources(session: AsyncSession, organization_id: UUID) -> int:
    """Resources that are there, by the numbers that each unit keeps."""
    query = select(func.sum(SyncUnit.resources)).where(SyncUnit.organization_id == organization_id)
    return int((await session.execute(query)).scalar_one() or 0)


async def _read_known(
    driver: Driver, organization_id: UUID, unit: LockedUnit, native_keys: Sequence[str]
) -> dict[str, Known]:
    rows = [] if unit.is_new else await driver.fetch(_KNOWN + "unit_id = $2", organization_id, unit.id)
    known = {key: Known(*values) for key, *values in rows}
    return known | await read_known(driver, organization_id, [key for key in native_keys if key not in known])


async def read_known(driver: Driver, organization_id: UUID, native_keys: Sequence[str]) -> dict[str, Known]:
    """What is stored of these resources, of whatever unit."""
    known: dict[str, Known] = {}
    for chunk in _chunks(native_keys):
        rows = await driver.fetch(_KNOWN + "native_key = ANY($2::text[])", organization_id, chunk)
        known |= {key: Known(*values) for key, *values in rows}
    return known


async def read_account_rows(driver: Driver, organization_id: UUID, account_id: UUID) -> list[Known]:
    """The open resources of an account, whoever reads them."""
    rows = await driver.fetch(_KNOWN + "account_id = $2 AND closed_at IS NULL", organization_id, account_id)
    return [Known(*values) for _, *values in rows]


async def mark_seen(driver: Driver, organization_id: UUID, ids: Sequence[UUID], now: datetime) -> None:
    """Note that these resources were read and are as stored."""
    if ids:
        await driver.execute(
            """UPDATE cloud_resources SET last_seen_at = $3, stale_since = NULL, stale_reason = NULL
               WHERE organization_id = $1 AND id = ANY($2::uuid[])""",
            organization_id,
            list(ids),
            now,
        )


async def close_resources(
    driver: Driver, where: Destination, rows: Sequence[Known], type_seen_at: Mapping[str, str]
) -> None:
    """Note that resources are gone from the cloud."""
    if not rows:
        return
    await driver.execute(
        """UPDATE cloud_resources r SET closed_at = $3, stale_since = NULL, stale_reason = NULL,
             last_seen_at = greatest(last_seen_at, ($4::jsonb ->> native_type)::timestamptz)
           WHERE organization_id = $1 AND id = ANY($2::uuid[])""",
        where.organization_id,
        [row.id for row in rows],
        where.now,
        orjson.dumps(dict(type_seen_at)).decode(),
    )
    await write_versions(driver, where, [Version(row.id, row.account_id, "deleted") for row in rows])


async def announce(
    session: AsyncSession,
    where: Destination,
    unit: Unit,
    written: Written,
    closed: list[UUID],
    closed_types: set[str],
) -> None:
    """Publish what changed, in events of a bounded size."""
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
                unit={"account": unit.account, "region": unit.region, "service": unit.service},
                **kinds,
            ),
        )


def _chunks(items: Sequence[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
