"""A small Google Cloud of our own, spoken to by the real google-auth."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from app.providers.base import CollectedResource, Connection, Unit, UnitResult
from app.providers.gcp import GcpProvider

from simulators.gcp import GcpHandle, make_estate, serve


@pytest.fixture
def cloud() -> Iterator[GcpHandle]:
    """The company, one server a test: faults and changes stay in it."""
    running = serve(make_estate())
    yield running
    running.stop()


@pytest.fixture(scope="module")
def steady() -> Iterator[GcpHandle]:
    """The company, for tests that only read."""
    running = serve(make_estate())
    yield running
    running.stop()


@pytest.fixture
def provider() -> Iterator[GcpProvider]:
    """Few attempts, as the faults here do not heal; time enough for a machine that does much else."""
    made = GcpProvider(read_seconds=30, attempts=2)
    yield made
    made.close()


def connection_to(cloud: GcpHandle, **changes: Any) -> Connection:
    """A connection to the whole organization by the service account's key."""
    values: dict[str, Any] = {
        "connection_id": f"c-{cloud.url}",
        "credentials": cloud.credentials(),
        "endpoint_url": cloud.url,
        "scope": {"organization": cloud.estate.organization},
    }
    return Connection(**(values | changes))


async def collect_all(provider: GcpProvider, connection: Connection, *, budget_seconds: float = 60) -> list[UnitResult]:
    units = await provider.plan(connection)
    return list(
        await asyncio.gather(*(provider.collect(connection, unit, budget_seconds=budget_seconds) for unit in units))
    )


async def collect_one(
    provider: GcpProvider, cloud: GcpHandle, service: str, *, budget_seconds: float = 60, **changes: Any
) -> UnitResult:
    connection = connection_to(cloud, **changes)
    unit = next(unit for unit in await provider.plan(connection) if unit.service == service)
    return await provider.collect(connection, unit, budget_seconds=budget_seconds)


def resources_of(results: Sequence[UnitResult]) -> dict[str, CollectedResource]:
    return {resource.native_id: resource for result in results for resource in result.resources}


def unit_of(cloud: GcpHandle, service: str) -> Unit:
    return Unit(account=f"organizations/{cloud.estate.organization}", region="global", service=service)
