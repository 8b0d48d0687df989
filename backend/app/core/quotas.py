"""Quotas: how much of each kind an organization may have or use. The installation's operator sets them, no route does.

Whoever keeps what is counted registers a counter; whoever adds to it calls `take_quota` in the same transaction. The
lock of that call lasts until the commit, so fifty at once cannot pass the limit together.
"""

import calendar
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.config import get_settings
from app.core.database import Base, OrganizationRow
from app.core.errors import Conflict
from app.core.ids import new_id

QuotaKind = Literal["accounts", "resources", "users", "imports", "assistant", "api_keys", "storage", "series"]
KINDS: tuple[QuotaKind, ...] = get_args(QuotaKind)
Period = Literal["day", "month"]
Counter = Callable[[AsyncSession, UUID], Awaitable[int]]
MAX_LIMIT = 2**53 - 1  # what every client reads exactly

UNITS: dict[QuotaKind, str] = {
    "accounts": "account",
    "resources": "resource",
    "users": "member",
    "imports": "import",
    "assistant": "usd_cent",
    "api_keys": "key",
    "storage": "byte",
    "series": "series",
}
PERIODS: dict[QuotaKind, Period] = {"imports": "day", "assistant": "month"}
DEFAULTS: dict[QuotaKind, int] = {
    "accounts": 1_000,
    "resources": 5_000_000,
    "users": 5_000,
    "imports": 1_000,
    "assistant": 10_000,
    "api_keys": 1_000,
    "storage": 1024**4,
    "series": 1_000_000,
}
_NAMES: dict[QuotaKind, str] = {
    "accounts": "connected accounts",
    "resources": "resources",
    "users": "members",
    "imports": "imports a day",
    "assistant": "US cents of assistant spending a month",
    "api_keys": "API keys",
    "storage": "bytes of stored files",
    "series": "series of metrics",
}
_counters: dict[QuotaKind, list[Counter]] = defaultdict(list)


class OrganizationQuota(OrganizationRow, Base):
    """A limit of one organization that differs from the installation's; `most` is null where there is none."""

    __tablename__ = "organization_quotas"
    __table_args__ = (UniqueConstraint("organization_id", "kind"),)

    kind: Mapped[str]
    most: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class OrganizationSpending(OrganizationRow, Base):
    """What an organization used of a kind that is only ever added to, per period."""

    __tablename__ = "organization_spending"
    __table_args__ = (UniqueConstraint("organization_id", "kind", "period_on"),)

    kind: Mapped[str]
    period_on: Mapped[date]  # the period's first day, UTC
    amount: Mapped[int] = mapped_column(BigInteger)


