"""Routes of service level objectives, and of a resource's health."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status

from app.core.errors import problems
from app.core.http import Caller, DbSession, allow
from app.core.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, invalid_cursor
from app.domains.metrics import service
from app.domains.metrics.errors import InvalidSelector, ObjectiveExists, ObjectiveNotFound, QueryTooLarge
from app.domains.metrics.schemas import (
    BurnRead,
    HealthRead,
    ObjectiveRead,
    ObjectiveWrite,
    StandingRead,
    UtilisationRead,
)

router = APIRouter(prefix="/metrics/objectives", tags=["metrics"])
health_router = APIRouter(prefix="/usage/resources", tags=["metrics"])
Reader = Annotated[Caller, Depends(allow("metrics:read"))]
Writer = Annotated[Caller, Depends(allow("rules:write"))]
_WRITING = problems(InvalidSelector, ObjectiveExists)


@router.get("")
async def list_objectives(
    session: DbSession,
    caller: Reader,
    resource_id: Annotated[UUID | None, Query()] = None,
    service_name: Annotated[str | None, Query(alias="service", max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ObjectiveRead]:
    """Objectives by name."""
    key = decode_cursor(cursor, 1)
    if key is not None and (not isinstance(key[0], str) or "\x00" in key[0]):
        raise invalid_cursor()
    rows = await service.list_objectives(
        session,
        caller.organization_id,
        limit=limit + 1,
        after=str(key[0]) if key else "",
        resource_id=resource_id,
        service=service_name,
    )
    more, rows = len(rows) > limit, rows[:limit]
    items = [ObjectiveRead.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=encode_cursor(rows[-1].name) if more else None)


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITING)
async def create_objective(body: ObjectiveWrite, session: DbSession, caller: Writer) -> ObjectiveRead:
    """Set an objective."""
    made = await service.create_objective(session, caller.organization_id, body.model_dump())
    return ObjectiveRead.model_validate(made)


@router.get("/{objective_id}", responses=problems(ObjectiveNotFound, QueryTooLarge))
async def read_objective(objective_id: UUID, session: DbSession, caller: Reader) -> StandingRead:
    """An objective and how it stands: what was good, what is left of the error budget, how fast it burns."""
    objective = await service.get_objective(session, caller.organization_id, objective_id)
    return _standing(objective, await service.read_standing(session, objective))


@router.put("/{objective_id}", responses=_WRITING | problems(ObjectiveNotFound))
async def update_objective(
    objective_id: UUID, body: ObjectiveWrite, session: DbSession, caller: Writer
) -> ObjectiveRead:
    """Replace an objective."""
    made = await service.update_objective(session, caller.organization_id, objective_id, body.model_dump())
    return ObjectiveRead.model_validate(made)


@router.delete("/{objective_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(ObjectiveNotFound))
async def remove_objective(objective_id: UUID, session: DbSession, caller: Writer) -> Response:
    """Remove an objective."""
    await service.remove_objective(session, caller.organization_id, objective_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@health_router.get("/{resource_id}/health", responses=problems(QueryTooLarge))
async def read_resource_health(
    resource_id: UUID,
    session: DbSession,
    caller: Reader,
    hours: Annotated[int, Query(ge=1, le=24 * 90, description="Up to now.")] = 24,
) -> HealthRead:
    """Availability, utilisation and objectives of a resource."""
    found = await service.read_health(session, caller.organization_id, resource_id, timedelta(hours=hours))
    return HealthRead(
        from_=found.from_at,
        to=found.to_at,
        available_percent=_percent(found.available),
        utilisation=[
            UtilisationRead(
                measure=one.formula.measure,
                selector=one.formula.part,
                mean_percent=100 * one.mean,
                peak_percent=100 * one.peak,
            )
            for one in found.utilisation
        ],
        objectives=[_standing(*one) for one in found.objectives],
    )


def _standing(objective: object, standing: service.Standing) -> StandingRead:
    return StandingRead(
        objective=ObjectiveRead.model_validate(objective),
        good=standing.counted.good,
        total=standing.counted.total,
        good_percent=_percent(standing.good_share),
        budget_left_percent=_percent(standing.budget_left),
        burns=[
            BurnRead(
                long_seconds=int(one.window.long.total_seconds()),
                short_seconds=int(one.window.short.total_seconds()),
                severity=one.window.severity,
                factor=one.factor,
                long_rate=one.long_rate,
                short_rate=one.short_rate,
                is_burning=one.is_burning,
            )
            for one in standing.burns
        ],
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
