"""Write the next migration: `make migration NAME=add_budgets`.

The migrations so far run on a scratch database of the embedded PostgreSQL; what the models have beyond it becomes the
new file, new tables with their row-level security. It is a draft: Alembic does not see predicates and included columns
of indexes, and nobody but you knows what old rows get. `tests/core/test_migrations.py` compares to the letter.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.operations import ops
from app.core import migrate
from app.core.database import Base, asyncpg_url
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.rls import DEFAULT_POLICY, is_protected, protect_table
from app.domains import load_domains
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class NothingToDo(Exception):
    """The migrations make what the models say."""


def next_revision(folder: Path) -> str:
    """The number after the last file's."""
    return f"{max(int(path.name[:4]) for path in folder.glob('[0-9]*.py')) + 1:04}"


def add_protection(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Give each new table of an organization its policy, after all tables are made."""
    upgrade = directives[0].upgrade_ops
    if upgrade.is_empty():
        directives.clear()
        raise NothingToDo
    made = {f"{one.schema or 'public'}.{one.table_name}" for one in upgrade.ops if isinstance(one, ops.CreateTableOp)}
    for table in Base.metadata.sorted_tables:
        if f"{table.schema or 'public'}.{table.name}" in made and is_protected(table):
            using = table.info.get("policy", DEFAULT_POLICY)
            for statement in protect_table(table.fullname, using, table.info.get("policy_check")):
                upgrade.ops.append(ops.ExecuteSQLOp(statement))


def _write(connection: Connection, name: str) -> Path:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    made = command.revision(
        config,
        message=name.replace("_", " ").capitalize(),
        autogenerate=True,
        rev_id=next_revision(migrate.MIGRATIONS / "versions"),
        process_revision_directives=add_protection,
    )
    if made is None or isinstance(made, list):
        raise NothingToDo
    return Path(made.path)


async def write_migration(owner_url: str, name: str) -> Path:
    """Bring the scratch database to the newest revision and write the file for what is missing. Raises NothingToDo."""
    load_domains()
    await migrate.run_migrations(owner_url)
    engine = create_async_engine(asyncpg_url(owner_url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_write, name)
    finally:
        await engine.dispose()


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    if len(arguments) != 1 or not NAME.fullmatch(arguments[0]):
        print("usage: make migration NAME=add_budgets (small letters, digits and _)", file=sys.stderr)  # noqa: T201
        return 2
    folder = Path(tempfile.mkdtemp(prefix="cloudops-migration-"))
    folder.chmod(0o711)  # the server runs as another account
    try:
        with EmbeddedPostgres(folder / "postgres", disposable=True) as server:
            path = asyncio.run(write_migration(server.superuser_url, arguments[0]))
    except NothingToDo:
        print("The migrations make what the models say; there is nothing to write.")  # noqa: T201
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for step in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, str(path)], check=True)  # noqa: S603  # our own file
    print(f"Wrote {path}. Read it, say what old rows get, and run pytest backend/tests/core/test_migrations.py.")  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
