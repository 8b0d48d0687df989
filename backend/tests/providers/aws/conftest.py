"""moto's server, once per test process, reset before each test. Its back ends are the process's own state."""

import os

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # read by moto at import: must come before it
os.environ["MOTO_ACM_VALIDATION_WAIT"] = "0"  # or a certificate changes while the tests run

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.providers.aws import AwsProvider
from app.providers.aws.catalogue import SERVICES
from app.providers.base import CollectedResource, Connection, Unit, UnitResult
from moto.server import ThreadedMotoServer
from tests.providers.aws.estate import LOADER, Estate
from tests.providers.aws.estate_services import build_more
from tests.providers.aws.proxy import FaultyProxy


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(moto_url: str) -> str:
    """An empty AWS."""
    empty(moto_url)
    return moto_url


def empty(moto_url: str) -> None:
    """Forget everything. The vendor's own policies are fifteen hundred more things to make for each account."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"
    httpx.post(f"{moto_url}/moto-api/reset", timeout=60).raise_for_status()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that only read the full AWS come first, in one process: so it is made, and read, once."""
    here = Path(__file__).parent
    places = [number for number, item in enumerate(items) if item.path.parent == here]
    mine = sorted(
        (items[number] for number in places), key=lambda item: "estate" not in getattr(item, "fixturenames", ())
    )
    for number, item in zip(places, mine, strict=True):
        items[number] = item
        if "estate" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(600))  # the first of them makes it, on a machine that may be busy
            if config.pluginmanager.hasplugin("xdist"):
                item.add_marker(pytest.mark.xdist_group("full-aws"))


@pytest.fixture(scope="session")
def estate(moto_url: str) -> Estate:
    """A full AWS, for tests that only read."""
    empty(moto_url)
    made = Estate(moto_url, "us-east-1")
    made.build()
    build_more(made)
    return made


@pytest.fixture(scope="session")
def collected(estate: Estate) -> list[UnitResult]:
    """What a full sync of the full AWS gives. The time-outs are long: a busy machine is no subject of these tests."""
    provider = AwsProvider(read_seconds=60)
    provider.loader = LOADER
    found = asyncio.run(collect_all(provider, connection_to(estate.endpoint), budget_seconds=400))
    provider.close()
    return found


@pytest.fixture
def proxy(cloud: str) -> Iterator[FaultyProxy]:
    """The same AWS behind a network that can be broken."""
    with FaultyProxy(cloud) as running:
        yield running


@pytest.fixture
def provider() -> Iterator[AwsProvider]:
    """Few attempts, as the faults here do not heal; time enough for a machine that does much else."""
    made = AwsProvider(read_seconds=30, attempts=2)
    made.loader = LOADER
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _platform_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of the installation itself, and none of the machine's own settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "platform")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "platform")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def connection_to(url: str, *, regions: tuple[str, ...] = ("us-east-1",), **changes: Any) -> Connection:
    """A connection by access key."""
    credentials = {"kind": "access_key", "access_key_id": "a", "secret_access_key": "b"}
    values: dict[str, Any] = {
        "connection_id": "c1", "credentials": credentials, "endpoint_url": url, "regions": regions
    } | changes  # fmt: skip
    return Connection(**values)


ACCOUNT = "123456789012"
# Types that moto cannot make: answers made from the vendor's models stand in for it, in test_shapes.py.
NOT_IN_MOTO = {
    "AWS::SavingsPlans::SavingsPlan", "AWS::EC2::ReservedInstances", "AWS::EC2::CapacityReservation",
    "AWS::RDS::ReservedDBInstance", "AWS::ElastiCache::ReservedCacheNode", "AWS::AccessAnalyzer::Analyzer",
    "AWS::AppRunner::Service", "AWS::Lightsail::Instance", "AWS::CloudWatch::CompositeAlarm",
    "AWS::InspectorV2::Account",
}  # fmt: skip
# It makes a new instant at each read, and its tagging service knows the tags of these only by their ARN.
MOVING_IN_MOTO = {
    "AWS::Athena::WorkGroup": "CreationTime",
    "AWS::ElasticLoadBalancing::LoadBalancer": "Tags",
    "AWS::DMS::ReplicationInstance": "Tags",
}


async def collect_all(
    provider: AwsProvider, connection: Connection, *, budget_seconds: float = 60, services: Sequence[str] = ()
) -> list[UnitResult]:
    units = [unit for unit in await provider.plan(connection) if not services or unit.service in services]
    reads = (provider.collect(connection, unit, budget_seconds=budget_seconds) for unit in units)
    return list(await asyncio.gather(*reads))


async def collect_one(
    provider: AwsProvider, connection: Connection, service: str, *, budget_seconds: float = 60
) -> UnitResult:
    region = "global" if SERVICES[service].is_global else connection.regions[0]
    unit = Unit(account=ACCOUNT, region=region, service=service)
    return await provider.collect(connection, unit, budget_seconds=budget_seconds)


def resources_of(results: Sequence[UnitResult], native_type: str = "") -> list[CollectedResource]:
    return [r for result in results for r in result.resources if native_type in ("", r.native_type)]
