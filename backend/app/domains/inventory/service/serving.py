"""What domains above ask of the inventory: rows to evaluate, ids for bills, monthly costs."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver, stage_rows
from app.core.money import Money, format_amount, sum_by_currency
from app.domains.inventory import queries
from app.domains.inventory.service.relations import find_resources

_JSON_COLUMNS = ("tags", "properties", "unread_fields")


async def iter_resources(
    session: AsyncSession,
    organization_id: UUID,
    native_types: Collection[str] | None = None,
    ids: Collection[UUID] | None = None,
    *,
    account_id: UUID | None = None,
    batch: int = 2_000,
) -> AsyncIterator[list[dict[str, Any]]]:
    """Batches of resources by id, as plain rows.

    Each row: id, native_id, native_type, type, name, account_id, native_account, provider, region, status, tags,
    properties, unread_fields {property: why}, aliases, stale, stale_reason, closed. Closed ones only when `ids` name
    them.
    """
    statement = queries.Statement()
    statement.conditions.append(f"organization_id = {statement.bind(organization_id)}")
    if native_types is not None:
        statement.conditions.append(f"native_type = ANY({statement.bind(list(native_types))}::text[])")
    if account_id is not None:
        statement.conditions.append(f"account_id = {statement.bind(account_id)}")
    if ids is None:
        statement.conditions.append("closed_at IS NULL")
    else:
        statement.conditions.append(f"id = ANY({statement.bind(list(ids))}::uuid[])")
    statement.conditions.append(f"id > {statement.bind(UUID(int=0))}")
    after = len(statement.arguments) - 1
    sql = f"""SELECT id, native_id, native_type, type, name, account_id, native_account, provider, region, status,
        tags::text, properties::text, unread_fields::text, aliases, stale_since IS NOT NULL AS stale, stale_reason,
        closed_at IS NOT NULL AS closed
      FROM cloud_resources WHERE {statement.where} ORDER BY id LIMIT {statement.bind(batch)}"""  # noqa: S608
    driver = await open_driver(session)
    while True:
        rows = [dict(row) for row in await driver.fetch(sql, *statement.arguments)]
        for row in rows:
            for name in _JSON_COLUMNS:
                row[name] = orjson.loads(row[name])
        if rows:
            yield rows
        if len(rows) < batch:
            return
        statement.arguments[after] = rows[-1]["id"]


async def resolve_native_ids(
    session: AsyncSession, organization_id: UUID, native_ids: Collection[str]
) -> dict[str, UUID]:
    """Resource ids by native id or alias, whatever their case; closed resources too, because bills outlive them.

    Keys are the ids as given. What is unknown, and an alias that several resources share, is left out.
    """
    return await find_resources(await open_driver(session), organization_id, native_ids)


async def set_monthly_costs(
    session: AsyncSession,
    organization_id: UUID,
    costs: Mapping[str, Sequence[Money]],
    *,
    clear_others: bool = False,
) -> int:
    """Set resources' monthly costs by native id or alias; returns how many rows changed.

    Several ids of one resource add up, one sum per currency. Unknown ids are passed over. `clear_others` forgets the
    cost of every resource that is not named.
    """
    driver = await open_driver(session)
    found = await find_resources(driver, organization_id, costs)
    by_resource: dict[UUID, list[Money]] = {}
    for native_id, resource_id in found.items():
        by_resource.setdefault(resource_id, []).extend(costs[native_id])
    rows = [(resource_id, *_cost_columns(values)) for resource_id, values in by_resource.items()]
    columns = {"id": "uuid", "cost": "jsonb", "cost_order": "float8"}
    await stage_rows(driver, "staged_costs", columns, rows)
    status = await driver.execute(
        """UPDATE cloud_resources r SET cost = s.cost, cost_order = s.cost_order FROM pg_temp.staged_costs s
           WHERE r.organization_id = $1 AND r.id = s.id AND r.cost IS DISTINCT FROM s.cost""",
        organization_id,
    )
    changed = int(status.split()[-1])
    if clear_others:
        status = await driver.execute(
            """UPDATE cloud_resources r SET cost = '[]', cost_order = 0 WHERE organization_id = $1 AND cost <> '[]'
               AND NOT EXISTS (SELECT FROM pg_temp.staged_costs s WHERE s.id = r.id)""",
            organization_id,
        )
        changed += int(status.split()[-1])
    return changed


def _cost_columns(values: Sequence[Money]) -> tuple[str, float]:
    sums = sum_by_currency(values)
    cost = [{"amount": format_amount(value.amount), "currency": value.currency} for value in sums]
    # Currencies do not compare: the largest number only gives the list an order.
    return orjson.dumps(cost).decode(), max((float(value.amount) for value in sums), default=0.0)
