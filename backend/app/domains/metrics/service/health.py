"""A resource's health: availability, utilisation, and the objectives that are set for it."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.domains.inventory import service as inventory
from app.domains.metrics import queries
from app.domains.metrics.models import MetricObjective
from app.domains.metrics.rules.objectives import Standing
from app.domains.metrics.rules.ranges import Function, Grid
from app.domains.metrics.rules.selectors import parse_selector
from app.domains.metrics.rules.utilisation import FORMULAS, UP, Formula
from app.domains.metrics.service.objectives import read_standing

MAX_SERIES = 500
MAX_OBJECTIVES = 20
_FINE, _COARSE = 300, 3_600  # seconds of a step, up to three days and above


class Utilisation(NamedTuple):
    """What a measure came to, in shares from 0 to 1."""

    formula: Formula
    mean: float
    peak: float


class Health(NamedTuple):
    """`available` is a share from 0 to 1, None where no `up` is known."""

    from_at: datetime
    to_at: datetime
    available: float | None
    utilisation: list[Utilisation]
    objectives: list[tuple[MetricObjective, Standing]]


async def read_health(session: AsyncSession, organization_id: UUID, resource_id: UUID, span: timedelta) -> Health:
    """The health over the whole steps up to now. Raises NotFound for a resource that one may not see."""
    await inventory.check_resource(session, organization_id, resource_id)
    now = clock.utc_now()
    step_ms = 1_000 * (_FINE if span <= timedelta(days=3) else _COARSE)
    grid = Grid.over(int((now - span).timestamp() * 1_000), int(now.timestamp() * 1_000), step_ms)

    async def read(selector: str, function: Function) -> NDArray[np.float64]:
        rows = await queries.select_series(
            session, organization_id, parse_selector(selector), MAX_SERIES, resource_id=resource_id
        )
        ids = [row.id for row in rows]
        return (await queries.read_points(session, organization_id, ids, grid, function))[1]

    up = await read(UP, "avg")
    known = up[~np.isnan(up)]
    objectives = await queries.list_objectives(session, organization_id, limit=MAX_OBJECTIVES, resource_id=resource_id)
    return Health(
        from_at=datetime.fromtimestamp(grid.from_ms / 1_000, UTC),
        to_at=datetime.fromtimestamp(grid.to_ms / 1_000, UTC),
        available=float(np.clip(known, 0.0, 1.0).mean()) if len(known) else None,
        utilisation=await _utilisation(read),
        objectives=[(one, await read_standing(session, one, now)) for one in objectives],
    )


async def _utilisation(read: Any) -> list[Utilisation]:
    found: dict[str, Utilisation] = {}
    for formula in FORMULAS:
        if formula.measure in found:
            continue
        part = await read(formula.part, formula.function)
        if np.isnan(part).all():
            continue
        whole = await read(formula.whole, formula.function) if formula.whole else None
        used = formula.used(part, whole)
        used = used[~np.isnan(used)]
        if len(used):
            found[formula.measure] = Utilisation(formula, float(used.mean()), float(used.max()))
    return list(found.values())
