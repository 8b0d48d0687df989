"""Reading the event table from a position, missing and doubling nothing while transactions interleave.

The order is (transaction id, position), and only events of transactions older than every running one are read: a later
commit can then only add events behind those already read. Positions alone would not do: they are given out before the
commit, so a lower one can become visible after a higher one. The price is that events wait while an older writing
transaction is open anywhere in the database; keep those short.
"""

import asyncio
import base64
import binascii
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg
from redis.exceptions import RedisError
from sqlalchemy import event, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.core.database import tenant_session
from app.core.events import EventRow
from app.core.redis import get_redis, org_key

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
RESUMABLE = timedelta(days=7) - timedelta(hours=1)  # events are kept for seven days, see core/tasks/retention.py
PAGE = 500
# Facts without a topic that live connections act on: the person's rights are looked at again at once.
RIGHTS_CHANGED = (
    "session.revoked", "session.refresh_reused", "password.changed", "member.changed", "member.removed",
    "role.changed", "api_key.revoked", "service_identity.changed", "service_identity.deleted",
)  # fmt: skip
_SHORTEST_LOOK_SECONDS = 0.03
_LARGEST = 2**63 - 1


class Position(NamedTuple):
    """A place in the order of events; `at` (Unix seconds) only tells whether the place is still kept."""

    transaction_id: int
    position: int
    at: int

    @property
    def order(self) -> tuple[int, int]:
        """What two places are compared by."""
        return (self.transaction_id, self.position)

    def encode(self) -> str:
        """The opaque id that clients see."""
        return base64.urlsafe_b64encode(":".join(map(str, self)).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str) -> "Position":
        """Raises ValueError for what is not an id of ours."""
        if not isinstance(token, str) or len(token) > 100:
            raise ValueError("not an event id")
        try:
            parts = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
            made = cls(*(int(part) for part in parts.split(":")))
        except (binascii.Error, UnicodeError, TypeError) as error:
            raise ValueError("not an event id") from error
        if not all(0 <= part <= _LARGEST for part in made):
            raise ValueError("not an event id")
        return made


@dataclass(frozen=True)
class StreamedEvent:
    """One event as listeners get it."""

    position: Position
    name: str
    topic: str | None
    at: datetime
    payload: dict[str, Any]


class PositionGone(Exception):
    """The events after this place are not all kept any more, or it is of another database: the listener starts anew."""


async def read_head(session: AsyncSession) -> Position:
    """The place up to which everything is settled; reading on from here gives what comes after."""
    row = (await session.execute(text("SELECT txid_snapshot_xmin(txid_current_snapshot()) - 1"))).scalar_one()
    return Position(row, _LARGEST, int(time.time()))


async def read_events(
    session: AsyncSession, organization_id: UUID, after: Position, limit: int = PAGE
) -> tuple[list[StreamedEvent], bool]:
    """The settled events after a place, and whether events wait behind them that are not settled yet."""
    rows = await session.execute(
        select(
            EventRow.transaction_id,
            EventRow.position,
            EventRow.name,
            EventRow.topic,
            EventRow.at,
            EventRow.payload,
            (EventRow.transaction_id < func.txid_snapshot_xmin(func.txid_current_snapshot())).label("is_settled"),
        )
        .where(
            EventRow.organization_id == organization_id,
            or_(EventRow.topic.is_not(None), EventRow.name.in_(RIGHTS_CHANGED)),
            tuple_(EventRow.transaction_id, EventRow.position) > tuple_(after.transaction_id, after.position),
        )
        .order_by(EventRow.transaction_id, EventRow.position)
        .limit(limit)
    )
    settled: list[StreamedEvent] = []
    for row in rows:
        if not row.is_settled:
            return settled, True
        place = Position(row.transaction_id, row.position, int(row.at.timestamp()))
        settled.append(StreamedEvent(place, row.name, row.topic, row.at, row.payload))
    return settled, False


async def check_position(session: AsyncSession, place: Position) -> None:
    """Raise PositionGone for a place that is too old, or that this database has not reached (it was restored)."""
    if datetime.now(UTC).timestamp() - place.at > RESUMABLE.total_seconds():
        raise PositionGone
    newest = (await session.execute(text("SELECT txid_snapshot_xmax(txid_current_snapshot())"))).scalar_one()
    if place.transaction_id >= newest:
        raise PositionGone


async def rebase_events(connection: asyncpg.Connection) -> None:
    """After a restore: where the server's transaction ids are lower than the events', put all of these before them.

    Otherwise no reader would get an event until the server's ids have come so far. Readers of before start anew: their
    places are not reached here. Needs a role that sees every row.
    """
    await connection.execute(
        "UPDATE events SET transaction_id = 0 WHERE (SELECT max(transaction_id) FROM events) >= txid_current()"
    )


_settings: Settings | None = None
_sending: set[asyncio.Task[None]] = set()  # keeps the tasks alive
_wakes: dict[UUID, set[asyncio.Event]] = {}  # of the readers in this process


