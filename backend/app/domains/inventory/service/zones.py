"""Keeping of zones: marks are added with the resources that have them, in the same transaction."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from app.core.bulk import Driver
from app.domains.inventory import queries, rules
from app.domains.inventory.rules import Terms


async def add_zones(
    driver: Driver, organization_id: UUID, unit_id: UUID, resources: Iterable[tuple[str, Terms, Mapping[str, str]]]
) -> None:
    """Mark where resources of these names, terms and tags are found by name.

    A row is one unit's alone, so that units do not wait for another. Marks are never taken away: a zone may promise
    more than it has.
    """
    zones = rules.zones_of(resources)
    if not zones:
        return
    await driver.execute(
        """INSERT INTO resource_zones AS z (organization_id, zone, unit_id, marks)
           SELECT $1, s.zone, $2, s.marks::int4[] FROM unnest($3::text[], $4::text[]) AS s (zone, marks)
           ON CONFLICT (organization_id, zone, unit_id) DO UPDATE SET marks = (
             SELECT CASE WHEN count(*) <= $5 THEN array_agg(every.mark ORDER BY every.mark) END
             FROM (SELECT unnest(z.marks) AS mark UNION SELECT unnest(excluded.marks)) AS every
             WHERE excluded.marks IS NOT NULL)
           WHERE z.marks IS NOT NULL AND (excluded.marks IS NULL OR NOT z.marks @> excluded.marks)""",
        organization_id,
        unit_id,
        list(zones),
        [None if marks is None else f"{{{','.join(map(str, sorted(marks)))}}}" for marks in zones.values()],
        rules.MAX_MARKS,
    )


async def drop_zones(driver: Driver, organization_id: UUID) -> None:
    """Forget the marks of units that are no more and that no resource names."""
    await driver.execute(
        """DELETE FROM resource_zones WHERE organization_id = $1 AND unit_id <> $2 AND unit_id IN (
             SELECT unit_id FROM resource_zones WHERE organization_id = $1
             EXCEPT SELECT id FROM sync_units WHERE organization_id = $1
             EXCEPT SELECT unit_id FROM cloud_resources WHERE organization_id = $1)""",
        organization_id,
        queries.NO_UNIT,
    )
