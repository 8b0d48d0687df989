"""Runs Alembic's one history, and answers cheaply whether there is anything to run."""

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import app

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(app.__file__).parents[1] / "migrations"
LOCK_KEY = 0x636C6F7564  # "cloud"
_REVISION = re.compile(r"^revision\b[^=]*=\s*[\"']([^\"']+)", re.MULTILINE)
_PARENT = re.compile(r"^down_revision\b[^=]*=\s*(.+)$", re.MULTILINE)
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")


@lru_cache(maxsize=1)
def head_revisions() -> frozenset[str]:
    """The newest revisions of the history, read from the files: importing Alembic costs more than a whole start."""
    revisions: set[str] = set()
    parents: set[str] = set()
    for path in (MIGRATIONS / "versions").glob("*.py"):
        text = path.read_text()
        if found := _REVISION.search(text):
            revisions.add(found[1])
            parents.update(_QUOTED.findall(parent[1]) if (parent := _PARENT.search(text)) else ())
    return frozenset(revisions - parents)


async def current_revisions(connection: Any) -> frozenset[str]:
    """The revisions that an asyncpg connection's database is at; empty before the first migration."""
    if await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NULL"):
        return frozenset()
    return frozenset(row["version_num"] for row in await connection.fetch("SELECT version_num FROM alembic_version"))


async def run_migrations(owner_url: str) -> None:
    """Bring the database to the newest revision, in one transaction; concurrent calls wait and then find it done."""
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from app.core.database import asyncpg_url

    engine = create_async_engine(asyncpg_url(owner_url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, upgrade_only=True)
    command.upgrade(config, "head")
