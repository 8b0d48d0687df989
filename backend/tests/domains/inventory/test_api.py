"""The inventory's routes: filters, pages, isolation and shapes."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.ids import new_id
from app.core.pagination import Page, encode_cursor
from app.domains.inventory.schemas import ResourceRead
from tests.domains.inventory.conftest import ROUTERS, Sync
from tests.support.clouds import EC2, S3, FakeProvider, bucket, complete, instance, make_caller, make_client

MISSING = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def estate(provider: FakeProvider, sync: Sync) -> None:
    """Six instances and two buckets."""
    instances = [
        instance(1),
        instance(2, tags={"env": "dev", "url": "http://x", "a:b": "c"}),
        instance(3, status="stopped"),
        instance(4, region="us-east-1"),
        instance(5, name="Größe 東京 db_main"),
        instance(6, name="50%_off", tags={}),
    ]
    provider.holds(
        complete(EC2, instances), complete(S3, [bucket("billing-logs"), bucket("web-assets", tags={"env": "prod"})])
    )
    await sync()


async def names(client: httpx.AsyncClient, params: dict[str, Any]) -> list[str]:
    answer = await client.get("/usage/resources", params=params)
    assert answer.status_code == 200, answer.text
    Page[ResourceRead].model_validate_json(answer.content)
    return [item["name"] for item in answer.json()["items"]]


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, 8),
        ({"provider": "aws"}, 8),
        ({"provider": "gcp"}, 0),
        ({"provider": "gcp,aws"}, 8),
        ({"type": "storage.bucket"}, 2),
        ({"type": "storage.bucket,compute.instance"}, 8),
        ({"native_type": "AWS::S3::Bucket"}, 2),
        ({"region": "us-east-1"}, 1),
        ({"status": "stopped"}, 1),
        ({"status": "stopped", "region": "us-east-1"}, 0),
        ({"tag": "env:prod"}, 5),
        ({"tag": "env:prod,env:dev"}, 6),
        ({"tag": "env:prod,team:team-1"}, 2),
        ({"tag": "url:http://x"}, 1),
        ({"tag": "a:b:c"}, 0),
        ({"tag": "env:"}, 0),
        ({"stale": "false"}, 8),
        ({"stale": "true"}, 0),
        ({"q": "web"}, 5),
        ({"q": "web ass"}, 1),
        ({"q": "WEB-1"}, 1),
        ({"q": "i-00000003"}, 1),
        ({"q": "000000"}, 6),
        ({"q": "bill"}, 1),
        ({"q": "größe"}, 1),
        ({"q": "東"}, 1),
        ({"q": "instance prod"}, 4),
        ({"q": " "}, 8),
        ({"q": "50%"}, 1),
        ({"q": "%"}, 0),
        ({"q": "_"}, 0),
        ({"q": "' OR 1=1 --"}, 0),
        ({"q": "web') | ('x':*"}, 1),
        ({"q": "web & !"}, 5),
        ({"q": "\\"}, 0),
        ({"q": ":*"}, 0),
        ({"q": "\U0010ffff"}, 0),
        ({"q": "$1"}, 8),
        ({"q": "arn:aws:ec2:eu-west-1:111122223333:instance/i-00000002"}, 1),
        ({"q": "ARN:aws:ec2:eu-west"}, 5),
        ({"q": "'arn:aws:s3:::web', team-1"}, 0),
        ({"q": "(arn:aws:s3:::web) assets"}, 1),
        ({"q": "compute.inst"}, 6),
        ({"q": "west-1"}, 7),
        ({"q": "a" * 500}, 0),
        ({"q": " ".join("abcdefghijklmnop")}, 0),
    ],
)
async def test_the_filters_find(client: httpx.AsyncClient, params: dict[str, str], expected: int) -> None:
    assert len(await names(client, params)) == expected


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize(
    "params",
    [
        {"tag": "env"},
        {"account_id": "x"},
        {"q": "a\x00"},
        {"q": "a" * 501},
        {"limit": "0"},
        {"limit": "501"},
        {"sort": "password"},
        {"stale": "perhaps"},
        {"cursor": "x"},
        {"cursor": encode_cursor("name", 1, MISSING)},
        {"cursor": encode_cursor("name", "a", "no-id")},
        {"cursor": encode_cursor("name", "a\x00", MISSING)},
        {"cursor": encode_cursor("-name", "a", MISSING)},
        {"cursor": encode_cursor("first_seen", "2026-01-01", MISSING), "sort": "first_seen"},
        {"cursor": encode_cursor("cost", "NaN?", MISSING), "sort": "cost"},
    ],
)
async def test_bad_values_are_invalid_input(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await client.get("/usage/resources", params=params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"].endswith("/invalid-input")


@pytest.mark.usefixtures("estate")
async def test_the_account_filter_takes_our_id(client: httpx.AsyncClient, account_id: UUID) -> None:
    assert len(await names(client, {"account_id": str(account_id)})) == 8
    assert await names(client, {"account_id": str(new_id())}) == []
    assert len(await names(client, {"account_id": f"{new_id()},{account_id}"})) == 8


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("sort", ["name", "-name", "type", "region", "first_seen", "-first_seen", "cost", "-cost"])
async def test_pages_join_without_gap_or_double(client: httpx.AsyncClient, sort: str) -> None:
    whole = await names(client, {"sort": sort})
    paged: list[str] = []
    cursor: str | None = None
    while True:
        params = {"sort": sort, "limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/usage/resources", params=params)).json()
        paged += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole
    assert len(set(paged)) == 8


async def test_pages_stay_right_while_rows_arrive(
    client: httpx.AsyncClient, provider: FakeProvider, sync: Sync
) -> None:
    provider.holds(complete(EC2, [instance(n, name=f"m-{n:03}") for n in range(0, 100, 2)]))
    await sync()
    first = (await client.get("/usage/resources", params={"limit": 20})).json()
    provider.holds(complete(EC2, [instance(n, name=f"m-{n:03}") for n in range(100)]))
    await sync()
    seen = [item["name"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = (await client.get("/usage/resources", params={"limit": 20, "cursor": cursor})).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert set(seen) >= {f"m-{n:03}" for n in range(0, 100, 2)}
    assert seen == sorted(seen)


@pytest.mark.usefixtures("estate")
async def test_facets_count_what_the_filters_let_through(client: httpx.AsyncClient, account_id: UUID) -> None:
    facets = (await client.get("/usage/facets")).json()
    assert facets["type"] == [{"key": "compute.instance", "count": 6}, {"key": "storage.bucket", "count": 2}]
    assert facets["account"] == [{"key": str(account_id), "name": "Production", "count": 8}]
    assert {entry["key"]: entry["count"] for entry in facets["status"]} == {"running": 5, None: 2, "stopped": 1}
    narrowed = (await client.get("/usage/facets", params={"type": "storage.bucket", "tag": "env:prod"})).json()
    assert {entry["key"]: entry["count"] for entry in narrowed["type"]} == {"compute.instance": 4, "storage.bucket": 1}
    assert narrowed["region"] == [{"key": "eu-west-1", "count": 1}]


@pytest.mark.usefixtures("estate")
async def test_the_summary_counts_without_reading_resources(client: httpx.AsyncClient, account_id: UUID) -> None:
    summary = (await client.get("/usage/summary")).json()
    assert (summary["total"], summary["stale"]) == (8, 0)
    assert summary["by_provider"] == [{"key": "aws", "count": 8}]
    assert summary["by_type"] == [{"key": "compute.instance", "count": 6}, {"key": "storage.bucket", "count": 2}]
    assert summary["by_account"] == [{"key": str(account_id), "name": "Production", "count": 8}]


@pytest.mark.usefixtures("estate")
async def test_changes_are_filtered_and_paged(client: httpx.AsyncClient, account_id: UUID) -> None:
    async def count(**params: Any) -> int:
        answer = await client.get("/usage/changes", params=params)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    assert await count() == 8
    assert await count(kind="created", account_id=str(account_id)) == 8
    assert await count(kind="deleted") == 0
    assert await count(account_id=str(new_id())) == 0
    entries = (await client.get("/usage/changes")).json()["items"]
    assert await count(resource_id=entries[0]["resource_id"]) == 1
    assert await count(**{"from": entries[0]["at"]}) >= 1
    assert await count(to="2020-01-01T00:00:00Z") == 0
    first = (await client.get("/usage/changes", params={"limit": 5})).json()
    rest = (await client.get("/usage/changes", params={"limit": 5, "cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == entries


@pytest.fixture
async def routes(client: httpx.AsyncClient, estate: None, account_id: UUID) -> list[tuple[str, str]]:
    """Every route of a thing, with the id of one that exists."""
    resource_id = (await client.get("/usage/resources")).json()["items"][0]["id"]
    return [
        ("GET", f"/usage/resources/{resource_id}"),
        ("GET", f"/usage/resources/{resource_id}/history"),
        ("GET", f"/accounts/{account_id}"),
        ("PATCH", f"/accounts/{account_id}"),
        ("DELETE", f"/accounts/{account_id}"),
        ("GET", f"/accounts/{account_id}/units"),
        ("POST", f"/accounts/{account_id}/sync"),
        ("POST", f"/accounts/{account_id}/test"),
    ]


async def test_another_organizations_id_is_answered_like_a_missing_one(
    stranger: httpx.AsyncClient, routes: list[tuple[str, str]]
) -> None:
    for method, path in routes:
        json = {"name": "x"} if method == "PATCH" else None
        foreign = await stranger.request(method, path, json=json)
        parts = path.split("/")
        parts[-1 if len(parts[-1]) == 36 else -2] = MISSING
        missing = await stranger.request(method, "/".join(parts), json=json)
        assert foreign.status_code == missing.status_code == 404, (method, path)
        told = [{k: v for k, v in a.json().items() if k not in ("instance", "request_id")} for a in (foreign, missing)]
        assert told[0] == told[1]
    assert (await stranger.get("/usage/resources")).json()["items"] == []
    assert (await stranger.get("/usage/changes")).json()["items"] == []
    assert (await stranger.get("/usage/summary")).json()["total"] == 0
    assert (await stranger.get("/usage/sync-state")).json() == {"items": [], "stale_resources": 0}
    assert (await stranger.get("/accounts")).json()["items"] == []


@pytest.fixture
async def powerless(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in without any of the permissions."""
    async with make_client(ROUTERS, make_caller(organization, ["profile:read"])) as opened:
        yield opened


