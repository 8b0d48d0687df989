"""The daily roll-up: loading it, joining it to resources, and what is answered from it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, make_stage, open_driver
from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.money import Money
from app.core.scope import scope_of
from app.core.tasks import TaskContext, enqueue
from app.domains.costs import queries, rules
from app.domains.costs.bills.sql import ROLL_UP_COLUMNS
from app.domains.costs.schemas import CostSummary, DailyCost, DailyCosts
from app.domains.inventory import service as inventory

JOIN_TASK = "costs.join_resources"
JOIN_DELAY = timedelta(seconds=20)
BULK_SECONDS = 900
RESOLVE_BATCH = 5_000
SERIES_DAYS = 30

_NEW_DAYS = {
    "id": "uuid", "date": "date", "cost": "numeric", "billed_cost": "numeric", "list_cost": "numeric",
    "contracted_cost": "numeric", "billing_period": "date", "currency": "text", "provider": "text",
    "provider_name": "text", "billing_account": "text", "sub_account": "text", "native_resource_id": "text",
    "service": "text", "region": "text", "charge_category": "text",
}  # fmt: skip
_RESOLVED = {"native_id": "text", "resource_id": "uuid"}

_INSERT_DAYS = """
INSERT INTO cost_data (organization_id, id, date, cost, billed_cost, list_cost, contracted_cost, billing_period,
    currency, provider, provider_name, billing_account, sub_account, native_resource_id, service, region,
    charge_category, resource_id, account_id, import_id)
SELECT $1, n.id, n.date, n.cost, n.billed_cost, n.list_cost, n.contracted_cost, n.billing_period,
    n.currency, n.provider, n.provider_name, n.billing_account, n.sub_account, n.native_resource_id, n.service,
    n.region, n.charge_category, r.resource_id, a.id, $2
FROM pg_temp.new_cost_days n
LEFT JOIN pg_temp.resolved_ids r ON r.native_id = n.native_resource_id
LEFT JOIN accounts a ON a.organization_id = $1 AND a.provider = n.provider
    AND a.native_account_id = coalesce(n.sub_account, n.billing_account)
ORDER BY n.date"""
_DELETE_DAYS = """
DELETE FROM cost_data d USING (SELECT DISTINCT provider_name, billing_account, billing_period
                               FROM unnest($2::text[], $3::text[], $4::date[])
                                    AS k (provider_name, billing_account, billing_period)) k
