"""From stored resources to results, findings and facts, with a real database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.events import publish
from app.domains.accounts.events import AccountRemoved
from app.domains.compliance import service, tasks
from app.domains.compliance.rules.catalogue import CONTROLS, CONTROLS_BY_TYPE
from app.domains.compliance.rules.model import PASS
from app.domains.compliance.service import AccountView, evaluating
from app.domains.compliance.service.storing import store_results
from app.domains.inventory.service import storing
from app.providers.base import UnitState
from sqlalchemy import text
from tests.support.clouds import make_context
from tests.support.findings import OFFICE, Estate, group, interface, thing, unit_of, volume

SSH, DATA_PORTS, VOLUMES, FLOW_LOGS = "AWS-EC2-001", "AWS-EC2-003", "AWS-EC2-009", "AWS-VPC-001"
VPC = {"VpcId": "vpc-1"}
LOG = {"ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"}


async def versions_of_rows(estate: Estate) -> list[Any]:
    """The physical row versions: equal before and after means that nothing was written, not even a lock."""
    sql = " UNION ALL ".join(
        f"SELECT '{table}', ctid::text, xmin::text, xmax::text FROM {table}"  # noqa: S608
        for table in ("compliance_results", "compliance_issues")
    )
    return sorted(tuple(row.values()) for row in await estate.rows(sql))


async def test_a_first_evaluation_stores_results_findings_and_facts(estate: Estate) -> None:
    await estate.sync([group("web", 443), group("bastion", 22), volume("data", encrypted=False), volume("logs")])
    assert await estate.states(SSH) == {"web": "PASS", "bastion": "FAIL"}
    assert await estate.states(VOLUMES) == {"data": "FAIL", "logs": "PASS"}
    results = await estate.rows("SELECT * FROM compliance_results")
    groups, volumes = len(CONTROLS_BY_TYPE["AWS::EC2::SecurityGroup"]), len(CONTROLS_BY_TYPE["AWS::EC2::Volume"])
    assert len(results) == 2 * groups + 2 * volumes
    [issue] = await estate.issues(SSH)
    assert (issue["status"], issue["severity"], issue["sub_key"]) == ("open", "high", "")
    assert issue["evidence"] == {"port": 22, "ranges": ["0.0.0.0/0"]}
    opened = await estate.facts("finding.opened")
    assert sorted(fact["control_id"] for fact in opened) == [SSH, VOLUMES]
    assert {fact["issue_id"] for fact in opened} == {str(issue["id"]) for issue in await estate.issues()}
    [finished] = await estate.facts("compliance.evaluated")
    assert (finished["evaluated"], finished["opened"], finished["resolved"]) == (len(results), 2, 0)
    assert await estate.rows("SELECT * FROM compliance_pending") == []


async def test_an_unchanged_estate_writes_nothing_but_when_it_was_checked(estate: Estate) -> None:
    resources = [group("bastion", 22, 3306), volume("data", encrypted=False)]
    await estate.sync(resources)
    before = await versions_of_rows(estate)
    await estate.sync(resources)
    await estate.evaluate_all()
    assert await versions_of_rows(estate) == before
    assert len(await estate.facts("finding.opened")) == 3
    assert [fact["evaluated"] for fact in await estate.facts("compliance.evaluated")][1] == 0


async def test_a_finding_is_resolved_once_and_opened_again(estate: Estate) -> None:
    await estate.sync([group("bastion", 22)])
    [issue] = await estate.issues(SSH)
    for _ in range(2):
        await estate.sync([group("bastion", 22, ranges=OFFICE)])
    [after] = await estate.issues(SSH)
    assert (after["id"], after["status"]) == (issue["id"], "resolved")
    assert after["resolved_at"] >= after["last_seen_at"]
    assert [fact["issue_id"] for fact in await estate.facts("finding.resolved")] == [str(issue["id"])]
    await estate.sync([group("bastion", 22)])
    [again] = await estate.issues(SSH)
    assert (again["id"], again["status"], again["resolved_at"]) == (issue["id"], "open", None)
    assert again["first_seen_at"] == issue["first_seen_at"] < again["last_opened_at"]
    assert len(await estate.facts("finding.opened")) == 2


async def test_several_failures_on_one_resource_are_findings_of_their_own(estate: Estate) -> None:
    await estate.sync([group("data", 3306, 5432)])
    assert [(row["sub_key"], row["status"]) for row in await estate.issues(DATA_PORTS)] == [
        ("3306", "open"),
        ("5432", "open"),
    ]
    await estate.sync([group("data", 5432)])
    assert [(row["sub_key"], row["status"]) for row in await estate.issues(DATA_PORTS)] == [
        ("3306", "resolved"),
        ("5432", "open"),
    ]


async def test_equal_sub_keys_of_one_resource_are_one_finding(estate: Estate) -> None:
    statement = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    queue = thing("AWS::SQS::Queue", "q", {"Policy": {"Statement": [statement, statement | {"Action": "sqs:Get*"}]}})
    await estate.sync([queue], unit=unit_of("sqs"))
    assert [row["sub_key"] for row in await estate.issues()] == ["Open"]


async def test_unknown_ends_no_finding(estate: Estate) -> None:
    await estate.sync([group("bastion", 22)])
    await estate.sync([], types=[], state=UnitState.FAILED)  # its resources keep their last state and are stale
    assert await estate.states(SSH) == {"bastion": "UNKNOWN"}
    [issue] = await estate.issues(SSH)
    assert issue["status"] == "open"
    [result] = await estate.rows("SELECT reason FROM compliance_results WHERE control_id = :c", c=SSH)
    assert result["reason"].startswith("the last read of this resource failed")
    await estate.sync([group("bastion", 22)])
    assert await estate.states(SSH) == {"bastion": "FAIL"}
    assert len(await estate.facts("finding.opened")) == 1


async def test_a_deleted_resource_takes_its_findings_and_results_along(estate: Estate) -> None:
    await estate.sync([group("bastion", 22), group("web", 443)])
    await estate.sync([group("web", 443)])
    [issue] = await estate.issues(SSH)
    assert issue["status"] == "resolved"
    assert await estate.states(SSH) == {"web": "PASS"}
    assert len(await estate.facts("finding.resolved")) == 1


async def test_a_control_that_reads_others_is_unknown_until_they_were_listed_everywhere(estate: Estate) -> None:
    vpc, types = thing("AWS::EC2::VPC", "main", VPC), ("AWS::EC2::VPC", "AWS::EC2::FlowLog")
    other = unit_of(region="us-east-1")
    await estate.store([], unit=other, types=types)
    await estate.store([], unit=other, types=[], state=UnitState.FAILED)
    await estate.sync([vpc], types=types)
    assert await estate.states(FLOW_LOGS) == {"main": "UNKNOWN"}
    await estate.sync([], unit=other, types=types)
    assert await estate.states(FLOW_LOGS) == {"main": "FAIL"}
    await estate.sync([vpc, thing("AWS::EC2::FlowLog", "log", LOG)], types=types)
    assert await estate.states(FLOW_LOGS) == {"main": "PASS"}
    await estate.sync([], unit=other, types=[], state=UnitState.FAILED)
    assert await estate.states(FLOW_LOGS) == {"main": "UNKNOWN"}
    assert [row["status"] for row in await estate.issues(FLOW_LOGS)] == ["resolved"]


async def test_a_change_of_another_resource_evaluates_its_readers_alone(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    types = ("AWS::EC2::SecurityGroup", "AWS::EC2::NetworkInterface", "AWS::EC2::Volume")
    rest = [group("bastion", 22), volume("data"), volume("logs")]
    await estate.sync([*rest, interface("eni", "bastion")], types=types)
    assert [row["severity"] for row in await estate.issues(SSH)] == ["high"]
    seen = watch_evaluated(monkeypatch)
    await estate.sync([*rest, interface("eni", "another")], types=types)
    assert seen == ["bastion"]
    assert [row["severity"] for row in await estate.issues(SSH)] == ["low"]
    [changed] = await estate.facts("finding.changed")
    assert changed["severity"] == "low"


async def test_only_what_changed_is_evaluated(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    await estate.sync([volume(f"v{n}") for n in range(50)])
    seen = watch_evaluated(monkeypatch)
    await estate.sync([volume(f"v{n}", encrypted=n != 7) for n in range(50)])
    assert seen == ["v7"]


def watch_evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the resources that are evaluated from now on."""
    seen: list[str] = []
    real = evaluating.evaluate_batch

    def watch(batch: Any, view: AccountView) -> Any:
        seen.extend(item.resource.native_id.rsplit("/", 1)[-1] for item in batch)
        return real(batch, view)

    monkeypatch.setattr(evaluating, "evaluate_batch", watch)
    return seen


