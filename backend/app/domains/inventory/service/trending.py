"""Daily counts, rolled up when a sync ends and at night, and how far tags are used."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver
from app.core.clock import utc_now
from app.core.errors import FieldProblem, InvalidInput
from app.core.keeping import kept_for
from app.core.scope import OutsideScope, scope_of
from app.domains.accounts import service as accounts
from app.domains.inventory import queries
from app.domains.inventory.rules import TAG_SEPARATOR
from app.domains.inventory.schemas import TagCoverage, TagCoverages, TrendDimension, TrendPoint, TrendRead, Trends

SHOWN_DAYS = 30
MAX_DAYS = 400
MAX_LINES = 50
MAX_KEYS = 200
MAX_TAG_VALUES = 1_000
MAX_LEAPS = 20_000  # tag terms that are looked at in all
# Of one day and account: what units keep, and tags, of which they know nothing.
_ROLL_UP = """
INSERT INTO resource_trends (organization_id, dimension, day, account_id, key, resources)
SELECT $1, dimension, $2, account_id, key, found FROM (
  SELECT 'type' AS dimension, account_id, type AS key, sum(resources)::int AS found FROM sync_unit_counts
    WHERE organization_id = $1 AND account_id = ANY($3::uuid[]) GROUP BY account_id, type
  UNION ALL
  SELECT 'region', account_id, region, sum(resources)::int FROM sync_unit_counts
    WHERE organization_id = $1 AND account_id = ANY($3::uuid[]) GROUP BY account_id, region
  UNION ALL
  SELECT 'all', account_id, '', sum(resources)::int FROM sync_unit_counts
    WHERE organization_id = $1 AND account_id = ANY($3::uuid[]) GROUP BY account_id
  UNION ALL
  SELECT 'tag', account_id, left(tag, 255), count(*)::int FROM cloud_resources,
      jsonb_object_keys(CASE WHEN tags = '{}' THEN '{"": 1}' ELSE tags END) AS tag
    WHERE organization_id = $1 AND account_id = ANY($3::uuid[]) AND closed_at IS NULL AND (tag <> '' OR tags = '{}')
    GROUP BY 2, 3
) counted
"""
_BACK_FILL = """
INSERT INTO resource_trends (organization_id, dimension, day, account_id, key, resources)
SELECT $1, steps.dimension, steps.day, steps.account_id, steps.key, steps.total::int FROM (
  SELECT dimension, day, account_id, key, sum(coalesce(step, 0)) OVER (
      PARTITION BY dimension, account_id, key ORDER BY day) AS total
  FROM (
    SELECT dimension, account_id, key, day, sum(step) AS step FROM (
      SELECT dimension, account_id, key, greatest(on_day, $2::date - 1) AS day, step FROM (
        SELECT account_id, type, region, (first_seen_at AT TIME ZONE 'UTC')::date AS on_day, 1 AS step
          FROM cloud_resources WHERE organization_id = $1 AND account_id = $4
        UNION ALL
        SELECT account_id, type, region, (closed_at AT TIME ZONE 'UTC')::date, -1
          FROM cloud_resources WHERE organization_id = $1 AND account_id = $4 AND closed_at IS NOT NULL) moves
      CROSS JOIN LATERAL (VALUES ('type', type), ('region', region), ('all', '')) AS kinds (dimension, key)
      UNION ALL
      SELECT dimension, $4, key, day::date, 0 FROM (
        SELECT DISTINCT kinds.dimension, kinds.key FROM cloud_resources
          CROSS JOIN LATERAL (VALUES ('type', type), ('region', region), ('all', '')) AS kinds (dimension, key)
          WHERE organization_id = $1 AND account_id = $4) every
        CROSS JOIN generate_series($2::date, $3::date - 1, interval '1 day') AS day) summed
    GROUP BY dimension, account_id, key, day) by_day) steps
