"""Roles, migrations and rights on a PostgreSQL of its own, embedded and Debian's; and the refusal of unsafe roles."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from app.core import migrate
from app.core.bootstrap import (
    BootstrapError,
    UnsafeRole,
    app_address,
    check_role,
    password_key_of,
    prepare_database,
    prepare_embedded_database,
)
from app.core.config import Settings
from app.core.database import Database
from app.core.dump import DumpError, dump_database, restore_database
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.ids import new_id
from app.core.installation import Installation
from app.core.processes import free_port, server_account
from app.core.rls import CURRENT_ORG, protect_table
from pydantic import SecretStr

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
KEY_TEXT = "a secret text of a test that is long enough"  # pragma: allowlist secret
MIGRATION = """
from alembic import op

revision = "{revision}"
down_revision = {down}


def upgrade() -> None:
    for statement in {statements!r}:
        op.execute(statement)
"""
TABLES = [
    *(statement.strip().replace(":", r"\:") for statement in CURRENT_ORG.split(";\n") if statement.strip()),
    "CREATE SCHEMA IF NOT EXISTS directory",
    "CREATE TABLE directory.organizations (id uuid PRIMARY KEY)",
    "CREATE TABLE things (organization_id uuid, id int, PRIMARY KEY (organization_id, id))",
    *protect_table("things"),
    "CREATE TABLE audit_events (organization_id uuid, id int, PRIMARY KEY (organization_id, id))",
    *protect_table("audit_events"),
]


@pytest.fixture(scope="module")
def embedded_server() -> Iterator[str]:
    """A superuser's address on the embedded PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="cloudops-test-"))
    folder.chmod(0o711)
    with EmbeddedPostgres(folder / "pg", disposable=True) as server:
        yield server.superuser_url
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def debian_server() -> Iterator[str]:
    """A superuser's address on Debian's PostgreSQL 15."""
    if not (DEBIAN_15 / "initdb").exists():
        pytest.skip("Debian's PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="cloudops-test-"))
    account = server_account(folder)
    user = account.popen_options() if account else {}
    if account:
        os.chown(folder, account.uid, account.gid)
    password = folder / "password"
    password.write_text("superuser\n")
    cluster, port = folder / "cluster", free_port()
    initdb: list[str | Path] = [
        DEBIAN_15 / "initdb",
        "-D",
        cluster,
        "-U",
        "postgres",
        "--auth=scram-sha-256",
        f"--pwfile={password}",
    ]
    subprocess.run([*initdb, "--encoding=UTF8", "--no-sync"], check=True, capture_output=True, cwd="/", **user)
    command: list[str | Path] = [
        DEBIAN_15 / "postgres",
        "-D",
        cluster,
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-k",
        "",
        "-c",
        "fsync=off",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **user)
    deadline = time.monotonic() + 60
    status = cluster / "postmaster.pid"
    while not (status.exists() and "ready" in status.read_text()):
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield f"postgresql://postgres:superuser@127.0.0.1:{port}/postgres"
    process.send_signal(signal.SIGINT)
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["18", "15"])
def server(request: pytest.FixtureRequest) -> str:
    """Each of the two servers, by a superuser's address."""
    name = "embedded_server" if request.param == "18" else "debian_server"
    return str(request.getfixturevalue(name))


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A short history of its own, run by the real Alembic environment."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("versions", "__pycache__"))
    (folder / "versions").mkdir()
    first = MIGRATION.format(revision="0001", down=None, statements=TABLES)
    (folder / "versions" / "0001_first.py").write_text(first)
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    migrate.head_revisions.cache_clear()
    return folder / "versions"


@pytest.fixture
async def fresh(server: str) -> AsyncIterator[str]:
    """The superuser's address on a server where none of our roles and databases are left."""
    connection = await asyncpg.connect(server)
    databases = await connection.fetch("SELECT datname FROM pg_database WHERE datname NOT LIKE 'template%'")
    for row in databases:
        if row["datname"] != "postgres":
            await connection.execute(f'DROP DATABASE "{row["datname"]}" WITH (FORCE)')
    for row in await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname ~ '^(cop_|outside_)'"):
        await connection.execute(f'DROP OWNED BY "{row["rolname"]}"')
        await connection.execute(f'DROP ROLE "{row["rolname"]}"')
    yield server
    await connection.close()


async def make_outside(server: str, attributes: str, *, owns_database: bool = True) -> Settings:
    """A database with an owner of its own, as a managed service gives it."""
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE ROLE outside_owner LOGIN PASSWORD 'outside' {attributes}")
    await connection.execute(f"CREATE DATABASE outside {'OWNER outside_owner' if owns_database else ''}")
    await connection.close()
    host = server.rpartition("@")[2].partition("/")[0]
    return Settings(
        database_url=SecretStr(f"postgresql://outside_owner:outside@{host}/outside"), secret_key=SecretStr(KEY_TEXT)
    )


