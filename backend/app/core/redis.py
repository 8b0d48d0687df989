"""The process's one Redis client. Redis holds nothing that cannot be lost, and a dead one must not slow a request.

Every command fails with a `redis.RedisError` within 300 ms; after a failure all commands fail at once until a pause is
over (0.5 s, doubled with each further failure up to 5 s), then the next one tries again.
"""

import asyncio
import time
import weakref
from typing import Any, cast
from uuid import UUID

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.core.config import Settings, get_settings

TIMEOUT_SECONDS = 0.3
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 5.0
_MAX_CONNECTIONS = 50
_FAILURES = (RedisConnectionError, RedisTimeoutError, InvalidResponse)


class _GuardedPool(ConnectionPool):
    """A pool that refuses at once while the circuit is open; pipelines and scripts pass here too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_connections=_MAX_CONNECTIONS, **options)
        self.pause_seconds = 0.0
        self.closed_until = 0.0

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> AbstractConnection:
        if time.monotonic() < self.closed_until:
            raise RedisConnectionError("Redis does not answer; waiting before the next try")
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]  # theirs
        except TimeoutError as error:
            self.failed()
            raise RedisTimeoutError("Redis does not answer") from error
        except _FAILURES:
            self.failed()
            raise
        return connection

    def failed(self) -> None:
        """Open the circuit for a while."""
        self.pause_seconds = min(max(_FIRST_PAUSE_SECONDS, self.pause_seconds * 2), _LONGEST_PAUSE_SECONDS)
        self.closed_until = time.monotonic() + self.pause_seconds

    def answered(self) -> None:
        """Close the circuit."""
        self.pause_seconds = self.closed_until = 0.0


class GuardedRedis(Redis):
    """A client with one time limit over a whole command, connecting included."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        pool = cast(_GuardedPool, self.connection_pool)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # theirs
        except TimeoutError as error:
            pool.failed()
            raise RedisTimeoutError("Redis does not answer") from error
        except _FAILURES:
            if time.monotonic() >= pool.closed_until:
                pool.failed()
            raise
        pool.answered()
        return answer


class AbsentRedis(GuardedRedis):
    """Stands in where no Redis is configured: every command fails at once."""

    def __init__(self) -> None:
        pool = _GuardedPool(retry=Retry(NoBackoff(), 0))
        pool.closed_until = float("inf")
        super().__init__(connection_pool=pool)


_clients: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, GuardedRedis]]" = weakref.WeakKeyDictionary()


def get_redis(settings: Settings | None = None) -> GuardedRedis:
    """The client of this process (of its event loop). Callers survive `redis.RedisError` from every command."""
    settings = settings or get_settings()
    url = settings.redis_url.get_secret_value() if settings.redis_url is not None else ""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if url not in clients:
        clients[url] = _make(url) if url else AbsentRedis()
    return clients[url]


async def close_redis() -> None:
    """Close this event loop's clients; the process calls it once at its end."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.aclose()
        await client.connection_pool.disconnect()


def org_key(organization_id: UUID, *parts: str | UUID | int) -> str:
    """`org:{id}:part:part`: how every key and channel of an organization's data begins."""
    return ":".join(["org", str(organization_id), *(str(part) for part in parts)])


def _make(url: str) -> GuardedRedis:
    options: dict[str, Any] = {
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }
    pool = _GuardedPool(**(options | dict(parse_url(url))))
    return GuardedRedis(connection_pool=pool)
