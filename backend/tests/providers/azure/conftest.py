"""A small Azure of our own, spoken to as the real one."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from app.providers.azure import AzureProvider
from app.providers.base import CollectedResource, Connection, Unit, UnitResult

from simulators.azure import DEFAULT_CLIENT, DEFAULT_SECRET, STATIC_TOKEN, AzureSimulator, demo_estate, serve


@pytest.fixture
def cloud() -> Iterator[AzureSimulator]:
    """The company, one server a test: faults and changes stay in it."""
    with serve(demo_estate()) as running:
        yield running


@pytest.fixture(scope="module")
def steady() -> Iterator[AzureSimulator]:
    """The company, for tests that only read."""
    with serve(demo_estate()) as running:
        yield running


@pytest.fixture
def provider() -> Iterator[AzureProvider]:
    """Few attempts, as the faults here do not heal; time enough for a machine that does much else."""
    made = AzureProvider(read_seconds=30, attempts=2)
    yield made
    made.close()


def connection_to(cloud: AzureSimulator, **changes: Any) -> Connection:
    """A connection to all that the application sees, by its client secret."""
    values: dict[str, Any] = {
        "connection_id": f"c-{cloud.url}",
        "credentials": {
            "kind": "client_secret",
            "tenant_id": cloud.estate.tenant_id,
            "client_id": DEFAULT_CLIENT,
            "client_secret": DEFAULT_SECRET,
        },
        "endpoint_url": cloud.url,
    }
    return Connection(**(values | changes))


def static_token() -> dict[str, str]:
    """What is taken on loopback only."""
    return {"kind": "static_token", "token": STATIC_TOKEN}


async def collect_all(
    provider: AzureProvider, connection: Connection, *, budget_seconds: float = 60
) -> list[UnitResult]:
    """Every unit of the plan, some at a time as the product does."""
    places = asyncio.Semaphore(provider.parallel_units)

    async def collect(unit: Unit) -> UnitResult:
        async with places:
            return await provider.collect(connection, unit, budget_seconds=budget_seconds)

    return list(await asyncio.gather(*(collect(unit) for unit in await provider.plan(connection))))


async def collect_one(
    provider: AzureProvider, cloud: AzureSimulator, service: str, *, budget_seconds: float = 60, **changes: Any
) -> UnitResult:
    """One unit."""
    unit = unit_of(cloud, service)
    return await provider.collect(connection_to(cloud, **changes), unit, budget_seconds=budget_seconds)


def unit_of(cloud: AzureSimulator, service: str) -> Unit:
    """The tenant's unit of a group of types."""
    return Unit(account=cloud.estate.tenant_id, region="global", service=service)


def resources_of(results: Sequence[UnitResult]) -> dict[str, CollectedResource]:
    """By the id in lower case, as the inventory compares them."""
    return {resource.native_id.lower(): resource for result in results for resource in result.resources}
