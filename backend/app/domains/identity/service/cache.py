"""The 60-second copy of sessions and API keys in Redis.

Losing, corrupting or forging it may slow us, never let anybody in or out.

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
from typing import Any
from uuid import UUID

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.redis import get_redis, org_key
from app.domains.identity.queries import SessionSnapshot
from app.domains.identity.queries.api_keys import KeyPlace, KeySnapshot
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


def _service_name(organization_id: UUID, identity_id: UUID) -> str:
    return org_key(organization_id, "service-identity", identity_id)


def _member_owner_name(organization_id: UUID, user_id: UUID) -> str:
    return org_key(organization_id, "key-owner", user_id)


def _key_name(place: KeyPlace) -> str:
    return org_key(place.organization_id, "api-key", place.key_id)


def _owner_name(place: KeyPlace) -> str:
    name = _service_name if place.is_service else _member_owner_name
    return name(place.organization_id, place.owner_id)


def revocation_channel(organization_id: UUID) -> str:
    """Where ended sessions are announced, one id a message, for those who hold connections open."""
    return org_key(organization_id, "revocations")


async def read_copy(
    settings: Settings, organization_id: UUID, session_id: UUID, user_id: UUID
) -> tuple[SessionSnapshot | None, bool]:
    """(the copy, whether the places may be filled). Never raises for what Redis does."""
    names = [_session_name(organization_id, session_id), _member_name(organization_id, user_id)]
    contents, may_fill = await _read(settings, names)
    return (None if contents is None else _snapshot(*contents)), may_fill


async def write_copy(settings: Settings, organization_id: UUID, session_id: UUID, snapshot: SessionSnapshot) -> None:
    """Fill the empty places of a session and its membership."""
    session_part, member_part = _parts(snapshot)
    values = {
        _session_name(organization_id, session_id): session_part,
        _member_name(organization_id, snapshot.user_id): member_part,
    }
    await _write(settings, values)


async def read_key_copy(settings: Settings, place: KeyPlace) -> tuple[KeySnapshot | None, bool]:
    """Like `read_copy` for an API key: its own part and its owner's."""
    contents, may_fill = await _read(settings, [_key_name(place), _owner_name(place)])
    return (None if contents is None else _key_snapshot(*contents)), may_fill


async def write_key_copy(settings: Settings, place: KeyPlace, snapshot: KeySnapshot) -> None:
    """Fill the empty places of a key and its owner."""
    key_part, owner_part = _key_parts(snapshot)
    await _write(settings, {_key_name(place): key_part, _owner_name(place): owner_part})


async def _read(settings: Settings, names: list[str]) -> tuple[list[list[Any]] | None, bool]:
    """(the contents if all are there and ours, whether the places may be filled)."""
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
        logger.warning("a cached session was not ours and is marked")
        # Not deleted: meanwhile a writer may have put its mark there, and an empty place may be filled.
        await _mark(settings, forged)
        return None, False
    known = [content for content in contents if content is not None]
    return (known if len(known) == len(names) else None), True


async def _write(settings: Settings, values: dict[str, bytes]) -> None:
    key = await get_key_ring().cache_key()
    if not key:
        return

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
    """Send readers of this membership, by session or by API key, to the table from now on."""
    await mark_members(settings, organization_id, [user_id])


async def mark_changed(settings: Settings, organization_id: UUID, user_id: UUID, session_ids: Collection[UUID]) -> None:
    """Send readers of a member's sessions to the table from now on; the sessions go on."""
    names = [_session_name(organization_id, session_id) for session_id in session_ids]
    await _mark(settings, [_member_name(organization_id, user_id), *names])


async def mark_members(settings: Settings, organization_id: UUID, user_ids: Collection[UUID]) -> None:
    """Like `mark_member` for many."""
    names = [name(organization_id, user_id) for user_id in user_ids for name in (_member_name, _member_owner_name)]
    if names:
        await _mark(settings, names)