class QuotaExceeded(Conflict):
    """Adding this would pass a limit. The problem also carries `kind`, `limit` and `used`."""

    slug, title = "quota-exceeded", "This organization has reached a limit"

    def __init__(self, kind: QuotaKind, limit: int, used: int) -> None:
        super().__init__(
            f"The limit is {limit:,} {_NAMES[kind]}, and {used:,} are in use. Who runs this installation can raise it.",
            extensions={"kind": kind, "limit": limit, "used": used},
        )
        self.kind, self.limit, self.used = kind, limit, used


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One kind as the quota page shows it. `limit` is None where there is none; `period` is None for what is kept."""

    kind: QuotaKind
    limit: int | None
    used: int
    unit: str
    period: Period | None


def counts(kind: QuotaKind) -> Callable[[Counter], Counter]:
    """Register a function that says how much of the kind an organization has now; several of a kind are added up."""

    def register(counter: Counter) -> Counter:
        known = _counters[kind]
        known[:] = [one for one in known if (one.__module__, one.__name__) != (counter.__module__, counter.__name__)]
        known.append(counter)
        return counter

    return register


async def take_quota(session: AsyncSession, organization_id: UUID, kind: QuotaKind, adding: int = 1) -> None:
    """Make sure that `adding` more fit. Raises QuotaExceeded; the caller adds them in this very transaction."""
    limit = await get_limit(session, organization_id, kind)
    if limit is None or adding <= 0:
        return
    await lock_quota(session, organization_id, kind)
    used = await count_used(session, organization_id, kind)
    if used + adding > limit:
        raise QuotaExceeded(kind, limit, used)


async def check_quota_kept(session: AsyncSession, organization_id: UUID, kind: QuotaKind, added: int) -> None:
    """Like `take_quota`, after the fact: `added` are written in this transaction already, which must end if it raises.

    For long transactions, because the lock is held only from here to the commit.
    """
    limit = await get_limit(session, organization_id, kind)
    if limit is None or added <= 0:
        return
    await session.flush()
    await lock_quota(session, organization_id, kind)
    used = await count_used(session, organization_id, kind)
    if used > limit:
        raise QuotaExceeded(kind, limit, used - added)


async def spend(session: AsyncSession, organization_id: UUID, kind: QuotaKind, amount: int) -> None:
    """Add to what was used in this period. Raises QuotaExceeded when nothing is left before.

    What is spent is known only afterwards, so the last spending may pass the limit by its own size.
    """
    await take_quota(session, organization_id, kind, 1)
    row = insert(OrganizationSpending).values(
        organization_id=organization_id, id=new_id(), kind=kind, period_on=period_start(kind), amount=amount
    )
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["organization_id", "kind", "period_on"],
            set_={"amount": OrganizationSpending.amount + row.excluded.amount},
        )
    )


async def get_limit(session: AsyncSession, organization_id: UUID, kind: QuotaKind) -> int | None:
    """The organization's limit, else the installation's; None for no limit."""
    query = select(OrganizationQuota.most).where(
        OrganizationQuota.organization_id == organization_id, OrganizationQuota.kind == kind
    )
    row = (await session.execute(query)).one_or_none()
    return default_limit(kind) if row is None else row[0]


def default_limit(kind: QuotaKind) -> int | None:
    """What holds for organizations without a limit of their own (`CLOUDOPS_QUOTAS`)."""
    return get_settings().quotas.get(kind, DEFAULTS[kind])


async def count_used(session: AsyncSession, organization_id: UUID, kind: QuotaKind) -> int:
    """How much of the kind the organization has, or used in the present period."""
    query = select(func.coalesce(func.sum(OrganizationSpending.amount), 0)).where(
        OrganizationSpending.organization_id == organization_id,
        OrganizationSpending.kind == kind,
        OrganizationSpending.period_on == period_start(kind),
    )
    used = int((await session.execute(query)).scalar_one()) if kind in PERIODS else 0
    for counter in _counters[kind]:
        used += await counter(session, organization_id)
    return used


async def list_quotas(session: AsyncSession, organization_id: UUID) -> list[Quota]:
    """Every kind with its limit and use."""
    return [
        Quota(
            kind=kind,
            limit=await get_limit(session, organization_id, kind),
            used=await count_used(session, organization_id, kind),
            unit=UNITS[kind],
            period=PERIODS.get(kind),
        )
        for kind in KINDS
    ]


async def set_limit(session: AsyncSession, organization_id: UUID, kind: QuotaKind, limit: int | None) -> None:
    """Give an organization a limit of its own; None: no limit."""
    row = insert(OrganizationQuota).values(organization_id=organization_id, id=new_id(), kind=kind, most=limit)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["organization_id", "kind"], set_={"most": row.excluded.most, "updated_at": func.now()}
        )
    )


async def clear_limit(session: AsyncSession, organization_id: UUID, kind: QuotaKind) -> None:
    """Let the installation's limit hold again."""
    await session.execute(
        delete(OrganizationQuota).where(
            OrganizationQuota.organization_id == organization_id, OrganizationQuota.kind == kind
        )
    )


def period_start(kind: QuotaKind) -> date:
    """The first day of the present period, UTC."""
    today = clock.utc_now().date()
    return today.replace(day=1) if PERIODS.get(kind) == "month" else today


def period_bounds(kind: QuotaKind) -> tuple[datetime, datetime]:
    """The present period as instants, the end exclusive."""
    first = period_start(kind)
    days = calendar.monthrange(first.year, first.month)[1] if PERIODS.get(kind) == "month" else 1
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return start, datetime.fromordinal(first.toordinal() + days).replace(tzinfo=UTC)


async def lock_quota(session: AsyncSession, organization_id: UUID, kind: QuotaKind) -> None:
    """One adder of the kind and organization at a time, until the transaction ends."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"quota:{organization_id}:{kind}"}
    )