async def refuses(url: str, statement: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError):
        return True
    finally:
        await connection.close()
    return False


async def check_app_role(url: str) -> None:
    """What holds for the serving role whoever made it."""
    database = Database(url)
    await check_role(database)
    await database.close()
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.org', $1, true)", str(new_id()))
        await connection.execute("INSERT INTO things VALUES (app.current_org(), 1)")
        await connection.execute("UPDATE things SET id = 2")
        await connection.execute("DELETE FROM things")
        await connection.execute("INSERT INTO audit_events VALUES (app.current_org(), 1)")
        await connection.execute("CREATE TEMPORARY TABLE staged (LIKE things) ON COMMIT DROP")
        assert await connection.fetchval("SELECT count(*) FROM audit_events") == 1
    assert await connection.fetchval("SELECT count(*) FROM audit_events") == 0  # no organization: no rows
    await connection.close()
    for statement in (
        "UPDATE audit_events SET id = 2",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "TRUNCATE things",
        "CREATE TABLE more (id int)",
        "CREATE SCHEMA more",
        "CREATE TABLE app.more (id int)",
        "DROP TABLE things",
        "ALTER TABLE things NO FORCE ROW LEVEL SECURITY",
        "UPDATE alembic_version SET version_num = 'x'",
        "CREATE ROLE cop_more",
        "ALTER ROLE outside_owner SUPERUSER" if url.endswith("/outside") else "SET ROLE cop_owner",
    ):
        assert await refuses(url, statement), statement


@pytest.fixture
def key() -> bytes:
    return password_key_of(Settings(secret_key=SecretStr(KEY_TEXT)))


async def test_our_own_server_gets_owner_database_tables_and_restricted_roles(fresh: str, key: bytes) -> None:
    addresses = await prepare_embedded_database(fresh, key)
    await check_app_role(addresses.app)
    connection = await asyncpg.connect(addresses.owner)
    assert await connection.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = 'things'") == "cop_owner"
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert await connection.fetchval(owner) == "cop_owner"
    await connection.close()
    for url in (addresses.audit, addresses.intake, addresses.platform):
        assert url is not None
        assert await refuses(url, "SELECT * FROM things")
    assert addresses.platform is not None
    assert not await refuses(addresses.platform, "SELECT * FROM directory.organizations")


