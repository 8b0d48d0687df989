"""Episodes from their sources, and what people do with them at the same time."""

import asyncio
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.alerts import queries, rules, service
from app.domains.alerts.api.alerts import router
from app.domains.alerts.models import Alert, AlertUserState
from app.domains.compliance.service import evaluating
from tests.domains.alerts.conftest import Desk, incoming
from tests.support.clouds import make_client
from tests.support.findings import OFFICE, group, interface, make_estate, thing, unit_of


async def test_parallel_tellings_are_one_episode(desk: Desk) -> None:
    begun = await asyncio.gather(*(desk.fire(incoming()) for _ in range(50)))
    assert sum(len(ids) for ids in begun) == 1
    [alert] = await desk.rows("SELECT count, ended_at FROM alerts")
    assert alert == {"count": 50, "ended_at": None}
    assert len(await desk.rows("SELECT id FROM alert_timeline")) == 1
    assert len(await desk.rows("SELECT id FROM notifications")) == 1
    assert len(await desk.rows("SELECT position FROM events WHERE name = 'alert.fired'")) == 1


async def test_equal_labels_told_together_are_one_episode(desk: Desk) -> None:
    assert len(await desk.fire(incoming("a"), incoming("a", title="Newer"), incoming("b"))) == 2
    alerts = await desk.rows("SELECT title, count FROM alerts ORDER BY title")
    assert alerts == [{"title": "Alert b", "count": 1}, {"title": "Newer", "count": 2}]


async def test_a_repeat_updates_what_the_source_says_and_keeps_what_people_said(desk: Desk, operator: Caller) -> None:
    [alert_id] = await desk.fire(incoming())
    async with tenant_session(desk.organization_id) as session:
        await service.acknowledge(session, operator, alert_id, note="mine")
    assert await desk.fire(incoming(severity="critical", description="Worse.")) == []
    async with tenant_session(desk.organization_id) as session:
        found = await service.read_alert(session, desk.organization_id, alert_id)
    assert (found["severity"], found["description"], found["count"]) == ("critical", "Worse.", 2)
    assert (found["status"], found["note"]) == ("acknowledged", "mine")


async def test_an_alert_that_fires_again_begins_a_new_episode(desk: Desk, operator: Caller) -> None:
    [first] = await desk.fire(incoming())
    async with tenant_session(desk.organization_id) as session:
        await service.acknowledge(session, operator, first, note="mine")
    assert await desk.end({"alertname": "one"}) == 1
    assert await desk.end({"alertname": "one"}) == 0
    [second] = await desk.fire(incoming())
    assert second != first
    async with tenant_session(desk.organization_id) as session:
        found = await service.read_alert(session, desk.organization_id, second)
    assert (found["status"], found["note"], found["acknowledged_at"]) == ("firing", None, None)


