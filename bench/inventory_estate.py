"""A database with an organization of many resources, stored by the product's own path."""

import asyncio
import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
from app.core.clock import utc_now
from app.core.collector import settled_collector
from app.core.database import Base, Database, tenant_session, use_database
from app.core.ids import new_id
from app.core.rls import CURRENT_ORG, protection_statements
from app.core.tasks import install_queue
from app.domains import load_domains
from app.domains.accounts.models import Account
from app.domains.inventory import service
from app.providers.base import CollectedRelation, CollectedResource, Unit, UnitResult, UnitState
from sqlalchemy import text

ROLE = "cop_bench_app"
NUMBER = "111122223333"
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-south-1")
KINDS = (
    ("AWS::EC2::Instance", "compute.instance", "instance/i-{:017x}", "running"),
    ("AWS::EC2::Volume", "storage.volume", "volume/vol-{:017x}", "in-use"),
    ("AWS::EC2::NetworkInterface", "network.interface", "network-interface/eni-{:017x}", "in-use"),
    ("AWS::EC2::SecurityGroup", "network.security_group", "security-group/sg-{:017x}", None),
    ("AWS::EC2::Snapshot", "storage.snapshot", "snapshot/snap-{:017x}", "completed"),
)
TEAMS = ("payments", "search", "platform", "data", "mobile", "growth", "risk", "core")
UNIT_SIZE = 5_000


@dataclass(frozen=True, kw_only=True)
class Estate:
    """Where the filled database is: the owner's address (no row-level security), the restricted role's, the ids."""

    owner_url: str
    app_url: str
    organization_id: UUID
    account_id: UUID


def make_resource(number: int, region: str) -> CollectedResource:
    """One resource with about 1 kB of configuration and three tags."""
    native_type, kind, path, status = KINDS[number % len(KINDS)]
    native_id = path.format(number)
    team = TEAMS[number % 7]
    return CollectedResource(
        native_id=f"arn:aws:ec2:{region}:{NUMBER}:{native_id}",
        native_type=native_type,
        type=kind,
        name=f"{team}-{kind.rpartition('.')[2]}-{number * 7919 % 1_000_003:07}",
        region=region,
        status=status,
        tags={
            "team": team,
            "env": ("prod", "dev", "test")[number % 3],
            "cost-center": f"cc-{number % 40}",
            "app": team,
        },
        properties={
            "Id": native_id,
            "State": {"Name": status, "Code": 16},
            "Attachments": [{"Device": f"/dev/sd{letter}", "DeleteOnTermination": True} for letter in "abcd"],
            "Groups": [{"GroupId": f"sg-{number * step:017x}", "GroupName": f"{team}-{step}"} for step in range(1, 6)],
            "Options": {f"Option{index}": f"value-{number % (index + 2)}" for index in range(12)},
        },
        aliases=[native_id.rpartition("/")[2]],
    )


def make_units(resources: int) -> Iterator[UnitResult]:
    """The estate as complete units of at most UNIT_SIZE resources, each with an edge to its neighbour."""
    for start in range(0, resources, UNIT_SIZE):
        region = REGIONS[start // UNIT_SIZE % len(REGIONS)]
        found = [make_resource(number, region) for number in range(start, min(start + UNIT_SIZE, resources))]
        yield UnitResult(
            unit=Unit(account=NUMBER, region=region, service=f"ec2-{start // UNIT_SIZE}"),
            state=UnitState.COMPLETE,
            resources=found,
            relations=[
                CollectedRelation(source=one.native_id, kind="attached-to", target=other.native_id)
                for one, other in itertools.pairwise(found)
            ],
            complete_types=frozenset(kind[0] for kind in KINDS),
        )


@contextlib.asynccontextmanager
async def empty_database() -> AsyncIterator[tuple[str, str]]:
    """A database with every table, dropped at the end: the owner's address and the restricted role's."""
    with contextlib.ExitStack() as stack:
        server_url = os.environ.get("CLOUDOPS_TEST_DATABASE_URL")
        if server_url is None:
            from app.core.embedded.postgres import EmbeddedPostgres

            folder = stack.enter_context(tempfile.TemporaryDirectory())
            server_url = stack.enter_context(EmbeddedPostgres(Path(folder) / "pg")).superuser_url
        base, _, _ = server_url.rpartition("/")
        name = f"bench_{new_id().hex}"
        admin = await asyncpg.connect(server_url)
        try:
            await admin.execute(f'CREATE DATABASE "{name}"')
            owner_url = f"{base}/{name}"
            yield owner_url, await _make_tables(owner_url)
        finally:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            await admin.close()


@contextlib.asynccontextmanager
async def filled_database(
    resources: int, make: Callable[[int], Iterable[UnitResult]] = make_units
) -> AsyncIterator[tuple[Estate, dict[str, float]]]:
    """The estate in a database of its own, dropped at the end, and the seconds of the first and of an equal store."""
    async with empty_database() as (owner_url, app_url):
        filled = await _fill(owner_url, app_url, lambda: make(resources))
        owner = Database(owner_url, pool_size=1)  # autovacuum would do it within seconds, here or there in the run
        async with owner.engine.begin() as session:
            await session.execute(text("ANALYZE"))
        await owner.close()
        yield filled


async def _make_tables(owner_url: str) -> str:
    load_domains()
    owner = Database(owner_url, pool_size=1)
    async with owner.engine.begin() as setup:
        for statement in CURRENT_ORG.split(";\n"):
            if statement.strip():
                await setup.execute(text(statement.replace(":", r"\:")))
        await setup.execute(text("CREATE SCHEMA IF NOT EXISTS directory"))
        await setup.run_sync(Base.metadata.create_all)
        for statement in protection_statements(Base.metadata):
            await setup.execute(text(statement))
        await install_queue(setup)
        found = await setup.execute(text(f"SELECT count(*) FROM pg_roles WHERE rolname = '{ROLE}'"))
        if not found.scalar_one():
            await setup.execute(text(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}' NOSUPERUSER NOBYPASSRLS"))
        for schema in ("public", "app", "directory"):
            await setup.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}"))
            await setup.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {ROLE}"))
            await setup.execute(text(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {ROLE}"))
    await owner.close()
    address = owner_url.partition("://")[2].rpartition("@")[2]
    return f"postgresql://{ROLE}:{ROLE}@{address}"


async def _fill(
    owner_url: str, app_url: str, units: Callable[[], Iterable[UnitResult]]
) -> tuple[Estate, dict[str, float]]:
    database = Database(app_url, pool_size=4)
    use_database(database)
    organization_id, account_id = new_id(), new_id()
    async with tenant_session(organization_id) as session:
        session.add(
            Account(
                organization_id=organization_id,
                id=account_id,
                provider="aws",
                name="bench",
                native_account_id=NUMBER,
                credentials_kind="ambient",
            )
        )
    seconds = {}
    with settled_collector():  # as a worker has it
        for label in ("first_store_seconds", "unchanged_store_seconds"):
            started = time.perf_counter()
            for unit in units():
                async with tenant_session(organization_id) as session:
                    await service.store_unit(
                        session,
                        organization_id,
                        account_id=account_id,
                        provider="aws",
                        job_id=new_id(),
                        result=unit,
                        now=utc_now(),
                    )
                await asyncio.sleep(0)
            seconds[label] = time.perf_counter() - started
    use_database(None)
    await database.close()
    admin = await asyncpg.connect(owner_url)
    await admin.execute("VACUUM ANALYZE")
    await admin.close()
    return Estate(owner_url=owner_url, app_url=app_url, organization_id=organization_id, account_id=account_id), seconds
