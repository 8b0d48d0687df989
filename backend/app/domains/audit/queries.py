"""Reads of the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pagination import decode_cursor, encode_cursor, invalid_cursor
from app.domains.audit.models import AuditEvent, AuditSeal
from app.domains.audit.rules import AuditRecord, Seal

_COLUMNS = [getattr(AuditEvent, name) for name in AuditRecord.__slots__]


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which events to list; `start` is inclusive, `end` exclusive."""

    action: str | None = None
    actor_id: UUID | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


async def list_events(
    session: AsyncSession, organization_id: UUID, wanted: AuditFilter, limit: int, cursor: str | None
) -> tuple[list[Any], str | None]:
    """One page, newest first, each row with its number and hash, and the next cursor."""
    query = (
        select(*_COLUMNS, AuditSeal.number, func.encode(AuditSeal.hash, "hex").label("hash"))
        .outerjoin(
            AuditSeal,
            and_(AuditSeal.organization_id == AuditEvent.organization_id, AuditSeal.event_id == AuditEvent.id),
        )
        .where(AuditEvent.organization_id == organization_id, *_conditions(wanted))
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(limit + 1)
    )
    if key := decode_cursor(cursor, 2):
        try:
            last = (datetime.fromisoformat(key[0]), UUID(key[1]))
            if last[0].tzinfo is None:
                raise invalid_cursor()
        except (TypeError, ValueError, AttributeError):
            raise invalid_cursor() from None
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < tuple_(*last))
    rows = list((await session.execute(query)).all())
    page = rows[:limit]
    more = len(rows) > limit
    return page, encode_cursor(page[-1].at, page[-1].id) if more else None


def _conditions(wanted: AuditFilter) -> list[Any]:
    equal = [
        getattr(AuditEvent, name) == getattr(wanted, name)
        for name in ("action", "actor_id", "subject_type", "subject_id")
        if getattr(wanted, name) is not None
    ]
    if wanted.start is not None:
        equal.append(AuditEvent.at >= wanted.start)
    if wanted.end is not None:
        equal.append(AuditEvent.at < wanted.end)
    return equal


async def get_last_seal(session: AsyncSession, organization_id: UUID) -> AuditSeal | None:
    """The head of the chain."""
    query = select(AuditSeal).where(AuditSeal.organization_id == organization_id).order_by(AuditSeal.number.desc())
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def list_unsealed(
    session: AsyncSession, organization_id: UUID, since: datetime | None, limit: int
) -> list[AuditRecord]:
    """Events without a number, oldest first, that began after `since`."""
    sealed = select(AuditSeal.event_id).where(
        AuditSeal.organization_id == AuditEvent.organization_id, AuditSeal.event_id == AuditEvent.id
    )
    query = (
        select(*_COLUMNS)
        .where(AuditEvent.organization_id == organization_id, ~sealed.exists())
        .order_by(AuditEvent.at, AuditEvent.id)
        .limit(limit)
    )
    if since is not None:
        query = query.where(AuditEvent.at >= since)
    return [AuditRecord(**row._mapping) for row in (await session.execute(query)).all()]


async def list_links(
    session: AsyncSession, organization_id: UUID, after: int, limit: int
) -> list[tuple[Seal, AuditRecord | None]]:
    """The chain in order, from the number after `after`, each link with its event if that is still there."""
    links = (
        select(AuditSeal)
        .where(AuditSeal.organization_id == organization_id, AuditSeal.number > after)
        .order_by(AuditSeal.number)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(links)).scalars().all()
    events = select(*_COLUMNS).where(
        AuditEvent.organization_id == organization_id, AuditEvent.id.in_([link.event_id for link in found])
    )
    records = {row.id: AuditRecord(**row._mapping) for row in (await session.execute(events)).all()}
    return [
        (
            Seal(number=link.number, event_id=link.event_id, hash=link.hash, previous_hash=link.previous_hash),
            records.get(link.event_id),
        )
        for link in found
    ]


async def count_unsealed_before(session: AsyncSession, organization_id: UUID, before: datetime) -> int:
    """Events older than `before` that no seal covers: put in later, or their seals were removed."""
    sealed = select(AuditSeal.event_id).where(
        AuditSeal.organization_id == AuditEvent.organization_id, AuditSeal.event_id == AuditEvent.id
    )
    query = select(func.count()).where(
        AuditEvent.organization_id == organization_id, AuditEvent.at < before, ~sealed.exists()
    )
    return (await session.execute(query)).scalar_one()