WHERE d.organization_id = $1 AND d.provider_name = k.provider_name AND d.billing_account = k.billing_account
    AND d.billing_period = k.billing_period"""
_JOIN_DAYS = """
UPDATE cost_data d SET resource_id = r.resource_id FROM pg_temp.resolved_ids r
WHERE d.organization_id = $1 AND d.resource_id IS NULL AND d.native_resource_id = r.native_id"""
_MONTHLY = """
SELECT native_resource_id, currency, sum(cost) FROM cost_data
WHERE organization_id = $1 AND date >= $2 AND date < $3 AND resource_id IS NOT NULL AND cost IS NOT NULL
GROUP BY 1, 2"""


async def replace_days(
    session: AsyncSession, organization_id: UUID, import_id: UUID, keys: Sequence[tuple[str, str, date]], days: Path
) -> None:
    """Replace the roll-up of whole periods with the rows of a CSV file in the order of ROLL_UP_COLUMNS."""
    driver = await open_driver(session, statement_seconds=BULK_SECONDS)
    await make_stage(driver, "new_cost_days", _NEW_DAYS)
    await driver.copy_to_table(
        "new_cost_days", source=str(days), columns=list(ROLL_UP_COLUMNS), format="csv", null="\\N"
    )
    await _resolve(
        session,
        driver,
        organization_id,
        "SELECT DISTINCT native_resource_id FROM pg_temp.new_cost_days WHERE native_resource_id IS NOT NULL",
    )
    driver = await open_driver(session, statement_seconds=BULK_SECONDS)
    names, accounts, periods = (list(column) for column in zip(*keys, strict=True))
    await driver.execute(_DELETE_DAYS, organization_id, names, accounts, periods)
    await driver.execute("ANALYZE pg_temp.new_cost_days")
    await driver.execute(_INSERT_DAYS, organization_id, import_id)


async def join_resources(context: TaskContext) -> None:
    """Join costs to resources that were collected after the bill. Safe to repeat."""
    organization_id = context.organization_id
    async with tenant_session(organization_id) as session:
        driver = await open_driver(session, statement_seconds=BULK_SECONDS)
        found = await _resolve(
            session,
            driver,
            organization_id,
            f"SELECT DISTINCT native_resource_id FROM cost_data WHERE organization_id = '{organization_id}' "  # noqa: S608
            "AND resource_id IS NULL AND native_resource_id IS NOT NULL",
        )
        if found:
            driver = await open_driver(session, statement_seconds=BULK_SECONDS)
            await driver.execute(_JOIN_DAYS, organization_id)
            await tell_monthly_costs(session, organization_id)


async def enqueue_joining(session: AsyncSession, organization_id: UUID) -> None:
    """Queue a join if any costs still lack their resource; several syncs in a row cause one."""
    if await queries.has_unjoined_days(session, organization_id):
        await enqueue(session, JOIN_TASK, organization_id=organization_id, dedupe="join", delay=JOIN_DELAY)


async def tell_monthly_costs(session: AsyncSession, organization_id: UUID) -> None:
    """Give inventory the cost of each resource over the newest 30 full days."""
    last = await queries.last_charge_on(session, organization_id, until=utc_now().date())
    if last is None:
        return
    first, end = rules.monthly_window(last, utc_now().date())
    driver = await open_driver(session, statement_seconds=BULK_SECONDS)
    costs: dict[str, list[Money]] = defaultdict(list)
    for native_id, currency, amount in await driver.fetch(_MONTHLY, organization_id, first, end):
        costs[native_id].append(Money(amount=amount, currency=currency))
    await inventory.set_monthly_costs(session, organization_id, costs, clear_others=True)


async def read_summary(session: AsyncSession, organization_id: UUID) -> CostSummary:
    """Month to date, the same days of the month before, and the expected month; of the month with the newest costs."""
    today = utc_now().date()
    last = await queries.last_charge_on(session, organization_id, until=today)
    if last is None:
        month = f"{today:%Y-%m}"
        return CostSummary(
            month=month, as_of_on=None, month_to_date=[], previous_month_to_date=[], month_end_estimate=[]
        )
    month_start, after = rules.first_of_month(last), last + timedelta(days=1)
    before_start = rules.month_before(last)
    before_end = rules.same_day_of_month(before_start, last.day) + timedelta(days=1)
    current = await queries.sum_by_day(session, organization_id, first=month_start, end=after)
    previous = await queries.sum_by_day(session, organization_id, first=before_start, end=before_end)
    series: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * last.day)
    for on, currency, cost in current:
        series[currency][on.day - 1] += cost or Decimal(0)
    estimate = [
        Money(amount=rules.forecast_month_end(days, after - timedelta(days=1)), currency=currency)
        for currency, days in sorted(series.items())
    ]
    return CostSummary(
        month=f"{last:%Y-%m}",
        as_of_on=last,
        month_to_date=_totals(current),
        previous_month_to_date=_totals(previous),
        month_end_estimate=estimate,
    )


async def read_resource_costs(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> DailyCosts:
    """Daily costs of a resource over the 30 days up to the newest; empty when no bill names it. Raises NotFound."""
    if scope_of(session) is not None:  # a bill may name a resource of another account
        await inventory.check_resource(session, organization_id, resource_id)
    last = await queries.last_charge_on(session, organization_id, until=utc_now().date())
    rows: Sequence[Any] = ()
    if last is not None:
        rows = await queries.sum_by_day(
            session,
            organization_id,
            first=last - timedelta(days=SERIES_DAYS - 1),
            end=last + timedelta(days=1),
            resource_id=resource_id,
        )
    if not rows:
        await inventory.check_resource(session, organization_id, resource_id)
    items = [
        DailyCost(on=on, cost=None if cost is None else Money(amount=cost, currency=currency))
        for on, currency, cost in rows
    ]
    return DailyCosts(items=items, totals=_totals(rows))


def _totals(rows: Sequence[Row[date, str, Decimal | None]]) -> list[Money]:
    sums: dict[str, Decimal] = {}
    for _, currency, cost in rows:
        if cost is not None:
            sums[currency] = sums.get(currency, Decimal(0)) + cost
    return [Money(amount=amount, currency=currency) for currency, amount in sorted(sums.items())]


async def _resolve(session: AsyncSession, driver: Driver, organization_id: UUID, native_ids: str) -> int:
    """Fill `resolved_ids` for the ids that a query names, in batches; returns how many are known."""
    await make_stage(driver, "resolved_ids", _RESOLVED)
    found = 0
    cursor = await driver.cursor(native_ids)
    while batch := await cursor.fetch(RESOLVE_BATCH):
        known = await inventory.resolve_native_ids(session, organization_id, [row[0] for row in batch])
        await driver.copy_records_to_table("resolved_ids", records=list(known.items()), columns=list(_RESOLVED))
        found += len(known)
    await driver.execute("ANALYZE pg_temp.resolved_ids")
    return found
