"""The daily roll-up: exact, joined to resources, and told to the inventory."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.money import Money
from app.core.tasks import Job
from app.domains.costs import service, tasks
from app.domains.costs.models import CostDay
from app.domains.costs.service import days
from app.domains.inventory.events import ResourceChanged
from sqlalchemy import select

from .conftest import Importer, focus_csv, focus_row


class FakeInventory:
    """Knows some resources by native id, whatever its case, and keeps what it is told."""

    def __init__(self) -> None:
        self.known: dict[str, UUID] = {}
        self.monthly: dict[str, list[Money]] = {}

    async def resolve_native_ids(self, _: Any, __: UUID, native_ids: Sequence[str]) -> dict[str, UUID]:
        return {name: self.known[name.lower()] for name in native_ids if name.lower() in self.known}

    async def set_monthly_costs(
        self, _: Any, __: UUID, costs: Mapping[str, Sequence[Money]], *, clear_others: bool
    ) -> int:
        assert clear_others
        self.monthly = {name: list(values) for name, values in costs.items()}
        return len(costs)


@pytest.fixture
def inventory(monkeypatch: pytest.MonkeyPatch) -> FakeInventory:
    """An inventory in memory in place of the real one."""
    fake = FakeInventory()
    monkeypatch.setattr(days, "inventory", fake)
    return fake


def _at(day: date) -> dict[str, str]:
    month = day.replace(day=1)
    return {"BillingPeriodStart": month.isoformat(), "ChargePeriodStart": f"{day.isoformat()}T05:00:00Z"}


async def _days(organization_id: UUID) -> list[CostDay]:
    async with tenant_session(organization_id) as session:
        return list((await session.execute(select(CostDay).order_by(CostDay.charged_on, CostDay.cost))).scalars())


async def test_lines_of_a_day_become_one_row_per_resource(bill: Importer, inventory: FakeInventory) -> None:
    inventory.known = {"i-a": new_id()}
    odd = 'we"ird,\n\\.\nid'
    await bill(
        focus_csv(
            focus_row(ResourceId="I-A", EffectiveCost="1"),
            focus_row(ResourceId="I-A", EffectiveCost="0.000000000001", ChargePeriodStart="2026-10-05T23:00:00Z"),
            focus_row(ResourceId=odd, EffectiveCost="", ContractedCost=""),
        )
    )
    rows = await _days(bill.organization_id)
    assert [(row.native_resource_id, row.resource_id, row.cost, row.billed_cost) for row in rows] == [
        ("I-A", inventory.known["i-a"], Decimal("1.000000000001"), Decimal("3.00")),
        ('we"ird, \\. id', None, None, Decimal("1.50")),
    ]
    assert {(row.provider, row.provider_name, row.service, row.region, row.currency) for row in rows} == {
        ("aws", "AWS", "Amazon Elastic Compute Cloud", "eu-west-1", "USD")
    }


async def test_resources_get_the_cost_of_the_newest_thirty_days(bill: Importer, inventory: FakeInventory) -> None:
    last = utc_now().date() - timedelta(days=1)
    inventory.known = {"i-1": new_id()}
    await bill(
        focus_csv(
            focus_row(ResourceId="i-1", EffectiveCost="3", **_at(last)),
            focus_row(ResourceId="i-1", EffectiveCost="4", **_at(last - timedelta(days=29))),
            focus_row(ResourceId="i-1", EffectiveCost="5", **_at(last - timedelta(days=30))),
            focus_row(ResourceId="i-1", EffectiveCost="6", BillingCurrency="EUR", **_at(last)),
            focus_row(ResourceId="unknown", EffectiveCost="7", **_at(last)),
        )
    )
    assert sorted((money.currency, money.amount) for money in inventory.monthly["i-1"]) == [
        ("EUR", Decimal(6)),
        ("USD", Decimal(7)),
    ]
    assert set(inventory.monthly) == {"i-1"}


async def test_resources_found_later_are_joined_once(bill: Importer, inventory: FakeInventory) -> None:
    imported = await bill(focus_csv(focus_row(ResourceId="i-late"), focus_row(ResourceId="i-never")))
    resource_id = new_id()
    changed = ResourceChanged(organization_id=bill.organization_id, account_id=new_id(), created=[resource_id])
    async with tenant_session(bill.organization_id) as session:
        await tasks.join_changed_resources(session, changed)
        await tasks.join_changed_resources(session, changed)
    async with tenant_session(bill.organization_id) as session:
        waiting = (await session.execute(select(Job).where(Job.kind == "costs.join_resources"))).scalars().all()
    assert len(waiting) == 1
    inventory.known = {"i-late": resource_id}
    await service.join_resources(await bill.context(imported.id))
    assert {row.native_resource_id: row.resource_id for row in await _days(bill.organization_id)} == {
        "i-late": resource_id,
        "i-never": None,
    }


async def test_the_summary_compares_the_same_days_and_estimates_the_month(
    bill: Importer, client: httpx.AsyncClient, inventory: FakeInventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "utc_now", lambda: datetime.fromisoformat("2026-11-11T08:00:00+00:00"))
    november = [focus_row(EffectiveCost="10", **_at(date(2026, 11, day))) for day in range(1, 11)]
    october = [focus_row(EffectiveCost="2", **_at(date(2026, 10, day))) for day in range(1, 32)]
    inventory.known = {"i-00000001": (resource_id := new_id())}
    await bill(focus_csv(*november, *october))
    assert (await client.get("/ai-cost/summary")).json() == {
        "month": "2026-11",
        "as_of_on": "2026-11-10",
        "month_to_date": [{"amount": "100.00", "currency": "USD"}],
        "previous_month_to_date": [{"amount": "20.00", "currency": "USD"}],
        "month_end_estimate": [{"amount": "300.00", "currency": "USD"}],
    }
    series = (await client.get(f"/ai-cost/resources/{resource_id}")).json()
    assert (len(series["items"]), series["items"][-1]) == (
        30,
        {"on": "2026-11-10", "cost": {"amount": "10.00", "currency": "USD"}},
    )
    assert series["totals"] == [{"amount": "140.00", "currency": "USD"}]
