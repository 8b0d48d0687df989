"""Connecting, testing, changing and removing accounts."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.errors import NotFound
from app.domains.accounts import service
from app.domains.accounts.errors import CredentialsMissing
from app.domains.accounts.service import registry
from app.providers.base import ConnectionReport, ErrorKind, ProviderError
from sqlalchemy import text
from tests.support.clouds import KEY_BODY, NUMBER, FakeProvider, failing_check

ROLE = {"kind": "assume_role", "role_arn": f"arn:aws:iam::{NUMBER}:role/reader"}

GCP = {"provider": "gcp", "name": "g", "credentials": {"kind": "ambient"}}


def body(**changes: Any) -> dict[str, Any]:
    return {**KEY_BODY, **changes}


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[1]


async def test_a_connected_account_never_shows_its_credentials(
    client: httpx.AsyncClient, organization: UUID, provider: FakeProvider
) -> None:
    answer = await client.post("/accounts", json=body())
    assert answer.status_code == 201, answer.text
    account = answer.json()
    assert account["status"] == "connected"
    assert account["native_account_id"] == NUMBER
    assert account["credentials"] == {
        "kind": "access_key",
        "set": True,
        "hint": "…1234",
        "updated_at": account["credentials"]["updated_at"],
    }
    listed = await client.get("/accounts")
    one = await client.get(f"/accounts/{account['id']}")
    assert one.json() == listed.json()["items"][0] == account
    async with tenant_session(organization) as session:
        stored = (await session.execute(text("SELECT accounts.*::text FROM accounts"))).scalar_one()
        opened = await service.open_connection(session, organization, UUID(account["id"]))
    for shown in (answer.text, listed.text, stored, repr(opened)):
        assert "very-secret-value" not in shown
    assert opened.credentials["secret_access_key"] == "very-secret-value"
    assert provider.connections[0].credentials == opened.credentials


async def test_connecting_queues_the_first_sync(client: httpx.AsyncClient, organization: UUID) -> None:
    await client.post("/accounts", json=body())
    async with tenant_session(organization) as session:
        kinds = (await session.execute(text("SELECT kind FROM jobs"))).scalars().all()
        facts = (await session.execute(text("SELECT name FROM events ORDER BY position"))).scalars().all()
    assert "inventory.sync_account" in kinds
    assert facts[0] == "account.connected"


async def test_missing_permissions_only_lower_the_status(client: httpx.AsyncClient, provider: FakeProvider) -> None:
    provider.report = failing_check("ec2:DescribeVolumes")
    account = (await client.post("/accounts", json=body())).json()
    assert account["status"] == "degraded"
    assert account["status_detail"] == "Missing permissions: ec2:DescribeVolumes."
    report = (await client.post(f"/accounts/{account['id']}/test")).json()
    assert (report["ok"], report["checks"][0]["permission"]) == (False, "ec2:DescribeVolumes")
    assert report["grant"] is not None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ErrorKind.BAD_CREDENTIALS, "connection-refused"),
        (ErrorKind.ACCESS_DENIED, "connection-refused"),
        (ErrorKind.UNREACHABLE, "cloud-unreachable"),
        (ErrorKind.TIMED_OUT, "cloud-unreachable"),
        (ErrorKind.INVALID_ANSWER, "cloud-unreachable"),
    ],
)
async def test_a_refused_identity_keeps_nothing(
    client: httpx.AsyncClient, provider: FakeProvider, kind: ErrorKind, expected: str
) -> None:
    provider.failure = ProviderError(kind, "It says no.")
    assert problem(await client.post("/accounts", json=body())) == (422, expected)
    assert (await client.get("/accounts")).json()["items"] == []
    tested = await client.post("/accounts/test", json=body())
    assert (tested.status_code, tested.json()["ok"], tested.json()["warnings"]) == (200, False, ["It says no."])


async def test_testing_keeps_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.post("/accounts/test", json=body())
    assert (answer.status_code, answer.json()["ok"], answer.json()["account"]) == (200, True, NUMBER)
    assert (await client.get("/accounts")).json()["items"] == []


async def test_one_cloud_account_connects_once(client: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    first = await client.post("/accounts", json=body())
    assert problem(await client.post("/accounts", json=body(name="again"))) == (409, "account-already-connected")
    assert (await stranger.post("/accounts", json=body())).status_code == 201
    assert (await client.delete(f"/accounts/{first.json()['id']}")).status_code == 204
    assert (await client.post("/accounts", json=body())).status_code == 201


async def test_an_idempotency_key_connects_once(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await client.post("/accounts", json=body(), headers=headers)
    again = await client.post("/accounts", json=body(), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await client.post("/accounts", json=body(name="other"), headers=headers)
    assert problem(other) == (409, "idempotency-key-reused")


@pytest.mark.parametrize(
    "made",
    [
        {"provider": "gcp", "name": "g", "credentials": {"kind": "ambient"}, "scope": {"projects": ["p"]}},
        {
            "provider": "azure",
            "name": "z",
            "credentials": {"kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": "s"},
        },
    ],
)
async def test_a_cloud_without_adapter_says_so(
    client: httpx.AsyncClient, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_ADAPTERS", {"aws": registry._ADAPTERS["aws"]})
    monkeypatch.setattr(registry, "_made", {})
    answer = await client.post("/accounts", json=made)
    assert problem(answer) == (422, "provider-not-available")
    assert "no adapter for" in answer.json()["detail"]


@pytest.mark.parametrize(
    "made",
    [
        {},
        body(provider="other"),
        body(credentials={"kind": "service_account", "key": {}}),
        body(credentials={"kind": "access_key", "access_key_id": "AKIA", "secret_access_key": ""}),
        body(credentials={**ROLE, "role_arn": "arn:aws:iam::1:role/x", "external_id": "abc"}),
        body(credentials={"kind": "ambient", "more": 1}),
        body(name=" "),
        body(name="a\x00"),
        body(regions=["EU WEST"]),
        body(endpoint_url="ftp://example.com"),
        body(endpoint_url="http://user:pass@example.com"),
        body(endpoint_url="http://example.com:99999999"),
        body(organization_id="x"),
        body(scope={"projects": ["p"]}),
        {
            "provider": "gcp",
            "name": "g",
            "credentials": {"kind": "ambient"},
            "scope": {"projects": ["p"], "folder": "f"},
        },
        {"provider": "gcp", "name": "g", "credentials": {"kind": "service_account", "key": {"client_email": "x"}}},
    ],
)
async def test_bad_bodies_are_invalid_input(client: httpx.AsyncClient, made: dict[str, Any]) -> None:
    answer = await client.post("/accounts", json=made)
    assert problem(answer) == (422, "invalid-input")
    assert "very-secret-value" not in answer.text


async def test_an_endpoint_outside_of_the_allow_list_is_refused(
    client: httpx.AsyncClient, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = body(endpoint_url="http://127.0.0.1:5999")
    assert problem(await client.post("/accounts", json=local)) == (422, "address-not-allowed")
    assert problem(await client.post("/accounts/test", json=local)) == (422, "address-not-allowed")
    assert provider.connections == []
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", "http://127.0.0.1:5999")
    get_settings.cache_clear()
    assert (await client.post("/accounts", json=local)).status_code == 201
    assert provider.connections[0].endpoint_url == "http://127.0.0.1:5999"


async def test_another_address_forgets_the_credentials(
    client: httpx.AsyncClient, organization: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", "http://127.0.0.1:5999,http://127.0.0.1:6000")
    get_settings.cache_clear()
    account = (await client.post("/accounts", json=body(endpoint_url="http://127.0.0.1:5999"))).json()
    path = f"/accounts/{account['id']}"
    same = await client.patch(path, json={"endpoint_url": "http://127.0.0.1:5999", "name": "Renamed"})
    assert (same.json()["credentials"]["set"], same.json()["name"]) == (True, "Renamed")
    moved = (await client.patch(path, json={"endpoint_url": "http://127.0.0.1:6000"})).json()
    assert moved["credentials"] == {"kind": "access_key", "set": False, "hint": None, "updated_at": None}
    assert moved["status"] == "pending"
    async with tenant_session(organization) as session:
        with pytest.raises(CredentialsMissing):
            await service.open_connection(session, organization, UUID(account["id"]))
    assert problem(await client.post(f"{path}/test")) == (409, "credentials-missing")
    again = await client.patch(path, json={"credentials": KEY_BODY["credentials"]})
    assert (again.json()["credentials"]["set"], again.json()["status"]) == (True, "connected")


async def test_new_credentials_must_lead_to_the_same_cloud_account(
    client: httpx.AsyncClient, provider: FakeProvider
) -> None:
    account = (await client.post("/accounts", json=body())).json()
    provider.report = ConnectionReport(ok=True, account="999999999999", identity="arn")
    answer = await client.patch(f"/accounts/{account['id']}", json={"credentials": KEY_BODY["credentials"]})
    assert problem(answer) == (409, "different-cloud-account")
    wrong = {"credentials": {"kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": "s"}}
    assert problem(await client.patch(f"/accounts/{account['id']}", json=wrong)) == (422, "invalid-input")
    scope = {"scope": {"projects": ["p"]}}
    assert problem(await client.patch(f"/accounts/{account['id']}", json=scope)) == (422, "invalid-input")


async def test_an_external_id_is_ours_and_used_once(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, provider: FakeProvider
) -> None:
    made = (await client.post("/accounts/aws/external-id")).json()
    condition = made["trust_policy"]["Statement"][0]["Condition"]
    assert condition == {"StringEquals": {"sts:ExternalId": made["external_id"]}}
    role = {**ROLE, "external_id": made["external_id"]}
    chosen = {**ROLE, "external_id": "chosen-by-somebody"}
    assert problem(await client.post("/accounts", json=body(credentials=chosen))) == (422, "external-id-unknown")
    assert problem(await stranger.post("/accounts", json=body(credentials=role))) == (422, "external-id-unknown")
    account = await client.post("/accounts", json=body(credentials=role))
    assert account.status_code == 201, account.text
    assert account.json()["credentials"]["hint"] == ROLE["role_arn"]
    provider.report = ConnectionReport(ok=True, account="999999999999", identity="arn")
    assert problem(await client.post("/accounts", json=body(credentials=role))) == (422, "external-id-unknown")
    provider.report = ConnectionReport(ok=True, account=NUMBER, identity="arn")
    kept = await client.patch(f"/accounts/{account.json()['id']}", json={"credentials": role})
    assert kept.status_code == 200, kept.text


async def test_a_removed_account_is_gone_at_once(client: httpx.AsyncClient, organization: UUID) -> None:
    account = (await client.post("/accounts", json=body())).json()
    path = f"/accounts/{account['id']}"
    assert (await client.delete(path)).status_code == 204
    assert problem(await client.get(path)) == (404, "not-found")
    assert problem(await client.delete(path)) == (404, "not-found")
    assert (await client.get("/accounts")).json()["items"] == []
    async with tenant_session(organization) as session:
        assert (await session.execute(text("SELECT credentials FROM accounts"))).scalar_one() is None
        with pytest.raises(NotFound):
            await service.open_connection(session, organization, UUID(account["id"]))


async def test_accounts_are_paged_and_filtered(client: httpx.AsyncClient, provider: FakeProvider) -> None:
    for number in range(5):
        provider.report = ConnectionReport(ok=True, account=f"00000000000{number}", identity="arn")
        await client.post("/accounts", json=body(name=f"account {number}"))
    first = (await client.get("/accounts", params={"limit": 3})).json()
    rest = (await client.get("/accounts", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    names = [account["name"] for account in first["items"] + rest["items"]]
    assert (names, rest["next_cursor"]) == ([f"account {number}" for number in range(5)], None)
    assert len((await client.get("/accounts", params={"status": "failed"})).json()["items"]) == 0
    assert len((await client.get("/accounts", params={"provider": "aws"})).json()["items"]) == 5
    assert problem(await client.get("/accounts", params={"cursor": "xyz"})) == (422, "invalid-input")
