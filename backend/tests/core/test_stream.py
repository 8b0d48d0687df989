"""The event table read in order, the hints, and Redis that may be gone."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest
from app.core import stream
from app.core.config import Settings
from app.core.database import Database, tenant_session
from app.core.events import Event, publish
from app.core.redis import close_redis, get_redis, org_key
from app.core.stream import EventHub, Position, PositionGone, StreamedEvent, check_position, read_events, read_head
from pydantic import SecretStr
from redis.exceptions import RedisError
from sqlalchemy import text

NO_REDIS = Settings(redis_url=None)


@dataclass(frozen=True, kw_only=True)
class Counted(Event):
    name: ClassVar[str] = "test.counted"
    topic: ClassVar[str | None] = "alerts"
    number: int


@dataclass(frozen=True, kw_only=True)
class Unheard(Event):
    name: ClassVar[str] = "test.unheard"


@pytest.fixture(autouse=True)
async def _without_redis(database: Database) -> AsyncIterator[None]:
    stream.send_hints_through(NO_REDIS)
    yield
    stream.send_hints_through(None)
    await close_redis()


async def add(organization_id: UUID, number: int, pause: float = 0.0) -> None:
    """Publish in a transaction that stays open for a while before and after."""
    async with tenant_session(organization_id) as session:
        if pause:
            await session.execute(text("SELECT txid_current()"))  # takes its place among the transactions early
            await asyncio.sleep(pause * secrets.randbelow(100) / 100)
        await publish(session, Counted(organization_id=organization_id, number=number))
        await session.flush()
        await asyncio.sleep(pause * secrets.randbelow(100) / 100)


async def read(organization_id: UUID, after: Position, limit: int = 500) -> list[StreamedEvent]:
    async with tenant_session(organization_id) as session:
        return (await read_events(session, organization_id, after, limit))[0]


async def test_a_reader_misses_and_doubles_nothing_while_eight_writers_interleave(organization_id: UUID) -> None:
    seen: list[int] = []
    writers = [asyncio.create_task(_write(organization_id, first)) for first in range(0, 240, 30)]
    place = Position(0, 0, 0)
    end = time.monotonic() + 40
    while len(seen) < 240 and time.monotonic() < end:
        for found in await read(organization_id, place, limit=7):
            assert found.position.order > place.order
            place = found.position
            seen.append(found.payload["number"])
        await asyncio.sleep(0.01)
    await asyncio.gather(*writers)
    assert sorted(seen) == list(range(240))


async def _write(organization_id: UUID, first: int) -> None:
    for number in range(first, first + 30):
        await add(organization_id, number, pause=0.03)


async def test_an_event_waits_for_older_transactions(organization_id: UUID) -> None:
    async with tenant_session(organization_id) as older:
        await older.execute(text("SELECT txid_current()"))
        await add(organization_id, 1)
        async with tenant_session(organization_id) as session:
            assert await read_events(session, organization_id, Position(0, 0, 0)) == ([], True)
        await publish(older, Counted(organization_id=organization_id, number=0))
    found = await _eventually(organization_id, 2)
    assert [one.payload["number"] for one in found] == [0, 1]


async def _eventually(organization_id: UUID, count: int) -> list[StreamedEvent]:
    """The events once that many are settled: other tests' transactions on the same server count as older ones too."""
    for _ in range(400):
        found = await read(organization_id, Position(0, 0, 0))
        if len(found) >= count:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the events did not settle")


async def test_events_without_a_topic_and_of_others_are_not_read(organization_id: UUID, database: Database) -> None:
    other = UUID(int=organization_id.int ^ 1)
    async with tenant_session(organization_id) as session:
        await publish(session, Unheard(organization_id=organization_id))
        await publish(session, Counted(organization_id=organization_id, number=5))
    await add(other, 6)
    assert [one.payload["number"] for one in await _eventually(organization_id, 1)] == [5]
    async with tenant_session(other) as session:
        assert (await read_events(session, organization_id, Position(0, 0, 0)))[0] == []


def test_a_position_goes_through_its_token_and_foreign_tokens_are_refused() -> None:
    place = Position(12, 34, 56)
    assert Position.decode(place.encode()) == place
    for token in ("", "x", "!!", "MTox", Position(1, 2, -3).encode(), Position(2**70, 1, 1).encode(), "A" * 200, "w6Q"):
        with pytest.raises(ValueError):
            Position.decode(token)


