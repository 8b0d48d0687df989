"""The routes of the audit log and of the organization's key: who may, with which proof, and what comes out."""

import csv
import io
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.database import tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.audit import service as audit

TEXTS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'a"b', "a,b", "a\nb", "ü", "'x", "x=1"]


async def write(organization_id: UUID, times: int) -> None:
    caller = Caller(
        user_id=new_id(), organization_id=organization_id, email="a@example.com", role="owner", permissions=frozenset(),
        user_agent="agent",
    )  # fmt: skip
    async with tenant_session(organization_id) as session:
        for number in range(times):
            await audit.record(
                session, caller, "thing.changed", subject_type="thing", subject_id=TEXTS[number % len(TEXTS)],
                changes={"note": f"needle {number}"},
            )  # fmt: skip
        await audit.seal_new_events(session, organization_id)
        await audit.sign_head(session, organization_id)


@pytest.fixture
async def owner(make_person: Any, sign_in: Any, auth: Any) -> dict[str, str]:
    headers: dict[str, str] = auth((await sign_in(await make_person("owner")))["access_token"])
    return headers


async def test_an_export_holds_every_event_as_csv_and_as_json_lines(
    client: httpx.AsyncClient, organization: UUID, owner: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domains.audit.service.exporting.EXPORT_PAGE", 7)
    await write(organization, 40)
    query = {"action": "thing.changed"}
    answer = await client.get("/api/v1/audit-log/export", params=query | {"format": "csv"}, headers=owner)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 40
    subjects = [row["subject_id"] for row in rows[: len(TEXTS)]]
    assert subjects[:4] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)"]
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row.values())
    assert all(line.startswith('"') for line in answer.text.strip().split("\r\n"))
    answer = await client.get("/api/v1/audit-log/export", params=query | {"format": "jsonl"}, headers=owner)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["changes"]["note"] for line in lines] == [f"needle {number}" for number in range(40)]
    listed = await client.get("/api/v1/audit-log", params={"action": "audit_log.exported"}, headers=owner)
    assert [item["changes"]["format"] for item in listed.json()["items"]] == ["jsonl", "csv"]


async def test_an_export_needs_the_permission_and_a_fresh_proof(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any, moved_clock: Any
) -> None:
    for role, status in (("viewer", 403), ("operator", 403), ("finance", 403), ("auditor", 200), ("admin", 200)):
        headers = auth((await sign_in(await make_person(role)))["access_token"])
        assert (await client.get("/api/v1/audit-log/export", headers=headers)).status_code == status, role
    headers = auth((await sign_in(await make_person("auditor")))["access_token"])
    moved_clock.advance(minutes=9, seconds=59)
    assert (await client.get("/api/v1/audit-log/export", headers=headers)).status_code == 200
    moved_clock.advance(seconds=15)
    answer = await client.get("/api/v1/audit-log/export", headers=headers)
    assert answer.json()["type"].endswith("/step-up-required")


async def test_the_list_finds_by_text_and_outcome(
    client: httpx.AsyncClient, organization: UUID, owner: dict[str, str]
) -> None:
    await write(organization, 12)
    for query, expected in (
        ({"q": "needle 7"}, 1), ({"q": "NEEDLE 1"}, 3), ({"q": "%"}, 0), ({"q": "needle_7"}, 0),
        ({"outcome": "refused"}, 0), ({"outcome": "success", "subject_type": "thing"}, 12),
    ):  # fmt: skip
        answer = await client.get("/api/v1/audit-log", params=query, headers=owner)
        assert len(answer.json()["items"]) == expected, query
    assert (await client.get("/api/v1/audit-log", params={"outcome": "x"}, headers=owner)).status_code == 422


async def test_the_log_is_verified_against_its_heads(
    client: httpx.AsyncClient, organization: UUID, owner: dict[str, str]
) -> None:
    await write(organization, 3)
    found = (await client.post("/api/v1/audit-log/verify", headers=owner)).json()
    assert (found["ok"], found["problems"]) == (True, [])
    heads = (await client.get("/api/v1/audit-log/heads", headers=owner)).json()
    assert heads["items"][0]["hash"] == found["head"]["hash"]
    assert heads["items"][0]["key_id"] in {key["id"] for key in heads["keys"]}
    body = {"known_head": {"number": heads["items"][0]["number"], "hash": "0" * 64}}
    assert not (await client.post("/api/v1/audit-log/verify", json=body, headers=owner)).json()["ok"]


async def test_an_owner_replaces_the_key_and_sees_what_is_left(
    client: httpx.AsyncClient, owner: dict[str, str], make_person: Any, sign_in: Any, auth: Any
) -> None:
    path = "/api/v1/organizations/current/keys"
    shown = (await client.get(path, headers=owner)).json()
    assert [known["version"] for known in shown["versions"]] == [1]
    assert {key["algorithm"] for key in shown["inventory"]} >= {"Ed25519"}
    admin = auth((await sign_in(await make_person("admin")))["access_token"])
    assert (await client.post(f"{path}/rotate", headers=admin)).status_code == 403
    answer = await client.post(f"{path}/rotate", headers=owner)
    assert (answer.status_code, answer.json()["version"]) == (202, 2)
    shown = (await client.get(path, headers=owner)).json()
    assert [(known["version"], known["current"]) for known in shown["versions"]] == [(2, True), (1, False)]
    assert shown["job_id"] == answer.json()["job_id"]
    again = await client.post(f"{path}/rotate", headers=owner)
    assert again.json()["type"].endswith("/key-rotation-running")
