"""The database for commands that work in this process, and the organizations they visit."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import select

from app.cli.failures import UsageError
from app.core.config import Settings, get_settings
from app.core.database import Database, directory_session, use_database
from app.core.directory import DirectoryOrganization
from app.core.installation import join_installation
from app.domains import load_domains

STATEMENT_TIMEOUT_MS = 600_000


@asynccontextmanager
async def opened_database() -> AsyncIterator[Settings]:
    """The running installation's database as the restricted role; starts and migrates nothing."""
    settings = join_installation(Settings())
    assert settings.database_app_url is not None  # noqa: S101  # the call sets it
    url = settings.database_app_url.get_secret_value()
    os.environ["CLOUDOPS_DATABASE_APP_URL"] = url
    get_settings.cache_clear()
    load_domains()
    database = Database(url, pool_size=2, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    use_database(database)
    try:
        yield settings
    finally:
        use_database(None)
        await database.close()


async def each_organization(only: UUID | None) -> list[UUID]:
    """The ids of all organizations, or the one that was named. Raises UsageError where there is no such."""
    query = select(DirectoryOrganization.id).order_by(DirectoryOrganization.created_at, DirectoryOrganization.id)
    if only is not None:
        query = query.where(DirectoryOrganization.id == only)
    async with directory_session() as session:
        found = list((await session.execute(query)).scalars())
    if only is not None and not found:
        raise UsageError(f"There is no organization {only}.")
    return found