async def test_old_and_unreached_positions_are_gone(organization_id: UUID) -> None:
    async with tenant_session(organization_id) as session:
        head = await read_head(session)
        await check_position(session, head)
        old = datetime.now(UTC) - timedelta(days=8)
        for place in (head._replace(at=int(old.timestamp())), head._replace(transaction_id=2**60)):
            with pytest.raises(PositionGone):
                await check_position(session, place)


async def test_events_of_a_server_that_was_further_are_read_after_a_restore(
    organization_id: UUID, database_urls: tuple[str, str]
) -> None:
    for number in range(3):
        await add(organization_id, number)
    before = (await _eventually(organization_id, 3))[-1].position
    owner = await asyncpg.connect(database_urls[0])
    try:
        await stream.rebase_events(owner)
        assert [one.position for one in await read(organization_id, before)] == []  # the same server: all stays
        assert (await read(organization_id, Position(0, 0, 0)))[-1].position == before

        await owner.execute("UPDATE events SET transaction_id = transaction_id + 1000000000000")
        async with tenant_session(organization_id) as session:
            assert await read_events(session, organization_id, Position(0, 0, 0)) == ([], True)
        await stream.rebase_events(owner)
    finally:
        await owner.close()
    await add(organization_id, 3)
    found = await _eventually(organization_id, 4)
    assert [one.payload["number"] for one in found] == [0, 1, 2, 3]
    async with tenant_session(organization_id) as session:
        with pytest.raises(PositionGone):
            await check_position(session, before._replace(transaction_id=before.transaction_id + 1_000_000_000_000))


class Ear:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.last_at = 0.0

    def deliver(self, found: StreamedEvent) -> None:
        self.numbers.append(found.payload["number"])
        self.last_at = time.monotonic()


async def _hear(organization_id: UUID, settings: Settings, work: "asyncio.Future[None]", count: int) -> Ear:
    hub, ear = EventHub(settings), Ear()
    reader = await hub.join(organization_id)
    reader.listeners.add(ear)
    await asyncio.sleep(0.7)  # the subscription to hints
    await work
    for _ in range(400):
        if len(ear.numbers) >= count:
            break
        await asyncio.sleep(0.02)
    await hub.leave(reader)
    return ear


async def test_a_reader_without_redis_hears_everything_by_polling(organization_id: UUID) -> None:
    async def write() -> None:
        for number in range(5):
            await add(organization_id, number)

    ear = await _hear(organization_id, NO_REDIS, write(), 5)  # type: ignore[arg-type]
    assert ear.numbers == [0, 1, 2, 3, 4]


async def test_a_rollback_sends_no_hint(organization_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    hinted: list[UUID] = []
    monkeypatch.setattr(stream, "hint", hinted.append)
    async with tenant_session(organization_id) as session:
        await publish(session, Counted(organization_id=organization_id, number=1))
        await session.rollback()
    assert hinted == []
    await add(organization_id, 2)
    assert hinted == [organization_id]


async def test_a_dead_redis_fails_within_300_ms_and_then_at_once() -> None:
    async def swallow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)  # accepts and never answers
    port = server.sockets[0].getsockname()[1]
    redis = get_redis(Settings(redis_url=SecretStr(f"redis://127.0.0.1:{port}/0")))
    times = []
    for _ in range(3):
        started = time.monotonic()
        with pytest.raises(RedisError):
            await redis.get("a")
        times.append(time.monotonic() - started)
    server.close()
    assert times[0] < 0.45
    assert max(times[1:]) < 0.05


async def test_an_absent_redis_fails_at_once() -> None:
    with pytest.raises(RedisError):
        await get_redis(NO_REDIS).set("a", "b")
    pipeline = get_redis(NO_REDIS).pipeline()
    pipeline.get("a")
    with pytest.raises(RedisError):
        await pipeline.execute()


def test_keys_of_an_organization_start_with_it() -> None:
    one = UUID(int=7)
    assert org_key(one, "session", UUID(int=8), 3) == f"org:{one}:session:{UUID(int=8)}:3"