@pytest.fixture
async def anonymous(organization: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """Not signed in."""
    async with make_client(ROUTERS, None) as opened:
        yield opened


async def test_every_route_asks_for_its_permission(
    powerless: httpx.AsyncClient, anonymous: httpx.AsyncClient, routes: list[tuple[str, str]]
) -> None:
    lists = ["/usage/resources", "/usage/changes", "/usage/summary", "/usage/facets", "/usage/sync-state", "/accounts"]
    for method, path in [*routes, *(("GET", path) for path in lists), ("POST", "/accounts/aws/external-id")]:
        json = {"name": "x"} if method == "PATCH" else None
        assert (await powerless.request(method, path, json=json)).status_code == 403, path
        assert (await anonymous.request(method, path, json=json)).status_code == 401, path


@pytest.mark.usefixtures("estate")
async def test_a_syncs_answer_needs_credentials(
    client: httpx.AsyncClient, account_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.core.config import get_settings

    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", "http://127.0.0.1:5000")
    get_settings.cache_clear()
    moved = await client.patch(f"/accounts/{account_id}", json={"endpoint_url": "http://127.0.0.1:5000"})
    assert moved.status_code == 200, moved.text
    answer = await client.post(f"/accounts/{account_id}/sync")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (409, "account-not-ready")
