"""From connecting to relations through the AWS SDK, against moto's server."""

import os

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # read by moto at import: must come before it
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"

import logging
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import Database, tenant_session
from app.domains.accounts import service as accounts
from app.domains.inventory import service
from app.providers.aws import AwsProvider
from moto.server import ThreadedMotoServer
from sqlalchemy import text
from tests.domains.inventory.conftest import ROUTERS
from tests.providers.aws.estate import Estate
from tests.support.clouds import make_caller, make_client, make_context, make_organization

REGION = "us-east-1"


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """A full AWS."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.post(f"{url}/moto-api/reset", timeout=60).raise_for_status()
    estate = Estate(url, REGION)
    estate.build()
    # moto says another instant of creation of it at each read.
    estate.client("athena").delete_work_group(WorkGroup="primary")
    yield url
    server.stop()


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address, allowed, with the real adapter behind it."""
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", moto_url)
    get_settings.cache_clear()
    adapter = AwsProvider()
    accounts.register_provider("aws", adapter)
    yield moto_url
    accounts.register_provider("aws", None)
    adapter.close()


@pytest.fixture
async def owner(database: Database, aws: str) -> UUID:
    """An organization."""
    return await make_organization()


@pytest.fixture
async def signed_in(owner: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Its administrator."""
    async with make_client(ROUTERS, make_caller(owner)) as opened:
        yield opened


async def test_a_real_account_is_connected_synced_and_not_rewritten(
    owner: UUID, signed_in: httpx.AsyncClient, aws: str
) -> None:
    body = {
        "provider": "aws",
        "name": "moto",
        "credentials": {"kind": "access_key", "access_key_id": "testing", "secret_access_key": "test-secret"},
        "endpoint_url": aws,
        "regions": [REGION],
    }
    tested = await signed_in.post("/accounts/test", json=body)
    assert tested.status_code == 200, tested.text
    report = tested.json()
    assert report["account"] == "123456789012", report
    connected = await signed_in.post("/accounts", json=body)
    assert connected.status_code == 201, connected.text
    account_id = UUID(connected.json()["id"])
    context = await make_context(owner, "inventory.sync_account", {})
    await service.sync_account(context, account_id)
    units = (await signed_in.get(f"/accounts/{account_id}/units", params={"limit": 500})).json()["items"]
    failed = {(unit["service"], unit["error"]) for unit in units if unit["state"] == "failed"}
    assert len(failed) < len(units) / 4, failed
    summary = (await signed_in.get("/usage/summary")).json()
    assert summary["total"] > 50
    assert len(summary["by_type"]) > 20
    found = (await signed_in.get("/usage/resources", params={"native_type": "AWS::EC2::Instance"})).json()["items"]
    page = (await signed_in.get(f"/usage/resources/{found[0]['id']}")).json()
    assert page["properties"]["InstanceType"]
    resolved = [edge for edge in page["relations"] if edge["resource_id"] and edge["name"] and edge["type"]]
    assert len(resolved) >= 2, page["relations"]

    async def versions_of_rows() -> list[tuple[str, str]]:
        async with tenant_session(owner) as session:
            query = "SELECT native_id, xmin::text FROM cloud_resources ORDER BY native_id"
            return [(row[0], row[1]) for row in await session.execute(text(query))]

    async def changes() -> int:
        async with tenant_session(owner) as session:
            return int((await session.execute(text("SELECT count(*) FROM resource_versions"))).scalar_one())

    history, before = await changes(), await versions_of_rows()
    await service.sync_account(await make_context(owner, "inventory.sync_account", {}), account_id)
    after = await versions_of_rows()
    entries = (await signed_in.get("/usage/changes", params={"limit": 20, "kind": "updated"})).json()["items"]
    assert await changes() == history, "\n".join(
        f"{e['native_type']} {c['path']}" for e in entries for c in e["changes"]
    )
    rewritten = [one[0] for one, other in zip(before, after, strict=True) if one != other]
    partial = {unit["service"] for unit in units if unit["state"] != "complete"}
    assert [native_id for native_id in rewritten if native_id.split(":")[2] not in partial] == []
