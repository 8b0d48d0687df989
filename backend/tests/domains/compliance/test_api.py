"""The compliance routes: scores, filters, pages, isolation and permissions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.ids import new_id
from app.core.pagination import encode_cursor
from app.domains.compliance.api import router
from app.domains.compliance.rules.mapping import BASELINE, CIS_3, STANDARDS
from app.domains.identity.rules import ROLES, permissions_of
from app.providers.base import UnitState
from tests.support.clouds import make_caller, make_client
from tests.support.findings import Estate, group, make_estate, thing, unit_of, volume

READS = ("/compliance/summary", "/compliance/standards", "/compliance/controls", "/compliance/issues")


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def filled(estate: Estate) -> Estate:
    """Groups: 5 results pass of 6 for "web", 4 for "bastion" (SSH, high) and "data" (critical). Volumes: 1 of 2."""
    groups = [group("web", 443), group("bastion", 22), group("data", 3306, 5432)]
    await estate.sync([*groups, volume("logs"), volume("scratch", encrypted=False, tags={"Name": "Scratch disk"})])
    return estate


async def test_scores_and_coverage_are_what_a_hand_computes(filled: Estate, client: httpx.AsyncClient) -> None:
    # EC2-001, -002 and -005 (weight 5), -003 and -004 (10) on 3 groups; -006 applies to default groups only; -009 (2).
    passed = 5 * (2 + 3 + 3) + 10 * (2 + 3) + 2 * 1
    failed = 5 * 1 + 10 * 1 + 2 * 1
    summary = await get(client, "/compliance/summary")
    assert summary["score"] == round(100 * passed / (passed + failed), 1) == 84.4
    assert (summary["passed"], summary["failed"], summary["unknown"], summary["not_applicable"]) == (14, 3, 0, 3)
    assert summary["coverage_percent"] == 100.0
    assert summary["by_severity"] == {"critical": 2, "high": 1, "medium": 1, "low": 0, "info": 0}
    assert summary["open_issues"] == 4
    assert summary["last_evaluated_at"] is not None


async def test_what_could_not_be_read_lowers_the_coverage_not_the_score(
    filled: Estate, client: httpx.AsyncClient
) -> None:
    database = thing("AWS::RDS::DBInstance", "db", {"StorageEncrypted": True})
    await filled.sync([database], unit=unit_of("rds"), types=["AWS::RDS::DBInstance"])
    summary = await get(client, "/compliance/summary")
    # of the database's five controls only encryption (weight 5) could be read
    assert (summary["passed"], summary["unknown"]) == (15, 4)
    assert summary["score"] == round(100 * 97 / 114, 1)
    assert summary["coverage_percent"] == round(100 * 18 / 22, 1)


async def test_nothing_assessed_has_no_score(estate: Estate, client: httpx.AsyncClient) -> None:
    summary = await get(client, "/compliance/summary")
    assert (summary["score"], summary["coverage_percent"], summary["last_evaluated_at"]) == (None, None, None)
    standards = (await get(client, "/compliance/standards"))["items"]
    assert [item["key"] for item in standards] == [standard.key for standard in STANDARDS]
    assert {item["score"] for item in standards} == {None}


async def test_a_standard_counts_the_controls_that_support_it(filled: Estate, client: httpx.AsyncClient) -> None:
    standards = {item["key"]: item for item in (await get(client, "/compliance/standards"))["items"]}
    baseline, cis = standards[BASELINE.key], standards[CIS_3.key]
    assert (baseline["passed"], baseline["failed"]) == (14, 3)
    assert (cis["passed"], cis["failed"]) == (9, 2)  # 3.0 has neither database ports nor file sharing
    detail = await get(client, f"/compliance/standards/{cis['id']}")
    requirements = {item["requirement"]: item for item in detail["requirements"]}
    assert requirements["5.2"]["controls"] == ["AWS-EC2-001", "AWS-EC2-002", "AWS-EC2-004"]
    assert (requirements["5.2"]["passed"], requirements["5.2"]["failed"]) == (8, 1)
    assert requirements["1.10"]["score"] is None
    numbers = [tuple(map(int, item["requirement"].split("."))) for item in detail["requirements"]]
    assert numbers == sorted(numbers)


async def test_controls_begin_with_the_most_failing(filled: Estate, client: httpx.AsyncClient) -> None:
    controls = (await get(client, "/compliance/controls"))["items"]
    assert [item["id"] for item in controls[:3]] == ["AWS-EC2-003", "AWS-EC2-001", "AWS-EC2-009"]
    assert (controls[0]["failed"], controls[0]["open_issues"]) == (1, 2)
    assert controls[0]["standards"] == {BASELINE.key: ["AWS-EC2-003"]}


async def test_a_finding_tells_where_why_and_what_to_do(filled: Estate, client: httpx.AsyncClient) -> None:
    [item] = (await get(client, "/compliance/issues", control_id="AWS-EC2-009"))["items"]
    assert item == await get(client, f"/compliance/issues/{item['id']}")
    assert item["resource_name"] == "scratch"
    assert (item["severity"], item["status"], item["region"], item["provider"]) == (
        "medium",
        "open",
        "eu-west-1",
        "aws",
    )
    assert item["native_type"] == "AWS::EC2::Volume"
    assert item["evidence"] == {"Encrypted": False, "attached": True}
    assert f"{CIS_3.key} 2.2.1" in item["standards"]
    assert item["remediation"]
    [fact] = [fact for fact in await filled.facts("finding.opened") if fact["control_id"] == "AWS-EC2-009"]
    assert fact["title"] == "The volume is not encrypted: Scratch disk"


async def test_an_open_finding_was_last_seen_when_its_resource_was(filled: Estate, client: httpx.AsyncClient) -> None:
    [before] = (await get(client, "/compliance/issues", control_id="AWS-EC2-001"))["items"]
    groups = [group("web", 443), group("bastion", 22), group("data", 3306, 5432)]
    await filled.sync([*groups, volume("logs"), volume("scratch", encrypted=False, tags={"Name": "Scratch disk"})])
    [after] = (await get(client, "/compliance/issues", control_id="AWS-EC2-001"))["items"]
    assert after["last_seen_at"] > before["last_seen_at"]
    await filled.sync([], types=[], state=UnitState.FAILED)
    [unknown] = (await get(client, "/compliance/issues", control_id="AWS-EC2-001"))["items"]
    assert unknown["last_seen_at"] <= after["last_seen_at"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, 4),
        ({"status": "open"}, 4),
        ({"status": "resolved,excepted"}, 0),
        ({"severity": "critical"}, 2),
        ({"severity": "high,medium"}, 2),
        ({"control_id": "AWS-EC2-001,AWS-EC2-009"}, 2),
        ({"q": "internet can reach"}, 0),
        ({"q": "SSH IS NOT"}, 1),
        ({"q": "aws-ec2-009"}, 1),
        ({"q": "/bastion"}, 1),
        ({"q": "%"}, 0),
        ({"q": "_"}, 0),
        ({"q": "\\"}, 0),
        ({"q": "' OR 1=1 --"}, 0),
    ],
)
async def test_filters(filled: Estate, client: httpx.AsyncClient, params: dict[str, str], expected: int) -> None:
    page = await get(client, "/compliance/issues", **params)
    assert (len(page["items"]), page["total"]) == (expected, expected)


async def test_findings_of_one_resource_and_one_account(filled: Estate, client: httpx.AsyncClient) -> None:
    [item] = (await get(client, "/compliance/issues", control_id="AWS-EC2-009"))["items"]
    of_resource = await get(client, "/compliance/issues", resource_id=item["resource_id"])
    assert [found["id"] for found in of_resource["items"]] == [item["id"]]
    assert (await get(client, "/compliance/issues", account_id=str(filled.account_id)))["total"] == 4
    other = await make_estate(filled.organization_id, number="999900001111")
    assert (await get(client, "/compliance/issues", account_id=str(other.account_id)))["total"] == 0
    results = (await get(client, f"/compliance/resources/{item['resource_id']}"))["items"]
    assert [(row["control_id"], row["state"]) for row in results] == [("AWS-EC2-009", "FAIL")]


async def test_pages_hold_each_finding_once(estate: Estate, client: httpx.AsyncClient) -> None:
    await estate.sync([volume(f"v{n}", encrypted=False) for n in range(25)])
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        page = await get(client, "/compliance/issues", **params)
        seen += [item["id"] for item in page["items"]]
        assert page["total"] == (None if cursor else 25)
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if len(seen) == 10:
            await estate.sync([volume(f"v{n}", encrypted=False) for n in range(30)])
    assert len(seen) == len(set(seen)) == 25


@pytest.mark.parametrize(
    "params",
    [
        {"status": "closed"},
        {"status": ""},
        {"severity": "fatal"},
        {"control_id": "AWS-EC2-999"},
        {"account_id": "x"},
        {"limit": "0"},
        {"limit": "501"},
        {"cursor": "no-cursor"},
        {"cursor": encode_cursor("0001-01-01T00:00:00+14:00", new_id())},
        {"cursor": encode_cursor("9999-12-31T23:59:59-14:00", new_id())},
        {"cursor": encode_cursor("2026-01-01T00:00:00", new_id())},
        {"cursor": encode_cursor("2026-01-01T00:00:00+00:00", "x")},
    ],
    ids=lambda params: "-".join(params),
)
async def test_bad_parameters_are_named(estate: Estate, client: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await client.get("/compliance/issues", params=params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"].endswith("/invalid-input")


def _body(answer: httpx.Response) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key not in ("instance", "request_id")}


async def test_another_organizations_ids_are_like_ids_that_do_not_exist(
    filled: Estate, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    [item] = (await get(client, "/compliance/issues", control_id="AWS-EC2-009"))["items"]
    pairs = [
        (f"/compliance/issues/{item['id']}", f"/compliance/issues/{new_id()}"),
        (f"/compliance/resources/{item['resource_id']}", f"/compliance/resources/{new_id()}"),
    ]
    for theirs, nobodys in pairs:
        foreign, missing = await stranger.get(theirs), await stranger.get(nobodys)
        assert foreign.status_code == missing.status_code == 404
        assert _body(foreign) == _body(missing)
    asked = [
        await stranger.post("/compliance/evaluate", json={"account_id": str(id_)})
        for id_ in (filled.account_id, new_id())
    ]
    assert [answer.status_code for answer in asked] == [404, 404]
    assert _body(asked[0]) == _body(asked[1])
    assert (await get(stranger, "/compliance/issues"))["total"] == 0
    assert (await get(stranger, "/compliance/issues", resource_id=item["resource_id"]))["total"] == 0
    assert (await get(stranger, "/compliance/summary"))["passed"] == 0
    assert (await stranger.get(f"/compliance/standards/{new_id()}")).status_code == 404


async def test_evaluation_is_asked_for_once(filled: Estate, client: httpx.AsyncClient) -> None:
    answers = [await client.post("/compliance/evaluate", json={}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    one = await client.post("/compliance/evaluate", json={"account_id": str(filled.account_id)})
    assert one.status_code == 202
    [job] = await filled.rows("SELECT kind, arguments FROM jobs WHERE id = :id", id=UUID(one.json()["job_id"]))
    assert job == {"kind": "compliance.evaluate_account", "arguments": {"account_id": str(filled.account_id)}}
    assert (await client.post("/compliance/evaluate", json={"account": "x"})).status_code == 422


@asynccontextmanager
async def signed_in(organization_id: UUID, role: str | None) -> AsyncIterator[httpx.AsyncClient]:
    caller = make_caller(organization_id, permissions_of(role)) if role else None
    async with make_client([router], caller) as opened:
        yield opened


@pytest.mark.parametrize("role", ROLES)
async def test_what_each_role_may_do(organization: UUID, role: str) -> None:
    async with signed_in(organization, role) as client:
        expected = 403 if role == "finance" else 200
        assert {(await client.get(path)).status_code for path in READS} == {expected}
        may_write = role in ("owner", "admin", "operator")
        assert (await client.post("/compliance/evaluate", json={})).status_code == (202 if may_write else 403)


async def test_nobody_reads_without_signing_in(organization: UUID) -> None:
    async with signed_in(organization, None) as client:
        assert {(await client.get(path)).status_code for path in READS} == {401}
        assert (await client.post("/compliance/evaluate", json={})).status_code == 401