async def race(caller: Caller, path: str, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    async with make_client([router], caller) as client:
        return await asyncio.gather(*(client.post(path, json=body) for body in bodies))


async def test_fifty_people_resolving_at_once_end_it_once(desk: Desk, operator: Caller) -> None:
    [alert_id] = await desk.fire(incoming())
    answers = await race(operator, f"/alerts/{alert_id}/resolve", [{"note": f"{n}"} for n in range(50)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    assert {answer.json()["type"].rsplit("/", 1)[-1] for answer in answers if answer.status_code == 409} == {
        "alert-already-resolved"
    }
    kinds = [row["kind"] for row in await desk.rows("SELECT kind FROM alert_timeline ORDER BY at, id")]
    assert kinds == ["fired", "resolved"]
    assert len(await desk.rows("SELECT position FROM events WHERE name = 'alert.resolved'")) == 1


@pytest.mark.parametrize("action", ["acknowledge", "snooze", "assign"])
async def test_fifty_changes_at_once_are_all_written_down(desk: Desk, operator: Caller, action: str) -> None:
    [alert_id] = await desk.fire(incoming())
    until = (utc_now() + timedelta(hours=1)).isoformat()
    extra = {"acknowledge": {}, "snooze": {"until": until}, "assign": {"assignee_id": str(operator.user_id)}}[action]
    answers = await race(operator, f"/alerts/{alert_id}/{action}", [{"note": f"{n}", **extra} for n in range(50)])
    assert {answer.status_code for answer in answers} == {200}
    assert len(await desk.rows("SELECT id FROM alert_timeline WHERE kind <> 'fired'")) == 50
    [state] = await desk.rows("SELECT * FROM alert_user_states")
    assert state["id"] == alert_id


async def test_a_source_and_people_ending_it_at_once_end_it_once(desk: Desk, operator: Caller) -> None:
    [alert_id] = await desk.fire(incoming())
    people = race(operator, f"/alerts/{alert_id}/resolve", [{} for _ in range(10)])
    sources = asyncio.gather(*(desk.end({"alertname": "one"}) for _ in range(10)))
    answers, ended = await asyncio.gather(people, sources)
    assert sum(answer.status_code == 200 for answer in answers) + sum(ended) == 1
    assert len(await desk.rows("SELECT id FROM alert_timeline WHERE kind = 'resolved'")) == 1


async def test_the_lists_status_is_the_rules_for_every_combination(desk: Desk) -> None:
    now = utc_now()
    instants = (None, now - timedelta(hours=1), now + timedelta(hours=1))
    expected: dict[UUID, str] = {}
    async with tenant_session(desk.organization_id) as session:
        for ended, suppressed, snoozed, acknowledged, has_state in product(
            instants[:2], (None, new_id()), instants, instants[:2], (True, False)
        ):
            alert_id = new_id()
            session.add(
                Alert(
                    organization_id=desk.organization_id,
                    id=alert_id,
                    fingerprint=alert_id.hex,
                    source="test",
                    title="t",
                    description="",
                    severity="low",
                    labels={},
                    started_at=now,
                    ended_at=ended,
                    last_received_at=now,
                    suppressed_by=suppressed,
                )
            )
            if has_state:
                session.add(
                    AlertUserState(
                        organization_id=desk.organization_id,
                        id=alert_id,
                        snoozed_until=snoozed,
                        acknowledged_at=acknowledged,
                    )
                )
            expected[alert_id] = rules.effective_status(
                ended_at=ended,
                suppressed=suppressed is not None,
                snoozed_until=snoozed if has_state else None,
                acknowledged_at=acknowledged if has_state else None,
                now=now,
            )
    async with tenant_session(desk.organization_id) as session:
        rows = await queries.list_alerts(session, desk.organization_id, queries.AlertFilter(), limit=500)
        assert {row["id"]: row["status"] for row in rows} == expected
        assert set(expected.values()) == set(rules.STATUSES)
        summary = await queries.summarise(session, desk.organization_id)
        for status in rules.STATUSES:
            wanted = queries.AlertFilter(statuses=[status])
            count = sum(found == status for found in expected.values())
            assert await queries.count_alerts(session, desk.organization_id, wanted) == count
            assert summary["by_status"][status] == count
        assert summary["total"] == len(expected)
        assert summary["by_severity"] == {"low": sum(found != "resolved" for found in expected.values())}


async def test_a_critical_finding_is_an_alert_until_it_is_mended(desk: Desk) -> None:
    owner = await desk.person("owner")
    estate = await make_estate(desk.organization_id)
    await estate.sync([group("data", 3306), group("bastion", 22)])
    [alert] = await desk.rows("SELECT * FROM alerts")
    [issue] = await estate.issues("AWS-EC2-003")
    assert (alert["severity"], alert["ended_at"], alert["source"]) == ("critical", None, "compliance")
    assert alert["labels"]["finding_id"] == str(issue["id"])
    assert alert["resource_id"] == issue["resource_id"]
    [delivery] = await desk.rows("SELECT recipient, state FROM notification_deliveries")
    assert delivery == {"recipient": owner.email, "state": "queued"}
    # one transaction: result, finding, alert, notification, delivery, job and facts carry its number
    sql = """SELECT DISTINCT xmin::text FROM (SELECT xmin FROM compliance_results WHERE control_id = 'AWS-EC2-003'
      AND state = 'FAIL' UNION ALL SELECT xmin FROM compliance_issues UNION ALL SELECT xmin FROM alerts
      UNION ALL SELECT xmin FROM notifications UNION ALL SELECT xmin FROM notification_deliveries
      UNION ALL SELECT xmin FROM jobs WHERE kind = 'notifications.deliver'
      UNION ALL SELECT xmin FROM events WHERE name IN ('finding.opened', 'alert.fired')) AS written"""
    assert len(await desk.rows(sql)) == 1
    await estate.sync([group("data", 3306, ranges=OFFICE), group("bastion", 22)])
    [ended] = await desk.rows("SELECT ended_at FROM alerts")
    assert ended["ended_at"] is not None
    titles = [row["title"] for row in await desk.rows("SELECT title FROM notifications ORDER BY created_at")]
    assert titles[1] == f"Resolved: {titles[0]}"
    await estate.sync([group("data", 3306), group("bastion", 22)])
    assert len(await desk.rows("SELECT id FROM alerts WHERE ended_at IS NULL")) == 1


async def test_a_finding_that_becomes_critical_is_an_alert_and_ends_when_it_is_less(desk: Desk) -> None:
    estate = await make_estate(desk.organization_id)
    properties = {
        "PubliclyAccessible": True,
        "Endpoint": {"Port": 5432},
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "data"}],
    }
    database = thing("AWS::RDS::DBInstance", "db", properties)
    await estate.store([group("data", 5432, ranges=OFFICE), interface("eni", "data")])
    await estate.sync([database], unit=unit_of("rds"))
    [issue] = await estate.issues("AWS-RDS-001")
    assert issue["severity"] == "medium"
    assert await desk.rows("SELECT id FROM alerts WHERE labels ->> 'control_id' = 'AWS-RDS-001'") == []
    await estate.sync([group("data", 5432), interface("eni", "data")])
    open_ones = "SELECT id FROM alerts WHERE labels ->> 'control_id' = 'AWS-RDS-001' AND ended_at IS NULL"
    assert len(await desk.rows(open_ones)) == 1
    await estate.sync([group("data", 5432, ranges=OFFICE), interface("eni", "data")])
    assert await desk.rows(open_ones) == []
    [issue] = await estate.issues("AWS-RDS-001")
    assert (issue["severity"], issue["status"]) == ("medium", "open")


async def test_a_rolled_back_evaluation_leaves_no_alert_and_no_message(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate = await make_estate(desk.organization_id)
    await estate.store([group("data", 3306)])
    real = evaluating.evaluate_pending

    async def fail_late(*arguments: Any) -> Any:
        await real(*arguments)
        raise ConnectionError

    monkeypatch.setattr("app.domains.compliance.service.evaluate_pending", fail_late)
    with pytest.raises(ConnectionError):
        await estate.evaluate()
    for table in ("compliance_issues", "alerts", "notifications", "notification_deliveries"):
        assert await desk.rows(f"SELECT * FROM {table}") == []  # noqa: S608
    assert await desk.rows("SELECT id FROM jobs WHERE kind = 'notifications.deliver'") == []
