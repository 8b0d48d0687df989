"""Where limits hold: members, keys, accounts, imports, a sync; and retention over HTTP."""

import asyncio
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import httpx
import pytest
from app.core import quotas
from app.core.clock import utc_now
from app.core.config import Settings
from app.core.database import tenant_session
from app.core.events import EventRow
from app.core.http import Caller
from app.core.ids import new_id
from app.core.quotas import QuotaExceeded
from app.core.tasks.retention import delete_old_rows
from app.domains.accounts.models import Account
from app.domains.alerts import service as alerts
from app.domains.alerts.models import Alert
from app.domains.costs.models import CostImport
from app.domains.costs.service import start_upload_import
from app.domains.identity import models, service
from app.domains.inventory.models import CloudResource, SyncUnit
from app.domains.inventory.service import collecting, forget_history, storing
from app.providers.base import CollectedResource, Unit, UnitResult, UnitState
from sqlalchemy import func, select, update
from tests.domains.identity.conftest import MakePerson, SignIn, bearer


async def _limit(organization_id: UUID, kind: quotas.QuotaKind, limit: int) -> None:
    async with tenant_session(organization_id) as session:
        await quotas.set_limit(session, organization_id, kind, limit)


async def test_the_quota_page_shows_every_kind_with_its_use(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    person = await make_person("viewer")
    await _limit(person.organization_id, "users", 3)
    headers = bearer((await sign_in(person))["access_token"])
    found = {
        item["kind"]: item
        for item in (await client.get("/api/v1/organizations/current/quotas", headers=headers)).json()
    }
    assert set(found) == set(quotas.KINDS)
    assert found["users"] == {"kind": "users", "limit": 3, "used": 1, "unit": "member", "period": None}
    assert found["imports"]["period"] == "day"


async def test_fifty_who_join_at_once_do_not_pass_the_limit_of_members(
    organization: UUID, other_organization: UUID, make_person: MakePerson
) -> None:
    person = await make_person("owner")
    await _limit(organization, "users", 4)
    people = [await make_person("viewer", organization_id=other_organization) for _ in range(10)]

    async def join(user_id: UUID) -> bool:
        try:
            async with tenant_session(organization) as session:
                await service.add_member(session, organization, user_id, "viewer")
        except QuotaExceeded:
            return False
        return True

    results = await asyncio.gather(*(join(one.user_id) for one in people))
    assert results.count(True) == 3
    async with tenant_session(organization) as session:
        assert (await session.execute(select(func.count()).select_from(models.Membership))).scalar_one() == 4
    del person


async def test_an_import_over_the_days_limit_is_refused_and_keeps_no_file(
    organization: UUID, settings: Settings, tmp_path: Path
) -> None:
    chosen = settings.model_copy(update={"data_dir": tmp_path})
    await _limit(organization, "imports", 2)
    bill = tmp_path / "bill.csv"
    bill.write_text("a,b\n1,2\n")
    results = await asyncio.gather(
        *(
            start_upload_import(organization, bill, "bill.csv", user_id=None, settings=chosen, source="local")
            for _ in range(8)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, QuotaExceeded) for result in results) == 6, results
    async with tenant_session(organization) as session:
        assert (await session.execute(select(func.count()).select_from(CostImport))).scalar_one() == 2
    assert len([path for path in (tmp_path / "storage" / "org").rglob("*") if path.is_file()]) == 2


async def test_an_import_over_the_storage_limit_is_refused(
    organization: UUID, settings: Settings, tmp_path: Path
) -> None:
    chosen = settings.model_copy(update={"data_dir": tmp_path})
    await _limit(organization, "storage", 100)
    bill = tmp_path / "bill.csv"
    bill.write_bytes(b"x" * 60)
    await start_upload_import(organization, bill, "one.csv", user_id=None, settings=chosen, source="local")
    with pytest.raises(QuotaExceeded) as refused:
        await start_upload_import(organization, bill, "two.csv", user_id=None, settings=chosen, source="local")
    assert refused.value.extensions == {"kind": "storage", "limit": 100, "used": 60}


async def _account(organization_id: UUID) -> UUID:
    account_id = new_id()
    async with tenant_session(organization_id) as session:
        session.add(
            Account(
                organization_id=organization_id, id=account_id, provider="aws", name="x", credentials_kind="ambient"
            )
        )
    return account_id


def _result(count: int, region: str = "eu-west-1") -> UnitResult:
    resources = [
        CollectedResource(
            native_id=f"arn:{region}:{number}", native_type="AWS::EC2::Instance", type="compute", name=f"i-{number}",
            region=region, status="running", tags={}, properties={"a": number},
        )
        for number in range(count)
    ]  # fmt: skip
    return UnitResult(
        unit=Unit(account="1", region=region, service="ec2"),
        state=UnitState.COMPLETE,
        resources=resources,
        complete_types=frozenset({"AWS::EC2::Instance"}),
    )


async def test_a_sync_over_the_limit_keeps_the_last_good_state_and_the_unit_says_why(organization: UUID) -> None:
    account_id = await _account(organization)
    sync = SimpleNamespace(
        organization_id=organization,
        account=SimpleNamespace(account_id=account_id, provider="aws"),
        context=SimpleNamespace(job_id=new_id()),
    )
    await _limit(organization, "resources", 5)
    state, outcome = await collecting._store(sync, _result(3), utc_now())  # type: ignore[arg-type]
    assert (state, outcome.resources) == (UnitState.COMPLETE, 3)
    state, outcome = await collecting._store(sync, _result(9), utc_now())  # type: ignore[arg-type]
    assert state is UnitState.FAILED
    assert outcome.error is not None
    assert "The limit is 5 resources, and 3 are in use." in outcome.error
    async with tenant_session(organization) as session:
        rows = (await session.execute(select(CloudResource))).scalars().all()
        assert sorted(row.name for row in rows if row.closed_at is None) == ["i-0", "i-1", "i-2"]
        assert all(row.stale_since is not None for row in rows)
        unit = (await session.execute(select(SyncUnit))).scalar_one()
        assert (unit.state, unit.resources) == ("failed", 3)
    state, outcome = await collecting._store(sync, _result(5), utc_now())  # type: ignore[arg-type]
    assert (state, outcome.resources) == (UnitState.COMPLETE, 5)


async def test_units_that_are_stored_at_once_do_not_pass_the_limit_together(organization: UUID) -> None:
    account_id = await _account(organization)
    await _limit(organization, "resources", 25)

    async def store(number: int) -> bool:
        try:
            async with tenant_session(organization) as session:
                await storing.store_unit(
                    session, organization, account_id=account_id, provider="aws", job_id=new_id(),
                    result=_result(10, f"r-{number}"), now=utc_now(),
                )  # fmt: skip
        except QuotaExceeded:
            return False
        return True

    results = await asyncio.gather(*(store(number) for number in range(8)))
    assert results.count(True) == 2
    async with tenant_session(organization) as session:
        assert (await session.execute(select(func.count()).select_from(CloudResource))).scalar_one() == 20


RETENTION = {"events": 7, "audit": 1_095, "metrics": 395, "history": 395, "alerts": 395, "jobs": 30}


async def test_retention_is_read_and_changed_within_its_bounds(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    headers = bearer((await sign_in(await make_person("admin")))["access_token"])
    path = "/api/v1/organizations/current/retention"
    read = (await client.get(path, headers=headers)).json()
    assert {kind: read[kind] for kind in RETENTION} == RETENTION
    assert read["bounds"]["audit"] == {"least": 365, "most": 3_650, "default": 1_095}
    changed = await client.put(path, headers=headers, json=RETENTION | {"alerts": 30})
    assert changed.json()["alerts"] == 30
    for kind, days in (("audit", 364), ("events", 0), ("jobs", 366), ("history", "30"), ("metrics", None), ("x", 1)):
        refused = await client.put(path, headers=headers, json=RETENTION | {kind: days})
        assert refused.status_code == 422, kind
        assert refused.json()["errors"][0]["pointer"] == f"#/{kind}"


async def test_the_nightly_jobs_go_by_the_organizations_retention(organization: UUID) -> None:
    account_id = await _account(organization)
    async with tenant_session(organization) as session:
        await storing.store_unit(
            session, organization, account_id=account_id, provider="aws", job_id=new_id(), result=_result(3),
            now=utc_now(),
        )  # fmt: skip
    old = utc_now() - timedelta(days=40)
    async with tenant_session(organization) as session:
        await session.execute(update(CloudResource).where(CloudResource.name == "i-0").values(closed_at=old))
        await session.execute(update(EventRow).values(at=old))
        for ended_at in (old, None):
            session.add(
                Alert(
                    organization_id=organization,
                    id=new_id(),
                    fingerprint=str(ended_at),
                    source="x",
                    title="t",
                    description="",
                    severity="high",
                    labels={},
                    started_at=old,
                    ended_at=ended_at,
                    last_received_at=old,
                )
            )
    for days, left in ((60, (3, 2)), (30, (2, 1))):
        async with tenant_session(organization) as session:
            await service.set_retention(
                session,
                Caller(user_id=new_id(), organization_id=organization, email="", role="owner", permissions=frozenset()),
                {"history": days, "alerts": days, "events": days},
            )
            await forget_history(session, organization)
            await alerts.forget_old_alerts(session, organization)
            await delete_old_rows(session, organization)
        async with tenant_session(organization) as session:
            resources = (await session.execute(select(func.count()).select_from(CloudResource))).scalar_one()
            remaining = (await session.execute(select(func.count()).select_from(Alert))).scalar_one()
            assert (resources, remaining) == left
    async with tenant_session(organization) as session:
        query = select(func.count()).select_from(EventRow).where(EventRow.at < utc_now() - timedelta(days=30))
        assert (await session.execute(query)).scalar_one() == 0
