"""The import routes: statuses, manifests, permissions, other organizations."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from app.core.config import Settings
from app.core.storage import get_storage
from app.domains.costs import api, service
from tests.support.clouds import make_caller, make_client

from .conftest import Importer, focus_csv, focus_row


def _upload(content: bytes, name: str = "october.csv") -> dict[str, Any]:
    return {"files": {"file": (name, content, "text/csv")}}


async def test_an_upload_is_queued_and_its_manifest_can_be_read(client: httpx.AsyncClient, bill: Importer) -> None:
    answer = await client.post("/ai-cost/imports", **_upload(focus_csv(focus_row())))
    assert answer.status_code == 202, answer.text
    import_id = answer.json()["import_id"]
    queued = (await client.get(f"/ai-cost/imports/{import_id}")).json()
    assert (queued["state"], queued["file_name"], queued["rows_read"]) == ("queued", "october.csv", 0)
    assert queued["job_id"] == answer.json()["job_id"]
    await bill.run(UUID(import_id))
    done = (await client.get(f"/ai-cost/imports/{import_id}")).json()
    assert (done["state"], done["rows_stored"]) == ("succeeded", 1)
    assert done["sums"] == [
        {"currency": "USD", "billed": "1.50", "effective": "1.25", "list": "2.00", "contracted": "1.75"}
    ]
    assert (done["min_charge_at"], done["max_charge_at"]) == ("2026-10-05T10:00:00Z", "2026-10-05T10:00:00Z")


async def test_imports_are_listed_newest_first_page_by_page(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.post("/ai-cost/imports", **_upload(focus_csv(focus_row()), f"{number}.csv"))
    first = (await client.get("/ai-cost/imports", params={"limit": 2})).json()
    second = (await client.get("/ai-cost/imports", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["file_name"] for item in first["items"] + second["items"]] == ["2.csv", "1.csv", "0.csv"]
    assert second["next_cursor"] is None
    assert (await client.get("/ai-cost/imports", params={"cursor": "nonsense"})).status_code == 422


async def test_a_repeated_key_starts_one_import(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    answers = [
        await client.post("/ai-cost/imports", headers=headers, **_upload(focus_csv(focus_row()))) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len((await client.get("/ai-cost/imports")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("request_parts", "status"),
    [
        ({"content": b"<html>", "headers": {"content-type": "text/html"}}, 415),
        (_upload(b"%PDF-1.7"), 415),
        ({"files": {"other": ("a.csv", b"a,b\n", "text/csv")}}, 422),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"json": {}}, 422),
        ({"json": {"uri": "x", "more": 1}}, 422),
        ({"json": {"uri": "https://169.254.169.254/latest"}}, 422),
        ({"json": {"uri": "/etc/passwd"}}, 422),
        ({"json": {"uri": "s3://bucket/other"}}, 422),
    ],
)
async def test_wrong_requests_are_refused(
    client: httpx.AsyncClient, request_parts: dict[str, Any], status: int
) -> None:
    answer = await client.post("/ai-cost/imports", **request_parts)
    assert answer.status_code == status, answer.text
    assert (await client.get("/ai-cost/imports")).json()["items"] == []


async def test_only_the_own_inbox_of_the_store_can_be_named(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, bill: Importer, settings: Settings
) -> None:
    key = f"org/{bill.organization_id}/inbox/october.csv"
    await get_storage(settings).put_bytes(key, focus_csv(focus_row()))
    uri = f"{settings.storage_location}/{key}"
    for address in (uri + "x", uri.replace("inbox", "costs"), uri.replace("inbox/", "inbox/../inbox/")):
        assert (await client.post("/ai-cost/imports", json={"uri": address})).status_code == 422
    refused = await stranger.post("/ai-cost/imports", json={"uri": uri})
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("/address-not-allowed")
    answer = await client.post("/ai-cost/imports", json={"uri": f"file://{uri}"})
    assert answer.status_code == 202, answer.text
    await bill.run(UUID(answer.json()["import_id"]))
    assert (await bill.read(UUID(answer.json()["import_id"]))).state == "succeeded"
    assert await get_storage(settings).exists(key)


async def test_another_organizations_import_is_not_found(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, bill: Importer
) -> None:
    done = await bill(focus_csv(focus_row()))
    other, missing = [await stranger.get(f"/ai-cost/imports/{found}") for found in (done.id, uuid4())]
    assert other.status_code == missing.status_code == 404
    assert {**other.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await client.get(f"/ai-cost/imports/{done.id}")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ai-cost/imports"),
        ("GET", "/ai-cost/imports"),
        ("GET", f"/ai-cost/imports/{uuid4()}"),
        ("GET", "/ai-cost/breakdown"),
        ("GET", "/ai-cost/dimensions?group=service"),
        ("GET", "/ai-cost/summary"),
        ("GET", f"/ai-cost/resources/{uuid4()}"),
    ],
)
async def test_every_route_needs_a_signed_in_caller_with_its_permission(
    organization: UUID, method: str, path: str
) -> None:
    async with make_client([api.router], None) as anonymous:
        assert (await anonymous.request(method, path)).status_code == 401
    async with make_client([api.router], make_caller(organization, ["alerts:read"])) as powerless:
        assert (await powerless.request(method, path)).status_code == 403


async def test_local_files_are_copied_queued_and_waited_for(
    bill: Importer, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "local.csv"
    file.write_bytes(focus_csv(focus_row()))
    seen: list[str] = []

    async def on_progress(progress: service.LocalProgress) -> None:
        seen.append(progress.state)
        if progress.state == "queued":
            rows, _ = await _list(bill.organization_id)
            await bill.run(rows[0].id)
            await _end_job(bill.organization_id)

    done = await service.import_local_files(bill.organization_id, [file], on_progress, settings=settings)
    assert [(row.file_name, row.state, row.source) for row in done] == [("local.csv", "succeeded", "local")]
    assert seen[0] == "queued"
    assert seen[-1] == "succeeded"
    assert file.exists()


async def _list(organization_id: UUID) -> Any:
    from app.core.database import tenant_session

    async with tenant_session(organization_id) as session:
        return await service.list_imports(session, organization_id, limit=10, cursor=None)


async def _end_job(organization_id: UUID) -> None:
    from app.core.database import tenant_session
    from app.core.tasks import Job
    from sqlalchemy import update

    async with tenant_session(organization_id) as session:
        await session.execute(update(Job).values(state="succeeded"))
