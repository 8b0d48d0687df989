"""The one history of migrations makes exactly the tables that the models describe, protected as they say."""

import asyncio
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from app.core import migrate
from app.core.database import Base, asyncpg_url
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.ids import new_id
from app.core.migrate import MIGRATIONS, current_revisions, head_revisions, run_migrations
from app.core.processes import free_port, server_account
from app.core.rls import CURRENT_ORG, DEFAULT_POLICY, is_protected, protection_statements
from app.core.tasks.schema import QUEUE_TABLES, install_queue
from app.domains import load_domains
from sqlalchemy import Column, Connection, Index, Numeric, Table, Uuid
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

ROOT = Path(__file__).parents[3]
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
_SPACES, _PARENTHESES = re.compile(r"\s+"), re.compile(r"[()]")


@pytest.fixture(scope="module")
def embedded_server() -> Iterator[str]:
    """A superuser's address on the embedded PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="cloudops-test-"))
    folder.chmod(0o711)
    with EmbeddedPostgres(folder / "postgres", disposable=True) as server:
        yield server.superuser_url
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def debian_server() -> Iterator[str]:
    """A superuser's address on Debian's PostgreSQL 15."""
    if not DEBIAN_15.is_dir():
        pytest.skip("not run: Debian's postgresql-15 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="cloudops-test-"))
    folder.chmod(0o711)
    cluster, port, account = folder / "cluster", free_port(), server_account(folder)
    cluster.mkdir()
    if account is not None:
        shutil.chown(cluster, account.uid, account.gid)

    def run(*command: str) -> None:
        identity: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **identity
        )

    run(str(DEBIAN_15 / "initdb"), "-D", str(cluster), "-A", "trust", "-U", "postgres", "--locale=C", "-E", "UTF8")
    options = f"-h 127.0.0.1 -p {port} -k '{cluster}' -c fsync=off"
    control = [str(DEBIAN_15 / "pg_ctl"), "-D", str(cluster), "-w", "-l", str(cluster / "log")]
    run(*control, "-o", options, "start")
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["embedded_server", "debian_server"], ids=["embedded", "Debian 15"])
async def migrated(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The owner's address of an empty database that the migrations were run on."""
    load_domains()
    server: str = request.getfixturevalue(request.param)
    name = f"m_{new_id().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f'CREATE DATABASE "{name}"')
    url = f"{server.rpartition('/')[0]}/{name}"
    await run_migrations(url)
    yield url
    await connection.execute(f'DROP DATABASE "{name}"')
    await connection.close()


async def _fetch(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(query)
        return found
    finally:
        await connection.close()


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_newest_revision_is_reached_and_running_again_changes_nothing(migrated: str) -> None:
    await asyncio.gather(run_migrations(migrated), run_migrations(migrated))
    connection = await asyncpg.connect(migrated)
    try:
        assert await current_revisions(connection) == head_revisions() != frozenset()
    finally:
        await connection.close()


def test_there_is_one_newest_revision() -> None:
    assert len(head_revisions()) == 1, sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))


# What Alembic's comparison does not see: predicates and included columns of indexes, collations, generated columns, and
# whatever is no table.
_DESCRIBED = {
    "columns": """SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attcollation::regcollation::text, a.attgenerated::text, a.attstorage::text, pg_get_expr(d.adbin, d.adrelid)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = ANY({ours})""",
    "tables": """SELECT oid::regclass::text, relrowsecurity, relforcerowsecurity, relpersistence::text,
        reloptions::text, pg_get_partkeydef(oid)
      FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = ANY({ours})""",
    "indexes": "SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON oid = indrelid"
    " WHERE relnamespace = ANY({ours})",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = ANY({ours})",
    "policies": "SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies",
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = ANY({ours})",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "types": "SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid",
}
_OURS = "SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'app', 'directory')"


async def _describe(url: str) -> set[tuple[Any, ...]]:
    """Everything of a schema but the order of columns."""
    found = {
        (kind, *row) for kind, query in _DESCRIBED.items() for row in await _fetch(url, query.replace("{ours}", _OURS))
    }
    return {one for one in found if not any("alembic_version" in str(part) for part in one)}


async def test_the_schema_is_that_of_the_models_to_the_letter(migrated: str) -> None:
    modelled = f"{migrated}_models"
    await _run(migrated, f'CREATE DATABASE "{modelled.rpartition("/")[2]}"')
    engine = create_async_engine(asyncpg_url(modelled), poolclass=NullPool)
    async with engine.begin() as made:
        for statement in (*CURRENT_ORG.split(";\n"), "CREATE SCHEMA IF NOT EXISTS directory"):
            if statement.strip():
                await made.exec_driver_sql(statement)
        await made.run_sync(Base.metadata.create_all)
        for statement in protection_statements(Base.metadata):
            await made.exec_driver_sql(statement)
        await install_queue(made)
    await engine.dispose()
    differences = await _describe(migrated) ^ await _describe(modelled)
    await _run(migrated, f'DROP DATABASE "{modelled.rpartition("/")[2]}"')
    assert sorted(map(str, differences)) == []


async def test_the_tables_are_those_of_the_models(migrated: str) -> None:
    engine = create_async_engine(asyncpg_url(migrated), poolclass=NullPool)
    async with engine.connect() as connection:
        differences = await connection.run_sync(_compare)
    await engine.dispose()
    assert differences == []