async def test_an_owner_that_is_no_superuser_makes_the_roles(fresh: str, key: bytes) -> None:
    settings = await make_outside(fresh, "CREATEROLE")
    addresses = await prepare_database(settings, key)
    await check_app_role(addresses.app)
    assert app_address(settings, key) == addresses.app
    connection = await asyncpg.connect(addresses.app)
    attributes = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert not any(attributes[name] for name in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb"))
    await connection.close()


async def test_a_second_preparation_changes_nothing_and_a_new_table_gets_its_rights(
    fresh: str, key: bytes, history: Path
) -> None:
    settings = await make_outside(fresh, "CREATEROLE")
    first = await prepare_database(settings, key)
    assert await prepare_database(settings, key) == first
    statements = ["CREATE TABLE more (organization_id uuid, id int)", *protect_table("more")]
    second = MIGRATION.format(revision="0002", down="'0001'", statements=statements)
    (history / "0002_second.py").write_text(second)
    migrate.head_revisions.cache_clear()
    await prepare_database(settings, key)
    assert not await refuses(first.app, "SELECT * FROM more")


async def test_a_new_key_renews_the_passwords(fresh: str, key: bytes) -> None:
    settings = await make_outside(fresh, "CREATEROLE")
    former = await prepare_database(settings, key)
    other = password_key_of(Settings(secret_key=SecretStr(KEY_TEXT + " and another")))
    addresses = await prepare_database(settings, other)
    await check_app_role(addresses.app)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(former.app)


async def test_concurrent_preparations_migrate_once(fresh: str, key: bytes) -> None:
    settings = await make_outside(fresh, "CREATEROLE")
    addresses = await asyncio.gather(*(prepare_database(settings, key) for _ in range(4)))
    await check_app_role(addresses[0].app)


async def test_concurrent_migrations_run_each_step_once(fresh: str) -> None:
    settings = await make_outside(fresh, "")
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await asyncio.gather(*(migrate.run_migrations(url) for _ in range(4)))
    connection = await asyncpg.connect(url)
    assert await migrate.current_revisions(connection) == migrate.head_revisions() == {"0001"}
    await connection.close()


async def test_where_roles_cannot_be_made_a_given_one_is_used(fresh: str, key: bytes) -> None:
    settings = await make_outside(fresh, "")
    with pytest.raises(BootstrapError, match="CLOUDOPS_DATABASE_APP_URL"):
        await prepare_database(settings, key)
    connection = await asyncpg.connect(fresh)
    await connection.execute("CREATE ROLE outside_app LOGIN PASSWORD 'outside'")
    await connection.close()
    assert settings.database_url is not None
    app_url = settings.database_url.get_secret_value().replace("outside_owner", "outside_app")
    settings = settings.model_copy(update={"database_app_url": SecretStr(app_url)})
    addresses = await prepare_database(settings, key)
    assert addresses.app == app_url == app_address(settings, key)
    await check_app_role(app_url)


async def test_a_given_role_that_does_not_exist_is_a_clear_error(fresh: str, key: bytes) -> None:
    settings = await make_outside(fresh, "")
    given = settings.model_copy(update={"database_app_url": SecretStr("postgresql://nobody_here@127.0.0.1/outside")})
    with pytest.raises(BootstrapError, match="nobody_here"):
        await prepare_database(given, key)


async def test_an_owner_that_may_not_make_tables_is_a_clear_error(fresh: str, key: bytes) -> None:
    settings = await make_outside(fresh, "CREATEROLE", owns_database=False)
    with pytest.raises(BootstrapError, match="may not make tables"):
        await prepare_database(settings, key)


async def test_roles_of_another_installation_on_the_server_are_left_alone(fresh: str, key: bytes) -> None:
    own = await prepare_embedded_database(fresh, key)
    settings = await make_outside(fresh, "CREATEROLE")
    other = password_key_of(Settings(secret_key=SecretStr("the key of the other installation")))
    with pytest.raises(BootstrapError, match="another installation"):
        await prepare_database(settings, other)
    await check_app_role(own.app)


async def test_an_unreachable_server_is_a_clear_error(key: bytes) -> None:
    settings = Settings(
        database_url=SecretStr(f"postgresql://me:x@127.0.0.1:{free_port()}/none"), secret_key=SecretStr(KEY_TEXT)
    )
    with pytest.raises(BootstrapError, match="can be opened"):
        await prepare_database(settings, key)


async def refusal(url: str) -> str:
    database = Database(url)
    try:
        with pytest.raises(UnsafeRole) as caught:
            await check_role(database)
    finally:
        await database.close()
    return str(caught.value)


async def test_serving_as_a_superuser_or_owner_is_refused(fresh: str, key: bytes) -> None:
    addresses = await prepare_embedded_database(fresh, key)
    assert "is a superuser" in await refusal(fresh.removesuffix("/postgres") + "/cloudops")
    assert "owns tables" in await refusal(addresses.owner)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("ALTER ROLE cop_app BYPASSRLS", "has BYPASSRLS"),
        ("GRANT cop_owner TO cop_app", "owns tables or is a member"),
        ("ALTER TABLE things NO FORCE ROW LEVEL SECURITY", "lack ENABLE, FORCE or a policy"),
        ("ALTER TABLE things DISABLE ROW LEVEL SECURITY", "lack ENABLE, FORCE or a policy"),
        ("DROP POLICY org ON things", "lack ENABLE, FORCE or a policy"),
        ("CREATE TABLE naked (organization_id uuid)", "naked"),
        ("CREATE VIEW all_things AS SELECT * FROM things; GRANT SELECT ON all_things TO cop_app", "look past"),
        (
            "CREATE MATERIALIZED VIEW old_things AS SELECT * FROM things; GRANT SELECT ON old_things TO cop_app",
            "look past",
        ),
    ],
)
async def test_what_could_mix_organizations_is_refused(fresh: str, key: bytes, statement: str, problem: str) -> None:
    addresses = await prepare_embedded_database(fresh, key)
    connection = await asyncpg.connect(fresh.removesuffix("/postgres") + "/cloudops")
    await connection.execute(statement)
    await connection.close()
    assert problem in await refusal(addresses.app)


async def test_a_view_of_the_invoker_is_fine(fresh: str, key: bytes) -> None:
    addresses = await prepare_embedded_database(fresh, key)
    connection = await asyncpg.connect(addresses.owner)
    await connection.execute("CREATE VIEW my_things WITH (security_invoker = true) AS SELECT * FROM things")
    await connection.execute("GRANT SELECT ON my_things TO cop_app")
    await connection.close()
    await check_app_role(addresses.app)