async def test_a_first_sync_marks_the_readers_of_a_type_once(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of many units brings interfaces; the groups that they use are not evaluated anew for each of them."""
    monkeypatch.setattr(storing, "EVENT_IDS", 10)
    regions = [f"eu-test-{n}" for n in range(10)]
    for region in regions[1:]:  # planned, not yet read: the listing is not whole
        await estate.store([], unit=unit_of(region=region), types=[], state=UnitState.FAILED)
    seen = watch_evaluated(monkeypatch)
    for region in regions:
        found = [
            item
            for n in range(30)
            for item in (group(f"{region}-{n}", 22), interface(f"{region}-eni-{n}", f"{region}-{n}"))
        ]
        await estate.store(found, unit=unit_of(region=region))
        await estate.evaluate()
    await estate.finish_sync()
    await estate.evaluate()
    assert len(seen) == 2 * 300  # once as new groups, once when the interfaces were known everywhere
    assert {row["severity"] for row in await estate.issues(SSH)} == {"high"}


async def test_many_pending_resources_are_drained_in_batches(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "BATCH", 100)
    await estate.store([volume(f"v{n}", encrypted=n % 2 == 0) for n in range(1_000)])
    assert len(await estate.rows("SELECT position FROM compliance_pending")) == 1_000
    transactions: list[int] = []
    real = service.evaluate_pending

    async def count(*arguments: Any) -> Any:
        tally = await real(*arguments)
        transactions.append(tally.resources)
        return tally

    monkeypatch.setattr(service, "evaluate_pending", count)
    await estate.evaluate()
    assert transactions == [100] * 10 + [0]
    assert len(await estate.issues(VOLUMES)) == 500
    assert len(await estate.facts("finding.opened")) == 500


async def test_two_workers_at_once_make_no_doubles(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "BATCH", 50)
    await estate.store([volume(f"v{n}", encrypted=False) for n in range(400)])
    await asyncio.gather(estate.evaluate(), estate.evaluate(), estate.evaluate_all())
    assert len(await estate.issues(VOLUMES)) == 400
    assert len(await estate.facts("finding.opened")) == 400
    assert await estate.rows("SELECT * FROM compliance_pending") == []


async def test_a_run_that_dies_between_batches_leaves_the_rest_pending(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluating, "BATCH", 100)
    await estate.store([volume(f"v{n}", encrypted=False) for n in range(300)])
    calls: list[int] = []

    async def die_late(*arguments: Any) -> Any:
        stored = await store_results(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError
        return stored

    monkeypatch.setattr(evaluating, "store_results", die_late)
    with pytest.raises(ConnectionError):
        await estate.evaluate()
    assert len(await estate.rows("SELECT position FROM compliance_pending")) == 200
    assert len(await estate.issues()) == len(await estate.facts("finding.opened")) == 100
    await estate.evaluate()
    assert len(await estate.issues()) == len(await estate.facts("finding.opened")) == 300


async def test_a_change_during_an_evaluation_is_not_lost(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run read before the change cannot overwrite what the run after it stores."""
    await estate.store([group("bastion", 22)])

    async def change_meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(evaluating, "store_results", store_results)
        await estate.store([group("bastion", 22, ranges=OFFICE)])
        return await store_results(*arguments)

    monkeypatch.setattr(evaluating, "store_results", change_meanwhile)
    async with tenant_session(estate.organization_id) as session:
        view = AccountView(now=utc_now())
        await service.evaluate_pending(session, estate.organization_id, estate.account_id, view)
    assert await estate.states(SSH) == {"bastion": "FAIL"}
    await estate.evaluate()
    assert await estate.states(SSH) == {"bastion": "PASS"}
    assert [row["status"] for row in await estate.issues(SSH)] == ["resolved"]


async def test_a_removed_account_has_no_findings_and_is_evaluated_no_more(estate: Estate) -> None:
    await estate.sync([group("bastion", 22, 3306), volume("data", encrypted=False)])
    opened = len(await estate.facts("finding.opened"))
    await estate.store([volume("late", encrypted=False)])
    async with tenant_session(estate.organization_id) as session:
        await session.execute(text("UPDATE accounts SET removed_at = now(), native_account_id = NULL"))
        await publish(session, AccountRemoved(organization_id=estate.organization_id, account_id=estate.account_id))
    assert len(await estate.facts("finding.resolved")) == opened
    assert {row["status"] for row in await estate.issues()} == {"resolved"}
    await estate.evaluate()
    await estate.evaluate_all()
    for table in ("compliance_results", "compliance_pending", "compliance_accounts"):
        assert await estate.rows(f"SELECT * FROM {table}") == []  # noqa: S608
    assert len(await estate.facts("finding.opened")) == opened
    assert await estate.rows("SELECT * FROM compliance_standards WHERE score IS NOT NULL") == []


async def test_a_resource_that_no_control_understands_does_not_stop_the_others(estate: Estate) -> None:
    odd = group("odd", properties={"GroupId": "odd", "GroupName": "odd", "IpPermissions": "not a list of rules"})
    await estate.sync([odd, group("bastion", 22)])
    assert await estate.states(SSH) == {"odd": "UNKNOWN", "bastion": "FAIL"}


async def test_a_new_version_of_a_control_is_stored_with_its_results(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    await estate.sync([volume("data", encrypted=False)])
    changed = CONTROLS[VOLUMES].__class__(**(vars(CONTROLS[VOLUMES]) | {"version": 2, "check": lambda *_: PASS}))
    monkeypatch.setitem(CONTROLS_BY_TYPE, "AWS::EC2::Volume", (changed,))
    await estate.evaluate_all()
    [result] = await estate.rows("SELECT state, control_version FROM compliance_results")
    assert result == {"state": "PASS", "control_version": 2}
    [issue] = await estate.issues(VOLUMES)
    assert (issue["status"], issue["control_version"]) == ("resolved", 1)


async def test_the_whole_organization_is_evaluated_account_by_account(estate: Estate) -> None:
    await estate.store([volume("data", encrypted=False)])
    context = await make_context(estate.organization_id, "compliance.evaluate", {})
    await tasks.evaluate_organization(context)
    assert await estate.states(VOLUMES) == {"data": "FAIL"}


async def test_results_that_follow_the_clock_change_without_a_change_of_the_resource(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (utc_now() - timedelta(days=80)).isoformat()
    row = {"user": "maya", "access_key_1_active": "true", "access_key_1_last_rotated": made}
    user = thing("AWS::IAM::User", "maya", {"CredentialReport": row})
    await estate.sync([user], unit=unit_of("iam", "global"))
    assert await estate.states("AWS-IAM-005") == {"maya": "PASS"}
    later = utc_now() + timedelta(days=20)
    monkeypatch.setattr(tasks, "utc_now", lambda: later)
    await estate.evaluate_all()
    assert await estate.states("AWS-IAM-005") == {"maya": "FAIL"}
    [issue] = await estate.issues("AWS-IAM-005")
    assert issue["evidence"]["age_days"] == 100