def _compare(connection: Connection) -> list[Any]:
    def is_ours(_: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return not (kind == "table" and (name or "").startswith(("pgqueuer", "alembic_version")))

    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_object": is_ours,
            "compare_type": True,
            "compare_server_default": True,
        },
    )
    return list(compare_metadata(context, Base.metadata))


def _plain(expression: str | None) -> str:
    """An expression without what PostgreSQL adds when it prints one: parentheses, casts and spaces."""
    return _SPACES.sub("", _PARENTHESES.sub("", expression or "")).replace("::text", "").lower()


async def test_every_table_of_an_organization_is_protected_as_its_model_says(migrated: str) -> None:
    rows = await _fetch(
        migrated,
        """
        SELECT n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity,
               pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check,
               p.polpermissive, p.polcmd, p.polroles
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_policy p ON p.polrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        """,
    )
    found = {row["relname"]: row for row in rows if row["nspname"] == "public"}
    assert len(found) == sum(row["nspname"] == "public" for row in rows), "one policy a table"
    protected = {table.name: table for table in Base.metadata.sorted_tables if is_protected(table)}
    assert len(protected) > 20
    expected = await _printed_policies(migrated, protected)
    for name in protected:
        row = found[name]
        assert row["relrowsecurity"], name
        assert row["relforcerowsecurity"], name
        assert (row["polpermissive"], row["polcmd"], list(row["polroles"])) == (True, b"*", [0]), name
        assert (_plain(row["using"]), _plain(row["check"])) == expected[name], name
    open_tables = {name for name, row in found.items() if not row["relrowsecurity"]}
    known = {table.name for table in Base.metadata.sorted_tables if not is_protected(table)}
    assert open_tables <= known | set(QUEUE_TABLES) | {"alembic_version"}


async def _printed_policies(url: str, protected: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Each model's policy as PostgreSQL prints it: made beside the migrated one and rolled back."""
    connection = await asyncpg.connect(url)
    printed: dict[str, tuple[str, str]] = {}
    try:
        transaction = connection.transaction()
        await transaction.start()
        for name, table in protected.items():
            using = table.info.get("policy", DEFAULT_POLICY)
            check = table.info.get("policy_check") or using
            await connection.execute(f'CREATE POLICY as_modelled ON "{name}" USING ({using}) WITH CHECK ({check})')
            row = await connection.fetchrow(
                "SELECT pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check"
                " FROM pg_policy WHERE polname = 'as_modelled' AND polrelid = to_regclass($1)",
                name,
            )
            printed[name] = _plain(row["using"]), _plain(row["check"])
        await transaction.rollback()
    finally:
        await connection.close()
    return printed


async def test_every_unique_constraint_of_an_organization_starts_with_it(migrated: str) -> None:
    rows = await _fetch(
        migrated,
        """
        SELECT c.relname, i.relname AS index, a.attname AS first
        FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
        WHERE x.indisunique AND c.relnamespace = 'public'::regnamespace AND EXISTS (
            SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'organization_id')
        """,
    )
    assert len(rows) > 20
    assert [row["index"] for row in rows if row["first"] != "organization_id"] == []


async def test_the_queues_tables_are_there(migrated: str) -> None:
    rows = await _fetch(migrated, "SELECT tablename FROM pg_tables WHERE tablename LIKE 'pgqueuer%'")
    assert {row["tablename"] for row in rows} >= set(QUEUE_TABLES)


async def test_the_comparison_sees_an_added_and_a_missing_column(migrated: str) -> None:
    connection = await asyncpg.connect(migrated)
    await connection.execute("ALTER TABLE alerts ADD COLUMN extra text, DROP COLUMN link")
    await connection.close()
    engine = create_async_engine(asyncpg_url(migrated), poolclass=NullPool)
    async with engine.connect() as opened:
        differences = await opened.run_sync(_compare)
    await engine.dispose()
    assert {(kind, column.name) for kind, _, _, column in differences} == {
        ("remove_column", "extra"),
        ("add_column", "link"),
    }


def _script() -> Any:
    """`scripts/make_migration.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("make_migration", ROOT / "scripts" / "make_migration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the migrations to write to, used instead of ours."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path / "migrations")
    migrate.head_revisions.cache_clear()
    yield tmp_path / "migrations" / "versions"
    migrate.head_revisions.cache_clear()


@pytest.fixture
def budgets() -> Iterator[None]:
    """Models that are ahead of the migrations."""
    key = [Column(name, Uuid, primary_key=True) for name in ("organization_id", "id")]
    table = Table("budgets", Base.metadata, *key, Column("amount", Numeric), Index(None, "organization_id", "amount"))
    yield
    Base.metadata.remove(table)


@pytest.mark.usefixtures("budgets")
async def test_the_next_migration_is_written_from_the_models(migrated: str, own_folder: Path) -> None:
    script, (newest,) = _script(), head_revisions()
    path = await script.write_migration(migrated, "add_budgets")
    assert path == own_folder / f"{int(newest) + 1:04}_add_budgets.py"
    migrate.head_revisions.cache_clear()
    await run_migrations(migrated)
    engine = create_async_engine(asyncpg_url(migrated), poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(_compare) == []
    await engine.dispose()
    rows = await _fetch(migrated, "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'budgets'::regclass")
    assert rows[0][0]
    assert await _fetch(migrated, "SELECT 1 FROM pg_policies WHERE tablename = 'budgets'")
    with pytest.raises(script.NothingToDo):
        await script.write_migration(migrated, "again")