WHERE steps.day >= $2::date AND steps.day < $3::date AND steps.total > 0
ON CONFLICT DO NOTHING
"""


async def roll_up(session: AsyncSession, organization_id: UUID, account_id: UUID | None = None) -> None:
    """Write today's counts of one account or of all, and those of days that have none. Safe to repeat.

    A missing day is told from when resources were first found and closed: what came back after a gap counts as there.
    """
    driver = await open_driver(session)
    today = utc_now().date()
    rows = await driver.fetch(
        """SELECT a.id, (SELECT max(t.day) FROM resource_trends t WHERE t.organization_id = $1 AND t.dimension = 'all'
             AND t.account_id = a.id AND t.day < $3) AS last
           FROM accounts a WHERE a.organization_id = $1 AND a.removed_at IS NULL AND ($2::uuid IS NULL OR a.id = $2
             OR a.parent_id = $2) ORDER BY a.id FOR UPDATE OF a""",
        organization_id,
        account_id,
        today,
    )
    earliest = today - timedelta(days=min(MAX_DAYS, (await kept_for(session, organization_id, "history")).days))
    for row in rows:
        first = earliest if row["last"] is None else max(earliest, row["last"] + timedelta(days=1))
        if first < today:
            await driver.execute(_BACK_FILL, organization_id, first, today, row["id"])
    ids = [row["id"] for row in rows]
    await driver.execute(
        "DELETE FROM resource_trends WHERE organization_id = $1 AND day = $2 AND account_id = ANY($3::uuid[])",
        organization_id,
        today,
        ids,
    )
    await driver.execute(_ROLL_UP, organization_id, today, ids)
    # Of tags only the latest day is asked for.
    await driver.execute(
        """DELETE FROM resource_trends WHERE organization_id = $1
           AND (day < $2 OR (dimension = 'tag' AND day < $3 AND account_id = ANY($4::uuid[])))""",
        organization_id,
        earliest,
        today,
        ids,
    )


async def list_trends(
    session: AsyncSession, organization_id: UUID, *, by: TrendDimension, first: date | None, end: date | None
) -> Trends:
    """Daily counts. Raises InvalidInput for days that are out of order or too many, OutsideScope for tag scopes."""
    if (scope := scope_of(session)) is not None and scope.has_tags:
        raise OutsideScope("Trends are counted for whole accounts, whatever their resources' tags.")
    end = end or utc_now().date() + timedelta(days=1)
    try:
        first = first or end - timedelta(days=SHOWN_DAYS)
    except OverflowError:
        first = end
    if not first < end or (end - first).days > MAX_DAYS or first.year < 1970 or end.year > 2200:
        problem = FieldProblem(pointer="query/from", detail=f"must be 1 to {MAX_DAYS} days before `to`")
        raise InvalidInput(errors=[problem])
    lines: dict[str, list[TrendPoint]] = defaultdict(list)
    for row in await queries.sum_trend(session, organization_id, by, first, end):
        lines[row["key"]].append(TrendPoint(day=row["day"], count=row["found"]))
    names: dict[str, str] = {}
    if by == "account":
        page = await accounts.list_accounts(session, organization_id, limit=10_000)
        names = {str(account.id): account.name for account in page.items}
    shown = sorted(lines, key=lambda key: (-lines[key][-1].count, key))
    return Trends(
        by=by,
        first_day=first,
        last_day=end - timedelta(days=1),
        items=[TrendRead(key=key, name=names.get(key), points=lines[key]) for key in shown[:MAX_LINES]],
        others=max(0, len(shown) - MAX_LINES),
    )


async def list_tag_coverage(session: AsyncSession, organization_id: UUID) -> TagCoverages:
    """How far each key is used: as of the last sync; counted at once for callers whom tags narrow."""
    counts = await _count_tags(session, organization_id)
    total, untagged = counts.pop(None, 0), counts.pop("", 0)
    keys = sorted(counts, key=lambda key: (-counts[key], str(key)))[:MAX_KEYS]
    items = []
    leaps = MAX_LEAPS
    for key in keys:
        values = await queries.list_terms(
            session, organization_id, f"{key}{TAG_SEPARATOR}", limit=max(1, min(MAX_TAG_VALUES, leaps))
        )
        leaps -= len(values)
        percent = round(100 * counts[key] / total, 1) if total else 0.0
        items.append(TagCoverage(key=str(key), resources=counts[key], percent=percent, values=len(values)))
    return TagCoverages(items=items, total=total, untagged=untagged)


async def _count_tags(session: AsyncSession, organization_id: UUID) -> dict[Any, int]:
    """Resources by key; of all under None, of those without tags under the empty key."""
    if (scope := scope_of(session)) is not None and scope.has_tags:
        terms = await queries.list_terms(session, organization_id, "", separator=TAG_SEPARATOR, limit=MAX_KEYS)
        rows = await queries.count_tagged(session, organization_id, [term for term in terms if term])
        return {row["key"]: row["found"] for row in rows}
    rows = await queries.read_tag_counts(session, organization_id)
    counts: dict[Any, int] = {row["key"]: row["found"] for row in rows}
    counts[None] = sum(row["found"] for row in await queries.count_open(session, organization_id))
    return counts
