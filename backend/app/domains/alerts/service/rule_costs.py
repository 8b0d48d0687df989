"""The costs that rules ask of, out of the bills."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import orjson

from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.errors import InvalidInput
from app.domains.alerts.rules.facts import CostDays, periods
from app.domains.alerts.rules.form import Cost
from app.domains.costs import service as costs
from app.domains.costs.bills.questions import Scope

MAX_ITEMS = 50_000


async def read_cost_days(organization_id: UUID, condition: Cost, at: datetime) -> CostDays:
    """Daily costs of the condition's scope: of the newest full day, its month and the month before.

    Raises InvalidInput where the group has too many values, and what the costs raise.
    """
    async with tenant_session(organization_id) as session:
        newest = await costs.last_charge_on(session, organization_id, until=at.date() - timedelta(days=1))
    if newest is None:
        return CostDays(None, {})
    first = periods("month_to_date", newest)[1][0]
    body = await costs.read_breakdown(
        organization_id,
        settings=get_settings(),
        groups=[condition.by or "provider"],
        granularity="day",
        cost=condition.cost,
        scope=Scope(
            first=first,
            end=newest + timedelta(days=1),
            filters={one.group: list(one.values) for one in condition.filters},
        ),
        limit=MAX_ITEMS,
    )
    found = orjson.loads(body)
    if found["truncated"]:
        raise InvalidInput(f"{condition.by} has too many values to be asked of each. Add a filter.")
    sums: dict[tuple[str, str], dict[date, Decimal]] = {}
    for item in found["items"]:
        value = str(item["group"][condition.by] or "") if condition.by else ""
        if item["cost"] is not None:
            days = sums.setdefault((value, item["currency"]), {})
            day = date.fromisoformat(item["period"])
            days[day] = days.get(day, Decimal(0)) + Decimal(item["cost"]["amount"])
    return CostDays(newest, sums)
