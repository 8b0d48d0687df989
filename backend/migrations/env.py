"""Alembic's entry: the connection comes from `app.core.migrate`, or from CLOUDOPS_DATABASE_URL on the command line."""

import asyncio
import re
from typing import Any

from alembic import context
from app.core.config import get_settings
from app.core.database import Base, asyncpg_url
from app.domains import load_domains
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

PARTITION = re.compile(r"^metric_(samples|rollups)_p\d{8}$")  # made and dropped while we run
QUEUE_PREFIX = "pgqueuer"  # the job queue's own tables: made by SQL in a migration, unknown to our models


def is_ours(thing: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """Whether the comparison of models and tables looks at this object."""
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", None)
    return not (table or "").startswith(QUEUE_PREFIX) and PARTITION.search(table or "") is None


def migrate(connection: Connection) -> None:
    """Run the asked-for steps on a connection; a transaction that is already open stays the caller's."""
    if not context.config.attributes.get("upgrade_only"):  # the models are needed to compare, not to upgrade
        load_domains()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_schemas=True,
        include_object=is_ours,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_from_settings() -> None:
    """Connect as the owner named by the settings and run."""
    url = get_settings().database_url
    if url is None:
        raise SystemExit("Set CLOUDOPS_DATABASE_URL to the owner's address.")
    engine = create_async_engine(asyncpg_url(url.get_secret_value()), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations run on a database, not as a script.")
given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    asyncio.run(migrate_from_settings())