async def mark_service_identities(settings: Settings, organization_id: UUID, ids: Collection[UUID]) -> None:
    """Send readers of these service identities, with all their keys, to the table from now on."""
    if ids:
        await _mark(settings, [_service_name(organization_id, one) for one in ids])


async def mark_keys(settings: Settings, organization_id: UUID, key_ids: Collection[UUID]) -> None:
    """Send readers of these API keys to the table from now on."""
    if key_ids:
        await _mark(settings, [org_key(organization_id, "api-key", key_id) for key_id in key_ids])


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
    until = int(clock.utc_now().timestamp()) + COPY_SECONDS
    dated = until.to_bytes(8, "big") + content
    return hmac.digest(key, name.encode() + b"\0" + dated, hashlib.sha256) + dated


def _open(key: bytes, name: str, value: bytes | str | None) -> list[Any] | None:
    """The content, where it is ours and fresh: the time is inside, so that an old copy put back is none."""
    if value is None or not key:
        return None
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    dated = raw[32:]
    if not hmac.compare_digest(hmac.digest(key, name.encode() + b"\0" + dated, hashlib.sha256), raw[:32]):
        return None
    if int.from_bytes(dated[:8], "big") < clock.utc_now().timestamp():
        return None
    found: list[Any] = orjson.loads(dated[8:])
    return found


def _parts(snapshot: SessionSnapshot) -> tuple[bytes, bytes]:
    due_at = snapshot.factor_due_at
    session_part = [
        str(snapshot.user_id),
        snapshot.ends_at.timestamp(),
        snapshot.revoked,
        snapshot.has_factor,
        snapshot.proved_factor,
        None if due_at is None else due_at.timestamp(),
    ]
    member_part = [
        snapshot.role,
        snapshot.membership_version,
        snapshot.email,
        snapshot.disabled,
        snapshot.custom_permissions,
        snapshot.scope,
        snapshot.organization_deleted,
    ]
    return orjson.dumps(session_part), orjson.dumps(member_part)


def _snapshot(session_part: list[Any], member_part: list[Any]) -> SessionSnapshot:
    user_id, ends_at, revoked, has_factor, proved_factor, due_at = session_part
    role, version, email, disabled, custom, scope, deleted = member_part
    return SessionSnapshot(
        user_id=UUID(user_id),
        ends_at=datetime.fromtimestamp(ends_at, UTC),
        revoked=bool(revoked),
        role=str(role),
        membership_version=int(version),
        email=str(email),
        disabled=bool(disabled),
        custom_permissions=None if custom is None else tuple(custom),
        scope=scope,
        has_factor=bool(has_factor),
        proved_factor=bool(proved_factor),
        factor_due_at=None if due_at is None else datetime.fromtimestamp(due_at, UTC),
        organization_deleted=bool(deleted),
    )


def _key_parts(snapshot: KeySnapshot) -> tuple[bytes, bytes]:
    key_part = [
        snapshot.name,
        snapshot.ends_at.timestamp(),
        snapshot.revoked,
        snapshot.permissions,
        snapshot.addresses,
        snapshot.scope,
    ]
    owner_part = [
        snapshot.owner_role,
        snapshot.owner_version,
        snapshot.owner_name,
        snapshot.owner_disabled,
        snapshot.owner_permissions,
        snapshot.owner_scope,
    ]
    return orjson.dumps(key_part), orjson.dumps(owner_part)


def _key_snapshot(key_part: list[Any], owner_part: list[Any]) -> KeySnapshot:
    name, ends_at, revoked, permissions, addresses, scope = key_part
    role, version, owner_name, disabled, custom, owner_scope = owner_part
    return KeySnapshot(
        name=str(name),
        ends_at=datetime.fromtimestamp(ends_at, UTC),
        revoked=bool(revoked),
        permissions=tuple(permissions),
        addresses=tuple(addresses),
        scope=scope,
        owner_role=str(role),
        owner_version=int(version),
        owner_name=str(owner_name),
        owner_disabled=bool(disabled),
        owner_permissions=None if custom is None else tuple(custom),
        owner_scope=owner_scope,
    )
