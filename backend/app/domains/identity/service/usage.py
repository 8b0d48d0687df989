"""Which pages and features are used, per organization. People are pseudonyms under a key that is thrown away.

Nothing of this leaves the installation. Counts stay for 90 days; the key is deleted at 90 days, and then nobody, with
the whole database in hand, can say whose a pseudonym was. Switched off, nothing is kept and what was there is deleted.
"""

import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete, distinct, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import FieldProblem, InvalidInput
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import open_sealed, seal
from app.domains.identity import queries
from app.domains.identity.events import UsageSettingsChanged
from app.domains.identity.models import Organization, UsageCount, UsageKey
from app.domains.identity.queries.organizations import get_directory
from app.domains.identity.rules.usage import UsageKind
from app.domains.identity.schemas.usage import UsageEvent

KEPT = timedelta(days=90)
MAX_SPAN_DAYS = 90
_SETTING = "usage_analytics"
_PSEUDONYM_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class NameUsage:
    name: str
    count: int
    people: int


@dataclass(frozen=True, kw_only=True)
class DayUsage:
    day: date
    count: int
    people: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What was used from `from_day` to before `to_day`."""

    enabled: bool
    from_day: date
    to_day: date
    people: int
    pages: list[NameUsage]
    features: list[NameUsage]
    days: list[DayUsage]


async def record_usage(session: AsyncSession, caller: Caller, events: Sequence[UsageEvent]) -> None:
    """Count what the caller used today; nothing is kept where the organization switched it off, or of machines."""
    organization_id = caller.organization_id
    if caller.session_id is None or not await _may_count(session, organization_id):
        return
    key = await _current_key(session, organization_id)
    pseudonym = hmac.digest(key, caller.user_id.bytes, hashlib.sha256)[:_PSEUDONYM_BYTES]
    counted: Counter[tuple[str, str]] = Counter()
    for event in events:
        counted[event.kind, event.name] += event.count
    today = clock.utc_now().date()
    rows = [
        {
            "organization_id": organization_id,
            "id": new_id(),
            "day": today,
            "kind": kind,
            "name": name,
            "pseudonym": pseudonym,
            "count": count,
        }
        for (kind, name), count in sorted(counted.items())  # in one order, so that two tabs wait and do not lock up
    ]
    statement = insert(UsageCount).values(rows)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "day", "kind", "name", "pseudonym"],
            set_={"count": UsageCount.count + statement.excluded.count},
        )
    )


async def read_usage(session: AsyncSession, caller: Caller, first: date | None, end: date | None) -> Usage:
    """Counts of a span of at most 90 days, the last 30 by default. Raises InvalidInput."""
    tomorrow = clock.utc_now().date() + timedelta(days=1)
    to_day = end or tomorrow
    from_day = first or to_day - timedelta(days=30)
    if not from_day < to_day or (to_day - from_day).days > MAX_SPAN_DAYS:
        detail = f"must be after from, by at most {MAX_SPAN_DAYS} days"
        raise InvalidInput(errors=[FieldProblem(pointer="query/to", detail=detail)])
    span = (
        UsageCount.organization_id == caller.organization_id,
        UsageCount.day >= from_day,
        UsageCount.day < to_day,
    )
    total, people = func.sum(UsageCount.count), func.count(distinct(UsageCount.pseudonym))
    everybody = (await session.execute(select(people).where(*span))).scalar_one()
    by_day = select(UsageCount.day, total, people).where(*span).group_by(UsageCount.day).order_by(UsageCount.day)

    async def by_name(kind: UsageKind) -> list[NameUsage]:
        query = select(UsageCount.name, total, people).where(*span, UsageCount.kind == kind)
        query = query.group_by(UsageCount.name).order_by(total.desc(), UsageCount.name)
        rows = (await session.execute(query)).all()
        return [NameUsage(name=name, count=int(count), people=seen) for name, count, seen in rows]

    return Usage(
        enabled=await is_usage_enabled(session, caller.organization_id),
        from_day=from_day,
        to_day=to_day,
        people=everybody,
        pages=await by_name("page"),
        features=await by_name("feature"),
        days=[
            DayUsage(day=day, count=int(count), people=seen)
            for day, count, seen in (await session.execute(by_day)).all()
        ],
    )


async def set_usage_enabled(session: AsyncSession, caller: Caller, enabled: bool) -> bool:
    """The one switch. Off also deletes what was counted and the key."""
    organization = await queries.get_organization(session, caller.organization_id, lock=True)
    before = bool(organization.settings.get(_SETTING, True))
    organization.settings = {**organization.settings, _SETTING: enabled}
    if not enabled:
        for table in (UsageCount, UsageKey):
            await session.execute(delete(table).where(table.organization_id == caller.organization_id))
    if before != enabled:
        await publish(
            session,
            UsageSettingsChanged(
                organization_id=caller.organization_id,
                enabled=enabled,
                actor_id=caller.user_id,
                client_address=caller.client_address,
                user_agent=caller.user_agent,
            ),
        )
    await session.flush()
    return enabled


async def is_usage_enabled(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether the organization lets usage be counted; it does unless it said no."""
    organization = await queries.get_organization(session, organization_id)
    return bool(organization.settings.get(_SETTING, True))


async def _may_count(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether to count now. The lock lasts until the commit, so that nothing is counted behind a switch to off."""
    query = select(Organization.settings).where(Organization.id == organization_id).with_for_update(read=True)
    chosen = (await session.execute(query)).scalar_one().get(_SETTING, True)
    return bool(chosen) and (await get_directory(session, organization_id)).deleted_at is None


async def forget_old_usage(session: AsyncSession, organization_id: UUID) -> None:
    """Delete counts of more than 90 days and a key that is as old."""
    await session.execute(
        delete(UsageCount).where(
            UsageCount.organization_id == organization_id, UsageCount.day < clock.utc_now().date() - KEPT
        )
    )
    await session.execute(
        delete(UsageKey).where(
            UsageKey.organization_id == organization_id, UsageKey.created_at <= clock.utc_now() - KEPT
        )
    )


async def _current_key(session: AsyncSession, organization_id: UUID) -> bytes:
    """The key of the present 90 days; a new one takes the place of an old one, which is gone for good."""
    query = select(UsageKey).where(UsageKey.organization_id == organization_id)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None or found.key is None or found.created_at <= clock.utc_now() - KEPT:
        await session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"usage-key:{organization_id}"}
        )
        query = query.execution_options(populate_existing=True)
        found = (await session.execute(query)).scalar_one_or_none()
    if found is not None and found.key is not None and found.created_at > clock.utc_now() - KEPT:
        return (await open_sealed(session, organization_id, "usage_keys", "key", found.id, found.key)).reveal_bytes()
    if found is not None:
        await session.delete(found)
        await session.flush()
    key, key_id = os.urandom(32), new_id()
    sealed = await seal(session, organization_id, "usage_keys", "key", key_id, key)
    session.add(UsageKey(organization_id=organization_id, id=key_id, key=sealed, created_at=clock.utc_now()))
    await session.flush()
    return key
