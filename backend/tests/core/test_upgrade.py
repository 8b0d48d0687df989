"""A database that an older release filled: its rows are there after the upgrade, with right values, and are found."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from app.core.bulk import open_driver
from app.core.database import Database, asyncpg_url, tenant_session, use_database
from app.core.grants import grants_sql
from app.core.ids import new_id
from app.core.migrate import MIGRATIONS, current_revisions, head_revisions, run_migrations
from app.domains import load_domains
from app.domains.inventory import api as inventory_api
from app.domains.inventory import queries, service
from app.domains.inventory.service.asking import forget_sizes
from app.domains.inventory.service.before import ANY_WORD
from app.domains.inventory.service.units import recount_units
from app.domains.topology import api as topology_api
from app.providers.base import CollectedResource
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tests.conftest import APP_PASSWORD, APP_ROLE
from tests.support.clouds import make_caller, make_client
from tests.support.inventory import list_names, store
from tests.support.jobs import run_jobs

FIXTURE = Path(__file__).with_name("upgrade_from_0001.sql")
ORG, OTHER = (UUID(f"01900000-0000-7000-8000-00000000000{letter}") for letter in "ab")
FIRST = datetime(2026, 11, 1, 12, tzinfo=UTC)  # the older release's first sync; its second was a day later
OWNER = "cop_test_owner"
ROUTERS = [*inventory_api.routers, topology_api.router]
OPEN = ["VM1", "api-2", "logs", "web-1", "web-3", "web-assets", "zeta-5"]
EDGES = {("web-1", "attached_to", "api-2"), ("api-2", "in_network", None), ("zeta-5", "attached_to", "web-1")}


def migrate_to(connection: Connection, revision: str) -> None:
    """Alembic up to one revision; `run_migrations` knows only the newest."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, upgrade_only=True)
    command.upgrade(config, revision)


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    load_domains()


