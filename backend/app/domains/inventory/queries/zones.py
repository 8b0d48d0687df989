"""Where in the order of names matches can be."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.core.scope import Scope
from app.domains.inventory.queries.statement import LAST_CODE_POINT, NameRange, Statement
from app.domains.inventory.rules import ZONE_LENGTH, ResourceFilter, asked_marks

MAX_RANGES = 12
NO_UNIT = UUID(int=0)  # of the row which says that an upgrade left resources without bits or marks


def left_over_statement(organization_id: UUID) -> tuple[str, list[Any]]:
    """SQL of whether resources may be without bits or marks (`is_left`), so that no walk finds them."""
    sql = """SELECT EXISTS (SELECT FROM resource_zones
      WHERE organization_id = $1 AND zone = '' AND unit_id = $2) AS is_left"""
    return sql, [organization_id, NO_UNIT]


def zones_statement(organization_id: UUID, filters: ResourceFilter, scope: Scope | None) -> tuple[str, list[Any]]:
    """SQL of every zone of open resources in the order of names, and whether a match can be in it (`fits`).

    Zones are told from the names themselves: one of which nothing is known is looked into, and one whose resources are
    gone is not.
    """
    made = Statement()
    org = made.bind(organization_id)
    tags = [[(key, value) for value in values] for key, values in filters.tags.items()]
    tags += [list(part.tags) for part in (scope.parts() if scope else ()) if part.tags]
    for alternatives in asked_marks(filters.words or (), tags):
        found = " OR ".join(f"{made.bind(mark)}::int4 = ANY(z.marks)" for mark in alternatives)
        made.conditions.append(f"({found})")
    known = f"FROM resource_zones z WHERE z.organization_id = {org} AND z.zone = leaps.zone"
    open_names = f"FROM cloud_resources n WHERE n.organization_id = {org} AND n.closed_at IS NULL"
    zone = f"left(n.name, {ZONE_LENGTH})"
    # By leaps from zone to zone, past all names that begin with the last one; rows of a zone are tried until one fits.
    beyond = f"leaps.zone || CASE WHEN length(leaps.zone) < {ZONE_LENGTH} THEN '' ELSE '{LAST_CODE_POINT}' END"
    sql = f"""WITH RECURSIVE leaps AS (
        (SELECT {zone} AS zone {open_names} ORDER BY n.name LIMIT 1)
        UNION ALL
        SELECT following.zone FROM leaps CROSS JOIN LATERAL (
          SELECT {zone} AS zone {open_names} AND n.name > {beyond} AND {zone} > leaps.zone
          ORDER BY n.name LIMIT 1) following)
      SELECT leaps.zone, EXISTS (SELECT {known} AND (z.marks IS NULL OR ({made.where or "true"})))
        OR NOT EXISTS (SELECT {known}) AS fits
      FROM leaps ORDER BY leaps.zone"""  # noqa: S608  # names are ours
    return sql, made.arguments


def ranges_of(zones: Sequence[Any]) -> list[NameRange]:
    """The zones that fit as ranges of names, neighbours as one; at most MAX_RANGES, which then hold others too."""
    ranges: list[NameRange] = []
    is_next = False
    for position, row in enumerate(zones):
        end = zones[position + 1]["zone"] if position + 1 < len(zones) else None
        if row["fits"]:
            ranges.append((ranges.pop()[0] if is_next else row["zone"], end))
        is_next = row["fits"]
    size = -(-len(ranges) // MAX_RANGES) or 1
    return [(ranges[at][0], ranges[at : at + size][-1][1]) for at in range(0, len(ranges), size)]
