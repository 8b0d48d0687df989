"""Somebody who may see a part of the organization: two accounts, two tags, and every domain's reads of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.tasks import Job
from app.domains.accounts.models import Account
from app.domains.alerts.models import Alert
from app.domains.compliance.models import ComplianceIssue, ComplianceResult
from app.domains.compliance.rules.catalogue import CONTROLS
from app.domains.costs.models import CostDay
from app.domains.inventory import queries
from app.domains.inventory.models import (
    CloudResource,
    ResourceRelation,
    ResourceTerm,
    ResourceVersion,
    ResourceZone,
    SyncUnit,
    UnitCount,
)
from app.domains.inventory.rules import tag_term
from app.domains.inventory.service import asking
from tests.system.test_isolation import Site, settings, shared_redis_url, site  # noqa: F401  # fixtures

pytestmark = [pytest.mark.xdist_group("access"), pytest.mark.timeout(240)]
NOW = datetime.now(UTC)
CONTROL = next(iter(CONTROLS))
TODAY = NOW.date()
# (account, tags): four resources, one for each combination.
PARTS = (("one", "prod"), ("one", "dev"), ("two", "prod"), ("two", "dev"))


@dataclass
class Estate:
    """Ids by (account, tag) and by account name."""

    site: Site
    accounts: dict[str, UUID] = field(default_factory=dict)
    resources: dict[tuple[str, str], UUID] = field(default_factory=dict)
    alerts: dict[tuple[str, str], UUID] = field(default_factory=dict)
    issues: dict[tuple[str, str], UUID] = field(default_factory=dict)
    jobs: dict[str, UUID] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.site.http.get(f"/api/v1{path}", headers=self.headers, params=query)

    async def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        answer = await self.get(path, **query)
        assert answer.status_code == 200, (path, answer.text)
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
async def estate(site: Site) -> Estate:  # noqa: F811
    made = Estate(site)
    async with tenant_session(site.ours) as session:
        for rows in _rows(made, site.ours):
            session.add_all(rows)
            await session.flush()
    asking.forget_sizes()
    return made


def _rows(made: Estate, organization_id: UUID) -> list[list[Any]]:
    own = {"organization_id": organization_id}
    first: list[Any] = []
    units: list[Any] = []
    resources: list[Any] = []
    rest: list[Any] = []
    unit_ids = {}
    for number, name in enumerate(("one", "two"), 1):
        account_id, unit_ids[name], made.jobs[name] = new_id(), new_id(), new_id()
        made.accounts[name] = account_id
        native = f"{number}" * 12
        first.append(
            Account(
                **own,
                id=account_id,
                provider="aws",
                name=name,
                native_account_id=native,
                status="connected",
                credentials_kind="ambient",
            )
        )
        first.append(
            Job(
                **own,
                id=made.jobs[name],
                kind="inventory.sync_account",
                state="succeeded",
                arguments={"account_id": str(account_id)},
            )
        )
        units.append(
            SyncUnit(
                **own,
                id=unit_ids[name],
                account_id=account_id,
                native_account=native,
                region="eu-west-1",
                service="sqs",
                type_counts={"queue": 2},
            )
        )
        rest.append(ResourceZone(**own, zone=name[:2], unit_id=unit_ids[name]))
        rest.append(
            UnitCount(
                **own,
                unit_id=unit_ids[name],
                account_id=account_id,
                region="eu-west-1",
                native_type="AWS::SQS::Queue",
                type="queue",
                resources=2,
            )
        )
    for part in PARTS:
        account, tag = part
        resource_id, alert_id, issue_id = new_id(), new_id(), new_id()
        made.resources[part], made.alerts[part], made.issues[part] = resource_id, alert_id, issue_id
        native_id = f"arn:aws:sqs:eu-west-1:{account}:{tag}-{resource_id}"
        account_id = made.accounts[account]
        resources.append(
            CloudResource(
                **own,
                id=resource_id,
                account_id=account_id,
                unit_id=unit_ids[account],
                provider="aws",
                native_account="1",
                region="eu-west-1",
                service="sqs",
                native_id=native_id,
                native_type="AWS::SQS::Queue",
                type="queue",
                name=f"{account}-{tag}",
                tags={"env": tag},
                content_hash=bytes(16),
                first_seen_at=NOW,
                last_seen_at=NOW,
            )
        )
        rest += [
            ResourceTerm(**own, kind="tag", term=tag_term("env", tag), list_id=new_id(), resource_ids=[resource_id]),
            ResourceVersion(**own, id=new_id(), resource_id=resource_id, account_id=account_id, kind="created"),
            Alert(
                **own,
                id=alert_id,
                fingerprint=str(alert_id),
                source="compliance",
                title="t",
                description="",
                severity="high",
                labels={},
                resource_id=resource_id,
                started_at=NOW,
                last_received_at=NOW,
            ),
            ComplianceResult(
                **own,
                control_id=CONTROL,
                resource_id=resource_id,
                account_id=account_id,
                control_version=1,
                state="FAIL",
                reason="",
                evaluated_at=NOW,
            ),
            ComplianceIssue(
                **own,
                id=issue_id,
                finding_key=issue_id.bytes * 2,
                control_id=CONTROL,
                control_version=1,
                title="t",
                severity="high",
                status="open",
                reason="",
                evidence={},
                remediation="",
                resource_id=resource_id,
                native_id=native_id,
                sub_key="",
                provider="aws",
                account_id=account_id,
                region="eu-west-1",
                first_seen_at=NOW,
                last_opened_at=NOW,
                last_seen_at=NOW,
            ),
            CostDay(
                **own,
                id=new_id(),
                charged_on=TODAY - timedelta(days=1),
                cost=Decimal(1),
                currency="USD",
                provider="aws",
                provider_name="AWS",
                billing_account="9" * 12,
                billing_period=TODAY.replace(day=1),
                sub_account={"one": "1" * 12, "two": "2" * 12}[account],
                resource_id=resource_id,
                native_resource_id=native_id,
                import_id=new_id(),
            ),
        ]
    rest.append(
        ResourceRelation(
            **own,
            unit_id=unit_ids["one"],
            source_native_id="a",
            kind="uses",
            target_native_id="b",
            source_id=made.resources["one", "prod"],
            target_id=made.resources["two", "dev"],
        )
    )
    return [first, units, resources, rest]


async def enter(estate: Estate, *, accounts: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> None:
    """Sign in as an operator with this scope."""
    http, owner = estate.site.http, estate.site.members["owner"]
    operator = estate.site.members["operator"]
    scope = {
        "accounts": [str(estate.accounts[name]) for name in accounts],
        "tags": [{"key": "env", "value": tag} for tag in tags],
    }
    headers = {"Authorization": f"Bearer {await estate.site.token(owner)}"}
    answer = await http.patch(
        f"/api/v1/users/{operator.user_id}", json={"scope": scope if accounts or tags else None}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    estate.headers = {"Authorization": f"Bearer {await estate.site.token(operator)}"}


SCOPES: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("one",), ()), (("one", "two"), ()), ((), ("prod",)), ((), ("prod", "dev")), (("two",), ("dev",)), ((), ("none",)),
]  # fmt: skip


def seen_by(accounts: tuple[str, ...], tags: tuple[str, ...]) -> set[tuple[str, str]]:
    return {part for part in PARTS if (not accounts or part[0] in accounts) and (not tags or part[1] in tags)}


@pytest.mark.parametrize(("accounts", "tags"), SCOPES)
async def test_each_domain_shows_a_scope_and_nothing_beyond_it(
    estate: Estate, accounts: tuple[str, ...], tags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    await enter(estate, accounts=accounts, tags=tags)
    seen = seen_by(accounts, tags)
    wanted = {str(estate.resources[part]) for part in seen}
    for few in (0, queries.FEW_LISTS):  # both ways to a page
        asking.forget_sizes()
        monkeypatch.setattr(queries, "FEW_LISTS", few)
        assert {item["id"] for item in await estate.items("/usage/resources")} == wanted
        assert {item["id"] for item in await estate.items("/usage/resources", sort="-cost", q="")} == wanted
    assert {item["resource_id"] for item in await estate.items("/usage/changes")} == wanted
    assert (await estate.get("/usage/summary")).json()["total"] == len(seen)
    facets = (await estate.get("/usage/facets")).json()
    assert sum(group["count"] for group in facets["type"]) == len(seen)
    assert {item["id"] for item in await estate.items("/alerts")} == {str(estate.alerts[part]) for part in seen}
    assert (await estate.get("/alerts/summary")).json()["total"] == len(seen)
    assert {item["id"] for item in await estate.items("/compliance/issues")} == {
        str(estate.issues[part]) for part in seen
    }
    summary = (await estate.get("/compliance/summary")).json()
    assert (summary["open_issues"], summary["failed"]) == (len(seen), len(seen))
    controls = {item["id"]: item for item in await estate.items("/compliance/controls")}
    assert controls[CONTROL]["failed"] == len(seen)
    costs = (await estate.get("/ai-cost/summary")).json()
    shown = {money["amount"] for money in costs["month_to_date"]}
    assert shown == ({f"{len(seen)}.00"} if seen else set())
    visible_accounts = set(accounts or estate.accounts)
    connected = {item["id"] for item in await estate.items("/accounts")}
    assert {str(estate.accounts[name]) for name in visible_accounts} <= connected
    if accounts:
        assert connected == {str(estate.accounts[name]) for name in accounts}
    jobs = {item["id"] for item in await estate.items("/jobs")}
    assert jobs == (set() if tags or not accounts else {str(estate.jobs[name]) for name in accounts})


@pytest.mark.parametrize(("accounts", "tags"), SCOPES)
async def test_what_is_out_of_scope_is_the_same_404_as_what_is_not_there(
    estate: Estate, accounts: tuple[str, ...], tags: tuple[str, ...]
) -> None:
    await enter(estate, accounts=accounts, tags=tags)
    seen = seen_by(accounts, tags)
    for part in PARTS:
        for path, name in (
            ("/usage/resources/{}", estate.resources[part]), ("/usage/resources/{}/history", estate.resources[part]),
            ("/compliance/resources/{}", estate.resources[part]), ("/ai-cost/resources/{}", estate.resources[part]),
            ("/alerts/{}", estate.alerts[part]), ("/compliance/issues/{}", estate.issues[part]),
        ):  # fmt: skip
            answer = await estate.get(path.format(name))
            assert answer.status_code == (200 if part in seen else 404), (path, part, answer.text)
            if part not in seen:
                unknown = (await estate.get(path.format(new_id()))).json()
                left = {key: value for key, value in answer.json().items() if key not in ("instance", "request_id")}
                assert left == {key: value for key, value in unknown.items() if key not in ("instance", "request_id")}
    alert = next((estate.alerts[part] for part in PARTS if part not in seen), None)
    if alert is not None:
        answer = await estate.site.http.post(
            f"/api/v1/alerts/{alert}/acknowledge", json={"note": ""}, headers=estate.headers
        )
        assert answer.status_code == 404


async def test_a_relation_to_what_one_may_not_see_is_not_told(estate: Estate) -> None:
    place = f"/usage/resources/{estate.resources['one', 'prod']}"
    await enter(estate)
    assert len((await estate.get(place)).json()["relations"]) == 1
    await enter(estate, accounts=("one",))
    assert (await estate.get(place)).json()["relations"] == []


async def test_what_cannot_be_narrowed_is_refused_and_says_why(estate: Estate) -> None:
    await enter(estate, accounts=("one",))
    for path in ("/ai-cost/imports", "/notifications/deliveries"):
        answer = await estate.get(path)
        assert answer.status_code == 403
        assert "whole organization" in answer.json()["detail"]
    await enter(estate, tags=("prod",))
    assert (await estate.get(f"/accounts/{estate.accounts['one']}/units")).status_code == 403


async def test_a_keys_scope_narrows_its_owners(estate: Estate) -> None:
    await enter(estate, accounts=("one",))
    body: dict[str, Any] = {
        "name": "k", "permissions": ["inventory:read"], "expires_at": (NOW + timedelta(days=1)).isoformat(),
        "scope": {"accounts": [str(one) for one in estate.accounts.values()], "tags": [{"key": "env", "value": "dev"}]},
    }  # fmt: skip
    made = (await estate.site.http.post("/api/v1/api-keys", json=body, headers=estate.headers)).json()
    estate.headers = {"Authorization": f"Bearer {made['key']}"}
    shown = {item["id"] for item in await estate.items("/usage/resources")}
    assert shown == {str(estate.resources["one", "dev"])}
    await enter(estate, accounts=("two",))  # the owner is moved
    estate.headers = {"Authorization": f"Bearer {made['key']}"}
    shown = {item["id"] for item in await estate.items("/usage/resources")}
    assert shown == {str(estate.resources["two", "dev"])}
