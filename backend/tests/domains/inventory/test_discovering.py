"""Accounts that a connection to an organization finds, and what becomes of them and of their resources."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core import quotas
from app.core.database import tenant_session
from app.core.tasks import PermanentFailure
from app.domains.inventory import service
from app.providers.base import CollectedResource, DiscoveredAccount, ErrorKind, ProviderError, Unit
from tests.domains.inventory.conftest import Sync
from tests.support.clouds import EC2, KEY_BODY, NUMBER, FakeProvider, complete, denied, instance, make_context
from tests.support.eventing import BODY, Estate, thing
from tests.support.jobs import queued

WHOLE = Unit(account="organizations/1", region="global", service="stores")


def account(number: str, **changes: Any) -> DiscoveredAccount:
    values: dict[str, Any] = {"native_account": number, "name": f"Account {number}", "kind": "account"}
    return DiscoveredAccount(**(values | changes))


def project(name: str, **changes: Any) -> DiscoveredAccount:
    return account(name, **({"kind": "project", "path": ["Acme", "Shops"]} | changes))


async def children(client: httpx.AsyncClient, parent_id: UUID) -> dict[str, dict[str, Any]]:
    items = (await client.get("/accounts", params={"parent_id": str(parent_id)})).json()["items"]
    return {item["native_account_id"]: item for item in items}


class Projects:
    """A Google connection that reads its projects along with itself."""

    def __init__(self, organization: UUID, client: httpx.AsyncClient, cloud: FakeProvider, account_id: UUID) -> None:
        self.organization, self.client, self.cloud, self.account_id = organization, client, cloud, account_id

    async def sync(self, *found: DiscoveredAccount, resources: Sequence[CollectedResource] = ()) -> None:
        self.cloud.accounts = list(found)
        self.cloud.holds(complete(WHOLE, resources))
        context = await make_context(self.organization, "inventory.sync_account", {})
        await service.sync_account(context, self.account_id)

    async def sync_denied(self, *found: DiscoveredAccount) -> None:
        self.cloud.accounts = list(found)
        self.cloud.holds(denied(WHOLE))
        context = await make_context(self.organization, "inventory.sync_account", {})
        with pytest.raises(PermanentFailure):
            await service.sync_account(context, self.account_id)

    async def found(self) -> dict[str, dict[str, Any]]:
        return await children(self.client, self.account_id)

    async def listed(self, **params: str) -> dict[str, dict[str, Any]]:
        items = (await self.client.get("/usage/resources", params=params)).json()["items"]
        return {item["name"]: item for item in items}


@pytest.fixture
async def projects(organization: UUID, client: httpx.AsyncClient, cloud: FakeProvider) -> Projects:
    cloud.children_sync_alone = False  # as Google's and Azure's adapters
    account_id = UUID((await client.post("/accounts", json=BODY)).json()["id"])
    return Projects(organization, client, cloud, account_id)


async def test_found_accounts_have_rows_and_syncs_of_their_own(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    own, other = account(NUMBER, path=["Acme"]), account("222222222222", path=["Acme", "Shops"])
    provider.accounts = [own, other]
    provider.holds(complete(EC2, [instance(1)]))
    await sync()
    found = await children(client, account_id)
    assert set(found) == {"222222222222"}  # the connection's own account is the connection
    child = found["222222222222"]
    assert (child["name"], child["kind"], child["path"], child["status"]) == (
        "Account 222222222222", "account", ["Acme", "Shops"], "pending",
    )  # fmt: skip
    assert child["credentials"]["set"]
    assert (await client.get(f"/accounts/{account_id}")).json()["path"] == ["Acme"]
    jobs = await queued(organization, "inventory.sync_account")
    assert child["id"] in {job.arguments["account_id"] for job in jobs}
    unit = Unit(account="222222222222", region="eu-west-1", service="ec2")
    provider.holds(complete(unit, [instance(7)]))
    await service.sync_account(await make_context(organization, "inventory.sync_account", {}), UUID(child["id"]))
    assert provider.connections[-1].connection_id == f"{account_id}/222222222222"
    items = (await client.get("/usage/resources", params={"account_id": child["id"]})).json()["items"]
    assert [item["name"] for item in items] == ["web-7"]
    assert (await children(client, account_id))["222222222222"]["status"] == "connected"


async def test_resources_of_projects_are_under_their_own_rows(projects: Projects) -> None:
    here = thing("here", account="organizations/1")
    await projects.sync(
        project("p-one"), project("p-two"),
        resources=[thing("a", account="p-one"), thing("b", account="p-two"), thing("c", account="p-two"), here],
    )  # fmt: skip
    found = await projects.found()
    assert {number: item["coverage"]["resources"] for number, item in found.items()} == {"p-one": 1, "p-two": 2}
    assert {item["status"] for item in found.values()} == {"connected"}
    assert set(await projects.listed(account_id=found["p-two"]["id"])) == {"b", "c"}
    assert set(await projects.listed(account_id=str(projects.account_id))) == {"here"}
    page = (await projects.client.get(f"/usage/resources/{(await projects.listed())['b']['id']}")).json()
    assert (page["account_name"], page["native_account"]) == ("Account p-two", "p-two")
    coverage = (await projects.client.get(f"/accounts/{found['p-two']['id']}/coverage")).json()["items"]
    assert [(item["native_type"], item["resources"]) for item in coverage] == [("AWS::S3::Bucket", 2)]


async def test_a_found_project_is_read_by_its_connection(projects: Projects) -> None:
    await projects.sync(project("p-one"))
    child = (await projects.found())["p-one"]["id"]
    started = await projects.client.post(f"/accounts/{child}/sync")
    assert started.status_code == 202
    job = (await projects.client.get(f"/accounts/{projects.account_id}")).json()
    waiting = await queued(projects.organization, "inventory.sync_account")
    assert [one.arguments["account_id"] for one in waiting if str(one.id) == started.json()["job_id"]] == [job["id"]]
    schedule = await projects.client.put(f"/accounts/{child}/schedule", json={"interval_minutes": 30})
    assert schedule.status_code == 409
    removed = await projects.client.delete(f"/accounts/{child}")
    assert (removed.status_code, removed.json()["type"].rpartition("/")[2]) == (409, "account-of-connection")


async def test_a_project_that_is_gone_is_hidden_with_its_resources_the_second_time(projects: Projects) -> None:
    both = [thing("a", account="p-one"), thing("b", account="p-two")]
    await projects.sync(project("p-one"), project("p-two"), resources=both)
    # No listing says anything: only the organization's own answer says that the project is gone.
    await projects.sync_denied(project("p-one"))
    gone = (await projects.found())["p-two"]
    assert (gone["inactive_reason"], gone["status"], gone["inactive_since"] is not None) == (
        "vanished",
        "degraded",
        True,
    )
    assert (await projects.listed())["b"]["stale"]
    page = (await projects.client.get(f"/usage/resources/{(await projects.listed())['b']['id']}")).json()
    assert (await projects.client.post(f"/accounts/{gone['id']}/sync")).status_code == 409
    await projects.sync_denied(project("p-one"))
    assert set(await projects.listed()) == {"a"}
    history = (await projects.client.get(f"/usage/resources/{page['id']}/history")).json()["items"]
    assert [one["kind"] for one in history] == ["deleted", "created"]
    await projects.sync(project("p-one"), project("p-two"), resources=both)
    back = (await projects.found())["p-two"]
    assert (back["inactive_reason"], back["status"]) == (None, "connected")
    assert set(await projects.listed()) == {"a", "b"}
    removed = await projects.client.delete(f"/accounts/{back['id']}")
    assert removed.status_code == 409


async def test_a_vanished_account_can_be_removed(projects: Projects) -> None:
    await projects.sync(project("p-one"), project("p-two"))
    await projects.sync(project("p-one"))
    gone = (await projects.found())["p-two"]["id"]
    assert (await projects.client.delete(f"/accounts/{gone}")).status_code == 204
    assert set(await projects.found()) == {"p-one"}


async def test_a_suspended_account_keeps_its_resources_and_says_so(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID, sync: Sync
) -> None:
    provider.accounts = [account("222222222222")]
    provider.holds(complete(EC2, [instance(1)]))
    await sync()
    child = (await children(client, account_id))["222222222222"]["id"]
    provider.holds(complete(Unit(account="222222222222", region="eu-west-1", service="ec2"), [instance(7)]))
    await service.sync_account(await make_context(organization, "inventory.sync_account", {}), UUID(child))
    provider.accounts = [account("222222222222", is_active=False)]
    provider.holds(complete(EC2, [instance(1)]))
    await sync()
    await sync()
    shown = (await children(client, account_id))["222222222222"]
    assert (shown["inactive_reason"], shown["status_detail"]) == ("suspended", "The cloud has suspended this account.")
    items = {item["name"]: item["stale"] for item in (await client.get("/usage/resources")).json()["items"]}
    assert items == {"web-1": False, "web-7": True}
    async with tenant_session(organization) as session:
        await service.enqueue_due_syncs(session, organization)
    waiting = await queued(organization, "inventory.sync_account")
    assert sum(job.arguments["account_id"] == child for job in waiting) <= 1  # none was added to the first


@pytest.mark.parametrize("kind", [ErrorKind.ACCESS_DENIED, ErrorKind.THROTTLED, ErrorKind.UNREACHABLE])
async def test_a_discovery_that_fails_hides_nobody(projects: Projects, kind: ErrorKind) -> None:
    await projects.sync(project("p-one"), resources=[thing("a", account="p-one")])
    projects.cloud.accounts = ProviderError(
        kind, "no", call="projects.search", permission="resourcemanager.projects.get"
    )
    for _ in range(3):
        context = await make_context(projects.organization, "inventory.sync_account", {})
        await service.sync_account(context, projects.account_id)
    assert (await projects.found())["p-one"]["inactive_since"] is None
    assert not (await projects.listed())["a"]["stale"]
    parent = (await projects.client.get(f"/accounts/{projects.account_id}")).json()
    assert parent["status"] == "degraded"
    assert "The accounts could not be listed." in parent["status_detail"]
    assert context.partial_reason is not None


async def test_an_account_that_another_connection_reads_stays_with_it(
    organization: UUID, client: httpx.AsyncClient, provider: FakeProvider, account_id: UUID
) -> None:
    provider.report = type(provider.report)(ok=True, account="999999999999", identity="arn")
    payer = UUID((await client.post("/accounts", json=KEY_BODY | {"name": "Payer"})).json()["id"])
    provider.accounts = [account(NUMBER), account("222222222222")]
    provider.holds(complete(Unit(account="999999999999", region="global", service="s3"), []))
    await service.sync_account(await make_context(organization, "inventory.sync_account", {}), payer)
    assert set(await children(client, payer)) == {"222222222222"}
    shown = (await client.get(f"/accounts/{payer}")).json()["accounts_elsewhere"]
    assert shown == [{"native_account": NUMBER, "name": f"Account {NUMBER}", "connection_id": str(account_id)}]


async def test_a_project_that_another_connection_reads_is_not_stored_twice(projects: Projects) -> None:
    projects.cloud.report = type(projects.cloud.report)(ok=True, account="p-two", identity="x")
    alone = UUID((await projects.client.post("/accounts", json=BODY | {"scope": {"projects": ["p-two"]}})).json()["id"])
    await projects.sync(
        project("p-one"), project("p-two"), resources=[thing("a", account="p-one"), thing("b", account="p-two")]
    )
    assert set(await projects.listed()) == {"a"}
    own = Unit(account="p-two", region="global", service="stores")
    projects.cloud.accounts = []
    projects.cloud.holds(complete(own, [thing("b")]))
    await service.sync_account(await make_context(projects.organization, "inventory.sync_account", {}), alone)
    assert (await projects.listed())["b"]["account_id"] == str(alone)


async def test_accounts_beyond_the_limit_are_left_out_and_counted(projects: Projects) -> None:
    async with tenant_session(projects.organization) as session:
        await quotas.set_limit(session, projects.organization, "accounts", 3)
    await projects.sync(*(project(f"p-{number}") for number in range(5)))
    assert len(await projects.found()) == 2
    parent = (await projects.client.get(f"/accounts/{projects.account_id}")).json()
    assert "3 accounts were found that this organization's limit has no room for." in parent["status_detail"]


async def test_a_name_of_ones_own_stays_when_the_cloud_renames(projects: Projects) -> None:
    await projects.sync(project("p-one"), project("p-two"))
    found = await projects.found()
    await projects.client.patch(f"/accounts/{found['p-one']['id']}", json={"name": "Mine"})
    await projects.sync(account("p-one", name="Renamed"), account("p-two", name="Renamed too"))
    assert {number: item["name"] for number, item in (await projects.found()).items()} == {
        "p-one": "Mine", "p-two": "Renamed too",
    }  # fmt: skip


async def test_removing_the_connection_removes_what_it_found(projects: Projects) -> None:
    await projects.sync(project("p-one"), resources=[thing("a", account="p-one"), thing("b")])
    found = UUID((await projects.found())["p-one"]["id"])
    assert (await projects.client.delete(f"/accounts/{projects.account_id}")).status_code == 204
    assert (await projects.client.get("/accounts")).json()["items"] == []
    for account_id in (projects.account_id, found):
        await service.forget_account(
            await make_context(projects.organization, "inventory.forget_account", {}), account_id
        )
    made = Estate(projects.organization, projects.client, projects.cloud, projects.account_id)
    for table in (
        "accounts",
        "cloud_resources",
        "resource_versions",
        "sync_units",
        "sync_unit_counts",
        "resource_terms",
    ):
        assert await made.rows(f"SELECT 1 FROM {table}") == [], table  # noqa: S608


async def test_another_organizations_connection_shows_no_children(
    projects: Projects, stranger: httpx.AsyncClient
) -> None:
    await projects.sync(project("p-one"))
    assert await children(stranger, projects.account_id) == {}
    child = (await projects.found())["p-one"]["id"]
    for path in ("", "/coverage", "/grant", "/schedule", "/units", "/events"):
        assert (await stranger.get(f"/accounts/{child}{path}")).status_code == 404, path
