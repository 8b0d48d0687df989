"""Hot reads: rows of one organization straight from the driver, in a read-only transaction of three round trips.

Only for what is asked for all the time: a session with its ping and its compiled statements costs more processor time
than such a read itself. Ordinary reads use the request's session.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from app.core.errors import Unavailable

WAIT_SECONDS = 3
_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError, OSError)


class QueryTooSlow(Unavailable):
    """The statement was cut at its time limit."""


class ReadPool:
    """Connections for hot reads, opened when first needed. JSON columns arrive as text."""

    def __init__(self, url: str, *, size: int, statement_timeout_ms: int) -> None:
        self._url, self._size = url, size
        self._settings = {"statement_timeout": str(statement_timeout_ms), "timezone": "UTC", "jit": "off"}
        self._pool: Any = None  # asyncpg.Pool; its type is generic for type checkers only
        self._opening = asyncio.Lock()

    async def fetch(
        self,
        organization_id: UUID | None,
        sql: str,
        arguments: Sequence[Any] = (),
        *,
        limit_seconds: int | None = None,
    ) -> Sequence[asyncpg.Record]:
        """Rows of a SELECT with `$n` arguments, under the organization's row-level security; None: of no organization,
        in one round trip.

        Raises QueryTooSlow at the time limit (the pool's own unless `limit_seconds` is given), Unavailable when no
        connection is free or the database is away; a connection that died idle is replaced once without a word.
        """
        try:
            return await self._fetch(organization_id, sql, arguments, limit_seconds)
        except _LOST:
            pass
        except asyncpg.QueryCanceledError:
            raise QueryTooSlow("The database is busy. Try again in a moment.") from None
        except (TimeoutError, asyncpg.TooManyConnectionsError):
            raise Unavailable("The database is busy. Try again in a moment.") from None
        try:
            return await self._fetch(organization_id, sql, arguments, limit_seconds)
        except asyncpg.QueryCanceledError:
            raise QueryTooSlow("The database does not answer. Try again in a moment.") from None
        except (*_LOST, TimeoutError, asyncpg.TooManyConnectionsError):
            raise Unavailable("The database does not answer. Try again in a moment.") from None

    async def close(self) -> None:
        """Give all connections back."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _fetch(
        self, organization_id: UUID | None, sql: str, arguments: Sequence[Any], limit_seconds: int | None
    ) -> Sequence[asyncpg.Record]:
        pool = self._pool or await self._open()
        async with pool.acquire(timeout=WAIT_SECONDS) as connection:
            if organization_id is None:
                found: Sequence[asyncpg.Record] = await connection.fetch(sql, *arguments)
                return found
            # One message for all, which cannot carry arguments; a UUID's text needs no quoting.
            limit = f"; SET LOCAL statement_timeout = '{int(limit_seconds)}s'" if limit_seconds else ""
            await connection.execute(
                f"BEGIN READ ONLY; SELECT set_config('app.org', '{UUID(bytes=organization_id.bytes)}', true){limit}"
            )
            try:
                rows: Sequence[asyncpg.Record] = await connection.fetch(sql, *arguments)
            finally:  # the pool would do it too, after a cancelled request for one, but not quietly
                await connection.execute("ROLLBACK")
            return rows

    async def _open(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=self._size,
                    reset=_keep_settings,
                    server_settings=self._settings,
                    timeout=WAIT_SECONDS,
                )
            return self._pool


async def _keep_settings(_: Any) -> None:
    """Instead of the pool's RESET ALL: what a reader sets ends with its transaction, which the pool ends if need be."""
