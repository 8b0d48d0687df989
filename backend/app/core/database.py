"""The database: one engine per process, sessions that carry their organization, and the base of all tables."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import DateTime, MetaData, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.ids import new_id
from app.core.reads import ReadPool

STATEMENT_TIMEOUT_MS = 10_000
POOL_WAIT_SECONDS = 3
_JSON_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class Base(DeclarativeBase):
    """Base of every table. Relationships, where there are any, are `lazy="raise"`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB, list[Any]: JSONB}


class OrganizationRow:
    """Columns of every row that belongs to an organization: the key is (organization_id, id).

    Foreign keys and unique constraints look past row-level security, so both start with `organization_id` everywhere.
    """

    organization_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-19)


class Database:
    """The engine and its session factory for one database address."""

    def __init__(
        self, url: str, *, pool_size: int = 10, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS, **engine_options: Any
    ) -> None:
        self.engine: AsyncEngine = create_async_engine(
            asyncpg_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=POOL_WAIT_SECONDS,
            hide_parameters=True,  # error texts reach the log
            json_serializer=write_json,
            json_deserializer=orjson.loads,
            connect_args={
                "server_settings": {"statement_timeout": str(statement_timeout_ms), "timezone": "UTC", "jit": "off"}
            },
            **engine_options,
        )
        event.listen(self.engine.sync_engine, "checkout", _check_alive)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self.reads = ReadPool(url, size=pool_size, statement_timeout_ms=statement_timeout_ms)

    async def close(self) -> None:
        """Give all connections back."""
        await self.reads.close()
        await self.engine.dispose()


def _check_alive(connection: Any, *_: Any) -> None:
    """What `pool_pre_ping` does, in one round trip instead of three: it begins and ends a transaction for PgBouncer.

    A dead connection, and with it every older one, is replaced without a word.
    """
    try:
        connection.run_async(lambda driver: driver.execute("SELECT 1"))
    except Exception as failure:
        raise InvalidatePoolError from failure


def write_json(value: Any) -> str:
    """JSON for a column. Refuses Decimal and datetime (TypeError): whoever stores them decides how they are written."""
    try:
        return orjson.dumps(value, option=_JSON_OPTIONS).decode()
    except TypeError:
        return json.dumps(value, allow_nan=False)  # also integers of more than 64 bits, which are read as floats


def asyncpg_url(url: str) -> str:
    """The same address for SQLAlchemy's asyncpg dialect; accepts postgres:// and postgresql://, and libpq's sslmode."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise ValueError("the database address must start with postgresql://")
    return f"postgresql+asyncpg://{rest.replace('sslmode=', 'ssl=')}"


_database: Database | None = None


def use_database(database: Database | None) -> None:
    """Set this process's database; the application and the worker call it once at start."""
    global _database
    _database = database


def get_database() -> Database:
    """This process's database."""
    if _database is None:
        raise RuntimeError("no database: call use_database() first")
    return _database


async def set_organization(session: AsyncSession, organization_id: UUID) -> None:
    """Bind the session's transaction to one organization; row-level security shows its rows only."""
    await session.execute(text("SELECT set_config('app.org', :org, true)"), {"org": str(organization_id)})
    session.info["organization_id"] = organization_id


async def set_user(session: AsyncSession, user_id: UUID) -> None:
    """Let the transaction see this one person's own row (sign-in, before the organization is known)."""
    await session.execute(text("SELECT set_config('app.user', :user, true)"), {"user": str(user_id)})


@asynccontextmanager
async def tenant_session(organization_id: UUID, scope: Any = None) -> AsyncIterator[AsyncSession]:
    """A transaction of one organization: commits once on success, rolls back on any error.

    `scope` (a `Scope`) narrows it for a caller's request; background work has none.
    """
    async with get_database().sessions() as session, session.begin():
        await set_organization(session, organization_id)
        session.info["scope"] = scope
        yield session


@asynccontextmanager
async def directory_session() -> AsyncIterator[AsyncSession]:
    """A transaction without an organization: sees only the directory of hashes and ids, and own-person rows."""
    async with get_database().sessions() as session, session.begin():
        yield session
