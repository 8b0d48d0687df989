"""Breakdowns of the bills: the manifest names the files, DuckDB reads them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from app.core.config import Settings
from app.core.database import tenant_session
from app.core.money import format_amount
from app.core.scope import OutsideScope
from app.core.scope import Scope as CallerScope
from app.core.storage import FileMissing, StorageUnavailable, get_storage
from app.domains.costs import queries
from app.domains.costs.bills import questions
from app.domains.costs.bills.ask import BillEngine, get_engine
from app.domains.costs.bills.questions import Scope
from app.domains.costs.schemas import DimensionRead, DimensionValue

MAX_ITEMS = 10_000


def bill_engine(settings: Settings) -> BillEngine:
    """This process's engine; it may read the file store's folder, or the local copies of an object store."""
    location = settings.storage_location
    cache = settings.data_dir.resolve() / "cache"
    folder = cache / "storage" if location.startswith("s3://") else Path(location.removeprefix("file://")).resolve()
    return get_engine([folder], cache / "spill")


async def read_breakdown(
    organization_id: UUID,
    *,
    settings: Settings,
    groups: Sequence[str],
    granularity: str,
    cost: str,
    scope: Scope,
    limit: int = MAX_ITEMS,
    visible: CallerScope | None = None,
) -> bytes:
    """The body of a BreakdownRead in JSON; built from rows directly, because there may be thousands of items."""
    scope = await _narrow(organization_id, scope, visible)
    async with _open_files(organization_id, scope, settings) as files:
        if not files:
            return orjson.dumps({"items": [], "totals": [], "truncated": False})
        found = await bill_engine(settings).ask(
            *questions.breakdown(files, groups, granularity, cost, scope, limit + 1)
        )
    rows = [row for part, *row in found if part == 0]
    has_period = granularity in questions.PERIODS
    sums = sorted((row[-2], row[-1]) for row in found if row[0] == 1 and row[-1] is not None)
    body = {
        "items": [_item(row, groups, has_period) for row in rows[:limit]],
        "totals": [_money(amount, currency) for currency, amount in sums],
        "truncated": len(rows) > limit,
    }
    return orjson.dumps(body)


async def list_dimension(
    organization_id: UUID,
    *,
    settings: Settings,
    group: str,
    scope: Scope,
    contains: str,
    limit: int,
    visible: CallerScope | None = None,
) -> DimensionRead:
    """Values of a group with their numbers of lines, most frequent first; `tag` lists the keys of tags."""
    statement = questions.dimension([], group, scope, contains, limit + 1)  # also refuses an unknown group
    scope = await _narrow(organization_id, scope, visible)
    async with _open_files(organization_id, scope, settings) as files:
        if not files:
            return DimensionRead(items=[])
        statement = questions.dimension(files, group, scope, contains, limit + 1)
        rows = await bill_engine(settings).ask(*statement)
    items = [DimensionValue(key=key, count=count) for key, count in rows[:limit]]
    return DimensionRead(items=items, truncated=len(rows) > limit)


async def _narrow(organization_id: UUID, scope: Scope, visible: CallerScope | None) -> Scope:
    """Keep a question to what a scoped caller may see. Raises OutsideScope where that is too much to name."""
    if visible is None:
        return scope
    async with tenant_session(organization_id, visible) as session:
        accounts = resources = None
        if visible.account_ids is not None:
            accounts = await queries.list_visible_accounts(session, organization_id)
        if visible.has_tags:
            resources = await queries.list_visible_resources(session, organization_id)
            if len(resources) > queries.MAX_VISIBLE:
                raise OutsideScope(
                    f"Costs by tags are answered for up to {queries.MAX_VISIBLE:,} resources, and yours are more."
                )
    return replace(scope, accounts=accounts, resources=resources)


@asynccontextmanager
async def _open_files(organization_id: UUID, scope: Scope, settings: Settings) -> AsyncIterator[list[str]]:
    """Local paths of the files that count; no database connection is held while they are read."""
    async with tenant_session(organization_id) as session:
        keys = await queries.list_current_files(session, organization_id, first=scope.first, end=scope.end)
    storage = get_storage(settings)
    async with AsyncExitStack() as stack:
        try:
            files = [str(await stack.enter_async_context(storage.local_path(key))) for key in keys]
        except FileMissing:  # of the store, not of the caller: the manifest says that it is there
            raise StorageUnavailable("A stored bill file cannot be found. Restore the file store.") from None
        yield files


def _item(row: Sequence[Any], groups: Sequence[str], has_period: bool) -> dict[str, Any]:
    *_, currency, amount = row
    item: dict[str, Any] = {"group": dict(zip(groups, row, strict=False))}
    if has_period:
        period: date = row[len(groups)]
        item["period"] = period.isoformat()
    item["currency"] = currency
    item["cost"] = None if amount is None else _money(amount, currency)
    return item


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": format_amount(amount), "currency": currency}