def send_hints_through(settings: Settings | None) -> None:
    """Whose Redis carries the hints; without a call, that of the process's settings."""
    global _settings
    _settings = settings


@event.listens_for(Session, "after_commit")
def _send_hints(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for organization_id in session.info.pop("event_hints", ()):
        hint(organization_id)


@event.listens_for(Session, "after_rollback")
def _drop_hints(session: Session) -> None:
    session.info.pop("event_hints", None)


def hint(organization_id: UUID) -> None:
    """Let the organization's readers, here and in other processes, look at the table now. Loses nothing if lost."""
    for wake in _wakes.get(organization_id, ()):
        wake.set()
    try:
        sending = asyncio.get_running_loop().create_task(_publish_hint(organization_id))
    except RuntimeError:  # no loop: a synchronous session
        return
    _sending.add(sending)
    sending.add_done_callback(_sending.discard)


async def _publish_hint(organization_id: UUID) -> None:
    try:
        await get_redis(_settings).publish(org_key(organization_id, "events"), b"")
    except RedisError as error:
        logger.debug("no hint sent: %s", error)


class Listener(Protocol):
    """What a reader hands events to; must not block."""

    def deliver(self, found: StreamedEvent) -> None: ...


class OrganizationReader:
    """The one reader of an organization's events in this process, shared by its listeners."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self.head = Position(0, 0, 0)  # the last event handed out; listeners attach when they have come this far
        self.listeners: set[Listener] = set()
        self.wake = asyncio.Event()
        self.users = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin at the present end of the stream."""
        async with tenant_session(self.organization_id) as session:
            self.head = await read_head(session)
        _wakes.setdefault(self.organization_id, set()).add(self.wake)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End the reading."""
        wakes = _wakes.get(self.organization_id, set())
        wakes.discard(self.wake)
        if not wakes:
            _wakes.pop(self.organization_id, None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=5)

    async def _follow(self) -> None:
        unsettled_seconds = _SHORTEST_LOOK_SECONDS
        while True:
            pause = POLL_SECONDS
            try:
                self.wake.clear()
                found, is_unsettled = await self._read()
                if len(found) == PAGE:
                    pause = 0.0
                elif is_unsettled:  # an event is there whose order is not certain yet: look again soon
                    unsettled_seconds = _SHORTEST_LOOK_SECONDS if found else min(unsettled_seconds * 2, 0.5)
                    pause = unsettled_seconds
                else:
                    unsettled_seconds = _SHORTEST_LOOK_SECONDS
            except Exception as error:  # the database may be away  # noqa: BLE001
                logger.warning("events cannot be read: %s", error)
                pause = 1.0
            try:
                async with asyncio.timeout(pause):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def _read(self) -> tuple[list[StreamedEvent], bool]:
        async with tenant_session(self.organization_id) as session:
            found, is_unsettled = await read_events(session, self.organization_id, self.head)
        for one in found:  # no await from here to the end: listeners compare themselves with `head`
            for listener in tuple(self.listeners):
                listener.deliver(one)
            self.head = one.position
        return found, is_unsettled


class EventHub:
    """The readers of this process, one an organization while somebody listens, and the ear for hints."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readers: dict[UUID, OrganizationReader] = {}
        self._lock = asyncio.Lock()
        self._ear: asyncio.Task[None] | None = None

    async def join(self, organization_id: UUID) -> OrganizationReader:
        """The organization's reader, started if need be; pair with `leave`."""
        async with self._lock:
            reader = self._readers.get(organization_id)
            if reader is None:
                reader = OrganizationReader(organization_id)
                await reader.start()
                self._readers[organization_id] = reader
            reader.users += 1
            if self._ear is None:
                self._ear = asyncio.create_task(self._hear())
            return reader

    async def leave(self, reader: OrganizationReader) -> None:
        """Stop the reader when nobody uses it any more."""
        async with self._lock:
            reader.users -= 1
            if reader.users == 0:
                self._readers.pop(reader.organization_id, None)
                await reader.stop()

    async def _hear(self) -> None:
        """Ends by itself soon after the last reader: a cancellation can get lost in the client's connecting."""
        while self._readers:
            try:
                await self._hear_until_broken()
            except Exception as error:  # Redis may be away; the readers poll meanwhile  # noqa: BLE001
                logger.debug("no hints heard: %s", error)
                await asyncio.sleep(POLL_SECONDS)
        self._ear = None

    async def _hear_until_broken(self) -> None:
        channels: dict[str, UUID] = {}
        async with get_redis(self._settings).pubsub() as ear:
            while self._readers:
                wanted = {org_key(organization_id, "events"): organization_id for organization_id in self._readers}
                if new := wanted.keys() - channels.keys():
                    await ear.subscribe(*new)
                if gone := channels.keys() - wanted.keys():
                    await ear.unsubscribe(*gone)
                channels = wanted
                message = await ear.get_message(ignore_subscribe_messages=True, timeout=0.5)
                if message is not None and message["type"] == "message":
                    reader = self._readers.get(channels.get(message["channel"].decode(), UUID(int=0)))
                    if reader is not None:
                        reader.wake.set()
