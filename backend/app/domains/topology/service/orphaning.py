"""Orphans: worked out for changed resources and what they are, or were, connected to."""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver
from app.core.clock import utc_now
from app.core.errors import FieldProblem, InvalidInput
from app.core.pagination import Page, cursor_uuid, decode_cursor, encode_cursor, invalid_cursor
from app.domains.inventory import service as inventory
from app.domains.topology import queries
from app.domains.topology.rules.orphans import REASONS, find_orphan, may_be_orphan
from app.domains.topology.schemas import OrphanRead, OrphanReasons, OrphanSummary
from app.domains.topology.service import drawing
from app.domains.topology.service.mapping import split


async def list_orphans(
    session: AsyncSession,
    organization_id: UUID,
    *,
    reasons: str | None,
    account_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> Page[OrphanRead]:
    """One page, the most expensive first. Raises InvalidInput for a reason that there is not."""
    wanted = split(reasons)
    if unknown := [reason for reason in wanted if reason not in REASONS]:
        raise InvalidInput(errors=[FieldProblem(pointer="query/reason", detail=f"{unknown[0]} is no reason")])
    key = decode_cursor(cursor, 2)
    if key is not None and (not isinstance(key[0], int | float) or isinstance(key[0], bool)):
        raise invalid_cursor()
    rows = await queries.list_orphans(
        session,
        organization_id,
        reasons=wanted,
        account_id=account_id,
        after=(float(key[0]), cursor_uuid(key[1])) if key else None,
        limit=limit + 1,
    )
    items = [
        OrphanRead.model_validate({**row} | {"monthly_cost": drawing.read_money(row["cost"])}) for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last["cost_order"], last["resource_id"]) if last else None)


async def summarize_orphans(session: AsyncSession, organization_id: UUID) -> OrphanReasons:
    """Every reason with how many resources it has and their monthly cost."""
    items: list[OrphanSummary] = []
    for row in await queries.count_orphans(session, organization_id):
        costs = orjson.loads(row["costs"])
        items.append(
            OrphanSummary(
                reason=row["reason"],
                title=REASONS.get(row["reason"], row["reason"]),
                count=row["found"],
                monthly_cost=drawing.sum_as_money(costs),
            )
        )
    items.sort(key=lambda item: (-max((money.amount for money in item.monthly_cost), default=Decimal(0)), item.reason))
    total = drawing.sum_as_money([money.model_dump() for money in item.monthly_cost] for item in items)
    return OrphanReasons(items=items, monthly_cost=total)


async def refresh_orphans(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> None:
    """Work out of these resources anew whether something uses them."""
    resources = [
        one for one in await queries.read_resources(session, organization_id, ids) if may_be_orphan(one.native_type)
    ]
    around = await queries.read_surroundings(session, organization_id, [one.id for one in resources])
    found = {one.id: reason for one in resources if (reason := find_orphan(one, around[one.id])) is not None}
    driver = await open_driver(session)
    await driver.execute(
        "DELETE FROM resource_orphans WHERE organization_id = $1 AND resource_id = ANY($2) AND resource_id <> ALL($3)",
        organization_id,
        list(ids),
        list(found),
    )
    await driver.execute(
        """INSERT INTO resource_orphans (organization_id, resource_id, reason, detail, since)
           SELECT $1, s.*, $2 FROM unnest($3::uuid[], $4::text[], $5::text[]) AS s
           ON CONFLICT (organization_id, resource_id) DO UPDATE SET
             reason = excluded.reason, detail = excluded.detail,
             since = CASE WHEN resource_orphans.reason = excluded.reason THEN resource_orphans.since
               ELSE excluded.since END""",
        organization_id,
        utc_now(),
        list(found),
        [reason for reason, _ in found.values()],
        [detail for _, detail in found.values()],
    )
    await inventory.record_marks(session, organization_id, "orphan", {id_: id_ in found for id_ in ids})
