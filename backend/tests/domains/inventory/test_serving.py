"""What other domains ask of the inventory."""

from decimal import Decimal
from uuid import UUID

import httpx
import pytest
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.money import Money
from app.domains.inventory import service
from tests.domains.inventory.conftest import Sync
from tests.support.clouds import EC2, NUMBER, S3, FakeProvider, bucket, complete, instance, make_organization


@pytest.fixture
async def ids(client: httpx.AsyncClient, provider: FakeProvider, sync: Sync) -> dict[str, UUID]:
    """Resource ids by name: three instances, of which two share an alias, and a bucket."""
    instances = [
        instance(1),
        instance(2, aliases=["i-00000002", "shared"]),
        instance(3, aliases=["i-00000003", "shared"]),
    ]
    provider.holds(complete(EC2, instances), complete(S3, [bucket("logs")]))
    await sync()
    items = (await client.get("/usage/resources")).json()["items"]
    return {item["name"]: UUID(item["id"]) for item in items}


async def test_ids_resolve_by_native_id_and_alias_whatever_their_case(organization: UUID, ids: dict[str, UUID]) -> None:
    asked = ["I-00000001", f"arn:aws:ec2:eu-west-1:{NUMBER}:instance/I-00000002", "logs", "shared", "nothing", ""]
    async with tenant_session(organization) as session:
        found = await service.resolve_native_ids(session, organization, asked)
    assert found == {asked[0]: ids["web-1"], asked[1]: ids["web-2"], "logs": ids["logs"]}
    stranger = await make_organization()
    async with tenant_session(stranger) as session:
        assert await service.resolve_native_ids(session, stranger, asked) == {}
        assert await service.resolve_native_ids(session, organization, asked) == {}


async def test_monthly_costs_are_set_by_id_or_alias(
    organization: UUID, client: httpx.AsyncClient, ids: dict[str, UUID]
) -> None:
    def usd(amount: str) -> Money:
        return Money(amount=Decimal(amount), currency="USD")

    arn = f"arn:aws:ec2:eu-west-1:{NUMBER}:instance/i-00000001"
    costs = {
        "i-00000001": [usd("1.10")],
        arn: [usd("2.2"), Money(amount=Decimal("5"), currency="EUR")],
        "logs": [usd("40")],
        "unknown": [usd("9")],
    }
    async with tenant_session(organization) as session:
        assert await service.set_monthly_costs(session, organization, costs) == 2
    async with tenant_session(organization) as session:
        assert await service.set_monthly_costs(session, organization, costs) == 0
    items = (await client.get("/usage/resources", params={"sort": "-cost"})).json()["items"]
    assert [(item["name"], item["monthly_cost"]) for item in items[:3]] == [
        ("logs", [{"amount": "40.00", "currency": "USD"}]),
        ("web-1", [{"amount": "5.00", "currency": "EUR"}, {"amount": "3.30", "currency": "USD"}]),
        (items[2]["name"], []),
    ]
    async with tenant_session(organization) as session:
        changed = await service.set_monthly_costs(session, organization, {"logs": [usd("40")]}, clear_others=True)
    assert changed == 1


async def test_a_sync_leaves_costs_alone(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, ids: dict[str, UUID], sync: Sync
) -> None:
    costs = {"logs": [Money(amount=Decimal("3"), currency="USD")]}
    async with tenant_session(organization) as session:
        await service.set_monthly_costs(session, organization, costs)
    provider.holds(complete(S3, [bucket("logs", properties={"Versioning": "Suspended"})]))
    await sync()
    item = (await client.get("/usage/resources", params={"q": "logs"})).json()["items"][0]
    assert item["monthly_cost"] == [{"amount": "3.00", "currency": "USD"}]


async def test_resources_come_in_batches_with_closed_ones_only_by_id(
    organization: UUID, provider: FakeProvider, ids: dict[str, UUID], sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()

    async def read(**arguments: object) -> list[dict[str, object]]:
        async with tenant_session(organization) as session:
            batches = [batch async for batch in service.iter_resources(session, organization, **arguments, batch=1)]  # type: ignore[arg-type]  # forwarded
        assert all(len(batch) == 1 for batch in batches)
        return [row for batch in batches for row in batch]

    assert {row["id"] for row in await read(native_types=["AWS::EC2::Instance"])} == {ids["web-1"]}
    assert {row["id"] for row in await read()} == {ids["web-1"], ids["logs"]}
    named = await read(ids=[ids["web-1"], ids["web-2"], new_id()])
    assert {row["id"]: row["closed"] for row in named} == {ids["web-1"]: False, ids["web-2"]: True}
    row = (await read(ids=[ids["web-1"]]))[0]
    assert row["properties"] == {"InstanceType": "t3.micro", "Position": 1}
    assert (row["native_account"], row["unread_fields"], row["stale"]) == (NUMBER, {}, False)