@pytest.fixture
async def old(server_url: str) -> AsyncIterator[str]:
    """The owner's address of a database as the older release left it. The owner is no superuser: FORCE binds it."""
    name, base = f"u_{new_id().hex}", server_url.rpartition("/")[0]
    superuser = await asyncpg.connect(server_url)
    for role in (OWNER, APP_ROLE):
        if not await superuser.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await superuser.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{APP_PASSWORD}' NOSUPERUSER NOBYPASSRLS")
    await superuser.execute(f'CREATE DATABASE "{name}" OWNER {OWNER}')
    owner_url = f"postgresql://{OWNER}:{APP_PASSWORD}@{base.rpartition('@')[2].removeprefix('postgresql://')}/{name}"
    engine = create_async_engine(asyncpg_url(owner_url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(migrate_to, "0001")
    await engine.dispose()
    filling = await asyncpg.connect(f"{base}/{name}")
    await filling.execute(FIXTURE.read_text())
    await filling.close()
    yield owner_url
    await superuser.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await superuser.close()


async def upgrade(owner_url: str) -> None:
    """What a start does: migrations and rights."""
    await run_migrations(owner_url)
    owner = await asyncpg.connect(owner_url)
    await owner.execute(grants_sql(APP_ROLE))
    await owner.close()


@pytest.fixture
async def upgraded(old: str) -> AsyncIterator[Database]:
    """The process's database after the upgrade, as the product's role."""
    await upgrade(old)
    database = Database(old.replace(f"{OWNER}:", f"{APP_ROLE}:"), pool_size=5)
    use_database(database)
    forget_sizes()
    yield database
    use_database(None)
    await database.close()


async def fetch(organization: UUID | None, sql: str) -> list[tuple[Any, ...]]:
    """Rows as the product's role sees them."""
    async with tenant_session(organization or new_id()) as session:
        rows = await (await session.connection()).exec_driver_sql(sql)
        return [tuple(row) for row in rows]


async def read_rows(connection: Any, table: str) -> list[dict[str, Any]]:
    """Whole rows."""
    return [json.loads(row[0]) for row in await connection.fetch(f"SELECT row_to_json(t)::text FROM {table} t")]  # noqa: S608


async def test_every_row_is_kept_and_the_newest_revision_reached(old: str, server_url: str) -> None:
    tables = "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    tables += " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'directory') AND c.relname <> 'alembic_version'"
    superuser = await asyncpg.connect(f"{server_url.rpartition('/')[0]}/{old.rpartition('/')[2]}")
    names = [row[0] for row in await superuser.fetch(tables)]
    before = {name: await read_rows(superuser, name) for name in names}
    assert sum(bool(rows) for rows in before.values()) >= 15, "the fixture fills these"
    await upgrade(old)
    assert await current_revisions(superuser) == head_revisions()
    for name, rows in before.items():
        kept = [json.dumps({key: row[key] for key in rows[0]}) for row in await read_rows(superuser, name) if rows]
        assert {json.dumps(row) for row in rows} <= set(kept), name
    await superuser.close()


async def test_new_columns_have_right_values(upgraded: Database) -> None:
    keys = await fetch(ORG, "SELECT native_id, native_key FROM cloud_resources")
    assert len(keys) == len(OPEN) + 1
    assert all(key == (native_id.lower() if native_id.startswith("/") else native_id) for native_id, key in keys)
    assert any(key != native_id for native_id, key in keys)
    edges = await fetch(
        ORG,
        """SELECT s.name, e.kind, t.name, e.first_seen_at FROM resource_relations e
           LEFT JOIN cloud_resources s ON s.id = e.source_id LEFT JOIN cloud_resources t ON t.id = e.target_id""",
    )
    assert {edge[:3] for edge in edges} == EDGES
    assert {edge[0]: edge[3] for edge in edges} == {
        "web-1": FIRST, "api-2": FIRST, "zeta-5": FIRST + timedelta(days=1)
    }  # fmt: skip
    accounts = await fetch(ORG, "SELECT provider, kind, reads_alone, path, coverage FROM accounts ORDER BY provider")
    covered = {"units": {"complete": 1, "failed": 1}, "resources": 6, "stale": 2}
    assert accounts == [
        ("aws", "connection", True, [], covered),
        ("azure", "connection", True, [], {"units": {"complete": 1}, "resources": 1, "stale": 0}),
    ]


async def test_what_units_count_is_what_a_recount_finds(upgraded: Database) -> None:
    counts = "SELECT * FROM sync_unit_counts ORDER BY unit_id, native_type, type, status"
    for organization in (ORG, OTHER):
        before = await fetch(organization, counts)
        units = [row[0] for row in await fetch(organization, "SELECT id FROM sync_units")]
        async with tenant_session(organization) as session:
            await recount_units(await open_driver(session), organization, units)
        assert await fetch(organization, counts) == before != []


async def test_organizations_see_only_their_own_rows(upgraded: Database) -> None:
    seen = "SELECT DISTINCT organization_id FROM "
    tables = await fetch(
        None,
        """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
           WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
             AND has_table_privilege(c.oid, 'SELECT')""",
    )
    filled = 0
    for (table,) in tables:
        assert await fetch(None, seen + table) == [], table
        for organization in (ORG, OTHER):
            assert {row[0] for row in await fetch(organization, seen + table)} <= {organization}, table
        filled += bool(await fetch(ORG, seen + table))
    assert filled >= 13
    forced = "SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity"
    assert await fetch(None, forced) == []


async def check_lists(names: list[str]) -> None:
    """Every way to ask for resources tells of all of them."""
    async with make_client(ROUTERS, make_caller(ORG)) as client:
        assert await list_names(client, limit=2) == sorted(names)
        assert await list_names(client, q="web") == [name for name in sorted(names) if "web" in name]
        assert await list_names(client, q="arn:aws:s3:::logs") == ["logs"]
        assert await list_names(client, tag="env:prod", limit=2) == ["logs", "web-1", "web-assets", "zeta-5"]
        assert await list_names(client, tag="k7:v") == ["web-3"], "more tags than are hashed"
        assert await list_names(client, search="is:untagged") == ["VM1", "api-2"]
        assert await list_names(client, search="is:closed") == ["web-4"]
        for params in ({}, {"q": "web"}, {"tag": "env:prod"}):
            facets = (await client.get("/usage/facets", params=params)).json()
            assert facets["total"] == len(await list_names(client, **params)), params
            assert facets["exact"], params
        summary = (await client.get("/usage/summary")).json()
        assert summary["total"] == len(names)


@pytest.fixture(params=[False, True], ids=["rare words", "common words"])
def _words(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(queries, "FEW_LISTS", 0)


@pytest.mark.usefixtures("_words", "upgraded")
async def test_lists_are_whole_before_and_after_what_is_left_is_done() -> None:
    await check_lists(OPEN)
    for organization in (ORG, OTHER):
        async with tenant_session(organization) as session:
            await service.enqueue_indexing(session, organization)
        await run_jobs(organization, "inventory.index_resources")
    forget_sizes()
    await check_lists(OPEN)
    left = f"SELECT name FROM cloud_resources WHERE word_bits = {ANY_WORD}"  # noqa: S608
    assert await fetch(ORG, left) == await fetch(OTHER, left) == []


@pytest.mark.parametrize("is_indexed", [False, True])
@pytest.mark.usefixtures("_words", "upgraded")
async def test_a_sync_afterwards_leaves_whole_lists_and_no_false_history(is_indexed: bool) -> None:
    if is_indexed:
        async with tenant_session(ORG) as session:
            await service.enqueue_indexing(session, ORG)
        await run_jobs(ORG, "inventory.index_resources")
    versions = "SELECT id, kind, changes FROM resource_versions ORDER BY id"
    before = await fetch(ORG, versions)
    things = {name: await read_thing(name) for name in ("web-1", "api-2", "web-3", "zeta-5")}
    (account_id,) = (await fetch(ORG, "SELECT id FROM accounts WHERE provider = 'aws'"))[0]
    await sync(account_id, things)
    assert await fetch(ORG, versions) == before, "nothing changed"
    await check_lists(OPEN)
    things |= {"zeta-6": await read_thing("zeta-5", name="zeta-6", native_id="arn:aws:ec2:6", aliases=[], tags={})}
    things["api-2"] = await read_thing("api-2", name="omega-2", tags={"a": "b"})
    await sync(account_id, things)
    assert len(await fetch(ORG, versions)) == len(before) + 2
    async with make_client(ROUTERS, make_caller(ORG)) as client:
        for words, found in (
            ("zeta", ["zeta-5", "zeta-6"]),
            ("omega", ["omega-2"]),
            ("web", ["web-1", "web-3", "web-assets"]),
        ):
            assert await list_names(client, q=words) == found, words
        assert await list_names(client) == sorted({*OPEN, "omega-2", "zeta-6"} - {"api-2"})


async def read_thing(stored: str, **changes: Any) -> CollectedResource:
    """A stored resource as a cloud would tell it again."""
    columns = ("native_id", "native_type", "type", "name", "region", "status", "tags", "properties", "aliases")
    rows = await fetch(ORG, f"SELECT {', '.join(columns)} FROM cloud_resources WHERE name = '{stored}'")  # noqa: S608
    return CollectedResource(**(dict(zip(columns, rows[0], strict=True)) | changes))


async def sync(account_id: UUID, things: dict[str, CollectedResource]) -> None:
    """The unit of instances is read again."""
    await store(ORG, account_id, list(things.values()), number="111122223333", region="eu-west-1")


async def test_topology_and_daily_counts_are_due_at_once(upgraded: Database) -> None:
    due = await fetch(None, "SELECT name FROM schedule_runs WHERE due_at < '2001-01-01' AND finished_at IS NOT NULL")
    assert sorted(name for (name,) in due) == ["inventory.roll_up_all", "topology.recompute_daily"]
    async with tenant_session(ORG) as session:
        await service.roll_up(session, ORG)
    total = "SELECT sum(resources) FROM resource_trends WHERE dimension = 'all' AND day = current_date"
    assert await fetch(ORG, total) == [(len(OPEN),)]
