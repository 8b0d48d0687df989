"""The 60-second copy of sessions in Redis. Losing, corrupting or forging it may slow us, never let anybody in or out.

An entry carries an HMAC over its key and content; anything else is a miss. A writer who is about to end a session
or change a membership first puts a mark there, which sends readers to PostgreSQL for longer than its transaction
may last. Readers only fill empty places, so a slow one cannot put an old copy over the mark.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from uuid import UUID

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.redis import get_redis, org_key
from app.domains.identity.queries import SessionSnapshot
from app.domains.identity.service.keys import get_key_ring

logger = logging.getLogger(__name__)

COPY_SECONDS = 60
MARK_SECONDS = 120  # longer than a request may last plus a copy's life
_MARK = b"?"
_FAILURES = (RedisError, OSError, TimeoutError)
_background: set[asyncio.Task[None]] = set()


def _session_name(organization_id: UUID, session_id: UUID) -> str:
    return org_key(organization_id, "session", session_id)


def _member_name(organization_id: UUID, user_id: UUID) -> str:
    return org_key(organization_id, "member", user_id)


def revocation_channel(organization_id: UUID) -> str:
    """Where ended sessions are announced, one id a message, for those who hold connections open."""
    return org_key(organization_id, "revocations")


async def read_copy(
    settings: Settings, organization_id: UUID, session_id: UUID, user_id: UUID
) -> tuple[SessionSnapshot | None, bool]:
    """(the copy, whether the places may be filled). Never raises for what Redis does."""
    names = [_session_name(organization_id, session_id), _member_name(organization_id, user_id)]
    try:
        found = await get_redis(settings).mget(names)
    except _FAILURES:
        return None, False  # the client is quick to fail while Redis is away
    if _MARK in found:
        return None, False
    key = await get_key_ring().cache_key()
    contents = [_open(key, name, value) for name, value in zip(names, found, strict=True)]
    forged = [name for name, value, content in zip(names, found, contents, strict=True) if value and content is None]
    if forged:
        logger.warning("a cached session was not ours and is dropped")
        await _quietly(settings, lambda redis: redis.delete(*forged))
    if contents[0] is None or contents[1] is None:
        return None, True
    return _snapshot(contents[0], contents[1]), True


async def write_copy(settings: Settings, organization_id: UUID, session_id: UUID, snapshot: SessionSnapshot) -> None:
    """Fill the empty places of a session and its membership."""
    key = await get_key_ring().cache_key()
    if not key:
        return
    session_part, member_part = _parts(snapshot)
    values = {
        _session_name(organization_id, session_id): session_part,
        _member_name(organization_id, snapshot.user_id): member_part,
    }

    async def fill(redis: Redis) -> None:
        async with redis.pipeline(transaction=False) as pipeline:
            for name, content in values.items():
                pipeline.set(name, _close(key, name, content), ex=COPY_SECONDS, nx=True)
            await pipeline.execute()

    await _quietly(settings, fill)


async def mark_sessions(
    session: AsyncSession, settings: Settings, organization_id: UUID, session_ids: Collection[UUID]
) -> None:
    """Send readers of these sessions to the table from now on, and announce their end after the commit."""
    if not session_ids:
        return
    names = [_session_name(organization_id, session_id) for session_id in session_ids]
    await _mark(settings, names)

    async def announce(redis: Redis) -> None:
        for session_id in session_ids:
            await redis.publish(revocation_channel(organization_id), str(session_id))

    _after_commit(session, lambda: _quietly(settings, announce))


async def mark_member(settings: Settings, organization_id: UUID, user_id: UUID) -> None:
    """Send readers of this membership to the table from now on."""
    await _mark(settings, [_member_name(organization_id, user_id)])


async def _mark(settings: Settings, names: Collection[str]) -> None:
    async def put(redis: Redis) -> None:
        async with redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.set(name, _MARK, ex=MARK_SECONDS)
            await pipeline.execute()

    await _quietly(settings, put)


def _after_commit(session: AsyncSession, work: Callable[[], Awaitable[None]]) -> None:
    def start(_: object) -> None:
        task = asyncio.get_running_loop().create_task(_run(work))
        _background.add(task)
        task.add_done_callback(_background.discard)

    event.listen(session.sync_session, "after_commit", start, once=True)


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _quietly(settings: Settings, work: Callable[..., Awaitable[object]]) -> None:
    with contextlib.suppress(*_FAILURES):
        await work(get_redis(settings))


def _close(key: bytes, name: str, content: bytes) -> bytes:
    return hmac.digest(key, name.encode() + b"\0" + content, hashlib.sha256) + content


def _open(key: bytes, name: str, value: bytes | str | None) -> list[object] | None:
    if value is None or not key:
        return None
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    content = raw[32:]
    if not hmac.compare_digest(hmac.digest(key, name.encode() + b"\0" + content, hashlib.sha256), raw[:32]):
        return None
    found: list[object] = orjson.loads(content)
    return found


def _parts(snapshot: SessionSnapshot) -> tuple[bytes, bytes]:
    session_part = [str(snapshot.user_id), snapshot.ends_at.timestamp(), snapshot.revoked]
    member_part = [snapshot.role, snapshot.membership_version, snapshot.email, snapshot.disabled]
    return orjson.dumps(session_part), orjson.dumps(member_part)


def _snapshot(session_part: list[object], member_part: list[object]) -> SessionSnapshot:
    user_id, ends_at, revoked = session_part
    role, version, email, disabled = member_part
    return SessionSnapshot(
        user_id=UUID(str(user_id)),
        ends_at=datetime.fromtimestamp(float(str(ends_at)), UTC),
        revoked=bool(revoked),
        role=str(role),
        membership_version=int(str(version)),
        email=str(email),
        disabled=bool(disabled),
    )
