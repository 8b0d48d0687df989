"""Prometheus rule files through the API: what is told of each rule, what is stored, and what a repeat leaves alone."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.alerts.api import prometheus, routers
from tests.support.clouds import make_client

from .conftest import Desk

FILE = """
groups:
  - name: hosts
    interval: 30s
    limit: 7
    query_offset: 10s
    labels: {team: web}
    rules:
      - alert: HostDown
        expr: up{job="node"} == 0
        for: 5m
        keep_firing_for: 90s
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} is down"}
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: TooFew
        expr: job:up:sum < 3
      - alert: Watchdog
        expr: vector(1)
      - alert: Broken
        expr: sum(
"""


@pytest.fixture
async def desktop(operator: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """The operator at the routes of rules and of Prometheus."""
    async with make_client([*routers, prometheus.router], operator) as opened:
        yield opened


async def send(client: httpx.AsyncClient, content: str = FILE, **changes: Any) -> dict[str, Any]:
    body = {"name": "hosts.yml", "content": content} | changes
    answer = await client.post("/alerts/rules/import", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_each_rule_of_a_file_is_translated_kept_or_refused_and_told_so(
    desktop: httpx.AsyncClient, desk: Desk
) -> None:
    told = await send(desktop)
    assert [(one["name"], one["line"], one["outcome"], one["enabled"], one["change"]) for one in told["rules"]] == [
        ("HostDown", 9, "translated", True, "added"),
        ("job:up:sum", 15, "not_taken", False, None),
        ("TooFew", 17, "translated", True, "added"),
        ("Watchdog", 19, "server", False, "added"),
        ("Broken", 21, "refused", False, None),
    ]
    reasons = [" ".join(one["reasons"]) for one in told["rules"]]
    assert reasons[0] == ""
    assert "Recording rules are not taken over" in reasons[1]
    assert "job:up:sum, which a recording rule makes" in reasons[2]
    assert "compared with nothing" in reasons[3]
    assert "disabled until a server" in reasons[3]
    assert "unclosed left parenthesis" in reasons[4]
    rows = await desk.rows(
        "SELECT name, severity, interval_seconds, for_seconds, keep_firing_seconds, instance_limit, labels,"
        " query_offset_seconds, expression, enabled, last_error FROM alert_rules ORDER BY position"
    )
    assert rows[0] == {
        "name": "HostDown",
        "severity": "critical",
        "interval_seconds": 30,
        "for_seconds": 300,
        "keep_firing_seconds": 90,
        "instance_limit": 7,
        "labels": {"team": "web", "severity": "page"},
        "query_offset_seconds": 10,
        "expression": 'up{job="node"} == 0',
        "enabled": True,
        "last_error": None,
    }
    assert [row["name"] for row in rows] == ["HostDown", "TooFew", "Watchdog"]
    assert "disabled until a server" in rows[2]["last_error"]
    acts = await desk.rows("SELECT action, changes FROM audit_events WHERE action = 'alert_rule_file.imported'")
    assert [act["changes"]["file_name"] for act in acts] == ["hosts.yml"]


async def test_a_dry_run_tells_the_same_and_stores_nothing(desktop: httpx.AsyncClient, desk: Desk) -> None:
    dry = await send(desktop, dry_run=True)
    assert dry["file_id"] is None
    assert await desk.rows("SELECT id FROM alert_rules UNION ALL SELECT id FROM alert_rule_files") == []
    real = await send(desktop)
    told = [one | {"rule_id": None} for one in real["rules"]]
    assert told == dry["rules"]


async def test_the_same_file_again_changes_nothing_and_a_changed_one_only_what_changed(
    desktop: httpx.AsyncClient, desk: Desk
) -> None:
    first = await send(desktop)
    again = await send(desktop)
    assert [one["change"] for one in again["rules"]] == ["unchanged", None, "unchanged", "unchanged", None]
    assert [one["rule_id"] for one in again["rules"]] == [one["rule_id"] for one in first["rules"]]
    assert {row["version"] for row in await desk.rows("SELECT version FROM alert_rules")} == {1}
    text = FILE.replace("for: 5m", "for: 6m").replace("      - alert: TooFew\n        expr: job:up:sum < 3\n", "")
    changed = await send(desktop, text)
    assert [one["change"] for one in changed["rules"]] == ["changed", None, "unchanged", None]
    assert [one["name"] for one in changed["removed"]] == ["TooFew"]
    rows = await desk.rows("SELECT name, version, position FROM alert_rules ORDER BY position")
    assert [(row["name"], row["version"], row["position"]) for row in rows] == [("HostDown", 2, 0), ("Watchdog", 1, 2)]
    file = (await desktop.get(f"/alerts/rules/files/{changed['file_id']}")).json()
    assert (file["content"], file["rules"], file["groups"]) == (text, 2, ["hosts"])
    assert [one["outcome"] for one in file["report"]] == ["translated", "not_taken", "server", "refused"]


async def test_a_rule_that_a_person_disabled_stays_so_and_one_that_waited_for_a_server_is_enabled_with_it(
    desktop: httpx.AsyncClient, desk: Desk
) -> None:
    first = await send(desktop)
    assert (await desktop.post(f"/alerts/rules/{first['rules'][0]['rule_id']}/disable")).status_code == 200
    await desk.rows(
        "INSERT INTO metric_sources (organization_id, id, name, kind, url, settings, interval_seconds)"
        " VALUES (:org, :id, 'p', 'prometheus', 'http://example.com', '{}', 300) RETURNING id",
        org=desk.organization_id,
        id=(source_id := new_id()),
    )
    told = await send(desktop, source_id=str(source_id))
    assert [one["enabled"] for one in told["rules"]] == [False, False, True, True, False]
    [row] = await desk.rows("SELECT condition, enabled FROM alert_rules WHERE name = 'Watchdog'")
    assert row == {
        "condition": {"kind": "promql", "query": "vector(1)", "source_id": str(source_id)},
        "enabled": True,
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("groups: [", "Line 2"),
        ("", "empty"),
        ("rules: []", "rules is not known"),
        ("groups:\n- name: a\n- name: a", "twice"),
        ("groups:\n- interval: 5m", "needs a name"),
        ("groups:\n- name: a\n  interval: 5x", "no duration"),
        ("a: &x [1]\ngroups: *y", "undefined alias|stands for nothing"),
        ("groups: " + "[" * 50 + "]" * 50, "deeper than"),
        ("groups: []\n---\ngroups: []", "one document"),
    ],
)
async def test_a_file_that_prometheus_would_not_load_is_refused_whole(
    desktop: httpx.AsyncClient, content: str, words: str
) -> None:
    answer = await desktop.post("/alerts/rules/import", json={"name": "x", "content": content})
    assert answer.status_code == 422, answer.text
    assert any(word in answer.text for word in words.split("|")), answer.text


async def test_files_are_their_organizations(desktop: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    told = await send(desktop)
    assert (await stranger.get(f"/alerts/rules/files/{told['file_id']}")).status_code == 404
    assert (await stranger.delete(f"/alerts/rules/files/{told['file_id']}")).status_code == 404
    assert (await stranger.get("/alerts/rules/files")).json() == []
    assert (await desktop.delete(f"/alerts/rules/files/{told['file_id']}")).status_code == 204
    assert (await desktop.get("/alerts/rules/files")).json() == []
    assert (await desktop.get("/alerts/rules")).json()["items"] == []
