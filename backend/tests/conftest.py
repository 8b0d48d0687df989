"""Fixtures: a real PostgreSQL (embedded unless CLOUDOPS_TEST_DATABASE_URL names one), each test rolled back."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cache
from uuid import UUID

import asyncpg
import pytest
from app.core.database import STATEMENT_TIMEOUT_MS, Base, Database, set_organization, use_database
from app.core.grants import grants_sql
from app.core.ids import new_id
from app.core.reads import ReadPool
from app.core.rls import CURRENT_ORG, protection_statements
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker

from tests.support.counts import CountCases, collect, property_of, table

_ID_LIKE = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}[0-9a-f-]*")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names of cases must be equal in every process: no random ids, no bytes."""
    if isinstance(val, bytes):
        return argname
    if isinstance(val, str) and _ID_LIKE.search(val):
        return _ID_LIKE.sub("ID", val)
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the suites counted, at the end of the run and from all of its workers."""
    suites = collect(report for reports in terminalreporter.stats.values() for report in reports)
    if suites:
        terminalreporter.section("what the suites counted")
        for line in table(suites):
            terminalreporter.write_line(line)


@pytest.fixture
def count_cases(record_property: Callable[[str, object], None]) -> CountCases:
    """Note how many cases a test went through; the end of the run shows them."""

    def count(suite: str, cases: Mapping[str, int] | int, *, accepted: int = 0) -> None:
        record_property(*property_of(suite, cases, accepted))

    return count


APP_ROLE, APP_PASSWORD = "cop_test_app", "cop_test_app"  # pragma: allowlist secret


def load_models() -> None:
    """Import every domain's models, so that the metadata is whole."""
    import importlib
    import pkgutil

    import app.core
    import app.domains

    for package in (app.core, app.domains):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.rsplit(".", 1)[-1] in ("models", "events", "tasks", "stream", "idempotency"):
                importlib.import_module(module.name)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL superuser on a server that only these tests use."""
    if url := os.environ.get("CLOUDOPS_TEST_DATABASE_URL"):
        yield url
        return
    from app.core.embedded.postgres import EmbeddedPostgres

    with EmbeddedPostgres(tmp_path_factory.mktemp("pg"), disposable=True) as server:
        yield server.superuser_url


async def _make_database(server_url: str, name: str) -> tuple[str, str]:
    connection = await asyncpg.connect(server_url)
    try:
        with contextlib.suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await connection.execute(f"CREATE ROLE {APP_ROLE} LOGIN PASSWORD '{APP_PASSWORD}' NOSUPERUSER NOBYPASSRLS")
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    base, _, _ = server_url.rpartition("/")
    owner_url = f"{base}/{name}"
    owner = Database(owner_url, pool_size=1)
    async with owner.engine.begin() as setup:
        for statement in CURRENT_ORG.split(";\n"):
            if statement.strip():
                await setup.execute(text(statement.replace(":", r"\:")))
        await setup.execute(text("CREATE SCHEMA IF NOT EXISTS directory"))
        await setup.run_sync(Base.metadata.create_all)
        for statement in protection_statements(Base.metadata):
            await setup.execute(text(statement))
        with contextlib.suppress(ImportError):
            from app.core.tasks import install_queue

            await install_queue(setup)
    await owner.close()
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(grants_sql(APP_ROLE))  # the rights that the product has, no others
    finally:
        await connection.close()
    host = base.rpartition("@")[2]
    return owner_url, f"postgresql://{APP_ROLE}:{APP_PASSWORD}@{host.removeprefix('postgresql://')}/{name}"


@pytest.fixture(scope="session")
def database_urls(server_url: str) -> tuple[str, str]:
    """(owner, application) addresses of a fresh database with every table."""
    load_models()
    name = f"t_{new_id().hex}"
    return asyncio.run(_make_database(server_url, name))


@pytest.fixture
def password_cost(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords cost next to nothing, but where what they cost is the subject (`full_password_cost`)."""
    from app.domains.identity import passwords

    passwords._dummy_hash.cache_clear()
    if request.node.get_closest_marker("full_password_cost"):
        return
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))


@cache
def _database(url: str) -> Database:
    """One for all tests: its engine keeps the statements that it compiled. Connections are of one test's loop each."""
    return Database(url, pool_size=5)


@pytest.fixture
async def database(database_urls: tuple[str, str], password_cost: None) -> AsyncIterator[Database]:
    """The restricted role's database, also the process's own. Rows committed here stay: use new organizations."""
    made = _database(database_urls[1])
    made.reads = ReadPool(database_urls[1], size=5, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    use_database(made)
    yield made
    use_database(None)
    await made.close()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection whose outer transaction is rolled back after the test."""
    async with database.engine.connect() as opened:
        transaction = await opened.begin()
        yield opened
        await transaction.rollback()


@pytest.fixture
def organization_id() -> UUID:
    """A new organization's id. Tests that need its row create it through identity."""
    return new_id()


@pytest.fixture
async def session(connection: AsyncConnection, organization_id: UUID) -> AsyncIterator[AsyncSession]:
    """A session bound to `organization_id`, inside a transaction that is rolled back after the test."""
    sessions = async_sessionmaker(connection, expire_on_commit=False, autoflush=False)
    async with sessions(join_transaction_mode="create_savepoint") as opened:
        await set_organization(opened, organization_id)
        yield opened
