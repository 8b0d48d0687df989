"""One signed-in WebSocket: what it follows, what it has been sent, when it must end."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any

import orjson
from fastapi import WebSocket, WebSocketDisconnect

from app.core.database import tenant_session
from app.core.errors import AppError, Forbidden, Unauthenticated
from app.core.http import Caller
from app.core.stream import (
    RIGHTS_CHANGED,
    OrganizationReader,
    Position,
    PositionGone,
    StreamedEvent,
    check_position,
    read_events,
)

logger = logging.getLogger(__name__)

TOPIC_PERMISSIONS = {
    "alerts": "alerts:read",
    "jobs": "jobs:read",
    "compliance": "compliance:read",
    "costs": "costs:read",
    "inventory": "inventory:read",
}
MAX_MESSAGE_BYTES = 64 * 1024
MAX_QUEUED = 256
MAX_REPLAYED = 10_000  # beyond, the client is told to ask for everything anew
MAX_MESSAGES, MESSAGES_SECONDS = 100, 10.0
RECHECK_SECONDS = 60.0
SEND_SECONDS = 10.0
HOLD_SECONDS = 0.25  # a resume that follows the subscription at once must come before the first live event
REFUSED, TRY_LATER = 1008, 1013

Authenticate = Callable[[str], Awaitable[Caller]]


class Close(Exception):
    """Ends the connection with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """Sends the subscribed events in order, none missing and none twice, from where the client wants to begin."""

    def __init__(
        self, socket: WebSocket, caller: Caller, token: str, authenticate: Authenticate, reader: OrganizationReader
    ) -> None:
        self._socket = socket
        self._caller = caller
        self._token = token
        self._authenticate = authenticate
        self._reader = reader
        self._since: dict[str, tuple[int, int]] = {}  # topic → place of the stream when it was subscribed
        self._sent = reader.head  # all subscribed events up to here have been sent
        self._resume_after: Position | None = None
        self._is_live = False  # events come by the queue; else they are being read from the table
        self._queue: asyncio.Queue[StreamedEvent | None] = asyncio.Queue()  # None: go and read the table
        self._has_begun = asyncio.Event()
        self._resume_came = asyncio.Event()
        self._resume_checked = asyncio.Event()
        self._must_recheck = asyncio.Event()
        self._is_too_slow = asyncio.Event()
        self._send_lock = asyncio.Lock()
        self._received_at: deque[float] = deque(maxlen=MAX_MESSAGES)

    async def run(self) -> None:
        """Serve until the client leaves. Raises Close for every other end."""
        self._reader.listeners.add(self)
        parts = [
            asyncio.create_task(part) for part in (self._receive(), self._pump(), self._recheck(), self._watch_queue())
        ]
        try:
            await self._send({"type": "ready", "topics": sorted(self._allowed_topics())})
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        except WebSocketDisconnect:
            return
        finally:
            self._reader.listeners.discard(self)
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    def deliver(self, found: StreamedEvent) -> None:
        """Take an event from the reader; never waits."""
        if found.topic is None:
            if found.name in RIGHTS_CHANGED and self._is_concerned(found):
                self._must_recheck.set()
            return
        if not self._is_live or found.topic not in self._since:
            return
        if self._queue.qsize() >= MAX_QUEUED:
            self._is_live = False
            self._is_too_slow.set()
            return
        self._queue.put_nowait(found)

    def _is_concerned(self, found: StreamedEvent) -> bool:
        """Whether the fact may have changed what this caller may do; a role's change may concern anybody."""
        mine = {str(self._caller.user_id), str(self._caller.attributes.get("owner_id"))}
        named = {found.payload.get(name) for name in ("user_id", "api_key_id", "service_identity_id")} - {None}
        return not named or bool(named & mine)

    async def _watch_queue(self) -> None:
        await self._is_too_slow.wait()
        raise Close(TRY_LATER, "too slow")

    async def _receive(self) -> None:
        while True:
            message = read_message(await self._socket.receive())
            self._count_message()
            match message.get("type"):
                case "auth":
                    await self._renew(message.get("token"))
                case "subscribe":
                    await self._subscribe(_topics_in(message))
                case "unsubscribe":
                    for topic in _topics_in(message):
                        self._since.pop(topic, None)
                    await self._send({"type": "subscribed", "topics": sorted(self._since)})
                case "resume":
                    self._resume_came.set()
                    await self._resume(message.get("after"))
                    self._resume_checked.set()
                case "ping":
                    await self._send({"type": "pong"})
                case _:
                    raise Close(REFUSED, "unknown message")

    def _count_message(self) -> None:
        now = time.monotonic()
        if len(self._received_at) == MAX_MESSAGES and now - self._received_at[0] < MESSAGES_SECONDS:
            raise Close(REFUSED, "too many messages")
        self._received_at.append(now)

    async def _subscribe(self, topics: list[str]) -> None:
        granted = [topic for topic in topics if topic in self._allowed_topics()]
        if granted and not self._has_begun.is_set():
            self._sent = self._reader.head
        for topic in granted:
            self._since.setdefault(topic, self._reader.head.order)
        if granted:
            self._has_begun.set()
        refused = sorted(set(topics) - set(granted))
        await self._send({"type": "subscribed", "topics": sorted(self._since), "refused": refused})

    async def _resume(self, after: Any) -> None:
        try:
            place = Position.decode(after)
        except ValueError:
            raise Close(REFUSED, "unknown event id") from None
        try:
            async with tenant_session(self._caller.organization_id) as session:
                await check_position(session, place)
        except PositionGone:
            await self._send({"type": "gap"})
            return
        self._resume_after = place
        self._is_live = False
        self._queue.put_nowait(None)

    async def _pump(self) -> None:
        await self._has_begun.wait()
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                await self._resume_came.wait()
            await self._resume_checked.wait()  # however long the database takes
        except TimeoutError:
            pass
        while True:
            await self._catch_up()
            while self._is_live or not self._queue.empty():
                found = await self._queue.get()
                if found is not None and found.topic in self._since:
                    await self._send_event(found)
                    self._sent = found.position

    async def _catch_up(self) -> None:
        """Send what the table has, then go over to the queue at the very event where the table ends."""
        is_resuming = self._resume_after is not None
        place, self._resume_after = self._resume_after or self._sent, None
        already_until = self._sent.order
        count = 0
        while True:
            head = self._reader.head
            async with tenant_session(self._caller.organization_id) as session:
                found, _ = await read_events(session, self._caller.organization_id, place)
            for one in found:
                place = one.position
                if self._is_wanted(one, already_until, is_resuming=is_resuming):
                    await self._send_event(one)
                    self._sent = max(self._sent, one.position)
            count += len(found)
            if self._has_new_start():
                return
            if count > MAX_REPLAYED:
                await self._send({"type": "gap"})
                place, self._sent, count = self._reader.head, self._reader.head, 0
            # Whatever the reader had handed out before our reading began, we would have found.
            elif not found and self._reader.head is head:
                self._is_live = True
                return

    def _has_new_start(self) -> bool:
        return self._resume_after is not None

    def _is_wanted(self, found: StreamedEvent, already_until: tuple[int, int], *, is_resuming: bool) -> bool:
        since = self._since.get(found.topic or "")
        if since is None:
            return False
        order = found.position.order
        return is_resuming if order <= since else order > already_until

    async def _recheck(self) -> None:
        while True:
            try:
                async with asyncio.timeout(RECHECK_SECONDS):
                    await self._must_recheck.wait()
            except TimeoutError:
                pass
            self._must_recheck.clear()
            try:
                await self._admit(self._token)
            except (Unauthenticated, Forbidden):
                raise Close(REFUSED, "signed out") from None
            except Exception as error:  # a dependency is away: asked again in a minute  # noqa: BLE001
                logger.warning("a live connection's token could not be checked: %s", error)

    async def _renew(self, token: Any) -> None:
        try:
            await self._admit(token)
        except AppError:
            raise Close(REFUSED, "not signed in") from None
        self._token = token
        await self._send({"type": "ready", "topics": sorted(self._allowed_topics())})

    async def _admit(self, token: Any) -> None:
        if not isinstance(token, str):
            raise Unauthenticated
        caller = await self._authenticate(token)
        before = self._caller
        if (caller.user_id, caller.organization_id) != (before.user_id, before.organization_id):
            raise Unauthenticated
        self._caller = caller
        lost = sorted(self._since.keys() - self._allowed_topics())
        for topic in lost:
            del self._since[topic]
        if lost:
            await self._send({"type": "subscribed", "topics": sorted(self._since), "refused": lost})

    def _allowed_topics(self) -> set[str]:
        return {topic for topic, permission in TOPIC_PERMISSIONS.items() if self._caller.can(permission)}

    async def _send_event(self, found: StreamedEvent) -> None:
        await self._send(
            {
                "type": found.name,
                "topic": found.topic,
                "id": found.position.encode(),
                "at": found.at.astimezone(UTC),
                # Of part of the organization one learns that something happened, and asks the lists what one may see.
                "data": found.payload if self._caller.scope is None else {},
            }
        )

    async def _send(self, message: dict[str, Any]) -> None:
        text = orjson.dumps(message, option=orjson.OPT_UTC_Z).decode()
        try:
            async with asyncio.timeout(SEND_SECONDS), self._send_lock:
                await self._socket.send_text(text)
        except TimeoutError:
            raise Close(TRY_LATER, "too slow") from None


def read_message(received: Any) -> dict[str, Any]:
    """The JSON object of a text frame. Raises Close for anything else, WebSocketDisconnect at the end."""
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1005))
    text = received.get("text")
    if not isinstance(text, str):
        raise Close(REFUSED, "text frames only")
    if len(text) > MAX_MESSAGE_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise Close(REFUSED, "message too large")
    try:
        message = orjson.loads(text)
    except ValueError:
        raise Close(REFUSED, "not JSON") from None
    if not isinstance(message, dict):
        raise Close(REFUSED, "not a JSON object")
    return message


def _topics_in(message: dict[str, Any]) -> list[str]:
    topics = message.get("topics")
    if not isinstance(topics, list) or len(topics) > 20 or not all(isinstance(topic, str) for topic in topics):
        raise Close(REFUSED, "topics must be a list of names")
    return topics
