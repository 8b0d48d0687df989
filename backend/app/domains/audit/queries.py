"""Reads of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.pagination import cursor_instant, cursor_uuid, decode_cursor, encode_cursor, invalid_cursor
from app.domains.audit.models import AuditEvent, AuditHead, AuditSeal, AuditSigningKey, AuditSink
from app.domains.audit.rules import AuditRecord, Seal

_COLUMNS = [getattr(AuditEvent, name) for name in AuditRecord.__slots__]


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which events to list; `start` is inclusive, `end` exclusive, `text` may stand anywhere in the event."""

    action: str | None = None
    actor_id: UUID | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    outcome: str | None = None
    text: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def _with_seals(organization_id: UUID, wanted: AuditFilter) -> Any:
    return (
        select(*_COLUMNS, AuditSeal.number, func.encode(AuditSeal.hash, "hex").label("hash"))
        .outerjoin(
            AuditSeal,
            and_(AuditSeal.organization_id == AuditEvent.organization_id, AuditSeal.event_id == AuditEvent.id),
        )
        .where(AuditEvent.organization_id == organization_id, *_conditions(wanted))
    )


async def list_events(
    session: AsyncSession, organization_id: UUID, wanted: AuditFilter, limit: int, cursor: str | None
) -> tuple[list[Any], str | None]:
    """One page, newest first, each row with its number and hash, and the next cursor."""
    query = _with_seals(organization_id, wanted).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit + 1)
    if key := decode_cursor(cursor, 2):
        last = (cursor_instant(key[0]), cursor_uuid(key[1]))
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < tuple_(*last))
    rows = list((await session.execute(query)).all())
    page = rows[:limit]
    more = len(rows) > limit
    return page, encode_cursor(page[-1].at, page[-1].id) if more else None


async def list_events_after(
    session: AsyncSession,
    organization_id: UUID,
    wanted: AuditFilter,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """The next rows of an export, oldest first."""
    query = _with_seals(organization_id, wanted).order_by(AuditEvent.at, AuditEvent.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) > tuple_(*after))
    return (await session.execute(query)).all()


def _conditions(wanted: AuditFilter) -> list[Any]:
    conditions: list[Any] = [
        getattr(AuditEvent, name) == getattr(wanted, name)
        for name in ("action", "actor_id", "subject_type", "subject_id", "outcome")
        if getattr(wanted, name) is not None
    ]
    if wanted.start is not None:
        conditions.append(AuditEvent.at >= wanted.start)
    if wanted.end is not None:
        conditions.append(AuditEvent.at < wanted.end)
    if wanted.text:
        columns = (AuditEvent.action, AuditEvent.subject_id, AuditEvent.client_address, AuditEvent.request_id)
        texts = [*columns, cast(AuditEvent.changes, Text)]
        conditions.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in texts)))
    return conditions


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


async def list_changes_of(session: AsyncSession, organization_id: UUID, action: str) -> Sequence[dict[str, Any]]:
    """What all events of one action changed."""
    query = select(AuditEvent.changes).where(AuditEvent.organization_id == organization_id, AuditEvent.action == action)
    return (await session.execute(query)).scalars().all()


async def count_seals_upto(session: AsyncSession, organization_id: UUID, number: int) -> int:
    """How many links there are up to a number."""
    query = select(func.count()).where(AuditSeal.organization_id == organization_id, AuditSeal.number <= number)
    return (await session.execute(query)).scalar_one()


async def count_unsealed_before(session: AsyncSession, organization_id: UUID, before: datetime) -> int:
    """Events older than `before` that no seal covers: put in later, or their seals were removed."""
    sealed = select(AuditSeal.event_id).where(
        AuditSeal.organization_id == AuditEvent.organization_id, AuditSeal.event_id == AuditEvent.id
    )
    query = select(func.count()).where(
        AuditEvent.organization_id == organization_id, AuditEvent.at < before, ~sealed.exists()
    )
    return (await session.execute(query)).scalar_one()


async def get_last_head(session: AsyncSession, organization_id: UUID) -> AuditHead | None:
    """The newest signed head."""
    query = select(AuditHead).where(AuditHead.organization_id == organization_id).order_by(AuditHead.position.desc())
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def list_heads_after(
    session: AsyncSession, organization_id: UUID, position: int, limit: int
) -> Sequence[AuditHead]:
    """Signed heads in their order."""
    query = (
        select(AuditHead)
        .where(AuditHead.organization_id == organization_id, AuditHead.position > position)
        .order_by(AuditHead.position)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def list_heads(
    session: AsyncSession, organization_id: UUID, limit: int, cursor: str | None
) -> tuple[list[AuditHead], str | None]:
    """One page of signed heads, newest first."""
    query = select(AuditHead).where(AuditHead.organization_id == organization_id)
    if key := decode_cursor(cursor, 1):
        if not isinstance(key[0], int) or not 0 <= key[0] < 2**63:
            raise invalid_cursor()
        query = query.where(AuditHead.position < key[0])
    rows = list((await session.execute(query.order_by(AuditHead.position.desc()).limit(limit + 1))).scalars())
    more = len(rows) > limit
    return rows[:limit], encode_cursor(rows[limit - 1].position) if more else None


async def list_signing_keys(session: AsyncSession) -> Sequence[AuditSigningKey]:
    """The installation's keys for heads, oldest first; the last one signs."""
    query = select(AuditSigningKey).order_by(AuditSigningKey.created_at, AuditSigningKey.id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def list_sinks(session: AsyncSession, organization_id: UUID) -> Sequence[AuditSink]:
    """Where the organization's log is sent, oldest first."""
    query = select(AuditSink).where(AuditSink.organization_id == organization_id)
    return (await session.execute(query.order_by(AuditSink.created_at, AuditSink.id))).scalars().all()


async def get_sink(session: AsyncSession, organization_id: UUID, sink_id: UUID, *, lock: bool = False) -> AuditSink:
    """One sink. Raises NotFound."""
    query = select(AuditSink).where(AuditSink.organization_id == organization_id, AuditSink.id == sink_id)
    query = query.execution_options(populate_existing=True)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found
