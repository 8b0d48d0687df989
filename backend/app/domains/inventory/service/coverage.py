"""What is read of an account and what is not: per type, with the permissions that are missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.accounts import service as accounts
from app.domains.inventory.models import SyncUnit, UnitCount
from app.domains.inventory.schemas.collecting import Coverage, CoverageItem, UnitStates


@dataclass
class _Type:
    type: str | None = None
    service: str | None = None
    units: dict[str, int] = field(default_factory=lambda: {"complete": 0, "partial": 0, "failed": 0})
    resources: int = 0
    stale: int = 0
    last: list[datetime | None] = field(default_factory=list)
    errors: dict[str, None] = field(default_factory=dict)
    permissions: set[str] = field(default_factory=set)


async def count_coverage(session: AsyncSession, organization_id: UUID, account_id: UUID) -> dict[UUID, dict[str, Any]]:
    """By account, the sums of what the account's units reached; an account read along with others shares its units."""
    states = select(SyncUnit.state, func.count()).where(
        SyncUnit.organization_id == organization_id,
        SyncUnit.account_id == account_id,
        SyncUnit.retired_at.is_(None),
        SyncUnit.state != "never",
    )
    rows = (await session.execute(states.group_by(SyncUnit.state))).all()
    units = {row[0]: row[1] for row in rows}
    counts = (
        select(UnitCount.account_id, func.sum(UnitCount.resources), func.sum(UnitCount.stale))
        .join(
            SyncUnit,
            (SyncUnit.organization_id == UnitCount.organization_id) & (SyncUnit.id == UnitCount.unit_id),
        )
        .where(UnitCount.organization_id == organization_id, SyncUnit.account_id == account_id)
        .group_by(UnitCount.account_id)
    )
    found = {row[0]: (int(row[1]), int(row[2])) for row in (await session.execute(counts)).all()}
    found.setdefault(account_id, (0, 0))
    return {one: {"units": units, "resources": resources, "stale": stale} for one, (resources, stale) in found.items()}


async def read_coverage(session: AsyncSession, organization_id: UUID, account_id: UUID) -> Coverage:
    """The account's types with their units, counts and what is missing. Raises NotFound."""
    target = await accounts.find_sync_target(session, organization_id, account_id)
    units = (
        (
            await session.execute(
                select(SyncUnit).where(
                    SyncUnit.organization_id == organization_id,
                    SyncUnit.account_id == target.account_id,
                    SyncUnit.retired_at.is_(None),
                )
            )
        )
        .scalars()
        .all()
    )
    query = select(UnitCount).where(UnitCount.organization_id == organization_id)
    # A found account has its own share of its connection's units; a connection shows all that its units read.
    if target.account_id == account_id:
        query = query.where(UnitCount.unit_id.in_([unit.id for unit in units]))
    else:
        query = query.where(UnitCount.account_id == account_id)
    counts = (await session.execute(query)).scalars().all()
    types = _by_type(units, counts, is_share=target.account_id != account_id)
    return Coverage(items=[_describe(name, found) for name, found in sorted(types.items())])


def _by_type(units: Sequence[SyncUnit], counts: Sequence[UnitCount], *, is_share: bool) -> dict[tuple[str, str], _Type]:
    """By native type, or by service (second of the pair) for units that never told what types they read."""
    types: dict[tuple[str, str], _Type] = {}
    held: dict[UUID, set[str]] = {}
    for count in counts:
        found = types.setdefault((count.native_type, ""), _Type())
        found.type = count.type
        found.resources += count.resources
        found.stale += count.stale
        held.setdefault(count.unit_id, set()).add(count.native_type)
    for unit in units:
        told = {*unit.complete_types, *unit.type_seen_at, *held.get(unit.id, ())}
        if unit.state == "never":
            continue
        names = [(name, "") for name in told if not is_share or name in held.get(unit.id, ())]
        for key in names or ([("", unit.service)] if unit.state != "complete" else []):
            _add_unit(types.setdefault(key, _Type(service=key[1] or None)), unit, key[0])
    return types


def _add_unit(found: _Type, unit: SyncUnit, native_type: str) -> None:
    is_complete = native_type in unit.complete_types
    found.units["complete" if is_complete else "failed" if unit.state == "failed" else "partial"] += 1
    seen = unit.type_seen_at.get(native_type)
    found.last.append(datetime.fromisoformat(seen) if seen else None)
    if not is_complete:
        if unit.error:
            found.errors[unit.error] = None
        found.permissions |= set(unit.missing_permissions)


def _describe(key: tuple[str, str], found: _Type) -> CoverageItem:
    known = [instant for instant in found.last if instant is not None]
    return CoverageItem(
        native_type=key[0] or None,
        type=found.type,
        service=found.service,
        units=UnitStates.model_validate(found.units),
        resources=found.resources,
        stale=found.stale,
        last_complete_at=min(known) if known and len(known) == len(found.last) else None,
        error=" ".join(list(found.errors)[:3]) or None,
        missing_permissions=sorted(found.permissions),
    )


async def list_missing_permissions(session: AsyncSession, organization_id: UUID, account_id: UUID) -> list[str]:
    """The permissions that units of the account lacked when they were last read. Raises NotFound."""
    target = await accounts.find_sync_target(session, organization_id, account_id)
    query = select(SyncUnit.missing_permissions).where(
        SyncUnit.organization_id == organization_id,
        SyncUnit.account_id == target.account_id,
        SyncUnit.retired_at.is_(None),
    )
    rows = (await session.execute(query)).scalars().all()
    return sorted({permission for permissions in rows for permission in permissions})
