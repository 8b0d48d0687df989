"""Blast radius: what depends on a resource, by the direction of dependence that each kind of edge has."""

from collections import Counter
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.http import Caller
from app.domains.topology.queries import Way
from app.domains.topology.rules.kinds import INWARD, NOT_OUTWARD
from app.domains.topology.service import drawing
from app.domains.topology.service.walking import walk

MAX_DEPENDENTS, FAN_OUT = 2_000, 1_000
# From a resource to its dependents: against edges whose source depends, along edges whose target does.
TO_DEPENDENTS = Way(outward_kinds=INWARD, inward_without=NOT_OUTWARD)


async def measure_blast_radius(session: AsyncSession, caller: Caller, resource_id: UUID, *, depth: int) -> bytes:
    """What depends on the resource, with counts by type and the monthly cost at risk, as JSON of `BlastRadiusRead`.

    Raises NotFound.
    """
    found = await walk(
        session,
        caller.organization_id,
        resource_id,
        TO_DEPENDENTS,
        depth=depth,
        limit=MAX_DEPENDENTS + 1,
        fan_out=FAN_OUT,
        finish=False,
    )
    nodes = found.nodes()
    await drawing.add_findings(session, caller, nodes)
    dependents = [node for node in nodes if node["kind"] == "resource" and node["distance"]]
    types = Counter(node["type"] for node in dependents)
    edges = dict.fromkeys(found.edges, 1) | found.counted
    made = {
        "nodes": nodes,
        "edges": drawing.edge_values(edges, {node["id"] for node in nodes}),
        "by_type": [{"type": type_, "count": count} for type_, count in types.most_common()],
        "monthly_cost": drawing.sum_money(node["cost"] for node in dependents),
        "outside": found.hidden,
        "truncated": found.truncated,
    }
    return orjson.dumps(made)
