"""The routes of rules: writing, reading, switching, groups, and what a change does to alerts."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from app.core.ids import new_id
from app.core.pagination import encode_cursor
from app.core.scope import Scope
from app.domains.alerts.service.rule_series import forget_series
from app.domains.identity.rules import ROLES, Role, permissions_of
from app.domains.metrics import service as metrics

from .conftest import Desk, SignedIn
from .test_rule_evaluation import MINUTE, NOW, evaluate, open_titles, send

ABOVE: dict[str, Any] = {
    "kind": "threshold",
    "reading": {"selector": "cpu"},
    "enter": {"operator": ">", "threshold": 90},
}
DRAFT: dict[str, Any] = {
    "name": "HighCpu",
    "condition": ABOVE,
    "severity": "high",
    "labels": {"team": "web"},
    "annotations": {"summary": "{{ $labels.host }} is at {{ $value }}"},
}


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    """Nothing is remembered from the test before."""
    metrics.forget_books()
    forget_series()
    yield
    metrics.forget_books()
    forget_series()


async def make(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/alerts/rules", json=DRAFT | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def ask(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(client: httpx.AsyncClient, rule: dict[str, Any], **changes: Any) -> httpx.Response:
    """Replace the made rule by the draft with changes."""
    return await client.put(f"/alerts/rules/{rule['id']}", json=DRAFT | {"version": rule["version"]} | changes)


async def last_notes(desk: Desk) -> list[str | None]:
    rows = await desk.rows("SELECT note FROM alert_timeline WHERE kind = 'resolved' ORDER BY at, id")
    return [row["note"] for row in rows]


async def test_a_rule_is_made_read_and_shows_what_its_evaluation_came_to(desk: Desk, client: httpx.AsyncClient) -> None:
    made = await make(client, for_seconds=60)
    assert (made["version"], made["threshold"], made["health"], made["state"]) == (1, 90.0, "unknown", "inactive")
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 96})
    await send(desk, "b", {NOW + MINUTE: 97})
    await evaluate(desk, NOW)
    await evaluate(desk, NOW + MINUTE)
    read = await ask(client, f"/alerts/rules/{made['id']}")
    assert (read["state"], read["firing"], read["pending"], read["health"]) == ("firing", 1, 1, "ok")
    assert [(one["labels"]["host"], one["state"], one["value"]) for one in read["instances"]] == [
        ("a", "firing", 96.0),
        ("b", "pending", 97.0),
    ]
    assert read["instances"][0]["annotations"] == {"summary": "a is at 96"}
    (alert,) = (await ask(client, "/alerts"))["items"]
    assert [one["alert_id"] for one in read["instances"]] == [alert["id"], None]
    assert read["instances_total"] == 2
    assert read["evaluated_at"] == (NOW + MINUTE).isoformat().replace("+00:00", "Z")


async def test_a_change_needs_the_version_that_was_read(desk: Desk, client: httpx.AsyncClient) -> None:
    made = await make(client)
    changed = await put(client, made, for_seconds=120)
    assert (changed.status_code, changed.json()["version"], changed.json()["for_seconds"]) == (200, 2, 120)
    late = await put(client, made, for_seconds=60)
    assert (late.status_code, late.json()["type"].rpartition("/")[2]) == (412, "changed-meanwhile")
    same = await put(client, changed.json(), for_seconds=120)
    assert same.json()["version"] == 2
    rows = await desk.rows("SELECT action, changes FROM audit_events WHERE action LIKE 'alert_rule.%' ORDER BY id")
    assert [row["action"] for row in rows] == ["alert_rule.created", "alert_rule.updated"]
    assert rows[1]["changes"]["changes"] == {"for_seconds": {"from": 0, "to": 120}}


async def test_a_number_may_change_under_a_firing_alert_and_what_it_is_called_may_not(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    made = await make(client, no_data="keep_last")
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 95, NOW + 2 * MINUTE: 95})
    await evaluate(desk, NOW)
    higher = ABOVE | {"enter": {"operator": ">", "threshold": 94}}
    changed = (await put(client, made, no_data="keep_last", condition=higher)).json()
    assert await open_titles(desk) == ["a is at 95"]
    assert (await evaluate(desk, NOW + MINUTE)).ended == 0
    renamed = await put(client, changed, no_data="keep_last", condition=higher, name="Other")
    assert renamed.json()["firing"] == 0
    assert await open_titles(desk) == []
    assert await last_notes(desk) == ["The rule was changed, and its alerts are others now."]
    assert (await evaluate(desk, NOW + 2 * MINUTE)).fired == 1


async def test_a_rule_that_is_disabled_ends_its_alerts_and_begins_anew(desk: Desk, client: httpx.AsyncClient) -> None:
    made = await make(client)
    await make(client, name="Beside")
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 95, NOW + 2 * MINUTE: 95})
    assert (await evaluate(desk, NOW)).fired == 2
    path = f"/alerts/rules/{made['id']}"
    for _ in range(2):
        switched = (await client.post(f"{path}/disable")).json()
        assert (switched["enabled"], switched["version"], switched["firing"]) == (False, 2, 0)
    assert await last_notes(desk) == ["The rule was disabled."]
    assert (await evaluate(desk, NOW + MINUTE)).fired == 0
    assert len(await open_titles(desk)) == 1
    assert (await client.post(f"{path}/enable")).json()["version"] == 3
    assert (await evaluate(desk, NOW + 2 * MINUTE)).fired == 1


async def test_a_removed_rule_ends_its_alerts_with_the_reason(desk: Desk, client: httpx.AsyncClient) -> None:
    made = await make(client)
    await send(desk, "a", {NOW: 95})
    await evaluate(desk, NOW)
    assert (await client.delete(f"/alerts/rules/{made['id']}")).status_code == 204
    assert await open_titles(desk) == []
    assert await last_notes(desk) == ["The rule was removed."]
    assert await desk.rows("SELECT 1 FROM alert_rule_states") == []
    assert (await client.get(f"/alerts/rules/{made['id']}")).status_code == 404


async def test_a_rule_that_is_removed_during_its_evaluation_leaves_no_alert(
    desk: Desk, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(client)
    await send(desk, "a", {NOW: 95})
    read, removals = metrics.read_samples, []

    async def read_slowly(*arguments: Any) -> Any:
        removals.append(asyncio.create_task(client.delete(f"/alerts/rules/{made['id']}")))
        await asyncio.sleep(0.5)
        return await read(*arguments)

    monkeypatch.setattr(metrics, "read_samples", read_slowly)
    assert (await evaluate(desk, NOW)).fired == 1
    assert (await removals[0]).status_code == 204
    assert await open_titles(desk) == []
    assert await desk.rows("SELECT 1 FROM alert_rule_states") == []


async def test_the_list_finds_by_name_severity_state_health_group_and_switch(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    await make(client, name="Alpha_1")
    await make(client, name="Beta", severity="low", condition=ABOVE | {"reading": {"selector": "memory"}})
    await make(client, name="Gamma", condition={"kind": "promql", "query": "up == 0"})
    await make(client, name="Off", enabled=False)
    await client.put("/alerts/rules/groups/g", json={"rules": [DRAFT | {"name": "Grouped", "for_seconds": 600}]})
    await send(desk, "a", {NOW: 95})
    await evaluate(desk, NOW)

    async def names(**params: Any) -> list[str]:
        page = await ask(client, "/alerts/rules", **params)
        assert page["total"] == len(page["items"])
        return [one["name"] for one in page["items"]]

    assert await names() == ["Alpha_1", "Beta", "Gamma", "Grouped", "Off"]
    assert await names(q="A_1") == ["Alpha_1"]
    assert await names(severity="low,info") == ["Beta"]
    assert await names(state="firing") == ["Alpha_1"]
    assert await names(state="pending") == ["Grouped"]
    assert await names(state="inactive,pending") == ["Beta", "Gamma", "Grouped", "Off"]
    assert await names(health="err") == ["Gamma"]
    assert await names(enabled=False) == ["Off"]
    assert await names(group="g") == ["Grouped"]
    first = await ask(client, "/alerts/rules", limit=3)
    rest = await ask(client, "/alerts/rules", limit=3, cursor=first["next_cursor"])
    assert [one["name"] for one in rest["items"]] == ["Grouped", "Off"]
    assert (rest["next_cursor"], rest["total"]) == (None, None)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"condition": ABOVE | {"reading": {"selector": "cpu{"}}}, "#/condition/reading/selector"),
        (
            {"condition": {"kind": "all", "parts": [ABOVE, {"kind": "absence", "selector": "{x=y}"}]}},
            "#/condition/parts/1/selector",
        ),
        ({"labels": {"rule_id": "x"}}, "#/labels/rule_id"),
        ({"annotations": {"summary": "{{ nonsense }}"}}, "#/annotations/summary"),
    ],
)
async def test_what_cannot_be_evaluated_is_refused_by_its_place(
    client: httpx.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    answer = await client.post("/alerts/rules", json=DRAFT | changes)
    assert answer.status_code == 422, answer.text
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "changes",
    [
        {"condition": {"kind": "nothing"}},
        {"condition": ABOVE | {"more": 1}},
        {"interval_seconds": 90},
        {"interval_seconds": 30},
        {"for_seconds": -1},
        {"severity": "bad"},
        {"labels": {"no good": "x"}},
        {"name": " "},
        {"unknown": 1},
    ],
)
async def test_bodies_that_are_no_rules_are_refused(client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    assert (await client.post("/alerts/rules", json=DRAFT | changes)).status_code == 422


async def test_a_group_is_replaced_whole_and_what_does_not_change_keeps_version_and_alerts(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    path = "/alerts/rules/groups/web"
    one, two, three = (DRAFT | {"name": name} for name in ("One", "Two", "Three"))
    first = await client.put(path, json={"rules": [one, two]})
    assert [item["change"] for item in first.json()["differences"]] == ["added", "added"]
    await send(desk, "a", {NOW: 95, NOW + MINUTE: 95})
    assert (await evaluate(desk, NOW)).fired == 2
    assert (await client.put(path, json={"rules": [one, two]})).json()["differences"] == []
    wanted = {"rules": [three, one | {"for_seconds": 60}]}
    told = (await client.put(path, json=wanted, params={"dry_run": "true"})).json()
    before = await ask(client, path)
    assert [(rule["name"], rule["version"]) for rule in before["rules"]] == [("One", 1), ("Two", 1)]
    done = (await client.put(path, json=wanted)).json()
    assert [(item["change"], item["name"], item["fields"], item["resets_states"]) for item in done["differences"]] == [
        ("added", "Three", [], False), ("changed", "One", ["for_seconds"], False), ("removed", "Two", [], True),
    ]  # fmt: skip
    assert [item | {"id": None} for item in done["differences"]] == [
        item | {"id": None} for item in told["differences"]
    ]
    after = await ask(client, path)
    assert [(rule["name"], rule["version"], rule["firing"]) for rule in after["rules"]] == [
        ("Three", 1, 0),
        ("One", 2, 1),
    ]
    assert after["rules"][1]["id"] == before["rules"][0]["id"]
    assert len(await open_titles(desk)) == 1
    assert (await client.delete(path)).status_code == 204
    assert await open_titles(desk) == []
    assert (await client.get(path)).status_code == 404


async def test_a_repeated_post_makes_one_rule(desk: Desk, client: httpx.AsyncClient) -> None:
    ids = {
        (await client.post("/alerts/rules", json=DRAFT, headers={"Idempotency-Key": "k"})).json()["id"]
        for _ in range(2)
    }
    assert len(ids) == 1
    assert len(await desk.rows("SELECT 1 FROM alert_rules")) == 1


async def test_rules_of_another_organization_are_not_found(
    desk: Desk, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    made = await make(client)
    await client.put("/alerts/rules/groups/g", json={"rules": [DRAFT]})
    path = f"/alerts/rules/{made['id']}"
    assert (await ask(stranger, "/alerts/rules"))["items"] == []
    for answer in [
        await stranger.get(path),
        await put(stranger, made),
        await stranger.delete(path),
        await stranger.post(f"{path}/disable"),
        await stranger.get("/alerts/rules/groups/g"),
        await stranger.delete("/alerts/rules/groups/g"),
    ]:
        assert answer.status_code == 404
    assert len(await desk.rows("SELECT 1 FROM alert_rules WHERE enabled")) == 2


async def test_a_cursor_of_another_list_is_refused(client: httpx.AsyncClient) -> None:
    for cursor in ("x", encode_cursor("a", "b"), encode_cursor(1, str(new_id()))):
        assert (await client.get("/alerts/rules", params={"cursor": cursor})).status_code == 422


@pytest.mark.parametrize("role", ROLES)
async def test_only_who_writes_rules_changes_them(desk: Desk, signed_in: SignedIn, role: Role) -> None:
    person = await desk.person(role)
    async with signed_in(person) as client:
        reads = await client.get("/alerts/rules")
        writes = await client.post("/alerts/rules", json=DRAFT)
    assert reads.status_code == (200 if "alerts:read" in permissions_of(role) else 403)
    assert writes.status_code == (201 if "rules:write" in permissions_of(role) else 403)


async def test_a_caller_with_a_part_of_the_organization_sees_rules_but_not_the_instances_of_others(
    desk: Desk, client: httpx.AsyncClient, signed_in: SignedIn
) -> None:
    made = await make(client)
    await send(desk, "a", {NOW: 95})
    await evaluate(desk, NOW)
    scoped = replace(await desk.person(), scope=Scope(accounts=frozenset({new_id()})))
    async with signed_in(scoped) as part:
        read = await ask(part, f"/alerts/rules/{made['id']}")
        assert (read["state"], read["firing"], read["instances"], read["instances_total"]) == ("inactive", 0, [], 0)
        assert (await ask(part, "/alerts/rules", state="firing"))["items"] == []
        assert (await part.post("/alerts/rules", json=DRAFT)).status_code == 403
        assert (await part.delete(f"/alerts/rules/{made['id']}")).status_code == 403


async def test_nobody_reads_rules_without_signing_in(desk: Desk, signed_in: SignedIn) -> None:
    async with signed_in(None) as client:
        assert (await client.get("/alerts/rules")).status_code == 401
        assert (await client.post("/alerts/rules", json=DRAFT)).status_code == 401
