"""The alert routes: actions, filters, pages, isolation and permissions."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from app.core.clock import utc_now
from app.core.http import Caller
from app.core.ids import new_id
from app.core.pagination import encode_cursor
from app.domains.identity.rules import ROLES, Role, permissions_of
from tests.domains.alerts.conftest import Desk, SignedIn, incoming


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def later(**span: float) -> str:
    return (utc_now() + timedelta(**span)).isoformat()


async def test_an_alert_tells_its_whole_story(desk: Desk, client: httpx.AsyncClient, operator: Caller) -> None:
    resource_id = new_id()
    told = incoming(severity="critical", resource_id=resource_id, link="/compliance?tab=findings&id=x")
    [alert_id] = await desk.fire(told)
    answer = await client.post(f"/alerts/{alert_id}/acknowledge", json={"note": "looking"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["note"]) == ("acknowledged", "looking")
    assert answer.json()["acknowledged_by"] == str(operator.user_id)
    await client.post(f"/alerts/{alert_id}/assign", json={"assignee_id": str(operator.user_id)})
    await client.post(f"/alerts/{alert_id}/snooze", json={"until": later(hours=1)})
    await client.post(f"/alerts/{alert_id}/assign", json={"assignee_id": None})
    await client.post(f"/alerts/{alert_id}/resolve", json={"note": "mended"})
    detail = await get(client, f"/alerts/{alert_id}")
    assert detail["status"] == "resolved"
    assert [(entry["kind"], entry["by"], entry["note"]) for entry in detail["timeline"]] == [
        ("fired", None, None),
        ("acknowledged", "Kim Tester", "looking"),
        ("assigned", "Kim Tester", None),
        ("snoozed", "Kim Tester", None),
        ("unassigned", "Kim Tester", None),
        ("resolved", "Kim Tester", "mended"),
    ]
    assert (detail["resource_id"], detail["labels"]) == (str(resource_id), {"alertname": "one"})
    assert detail["deliveries"] == []  # an operator is not among the default recipients
    actions = await desk.rows("SELECT action FROM audit_events WHERE action LIKE 'alert.%' ORDER BY action")
    assert [row["action"] for row in actions] == [
        "alert.acknowledged", "alert.changed", "alert.changed", "alert.changed", "alert.resolved",
    ]  # fmt: skip


@pytest.mark.parametrize("action", ["acknowledge", "resolve", "snooze", "assign"])
async def test_a_resolved_alert_cannot_be_changed(desk: Desk, client: httpx.AsyncClient, action: str) -> None:
    [alert_id] = await desk.fire(incoming())
    await desk.end({"alertname": "one"})
    body = {"snooze": {"until": later(hours=1)}, "assign": {"assignee_id": None}}.get(action, {})
    answer = await client.post(f"/alerts/{alert_id}/{action}", json=body)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/alert-already-resolved")


async def test_a_snooze_ends_and_an_acknowledgement_ends_it(desk: Desk, client: httpx.AsyncClient) -> None:
    [alert_id] = await desk.fire(incoming())
    answer = await client.post(f"/alerts/{alert_id}/snooze", json={"until": later(hours=1)})
    assert answer.json()["status"] == "snoozed"
    await desk.rows("UPDATE alert_user_states SET snoozed_until = now() - interval '1 second' RETURNING id")
    assert (await get(client, f"/alerts/{alert_id}"))["status"] == "firing"
    await client.post(f"/alerts/{alert_id}/snooze", json={"until": later(hours=1)})
    answer = await client.post(f"/alerts/{alert_id}/acknowledge", json={})
    assert (answer.json()["status"], answer.json()["snoozed_until"]) == ("acknowledged", None)


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("snooze", {"until": later(hours=-1)}, "#/until"),
        ("snooze", {"until": later(days=31)}, "#/until"),
        ("snooze", {"until": "0001-01-01T00:00:00+14:00"}, "#/until"),
        ("snooze", {}, "#/until"),
        ("assign", {"assignee_id": str(new_id())}, "#/assignee_id"),
        ("assign", {"assignee_id": 7}, "#/assignee_id"),
        ("assign", {}, "#/assignee_id"),
        ("acknowledge", {"note": "x" * 2_001}, "#/note"),
        ("acknowledge", {"note": "a\x00b"}, ""),
        ("resolve", {"reason": "x"}, "#/reason"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalpha() else "case",
)
async def test_bad_bodies_are_named(
    desk: Desk, client: httpx.AsyncClient, action: str, body: dict[str, Any], pointer: str
) -> None:
    [alert_id] = await desk.fire(incoming())
    answer = await client.post(f"/alerts/{alert_id}/{action}", json=body)
    assert answer.status_code == 422, answer.text
    assert pointer in {item["pointer"] for item in answer.json()["errors"]} or pointer == ""
    assert (await get(client, f"/alerts/{alert_id}"))["status"] == "firing"


async def test_only_members_can_be_given_an_alert(desk: Desk, client: httpx.AsyncClient) -> None:
    [alert_id] = await desk.fire(incoming())
    answer = await client.post(f"/alerts/{alert_id}/assign", json={"assignee_id": str(new_id())})
    assert answer.json()["type"].endswith("/unknown-assignee")
    member = await desk.person("viewer")
    answer = await client.post(f"/alerts/{alert_id}/assign", json={"assignee_id": str(member.user_id)})
    assert answer.json()["assignee_id"] == str(member.user_id)
    assert (await get(client, "/alerts", assignee=str(member.user_id)))["total"] == 1


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ["100% disk", "a_b", "cpu", "quote ' \\ end"]),
        ({"severity": "critical"}, ["cpu"]),
        ({"severity": "low,medium"}, ["a_b"]),
        ({"status": "resolved"}, ["a_b"]),
        ({"status": "firing,acknowledged"}, ["100% disk", "cpu", "quote ' \\ end"]),
        ({"q": "%"}, ["100% disk"]),
        ({"q": "_"}, ["a_b"]),
        ({"q": "\\"}, ["quote ' \\ end"]),
        ({"q": "'"}, ["quote ' \\ end"]),
        ({"q": "CPU"}, ["cpu"]),
        ({"q": "team-blue"}, ["cpu"]),
        ({"q": "' OR true --"}, []),
        ({"q": "(((("}, []),
    ],
    ids=lambda value: None,
)
async def test_filters(desk: Desk, client: httpx.AsyncClient, params: dict[str, str], names: list[str]) -> None:
    await desk.fire(
        incoming("cpu", title="cpu", severity="critical", labels={"alertname": "cpu", "owner": "team-blue"}),
        incoming("disk", title="100% disk", labels={"alertname": "disk"}),
        incoming("quote", title="quote ' \\ end", labels={"alertname": "quote"}),
        incoming("ab", title="a_b", severity="low", labels={"alertname": "ab"}),
    )
    await desk.end({"alertname": "ab"})
    page = await get(client, "/alerts", **params)
    assert sorted(item["title"] for item in page["items"]) == names
    assert page["total"] == len(names)


async def test_pages_are_stable_while_alerts_arrive(desk: Desk, client: httpx.AsyncClient) -> None:
    moment = utc_now()
    await desk.fire(*(incoming(f"old-{n}", started_at=moment) for n in range(45)))
    seen: list[str] = []
    cursor = None
    while True:
        page = await get(client, "/alerts", limit=20, **({"cursor": cursor} if cursor else {}))
        seen += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await desk.fire(incoming(f"new-{len(seen)}"))
    assert sorted(seen) == sorted(f"Alert old-{n}" for n in range(45))


@pytest.mark.parametrize(
    "params",
    [
        {"status": "open"},
        {"severity": "urgent"},
        {"resource_id": "x"},
        {"assignee": "me"},
        {"limit": "501"},
        {"cursor": "x"},
        {"cursor": encode_cursor("0001-01-01T00:00:00+14:00", new_id())},
    ],
    ids=lambda params: "-".join(params),
)
async def test_bad_parameters_are_named(desk: Desk, client: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await client.get("/alerts", params=params)
    assert answer.status_code == 422, answer.text


async def test_the_summary_counts_by_status_and_severity(desk: Desk, client: httpx.AsyncClient) -> None:
    assert await get(client, "/alerts/summary") == {"total": 0, "by_status": {}, "by_severity": {}}
    await desk.fire(incoming("a", severity="critical"), incoming("b", severity="critical"), incoming("c"))
    await desk.end({"alertname": "a"})
    assert await get(client, "/alerts/summary") == {
        "total": 3,
        "by_status": {"firing": 2, "resolved": 1},
        "by_severity": {"critical": 1, "high": 1},
    }


def _body(answer: httpx.Response) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key not in ("instance", "request_id")}


async def test_another_organizations_alert_is_like_one_that_does_not_exist(
    desk: Desk, stranger: httpx.AsyncClient
) -> None:
    [alert_id] = await desk.fire(incoming())
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", "", None),
        ("POST", "/acknowledge", {}),
        ("POST", "/resolve", {}),
        ("POST", "/snooze", {"until": later(hours=1)}),
        ("POST", "/assign", {"assignee_id": None}),
    ]
    for method, action, json in calls:
        foreign = await stranger.request(method, f"/alerts/{alert_id}{action}", json=json)
        missing = await stranger.request(method, f"/alerts/{new_id()}{action}", json=json)
        assert foreign.status_code == missing.status_code == 404, action
        assert _body(foreign) == _body(missing)
    assert (await get(stranger, "/alerts"))["items"] == []
    assert (await get(stranger, "/alerts/summary"))["total"] == 0
    assert [row["kind"] for row in await desk.rows("SELECT kind FROM alert_timeline")] == ["fired"]


@pytest.mark.parametrize("role", ROLES)
async def test_what_each_role_may_do(desk: Desk, signed_in: SignedIn, role: Role) -> None:
    [alert_id] = await desk.fire(incoming())
    async with signed_in(await desk.person(role)) as client:
        reads = {(await client.get(path)).status_code for path in ("/alerts", "/alerts/summary", f"/alerts/{alert_id}")}
        assert reads == {200 if role != "finance" else 403}
        bodies = {
            "acknowledge": {},
            "assign": {"assignee_id": None},
            "snooze": {"until": later(hours=1)},
            "resolve": {},
        }
        for action, body in bodies.items():
            permission = "alerts:acknowledge" if action == "acknowledge" else "alerts:write"
            allowed = permission in permissions_of(role)
            answer = await client.post(f"/alerts/{alert_id}/{action}", json=body)
            assert answer.status_code == (200 if allowed else 403), (role, action)


async def test_a_viewer_may_acknowledge_and_nothing_more(desk: Desk, signed_in: SignedIn) -> None:
    [alert_id] = await desk.fire(incoming())
    async with signed_in(await desk.person("viewer")) as client:
        assert (await client.post(f"/alerts/{alert_id}/acknowledge", json={})).json()["status"] == "acknowledged"
        assert (await client.post(f"/alerts/{alert_id}/resolve", json={})).status_code == 403


async def test_nobody_reads_without_signing_in(desk: Desk, signed_in: SignedIn) -> None:
    async with signed_in(None) as client:
        assert (await client.get("/alerts")).status_code == 401
        assert (await client.post(f"/alerts/{new_id()}/resolve", json={})).status_code == 401
