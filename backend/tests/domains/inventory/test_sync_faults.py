"""Faults of a whole sync: credentials that go, accounts that go, units that hang, clocks apart, ids in other cases."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from app.core.database import tenant_session
from app.domains.accounts import service as accounts
from app.domains.inventory import service
from app.domains.inventory.service import collecting
from app.providers.base import CallError, CollectedRelation, ErrorKind, Unit, UnitResult, UnitState
from sqlalchemy import text
from tests.domains.inventory.conftest import Sync
from tests.support.clouds import EC2, S3, FakeProvider, bucket, complete, instance, make_context
from tests.support.eventing import UNIT, Estate, found, told


async def listed(client: httpx.AsyncClient) -> dict[str, bool]:
    """Names, and whether each is stale."""
    return {item["name"]: item["stale"] for item in (await client.get("/usage/resources")).json()["items"]}


async def test_credentials_revoked_in_mid_sync_keep_what_was_read_and_what_was_known(
    client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "parallel_units", 1, raising=False)
    provider.holds(complete(S3, [bucket("logs")]), complete(EC2, [instance(1), instance(2)]))
    await sync()
    error = CallError(kind=ErrorKind.BAD_CREDENTIALS, call="ec2:DescribeInstances", message="The key was revoked.")
    revoked = UnitResult(unit=EC2, state=UnitState.FAILED, errors=[error])
    provider.holds(complete(S3, [bucket("logs"), bucket("new")]), revoked)
    context = await sync()
    assert context.partial_reason is not None
    assert await listed(client) == {"logs": False, "new": False, "web-1": True, "web-2": True}
    account = (await client.get(f"/accounts/{account_id}")).json()
    assert account["status"] == "degraded"
    units = (await client.get(f"/accounts/{account_id}/units")).json()["items"]
    assert [(unit["error"], unit["retry_at"]) for unit in units if unit["service"] == "ec2"] == [
        ("ec2:DescribeInstances: The key was revoked.", None)
    ]


async def test_an_account_removed_in_mid_sync_leaves_nothing(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))

    async def remove(unit: Unit) -> None:
        if unit == S3:
            await asyncio.sleep(0.1)
            assert (await client.delete(f"/accounts/{account_id}")).status_code == 204

    provider.before_collect = remove
    await sync()  # ends quietly
    await service.forget_account(await make_context(organization, "inventory.forget_account", {}), account_id)
    async with tenant_session(organization) as session:
        for table in ("cloud_resources", "resource_versions", "resource_terms", "sync_units", "accounts"):
            count = await session.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
            assert count.scalar_one() == 0, table


async def test_a_unit_that_hangs_is_cut_at_its_budget(
    client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.holds(complete(EC2, [instance(1)]), complete(S3, [bucket("logs")]))
    await sync()
    monkeypatch.setattr(collecting, "UNIT_BUDGET_SECONDS", 0.1)
    monkeypatch.setattr(collecting, "BUDGET_GRACE_SECONDS", 0.1)

    async def hang(unit: Unit) -> None:
        if unit == EC2:
            await asyncio.Event().wait()

    provider.before_collect = hang
    async with asyncio.timeout(20):
        await sync()
    assert await listed(client) == {"logs": False, "web-1": True}
    units = (await client.get(f"/accounts/{account_id}/units")).json()["items"]
    failed = next(unit for unit in units if unit["service"] == "ec2")
    assert failed["error"] == "ec2: No answer within 0 seconds."
    assert failed["retry_at"] is not None  # alone, in a minute


async def test_a_cloud_whose_clock_is_ahead_is_read_like_any_other(
    client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    provider.holds(complete(EC2, [instance(1, created_at=ahead)]))
    await sync()
    provider.holds(complete(EC2, [instance(1, created_at=ahead, tags={"a": "b"})]))
    await sync()
    items = (await client.get("/usage/resources")).json()["items"]
    page = (await client.get(f"/usage/resources/{items[0]['id']}")).json()
    assert datetime.fromisoformat(page["created_at"]) == ahead
    assert datetime.fromisoformat(page["last_seen_at"]) < ahead
    history = (await client.get(f"/usage/resources/{items[0]['id']}/history")).json()["items"]
    assert [(one["kind"], datetime.fromisoformat(one["at"]) < ahead) for one in history] == [
        ("updated", True),
        ("created", True),
    ]
    provider.holds(complete(EC2, []))
    await sync()
    assert await listed(client) == {}


async def test_two_accounts_at_once_do_not_mix(
    organization: UUID, client: httpx.AsyncClient, cloud: FakeProvider, provider: FakeProvider, account_id: UUID
) -> None:
    other = await client.post("/accounts", json={"provider": "gcp", "name": "g", "credentials": {"kind": "ambient"}})
    provider.holds(complete(EC2, [instance(number) for number in range(20)]))
    mine = [bucket(f"b{number}", native_id=f"//b/{number}") for number in range(20)]
    cloud.holds(complete(UNIT, mine))
    contexts = [await make_context(organization, "inventory.sync_account", {}) for _ in range(2)]
    ids = (account_id, UUID(other.json()["id"]))
    await asyncio.gather(*map(service.sync_account, contexts, ids))
    for one, expected in ((str(account_id), "aws"), (other.json()["id"], "gcp")):
        items = (await client.get("/usage/resources", params={"account_id": one, "limit": "100"})).json()["items"]
        assert [item["provider"] for item in items] == [expected] * 20


class Azure:
    """A tenant in memory that spells its ids as it likes."""

    NETWORK = "/subscriptions/5A1E/resourceGroups/Shop/providers/Microsoft.Network/virtualNetworks/Main"
    ADDRESS = "/subscriptions/5A1E/resourceGroups/Shop/providers/Microsoft.Network/publicIPAddresses/Front"


async def test_azures_ids_in_another_case_are_the_same_resource(
    organization: UUID, client: httpx.AsyncClient, cloud: FakeProvider
) -> None:
    secret = {"kind": "client_secret", "tenant_id": "t", "client_id": "cccc", "client_secret": "s"}
    made = await client.post("/accounts", json={"provider": "azure", "name": "z", "credentials": secret})
    account_id = UUID(made.json()["id"])
    first = [bucket("Main", native_id=Azure.NETWORK), bucket("Front", native_id=Azure.ADDRESS)]
    edge = CollectedRelation(source=Azure.ADDRESS, kind="attached-to", target=Azure.NETWORK)
    spelled = [replace(one, native_id=one.native_id.lower()) for one in first]
    shouted = CollectedRelation(source=Azure.ADDRESS.upper(), kind="attached-to", target=Azure.NETWORK.lower())
    for resources, relation in ((first, edge), (spelled, shouted), (first, edge)):
        cloud.holds(complete(UNIT, resources, [relation]))
        await service.sync_account(await make_context(organization, "inventory.sync_account", {}), account_id)
        items = (await client.get("/usage/resources")).json()["items"]
        assert [item["native_id"] for item in items] == [Azure.ADDRESS, Azure.NETWORK]  # as it was spelled first
        page = (await client.get(f"/usage/resources/{items[0]['id']}")).json()
        assert [(one["kind"], one["name"]) for one in page["relations"]] == [("attached-to", "Main")]
    estate = Estate(organization, client, cloud, account_id)
    assert await estate.rows("SELECT kind FROM resource_versions") == [{"kind": "created"}] * 2
    answer = await client.put(f"/accounts/{account_id}/events", json={})
    hook = answer.json()["hook_url"].partition("/api/v1")[2]
    shouting = Azure.NETWORK.upper()
    cloud.reads = {shouting: found(replace(first[0], native_id=shouting, tags={"a": "b"}))}
    event = told() | {"targets": [{"native_id": shouting}]}
    assert (await estate.push(event, hook=hook)).status_code == 200
    await estate.refresh()
    assert [one["kind"] for one in await estate.history("Main")] == ["updated", "created"]
    cloud.reads = {shouting: found(gone=frozenset({shouting}))}
    await estate.push(event | {"id": "e2"}, hook=hook)
    await estate.refresh()
    assert set(await estate.listed()) == {"Front"}


async def test_a_provider_that_is_forgotten_comes_back_as_the_installations_own() -> None:
    accounts.register_provider("aws", None)
    assert type(accounts.get_provider("aws")).__name__ == "AwsProvider"
