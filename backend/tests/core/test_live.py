"""The WebSocket, over a real server: who may connect, what is sent, and resuming."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
import uvicorn
from app.core import live, live_connection, stream
from app.core.config import Settings
from app.core.database import Database, tenant_session
from app.core.embedded.valkey import EmbeddedValkey
from app.core.errors import Unauthenticated
from app.core.events import Event, publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.live_connection import TOPIC_PERMISSIONS
from app.core.redis import close_redis, get_redis
from app.core.stream import Position, check_position
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

ALL_TOPICS = sorted(TOPIC_PERMISSIONS)


@dataclass(frozen=True, kw_only=True)
class Fired(Event):
    name: ClassVar[str] = "alert.fired"
    topic: ClassVar[str | None] = "alerts"
    number: int


@dataclass(frozen=True, kw_only=True)
class Imported(Event):
    name: ClassVar[str] = "costs.imported"
    topic: ClassVar[str | None] = "costs"
    number: int


@dataclass(frozen=True, kw_only=True)
class Revoked(Event):
    name: ClassVar[str] = "session.revoked"
    user_id: UUID


class Tokens:
    """Stands in for identity: a token is known until it is taken away."""

    def __init__(self) -> None:
        self.callers: dict[str, Caller] = {}
        self.seen: list[tuple[str, str]] = []

    def give(self, token: str, organization_id: UUID, *permissions: str, user_id: UUID | None = None) -> None:
        self.callers[token] = Caller(
            user_id=user_id or organization_id,
            organization_id=organization_id,
            email="a@example.org",
            role="custom",
            permissions=frozenset(permissions or TOPIC_PERMISSIONS.values()),
        )

    async def authenticate(self, token: str, *, client_address: str = "", user_agent: str = "") -> Caller:
        self.seen.append((client_address, user_agent))
        if token not in self.callers:
            raise Unauthenticated
        return self.callers[token]


class Server:
    """The application on a port of its own."""

    def __init__(self, settings: Settings) -> None:
        self.tokens = Tokens()
        self.app = FastAPI()
        self.app.include_router(live.router, prefix="/api/v1")
        self.app.include_router(live.router)
        self.app.state.settings = settings
        self.app.state.authenticate_token = self.tokens.authenticate
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.app,
                port=0,
                log_level="error",
                lifespan="off",
                ws="websockets-sansio",
                ws_per_message_deflate=False,
            )
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Server":
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110  # uvicorn has only this flag
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task

    def open(self, **options: Any) -> connect:
        # Without a bound on what it keeps, the client can close at once while events still arrive.
        return connect(f"ws://{self.address}/ws", compression=None, max_queue=None, **options)

    @contextlib.asynccontextmanager
    async def signed_in(self, who: str = "good") -> AsyncIterator[ClientConnection]:
        async with self.open() as socket:
            await say(socket, type="auth", token=who)
            assert (await hear(socket))["type"] == "ready"
            yield socket


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
async def server(database: Database, organization_id: UUID, valkey: EmbeddedValkey) -> AsyncIterator[Server]:
    settings = Settings(
        redis_url=SecretStr(valkey.url),
        public_url="https://cloudops.example.org",
        allowed_origins=("https://other.example.org",),
        data_dir=Path("unused"),
    )
    stream.send_hints_through(settings)
    async with Server(settings) as running:
        running.tokens.give("good", organization_id)
        yield running
    stream.send_hints_through(None)
    await close_redis()


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection, seconds: float = 20) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        message: dict[str, Any] = json.loads(await socket.recv())
        return message


async def hear_type(socket: ClientConnection, wanted: str) -> dict[str, Any]:
    while True:
        message = await hear(socket)
        if message["type"] == wanted:
            return message


async def close_code(socket: ClientConnection, seconds: float = 15) -> int:
    async with asyncio.timeout(seconds):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code or 0


async def fire(organization_id: UUID, number: int) -> None:
    async with tenant_session(organization_id) as session:
        await publish(session, Fired(organization_id=organization_id, number=number))


async def test_a_forged_token_in_the_first_message_is_closed_with_1008(server: Server) -> None:
    async with server.open() as socket:
        await say(socket, type="auth", token="forged")
        assert await close_code(socket) == 1008


@pytest.mark.parametrize(
    "first",
    ["{", "[]", '"x"', '{"type":"subscribe","topics":["alerts"]}', '{"type":"auth"}', '{"type":"auth","token":5}'],
)
async def test_another_first_message_is_closed_with_1008(server: Server, first: str) -> None:
    async with server.open() as socket:
        await socket.send(first)
        assert await close_code(socket) == 1008


async def test_a_late_first_message_is_closed_with_1008(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "AUTH_SECONDS", 0.3)
    async with server.open() as socket:
        started = time.monotonic()
        assert await close_code(socket) == 1008
        assert time.monotonic() - started < 3


async def test_the_token_may_come_as_subprotocol(server: Server) -> None:
    async with server.open(subprotocols=[Subprotocol("bearer.good")]) as socket:
        assert (await hear(socket))["type"] == "ready"
        assert socket.subprotocol == "bearer.good"
    async with server.open(subprotocols=[Subprotocol("cloudops"), Subprotocol("bearer.good")]) as socket:
        assert socket.subprotocol == "cloudops"  # the token is not repeated where there is a choice


async def test_a_forged_subprotocol_is_401_before_the_upgrade(server: Server) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await server.open(subprotocols=[Subprotocol("bearer.forged")])
    assert caught.value.response.status_code == 401
    assert json.loads(caught.value.response.body or b"")["type"].endswith("/unauthenticated")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "https://cloudops.example.org.evil.example", "http://cloudops.example.org", "x"],
)
async def test_a_foreign_origin_is_403_before_the_upgrade(server: Server, origin: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await server.open(origin=Origin(origin), subprotocols=[Subprotocol("bearer.good")])
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["https://cloudops.example.org", "https://other.example.org", "own"])
async def test_our_own_origins_may_connect(server: Server, origin: str) -> None:
    origin = f"http://{server.address}" if origin == "own" else origin
    async with server.open(origin=Origin(origin), subprotocols=[Subprotocol("bearer.good")]) as socket:
        assert (await hear(socket))["type"] == "ready"


async def test_events_have_the_shape_of_the_contract_and_come_at_once(server: Server, organization_id: UUID) -> None:
    async with server.signed_in() as socket:
        await say(socket, type="subscribe", topics=["alerts"])
        await hear_type(socket, "subscribed")
        await asyncio.sleep(0.8)
        await fire(organization_id, 7)
        found = await hear_type(socket, "alert.fired")
    assert found.keys() == {"type", "topic", "id", "at", "data"}
    assert found["topic"] == "alerts"
    assert found["data"] == {"number": 7}
    assert found["at"].endswith("Z")
    Position.decode(found["id"])


async def test_only_permitted_and_subscribed_topics_are_sent(server: Server, organization_id: UUID) -> None:
    server.tokens.give("narrow", organization_id, "costs:read", "alerts:read")
    async with server.signed_in("narrow") as socket:
        await say(socket, type="subscribe", topics=["costs", "jobs", "nonsense"])
        answer = await hear_type(socket, "subscribed")
        assert (answer["topics"], answer["refused"]) == (["costs"], ["jobs", "nonsense"])
        await fire(organization_id, 1)
        other = new_id()
        async with tenant_session(other) as session:
            await publish(session, Imported(organization_id=other, number=2))
        async with tenant_session(organization_id) as session:
            await publish(session, Imported(organization_id=organization_id, number=3))
        assert (await hear(socket))["data"] == {"number": 3}


@pytest.mark.parametrize(
    "message",
    ["{", '{"type":"dance"}', '{"type":"subscribe","topics":"alerts"}', '{"type":"resume","after":"x"}', "x" * 70_000],
)
async def test_a_bad_frame_is_closed_with_1008(server: Server, message: str) -> None:
    async with server.signed_in() as socket:
        await socket.send(message)
        assert await close_code(socket) == 1008


async def test_a_binary_frame_is_closed_with_1008(server: Server) -> None:
    async with server.signed_in() as socket:
        await socket.send(b"{}")
        assert await close_code(socket) == 1008


async def test_a_person_has_at_most_twenty_connections(server: Server) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(server.signed_in())
        async with server.open() as socket:
            await say(socket, type="auth", token="good")
            assert await close_code(socket) == 1008
    await asyncio.sleep(0.3)
    async with server.signed_in():
        pass


async def test_a_revoked_session_is_closed_at_once(server: Server, organization_id: UUID) -> None:
    async with server.signed_in() as socket:
        del server.tokens.callers["good"]
        async with tenant_session(organization_id) as session:
            await publish(session, Revoked(organization_id=organization_id, user_id=organization_id))
        assert await close_code(socket, 30) == 1008


async def test_rights_are_looked_at_again_each_minute(
    server: Server, organization_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connection, "RECHECK_SECONDS", 0.3)
    async with server.signed_in() as socket:
        await say(socket, type="subscribe", topics=["alerts", "jobs"])
        await hear_type(socket, "subscribed")
        server.tokens.give("good", organization_id, "jobs:read")
        changed = await hear_type(socket, "subscribed")
        assert (changed["topics"], changed["refused"]) == (["jobs"], ["alerts"])
        del server.tokens.callers["good"]
        assert await close_code(socket) == 1008


async def test_a_fresh_token_is_taken_and_another_persons_is_not(server: Server, organization_id: UUID) -> None:
    server.tokens.give("fresh", organization_id)
    server.tokens.give("other", organization_id, user_id=new_id())
    async with server.signed_in() as socket:
        await say(socket, type="auth", token="fresh")
        assert (await hear(socket))["type"] == "ready"
        await say(socket, type="auth", token="other")
        assert await close_code(socket) == 1008


async def test_resuming_misses_and_doubles_nothing_under_eight_writers(server: Server, organization_id: UUID) -> None:
    seen: list[int] = []
    total = 200
    writers = [asyncio.create_task(_write(organization_id, first, 25)) for first in range(0, total, 25)]
    last: str | None = None
    end = time.monotonic() + 60
    while len(seen) < total and time.monotonic() < end:
        async with server.open() as socket:  # as the web app does it: all three messages at once
            await say(socket, type="auth", token="good")
            await say(socket, type="subscribe", topics=ALL_TOPICS)
            await say(socket, type="resume", after=last or Position(0, 0, int(time.time())).encode())
            with contextlib.suppress(TimeoutError):
                for _ in range(13):  # then the connection breaks
                    message = await hear(socket, 3)
                    if "topic" in message:
                        last = message["id"]
                        seen.append(message["data"]["number"])
    await asyncio.gather(*writers)
    assert sorted(seen) == list(range(total))


async def test_a_resume_that_the_database_is_slow_to_check_still_comes_before_live_events(
    server: Server, organization_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check_slowly(*arguments: Any) -> None:
        await _write(organization_id, 3, 1)
        await asyncio.sleep(4 * live_connection.HOLD_SECONDS)
        await check_position(*arguments)

    start = Position(0, 0, int(time.time())).encode()
    await _write(organization_id, 0, 3)
    monkeypatch.setattr(live_connection, "check_position", check_slowly)
    async with server.open() as socket:
        await say(socket, type="auth", token="good")
        await say(socket, type="subscribe", topics=ALL_TOPICS)
        await say(socket, type="resume", after=start)
        heard = [message async for message in _messages(socket) if "topic" in message]
    assert [message["data"]["number"] for message in heard] == [0, 1, 2, 3]


async def _messages(socket: Any) -> AsyncIterator[dict[str, Any]]:
    with contextlib.suppress(TimeoutError):
        while True:
            yield await hear(socket, 2)


async def _write(organization_id: UUID, first: int, count: int) -> None:
    for number in range(first, first + count):
        async with tenant_session(organization_id) as session:
            await session.execute(text("SELECT txid_current()"))
            await asyncio.sleep(0.01 * (number % 4))
            await publish(session, Fired(organization_id=organization_id, number=number))
            await session.flush()
            await asyncio.sleep(0.01 * (number % 3))


async def test_a_late_resume_repeats_nothing_that_was_sent(server: Server, organization_id: UUID) -> None:
    before = Position(0, 0, int(time.time())).encode()
    await fire(organization_id, 1)
    await _settled(organization_id, 1)
    async with server.signed_in() as socket:
        await say(socket, type="subscribe", topics=["alerts"])
        await asyncio.sleep(0.6)
        await fire(organization_id, 2)
        assert (await hear_type(socket, "alert.fired"))["data"]["number"] == 2
        await say(socket, type="resume", after=before)
        assert (await hear_type(socket, "alert.fired"))["data"]["number"] == 1
        await fire(organization_id, 3)
        assert (await hear_type(socket, "alert.fired"))["data"]["number"] == 3


async def _settled(organization_id: UUID, count: int) -> None:
    for _ in range(400):
        async with tenant_session(organization_id) as session:
            if len((await stream.read_events(session, organization_id, Position(0, 0, 0)))[0]) >= count:
                return
        await asyncio.sleep(0.05)


async def test_resuming_from_too_long_ago_is_a_gap(server: Server) -> None:
    async with server.signed_in() as socket:
        await say(socket, type="subscribe", topics=["alerts"])
        await say(socket, type="resume", after=Position(1, 1, 1).encode())
        await hear_type(socket, "gap")


async def test_events_flow_while_redis_is_flushed_stopped_and_back(
    server: Server, organization_id: UUID, valkey: EmbeddedValkey
) -> None:
    async with server.signed_in() as socket:
        await say(socket, type="subscribe", topics=["alerts"])
        await hear_type(socket, "subscribed")
        await get_redis(server.app.state.settings).flushall()
        await fire(organization_id, 1)
        assert (await hear_type(socket, "alert.fired"))["data"]["number"] == 1
        await asyncio.to_thread(valkey.stop)
        try:
            await fire(organization_id, 2)
            assert (await hear_type(socket, "alert.fired"))["data"]["number"] == 2
        finally:
            await asyncio.to_thread(valkey.start)
        await fire(organization_id, 3)
        assert (await hear_type(socket, "alert.fired"))["data"]["number"] == 3


async def test_a_client_that_does_not_read_is_closed_with_1013(
    server: Server, organization_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_connection, "MAX_QUEUED", 3)
    sent = asyncio.Event()
    real_send = live_connection.Connection._send_event

    async def slow_send(self: Any, found: Any) -> None:
        await real_send(self, found)
        sent.set()
        await asyncio.sleep(30)

    async with server.signed_in() as socket:
        await say(socket, type="subscribe", topics=["alerts"])
        await asyncio.sleep(0.6)
        monkeypatch.setattr(live_connection.Connection, "_send_event", slow_send)
        for number in range(8):
            await fire(organization_id, number)
        assert await close_code(socket) == 1013
