"""Delays after failed sign-ins, kept in PostgreSQL so that neither a restart nor a flush forgives them.

A try is counted as a failure before the password is looked at and taken back when it was right: that way fifty
tries at once are fifty tries. Everything here has its own short transaction, because a refused request rolls back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.database import directory_session, get_database
from app.core.directory import directory_hash
from app.core.errors import RateLimited
from app.domains.identity.models import LoginThrottle
from app.domains.identity.rules import THROTTLES, count_failure, network_of, normalise_email

KEPT = timedelta(days=2)
_BLOCKED = """
    SELECT max(blocked_until) AS until FROM login_throttles
    WHERE (kind = 'name' AND hash = $1) OR (kind = 'network' AND hash = $2) OR (kind = 'overall' AND hash = $3)
"""


def _places(login: str, client_address: str) -> dict[str, bytes]:
    """Hashes by kind, in the order in which rows are locked."""
    values = {"name": normalise_email(login), "network": network_of(client_address), "overall": ""}
    return {kind: directory_hash(f"throttle:{kind}", value) for kind, value in values.items()}


def factor_name(user_id: UUID) -> str:
    """The name under which tries of a person's second factor count: apart from the password's."""
    return f"factor:{user_id}"


async def begin_attempt(login: str, client_address: str) -> None:
    """Count a try. Raises RateLimited while the name, its network or the whole installation has to wait."""
    now = clock.utc_now()
    places = _places(login, client_address)
    # A flood ends here, by one read that locks and writes nothing. Only the statement below admits.
    (found,) = await get_database().reads.fetch(None, _BLOCKED, [*places.values()])
    _refuse(found["until"], now)
    async with directory_session() as session:
        # One statement in one order for everybody: it takes the row locks without a deadlock.
        unknown = {"failures": 0, "blocked_until": now, "updated_at": now}
        wanted = [{"kind": kind, "hash": place} | unknown for kind, place in places.items()]
        locked = insert(LoginThrottle).values(wanted)
        locked_rows = await session.execute(
            locked.on_conflict_do_update(
                index_elements=["kind", "hash"], set_={"failures": LoginThrottle.failures}
            ).returning(
                LoginThrottle.kind, LoginThrottle.failures, LoginThrottle.blocked_until, LoginThrottle.updated_at
            )
        )
        rows = {row.kind: row for row in locked_rows.all()}
        until = max(row.blocked_until for row in rows.values())
        if until <= now:
            await session.execute(_counted(places, rows, now))
    _refuse(until, now)


def _counted(places: Mapping[str, bytes], rows: Mapping[str, Any], now: datetime) -> Insert:
    """One more failure at each place, in one statement; the rows are there and locked."""
    counted = []
    for policy in THROTTLES:
        row = rows[policy.kind]
        failures, delay = count_failure(policy, row.failures, now - row.updated_at)
        values = {"failures": failures, "blocked_until": now + delay, "updated_at": now}
        counted.append({"kind": policy.kind, "hash": places[policy.kind]} | values)
    statement = insert(LoginThrottle).values(counted)
    changed = {name: statement.excluded[name] for name in ("failures", "blocked_until", "updated_at")}
    return statement.on_conflict_do_update(index_elements=["kind", "hash"], set_=changed)


def _refuse(until: datetime | None, now: datetime) -> None:
    """Raises RateLimited where the end of a wait is still ahead."""
    if until is not None and until > now:
        raise RateLimited(int((until - now).total_seconds()) + 1, "Too many attempts. Wait a moment, then try again.")


async def count_try(secret: str, most: int) -> bool:
    """Count a try against one secret of ours (a token between password and factor); False after `most` of them."""
    statement = insert(LoginThrottle).values(
        kind="token",
        hash=directory_hash("throttle:token", secret),
        failures=1,
        blocked_until=clock.utc_now(),
        updated_at=clock.utc_now(),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "hash"], set_={"failures": LoginThrottle.failures + 1}
    )
    async with directory_session() as session:
        return float((await session.execute(statement.returning(LoginThrottle.failures))).scalar_one()) <= most


async def forgive_attempt(login: str, client_address: str) -> None:
    """Take a try back that was right: the name starts afresh, its network and the installation lose this one only."""
    places = _places(login, client_address)
    async with directory_session() as session:
        await session.execute(
            delete(LoginThrottle).where(LoginThrottle.kind == "name", LoginThrottle.hash == places["name"])
        )
        for kind in ("network", "overall"):
            await session.execute(
                update(LoginThrottle)
                .where(LoginThrottle.kind == kind, LoginThrottle.hash == places[kind])
                .values(failures=func.greatest(LoginThrottle.failures - 1, 0), blocked_until=LoginThrottle.updated_at)
            )


async def forget_old_attempts(session: AsyncSession) -> None:
    """Remove counters that nobody added to for two days; by then they are zero."""
    await session.execute(delete(LoginThrottle).where(LoginThrottle.updated_at < clock.utc_now() - KEPT))