async def test_an_owner_bound_by_row_level_security_dumps_and_restores_every_row(
    fresh: str, key: bytes, tmp_path: Path
) -> None:
    settings = await make_outside(fresh, "CREATEROLE")
    addresses = await prepare_database(settings, key)
    installation = Installation(settings, addresses, settings, addresses.owner)
    organizations = [new_id() for _ in range(2)]
    connection = await asyncpg.connect(addresses.app)
    for organization_id in organizations:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.org', $1, true)", str(organization_id))
            await connection.execute("INSERT INTO things SELECT app.current_org(), generate_series(1, 10)")
    await connection.close()

    version, revisions = await dump_database(installation, tmp_path / "dump")
    assert version.split(".")[0] in ("15", "18")
    assert revisions == {"0001"}
    connection = await asyncpg.connect(addresses.owner)
    assert await connection.fetchval("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'things'")
    await connection.execute("INSERT INTO directory.organizations VALUES ($1)", organizations[0])
    await connection.close()
    with pytest.raises(DumpError, match="not empty"):
        await restore_database(installation, tmp_path / "dump", force=False)

    half = tmp_path / "half"
    half.write_bytes((tmp_path / "dump").read_bytes()[:-200])
    with pytest.raises(DumpError, match="cannot be restored"):
        await restore_database(installation, half, force=True)
    connection = await asyncpg.connect(addresses.owner)
    assert await connection.fetchval("SELECT to_regclass('public.things') IS NULL")  # all or nothing
    await connection.close()

    await restore_database(installation, tmp_path / "dump", force=True)
    await check_app_role(addresses.app)
    connection = await asyncpg.connect(addresses.app)
    for organization_id in organizations:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.org', $1, true)", str(organization_id))
            assert await connection.fetchval("SELECT count(*) FROM things") == 10
    busy = restore_database(installation, tmp_path / "dump", force=True)
    with pytest.raises(DumpError, match="Stop all processes"):
        await busy
    await connection.close()


async def test_partitions_of_the_metrics_come_back_with_their_rows_and_their_protection(
    fresh: str, key: bytes, tmp_path: Path
) -> None:
    settings = await make_outside(fresh, "CREATEROLE")
    addresses = await prepare_database(settings, key)
    installation = Installation(settings, addresses, settings, addresses.owner)
    organization_id, other = new_id(), new_id()
    owner = await asyncpg.connect(addresses.owner)
    for table in ("metric_samples", "metric_rollups"):
        await owner.execute(
            f"CREATE TABLE {table} (organization_id uuid, window_at timestamptz, payload bytea,"
            " PRIMARY KEY (organization_id, window_at)) PARTITION BY RANGE (window_at);"
            f"ALTER TABLE {table} ALTER COLUMN payload SET STORAGE EXTERNAL"
        )
        for statement in protect_table(table):
            await owner.execute(statement)
        await owner.execute(f"GRANT SELECT, INSERT ON {table} TO cop_app")
    assert await owner.fetchval("SELECT app.make_metric_partitions(now() - interval '14 days', now())") >= 4
    app = await asyncpg.connect(addresses.app)
    async with app.transaction():
        await app.execute("SELECT set_config('app.org', $1, true)", str(organization_id))
        for table in ("metric_samples", "metric_rollups"):
            await app.execute(
                f"INSERT INTO {table} SELECT app.current_org(), now() - day * interval '1 day', 'packed'"  # noqa: S608
                " FROM generate_series(0, 13) AS day"
            )
    await app.close()
    parts = "SELECT inhrelid::regclass::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent"
    parts += " WHERE p.relkind = 'p' ORDER BY 1"
    before = [row[0] for row in await owner.fetch(parts)]
    await owner.close()

    await dump_database(installation, tmp_path / "dump")
    await restore_database(installation, tmp_path / "dump", force=True)
    await check_app_role(addresses.app)
    owner = await asyncpg.connect(addresses.owner)
    assert [row[0] for row in await owner.fetch(parts)] == before
    unprotected = "SELECT count(*) FROM pg_class WHERE relname LIKE 'metric\\_%\\_p%' AND relkind = 'r'"
    assert await owner.fetchval(unprotected + " AND NOT (relrowsecurity AND relforcerowsecurity)") == 0
    stored = "SELECT DISTINCT attstorage::text FROM pg_attribute WHERE attname = 'payload'"
    stored += " AND attrelid = ANY($1::text[]::regclass[])"
    assert [row[0] for row in await owner.fetch(stored, before)] == ["e"]
    await owner.close()
    app = await asyncpg.connect(addresses.app)
    for tenant, rows in ((organization_id, 14), (other, 0)):
        async with app.transaction():
            await app.execute("SELECT set_config('app.org', $1, true)", str(tenant))
            assert await app.fetchval("SELECT count(*) FROM metric_samples") == rows
            assert await app.fetchval("SELECT count(*) FROM metric_rollups") == rows
    assert await app.fetchval("SELECT app.make_metric_partitions(now(), now() + interval '21 days')") >= 2
    await app.close()
